package server

import (
	"net/http"
	"strings"

	"github.com/muster-id/muster/web/ui"
)

// withPages answers browsers with the error page where there is nothing, instead
// of a line of text.
func (s *Server) withPages(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" || !page(r) {
			mux.ServeHTTP(w, r)
			return
		}
		m := &missing{ResponseWriter: w}
		mux.ServeHTTP(m, r)
		if m.hit {
			s.pages.Error(w, r, http.StatusNotFound, ui.Problem{})
		}
	})
}

// page reports whether somebody looks at the answer.
func page(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// A missing holds an answer back that says that there is nothing.
type missing struct {
	http.ResponseWriter
	hit bool
}

// WriteHeader implements http.ResponseWriter.
func (m *missing) WriteHeader(status int) {
	if m.hit = status == http.StatusNotFound; !m.hit {
		m.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (m *missing) Write(b []byte) (int, error) {
	if m.hit {
		return len(b), nil
	}
	return m.ResponseWriter.Write(b)
}
