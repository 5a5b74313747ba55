package oidc

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
)

// launch sends the browser to an app so that it begins a sign-in here (OpenID
// Connect Core section 4): the link behind an app's tile. It leads to the address
// that the app registered and nowhere else.
func (p *Provider) launch(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	values, err := request.Values(r.URL.RawQuery)
	if err != nil {
		p.failPage(w, r, err)
		return
	}
	a, err := p.apps.Get(r.Context(), org.ID, r.PathValue("client_id"))
	if err == nil && (a.Disabled || a.InitiateLoginURI == "") {
		err = identity.NewError(identity.NotFound, "", "There is no such app.")
	}
	if err != nil {
		p.failPage(w, r, err)
		return
	}
	add := url.Values{"iss": {p.issuer(org)}}
	if hint := values.Get("login_hint"); hint != "" && len(hint) <= 512 {
		add.Set("login_hint", hint)
	}
	if to := values.Get("target_link_uri"); to != "" && ofApp(a, to) {
		add.Set("target_link_uri", to)
	}
	seeOther(w, withQuery(a.InitiateLoginURI, add))
}

// ofApp reports whether an address is at an origin of the app, so that nobody can
// make us point the app elsewhere.
func ofApp(a *identity.App, address string) bool {
	want := origin(address)
	own := append(slices.Clone(a.RedirectURIs), a.ClientURI, a.InitiateLoginURI)
	return want != "" && slices.ContainsFunc(own, func(s string) bool { return origin(s) == want })
}

// origin returns scheme and host of an address of the web, "" of any other.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(address) > 2048 {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
