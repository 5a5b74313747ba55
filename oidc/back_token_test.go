package oidc_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

func TestClientCredentials(t *testing.T) {
	each(t, func(t *testing.T, b *back) {
		c := b.app("svc", func(s *identity.AppSettings) {
			s.Type, s.GrantTypes, s.RedirectURIs, s.Scopes = identity.ServiceApp, []string{identity.GrantClientCredentials}, nil, []string{"scim", "groups"}
		})
		a := c.token(identity.GrantClientCredentials).want(200)
		if got := a.header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control %q, want no-store", got)
		}
		for _, name := range []string{"refresh_token", "id_token"} {
			if a.body[name] != nil {
				t.Errorf("%s = %v, want none", name, a.body[name])
			}
		}
		if a.get("token_type") != "Bearer" || a.get("scope") != "scim groups" || a.body["expires_in"] != float64(600) {
			t.Errorf("answer %s", a.text)
		}
		said := part(t, a.get("access_token"), 1)
		if said["sub"] != "svc" || said["client_id"] != "svc" || said["iss"] != b.issuer {
			t.Errorf("token %v", said)
		}
		if typ := part(t, a.get("access_token"), 0)["typ"]; typ != "at+jwt" {
			t.Errorf("typ %v, want at+jwt", typ)
		}
		if got := c.token(identity.GrantClientCredentials, "scope", "groups").want(200).get("scope"); got != "groups" {
			t.Errorf("scope %q, want groups", got)
		}
		if got := c.token(identity.GrantClientCredentials, "unheard", "of").want(200); got.status != 200 {
			t.Errorf("an unknown parameter counts")
		}
		c.token(identity.GrantClientCredentials, "resource", "https://api.test").want(200)
		c.token(identity.GrantClientCredentials, "resource", "https://other.test").want(400, "invalid_target")
		c.token(identity.GrantClientCredentials, "resource", "https://api.test#x").want(400, "invalid_target")
	})
}

// TestRequests are requests that say something other than what RFC 6749 section
// 3.2 allows.
func TestRequests(t *testing.T) {
	b := onSQLite(t)
	c := b.app("web", nil)
	const path = "/o/acme/oauth2/token"
	good := "grant_type=client_credentials"
	for name, tc := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		code               string
	}{
		"no grant type":            {"POST", path, "x=y", nil, 400, "invalid_request"},
		"an unknown grant type":    {"POST", path, "grant_type=magic", nil, 400, "unsupported_grant_type"},
		"implicit is no grant":     {"POST", path, "grant_type=implicit", nil, 400, "unsupported_grant_type"},
		"password is off":          {"POST", path, "grant_type=password&username=a&password=b", nil, 400, "unauthorized_client"},
		"a parameter twice":        {"POST", path, good + "&scope=groups&scope=groups", nil, 400, "invalid_request"},
		"client_id twice":          {"POST", path, good + "&client_id=web&client_id=web", nil, 400, "invalid_request"},
		"not UTF-8":                {"POST", path, good + "&scope=%ff", nil, 400, "invalid_request"},
		"a zero byte":              {"POST", path, good + "&scope=%00", nil, 400, "invalid_request"},
		"bad escapes":              {"POST", path, good + "&scope=%zz", nil, 400, "invalid_request"},
		"semicolons":               {"POST", path, good + ";scope=groups", nil, 400, "invalid_request"},
		"JSON":                     {"POST", path, `{"grant_type":"client_credentials"}`, []string{"Content-Type", "application/json"}, 400, "invalid_request"},
		"another charset":          {"POST", path, good, []string{"Content-Type", "application/x-www-form-urlencoded; charset=latin1"}, 400, "invalid_request"},
		"UTF-8 by name":            {"POST", path, good, []string{"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"}, 200, ""},
		"a parameter in the URL":   {"POST", path + "?grant_type=client_credentials", "x=y", nil, 400, "invalid_request"},
		"GET":                      {"GET", path + "?" + good, "", nil, 405, ""},
		"PUT":                      {"PUT", path, good, nil, 405, ""},
		"another organisation":     {"POST", "/o/nowhere/oauth2/token", good, nil, 404, "invalid_request"},
		"the root by its slug":     {"POST", "/o/root/oauth2/token", good, nil, 404, "invalid_request"},
		"B68 a body too large":     {"POST", path, good + "&x=" + strings.Repeat("y", 64<<10), nil, 413, "invalid_request"},
		"B68 a bomb of parameters": {"POST", path, good + strings.Repeat("&x", 200), nil, 400, "invalid_request"},
		"B68 a compressed body":    {"POST", path, good, []string{"Content-Encoding", "gzip"}, 415, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			b.t = t
			a := b.send(tc.method, tc.path, tc.body, append(tc.header, "Authorization", c.basic())...)
			if tc.code == "" {
				a.want(tc.status)
			} else {
				a.want(tc.status, tc.code)
			}
			if tc.status == 405 && a.header.Get("Allow") != "POST, OPTIONS" {
				t.Errorf("Allow %q", a.header.Get("Allow"))
			}
		})
	}
}

func TestClientAuthentication(t *testing.T) {
	b := onSQLite(t)
	c := b.app("web", nil)
	const path = "/o/acme/oauth2/token"
	for name, tc := range map[string]struct {
		body, authorization string
		challenge           bool
	}{
		"no credential":     {"grant_type=client_credentials", "", false},
		"only a client id":  {"grant_type=client_credentials&client_id=web", "", false},
		"a wrong secret":    {"grant_type=client_credentials", "Basic d2ViOndyb25n", true},
		"an unknown client": {"grant_type=client_credentials", "Basic bm9ib2R5Ondyb25n", true},
	} {
		t.Run(name, func(t *testing.T) {
			b.t = t
			var header []string
			if tc.authorization != "" {
				header = []string{"Authorization", tc.authorization}
			}
			a := b.send("POST", path, tc.body, header...).want(401, "invalid_client")
			if got := a.header.Get("WWW-Authenticate"); tc.challenge && !strings.HasPrefix(got, "Basic") {
				t.Errorf("WWW-Authenticate %q, want Basic", got)
			}
		})
	}
	t.Run("oidcc-server-client-secret-post", func(t *testing.T) {
		b.t = t
		p := b.app("post", func(s *identity.AppSettings) { s.AuthMethod = identity.AuthPost })
		p.redeem(p.code(b.user("post-user"), nil)).want(200)
	})
	t.Run("B19 a disabled service account", func(t *testing.T) {
		b.t = t
		if err := b.apps.Disable(t.Context(), b.by, b.org.ID, c.ID, true); err != nil {
			t.Fatal(err)
		}
		c.token(identity.GrantClientCredentials).want(401, "invalid_client")
	})
}

func TestCodeGrant(t *testing.T) {
	each(t, func(t *testing.T, b *back) {
		c, user := b.app("web", nil), b.user("ann")
		a := c.redeem(c.code(user, nil)).want(200)
		id := part(t, a.get("id_token"), 1)
		if id["iss"] != b.issuer || id["aud"] != "web" || id["sub"] != user.String() || id["nonce"] != "n-1" || id["sid"] == nil || id["at_hash"] == nil {
			t.Errorf("ID token %v", id)
		}
		access := part(t, a.get("access_token"), 1)
		if access["sub"] != user.String() || access["client_id"] != "web" {
			t.Errorf("access token %v", access)
		}
		if !strings.HasPrefix(a.get("refresh_token"), "muster_rt_") {
			t.Errorf("refresh token %q", a.get("refresh_token"))
		}
		narrow := func(c *token.Code) { c.Authorization.Resources = []string{"https://api.test"} }
		at := c.token(identity.GrantCode, "code", c.code(user, narrow), "redirect_uri", redirect, "code_verifier", verifier,
			"resource", "https://api.test").want(200).get("access_token")
		if aud, want := part(t, at, 1)["aud"], any([]any{"https://api.test", b.issuer}); !cmp.Equal(aud, want) {
			t.Errorf("aud %v, want %v", aud, want)
		}
	})
}

// TestPlan are modules of the certification plans of the OpenID Foundation that
// speak to the back channel, under their names.
func TestPlan(t *testing.T) {
	b := onSQLite(t)
	c, other := b.app("web", nil), b.app("other", nil)
	user := b.user("ann")
	run := func(name string, test func(t *testing.T)) {
		t.Run(name, func(t *testing.T) { b.t = t; test(t) })
	}
	run("oidcc-basic/oidcc-codereuse", func(t *testing.T) {
		code := c.code(user, nil)
		a := c.redeem(code).want(200)
		c.redeem(code).want(400, "invalid_grant")
		b.wait(2 * time.Second)
		c.redeem(code).want(400, "invalid_grant")
		c.userinfo(a.get("access_token")).want(401, "invalid_token")
		c.token(identity.GrantRefresh, "refresh_token", a.get("refresh_token")).want(400, "invalid_grant")
	})
	run("oidcc-basic/oidcc-codereuse-30seconds", func(t *testing.T) {
		code := c.code(user, nil)
		a := c.redeem(code).want(200)
		b.wait(30 * time.Second)
		c.redeem(code).want(400, "invalid_grant")
		c.userinfo(a.get("access_token")).want(401, "invalid_token")
	})
	run("oidcc-basic/oidcc-userinfo-get", func(t *testing.T) {
		at := c.redeem(c.code(user, nil)).want(200).get("access_token")
		me := c.userinfo(at).want(200)
		if me.get("sub") != user.String() || me.get("email") != "ann@example.test" {
			t.Errorf("UserInfo %s", me.text)
		}
	})
	run("oidcc-basic/oidcc-userinfo-post-header", func(t *testing.T) {
		at := c.redeem(c.code(user, nil)).want(200).get("access_token")
		b.send("POST", "/o/acme/oauth2/userinfo", "", "Authorization", "Bearer "+at).want(200)
	})
	run("oidcc-basic/oidcc-userinfo-post-body", func(t *testing.T) {
		at := c.redeem(c.code(user, nil)).want(200).get("access_token")
		b.send("POST", "/o/acme/oauth2/userinfo", form("access_token", at).Encode()).want(200)
		b.send("POST", "/o/acme/oauth2/userinfo", form("access_token", at).Encode(), "Authorization", "Bearer "+at).want(400, "invalid_request")
	})
	run("oidcc-basic/oidcc-scope-all", func(t *testing.T) {
		at := c.redeem(c.code(user, func(c *token.Code) {
			c.Authorization.Scopes = []string{"openid", "profile", "email", "address", "phone"}
		})).want(200).get("access_token")
		me := c.userinfo(at).want(200)
		for _, name := range []string{"sub", "name", "given_name", "family_name", "preferred_username", "email", "email_verified",
			"address", "phone_number", "updated_at"} {
			if me.body[name] == nil {
				t.Errorf("no %s in %s", name, me.text)
			}
		}
		at = c.redeem(c.code(user, func(c *token.Code) { c.Authorization.Scopes = []string{"openid"} })).want(200).get("access_token")
		if me := c.userinfo(at).want(200); len(me.body) != 1 {
			t.Errorf("UserInfo of the scope openid = %s, want sub alone", me.text)
		}
	})
	run("oidcc-basic/oidcc-refresh-token", func(t *testing.T) {
		rt := c.redeem(c.code(user, nil)).want(200).get("refresh_token")
		a := c.token(identity.GrantRefresh, "refresh_token", rt).want(200)
		c.userinfo(a.get("access_token")).want(200)
		other.token(identity.GrantRefresh, "refresh_token", a.get("refresh_token")).want(400, "invalid_grant")
	})
	run("oidcc-basic/oidcc-ensure-request-with-valid-pkce-succeeds", func(t *testing.T) {
		c.redeem(c.code(user, nil)).want(200)
	})
	run("oidcc-dynamic/oidcc-userinfo-rs256", func(t *testing.T) {
		s := b.app("signed", func(s *identity.AppSettings) { s.UserInfoAlg = "RS256" })
		at := s.redeem(s.code(user, nil)).want(200).get("access_token")
		me := s.userinfo(at).want(200)
		if me.header.Get("Content-Type") != "application/jwt" {
			t.Fatalf("Content-Type %q", me.header.Get("Content-Type"))
		}
		said := part(t, me.text, 1)
		if part(t, me.text, 0)["alg"] != "RS256" || said["iss"] != b.issuer || said["aud"] != "signed" || said["sub"] != user.String() {
			t.Errorf("UserInfo %v", said)
		}
	})
	run("fapi2/attempt-reuse-authorization-code-after-one-second", func(t *testing.T) {
		code := c.code(user, nil)
		c.redeem(code).want(200)
		b.wait(time.Second)
		c.redeem(code).want(400, "invalid_grant")
	})
	run("fapi2/ensure-token-endpoint-fails-with-expired-auth-code", func(t *testing.T) {
		code := c.code(user, nil)
		b.wait(61 * time.Second)
		c.redeem(code).want(400, "invalid_grant")
	})
	run("fapi2/ensure-authorization-code-is-bound-to-client", func(t *testing.T) {
		other.redeem(c.code(user, nil)).want(400, "invalid_grant")
	})
	run("fapi2/ensure-pkce-code-verifier-required", func(t *testing.T) {
		c.token(identity.GrantCode, "code", c.code(user, nil), "redirect_uri", redirect).want(400, "invalid_grant")
	})
	run("fapi2/incorrect-pkce-code-verifier-rejected", func(t *testing.T) {
		c.token(identity.GrantCode, "code", c.code(user, nil), "redirect_uri", redirect, "code_verifier", strings.Repeat("x", 43)).want(400, "invalid_grant")
	})
	run("fapi2/ensure-client-id-in-token-endpoint", func(t *testing.T) {
		c.token(identity.GrantCode, "code", c.code(user, nil), "redirect_uri", redirect, "code_verifier", verifier, "client_id", "other").want(400, "invalid_request")
	})
	run("fapi2/access-token-type-header-case-sensitivity", func(t *testing.T) {
		at := c.redeem(c.code(user, nil)).want(200).get("access_token")
		b.send("GET", "/o/acme/oauth2/userinfo", "", "Authorization", "bEaReR "+at).want(200)
	})
}

func TestRefresh(t *testing.T) {
	each(t, func(t *testing.T, b *back) {
		c, user := b.app("spa", func(s *identity.AppSettings) {
			s.Type, s.AuthMethod = identity.SPA, identity.AuthNone
			s.GrantTypes = []string{identity.GrantCode, identity.GrantRefresh}
			s.Scopes = []string{"openid", "profile", "email", "offline_access"}
		}), b.user("ann")
		code := c.code(user, func(c *token.Code) { c.Authorization.Resources = []string{"https://api.test"} })
		first := c.redeem(code).want(200)
		rt := first.get("refresh_token")
		renew := func(rt string, pairs ...string) answer {
			return c.token(identity.GrantRefresh, append([]string{"refresh_token", rt}, pairs...)...)
		}
		narrow := renew(rt, "scope", "openid email").want(200)
		if got := strings.Fields(narrow.get("scope")); !slices.Equal(got, []string{"openid", "email"}) {
			t.Errorf("scope %q, want openid email", got)
		}
		next := narrow.get("refresh_token")
		if next == rt {
			t.Error("a public app keeps its refresh token")
		}
		if again := renew(rt).want(200).get("refresh_token"); again != next {
			t.Errorf("the old token gives %q within the grace, want the successor", again)
		}
		renew(next, "scope", "openid address").want(400, "invalid_scope")
		renew(next, "resource", "https://other.test").want(400, "invalid_target")
		renew(next, "resource", "https://api.test").want(200)
		b.wait(time.Minute)
		renew(rt).want(400, "invalid_grant")
		renew(next).want(400, "invalid_grant") // the family has ended
	})
}

func TestPasswordGrant(t *testing.T) {
	b := onSQLite(t)
	user := b.user("ann")
	if err := b.dir.SetPassword(t.Context(), b.by, user, "correct horse battery"); err != nil {
		t.Fatal(err)
	}
	b.provider(func(p *app.Provider) { p.Legacy.Password = true })
	c := b.app("old", func(s *identity.AppSettings) { s.GrantTypes = append(s.GrantTypes, identity.GrantPassword) })
	ask := func(password string) answer {
		return c.token(identity.GrantPassword, "username", "ann", "password", password, "scope", "openid")
	}
	a := ask("correct horse battery").want(200)
	if part(t, a.get("id_token"), 1)["sub"] != user.String() {
		t.Errorf("ID token of somebody else: %s", a.text)
	}
	ask("wrong").want(400, "invalid_grant")
	c.token(identity.GrantPassword, "username", "nobody", "password", "wrong").want(400, "invalid_grant")
	t.Run("B34 guessing is counted as at every other way in", func(t *testing.T) {
		b.t = t
		refused := false
		for range 10 {
			if a := ask("wrong again"); a.status == 429 {
				refused = a.header.Get("Retry-After") != ""
				break
			}
		}
		if !refused {
			t.Error("nothing slows down who guesses")
		}
		if a := ask("correct horse battery"); a.status != 429 {
			t.Errorf("meanwhile the right password = %d %s, want 429", a.status, a.text)
		}
	})
	b.wait(time.Hour)
	b.provider(func(p *app.Provider) { p.Legacy.Password = false })
	ask("correct horse battery").want(400, "unsupported_grant_type")
}

// parallel runs n attempts at once and counts those that succeed.
func parallel(n int, attempt func() bool) int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	start := make(chan struct{})
	for range n {
		wg.Go(func() {
			<-start
			if attempt() {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	close(start)
	wg.Wait()
	return won
}
