package store

import (
	"context"
	"fmt"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
)

const idsAfter = `
SELECT id
  FROM resource
 WHERE org_id = $1 AND type = $2 AND id > $3
 ORDER BY id
 LIMIT 100`

// Reindex computes keys, tokens and unique values of every resource of a type
// anew; versions stay. It must run before a schema that marks more attributes as
// indexed or unique comes into force. It returns Conflict when two resources have
// the same value of an attribute that rt declares unique.
func (db *DB) Reindex(ctx context.Context, org identity.OrgID, rt *schema.ResourceType) error {
	var last identity.ID
	for {
		var ids []identity.ID
		err := db.Update(ctx, func(tx *Tx) (err error) {
			if ids, err = tx.ids(ctx, idsAfter, org, rt.Name, last); err != nil {
				return err
			}
			for _, id := range ids {
				if err := tx.reindex(ctx, org, rt, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(ids) == 0 {
			return wrap(err, "index %s anew", rt.Name)
		}
		last = ids[len(ids)-1]
	}
}

func (tx *Tx) reindex(ctx context.Context, org identity.OrgID, rt *schema.ResourceType, id identity.ID) error {
	seen, err := tx.Get(ctx, org, rt.Name, id)
	if identity.KindOf(err) == identity.NotFound {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	doc, err := rt.Load(seen.Doc)
	if err != nil {
		return fmt.Errorf("the document of %s: %w", id, err)
	}
	r := *seen
	if err := tx.db.Index(&r, rt, doc); err != nil {
		return err
	}
	return tx.replace(ctx, seen, &r)
}
