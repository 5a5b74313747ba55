package oidc_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
)

// registered is what an app is told when it registered.
type registered struct {
	answer
	path, token string
}

func (b *back) register(body string, header ...string) answer {
	b.t.Helper()
	return b.send("POST", "/o/acme/oauth2/register", body, append([]string{"Content-Type", "application/json"}, header...)...)
}

func (b *back) registered(body string) registered {
	b.t.Helper()
	a := b.register(body).want(201)
	return registered{a, strings.TrimPrefix(a.get("registration_client_uri"), public), a.get("registration_access_token")}
}

// TestRegistration are the modules of the plan oidcc-dynamic about registration,
// and RFC 7592.
func TestRegistration(t *testing.T) {
	each(t, func(t *testing.T, b *back) {
		const body = `{"redirect_uris":["https://app.test/cb"],"client_name":"Dynamic","scope":"openid profile"}`
		b.register(body).want(403)
		b.provider(func(p *app.Provider) { p.Registration = app.RegistrationOpen })
		r := b.registered(body)
		if r.header.Get("Cache-Control") != "no-store" || r.get("client_id") == "" || r.get("client_secret") == "" ||
			r.get("client_name") != "Dynamic" || r.body["client_secret_expires_at"] != 0.0 {
			t.Errorf("answer %s", r.text)
		}
		auth := "Bearer " + r.token
		if got := b.send("GET", r.path, "", "Authorization", auth).want(200); got.get("client_id") != r.get("client_id") {
			t.Errorf("read %s", got.text)
		}
		b.send("GET", r.path, "").want(401, "invalid_token")
		b.send("GET", r.path, "", "Authorization", auth+"x").want(401, "invalid_token")
		b.send("GET", r.path+"x", "", "Authorization", auth).want(401, "invalid_token")
		b.send("POST", r.path, body, "Authorization", auth).want(405)
		changed := `{"client_id":"` + r.get("client_id") + `","redirect_uris":["https://app.test/other"],"client_name":"Changed"}`
		next := b.send("PUT", r.path, changed, "Authorization", auth, "Content-Type", "application/json").want(200)
		if next.get("client_name") != "Changed" {
			t.Errorf("after PUT: %s", next.text)
		}
		other := b.registered(body)
		b.send("GET", r.path, "", "Authorization", "Bearer "+other.token).want(401, "invalid_token")
		b.send("DELETE", r.path, "", "Authorization", auth).want(204)
		b.send("GET", r.path, "", "Authorization", auth).want(401, "invalid_token")

		for name, tc := range map[string]struct{ body, code string }{
			"no JSON":            {"x", app.InvalidClientMetadata},
			"a list":             {"[]", app.InvalidClientMetadata},
			"two objects":        {body + body, app.InvalidClientMetadata},
			"B26 a member twice": {`{"redirect_uris":["https://a.test/"],"redirect_uris":["https://b.test/"]}`, app.InvalidClientMetadata},
			"B26 deep JSON":      {`{"x":` + strings.Repeat("[", 30000) + `}`, app.InvalidClientMetadata},
			"oidcc-dynamic/oidcc-redirect-uri-regfrag": {`{"redirect_uris":["https://app.test/cb#x"]}`, app.InvalidRedirectURI},
			"a script as redirect":                     {`{"redirect_uris":["javascript:alert(1)"]}`, app.InvalidRedirectURI},
			"a script as logo":                         {`{"redirect_uris":["https://app.test/cb"],"logo_uri":"javascript:alert(1)"}`, app.InvalidClientMetadata},
			"3rd-party-init: initiate_login_uri http":  {`{"redirect_uris":["https://app.test/cb"],"initiate_login_uri":"http://app.test/"}`, app.InvalidClientMetadata},
			"a software statement":                     {`{"redirect_uris":["https://app.test/cb"],"software_statement":"x"}`, app.InvalidSoftwareStatement},
		} {
			if got := b.register(tc.body); got.status != 400 || got.body["error"] != tc.code {
				t.Errorf("%s = %d %s, want %s", name, got.status, got.text, tc.code)
			}
		}
		b.provider(func(p *app.Provider) { p.Legacy.Implicit = true })
		for uri, want := range map[string]int{"https://app.test/cb": 201, "http://localhost/cb": 400, "https://localhost/cb": 400, "https://LocalHost:1/cb": 400} {
			got := b.register(`{"redirect_uris":["` + uri + `"],"response_types":["id_token"],"grant_types":["implicit"]}`)
			if got.status != want || want == 400 && got.body["error"] != app.InvalidRedirectURI {
				t.Errorf("OpenID Connect Registration section 2: implicit to %s = %d %s, want %d", uri, got.status, got.text, want)
			}
		}
		b.provider(func(p *app.Provider) { p.Legacy.Implicit = false })
		b.send("POST", "/o/acme/oauth2/register", body).want(400, app.InvalidClientMetadata) // a form
		b.register(`{"x":"` + strings.Repeat("y", 64<<10) + `"}`).want(413)
	})
}

// TestRegisteredApp uses an app that registered itself with what a client of
// OpenID Connect Registration expects: RS256, Basic, scopes within bounds.
func TestRegisteredApp(t *testing.T) {
	b := onSQLite(t)
	b.provider(func(p *app.Provider) { p.Registration = app.RegistrationOpen })
	for _, scope := range []string{"muster:admin", "scim"} { // B20
		b.register(`{"redirect_uris":["https://app.test/cb"],"scope":"openid `+scope+`"}`).want(400, app.InvalidClientMetadata)
	}
	r := b.registered(`{"redirect_uris":["https://app.test/cb"],"initiate_login_uri":"https://app.test/start","grant_types":["authorization_code","refresh_token"]}`)
	if r.get("token_endpoint_auth_method") != "client_secret_basic" || r.get("initiate_login_uri") != "https://app.test/start" {
		t.Errorf("answer %s", r.text)
	}
	for _, s := range strings.Fields(r.get("scope")) {
		if known, ok := identity.ScopeNamed(s); ok && known.Privileged {
			t.Errorf("B20 a stranger registered the scope %s", s)
		}
	}
	a, err := b.apps.Get(t.Context(), b.org.ID, r.get("client_id"))
	b.ok(err)
	c := &client{back: b, App: *a, secret: r.get("client_secret"), base: "/o/acme"}
	got := c.redeem(c.code(b.user("ann"), nil)).want(200)
	if alg := part(t, got.get("id_token"), 0)["alg"]; alg != "RS256" {
		t.Errorf("alg of the ID token %v, want RS256", alg)
	}
}

func TestInitialAccessToken(t *testing.T) {
	b := onSQLite(t)
	b.provider(func(p *app.Provider) { p.Registration = app.RegistrationToken })
	by := b.by
	by.Perms = identity.Perms{identity.AppsWrite}
	text, err := b.apps.NewInitialToken(t.Context(), by, b.org.ID, b.now().Add(60e9), 1)
	b.ok(err)
	body, _ := json.Marshal(map[string]any{"redirect_uris": []string{redirect}})
	b.register(string(body)).want(401, "invalid_token")
	b.register(string(body), "Authorization", "Bearer x").want(401, "invalid_token")
	b.register(string(body), "Authorization", "Bearer "+text).want(201)
	b.register(string(body), "Authorization", "Bearer "+text).want(401, "invalid_token")
}
