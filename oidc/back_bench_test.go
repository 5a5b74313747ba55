package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/muster-id/muster/identity"
)

// serve sends a request without the cost of the harness.
func (c *client) serve(b *testing.B, method, endpoint, body, authorization string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://id.test"+c.base+"/oauth2/"+endpoint, strings.NewReader(body))
	if body != "" {
		r.Header["Content-Type"] = []string{"application/x-www-form-urlencoded"}
	}
	r.Header["Authorization"] = []string{authorization}
	rec := httptest.NewRecorder()
	c.mux.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		b.Fatalf("%s = %d %s", endpoint, rec.Code, rec.Body)
	}
	return rec
}

func BenchmarkClientCredentials(b *testing.B) {
	c := onSQLite(b).app("web", nil)
	body, auth := form("grant_type", identity.GrantClientCredentials, "scope", "groups").Encode(), c.basic()
	b.ReportAllocs()
	for b.Loop() {
		c.serve(b, "POST", "token", body, auth)
	}
}

func BenchmarkIntrospect(b *testing.B) {
	h := onSQLite(b)
	c := h.app("web", nil)
	at := c.redeem(c.code(h.user("ann"), nil)).want(200).get("access_token")
	body, auth := form("token", at).Encode(), c.basic()
	b.ReportAllocs()
	for b.Loop() {
		c.serve(b, "POST", "introspect", body, auth)
	}
}

func BenchmarkUserInfo(b *testing.B) {
	h := onSQLite(b)
	c := h.app("web", nil)
	at := c.redeem(c.code(h.user("ann"), nil)).want(200).get("access_token")
	b.ReportAllocs()
	for b.Loop() {
		c.serve(b, "GET", "userinfo", "", "Bearer "+at)
	}
}

func BenchmarkRefresh(b *testing.B) {
	h := onSQLite(b)
	c := h.app("web", func(s *identity.AppSettings) { s.KeepRefreshToken = true })
	rt := c.redeem(c.code(h.user("ann"), nil)).want(200).get("refresh_token")
	body, auth := form("grant_type", identity.GrantRefresh, "refresh_token", rt).Encode(), c.basic()
	b.ReportAllocs()
	for b.Loop() {
		c.serve(b, "POST", "token", body, auth)
	}
}

func BenchmarkDiscovery(b *testing.B) {
	h := onSQLite(b)
	b.ReportAllocs()
	for b.Loop() {
		rec := httptest.NewRecorder()
		h.mux.ServeHTTP(rec, httptest.NewRequest("GET", "https://id.test/o/acme/.well-known/openid-configuration", nil))
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Code)
		}
	}
}

func BenchmarkJWKS(b *testing.B) {
	h := onSQLite(b)
	b.ReportAllocs()
	for b.Loop() {
		rec := httptest.NewRecorder()
		h.mux.ServeHTTP(rec, httptest.NewRequest("GET", "https://id.test/o/acme/oauth2/jwks", nil))
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Code)
		}
	}
}
