package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/muster-id/muster/identity"
)

const am = "/csp/gateway/am/api"

// wantCSP fails unless an answer is a refusal in the format of the legacy API.
func (d *doors) wantCSP(w *httptest.ResponseRecorder, status int) {
	d.t.Helper()
	o := d.object(w, status)
	if o["statusCode"] != float64(status) || o["message"] == "" || o["errorCode"] == nil || o["requestId"] == "" || o["moduleCode"] == nil {
		d.t.Errorf("no CspErrorResponse: %v", o)
	}
}

func TestSeed002SignIn(t *testing.T) {
	eachDoors(t, true, func(t *testing.T, d *doors) {
		secret := d.app("shop", nil)
		d.app("phone", public)
		for _, row := range []struct {
			name string
			test func(*testing.T, *doors)
		}{
			{"row 1", func(t *testing.T, d *doors) { row1(d, secret) }},
			{"row 2", func(t *testing.T, d *doors) { row2(d) }},
			{"rows 3 and 9", func(t *testing.T, d *doors) { row3(d, secret) }},
			{"row 4", func(t *testing.T, d *doors) { row4(d) }},
			{"row 5", func(t *testing.T, d *doors) { row5(d) }},
			{"row 6", func(t *testing.T, d *doors) { row6(d) }},
			{"row 8", func(t *testing.T, d *doors) { row8(d) }},
			{"row 10", func(t *testing.T, d *doors) { row10(d) }},
			{"row 47", func(t *testing.T, d *doors) { row47(d) }},
		} {
			t.Run(row.name, func(t *testing.T) { row.test(t, d.on(t)) })
		}
	})
}

// wantTokens fails unless an answer is an AccessToken.
func (d *doors) wantTokens(w *httptest.ResponseRecorder, names ...string) map[string]any {
	d.t.Helper()
	o := d.object(w, http.StatusOK)
	for _, name := range append(names, "access_token", "token_type") {
		d.text(o, name)
	}
	if n, _ := o["expires_in"].(float64); n <= 0 || w.Header().Get("Cache-Control") != "no-store" {
		d.t.Errorf("expires_in = %v, Cache-Control %q", o["expires_in"], w.Header().Get("Cache-Control"))
	}
	return o
}

func row1(d *doors, secret string) {
	const path = am + "/auth/token"
	code := []string{"grant_type", "authorization_code", "code", d.code("shop"), "redirect_uri", "https://app.test/cb"}
	w := d.form(path, code, "Authorization", basic("shop", secret))
	o := d.wantTokens(w, "refresh_token", "id_token", "scope")
	if w.Header().Get("Deprecation") != "true" || !strings.Contains(w.Header().Get("Link"), "successor-version") {
		d.t.Errorf("headers %v say nothing of a successor", w.Header())
	}
	d.wantTokens(d.form(path, []string{"grant_type", "refresh_token", "refresh_token", d.text(o, "refresh_token")}, "Authorization", basic("shop", secret)), "refresh_token")
	d.wantTokens(d.form(path, []string{"grant_type", "client_credentials", "org_id", d.demo.Org.ID.String()}, "Authorization", basic("shop", secret)))
	// A public app, as "id:".
	d.wantTokens(d.form(path, []string{"grant_type", "refresh_token", "refresh_token", d.tokens("phone", "openid").RefreshToken}, "Authorization", basic("phone", "")))

	d.wantCSP(d.form(path, code, "Authorization", basic("shop", secret)), 400) // a code is good once
	d.wantCSP(d.form(path, []string{"grant_type", "client_credentials"}), 401)
	d.wantCSP(d.form(path, []string{"grant_type", "client_credentials"}, "Authorization", basic("shop", "wrong")), 401)
	d.wantCSP(d.form(path, []string{"grant_type", "client_credentials"}, "Authorization", basic("nobody", "x")), 401)
	d.wantCSP(d.form(path, []string{"grant_type", "client_credentials"}, "Authorization", basic("no%00body", "x")), 401)
	d.wantCSP(d.form(path, []string{"grant_type", "client_credentials", "grant_type", "password"}, "Authorization", basic("shop", secret)), 400)
	d.wantCSP(d.form(path, []string{"grant_type", strings.Repeat("x", 65<<10)}, "Authorization", basic("shop", secret)), 400)
	d.wantCSP(d.form(path, []string{"grant_type", "client_credentials", "orgId", "a\x00b"}, "Authorization", basic("shop", secret)), 400)
	// Attack 48: an organisation that is not the app's.
	d.wantCSP(d.form(path, []string{"grant_type", "client_credentials", "orgId", d.demo.Other.ID.String()}, "Authorization", basic("shop", secret)), 401)
	// Attack 49: one that is not there at all.
	d.wantCSP(d.form(path, []string{"grant_type", "client_credentials", "orgId", "nowhere"}, "Authorization", basic("shop", secret)), 401)
}

func row2(d *doors) {
	const path = am + "/auth/logout"
	out := d.tokens("shop", "openid")
	o := d.object(d.do(http.MethodPost, path, "", "Ex-Identity-Auth-Token", out.AccessToken), http.StatusOK)
	if o["url"] != doorsURL+"/o/acme/oauth2/logout" {
		d.t.Errorf("url = %v", o["url"])
	}
	d.wantCSP(d.do(http.MethodGet, am+"/userinfo", "", "Csp-Auth-Token", out.AccessToken), 401)
	d.object(d.json(path, []string{"idToken", out.IDToken}), http.StatusOK)
	d.object(d.do(http.MethodPost, path, ""), http.StatusOK) // nothing to end
	d.wantCSP(d.do(http.MethodPost, path, "", "Ex-Identity-Auth-Token", "x.y.z"), 401)
	d.wantCSP(d.json(path, []string{"idToken", out.IDToken + "x"}), 401)
	d.wantCSP(d.json(path, []string{"idToken", d.tokens("shop", "openid").AccessToken}), 401) // attack 28
}

func row3(d *doors, secret string) {
	for _, path := range []string{am + "/auth/authorize", am + "/login/oauth"} {
		d.wantTokens(d.json(path, []string{"grant_type", "client_credentials", "state", "s", "client_id", "shop", "client_secret", secret}))
		d.wantTokens(d.form(path, []string{"grant_type", "client_credentials", "client_id", "shop", "client_secret", secret}))
		// The header wins.
		d.wantTokens(d.json(path, []string{"grant_type", "client_credentials", "client_id", "phone", "client_secret", "wrong"}, "Authorization", basic("shop", secret)))
		d.wantTokens(d.do(http.MethodPost, path+"?grant_type=client_credentials&state=s", "", "Authorization", basic("shop", secret)))
		d.wantTokens(d.json(path, []string{"grant_type", "refresh_token", "client_id", "phone", "refresh_token", d.tokens("phone", "openid").RefreshToken}))
		d.wantCSP(d.json(path, []string{"grant_type", "client_credentials", "client_id", "shop", "client_secret", "wrong"}), 401)
		d.wantCSP(d.do(http.MethodPost, path+"?grant_type=client_credentials&client_id=shop&client_secret="+url.QueryEscape(secret), ""), 401) // no secrets in URLs
		d.wantCSP(d.do(http.MethodPost, path, `{"grant_type":"client_credentials","grant_type":"password"}`), 400)
		d.wantCSP(d.do(http.MethodPost, path, `[]`), 400)
		d.wantCSP(d.json(path, []string{"client_id", "shop", "client_secret", secret}), 400)
	}
}

func row4(d *doors) {
	const path = am + "/auth/api-tokens/authorize"
	first := d.tokens("phone", "openid").RefreshToken
	o := d.wantTokens(d.form(path, []string{"api_token", first}), "refresh_token")
	d.wantTokens(d.json(path, []string{"api_token", d.text(o, "refresh_token")}))
	d.wantTokens(d.json(path, []string{"refresh_token", d.tokens("phone", "openid").RefreshToken}))
	d.wantCSP(d.json(path, nil), 400)
	d.wantCSP(d.json(path, []string{"api_token", "muster_rt_x"}), 400)
	d.wantCSP(d.json(path, []string{"api_token", first[:len(first)-2] + "AA"}), 400)
	d.wantCSP(d.json(path, []string{"api_token", d.tokens("shop", "openid").RefreshToken}), 401) // that of an app with a secret
}

func row5(d *doors) {
	const path = am + "/auth/token-public-key"
	for query, issuer := range map[string]string{"": doorsURL, "?orgId=acme": doorsURL + "/o/acme", "?orgId=" + d.demo.Org.ID.String(): doorsURL + "/o/acme"} {
		o := d.object(d.do(http.MethodGet, path+query, ""), http.StatusOK)
		keys, _ := o["keys"].([]any)
		if len(keys) == 0 || o["issuer"] != issuer || o["alg"] == nil || !strings.HasPrefix(d.text(o, "value"), "-----BEGIN PUBLIC KEY-----") {
			d.t.Errorf("%s: %v", query, o)
		}
		if strings.Contains(fmt.Sprint(o), "PRIVATE") || strings.Contains(fmt.Sprint(keys), " d:") {
			d.t.Errorf("%s tells a private key", query)
		}
	}
	d.wantCSP(d.do(http.MethodGet, path+"?orgId=nowhere", ""), 401)
	d.wantCSP(d.do(http.MethodGet, path+"?orgId=%00", ""), 401)
}

func row6(d *doors) {
	const path = "/oauth/check_id_token"
	out := d.tokens("shop", "openid", "groups")
	check := func(idToken string) *httptest.ResponseRecorder {
		d.t.Helper()
		return d.do(http.MethodGet, path, "", "Authorization", "Bearer "+idToken)
	}
	few := d.object(check(out.IDToken), http.StatusOK)
	if few["context"] != d.demo.Org.ID.String() || few["domain"] != "acme" || few["username"] != d.demo.User || few["sub"] != d.ann.String() || few["aud"] != "shop" {
		d.t.Errorf("check_id_token = %v", few)
	}
	d.app("forum", func(s *identity.AppSettings) { s.Trusted = false })
	stranger := d.object(check(d.tokens("forum", "openid").IDToken), http.StatusOK)
	for _, name := range []string{"username", "email", "given_name", "groups", "group_names", "group_ids"} {
		if v, ok := stranger[name]; ok {
			d.t.Errorf("an app that was given openid alone is told %s = %v", name, v)
		}
	}
	d.manyGroups(101)
	large := d.tokens("shop", "openid", "groups").IDToken
	many := d.object(check(large), http.StatusOK)
	groups, _ := many["groups"].([]any)
	if names, _ := many["group_names"].([]any); len(groups) < 101 || len(names) != len(groups) || many["ovc"] != nil || many["ovl"] != nil {
		d.t.Errorf("%d groups, group_names %v, ovc %v, ovl %v", len(groups), many["group_names"], many["ovc"], many["ovl"])
	}
	d.wantCSP(check(""), 401)
	d.wantCSP(check("x.e30.y"), 401)
	d.wantCSP(check(out.AccessToken), 401) // attack 28
	d.wantCSP(check(large[:len(large)-4]+"AAAA"), 401)
	d.setActive(false)
	d.wantCSP(check(large), 401)
	d.setActive(true)
}

// manyGroups puts ann into as many groups.
func (d *doors) manyGroups(n int) {
	d.t.Helper()
	for i := range n {
		body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"team %03d","members":[{"value":%q}]}`, i, d.ann)
		w := d.do(http.MethodPost, "/scim/v2/Groups", body, "Authorization", "Bearer "+d.demo.Token, "Content-Type", "application/scim+json")
		if w.Code != http.StatusCreated {
			d.t.Fatalf("POST /Groups = %d %s", w.Code, w.Body)
		}
	}
}

func row8(d *doors) {
	const path = am + "/login"
	person := []string{"username", d.demo.User, "password", d.demo.Password, "domain", "acme"}
	o := d.object(d.json(path, person), http.StatusOK)
	if len(o) != 1 {
		d.t.Errorf("login = %v, want cspAuthToken alone", o)
	}
	access := d.text(o, "cspAuthToken")
	me := d.object(d.do(http.MethodGet, am+"/userinfo", "", "Csp-Auth-Token", access), http.StatusOK)
	if me["sub"] != d.ann.String() {
		d.t.Errorf("sub = %v", me["sub"])
	}
	more := d.object(d.json(path+"?access_token", person), http.StatusOK)
	d.wantTokens(d.json(am+"/auth/api-tokens/authorize", []string{"refresh_token", d.text(more, "refresh_token")}))
	// A scope that no login may have.
	d.object(d.json(path, append(person, "scope", "openid muster:admin")), http.StatusOK)

	d.wantCSP(d.json(path, []string{"username", d.demo.User, "password", "wrong", "domain", "acme"}), 400)
	d.wantCSP(d.json(path, []string{"username", "nobody", "password", "wrong", "domain", "acme"}), 400)
	d.wantCSP(d.json(path, []string{"username", d.demo.User, "password", d.demo.Password, "domain", "nowhere"}), 400)
	d.wantCSP(d.json(path, []string{"username", d.demo.User, "password", d.demo.Password, "domain", "globex"}), 403) // legacy block off
	d.wantCSP(d.do(http.MethodPost, path, `{"username":"a\u0000b","password":"x"}`), 400)
	d.wantCSP(d.do(http.MethodPost, path, `{"username":"a","username":"b","password":"x"}`), 400)
	d.wantCSP(d.do(http.MethodPost, path, `{"username":"`+strings.Repeat("x", 65<<10)+`"}`), 400)
	d.wantCSP(d.do(http.MethodPost, path, `{"username":{"$ne":""}}`), 400)
}

func row10(d *doors) {
	for _, path := range []string{am + "/auth/.well-known/openid-configuration", am + "/.well-known/openid-configuration"} {
		o := d.object(d.do(http.MethodGet, path+"?orgId=acme", ""), http.StatusOK)
		for _, name := range strings.Fields("issuer authorization_endpoint token_endpoint userinfo_endpoint jwks_uri end_session_endpoint") {
			if !strings.HasPrefix(d.text(o, name), doorsURL+"/o/acme") {
				d.t.Errorf("%s = %v", name, o[name])
			}
		}
		if list, _ := o["claimsSupported"].([]any); len(list) == 0 {
			d.t.Errorf("claimsSupported = %v", o["claimsSupported"])
		}
		d.object(d.do(http.MethodGet, path, ""), http.StatusOK)
	}
}

func row47(d *doors) {
	const path = am + "/userinfo"
	for phrase, header := range map[string][]string{
		"its own header": {"Csp-Auth-Token", ""}, "Bearer": {"Authorization", "bearer "}, "Tenant Manager": {"X-Vmware-Vcloud-Access-Token", ""},
	} {
		access := d.tokens("shop", "openid", "profile").AccessToken
		o := d.object(d.do(http.MethodGet, path, "", header[0], header[1]+access), http.StatusOK)
		if o["sub"] != d.ann.String() || o["username"] != d.demo.User || o["email_verified"] != nil || o["email"] != nil || o["group_ids"] != nil {
			d.t.Errorf("%s: %v", phrase, o)
		}
	}
	d.wantCSP(d.do(http.MethodGet, path, ""), 401)
	d.wantCSP(d.do(http.MethodGet, path, "", "Authorization", "Bearer nonsense"), 401)
	d.wantCSP(d.do(http.MethodGet, path, "", "Authorization", "Bearer "+d.tokens("shop", "openid").IDToken), 401)
	d.wantCSP(d.do(http.MethodGet, path, "", "Authorization", "Bearer "+d.demo.AdminToken), 403) // of no person
	out := d.tokens("shop", "openid")
	d.setActive(false)
	d.wantCSP(d.do(http.MethodGet, path, "", "Authorization", "Bearer "+out.AccessToken), 401)
	d.setActive(true)
}

func TestLegacyDoorsWithoutPasswords(t *testing.T) {
	eachDoors(t, false, func(t *testing.T, d *doors) {
		d.wantCSP(d.json(am+"/login", []string{"username", d.demo.User, "password", d.demo.Password, "domain", "acme"}), 403)
		d.wantCloud(d.do(http.MethodPost, "/cloudapi/1.0.0/sessions", "", "Authorization", basic(d.demo.User+"@acme", d.demo.Password)), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
	})
}

func TestLegacyDoorsAndSecondFactor(t *testing.T) {
	eachDoors(t, true, func(t *testing.T, d *doors) {
		d.demandSecond()
		d.wantCSP(d.json(am+"/login", []string{"username", d.demo.User, "password", d.demo.Password, "domain", "acme"}), 400)
		d.wantCloud(d.do(http.MethodPost, "/cloudapi/1.0.0/sessions", "", "Authorization", basic(d.demo.User+"@acme", d.demo.Password)), 401, "UNAUTHORIZED")
	})
}
