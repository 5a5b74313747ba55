package directory

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// tokenPrefix starts the tokens of connections.
const tokenPrefix = secret.TokenPrefix + "scim"

// shownPrefix is how much of a token is kept in clear to recognise it by.
const shownPrefix = len(tokenPrefix) + 5

// An IssuedToken is a token with its text, which is shown this once.
type IssuedToken struct {
	identity.Token
	Text string
}

// A Rotation says how RotateToken replaces tokens.
type Rotation struct {
	Expires time.Time // of the new token; zero: never
	// Overlap is how long the old tokens go on working at most; 0: for as long
	// as they would have anyway, until somebody revokes them.
	Overlap time.Duration
}

func (d *Directory) newToken(org identity.OrgID, connection identity.ID, expires time.Time) (IssuedToken, error) {
	at := d.now()
	if !expires.IsZero() && !expires.After(at) {
		return IssuedToken{}, identity.NewError(identity.Invalid, "expires", "A token must expire in the future.")
	}
	text := secret.NewToken(tokenPrefix)
	return IssuedToken{Text: text, Token: identity.Token{
		Org: org, Connection: connection, ID: identity.NewID(), Hash: d.tokenHash(text),
		Prefix: text[:shownPrefix], Created: at, Expires: expires,
	}}, nil
}

func (d *Directory) tokenHash(text string) []byte { return secret.MAC(d.tokenKey, []byte(text)) }

// Tokens lists the tokens of a connection.
func (d *Directory) Tokens(ctx context.Context, org identity.OrgID, connection identity.ID) (list []identity.Token, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		if _, err := tx.Connection(ctx, org, connection); err != nil {
			return err
		}
		list, err = tx.Tokens(ctx, org, connection)
		return err
	})
	return list, err
}

// RotateToken gives a connection a further token. Its old tokens live on, for
// the time of r.Overlap if one is given.
func (d *Directory) RotateToken(ctx context.Context, by identity.Actor, org identity.OrgID, connection identity.ID, r Rotation) (IssuedToken, error) {
	if r.Overlap < 0 {
		return IssuedToken{}, identity.NewError(identity.Invalid, "overlap", "An overlap is not negative.")
	}
	t, err := d.newToken(org, connection, r.Expires)
	if err != nil {
		return IssuedToken{}, err
	}
	err = d.db.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.Connection(ctx, org, connection)
		if err != nil {
			return err
		}
		if r.Overlap > 0 {
			if _, err := d.endTokens(ctx, tx, c, t.Created.Add(r.Overlap)); err != nil {
				return err
			}
		}
		if err := tx.InsertToken(ctx, t.Token); err != nil {
			return err
		}
		return tx.Record(ctx, d.connectionChange(by, c, identity.Patched, pair{"tokens", nil, t.ID.String()}))
	})
	if err != nil {
		return IssuedToken{}, err
	}
	return t, nil
}

// RevokeToken ends one token at once. Revoking it again changes nothing.
func (d *Directory) RevokeToken(ctx context.Context, by identity.Actor, org identity.OrgID, connection, token identity.ID) error {
	return d.db.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.Connection(ctx, org, connection)
		if err != nil {
			return err
		}
		list, err := tx.Tokens(ctx, org, connection)
		if err != nil {
			return err
		}
		at := d.now()
		for _, t := range list {
			if t.ID != token {
				continue
			}
			if !t.Alive(at) {
				return nil
			}
			if err := tx.RevokeToken(ctx, org, token, at); err != nil {
				return err
			}
			return tx.Record(ctx, d.connectionChange(by, c, identity.Patched, pair{"tokens", token.String(), nil}))
		}
		return identity.NewError(identity.NotFound, "", "The connection has no such token.")
	})
}

// RevokeTokens ends all tokens of a connection at once and says how many lived.
func (d *Directory) RevokeTokens(ctx context.Context, by identity.Actor, org identity.OrgID, connection identity.ID) (n int, err error) {
	err = d.db.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.Connection(ctx, org, connection)
		if err != nil {
			return err
		}
		ended, err := d.endTokens(ctx, tx, c, d.now())
		if n = len(ended); err != nil || n == 0 {
			return err
		}
		return tx.Record(ctx, d.connectionChange(by, c, identity.Patched, pair{"tokens", ended, nil}))
	})
	return n, err
}

// endTokens makes the living tokens of c end at a time, unless they end earlier
// anyway, and returns their ids.
func (d *Directory) endTokens(ctx context.Context, tx *store.Tx, c identity.Connection, at time.Time) (ended []string, err error) {
	list, err := tx.Tokens(ctx, c.Org, c.ID)
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		if !t.Alive(at) || !t.Alive(d.now()) {
			continue
		}
		if err := tx.RevokeToken(ctx, c.Org, t.ID, at); err != nil {
			return nil, err
		}
		ended = append(ended, t.ID.String())
	}
	return ended, nil
}
