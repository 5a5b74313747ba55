package logout_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/logout"
	"github.com/muster-id/muster/outbound"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/token"
)

// A house is what package logout works with, and the apps that it tells.
type house struct {
	t        *testing.T
	db       *store.DB
	dir      *directory.Directory
	apps     *app.Service
	tokens   *token.Service
	sessions *session.Service
	jobs     *jobs.Service
	org      identity.Organisation
	by       identity.Actor
	server   *httptest.Server

	mu    sync.Mutex
	shift time.Duration
	told  map[string][]string // by path: the logout tokens
	deny  map[string]int      // by path: the status of the first answers
	calls map[string]int
}

func newHouse(t *testing.T, db *store.DB, allowPrivate bool) *house {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{7}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, db: db, told: map[string][]string{}, deny: map[string]int{}, calls: map[string]int{}}
	h.server = httptest.NewTLSServer(http.HandlerFunc(h.hear))
	t.Cleanup(h.server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(h.server.Certificate())
	fetch := outbound.New(outbound.Options{AllowPrivate: allowPrivate, CAs: pool})
	h.jobs = jobs.New(jobs.Options{DB: db, Keys: keys, Now: h.now})
	h.sessions = session.New(session.Options{DB: db, Keys: keys, Jobs: h.jobs, Now: h.now})
	h.dir = directory.New(directory.Options{DB: db, Keys: keys, Session: h.sessions, Now: h.now})
	h.ok(h.dir.Start(t.Context()))
	h.apps = app.New(app.Options{DB: db, Keys: keys, Fetch: fetch, Public: "https://id.test", Now: h.now})
	h.tokens = token.New(token.Options{DB: db, Keys: keys, Apps: h.apps, Claims: claims.New(db), Public: "https://id.test", Now: h.now})
	h.org, err = h.dir.CreateOrganisation(t.Context(), identity.Actor{Kind: identity.ByCLI}, directory.NewOrganisation{Slug: "acme"})
	h.ok(err)
	h.by = identity.Actor{Kind: identity.ByCLI, Name: "test", Org: h.org.ID}
	s := logout.New(logout.Options{DB: db, Keys: keys, Apps: h.apps, Tokens: h.tokens, Fetch: fetch, Jobs: h.jobs, Now: h.now})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.jobs.Work(ctx, s.Handlers())
	}()
	t.Cleanup(func() { stop(); <-done })
	return h
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.shift)
}

// hear is the apps' side.
func (h *house) hear(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[r.URL.Path]++
	if status := h.deny[r.URL.Path]; status != 0 {
		if status == http.StatusServiceUnavailable {
			delete(h.deny, r.URL.Path)
		}
		w.WriteHeader(status)
		return
	}
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		h.told[r.URL.Path] = append(h.told[r.URL.Path], r.PostFormValue("logout_token"))
	}
}

func (h *house) heard(path string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.told[path]...)
}

// await waits until an app has heard n times.
func (h *house) await(path string, n int) []string {
	h.t.Helper()
	for range 300 {
		if got := h.heard(path); len(got) >= n {
			return got
		}
		time.Sleep(20 * time.Millisecond)
	}
	h.t.Fatalf("%s heard %d times, want %d", path, len(h.heard(path)), n)
	return nil
}

func (h *house) app(id string, change func(*identity.AppSettings)) identity.App {
	h.t.Helper()
	s := identity.AppSettings{Name: id, RedirectURIs: []string{"https://" + id + ".test/cb"}, BackchannelLogoutURI: h.server.URL + "/" + id,
		GrantTypes: []string{identity.GrantCode, identity.GrantRefresh}, Scopes: []string{"openid", "offline_access"}}
	if change != nil {
		change(&s)
	}
	a, _, err := h.apps.Create(h.t.Context(), h.by, h.org.ID, app.NewApp{ClientID: id, AppSettings: s})
	h.ok(err)
	return a
}

var userType = schema.Standard().TypeByName("User")

func (h *house) user(name string) identity.ID {
	h.t.Helper()
	u, err := h.dir.Create(h.t.Context(), h.by, userType, schema.Object{"schemas": []any{schema.UserURN}, "userName": name, "active": true})
	h.ok(err)
	return u.ID
}

func (h *house) signIn(user identity.ID) identity.Session {
	h.t.Helper()
	var s identity.Session
	h.ok(h.db.Update(h.t.Context(), func(tx *store.Tx) (err error) {
		s, _, err = h.sessions.Start(h.t.Context(), tx, session.NewSession{Org: h.org.ID, User: user})
		return err
	}))
	return s
}

// use gives an app tokens within a session.
func (h *house) use(a identity.App, s identity.Session, offline bool) {
	h.t.Helper()
	_, err := h.tokens.Issue(h.t.Context(), token.Request{Org: h.org, App: &a, IDToken: true, Authorization: token.Authorization{
		App: a.ID, User: s.User, Session: s.ID, Scopes: []string{"openid"}, AuthTime: s.AuthTime, Refresh: true, Offline: offline,
	}})
	h.ok(err)
}

func claimsOf(t *testing.T, jwt string, part int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[part])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPlan is the module of the back-channel logout plan, from the side of the
// apps.
func TestPlan(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Run("oidcc-backchannel/oidcc-backchannel-rp-initiated-logout", func(t *testing.T) {
			h := newHouse(t, db, true)
			web, lasting, idle, pair := h.app("web", nil), h.app("lasting", nil), h.app("idle", nil),
				h.app("pair", func(s *identity.AppSettings) { s.SubjectType, s.IDTokenAlg = "pairwise", "RS256" })
			ann := h.user("ann")
			s, other := h.signIn(ann), h.signIn(ann)
			h.use(web, s, false)
			h.use(web, s, false) // twice, told once
			h.use(lasting, s, true)
			h.use(pair, s, false)
			h.use(idle, other, false)
			h.ok(h.sessions.End(t.Context(), h.org.ID, s.ID))

			text := h.await("/web", 1)[0]
			if header := claimsOf(t, text, 0); header["typ"] != "logout+jwt" {
				t.Errorf("header %v", header)
			}
			v, err := h.tokens.VerifyOwn(t.Context(), h.org.ID, text, token.TypeLogout)
			h.ok(err)
			said := v.Claims
			for _, name := range []string{"iat", "exp", "jti"} {
				if said[name] == nil {
					t.Errorf("no %s in %v", name, said)
				}
				delete(said, name)
			}
			want := map[string]any{"iss": "https://id.test/o/acme", "aud": "web", "sub": ann.String(), "sid": s.ID.String(),
				"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}}
			if d := cmp.Diff(want, said); d != "" {
				t.Errorf("logout token (-want +got):\n%s", d)
			}
			if _, err := h.tokens.VerifyOwn(t.Context(), h.org.ID, text, token.TypeID); err == nil {
				t.Error("B28 a logout token passes for an ID token")
			}
			if _, err := h.tokens.Inspect(t.Context(), h.org.ID, text); identity.KindOf(err) != identity.Unauthenticated {
				t.Errorf("B28 a logout token as access token: %v", err)
			}
			h.await("/lasting", 1)
			p := h.await("/pair", 1)[0]
			if sub := claimsOf(t, p, 1)["sub"]; sub == ann.String() || sub == nil || claimsOf(t, p, 0)["alg"] != "RS256" {
				t.Errorf("token of a pairwise app: %v", claimsOf(t, p, 1))
			}
			time.Sleep(50 * time.Millisecond)
			if n := len(h.heard("/web")); n != 1 {
				t.Errorf("web heard %d times, want 1", n)
			}
			if n := len(h.heard("/idle")); n != 0 {
				t.Errorf("the app of another session heard %d times", n)
			}
		})
	})
}

func TestEndedWithTheUser(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t), true)
	web, ann := h.app("web", nil), h.user("ann")
	h.use(web, h.signIn(ann), false)
	h.use(web, h.signIn(ann), false)
	h.ok(h.dir.Delete(t.Context(), h.by, userType, ann))
	h.await("/web", 2)
}

func TestTriedAgain(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t), true)
	web, ann := h.app("web", nil), h.user("ann")
	h.deny["/web"] = http.StatusServiceUnavailable
	s := h.signIn(ann)
	h.use(web, s, false)
	h.ok(h.sessions.End(t.Context(), h.org.ID, s.ID))
	for range 300 {
		h.mu.Lock()
		n := h.calls["/web"]
		h.mu.Unlock()
		if n == 1 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.mu.Lock()
	h.shift += time.Minute
	h.mu.Unlock()
	for range 20 { // until the first failure is written down
		h.jobs.Wake()
		time.Sleep(20 * time.Millisecond)
	}
	h.await("/web", 1)
}

// job waits for the end of the job that tells an app.
func (h *house) job() identity.Job {
	h.t.Helper()
	var list []identity.Job
	for range 300 {
		h.ok(h.db.View(h.t.Context(), func(tx *store.Tx) (err error) {
			list, err = tx.Jobs(h.t.Context(), h.org.ID, logout.Kind, identity.ID{}, 10)
			return err
		}))
		if len(list) == 1 && !list[0].Finished.IsZero() {
			return list[0]
		}
		time.Sleep(20 * time.Millisecond)
	}
	h.t.Fatalf("no job has ended: %+v", list)
	return identity.Job{}
}

func TestGivenUp(t *testing.T) {
	for name, tc := range map[string]struct {
		private bool
		status  int
	}{
		"the app refuses the token":         {true, http.StatusBadRequest},
		"B24 an address in our own network": {false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, storetest.SQLite(t), tc.private)
			web, ann := h.app("web", nil), h.user("ann")
			h.deny["/web"] = tc.status
			s := h.signIn(ann)
			h.use(web, s, false)
			h.ok(h.sessions.End(t.Context(), h.org.ID, s.ID))
			j := h.job()
			if !j.Failed || j.Tries != 1 || j.Error == "" || strings.Contains(j.Note+j.Error, "ey") {
				t.Errorf("job %+v, want one that was given up at once, without a token in it", j)
			}
			if n := len(h.heard("/web")); n != 0 {
				t.Errorf("heard %d times", n)
			}
		})
	}
}

func TestAppThatIsGone(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t), true)
	web, ann := h.app("web", nil), h.user("ann")
	s := h.signIn(ann)
	h.use(web, s, false)
	h.ok(h.apps.Delete(t.Context(), h.by, h.org.ID, web.ID))
	h.ok(h.sessions.End(t.Context(), h.org.ID, s.ID))
	time.Sleep(100 * time.Millisecond)
	if n := len(h.heard("/web")); n != 0 {
		t.Errorf("heard %d times", n)
	}
}
