package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

const authn = "/idp/acme/authn"

func TestSeed003(t *testing.T) {
	eachDoors(t, true, func(t *testing.T, d *doors) {
		secret := d.app("hid~1", nil)
		post := d.app("hid-post", func(s *identity.AppSettings) { s.AuthMethod = identity.AuthPost })
		for phrase, test := range map[string]func(*doors){
			"H-166":     func(d *doors) { actividToken(d, secret, post) },
			"H-167":     func(d *doors) { actividRefused(d, secret, post) },
			"password":  func(d *doors) { actividPassword(d, secret) },
			"userinfo":  actividUserInfo,
			"discovery": actividDiscovery,
		} {
			t.Run(phrase, func(t *testing.T) { test(d.on(t)) })
		}
		t.Run("second factor", func(t *testing.T) {
			d := d.on(t)
			d.demandSecond()
			d.wantOAuth(d.form(authn+"/token", []string{"grant_type", "password", "username", d.demo.User, "password", d.demo.Password}, "Authorization", basic("hid~1", secret)), 400, "invalid_grant")
		})
	})
}

func actividToken(d *doors, secret, post string) {
	own := []string{"grant_type", "client_credentials"}
	for phrase, w := range map[string]*httptest.ResponseRecorder{
		"Basic":              d.form(authn+"/token", own, "Authorization", basic("hid~1", secret)),
		"Basic, URL-encoded": d.form(authn+"/token", own, "Authorization", basic("hid%7E1", url.QueryEscape(secret))),
		"form fields":        d.form(authn+"/token", append(own, "client_id", "hid-post", "client_secret", post)),
		"the tenant's UUID":  d.form("/idp/"+d.demo.Org.ID.String()+"/authn/token", own, "Authorization", basic("hid~1", secret)),
	} {
		if o := d.wantTokens(w); o["token_type"] != "Bearer" {
			d.t.Errorf("%s: token_type = %v", phrase, o["token_type"])
		}
	}
}

func actividRefused(d *doors, secret, post string) {
	own := []string{"grant_type", "client_credentials"}
	for phrase, w := range map[string]*httptest.ResponseRecorder{
		"a wrong secret":            d.form(authn+"/token", own, "Authorization", basic("hid~1", "wrong")),
		"a wrong secret in fields":  d.form(authn+"/token", append(own, "client_id", "hid-post", "client_secret", "wrong")),
		"nobody":                    d.form(authn+"/token", own),
		"a stranger":                d.form(authn+"/token", own, "Authorization", basic("nobody", "x")),
		"attack 48: another tenant": d.form("/idp/globex/authn/token", own, "Authorization", basic("hid~1", secret)),
	} {
		d.wantOAuth(w, http.StatusBadRequest, "invalid_client")
		if w.Header().Get("WWW-Authenticate") != "" {
			d.t.Errorf("%s: a challenge beside status 400", phrase)
		}
	}
	d.wantOAuth(d.form("/idp/nowhere/authn/token", own, "Authorization", basic("hid~1", secret)), 404, "invalid_request") // attack 49
	d.wantOAuth(d.form("/idp/%00/authn/token", own, "Authorization", basic("hid~1", secret)), 404, "invalid_request")
	d.wantOAuth(d.form(authn+"/token", append(own, "grant_type", "password"), "Authorization", basic("hid~1", secret)), 400, "invalid_request")
	d.wantOAuth(d.form(authn+"/token", append(own, "client_id", "hid-post", "client_secret", post), "Authorization", basic("hid~1", secret)), 400, "invalid_request")
	d.wantOAuth(d.json(authn+"/token", append(own, "client_id", "hid-post", "client_secret", post)), 400, "invalid_request")
	d.wantOAuth(d.form(authn+"/token", []string{"grant_type", strings.Repeat("x", 65<<10)}), 413, "invalid_request")
}

func actividPassword(d *doors, secret string) {
	person := []string{"grant_type", "password", "username", d.demo.User, "scope", "openid", "authType", "AT_EMPPWD", "mode", "SYNCHRONOUS", "password"}
	d.wantTokens(d.form(authn+"/token", append(person, d.demo.Password), "Authorization", basic("hid~1", secret)), "id_token")
	d.wantOAuth(d.form(authn+"/token", append(person, "wrong"), "Authorization", basic("hid~1", secret)), 400, "invalid_grant")
	d.wantOAuth(d.form(authn+"/token", append(person, d.demo.Password), "Authorization", basic("hid~1", "wrong")), 400, "invalid_client")
}

func actividUserInfo(d *doors) {
	access := d.tokens("hid~1", "openid", "profile").AccessToken
	ask := func(path, access string) *httptest.ResponseRecorder {
		return d.do(http.MethodGet, path, "", "Authorization", "Bearer "+access)
	}
	w := ask(authn+"/userinfo", access)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/jwt" {
		d.t.Fatalf("userinfo = %d %v %s", w.Code, w.Header(), w.Body)
	}
	v, err := d.h.Tokens.VerifyOwn(d.t.Context(), d.demo.Org.ID, w.Body.String(), token.TypeUserInfo)
	if err != nil {
		d.t.Fatal(err)
	}
	if c := v.Claims; c["sub"] != d.ann.String() || c["aud"] != "hid~1" || c["iss"] != doorsURL+"/o/acme" || c["preferred_username"] != d.demo.User {
		d.t.Errorf("userinfo = %v", c)
	}
	d.app("chosen", func(s *identity.AppSettings) { s.UserInfoAlg = "ES256" })
	if w := ask(authn+"/userinfo", d.tokens("chosen", "openid").AccessToken); w.Code != http.StatusOK || strings.Count(w.Body.String(), ".") != 2 {
		d.t.Errorf("with an algorithm of its own: %d %s", w.Code, w.Body)
	}
	d.wantOAuth(ask(authn+"/userinfo", "nonsense"), 401, "invalid_token")
	d.wantOAuth(ask("/idp/globex/authn/userinfo", access), 401, "invalid_token") // attack 48
	d.wantOAuth(ask("/idp/nowhere/authn/userinfo", access), 404, "invalid_request")
	d.wantOAuth(ask(authn+"/userinfo", d.demo.AdminToken), 401, "invalid_token")
}

func actividDiscovery(d *doors) {
	o := d.object(d.do(http.MethodGet, authn+"/.well-known/openid-configuration", ""), http.StatusOK)
	if o["issuer"] != doorsURL+"/o/acme" || o["token_endpoint"] != doorsURL+authn+"/token" || o["userinfo_endpoint"] != doorsURL+authn+"/userinfo" {
		d.t.Errorf("metadata = %v", o)
	}
	d.wantOAuth(d.do(http.MethodGet, "/idp/nowhere/authn/.well-known/openid-configuration", ""), 404, "invalid_request")
}

func TestSeed003WithoutPasswords(t *testing.T) {
	d := openDoors(t, "", false)
	w := d.form(authn+"/token", []string{"grant_type", "password", "username", d.demo.User, "password", d.demo.Password}, "Authorization", basic(d.demo.ClientID, d.demo.ClientSecret))
	if w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "access_token") {
		t.Errorf("password grant = %d %s", w.Code, w.Body)
	}
}
