package token_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/token"
)

// BenchmarkECDSA is the floor: the signature that every ES256 token costs.
func BenchmarkECDSA(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := make([]byte, 32)
	for b.Loop() {
		if _, err := ecdsa.SignASN1(rand.Reader, key, digest); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIssueService is client_credentials with a JWT: no write.
func BenchmarkIssueService(b *testing.B) {
	h := newHouse(b, storetest.SQLite(b))
	a := h.app("robot", func(a *identity.App) { a.Scopes = []string{"scim"} })
	for b.Loop() {
		if _, err := h.Issue(b.Context(), h.service(a, "scim")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRefresh is one rotation with an access token and an ID token.
func BenchmarkRefresh(b *testing.B) {
	h := newHouse(b, storetest.SQLite(b))
	a := h.app("web", nil)
	out := h.issue(a, nil)
	for b.Loop() {
		next, err := h.Refresh(b.Context(), a, token.Renewal{Token: out.RefreshToken})
		if err != nil {
			b.Fatal(err)
		}
		out = next
	}
}

// BenchmarkInspect believes one token again and again, as an API does.
func BenchmarkInspect(b *testing.B) {
	for name, opaque := range map[string]bool{"jwt": false, "opaque": true} {
		b.Run(name, func(b *testing.B) {
			h := newHouse(b, storetest.SQLite(b))
			out := h.issue(h.app("web", func(a *identity.App) { a.OpaqueAccessToken = opaque }), nil)
			for b.Loop() {
				if _, err := h.Inspect(b.Context(), h.acme.ID, out.AccessToken); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkInspectNew believes tokens that it has never seen.
func BenchmarkInspectNew(b *testing.B) {
	h := newHouse(b, storetest.SQLite(b))
	a := h.app("web", nil)
	texts := make([]string, 1000)
	for i := range texts {
		texts[i] = h.issue(a, func(r *token.Request) { r.IDToken = false }).AccessToken
	}
	var s *token.Service
	i := 0
	for b.Loop() {
		if i%len(texts) == 0 {
			b.StopTimer()
			s = h.node()
			b.StartTimer()
		}
		if _, err := s.Inspect(b.Context(), h.acme.ID, texts[i%len(texts)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
