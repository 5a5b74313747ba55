package probe_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/memory"
	"github.com/muster-id/muster/scim/probe"
	"github.com/muster-id/muster/scim/schema"
)

// registry is the standard one with an extension that has the characteristics
// which the standard schemas lack.
func registry(t *testing.T) *schema.Registry {
	t.Helper()
	ext, err := schema.Parse([]byte(`{"id":"urn:example:params:scim:schemas:extension:2.0:User","name":"Example","attributes":[
		{"name":"badge","type":"string","multiValued":false,"caseExact":true,"mutability":"immutable","returned":"default","uniqueness":"server"},
		{"name":"hidden","type":"string","multiValued":false,"mutability":"readWrite","returned":"request","uniqueness":"none"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	reg, err := schema.Standard().Extend("User", ext, false)
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

// serve starts a server over memory whose clients "one" and "two" have the same
// dialect and resources, whose client "other" has others, and a worker for asynchronous requests.
func serve(t *testing.T, reg *schema.Registry, dialect schema.Dialect, limits scim.Limits, wrap func(http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	backend, elsewhere, async := memory.New(reg), memory.New(reg), memory.NewAsync()
	mux := http.NewServeMux()
	srv := httptest.NewServer(wrap(mux))
	t.Cleanup(srv.Close)
	base := srv.URL + "/scim/v2"
	server := scim.New(scim.Options{
		Authenticate: func(r *http.Request) (*scim.Client, error) {
			name, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			switch {
			case ok && (name == "one" || name == "two"):
			case ok && name == "other":
				return &scim.Client{ID: name, Dialect: dialect, Base: base, Types: reg, Backend: elsewhere}, nil
			default:
				return nil, scim.Unauthorized("The token is not valid.")
			}
			return &scim.Client{ID: name, Dialect: dialect, Base: base, Types: reg, Backend: backend.For(name)}, nil
		},
		Public: func(*http.Request) (*schema.Registry, string) { return reg, base },
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		Async:  async,
		Limits: limits,
	})
	mux.Handle("/scim/v2/", http.StripPrefix("/scim/v2", server))
	mux.HandleFunc("/scim/", func(w http.ResponseWriter, r *http.Request) { server.Fail(w, r, scim.BadVersion()) })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := async.Work(ctx, server); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return srv
}

func asIs(h http.Handler) http.Handler { return h }

// TestServer examines our own engine in each dialect.
func TestServer(t *testing.T) {
	for _, d := range []schema.Dialect{schema.RFC, schema.Strict, schema.Entra, schema.Okta} {
		t.Run(d.Name, func(t *testing.T) {
			var limits scim.Limits
			if d.Name == "rfc" { // waiting takes seconds
				limits.CursorAge = time.Second
			}
			srv := serve(t, registry(t), d, limits, asIs)
			results, sum := examine(t, probe.Target{URL: srv.URL + "/scim/v2/", Token: "one", SecondToken: "two", OtherToken: "other", Dialect: d.Name})
			for _, r := range results {
				tooLong := r.ID == "B14.4" && r.Status == probe.Skip && d.Name != "rfc"
				if r.Status != probe.Pass && !tooLong {
					t.Error(r.Line())
				}
			}
			if len(sum.Left) > 0 {
				t.Errorf("left behind: %v", sum.Left)
			}
		})
	}
}
