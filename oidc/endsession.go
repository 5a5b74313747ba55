package oidc

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// A farewell is a request to sign out (OpenID Connect RP-Initiated Logout 1.0).
type farewell struct {
	org     identity.Organisation
	values  url.Values
	app     *identity.App // that asks, by a hint of ours or by its client_id; nil: unknown
	hint    *token.Verified
	session *identity.Session
	// to is where the app wants the browser, an address that it registered; "":
	// to stay here.
	to string
	// astray is set if the browser was to go to an address that no app registered.
	astray bool
}

// endSession is the end session endpoint.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	f, err := p.readFarewell(w, r, org)
	if err != nil {
		p.failPage(w, r, err)
		return
	}
	confirmed := r.Method == http.MethodPost && f.values.Get("confirm") != ""
	switch {
	case confirmed && p.sameSite(r) != nil:
		p.failPage(w, r, p.sameSite(r))
	case r.Method == http.MethodPost && !confirmed && f.session == nil:
		// A browser sends no session cookie along with another site's form, but it
		// does when it follows us here.
		seeOther(w, base(org)+"/oauth2/logout?"+f.values.Encode())
	case f.session == nil:
		p.signedOut(w, r, f, nil)
	case confirmed && f.values.Get("session") == f.session.ID.String(), !confirmed && f.own(p):
		p.signOut(w, r, f)
	default:
		p.askSignOut(w, r, f)
	}
}

// readFarewell reads the parameters. What is wrong with them is no error: the
// person can sign out all the same, and stays here.
func (p *Provider) readFarewell(w http.ResponseWriter, r *http.Request, org identity.Organisation) (*farewell, error) {
	values, err := frontValues(w, r)
	if err != nil {
		return nil, err
	}
	f := &farewell{org: org, values: values}
	if f.session, err = p.session(r, org); err != nil {
		return nil, err
	}
	if err := p.readHint(r, f); err != nil {
		return nil, err
	}
	id := values.Get("client_id")
	switch {
	case id == "" || len(id) > 255:
	case f.app != nil && f.app.ClientID != id:
		f.app, f.hint = nil, nil
	case f.app == nil && values.Get("id_token_hint") == "":
		f.app, err = p.apps.Get(r.Context(), org.ID, id)
		if identity.KindOf(err) == identity.NotFound {
			err = nil
		}
	}
	if to := values.Get("post_logout_redirect_uri"); f.app != nil && slices.Contains(f.app.PostLogoutRedirectURIs, to) {
		f.to = to
	} else {
		f.astray = to != ""
	}
	return f, err
}

// readHint finds the app of the id_token_hint. The hint may have expired, but we
// must have signed it for an app of this organisation.
func (p *Provider) readHint(r *http.Request, f *farewell) error {
	hint := f.values.Get("id_token_hint")
	if hint == "" || len(hint) > 16<<10 {
		return nil
	}
	t, err := p.tokens.VerifyOwn(r.Context(), f.org.ID, hint, token.TypeID)
	if identity.KindOf(err) == identity.Unauthenticated {
		return nil
	}
	if err != nil {
		return err
	}
	aud, _ := t.Claims["aud"].(string)
	if list, ok := t.Claims["aud"].([]any); ok && len(list) > 0 {
		aud, _ = list[0].(string)
	}
	a, err := p.apps.Get(r.Context(), f.org.ID, aud)
	if identity.KindOf(err) == identity.NotFound || err == nil && a.ClientID != aud {
		return nil
	}
	f.app, f.hint = a, t
	return err
}

// own reports whether the hint is of the person who is signed in and the rest of
// the request is in order, so that nobody needs to be asked.
func (f *farewell) own(p *Provider) bool {
	if f.hint == nil || f.app == nil || f.astray {
		return false
	}
	if sid, _ := f.hint.Claims["sid"].(string); sid != "" && sid == f.session.ID.String() {
		return true
	}
	sub, _ := f.hint.Claims["sub"].(string)
	return sub != "" && sub == p.requests.Subject(f.app, f.session.User)
}

// askSignOut asks the person, who may have been sent by anybody.
func (p *Provider) askSignOut(w http.ResponseWriter, r *http.Request, f *farewell) {
	person, err := p.person(r, f.org, f.session.User)
	if err != nil {
		p.failPage(w, r, err)
		return
	}
	keep := url.Values{}
	for _, name := range []string{"id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"} {
		if v := f.values.Get(name); v != "" {
			keep.Set(name, v)
		}
	}
	p.pages.askSignOut(w, r, f, person, keep, base(f.org)+"/oauth2/logout")
}

// signOut ends the session. Apps hear of it: those with a back channel from the
// session's end, those with a page of their own from frames on ours.
func (p *Provider) signOut(w http.ResponseWriter, r *http.Request, f *farewell) {
	frames, err := p.frames(r, f)
	if err == nil {
		err = p.sessions.End(r.Context(), f.org.ID, f.session.ID)
	}
	if err != nil {
		p.failPage(w, r, err)
		return
	}
	p.cookies.Clear(w, p.cookies.Session(f.org.ID))
	p.signedOut(w, r, f, frames)
}

// frames lists the pages at which apps hear of a sign-out (OpenID Connect
// Front-Channel Logout 1.0 section 3).
func (p *Provider) frames(r *http.Request, f *farewell) (out []string, err error) {
	apps, err := p.requests.SignedInTo(r.Context(), f.org.ID, f.session.ID)
	for _, a := range apps {
		if a.FrontchannelLogoutURI == "" || a.Disabled {
			continue
		}
		out = append(out, withQuery(a.FrontchannelLogoutURI, url.Values{"iss": {p.issuer(f.org)}, "sid": {f.session.ID.String()}}))
	}
	return out, err
}

// signedOut sends the browser back to the app if it may go there, by way of a
// page of ours if other apps are to hear of it, and else says goodbye.
func (p *Provider) signedOut(w http.ResponseWriter, r *http.Request, f *farewell, frames []string) {
	to := f.to
	if to != "" {
		add := url.Values{}
		if state := f.values.Get("state"); state != "" && len(state) <= 2048 {
			add.Set("state", state)
			to = withQuery(to, add)
		}
	}
	if to != "" && len(frames) == 0 {
		seeOther(w, to)
		return
	}
	p.pages.signedOut(w, r, f, to, frames)
}
