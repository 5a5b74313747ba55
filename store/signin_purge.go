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
}

const (
	// purgePart is how many rows are looked at, or removed, at a time.
	purgePart = 2000
	// attemptAge is how long failures are remembered beyond the time that
	// PurgeSignin is told.
	attemptAge = 24 * time.Hour
)

// PurgeSignin removes what was over before a time in every organisation:
// artefacts that had expired, sessions, grants and jobs that had ended, the
// grants and consents of apps that are gone, and failures of a day before. It
// says how many rows it removed.
func (db *DB) PurgeSignin(ctx context.Context, before time.Time) (n int, err error) {
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
			gone, err := db.purgeSignIn(ctx, o.ID, before)
			n += gone
			if err != nil {
				return n, wrap(err, "purge what signs in to %s", o.Slug)
			}
		}
		after = orgs[len(orgs)-1].Slug
	}
}

func (db *DB) purgeSignIn(ctx context.Context, org identity.OrgID, before time.Time) (int, error) {
	n, err := db.purgeArtefacts(ctx, org, before)
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

// purgeWalk removes what a walk finds.
func (db *DB) purgeWalk(ctx context.Context, org identity.OrgID, before time.Time, look, purge string) (n int, err error) {
	var after identity.ID
	for {
		var gone []identity.ID
		seen := 0
		err := db.View(ctx, func(tx *Tx) error {
			return tx.each(ctx, func(r Rows) error {
				s := scan(r)
				after = s.id()
				if seen++; s.bool() {
					gone = append(gone, after)
				}
				return nil
			}, look, org, millis(before), after, purgePart)
		})
		if err == nil && len(gone) > 0 {
			err = db.Update(ctx, func(tx *Tx) error {
				return chunks(gone, func(part []identity.ID) error {
					list, args := listParams(2, part)
					_, err := tx.exec(ctx, purge+list+`)`, append([]any{org}, args...)...)
					return err
				})
			})
		}
		if err != nil {
			return n, err
		}
		if n += len(gone); seen < purgePart {
			return n, nil
		}
	}
}

func (db *DB) purgeArtefacts(ctx context.Context, org identity.OrgID, before time.Time) (n int, err error) {
	type key struct {
		kind string
		hash []byte
	}
	for {
		var gone []key
		err := db.View(ctx, func(tx *Tx) error {
			return tx.each(ctx, func(r Rows) error {
				s := scan(r)
				gone = append(gone, key{s.text(), s.bytes()})
				return nil
			}, expiredArtefacts, org, millis(before), purgePart)
		})
		if err == nil && len(gone) > 0 {
			err = db.Update(ctx, func(tx *Tx) error {
				for _, k := range gone {
					if err := tx.queue(ctx, purgeArtefact, org, k.kind, k.hash, millis(before)); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err != nil {
			return n, err
		}
		if n += len(gone); len(gone) < purgePart {
			return n, nil
		}
	}
}

func (db *DB) purgeAttempts(ctx context.Context, org identity.OrgID, before time.Time) (n int, err error) {
	after := ""
	for {
		var gone []string
		seen := 0
		err := db.View(ctx, func(tx *Tx) error {
			return tx.each(ctx, func(r Rows) error {
				s := scan(r)
				after = s.text()
				if seen++; s.int() < millis(before) {
					gone = append(gone, after)
				}
				return nil
			}, attemptsAfter, org, after, purgePart)
		})
		if err == nil && len(gone) > 0 {
			err = db.Update(ctx, func(tx *Tx) error {
				for _, name := range gone {
					if err := tx.queue(ctx, purgeAttempt, org, name, millis(before)); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err != nil {
			return n, err
		}
		if n += len(gone); seen < purgePart {
			return n, nil
		}
	}
}

// consentsAfter goes through the consents by their key, and finds those of apps
// that are gone.
const consentsAfter = `
SELECT y.user_id, y.app_id, CASE WHEN EXISTS (SELECT 1 FROM app a WHERE a.org_id = y.org_id AND a.id = y.app_id) THEN 0 ELSE 1 END
  FROM consent y
 WHERE y.org_id = $1 AND (y.user_id, y.app_id) > ($2, $3)
 ORDER BY y.user_id, y.app_id
 LIMIT $4`

func (db *DB) purgeConsents(ctx context.Context, org identity.OrgID) (n int, err error) {
	var user, app identity.ID
	for {
		var gone [][2]identity.ID
		seen := 0
		err := db.View(ctx, func(tx *Tx) error {
			return tx.each(ctx, func(r Rows) error {
				s := scan(r)
				user, app = s.id(), s.id()
				if seen++; s.bool() {
					gone = append(gone, [2]identity.ID{user, app})
				}
				return nil
			}, consentsAfter, org, user, app, purgePart)
		})
		if err == nil && len(gone) > 0 {
			err = db.Update(ctx, func(tx *Tx) error {
				for _, k := range gone {
					if err := tx.queue(ctx, deleteConsent, org, k[0], k[1]); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err != nil {
			return n, err
		}
		if n += len(gone); seen < purgePart {
			return n, nil
		}
	}
}
