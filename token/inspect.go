package token

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// The kinds of Bearer.
const (
	AccessToken  = "access_token"
	RefreshToken = "refresh_token"
)

// A Bearer is what a token says of who holds it.
type Bearer struct {
	Org          identity.Organisation
	App          *identity.App // shared: must not be changed
	User         identity.ID   // zero: the app acts for itself
	Session      identity.ID   // zero: not bound to one
	Grant        identity.ID
	Kind         string // AccessToken or RefreshToken
	Issuer       string
	Subject      string // sub, as the app sees it
	ClientID     string
	Scopes       []string
	Audience     []string
	Issued       time.Time
	Expires      time.Time
	AuthTime     time.Time
	ACR          string
	AMR          []string
	JTI          string
	Confirmation Confirmation
	Actor        *Act
	Extra        map[string]any    // claims that a door added; shared
	Claims       *claims.Parameter // asked for at UserInfo, nil if none
}

// Type returns how the token is presented: "DPoP" or "Bearer".
func (b *Bearer) Type() string {
	if b.Confirmation.JKT != "" {
		return "DPoP"
	}
	return "Bearer"
}

// Carried are the claims that go over into a token that this one is exchanged
// for. The claims of roles do not: they are read again for who may have them, and
// among them nobody can tell any more what a door added.
func (b *Bearer) Carried() map[string]any {
	if b.Has(rolesScope) {
		return nil
	}
	return b.Extra
}

// Has reports whether the token has a scope.
func (b *Bearer) Has(scope string) bool { return slices.Contains(b.Scopes, scope) }

// Inspect believes an access token of an organisation or answers
// Unauthenticated. It says nothing of the key that the token may be bound to:
// a door compares Confirmation with the proof that came with it, see
// CheckBinding. What the Bearer points to is shared and must not be changed.
func (s *Service) Inspect(ctx context.Context, org identity.OrgID, text string) (*Bearer, error) {
	c, err := s.believe(ctx, org, text)
	if err != nil {
		return nil, err
	}
	now := s.now()
	if !now.Before(moment(c.Expires)) {
		return nil, refused()
	}
	t, err := s.tenant(ctx, org)
	if err != nil {
		return nil, unknown(err)
	}
	app, err := s.apps.Get(ctx, org, c.ClientID)
	if err != nil {
		return nil, unknown(err)
	}
	if app.Disabled {
		return nil, refused()
	}
	err = s.alive(ctx, org, store.Bearer{Grant: c.ids.grant, Session: c.ids.session, User: c.ids.user, Revoked: c.hash}, now)
	if err != nil {
		return nil, err
	}
	b := &Bearer{
		Org: t.org, App: app, User: c.ids.user, Session: c.ids.session, Grant: c.ids.grant, Kind: AccessToken,
		Issuer: c.Issuer, Subject: c.Subject, ClientID: c.ClientID, Scopes: c.scopes, Audience: c.Audience,
		Issued: moment(c.Issued), Expires: moment(c.Expires), AuthTime: moment(c.AuthTime), ACR: c.ACR, AMR: c.AMR,
		JTI: c.JTI, Actor: c.Actor, Extra: c.extra, Claims: c.Claims,
	}
	if c.Confirm != nil {
		b.Confirmation = *c.Confirm
	}
	return b, nil
}

// unknown makes the absence of something that a token names a refusal of it.
func unknown(err error) error {
	if identity.KindOf(err) == identity.NotFound {
		return refused()
	}
	return err
}

// alive asks in one statement whether everything that a token hangs on lives. Of
// a token of an app that acts for itself it remembers the answer; see ownAge.
func (s *Service) alive(ctx context.Context, org identity.OrgID, hangs store.Bearer, now time.Time) error {
	own := hangs.User.IsZero() && hangs.Session.IsZero() && hangs.Grant.IsZero()
	mark := s.db.Mark(org) // before the database is asked
	if own {
		if last, ok := s.lived.Get(string(hangs.Revoked)); ok && last.mark == mark && !now.Before(last.at) && now.Sub(last.at) < ownAge {
			return nil
		}
	}
	var life store.Life
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		life, err = tx.Alive(ctx, org, hangs)
		return err
	})
	if err != nil {
		return fmt.Errorf("inspect a token: %w", err)
	}
	if !lives(life, now) {
		return refused()
	}
	if own {
		s.lived.Add(string(hangs.Revoked), seen{mark, now})
	}
	return nil
}

// seen says when a token was last seen alive, and at which mark of its
// organisation.
type seen struct {
	mark uint64
	at   time.Time
}

// ownAge bounds for how long a token of an app that acts for itself is believed
// without asking the database, unless this process has changed anything: apps ask
// thousands of questions a second with one token. Another process may have
// revoked it meanwhile.
const ownAge = time.Second

// believe returns what an access token says once its signature is verified, or
// its text found. Whether it is still alive is not looked at.
func (s *Service) believe(ctx context.Context, org identity.OrgID, text string) (*accessClaims, error) {
	if len(text) > maxText {
		return nil, refused()
	}
	hash := sha256.Sum256([]byte(text))
	if c, ok := s.read.Get(hash); ok && c.org == org {
		return c, s.stillKnown(ctx, c)
	}
	var c *accessClaims
	var err error
	if strings.HasPrefix(text, opaquePrefix) {
		c, err = s.find(ctx, org, text)
	} else {
		c, err = s.decipher(ctx, org, text)
	}
	if err != nil {
		return nil, err
	}
	c.org = org
	c.hash = s.revokedHash(org, c.JTI)
	if c.ids, err = s.idsOf(c); err != nil {
		return nil, err
	}
	s.read.Add(hash, c)
	return c, nil
}

// stillKnown checks what a remembered token's belief rests on: the key that
// signed it, and that its issuer has not moved.
func (s *Service) stillKnown(ctx context.Context, c *accessClaims) error {
	t, err := s.tenant(ctx, c.org)
	if err != nil {
		return unknown(err)
	}
	if c.Issuer != t.issuer {
		return refused()
	}
	if c.kid == "" {
		return nil
	}
	now := s.now()
	if !slices.ContainsFunc(t.keys, func(k identity.SigningKey) bool { return k.ID == c.kid && stateOf(k, now) != KeyGone }) {
		return refused()
	}
	return nil
}

// decipher verifies an access token that is a JWT.
func (s *Service) decipher(ctx context.Context, org identity.OrgID, text string) (*accessClaims, error) {
	t, err := s.tenant(ctx, org)
	if err != nil {
		return nil, unknown(err)
	}
	v, err := s.verify(t, text, []string{TypeAccess})
	if err != nil {
		return nil, err
	}
	c, err := decodeAccess(v.Raw)
	if err != nil || c.Issuer != t.issuer || c.Org != org.String() {
		return nil, refused()
	}
	c.kid = v.KeyID
	return c, nil
}

// find reads an opaque access token.
func (s *Service) find(ctx context.Context, org identity.OrgID, text string) (*accessClaims, error) {
	if of, ok := orgOfOpaque(text); !ok || of != org {
		return nil, refused()
	}
	t, err := s.tenant(ctx, org)
	if err != nil {
		return nil, unknown(err)
	}
	var a identity.Artefact
	err = s.db.View(ctx, func(tx *store.Tx) error {
		a, err = tx.Artefact(ctx, org, accessKind, s.opaqueHash(text))
		return err
	})
	if err != nil {
		return nil, unknown(err)
	}
	c, err := decodeAccess(a.Data)
	if err != nil {
		return nil, fmt.Errorf("read an access token: %w", err)
	}
	if c.Issuer != t.issuer || !a.Consumed.IsZero() {
		return nil, refused()
	}
	return c, nil
}

func (s *Service) revokedHash(org identity.OrgID, jti string) []byte {
	return secret.MAC(s.revokedKey, append(org[:], jti...))
}

// idsOf reads the ids in a token.
func (s *Service) idsOf(c *accessClaims) (out ids, err error) {
	read := func(text string, into *identity.ID) {
		if text == "" || err != nil {
			return
		}
		id, ok := identity.ParseID(text)
		if !ok {
			err = refused()
		}
		*into = id
	}
	read(c.Grant, &out.grant)
	read(c.Session, &out.session)
	switch {
	case c.User != "":
		sealed, bad := encoding.DecodeString(c.User)
		if bad != nil {
			return out, refused()
		}
		plain, bad := s.keys.Open(userPurpose(c.org), sealed)
		if bad != nil || len(plain) != len(out.user) {
			return out, refused()
		}
		out.user = identity.ID(plain)
	case c.Subject != c.ClientID:
		// An app's name is never an id; it stands here when the token of one app was
		// exchanged by another.
		out.user, _ = identity.ParseID(c.Subject)
	}
	return out, err
}

// Introspect is Inspect for the endpoint of RFC 7662: it reads refresh tokens
// too, and answers an app only of tokens that were issued to it or are meant for
// it. Every other text is Unauthenticated, to be answered "active":false.
func (s *Service) Introspect(ctx context.Context, app *identity.App, text string) (*Bearer, error) {
	if strings.HasPrefix(text, refreshPrefix) {
		return s.inspectRefresh(ctx, app, text)
	}
	b, err := s.Inspect(ctx, app.Org, text)
	if err != nil {
		return nil, err
	}
	meant := func(aud string) bool { return aud == app.ClientID || slices.Contains(app.Resources, aud) }
	if b.ClientID != app.ClientID && (app.Public() || !slices.ContainsFunc(b.Audience, meant)) {
		return nil, refused()
	}
	return b, nil
}

func (s *Service) inspectRefresh(ctx context.Context, app *identity.App, text string) (*Bearer, error) {
	t, g, ok, err := s.genuine(ctx, app, text)
	if err != nil {
		return nil, err
	}
	now := s.now()
	if !ok || !usable(g, now) || rotates(app) && t.generation != g.Generation {
		return nil, refused()
	}
	var a Authorization
	if err := json.Unmarshal(g.Data, &a); err != nil {
		return nil, fmt.Errorf("read grant %s: %w", g.ID, err)
	}
	r, err := s.begin(ctx, Request{Org: identity.Organisation{ID: g.Org}, App: app})
	if _, ok := errors.AsType[*Error](err); ok {
		return nil, refused()
	}
	if err != nil {
		return nil, err
	}
	if err := s.alive(ctx, g.Org, store.Bearer{Grant: g.ID, Session: g.Session, User: g.User}, now); err != nil {
		return nil, err
	}
	return &Bearer{
		Org: r.Org, App: r.App, User: g.User, Session: g.Session, Grant: g.ID, Kind: RefreshToken,
		Issuer: r.tenant.issuer, Subject: s.subject(r.App, &a), ClientID: r.App.ClientID, Scopes: a.Scopes,
		Audience: []string{r.tenant.issuer}, Issued: g.Rotated, Expires: g.Idle, AuthTime: a.AuthTime, ACR: a.ACR, AMR: a.AMR,
		Confirmation: a.Confirmation, Actor: a.Actor, Extra: a.Extra,
	}, nil
}
