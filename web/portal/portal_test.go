package portal

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.person("ann")
		g := h.guest()
		flow := g.do("GET", "/o/acme/signin").want(t, 303, "/o/acme/signin/").location
		page := g.do("GET", flow).want(t, 200, `autocomplete="username webauthn"`)
		if csp := page.header.Get("Content-Security-Policy"); strings.Contains(csp, "form-action") || strings.Contains(csp, "unsafe") {
			t.Errorf("policy of a page whose answer may lead to an app: %s", csp)
		}
		g.do("POST", flow, "step", "identify", "identifier", "").want(t, 422, `aria-invalid="true"`)
		g.do("POST", flow, "step", "identify", "identifier", "ann").want(t, 303, flow)
		g.do("GET", flow).want(t, 200, `autocomplete="current-password"`)
		g.do("POST", flow, "step", "password", "password", "wrong").want(t, 422, `aria-describedby="faults "`)
		done := g.do("POST", flow, "step", "password", "password", good).want(t, 303, "/o/acme/account")
		var kept []string
		for _, c := range (&http.Response{Header: done.header}).Cookies() {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
				t.Errorf("cookie %s: %+v", c.Name, c)
			}
			kept = append(kept, regexp.MustCompile(`[0-9a-f]{8}$`).ReplaceAllString(c.Name, "X"))
		}
		if want := []string{"muster-flow-X", "muster-session-X", "muster-browser-X"}; !cmp.Equal(kept, want) {
			t.Errorf("cookies %q, want %q", kept, want)
		}
		g.do("GET", "/o/acme/account").want(t, 200, "Ann &lt;b&gt;")
		g.do("GET", "/o/acme/signin").want(t, 303, "/o/acme/account")
		g.do("GET", flow).want(t, 404, `id="again"`)
		g.do("GET", "/account").want(t, 303, "/signin/") // of another organisation
		g.do("GET", "/o/acme/signout").want(t, 200, `id="signout-form"`)
		g.do("POST", "/o/acme/signout").want(t, 303, "/o/acme/signout")
		g.do("GET", "/o/acme/signout").want(t, 200, "You are signed out")
		g.do("GET", "/o/acme/account").want(t, 303, "/o/acme/signin/")
	})
}

func TestSignInLeadsBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.person("ann")
		g := h.guest()
		flow := g.do("GET", "/o/acme/account/sessions?x=//evil.example").want(t, 303, "/o/acme/signin/").location
		g.do("POST", flow, "step", "identify", "identifier", "ann").want(t, 303, flow)
		if got := g.do("POST", flow, "step", "password", "password", good).location; got != "/o/acme/account/sessions" {
			t.Errorf("sign-in leads to %q, want the page that was asked for", got)
		}
	})
}

func TestAccount(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.person("ann")
		g, other := h.guest(), h.guest()
		g.header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
		g.signIn("ann")
		other.signIn("ann")
		g.do("POST", "/o/acme/account", "display", "Ann A", "language", "nl").want(t, 303, "?done=saved")
		if want := (Profile{Display: "Ann A", Language: "nl"}); h.saved != want {
			t.Errorf("saved %+v, want %+v", h.saved, want)
		}
		g.do("POST", "/o/acme/account", "display", "bad one").want(t, 422, `value="bad one"`)
		h.provisioned = true
		g.do("POST", "/o/acme/account", "display", "Ann B").want(t, 403, "")
		if h.provisioned = false; h.saved.Display != "Ann A" {
			t.Errorf("D58 somebody whom a directory provisions is called %q", h.saved.Display)
		}
		g.do("POST", "/o/acme/account/address", "kind", "email", "value", "ann@example.com").want(t, 303, "?done=letter")
		g.do("POST", "/o/acme/account/address", "kind", "email", "value", "bob@example.com").want(t, 404, "")
		page := g.do("GET", "/o/acme/account/sessions").want(t, 200, "Firefox on Linux")
		if n := strings.Count(page.body, `name="session"`); n != 1 {
			t.Errorf("%d sessions can be ended, want the other one", n)
		}
		g.do("POST", "/o/acme/account/sessions", "others", "1").want(t, 303, "?done=ended_all")
		other.do("GET", "/o/acme/account").want(t, 303, "/o/acme/signin/")
		g.do("GET", "/o/acme/account/sessions?done=ended_all").want(t, 200, "All other sessions have ended.")
		g.do("GET", "/o/acme/account?done=%3Cscript%3E").want(t, 200, "ann@example.com")
		apps := g.do("GET", "/o/acme/account/apps").want(t, 200, "wiki:write").body
		if strings.Contains(apps, "javascript:") {
			t.Error("an app's page may be a script")
		}
		id := identity.NewID()
		g.do("POST", "/o/acme/account/apps", "app", id.String()).want(t, 303, "?done=withdrawn")
		if h.withdrawn != id {
			t.Errorf("withdrew %s, want %s", h.withdrawn, id)
		}
		g.do("POST", "/o/acme/account/apps", "app", "1").want(t, 404, "")
	})
}

func TestSecurity(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.person("ann")
		g := h.guest()
		g.signIn("ann")
		at := "/o/acme/account/security"
		g.do("GET", at).want(t, 200, `id="add-passkey"`)
		g.do("POST", at+"/password", "old", "wrong", "password", "ten quiet lanterns over Utrecht").want(t, 422, `href="#old"`)
		g.do("POST", at+"/password", "old", good, "password", "short").want(t, 422, `href="#password"`)
		g.do("POST", at+"/password", "old", good, "password", "ten quiet lanterns over Utrecht").want(t, 303, "?done=password")
		g.do("GET", at+"/totp").want(t, 200, `src="data:image/png;base64,`)
		g.do("POST", at+"/totp", "code", "000000", "state", "nonsense").want(t, 303, at+"/totp")
		codes := g.do("POST", at+"/codes").want(t, 200, `id="codes-list"`)
		if n := len(regexp.MustCompile(`<li>[A-Z2-7]{10}</li>`).FindAllString(codes.body, -1)); n != 10 && !strings.Contains(codes.body, "data:text/plain") {
			t.Errorf("%d recovery codes in\n%s", n, codes.body)
		}
		g.do("POST", at+"/passkey", "credential", "{}", "state", "x", "name", "key").want(t, 422, `data-passkey="create"`)
		g.do("POST", at+"/factor/"+identity.NewID().String(), "remove", "1").want(t, 404, "")
		id := regexp.MustCompile(`security/factor/([0-9a-f-]{36})`)
		if m := id.FindStringSubmatch(g.do("GET", at).body); m != nil {
			t.Errorf("factor %s is listed, but none has been added", m[1])
		}
		h.ahead.Add(int64(freshFor + time.Minute))
		for _, path := range []string{"/passkey", "/totp", "/codes", "/factor/x", "/password"} {
			g.do("POST", at+path, "remove", "1").want(t, 303, "/o/acme/signin/") // to prove it anew
		}
	})
}

func TestRecovery(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.person("ann")
		g := h.guest()
		known := g.do("POST", "/o/acme/recover", "identifier", "ann").want(t, 303, "/o/acme/recover?sent")
		unknown := g.do("POST", "/o/acme/recover", "identifier", "nobody").want(t, 303, "/o/acme/recover?sent")
		if known.body != unknown.body {
			t.Error("the answers for a known and an unknown name differ")
		}
		g.do("GET", "/o/acme/recover?sent").want(t, 200, "Check your e-mail")
		g.do("GET", "/o/acme/recover/nonsense").want(t, 404, "This link no longer works")
		g.do("GET", "/o/acme/verify/nonsense").want(t, 404, "This link no longer works")
		user, err := h.signin.CheckPassword(t.Context(), h.acme.ID, "ann", good, "192.0.2.1")
		h.ok(err)
		link, err := h.signin.Link(t.Context(), identity.Actor{Kind: identity.ByCLI, Name: "test"}, h.acme, user, "recover")
		h.ok(err)
		path := strings.TrimPrefix(link.URL, h.url)
		g.do("GET", path).want(t, 200, `autocomplete="new-password"`)
		g.do("POST", path, "password", "short").want(t, 422, `aria-invalid="true"`)
		g.do("POST", path, "password", "ten quiet lanterns over Utrecht").want(t, 200, "Password saved")
		g.do("GET", path).want(t, 404, "This link no longer works")
	})
}

func TestSetup(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		g := h.guest()
		g.do("GET", "/setup").want(t, 200, "data-fragment")
		g.do("POST", "/setup", "name", "ann").want(t, 422, `href="#token"`)
		form := []string{"name", "ann", "email", "ann@example.com", "password", good}
		g.do("POST", "/setup", append(form, "token", "wrong")...).want(t, 422, `value="ann@example.com"`)
		link, err := h.signin.FirstLink(t.Context())
		h.ok(err)
		g.do("POST", "/setup", append(form, "token", link.URL)...).want(t, 303, "/")
		g.do("GET", "/account").want(t, 200, "")
		// Attack C42: closed for ever.
		h.guest().do("GET", "/setup").want(t, 404, "Setup is finished")
		h.guest().do("POST", "/setup", append(form, "token", link.Token)...).want(t, 422, "")
	})
}

func TestAttack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.person("ann")
		t.Run("A6 a Host header makes no link", func(t *testing.T) {
			g := h.guest()
			g.signIn("ann")
			g.header.Set("Host", "evil.example")
			g.header.Set("X-Forwarded-Host", "evil.example")
			flow := g.do("GET", "/o/acme/recover").want(t, 200, "").body
			if strings.Contains(flow, "evil") {
				t.Error("the page names the host of the request")
			}
			g.do("POST", "/o/acme/recover", "identifier", "ann").want(t, 303, "/o/acme/recover?sent")
			var list []identity.Job
			h.ok(h.db.Update(t.Context(), func(tx *store.Tx) (err error) {
				list, err = tx.ClaimJobs(t.Context(), []string{"recover"}, time.Now(), time.Now().Add(time.Minute), 10)
				return err
			}))
			for _, j := range list {
				if body, err := h.jobs.Open(j); err != nil || strings.Contains(string(body), "evil") {
					t.Errorf("job %s: %v", body, err)
				}
			}
		})
		t.Run("A7 a flow that began in another browser", func(t *testing.T) {
			g, victim := h.guest(), h.guest()
			flow := g.do("GET", "/o/acme/signin").location
			victim.do("GET", flow).want(t, 403, "began in another browser")
			victim.do("POST", flow, "step", "identify", "identifier", "ann").want(t, 403, "")
			g.do("GET", flow).want(t, 200, `id="identifier"`)
		})
		t.Run("C32 a step cannot be skipped", func(t *testing.T) {
			g := h.guest()
			flow := g.do("GET", "/o/acme/signin").location
			for _, form := range [][]string{{}, {"step", "done"}, {"step", "password", "password", good}, {"step", "codes", "stored", "1"}} {
				g.do("POST", flow, form...).want(t, 303, flow)
				g.do("GET", flow).want(t, 200, `id="identifier"`)
			}
		})
		t.Run("a form of another site", func(t *testing.T) {
			g := h.guest()
			g.signIn("ann")
			for name, value := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"} {
				g.header = http.Header{name: {value}}
				for _, path := range []string{"/account", "/account/sessions", "/account/security/password", "/signout", "/recover", "/signin/x"} {
					g.do("POST", "/o/acme"+path, "others", "1").want(t, 403, "")
				}
			}
		})
		t.Run("E68 a form that is too long", func(t *testing.T) {
			g := h.guest()
			flow := g.do("GET", "/o/acme/signin").location
			g.do("POST", flow, "step", "identify", "identifier", strings.Repeat("x", maxForm)).want(t, 400, "")
		})
		t.Run("C46 paths of organisations", func(t *testing.T) {
			for _, path := range []string{"/o/root/signin", "/o/nobody/signin", "/o/" + h.acme.ID.String() + "/signin", "/o/ACME/signin"} {
				h.guest().do("GET", path).want(t, 404, "")
			}
		})
	})
}

func TestAgent(t *testing.T) {
	for header, want := range map[string]agent{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36":                           {"Chrome", "Windows", false},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0":             {"Edge", "Windows", false},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1":   {"Safari", "iPhone", true},
		"Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": {"Samsung Internet", "Android", true},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0":                                                      {"Firefox", "macOS", false},
		"curl/8.14.1": {"curl", "", false},
		"":            {},
		"<script>":    {},
	} {
		if got := readAgent(header); got != want {
			t.Errorf("readAgent(%q) = %+v, want %+v", header, got, want)
		}
	}
}

func FuzzAgent(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; CrOS x86_64) Chrome/1 Safari/1")
	f.Fuzz(func(t *testing.T, header string) {
		if a := readAgent(header); a.Mobile && a.System == "" {
			t.Errorf("%q is mobile without a system", header)
		}
	})
}
