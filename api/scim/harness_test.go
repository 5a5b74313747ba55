package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/muster-id/muster/audit"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	bulkURN       = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	searchURN     = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
)

// A world is a whole installation with a door, over one database.
type world struct {
	t    testing.TB
	db   *store.DB
	dir  *directory.Directory
	log  *audit.Log
	door *Door
	mux  *http.ServeMux
	*surroundings
}

// The surroundings of a world are its clock and the lines that it logs.
type surroundings struct {
	mu     sync.Mutex
	ahead  time.Duration // of the real clock
	logged bytes.Buffer
}

func (s *surroundings) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.ahead)
}

// pass lets time pass.
func (s *surroundings) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// Write implements io.Writer for the log.
func (s *surroundings) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logged.Write(p)
}

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{7}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, mux: http.NewServeMux(), surroundings: &surroundings{}}
	log := slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.dir = directory.New(directory.Options{DB: db, Keys: keys, Now: w.now, Log: log})
	if err := w.dir.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.log = audit.New(db)
	w.door = New(Options{Directory: w.dir, Keys: keys, Public: "https://id.test", Now: w.now, Log: log})
	w.door.Mount(w.mux)
	return w
}

// A tenant is an organisation with one connection.
type tenant struct {
	*world
	org   identity.Organisation
	conn  identity.Connection
	token string
	base  string // path of the SCIM root
}

var cli = identity.Actor{Kind: identity.ByCLI, Name: "test"}

func (w *world) tenant(slug, dialect string) *tenant {
	w.t.Helper()
	org, err := w.dir.CreateOrganisation(context.Background(), cli, directory.NewOrganisation{Slug: slug})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.connect(org, dialect, dialect)
}

// connect gives an organisation one more connection.
func (w *world) connect(org identity.Organisation, name, dialect string) *tenant {
	w.t.Helper()
	c, issued, err := w.dir.CreateConnection(context.Background(), cli, org.ID, directory.NewConnection{Name: name, Dialect: dialect})
	if err != nil {
		w.t.Fatal(err)
	}
	return &tenant{world: w, org: org, conn: c, token: issued.Text, base: "/scim/v2"}
}

// An answer is what came back.
type answer struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	text   string
	body   map[string]any
}

// call sends a request with the tenant's token. header holds names and values
// in turn.
func (n *tenant) call(method, path, body string, header ...string) answer {
	n.t.Helper()
	all := append([]string{"Authorization", "Bearer " + n.token}, header...)
	return n.send(method, n.base+path, body, all...)
}

func (w *world) send(method, target, body string, header ...string) answer {
	w.t.Helper()
	r := httptest.NewRequest(method, "https://wrong.example"+escape(target), strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	raw, _ := io.ReadAll(rec.Result().Body)
	a := answer{t: w.t, what: method + " " + target + " " + body, status: rec.Code, header: rec.Result().Header, text: string(raw)}
	if rec.Code == 500 {
		w.t.Logf("%s", w.logged.String())
	}
	if len(raw) > 0 {
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			w.t.Fatalf("%s: the answer is no JSON: %q", a.what, raw)
		}
		a.body, _ = v.(map[string]any) // the events of a bulk request are a list
	}
	return a
}

// escape lets tests write filters as people do.
func escape(target string) string {
	return strings.NewReplacer(" ", "%20", `"`, "%22", "[", "%5B", "]", "%5D").Replace(target)
}

// want checks the status and, if it is given, the scimType.
func (a answer) want(status int, fault ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s = %d %s, want %d", a.what, a.status, a.text, status)
	}
	if len(fault) > 0 && a.body["scimType"] != fault[0] {
		a.t.Fatalf("%s: scimType %v, want %s (%s)", a.what, a.body["scimType"], fault[0], a.text)
	}
	return a
}

func (a answer) id() string {
	a.t.Helper()
	id, _ := a.body["id"].(string)
	if id == "" {
		a.t.Fatalf("%s: no id in %s", a.what, a.text)
	}
	return id
}

// get follows keys and indexes into the answer, nil if there is nothing.
func (a answer) get(path ...any) any {
	var v any = a.body
	for _, p := range path {
		switch key := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[key]
		case int:
			list, _ := v.([]any)
			if key >= len(list) {
				return nil
			}
			v = list[key]
		}
	}
	return v
}

// is checks a value in the answer.
func (a answer) is(want any, path ...any) answer {
	a.t.Helper()
	if n, ok := want.(int); ok {
		want = float64(n)
	}
	if got := a.get(path...); got != want {
		a.t.Fatalf("%s: %v = %v, want %v (%s)", a.what, path, got, want, a.text)
	}
	return a
}

func (a answer) etag() string { return a.header.Get("ETag") }

// values lists one member of each object in a list of the answer.
func (a answer) values(list, member string) []string {
	out := []string{}
	items, _ := a.body[list].([]any)
	for _, item := range items {
		m, _ := item.(map[string]any)
		s, _ := m[member].(string)
		out = append(out, s)
	}
	return out
}

func (n *tenant) user(name string) string {
	n.t.Helper()
	return n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"`+name+`"}`).want(201).id()
}

func (n *tenant) group(name string, members ...string) string {
	n.t.Helper()
	return n.call("POST", "/Groups", `{"schemas":["`+groupURN+`"],"displayName":"`+name+`","members":`+refs(members...)+`}`).want(201).id()
}

// refs is a list of members.
func refs(ids ...string) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = `{"value":"` + id + `"}`
	}
	return "[" + strings.Join(out, ",") + "]"
}

func patchBody(ops ...string) string {
	return `{"schemas":["` + patchURN + `"],"Operations":[` + strings.Join(ops, ",") + `]}`
}

// changes are all rows of the tenant's change log.
func (n *tenant) changes() []identity.Change {
	n.t.Helper()
	list, err := n.log.List(context.Background(), n.org.ID, identity.ID{}, 0)
	if err != nil {
		n.t.Fatal(err)
	}
	return list
}
