package request_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/outbound"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/token"
)

// A house is a Desk on a database, with an organisation and an app.
type house struct {
	*request.Desk
	t    *testing.T
	dir  *directory.Directory
	apps *app.Service
	org  identity.Organisation
	app  identity.App
	by   identity.Actor
}

const redirect = "https://app.test/cb"

func newHouse(t *testing.T, db *store.DB, cas *x509.CertPool) *house {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{7}, secret.MasterSize))
	h := &house{t: t}
	h.ok(err)
	h.dir = directory.New(directory.Options{DB: db, Keys: keys})
	h.ok(h.dir.Start(t.Context()))
	fetch := outbound.New(outbound.Options{AllowPrivate: true, CAs: cas})
	h.apps = app.New(app.Options{DB: db, Keys: keys, Fetch: fetch, Public: "https://id.test"})
	h.Desk = request.New(request.Options{DB: db, Keys: keys, Apps: h.apps, Fetch: fetch,
		Issuer: func(o identity.Organisation) string { return "https://id.test/o/" + o.Slug }})
	h.by = identity.Actor{Kind: identity.ByCLI, Name: "test"}
	h.org, err = h.dir.CreateOrganisation(t.Context(), h.by, directory.NewOrganisation{Slug: "acme"})
	h.ok(err)
	h.by.Org = h.org.ID
	h.app, _, err = h.apps.Create(t.Context(), h.by, h.org.ID, app.NewApp{ClientID: "shop", AppSettings: identity.AppSettings{
		Name: "Shop", RedirectURIs: []string{redirect}, Scopes: []string{"openid"},
	}})
	h.ok(err)
	return h
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func values() url.Values {
	return url.Values{"client_id": {"shop"}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}}
}

// once runs do 50 times at once and counts its successes; every failure must be
// of a kind that may be.
func once(t *testing.T, do func() error, may ...identity.Kind) {
	t.Helper()
	var won atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			err := do()
			_, refused := err.(*request.Error)
			switch k := identity.KindOf(err); {
			case err == nil:
				won.Add(1)
			case refused:
			case k == "" || !strings.Contains(kinds(may), string(k)):
				t.Errorf("a loser got %v", err)
			}
		})
	}
	all.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d of 50 succeeded, want 1", n)
	}
}

func kinds(list []identity.Kind) (out string) {
	for _, k := range list {
		out += " " + string(k)
	}
	return out
}

func TestWaiting(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		ctx := context.Background()
		c, err := h.Read(ctx, h.org, values())
		h.ok(err)
		w, err := h.Wait(ctx, c, "browser", []byte("before"), 0)
		h.ok(err)
		got, err := h.Waiting(ctx, h.org, w.ID, "browser")
		h.ok(err)
		if got.Request.State != "s" || string(got.Before) != "before" || got.Rounds != 0 {
			t.Errorf("the request came back as %+v", got.Request)
		}
		for about, browser := range map[string]string{"another browser": "other", "no browser": ""} {
			if _, err := h.Waiting(ctx, h.org, w.ID, browser); identity.KindOf(err) != identity.Denied {
				t.Errorf("%s: %v, want Denied", about, err)
			}
		}
		h.ok(h.Round(ctx, got, []byte("later")))
		if got, err = h.Waiting(ctx, h.org, w.ID, "browser"); err != nil || got.Rounds != 1 || string(got.Before) != "later" {
			t.Errorf("after a round: %d, %q, %v", got.Rounds, got.Before, err)
		}
		t.Run("B14 50 answers", func(t *testing.T) {
			once(t, func() error { return h.Answered(ctx, w) }, identity.Conflict, identity.NotFound)
		})
		if _, err := h.Waiting(ctx, h.org, w.ID, "browser"); identity.KindOf(err) != identity.NotFound {
			t.Errorf("after the answer: %v, want NotFound", err)
		}
	})
}

func TestDevices(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		ctx := context.Background()
		code, shown, err := h.NewDevice(ctx, h.org, request.Device{App: h.app.ID, Scopes: []string{"openid"}}, time.Minute)
		h.ok(err)
		poll := func() string {
			_, err := h.Poll(ctx, h.org, &h.app, code)
			if e, ok := err.(*request.Error); ok {
				return e.Code
			}
			return ""
		}
		if got := []string{poll(), poll()}; got[0] != "authorization_pending" || got[1] != "slow_down" {
			t.Errorf("two questions at once = %v", got)
		}
		dev, err := h.Guess(ctx, h.org, strings.ToLower(strings.ReplaceAll(shown, "-", " ")), "user:a")
		h.ok(err)
		t.Run("B14 50 decisions", func(t *testing.T) {
			once(t, func() error { return h.Decide(ctx, h.org, dev, &token.Authorization{App: h.app.ID}) }, identity.NotFound, identity.Stale, identity.Conflict)
		})
		other := h.app
		other.ID = identity.NewID()
		if _, err := h.Poll(ctx, h.org, &other, code); err == nil || err.(*request.Error).Code != "invalid_grant" {
			t.Errorf("another app with the device_code: %v, want invalid_grant", err)
		}
		t.Run("B14 50 devices with one code", func(t *testing.T) {
			once(t, func() error { _, err := h.Poll(ctx, h.org, &h.app, code); return err })
		})
	})
}

func TestOrganisation(t *testing.T) {
	storetest.Each(t, testOrganisation)
}

func testOrganisation(t *testing.T, db *store.DB) {
	h := newHouse(t, db, nil)
	ctx := t.Context()
	for slug, want := range map[string]string{"": "root", "acme": "acme"} {
		if o, err := h.Organisation(ctx, slug); err != nil || o.Slug != want {
			t.Errorf("Organisation(%q) = %q, %v, want %q", slug, o.Slug, err, want)
		}
	}
	for _, slug := range []string{"root", "ACME", "nobody", "acme/", "a\x00b", "\xff"} {
		if _, err := h.Organisation(ctx, slug); identity.KindOf(err) != identity.NotFound {
			t.Errorf("Organisation(%q): %v, want NotFound", slug, err)
		}
	}
	_, err := h.dir.RenameOrganisation(ctx, h.by, h.org.ID, "acme2", "Acme")
	h.ok(err)
	if _, err := h.Organisation(ctx, "acme"); identity.KindOf(err) != identity.NotFound {
		t.Errorf("the old slug: %v, want NotFound", err)
	}
}

// TestReference has request objects fetched.
func TestReference(t *testing.T) {
	object := "eyJhbGciOiJub25lIn0.eyJjbGllbnRfaWQiOiJzaG9wIiwicmVkaXJlY3RfdXJpIjoiaHR0cHM6Ly9hcHAudGVzdC9jYiIsInJlc3BvbnNlX3R5cGUiOiJjb2RlIiwic2NvcGUiOiJvcGVuaWQiLCJzdGF0ZSI6Imluc2lkZSJ9."
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/object":
			_, _ = w.Write([]byte(object + "\n"))
		case "/large":
			_, _ = w.Write(bytes.Repeat([]byte("a"), 1<<20))
		case "/elsewhere":
			http.Redirect(w, r, "/object", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	cas := x509.NewCertPool()
	cas.AddCert(srv.Certificate())
	h := newHouse(t, storetest.SQLite(t), cas)
	ctx := t.Context()
	p, err := h.apps.Provider(ctx, h.org.ID)
	h.ok(err)
	p.Legacy.UnsignedRequestURI = true
	h.ok(h.apps.SetProvider(ctx, h.by, h.org.ID, p))
	_, err = h.apps.Update(ctx, h.by, h.org.ID, h.app.ID, func(s *identity.AppSettings) error {
		s.RequestObjectAlg, s.RequirePKCE = "none", false
		for _, path := range []string{"/object", "/large", "/elsewhere", "/nothing"} {
			s.RequestURIs = append(s.RequestURIs, srv.URL+path)
		}
		return nil
	})
	h.ok(err)
	for _, c := range []struct{ about, uri, want string }{
		{"an object", srv.URL + "/object", ""},
		{"an object with a fragment", srv.URL + "/object#x", ""},
		{"B24 an address that is not registered", srv.URL + "/object?x=1", "invalid_request_uri"},
		{"B24 an address inside", "http://169.254.169.254/", "invalid_request_uri"},
		{"B24 1 MB", srv.URL + "/large", "invalid_request_uri"},
		{"B24 a redirect", srv.URL + "/elsewhere", "invalid_request_uri"},
		{"nothing there", srv.URL + "/nothing", "invalid_request_uri"},
	} {
		t.Run(c.about, func(t *testing.T) {
			v := values()
			v.Set("request_uri", c.uri)
			got, err := h.Read(ctx, h.org, v)
			code := ""
			if e, ok := err.(*request.Error); ok {
				code = e.Code
			}
			if code != c.want || err == nil && got.Request.State != "inside" {
				t.Errorf("Read = %v, want %q", err, c.want)
			}
		})
	}
}
