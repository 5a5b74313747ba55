package oidc

import (
	"math"
	"net"
	"net/http"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
)

// passwordGrant gives an app tokens for a name and a password. OAuth 2.1 has
// done away with it; an organisation has to switch it on among its legacies.
// Failures count with those of every other way in, and a person for whom the
// password is not enough cannot use it.
func (p *Provider) passwordGrant(r *http.Request, c *caller) (token.Response, error) {
	settings, err := p.apps.Provider(r.Context(), c.org.ID)
	if err != nil {
		return token.Response{}, err
	}
	if !settings.Legacy.Password || c.App.FAPI {
		return token.Response{}, &oauthError{Code: "unsupported_grant_type", Description: "The grant type is switched off."}
	}
	name, err := c.need("username")
	if err != nil {
		return token.Response{}, err
	}
	password, err := c.need("password")
	if err != nil {
		return token.Response{}, err
	}
	scopes := c.scopes()
	if err := mayAsk(c.App, scopes); err != nil {
		return token.Response{}, err
	}
	targets, err := p.resources(c)
	if err != nil {
		return token.Response{}, err
	}
	user, err := p.signin.CheckPassword(r.Context(), c.org.ID, name, password, p.remote(r))
	if k := identity.KindOf(err); k == identity.Unauthenticated || k == identity.Denied {
		return token.Response{}, token.NewError(token.InvalidGrant, "The name or the password is wrong, or they are not enough.")
	}
	if wait := signin.RetryAfter(err); wait > 0 {
		e := *asOAuth(err)
		e.Retry = int(math.Ceil(wait.Seconds()))
		return token.Response{}, &e
	}
	if err != nil {
		return token.Response{}, err
	}
	return p.tokens.Issue(r.Context(), token.Request{Org: c.org, App: c.App, IDToken: true, Authorization: token.Authorization{
		App: c.App.ID, User: user, Scopes: scopes, Resources: targets, AuthTime: p.now(), AMR: []string{"pwd"},
		Confirmation: c.cnf, Refresh: c.App.Allows(identity.GrantRefresh), Offline: true,
	}})
}

// remoteAddress returns the address of the peer without its port.
func remoteAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
