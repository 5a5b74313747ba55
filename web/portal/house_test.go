package portal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/web/ui"
)

const good = "violet anchor rides 7 teapots"

// A house serves the portal over everything below it, with a clock of its own.
type house struct {
	t          testing.TB
	url        string
	dir        *directory.Directory
	signin     *signin.Service
	mail       *mail.Service
	jobs       *jobs.Service
	db         *store.DB
	root, acme identity.Organisation
	ahead      *atomic.Int64
	saved      Profile // what somebody saved last
	// provisioned says that people's profiles come from a directory.
	provisioned bool
	withdrawn   identity.ID
}

func newHouse(t testing.TB, db *store.DB) *house {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, db: db, ahead: &atomic.Int64{}}
	h.url = fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	keys, err := secret.FromBytes(bytes.Repeat([]byte{7}, secret.MasterSize))
	h.ok(err)
	now := func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }
	h.jobs = jobs.New(jobs.Options{DB: db, Keys: keys, Now: now})
	sessions := session.New(session.Options{DB: db, Keys: keys, Jobs: h.jobs, Now: now})
	h.dir = directory.New(directory.Options{DB: db, Keys: keys, Now: now, Session: sessions})
	h.ok(h.dir.Start(t.Context()))
	factors, err := factor.New(factor.Options{DB: db, Keys: keys, Public: h.url, Now: now})
	h.ok(err)
	h.mail = mail.New(mail.Options{DB: db, Jobs: h.jobs, Now: now})
	h.signin = signin.New(signin.Options{
		DB: db, Keys: keys, Directory: h.dir, Sessions: sessions, Factors: factors, Mail: h.mail, Jobs: h.jobs, Public: h.url, Now: now,
	})
	h.root, err = h.dir.Root(t.Context())
	h.ok(err)
	by := identity.Actor{Kind: identity.ByCLI, Name: "test"}
	h.acme, err = h.dir.CreateOrganisation(t.Context(), by, directory.NewOrganisation{Slug: "acme", Name: "Acme"})
	h.ok(err)
	u, err := ui.New(ui.Options{Now: now})
	h.ok(err)
	p, err := New(Options{SignIn: h.signin, Sessions: sessions, Factors: factors, People: h, UI: u, Public: h.url, Now: now})
	h.ok(err)
	mux := http.NewServeMux()
	u.Mount(mux)
	p.Mount(mux)
	srv := &httptest.Server{Listener: listener, Config: &http.Server{Handler: mux}}
	srv.Start()
	t.Cleanup(srv.Close)
	return h
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newHouse(t, db)) })
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// person makes a user of acme.
func (h *house) person(name string) identity.ID {
	h.t.Helper()
	reg, err := h.dir.Registry(h.t.Context(), h.acme.ID)
	h.ok(err)
	id := identity.NewID()
	out, err := h.dir.Write(h.t.Context(), identity.Actor{Kind: identity.ByCLI, Name: "test", Org: h.acme.ID}, []directory.Unit{{{
		Method: directory.Create, Type: reg.TypeByName("User"), ID: id, Doc: schema.Object{
			"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name, "active": true, "password": good,
			"emails": []any{schema.Object{"value": name + "@example.com", "primary": true}},
		},
	}}}, 0)
	h.ok(err)
	h.ok(out[0][0].Err)
	return id
}

// Organisation implements People, as the methods below.
func (h *house) Organisation(ctx context.Context, slug string) (identity.Organisation, error) {
	if slug == "" {
		return h.root, nil
	}
	return h.dir.Organisation(ctx, slug)
}

func (h *house) Person(context.Context, identity.OrgID, identity.ID) (Person, error) {
	return Person{UserName: "ann", Profile: Profile{Display: "Ann <b>"}, Editable: !h.provisioned}, nil
}

func (h *house) SaveProfile(_ context.Context, _ identity.OrgID, _ identity.ID, p Profile) error {
	if strings.Contains(p.Display, "bad") {
		return identity.NewError(identity.Invalid, "displayName", "no")
	}
	h.saved = p
	return nil
}

func (h *house) Apps(context.Context, identity.OrgID, identity.ID) ([]App, error) {
	return []App{{ID: identity.NewID(), Name: "Wiki", Scopes: []string{"openid", "wiki:write"}, Link: "javascript:alert(1)"}}, nil
}

func (h *house) Withdraw(_ context.Context, _ identity.OrgID, _, app identity.ID) error {
	h.withdrawn = app
	return nil
}

// A guest is one browser. It follows no redirects by itself.
type guest struct {
	*http.Client
	h      *house
	header http.Header
}

func (h *house) guest() *guest {
	jar, err := cookiejar.New(nil)
	h.ok(err)
	return &guest{h: h, header: http.Header{}, Client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// An answer is what a guest got.
type answer struct {
	status   int
	location string
	body     string
	header   http.Header
}

func (g *guest) do(method, path string, fields ...string) answer {
	g.h.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	var body io.Reader
	if method == "POST" {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(g.h.t.Context(), method, g.h.url+path, body)
	g.h.ok(err)
	for name, v := range g.header {
		r.Header[name] = v
	}
	if host := g.header.Get("Host"); host != "" {
		r.Host = host
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := g.Do(r)
	g.h.ok(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	g.h.ok(err)
	return answer{res.StatusCode, res.Header.Get("Location"), string(text), res.Header}
}

// want is a fatal error unless the answer has the status and holds the text.
func (a answer) want(t testing.TB, status int, has string) answer {
	t.Helper()
	if a.status != status || !strings.Contains(a.body, has) && !strings.Contains(a.location, has) {
		t.Fatalf("status %d to %q, want %d with %q in\n%s", a.status, a.location, status, has, a.body)
	}
	return a
}

// signIn signs a guest in with a password and returns where that leads.
func (g *guest) signIn(name string) string {
	g.h.t.Helper()
	flow := g.do("GET", "/o/acme/signin").want(g.h.t, 303, "/o/acme/signin/").location
	g.do("POST", flow, "step", "identify", "identifier", name).want(g.h.t, 303, flow)
	return g.do("POST", flow, "step", "password", "password", good).want(g.h.t, 303, "/").location
}
