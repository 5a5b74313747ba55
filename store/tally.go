package store

import (
	"context"

	"github.com/muster-id/muster/identity"
)

// Totals are kept as rows that are only ever added: every transaction adds one
// for each type whose number of resources it changed. No two writers meet on a
// row, and a job folds the rows into one from time to time.
const (
	addTally  = `INSERT INTO tally (org_id, type, id, n) VALUES ($1, $2, $3, $4)`
	sumTally  = `SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM tally WHERE org_id = $1 AND type = $2`
	someTally = `
SELECT org_id, type
  FROM tally
 GROUP BY org_id, type
HAVING COUNT(*) > $1`
	takeTally = `DELETE FROM tally WHERE org_id = $1 AND type = $2 RETURNING n`
)

// foldAbove is how many rows of a total are left alone.
const foldAbove = 16

func (tx *Tx) tally(org identity.OrgID, typ string, n int64) {
	if tx.delta == nil {
		tx.delta = map[tallyKey]int64{}
	}
	tx.delta[tallyKey{org, typ}] += n
}

// putTallies stores what the transaction has added and removed.
func (tx *Tx) putTallies(ctx context.Context) error {
	for k, n := range tx.delta {
		if n == 0 {
			continue
		}
		if err := tx.queue(ctx, addTally, k.org, k.typ, identity.NewID(), n); err != nil {
			return wrap(err, "count %s", k.typ)
		}
	}
	return nil
}

// FoldTallies merges the rows that keep totals, so that asking for a total stays
// cheap. It may run at any time on any node.
func (db *DB) FoldTallies(ctx context.Context) error {
	var keys []tallyKey
	err := db.View(ctx, func(tx *Tx) error {
		return tx.each(ctx, func(r Rows) error {
			s := scan(r)
			keys = append(keys, tallyKey{org: s.org(), typ: s.text()})
			return nil
		}, someTally, foldAbove)
	})
	if err != nil {
		return wrap(err, "list the totals")
	}
	for _, k := range keys {
		if err := db.fold(ctx, k); err != nil {
			return wrap(err, "fold the total of %s", k.typ)
		}
	}
	return nil
}

func (db *DB) fold(ctx context.Context, k tallyKey) error {
	return db.Update(ctx, func(tx *Tx) error {
		var n int64
		err := tx.each(ctx, func(r Rows) error {
			n += r.Int(0)
			return nil
		}, takeTally, k.org, k.typ)
		if err != nil {
			return err
		}
		return tx.queue(ctx, addTally, k.org, k.typ, identity.NewID(), n)
	})
}
