package store

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

const (
	insertToken = `
INSERT INTO token (org_id, id, connection_id, hash, prefix, created, expires, revoked)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	tokenColumns = `t.org_id, t.id, t.connection_id, t.hash, t.prefix, t.created, t.expires, t.revoked`
	// Nobody knows the organisation before the token has been found: this is the
	// one look-up that names none, and hash is unique everywhere.
	tokenByHash = `
SELECT ` + tokenColumns + `, ` + connectionColumns + `
  FROM token t
  JOIN connection c ON c.org_id = t.org_id AND c.id = t.connection_id
 WHERE t.hash = $1`
	listTokens = `
SELECT ` + tokenColumns + `
  FROM token t
 WHERE t.org_id = $1 AND t.connection_id = $2
 ORDER BY t.id`
	revokeToken = `UPDATE token SET revoked = $1 WHERE org_id = $2 AND id = $3`
)

func scanToken(s *scanner) identity.Token {
	return identity.Token{
		Org: s.org(), ID: s.id(), Connection: s.id(), Hash: s.bytes(), Prefix: s.text(),
		Created: s.time(), Expires: s.time(), Revoked: s.time(),
	}
}

// InsertToken stores a new token.
func (tx *Tx) InsertToken(ctx context.Context, t identity.Token) error {
	tx.admin = true
	_, err := tx.exec(ctx, insertToken, t.Org, t.ID, t.Connection, t.Hash, t.Prefix,
		millis(t.Created), millis(t.Expires), millis(t.Revoked))
	return wrap(err, "insert token %s", t.ID)
}

// TokenByHash returns the token with a hash, in whatever organisation, and its
// connection; NotFound if there is none. It returns revoked and expired tokens
// too: the caller decides.
func (tx *Tx) TokenByHash(ctx context.Context, hash []byte) (identity.Token, identity.Connection, error) {
	var t identity.Token
	var c identity.Connection
	err := tx.one(ctx, "token", func(r Rows) error {
		s := scan(r)
		t, c = scanToken(s), scanConnection(s)
		return nil
	}, tokenByHash, hash)
	return t, c, wrap(err, "look up a token")
}

// Tokens lists a connection's tokens by id.
func (tx *Tx) Tokens(ctx context.Context, org identity.OrgID, connection identity.ID) ([]identity.Token, error) {
	var list []identity.Token
	err := tx.each(ctx, func(r Rows) error {
		list = append(list, scanToken(scan(r)))
		return nil
	}, listTokens, org, connection)
	return list, wrap(err, "list the tokens of connection %s", connection)
}

// RevokeToken marks a token as revoked; NotFound if there is none.
func (tx *Tx) RevokeToken(ctx context.Context, org identity.OrgID, id identity.ID, at time.Time) error {
	tx.admin = true
	return wrap(tx.execOne(ctx, "token", revokeToken, millis(at), org, id), "revoke token %s", id)
}
