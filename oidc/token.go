package oidc

import (
	"errors"
	"net/http"
	"strings"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// A grant answers one grant type at the token endpoint. The app has proved who
// it is and may use the grant type; confirm has run.
type grant func(p *Provider, r *http.Request, c *caller) (token.Response, error)

// grants are the grant types of the token endpoint. Each says at which place it
// stands in RFCs.
var grants = map[string]grant{
	identity.GrantCode:              (*Provider).codeGrant,              // RFC 6749 section 4.1.3
	identity.GrantRefresh:           (*Provider).refreshGrant,           // RFC 6749 section 6
	identity.GrantClientCredentials: (*Provider).clientCredentialsGrant, // RFC 6749 section 4.4
	identity.GrantDevice:            (*Provider).deviceGrant,            // RFC 8628 section 3.4
	identity.GrantExchange:          (*Provider).exchangeGrant,          // RFC 8693
	identity.GrantJWTBearer:         (*Provider).assertionGrant,         // RFC 7523 section 2.1
	identity.GrantPassword:          (*Provider).passwordGrant,          // RFC 6749 section 4.3
}

// tokenAnswer is the answer of the token endpoint.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	IssuedType   string `json:"issued_token_type,omitempty"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
}

// token gives tokens for a grant.
func (p *Provider) token(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	if r.Method == http.MethodOptions {
		p.preflight(w, r, org, "POST")
		return
	}
	p.allowOrigin(w, r, org, nil)
	form, err := readForm(w, r)
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	kind, lone := form.Get("grant_type"), false
	if kind == identity.GrantJWTBearer {
		form, lone = loneAssertion(r.Header, form)
	}
	c, err := p.authenticate(r, org, form)
	if err != nil {
		if _, ok := errors.AsType[*app.AuthError](err); ok && lone {
			err = errAssertion // RFC 7523 section 3.1: it was the grant that failed
		}
		p.writeError(w, r, err)
		return
	}
	p.allowOrigin(w, r, org, c.App)
	out, err := p.give(w, r, c, kind)
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	body := tokenAnswer{
		AccessToken: out.AccessToken, TokenType: out.TokenType, ExpiresIn: int64(out.ExpiresIn.Seconds()),
		RefreshToken: out.RefreshToken, IDToken: out.IDToken, Scope: strings.Join(out.Scopes, " "),
	}
	if kind == identity.GrantExchange {
		body.IssuedType = typeAccessToken
	}
	writeJSON(w, http.StatusOK, body)
}

func (p *Provider) give(w http.ResponseWriter, r *http.Request, c *caller, kind string) (token.Response, error) {
	do, ok := grants[kind]
	switch {
	case kind == "":
		return token.Response{}, token.NewError(token.InvalidRequest, "The parameter grant_type is missing.")
	case !ok:
		return token.Response{}, &oauthError{Code: "unsupported_grant_type", Description: "There is no such grant type."}
	case !c.App.Allows(kind):
		return token.Response{}, token.NewError(token.Unauthorized, "The app may not use this grant type.")
	}
	if err := p.confirm(w, r, c); err != nil {
		return token.Response{}, err
	}
	return do(p, r, c)
}
