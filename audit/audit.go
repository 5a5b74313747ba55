// Package audit reads the change log and tells it to people. Whoever writes
// something records the change itself, in the same transaction.
package audit

import (
	"context"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// maxPage bounds the changes of one page.
const maxPage = 1000

// A Log reads the change log.
type Log struct {
	db *store.DB
}

// New makes a Log.
func New(db *store.DB) *Log { return &Log{db: db} }

// List returns at most limit changes of an organisation in the order in which
// they were made, those after one; the zero ID begins with the first. The ID of
// the last one is where the next page begins.
func (l *Log) List(ctx context.Context, org identity.OrgID, after identity.ID, limit int) (list []identity.Change, err error) {
	err = l.db.View(ctx, func(tx *store.Tx) error {
		list, err = tx.Changes(ctx, org, after, bound(limit))
		return err
	})
	return list, err
}

// Of returns at most limit changes of one thing, the newest first.
func (l *Log) Of(ctx context.Context, org identity.OrgID, target identity.ID, limit int) (list []identity.Change, err error) {
	err = l.db.View(ctx, func(tx *store.Tx) error {
		list, err = tx.ChangesOf(ctx, org, target, bound(limit))
		return err
	})
	return list, err
}

func bound(limit int) int {
	if limit < 1 || limit > maxPage {
		return maxPage
	}
	return limit
}
