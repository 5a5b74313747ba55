package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/muster-id/muster/server"
)

// BenchmarkGetUser measures a read by id through the whole house, without the
// network.
func BenchmarkGetUser(b *testing.B) {
	h, demo := demoHouse(b)
	srv, err := server.New(b.Context(), server.Options{House: h, Build: server.ThisBuild("test"), URL: "http://localhost"})
	if err != nil {
		b.Fatal(err)
	}
	ask := func(path string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+demo.Token)
		return r
	}
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, ask("/scim/v2/Users?count=1&attributes=id"))
	text, err := io.ReadAll(w.Body)
	_, after, ok := strings.Cut(string(text), `"id":"`)
	if err != nil || !ok || len(after) < 36 {
		b.Fatalf("%d %s, %v", w.Code, text, err)
	}
	one := ask("/scim/v2/Users/" + after[:36])
	b.ReportAllocs()
	for b.Loop() {
		w := &nowhere{header: http.Header{}}
		srv.ServeHTTP(w, one)
		if w.status != http.StatusOK {
			b.Fatalf("status %d", w.status)
		}
	}
}

// nowhere is a client that throws the answer away.
type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) WriteHeader(status int)      { n.status = status }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
