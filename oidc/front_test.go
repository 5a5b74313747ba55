package oidc_test

import (
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/oidc"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/web"
	"github.com/muster-id/muster/web/ui"
)

// A front is a provider seen from browsers, with a person "ann" who has a
// password and an app "shop".
type front struct {
	*back
	door   *oidc.Provider
	people *signin.Service
	ann    identity.ID
	shop   *client
}

// pushes is how many requests public apps may push in a minute.
const pushes = 400

const password = "a long and unusual sentence 7"

var cookies = web.Cookies{Secure: true}

func newFront(t testing.TB, db *store.DB) *front {
	t.Helper()
	b := newBack(t, db)
	factors, err := factor.New(factor.Options{DB: db, Keys: b.keys, Public: public, Now: b.now})
	b.ok(err)
	f := &front{back: b}
	f.people = signin.New(signin.Options{
		DB: db, Keys: b.keys, Directory: b.dir, Sessions: b.sessions, Factors: factors, Jobs: b.jobs,
		Mail: mail.New(mail.Options{DB: db, Jobs: b.jobs, Now: b.now}), Public: public, Now: b.now,
	})
	pages, err := ui.New(ui.Options{Secure: true, Now: b.now, Log: slog.New(slog.NewTextHandler(b, nil))})
	b.ok(err)
	p, err := oidc.New(oidc.Options{
		Apps: b.apps, Tokens: b.tokens, Claims: claims.New(db), Sessions: b.sessions, Requests: b.requests, UI: pages,
		SignIn: f.people, Public: public, Now: b.now, Pushes: web.NewLimiter(pushes),
	})
	b.ok(err)
	b.mux = http.NewServeMux()
	f.door = p
	p.Mount(b.mux)
	f.ann = f.person("ann")
	f.shop = f.app("shop", func(s *identity.AppSettings) { s.Trusted, s.Name = true, "The Shop" })
	f.set(f.shop, func(s *identity.AppSettings) { s.RequirePKCE = false })
	return f
}

// person makes a person who can sign in.
func (f *front) person(name string) identity.ID {
	f.t.Helper()
	id := f.user(name)
	f.ok(f.dir.SetPassword(f.t.Context(), f.by, id, password))
	return id
}

// eachFront runs a test on both databases.
func eachFront(t *testing.T, test func(t *testing.T, f *front)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newFront(t, db)) })
}

func frontOnSQLite(t *testing.T) *front {
	t.Helper()
	return newFront(t, storetest.SQLite(t))
}

// A browser keeps cookies and follows the server, as far as the app.
type browser struct {
	*front
	t      testing.TB
	as     string // who signs in when asked to
	jar    map[string]string
	deny   bool // says no when asked for consent
	signed int  // times that it signed in
	asked  int  // times that it was asked for consent
}

func (f *front) browser(t testing.TB, as string) *browser {
	return &browser{front: f, t: t, as: as, jar: map[string]string{}}
}

// visit makes one request.
func (b *browser) visit(method, address string, form url.Values, header ...string) answer {
	b.t.Helper()
	body := ""
	if form != nil {
		body = form.Encode()
	}
	r := httptest.NewRequest(method, public+strings.TrimPrefix(address, public), strings.NewReader(body))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a := b.do(r, method+" "+address)
	a.t = b.t
	if a.status >= 500 {
		b.t.Fatalf("%s = %d: %s", a.what, a.status, b.logged.String())
	}
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if !c.Secure || !c.HttpOnly || c.Path != "/" || c.SameSite != http.SameSiteLaxMode || !strings.HasPrefix(c.Name, "__Host-") {
			b.t.Errorf("the cookie %s is not Secure, HttpOnly, SameSite=Lax, of the path / and of this host", c.Name)
		}
		if b.jar[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.jar, c.Name)
		}
	}
	return a
}

// follow makes a request and goes on until the browser is sent to an app or
// shows a page that asks for something else than signing in or consent.
func (b *browser) follow(method, address string, form url.Values, header ...string) answer {
	b.t.Helper()
	a := b.visit(method, address, form, header...)
	for range 12 {
		to := a.header.Get("Location")
		switch {
		case strings.HasPrefix(to, "/o/acme/signin/"):
			to = b.signIn(to)
			a = b.visit("GET", to, nil)
		case strings.HasPrefix(to, "/"):
			a = b.visit("GET", to, nil)
		case a.status == http.StatusOK && strings.Contains(a.text, `id="consent"`):
			b.asked++
			decision := "allow"
			if b.deny {
				decision = "deny"
			}
			action, fields := formOf(b.t, a.text)
			fields.Set("decision", decision)
			a = b.visit("POST", action, fields)
		default:
			return a
		}
	}
	b.t.Fatalf("%s %s goes round in circles", method, address)
	return a
}

// signIn answers a sign-in with a name and a password and returns where it
// leads.
func (b *browser) signIn(path string) string {
	b.t.Helper()
	b.signed++
	id := path[strings.LastIndex(path, "/")+1:]
	cookie := b.jar[cookies.Flow(id)]
	v, err := b.people.Flow(b.t.Context(), b.org, id, cookie)
	for range 6 {
		if err != nil {
			b.t.Fatalf("sign-in: %v", err)
		}
		if v.Error != "" {
			b.t.Fatalf("sign-in at %s: %s", v.Step, v.Error)
		}
		fields := url.Values{}
		switch v.Step {
		case signin.StepIdentify:
			fields.Set("identifier", b.as)
		case signin.StepPassword:
			fields.Set("password", password)
			if v.Person != b.as {
				fields = url.Values{"back": {"1"}}
			}
		case signin.StepDone:
			b.jar[cookies.Session(b.org.ID)] = v.Done.SessionCookie
			return v.Done.Return
		default:
			b.t.Fatalf("sign-in waits for %s", v.Step)
		}
		v, err = b.people.Answer(b.t.Context(), b.org, id, cookie, signin.Input{Step: v.Step, Fields: fields, Address: "192.0.2.1"})
	}
	b.t.Fatal("the sign-in does not end")
	return ""
}

var (
	actionOf = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
	hidden   = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// formOf reads the form of a page.
func formOf(t testing.TB, page string) (action string, fields url.Values) {
	t.Helper()
	m := actionOf.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("there is no form in %s", page)
	}
	fields = url.Values{}
	for _, in := range hidden.FindAllStringSubmatch(page, -1) {
		fields.Add(html.UnescapeString(in[1]), html.UnescapeString(in[2]))
	}
	return html.UnescapeString(m[1]), fields
}

// params are those of a usual request, changed by pairs; "" takes one away.
func (c *client) params(pairs ...string) url.Values {
	v := form("client_id", c.ClientID, "redirect_uri", redirect, "response_type", "code", "scope", "openid profile",
		"state", "st", "nonce", "n-1", "code_challenge", challengeOf(verifier), "code_challenge_method", "S256")
	for i := 0; i+1 < len(pairs); i += 2 {
		if v.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			v.Del(pairs[i])
		}
	}
	return v
}

// ask is the address of a request.
func (c *client) ask(pairs ...string) string {
	return "/o/acme/oauth2/authorize?" + c.params(pairs...).Encode()
}

// returned reads what the app got by redirect, and checks what every answer
// says.
func (a answer) returned() url.Values {
	a.t.Helper()
	if a.status != http.StatusSeeOther {
		a.t.Fatalf("%s = %d %s, want a redirect to the app", a.what, a.status, a.heading())
	}
	to := a.header.Get("Location")
	rest, ok := strings.CutPrefix(to, redirect)
	if !ok {
		a.t.Fatalf("%s leads to %s, want %s", a.what, to, redirect)
	}
	v, err := url.ParseQuery(strings.TrimLeft(rest, "?#"))
	if err != nil {
		a.t.Fatal(err)
	}
	if !v.Has("response") && v.Get("iss") != public+"/o/acme" {
		a.t.Errorf("%s: the answer %v does not name its issuer", a.what, v)
	}
	if a.header.Get("Referrer-Policy") != "no-referrer" || a.header.Get("Cache-Control") != "no-store" {
		a.t.Errorf("%s: the headers are %v", a.what, a.header)
	}
	return v
}

// granted returns the code of a success.
func (a answer) granted() string {
	a.t.Helper()
	v := a.returned()
	if v.Get("code") == "" || v.Get("state") != "st" {
		a.t.Fatalf("%s: the app got %v, want a code", a.what, v)
	}
	return v.Get("code")
}

// refused checks the error that the app got.
func (a answer) refused(code string) {
	a.t.Helper()
	if v := a.returned(); v.Get("error") != code || v.Has("code") || v.Get("state") != "st" {
		a.t.Fatalf("%s: the app got %v, want the error %s", a.what, v, code)
	}
}

// onPage checks that the browser stays here, on a page of an error.
func (a answer) onPage(status int) answer {
	a.t.Helper()
	if a.status != status || a.header.Get("Location") != "" || !strings.Contains(a.text, "<h1>") {
		a.t.Fatalf("%s = %d to %q, want a page with status %d", a.what, a.status, a.header.Get("Location"), status)
	}
	csp := a.header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
		a.t.Errorf("%s: the policy of the page is %q", a.what, csp)
	}
	return a
}

var headingOf = regexp.MustCompile(`(?s)<h1>(.*?)</h1>`)

// heading is what a page is about, or the beginning of what is none.
func (a answer) heading() string {
	if m := headingOf.FindStringSubmatch(a.text); m != nil {
		return html.UnescapeString(m[1])
	}
	return a.text[:min(len(a.text), 300)]
}
