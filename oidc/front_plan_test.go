package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
)

// TestPlanFront goes through the modules of the certification plans of the OpenID
// Foundation that end at the authorization endpoint.
func TestPlanFront(t *testing.T) {
	t.Run("oidcc-basic", func(t *testing.T) {
		eachFront(t, func(t *testing.T, f *front) { basicPlan(t, f, "") })
	})
	t.Run("oidcc-formpost-basic", func(t *testing.T) {
		basicPlan(t, frontOnSQLite(t), "form_post")
	})
}

// A landing is what an app got, whatever the response mode.
func landing(a answer, mode string) url.Values {
	a.t.Helper()
	if mode != "form_post" {
		return a.returned()
	}
	if a.status != http.StatusOK {
		a.t.Fatalf("%s = %d %s, want the page that posts", a.what, a.status, a.heading())
	}
	action, fields := formOf(a.t, a.text)
	csp := a.header.Get("Content-Security-Policy")
	if action != redirect || !strings.Contains(csp, "form-action 'self' https://app.test https:") || a.header.Get("Cross-Origin-Opener-Policy") != "" || !strings.Contains(a.text, `type="submit"`) ||
		!strings.Contains(a.text, `submit.`) || !strings.Contains(csp, "script-src 'self'") {
		a.t.Fatalf("%s: the page posts to %q with the policy %q: %s", a.what, action, csp, a.text)
	}
	if fields.Get("iss") != public+"/o/acme" {
		a.t.Errorf("%s: the answer %v does not name its issuer", a.what, fields)
	}
	return fields
}

func basicPlan(t *testing.T, f *front, mode string) {
	ask := func(pairs ...string) string { return f.shop.ask(append(pairs, "response_mode", mode)...) }
	get := func(b *browser, pairs ...string) url.Values {
		b.t.Helper()
		return landing(b.follow("GET", ask(pairs...), nil), mode)
	}
	code := func(b *browser, pairs ...string) string {
		b.t.Helper()
		v := get(b, pairs...)
		if v.Get("code") == "" || v.Get("state") != "st" {
			b.t.Fatalf("the app got %v, want a code", v)
		}
		return v.Get("code")
	}
	redeem := func(b *browser, pairs ...string) answer {
		b.t.Helper()
		return f.shop.redeem(code(b, pairs...)).want(200)
	}

	t.Run("oidcc-server", func(t *testing.T) {
		b := f.browser(t, "ann")
		id := part(t, redeem(b).get("id_token"), 1)
		if id["nonce"] != "n-1" || id["aud"] != "shop" || id["iss"] != public+"/o/acme" || id["sub"] != f.ann.String() || b.signed != 1 {
			t.Errorf("the ID token says %v after %d sign-ins", id, b.signed)
		}
	})
	t.Run("oidcc-response-type-missing", func(t *testing.T) {
		if v := get(f.browser(t, "ann"), "response_type", ""); v.Get("error") != "invalid_request" || v.Get("state") != "st" {
			t.Errorf("the app got %v", v)
		}
	})
	t.Run("oidcc-ensure-request-without-nonce-succeeds-for-code-flow", func(t *testing.T) {
		if id := part(t, redeem(f.browser(t, "ann"), "nonce", "").get("id_token"), 1); id["nonce"] != nil {
			t.Errorf("the ID token has the nonce %v", id["nonce"])
		}
	})
	t.Run("oidcc-scope-all", func(t *testing.T) {
		got := redeem(f.browser(t, "ann"), "scope", "openid profile email address phone")
		u := f.shop.userinfo(got.get("access_token")).want(200)
		for _, claim := range []string{"name", "email", "address", "phone_number"} {
			if u.body[claim] == nil {
				t.Errorf("UserInfo has no %s: %s", claim, u.text)
			}
		}
	})
	for name, display := range map[string]string{"oidcc-display-page": "page", "oidcc-display-popup": "popup"} {
		t.Run(name, func(t *testing.T) { code(f.browser(t, "ann"), "display", display) })
	}
	t.Run("oidcc-prompt-login", func(t *testing.T) {
		b := f.browser(t, "ann")
		first := part(t, redeem(b).get("id_token"), 1)
		f.wait(2 * time.Second)
		second := part(t, redeem(b, "prompt", "login").get("id_token"), 1)
		if b.signed != 2 || second["auth_time"].(float64) <= first["auth_time"].(float64) {
			t.Errorf("%d sign-ins, auth_time %v after %v", b.signed, second["auth_time"], first["auth_time"])
		}
	})
	t.Run("oidcc-prompt-none-not-logged-in", func(t *testing.T) {
		if v := get(f.browser(t, "ann"), "prompt", "none"); v.Get("error") != "login_required" {
			t.Errorf("the app got %v", v)
		}
	})
	t.Run("oidcc-prompt-none-logged-in", func(t *testing.T) {
		b := f.browser(t, "ann")
		first := part(t, redeem(b).get("id_token"), 1)
		f.wait(2 * time.Second)
		second := part(t, redeem(b, "prompt", "none").get("id_token"), 1)
		if b.signed != 1 || first["sub"] != second["sub"] || first["auth_time"] != second["auth_time"] {
			t.Errorf("%d sign-ins; %v, then %v", b.signed, first, second)
		}
	})
	t.Run("oidcc-max-age-1", func(t *testing.T) {
		b := f.browser(t, "ann")
		redeem(b)
		f.wait(2 * time.Second)
		if id := part(t, redeem(b, "max_age", "1").get("id_token"), 1); b.signed != 2 || id["auth_time"] == nil {
			t.Errorf("%d sign-ins, auth_time %v", b.signed, id["auth_time"])
		}
	})
	t.Run("oidcc-max-age-10000", func(t *testing.T) {
		b := f.browser(t, "ann")
		redeem(b)
		f.wait(2 * time.Second)
		if id := part(t, redeem(b, "max_age", "10000").get("id_token"), 1); b.signed != 1 || id["auth_time"] == nil {
			t.Errorf("%d sign-ins, auth_time %v", b.signed, id["auth_time"])
		}
	})
	t.Run("oidcc-ensure-request-with-unknown-parameter-succeeds", func(t *testing.T) {
		code(f.browser(t, "ann"), "extra", "foobar")
	})
	t.Run("oidcc-id-token-hint", func(t *testing.T) {
		b := f.browser(t, "ann")
		hint := redeem(b).get("id_token")
		f.wait(3 * time.Hour) // a hint may have expired
		code(b, "prompt", "none", "id_token_hint", hint)
	})
	t.Run("oidcc-login-hint", func(t *testing.T) {
		b := f.browser(t, "ann")
		code(b, "login_hint", "ann")
	})
	for name, pair := range map[string][2]string{
		"oidcc-ui-locales":                                {"ui_locales", "se"},
		"oidcc-claims-locales":                            {"claims_locales", "se"},
		"oidcc-ensure-request-with-acr-values-succeeds":   {"acr_values", "urn:mace:incommon:iap:silver 1"},
		"oidcc-claims-essential":                          {"claims", `{"userinfo":{"name":{"essential":true}}}`},
		"prompt=create is passed over":                    {"prompt", "create"},
		"oidcc-ensure-request-with-valid-pkce-succeeds":   {"code_challenge_method", "S256"},
		"oidcc-ensure-request-with-unknown-acr-succeeds ": {"acr_values", "urn:nobody"},
	} {
		t.Run(name, func(t *testing.T) { code(f.browser(t, "ann"), pair[0], pair[1]) })
	}
	t.Run("oidcc-ensure-request-without-pkce-succeeds", func(t *testing.T) {
		c := code(f.browser(t, "ann"), "code_challenge", "", "code_challenge_method", "")
		f.shop.token(identity.GrantCode, "code", c, "redirect_uri", redirect).want(200)
	})
	t.Run("oidcc-ensure-registered-redirect-uri", func(t *testing.T) {
		f.browser(t, "ann").follow("GET", ask("redirect_uri", "https://app.test/other"), nil).onPage(400)
	})
	t.Run("oidcc-ensure-post-request-succeeds", func(t *testing.T) {
		b := f.browser(t, "ann")
		redeem(b)
		v := f.shop.params("response_mode", mode)
		// A browser keeps the session cookie to itself when another site posts.
		session := b.jar[cookies.Session(f.org.ID)]
		delete(b.jar, cookies.Session(f.org.ID))
		a := b.visit("POST", "/o/acme/oauth2/authorize", v, "Origin", "https://app.test", "Sec-Fetch-Site", "cross-site")
		b.jar[cookies.Session(f.org.ID)] = session
		out := landing(b.follow("GET", a.header.Get("Location"), nil), mode)
		if out.Get("code") == "" || b.signed != 1 {
			t.Errorf("the app got %v after %d sign-ins", out, b.signed)
		}
	})
	t.Run("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", func(t *testing.T) {
		if v := get(f.browser(t, "ann"), "request", "eyJhbGciOiJub25lIn0.e30."); v.Get("error") != "request_not_supported" {
			t.Errorf("the app got %v", v)
		}
	})
	t.Run("oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", func(t *testing.T) {
		if v := get(f.browser(t, "ann"), "request_uri", "https://app.test/request"); v.Get("error") != "request_uri_not_supported" {
			t.Errorf("the app got %v", v)
		}
	})
	t.Run("oidcc-refresh-token", func(t *testing.T) {
		got := redeem(f.browser(t, "ann"), "scope", "openid offline_access", "prompt", "consent")
		f.shop.token(identity.GrantRefresh, "refresh_token", got.get("refresh_token")).want(200)
	})
}

// TestPrompts goes through what an app can ask of a session.
func TestPrompts(t *testing.T) {
	f := frontOnSQLite(t)
	bob := f.person("bob")
	f.shop.redeem(f.browser(t, "bob").follow("GET", f.shop.ask(), nil).granted())

	t.Run("a hint of somebody else with prompt=none", func(t *testing.T) {
		hint := f.shop.redeem(f.browser(t, "bob").follow("GET", f.shop.ask(), nil).granted()).get("id_token")
		b := f.browser(t, "ann")
		b.follow("GET", f.shop.ask(), nil).granted()
		b.follow("GET", f.shop.ask("prompt", "none", "id_token_hint", hint), nil).refused("login_required")
	})
	t.Run("a hint of somebody else, who then signs in", func(t *testing.T) {
		hint := f.shop.redeem(f.browser(t, "bob").follow("GET", f.shop.ask(), nil).granted()).get("id_token")
		b := f.browser(t, "ann")
		b.follow("GET", f.shop.ask(), nil).granted()
		b.as = "bob"
		id := part(t, f.shop.redeem(b.follow("GET", f.shop.ask("id_token_hint", hint), nil).granted()).get("id_token"), 1)
		if id["sub"] != bob.String() || b.signed != 2 {
			t.Errorf("the ID token is of %v after %d sign-ins, want bob after 2", id["sub"], b.signed)
		}
	})
	t.Run("a hint of somebody else, who does not sign in", func(t *testing.T) {
		hint := f.shop.redeem(f.browser(t, "bob").follow("GET", f.shop.ask(), nil).granted()).get("id_token")
		b := f.browser(t, "ann")
		b.follow("GET", f.shop.ask("id_token_hint", hint), nil).refused("login_required")
	})
	t.Run("a hint that is none", func(t *testing.T) {
		f.browser(t, "ann").follow("GET", f.shop.ask("id_token_hint", "x.y.z"), nil).refused("invalid_request")
	})
	t.Run("a subject asked for by value", func(t *testing.T) {
		b := f.browser(t, "ann")
		b.follow("GET", f.shop.ask(), nil).granted()
		b.follow("GET", f.shop.ask("prompt", "none", "claims", `{"id_token":{"sub":{"value":"`+bob.String()+`"}}}`), nil).refused("login_required")
		b.follow("GET", f.shop.ask("prompt", "none", "claims", `{"id_token":{"sub":{"value":"`+f.ann.String()+`"}}}`), nil).granted()
	})
	t.Run("select_account asks anew", func(t *testing.T) {
		b := f.browser(t, "ann")
		b.follow("GET", f.shop.ask(), nil).granted()
		b.as = "bob"
		id := part(t, f.shop.redeem(b.follow("GET", f.shop.ask("prompt", "select_account"), nil).granted()).get("id_token"), 1)
		if id["sub"] != bob.String() {
			t.Errorf("the ID token is of %v, want bob", id["sub"])
		}
	})
	t.Run("an essential class that nobody knows", func(t *testing.T) {
		b := f.browser(t, "ann")
		b.follow("GET", f.shop.ask("claims", `{"id_token":{"acr":{"essential":true,"values":["urn:nobody"]}}}`), nil).
			refused("unmet_authentication_requirements")
	})
	t.Run("default_max_age of the app", func(t *testing.T) {
		limit := int64(60)
		f.set(f.shop, func(s *identity.AppSettings) { s.DefaultMaxAge = &limit })
		defer f.set(f.shop, func(s *identity.AppSettings) { s.DefaultMaxAge = nil })
		b := f.browser(t, "ann")
		b.follow("GET", f.shop.ask(), nil).granted()
		f.wait(2 * time.Minute)
		b.follow("GET", f.shop.ask("prompt", "none"), nil).refused("login_required")
	})
	t.Run("max_age=0 signs in once", func(t *testing.T) {
		b := f.browser(t, "ann")
		b.follow("GET", f.shop.ask("max_age", "0"), nil).granted()
		if b.signed != 1 {
			t.Errorf("%d sign-ins, want 1", b.signed)
		}
	})
}
