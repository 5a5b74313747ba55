package app

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

func metadata(t testing.TB, doc string) Metadata {
	t.Helper()
	m, err := ParseMetadata([]byte(doc))
	if err != nil {
		t.Fatalf("parse %s: %v", doc, err)
	}
	return m
}

// wantRefusal fails the test unless err is a RegistrationError with a code, ""
// for no error.
func wantRefusal(t *testing.T, what string, err error, want string) {
	t.Helper()
	got := ""
	if e, ok := errors.AsType[*RegistrationError](err); ok {
		got = e.Code
	} else if err != nil {
		got = "internal error: " + err.Error()
	}
	if got != want {
		t.Errorf("%s: %q (%v), want %q", what, got, err, want)
	}
}

const plain = `{"redirect_uris":["https://rp.example.com/cb"]}`

func TestRegister(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		_, err := w.Register(ctx, w.acme, metadata(t, plain), "")
		wantRefusal(t, "where registration is off", err, "access_denied")
		w.legacy(t, Provider{Registration: RegistrationOpen})
		r, err := w.Register(ctx, w.acme, metadata(t, plain), "")
		if err != nil {
			t.Fatal(err)
		}
		a := r.App
		if a.Type != identity.WebApp || a.AuthMethod != identity.AuthBasic || a.IDTokenAlg != "RS256" || a.RequirePKCE || a.Trusted ||
			strings.Join(a.GrantTypes, " ") != "authorization_code" || strings.Join(a.ResponseTypes, " ") != "code" {
			t.Errorf("defaults of RFC 7591: %+v", a.AppSettings)
		}
		doc := r.Document("https://id.example.com/r")
		for _, key := range []string{"client_id", "client_secret", "client_secret_expires_at", "client_id_issued_at", "registration_access_token",
			"registration_client_uri", "redirect_uris", "scope", "token_endpoint_auth_method", "grant_types", "response_types", "application_type"} {
			if doc[key] == nil {
				t.Errorf("the answer has no %s: %v", key, doc)
			}
		}
		if _, err := json.Marshal(doc); err != nil {
			t.Error(err)
		}
		_, err = w.try(t, Credentials{Authorization: basic(a.ClientID, r.Secret)})
		wantCode(t, "the new app", err, "")

		read, err := w.ReadRegistration(ctx, w.acme, a.ClientID, r.Token)
		if err != nil || read.App.ID != a.ID || read.Secret != "" || read.Token != r.Token {
			t.Errorf("ReadRegistration = %+v, %v", read, err)
		}
		for phrase, token := range map[string]string{"no token": "", "another token": r.Token + "x", "its secret": r.Secret} {
			_, err := w.ReadRegistration(ctx, w.acme, a.ClientID, token)
			wantRefusal(t, phrase, err, "invalid_token")
			wantRefusal(t, phrase, w.DeleteRegistration(ctx, w.acme, a.ClientID, token), "invalid_token")
		}
		_, err = w.ReadRegistration(ctx, w.evil, a.ClientID, r.Token)
		wantRefusal(t, "D48 at another organisation", err, "invalid_token")
		_, err = w.ReadRegistration(ctx, w.acme, a.ID.String(), r.Token)
		wantRefusal(t, "by its id", err, "invalid_token")
		own, _ := w.create(t, NewApp{ClientID: "own", AppSettings: web()})
		_, err = w.ReadRegistration(ctx, w.acme, own.ClientID, "")
		wantRefusal(t, "an app that did not register itself", err, "invalid_token")

		_, err = w.UpdateRegistration(ctx, w.acme, a.ClientID, r.Token, metadata(t, plain))
		wantRefusal(t, "an update without client_id", err, InvalidClientMetadata)
		_, err = w.UpdateRegistration(ctx, w.acme, a.ClientID, r.Token, metadata(t, `{"client_id":"`+a.ClientID+`","client_secret":"x","redirect_uris":["https://rp.example.com/cb"]}`))
		wantRefusal(t, "an update with another secret", err, InvalidClientMetadata)
		up, err := w.UpdateRegistration(ctx, w.acme, a.ClientID, r.Token, metadata(t, `{"client_id":"`+a.ClientID+`","client_secret":"`+r.Secret+`","client_name":"RP","redirect_uris":["https://rp.example.com/two"]}`))
		if err != nil || up.App.Name != "RP" || up.App.RedirectURIs[0] != "https://rp.example.com/two" || up.Secret != "" || up.App.Version != 2 {
			t.Errorf("UpdateRegistration = %+v, %v", up, err)
		}
		if err := w.DeleteRegistration(ctx, w.acme, a.ClientID, r.Token); err != nil {
			t.Error(err)
		}
		_, err = w.ReadRegistration(ctx, w.acme, a.ClientID, r.Token)
		wantRefusal(t, "after the deletion", err, "invalid_token")
	})
}

func TestRegisterChecks(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.legacy(t, Provider{Registration: RegistrationOpen})
	with := func(more string) string { return `{"redirect_uris":["https://rp.example.com/cb"],` + more + `}` }
	for phrase, c := range map[string]struct {
		doc, code string
		check     func(identity.App) bool
	}{
		"a public app in the browser": {with(`"token_endpoint_auth_method":"none"`), "", func(a identity.App) bool { return a.Type == identity.SPA && a.RequirePKCE && len(a.Secrets) == 0 }},
		"a native app that says so":   {`{"application_type":"native","token_endpoint_auth_method":"none","redirect_uris":["com.example.app:/cb"]}`, "", func(a identity.App) bool { return a.Type == identity.NativeApp }},
		"a native app that does not":  {`{"token_endpoint_auth_method":"none","redirect_uris":["http://127.0.0.1/cb"]}`, "", func(a identity.App) bool { return a.Type == identity.NativeApp }},
		"a service":                   {`{"grant_types":["client_credentials"]}`, "", func(a identity.App) bool { return a.Type == identity.ServiceApp && len(a.ResponseTypes) == 0 }},
		"null is as if not there":     {with(`"client_name":null,"jwks":null,"scope":null`), "", func(a identity.App) bool { return a.Name == "" && len(a.Scopes) == len(usual) }},
		"unknown members":             {with(`"software":"x","client_name#de":"Y"`), "", nil},
		"ES256":                       {with(`"id_token_signed_response_alg":"ES256"`), "", func(a identity.App) bool { return a.IDTokenAlg == "ES256" }},
		"scopes that are allowed":     {with(`"scope":"openid email nonsense"`), "", func(a identity.App) bool { return strings.Join(a.Scopes, " ") == "openid email" }},
		"none that is allowed":        {with(`"scope":"nonsense"`), InvalidClientMetadata, nil},
		"D51 a privileged scope":      {with(`"scope":"openid muster:admin"`), InvalidClientMetadata, nil},
		"D51 the scope scim":          {with(`"scope":"scim"`), InvalidClientMetadata, nil},
		"D51 scopes by our own name":  {with(`"scopes":["muster:admin"]`), "", func(a identity.App) bool { return len(privileged(a.Scopes)) == 0 }},
		"D51 trust": {with(`"trusted":true,"exchange":["x"],"owners":["x"],"connection":"x","fapi":true,"keep_refresh_token":true,"lax_assertion_audience":true,"access_token_seconds":86400,"sector":"x"`), "", func(a identity.App) bool {
			return !a.Trusted && a.Exchange == nil && a.Owners == nil && a.Connection == "" && !a.FAPI && !a.LaxAudience && a.AccessTokenSeconds == 0 && a.Sector == ""
		}},
		"D51 a client_id of its own":   {with(`"client_id":"admin"`), "", func(a identity.App) bool { return a.ClientID != "admin" }},
		"the grant type password":      {with(`"grant_types":["authorization_code","password"]`), InvalidClientMetadata, nil},
		"the grant type exchange":      {with(`"grant_types":["authorization_code","urn:ietf:params:oauth:grant-type:token-exchange"]`), InvalidClientMetadata, nil},
		"implicit":                     {with(`"response_types":["id_token"]`), InvalidClientMetadata, nil},
		"client_secret_jwt":            {with(`"token_endpoint_auth_method":"client_secret_jwt"`), InvalidClientMetadata, nil},
		"no redirect":                  {`{}`, InvalidRedirectURI, nil},
		"a redirect with a fragment":   {`{"redirect_uris":["https://rp.example.com/cb#x"]}`, InvalidRedirectURI, nil},
		"A2 a redirect of JavaScript":  {`{"redirect_uris":["javascript:alert(1)"]}`, InvalidRedirectURI, nil},
		"A2 a logo of JavaScript":      {with(`"logo_uri":"javascript:alert(1)"`), InvalidClientMetadata, nil},
		"redirects that are a text":    {`{"redirect_uris":"https://rp.example.com/cb"}`, InvalidRedirectURI, nil},
		"a name that is a number":      {with(`"client_name":7`), InvalidClientMetadata, nil},
		"a software statement":         {with(`"software_statement":"a.b.c"`), InvalidSoftwareStatement, nil},
		"encryption":                   {with(`"id_token_encrypted_response_alg":"RSA-OAEP"`), InvalidClientMetadata, nil},
		"an application_type of a car": {with(`"application_type":"car"`), InvalidClientMetadata, nil},
		"launch by plain HTTP":         {with(`"initiate_login_uri":"http://rp.example.com/x"`), InvalidClientMetadata, nil},
	} {
		t.Run(phrase, func(t *testing.T) {
			r, err := w.Register(t.Context(), w.acme, metadata(t, c.doc), "")
			wantRefusal(t, phrase, err, c.code)
			if err == nil && c.check != nil && !c.check(r.App) {
				t.Errorf("registered as %+v", r.App)
			}
		})
	}
	for _, doc := range []string{``, `[]`, `{"a":1,"a":2}`, `{"a":1}x`, `{"a":1}}`, `null`} {
		_, err := ParseMetadata([]byte(doc))
		wantRefusal(t, doc, err, InvalidClientMetadata)
	}
}

func TestRegisterSoftware(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.legacy(t, Provider{Registration: RegistrationOpen, AllowedSoftware: []string{"crm"}, RegistrationScopes: []string{"openid", "shop"}, RequirePKCE: true})
	_, err := w.Register(t.Context(), w.acme, metadata(t, plain), "")
	wantRefusal(t, "software that does not say what it is", err, InvalidClientMetadata)
	r, err := w.Register(t.Context(), w.acme, metadata(t, `{"redirect_uris":["https://rp.example.com/cb"],"software_id":"crm","scope":"openid email shop"}`), "")
	if err != nil || strings.Join(r.App.Scopes, " ") != "openid shop" || !r.App.RequirePKCE {
		t.Errorf("software that is allowed: %+v, %v", r.App, err)
	}
}

func TestSector(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.legacy(t, Provider{Registration: RegistrationOpen})
		w.publish("/good", `["https://a.example.com/cb","https://b.example.com/cb","https://c.example.com/cb"]`)
		w.publish("/bad", `["https://a.example.com/cb"]`)
		w.publish("/none", `{"a":1}`)
		doc := func(page string) Metadata {
			return metadata(t, `{"subject_type":"pairwise","redirect_uris":["https://a.example.com/cb","https://b.example.com/cb"],"sector_identifier_uri":"`+w.site.URL+page+`"}`)
		}
		r, err := w.Register(ctx, w.acme, doc("/good"), "")
		if err != nil || r.App.Sector != "127.0.0.1" {
			t.Errorf("a sector that lists all: %q, %v", r.App.Sector, err)
		}
		hits := w.hits.Load()
		if _, err := w.Update(ctx, cli, w.acme.ID, r.App.ID, func(s *identity.AppSettings) error { s.Name = "x"; return nil }); err != nil || w.hits.Load() != hits {
			t.Errorf("a new name asked for the sector: %v", err)
		}
		for _, page := range []string{"/bad", "/none", "/missing"} {
			_, err := w.Register(ctx, w.acme, doc(page), "")
			wantRefusal(t, page, err, InvalidClientMetadata)
		}
		_, err = w.Update(ctx, cli, w.acme.ID, r.App.ID, func(s *identity.AppSettings) error {
			s.RedirectURIs = append(s.RedirectURIs, "https://evil.example.com/cb")
			return nil
		})
		wantKind(t, "a redirect that the sector does not list", err, identity.Invalid)
	})
}

func TestInitialTokens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.legacy(t, Provider{Registration: RegistrationToken})
		_, err := w.NewInitialToken(ctx, cli, w.acme.ID, start, 1)
		wantKind(t, "a token of yesterday", err, identity.Invalid)
		_, err = w.NewInitialToken(ctx, cli, w.acme.ID, start.Add(time.Hour), 0)
		wantKind(t, "a token for nothing", err, identity.Invalid)
		_, err = w.NewInitialToken(ctx, cli, identity.NewOrgID(), start.Add(time.Hour), 1)
		wantKind(t, "a token of nobody", err, identity.NotFound)
		token, err := w.NewInitialToken(ctx, cli, w.acme.ID, start.Add(time.Hour), 3)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Register(ctx, w.acme, metadata(t, plain), "")
		wantRefusal(t, "no token", err, "invalid_token")
		_, err = w.Register(ctx, w.acme, metadata(t, `{}`), token)
		wantRefusal(t, "bad metadata, which uses nothing up", err, InvalidRedirectURI)
		var good, bad atomic.Int64
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				_, err := w.Register(context.Background(), w.acme, metadata(t, plain), token)
				if _, refused := errors.AsType[*RegistrationError](err); refused {
					bad.Add(1)
				} else if err == nil {
					good.Add(1)
				} else {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if good.Load() != 3 || bad.Load() != 9 {
			t.Errorf("B14 of 12 uses of a token for 3, %d succeed and %d are refused", good.Load(), bad.Load())
		}
		token, err = w.NewInitialToken(ctx, cli, w.acme.ID, start.Add(time.Hour), 3)
		if err != nil {
			t.Fatal(err)
		}
		w.pass(time.Hour)
		_, err = w.Register(ctx, w.acme, metadata(t, plain), token)
		wantRefusal(t, "a token that has run out", err, "invalid_token")
		for _, c := range w.changes(t) {
			if strings.Contains(string(c.Diff), token) {
				t.Errorf("a change has the token: %s", c.Diff)
			}
		}
	})
}

// TestRegisterKeeps changes an app by both ways in turn.
func TestRegisterKeeps(t *testing.T) {
	w, ctx := newWorld(t, storetest.SQLite(t)), t.Context()
	w.legacy(t, Provider{Registration: RegistrationOpen, Legacy: Legacy{SecretJWT: true}})
	r, err := w.Register(ctx, w.acme, metadata(t, `{"redirect_uris":["https://rp.example.com/cb"],"token_endpoint_auth_method":"none"}`), "")
	if err != nil || r.Secret != "" {
		t.Fatal(r.Secret, err)
	}
	_, err = w.Update(ctx, cli, w.acme.ID, r.App.ID, func(s *identity.AppSettings) error {
		s.Trusted, s.Scopes, s.AccessTokenSeconds = true, append(s.Scopes, "scim"), 300
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	update := func(more string) Registered {
		t.Helper()
		up, err := w.UpdateRegistration(ctx, w.acme, r.App.ClientID, r.Token, metadata(t, `{"client_id":"`+r.App.ClientID+`","redirect_uris":["https://rp.example.com/cb"]`+more+`}`))
		if err != nil {
			t.Fatal(err)
		}
		return up
	}
	up := update("")
	if !up.App.Trusted || up.App.AccessTokenSeconds != 300 || len(privileged(up.App.Scopes)) > 0 || up.Secret == "" || up.App.Type != identity.WebApp {
		t.Errorf("after the app changed itself: %+v, secret %q", up.App, up.Secret)
	}
	_, err = w.try(t, Credentials{Authorization: basic(r.App.ClientID, up.Secret)})
	wantCode(t, "its new secret", err, "")
	if jwt := update(`,"token_endpoint_auth_method":"client_secret_jwt"`); jwt.Secret == "" {
		t.Error("a method that needs to read its secret has none")
	}
	if err := w.Disable(ctx, cli, w.acme.ID, r.App.ID, true); err != nil {
		t.Fatal(err)
	}
	_, err = w.ReadRegistration(ctx, w.acme, r.App.ClientID, r.Token)
	wantRefusal(t, "B19 an app that is shut out", err, "invalid_token")
}

// FuzzRegister holds that no metadata crash us or make an app that Check would
// refuse.
func FuzzRegister(f *testing.F) {
	f.Add(plain)
	f.Add(`{"redirect_uris":["com.example:/a"],"application_type":"native","scope":"openid","grant_types":[],"response_types":["code id_token"]}`)
	f.Add(`{"jwks":{"keys":[]},"default_max_age":-1,"contacts":null,"software_statement":1}`)
	s := &Service{}
	f.Fuzz(func(t *testing.T, doc string) {
		m, err := ParseMetadata([]byte(doc))
		if err != nil || m["sector_identifier_uri"] != nil {
			return
		}
		p := Provider{Registration: RegistrationOpen}
		a, err := s.described(t.Context(), m, identity.AppSettings{}, p)
		if err != nil {
			return
		}
		if faults := Check(a, p); len(faults) > 0 || a.Trusted || len(privileged(a.Scopes)) > 0 {
			t.Errorf("%s makes %+v: %+v", doc, a, faults)
		}
	})
}

func FuzzMetadata(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"a":1,"a":2}`, `[]`, `{"a":`, `{} {}`, `{}}`, `{"a":[[[]]]}`, "{\"\\ud800\":1}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := ParseMetadata(raw)
		if err != nil {
			if e, ok := errors.AsType[*RegistrationError](err); !ok || e.Code != InvalidClientMetadata {
				t.Fatalf("ParseMetadata(%q): %v", raw, err)
			}
			return
		}
		if m == nil || !json.Valid(raw) || strings.Count(string(raw), ":") < len(m) {
			t.Fatalf("ParseMetadata(%q) = %v", raw, m)
		}
	})
}
