package oidc

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/locale"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/web/ui"
	"github.com/muster-id/muster/web/ui/uitest"
)

// exhibits are all pages of this door, made without services.
func exhibits(g *pages) map[string]http.HandlerFunc {
	now := time.Now()
	org := identity.Organisation{ID: identity.OrgID(identity.NewID()), Name: "Northwind Traders", Slug: "northwind"}
	app := &identity.App{AppSettings: identity.AppSettings{Name: "Orbit CRM", ClientURI: "https://orbit.example", PolicyURI: "https://orbit.example/privacy", TOSURI: "https://orbit.example/terms"}}
	plain := &identity.App{AppSettings: identity.AppSettings{Name: strings.Repeat("Donaudampfschifffahrtsgesellschaft", 2)}}
	all := []string{"openid", "profile", "email", "address", "phone", "offline_access", "groups", "roles", "scim", "muster:admin", "muster:read", "orders:write"}
	session := &identity.Session{ID: identity.NewID()}
	asked := func(a *identity.App, scopes ...string) *visit {
		may := *a
		may.Scopes = all
		c := &request.Case{Org: org, App: &may, Request: &request.AuthorizationRequest{RedirectURI: "https://orbit.example/cb", Scopes: scopes}}
		return &visit{Case: c, session: session, waiting: &request.Waiting{ID: "w1"}}
	}
	consent := func(a *identity.App, person string, scopes ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { g.consent(w, r, asked(a, scopes...), person) }
	}
	device := func(a *identity.App, d request.Device) http.HandlerFunc {
		d.UserCode, d.Asked = "WDJB-MJHT", now.Add(-time.Minute)
		return func(w http.ResponseWriter, r *http.Request) {
			g.deviceConsent(w, r, org, deviceConsent{App: a, Device: &d, Person: "Ada Lovelace", Session: "s1", Action: "/device"})
		}
	}
	code := func(code, fault string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { g.deviceCode(w, r, org, code, fault) }
	}
	done := func(key string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { g.done(w, r, org, key) }
	}
	farewell := func(a *identity.App) *farewell { return &farewell{org: org, app: a, session: session} }
	bad := func(c *request.Case, e request.Error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { g.badRequest(w, r, c, &e) }
	}
	problem := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { g.problem(w, r, status) }
	}
	return map[string]http.HandlerFunc{
		"consent":      consent(app, "Ada Lovelace", "openid", "profile", "email"),
		"consent-all":  consent(app, "ada@northwind.example", all...),
		"consent-long": consent(plain, strings.Repeat("wolfeschlegelsteinhausen", 3)+"@example.com", "openid"),
		"device-code":  code("", ""), "device-code-wrong": code("WDJB-MJHX", "device.unknown"), "device-code-often": code("", "device.too_many"),
		"device":       device(app, request.Device{Scopes: []string{"openid", "profile"}, Address: "192.0.2.7", Agent: "SmartTV/4.1 (Linux)"}),
		"device-plain": device(plain, request.Device{Scopes: []string{"openid"}}),
		"done":         done("device.allowed"), "done-denied": done("device.denied"),
		"sign-out": func(w http.ResponseWriter, r *http.Request) {
			g.askSignOut(w, r, farewell(nil), "Ada Lovelace", nil, "/x")
		},
		"sign-out-app": func(w http.ResponseWriter, r *http.Request) {
			g.askSignOut(w, r, farewell(app), "Ada Lovelace", nil, "/x")
		},
		"signed-out": func(w http.ResponseWriter, r *http.Request) { g.signedOut(w, r, farewell(nil), "", nil) },
		"form-post": func(w http.ResponseWriter, r *http.Request) {
			c := *asked(app).Case
			// The page sends its form at once; here to where nothing answers.
			c.Request.RedirectURI = "/nothing"
			g.formPost(w, r, &c, url.Values{"code": {"abc"}, "state": {"xyz"}})
		},
		"bad-redirect": bad(asked(app).Case, request.Error{Code: "invalid_request", Parameter: "redirect_uri", Text: "The redirect URI is none of the app's.", Ref: "RFC 6749 section 3.1.2.3"}),
		"bad-client":   bad(nil, request.Error{Code: "invalid_client", Parameter: "client_id", Text: "There is no such app."}),
		"bad-expired":  bad(nil, request.Error{Code: "invalid_request_uri", Text: "The request is used up or too old."}),
		"gone":         problem(http.StatusNotFound), "denied": problem(http.StatusForbidden), "ours": problem(http.StatusInternalServerError),
	}
}

// gallery serves the pages by name.
func gallery(t *testing.T) (http.Handler, []string) {
	t.Helper()
	u, err := ui.New(ui.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := newPages(u)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	u.Mount(mux)
	var names []string
	mux.HandleFunc("POST /nothing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for name, do := range exhibits(g) {
		names = append(names, name)
		mux.HandleFunc("GET /show/"+name, do)
	}
	return mux, names
}

// TestPages renders every page in every language and looks for what must not be
// in it.
func TestPages(t *testing.T) {
	h, names := gallery(t)
	for _, name := range names {
		for _, tag := range locale.Tags() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/show/"+name+"?lang="+tag, nil))
			body := w.Body.String()
			for _, bad := range []string{"ZgotmplZ", "<no value>", " style=", "onclick", "%!", "internal error"} {
				if strings.Contains(body, bad) {
					t.Errorf("%s in %s has %q:\n%s", name, tag, bad, body)
				}
			}
			if !strings.Contains(body, "</html>") || !strings.Contains(body, "<h1>") {
				t.Errorf("%s in %s: %d\n%s", name, tag, w.Code, body)
			}
		}
	}
}

// TestBrowser looks at every page in Chromium.
func TestBrowser(t *testing.T) {
	h, names := gallery(t)
	srv := httptest.NewServer(h)
	defer srv.Close()
	uitest.Look(t, names, func(name, lang string) string { return srv.URL + "/show/" + name + "?lang=" + lang })
}

// TestSent is about what the page of a bad request repeats of it.
func TestSent(t *testing.T) {
	for name, test := range map[string]struct{ query, parameter, want string }{
		"a wrong address":    {"redirect_uri=https%3A%2F%2Fshop.example%2Fcallbak%3Fa%3D1", "redirect_uri", "https://shop.example/callbak?a=1"},
		"a misspelt app":     {"client_id=shoop", "client_id", "shoop"},
		"nothing":            {"", "client_id", "–"},
		"a sentence":         {"redirect_uri=Call+this+number+now", "redirect_uri", "…"},
		"a tag":              {"redirect_uri=%3Cb%3E", "redirect_uri", "…"},
		"two":                {"client_id=a&client_id=b", "client_id", "…"},
		"what may be secret": {"id_token_hint=abc", "id_token_hint", "…"},
		"a long one":         {"redirect_uri=https://a.example/" + strings.Repeat("a", 200), "redirect_uri", "…"},
	} {
		r := httptest.NewRequest("GET", "/oauth2/authorize?"+test.query, nil)
		if got := sent(r, test.parameter); got != test.want {
			t.Errorf("%s: sent(%s) = %q, want %q", name, test.query, got, test.want)
		}
	}
}
