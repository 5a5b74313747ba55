package declare

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
)

// A maker plans one organisation, and makes its things.
type maker struct {
	*planner
	w *world
	o *Organisation
}

func (m *maker) by() identity.Actor { return m.s.o.By(m.w.org.ID) }

// step adds to the plan.
func (m *maker) step(verb, kind, name string, changes []string, do func(context.Context) (string, error)) {
	m.plan.Steps = append(m.plan.Steps, Step{
		Verb: verb, Organisation: m.o.Slug, Kind: kind, Name: name, Changes: changes, at: m.o.place(kind, name), do: do,
	})
}

// organisation plans the organisation itself.
func (m *maker) organisation() {
	const kind = kindOrganisation
	parent := cmp.Or(m.w.doc.Parent, identity.RootSlug)
	switch {
	case !m.w.exists:
		m.step("create", kind, m.o.Slug, nil, func(ctx context.Context) (string, error) {
			n := directory.NewOrganisation{Slug: m.o.Slug, Name: m.o.Name, Parent: m.w.above.org.ID}
			made, err := m.s.o.Directory.CreateOrganisation(ctx, m.s.o.By(n.Parent), n)
			if err == nil {
				m.w.org, m.w.exists = made, true
			}
			return "", err
		})
		return
	case m.o.Parent != "" && m.o.Parent != parent:
		m.fault(m.o, kind, m.o.Slug, m.o.Slug+" is below "+parent+", and an organisation cannot be moved")
	}
	if m.o.Name != "" && m.o.Name != m.w.doc.Name {
		m.step("change", kind, m.o.Slug, []string{"name: " + shown(m.w.doc.Name) + " -> " + shown(m.o.Name)}, func(ctx context.Context) (string, error) {
			_, err := m.s.o.Directory.RenameOrganisation(ctx, m.by(), m.w.org.ID, "", m.o.Name)
			return "", err
		})
	}
}

// A way is how things of one kind are planned and made.
type way[T any] struct {
	kind   string
	named  func(T) string
	normal func(T) T // into the form in which a world has it
	put    func(context.Context, T) (secret string, err error)
	drop   func(context.Context, identity.ID) error
}

// lists plans all lists of the file, in the order of chapters.
func (m *maker) lists() {
	o, have, a := m.o, m.w.doc, m.s.o.Access
	compare(m, way[Connection]{kindConnection, func(v Connection) string { return v.Name }, m.normalConnection, m.putConnection, m.dropConnection}, o.Connections, have.Connections)
	compare(m, way[Group]{kindGroup, func(v Group) string { return v.Name }, m.normalGroup, silent(m.putGroup), m.dropGroup}, o.Groups, have.Groups)
	compare(m, way[App]{kindApp, func(v App) string { return v.ClientID }, m.normalApp, m.putApp, m.dropApp}, o.Apps, have.Apps)
	compare(m, way[Action]{kindAction, func(v Action) string { return v.Name }, m.normalAction, silent(m.putAction), drop(m, a.Actions)}, o.Actions, have.Actions)
	compare(m, way[ResourceType]{kindType, func(v ResourceType) string { return v.Slug }, m.normalType, silent(m.putType), drop(m, a.ResourceTypes)}, o.ResourceTypes, have.ResourceTypes)
	compare(m, way[Resource]{kindResource, func(v Resource) string { return v.Slug }, m.normalResource, silent(m.putResource), drop(m, a.Resources)}, o.Resources, have.Resources)
	compare(m, way[Permission]{kindPermission, func(v Permission) string { return v.Name }, m.normalPermission, silent(m.putPermission), drop(m, a.Permissions)}, o.Permissions, have.Permissions)
	compare(m, way[Role]{kindRole, func(v Role) string { return v.Name }, m.normalRole, silent(m.putRole), drop(m, a.Roles)}, o.Roles, have.Roles)
	compare(m, way[Assignment]{kindAssignment, Assignment.key, m.normalAssignment, silent(m.putAssignment), m.dropAssignment}, m.alive(), have.Assignments)
}

// silent is for what makes no secrets.
func silent[T any](put func(context.Context, T) error) func(context.Context, T) (string, error) {
	return func(ctx context.Context, v T) (string, error) { return "", put(ctx, v) }
}

// compare plans one list; nil is not managed.
func compare[T any](m *maker, way way[T], want, have []T) {
	if want == nil {
		return
	}
	there := map[string]T{}
	for _, v := range have {
		there[key(way.kind, way.named(v))] = v
	}
	wanted := map[string]bool{}
	for _, v := range want {
		v = way.normal(v)
		name := way.named(v)
		wanted[key(way.kind, name)] = true
		if m.w.twice[key(way.kind, name)] {
			m.fault(m.o, way.kind, name, "several groups of "+m.o.Slug+" are called "+name)
			continue
		}
		verb, changes := "create", []string(nil)
		if old, ok := there[key(way.kind, name)]; ok {
			if verb, changes = "change", differences(way.kind, fields(v), fields(old)); len(changes) == 0 {
				continue
			}
		}
		m.step(verb, way.kind, name, changes, func(ctx context.Context) (string, error) { return way.put(ctx, v) })
	}
	for _, v := range have {
		if name := way.named(v); m.prune && !wanted[key(way.kind, name)] {
			m.remove(way.kind, name, way.drop)
		}
	}
}

// remove plans a deletion, which is done after all that is made.
func (m *maker) remove(kind, name string, drop func(context.Context, identity.ID) error) {
	m.deletes = append(m.deletes, Step{Verb: "delete", Organisation: m.o.Slug, Kind: kind, Name: name, do: func(ctx context.Context) (string, error) {
		id, err := m.need(kind, name)
		if err != nil {
			return "", err
		}
		return "", drop(ctx, id)
	}})
}

// need returns the id of a name. When a plan was made all were known, so that
// NotFound means that somebody has removed it since.
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

// spelled returns a set of names as the things themselves have them, in order.
func (m *maker) spelled(kind string, names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, m.w.spelled(kind, n))
	}
	return sorted(out)
}

func (m *maker) normalStatements(list []Statement) (out []Statement) {
	for _, s := range list {
		s.Actions = m.spelled(kindAction, s.Actions)
		s.Condition = strings.TrimSpace(s.Condition)
		if s.Effect = strings.ToLower(s.Effect); s.Effect == "allow" {
			s.Effect = ""
		}
		typ, slug, path := strings.Cut(s.Resource, "/")
		switch {
		case path:
			s.Resource = m.w.spelled(kindType, typ) + "/" + slug
			if full, ok := m.w.full(slug); ok && strings.EqualFold(full, s.Resource) {
				s.Resource = full
			}
		case s.Resource != "*":
			if full, ok := m.w.full(s.Resource); ok {
				s.Resource = full
			}
		}
		out = append(out, s)
	}
	return out
}

func (m *maker) normalAction(v Action) Action { return v }

func (m *maker) normalType(v ResourceType) ResourceType {
	v.Name, v.Actions = cmp.Or(v.Name, v.Slug), m.spelled(kindAction, v.Actions)
	return v
}

func (m *maker) normalResource(v Resource) Resource {
	v.Name, v.Type = cmp.Or(v.Name, v.Slug), m.w.spelled(kindType, v.Type)
	return v
}

func (m *maker) normalPermission(v Permission) Permission {
	v.Statements = m.normalStatements(v.Statements)
	return v
}

func (m *maker) normalRole(v Role) Role {
	v.Permissions, v.Statements = m.spelled(kindPermission, v.Permissions), m.normalStatements(v.Statements)
	return v
}

func (m *maker) normalGroup(v Group) Group {
	if v.Members != nil {
		v.Members = append([]string{}, m.spelled(kindUser, v.Members)...) // an empty list stays one
	}
	return v
}

// put makes a thing of the catalogue, or changes the organisation's own that has
// its name.
func put[T any](ctx context.Context, m *maker, book *access.Book[T], kind, name string, fill func(*T) error) error {
	if id, ok := m.w.ids[key(kind, name)]; ok {
		_, err := book.Change(ctx, m.by(), id, 0, fill)
		return err
	}
	var t T
	if err := fill(&t); err != nil {
		return err
	}
	made, err := book.Create(ctx, m.by(), t)
	if err == nil {
		m.w.note(kind, name, book.Base(made).ID)
	}
	return err
}

// drop deletes a thing of the catalogue.
func drop[T any](m *maker, book *access.Book[T]) func(context.Context, identity.ID) error {
	return func(ctx context.Context, id identity.ID) error { return book.Delete(ctx, m.by(), id, 0) }
}

func (m *maker) putAction(ctx context.Context, v Action) error {
	return put(ctx, m, m.s.o.Access.Actions, kindAction, v.Name, func(t *access.Action) error {
		t.Name, t.Description, t.ClientID, t.Active = v.Name, v.Description, v.ClientID, !v.Inactive
		return nil
	})
}

func (m *maker) putType(ctx context.Context, v ResourceType) error {
	return put(ctx, m, m.s.o.Access.ResourceTypes, kindType, v.Slug, func(t *access.ResourceType) (err error) {
		t.Slug, t.Name, t.Description, t.ClientID = v.Slug, v.Name, v.Description, v.ClientID
		t.Actions, err = m.needAll(kindAction, v.Actions)
		return err
	})
}

func (m *maker) putResource(ctx context.Context, v Resource) error {
	return put(ctx, m, m.s.o.Access.Resources, kindResource, v.Slug, func(t *access.Resource) (err error) {
		t.Slug, t.Name, t.Description, t.ClientID = v.Slug, v.Name, v.Description, v.ClientID
		t.Type, err = m.need(kindType, v.Type)
		return err
	})
}

// statements leaves the names to the catalogue, which knows the actions of each
// type.
func statements(list []Statement) (out []access.Statement) {
	for _, s := range list {
		out = append(out, access.Statement{Actions: slices.Clone(s.Actions), Resource: s.Resource, Deny: s.Effect == "deny", Condition: s.Condition})
	}
	return out
}

func (m *maker) putPermission(ctx context.Context, v Permission) error {
	return put(ctx, m, m.s.o.Access.Permissions, kindPermission, v.Name, func(t *access.Permission) error {
		t.Name, t.Description, t.ClientID, t.Statements = v.Name, v.Description, v.ClientID, statements(v.Statements)
		return nil
	})
}

func (m *maker) putRole(ctx context.Context, v Role) error {
	return put(ctx, m, m.s.o.Access.Roles, kindRole, v.Name, func(t *access.Role) (err error) {
		t.Name, t.Display, t.Alias, t.Description, t.ClientID = v.Name, v.Display, v.Alias, v.Description, v.ClientID
		t.ClaimMapper, t.Statements = v.ClaimMapper, statements(v.Statements)
		t.Permissions, err = m.needAll(kindPermission, v.Permissions)
		return err
	})
}
