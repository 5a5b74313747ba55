package declare_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/declare"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/store/storetest"
)

func TestMain(m *testing.M) {
	secret.Cheaply() // hashes are tested elsewhere
	os.Exit(m.Run())
}

// A house is a real one with an empty database.
type house struct {
	*server.House
	t   *testing.T
	s   *declare.Service
	now time.Time
}

// each runs a test on every database; open makes a further, empty one.
func each(t *testing.T, test func(t *testing.T, open func() *house)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, func() *house { return newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "muster.db")) })
	})
	t.Run("postgres", func(t *testing.T) {
		test(t, func() *house { return newHouse(t, storetest.Postgres(t)) })
	})
}

func newHouse(t *testing.T, database string) *house {
	t.Helper()
	cfg, err := config.Read(config.Sources{Flags: map[string]string{"database_url": database, "data_dir": t.TempDir(), "public_url": "https://id.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, now: time.Now()}
	if h.House, err = server.OpenHouse(context.Background(), cfg, slog.New(slog.DiscardHandler), server.Create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	h.s = declare.New(declare.Options{
		Directory: h.Directory, Apps: h.Apps, Access: h.Access, SCIM: h.SCIM, By: cli, Now: func() time.Time { return h.now },
	})
	return h
}

func cli(org identity.OrgID) identity.Actor {
	return identity.Actor{Kind: identity.ByCLI, Org: org, Name: "test", Perms: identity.AllPerms()}
}

func (h *house) org(slug string) identity.Organisation {
	h.t.Helper()
	o, err := h.Directory.Organisation(h.t.Context(), slug)
	if err != nil {
		h.t.Fatal(err)
	}
	return o
}

// user makes a user and returns the id.
func (h *house) user(slug, name string) identity.ID {
	h.t.Helper()
	p, err := h.CreateUser(h.t.Context(), cli(h.org(slug).ID), map[string]any{"userName": name})
	if err != nil {
		h.t.Fatal(err)
	}
	return p.ID
}

// group makes a group of a body and returns its id.
func (h *house) group(slug string, body map[string]any) string {
	h.t.Helper()
	body["schemas"] = []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}
	var made struct{ ID string }
	if err := h.SCIM(h.t.Context(), cli(h.org(slug).ID), http.MethodPost, "/Groups", nil, body, &made); err != nil {
		h.t.Fatal(err)
	}
	return made.ID
}

// plan returns the steps that files ask for, one a line.
func (h *house) plan(prune bool, files string) (*declare.Plan, string, error) {
	h.t.Helper()
	docs, err := declare.Parse("test.yaml", []byte(files))
	if err != nil {
		return nil, "", err
	}
	p, err := h.s.Plan(h.t.Context(), docs, prune)
	if err != nil {
		return nil, "", err
	}
	var lines []string
	for _, s := range p.Steps {
		line := s.Verb + " " + s.Kind + " " + s.Name
		if len(s.Changes) > 0 {
			line += " (" + strings.Join(s.Changes, ", ") + ")"
		}
		lines = append(lines, line)
	}
	return p, strings.Join(lines, "\n"), nil
}

// apply applies files, which must work and leave nothing to do, and returns what
// was done and the secrets.
func (h *house) apply(prune bool, files string) (string, []declare.Secret) {
	h.t.Helper()
	p, text, err := h.plan(prune, files)
	if err != nil {
		h.t.Fatal(err)
	}
	var secrets []declare.Secret
	done := 0
	err = h.s.Apply(h.t.Context(), p, func(_ declare.Step, s *declare.Secret) {
		done++
		if s != nil {
			secrets = append(secrets, *s)
		}
	})
	if err != nil || done != len(p.Steps) {
		h.t.Fatalf("Apply did %d of\n%s\n%v", done, text, err)
	}
	if _, again, err := h.plan(prune, files); again != "" || err != nil {
		h.t.Fatalf("applied twice it would do\n%s\n%v\nafter\n%s", again, err, text)
	}
	return text, secrets
}

func (h *house) export(slug string, members bool) string {
	h.t.Helper()
	doc, left, err := h.s.Export(h.t.Context(), slug, members)
	if err != nil {
		h.t.Fatal(err)
	}
	var b bytes.Buffer
	for _, line := range left {
		b.WriteString("# " + line + "\n")
	}
	if err := doc.Write(&b); err != nil {
		h.t.Fatal(err)
	}
	return b.String()
}

// may asks for a decision about a user.
func (h *house) may(slug, user, action, typ, id string) bool {
	h.t.Helper()
	d, err := h.Access.Decide(h.t.Context(), h.org(slug).ID, access.Question{
		Subject: access.Entity{Type: "user", ID: user}, Action: action, Resource: access.Entity{Type: typ, ID: id},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return d.Allow
}
