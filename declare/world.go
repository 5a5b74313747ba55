package declare

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
)

// Options are what a Service is made of.
type Options struct {
	Directory *directory.Directory
	Apps      *app.Service
	Access    *access.Service
	// SCIM sends a request to the engine, for users and groups.
	SCIM func(ctx context.Context, by identity.Actor, method, path string, query url.Values, body, out any) error
	By   func(identity.OrgID) identity.Actor // who acts, in an organisation
}

// A Service compares files with what is there.
type Service struct{ o Options }

// New makes a Service.
func New(o Options) *Service { return &Service{o} }

// A world is what is there of one organisation, with the ids of its names.
type world struct {
	org    identity.Organisation
	exists bool
	doc    Organisation // everything, in the words of files
	ids    map[string]identity.ID
	own    map[string]bool // of the keys of ids: what is the organisation's own
	names  map[identity.ID]string
	slugs  map[string]string // slug of a resource -> "type/slug"
}

// Kinds of ids in a world. The id of a thing stands under kind + ":" + name in
// lower case.
const (
	kindAction     = "action"
	kindType       = "resource type"
	kindResource   = "resource"
	kindPermission = "permission"
	kindRole       = "role"
	kindGroup      = "group"
	kindUser       = "user"
	kindApp        = "app"
	kindConnection = "connection"
	kindAssignment = "assignment"
)

// key is how a world finds a name.
func key(kind, name string) string { return kind + ":" + strings.ToLower(name) }

func (w *world) note(kind, name string, id identity.ID) {
	w.ids[key(kind, name)] = id
	w.names[id] = name
}

func (w *world) id(kind, name string) (identity.ID, bool) {
	id, ok := w.ids[key(kind, name)]
	return id, ok
}

// name returns what an id is called, or the id itself.
func (w *world) name(id identity.ID) string {
	if n, ok := w.names[id]; ok {
		return n
	}
	return id.String()
}

// world reads what is there. members has the members of groups read too.
func (s *Service) world(ctx context.Context, slug string, members bool) (*world, error) {
	w := &world{ids: map[string]identity.ID{}, own: map[string]bool{}, names: map[identity.ID]string{}, slugs: map[string]string{}, doc: Organisation{Slug: slug}}
	org, err := s.o.Directory.Organisation(ctx, slug)
	if identity.KindOf(err) == identity.NotFound {
		return w, nil
	}
	if err != nil {
		return nil, err
	}
	w.org, w.exists, w.doc.Name = org, true, org.Name
	if !org.Parent.IsZero() {
		parent, err := s.o.Directory.Organisation(ctx, org.Parent.String())
		if err != nil {
			return nil, err
		}
		if parent.Slug != identity.RootSlug {
			w.doc.Parent = parent.Slug
		}
	}
	for _, read := range []func(context.Context, *world) error{
		s.connections, s.apps, s.catalogue,
		func(ctx context.Context, w *world) error { return s.groups(ctx, w, members) },
		s.assignments,
	} {
		if err := read(ctx, w); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (s *Service) connections(ctx context.Context, w *world) error {
	list, err := s.o.Directory.Connections(ctx, w.org.ID)
	for _, c := range list {
		w.note(kindConnection, c.Name, c.ID)
		w.doc.Connections = append(w.doc.Connections, Connection{Name: c.Name, Dialect: c.Dialect, Rate: c.Rate, Access: c.Access})
	}
	return err
}

// pageSize is how many things are asked for at once.
const pageSize = 500

func (s *Service) apps(ctx context.Context, w *world) error {
	for after := ""; ; {
		list, err := s.o.Apps.List(ctx, w.org.ID, after, pageSize)
		if err != nil {
			return err
		}
		for _, a := range list {
			w.note(kindApp, a.ClientID, a.ID)
			settings, err := mapOf(a.AppSettings)
			if err != nil {
				return err
			}
			delete(settings, "sector") // computed
			w.doc.Apps = append(w.doc.Apps, App{a.ClientID, settings})
			after = a.ClientID
		}
		if len(list) < pageSize {
			return nil
		}
	}
}

// mapOf turns a value into the map of its JSON.
func mapOf(v any) (out map[string]any, err error) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	return out, err
}

// all reads every thing of a book, those of the organisations above too: their
// names may be used, but only the organisation's own are in its document.
func all[T any](ctx context.Context, book *access.Book[T], by identity.Actor, each func(t T, own bool)) error {
	above, err := book.Inherited(ctx, by)
	if err != nil {
		return err
	}
	for _, t := range above {
		each(t, false)
	}
	for start := 1; ; start += pageSize {
		list, _, err := book.List(ctx, by, "", start, pageSize)
		if err != nil {
			return err
		}
		for _, t := range list {
			each(t, true)
		}
		if len(list) < pageSize {
			return nil
		}
	}
}

// catalogue reads actions, types, resources, permissions and roles, in an order
// in which each finds the names that it speaks of.
func (s *Service) catalogue(ctx context.Context, w *world) error {
	by, a := s.o.By(w.org.ID), s.o.Access
	err := all(ctx, a.Actions, by, func(t access.Action, own bool) {
		w.note(kindAction, t.Name, t.ID)
		w.own[key(kindAction, t.Name)] = own
		if own && !identity.BuiltIn(t.ID) {
			w.doc.Actions = append(w.doc.Actions, Action{t.Name, t.Description, !t.Active})
		}
	})
	if err != nil {
		return err
	}
	err = all(ctx, a.ResourceTypes, by, func(t access.ResourceType, own bool) {
		w.note(kindType, t.Slug, t.ID)
		w.own[key(kindType, t.Slug)] = own
		if own && !identity.BuiltIn(t.ID) {
			w.doc.ResourceTypes = append(w.doc.ResourceTypes, ResourceType{t.Slug, t.Name, t.Description, w.sorted(t.Actions)})
		}
	})
	if err != nil {
		return err
	}
	err = all(ctx, a.Resources, by, func(t access.Resource, own bool) {
		full := w.name(t.Type) + "/" + t.Slug
		w.note(kindResource, full, t.ID)
		w.own[key(kindResource, full)] = own
		w.slugs[strings.ToLower(t.Slug)] = full
		if own && !identity.BuiltIn(t.ID) {
			w.doc.Resources = append(w.doc.Resources, Resource{t.Slug, w.name(t.Type), t.Name, t.Description})
		}
	})
	if err != nil {
		return err
	}
	err = all(ctx, a.Permissions, by, func(t access.Permission, own bool) {
		w.note(kindPermission, t.Name, t.ID)
		w.own[key(kindPermission, t.Name)] = own
		if own && !identity.BuiltIn(t.ID) {
			w.doc.Permissions = append(w.doc.Permissions, Permission{t.Name, t.Description, w.statements(t.Statements)})
		}
	})
	if err != nil {
		return err
	}
	return all(ctx, a.Roles, by, func(t access.Role, own bool) {
		w.note(kindRole, t.Name, t.ID)
		w.own[key(kindRole, t.Name)] = own
		if own && !t.BuiltIn {
			w.doc.Roles = append(w.doc.Roles, Role{
				Name: t.Name, Display: t.Display, Description: t.Description, ClientID: t.ClientID, ClaimMapper: t.ClaimMapper,
				Permissions: w.sorted(t.Permissions), Statements: w.statements(t.Statements),
			})
		}
	})
}

func (w *world) sorted(ids []identity.ID) (out []string) {
	for _, id := range ids {
		out = append(out, w.name(id))
	}
	slices.Sort(out)
	return out
}

// statements puts names into the place of ids.
func (w *world) statements(list []access.Statement) (out []Statement) {
	called := func(text string) string {
		if id, ok := identity.ParseID(text); ok {
			return w.name(id)
		}
		return text
	}
	for _, s := range list {
		t := Statement{Resource: called(s.Resource), Condition: s.Condition}
		for _, a := range s.Actions {
			t.Actions = append(t.Actions, called(a))
		}
		slices.Sort(t.Actions)
		if s.Deny {
			t.Effect = "deny"
		}
		out = append(out, t)
	}
	return out
}

// A page of users or groups as SCIM sends it.
type scimPage struct {
	Resources []struct {
		ID          string `json:"id"`
		UserName    string `json:"userName"`
		DisplayName string `json:"displayName"`
		Members     []struct {
			Value   string `json:"value"`
			Display string `json:"display"`
			Type    string `json:"type"`
		} `json:"members"`
	} `json:"Resources"`
	NextCursor string `json:"nextCursor"`
}

func (s *Service) groups(ctx context.Context, w *world, members bool) error {
	query := url.Values{"cursor": {""}, "count": {strconv.Itoa(pageSize)}, "attributes": {"displayName"}}
	if members {
		query.Set("attributes", "displayName,members")
	}
	for {
		var page scimPage
		if err := s.o.SCIM(ctx, s.o.By(w.org.ID), http.MethodGet, "/Groups", query, nil, &page); err != nil {
			return err
		}
		for _, r := range page.Resources {
			id, _ := identity.ParseID(r.ID)
			w.note(kindGroup, r.DisplayName, id)
			g := Group{Name: r.DisplayName}
			for _, m := range r.Members {
				member, _ := identity.ParseID(m.Value)
				if m.Type == "Group" {
					continue // nested groups are given by SCIM, not by files
				}
				name, err := s.userName(ctx, w, member)
				if err != nil {
					return err
				}
				g.Members = append(g.Members, name)
			}
			slices.Sort(g.Members)
			w.doc.Groups = append(w.doc.Groups, g)
		}
		if page.NextCursor == "" {
			return nil
		}
		query.Set("cursor", page.NextCursor)
	}
}

// userName returns the user name of a user.
func (s *Service) userName(ctx context.Context, w *world, id identity.ID) (string, error) {
	if n, ok := w.names[id]; ok {
		return n, nil
	}
	var user struct {
		UserName string `json:"userName"`
	}
	err := s.o.SCIM(ctx, s.o.By(w.org.ID), http.MethodGet, "/Users/"+id.String(), url.Values{"attributes": {"userName"}}, nil, &user)
	if err == nil {
		w.note(kindUser, user.UserName, id)
	}
	return user.UserName, err
}

// user returns the id of a user by name; NotFound if nobody has it.
func (s *Service) user(ctx context.Context, w *world, name string) (identity.ID, error) {
	if id, ok := w.id(kindUser, name); ok {
		return id, nil
	}
	quoted, err := json.Marshal(name)
	if err != nil {
		return identity.ID{}, err
	}
	var page scimPage
	query := url.Values{"filter": {"userName eq " + string(quoted)}, "attributes": {"userName"}}
	if err := s.o.SCIM(ctx, s.o.By(w.org.ID), http.MethodGet, "/Users", query, nil, &page); err != nil {
		return identity.ID{}, err
	}
	if len(page.Resources) == 0 {
		return identity.ID{}, identity.NewError(identity.NotFound, "", "There is no user "+name+" in "+w.doc.Slug+".")
	}
	id, _ := identity.ParseID(page.Resources[0].ID)
	w.note(kindUser, name, id)
	return id, nil
}

func (s *Service) assignments(ctx context.Context, w *world) error {
	for q := (access.AssignmentQuery{Limit: pageSize}); ; {
		list, err := s.o.Access.Assignments(ctx, s.o.By(w.org.ID), q)
		if err != nil {
			return err
		}
		for _, a := range list {
			q.After = a.ID
			d := Assignment{Role: w.name(a.Role), Inherited: a.Inherited}
			if !a.Expires.IsZero() {
				d.Expires = a.Expires.UTC().Format(time.RFC3339)
			}
			switch a.Type {
			case identity.UserSubject:
				if d.User, err = s.userName(ctx, w, a.Subject); err != nil {
					return err
				}
			case identity.GroupSubject:
				d.Group = w.name(a.Subject)
			case identity.AppSubject:
				d.App = w.name(a.Subject)
			}
			w.note(kindAssignment, d.key(), a.ID)
			w.doc.Assignments = append(w.doc.Assignments, d)
		}
		if len(list) < pageSize {
			return nil
		}
	}
}
