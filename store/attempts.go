package store

import (
	"context"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
)

const (
	getAttempts = `SELECT failures, began, latest FROM attempt WHERE org_id = $1 AND name = $2`
	addFailure  = `
INSERT INTO attempt (org_id, name, failures, began, latest) VALUES ($1, $2, 1, $3, $3)
    ON CONFLICT (org_id, name) DO UPDATE
   SET failures = CASE WHEN attempt.began <= $4 THEN 1 ELSE attempt.failures + 1 END,
       began = CASE WHEN attempt.began <= $4 THEN excluded.began ELSE attempt.began END,
       latest = excluded.latest
RETURNING failures, began, latest`
	clearAttempts = `DELETE FROM attempt WHERE org_id = $1 AND name IN (`
)

// Attempts returns the failures under a key, none if there are none.
func (tx *Tx) Attempts(ctx context.Context, org identity.OrgID, key string) (identity.Attempts, error) {
	a, err := tx.attempts(ctx, identity.Attempts{Org: org, Key: key}, getAttempts, org, clean(key))
	return a, wrap(err, "read attempts")
}

// AddFailure counts one more failure under a key, and begins anew when the first
// of those that count is older than the window.
func (tx *Tx) AddFailure(ctx context.Context, org identity.OrgID, key string, now time.Time, window time.Duration) (identity.Attempts, error) {
	a, err := tx.attempts(ctx, identity.Attempts{Org: org, Key: key}, addFailure, org, clean(key), millis(now), millis(now.Add(-window)))
	return a, wrap(err, "count a failure")
}

func (tx *Tx) attempts(ctx context.Context, a identity.Attempts, sql string, args ...any) (identity.Attempts, error) {
	err := tx.each(ctx, func(r Rows) error {
		s := scan(r)
		a.Failures, a.First, a.Last = s.int(), s.time(), s.time()
		return nil
	}, sql, args...)
	return a, err
}

// ClearAttempts forgets the failures under some keys.
func (tx *Tx) ClearAttempts(ctx context.Context, org identity.OrgID, keys ...string) error {
	err := chunks(keys, func(part []string) error {
		for i, k := range part {
			part[i] = clean(k)
		}
		list, args := listParams(2, part)
		_, err := tx.exec(ctx, clearAttempts+list+`)`, slices.Concat([]any{org}, args)...)
		return err
	})
	return wrap(err, "clear attempts")
}
