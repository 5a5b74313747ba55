package admin_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/token"
)

// A house is a whole server with two organisations.
type house struct {
	t *testing.T
	*server.House
	srv         http.Handler
	acme, other identity.Organisation
}

// each runs a test on every database.
func each(t *testing.T, test func(h *house)) {
	t.Run("sqlite", func(t *testing.T) {
		test(newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "muster.db")))
	})
	t.Run("postgres", func(t *testing.T) { test(newHouse(t, storetest.Postgres(t))) })
}

func newHouse(t *testing.T, database string) *house {
	t.Helper()
	cfg, err := config.Read(config.Sources{Flags: map[string]string{
		"database_url": database, "data_dir": t.TempDir(), "public_url": "https://id.example.com",
	}})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t}
	ctx := context.Background()
	if h.House, err = server.OpenHouse(ctx, cfg, slog.New(slog.DiscardHandler), server.Create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	srv, err := server.New(ctx, server.Options{House: h.House, Build: server.ThisBuild("test"), URL: "https://id.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	h.srv = srv
	for slug, to := range map[string]*identity.Organisation{"acme": &h.acme, "globex": &h.other} {
		if *to, err = h.Directory.CreateOrganisation(ctx, system(identity.OrgID{}), directory.NewOrganisation{Slug: slug}); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func system(org identity.OrgID) identity.Actor {
	return identity.Actor{Kind: identity.BySystem, Org: org, Perms: identity.AllPerms()}
}

// token makes a service account with scopes and returns a token of it.
func (h *house) token(org identity.Organisation, scopes ...string) string {
	h.t.Helper()
	ctx := context.Background()
	made, _, err := h.Apps.Create(ctx, system(org.ID), org.ID, app.NewApp{AppSettings: identity.AppSettings{
		Name: "Robot", Type: identity.ServiceApp, Scopes: scopes,
	}})
	if err != nil {
		h.t.Fatal(err)
	}
	a, err := h.Apps.ByID(ctx, org.ID, made.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	res, err := h.Tokens.Issue(ctx, token.Request{Org: org, App: a, Authorization: token.Authorization{App: a.ID, Scopes: scopes}})
	if err != nil {
		h.t.Fatal(err)
	}
	return res.AccessToken
}

// user makes a person.
func (h *house) user(org identity.Organisation, name string) identity.ID {
	h.t.Helper()
	id, err := h.Directory.CreatePerson(context.Background(), system(org.ID), directory.NewPerson{Name: name, Email: name + "@example.com"})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// ask sends one request and decodes the answer.
func (h *house) ask(method, path, token, body string) (int, map[string]any) {
	h.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.srv.ServeHTTP(w, r)
	text, err := io.ReadAll(w.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	var out map[string]any
	if len(text) > 0 && json.Unmarshal(text, &out) != nil {
		out = map[string]any{"text": string(text)}
	}
	return w.Code, out
}

// must is ask for a request that has to succeed.
func (h *house) must(status int, method, path, token, body string) map[string]any {
	h.t.Helper()
	got, out := h.ask(method, path, token, body)
	if got != status {
		h.t.Fatalf("%s %s: status %d, want %d: %v", method, path, got, status, out)
	}
	return out
}

func sprint(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
