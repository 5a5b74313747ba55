package access

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// A Book is one kind of thing of the catalogue in the organisation of the actor
// (Actor.Org). Reading needs identity.AccessRead, writing AccessWrite; what one
// writes is bounded by what one may do. Errors are of identity's kinds: Invalid
// names the field and the offending id, Conflict a name that is taken or a thing
// in use, NotFound also what is in another organisation, Stale a version that is
// gone, Denied what would give more than the actor has.
type Book[T any] struct {
	s      *Service
	rt     *schema.ResourceType
	merge  func(schema.Object, T) schema.Object
	decode func(*store.Resource) (T, error)
	read   func(schema.Object) T
	names  []string // attributes by which Find finds, the first is the name
}

func newBook[T catalogue.Thing](s *Service) *Book[T] {
	b := &Book[T]{
		s: s, rt: catalogue.TypeOf[T](), merge: catalogue.Merge[T], decode: catalogue.Decode[T],
		read: catalogue.DecodeObject[T], names: []string{"name"},
	}
	switch b.rt.Name {
	case catalogue.ResourceTypeKind, catalogue.ResourceKind:
		b.names = []string{"name", "slug"}
	case catalogue.PermissionKind, catalogue.RoleKind:
		b.names = []string{"value"}
	}
	return b
}

// Base returns what t has in common with the other kinds.
func (b *Book[T]) Base(t *T) *Base {
	switch t := any(t).(type) {
	case *catalogue.Action:
		return &t.Base
	case *catalogue.ResourceType:
		return &t.Base
	case *catalogue.Resource:
		return &t.Base
	case *catalogue.Permission:
		return &t.Base
	case *catalogue.Role:
		return &t.Base
	}
	return nil
}

// typ returns the resource type with what an organisation added to it.
func (b *Book[T]) typ(ctx context.Context, org identity.OrgID) (*schema.ResourceType, error) {
	reg, err := b.s.dir.Registry(ctx, org)
	if err != nil {
		return nil, err
	}
	if rt := reg.TypeByName(b.rt.Name); rt != nil {
		return rt, nil
	}
	return b.rt, nil
}

// maxPage is how many things one page holds at most.
const maxPage = 1000

// List returns one page of those that match a SCIM filter ("": all), by name,
// from the 1-based start, and how many match altogether. An organisation sees
// its own things only; Inherited lists those of the organisations above.
func (b *Book[T]) List(ctx context.Context, by identity.Actor, text string, start, count int) (list []T, total int, err error) {
	if err := by.Need(identity.AccessRead); err != nil {
		return nil, 0, err
	}
	rt, err := b.typ(ctx, by.Org)
	if err != nil {
		return nil, 0, err
	}
	q := directory.Query{Types: []*schema.ResourceType{rt}, Start: start, Count: min(max(count, 0), maxPage)}
	if text != "" {
		e, err := bound(text, rt)
		if err != nil {
			return nil, 0, err
		}
		q.Filter = map[*schema.ResourceType]filter.Expr{rt: e}
	}
	if ref, ok := rt.FindPath(b.names[0]); ok {
		q.Sort = map[*schema.ResourceType]schema.Ref{rt: ref}
	}
	p, err := b.s.dir.Query(ctx, by, q, directory.Rows{})
	if err != nil {
		return nil, 0, err
	}
	for _, r := range p.Resources {
		t, err := b.decode(r.Resource)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, t)
	}
	return list, p.Total, nil
}

// bound reads a filter on a resource type.
func bound(text string, rt *schema.ResourceType) (filter.Expr, error) {
	e, err := filter.Parse(text)
	if err == nil {
		e, err = filter.Bind(e, rt, schema.Dialect{RefuseUnknownInFilter: true})
	}
	if fault, ok := errors.AsType[*schema.Error](err); ok {
		return nil, identity.NewError(identity.Invalid, "filter", fault.Detail)
	}
	return e, err
}

// Inherited lists the things of the organisations above that have effect here,
// by name.
func (b *Book[T]) Inherited(ctx context.Context, by identity.Actor) ([]T, error) {
	if err := by.Need(identity.AccessRead); err != nil {
		return nil, err
	}
	chain, err := b.s.chain(ctx, by.Org)
	if err != nil {
		return nil, err
	}
	var all []T
	err = b.s.db.View(ctx, func(tx *store.Tx) error {
		for _, org := range chain[1:] {
			err := eachOf(ctx, tx, org, b.rt, func(r *store.Resource) error {
				t, err := b.decode(r)
				all = append(all, t)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortStableFunc(all, func(x, y T) int { return strings.Compare(fold(b.Base(&x).Name), fold(b.Base(&y).Name)) })
	return all, err
}

// eachOf calls fn for every resource of a type of an organisation, by id.
func eachOf(ctx context.Context, tx *store.Tx, org identity.OrgID, rt *schema.ResourceType, fn func(*store.Resource) error) error {
	q := store.Query{Org: org, Types: []*schema.ResourceType{rt}, Count: maxPage}
	for {
		p, err := tx.Query(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range p.Resources {
			if err := fn(r); err != nil {
				return err
			}
		}
		if q.After = p.Next; q.After == nil {
			return nil
		}
	}
}

// thingsOf reads those of some things that are there, by id.
func thingsOf[T any](ctx context.Context, tx *store.Tx, org identity.OrgID, ids []identity.ID, rt *schema.ResourceType, decode func(*store.Resource) (T, error)) ([]T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := tx.GetMany(ctx, org, ids)
	if err != nil {
		return nil, err
	}
	list := make([]T, 0, len(rows))
	for _, id := range ids {
		r := rows[id]
		if r == nil || r.Type != rt.Name {
			continue
		}
		t, err := decode(r)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

// Get returns one by id, of the actor's organisation or one above it.
func (b *Book[T]) Get(ctx context.Context, by identity.Actor, id identity.ID) (*T, error) {
	if err := by.Need(identity.AccessRead); err != nil {
		return nil, err
	}
	chain, err := b.s.chain(ctx, by.Org)
	if err != nil {
		return nil, err
	}
	for _, org := range chain {
		by.Org = org
		r, err := b.s.dir.Get(ctx, by, b.rt, id, directory.Rows{})
		if identity.KindOf(err) == identity.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		t, err := b.decode(r.Resource)
		return &t, err
	}
	return nil, b.none()
}

func (b *Book[T]) none() error {
	return identity.NewError(identity.NotFound, "", "There is no such "+spoken(b.rt.Name)+".")
}

// spoken is the name of a kind as people say it.
func spoken(kind string) string { return strings.ToLower(strings.ReplaceAll(kind, "-", " ")) }

// Find returns one by id, slug ("type/slug" for a resource) or name.
func (b *Book[T]) Find(ctx context.Context, by identity.Actor, name string) (*T, error) {
	if id, ok := identity.ParseID(strings.ToLower(name)); ok {
		t, err := b.Get(ctx, by, id)
		if identity.KindOf(err) != identity.NotFound {
			return t, err
		}
	}
	if err := by.Need(identity.AccessRead); err != nil {
		return nil, err
	}
	chain, err := b.s.chain(ctx, by.Org)
	if err != nil {
		return nil, err
	}
	typ, slug, ok := strings.Cut(name, "/")
	for _, org := range chain {
		by.Org = org
		for _, attr := range slices.Backward(b.names) {
			t, err := b.first(ctx, by, attr, name, nil)
			if t != nil || err != nil {
				return t, err
			}
		}
		if ok && b.rt.Name == catalogue.ResourceKind {
			t, err := b.first(ctx, by, "slug", slug, func(t *T) (bool, error) {
				r := any(t).(*catalogue.Resource)
				rt, err := b.s.ResourceTypes.Find(ctx, by, typ)
				if identity.KindOf(err) == identity.NotFound {
					return false, nil
				}
				return err == nil && rt.ID == r.Type, err
			})
			if t != nil || err != nil {
				return t, err
			}
		}
	}
	return nil, b.none()
}

// first returns the first thing of one organisation with a value that is also
// as accept wants it, nil if there is none.
func (b *Book[T]) first(ctx context.Context, by identity.Actor, attr, value string, accept func(*T) (bool, error)) (*T, error) {
	rt, err := b.typ(ctx, by.Org)
	if err != nil {
		return nil, err
	}
	e, err := filter.Bind(&filter.Compare{Attr: filter.AttrPath{Name: attr}, Op: filter.Eq, Value: value}, rt, schema.Dialect{})
	if err != nil {
		return nil, err
	}
	p, err := b.s.dir.Query(ctx, by, directory.Query{
		Types: []*schema.ResourceType{rt}, Filter: map[*schema.ResourceType]filter.Expr{rt: e}, Count: maxSame,
	}, directory.Rows{})
	if err != nil {
		return nil, err
	}
	for _, r := range p.Resources {
		t, err := b.decode(r.Resource)
		if err != nil {
			return nil, err
		}
		if accept == nil {
			return &t, nil
		}
		if ok, err := accept(&t); ok || err != nil {
			return &t, err
		}
	}
	return nil, nil
}

// maxSame is how many things with one slug are looked at.
const maxSame = 100

// Create stores a new one and returns it as stored. A zero id is made.
func (b *Book[T]) Create(ctx context.Context, by identity.Actor, t T) (*T, error) {
	if err := by.Need(identity.AccessWrite); err != nil {
		return nil, err
	}
	rt, err := b.typ(ctx, by.Org)
	if err != nil {
		return nil, err
	}
	id := b.Base(&t).ID
	if id.IsZero() {
		id = identity.NewID()
	}
	return b.write(ctx, by, directory.Write{Method: directory.Create, Type: rt, ID: id, Doc: b.merge(nil, t)})
}

// write carries out one write and returns what is stored then.
func (b *Book[T]) write(ctx context.Context, by identity.Actor, w directory.Write) (*T, error) {
	out, err := b.s.dir.Write(ctx, by, []directory.Unit{{w}}, 0)
	if err != nil {
		return nil, err
	}
	o := out[0][0]
	if o.Err != nil || o.Resource == nil {
		return nil, o.Err
	}
	t, err := b.decode(o.Resource.Resource)
	return &t, err
}

// Change reads one, has change alter it, and stores it, in one transaction;
// change may be called again. If version is not 0 it must be the stored one.
func (b *Book[T]) Change(ctx context.Context, by identity.Actor, id identity.ID, version int64, change func(*T) error) (*T, error) {
	if err := by.Need(identity.AccessWrite); err != nil {
		return nil, err
	}
	rt, err := b.typ(ctx, by.Org)
	if err != nil {
		return nil, err
	}
	w := directory.Write{Method: directory.Modify, Type: rt, ID: id, If: atVersion(version)}
	w.Change = func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
		t := b.read(old)
		b.Base(&t).ID = id
		if err := change(&t); err != nil {
			return nil, nil, err
		}
		return b.merge(old, t), nil, nil
	}
	return b.write(ctx, by, w)
}

// atVersion accepts a version, 0 any.
func atVersion(version int64) func(int64) bool {
	if version == 0 {
		return nil
	}
	return func(have int64) bool { return have == version }
}

// Delete removes one; if version is not 0 it must be the stored one. A resource
// type with resources, and an action that a statement names, are a Conflict. A
// permission leaves the roles that have it; the assignments of a role go with it.
func (b *Book[T]) Delete(ctx context.Context, by identity.Actor, id identity.ID, version int64) error {
	if err := by.Need(identity.AccessWrite); err != nil {
		return err
	}
	_, err := b.write(ctx, by, directory.Write{Method: directory.Delete, Type: b.rt, ID: id, If: atVersion(version)})
	return err
}

func fold(s string) string { return schema.Fold(s) }

func compareIDs(a, b identity.ID) int { return bytes.Compare(a[:], b[:]) }
