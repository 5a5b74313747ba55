package directory

import (
	"context"
	"strings"

	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// Trashed is a deleted resource that can be restored.
type Trashed = store.Trashed

// Trash lists at most limit deleted resources of a type that can be restored,
// by id, those after one.
func (d *Directory) Trash(ctx context.Context, by identity.Actor, rt *schema.ResourceType, after identity.ID, limit int) (list []*Trashed, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list, err = tx.Trash(ctx, by.Org, rt.Name, after, limit)
		return err
	})
	return list, err
}

// Restore brings a deleted resource back with the memberships whose other end
// still exists, but without its credentials. A name that somebody has taken
// meanwhile is a Conflict; what is not in the trash is NotFound.
func (d *Directory) Restore(ctx context.Context, by identity.Actor, rt *schema.ResourceType, id identity.ID) (*Resource, error) {
	d.indexing.RLock()
	defer d.indexing.RUnlock()
	b := &batch{d: d, by: by, types: d.coming[by.Org]}
	var r *store.Resource
	err := d.db.Update(ctx, func(tx *store.Tx) (err error) {
		if r, err = tx.Restore(ctx, by.Org, rt.Name, id, d.now()); err != nil {
			return err
		}
		if err := b.renew(ctx, tx, rt, r); err != nil {
			return err
		}
		if err := b.record(ctx, tx, identity.Restored, r, plan{}, nil); err != nil {
			return err
		}
		groups, err := tx.MemberOf(ctx, by.Org, id)
		if err != nil {
			return err
		}
		for _, group := range groups {
			if err := d.guard(ctx, tx, by, group); err != nil {
				return err
			}
		}
		r.Grouped = len(groups) > 0
		return b.bump(ctx, tx, groups, membership{id: 1})
	})
	if err != nil {
		return nil, err
	}
	return &Resource{Resource: r}, nil
}

// renew removes from a restored document the values of schemas that have been
// deleted meanwhile, and indexes it by the schemas of today.
func (b *batch) renew(ctx context.Context, tx *store.Tx, rt *schema.ResourceType, r *store.Resource) error {
	doc, err := rt.Load(r.Doc)
	if err != nil {
		return err
	}
	for key := range doc {
		if strings.HasPrefix(key, "urn:") && !extends(rt, key) {
			doc, _, _ = without(key)(doc)
		}
	}
	seen := *r
	if err := b.checkNew(ctx, tx, catalogue.Change{Type: rt, ID: r.ID, New: doc, Restored: true}); err != nil {
		return err
	}
	r.Doc = rt.Encode(doc)
	if err := b.index(r, rt, doc); err != nil {
		return err
	}
	return b.replace(ctx, tx, &seen, r)
}

func extends(rt *schema.ResourceType, urn string) bool {
	for _, e := range rt.Extensions {
		if e.Schema.ID == urn {
			return true
		}
	}
	return false
}
