package directory

import (
	"context"
	"maps"
	"sync"

	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// Standard returns the schemas and resource types that every organisation has:
// users, groups, and the things of the catalogue. It is the same one each time.
func Standard() *schema.Registry { return standard() }

var standard = sync.OnceValue(func() *schema.Registry {
	std := schema.Standard().Types()
	r, err := schema.NewRegistry(append(std[:len(std):len(std)], catalogue.Types()...))
	if err != nil {
		panic(err)
	}
	return r
})

// isThing reports whether resources of a type are things of the catalogue, which
// has rules of its own for them.
func isThing(rt *schema.ResourceType) bool { return catalogue.Rank(rt.Name) > 0 }

// planned returns the plan of a Create. That of a thing of the catalogue is made
// here, since it depends on what it names.
func (b *batch) planned(ctx context.Context, tx *store.Tx, i, j int) (plan, error) {
	w := b.units[i][j]
	if !isThing(w.Type) {
		return b.plans[i][j], nil
	}
	w.Doc = maps.Clone(w.Doc)
	if err := b.checkNew(ctx, tx, catalogue.Change{Type: w.Type, ID: w.ID, New: w.Doc}); err != nil {
		return plan{}, err
	}
	return b.planCreate(w), nil
}

// checkNew holds the document of a new or restored thing to the rules of the
// catalogue, which may change it.
func (b *batch) checkNew(ctx context.Context, tx *store.Tx, c catalogue.Change) error {
	if !isThing(c.Type) {
		return nil
	}
	return b.check(ctx, tx, c)
}

// planAgain computes a Modify from what is stored now.
func (b *batch) planAgain(ctx context.Context, tx *store.Tx, w Write, cur *store.Resource) (plan, error) {
	var failed error
	if isThing(w.Type) && !b.following {
		change := w.Change
		w.Change = func(old schema.Object) (schema.Object, []MemberEdit, error) {
			next, edits, err := change(old)
			if err != nil {
				return nil, nil, err
			}
			next = maps.Clone(next)
			failed = b.check(ctx, tx, catalogue.Change{Type: w.Type, ID: w.ID, Old: old, New: next})
			return next, edits, failed
		}
	}
	p := b.planModify(w, cur)
	if failed != nil {
		return plan{}, failed
	}
	if !p.ready {
		_, err := w.Type.Load(cur.Doc)
		return plan{}, err
	}
	return p, nil
}

// checkDelete holds the deletion of a thing to the rules of the catalogue.
func (b *batch) checkDelete(ctx context.Context, tx *store.Tx, w Write, cur *store.Resource) error {
	if !isThing(w.Type) {
		return nil
	}
	old, err := w.Type.Load(cur.Doc)
	if err != nil {
		return err
	}
	return b.check(ctx, tx, catalogue.Change{Type: w.Type, ID: w.ID, Old: old})
}

// check asks the catalogue and carries out what follows.
func (b *batch) check(ctx context.Context, tx *store.Tx, c catalogue.Change) error {
	effects, err := catalogue.Check(ctx, tx, b.by, c)
	if err != nil {
		return err
	}
	for _, e := range effects {
		if err := b.follow(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// follow changes another thing, perhaps of an organisation below, because of
// what is done to the first.
func (b *batch) follow(ctx context.Context, tx *store.Tx, e catalogue.Effect) error {
	by := b.by
	by.Org, by.Domain = e.Org, ""
	reg, err := b.d.Registry(ctx, e.Org)
	if err != nil {
		return err
	}
	next := &batch{d: b.d, by: by, types: b.d.coming[e.Org], following: true}
	_, err = next.modify(ctx, tx, Write{Method: Modify, Type: reg.TypeByName(e.Kind), ID: e.ID,
		Change: func(old schema.Object) (schema.Object, []MemberEdit, error) { return e.Change(old), nil, nil }}, plan{})
	if identity.KindOf(err) == identity.NotFound {
		return nil // it has gone meanwhile
	}
	return err
}
