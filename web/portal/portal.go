// Package portal is what people see of Muster: the pages on which they sign in,
// get back in, look after their account and sign out. They are plain forms that
// work without JavaScript; only passkeys need it. Every page is served for the
// root organisation and below /o/{org} for each other: the path alone says whose
// it is.
package portal

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/locale"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/web"
	"github.com/muster-id/muster/web/ui"
)

//go:embed templates words
var files embed.FS

// maxForm is the most bytes of a form. The largest field is a passkey's answer.
const maxForm = 64 << 10

// freshFor is for how long after a proof people may change how they prove who
// they are.
const freshFor = 15 * time.Minute

// People tells the portal of people what is not a matter of signing in.
type People interface {
	// Organisation finds an organisation by slug; "" is the root.
	Organisation(ctx context.Context, slug string) (identity.Organisation, error)
	// Person returns what the account page shows of a person.
	Person(ctx context.Context, org identity.OrgID, user identity.ID) (Person, error)
	// SaveProfile changes what people may change of themselves.
	SaveProfile(ctx context.Context, org identity.OrgID, user identity.ID, p Profile) error
	// Apps lists the apps that a person lets use their account.
	Apps(ctx context.Context, org identity.OrgID, user identity.ID) ([]App, error)
	// Withdraw takes that permission back and ends the app's tokens.
	Withdraw(ctx context.Context, org identity.OrgID, user, app identity.ID) error
}

// A Person is somebody as their account page shows them.
type Person struct {
	UserName string
	Profile
	Groups []string // display names
	// Editable says that the person may change their profile here; otherwise it
	// comes from elsewhere.
	Editable bool
}

// A Profile is what people may change of themselves.
type Profile struct {
	Display, Given, Family string
	Language               string // BCP 47 tag, "" for none
}

// An App is an app that a person lets use their account.
type App struct {
	ID      identity.ID
	Name    string
	Link    string // the app's own page, "" if unknown
	Scopes  []string
	Since   time.Time
	Trusted bool // the organisation's own
}

// Options are the parts that the portal works with.
type Options struct {
	SignIn   *signin.Service
	Sessions *session.Service
	Factors  *factor.Service
	People   People
	UI       *ui.UI
	Public   string                     // public URL, without a slash at its end
	Address  func(*http.Request) string // of the browser; nil: the connection's
	Now      func() time.Time           // nil: time.Now
}

// A Portal serves the pages of people.
type Portal struct {
	o       Options
	room    *ui.Room
	cookies web.Cookies
	cross   *http.CrossOriginProtection
}

// New makes a Portal.
func New(o Options) (*Portal, error) {
	if o.Address == nil {
		o.Address = func(r *http.Request) string {
			host, _, _ := net.SplitHostPort(r.RemoteAddr)
			return host
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	public, err := url.Parse(o.Public)
	if err != nil {
		return nil, err
	}
	p := &Portal{o: o, cookies: web.Cookies{Secure: public.Scheme == "https"}, cross: http.NewCrossOriginProtection()}
	if err := p.cross.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, err
	}
	p.room, err = o.UI.Open(files)
	return p, err
}

// A visit is one request to a page.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	org     identity.Organisation
	base    string            // "" for the root organisation, else "/o/" + slug
	session *identity.Session // nil: nobody is signed in
	person  *Person           // whose account it is, once it is read
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// see sends the browser to a page of ours.
func (v *visit) see(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// A page answers one visit. It writes a whole answer or returns an error.
type page func(*visit) error

// Mount adds the pages to mux.
func (p *Portal) Mount(mux *http.ServeMux) {
	open := map[string]page{
		"GET /signin": p.start, "GET /signin/{flow}": p.flow, "POST /signin/{flow}": p.answer,
		"GET /recover": p.recover, "POST /recover": p.sendRecovery,
		"GET /recover/{token}": p.link, "POST /recover/{token}": p.useLink,
		"GET /verify/{token}": p.verification, "POST /verify/{token}": p.verify,
		"GET /signout": p.leaving, "POST /signout": p.leave,
	}
	own := map[string]page{
		"GET /account": p.profile, "POST /account": p.saveProfile,
		"POST /account/address": p.sendVerification, "GET /account/phone": p.phone, "POST /account/phone": p.confirmPhone,
		"GET /account/security":         p.security,
		"GET /account/security/passkey": p.fresh(p.newPasskey), "POST /account/security/passkey": p.fresh(p.addPasskey),
		"GET /account/security/totp": p.fresh(p.newTOTP), "POST /account/security/totp": p.fresh(p.addTOTP),
		"GET /account/security/codes": p.fresh(p.codes), "POST /account/security/codes": p.fresh(p.newCodes),
		"GET /account/security/factor/{id}": p.factor, "POST /account/security/factor/{id}": p.fresh(p.changeFactor),
		"GET /account/security/password": p.password, "POST /account/security/password": p.changePassword,
		"GET /account/sessions": p.sessions, "POST /account/sessions": p.endSessions,
		"GET /account/apps": p.apps, "POST /account/apps": p.withdraw,
	}
	var routes []web.Route
	add := func(pattern string, do page) {
		method, path, _ := strings.Cut(pattern, " ")
		for _, base := range []string{"", "/o/{org}"} {
			routes = append(routes, web.Route{Pattern: method + " " + base + path, Perm: identity.Anyone, Do: p.visited(do)})
		}
	}
	for pattern, do := range open {
		add(pattern, do)
	}
	for pattern, do := range own {
		add(pattern, p.signedIn(do))
	}
	for pattern, do := range map[string]page{
		"GET /setup": p.setup, "POST /setup": p.doSetup, "GET /o/{org}": p.front, "GET /o/{org}/{$}": p.front,
	} {
		routes = append(routes, web.Route{Pattern: pattern, Perm: identity.Anyone, Do: p.visited(do)})
	}
	web.Door{OnError: p.fail}.Mount(mux, routes)
}

// visited finds out whose page it is and who is there, and refuses forms of
// other sites.
func (p *Portal) visited(do page) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		slug := r.PathValue("org")
		org, err := p.o.People.Organisation(r.Context(), slug)
		if err != nil {
			return err
		}
		v := &visit{w: w, r: r, org: org}
		if slug != "" {
			if org.Parent.IsZero() || org.Slug != slug {
				return identity.NewError(identity.NotFound, "", "There is no such page.")
			}
			v.base = "/o/" + org.Slug
		}
		if r.Method == http.MethodPost {
			if err := p.cross.Check(r); err != nil {
				return identity.NewError(identity.Denied, "", "The form came from another site.")
			}
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			if err := r.ParseForm(); err != nil {
				return identity.NewError(identity.Invalid, "", "The form could not be read.")
			}
		}
		if cookie := p.cookies.Get(r, p.cookies.Session(org.ID)); cookie != "" {
			s, err := p.o.Sessions.Current(r.Context(), org.ID, cookie)
			switch {
			case err == nil:
				v.session = &s
			case identity.KindOf(err) != identity.Unauthenticated:
				return err
			}
		}
		return do(v)
	}
}

// signedIn lets only people with a session in; others sign in first and then see
// the page.
func (p *Portal) signedIn(do page) page {
	return func(v *visit) error {
		if v.session == nil {
			return p.begin(v, v.back(), false)
		}
		who, err := p.o.People.Person(v.ctx(), v.org.ID, v.session.User)
		if err != nil {
			return err
		}
		v.person = &who
		return do(v)
	}
}

// fresh asks people who proved who they are a while ago to do it again.
func (p *Portal) fresh(do page) page {
	return func(v *visit) error {
		if p.o.Now().Sub(v.session.AuthTime) > freshFor {
			return p.begin(v, v.back(), true)
		}
		return do(v)
	}
}

// back is the page of ours to see after a sign-in: this one, or the account if
// this is the answer to a form.
func (v *visit) back() string {
	if v.r.Method == http.MethodGet {
		return v.r.URL.EscapedPath()
	}
	return v.base + "/account/security"
}

// show renders a page of a visit.
func (p *Portal) show(v *visit, status int, pg ui.Page) error {
	pg.Organisation = v.org.Name
	p.room.Render(v.w, v.r, status, pg)
	return nil
}

// words are what the portal says to who is there.
func (p *Portal) words(v *visit, langs ...string) *locale.Words {
	if v.person != nil {
		langs = append(langs, v.person.Language)
	}
	return p.room.Words(v.r, langs...)
}

// fail answers with the error page.
func (p *Portal) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	switch identity.KindOf(err) {
	case identity.Invalid:
		status = http.StatusBadRequest
	case identity.Unauthenticated:
		status = http.StatusUnauthorized
	case identity.Denied:
		status = http.StatusForbidden
	case identity.NotFound:
		status = http.StatusNotFound
	case identity.Conflict, identity.Stale:
		status = http.StatusConflict
	case identity.Throttled:
		status = http.StatusTooManyRequests
	case identity.Busy:
		status = http.StatusServiceUnavailable
	case "":
		if errors.Is(err, context.Canceled) {
			return
		}
		web.Fail(r.Context(), err)
	}
	retryAfter(w, signin.RetryAfter(err))
	p.o.UI.Error(w, r, status, ui.Problem{})
}

func retryAfter(w http.ResponseWriter, wait time.Duration) {
	if wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
}

// say returns the sentence for an error key of package signin.
func say(words *locale.Words, key string, wait time.Duration, length int) string {
	if key == "" {
		return ""
	}
	return words.T("error."+key, "wait", span(words, wait), "length", length)
}

// span says how long something takes.
func span(words *locale.Words, d time.Duration) string {
	d = cmp.Or(d, time.Second)
	if d <= 90*time.Second {
		return words.N("span.seconds", int((d+time.Second-1)/time.Second))
	}
	return words.N("span.minutes", int((d+time.Minute-1)/time.Minute))
}
