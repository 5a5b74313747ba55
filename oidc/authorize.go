package oidc

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

const (
	// maxRounds is how often one request sends a person to sign in.
	maxRounds = 11
	// justNow is how long somebody who signed in for a request counts as having
	// done so, whatever its max_age.
	justNow = 5 * time.Minute
)

// A visit is one request of a browser on its way to an answer for an app.
type visit struct {
	*request.Case
	waiting *request.Waiting  // nil: the browser came with the request itself
	session *identity.Session // nil: nobody is signed in
	// decision is what the person answered on the page that asks for consent,
	// "" if the browser does not bring an answer.
	decision string
}

// asked reports whether the person was sent to sign in for the request and came
// back from there, perhaps without having proved more than before.
func (v *visit) asked() bool {
	return v.waiting != nil && v.waiting.Rounds > 0 && v.session != nil && !bytes.Equal(v.waiting.Before, v.session.Hash)
}

// fresh reports whether somebody proved who they are since the request came.
func (v *visit) fresh() bool { return v.asked() && !v.session.AuthTime.Before(v.waiting.Since) }

// authorize is the authorization endpoint (RFC 6749 section 3.1).
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	values, err := frontValues(w, r)
	if err != nil {
		p.failPage(w, r, err)
		return
	}
	c, err := p.requests.Read(r.Context(), org, values)
	if err != nil {
		p.refuse(w, r, c, err)
		return
	}
	v := &visit{Case: c}
	if r.Method == http.MethodPost {
		// A browser sends no session cookie along with another site's form. It will
		// when it follows us to a page of ours.
		p.comeBack(w, r, v)
		return
	}
	p.proceed(w, r, v)
}

// frontValues reads the parameters of a request that a browser brings: of the
// query or of the form, never of both (one request, one reading).
func frontValues(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return request.Values(r.URL.RawQuery)
	}
	form, err := readForm(w, r)
	if err != nil {
		return nil, err
	}
	return form, nil
}

// resume goes on with a request that waits, after a sign-in or a decision.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	id := r.PathValue("id")
	waiting, err := p.requests.Waiting(r.Context(), org, id, p.cookies.Get(r, p.cookies.Name(requestKind, id)))
	if err != nil {
		var c *request.Case
		if waiting != nil {
			c = waiting.Case
		}
		p.refuse(w, r, c, err)
		return
	}
	v := &visit{Case: waiting.Case, waiting: waiting}
	switch {
	case r.Method == http.MethodPost:
		p.decide(w, r, v)
	case r.URL.Query().Has(cancel):
		p.refuse(w, r, v.Case, p.deny(w, r, v))
	default:
		p.proceed(w, r, v)
	}
}

// cancel is the parameter by which somebody who is asked to sign in gives it up.
// A link on a page of ours is enough: the request is bound to the browser.
const cancel = "cancel"

// proceed does the next thing that the request needs, until it can be answered.
func (p *Provider) proceed(w http.ResponseWriter, r *http.Request, v *visit) {
	if err := p.advance(w, r, v); err != nil {
		p.refuse(w, r, v.Case, err)
	}
}

func (p *Provider) advance(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx := r.Context()
	var err error
	if v.session, err = p.session(r, v.Org); err != nil {
		return err
	}
	need, err := p.signInNeeded(r, v)
	if err != nil {
		return err
	}
	if need.at {
		return p.sendToSignIn(w, r, v, need)
	}
	if err := stillMissing(v); err != nil {
		return err
	}
	if ok, err := p.requests.MayUse(ctx, v.App, v.session.User); err != nil {
		return err
	} else if !ok {
		return byRedirect("access_denied", "The person may not use this app.")
	}
	asks, err := p.consentNeeded(r, v)
	switch {
	case err != nil:
		return err
	case !asks:
		return p.complete(w, r, v)
	case v.Request.Asks("none"):
		return byRedirect("consent_required", "The person must allow this first.")
	case v.decision == decisionAllow:
		return p.allow(w, r, v)
	case v.decision == decisionDeny:
		return p.deny(w, r, v)
	}
	return p.askConsent(w, r, v)
}

func byRedirect(code, text string) error {
	return &request.Error{Code: code, Text: text, Place: request.ByRedirect}
}

// session returns the session of the browser, nil if there is none.
func (p *Provider) session(r *http.Request, org identity.Organisation) (*identity.Session, error) {
	cookie := p.cookies.Get(r, p.cookies.Session(org.ID))
	if cookie == "" {
		return nil, nil
	}
	s, err := p.sessions.Current(r.Context(), org.ID, cookie)
	switch identity.KindOf(err) {
	case identity.Unauthenticated, identity.NotFound:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &s, nil
}

// A need says whether somebody must sign in, and whether a session that is there
// counts for nothing then.
type need struct{ at, anew bool }

// signInNeeded decides it by OpenID Connect Core section 3.1.2.1.
func (p *Provider) signInNeeded(r *http.Request, v *visit) (need, error) {
	q := v.Request
	other, err := p.otherPerson(r, v)
	if err != nil {
		return need{}, err
	}
	switch {
	case v.session == nil:
		return need{at: true}, nil
	case (q.Asks("login") || q.Asks("select_account")) && !v.fresh():
		return need{true, true}, nil
	case p.tooOld(v):
		return need{true, true}, nil
	case other && v.fresh():
		return need{}, byRedirect("login_required", "Somebody else signed in than the app expects.")
	case other:
		return need{true, true}, nil
	}
	values, essential := acrAsked(v)
	if len(known(values)) > 0 && !signin.Meets(*v.session, values) && !v.asked() && (essential || !q.Asks("none")) {
		return need{at: true}, nil
	}
	return need{}, nil
}

// tooOld reports whether the session is older than the app takes.
func (p *Provider) tooOld(v *visit) bool {
	limit := v.Request.MaxAge
	if limit == nil {
		limit = v.App.DefaultMaxAge
	}
	if limit == nil || *limit > int64(365*24*time.Hour/time.Second) {
		return false
	}
	most := time.Duration(*limit) * time.Second
	if v.fresh() {
		most = max(most, justNow)
	}
	return p.now().Sub(v.session.AuthTime) > most
}

// acrAsked returns the classes of authentication that the app asks for, and
// whether it takes nothing less.
func acrAsked(v *visit) (values []string, essential bool) {
	if v.Request.Claims != nil {
		if values, essential = v.Request.Claims.ACR(); len(values) > 0 {
			return values, essential
		}
	}
	if len(v.Request.ACRValues) > 0 {
		return v.Request.ACRValues, false
	}
	return v.App.DefaultACRValues, false
}

// known returns the values that mean something here.
func known(values []string) (out []string) {
	all := signin.ACRValues()
	for _, v := range values {
		if slices.Contains(all, v) {
			out = append(out, v)
		}
	}
	return out
}

// stillMissing refuses a session that is less than the app insists on, after all
// that could be asked for has been asked.
func stillMissing(v *visit) error {
	values, essential := acrAsked(v)
	if essential && !signin.Meets(*v.session, values) {
		return byRedirect("unmet_authentication_requirements", "The person cannot sign in in the way that the app insists on.")
	}
	return nil
}

// otherPerson reports whether the app means somebody else than who is signed
// in: by id_token_hint, or by a value of sub in the parameter claims. A hint
// that we did not sign is an error; one that has expired is none.
func (p *Provider) otherPerson(r *http.Request, v *visit) (bool, error) {
	var subjects []string
	if v.Request.Claims != nil {
		if s := v.Request.Claims.Subject(); s != "" {
			subjects = append(subjects, s)
		}
	}
	if hint := v.Request.IDTokenHint; hint != "" {
		t, err := p.tokens.VerifyOwn(r.Context(), v.Org.ID, hint, token.TypeID)
		if identity.KindOf(err) == identity.Unauthenticated {
			return false, byRedirect("invalid_request", "id_token_hint is not an ID token of this issuer.")
		}
		if err != nil {
			return false, err
		}
		s, _ := t.Claims["sub"].(string)
		subjects = append(subjects, s)
	}
	if v.session == nil {
		return false, nil
	}
	own := p.requests.Subject(v.App, v.session.User)
	return slices.ContainsFunc(subjects, func(s string) bool { return s != own }), nil
}

// sendToSignIn begins a sign-in that leads back to the request.
func (p *Provider) sendToSignIn(w http.ResponseWriter, r *http.Request, v *visit, n need) error {
	if v.Request.Asks("none") {
		return byRedirect("login_required", "The person must sign in first.")
	}
	if v.waiting != nil && v.waiting.Rounds >= maxRounds {
		return byRedirect("login_required", "The person did not sign in in the way that the app asks for.")
	}
	if v.waiting != nil {
		if err := p.requests.Round(r.Context(), v.waiting, v.before()); err != nil {
			return err
		}
	} else if err := p.keep(w, r, v, 1); err != nil {
		return err
	}
	acr, essential := acrAsked(v)
	back, shown := base(v.Org)+"/oauth2/authorize/"+v.waiting.ID, shownApp(v.App)
	shown.Cancel = back + "?" + cancel
	return p.beginSignIn(w, r, v.Org, signin.Start{
		Return: back, App: shown, LoginHint: v.Request.LoginHint, UILocales: v.Request.UILocales,
		ACR: acr, Essential: essential, Fresh: n.anew, Session: v.session,
	})
}

// shownApp is what people see of an app while they sign in.
func shownApp(a *identity.App) *signin.App {
	return &signin.App{Name: appName(a), LogoURI: a.LogoURI, ClientURI: a.ClientURI, PolicyURI: a.PolicyURI, TOSURI: a.TOSURI}
}

func appName(a *identity.App) string {
	if a.Name != "" {
		return a.Name
	}
	return a.ClientID
}

// beginSignIn makes a sign-in and sends the browser there.
func (p *Provider) beginSignIn(w http.ResponseWriter, r *http.Request, org identity.Organisation, s signin.Start) error {
	s.Browser = p.cookies.Get(r, p.cookies.Browser(org.ID))
	s.Agent, s.Address = agentOf(r), p.remote(r)
	id, cookie, err := p.signin.Begin(r.Context(), org, s)
	if err != nil {
		return err
	}
	p.cookies.Begin(w, r, web.FlowKind, id, cookie, requestAge)
	seeOther(w, base(org)+"/signin/"+id)
	return nil
}

// requestAge is how long a browser keeps the cookie of a request, which is of
// the kind requestKind.
const (
	requestAge  = 30 * time.Minute
	requestKind = "request"
)

// before is what the browser's session is known by, nil for none.
func (v *visit) before() []byte {
	if v.session == nil {
		return nil
	}
	return v.session.Hash
}

// keep makes a request wait, unless it does already.
func (p *Provider) keep(w http.ResponseWriter, r *http.Request, v *visit, rounds int) error {
	if v.waiting != nil {
		return nil
	}
	secret := request.NewName()
	waiting, err := p.requests.Wait(r.Context(), v.Case, secret, v.before(), rounds)
	if err != nil {
		return err
	}
	v.waiting = waiting
	p.cookies.Begin(w, r, requestKind, waiting.ID, secret, requestAge)
	return nil
}

// comeBack keeps the request and has the browser ask for it anew.
func (p *Provider) comeBack(w http.ResponseWriter, r *http.Request, v *visit) {
	var err error
	if v.session, err = p.session(r, v.Org); err == nil {
		err = p.keep(w, r, v, 0)
	}
	if err != nil {
		p.refuse(w, r, v.Case, err)
		return
	}
	seeOther(w, base(v.Org)+"/oauth2/authorize/"+v.waiting.ID)
}

// seeOther sends the browser on by GET, whatever it came with (RFC 9700 section
// 4.12), and keeps the address that it comes from to itself.
func seeOther(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}
