package oidc

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/token"
)

// The types of token of RFC 8693 section 3 that we take or give.
const (
	typeAccessToken = "urn:ietf:params:oauth:token-type:access_token"
	typeIDToken     = "urn:ietf:params:oauth:token-type:id_token"
	typeJWT         = "urn:ietf:params:oauth:token-type:jwt"
)

// forUsers stands in identity.App.Exchange of apps that may act for any user of
// their organisation, see assertionGrant. It is no audience.
const forUsers = "users"

// A subject is what a subject token says.
type subject struct {
	authorization token.Authorization
	within        identity.ID
	expires       time.Time
	scopes        []string // that can be handed on
}

// exchangeGrant gives an app a token for an audience in exchange for a token
// that was issued to it or is meant for it. The new token says who acts; it
// never allows more than the old one, lives no longer, and ends with its grant.
func (p *Provider) exchangeGrant(r *http.Request, c *caller) (token.Response, error) {
	if c.App.Public() || len(c.App.Exchange) == 0 {
		return token.Response{}, token.NewError(token.Unauthorized, "The app may not exchange tokens.")
	}
	switch c.form.Get("requested_token_type") {
	case "", typeAccessToken:
	default:
		return token.Response{}, token.NewError(token.InvalidRequest, "Only access tokens are given in exchange.")
	}
	targets, err := exchangeTargets(c)
	if err != nil {
		return token.Response{}, err
	}
	s, err := p.subjectToken(r, c)
	if err != nil {
		return token.Response{}, err
	}
	a := s.authorization
	if a.Actor, err = p.actor(r, c, a.Actor); err != nil {
		return token.Response{}, err
	}
	if a.Scopes = c.scopes(); a.Scopes == nil {
		a.Scopes = s.scopes
	} else if !within(a.Scopes, s.scopes) {
		return token.Response{}, token.NewError(token.InvalidScope, "The token or the app does not cover one of these scopes.")
	}
	a.App, a.Resources, a.Confirmation = c.App.ID, targets, c.cnf
	left := s.expires.Sub(p.now())
	if left <= 0 {
		return token.Response{}, errSubject
	}
	return p.tokens.Issue(r.Context(), token.Request{Org: c.org, App: c.App, Authorization: a, Within: s.within, Lifetime: left})
}

var errSubject = token.NewError(token.InvalidRequest, "The subject token is not valid for this app.")

// exchangeTargets returns the audiences asked for, each of which the app must
// have been given. An app with one of them need not name it.
func exchangeTargets(c *caller) ([]string, error) {
	for _, text := range c.form["resource"] {
		if err := checkTarget(text); err != nil {
			return nil, err
		}
	}
	targets := slices.Concat(c.form["resource"], c.form["audience"])
	own := slices.DeleteFunc(slices.Clone(c.App.Exchange), func(s string) bool { return s == forUsers })
	if len(own) == 0 {
		return nil, token.NewError(token.Unauthorized, "The app may not exchange tokens.")
	}
	if len(targets) == 0 && len(own) == 1 {
		return own, nil
	}
	if len(targets) == 0 || !within(targets, own) {
		return nil, token.NewError(token.InvalidTarget, "The app may not exchange tokens for this audience.")
	}
	return targets, nil
}

func (p *Provider) subjectToken(r *http.Request, c *caller) (subject, error) {
	text, err := c.need("subject_token")
	if err != nil {
		return subject{}, err
	}
	kind, err := c.need("subject_token_type")
	if err != nil {
		return subject{}, err
	}
	switch kind {
	case typeAccessToken, typeJWT:
		return p.accessSubject(r, c, text)
	case typeIDToken:
		return p.idSubject(r, c, text)
	}
	return subject{}, token.NewError(token.InvalidRequest, "Subject tokens are access tokens or ID tokens.")
}

func (p *Provider) accessSubject(r *http.Request, c *caller, text string) (subject, error) {
	b, err := p.presented(r, c, text)
	if err != nil {
		return subject{}, err
	}
	a := token.Authorization{User: b.User, Session: b.Session, AuthTime: b.AuthTime, ACR: b.ACR, AMR: b.AMR, Actor: b.Actor, Extra: b.Carried()}
	if b.User.IsZero() {
		a.Subject = b.Subject
	}
	return subject{authorization: a, within: b.Grant, expires: b.Expires, scopes: slices.DeleteFunc(slices.Clone(b.Scopes), func(s string) bool { return !request.MayAsk(c.App, s) })}, nil
}

// presented reads an access token that the app holds by right: one that was
// issued to it or is meant for it.
func (p *Provider) presented(r *http.Request, c *caller, text string) (*token.Bearer, error) {
	b, err := p.tokens.Introspect(r.Context(), c.App, text)
	if identity.KindOf(err) == identity.Unauthenticated || err == nil && b.Kind != token.AccessToken {
		return nil, errSubject
	}
	return b, err
}

// idSubject reads an ID token of the app itself. It carries no scopes: the app
// may ask for those that the person has allowed it and that need no trust.
func (p *Provider) idSubject(r *http.Request, c *caller, text string) (subject, error) {
	v, err := p.tokens.VerifyOwn(r.Context(), c.org.ID, text, token.TypeID)
	if identity.KindOf(err) == identity.Unauthenticated {
		return subject{}, errSubject
	}
	if err != nil {
		return subject{}, err
	}
	var id struct {
		Subject  string `json:"sub"`
		Audience any    `json:"aud"`
		Expires  int64  `json:"exp"`
		AuthTime int64  `json:"auth_time"`
		ACR      string `json:"acr"`
		Session  string `json:"sid"`
	}
	if err := json.Unmarshal(v.Raw, &id); err != nil || id.Audience != any(c.App.ClientID) || id.Expires == 0 {
		return subject{}, errSubject
	}
	user, ok := identity.ParseID(id.Subject)
	if !ok {
		return subject{}, token.NewError(token.InvalidRequest, "The subject of this ID token cannot be exchanged: it is pairwise.")
	}
	session, _ := identity.ParseID(id.Session)
	s := subject{expires: time.Unix(id.Expires, 0), scopes: slices.DeleteFunc(slices.Clone(c.App.Scopes), entrusted)}
	if !c.App.Trusted {
		allowed, err := p.requests.Consented(r.Context(), c.org.ID, user, c.App.ID)
		if err != nil {
			return subject{}, err
		}
		if len(allowed) == 0 {
			return subject{}, errSubject // what was allowed has been taken back
		}
		s.scopes = slices.DeleteFunc(s.scopes, func(name string) bool { return !slices.Contains(allowed, name) })
	}
	s.authorization = token.Authorization{User: user, Session: session, ACR: id.ACR}
	if id.AuthTime != 0 {
		s.authorization.AuthTime = time.Unix(id.AuthTime, 0)
	}
	return s, nil
}

// actor returns who will act: the subject of the actor token, or the app.
func (p *Provider) actor(r *http.Request, c *caller, before *token.Act) (*token.Act, error) {
	text, kind := c.form.Get("actor_token"), c.form.Get("actor_token_type")
	switch {
	case text == "" && kind == "":
		return token.Delegate(before, c.App.ClientID, c.App.ClientID)
	case text == "" || kind != typeAccessToken && kind != typeJWT:
		return nil, token.NewError(token.InvalidRequest, "An actor token is an access token, and comes with its type.")
	}
	b, err := p.presented(r, c, text)
	if err != nil {
		return nil, err
	}
	return token.Delegate(before, b.Subject, b.ClientID)
}
