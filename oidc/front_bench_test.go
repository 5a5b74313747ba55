package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/muster-id/muster/store/storetest"
)

// BenchmarkAuthorize answers an app whose person is signed in: the way that most
// requests go.
func BenchmarkAuthorize(b *testing.B) {
	f := newFront(b, storetest.SQLite(b))
	in := f.browser(b, "ann")
	in.follow("GET", f.shop.ask(), nil).granted()
	path := f.shop.ask("prompt", "none")
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest("GET", public+path, nil)
			for name, value := range in.jar {
				r.AddCookie(&http.Cookie{Name: name, Value: value})
			}
			w := httptest.NewRecorder()
			if f.mux.ServeHTTP(w, r); w.Code != http.StatusSeeOther {
				b.Errorf("the answer is %d", w.Code)
				return
			}
		}
	})
}

// BenchmarkAuthorizeAnew keeps a request and sends the person to sign in.
func BenchmarkAuthorizeAnew(b *testing.B) {
	f := newFront(b, storetest.SQLite(b))
	path := f.shop.ask()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w := httptest.NewRecorder()
			if f.mux.ServeHTTP(w, httptest.NewRequest("GET", public+path, nil)); w.Code != http.StatusSeeOther {
				b.Errorf("the answer is %d", w.Code)
				return
			}
		}
	})
}
