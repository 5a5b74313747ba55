package plan_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/server"
)

// TestPlanLogout plays the plan of sign-out that an app begins.
func TestPlanLogout(t *testing.T) {
	each(t, server.DemoOptions{OpenRegistration: true}, func(t *testing.T, h *house) {
		c := h.register("bye", object{"post_logout_redirect_uris": []string{h.party.URL + "/bye/signed-out"}})
		play(t, &stage{house: h, c: c}, rpLogout)
	})
}

var rpLogout = []module{
	{"oidcc-rp-initiated-logout-discovery-endpoint-verification", func(t *testing.T, s *stage) {
		discoveryVerification(t, s)
		s.endpoint("end_session_endpoint")
	}},
	{"oidcc-rp-initiated-logout", leads(true, func(hint, bye string) url.Values {
		return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye}, "state": {"a&b"}}
	})},
	{"oidcc-rp-initiated-logout-no-state", leads(true, func(hint, bye string) url.Values {
		return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye}}
	})},
	{"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", leads(false, func(hint, bye string) url.Values {
		return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye + "/foo"}, "state": {"s"}}
	})},
	{"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", leads(false, func(hint, bye string) url.Values {
		return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye + "?foo=bar"}, "state": {"s"}}
	})},
	{"oidcc-rp-initiated-logout-modified-id-token-hint", leads(false, func(hint, bye string) url.Values {
		return url.Values{"id_token_hint": {swapSubject(hint)}, "post_logout_redirect_uri": {bye}, "state": {"s"}}
	})},
	{"oidcc-rp-initiated-logout-bad-id-token-hint", leads(false, func(_, bye string) url.Values {
		return url.Values{"id_token_hint": {unsigned(object{"iss": "https://localhost", "sub": "x"})}, "post_logout_redirect_uri": {bye}, "state": {"s"}}
	})},
	{"oidcc-rp-initiated-logout-no-id-token-hint", leads(false, func(_, bye string) url.Values {
		return url.Values{"post_logout_redirect_uri": {bye}, "state": {"s"}}
	})},
	{"oidcc-rp-initiated-logout-no-params", leads(false, func(string, string) url.Values { return url.Values{} })},
	{"oidcc-rp-initiated-logout-only-state", leads(false, func(string, string) url.Values { return url.Values{"state": {"s"}} })},
	{"oidcc-rp-initiated-logout-no-post-logout-redirect-uri", leads(false, func(hint, _ string) url.Values {
		return url.Values{"id_token_hint": {hint}, "state": {"s"}}
	})},
}

// swapSubject leaves the signature of an ID token and changes what it signs.
func swapSubject(hint string) string {
	parts := strings.Split(hint, ".")
	return parts[0] + "." + strings.Split(unsigned(object{"iss": "x", "sub": "y"}), ".")[1] + "." + parts[2]
}

// leads is a module that signs in, signs out by GET and by POST, and looks
// whether the browser goes back to the app; in any case the session must be over
// once the person has agreed to what they were asked.
func leads(back bool, ask func(hint, bye string) url.Values) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			b := s.browser()
			hint := s.login(b).get("id_token")
			bye := s.party.URL + "/bye/signed-out"
			v := b.signOut(method, ask(hint, bye))
			if back {
				got := v.returned(bye)
				if want := ask(hint, bye).Get("state"); got.Get("state") != want || got.Has("state") != (want != "") {
					t.Errorf("%s: the app got %v", method, got)
				}
			} else if v.to != "" || v.status != http.StatusOK || strings.Contains(v.text, bye) {
				t.Errorf("%s: the browser is at %s with %d, sent to %q; want a page that stays here", method, v.at, v.status, v.to)
			}
			if got := s.answered(b, "prompt", "none"); got.Get("error") != "login_required" {
				t.Errorf("%s: after sign-out the app got %v", method, got)
			}
		}
	}
}

// signOut asks for sign-out, and confirms where it is asked back.
func (b *browser) signOut(method string, v url.Values) view {
	b.t.Helper()
	address, form := b.h.endpoint("end_session_endpoint"), v
	if method == http.MethodGet {
		address, form = address+"?"+v.Encode(), nil
	}
	at := b.visit(method, address, form, "Origin", b.h.party.URL)
	f, ok := formOf(at)
	if at.to != "" || !ok || f.id != "sign-out" {
		return at
	}
	f.fields.Set("confirm", "yes")
	return b.visit(http.MethodPost, f.action, f.fields)
}

// TestPlanBackChannel plays the plan of sign-out that apps hear of from the
// server.
func TestPlanBackChannel(t *testing.T) {
	each(t, server.DemoOptions{OpenRegistration: true}, func(t *testing.T, h *house) {
		c := h.register("back", object{"post_logout_redirect_uris": []string{h.party.URL + "/bye"},
			"backchannel_logout_uri": h.party.URL + "/back/logout", "backchannel_logout_session_required": true})
		play(t, &stage{house: h, c: c}, []module{
			{"oidcc-backchannel-logout-discovery-endpoint-verification", func(t *testing.T, s *stage) {
				if s.meta["backchannel_logout_supported"] != true || s.meta["backchannel_logout_session_supported"] != true {
					t.Errorf("discovery says %v", s.meta)
				}
				s.endpoint("end_session_endpoint")
			}},
			{"oidcc-backchannel-rp-initiated-logout", backChannel},
		})
	})
}

func backChannel(t *testing.T, s *stage) {
	b := s.browser()
	got := s.login(b)
	id := s.c.idToken(got, "n-0S6_WzA2Mj")
	bye := s.party.URL + "/bye"
	if v := b.signOut(http.MethodGet, url.Values{"id_token_hint": {got.get("id_token")}, "post_logout_redirect_uri": {bye}}); v.to != bye {
		t.Fatalf("the browser goes to %q", v.to)
	}
	heard := s.party.told(t, "/back/logout")
	header, said := s.verify(heard[0])
	if typ := header.ExtraHeaders["typ"]; typ != "logout+jwt" || header.Algorithm == "none" {
		t.Errorf("the logout token has the header %v", header)
	}
	events, _ := said["events"].(object)
	event, ok := events["http://schemas.openid.net/event/backchannel-logout"].(object)
	if !ok || len(event) != 0 || len(events) != 1 {
		t.Errorf("events are %v", said["events"])
	}
	now := float64(time.Now().Unix())
	if said["iss"] != s.issuer || said["aud"] != s.c.id || said["sub"] != id["sub"] || said["sid"] != id["sid"] || id["sid"] == nil ||
		said["jti"] == nil || said["nonce"] != nil || number(said, "iat") > now+5 || number(said, "exp") <= now || number(said, "exp") > now+300 {
		t.Errorf("the logout token says %v", said)
	}
	if again := s.party.told(t, "/back/logout"); len(again) != 1 {
		t.Errorf("the app was told %d times", len(again))
	}
}

// TestPlanFrontChannel plays the plan of sign-out that apps hear of through the
// browser.
func TestPlanFrontChannel(t *testing.T) {
	each(t, server.DemoOptions{OpenRegistration: true}, func(t *testing.T, h *house) {
		c := h.register("front", object{"post_logout_redirect_uris": []string{h.party.URL + "/bye"},
			"frontchannel_logout_uri": h.party.URL + "/front/logout?own=1", "frontchannel_logout_session_required": true})
		play(t, &stage{house: h, c: c}, []module{
			{"oidcc-frontchannel-logout-discovery-endpoint-verification", func(t *testing.T, s *stage) {
				if s.meta["frontchannel_logout_supported"] != true || s.meta["frontchannel_logout_session_supported"] != true {
					t.Errorf("discovery says %v", s.meta)
				}
				s.endpoint("end_session_endpoint")
			}},
			{"oidcc-frontchannel-rp-initiated-logout", frontChannel},
		})
	})
}

func frontChannel(t *testing.T, s *stage) {
	b := s.browser()
	got := s.login(b)
	id := s.c.idToken(got, "n-0S6_WzA2Mj")
	v := b.signOut(http.MethodGet, url.Values{"id_token_hint": {got.get("id_token")}, "post_logout_redirect_uri": {s.party.URL + "/bye"}, "state": {"s"}})
	if v.to != "" || v.status != http.StatusOK {
		t.Fatalf("the browser is sent to %q with %d before the app was told", v.to, v.status)
	}
	_, frame, ok := strings.Cut(v.text, `<iframe src="`)
	frame, _, _ = strings.Cut(frame, `"`)
	u, err := url.Parse(strings.ReplaceAll(frame, "&amp;", "&"))
	if !ok || err != nil {
		t.Fatalf("there is no frame in %s", v.text)
	}
	q := u.Query()
	if u.Scheme+"://"+u.Host+u.Path != s.party.URL+"/front/logout" || q.Get("own") != "1" || q.Get("iss") != s.issuer || q.Get("sid") != id["sid"] {
		t.Errorf("the frame is %s for the session %v", u, id["sid"])
	}
	if csp := v.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-src "+s.party.URL) || strings.Contains(csp, "frame-src *") {
		t.Errorf("the policy is %q", csp)
	}
	if !strings.Contains(v.text, s.party.URL+"/bye?state=s") {
		t.Errorf("the page does not lead back to the app: %s", v.text)
	}
	if got := s.answered(b, "prompt", "none"); got.Get("error") != "login_required" {
		t.Errorf("after sign-out the app got %v", got)
	}
}
