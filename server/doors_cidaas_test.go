package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

var refnumber = regexp.MustCompile(`^\d{13}-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// wantDenied fails unless an answer is shape B, which the interceptor sends.
func (d *doors) wantDenied(w *httptest.ResponseRecorder) {
	d.t.Helper()
	o := d.object(w, http.StatusUnauthorized)
	ref, _ := o["refnumber"].(string)
	if len(o) != 2 || o["error"] != "Access denied for this resource" || !refnumber.MatchString(ref) || w.Header().Get("WWW-Authenticate") == "" {
		d.t.Errorf("denied with %v, WWW-Authenticate %q", o, w.Header().Get("WWW-Authenticate"))
	}
}

// wantOAuth fails unless an answer is shape C.
func (d *doors) wantOAuth(w *httptest.ResponseRecorder, status int, code string) {
	d.t.Helper()
	o := d.object(w, status)
	if o["error"] != code || d.text(o, "error_description") == "" {
		d.t.Errorf("not %s: %v", code, o)
	}
}

func TestSeed000SignIn(t *testing.T) {
	eachDoors(t, true, func(t *testing.T, d *doors) {
		shop := d.app("shop", func(s *identity.AppSettings) { s.AuthMethod, s.ScopesClaim = identity.AuthPost, true })
		web := d.app("web", nil)
		d.app("phone", public)
		for phrase, test := range map[string]func(*doors){
			"token":        func(d *doors) { cidaasToken(d, shop, web) },
			"password":     func(d *doors) { cidaasPassword(d, shop) },
			"back channel": func(d *doors) { cidaasBackChannel(d, shop) },
			"authz":        cidaasAuthorize,
			"userinfo":     cidaasUserInfo,
			"end_session":  cidaasEndSession,
			"scripts":      cidaasScripts,
			"keys":         cidaasKeys,
			"shared names": cidaasSharedName,
		} {
			t.Run(phrase, func(t *testing.T) { test(d.on(t)) })
		}
		t.Run("second factor", func(t *testing.T) {
			d := d.on(t)
			d.demandSecond()
			d.wantOAuth(d.json("/token-srv/token", []string{"grant_type", "password", "username", d.demo.User, "password", d.demo.Password, "client_id", "shop", "client_secret", shop}), 400, "invalid_grant")
		})
	})
}

func cidaasToken(d *doors, shop, web string) {
	const path = "/token-srv/token"
	own := []string{"grant_type", "client_credentials", "client_id", "shop", "client_secret", shop}
	for phrase, w := range map[string]*httptest.ResponseRecorder{
		"JSON": d.json(path, own), "a form": d.form(path, own),
		"JSON with a charset": d.do(http.MethodPost, path, `{"grant_type":"client_credentials","client_id":"shop","client_secret":"`+shop+`","scope":null}`, "Content-Type", "application/json; charset=utf-8"),
	} {
		o := d.wantTokens(w)
		if o["sub"] != "shop" || o["identity_id"] != nil || o["id_token_expires_in"] != nil {
			d.t.Errorf("%s: %v", phrase, o)
		}
		v, err := d.h.Tokens.VerifyOwn(d.t.Context(), d.demo.Org.ID, d.text(o, "access_token"), token.TypeAccess)
		if err != nil {
			d.t.Fatal(err)
		}
		if list, _ := v.Claims["scopes"].([]any); len(list) == 0 {
			d.t.Errorf("%s: scopes = %v", phrase, v.Claims["scopes"])
		}
	}
	code := []string{"grant_type", "authorization_code", "code", d.code("web"), "redirect_uri", "https://app.test/cb"}
	o := d.wantTokens(d.form(path, code, "Authorization", basic("web", web)), "refresh_token", "id_token")
	if o["sub"] != d.ann.String() || o["identity_id"] != d.ann.String() || o["id_token_expires_in"] != float64(3600) {
		d.t.Errorf("sub %v, identity_id %v, id_token_expires_in %v", o["sub"], o["identity_id"], o["id_token_expires_in"])
	}
	d.wantOAuth(d.form(path, code, "Authorization", basic("web", web)), 400, "invalid_grant")
	d.wantTokens(d.json(path, []string{"grant_type", "refresh_token", "client_id", "phone", "refresh_token", d.tokens("phone", "openid").RefreshToken}), "refresh_token")

	d.wantOAuth(d.json(path, []string{"grant_type", "client_credentials", "client_id", "shop", "client_secret", "wrong"}), 401, "invalid_client")
	d.wantOAuth(d.json(path, []string{"grant_type", "client_credentials", "client_id", "nobody", "client_secret", "x"}), 401, "invalid_client")
	d.wantOAuth(d.json(path, []string{"grant_type", "client_credentials", "client_id", "a b", "client_secret", "x"}), 401, "invalid_client")
	d.wantOAuth(d.json(path, own[2:]), 400, "invalid_request")
	d.wantOAuth(d.json(path, append([]string{"grant_type", "magic"}, own[2:]...)), 400, "unsupported_grant_type")
	d.wantOAuth(d.do(http.MethodPost, path, `{"grant_type":"client_credentials","client_id":"shop","client_id":"web"}`), 400, "invalid_request")
	d.wantOAuth(d.form(path, append([]string{"client_id", "web"}, own...)), 400, "invalid_request")
	d.wantOAuth(d.do(http.MethodPost, path, `{"a":"`+strings.Repeat("x", 65<<10)+`"}`), 400, "invalid_request")
	d.wantOAuth(d.do(http.MethodPost, path, `{"client_id":{"$ne":""}}`), 400, "invalid_request")
	d.wantOAuth(d.json(path, own, "Authorization", basic("web", web)), 400, "invalid_request")
	// The query says nothing (attack 48: checked here, used there).
	d.wantOAuth(d.json(path+"?"+url.Values{"client_id": {"shop"}, "client_secret": {shop}}.Encode(), []string{"grant_type", "client_credentials"}), 401, "invalid_client")
	if w := d.do(http.MethodGet, path, ""); w.Code != http.StatusMethodNotAllowed {
		d.t.Errorf("GET = %d", w.Code)
	}
}

func cidaasPassword(d *doors, shop string) {
	const path = "/token-srv/token"
	client := []string{"grant_type", "password", "client_id", "shop", "client_secret", shop, "scope", "openid profile", "username", d.demo.User, "password"}
	d.wantTokens(d.json(path, append(client, d.demo.Password)), "id_token", "identity_id")
	d.wantOAuth(d.json(path, append(client, "wrong")), 400, "invalid_grant")
}

func cidaasBackChannel(d *doors, shop string) {
	out := d.tokens("shop", "openid", "profile")
	client := []string{"client_id", "shop", "client_secret", shop, "token"}
	for phrase, send := range map[string]func(string, []string, ...string) *httptest.ResponseRecorder{"form": d.form, "JSON": d.json} {
		o := d.object(send("/token-srv/introspect", append(client, out.AccessToken)), http.StatusOK)
		if o["active"] != true || o["sub"] != d.ann.String() || o["client_id"] != "shop" || o["success"] != nil {
			d.t.Errorf("introspect by %s = %v", phrase, o)
		}
	}
	// Attack 48: a token of another organisation tells nothing.
	d.appOf(d.demo.Other, "elsewhere", nil)
	foreign, err := d.h.Apps.Get(d.t.Context(), d.demo.Other.ID, "elsewhere")
	if err != nil {
		d.t.Fatal(err)
	}
	res, err := d.h.Tokens.Issue(d.t.Context(), token.Request{Org: d.demo.Other, App: foreign, Authorization: token.Authorization{App: foreign.ID, Scopes: []string{"profile"}}})
	if err != nil {
		d.t.Fatal(err)
	}
	if o := d.object(d.form("/token-srv/introspect", append(client, res.AccessToken)), http.StatusOK); o["active"] != false || len(o) != 1 {
		d.t.Errorf("introspect of another organisation's token = %v", o)
	}
	d.wantOAuth(d.form("/token-srv/introspect", []string{"client_id", "shop", "client_secret", "wrong", "token", out.AccessToken}), 401, "invalid_client")
	if w := d.json("/token-srv/revoke", append(client, out.RefreshToken)); w.Code != http.StatusOK {
		d.t.Errorf("revoke = %d %s", w.Code, w.Body)
	}
	d.wantDenied(d.do(http.MethodGet, "/users-srv/userinfo", "", "Authorization", "Bearer "+out.AccessToken))
	o := d.object(d.form("/authz-srv/device/authz", []string{"client_id", "phone", "scope", "openid"}), http.StatusOK)
	if d.text(o, "verification_uri") != doorsURL+"/o/acme/device" || d.text(o, "device_code") == "" {
		d.t.Errorf("device = %v", o)
	}
	d.wantOAuth(d.json("/token-srv/token", []string{"grant_type", identity.GrantDevice, "device_code", d.text(o, "device_code"), "client_id", "phone"}), 400, "authorization_pending")
}

func cidaasAuthorize(d *doors) {
	const path = "/authz-srv/authz"
	ask := url.Values{"client_id": {"shop"}, "response_type": {"code"}, "redirect_uri": {"https://app.test/cb"}, "scope": {"openid"}}
	for phrase, w := range map[string]*httptest.ResponseRecorder{
		"GET": d.do(http.MethodGet, path+"?"+ask.Encode(), ""), "POST": d.do(http.MethodPost, path, ask.Encode(), "Content-Type", formKind),
		"POST beside another app": d.do(http.MethodPost, path+"?client_id=demo-admin", ask.Encode(), "Content-Type", formKind),
	} {
		if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/o/acme/") {
			d.t.Errorf("%s = %d to %q", phrase, w.Code, to)
		}
	}
	for phrase, query := range map[string]string{
		"a stranger": strings.Replace(ask.Encode(), "shop", "nobody", 1), "nobody": "", "two": ask.Encode() + "&client_id=web", "a NUL": "client_id=%00",
	} {
		if w := d.do(http.MethodGet, path+"?"+query, ""); w.Code != http.StatusBadRequest || w.Header().Get("Location") != "" {
			d.t.Errorf("%s = %d to %q", phrase, w.Code, w.Header().Get("Location"))
		}
	}
}

func cidaasUserInfo(d *doors) {
	const path = "/users-srv/userinfo"
	access := d.tokens("shop", "openid", "profile", "groups").AccessToken
	for phrase, w := range map[string]*httptest.ResponseRecorder{
		"GET": d.do(http.MethodGet, path, "", "Authorization", "Bearer "+access), "POST": d.do(http.MethodPost, path, "", "Authorization", "Bearer "+access),
		"a form": d.form(path, []string{"access_token", access}),
	} {
		o := d.object(w, http.StatusOK)
		if o["sub"] != d.ann.String() || o["preferred_username"] != d.demo.User || o["success"] != nil || o["data"] != nil {
			d.t.Errorf("%s = %v", phrase, o)
		}
	}
	d.wantDenied(d.do(http.MethodGet, path, ""))
	d.wantDenied(d.do(http.MethodGet, path+"?access_token="+access, ""))
	d.wantDenied(d.do(http.MethodGet, path, "", "Authorization", "Bearer nonsense"))
	d.wantDenied(d.do(http.MethodGet, path, "", "Authorization", "Bearer "+access[:len(access)-4]+"AAAA"))
	d.wantDenied(d.do(http.MethodGet, path, "", "Authorization", "Bearer "+d.tokens("shop", "openid").IDToken))
	d.wantDenied(d.do(http.MethodGet, path, "", "Authorization", "Bearer "+d.tokens("shop", "profile").AccessToken)) // a scope is missing
	d.wantDenied(d.do(http.MethodGet, path, "", "Authorization", "Bearer "+d.demo.AdminToken))                       // of no person
	d.setActive(false)
	d.wantDenied(d.do(http.MethodGet, path, "", "Authorization", "Bearer "+access))
	d.setActive(true)
}

func cidaasEndSession(d *doors) {
	const path = "/session/end_session"
	out := d.tokens("shop", "openid")
	bye := url.QueryEscape("https://app.test/bye")
	for phrase, c := range map[string]struct{ query, to string }{
		"an ID token":                 {"id_token_hint=" + out.IDToken + "&post_logout_redirect_uri=" + bye, "https://app.test/bye"},
		"an access token":             {"access_token_hint=" + out.AccessToken + "&post_logout_redirect_uri=" + bye + "&state=s", "https://app.test/bye?state=s"},
		"an app":                      {"client_id=shop&post_logout_redirect_uri=" + bye, "https://app.test/bye"},
		"elsewhere":                   {"access_token_hint=" + out.AccessToken + "&post_logout_redirect_uri=https%3A%2F%2Fevil.test", ""},
		"a token that is none":        {"access_token_hint=x.y.z&post_logout_redirect_uri=" + bye, ""},
		"an ID token that was forged": {"id_token_hint=" + out.IDToken[:len(out.IDToken)-4] + "AAAA&post_logout_redirect_uri=" + bye, ""},
		"nothing":                     {"", ""},
	} {
		w := d.do(http.MethodGet, path+"?"+c.query, "")
		if c.to == "" && w.Code != http.StatusOK || c.to != "" && w.Code != http.StatusSeeOther || w.Header().Get("Location") != c.to {
			d.t.Errorf("%s = %d to %q, want %q", phrase, w.Code, w.Header().Get("Location"), c.to)
		}
		if strings.Contains(w.Body.String(), out.AccessToken) {
			d.t.Errorf("%s: the page tells the access token", phrase)
		}
	}
	w := d.form(path, []string{"access_token_hint", out.AccessToken, "post_logout_redirect_uri", "https://app.test/bye"})
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/o/acme/oauth2/logout?") || strings.Contains(to, out.AccessToken) {
		d.t.Errorf("POST = %d to %q", w.Code, to)
	}
}

// cidaasScripts: scripts of an app's origins may read answers, others may not.
func cidaasScripts(d *doors) {
	d.app("script", func(s *identity.AppSettings) {
		public(s)
		s.Type, s.Origins = identity.SPA, []string{"https://app.test"}
	})
	access := d.tokens("script", "openid").AccessToken
	for origin, want := range map[string]string{"https://app.test": "https://app.test", "https://evil.test": ""} {
		w := d.do(http.MethodOptions, "/users-srv/userinfo", "", "Origin", origin, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization")
		if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Authorization") {
			d.t.Errorf("preflight = %d %v", w.Code, w.Header())
		}
		w = d.do(http.MethodGet, "/users-srv/userinfo", "", "Origin", origin, "Authorization", "Bearer "+access)
		if got := w.Header().Get("Access-Control-Allow-Origin"); w.Code != http.StatusOK || got != want {
			d.t.Errorf("%s may read: %d %q, want %q", origin, w.Code, got, want)
		}
		w = d.form("/token-srv/token", []string{"grant_type", "refresh_token", "client_id", "script", "refresh_token", d.tokens("script", "openid").RefreshToken}, "Origin", origin)
		if got := w.Header().Get("Access-Control-Allow-Origin"); w.Code != http.StatusOK || got != want {
			d.t.Errorf("%s may read tokens: %d %q, want %q", origin, w.Code, got, want)
		}
	}
}

func cidaasKeys(d *doors) {
	var all []string
	for _, query := range []string{"", "?client_id=shop"} {
		var set struct {
			Keys []map[string]string `json:"keys"`
		}
		w := d.do(http.MethodGet, "/.well-known/jwks.json"+query, "")
		if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil || len(set.Keys) == 0 {
			d.t.Fatalf("%s = %d %s", query, w.Code, w.Body)
		}
		all = append(all, set.Keys[0]["kid"])
	}
	if all[0] == all[1] {
		d.t.Error("two organisations have one key")
	}
	if o := d.object(d.do(http.MethodGet, "/.well-known/openid-configuration", ""), http.StatusOK); o["issuer"] != doorsURL {
		d.t.Errorf("issuer = %v", o["issuer"])
	}
}

// cidaasSharedName: a client id that two organisations have finds neither.
func cidaasSharedName(d *doors) {
	secret := d.app("twin", func(s *identity.AppSettings) { s.AuthMethod = identity.AuthPost })
	own := []string{"grant_type", "client_credentials", "client_id", "twin", "client_secret", secret}
	d.wantTokens(d.json("/token-srv/token", own))
	d.appOf(d.demo.Other, "twin", nil)
	d.wantOAuth(d.json("/token-srv/token", own), 401, "invalid_client")
}

func TestSeed000WithoutPasswords(t *testing.T) {
	d := openDoors(t, "", false)
	d.wantOAuth(d.form("/token-srv/token", []string{"grant_type", "password", "username", d.demo.User, "password", d.demo.Password}, "Authorization", basic(d.demo.ClientID, d.demo.ClientSecret)), 400, token.Unauthorized)
}
