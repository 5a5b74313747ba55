package app

import (
	"context"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/outbound"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

const public = "https://id.example.com"

var (
	cli   = identity.Actor{Kind: identity.ByCLI, Name: "root"}
	start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
)

// A world is a service over a fresh database with two organisations, a clock
// that stands still and a site that it may ask.
type world struct {
	*Service
	db         *store.DB
	acme, evil identity.Organisation
	site       *httptest.Server
	hits       atomic.Int64
	mu         sync.Mutex
	at         time.Time
	pages      map[string]string // JSON by path
}

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	w := &world{db: db, at: start, pages: map[string]string{}}
	w.acme = identity.Organisation{ID: identity.NewOrgID(), Slug: "acme", Name: "Acme", Created: start, Modified: start}
	w.evil = identity.Organisation{ID: identity.NewOrgID(), Slug: "evil", Name: "Evil", Created: start, Modified: start}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertOrganisation(t.Context(), w.acme); err != nil {
			return err
		}
		return tx.InsertOrganisation(t.Context(), w.evil)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.site = httptest.NewTLSServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.site.Close)
	cas := x509.NewCertPool()
	cas.AddCert(w.site.Certificate())
	keys, err := secret.FromBytes([]byte(strings.Repeat("k", secret.MasterSize)))
	if err != nil {
		t.Fatal(err)
	}
	w.Service = New(Options{
		DB: db, Keys: keys, Fetch: outbound.New(outbound.Options{AllowPrivate: true, CAs: cas}), Now: w.now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Public: public,
	})
	return w
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.hits.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	page, ok := w.pages[r.URL.Path]
	if !ok {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(rw, page)
}

func (w *world) publish(path, page string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages[path] = page
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// create makes an app of acme.
func (w *world) create(t *testing.T, n NewApp) (identity.App, string) {
	t.Helper()
	a, text, err := w.Create(t.Context(), cli, w.acme.ID, n)
	if err != nil {
		t.Fatalf("create an app: %v", err)
	}
	return a, text
}

func (w *world) legacy(t *testing.T, p Provider) {
	t.Helper()
	if err := w.SetProvider(t.Context(), cli, w.acme.ID, p); err != nil {
		t.Fatal(err)
	}
}

// changes returns the change log of acme.
func (w *world) changes(t *testing.T) (list []identity.Change) {
	t.Helper()
	err := w.db.View(t.Context(), func(tx *store.Tx) (err error) {
		list, err = tx.Changes(t.Context(), w.acme.ID, identity.ID{}, 100)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func web(redirects ...string) identity.AppSettings {
	if len(redirects) == 0 {
		redirects = []string{"https://app.example.com/cb"}
	}
	return identity.AppSettings{Name: "App", RedirectURIs: redirects}
}

func wantKind(t *testing.T, what string, err error, want identity.Kind) {
	t.Helper()
	if got := identity.KindOf(err); got != want || err == nil {
		t.Errorf("%s: error %v of kind %q, want %q", what, err, got, want)
	}
}

func TestLife(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		a, text := w.create(t, NewApp{ClientID: "portal", AppSettings: web()})
		if !secret.LooksLikeToken(text) || !strings.HasPrefix(text, "muster_secret_") {
			t.Errorf("the secret is %q", text)
		}
		if a.Type != identity.WebApp || !a.RequirePKCE || a.IDTokenAlg != "ES256" || a.AuthMethod != identity.AuthBasic || a.SubjectType != "public" {
			t.Errorf("defaults: %+v", a.AppSettings)
		}
		got, err := w.Get(ctx, w.acme.ID, "portal")
		if err != nil || got.ID != a.ID || len(got.Secrets) != 1 {
			t.Fatalf("Get(portal) = %+v, %v", got, err)
		}
		if byID, err := w.ByID(ctx, w.acme.ID, a.ID); err != nil || byID.ClientID != "portal" {
			t.Errorf("ByID = %+v, %v", byID, err)
		}
		if _, err := w.Get(ctx, w.evil.ID, "portal"); identity.KindOf(err) != identity.NotFound {
			t.Errorf("D48 another organisation sees the app: %v", err)
		}
		_, _, err = w.Create(ctx, cli, w.acme.ID, NewApp{ClientID: "portal", AppSettings: web()})
		wantKind(t, "the same client id", err, identity.Conflict)

		b, err := w.Update(ctx, cli, w.acme.ID, a.ID, func(s *identity.AppSettings) error {
			s.Name = "Portal"
			s.RedirectURIs[0] = "https://app.example.com/new"
			return nil
		})
		if err != nil || b.Version != 2 || b.Name != "Portal" {
			t.Errorf("Update = %+v, %v", b, err)
		}
		if got.RedirectURIs[0] != "https://app.example.com/cb" {
			t.Error("Update changed an app that others hold")
		}
		if got, _ := w.Get(ctx, w.acme.ID, "portal"); got.Name != "Portal" || got.Version != 2 {
			t.Errorf("after Update Get = %+v", got)
		}
		_, err = w.Update(ctx, cli, w.acme.ID, a.ID, func(s *identity.AppSettings) error { s.RedirectURIs = nil; return nil })
		wantKind(t, "no redirect", err, identity.Invalid)
		_, err = w.Update(ctx, cli, w.evil.ID, a.ID, func(*identity.AppSettings) error { return nil })
		wantKind(t, "D48 an update by id from another organisation", err, identity.NotFound)
		wantKind(t, "D48 a deletion from another organisation", w.Delete(ctx, cli, w.evil.ID, a.ID), identity.NotFound)

		if err := w.Disable(ctx, cli, w.acme.ID, a.ID, true); err != nil {
			t.Error(err)
		}
		if got, _ := w.Get(ctx, w.acme.ID, "portal"); !got.Disabled {
			t.Error("the app is not disabled")
		}
		if list, err := w.List(ctx, w.acme.ID, "", 10); err != nil || len(list) != 1 {
			t.Errorf("List = %v, %v", list, err)
		}
		if err := w.Delete(ctx, cli, w.acme.ID, a.ID); err != nil {
			t.Error(err)
		}
		_, err = w.Get(ctx, w.acme.ID, "portal")
		wantKind(t, "after Delete", err, identity.NotFound)

		var kinds []identity.ChangeKind
		for _, c := range w.changes(t) {
			kinds = append(kinds, c.Kind)
			if c.Type != "App" || c.Target != a.ID || strings.Contains(string(c.Diff), text[14:]) {
				t.Errorf("change %+v %s", c, c.Diff)
			}
		}
		if len(kinds) != 4 {
			t.Errorf("changes: %v, want create, 2 patches, delete", kinds)
		}
	})
}

// TestParallelUpdates has many change one app.
func TestParallelUpdates(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a, _ := w.create(t, NewApp{AppSettings: web()})
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				_, err := w.Update(context.Background(), cli, w.acme.ID, a.ID, func(s *identity.AppSettings) error {
					s.Contacts = append(s.Contacts, string(rune('a'+i)))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got, err := w.Get(t.Context(), w.acme.ID, a.ClientID); err != nil || len(got.Contacts) != 6 {
			t.Errorf("after 6 updates: %v, %v", got.Contacts, err)
		}
	})
}

func TestReferences(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for phrase, c := range map[string]struct {
			change func(*identity.AppSettings)
			want   identity.Kind
		}{
			"a connection that is not there": {func(s *identity.AppSettings) { s.Connection = identity.NewID().String() }, identity.NotFound},
			"an owner who is not there":      {func(s *identity.AppSettings) { s.Owners = []string{identity.NewID().String()} }, identity.Invalid},
			"a group that is not there":      {func(s *identity.AppSettings) { s.Groups = []string{identity.NewID().String()} }, identity.Invalid},
		} {
			s := web()
			c.change(&s)
			_, _, err := w.Create(t.Context(), cli, w.acme.ID, NewApp{AppSettings: s})
			wantKind(t, phrase, err, c.want)
		}
		_, _, err := w.Create(t.Context(), cli, identity.NewOrgID(), NewApp{AppSettings: web()})
		wantKind(t, "an organisation that is not there", err, identity.NotFound)
	})
}

// TestAttack51 has administrators of apps try to get at more than they have.
func TestAttack51(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		manager := identity.Actor{Kind: identity.ByUser, ID: identity.NewID(), Org: w.acme.ID, Perms: identity.Perms{identity.AppsRead, identity.AppsWrite}}
		service := func(scopes ...string) NewApp {
			return NewApp{AppSettings: identity.AppSettings{Type: identity.ServiceApp, Scopes: scopes}}
		}
		_, _, err := w.Create(ctx, manager, w.acme.ID, service("muster:admin"))
		wantKind(t, "D51 to make an app that may do everything", err, identity.Denied)
		mine, _, err := w.Create(ctx, manager, w.acme.ID, service("cidaas:apps_read", "own:scope"))
		if err != nil {
			t.Fatalf("an app that may do what its maker may: %v", err)
		}
		_, err = w.Update(ctx, manager, w.acme.ID, mine.ID, func(s *identity.AppSettings) error {
			s.Scopes = append(s.Scopes, "scim")
			return nil
		})
		wantKind(t, "D51 to give an app more", err, identity.Denied)
		strong, _ := w.create(t, service("muster:admin"))
		_, err = w.AddSecret(ctx, manager, w.acme.ID, strong.ID, Rotation{})
		wantKind(t, "D51 to get a secret of a stronger app", err, identity.Denied)
		_, err = w.Update(ctx, manager, w.acme.ID, strong.ID, func(s *identity.AppSettings) error { s.Scopes = nil; return nil })
		wantKind(t, "D51 to change a stronger app", err, identity.Denied)
		if err := w.Disable(ctx, manager, w.acme.ID, strong.ID, true); err != nil {
			t.Errorf("to shut a stronger app out: %v", err)
		}
		wantKind(t, "D51 to let a stronger app in again", w.Disable(ctx, manager, w.acme.ID, strong.ID, false), identity.Denied)
		anybody := web()
		anybody.GrantTypes, anybody.Exchange = append(anybody.GrantTypes, identity.GrantJWTBearer), []string{"users"}
		_, _, err = w.Create(ctx, manager, w.acme.ID, NewApp{AppSettings: anybody})
		wantKind(t, "D51 to make an app that acts for anybody", err, identity.Denied)
		_, err = w.Update(ctx, manager, w.acme.ID, mine.ID, func(s *identity.AppSettings) error {
			s.Exchange = []string{"users"}
			return nil
		})
		wantKind(t, "D51 to let an app act for anybody", err, identity.Denied)
		impostor, _ := w.create(t, NewApp{AppSettings: anybody})
		_, err = w.AddSecret(ctx, manager, w.acme.ID, impostor.ID, Rotation{})
		wantKind(t, "D51 to get a secret of an app that acts for anybody", err, identity.Denied)
		w.attackByRoles(t)
		w.attackByConnection(t)
	})
}

// attackByRoles has who may write apps and users get at what owners may do, by
// an app whose tokens bring the roles of those who hold them.
func (w *world) attackByRoles(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	by := identity.Actor{Kind: identity.ByUser, ID: identity.NewID(), Org: w.acme.ID, Perms: identity.Perms{identity.AppsRead, identity.AppsWrite, identity.ResourcesRead, identity.ResourcesWrite}}
	trusted := func(change func(*identity.AppSettings)) NewApp {
		a := identity.AppSettings{Type: identity.ServiceApp, Trusted: true, Scopes: []string{"vcd_idp"}}
		change(&a)
		return NewApp{AppSettings: a}
	}
	for phrase, c := range map[string]struct {
		change func(*identity.AppSettings)
		want   identity.Kind
	}{
		"that brings roles":               {func(*identity.AppSettings) {}, identity.Denied},
		"that brings roles of anybody":    {func(a *identity.AppSettings) { a.Exchange = []string{"users"} }, identity.Denied},
		"that may ask for anything":       {func(a *identity.AppSettings) { a.Scopes = nil }, identity.Denied},
		"that calls itself an API token":  {func(a *identity.AppSettings) { a.Trusted, a.SoftwareID, a.Owners = false, APITokens, nil }, identity.Denied},
		"of the organisation, that reads": {func(a *identity.AppSettings) { a.Scopes = []string{"scim"} }, ""},
	} {
		_, _, err := w.Create(ctx, by, w.acme.ID, trusted(c.change))
		wantOutcome(t, "D51 to make an app "+phrase, err, c.want)
	}
	login, _ := w.create(t, trusted(func(*identity.AppSettings) {}))
	_, err := w.AddSecret(ctx, by, w.acme.ID, login.ID, Rotation{})
	wantOutcome(t, "D51 to get a secret of an app that brings roles", err, identity.Denied)
	by.Perms = identity.AllPerms()
	_, _, err = w.Create(ctx, by, w.acme.ID, trusted(func(*identity.AppSettings) {}))
	wantOutcome(t, "to make one as an owner", err, "")
}

// attackByConnection has them stand for a connection that may change roles.
func (w *world) attackByConnection(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	by := identity.Actor{Kind: identity.ByUser, ID: identity.NewID(), Org: w.acme.ID, Perms: identity.Perms{identity.AppsWrite, identity.ResourcesRead, identity.ResourcesWrite}}
	connection := func(name string, access bool) string {
		c := identity.Connection{Org: w.acme.ID, ID: identity.NewID(), Name: name, Domain: name, Access: access, Created: start, Modified: start}
		if err := w.db.Update(ctx, func(tx *store.Tx) error { return tx.InsertConnection(ctx, c) }); err != nil {
			t.Fatal(err)
		}
		return c.ID.String()
	}
	for phrase, c := range map[string]struct {
		access bool
		want   identity.Kind
	}{"plain": {false, ""}, "access": {true, identity.Denied}} {
		n := NewApp{AppSettings: identity.AppSettings{Type: identity.ServiceApp, Scopes: []string{"scim"}, Connection: connection(phrase, c.access)}}
		_, _, err := w.Create(ctx, by, w.acme.ID, n)
		wantOutcome(t, "D52 an app for a connection, "+phrase, err, c.want)
		theirs, _ := w.create(t, n)
		_, err = w.AddSecret(ctx, by, w.acme.ID, theirs.ID, Rotation{})
		wantOutcome(t, "D52 a secret of one, "+phrase, err, c.want)
		_, err = w.Update(ctx, by, w.acme.ID, theirs.ID, func(s *identity.AppSettings) error { s.Name = "Mine"; return nil })
		wantOutcome(t, "D52 a change of one, "+phrase, err, c.want)
	}
}

// wantOutcome is wantKind where there may be no error.
func wantOutcome(t *testing.T, what string, err error, kind identity.Kind) {
	t.Helper()
	if kind != "" {
		wantKind(t, what, err, kind)
	} else if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func TestClientIDs(t *testing.T) {
	for _, good := range []string{"a", "my-app_1.x~y", strings.Repeat("a", 128), newClientID()} {
		if err := checkClientID(good); err != nil {
			t.Errorf("checkClientID(%q) = %v", good, err)
		}
	}
	for _, bad := range []string{"", "a b", "ä", "a/b", "a:b", "..", strings.Repeat("a", 129), identity.NewID().String(),
		strings.ToUpper(identity.NewID().String()), "a\x00"} {
		if checkClientID(bad) == nil {
			t.Errorf("checkClientID(%q) accepts it", bad)
		}
	}
}

func TestSecrets(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		a, first := w.create(t, NewApp{AppSettings: web(), Expires: start.Add(24 * time.Hour)})
		works := func(text string) bool {
			got, err := w.Get(ctx, w.acme.ID, a.ClientID)
			if err != nil {
				t.Fatal(err)
			}
			return w.secretMatches(got, text, w.Service.now())
		}
		second, err := w.AddSecret(ctx, cli, w.acme.ID, a.ID, Rotation{Overlap: time.Hour})
		if err != nil || !works(first) || !works(second.Text) || works(first+"x") || works("") {
			t.Fatalf("during the overlap: %v", err)
		}
		if second.Sealed != nil {
			t.Error("a secret is kept in a form that can be read")
		}
		w.pass(time.Hour)
		if works(first) || !works(second.Text) {
			t.Error("after the overlap the first works or the second does not")
		}
		_, err = w.AddSecret(ctx, cli, w.acme.ID, a.ID, Rotation{Expires: start})
		wantKind(t, "a secret of yesterday", err, identity.Invalid)
		_, err = w.AddSecret(ctx, cli, w.acme.ID, a.ID, Rotation{Overlap: -1})
		wantKind(t, "a negative overlap", err, identity.Invalid)
		for range maxSecrets - 1 {
			if _, err = w.AddSecret(ctx, cli, w.acme.ID, a.ID, Rotation{}); err != nil {
				t.Fatal(err)
			}
		}
		_, err = w.AddSecret(ctx, cli, w.acme.ID, a.ID, Rotation{})
		wantKind(t, "one secret too many", err, identity.Conflict)
		for range 2 {
			if err := w.RevokeSecret(ctx, cli, w.acme.ID, a.ID, second.ID); err != nil {
				t.Error(err)
			}
		}
		if works(second.Text) {
			t.Error("a revoked secret works")
		}
		wantKind(t, "a secret that is not there", w.RevokeSecret(ctx, cli, w.acme.ID, a.ID, identity.NewID()), identity.NotFound)
		wantKind(t, "D48 a secret of another organisation", w.RevokeSecret(ctx, cli, w.evil.ID, a.ID, second.ID), identity.NotFound)
		for _, c := range w.changes(t) {
			if strings.Contains(string(c.Diff), first) || strings.Contains(string(c.Diff), second.Text) {
				t.Errorf("a change has a secret: %s", c.Diff)
			}
		}
	})
}

func TestProvider(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		p, err := w.Provider(ctx, w.acme.ID)
		if err != nil || p.AccessTokenSeconds != 600 || p.RefreshIdleSeconds != 30*86400 || p.CodeSeconds != 60 || p.Registration != RegistrationOff {
			t.Errorf("Provider = %+v, %v", p, err)
		}
		if p.Legacy != (Legacy{}) {
			t.Errorf("legacy ways are on: %+v", p.Legacy)
		}
		want := Provider{Legacy: Legacy{Implicit: true}, Registration: RegistrationOpen, CodeSeconds: 30}
		w.legacy(t, want)
		if p, _ = w.Provider(ctx, w.acme.ID); !reflect.DeepEqual(p, want.withDefaults()) {
			t.Errorf("after SetProvider: %+v", p)
		}
		if p, _ = w.Provider(ctx, w.evil.ID); p.Legacy.Implicit {
			t.Error("D48 the setting shows in another organisation")
		}
		for phrase, bad := range map[string]Provider{
			"a policy that is none":         {Registration: "sometimes"},
			"a privileged scope":            {RegistrationScopes: []string{"openid", "scim"}},
			"a code that lives for a day":   {CodeSeconds: 86400},
			"a negative time":               {AccessTokenSeconds: -1},
			"idle for longer than it lives": {RefreshIdleSeconds: 7200, RefreshLengthSeconds: 3600},
		} {
			wantKind(t, phrase, w.SetProvider(ctx, cli, w.acme.ID, bad), identity.Invalid)
		}
		if list := w.changes(t); len(list) != 1 || list[0].Type != "Organisation" {
			t.Errorf("changes = %+v, want one", list)
		}
	})
}
