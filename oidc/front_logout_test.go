package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/muster-id/muster/identity"
)

const goodbye = "https://app.test/bye"

// signedIn returns a browser in which ann has signed in to the shop, and her ID
// token.
func (f *front) signedIn(t testing.TB) (*browser, string) {
	t.Helper()
	b := f.browser(t, "ann")
	return b, f.shop.redeem(b.follow("GET", f.shop.ask(), nil).granted()).get("id_token")
}

func (b *browser) logout(pairs ...string) answer {
	b.t.Helper()
	return b.visit("GET", "/o/acme/oauth2/logout?"+form(pairs...).Encode(), nil)
}

// stillIn reports whether the session in the browser is alive.
func (b *browser) stillIn() bool {
	b.t.Helper()
	v := b.visit("GET", b.shop.ask("prompt", "none"), nil).returned()
	return v.Has("code")
}

// TestPlanLogout goes through the plans of RP-initiated and of front-channel
// logout.
func TestPlanLogout(t *testing.T) {
	eachFront(t, func(t *testing.T, f *front) {
		f.set(f.shop, func(s *identity.AppSettings) { s.PostLogoutRedirectURIs = []string{goodbye} })
		t.Run("oidcc-rp-initiated-logout", func(t *testing.T) {
			b, hint := f.signedIn(t)
			a := b.logout("id_token_hint", hint, "post_logout_redirect_uri", goodbye, "state", "x&y")
			if to := a.header.Get("Location"); to != goodbye+"?state=x%26y" {
				t.Errorf("logout leads to %q", to)
			}
			if b.stillIn() {
				t.Error("the session lives on")
			}
		})
		t.Run("oidcc-rp-initiated-logout-no-state", func(t *testing.T) {
			b, hint := f.signedIn(t)
			if to := b.logout("id_token_hint", hint, "post_logout_redirect_uri", goodbye).header.Get("Location"); to != goodbye {
				t.Errorf("logout leads to %q", to)
			}
		})
		t.Run("an expired hint will do", func(t *testing.T) {
			b, hint := f.signedIn(t)
			f.wait(3 * hour)
			if to := b.logout("id_token_hint", hint, "post_logout_redirect_uri", goodbye).header.Get("Location"); to != goodbye || b.stillIn() {
				t.Errorf("logout leads to %q", to)
			}
		})
		foreign := strings.Join([]string{"eyJhbGciOiJub25lIn0", "e30", ""}, ".")
		for name, change := range map[string]func(hint string) []string{
			"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri": func(h string) []string {
				return []string{"id_token_hint", h, "post_logout_redirect_uri", "https://evil.test/bye", "state", "x"}
			},
			"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri": func(h string) []string {
				return []string{"id_token_hint", h, "post_logout_redirect_uri", goodbye + "?x=1"}
			},
			"oidcc-rp-initiated-logout-modified-id-token-hint": func(h string) []string {
				return []string{"id_token_hint", h[:len(h)-6] + "AAAAAA", "post_logout_redirect_uri", goodbye}
			},
			"oidcc-rp-initiated-logout-bad-id-token-hint": func(string) []string {
				return []string{"id_token_hint", foreign, "post_logout_redirect_uri", goodbye}
			},
			"A5 a forged hint with the client_id of the app": func(string) []string {
				return []string{"id_token_hint", foreign, "client_id", "shop", "post_logout_redirect_uri", goodbye}
			},
			"A5 a hint with the client_id of another app": func(h string) []string {
				return []string{"id_token_hint", h, "client_id", "other", "post_logout_redirect_uri", goodbye}
			},
			"oidcc-rp-initiated-logout-no-id-token-hint": func(string) []string {
				return []string{"post_logout_redirect_uri", goodbye, "state", "x"}
			},
			"oidcc-rp-initiated-logout-no-params":                   func(string) []string { return nil },
			"oidcc-rp-initiated-logout-only-state":                  func(string) []string { return []string{"state", "x"} },
			"oidcc-rp-initiated-logout-no-post-logout-redirect-uri": func(h string) []string { return []string{"id_token_hint", h, "state", "x"} },
		} {
			t.Run(name, func(t *testing.T) {
				b, hint := f.signedIn(t)
				a := b.logout(change(hint)...)
				if asked, want := strings.Contains(a.text, `id="sign-out"`), !strings.HasSuffix(name, "no-post-logout-redirect-uri"); asked != want {
					t.Errorf("the person was asked: %v, want %v", asked, want)
				}
				if a.status == http.StatusOK && strings.Contains(a.text, `id="sign-out"`) {
					if !b.stillIn() {
						t.Fatal("the session ended before the person confirmed it")
					}
					action, fields := formOf(t, a.text)
					fields.Set("confirm", "yes")
					a = b.visit("POST", action, fields)
				}
				if a.status != http.StatusOK || a.header.Get("Location") != "" || strings.Contains(a.text, `id="next"`) {
					t.Errorf("logout = %d to %q, want to stay here", a.status, a.header.Get("Location"))
				}
				if b.stillIn() {
					t.Error("the session lives on")
				}
			})
		}
		t.Run("without a hint the person is asked, and then goes where the app registered", func(t *testing.T) {
			b, _ := f.signedIn(t)
			a := b.logout("client_id", "shop", "post_logout_redirect_uri", goodbye)
			action, fields := formOf(t, a.text)
			fields.Set("confirm", "yes")
			if to := b.visit("POST", action, fields).header.Get("Location"); to != goodbye || b.stillIn() {
				t.Errorf("logout leads to %q", to)
			}
		})
		t.Run("another site cannot confirm", func(t *testing.T) {
			b, _ := f.signedIn(t)
			action, fields := formOf(t, b.logout().text)
			fields.Set("confirm", "yes")
			b.visit("POST", action, fields, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.test").onPage(403)
			if !b.stillIn() {
				t.Error("the session ended")
			}
		})
		t.Run("an app may post, though the browser keeps its cookie back", func(t *testing.T) {
			b, hint := f.signedIn(t)
			session := b.jar[cookies.Session(f.org.ID)]
			delete(b.jar, cookies.Session(f.org.ID))
			a := b.visit("POST", "/o/acme/oauth2/logout", form("id_token_hint", hint, "post_logout_redirect_uri", goodbye),
				"Sec-Fetch-Site", "cross-site", "Origin", "https://app.test")
			b.jar[cookies.Session(f.org.ID)] = session
			if to := b.visit("GET", a.header.Get("Location"), nil).header.Get("Location"); to != goodbye || b.stillIn() {
				t.Errorf("logout leads to %q", to)
			}
		})
		t.Run("who is signed out already goes on", func(t *testing.T) {
			b, hint := f.signedIn(t)
			b.logout("id_token_hint", hint)
			if to := b.logout("id_token_hint", hint, "post_logout_redirect_uri", goodbye).header.Get("Location"); to != goodbye {
				t.Errorf("logout leads to %q", to)
			}
		})
		t.Run("oidcc-frontchannel-rp-initiated-logout", func(t *testing.T) { frontChannel(t, f) })
	})
}

func frontChannel(t *testing.T, f *front) {
	f.set(f.shop, func(s *identity.AppSettings) { s.FrontchannelLogoutURI = "https://app.test/front?a=1" })
	defer f.set(f.shop, func(s *identity.AppSettings) { s.FrontchannelLogoutURI = "" })
	b, hint := f.signedIn(t)
	sid := part(t, hint, 1)["sid"].(string)
	a := b.logout("id_token_hint", hint, "post_logout_redirect_uri", goodbye, "state", "x")
	want := "https://app.test/front?a=1&amp;" + strings.ReplaceAll(url.Values{"iss": {f.issuer}, "sid": {sid}}.Encode(), "&", "&amp;")
	if a.status != http.StatusOK || !strings.Contains(a.text, `<iframe src="`+want+`"`) {
		t.Errorf("logout = %d, the frame %s is not in %s", a.status, want, a.text)
	}
	if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-src https://app.test") || strings.Contains(csp, "frame-src *") {
		t.Errorf("the policy is %q", csp)
	}
	if !strings.Contains(a.text, `content="2;url=`+goodbye+`?state=x"`) || !strings.Contains(a.text, `id="next" href="`+goodbye+`?state=x"`) {
		t.Errorf("the page does not lead on: %s", a.text)
	}
	if b.stillIn() {
		t.Error("the session lives on")
	}
}
