package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/muster-id/muster/identity"
)

const (
	trashResource = `
INSERT INTO trash (org_id, type, id, deleted, version, created, modified, name_key, display_key,
       email_key, emails, label, active, tokens, external, doc, unique_doc)
SELECT org_id, type, id, CAST($4 AS BIGINT), version, created, modified, name_key, display_key,
       email_key, emails, label, active, tokens, external, doc, $5
  FROM resource
 WHERE org_id = $1 AND type = $2 AND id = $3`
	trashMembers = `
INSERT INTO trash_member (org_id, owner_id, group_id, member_type, member_id)
SELECT org_id, group_id, group_id, member_type, member_id
  FROM member
 WHERE org_id = $1 AND group_id = $2`
	trashGroups = `
INSERT INTO trash_member (org_id, owner_id, group_id, member_type, member_id)
SELECT org_id, member_id, group_id, member_type, member_id
  FROM member
 WHERE org_id = $1 AND member_id = $2
    ON CONFLICT DO NOTHING`
	deleteMembersOf = `DELETE FROM member WHERE org_id = $1 AND group_id = $2`
	deleteMember    = `DELETE FROM member WHERE org_id = $1 AND member_id = $2`
	deleteResource  = `DELETE FROM resource WHERE org_id = $1 AND type = $2 AND id = $3 AND version = $4`
	uniquesOf       = `SELECT path, value FROM unique_value WHERE org_id = $1 AND id = $2 ORDER BY path, value`

	trashColumns = `t.type, t.id, t.version, t.created, t.modified, t.external, t.doc, 0,
       t.name_key, t.display_key, t.email_key, t.emails, t.label, t.active, t.tokens, 0, t.unique_doc, t.deleted`
	listTrash = `
SELECT ` + trashColumns + `
  FROM trash t
 WHERE t.org_id = $1 AND t.type = $2 AND t.id > $3
 ORDER BY t.id
 LIMIT $4`
	getTrash       = `SELECT ` + trashColumns + ` FROM trash t WHERE t.org_id = $1 AND t.type = $2 AND t.id = $3`
	restoreMembers = `
INSERT INTO member (org_id, group_id, member_type, member_id)
SELECT t.org_id, t.group_id, t.member_type, t.member_id
  FROM trash_member t
 WHERE t.org_id = $1 AND t.owner_id = $2
   AND EXISTS (SELECT 1 FROM resource r WHERE r.org_id = t.org_id AND r.type = '` + groupType + `' AND r.id = t.group_id)
   AND EXISTS (SELECT 1 FROM resource r WHERE r.org_id = t.org_id AND r.type = t.member_type AND r.id = t.member_id)
    ON CONFLICT DO NOTHING`
	dropTrash        = `DELETE FROM trash WHERE org_id = $1 AND type = $2 AND id = $3`
	dropTrashMembers = `DELETE FROM trash_member WHERE org_id = $1 AND owner_id = $2`

	// A job empties the trash of every organisation.
	trashOwners       = `SELECT DISTINCT org_id FROM trash`
	purgeTrashMembers = `
DELETE FROM trash_member
 WHERE org_id = $1 AND owner_id IN (SELECT id FROM trash WHERE org_id = $1 AND deleted < $2)`
	purgeTrash = `DELETE FROM trash WHERE org_id = $1 AND deleted < $2`
)

// Trashed is a deleted resource that can be restored.
type Trashed struct {
	Resource
	Deleted time.Time
}

// locked returns seen as it stands in the row that this transaction has locked,
// or Stale if that has another version.
func (tx *Tx) locked(ctx context.Context, seen *Resource) (*Resource, error) {
	if seen.lock == tx {
		return seen, nil
	}
	now, err := tx.Get(ctx, seen.Org, seen.Type, seen.ID)
	if err == nil && now.Version != seen.Version || identity.KindOf(err) == identity.NotFound {
		return nil, identity.NewError(identity.Stale, "meta.version", "The resource has changed since you read it.")
	}
	return now, err
}

// Delete moves a resource and its memberships into the trash. It returns Stale
// when seen is not the latest version. The names of the resource are free at
// once.
func (tx *Tx) Delete(ctx context.Context, seen *Resource, at time.Time) error {
	seen, err := tx.locked(ctx, seen)
	if err == nil {
		err = tx.delete(ctx, seen, at)
	}
	return wrap(err, "delete a resource")
}

func (tx *Tx) delete(ctx context.Context, r *Resource, at time.Time) error {
	uniques, err := tx.uniqueDoc(ctx, r)
	if err != nil {
		return err
	}
	if err := tx.queue(ctx, trashResource, r.Org, r.Type, r.ID, millis(at), uniques); err != nil {
		return err
	}
	for _, sql := range []string{trashMembers, trashGroups, deleteMembersOf, deleteMember} {
		if err := tx.queue(ctx, sql, r.Org, r.ID); err != nil {
			return err
		}
	}
	if sql := tx.db.dialect.Search.Delete; sql != "" { // while the row can be found
		if err := tx.queue(ctx, sql, r.Org, r.Type, r.ID); err != nil {
			return err
		}
	}
	if err := tx.removeTokens(ctx, r.Org, r.ID, r.Tokens); err != nil {
		return err
	}
	if r.uniques > 0 {
		if err := tx.queue(ctx, deleteUniques, r.Org, r.ID); err != nil {
			return err
		}
	}
	tx.tally(r.Org, r.Type, -1)
	return classify(tx.conn.Queue(ctx, Statement{
		SQL: deleteResource, Args: []any{r.Org, r.Type, r.ID, r.Version}, Want: 1,
	}))
}

// uniqueDoc returns the unique values of r as JSON, nil if it has none.
func (tx *Tx) uniqueDoc(ctx context.Context, r *Resource) (any, error) {
	if r.uniques == 0 {
		return nil, nil
	}
	var list []UniqueValue
	err := tx.each(ctx, func(rows Rows) error {
		s := scan(rows)
		list = append(list, UniqueValue{Path: s.text(), Key: s.text()})
		return nil
	}, uniquesOf, r.Org, r.ID)
	if err != nil {
		return nil, err
	}
	doc, err := json.Marshal(list)
	return string(doc), err
}

func scanTrashed(r Rows, org identity.OrgID) (*Trashed, error) {
	s := scan(r)
	t := &Trashed{Resource: *scanResource(s, org)}
	scanKeys(s, &t.Resource)
	if doc := s.view(); doc != nil {
		if err := json.Unmarshal(doc, &t.Unique); err != nil {
			return nil, fmt.Errorf("the unique values of %s: %w", t.ID, err)
		}
	}
	t.Deleted = s.time()
	return t, nil
}

// Trash lists deleted resources of a type, by id, after the given one.
func (tx *Tx) Trash(ctx context.Context, org identity.OrgID, typ string, after identity.ID, limit int) ([]*Trashed, error) {
	var list []*Trashed
	err := tx.each(ctx, func(r Rows) error {
		t, err := scanTrashed(r, org)
		list = append(list, t)
		return err
	}, listTrash, org, typ, after, limit)
	return list, wrap(err, "list the trash")
}

// Restore brings a deleted resource back under its id, one version further,
// with those of its memberships whose other end still exists. It returns
// NotFound when it is not in the trash and Conflict when a name of it has been
// taken since.
func (tx *Tx) Restore(ctx context.Context, org identity.OrgID, typ string, id identity.ID, at time.Time) (*Resource, error) {
	r, err := tx.restore(ctx, org, typ, id, at)
	return r, wrap(err, "restore %s %s", typ, id)
}

func (tx *Tx) restore(ctx context.Context, org identity.OrgID, typ string, id identity.ID, at time.Time) (*Resource, error) {
	var t *Trashed
	err := tx.one(ctx, "deleted resource", func(r Rows) (err error) {
		t, err = scanTrashed(r, org)
		return err
	}, getTrash+tx.db.dialect.Lock, org, typ, id)
	if err != nil {
		return nil, err
	}
	r := &t.Resource
	r.Version++
	r.Modified = at
	if err := tx.insert(ctx, r); err != nil {
		return nil, err
	}
	for _, sql := range []string{restoreMembers, dropTrashMembers} {
		if err := tx.queue(ctx, sql, org, id); err != nil {
			return nil, err
		}
	}
	if err := tx.queue(ctx, dropTrash, org, typ, id); err != nil {
		return nil, err
	}
	return tx.Get(ctx, org, typ, id)
}

// Purge removes what was deleted before a time from the trash of every
// organisation, for good, and the events from before that time. It says how many
// resources it removed.
func (db *DB) Purge(ctx context.Context, before time.Time) (n int, err error) {
	var orgs []identity.OrgID
	err = db.View(ctx, func(tx *Tx) error {
		return tx.each(ctx, func(r Rows) error {
			orgs = append(orgs, scan(r).org())
			return nil
		}, trashOwners)
	})
	for _, org := range orgs {
		if err != nil {
			break
		}
		var gone int64
		err = db.Update(ctx, func(tx *Tx) error {
			if _, err := tx.exec(ctx, purgeTrashMembers, org, millis(before)); err != nil {
				return err
			}
			gone, err = tx.exec(ctx, purgeTrash, org, millis(before))
			return err
		})
		if err == nil {
			n += int(gone)
		}
	}
	if err != nil {
		return n, wrap(err, "purge the trash")
	}
	return n, db.purgeEvents(ctx, before)
}
