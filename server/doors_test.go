package server_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/token"
)

// doorsURL is where the world sees the server of a doors.
const doorsURL = "https://id.test"

// A doors is a whole server with the demonstration data, seen from clients of
// its legacy doors.
type doors struct {
	t    *testing.T
	h    *server.House
	srv  *server.Server
	demo server.Demo
	ann  identity.ID
}

// eachDoors runs a test on both databases; legacy is the legacy block of acme.
func eachDoors(t *testing.T, legacy bool, test func(t *testing.T, d *doors)) {
	for name, database := range map[string]func(testing.TB) string{
		"sqlite": func(testing.TB) string { return "" }, "postgres": storetest.Postgres,
	} {
		t.Run(name, func(t *testing.T) { test(t, openDoors(t, database(t), legacy)) })
	}
}

func openDoors(t *testing.T, database string, legacy bool) *doors {
	t.Helper()
	ctx := t.Context()
	cfg := settings(t, database, map[string]string{"public_url": doorsURL})
	d := &doors{t: t}
	var err error
	if d.h, err = server.OpenHouse(ctx, cfg, slog.New(slog.NewJSONHandler(io.Discard, nil)), server.Create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.h.Close(); err != nil {
			t.Error(err)
		}
	})
	if d.srv, err = server.New(ctx, server.Options{House: d.h, Build: server.ThisBuild("test"), URL: doorsURL}); err != nil {
		t.Fatal(err)
	}
	if d.demo, err = d.h.Demonstrate(ctx, server.DemoOptions{Legacy: legacy}); err != nil {
		t.Fatal(err)
	}
	p, err := d.h.User(ctx, d.demo.Org, d.demo.User)
	if err != nil {
		t.Fatal(err)
	}
	d.ann = p.ID
	return d
}

// on is the doors within a subtest.
func (d *doors) on(t *testing.T) *doors {
	o := *d
	o.t = t
	return &o
}

// do sends a request; header are names and values in turn.
func (d *doors) do(method, path, body string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.srv.ServeHTTP(w, r)
	if w.Code >= http.StatusInternalServerError {
		d.t.Errorf("%s %.100s: %d %s", method, path, w.Code, w.Body)
	}
	return w
}

const formKind = "application/x-www-form-urlencoded"

// form sends a form, pairs of names and values.
func (d *doors) form(path string, pairs []string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return d.do(http.MethodPost, path, v.Encode(), append(header, "Content-Type", formKind)...)
}

// json sends an object of strings.
func (d *doors) json(path string, pairs []string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	v := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v[pairs[i]] = pairs[i+1]
	}
	text, err := json.Marshal(v)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.do(http.MethodPost, path, string(text), append(header, "Content-Type", "application/json")...)
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// object reads the JSON object of an answer that has a status.
func (d *doors) object(w *httptest.ResponseRecorder, status int) map[string]any {
	d.t.Helper()
	if w.Code != status {
		d.t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		d.t.Fatalf("no JSON object: %v: %s", err, w.Body)
	}
	return out
}

// text returns a member of an object that must be a text.
func (d *doors) text(o map[string]any, name string) string {
	d.t.Helper()
	s, _ := o[name].(string)
	if s == "" {
		d.t.Fatalf("no %s in %v", name, o)
	}
	return s
}

// app makes an app of acme and returns its secret.
func (d *doors) app(id string, change func(*identity.AppSettings)) string {
	d.t.Helper()
	return d.appOf(d.demo.Org, id, change)
}

func (d *doors) appOf(org identity.Organisation, id string, change func(*identity.AppSettings)) string {
	d.t.Helper()
	s := identity.AppSettings{
		Name: id, Type: identity.WebApp, RedirectURIs: []string{"https://app.test/cb"}, PostLogoutRedirectURIs: []string{"https://app.test/bye"},
		GrantTypes: []string{identity.GrantCode, identity.GrantRefresh, identity.GrantClientCredentials, identity.GrantPassword, identity.GrantDevice},
		Scopes:     []string{"openid", "profile", "email", "groups", "offline_access"}, Trusted: true,
	}
	if change != nil {
		change(&s)
	}
	if org.ID != d.demo.Org.ID { // whose legacy block is off
		s.GrantTypes = []string{identity.GrantCode, identity.GrantClientCredentials}
	}
	by := identity.Actor{Kind: identity.ByCLI, Name: "test", Org: org.ID, Perms: identity.AllPerms()}
	_, secret, err := d.h.Apps.Create(d.t.Context(), by, org.ID, app.NewApp{ClientID: id, AppSettings: s, WithoutPKCE: true})
	if err != nil {
		d.t.Fatal(err)
	}
	return secret
}

func public(s *identity.AppSettings) {
	s.Type, s.AuthMethod = identity.NativeApp, identity.AuthNone
	s.GrantTypes = []string{identity.GrantCode, identity.GrantRefresh, identity.GrantDevice}
}

// tokens are those of ann for an app, as after a sign-in.
func (d *doors) tokens(client string, scopes ...string) token.Response {
	d.t.Helper()
	a, err := d.h.Apps.Get(d.t.Context(), d.demo.Org.ID, client)
	if err != nil {
		d.t.Fatal(err)
	}
	res, err := d.h.Tokens.Issue(d.t.Context(), token.Request{Org: d.demo.Org, App: a, IDToken: true, Authorization: token.Authorization{
		App: a.ID, User: d.ann, Scopes: scopes, Refresh: true, Offline: true,
	}})
	if err != nil {
		d.t.Fatal(err)
	}
	return res
}

// code is one that ann's browser brought to an app.
func (d *doors) code(client string) string {
	d.t.Helper()
	a, err := d.h.Apps.Get(d.t.Context(), d.demo.Org.ID, client)
	if err != nil {
		d.t.Fatal(err)
	}
	code, err := d.h.Tokens.NewCode(d.t.Context(), token.Code{Org: d.demo.Org.ID, RedirectURI: "https://app.test/cb", Authorization: token.Authorization{
		App: a.ID, User: d.ann, Scopes: []string{"openid", "profile", "offline_access"}, Refresh: true, Offline: true,
	}})
	if err != nil {
		d.t.Fatal(err)
	}
	return code
}

// demandSecond has acme ask everybody for a second factor.
func (d *doors) demandSecond() {
	d.t.Helper()
	by := identity.Actor{Kind: identity.ByCLI, Name: "test", Org: d.demo.Org.ID, Perms: identity.AllPerms()}
	if err := d.h.SignIn.SetPolicy(d.t.Context(), by, d.demo.Org.ID, signin.Policy{Second: signin.Always}); err != nil {
		d.t.Fatal(err)
	}
}

// setActive shuts ann out, or lets her in again.
func (d *doors) setActive(active bool) {
	d.t.Helper()
	text := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}`
	if active {
		text = strings.Replace(text, "false", "true", 1)
	}
	w := d.do(http.MethodPatch, "/scim/v2/Users/"+d.ann.String(), text, "Authorization", "Bearer "+d.demo.Token, "Content-Type", "application/scim+json")
	if w.Code != http.StatusOK {
		d.t.Fatalf("PATCH = %d %s", w.Code, w.Body)
	}
}
