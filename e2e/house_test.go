// Package e2e_test plays what identity providers do against whole servers, by
// HTTP, on both databases.
package e2e_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/memory"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/store/storetest"
)

// A target is the SCIM root of one organisation with the token of a client.
type target struct {
	URL, Token, Dialect string
}

// A house is a running Muster.
type house struct {
	*server.House
	url string
}

var tester = identity.Actor{Kind: identity.ByCLI, Name: "e2e"}

// databases are the databases that a whole server runs on; each returns the URL
// of an empty one.
var databases = map[string]func(testing.TB) string{
	"SQLite":     func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "muster.db") },
	"PostgreSQL": storetest.Postgres,
}

// eachHouse runs a test against a server on each database, at the same time:
// each waits for its own disk.
func eachHouse(t *testing.T, test func(*testing.T, *house)) {
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, database(t)))
		})
	}
}

// open starts a server that ends with the test.
func open(t *testing.T, database string) *house {
	t.Helper()
	cfg, err := config.Read(config.Sources{Flags: map[string]string{
		"database_url": database, "data_dir": t.TempDir(), "listen": "127.0.0.1:0", "drain": "0s",
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ln, err := server.Listen(ctx, cfg.Listen)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen = ln.Addr().String()
	h := &house{url: cfg.URL(cfg.Listen)}
	if h.House, err = server.OpenHouse(ctx, cfg, slog.New(slog.NewTextHandler(io.Discard, nil)), server.Create); err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(ctx, server.Options{House: h.House, Build: server.ThisBuild("test"), URL: h.url})
	if err != nil {
		t.Fatal(err)
	}
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- srv.Run(ctx, context.Background(), ln, func() error { close(ready); return nil })
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := h.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		done <- nil
		t.Fatalf("Run = %v", err)
	}
	return h
}

// tenant makes an organisation with a connection of the dialect.
func (h *house) tenant(t *testing.T, slug, dialect string) target {
	t.Helper()
	if _, err := h.Directory.CreateOrganisation(t.Context(), tester, directory.NewOrganisation{Slug: slug}); err != nil {
		t.Fatal(err)
	}
	return h.connect(t, slug, "first", dialect)
}

// connect gives an organisation one more connection.
func (h *house) connect(t *testing.T, slug, name, dialect string) target {
	t.Helper()
	org, err := h.Directory.Organisation(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := h.Directory.CreateConnection(t.Context(), tester, org.ID, directory.NewConnection{Name: name, Dialect: dialect})
	if err != nil {
		t.Fatal(err)
	}
	return target{h.url + "/scim/v2", token.Text, dialect}
}

// inMemory starts the engine alone, over memory, for one client.
func inMemory(t *testing.T, dialect string) target {
	t.Helper()
	d, ok := schema.DialectByName(dialect)
	if !ok {
		t.Fatalf("no dialect %q", dialect)
	}
	reg := schema.Standard()
	backend := memory.New(reg)
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	base := srv.URL + "/scim/v2"
	mux.Handle("/scim/v2/", http.StripPrefix("/scim/v2", scim.New(scim.Options{
		Authenticate: func(r *http.Request) (*scim.Client, error) {
			if token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); token != "secret" {
				return nil, scim.Unauthorized("The token is not valid.")
			}
			return &scim.Client{ID: "one", Dialect: d, Base: base, Types: reg, Backend: backend}, nil
		},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})))
	return target{base, "secret", dialect}
}
