package oidc_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/oidc"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/outbound"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web/ui"
)

// A back is a provider with an organisation "acme", seen from apps.
type back struct {
	t        testing.TB
	db       *store.DB
	keys     *secret.Keys
	dir      *directory.Directory
	jobs     *jobs.Service
	apps     *app.Service
	tokens   *token.Service
	said     *claims.Service
	requests *request.Desk
	sessions *session.Service
	mux      *http.ServeMux
	org      identity.Organisation
	by       identity.Actor
	issuer   string

	parent  *back // whose clock it has, if any
	plain   bool  // no certificates of clients reach it
	mtls    string
	mu      sync.Mutex
	shift   time.Duration // how far the clock has been put forward
	logged  bytes.Buffer
	origin  string // sent with every request, if set
	logLock sync.Mutex
}

const public = "https://id.test"

func newBack(t testing.TB, db *store.DB) *back {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{7}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	b := &back{t: t, db: db, keys: keys}
	b.open()
	b.org = b.organisation("acme")
	b.by = identity.Actor{Kind: identity.ByCLI, Name: "test", Org: b.org.ID, Perms: identity.Perms{identity.KeysWrite}}
	b.issuer = public + "/o/acme"
	return b
}

// node is another process over the same database.
func (b *back) node(plain bool) *back {
	b.t.Helper()
	next := &back{t: b.t, db: b.db, keys: b.keys, parent: b, plain: plain, org: b.org, by: b.by, issuer: b.issuer}
	next.open()
	return next
}

// open makes the services and the door.
func (b *back) open() {
	b.t.Helper()
	db, keys := b.db, b.keys
	b.mux = http.NewServeMux()
	log := slog.New(slog.NewTextHandler(b, nil))
	b.jobs = jobs.New(jobs.Options{DB: db, Keys: keys, Now: b.now, Log: log})
	b.sessions = session.New(session.Options{DB: db, Keys: keys, Jobs: b.jobs, Now: b.now})
	b.dir = directory.New(directory.Options{DB: db, Keys: keys, Now: b.now, Log: log, Session: b.sessions})
	b.ok(b.dir.Start(context.Background()))
	b.said = claims.New(db)
	fetch := outbound.New(outbound.Options{AllowPrivate: true})
	b.apps = app.New(app.Options{DB: db, Keys: keys, Fetch: fetch, Now: b.now, Log: log, Public: public})
	b.tokens = token.New(token.Options{DB: db, Keys: keys, Apps: b.apps, Claims: b.said, Public: public, Now: b.now, Log: log})
	b.requests = request.New(request.Options{DB: db, Keys: keys, Apps: b.apps, Fetch: fetch, Issuer: b.tokens.Issuer, Now: b.now})
	pages, err := ui.New(ui.Options{Secure: true, Log: log, Now: b.now})
	b.ok(err)
	p, err := oidc.New(oidc.Options{
		Apps: b.apps, Tokens: b.tokens, Claims: b.said, Sessions: b.sessions, Requests: b.requests, UI: pages,
		SignIn: signin.New(signin.Options{DB: db, Keys: keys, Directory: b.dir, Public: public, Now: b.now, Log: log}),
		Public: public, MTLS: b.mtls, Log: log, Now: b.now, Certificates: !b.plain, Authorities: !b.plain,
	})
	b.ok(err)
	p.Mount(b.mux)
}

// each runs a test on both databases.
func each(t *testing.T, test func(t *testing.T, b *back)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newBack(t, db)) })
}

func onSQLite(t testing.TB) *back {
	t.Helper()
	return newBack(t, storetest.SQLite(t))
}

// Write keeps what was logged.
func (b *back) Write(p []byte) (int, error) {
	b.logLock.Lock()
	defer b.logLock.Unlock()
	return b.logged.Write(p)
}

func (b *back) now() time.Time {
	if b.parent != nil {
		return b.parent.now()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Now().Add(b.shift)
}

// wait puts the clock forward.
func (b *back) wait(d time.Duration) {
	if b.parent != nil {
		b.parent.wait(d)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shift += d
}

func (b *back) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *back) organisation(slug string) identity.Organisation {
	b.t.Helper()
	by := identity.Actor{Kind: identity.ByCLI, Name: "test"}
	org, err := b.dir.CreateOrganisation(context.Background(), by, directory.NewOrganisation{Slug: slug})
	b.ok(err)
	return org
}

// A client is an app as its developers have it.
type client struct {
	*back
	identity.App
	secret string
	base   string // path of its organisation
}

// app makes an app; its settings are the defaults of a web app with every grant
// type, changed by change.
func (b *back) app(id string, change func(*identity.AppSettings)) *client {
	b.t.Helper()
	return b.appOf(b.org, id, change)
}

func (b *back) appOf(org identity.Organisation, id string, change func(*identity.AppSettings)) *client {
	b.t.Helper()
	s := identity.AppSettings{
		Name: id, Type: identity.WebApp, AuthMethod: identity.AuthBasic, RedirectURIs: []string{redirect},
		GrantTypes: []string{identity.GrantCode, identity.GrantRefresh, identity.GrantClientCredentials, identity.GrantDevice,
			identity.GrantExchange, identity.GrantJWTBearer},
		Scopes:    []string{"openid", "profile", "email", "address", "phone", "offline_access", "groups", "scim"},
		Resources: []string{"https://api.test"},
	}
	if change != nil {
		change(&s)
	}
	by := b.by
	by.Org = org.ID
	made, text, err := b.apps.Create(context.Background(), by, org.ID, app.NewApp{ClientID: id, AppSettings: s})
	b.ok(err)
	return &client{back: b, App: made, secret: text, base: "/o/" + org.Slug}
}

const redirect = "https://app.test/cb"

func (b *back) set(c *client, change func(*identity.AppSettings)) {
	b.t.Helper()
	next, err := b.apps.Update(context.Background(), b.by, c.Org, c.ID, func(s *identity.AppSettings) error { change(s); return nil })
	b.ok(err)
	c.App = next
}

// provider changes the settings of the organisation.
func (b *back) provider(change func(*app.Provider)) {
	b.t.Helper()
	p, err := b.apps.Provider(context.Background(), b.org.ID)
	b.ok(err)
	change(&p)
	b.ok(b.apps.SetProvider(context.Background(), b.by, b.org.ID, p))
}

var userType = schema.Standard().TypeByName("User")

// user makes a person with everything that scopes can ask for.
func (b *back) user(name string) identity.ID {
	b.t.Helper()
	u, err := b.dir.Create(context.Background(), b.by, userType, schema.Object{
		"schemas": []any{schema.UserURN}, "userName": name, "active": true, "displayName": "Ann " + name,
		"name":         schema.Object{"givenName": "Ann", "familyName": "Smith", "formatted": "Ann Smith"},
		"emails":       []any{schema.Object{"value": name + "@example.test", "type": "work", "primary": true}},
		"phoneNumbers": []any{schema.Object{"value": "tel:+49-30-123456", "type": "work"}},
		"addresses":    []any{schema.Object{"streetAddress": "Main 1", "locality": "Berlin", "country": "DE", "type": "work", "primary": true}},
	})
	b.ok(err)
	return u.ID
}

func (b *back) setActive(user identity.ID, active bool) {
	b.t.Helper()
	out, err := b.dir.Write(context.Background(), b.by, []directory.Unit{{{
		Method: directory.Modify, Type: userType, ID: user,
		Change: func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
			next := schema.Object{}
			for k, v := range old {
				next[k] = v
			}
			next["active"] = active
			return next, nil, nil
		},
	}}}, 0)
	b.ok(err)
	b.ok(out[0][0].Err)
}

// session signs a user in.
func (b *back) session(user identity.ID) identity.Session {
	b.t.Helper()
	var s identity.Session
	b.ok(b.db.Update(context.Background(), func(tx *store.Tx) (err error) {
		s, _, err = b.sessions.Start(context.Background(), tx, session.NewSession{Org: b.org.ID, User: user, AMR: []string{"pwd"}, ACR: signin.ACR1})
		return err
	}))
	return s
}

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// code is a code as the authorization endpoint makes it.
func (c *client) code(user identity.ID, change func(*token.Code)) string {
	c.t.Helper()
	s := c.session(user)
	in := token.Code{
		Org: c.Org, RedirectURI: redirect, Challenge: challengeOf(verifier),
		Authorization: token.Authorization{
			App: c.ID, User: user, Session: s.ID, Scopes: []string{"openid", "profile", "email", "offline_access"},
			Nonce: "n-1", AuthTime: s.AuthTime, AMR: s.AMR, ACR: s.ACR, Refresh: true,
		},
	}
	if change != nil {
		change(&in)
	}
	text, err := c.tokens.NewCode(context.Background(), in)
	c.ok(err)
	return text
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

// send sends a request; header holds names and values in turn.
func (b *back) send(method, path, body string, header ...string) answer {
	b.t.Helper()
	r := httptest.NewRequest(method, "https://wrong.example"+path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	if method == http.MethodPost && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.origin != "" {
		r.Header.Set("Origin", b.origin)
	}
	return b.do(r, method+" "+path)
}

func (b *back) do(r *http.Request, what string) answer {
	b.t.Helper()
	rec := httptest.NewRecorder()
	b.mux.ServeHTTP(rec, r)
	raw, _ := io.ReadAll(rec.Result().Body)
	a := answer{t: b.t, what: what, status: rec.Code, header: rec.Result().Header, text: string(raw)}
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") || strings.HasPrefix(a.header.Get("Content-Type"), "application/jwk-set+json") {
		if err := json.Unmarshal(raw, &a.body); err != nil {
			b.t.Fatalf("%s: the answer is no JSON: %q", what, raw)
		}
	}
	return a
}

// form makes a form of names and values in turn.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func (c *client) basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.ClientID)+":"+url.QueryEscape(c.secret)))
}

// post sends a form to an endpoint, with the app's credential.
func (c *client) post(endpoint string, v url.Values, header ...string) answer {
	c.t.Helper()
	switch c.AuthMethod {
	case identity.AuthBasic:
		header = append(header, "Authorization", c.basic())
	case identity.AuthNone:
		v = with(v, "client_id", c.ClientID)
	case identity.AuthPost:
		v = with(v, "client_id", c.ClientID, "client_secret", c.secret)
	}
	return c.send("POST", c.base+"/oauth2/"+endpoint, v.Encode(), header...)
}

func with(v url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, list := range v {
		out[k] = list
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

// token asks the token endpoint.
func (c *client) token(grantType string, pairs ...string) answer {
	c.t.Helper()
	return c.post("token", form(append([]string{"grant_type", grantType}, pairs...)...))
}

func (c *client) redeem(code string) answer {
	c.t.Helper()
	return c.token(identity.GrantCode, "code", code, "redirect_uri", redirect, "code_verifier", verifier)
}

func (c *client) userinfo(text string) answer {
	c.t.Helper()
	return c.send("GET", c.base+"/oauth2/userinfo", "", "Authorization", "Bearer "+text)
}

// want checks the status and, if it is given, the error code.
func (a answer) want(status int, code ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s = %d %s, want %d", a.what, a.status, a.text, status)
	}
	if len(code) > 0 && a.body["error"] != code[0] {
		a.t.Fatalf("%s: error %v, want %s (%s)", a.what, a.body["error"], code[0], a.text)
	}
	if status >= 400 && a.header.Get("Cache-Control") != "no-store" {
		a.t.Errorf("%s: Cache-Control %q, want no-store", a.what, a.header.Get("Cache-Control"))
	}
	return a
}

func (a answer) get(name string) string {
	a.t.Helper()
	s, _ := a.body[name].(string)
	if s == "" {
		a.t.Fatalf("%s: no %s in %s", a.what, name, a.text)
	}
	return s
}

// part reads one part of a JWT without checking it.
func part(t testing.TB, jwt string, i int) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", jwt)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
