package store

import (
	"context"

	"github.com/muster-id/muster/identity"
)

const (
	insertSigningKey = `
INSERT INTO signing_key (org_id, id, alg, created, active, retiring, gone, public, sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	listSigningKeys = `
SELECT org_id, id, alg, created, active, retiring, gone, public, sealed
  FROM signing_key
 WHERE org_id = $1
 ORDER BY created, id`
	updateSigningKey = `
UPDATE signing_key
   SET active = $1, retiring = $2, gone = $3
 WHERE org_id = $4 AND id = $5`
)

// InsertSigningKey stores a new key.
func (tx *Tx) InsertSigningKey(ctx context.Context, k identity.SigningKey) error {
	tx.admin = true
	_, err := tx.exec(ctx, insertSigningKey, k.Org, k.ID, k.Alg, millis(k.Created), millis(k.Active), millis(k.Retiring),
		millis(k.Gone), blob(k.Public), blob(k.Sealed))
	return wrap(err, "insert signing key %s", k.ID)
}

// SigningKeys lists the keys of an organisation, the oldest first, also those
// that are gone.
func (tx *Tx) SigningKeys(ctx context.Context, org identity.OrgID) (list []identity.SigningKey, err error) {
	err = tx.each(ctx, func(r Rows) error {
		s := scan(r)
		list = append(list, identity.SigningKey{
			Org: s.org(), ID: s.text(), Alg: s.text(), Created: s.time(), Active: s.time(), Retiring: s.time(),
			Gone: s.time(), Public: s.bytes(), Sealed: s.bytes(),
		})
		return nil
	}, listSigningKeys, org)
	return list, wrap(err, "list signing keys")
}

// UpdateSigningKey stores the times of a key; NotFound if there is none.
func (tx *Tx) UpdateSigningKey(ctx context.Context, k identity.SigningKey) error {
	tx.admin = true
	err := tx.execOne(ctx, "key", updateSigningKey, millis(k.Active), millis(k.Retiring), millis(k.Gone), k.Org, k.ID)
	return wrap(err, "update signing key %s", k.ID)
}
