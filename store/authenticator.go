package store

import (
	"context"

	"github.com/muster-id/muster/identity"
)

const (
	insertAuthenticator = `
INSERT INTO authenticator (org_id, user_id, id, kind, lookup, name, created, used, version, sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (org_id, kind, lookup) DO NOTHING`
	authenticatorColumns = `org_id, user_id, id, kind, lookup, name, created, used, version, sealed`
	listAuthenticators   = `
SELECT ` + authenticatorColumns + `
  FROM authenticator
 WHERE org_id = $1 AND user_id = $2
 ORDER BY id`
	authenticatorByKey = `
SELECT ` + authenticatorColumns + `
  FROM authenticator
 WHERE org_id = $1 AND kind = $2 AND lookup = $3`
	updateAuthenticator = `
UPDATE authenticator
   SET name = $1, used = $2, sealed = $3, version = version + 1
 WHERE org_id = $4 AND user_id = $5 AND id = $6 AND version = $7`
	deleteAuthenticator = `DELETE FROM authenticator WHERE org_id = $1 AND user_id = $2 AND id = $3`
)

func scanAuthenticator(r Rows) identity.Authenticator {
	s := scan(r)
	return identity.Authenticator{
		Org: s.org(), User: s.id(), ID: s.id(), Kind: s.text(), Key: s.bytes(), Name: s.text(),
		Created: s.time(), Used: s.time(), Version: s.int(), Sealed: s.bytes(),
	}
}

// InsertAuthenticator stores what a user has enrolled; Conflict when one of the
// kind has the key.
func (tx *Tx) InsertAuthenticator(ctx context.Context, a identity.Authenticator) error {
	n, err := tx.exec(ctx, insertAuthenticator, a.Org, a.User, a.ID, a.Kind, blob(a.Key), clean(a.Name),
		millis(a.Created), millis(a.Used), a.Version, blob(a.Sealed))
	if err == nil && n == 0 {
		return identity.NewError(identity.Conflict, "key", "That authenticator is enrolled already.")
	}
	return wrap(err, "insert an authenticator of %s", a.User)
}

// Authenticators lists what a user has enrolled, the oldest first.
func (tx *Tx) Authenticators(ctx context.Context, org identity.OrgID, user identity.ID) (list []identity.Authenticator, err error) {
	list, err = rowsOf(ctx, tx, scanAuthenticator, listAuthenticators, org, user)
	return list, wrap(err, "list the authenticators of %s", user)
}

// AuthenticatorByKey returns one authenticator or NotFound.
func (tx *Tx) AuthenticatorByKey(ctx context.Context, org identity.OrgID, kind string, key []byte) (a identity.Authenticator, err error) {
	a, err = rowOf(ctx, tx, "authenticator", scanAuthenticator, authenticatorByKey, org, kind, blob(key))
	return a, wrap(err, "look up an authenticator")
}

// UpdateAuthenticator stores the name, the last use and the secret of a, one
// version further. It returns Stale when a.Version is not the stored one, and
// when the authenticator is gone.
func (tx *Tx) UpdateAuthenticator(ctx context.Context, a identity.Authenticator) error {
	n, err := tx.exec(ctx, updateAuthenticator, clean(a.Name), millis(a.Used), blob(a.Sealed), a.Org, a.User, a.ID, a.Version)
	return wrap(changed(n, err), "update authenticator %s", a.ID)
}

// DeleteAuthenticator removes what a user has enrolled; NotFound if there is
// none.
func (tx *Tx) DeleteAuthenticator(ctx context.Context, org identity.OrgID, user, id identity.ID) error {
	return wrap(tx.execOne(ctx, "authenticator", deleteAuthenticator, org, user, id), "delete authenticator %s", id)
}
