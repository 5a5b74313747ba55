package oidc

import (
	"net/http"
	"slices"
	"strings"

	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
)

// The answers on the pages that ask for consent.
const (
	decisionAllow = "allow"
	decisionDeny  = "deny"
)

// consentNeeded reports whether the person must be asked. The organisation's own
// apps need no consent; what a person has allowed before is not asked again,
// unless anybody could pretend to be the app.
func (p *Provider) consentNeeded(r *http.Request, v *visit) (bool, error) {
	if v.Request.Asks("consent") {
		return true, nil
	}
	if v.App.Trusted {
		return false, nil
	}
	if pretendable(v) && !v.fresh() {
		return true, nil
	}
	have, err := p.requests.Consented(r.Context(), v.Org.ID, v.session.User, v.App.ID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(consentScopes(v), func(s string) bool { return !slices.Contains(have, s) }), nil
}

// pretendable reports whether another program on the person's machine could wait
// at the app's address: at a port, or under a scheme of its own (RFC 8252
// section 8.6).
func pretendable(v *visit) bool {
	return v.App.Public() && !strings.HasPrefix(v.Request.RedirectURI, "https:")
}

// claimPrefix marks claims that were asked for by name among the scopes of a
// consent.
const claimPrefix = "claim:"

// consentScopes are the things that a person allows: the scopes, and the claims
// asked for by name that none of these releases anyway.
func consentScopes(v *visit) []string {
	out := v.Granted()
	for _, name := range askedClaims(v) {
		out = append(out, claimPrefix+name)
	}
	if len(out) == 0 {
		out = []string{"openid"} // to know that somebody is there
	}
	return out
}

// askedClaims lists the claims asked for by name that tell something of the
// person, sorted.
func askedClaims(v *visit) (out []string) {
	if v.Request.Claims == nil {
		return nil
	}
	about := []string{"sub", "acr", "amr", "auth_time", "nonce", "sid"}
	for _, s := range v.Granted() {
		if scope, ok := identity.ScopeNamed(s); ok {
			about = append(about, scope.Claims...)
		}
	}
	for _, place := range []claims.Asked{v.Request.Claims.UserInfo, v.Request.Claims.IDToken} {
		for name := range place {
			if !slices.Contains(about, name) && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// askConsent shows the page, under an address of its own so that it can be
// loaded again.
func (p *Provider) askConsent(w http.ResponseWriter, r *http.Request, v *visit) error {
	if v.waiting == nil {
		if err := p.keep(w, r, v, 0); err != nil {
			return err
		}
		seeOther(w, base(v.Org)+"/oauth2/authorize/"+v.waiting.ID)
		return nil
	}
	person, err := p.person(r, v.Org, v.session.User)
	if err != nil {
		return err
	}
	p.pages.consent(w, r, v, person)
	return nil
}

// decide takes the answer to the page.
func (p *Provider) decide(w http.ResponseWriter, r *http.Request, v *visit) {
	if err := p.sameSite(r); err != nil {
		p.failPage(w, r, err)
		return
	}
	form, err := readForm(w, r)
	if err != nil {
		p.failPage(w, r, err)
		return
	}
	s, err := p.session(r, v.Org)
	if err != nil {
		p.failPage(w, r, err)
		return
	}
	// Whoever was asked is who answers, also when somebody else has signed in
	// meanwhile in another window.
	if s != nil && form.Get("session") == s.ID.String() {
		v.decision = form.Get("decision")
	}
	if v.decision == "" {
		seeOther(w, base(v.Org)+"/oauth2/authorize/"+v.waiting.ID)
		return
	}
	p.proceed(w, r, v)
}

// sameSite refuses a form that another site had the browser send.
func (p *Provider) sameSite(r *http.Request) error {
	if p.cross.Check(r) != nil {
		return identity.NewError(identity.Denied, "", "The form came from another site.")
	}
	return nil
}

func (p *Provider) allow(w http.ResponseWriter, r *http.Request, v *visit) error {
	err := p.requests.Consent(r.Context(), v.Org.ID, v.session.User, v.App.ID, consentScopes(v))
	if err != nil {
		return err
	}
	return p.complete(w, r, v)
}

func (p *Provider) deny(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := p.useUp(w, r, v); err != nil {
		return err
	}
	return byRedirect("access_denied", "The person said no.")
}

// person returns what somebody who is signed in is called.
func (p *Provider) person(r *http.Request, org identity.Organisation, user identity.ID) (string, error) {
	all, err := p.claims.Of(r.Context(), org, user, claims.Want{Scopes: []string{"profile", "email"}})
	if err != nil {
		return "", err
	}
	for _, name := range []string{"name", "preferred_username", "email"} {
		if s, ok := all[name].(string); ok && s != "" {
			return s, nil
		}
	}
	return user.String(), nil
}
