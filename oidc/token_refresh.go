package oidc

import (
	"net/http"
	"slices"

	"github.com/muster-id/muster/token"
)

// refreshGrant renews the tokens of a grant. The app may ask for less than was
// granted, for this access token alone.
func (p *Provider) refreshGrant(r *http.Request, c *caller) (token.Response, error) {
	text, err := c.need("refresh_token")
	if err != nil {
		return token.Response{}, err
	}
	for _, target := range c.form["resource"] {
		if err := checkTarget(target); err != nil {
			return token.Response{}, err
		}
	}
	return p.tokens.Refresh(r.Context(), c.App, token.Renewal{
		Token: text, Scopes: c.scopes(), Resources: c.form["resource"], Confirmation: c.cnf,
	})
}

// within reports whether every one of some is among all.
func within(some, all []string) bool {
	for _, s := range some {
		if !slices.Contains(all, s) {
			return false
		}
	}
	return true
}
