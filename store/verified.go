package store

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

const (
	putVerified = `
INSERT INTO verified (org_id, user_id, kind, address, at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (org_id, user_id, kind, address) DO UPDATE SET at = excluded.at`
	listVerified   = `SELECT kind, address, at FROM verified WHERE org_id = $1 AND user_id = $2`
	deleteVerified = `DELETE FROM verified WHERE org_id = $1 AND user_id = $2 AND kind = $3 AND address = $4`
)

// PutVerified notes when a user has proved to have an address. kind is "email"
// or "phone", key the address in folded form.
func (tx *Tx) PutVerified(ctx context.Context, org identity.OrgID, user identity.ID, kind, key string, at time.Time) error {
	_, err := tx.exec(ctx, putVerified, org, user, kind, clean(key), millis(at))
	return wrap(err, "store a verified address of %s", user)
}

// Verified returns when a user has proved to have which address, by kind, colon
// and key.
func (tx *Tx) Verified(ctx context.Context, org identity.OrgID, user identity.ID) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	err := tx.each(ctx, func(r Rows) error {
		s := scan(r)
		name := s.text() + ":" + s.text()
		all[name] = s.time()
		return nil
	}, listVerified, org, user)
	return all, wrap(err, "read the verified addresses of %s", user)
}

// DeleteVerified forgets that a user has proved to have an address.
func (tx *Tx) DeleteVerified(ctx context.Context, org identity.OrgID, user identity.ID, kind, key string) error {
	_, err := tx.exec(ctx, deleteVerified, org, user, kind, clean(key))
	return wrap(err, "delete a verified address of %s", user)
}
