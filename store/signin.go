package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store/find"
)

// userType is the resource type of people.
const userType = "User"

const (
	// alive looks at everything that can end a token, each by its primary key.
	alive = `
SELECT g.id, g.ended, g.expires, s.id, s.ended, s.idle, s.expires, u.id, u.active, a.expires
  FROM organisation o
  LEFT JOIN app_grant g ON g.org_id = o.org_id AND g.id = $2
  LEFT JOIN session s ON s.org_id = o.org_id AND s.id = $3
  LEFT JOIN resource u ON u.org_id = o.org_id AND u.type = '` + userType + `' AND u.id = $4
  LEFT JOIN artefact a ON a.org_id = o.org_id AND a.kind = '` + RevokedKind + `' AND a.hash = $5
 WHERE o.org_id = $1`

	usersBySignIn = `
SELECT r.id FROM resource r WHERE r.org_id = $1 AND r.type = '` + userType + `' AND r.name_key = $2
UNION
SELECT r.id FROM resource r WHERE r.org_id = $1 AND r.type = '` + userType + `' AND r.email_key = $3
UNION
SELECT a.id FROM attr_token a WHERE a.org_id = $1 AND a.h IN ($4, $5, $6)
 LIMIT 20`

	deleteAuthenticators = `DELETE FROM authenticator WHERE org_id = $1 AND user_id = $2`
	deleteAllVerified    = `DELETE FROM verified WHERE org_id = $1 AND user_id = $2`
	deleteConsents       = `DELETE FROM consent WHERE org_id = $1 AND user_id = $2`
)

// RevokedKind is the kind of the artefacts that Alive looks for by
// Bearer.Revoked.
const RevokedKind = "revoked"

// A Bearer is what the life of a token hangs on.
type Bearer struct {
	Grant, Session, User identity.ID // zero ids count as alive
	Revoked              []byte      // hash of an artefact of RevokedKind; nil: none
}

// A Life says what of a Bearer is alive. A grant and a session that are there
// and were not ended are; whether their time is over the caller can tell by the
// times, which are zero for what is not there or has no end.
type Life struct {
	GrantAlive, SessionAlive, UserActive, Revoked bool

	GrantExpires, SessionIdle, SessionExpires time.Time
}

// Alive looks up the life of a Bearer in one statement. In an organisation that
// is gone nothing is alive.
func (tx *Tx) Alive(ctx context.Context, org identity.OrgID, b Bearer) (Life, error) {
	var l Life
	err := tx.each(ctx, func(r Rows) error {
		s := scan(r)
		there, ended := s.view() != nil, s.int() != 0
		l.GrantAlive = b.Grant.IsZero() || there && !ended
		l.GrantExpires = s.time()
		there, ended = s.view() != nil, s.int() != 0
		l.SessionAlive = b.Session.IsZero() || there && !ended
		l.SessionIdle, l.SessionExpires = s.time(), s.time()
		there = s.view() != nil
		l.UserActive = Flag(s.int()) != False && there || b.User.IsZero()
		l.Revoked = s.view() != nil
		return nil
	}, alive, org, nullableID(b.Grant), nullableID(b.Session), nullableID(b.User), b.Revoked)
	return l, wrap(err, "look at the life of a token")
}

// UsersBySignIn returns the users, at most five, who have a text as their
// userName, as one of their e-mails or as one of their phone numbers, which is
// then to be in the form +15551234567. Keys are filled.
func (tx *Tx) UsersBySignIn(ctx context.Context, org identity.OrgID, text string) ([]*Resource, error) {
	if text == "" || len(text) > find.MaxKey || !storable(text) {
		return nil, nil
	}
	list, err := tx.usersBySignIn(ctx, org, text)
	return list, wrap(err, "look up users")
}

func (tx *Tx) usersBySignIn(ctx context.Context, org identity.OrgID, text string) ([]*Resource, error) {
	seed := tx.db.seed.Load()
	if seed == nil {
		return nil, errors.New("the database has not been migrated")
	}
	email := schema.Key(signIn.email.Sub, text)
	token := func(ref schema.Ref, text string) int64 {
		return find.Hash(*seed, userType, ref.Path(), schema.Key(ref.Sub, text))
	}
	ids, err := tx.ids(ctx, usersBySignIn, org, schema.Key(signIn.name.Attr, text), email,
		token(signIn.email, text), token(signIn.phone, text), token(signIn.phone, "tel:"+text))
	var list []*Resource
	for _, id := range ids {
		if err != nil || len(list) == 5 {
			break
		}
		err = tx.each(ctx, func(r Rows) error {
			s := scan(r)
			u := scanResource(s, org)
			scanKeys(s, u)
			list = append(list, u)
			return nil
		}, getForWrite, org, userType, id)
	}
	return list, err
}

// signIn are the attributes by which people sign in.
var signIn = func() (s struct{ name, email, phone schema.Ref }) {
	rt := schema.Standard().TypeByName(userType)
	s.name, _ = rt.FindPath("userName")
	s.email, _ = rt.FindPath("emails.value")
	s.phone, _ = rt.FindPath("phoneNumbers.value")
	return s
}()

// DeleteSignIn removes all that a user signs in with: credentials,
// authenticators, verified addresses and consents.
func (tx *Tx) DeleteSignIn(ctx context.Context, org identity.OrgID, user identity.ID) error {
	for _, sql := range []string{deleteCredentials, deleteAuthenticators, deleteAllVerified, deleteConsents} {
		if err := tx.queue(ctx, sql, org, user); err != nil {
			return wrap(err, "delete what %s signs in with", user)
		}
	}
	return nil
}

// changed is Stale if a statement has changed nothing.
func changed(n int64, err error) error {
	if err == nil && n == 0 {
		return identity.NewError(identity.Stale, "", "It has changed since you read it.")
	}
	return err
}

// blob stores nil as an empty value.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// storable reports whether a text from outside can be a value in a database:
// PostgreSQL keeps no U+0000 and nothing but UTF-8.
func storable(s string) bool {
	return clean(s) == s && strings.ToValidUTF8(s, "") == s
}
