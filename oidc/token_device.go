package oidc

import (
	"net/http"

	"github.com/muster-id/muster/token"
)

// deviceGrant gives a device its tokens when a person has let it in.
func (p *Provider) deviceGrant(r *http.Request, c *caller) (token.Response, error) {
	code, err := c.need("device_code")
	if err != nil {
		return token.Response{}, err
	}
	allowed, err := p.requests.Poll(r.Context(), c.org, c.App, code)
	if err != nil {
		return token.Response{}, err
	}
	a := *allowed
	a.Confirmation = c.cnf
	return p.tokens.Issue(r.Context(), token.Request{Org: c.org, App: c.App, Authorization: a, IDToken: true})
}
