package oidc

import (
	"net/http"
	"slices"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// forPeople are scopes that mean nothing for an app that acts for itself.
var forPeople = []string{"openid", "offline_access", "online_access"}

// clientCredentialsGrant gives an app a token for itself. If it names no scopes
// it gets all that it was given.
func (p *Provider) clientCredentialsGrant(r *http.Request, c *caller) (token.Response, error) {
	if c.App.Public() {
		return token.Response{}, token.NewError(token.Unauthorized, "The app has not proved who it is.")
	}
	return p.serveItself(r, c)
}

// serveItself issues a token in which the app is the subject. There is no ID
// token, and no refresh token (RFC 6749 section 4.4.3).
func (p *Provider) serveItself(r *http.Request, c *caller) (token.Response, error) {
	scopes := c.scopes()
	if err := mayAsk(c.App, scopes); err != nil {
		return token.Response{}, err
	}
	if scopes == nil {
		scopes = c.App.Scopes
	}
	targets, err := p.resources(c)
	if err != nil {
		return token.Response{}, err
	}
	return p.tokens.Issue(r.Context(), token.Request{Org: c.org, App: c.App, Authorization: token.Authorization{
		App: c.App.ID, Scopes: withoutPeople(scopes), Resources: targets, Confirmation: c.cnf,
	}})
}

func withoutPeople(scopes []string) []string {
	if !slices.ContainsFunc(scopes, isForPeople) {
		return scopes
	}
	return slices.DeleteFunc(slices.Clone(scopes), isForPeople)
}

func isForPeople(name string) bool { return slices.Contains(forPeople, name) }

// entrusted reports whether a scope works only for those who were entrusted
// with it.
func entrusted(name string) bool {
	s, ok := identity.ScopeNamed(name)
	return ok && s.Privileged
}
