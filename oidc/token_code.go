package oidc

import (
	"net/http"

	"github.com/muster-id/muster/token"
)

// codeGrant redeems the code of an authorization.
func (p *Provider) codeGrant(r *http.Request, c *caller) (token.Response, error) {
	text, err := c.need("code")
	if err != nil {
		return token.Response{}, err
	}
	narrowed, err := p.resources(c)
	if err != nil {
		return token.Response{}, err
	}
	code, err := p.tokens.RedeemCode(r.Context(), c.App, token.Redemption{
		Code: text, RedirectURI: c.form.Get("redirect_uri"), Verifier: c.form.Get("code_verifier"), Confirmation: c.cnf,
	})
	if err != nil {
		return token.Response{}, err
	}
	a := code.Authorization
	a.Confirmation = c.cnf
	if len(narrowed) > 0 {
		granted := a.Resources
		if len(granted) == 0 {
			granted = []string{p.issuer(c.org)}
		}
		if !within(narrowed, granted) {
			return token.Response{}, token.NewError(token.InvalidTarget, "The authorization does not cover this resource.")
		}
		a.Resources = narrowed
	}
	return p.tokens.Issue(r.Context(), token.Request{
		Org: c.org, App: c.App, Authorization: a, Grant: code.Grant, IDToken: true,
	})
}
