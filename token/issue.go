package token

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// A Request asks for tokens.
type Request struct {
	Org           identity.Organisation
	App           *identity.App
	Authorization Authorization
	// Grant is that of RedeemCode or of an earlier Issue. Zero makes a new one,
	// except for an app that acts for itself, which has none unless
	// Authorization.Refresh is set.
	Grant identity.ID
	// Fresh is the id that a new grant gets; zero: any. A code that stands beside
	// tokens in one answer names the grant before it is made.
	Fresh identity.ID
	// Within is the grant of a token that was exchanged: the new token has no grant
	// of its own and ends with that one.
	Within identity.ID
	// NoAccessToken leaves the access token out; the claims of the scopes stand in
	// the ID token then, unless a code beside it leads to an access token (OpenID
	// Connect Core section 5.4).
	NoAccessToken bool
	// IDToken asks for an ID token, if the scopes hold "openid".
	IDToken bool
	// Front says that the answer goes through the browser: no refresh token.
	Front bool
	Code  string // beside which the ID token stands: c_hash
	State string // beside which the ID token stands: s_hash
	// Lifetime shortens the life of the access token; zero leaves it.
	Lifetime time.Duration
	// IDClaims are claims that the door adds to the ID token.
	IDClaims map[string]any
}

// A Response is the answer of the token endpoint (RFC 6749 section 5.1).
type Response struct {
	AccessToken  string
	TokenType    string // "Bearer" or "DPoP"
	ExpiresIn    time.Duration
	RefreshToken string
	IDToken      string
	Scopes       []string
	Grant        identity.ID // zero: none
	Session      identity.ID
	JTI          string // of the access token
}

// A batch is a Request on its way to a Response.
type batch struct {
	Request
	tenant  *tenant
	now     time.Time
	access  time.Duration // how long the tokens live
	idle    time.Duration
	length  time.Duration
	subject string
	grant   identity.Grant // zero: none
	fresh   bool           // the grant is yet to be stored
	opaque  *identity.Artefact
	claims  map[string]any // of the person, for the ID token
	roles   map[string]any // of the person, for the access token
	out     Response
}

// idTokenLife is how long an ID token may be believed.
const idTokenLife = time.Hour

// Issue makes tokens. It reads user, app and organisation at this moment; if one
// of them is gone or disabled, or the grant has ended, the error is an *Error
// with InvalidGrant.
func (s *Service) Issue(ctx context.Context, r Request) (Response, error) {
	b, err := s.begin(ctx, r)
	if err != nil {
		return Response{}, err
	}
	if !r.Grant.IsZero() {
		if b.grant, err = s.grant(ctx, r.Org.ID, r.Grant); err != nil {
			return Response{}, err
		}
	}
	return s.issue(ctx, b)
}

// issue makes the tokens of a batch, whose grant, if it has one already, is
// there.
func (s *Service) issue(ctx context.Context, b *batch) (Response, error) {
	if err := s.settle(b); err != nil {
		return Response{}, err
	}
	if err := s.look(ctx, b); err != nil {
		return Response{}, err
	}
	if err := s.make(ctx, b); err != nil {
		return Response{}, err
	}
	if !b.fresh && b.opaque == nil {
		return b.out, nil
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if b.fresh {
			if err := tx.InsertGrant(ctx, b.grant); err != nil {
				return err
			}
		}
		if b.opaque == nil {
			return nil
		}
		return tx.PutArtefact(ctx, *b.opaque)
	})
	if err != nil {
		return Response{}, fmt.Errorf("issue tokens: %w", err)
	}
	return b.out, nil
}

// begin reads organisation and app as they are now, and how long tokens live.
func (s *Service) begin(ctx context.Context, r Request) (*batch, error) {
	b := &batch{Request: r, now: s.now()}
	var err error
	if b.tenant, err = s.tenant(ctx, r.Org.ID); identity.KindOf(err) == identity.NotFound {
		return nil, NewError(InvalidGrant, "The organisation is gone.")
	} else if err != nil {
		return nil, err
	}
	app, err := s.apps.ByID(ctx, r.Org.ID, r.App.ID)
	if identity.KindOf(err) == identity.NotFound || err == nil && app.Disabled {
		return nil, NewError(InvalidGrant, "The app is disabled.")
	}
	if err != nil {
		return nil, err
	}
	p, err := s.apps.Provider(ctx, r.Org.ID)
	if err != nil {
		return nil, err
	}
	b.App, b.Org = app, b.tenant.org
	b.access = length(app.AccessTokenSeconds, p.AccessTokenSeconds)
	if r.Lifetime > 0 {
		b.access = min(b.access, r.Lifetime)
	}
	b.idle = length(0, p.RefreshIdleSeconds)
	b.length = length(app.RefreshTokenSeconds, p.RefreshLengthSeconds)
	return b, nil
}

func length(own, general int64) time.Duration {
	if own > 0 {
		general = own
	}
	return time.Duration(general) * time.Second
}

// settle checks what the request says and gives it a grant if it needs one.
func (s *Service) settle(b *batch) error {
	a := &b.Authorization
	if a.App.IsZero() {
		a.App = b.App.ID
	}
	if a.App != b.App.ID {
		return NewError(InvalidGrant, "The grant belongs to another app.")
	}
	if err := checkBound(b); err != nil {
		return err
	}
	// What the app may no longer ask for is gone.
	a.Scopes = slices.DeleteFunc(slices.Clone(a.Scopes), func(name string) bool { return !mayAsk(b.App, name) })
	b.subject = s.subject(b.App, a)
	switch {
	case !b.grant.ID.IsZero():
		if b.grant.App != b.App.ID || b.grant.User != a.User {
			return NewError(InvalidGrant, "The grant belongs to another app.")
		}
	case !b.Within.IsZero(), a.User.IsZero() && !a.Refresh:
		// The life of the token hangs on another grant, or on none.
	default:
		if b.Fresh.IsZero() {
			b.Fresh = identity.NewID()
		}
		g, err := newGrant(b.Org.ID, b.Fresh, *a, b.now, b.idle, b.length)
		if err != nil {
			return err
		}
		b.grant, b.fresh = g, true
	}
	return nil
}

// mayAsk reports whether an app may ask for a scope. Privileged ones must be
// named in its settings.
func mayAsk(app *identity.App, name string) bool {
	if len(app.Scopes) > 0 {
		return slices.Contains(app.Scopes, name)
	}
	scope, _ := identity.ScopeNamed(name)
	return !scope.Privileged
}

// checkBound holds apps to the binding that they are registered with.
func checkBound(b *batch) error {
	cnf := b.Authorization.Confirmation
	switch {
	case b.NoAccessToken:
		return nil
	case b.App.DPoPBound && cnf.JKT == "":
		return NewError(InvalidProof, "The app needs a DPoP proof to get a token.")
	case b.App.CertificateBound && cnf.X5T == "":
		return NewError(InvalidRequest, "The app needs its client certificate to get a token.")
	case b.App.FAPI && cnf == Confirmation{}:
		return NewError(InvalidRequest, "The app needs a DPoP proof or a client certificate to get a token.")
	}
	return nil
}

// subject is the sub of the tokens.
func (s *Service) subject(app *identity.App, a *Authorization) string {
	switch {
	case a.Subject != "":
		return a.Subject
	case a.User.IsZero():
		return app.ClientID
	}
	return claims.Subject(s.keys, app, a.User)
}

// newGrant makes the row of a grant.
func newGrant(org identity.OrgID, id identity.ID, a Authorization, now time.Time, idle, length time.Duration) (identity.Grant, error) {
	data, err := json.Marshal(a)
	if err != nil {
		return identity.Grant{}, fmt.Errorf("make a grant: %w", err)
	}
	g := identity.Grant{
		Org: org, ID: id, App: a.App, User: a.User, Created: now,
		Idle: now.Add(length), Expires: now.Add(length), Rotated: now, Secret: make([]byte, 32), Data: data,
	}
	rand.Read(g.Secret) // never fails (crypto/rand)
	if !a.Offline {
		g.Session = a.Session
	}
	if a.Refresh {
		g.Generation = 1
		g.Idle = now.Add(min(idle, length))
	}
	return g, nil
}

// grant reads a grant; one that is not there is InvalidGrant.
func (s *Service) grant(ctx context.Context, org identity.OrgID, id identity.ID) (g identity.Grant, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		g, err = tx.Grant(ctx, org, id)
		return err
	})
	if identity.KindOf(err) == identity.NotFound {
		return g, NewError(InvalidGrant, "The grant is gone.")
	}
	return g, err
}

// look asks the database whether everything that the tokens hang on is alive, and
// reads the claims of the ID token.
func (s *Service) look(ctx context.Context, b *batch) error {
	a := b.Authorization
	if a.User.IsZero() && b.grant.ID.IsZero() && b.Within.IsZero() {
		return nil // an app for itself; begin has looked at it
	}
	hangs := store.Bearer{User: a.User, Grant: b.Within}
	if !b.fresh && !b.grant.ID.IsZero() {
		hangs.Grant = b.grant.ID
	}
	if !a.Offline {
		hangs.Session = a.Session
	}
	want, err := s.want(ctx, b)
	if err != nil {
		return err
	}
	var life store.Life
	allowed := true
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		if life, err = tx.Alive(ctx, b.Org.ID, hangs); err != nil || !lives(life, b.now) {
			return err
		}
		if allowed, err = mayUse(ctx, tx, b.App, a.User); err != nil || !allowed {
			return err
		}
		if len(want.Scopes) == 0 && len(want.Asked) == 0 {
			return nil
		}
		p, err := s.claims.Load(ctx, tx, b.Org, a.User, want)
		if err != nil {
			return err
		}
		b.claims = p.Claims()
		return nil
	})
	switch {
	case identity.KindOf(err) == identity.NotFound:
		return NewError(InvalidGrant, "The user is gone.")
	case err != nil:
		return err
	case !lives(life, b.now):
		return NewError(InvalidGrant, "The grant has ended.")
	case !allowed:
		return NewError(InvalidGrant, "The user may not use the app.")
	}
	return nil
}

// want is what the ID token tells of the person; nothing where there is none.
// Beside it the roles are read, for the access token.
func (s *Service) want(ctx context.Context, b *batch) (want claims.Want, err error) {
	a := b.Authorization
	if a.User.IsZero() {
		return want, nil
	}
	if !b.NoAccessToken && slices.Contains(a.Scopes, rolesScope) {
		if b.roles, err = s.claims.ByRoles(ctx, b.Org.ID, a.User); err != nil {
			return want, err
		}
	}
	if !b.wantsIDToken() {
		return want, nil
	}
	if a.Claims != nil {
		want.Asked = a.Claims.IDToken
	}
	if b.NoAccessToken && b.Code == "" {
		want.Scopes = a.Scopes
	} else {
		for _, scope := range []string{groupsScope, rolesScope} {
			if slices.Contains(a.Scopes, scope) {
				want.Scopes = append(want.Scopes, scope)
			}
		}
	}
	return s.claims.Prepare(ctx, b.Org.ID, a.User, want)
}

func (b *batch) wantsIDToken() bool {
	return b.IDToken && !b.Authorization.User.IsZero() && slices.Contains(b.Authorization.Scopes, "openid")
}

// lives reports whether all of a life is alive at a time.
func lives(l store.Life, now time.Time) bool {
	over := func(t time.Time) bool { return !t.IsZero() && !now.Before(t) }
	return l.GrantAlive && l.SessionAlive && l.UserActive && !l.Revoked &&
		!over(l.GrantExpires) && !over(l.SessionIdle) && !over(l.SessionExpires)
}

// mayUse reports whether a user belongs to those who may use an app: everybody,
// or the members of its groups, also through other groups.
func mayUse(ctx context.Context, tx *store.Tx, app *identity.App, user identity.ID) (bool, error) {
	if len(app.Groups) == 0 || user.IsZero() {
		return true, nil
	}
	groups, err := tx.Groups(ctx, app.Org, user)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(groups, func(g store.GroupRow) bool { return slices.Contains(app.Groups, g.ID.String()) }), nil
}

// make writes the tokens.
func (s *Service) make(ctx context.Context, b *batch) error {
	b.out = Response{Scopes: b.Authorization.Scopes, Grant: b.grant.ID, Session: b.Authorization.Session}
	if !b.NoAccessToken {
		if err := s.makeAccess(ctx, b); err != nil {
			return err
		}
	}
	if b.grant.Generation > 0 && !b.Front {
		b.out.RefreshToken = s.refreshText(b.grant, b.grant.Generation)
	}
	if !b.wantsIDToken() {
		return nil
	}
	return s.makeID(ctx, b)
}

// extra are the claims of the access token that others answer for: those that a
// door added, and those of the person's roles as they are now.
func (b *batch) extra() map[string]any {
	if len(b.roles) == 0 {
		return b.Authorization.Extra
	}
	out := map[string]any{}
	maps.Copy(out, b.Authorization.Extra)
	maps.Copy(out, b.roles)
	return out
}

// makeAccess makes the access token: a JWT, which costs no write, or an opaque
// text, which is stored.
func (s *Service) makeAccess(ctx context.Context, b *batch) error {
	c := s.accessClaims(b)
	text, err := c.encode(b.extra())
	if err != nil {
		return fmt.Errorf("issue an access token: %w", err)
	}
	b.out.TokenType, b.out.JTI = "Bearer", c.JTI
	if c.Confirm != nil && c.Confirm.JKT != "" {
		b.out.TokenType = "DPoP"
	}
	b.out.ExpiresIn = time.Duration(c.Expires-c.Issued) * time.Second
	if b.App.OpaqueAccessToken {
		b.out.AccessToken = newOpaque(b.Org.ID)
		b.opaque = &identity.Artefact{
			Org: b.Org.ID, Kind: accessKind, Hash: s.opaqueHash(b.out.AccessToken), Subject: b.Authorization.User,
			Created: b.now, Expires: moment(c.Expires), Data: text,
		}
		return nil
	}
	b.out.AccessToken, err = s.Sign(ctx, b.Org.ID, chosen(b.App.AccessTokenAlg, DefaultAlgorithm), TypeAccess, text)
	return err
}

func (s *Service) accessClaims(b *batch) *accessClaims {
	a := b.Authorization
	expires := b.now.Add(b.access)
	if !b.grant.Expires.IsZero() && b.grant.Expires.Before(expires) {
		expires = b.grant.Expires
	}
	c := &accessClaims{
		Issuer: b.tenant.issuer, Subject: b.subject, Audience: b.audience(), ClientID: b.App.ClientID,
		Issued: b.now.Unix(), Expires: expires.Unix(), JTI: identity.NewID().String(),
		Scope: strings.Join(a.Scopes, " "), Org: b.Org.ID.String(),
		AuthTime: seconds(a.AuthTime), ACR: a.ACR, AMR: a.AMR, Actor: a.Actor,
	}
	if a.Confirmation != (Confirmation{}) {
		c.Confirm = &a.Confirmation
	}
	if grant := b.grant.ID; !grant.IsZero() {
		c.Grant = grant.String()
	} else if !b.Within.IsZero() {
		c.Grant = b.Within.String()
	}
	if !a.Session.IsZero() && !a.Offline {
		c.Session = a.Session.String()
	}
	if !a.User.IsZero() && c.Subject != a.User.String() {
		c.User = encoding.EncodeToString(s.keys.Seal(userPurpose(b.Org.ID), a.User[:]))
	}
	if b.App.ScopesClaim {
		c.Scopes = a.Scopes
	}
	if a.Claims != nil && len(a.Claims.UserInfo) > 0 {
		c.Claims = &claims.Parameter{UserInfo: a.Claims.UserInfo}
	}
	return c
}

func userPurpose(org identity.OrgID) string { return "user of a token " + org.String() }

// audience is whom the access token is for: the resources asked for, and us, so
// that UserInfo works with every token of a sign-in.
func (b *batch) audience() audience {
	list := slices.Clone(b.Authorization.Resources)
	if len(list) == 0 || slices.Contains(b.Authorization.Scopes, "openid") && !slices.Contains(list, b.tenant.issuer) {
		list = append(list, b.tenant.issuer)
	}
	return list
}

// chosen is an algorithm that somebody chose, or the usual one.
func chosen(alg, usual string) string {
	if slices.Contains(Algorithms, alg) {
		return alg
	}
	return usual
}
