package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/muster-id/muster/identity"
)

const (
	insertChange = `
INSERT INTO change (org_id, id, at, kind, actor, actor_id, actor_name, request_id, type, target, version, paths, diff)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`
	changeColumns = `org_id, id, at, kind, actor, actor_id, actor_name, request_id, type, target, version, paths, diff`
	listChanges   = `
SELECT ` + changeColumns + `
  FROM change
 WHERE org_id = $1 AND id > $2
 ORDER BY id
 LIMIT $3`
	changesOf = `
SELECT ` + changeColumns + `
  FROM change
 WHERE org_id = $1 AND target = $2
 ORDER BY id DESC
 LIMIT $3`
)

// Record appends a change to the log.
func (tx *Tx) Record(ctx context.Context, c identity.Change) error {
	paths, err := json.Marshal(c.Paths)
	if err != nil {
		return err
	}
	tx.wrote[c.Org] = append(tx.wrote[c.Org], c)
	err = tx.queue(ctx, insertChange, c.Org, c.ID, millis(c.At), string(c.Kind), string(c.Actor),
		nullableID(c.ActorID), clean(c.ActorName), clean(c.RequestID), c.Type, nullableID(c.Target),
		c.Version, string(paths), nullable(string(c.Diff)))
	return wrap(err, "record a change of %s", c.Target)
}

func scanChange(r Rows) (identity.Change, error) {
	s := scan(r)
	c := identity.Change{
		Org: s.org(), ID: s.id(), At: s.time(),
		Kind: identity.ChangeKind(s.text()), Actor: identity.ActorKind(s.text()),
		ActorID: s.id(), ActorName: s.text(), RequestID: s.text(),
		Type: s.text(), Target: s.id(), Version: s.int(),
	}
	err := json.Unmarshal(s.view(), &c.Paths)
	if err != nil {
		err = fmt.Errorf("the paths of change %s: %w", c.ID, err)
	}
	c.Diff = s.bytes()
	return c, err
}

// Changes lists an organisation's changes by id, after the given one.
func (tx *Tx) Changes(ctx context.Context, org identity.OrgID, after identity.ID, limit int) ([]identity.Change, error) {
	list, err := tx.changes(ctx, listChanges, org, after, limit)
	return list, wrap(err, "list changes")
}

// ChangesOf lists the changes of one thing, the newest first.
func (tx *Tx) ChangesOf(ctx context.Context, org identity.OrgID, target identity.ID, limit int) ([]identity.Change, error) {
	list, err := tx.changes(ctx, changesOf, org, target, limit)
	return list, wrap(err, "list the changes of %s", target)
}

func (tx *Tx) changes(ctx context.Context, sql string, args ...any) (list []identity.Change, err error) {
	err = tx.each(ctx, func(r Rows) error {
		c, err := scanChange(r)
		list = append(list, c)
		return err
	}, sql, args...)
	return list, err
}
