package declare

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// A maker makes the things of one organisation.
type maker struct {
	p     *planner
	w     *world
	o     Organisation
	known map[string]bool // what the files bring
}

func (m *maker) by() identity.Actor { return m.p.s.o.By(m.w.org.ID) }

// self plans the organisation itself.
func (p *planner) self(w *world, o Organisation) {
	step := Step{Organisation: o.Slug, Kind: "organisation", Name: o.Slug}
	switch {
	case !w.exists:
		step.Verb = "create"
		step.do = func(ctx context.Context) error {
			n := directory.NewOrganisation{Slug: o.Slug, Name: o.Name}
			if o.Parent != "" {
				parent, err := p.s.o.Directory.Organisation(ctx, o.Parent)
				if err != nil {
					return err
				}
				n.Parent = parent.ID
			}
			if _, err := p.s.o.Directory.CreateOrganisation(ctx, p.s.o.By(n.Parent), n); err != nil {
				return err
			}
			made, err := p.s.world(ctx, o.Slug, false)
			if err == nil {
				*w = *made
			}
			return err
		}
	case o.Name != "" && o.Name != w.doc.Name:
		step.Verb, step.Changes = "change", []string{"name: " + shown(w.doc.Name) + " -> " + shown(o.Name)}
		step.do = func(ctx context.Context) error {
			_, err := p.s.o.Directory.RenameOrganisation(ctx, p.s.o.By(w.org.ID), w.org.ID, "", o.Name)
			return err
		}
	default:
		return
	}
	p.plan.Steps = append(p.plan.Steps, step)
}

// need returns the id of a name; when it is planned everything was known, so
// that NotFound means that somebody has removed it meanwhile.
func (m *maker) need(kind, name string) (identity.ID, error) {
	if id, ok := m.w.id(kind, name); ok {
		return id, nil
	}
	return identity.ID{}, identity.NewError(identity.NotFound, "", "There is no "+kind+" "+name+" in "+m.o.Slug+".")
}

func (m *maker) needAll(kind string, names []string) (out []identity.ID, err error) {
	for _, n := range names {
		id, err := m.need(kind, n)
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

// check notes the names that neither the world nor the files know.
func (m *maker) check(ctx context.Context) error {
	want := func(kind, name string) {
		if _, ok := m.w.id(kind, name); !ok && !m.known[key(kind, name)] {
			m.p.unknown = append(m.p.unknown, kind+" "+name+" ("+m.o.Slug+")")
		}
	}
	for _, t := range m.o.ResourceTypes {
		for _, a := range t.Actions {
			want(kindAction, a)
		}
	}
	for _, r := range m.o.Resources {
		want(kindType, r.Type)
	}
	statements := func(list []Statement) {
		for _, s := range list {
			for _, a := range s.Actions {
				if a != "*" {
					want(kindAction, a)
				}
			}
			switch typ, slug, full := strings.Cut(s.Resource, "/"); {
			case s.Resource == "*":
			case full && strings.Contains(slug, "*"):
				want(kindType, typ)
			case full:
				want(kindResource, s.Resource)
			}
		}
	}
	for _, p := range m.o.Permissions {
		statements(p.Statements)
	}
	for _, r := range m.o.Roles {
		statements(r.Statements)
		for _, p := range r.Permissions {
			want(kindPermission, p)
		}
	}
	for _, a := range m.o.Assignments {
		want(kindRole, a.Role)
		if a.Group != "" {
			want(kindGroup, a.Group)
		}
		if a.App != "" {
			want(kindApp, a.App)
		}
	}
	return m.checkUsers(ctx)
}

// checkUsers looks for the users that the files speak of.
func (m *maker) checkUsers(ctx context.Context) error {
	var names []string
	for _, g := range m.o.Groups {
		names = append(names, g.Members...)
	}
	for _, a := range m.o.Assignments {
		if a.User != "" {
			names = append(names, a.User)
		}
	}
	for _, n := range names {
		err := error(identity.NewError(identity.NotFound, "", ""))
		if m.w.exists {
			_, err = m.p.s.user(ctx, m.w, n)
		}
		if identity.KindOf(err) == identity.NotFound {
			m.p.unknown = append(m.p.unknown, "user "+n+" ("+m.o.Slug+")")
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) secret(kind, name, text string) {
	if text != "" {
		m.p.plan.Secrets = append(m.p.plan.Secrets, Secret{m.o.Slug, kind, name, text})
	}
}

func (m *maker) putConnection(ctx context.Context, v Connection) error {
	if _, ok := m.w.id(kindConnection, v.Name); ok {
		return identity.NewError(identity.Conflict, "", "A connection cannot be changed. Delete it first, or give the file's another name.")
	}
	c, token, err := m.p.s.o.Directory.CreateConnection(ctx, m.by(), m.w.org.ID, directory.NewConnection{
		Name: v.Name, Dialect: v.Dialect, Rate: v.Rate, Access: v.Access,
	})
	if err != nil {
		return err
	}
	m.w.note(kindConnection, c.Name, c.ID)
	m.secret(kindConnection, c.Name, token.Text)
	return nil
}

func (m *maker) dropConnection(ctx context.Context, name string) error {
	id, err := m.need(kindConnection, name)
	if err != nil {
		return err
	}
	return m.p.s.o.Directory.DeleteConnection(ctx, m.by(), m.w.org.ID, id)
}

// over lays members over settings.
func over(s *identity.AppSettings, members map[string]any) error {
	all, err := mapOf(s)
	if err != nil {
		return err
	}
	for k, v := range members {
		all[k] = v
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	var next identity.AppSettings
	if err := web.DecodeJSON(text, &next); err != nil {
		return err
	}
	*s = next
	return nil
}

func (m *maker) putApp(ctx context.Context, v App) error {
	if id, ok := m.w.id(kindApp, v.ClientID); ok {
		_, err := m.p.s.o.Apps.Update(ctx, m.by(), m.w.org.ID, id, func(s *identity.AppSettings) error { return over(s, v.Settings) })
		return err
	}
	n := app.NewApp{ClientID: v.ClientID}
	if err := over(&n.AppSettings, v.Settings); err != nil {
		return err
	}
	made, text, err := m.p.s.o.Apps.Create(ctx, m.by(), m.w.org.ID, n)
	if err != nil {
		return err
	}
	m.w.note(kindApp, made.ClientID, made.ID)
	m.secret(kindApp, made.ClientID, text)
	return nil
}

func (m *maker) dropApp(ctx context.Context, name string) error {
	id, err := m.need(kindApp, name)
	if err != nil {
		return err
	}
	return m.p.s.o.Apps.Delete(ctx, m.by(), m.w.org.ID, id)
}

// put makes a thing of the catalogue, or changes the one that has its name.
func put[T any](ctx context.Context, m *maker, book *access.Book[T], kind, name string, base func(*T) *access.Base, fill func(*T) error) error {
	if id, ok := m.w.id(kind, name); ok && m.w.own[key(kind, name)] {
		_, err := book.Change(ctx, m.by(), id, 0, fill)
		return err
	}
	var t T
	if err := fill(&t); err != nil {
		return err
	}
	made, err := book.Create(ctx, m.by(), t)
	if err == nil {
		m.w.note(kind, name, base(made).ID)
		m.w.own[key(kind, name)] = true
	}
	return err
}

// drop deletes a thing of the catalogue.
func drop[T any](m *maker, book *access.Book[T]) func(context.Context, string) error {
	return func(ctx context.Context, name string) error {
		for _, kind := range []string{kindAction, kindType, kindResource, kindPermission, kindRole} {
			if id, ok := m.w.id(kind, name); ok {
				if _, err := book.Get(ctx, m.by(), id); err == nil {
					return book.Delete(ctx, m.by(), id)
				}
			}
		}
		return identity.NewError(identity.NotFound, "", name+" is gone already.")
	}
}

// set changes a text that a file speaks of.
func set(to *string, text string) {
	if text != "" {
		*to = text
	}
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func (m *maker) putAction(ctx context.Context, v Action) error {
	return put(ctx, m, m.p.s.o.Access.Actions, kindAction, v.Name, func(t *access.Action) *access.Base { return &t.Base }, func(t *access.Action) error {
		t.Name, t.Active = v.Name, !v.Inactive
		set(&t.Description, v.Description)
		return nil
	})
}

func (m *maker) putType(ctx context.Context, v ResourceType) error {
	return put(ctx, m, m.p.s.o.Access.ResourceTypes, kindType, v.Slug, func(t *access.ResourceType) *access.Base { return &t.Base }, func(t *access.ResourceType) (err error) {
		t.Slug = v.Slug
		t.Name = or(v.Name, or(t.Name, v.Slug))
		set(&t.Description, v.Description)
		if v.Actions != nil {
			t.Actions, err = m.needAll(kindAction, v.Actions)
		}
		return err
	})
}

func (m *maker) putResource(ctx context.Context, v Resource) error {
	return put(ctx, m, m.p.s.o.Access.Resources, kindResource, v.Type+"/"+v.Slug, func(t *access.Resource) *access.Base { return &t.Base }, func(t *access.Resource) (err error) {
		t.Slug = v.Slug
		t.Name = or(v.Name, or(t.Name, v.Slug))
		set(&t.Description, v.Description)
		t.Type, err = m.need(kindType, v.Type)
		return err
	})
}

func statements(list []Statement) (out []access.Statement) {
	for _, s := range list {
		out = append(out, access.Statement{Actions: s.Actions, Resource: s.Resource, Deny: s.Effect == "deny", Condition: s.Condition})
	}
	return out
}

func (m *maker) putPermission(ctx context.Context, v Permission) error {
	return put(ctx, m, m.p.s.o.Access.Permissions, kindPermission, v.Name, func(t *access.Permission) *access.Base { return &t.Base }, func(t *access.Permission) error {
		t.Name = v.Name
		set(&t.Description, v.Description)
		if v.Statements != nil {
			t.Statements = statements(v.Statements)
		}
		return nil
	})
}

func (m *maker) putRole(ctx context.Context, v Role) error {
	return put(ctx, m, m.p.s.o.Access.Roles, kindRole, v.Name, func(t *access.Role) *access.Base { return &t.Base }, func(t *access.Role) (err error) {
		t.Name = v.Name
		set(&t.Display, v.Display)
		set(&t.Description, v.Description)
		set(&t.ClientID, v.ClientID)
		if v.ClaimMapper != nil {
			t.ClaimMapper = v.ClaimMapper
		}
		if v.Statements != nil {
			t.Statements = statements(v.Statements)
		}
		if v.Permissions != nil {
			t.Permissions, err = m.needAll(kindPermission, v.Permissions)
		}
		return err
	})
}

const (
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

func (m *maker) putGroup(ctx context.Context, v Group) error {
	var members []map[string]string
	for _, name := range v.Members {
		id, err := m.p.s.user(ctx, m.w, name)
		if err != nil {
			return err
		}
		members = append(members, map[string]string{"value": id.String()})
	}
	if id, ok := m.w.id(kindGroup, v.Name); ok {
		return m.members(ctx, id, v, members)
	}
	body := map[string]any{"schemas": []string{groupSchema}, "displayName": v.Name}
	if members != nil {
		body["members"] = members
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := m.p.s.o.SCIM(ctx, m.by(), http.MethodPost, "/Groups", nil, body, &made); err != nil {
		return err
	}
	id, _ := identity.ParseID(made.ID)
	m.w.note(kindGroup, v.Name, id)
	return nil
}

// members makes the users of a group those of a file; nested groups stay.
func (m *maker) members(ctx context.Context, id identity.ID, v Group, members []map[string]string) error {
	ops := []map[string]any{{"op": "remove", "path": `members[type eq "User"]`}}
	if len(members) > 0 {
		ops = append(ops, map[string]any{"op": "add", "path": "members", "value": members})
	}
	return m.p.s.o.SCIM(ctx, m.by(), http.MethodPatch, "/Groups/"+id.String(), nil, map[string]any{"schemas": []string{patchSchema}, "Operations": ops}, nil)
}

func (m *maker) dropGroup(ctx context.Context, name string) error {
	id, err := m.need(kindGroup, name)
	if err != nil {
		return err
	}
	return m.p.s.o.SCIM(ctx, m.by(), http.MethodDelete, "/Groups/"+id.String(), nil, nil, nil)
}

func (m *maker) putAssignment(ctx context.Context, v Assignment) (err error) {
	a := identity.Assignment{Inherited: v.Inherited}
	if a.Role, err = m.need(kindRole, v.Role); err != nil {
		return err
	}
	switch {
	case v.User != "":
		a.Type = identity.UserSubject
		a.Subject, err = m.p.s.user(ctx, m.w, v.User)
	case v.Group != "":
		a.Type = identity.GroupSubject
		a.Subject, err = m.need(kindGroup, v.Group)
	default:
		a.Type = identity.AppSubject
		a.Subject, err = m.need(kindApp, v.App)
	}
	if err != nil {
		return err
	}
	if v.Expires != "" {
		if a.Expires, err = time.Parse(time.RFC3339, v.Expires); err != nil {
			return identity.NewError(identity.Invalid, "expires", v.Expires+" is not a time as 2027-01-31T12:00:00Z.")
		}
	}
	_, err = m.p.s.o.Access.Assign(ctx, m.by(), a)
	return err
}

func (m *maker) dropAssignment(ctx context.Context, key string) error {
	id, err := m.need(kindAssignment, key)
	if err != nil {
		return err
	}
	return m.p.s.o.Access.Unassign(ctx, m.by(), id)
}
