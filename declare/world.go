package declare

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
)

// A world is what is there of one organisation, with the ids of its names.
type world struct {
	org    identity.Organisation
	exists bool
	above  *world       // nil for the root organisation, and for what hangs in the air
	doc    Organisation // in the words of files
	ids    map[string]identity.ID
	names  map[identity.ID]string
	slugs  map[string]string // "type/slug" of a resource by its slug, folded
	twice  map[string]bool   // keys of names that several groups have
}

func newWorld(slug string) *world {
	return &world{
		doc: Organisation{Slug: slug}, ids: map[string]identity.ID{}, names: map[identity.ID]string{},
		slugs: map[string]string{}, twice: map[string]bool{},
	}
}

// key is how a name is found. Its case counts only where it counts elsewhere.
func key(kind, name string) string {
	if kind == kindApp || kind == kindConnection {
		return kind + ":" + name
	}
	return kind + ":" + strings.ToLower(name)
}

func (w *world) note(kind, name string, id identity.ID) {
	w.ids[key(kind, name)] = id
	w.names[id] = name
}

// inherits reports whether things of a kind may be named below.
func inherits(kind string) bool {
	return kind == kindAction || kind == kindType || kind == kindResource || kind == kindPermission || kind == kindRole
}

// id finds the nearest thing with a name.
func (w *world) id(kind, name string) (identity.ID, bool) {
	for at := w; at != nil; at = at.above {
		if id, ok := at.ids[key(kind, name)]; ok {
			return id, true
		}
		if !inherits(kind) {
			break
		}
	}
	return identity.ID{}, false
}

// name returns what an id is called, or the id itself.
func (w *world) name(id identity.ID) string {
	for at := w; at != nil; at = at.above {
		if n, ok := at.names[id]; ok {
			return n
		}
	}
	return id.String()
}

// spelled returns a name as the thing itself has it.
func (w *world) spelled(kind, name string) string {
	if id, ok := w.id(kind, name); ok {
		return w.name(id)
	}
	return name
}

// full returns the "type/slug" of the nearest resource with a slug.
func (w *world) full(slug string) (string, bool) {
	for at := w; at != nil; at = at.above {
		if f, ok := at.slugs[strings.ToLower(slug)]; ok {
			return f, true
		}
	}
	return "", false
}

// called puts names into the place of ids, in order, each once.
func (w *world) called(ids []identity.ID) (out []string) {
	for _, id := range ids {
		out = append(out, w.name(id))
	}
	return sorted(out)
}

// sorted returns the names of a set in order; nil for none.
func sorted(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
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
		if full, ok := w.full(t.Resource); ok {
			t.Resource = full
		}
		for _, a := range s.Actions {
			t.Actions = append(t.Actions, called(a))
		}
		t.Actions = sorted(t.Actions)
		if s.Deny {
			t.Effect = "deny"
		}
		out = append(out, t)
	}
	return out
}

// pageSize is how many things are asked for at once.
const pageSize = 1000

// each calls fn with every thing of a book that is the organisation's own.
func each[T any](ctx context.Context, book *access.Book[T], by identity.Actor, fn func(T)) error {
	for start := 1; ; start += pageSize {
		list, _, err := book.List(ctx, by, "", start, pageSize)
		if err != nil {
			return err
		}
		for _, t := range list {
			fn(t)
		}
		if len(list) < pageSize {
			return nil
		}
	}
}

// catalogue reads actions, types, resources, permissions and roles, in an order
// in which each finds the names that it speaks of. What is built in has a name,
// but does not stand in files.
func (s *Service) catalogue(ctx context.Context, w *world) error {
	by, a, o := s.o.By(w.org.ID), s.o.Access, &w.doc
	err := each(ctx, a.Actions, by, func(t access.Action) {
		w.note(kindAction, t.Name, t.ID)
		if !identity.BuiltIn(t.ID) {
			o.Actions = append(o.Actions, Action{t.Name, t.Description, t.ClientID, !t.Active})
		}
	})
	if err != nil {
		return err
	}
	err = each(ctx, a.ResourceTypes, by, func(t access.ResourceType) {
		w.note(kindType, t.Slug, t.ID)
		if !identity.BuiltIn(t.ID) {
			o.ResourceTypes = append(o.ResourceTypes, ResourceType{t.Slug, t.Name, t.Description, t.ClientID, w.called(t.Actions)})
		}
	})
	if err != nil {
		return err
	}
	err = each(ctx, a.Resources, by, func(t access.Resource) {
		w.note(kindResource, t.Slug, t.ID)
		w.slugs[strings.ToLower(t.Slug)] = w.name(t.Type) + "/" + t.Slug
		if !identity.BuiltIn(t.ID) {
			o.Resources = append(o.Resources, Resource{t.Slug, w.name(t.Type), t.Name, t.Description, t.ClientID})
		}
	})
	if err != nil {
		return err
	}
	err = each(ctx, a.Permissions, by, func(t access.Permission) {
		w.note(kindPermission, t.Name, t.ID)
		o.Permissions = append(o.Permissions, Permission{t.Name, t.Description, t.ClientID, w.statements(t.Statements)})
	})
	if err != nil {
		return err
	}
	return each(ctx, a.Roles, by, func(t access.Role) {
		w.note(kindRole, t.Name, t.ID)
		if !t.BuiltIn {
			o.Roles = append(o.Roles, Role{
				Name: t.Name, Display: t.Display, Alias: t.Alias, Description: t.Description, ClientID: t.ClientID, ClaimMapper: t.ClaimMapper,
				Permissions: w.called(t.Permissions), Statements: w.statements(t.Statements),
			})
		}
	})
}

// connections reads the SCIM clients; apps may name them.
func (s *Service) connections(ctx context.Context, w *world) error {
	list, err := s.o.Directory.Connections(ctx, w.org.ID)
	if err != nil {
		return err
	}
	var users []identity.ID
	for _, c := range list {
		if !c.User.IsZero() {
			users = append(users, c.User)
		}
	}
	if err := s.userNames(ctx, w, users); err != nil {
		return err
	}
	for _, c := range list {
		w.note(kindConnection, c.Name, c.ID)
		v := Connection{Name: c.Name, Dialect: c.Dialect, Domain: c.Domain, Rate: c.Rate, Access: c.Access, Disabled: yes(c.Disabled)}
		if v.Domain == c.ID.String() {
			v.Domain = ""
		}
		if !c.User.IsZero() {
			v.User = w.name(c.User)
		}
		w.doc.Connections = append(w.doc.Connections, v)
	}
	return nil
}

// yes is how files have a switch that is off unless they say that it is on.
func yes(b bool) *bool {
	if !b {
		return nil
	}
	return &b
}

func (s *Service) apps(ctx context.Context, w *world) error {
	list, err := s.o.Apps.All(ctx, w.org.ID, 0)
	if err != nil {
		return err
	}
	for _, a := range list {
		w.note(kindApp, a.ClientID, a.ID)
		settings, err := s.settings(ctx, w, a.AppSettings)
		if err != nil {
			return err
		}
		w.doc.Apps = append(w.doc.Apps, App{a.ClientID, yes(a.Disabled), settings})
	}
	return nil
}

// maxAssignments bounds how many assignments of an organisation files can have.
const maxAssignments = 10_000

// assignments reads who has which role. full is false if there are more than
// maxAssignments; then none is read. What has ended is not there.
func (s *Service) assignments(ctx context.Context, w *world) (full bool, err error) {
	var all []identity.Assignment
	for q := (access.AssignmentQuery{Limit: pageSize}); ; {
		list, err := s.o.Access.Assignments(ctx, s.o.By(w.org.ID), q)
		if err != nil {
			return false, err
		}
		if all = append(all, list...); len(all) > maxAssignments {
			return false, nil
		}
		if len(list) < pageSize {
			break
		}
		q.After = list[len(list)-1].ID
	}
	var users []identity.ID
	for _, a := range all {
		if a.Type == identity.UserSubject {
			users = append(users, a.Subject)
		}
	}
	if err := s.userNames(ctx, w, users); err != nil {
		return false, err
	}
	for _, a := range all {
		v := Assignment{Role: w.name(a.Role), Inherited: a.Inherited}
		if !a.Expires.IsZero() {
			v.Expires = a.Expires.UTC().Format(time.RFC3339Nano)
		}
		name := w.name(a.Subject)
		switch a.Type {
		case identity.UserSubject:
			v.User = name
		case identity.GroupSubject:
			v.Group = name
		case identity.AppSubject:
			v.App = name
		}
		w.note(kindAssignment, v.key(), a.ID)
		if a.Alive(s.now()) && !w.twice[key(kindGroup, v.Group)] {
			w.doc.Assignments = append(w.doc.Assignments, v)
		}
	}
	slices.SortFunc(w.doc.Assignments, func(a, b Assignment) int { return strings.Compare(a.key(), b.key()) })
	return true, nil
}
