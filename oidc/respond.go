package oidc

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// responseAge is how long a signed response is good for (JARM section 2.1).
const responseAge = 5 * time.Minute

// complete answers the app with what it asked for. The request is used up first,
// by exactly one visit.
func (p *Provider) complete(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := p.useUp(w, r, v); err != nil {
		return err
	}
	answer, err := p.answer(r, v)
	if e, ok := errors.AsType[*token.Error](err); ok {
		return byRedirect(redirectCode(e.Code), e.Description)
	}
	if err != nil {
		return err
	}
	p.send(w, r, v.Case, answer)
	return nil
}

// useUp ends the request, so that no other visit answers it.
func (p *Provider) useUp(w http.ResponseWriter, r *http.Request, v *visit) error {
	if v.waiting != nil {
		if err := p.requests.Answered(r.Context(), v.waiting); err != nil {
			return err
		}
		p.cookies.Clear(w, p.cookies.Name(requestKind, v.waiting.ID))
	}
	return p.requests.Finish(r.Context(), v.Case)
}

// redirectCode translates a code of the token endpoint to one of the
// authorization endpoint.
func redirectCode(code string) string {
	if code == token.InvalidGrant {
		return "access_denied"
	}
	return code
}

// authorization is what the person allowed the app.
func (p *Provider) authorization(v *visit) token.Authorization {
	acr, _ := acrAsked(v)
	scopes := v.Granted()
	refresh := v.App.Allows(identity.GrantRefresh) && v.Request.Has("code")
	offline := refresh && slices.Contains(scopes, "offline_access")
	if !offline {
		scopes = slices.DeleteFunc(scopes, func(s string) bool { return s == "offline_access" })
	}
	return token.Authorization{
		App: v.App.ID, User: v.session.User, Session: v.session.ID, Scopes: scopes, Resources: v.Request.Resources,
		Claims: v.Request.Claims, Nonce: v.Request.Nonce, AuthTime: v.session.AuthTime, AMR: v.session.AMR,
		ACR: signin.ACRClaim(*v.session, acr), Refresh: refresh, Offline: offline,
	}
}

// answer makes the parameters of a success: a code, and what else the response
// type asks for where an organisation still allows that.
func (p *Provider) answer(r *http.Request, v *visit) (url.Values, error) {
	ctx, q, auth := r.Context(), v.Request, p.authorization(v)
	out := url.Values{}
	front := q.Has("id_token") || q.Has("token")
	var grant identity.ID // of the code and of what stands beside it, so that they end together
	if q.Has("code") {
		if front {
			grant = identity.NewID()
		}
		code, err := p.tokens.NewCode(ctx, token.Code{
			Grant: grant, Org: v.Org.ID, Authorization: auth, RedirectURI: q.RedirectURI, Challenge: q.Challenge, JKT: q.JKT,
			Lifetime: codeLife(v),
		})
		if err != nil {
			return nil, err
		}
		out.Set("code", code)
	}
	if !front {
		return out, nil
	}
	if grant.IsZero() {
		auth.Refresh, auth.Offline = false, false
	}
	res, err := p.tokens.Issue(ctx, token.Request{
		Fresh: grant, Org: v.Org, App: v.App, Authorization: auth, Front: true, State: q.State, Code: out.Get("code"),
		IDToken: q.Has("id_token"), NoAccessToken: !q.Has("token"),
	})
	if err != nil {
		return nil, err
	}
	if q.Has("id_token") {
		out.Set("id_token", res.IDToken)
	}
	if q.Has("token") {
		out.Set("access_token", res.AccessToken)
		out.Set("token_type", res.TokenType)
		out.Set("expires_in", strconv.FormatInt(int64(res.ExpiresIn/time.Second), 10))
		out.Set("scope", strings.Join(res.Scopes, " "))
	}
	return out, nil
}

// codeLife is how long the code may be redeemed: of an app that is held to FAPI no
// longer than a minute (FAPI 2.0 Security Profile section 5.3.2.1).
func codeLife(v *visit) time.Duration {
	life := time.Duration(v.Provider.CodeSeconds) * time.Second
	if v.App.FAPI {
		life = min(life, time.Minute)
	}
	return life
}

// refuse tells an error: to the app by redirect if it is the app's and its
// address is known to be its own, else to the person on a page.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, c *request.Case, err error) {
	e, ok := errors.AsType[*request.Error](err)
	if !ok || e.Place != request.ByRedirect || c == nil {
		p.failRequest(w, r, c, err)
		return
	}
	p.send(w, r, c, url.Values{"error": {e.Code}, "error_description": {descriptive(e.Text)}})
}

// send answers the app through the browser, in the mode that it asked for. The
// answer always says who gives it (RFC 9207).
func (p *Provider) send(w http.ResponseWriter, r *http.Request, c *request.Case, out url.Values) {
	if c.Request.State != "" {
		out.Set("state", c.Request.State)
	}
	issuer := p.issuer(c.Org)
	mode := c.Request.Mode()
	if mode.JWT {
		text, err := p.signResponse(r, c, issuer, out)
		if err != nil {
			p.failPage(w, r, err)
			return
		}
		out = url.Values{"response": {text}}
	} else {
		out.Set("iss", issuer)
	}
	switch mode.Place {
	case "form_post":
		p.pages.formPost(w, r, c, out)
	case "fragment":
		seeOther(w, c.Request.RedirectURI+"#"+out.Encode())
	default:
		seeOther(w, withQuery(c.Request.RedirectURI, out))
	}
}

// withQuery adds parameters to an address and leaves what it has as it is.
func withQuery(uri string, add url.Values) string {
	sep := "?"
	for i := range len(uri) {
		if uri[i] == '?' {
			sep = "&"
			if i == len(uri)-1 {
				sep = ""
			}
			break
		}
	}
	return uri + sep + add.Encode()
}

// signResponse makes the JWT of a response (JARM section 2.1).
func (p *Provider) signResponse(r *http.Request, c *request.Case, issuer string, out url.Values) (string, error) {
	body := map[string]any{"iss": issuer, "aud": c.App.ClientID, "exp": p.now().Add(responseAge).Unix()}
	for name := range out {
		body[name] = out.Get(name)
	}
	return p.tokens.Sign(r.Context(), c.Org.ID, signatureAlg(c.App, c.App.AuthorizationAlg), token.TypeAuthorization, body)
}

// failRequest tells the person what is wrong with an app's request.
func (p *Provider) failRequest(w http.ResponseWriter, r *http.Request, c *request.Case, err error) {
	e, ok := errors.AsType[*request.Error](err)
	if !ok {
		p.failPage(w, r, err)
		return
	}
	p.pages.badRequest(w, r, c, e)
}

// failPage tells the person that something else went wrong.
func (p *Provider) failPage(w http.ResponseWriter, r *http.Request, err error) {
	if e, ok := errors.AsType[*oauthError](err); ok {
		err = &request.Error{Code: e.Code, Text: e.Description, Place: request.OnPage}
	}
	if e, ok := errors.AsType[*request.Error](err); ok {
		p.pages.badRequest(w, r, nil, e)
		return
	}
	status := map[identity.Kind]int{
		identity.Invalid: http.StatusBadRequest, identity.NotFound: http.StatusNotFound, identity.Conflict: http.StatusNotFound,
		identity.Stale: http.StatusConflict, identity.Denied: http.StatusForbidden, identity.Unauthenticated: http.StatusForbidden,
		identity.Throttled: http.StatusTooManyRequests, identity.Busy: http.StatusServiceUnavailable,
	}[identity.KindOf(err)]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if status >= http.StatusInternalServerError {
		web.Fail(r.Context(), err)
	}
	p.pages.problem(w, r, status)
}
