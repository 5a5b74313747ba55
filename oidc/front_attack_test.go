package oidc_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/store"
)

// TestAttackFront tries the attacks on redirects and on the front channel.
func TestAttackFront(t *testing.T) {
	f := frontOnSQLite(t)
	b := f.browser(t, "ann")
	b.follow("GET", f.shop.ask(), nil).granted()

	for _, to := range []string{
		"https://app.test@evil.test/cb", "https://app.test%2f@evil.test/cb", `https://app.test\@evil.test/cb`, "//evil.test/cb",
		"https://app.test/cb/extra", "https://app.test/cb/..;/x", "https://app.test/../cb", "https://app.test./cb", "HTTPS://app.test/cb",
		"https://APP.test/cb", "https://app.test/CB", "https://xn--pp-test.test/cb", "https://app.test/cb?x=1", "https://app.test/cb#x", "https://app.test/cb#",
		"https://app.test:443/cb", "http://app.test/cb", "https://app.test/cb\r\nSet-Cookie: a=b", "javascript:alert(1)", "data:text/html,x",
		" https://app.test/cb", "https://app.test/cb ", "https://app.test/%63b", "https://evil.test/?https://app.test/cb",
	} {
		t.Run("A1 "+to, func(t *testing.T) {
			f.browser(t, "ann").visit("GET", f.shop.ask("redirect_uri", to), nil).onPage(400)
			b.t = t
			b.visit("GET", f.shop.ask("redirect_uri", to, "prompt", "none"), nil).onPage(400)
		})
	}
	t.Run("A1 an error does not lead to an address that is not the app's", func(t *testing.T) {
		f.browser(t, "ann").visit("GET", f.shop.ask("redirect_uri", "https://evil.test", "response_type", "x", "request", "y"), nil).onPage(400)
	})
	t.Run("A2 javascript: as the address of a goodbye", func(t *testing.T) {
		hint := f.shop.redeem(f.browser(t, "ann").follow("GET", f.shop.ask(), nil).granted()).get("id_token")
		a := f.browser(t, "ann").logout("id_token_hint", hint, "post_logout_redirect_uri", "javascript:alert(1)")
		if a.header.Get("Location") != "" || strings.Contains(a.text, "javascript:") {
			t.Errorf("logout leads to %q: %s", a.header.Get("Location"), a.heading())
		}
	})
	evil := `"><script>alert(1)</script>'`
	t.Run("A3 a script in state, by form_post", func(t *testing.T) {
		a := b.follow("GET", f.shop.ask("response_mode", "form_post", "state", evil), nil)
		if strings.Contains(a.text, "<script>") || strings.Contains(a.text, `"><`+"script") {
			t.Error("state is not escaped")
		}
		if _, fields := formOf(t, a.text); fields.Get("state") != evil {
			t.Errorf("state came back as %q", fields.Get("state"))
		}
	})
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "ui_locales", "request_uri"} {
		t.Run("A3 a script in "+name, func(t *testing.T) {
			a := f.browser(t, "ann").visit("GET", f.shop.ask(name, evil), nil)
			if strings.Contains(a.text, "<script>") || strings.Contains(a.text, "alert(1)") && a.status == 400 {
				t.Errorf("the page repeats %s: %s", name, a.heading())
			}
		})
	}
	t.Run("A3 a script in a device's code", func(t *testing.T) {
		if a := b.visit("GET", "/o/acme/device?"+form("user_code", evil).Encode(), nil); strings.Contains(a.text, "<script>") {
			t.Error("the code is not escaped")
		}
	})
	t.Run("A3 a script in the parameters of a sign-out", func(t *testing.T) {
		a := b.visit("GET", "/o/acme/oauth2/logout?"+form("state", evil, "post_logout_redirect_uri", evil, "client_id", evil).Encode(), nil)
		if strings.Contains(a.text, "<script>alert") {
			t.Error("the parameters are not escaped")
		}
	})
	for about, raw := range map[string]string{
		"client_id twice":           "client_id=shop&" + f.shop.params().Encode(),
		"redirect_uri twice":        f.shop.params().Encode() + "&redirect_uri=https%3A%2F%2Fevil.test",
		"invalid UTF-8":             f.shop.params().Encode() + "&x=%ff",
		"invalid UTF-8 in state":    f.shop.params("state", "").Encode() + "&state=%c3%28",
		"a bad escape":              f.shop.params().Encode() + "&x=%zz",
		"a semicolon":               f.shop.params().Encode() + ";x=1",
		"a query of 100 KB":         f.shop.params().Encode() + "&x=" + strings.Repeat("a", 100<<10),
		"no client_id":              f.shop.params("client_id", "").Encode(),
		"the id of the app":         f.shop.params("client_id", f.shop.ID.String()).Encode(),
		"the client_id in capitals": f.shop.params("client_id", "SHOP").Encode(),
	} {
		t.Run("A4 "+about, func(t *testing.T) {
			f.browser(t, "ann").visit("GET", "/o/acme/oauth2/authorize?"+raw, nil).onPage(400)
		})
	}
	t.Run("A4 a query beside the form of a POST counts for nothing", func(t *testing.T) {
		b := f.browser(t, "ann")
		a := b.follow("POST", "/o/acme/oauth2/authorize?redirect_uri=https%3A%2F%2Fevil.test&state=evil", f.shop.params())
		a.granted()
	})
}

// TestAttackFlow tries the attacks on requests that are under way.
func TestAttackFlow(t *testing.T) {
	f := frontOnSQLite(t)
	b := f.browser(t, "ann")
	b.follow("GET", f.shop.ask(), nil).granted()
	t.Run("A6 Host and X-Forwarded-Host have no say", func(t *testing.T) {
		r := httptest.NewRequest("GET", "https://evil.test"+f.shop.ask("prompt", "none"), nil)
		r.Header.Set("X-Forwarded-Host", "evil.test")
		a := f.do(r, "prompt=none")
		a.t = t
		a.refused("login_required")
	})
	t.Run("A7 a request that began in another browser", func(t *testing.T) {
		mine, victim := f.browser(t, "ann"), f.browser(t, "ann")
		back := mine.signIn(mine.visit("GET", f.shop.ask(), nil).header.Get("Location"))
		victim.follow("GET", f.shop.ask(), nil).granted()
		victim.visit("GET", back, nil).onPage(403)
		mine.visit("GET", back, nil).granted()
	})
	t.Run("A8 prompt=login as A, signed in as B", func(t *testing.T) {
		bob := f.person("bob")
		b := f.browser(t, "ann")
		first := part(t, f.shop.redeem(b.follow("GET", f.shop.ask(), nil).granted()).get("id_token"), 1)
		b.as = "bob"
		second := part(t, f.shop.redeem(b.follow("GET", f.shop.ask("prompt", "login"), nil).granted()).get("id_token"), 1)
		if second["sub"] != bob.String() || second["sid"] == first["sid"] {
			t.Errorf("the second token is of %v in %v, want %s in another session than %v", second["sub"], second["sid"], bob, first["sid"])
		}
	})
	t.Run("C32 prompt=login cannot be skipped by going back to the request", func(t *testing.T) {
		b := f.browser(t, "ann")
		b.follow("GET", f.shop.ask(), nil).granted()
		to := b.visit("GET", f.shop.ask("prompt", "login"), nil).header.Get("Location")
		// Somebody who knows the way back goes there with the old session.
		other := f.browser(t, "ann")
		maps.Copy(other.jar, b.jar)
		path := other.signIn(to)
		if to := b.visit("GET", path, nil).header.Get("Location"); !strings.HasPrefix(to, "/o/acme/signin/") {
			t.Errorf("%s leads to %q, want a sign-in", path, to)
		}
		if to := b.visit("POST", path, form("decision", "allow")).header.Get("Location"); strings.HasPrefix(to, redirect) {
			t.Errorf("posting to %s leads to %q", path, to)
		}
	})
	t.Run("C32 a request that comes by POST makes no session younger", func(t *testing.T) {
		for about, pairs := range map[string][]string{
			"prompt=login": {"prompt", "login"}, "max_age": {"max_age", "1"}, "select_account": {"prompt", "select_account"},
		} {
			b := f.browser(t, "ann")
			b.follow("GET", f.shop.ask(), nil).granted()
			f.wait(3 * time.Second)
			// A browser sends no cookies along with another site's form.
			away := f.browser(t, "ann")
			path := away.visit("POST", "/o/acme/oauth2/authorize", f.shop.params(pairs...)).header.Get("Location")
			maps.Copy(b.jar, away.jar)
			for range 2 { // nor by coming back without having signed in
				if to := b.visit("GET", path, nil).header.Get("Location"); !strings.HasPrefix(to, "/o/acme/signin/") {
					t.Errorf("%s: %s leads to %q, want a sign-in", about, path, to)
				}
			}
			b.signed = 0
			if b.follow("GET", path, nil).granted(); b.signed != 1 {
				t.Errorf("%s: the person signed in %d times, want once", about, b.signed)
			}
		}
	})
	t.Run("C32 another request's sign-in that proved nothing", func(t *testing.T) {
		b := f.browser(t, "ann")
		b.follow("GET", f.shop.ask(), nil).granted()
		f.wait(time.Minute)
		path := b.visit("POST", "/o/acme/oauth2/authorize", f.shop.params("prompt", "login")).header.Get("Location")
		b.visit("GET", path, nil)
		b.skip(b.visit("GET", f.shop.ask("acr_values", "2"), nil).header.Get("Location"))
		if to := b.visit("GET", path, nil).header.Get("Location"); !strings.HasPrefix(to, "/o/acme/signin/") {
			t.Errorf("after a step that was skipped %s leads to %q, want a sign-in", path, to)
		}
	})
	t.Run("B13 a request_uri is no code and no request that waits", func(t *testing.T) {
		v := f.shop.post("par", f.shop.params()).want(201)
		name := strings.TrimPrefix(v.get("request_uri"), "urn:ietf:params:oauth:request_uri:")
		f.shop.redeem(name).want(400, "invalid_grant")
		b.t = t
		b.visit("GET", "/o/acme/oauth2/authorize/"+name, nil).onPage(404)
	})
	t.Run("B29 a session of another organisation", func(t *testing.T) {
		other := f.organisation("elsewhere")
		c := f.appOf(other, "shop", func(s *identity.AppSettings) { s.Trusted = true })
		b.t = t
		b.jar[cookies.Session(other.ID)] = b.jar[cookies.Session(f.org.ID)]
		to := b.visit("GET", "/o/elsewhere/oauth2/authorize?"+c.params("prompt", "none").Encode(), nil).header.Get("Location")
		if !strings.Contains(to, "error=login_required") || !strings.Contains(to, "iss=https%3A%2F%2Fid.test%2Fo%2Felsewhere") {
			t.Errorf("the answer goes to %q", to)
		}
	})
	t.Run("D49 an organisation that does not exist", func(t *testing.T) {
		b.t = t
		b.visit("GET", "/o/nobody/oauth2/authorize?"+f.shop.params().Encode(), nil).onPage(404)
		b.visit("GET", "/o/root/oauth2/authorize?"+f.shop.params().Encode(), nil).onPage(404)
	})
	t.Run("other methods", func(t *testing.T) {
		b.t = t
		if a := b.visit("DELETE", f.shop.ask(), nil); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET, POST" {
			t.Errorf("DELETE = %d, %q", a.status, a.header.Get("Allow"))
		}
	})
	t.Run("an app that is switched off while the person signs in", func(t *testing.T) {
		b := f.browser(t, "ann")
		to := b.signIn(b.visit("GET", f.shop.ask(), nil).header.Get("Location"))
		f.ok(f.apps.Disable(t.Context(), f.by, f.org.ID, f.shop.ID, true))
		b.visit("GET", to, nil).onPage(400)
		f.ok(f.apps.Disable(t.Context(), f.by, f.org.ID, f.shop.ID, false))
	})
	t.Run("a request older than half an hour", func(t *testing.T) {
		b := f.browser(t, "ann")
		to := b.signIn(b.visit("GET", f.shop.ask(), nil).header.Get("Location"))
		f.wait(31 * time.Minute)
		b.visit("GET", to, nil).onPage(404)
	})
	t.Run("4.2-22 nothing secret is logged", func(t *testing.T) {
		if log := f.logged.String(); strings.Contains(log, password) || strings.Contains(log, "code=") {
			t.Errorf("the log holds a secret: %s", log)
		}
	})
}

// TestAttackLargeRequests has strangers send much that would be kept for them.
func TestAttackLargeRequests(t *testing.T) {
	f := frontOnSQLite(t)
	kept := func() (most int) {
		f.ok(f.db.View(t.Context(), func(tx *store.Tx) error {
			list, err := tx.ArtefactsOf(t.Context(), f.org.ID, f.shop.ID, "authorize")
			for _, a := range list {
				most = max(most, len(a.Data))
			}
			return err
		}))
		return most
	}
	b := f.browser(t, "ann")
	b.follow("POST", "/o/acme/oauth2/authorize", f.shop.params("junk", strings.Repeat("j", 60<<10)))
	if n := kept(); n == 0 || n > 4<<10 {
		t.Errorf("C44 %d bytes are kept of a request with a parameter that nobody knows", n)
	}
	large := f.shop.params("nonce", strings.Repeat("n", 2<<10), "id_token_hint", strings.Repeat("h", 15<<10))
	b.visit("POST", "/o/acme/oauth2/authorize", large).onPage(400)
	if n := kept(); n > 4<<10 {
		t.Errorf("C44 %d bytes are kept of a large request", n)
	}
}

// TestAttackPushes has a stranger push requests in the name of a public app.
func TestAttackPushes(t *testing.T) {
	f := frontOnSQLite(t)
	spa := f.app("spa", func(s *identity.AppSettings) {
		s.Type, s.AuthMethod, s.GrantTypes, s.Scopes = identity.SPA, identity.AuthNone, []string{identity.GrantCode}, []string{"openid"}
	})
	push := func(c *client) answer { return c.post("par", c.params("scope", "openid")) }
	for range pushes / 2 {
		push(spa).want(http.StatusCreated)
	}
	if a := push(spa).want(http.StatusTooManyRequests, "slow_down"); a.header.Get("Retry-After") == "" {
		t.Error("C44 nobody is told when to try again")
	}
	push(f.shop).want(http.StatusCreated) // which has proved who it is
}

// skip goes through a sign-in without doing what it offers.
func (b *browser) skip(path string) {
	b.t.Helper()
	id := path[strings.LastIndex(path, "/")+1:]
	v, err := b.people.Answer(b.t.Context(), b.org, id, b.jar[cookies.Flow(id)], signin.Input{
		Step: signin.StepEnrol, Fields: url.Values{"skip": {"1"}}, Address: "192.0.2.1",
	})
	if err != nil || v.Done == nil {
		b.t.Fatalf("skipping: %+v, %v", v, err)
	}
	b.jar[cookies.Session(b.org.ID)] = v.Done.SessionCookie
}

// TestWords checks that pages speak the language of the person.
func TestWords(t *testing.T) {
	f := frontOnSQLite(t)
	for _, lang := range []string{"de", "nl", "fr", "es", "pt-BR", "ar"} {
		b := f.browser(t, "ann")
		a := b.visit("GET", "/o/acme/device?lang="+lang, nil)
		if !strings.Contains(a.text, `lang="`+lang+`"`) || strings.Contains(a.text, "Type the code") {
			t.Errorf("the page is not in %s: %s", lang, a.heading())
		}
		if lang == "ar" && !strings.Contains(a.text, `dir="rtl"`) {
			t.Error("Arabic runs from left to right")
		}
	}
	a := f.browser(t, "ann").visit("GET", "/o/acme/oauth2/logout?"+url.Values{"ui_locales": {"xx de"}}.Encode(), nil)
	if !strings.Contains(a.text, "Sie sind abgemeldet") {
		t.Errorf("ui_locales has no say: %s", a.heading())
	}
}

// TestForms checks that a form is read by one reader, whatever brings it.
func TestForms(t *testing.T) {
	f := frontOnSQLite(t)
	b := f.browser(t, "ann")
	path := "/o/acme/oauth2/authorize"
	v := f.shop.params()
	b.visit("POST", path, v, "Content-Type", "application/json").onPage(400)
	b.visit("POST", path, v, "Content-Encoding", "gzip").onPage(400)
	b.visit("POST", path, with(v, "x", strings.Repeat("a", 70<<10))).onPage(400)
	v.Add("client_id", "shop")
	b.visit("POST", path, v).onPage(400)
	b.visit("POST", "/o/acme/oauth2/logout", with(v, "x", "\xff")).onPage(400)
}

// TestEndpoint serves an endpoint under another path.
func TestEndpoint(t *testing.T) {
	f := frontOnSQLite(t)
	f.mux.Handle("/authz-srv/authz", f.door.Endpoint("authorize", f.org))
	b := f.browser(t, "ann")
	b.follow("GET", "/authz-srv/authz?"+f.shop.params().Encode(), nil).granted()
	defer func() {
		if recover() == nil {
			t.Error("an endpoint that does not exist is served")
		}
	}()
	f.door.Endpoint("nothing", f.org)
}

// TestRounds checks that a request does not send people to sign in for ever.
func TestRounds(t *testing.T) {
	f := frontOnSQLite(t)
	b := f.browser(t, "ann")
	other := f.browser(t, "ann")
	to := b.visit("GET", f.shop.ask(), nil).header.Get("Location")
	maps.Copy(other.jar, b.jar)
	path := other.signIn(to)
	for range 10 {
		if to := b.visit("GET", path, nil).header.Get("Location"); !strings.HasPrefix(to, "/o/acme/signin/") {
			t.Fatalf("%s leads to %q, want a sign-in", path, to)
		}
	}
	b.visit("GET", path, nil).refused("login_required")
}
