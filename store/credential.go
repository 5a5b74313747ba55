package store

import (
	"context"

	"github.com/muster-id/muster/identity"
)

const (
	putCredential = `
INSERT INTO credential (org_id, user_id, kind, secret) VALUES ($1, $2, $3, $4)
    ON CONFLICT (org_id, user_id, kind) DO UPDATE SET secret = excluded.secret`
	getCredential     = `SELECT secret FROM credential WHERE org_id = $1 AND user_id = $2 AND kind = $3`
	deleteCredentials = `DELETE FROM credential WHERE org_id = $1 AND user_id = $2`
)

// PutCredential stores what proves that somebody is a user, in place of one of
// the same kind. Credentials stand apart from resources, so that no list and no
// document ever holds one.
func (tx *Tx) PutCredential(ctx context.Context, org identity.OrgID, user identity.ID, kind string, secret []byte) error {
	_, err := tx.exec(ctx, putCredential, org, user, kind, secret)
	return wrap(err, "store credential of %s", user)
}

// Credential returns a credential of a user or NotFound.
func (tx *Tx) Credential(ctx context.Context, org identity.OrgID, user identity.ID, kind string) ([]byte, error) {
	var secret []byte
	err := tx.one(ctx, "credential", func(r Rows) error {
		secret = scan(r).bytes()
		return nil
	}, getCredential, org, user, kind)
	return secret, wrap(err, "read credential of %s", user)
}
