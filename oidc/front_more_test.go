package oidc_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/token"
)

const hour = time.Hour

// group makes a group without members.
func (f *front) group(name string) identity.ID {
	f.t.Helper()
	g, err := f.dir.Create(context.Background(), f.by, schema.Standard().TypeByName("Group"), schema.Object{"schemas": []any{schema.GroupURN}, "displayName": name})
	f.ok(err)
	return g.ID
}

// TestConsent goes through what people are asked.
func TestConsent(t *testing.T) {
	eachFront(t, func(t *testing.T, f *front) {
		guest := f.app("guest", func(s *identity.AppSettings) {
			s.Name, s.LogoURI, s.PolicyURI, s.TOSURI = `<b>Guest</b>`, "https://app.test/logo.png", "https://app.test/policy", "https://app.test/terms"
		})
		t.Run("the page says what the app gets", func(t *testing.T) {
			b := f.browser(t, "ann")
			a := b.visit("GET", b.signIn(b.visit("GET", guest.ask("scope", "openid email groups"), nil).header.Get("Location")), nil)
			for _, want := range []string{"see your e-mail address", "see the groups that you belong to", "&lt;b&gt;Guest&lt;/b&gt;", "Ann ann",
				"https://app.test/policy", "https://app.test/terms", `src="https://app.test/logo.png"`} {
				if !strings.Contains(a.text, want) {
					t.Errorf("the page does not hold %q", want)
				}
			}
			if strings.Contains(a.text, "<b>Guest") {
				t.Error("the name of the app is not escaped")
			}
			// Where the app sends the browser on to, our policy still counts; and it may
			// have opened the page in a window that it waits for.
			if a.header.Get("Cross-Origin-Opener-Policy") != "" {
				t.Error("an app that opened the page loses sight of it")
			}
			if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://app.test https:") || !strings.Contains(csp, "img-src 'self' data: https://app.test") {
				t.Errorf("the policy is %q", csp)
			}
		})
		t.Run("it is asked once for what was allowed, and again for more", func(t *testing.T) {
			b := f.browser(t, "ann")
			b.follow("GET", guest.ask(), nil).granted()
			b.follow("GET", guest.ask(), nil).granted()
			if b.asked != 1 {
				t.Errorf("%d questions, want 1", b.asked)
			}
			b.follow("GET", guest.ask("prompt", "none"), nil).granted()
			b.follow("GET", guest.ask("prompt", "none", "scope", "openid profile phone"), nil).refused("consent_required")
			b.follow("GET", guest.ask("scope", "openid profile phone"), nil).granted()
			b.follow("GET", guest.ask("claims", `{"userinfo":{"address":null}}`), nil).granted()
			if b.asked != 3 {
				t.Errorf("%d questions, want 3", b.asked)
			}
			b.follow("GET", guest.ask("prompt", "consent"), nil).granted()
			if b.asked != 4 {
				t.Errorf("%d questions after prompt=consent, want 4", b.asked)
			}
		})
		t.Run("fapi2-security-profile-final-user-rejects-authentication", func(t *testing.T) {
			b := f.browser(t, "ann")
			b.deny = true
			b.follow("GET", guest.ask("prompt", "consent"), nil).refused("access_denied")
		})
		t.Run("who does not sign in can go back to the app", func(t *testing.T) {
			b := f.browser(t, "ann")
			path := b.visit("GET", guest.ask(), nil).header.Get("Location")
			id := path[strings.LastIndex(path, "/")+1:]
			v, err := b.people.Flow(t.Context(), b.org, id, b.jar[cookies.Flow(id)])
			if err != nil {
				t.Fatal(err)
			}
			f.browser(t, "eve").visit("GET", v.App.Cancel, nil).onPage(403)
			b.visit("GET", v.App.Cancel, nil).refused("access_denied")
			b.visit("GET", v.App.Cancel, nil).onPage(404) // once
		})
		t.Run("another site cannot answer", func(t *testing.T) {
			b := f.browser(t, "ann")
			path := b.signIn(b.visit("GET", guest.ask("prompt", "consent"), nil).header.Get("Location"))
			action, fields := formOf(t, b.visit("GET", path, nil).text)
			fields.Set("decision", "allow")
			b.visit("POST", action, fields, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.test").onPage(403)
			fields.Set("session", identity.NewID().String())
			if to := b.visit("POST", action, fields).header.Get("Location"); to != action {
				t.Errorf("an answer in another person's name leads to %q, want the question again", to)
			}
		})
		t.Run("an answer counts once", func(t *testing.T) {
			b := f.browser(t, "ann")
			path := b.signIn(b.visit("GET", guest.ask("prompt", "consent"), nil).header.Get("Location"))
			action, fields := formOf(t, b.visit("GET", path, nil).text)
			fields.Set("decision", "allow")
			kept := map[string]string{}
			for k, v := range b.jar {
				kept[k] = v
			}
			b.visit("POST", action, fields).granted()
			b.jar = kept
			b.visit("POST", action, fields).onPage(404)
		})
		t.Run("a native app is asked for each time", func(t *testing.T) {
			native := f.app("native", func(s *identity.AppSettings) {
				s.Type, s.AuthMethod, s.RedirectURIs = identity.NativeApp, identity.AuthNone, []string{"http://127.0.0.1/cb"}
				s.GrantTypes = []string{identity.GrantCode, identity.GrantRefresh}
			})
			b := f.browser(t, "ann")
			ask := native.ask("redirect_uri", "http://127.0.0.1:5555/cb")
			for range 2 {
				if to := b.follow("GET", ask, nil).header.Get("Location"); !strings.HasPrefix(to, "http://127.0.0.1:5555/cb?code=") {
					t.Fatalf("the answer goes to %q", to)
				}
			}
			if b.asked != 2 {
				t.Errorf("%d questions, want 2", b.asked)
			}
			if to := b.follow("GET", native.ask("redirect_uri", "http://127.0.0.1:5555/cb", "prompt", "none"), nil).header.Get("Location"); !strings.Contains(to, "error=consent_required") {
				t.Errorf("prompt=none leads to %q", to)
			}
		})
		t.Run("only members of the app's groups come in", func(t *testing.T) {
			group := f.group("buyers")
			closed := f.app("closed", func(s *identity.AppSettings) { s.Groups, s.Trusted = []string{group.String()}, true })
			f.browser(t, "ann").follow("GET", closed.ask(), nil).refused("access_denied")
			out, err := f.dir.Write(context.Background(), f.by, []directory.Unit{{{
				Method: directory.Modify, Type: schema.Standard().TypeByName("Group"), ID: group,
				Change: func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
					return old, []directory.MemberEdit{{Op: directory.AddMembers, Members: []string{f.ann.String()}}}, nil
				},
			}}}, 0)
			f.ok(err)
			f.ok(out[0][0].Err)
			f.browser(t, "ann").follow("GET", closed.ask(), nil).granted()
		})
	})
}

// TestResponseModes goes through the ways in which an answer reaches the app.
func TestResponseModes(t *testing.T) {
	f := frontOnSQLite(t)
	b := f.browser(t, "ann")
	b.follow("GET", f.shop.ask(), nil).granted()
	t.Run("fragment", func(t *testing.T) {
		if to := b.follow("GET", f.shop.ask("response_mode", "fragment"), nil).header.Get("Location"); !strings.HasPrefix(to, redirect+"#code=") {
			t.Errorf("the answer goes to %q", to)
		}
	})
	for mode, sep := range map[string]string{"jwt": "?", "query.jwt": "?", "fragment.jwt": "#"} {
		t.Run(mode, func(t *testing.T) {
			a := b.follow("GET", f.shop.ask("response_mode", mode), nil)
			v := a.returned()
			in := part(t, v.Get("response"), 1)
			if !strings.HasPrefix(a.header.Get("Location"), redirect+sep+"response=") || len(v) != 1 ||
				in["iss"] != f.issuer || in["aud"] != "shop" || in["state"] != "st" || in["code"] == "" || in["exp"].(float64) > float64(f.now().Add(10*time.Minute).Unix()) {
				t.Errorf("the answer is %v with %v", v, in)
			}
			if _, err := f.tokens.VerifyOwn(t.Context(), f.org.ID, v.Get("response"), token.TypeAuthorization); err != nil {
				t.Errorf("the answer does not verify: %v", err)
			}
			if alg := part(t, v.Get("response"), 0)["alg"]; alg != "RS256" {
				t.Errorf("signed by %v, want the default of JARM, RS256", alg)
			}
		})
	}
	t.Run("an error in a JWT", func(t *testing.T) {
		in := part(t, b.follow("GET", f.shop.ask("response_mode", "query.jwt", "prompt", "none login"), nil).returned().Get("response"), 1)
		if in["error"] != "invalid_request" || in["iss"] != f.issuer || in["state"] != "st" {
			t.Errorf("the answer says %v", in)
		}
	})
	t.Run("form_post.jwt", func(t *testing.T) {
		_, fields := formOf(t, b.follow("GET", f.shop.ask("response_mode", "form_post.jwt"), nil).text)
		if in := part(t, fields.Get("response"), 1); in["code"] == nil {
			t.Errorf("the answer says %v", in)
		}
	})
	t.Run("the query of the redirect stays as it is", func(t *testing.T) {
		own := redirect + "?b=%7e&a=1"
		f.set(f.shop, func(s *identity.AppSettings) { s.RedirectURIs = []string{redirect, own} })
		if to := b.follow("GET", f.shop.ask("redirect_uri", own), nil).header.Get("Location"); !strings.HasPrefix(to, own+"&code=") {
			t.Errorf("the answer goes to %q", to)
		}
	})
	t.Run("implicit and hybrid, only where the organisation has them", func(t *testing.T) {
		f.provider(func(p *app.Provider) { p.Legacy.Implicit, p.Legacy.Hybrid = true, true })
		old := f.app("old", func(s *identity.AppSettings) {
			s.Trusted = true
			s.GrantTypes = []string{identity.GrantCode, identity.GrantImplicit}
			s.ResponseTypes = []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}
		})
		for _, c := range []struct{ types, want string }{
			{"id_token", "id_token iss state"},
			{"id_token token", "access_token expires_in id_token iss scope state token_type"},
			{"code id_token", "code id_token iss state"},
			{"code token", "access_token code expires_in iss scope state token_type"},
			{"code id_token token", "access_token code expires_in id_token iss scope state token_type"},
		} {
			a := b.follow("GET", old.ask("response_type", c.types), nil)
			v := a.returned()
			if got := names(v); got != c.want || !strings.HasPrefix(a.header.Get("Location"), redirect+"#") {
				t.Errorf("%s: the app got %s at %s, want %s", c.types, got, a.header.Get("Location"), c.want)
			}
			if !v.Has("id_token") {
				continue
			}
			id := part(t, v.Get("id_token"), 1)
			// OpenID Connect Core section 5.4: where an access token is issued, also for
			// the code, UserInfo tells the claims of the scopes.
			if (id["preferred_username"] != nil) != (c.types == "id_token") {
				t.Errorf("%s: the ID token says %v", c.types, id)
			}
			if (id["c_hash"] != nil) != v.Has("code") || (id["at_hash"] != nil) != v.Has("access_token") || id["nonce"] != "n-1" {
				t.Errorf("%s: the ID token says %v", c.types, id)
			}
		}
		v := b.follow("GET", old.ask("response_type", "code token"), nil).returned()
		redeem := func() answer {
			return old.token(identity.GrantCode, "code", v.Get("code"), "redirect_uri", redirect, "code_verifier", verifier)
		}
		redeem().want(200)
		old.userinfo(v.Get("access_token")).want(200)
		f.wait(2 * time.Second)
		redeem().want(400, "invalid_grant")
		old.userinfo(v.Get("access_token")).want(401) // what stood beside a code that came again
		f.provider(func(p *app.Provider) { p.Legacy = app.Legacy{} })
		b.follow("GET", old.ask("response_type", "id_token"), nil).refused("unsupported_response_type")
	})
}

// TestResourceOfOurs names the issuer as the resource, which is also what a request
// without one gets (RFC 8707 section 2).
func TestResourceOfOurs(t *testing.T) {
	f := frontOnSQLite(t)
	for phrase, asked := range map[string]string{"named when it was allowed": f.issuer, "never named": ""} {
		first := f.shop.redeem(f.browser(t, "ann").follow("GET", f.shop.ask("resource", asked), nil).granted()).want(200)
		next := f.shop.token(identity.GrantRefresh, "refresh_token", first.get("refresh_token"), "resource", f.issuer)
		if next.status != 200 || part(t, next.get("access_token"), 1)["aud"] != f.issuer {
			t.Errorf("%s: refresh = %d %s", phrase, next.status, next.text)
		}
	}
}

func names(v url.Values) string {
	var out []string
	for _, n := range []string{"access_token", "code", "error", "expires_in", "id_token", "iss", "scope", "state", "token_type"} {
		if v.Has(n) {
			out = append(out, n)
		}
	}
	return strings.Join(out, " ")
}

// TestDevicePage goes through the pages on which people let devices in.
func TestDevicePage(t *testing.T) {
	eachFront(t, func(t *testing.T, f *front) {
		begin := func() answer {
			return f.shop.post("device_authorization", form("scope", "openid profile"), "User-Agent", "Telly/1.0").want(200)
		}
		poll := func(d answer) answer { return f.shop.token(identity.GrantDevice, "device_code", d.get("device_code")) }
		t.Run("a person types the code and allows", func(t *testing.T) {
			d, b := begin(), f.browser(t, "ann")
			poll(d).want(400, "authorization_pending")
			action, _ := formOf(t, b.visit("GET", "/o/acme/device", nil).text)
			a := b.follow("POST", action, form("user_code", strings.ToLower(d.get("user_code"))))
			for _, want := range []string{d.get("user_code"), "Telly/1.0", "The Shop", "Ann ann"} {
				if !strings.Contains(a.text, want) {
					t.Fatalf("the page does not hold %q: %s", want, a.heading())
				}
			}
			action, fields := formOf(t, a.text)
			fields.Set("decision", "allow")
			b.visit("POST", action, fields, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.test").onPage(403)
			if done := b.visit("POST", action, fields); done.status != 200 || !strings.Contains(done.text, "connected") {
				t.Fatalf("the decision = %d %s", done.status, done.heading())
			}
			f.wait(10 * time.Second)
			id := part(t, poll(d).want(200).get("id_token"), 1)
			if id["sub"] != f.ann.String() || id["auth_time"] == nil {
				t.Errorf("the ID token says %v", id)
			}
			poll(d).want(400, "invalid_grant")
			if again := b.visit("POST", action, fields); again.status != http.StatusBadRequest {
				t.Errorf("a second decision = %d, want 400", again.status)
			}
		})
		t.Run("a person says no", func(t *testing.T) {
			d, b := begin(), f.browser(t, "ann")
			action, fields := formOf(t, b.follow("GET", "/o/acme/device?user_code="+d.get("user_code"), nil).text)
			fields.Set("decision", "deny")
			b.visit("POST", action, fields)
			f.wait(10 * time.Second)
			poll(d).want(400, "access_denied")
		})
		t.Run("B21 a person whom the app does not let in", func(t *testing.T) {
			f.set(f.shop, func(s *identity.AppSettings) { s.Groups = []string{f.group("viewers").String()} })
			defer f.set(f.shop, func(s *identity.AppSettings) { s.Groups = nil })
			d, b := begin(), f.browser(t, "ann")
			action, fields := formOf(t, b.follow("GET", "/o/acme/device?user_code="+d.get("user_code"), nil).text)
			fields.Set("decision", "allow")
			b.visit("POST", action, fields).onPage(403)
			f.wait(10 * time.Second)
			poll(d).want(400, "access_denied")
		})
		t.Run("B21 a code of another organisation", func(t *testing.T) {
			other := f.organisation("other" + strings.ToLower(f.db.Driver()))
			d := f.appOf(other, "tv", nil).post("device_authorization", form("scope", "openid")).want(200)
			if a := f.browser(t, "ann").follow("GET", "/o/acme/device?user_code="+d.get("user_code"), nil); a.status != 400 {
				t.Errorf("the page = %d, want 400", a.status)
			}
		})
		t.Run("B21 guessing", func(t *testing.T) {
			f.wait(time.Hour)
			b, d := f.browser(t, "ann"), begin()
			for range 5 {
				if a := b.follow("GET", "/o/acme/device?user_code=BBBB-BBBB", nil); a.status != 400 {
					t.Fatalf("a wrong code = %d, want 400", a.status)
				}
			}
			if a := b.follow("GET", "/o/acme/device?user_code="+d.get("user_code"), nil); a.status != http.StatusTooManyRequests {
				t.Errorf("the right code after five wrong ones = %d, want 429", a.status)
			}
		})
	})
}

// TestLaunch goes through sign-ins that do not begin at the app: the plan
// oidcc-3rdparty-init-login.
func TestLaunch(t *testing.T) {
	f := frontOnSQLite(t)
	f.set(f.shop, func(s *identity.AppSettings) { s.InitiateLoginURI = "https://app.test/start?x=1" })
	b := f.browser(t, "ann")
	a := b.visit("GET", "/o/acme/oauth2/launch/shop?login_hint=ann&target_link_uri=https%3A%2F%2Fapp.test%2Fdeep", nil)
	want := "https://app.test/start?x=1&" + form("iss", f.issuer, "login_hint", "ann", "target_link_uri", "https://app.test/deep").Encode()
	if to := a.header.Get("Location"); to != want {
		t.Errorf("launch leads to %q, want %q", to, want)
	}
	a = b.visit("GET", "/o/acme/oauth2/launch/shop?target_link_uri=https%3A%2F%2Fevil.test", nil)
	if to := a.header.Get("Location"); strings.Contains(to, "evil") || a.status != 303 {
		t.Errorf("launch leads to %q", to)
	}
	b.visit("GET", "/o/acme/oauth2/launch/nobody", nil).onPage(404)
	f.set(f.shop, func(s *identity.AppSettings) { s.InitiateLoginURI = "" })
	b.visit("GET", "/o/acme/oauth2/launch/shop", nil).onPage(404)
}
