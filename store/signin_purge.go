package store

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

const (
	expiredArtefacts = `
SELECT kind, hash
  FROM artefact
 WHERE org_id = $1 AND expires < $2
 ORDER BY expires
 LIMIT $3`
	purgeArtefact = `DELETE FROM artefact WHERE org_id = $1 AND kind = $2 AND hash = $3 AND expires < $4`
	attemptsAfter = `
SELECT name, latest
  FROM attempt
 WHERE org_id = $1 AND name > $2
 ORDER BY name
 LIMIT $3`
	purgeAttempt = `DELETE FROM attempt WHERE org_id = $1 AND name = $2 AND latest < $3`
)

// Each walk looks at every row of a table by its id, a part at a time, and
// yields the ids and whether the row can go: only who reads has to look at all
// rows, and no index has to be kept for it.
var walks = []struct{ look, purge string }{
	{`
SELECT s.id, CASE WHEN s.ended > 0 AND s.ended < $2 OR s.idle < $2 OR s.expires < $2 THEN 1 ELSE 0 END
  FROM session s
 WHERE s.org_id = $1 AND s.id > $3
 ORDER BY s.id
 LIMIT $4`, `DELETE FROM session WHERE org_id = $1 AND id IN (`},
	{`
SELECT g.id, CASE WHEN g.ended > 0 AND g.ended < $2 OR g.expires > 0 AND g.expires < $2
                    OR g.generation > 0 AND g.idle > 0 AND g.idle < $2
                    OR NOT EXISTS (SELECT 1 FROM app a WHERE a.org_id = g.org_id AND a.id = g.app_id) THEN 1 ELSE 0 END
  FROM app_grant g
 WHERE g.org_id = $1 AND g.id > $3
 ORDER BY g.id
 LIMIT $4`, `DELETE FROM app_grant WHERE org_id = $1 AND id IN (`},
	{`
SELECT j.id, CASE WHEN j.finished > 0 AND j.finished < $2 THEN 1 ELSE 0 END
  FROM job j
 WHERE j.org_id = $1 AND j.id > $3
 ORDER BY j.id
 LIMIT $4`, `DELETE FROM job WHERE org_id = $1 AND id IN (`},
	{`
SELECT x.id, CASE WHEN x.expires > 0 AND x.expires < $2 THEN 1 ELSE 0 END
  FROM assignment x
 WHERE x.org_id = $1 AND x.id > $3
 ORDER BY x.id
 LIMIT $4`, `DELETE FROM assignment WHERE org_id = $1 AND id IN (`},
}

const (
	// purgePart is how many rows are looked at, or removed, at a time.
	purgePart = 2000
	// attemptAge is how long failures are remembered beyond the time that
	// PurgeSignin is told.
	attemptAge = 24 * time.Hour
)

// PurgeSignin removes what was over before a time in every organisation:
// sessions, grants, jobs and assignments that had ended, the grants and consents of apps that
// are gone, and failures of a day before; and artefacts that expired before a
// time of their own, for strangers make them by the thousand. It says how many
// rows it removed.
func (db *DB) PurgeSignin(ctx context.Context, artefacts, before time.Time) (n int, err error) {
	after := ""
	for {
		var orgs []identity.Organisation
		err := db.View(ctx, func(tx *Tx) (err error) {
			orgs, err = tx.Organisations(ctx, after, maxList)
			return err
		})
		if err != nil || len(orgs) == 0 {
			return n, err
		}
		for _, o := range orgs {
			gone, err := db.purgeSignIn(ctx, o.ID, artefacts, before)
			n += gone
			if err != nil {
				return n, wrap(err, "purge what signs in to %s", o.Slug)
			}
		}
		after = orgs[len(orgs)-1].Slug
	}
}

func (db *DB) purgeSignIn(ctx context.Context, org identity.OrgID, artefacts, before time.Time) (int, error) {
	n, err := db.purgeArtefacts(ctx, org, artefacts)
	for _, w := range walks {
		if err != nil {
			return n, err
		}
		var gone int
		gone, err = db.purgeWalk(ctx, org, before, w.look, w.purge)
		n += gone
	}
	if err != nil {
		return n, err
	}
	gone, err := db.purgeAttempts(ctx, org, before.Add(-attemptAge))
	if n += gone; err != nil {
		return n, err
	}
	gone, err = db.purgeConsents(ctx, org)
	return n + gone, err
}

// sweep looks at rows, a part at a time, and removes those of which look has
// returned the key. look returns how many rows it has seen, and looks at those
// after the last one when it is called again.
func sweep[K any](ctx context.Context, db *DB, look func(*Tx) (gone []K, seen int, err error), remove func(*Tx, []K) error) (n int, err error) {
	for {
		var gone []K
		var seen int
		err := db.View(ctx, func(tx *Tx) (err error) {
			gone, seen, err = look(tx)
			return err
		})
		if err == nil && len(gone) > 0 {
			err = db.Update(ctx, func(tx *Tx) error { return remove(tx, gone) })
		}
		if err != nil {
			return n, err
		}
		if n += len(gone); seen < purgePart {
			return n, nil
		}
	}
}

// purgeWalk removes what a walk finds.
func (db *DB) purgeWalk(ctx context.Context, org identity.OrgID, before time.Time, look, purge string) (int, error) {
	var after identity.ID
	return sweep(ctx, db, func(tx *Tx) (gone []identity.ID, seen int, err error) {
		err = tx.each(ctx, func(r Rows) error {
			s := scan(r)
			after = s.id()
			if seen++; s.bool() {
				gone = append(gone, after)
			}
			return nil
		}, look, org, millis(before), after, purgePart)
		return gone, seen, err
	}, func(tx *Tx, gone []identity.ID) error {
		return chunks(gone, func(part []identity.ID) error {
			list, args := listParams(2, part)
			return tx.queue(ctx, purge+list+`)`, append([]any{org}, args...)...)
		})
	})
}

// removeEach removes rows by keys of two columns.
func removeEach[A, B any](ctx context.Context, tx *Tx, sql string, org identity.OrgID, keys []pair[A, B], more ...any) error {
	for _, k := range keys {
		if err := tx.queue(ctx, sql, append([]any{org, k.a, k.b}, more...)...); err != nil {
			return err
		}
	}
	return nil
}

type pair[A, B any] struct {
	a A
	b B
}

func (db *DB) purgeArtefacts(ctx context.Context, org identity.OrgID, before time.Time) (int, error) {
	return sweep(ctx, db, func(tx *Tx) ([]pair[string, []byte], int, error) {
		gone, err := rowsOf(ctx, tx, func(r Rows) pair[string, []byte] {
			s := scan(r)
			return pair[string, []byte]{s.text(), s.bytes()}
		}, expiredArtefacts, org, millis(before), purgePart)
		return gone, len(gone), err
	}, func(tx *Tx, gone []pair[string, []byte]) error {
		return removeEach(ctx, tx, purgeArtefact, org, gone, millis(before))
	})
}

func (db *DB) purgeAttempts(ctx context.Context, org identity.OrgID, before time.Time) (int, error) {
	after := ""
	return sweep(ctx, db, func(tx *Tx) (gone []pair[string, int64], seen int, err error) {
		err = tx.each(ctx, func(r Rows) error {
			s := scan(r)
			after = s.text()
			if seen++; s.int() < millis(before) {
				gone = append(gone, pair[string, int64]{after, millis(before)})
			}
			return nil
		}, attemptsAfter, org, after, purgePart)
		return gone, seen, err
	}, func(tx *Tx, gone []pair[string, int64]) error { return removeEach(ctx, tx, purgeAttempt, org, gone) })
}

// consentsAfter goes through the consents by their key, and finds those of apps
// that are gone.
const consentsAfter = `
SELECT y.user_id, y.app_id, CASE WHEN EXISTS (SELECT 1 FROM app a WHERE a.org_id = y.org_id AND a.id = y.app_id) THEN 0 ELSE 1 END
  FROM consent y
 WHERE y.org_id = $1 AND (y.user_id, y.app_id) > ($2, $3)
 ORDER BY y.user_id, y.app_id
 LIMIT $4`

func (db *DB) purgeConsents(ctx context.Context, org identity.OrgID) (int, error) {
	var last pair[identity.ID, identity.ID]
	return sweep(ctx, db, func(tx *Tx) (gone []pair[identity.ID, identity.ID], seen int, err error) {
		err = tx.each(ctx, func(r Rows) error {
			s := scan(r)
			last.a, last.b = s.id(), s.id()
			if seen++; s.bool() {
				gone = append(gone, last)
			}
			return nil
		}, consentsAfter, org, last.a, last.b, purgePart)
		return gone, seen, err
	}, func(tx *Tx, gone []pair[identity.ID, identity.ID]) error {
		return removeEach(ctx, tx, deleteConsent, org, gone)
	})
}
