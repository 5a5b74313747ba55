package request

import (
	"net/url"
	"strings"
	"testing"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
)

const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

// good returns a case that keeps every rule.
func good() (*identity.App, app.Provider, url.Values) {
	a := &identity.App{ClientID: "shop", AppSettings: identity.AppSettings{
		AuthMethod: identity.AuthBasic, RedirectURIs: []string{"https://shop.test/cb", "http://127.0.0.1/cb"},
		GrantTypes:    []string{identity.GrantCode, identity.GrantImplicit},
		ResponseTypes: []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"},
		Scopes:        []string{"openid", "profile", "email"}, Resources: []string{"https://api.test"},
	}}
	return a, app.Provider{}, url.Values{
		"client_id": {"shop"}, "redirect_uri": {"https://shop.test/cb"}, "response_type": {"code"}, "scope": {"openid profile"},
		"state": {"s"}, "nonce": {"n"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
}

// A row breaks or keeps one rule.
type row struct {
	about string
	app   func(*identity.App)
	legal func(*app.Legacy)
	set   []string // names and values of parameters; "" takes one away
	want  string   // "code place parameter", "" for no error
}

func implicit(l *app.Legacy) { l.Implicit = true }
func hybrid(l *app.Legacy)   { l.Hybrid = true }

var rows = []row{
	{about: "a plain request"},
	{about: "an app that is switched off", app: func(a *identity.App) { a.Disabled = true }, want: "unauthorized_client page client_id"},
	{about: "no redirect_uri", set: []string{"redirect_uri", ""}, want: "invalid_request page redirect_uri"},
	{about: "another redirect_uri", set: []string{"redirect_uri", "https://shop.test/cb/"}, want: "invalid_request page redirect_uri"},
	{about: "a redirect_uri with a query of its own", set: []string{"redirect_uri", "https://shop.test/cb?x=1"}, want: "invalid_request page redirect_uri"},
	{about: "a loopback address with another port", set: []string{"redirect_uri", "http://127.0.0.1:4711/cb"}},
	{about: "http under FAPI", app: fapi, set: []string{"redirect_uri", "http://127.0.0.1:4711/cb"}, want: "invalid_request page redirect_uri"},

	{about: "a state of 2048 bytes", set: []string{"state", strings.Repeat("x", 2048)}},
	{about: "a state of 2049 bytes", set: []string{"state", strings.Repeat("x", 2049)}, want: "invalid_request redirect "},
	{about: "a nonce of 2049 bytes", set: []string{"nonce", strings.Repeat("x", 2049)}, want: "invalid_request redirect "},
	{about: "no response_type", set: []string{"response_type", ""}, want: "invalid_request redirect response_type"},
	{about: "an unknown response_type", set: []string{"response_type", "cod"}, want: "unsupported_response_type redirect response_type"},
	{about: "token alone is never served", legal: implicit, set: []string{"response_type", "token"}, want: "unsupported_response_type redirect response_type"},
	{about: "implicit where it is off", set: []string{"response_type", "id_token"}, want: "unsupported_response_type redirect response_type"},
	{about: "implicit where it is on", legal: implicit, set: []string{"response_type", "id_token"}},
	{about: "implicit in the other order", legal: implicit, set: []string{"response_type", "token id_token"}},
	{about: "hybrid where it is off", legal: implicit, set: []string{"response_type", "code id_token"}, want: "unsupported_response_type redirect response_type"},
	{about: "hybrid where it is on", legal: hybrid, set: []string{"response_type", "token code id_token"}},
	{about: "hybrid under FAPI", legal: hybrid, app: fapi, set: []string{"response_type", "code id_token"}, want: "unsupported_response_type redirect response_type"},
	{about: "a response_type that the app did not register", legal: hybrid, app: func(a *identity.App) { a.ResponseTypes = []string{"code"} },
		set: []string{"response_type", "code id_token"}, want: "unauthorized_client redirect response_type"},
	{about: "an app without the grant type", app: func(a *identity.App) { a.GrantTypes = []string{identity.GrantClientCredentials} },
		want: "unauthorized_client redirect response_type"},
	{about: "an app that registered no response types", app: func(a *identity.App) { a.ResponseTypes = nil }},
	{about: "form_post", set: []string{"response_mode", "form_post"}},
	{about: "an unknown response_mode", set: []string{"response_mode", "web_message"}, want: "invalid_request redirect response_mode"},
	{about: "an ID token in a query", legal: implicit, set: []string{"response_type", "id_token", "response_mode", "query"}, want: "invalid_request redirect response_mode"},
	{about: "an ID token in a signed query", legal: implicit, set: []string{"response_type", "id_token", "response_mode", "query.jwt"}, want: "invalid_request redirect response_mode"},
	{about: "a request that should have been pushed", app: func(a *identity.App) { a.RequirePAR = true }, want: "invalid_request redirect request_uri"},
	{about: "FAPI without PAR", app: func(a *identity.App) { a.FAPI = true }, want: "invalid_request redirect request_uri"},
	{about: "a request that should have been signed", app: func(a *identity.App) { a.RequireRequestObject = true }, want: "invalid_request redirect request"},
	{about: "registration in the request", set: []string{"registration", "{}"}, want: "registration_not_supported redirect registration"},

	{about: "no scope at all", set: []string{"scope", ""}},
	{about: "a scope that is no word", set: []string{"scope", "openid \"x\""}, want: "invalid_scope redirect scope"},
	{about: "a scope that does not exist", set: []string{"scope", "openid mail"}},
	{about: "a scope of others", set: []string{"scope", "openid phone"}, want: "invalid_scope redirect scope"},
	{about: "a privileged scope of others", set: []string{"scope", "muster:admin"}, want: "invalid_scope redirect scope"},
	{about: "a privileged scope of an app without a list", app: func(a *identity.App) { a.Scopes = nil }, set: []string{"scope", "scim"}, want: "invalid_scope redirect scope"},
	{about: "a usual scope of an app without a list", app: func(a *identity.App) { a.Scopes = nil }, set: []string{"scope", "openid phone"}},
	{about: "an ID token without openid", legal: implicit, set: []string{"response_type", "id_token", "scope", "profile"}, want: "invalid_scope redirect scope"},
	{about: "an ID token without a nonce", legal: implicit, set: []string{"response_type", "id_token", "nonce", ""}, want: "invalid_request redirect nonce"},
	{about: "a code without a nonce", set: []string{"nonce", ""}},

	{about: "no PKCE for a confidential app", set: []string{"code_challenge", "", "code_challenge_method", ""}},
	{about: "no PKCE for a public app", app: func(a *identity.App) { a.AuthMethod = identity.AuthNone },
		set: []string{"code_challenge", "", "code_challenge_method", ""}, want: "invalid_request redirect code_challenge"},
	{about: "no PKCE where it is demanded", app: func(a *identity.App) { a.RequirePKCE = true },
		set: []string{"code_challenge", "", "code_challenge_method", ""}, want: "invalid_request redirect code_challenge"},
	{about: "no PKCE under FAPI", app: fapi, set: []string{"code_challenge", "", "code_challenge_method", ""}, want: "invalid_request redirect code_challenge"},
	{about: "plain", set: []string{"code_challenge_method", "plain"}, want: "invalid_request redirect code_challenge_method"},
	{about: "plain by leaving the method out", set: []string{"code_challenge_method", ""}, want: "invalid_request redirect code_challenge_method"},
	{about: "a method without a challenge", set: []string{"code_challenge", ""}, want: "invalid_request redirect code_challenge_method"},
	{about: "a challenge of 42 characters", set: []string{"code_challenge", challenge[:42]}, want: "invalid_request redirect code_challenge"},
	{about: "a challenge that no digest has", set: []string{"code_challenge", challenge[:42] + "N"}, want: "invalid_request redirect code_challenge"},

	{about: "prompt none and login", set: []string{"prompt", "none login"}, want: "invalid_request redirect prompt"},
	{about: "prompt create", set: []string{"prompt", "create"}},
	{about: "max_age 0", set: []string{"max_age", "0"}},
	{about: "a max_age below 0", set: []string{"max_age", "-1"}, want: "invalid_request redirect max_age"},
	{about: "a max_age that is no number", set: []string{"max_age", "1h"}, want: "invalid_request redirect max_age"},
	{about: "claims", set: []string{"claims", `{"userinfo":{"name":{"essential":true}}}`}},
	{about: "claims that are no JSON", set: []string{"claims", `{"userinfo"`}, want: "invalid_request redirect claims"},
	{about: "a resource", set: []string{"resource", "https://api.test"}},
	{about: "a resource of others", set: []string{"resource", "https://other.test"}, want: "invalid_target redirect resource"},
	{about: "a resource that is relative", set: []string{"resource", "api"}, want: "invalid_target redirect resource"},
	{about: "a resource with a fragment", set: []string{"resource", "https://api.test#x"}, want: "invalid_target redirect resource"},
	{about: "a key", set: []string{"dpop_jkt", challenge}},
	{about: "a key that is none", set: []string{"dpop_jkt", "x"}, want: "invalid_request redirect dpop_jkt"},
}

// fapi makes an app of FAPI whose request was pushed.
func fapi(a *identity.App) { a.FAPI, a.Contacts = true, []string{"pushed"} }

func (r row) build() *Case {
	a, p, v := good()
	if r.app != nil {
		r.app(a)
	}
	if r.legal != nil {
		r.legal(&p.Legacy)
	}
	for i := 0; i+1 < len(r.set); i += 2 {
		v.Set(r.set[i], r.set[i+1])
		if r.set[i+1] == "" {
			v.Del(r.set[i])
		}
	}
	c := &Case{App: a, Provider: p, Request: Parse(v)}
	if len(a.Contacts) > 0 {
		c.Request.Source = Pushed
	}
	return c
}

func TestRules(t *testing.T) {
	broken := map[string]bool{}
	for _, r := range rows {
		t.Run(r.about, func(t *testing.T) {
			got := ""
			if err := r.build().Check(); err != nil {
				e := err.(*Error)
				got = e.Code + " " + string(e.Place) + " " + e.Parameter
				broken[e.Ref+e.Parameter+e.Code] = true
				if e.Text == "" || e.Ref == "" {
					t.Errorf("the error %+v has no text or no paragraph", e)
				}
			}
			if got != r.want {
				t.Errorf("Check = %q, want %q", got, r.want)
			}
		})
	}
	for _, rule := range Rules() {
		if !broken[rule.Ref+rule.Parameter+rule.Code] {
			t.Errorf("no row breaks the rule of %s about %q", rule.Ref, rule.Parameter)
		}
	}
}

func TestMode(t *testing.T) {
	for _, c := range []struct{ types, mode, want string }{
		{"code", "", "query"}, {"code", "fragment", "fragment"}, {"code", "form_post", "form_post"},
		{"code", "jwt", "query jwt"}, {"code", "query.jwt", "query jwt"}, {"code", "form_post.jwt", "form_post jwt"},
		{"id_token", "", "fragment"}, {"id_token", "jwt", "fragment jwt"}, {"id_token", "query", "fragment"},
		{"code token", "query.jwt", "fragment jwt"}, {"code", "web_message", "query"}, {"", "", "query"},
	} {
		m := Parse(url.Values{"response_type": {c.types}, "response_mode": {c.mode}}).Mode()
		got := m.Place
		if m.JWT {
			got += " jwt"
		}
		if got != c.want {
			t.Errorf("Mode of %q with %q = %q, want %q", c.types, c.mode, got, c.want)
		}
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct{ about, raw, want string }{
		{"usual parameters", "a=1&b=2", "a=1&b=2"},
		{"one without a value is not there", "a=&b=2", "b=2"},
		{"A4 a parameter twice", "client_id=a&client_id=b", "error"},
		{"A4 a parameter twice, once without a value", "client_id=a&client_id=", "error"},
		{"A4 invalid UTF-8", "state=%ff", "error"},
		{"A4 invalid UTF-8 in a name", "%ff=1", "error"},
		{"A4 a zero byte", "state=a%00b", "error"},
		{"A4 a bad escape", "state=%zz", "error"},
		{"A4 a semicolon", "a=1;b=2", "error"},
		{"several resources", "resource=a&resource=b", "resource=a&resource=b"},
		{"101 parameters", strings.Repeat("a&", 101), "error"},
		{"more than 64 KiB", "a=" + strings.Repeat("x", 64<<10), "error"},
	} {
		t.Run(c.about, func(t *testing.T) {
			v, err := Values(c.raw)
			got := v.Encode()
			if err != nil {
				got = "error"
				if e := err.(*Error); e.Place != OnPage {
					t.Errorf("the error is told by %s, want on a page", e.Place)
				}
			}
			if got != c.want {
				t.Errorf("Values(%.40q) = %q, want %q", c.raw, got, c.want)
			}
		})
	}
}

// FuzzValues checks that what was read can be written and read again, and says
// the same, and that no rule panics.
func FuzzValues(f *testing.F) {
	for _, r := range rows {
		f.Add(r.build().Request.values.Encode())
	}
	f.Add("client_id=a&client_id=b&%ff")
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := Values(raw)
		if err != nil {
			return
		}
		again, err := Values(v.Encode())
		if err != nil || again.Encode() != v.Encode() {
			t.Fatalf("Values(%q) = %q, read again %q, %v", raw, v.Encode(), again.Encode(), err)
		}
		a, p, _ := good()
		p.Legacy = app.Legacy{Implicit: true, Hybrid: true}
		c := &Case{App: a, Provider: p, Request: Parse(v)}
		err = c.Check()
		if e, ok := err.(*Error); err != nil && !ok {
			t.Fatalf("Check of %q: %v is no *Error", raw, e)
		}
		if err == nil && !app.RedirectMatches(a.RedirectURIs, c.Request.RedirectURI) {
			t.Fatalf("Check of %q lets the redirect %q pass", raw, c.Request.RedirectURI)
		}
		c.Request.Mode()
		c.Granted()
	})
}
