package directory

import (
	"bytes"
	"context"
	"maps"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// DeleteSchema removes a schema that the organisation added, and all values
// under it, for good. Cut short, it can be called again.
func (d *Directory) DeleteSchema(ctx context.Context, by identity.Actor, org identity.OrgID, id string) error {
	have, err := d.OwnSchemas(ctx, org)
	if err != nil {
		return err
	}
	var own *OwnSchema
	for _, h := range have {
		if strings.EqualFold(h.Schema.ID, id) {
			own = &h
		}
	}
	if own == nil {
		return identity.NewError(identity.NotFound, "id", "The organisation has no schema "+id+" of its own.")
	}
	reg, err := d.registryOf(have)
	if err != nil {
		return err
	}
	rt := reg.TypeByName(own.Type)
	if err := d.strip(ctx, by, org, rt, own.Schema); err != nil {
		return err
	}
	err = d.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.DeleteSchema(ctx, org, own.Schema.ID); err != nil {
			return err
		}
		return tx.Record(ctx, d.schemaChange(by, org, identity.Deleted, *own, pair{"schema", own.Schema.ID, nil}, pair{"type", own.Type, nil}))
	})
	if err != nil {
		return err
	}
	// Values that were written between the first pass and the deletion.
	strip := func() error { return d.strip(ctx, by, org, rt, own.Schema) }
	if err := strip(); err != nil {
		return err
	}
	return d.again(ctx, strip)
}

// stripPage is how many resources one look of strip takes in.
const stripPage = 200

// strip removes the values under an extension from all resources of a type.
func (d *Directory) strip(ctx context.Context, by identity.Actor, org identity.OrgID, rt *schema.ResourceType, ext *schema.Schema) error {
	q := store.Query{Org: org, Types: []*schema.ResourceType{rt}, Count: stripPage, Start: 1}
	for {
		var page *store.Page
		err := d.db.View(ctx, func(tx *store.Tx) (err error) {
			page, err = tx.Query(ctx, q)
			return err
		})
		if err != nil {
			return err
		}
		var units []Unit
		for _, r := range page.Resources {
			if bytes.Contains(r.Doc, []byte(ext.ID)) {
				units = append(units, Unit{{Method: Modify, Type: rt, ID: r.ID, Change: without(ext.ID)}})
			}
		}
		by.Org, by.Domain = org, ""
		outcomes, err := d.Write(ctx, by, units, 0)
		if err != nil {
			return err
		}
		for _, o := range outcomes {
			if err := o[0].Err; err != nil && identity.KindOf(err) != identity.NotFound {
				return err
			}
		}
		if q.After = page.Next; q.After == nil {
			return nil
		}
	}
}

// without is the change that removes the values under an extension.
func without(urn string) func(schema.Object) (schema.Object, []MemberEdit, error) {
	return func(old schema.Object) (schema.Object, []MemberEdit, error) {
		next := maps.Clone(old)
		delete(next, urn)
		var schemas []any
		list, _ := next["schemas"].([]any)
		for _, s := range list {
			if s != urn {
				schemas = append(schemas, s)
			}
		}
		next["schemas"] = schemas
		return next, nil, nil
	}
}
