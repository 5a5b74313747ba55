package oidc

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// userinfo tells an app about the person who holds a token (OpenID Connect Core
// section 5.3). The token stands in the header Authorization, or in the form of
// a POST (RFC 6750 section 2.2); one in the URL is none.
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	if r.Method == http.MethodOptions {
		p.preflight(w, r, org, "GET, POST")
		return
	}
	p.allowOrigin(w, r, org, nil)
	b, err := p.bearer(w, r, org)
	if err != nil {
		p.writeError(w, r, challenge(err, r))
		return
	}
	p.allowOrigin(w, r, org, b.App)
	body, err := p.about(r, org, b)
	if err != nil {
		p.writeError(w, r, challenge(err, r))
		return
	}
	if b.App.UserInfoAlg == "" {
		writeJSON(w, http.StatusOK, body)
		return
	}
	body["iss"], body["aud"] = b.Issuer, b.ClientID
	text, err := p.tokens.Sign(r.Context(), org.ID, b.App.UserInfoAlg, token.TypeUserInfo, body)
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	writeJWT(w, "application/jwt", text)
}

// about returns the claims that a token opens.
func (p *Provider) about(r *http.Request, org identity.Organisation, b *token.Bearer) (map[string]any, error) {
	if b.User.IsZero() || !slices.Contains(b.Scopes, "openid") {
		return nil, &oauthError{Code: "insufficient_scope", Description: "The token needs the scope openid and a person.", Status: http.StatusForbidden}
	}
	want := claims.Want{Scopes: b.Scopes}
	if b.Claims != nil {
		want.Asked = b.Claims.UserInfo
	}
	body, err := p.claims.Of(r.Context(), org, b.User, want)
	switch identity.KindOf(err) {
	case identity.NotFound, identity.Denied:
		return nil, errToken
	}
	if err != nil {
		return nil, err
	}
	body["sub"] = b.Subject
	return body, nil
}

var (
	errNoToken  = &oauthError{Code: "invalid_token", Description: "The request needs an access token.", Status: http.StatusUnauthorized}
	errToken    = &oauthError{Code: "invalid_token", Description: "The access token is not valid.", Status: http.StatusUnauthorized}
	errTwoPlace = &oauthError{Code: "invalid_request", Description: "The access token stands in one place alone."}
)

// bearer finds the access token of a request and whether the request may use it.
func (p *Provider) bearer(w http.ResponseWriter, r *http.Request, org identity.Organisation) (*token.Bearer, error) {
	scheme, text, err := p.presentedToken(w, r)
	if err != nil {
		return nil, err
	}
	proofs := r.Header["Dpop"]
	if scheme == "DPoP" || len(proofs) > 0 {
		w.Header().Set("DPoP-Nonce", p.tokens.NewNonce(org.ID))
	}
	b, err := p.tokens.Inspect(r.Context(), org.ID, text)
	if identity.KindOf(err) == identity.Unauthenticated {
		return nil, errToken
	}
	if err != nil {
		return nil, err
	}
	if !slices.Contains(b.Audience, b.Issuer) {
		return nil, errToken
	}
	certificate := ""
	if b.Confirmation.X5T != "" {
		certificate = app.Thumbprint(p.certificate(r))
	}
	return b, p.tokens.CheckBinding(r.Context(), b, text, token.Presented{
		Scheme: scheme, Certificate: certificate,
		Proof: token.Proof{Header: proofs, Method: r.Method, URL: p.address(r), AccessToken: text, Nonce: true},
	})
}

func (p *Provider) presentedToken(w http.ResponseWriter, r *http.Request) (scheme, text string, err error) {
	scheme, text, ok := web.Credential(r.Header)
	if !ok && len(r.Header["Authorization"]) > 0 {
		return "", "", errToken
	}
	form := r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	if !form {
		if !ok {
			return "", "", errNoToken
		}
		return scheme, text, nil
	}
	values, err := readForm(w, r)
	if err != nil {
		return "", "", err
	}
	inBody := values.Get("access_token")
	switch {
	case ok && inBody != "":
		return "", "", errTwoPlace
	case ok:
		return scheme, text, nil
	case inBody == "":
		return "", "", errNoToken
	}
	return "Bearer", inBody, nil
}

// challenge adds WWW-Authenticate to the refusal of a token (RFC 6750 section 3,
// RFC 9449 section 7.1). A request without a token hears of no error.
func challenge(err error, r *http.Request) error {
	scheme, _, _ := web.Credential(r.Header)
	if scheme == "" {
		scheme = "Bearer"
	}
	e := *asOAuth(err)
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest, 0:
	default:
		return err
	}
	if e.Code == token.UseNonce || e.Code == token.InvalidProof {
		scheme, e.Status = "DPoP", http.StatusUnauthorized
	}
	e.Challenge = scheme
	if !errors.Is(err, errNoToken) {
		e.Challenge += ` error="` + e.Code + `"`
	}
	if scheme == "DPoP" {
		if e.Challenge != scheme {
			e.Challenge += ","
		}
		e.Challenge += ` algs="` + strings.Join(token.DPoPAlgorithms, " ") + `"`
	} else if e.Code == "insufficient_scope" {
		e.Challenge += `, scope="openid"`
	}
	return &e
}
