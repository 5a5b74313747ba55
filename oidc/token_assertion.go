package oidc

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/token"
)

// typeJWTBearer is the client assertion type of RFC 7523 section 2.2.
const typeJWTBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// How long an assertion for a user may live, and how far clocks may differ.
const (
	maxAssertion = 5 * time.Minute
	clockSkew    = 30 * time.Second
)

// loneAssertion lets a service account send nothing but its assertion (RFC 7523
// section 2.1): the assertion then is what authenticates the app, and is checked
// as any other, so that it can be used once. lone is false if there is more.
func loneAssertion(h http.Header, form url.Values) (out url.Values, lone bool) {
	if len(h["Authorization"]) > 0 || form.Has("client_id") || form.Has("client_assertion") || !form.Has("assertion") {
		return form, false
	}
	out = url.Values{}
	for name, list := range form {
		out[name] = list
	}
	out.Set("client_assertion", form.Get("assertion"))
	out.Set("client_assertion_type", typeJWTBearer)
	return out, true
}

// assertionGrant gives an app a token for a JWT that it signed with a key of its
// own (RFC 7523 section 2.1). The subject is the app itself, or a user of the
// organisation: that is for apps with "users" in identity.App.Exchange alone,
// for such an app can act for everybody. Scopes that need trust are not given
// for users, and the token says who acts.
func (p *Provider) assertionGrant(r *http.Request, c *caller) (token.Response, error) {
	text, err := c.need("assertion")
	if err != nil {
		return token.Response{}, err
	}
	if c.App.Public() {
		return token.Response{}, token.NewError(token.Unauthorized, "The app has not proved who it is.")
	}
	if c.form.Get("client_assertion") == text {
		return p.serveItself(r, c) // checked when the app was authenticated
	}
	said, err := p.assertion(r, c, text)
	if err != nil {
		return token.Response{}, err
	}
	if said.Subject == c.App.ClientID {
		return p.serveItself(r, c)
	}
	return p.serveUser(r, c, said.Subject)
}

func (p *Provider) serveUser(r *http.Request, c *caller, sub string) (token.Response, error) {
	user, ok := identity.ParseID(sub)
	if !within([]string{forUsers}, c.App.Exchange) {
		return token.Response{}, token.NewError(token.Unauthorized, "The app may not act for users.")
	}
	if !ok {
		return token.Response{}, errAssertion
	}
	var scopes []string
	for _, s := range c.scopes() {
		if !request.MayAsk(c.App, s) || entrusted(s) {
			return token.Response{}, token.NewError(token.InvalidScope, "The app may not ask for one of these scopes for users.")
		}
		scopes = append(scopes, s)
	}
	targets, err := p.resources(c)
	if err != nil {
		return token.Response{}, err
	}
	act, err := token.Delegate(nil, c.App.ClientID, c.App.ClientID)
	if err != nil {
		return token.Response{}, err
	}
	return p.tokens.Issue(r.Context(), token.Request{Org: c.org, App: c.App, Authorization: token.Authorization{
		App: c.App.ID, User: user, Scopes: scopes, Resources: targets, Confirmation: c.cnf, Actor: act,
	}})
}

var errAssertion = token.NewError(token.InvalidGrant, "The assertion is not valid.")

// An assertion is what the JWT of a grant says.
type assertion struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  any    `json:"aud"` // a string: RFC 10070 allows the issuer alone
	Expires   int64  `json:"exp"`
	NotBefore int64  `json:"nbf"`
	IssuedAt  int64  `json:"iat"`
	ID        string `json:"jti"`
}

// assertion reads an assertion that the app sent besides proving who it is.
func (p *Provider) assertion(r *http.Request, c *caller, text string) (assertion, error) {
	var said assertion
	v, err := p.apps.Verify(r.Context(), c.App, text, assertionAlgs(c.App)...)
	if k := identity.KindOf(err); k == identity.Unauthenticated || k == identity.Invalid {
		return said, errAssertion
	}
	if err != nil {
		return said, err
	}
	if err := json.Unmarshal(v.Payload, &said); err != nil {
		return said, errAssertion
	}
	now := p.now()
	exp := time.Unix(said.Expires, 0)
	switch {
	case v.Type != "" && v.Type != "JWT" && v.Type != "authorization-grant+jwt",
		said.Issuer != c.App.ClientID, said.Subject == "", said.ID == "",
		said.Audience != any(p.issuer(c.org)),
		!now.Before(exp.Add(clockSkew)), exp.After(now.Add(maxAssertion + clockSkew)),
		time.Unix(said.NotBefore, 0).After(now.Add(clockSkew)),
		time.Unix(said.IssuedAt, 0).After(now.Add(clockSkew)):
		return said, errAssertion
	}
	if err := p.tokens.UseOnce(r.Context(), c.org.ID, c.App.ID.String()+" "+said.ID, exp.Add(clockSkew)); err != nil {
		if identity.KindOf(err) == identity.Conflict {
			return said, errAssertion
		}
		return said, err
	}
	return said, nil
}

// assertionAlgs are the algorithms by which an app may sign.
func assertionAlgs(a *identity.App) []string {
	switch {
	case a.AuthAlg != "":
		return []string{a.AuthAlg}
	case a.FAPI:
		return []string{"ES256", "PS256", "EdDSA"}
	}
	return []string{"ES256", "PS256", "EdDSA", "RS256"}
}
