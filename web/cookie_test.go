package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

func TestCookies(t *testing.T) {
	a, b := identity.NewOrgID(), identity.NewOrgID()
	for phrase, c := range map[string]web.Cookies{"https": {Secure: true}, "http": {}} {
		if c.Session(a) == c.Session(b) || c.Session(a) == c.Browser(a) || c.Flow("x") == c.Flow("y") {
			t.Errorf("%s: cookies of two things have one name", phrase)
		}
		if strings.HasPrefix(c.Session(a), "__Host-") != c.Secure {
			t.Errorf("%s: name %s", phrase, c.Session(a))
		}
		w := httptest.NewRecorder()
		c.Set(w, c.Session(a), "value", time.Minute)
		c.Clear(w, c.Session(b))
		set := w.Result().Cookies()
		if len(set) != 2 || set[0].MaxAge != 60 || set[1].MaxAge >= 0 {
			t.Fatalf("%s: set %v", phrase, set)
		}
		for _, k := range set {
			if !k.HttpOnly || k.Secure != c.Secure || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" {
				t.Errorf("%s: %v", phrase, k)
			}
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(set[0])
		if got := c.Get(r, c.Session(a)); got != "value" {
			t.Errorf("%s: Get = %q", phrase, got)
		}
		r.AddCookie(&http.Cookie{Name: c.Session(a), Value: "planted"})
		if got := c.Get(r, c.Session(a)); got != "" {
			t.Errorf("%s: Get of two = %q, want none", phrase, got)
		}
	}
}

// TestAttackManyCookies begins one thing after another in a browser.
func TestAttackManyCookies(t *testing.T) {
	c := web.Cookies{Secure: true}
	jar := []*http.Cookie{{Name: c.Session(identity.NewOrgID()), Value: "stays"}}
	for i := range 100 {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		for _, k := range jar {
			r.AddCookie(k)
		}
		c.Begin(w, r, web.FlowKind, strconv.Itoa(i), "x", time.Hour)
		for _, k := range w.Result().Cookies() {
			if jar = slices.DeleteFunc(jar, func(had *http.Cookie) bool { return had.Name == k.Name }); k.MaxAge > 0 {
				jar = append(jar, k)
			}
		}
	}
	if len(jar) != 21 || jar[0].Value != "stays" || jar[20].Name != c.Flow("99") || jar[1].Name != c.Flow("80") {
		t.Errorf("the browser has %d cookies, want the session's and those of the last 20 flows", len(jar))
	}
}
