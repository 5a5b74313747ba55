package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/identity"
)

// wantCloud fails unless an answer is a refusal of the Tenant Manager.
func (d *doors) wantCloud(w *httptest.ResponseRecorder, status int, minor string) {
	d.t.Helper()
	o := d.object(w, status)
	if _, ok := o["stackTrace"]; !ok || o["minorErrorCode"] != minor || o["message"] == "" {
		d.t.Errorf("not %s: %v", minor, o)
	}
}

func TestCloudSignIn(t *testing.T) {
	eachDoors(t, true, func(t *testing.T, d *doors) {
		secret := d.app("shop", nil)
		t.Run("analogues", func(t *testing.T) { analogues(d.on(t), secret) })
		t.Run("sessions", func(t *testing.T) { cloudSession(d.on(t)) })
		t.Run("API tokens", func(t *testing.T) { apiToken(d.on(t)) })
	})
}

// analogues are the endpoints of the Tenant Manager that take the rows' place.
func analogues(d *doors, secret string) {
	d.wantTokens(d.form("/oidc/oauth2/token", []string{"grant_type", "client_credentials"}, "Authorization", basic("shop", secret)))
	w := d.form("/oidc/oauth2/token", []string{"grant_type", "client_credentials"}, "Authorization", basic("shop", "wrong"))
	if o := d.object(w, 401); o["error"] != "invalid_client" {
		d.t.Errorf("a wrong secret: %v", o)
	}
	for _, query := range []string{"?orgId=acme", ""} {
		if keys, _ := d.object(d.do(http.MethodGet, "/oidc/oauth2/jwks"+query, ""), 200)["keys"].([]any); len(keys) == 0 {
			d.t.Errorf("no keys%s", query)
		}
	}
	if o := d.object(d.do(http.MethodGet, "/oidc/.well-known/openid-configuration?orgId=acme", ""), 200); o["issuer"] != doorsURL+"/o/acme" {
		d.t.Errorf("issuer = %v", o["issuer"])
	}
	access := d.tokens("shop", "openid", "profile").AccessToken
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if o := d.object(d.do(method, "/oidc/userinfo", "", "Authorization", "bearer "+access), 200); o["sub"] != d.ann.String() {
			d.t.Errorf("userinfo = %v", o)
		}
	}
	d.wantCloud(d.do(http.MethodGet, "/oidc/userinfo", ""), 401, "UNAUTHORIZED")
	ask := url.Values{"client_id": {"shop"}, "response_type": {"code"}, "redirect_uri": {"https://app.test/cb"}, "scope": {"openid"}}
	w = d.do(http.MethodGet, "/oidc/oauth2/authorize?"+ask.Encode(), "")
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/o/acme/") {
		d.t.Errorf("authorize = %d to %q", w.Code, to)
	}
	w = d.do(http.MethodPost, "/oidc/oauth2/authorize?client_id=demo-admin", ask.Encode(), "Content-Type", formKind)
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/o/acme/") {
		d.t.Errorf("authorize by POST = %d to %q", w.Code, to)
	}
	ask.Set("client_id", "nobody")
	if w = d.do(http.MethodGet, "/oidc/oauth2/authorize?"+ask.Encode(), ""); w.Code != http.StatusBadRequest || w.Header().Get("Location") != "" {
		d.t.Errorf("authorize of a stranger = %d %v", w.Code, w.Header())
	}
}

func cloudSession(d *doors) {
	const path = "/cloudapi/1.0.0/sessions"
	w := d.do(http.MethodPost, path, "", "Authorization", basic(d.demo.User+"@acme", d.demo.Password), "Accept", "application/*;version=40.0")
	o := d.object(w, http.StatusOK)
	access := w.Header().Get("X-Vmware-Vcloud-Access-Token")
	if access == "" || w.Header().Get("X-Vmware-Vcloud-Token-Type") != "Bearer" || w.Header().Get("Content-Type") != "application/json;version=40.0" {
		d.t.Errorf("headers %v", w.Header())
	}
	user := map[string]any{"name": d.demo.User, "id": "urn:vcloud:user:" + d.ann.String()}
	org := map[string]any{"name": "acme", "id": "urn:vcloud:org:" + d.demo.Org.ID.String()}
	now := d.object(d.do(http.MethodGet, path+"/current", "", "X-Vmware-Vcloud-Access-Token", access), http.StatusOK)
	for _, s := range []map[string]any{o, now} {
		if diff := cmp.Diff([]any{user, org, o["id"]}, []any{s["user"], s["org"], s["id"]}); diff != "" {
			d.t.Errorf("session (-want +got):\n%s", diff)
		}
	}
	if w := d.do(http.MethodDelete, path+"/current", "", "Authorization", "bearer "+access); w.Code != http.StatusNoContent {
		d.t.Errorf("DELETE = %d %s", w.Code, w.Body)
	}
	d.wantCloud(d.do(http.MethodGet, path+"/current", "", "Authorization", "bearer "+access), 401, "UNAUTHORIZED")
	for phrase, header := range map[string]string{
		"a wrong password": basic(d.demo.User+"@acme", "wrong"), "no organisation": basic("ann", d.demo.Password),
		"another organisation": basic(d.demo.User+"@nowhere", d.demo.Password), "a NUL": basic("a\x00@acme", "x"), "a NUL behind": basic("a@ac\x00me", "x"),
		"no UTF-8": basic("a\xff@acme", "x"), "Bearer": "Bearer x", "nothing": "",
	} {
		if w := d.do(http.MethodPost, path, "", "Authorization", header); w.Code != http.StatusUnauthorized {
			d.t.Errorf("%s = %d %s", phrase, w.Code, w.Body)
		}
	}
	d.wantCloud(d.do(http.MethodPost, path+"/provider", "", "Authorization", basic("ann@system", "x")), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
}

func apiToken(d *doors) {
	w := d.do(http.MethodPost, "/cloudapi/1.0.0/sessions", "", "Authorization", basic(d.demo.User+"@acme", d.demo.Password))
	bearer := w.Header().Get("X-Vmware-Vcloud-Access-Token")
	const register, path = "/oauth/tenant/acme/register", "/oauth/tenant/acme/token"
	made := d.object(d.json(register, []string{"client_name", "terraform"}, "Authorization", "bearer "+bearer), 200)
	client := d.text(made, "client_id")
	assertion := []string{"grant_type", identity.GrantJWTBearer, "assertion", bearer, "client_id", client}
	text := d.text(d.wantTokens(d.form(path, assertion)), "refresh_token")
	for range 3 { // an API token stays what it is
		o := d.wantTokens(d.form(path, []string{"grant_type", "refresh_token", "refresh_token", text}))
		if o["refresh_token"] != text {
			d.t.Errorf("the API token became %v", o["refresh_token"])
		}
	}
	d.wantTokens(d.json(am+"/auth/api-tokens/authorize", []string{"api_token", text}))
	// The provider itself wants a secret that nobody has.
	if o := d.object(d.form("/o/acme/oauth2/token", []string{"grant_type", "refresh_token", "refresh_token", text, "client_id", client}), 401); o["error"] != "invalid_client" {
		d.t.Errorf("at the provider: %v", o)
	}
	// Tokens of apps that are not the organisation's own make no API tokens.
	d.app("guest", func(s *identity.AppSettings) { s.Trusted = false })
	guest := d.tokens("guest", "openid").AccessToken
	d.wantCloud(d.json(register, []string{"client_name", "x"}, "Authorization", "bearer "+guest), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
	d.wantCloud(d.form(path, []string{"grant_type", identity.GrantJWTBearer, "assertion", guest, "client_id", client}), 401, "UNAUTHORIZED")
	d.wantCloud(d.form(path, []string{"grant_type", identity.GrantJWTBearer, "assertion", bearer, "client_id", "shop"}), 401, "UNAUTHORIZED")
	d.wantCloud(d.json(register, nil, "Authorization", "bearer "+bearer), 400, "BAD_REQUEST")
	d.wantCloud(d.json(register, []string{"client_name", "x"}), 401, "UNAUTHORIZED")
	// Attack 48: another organisation.
	d.wantCloud(d.json("/oauth/tenant/globex/register", []string{"client_name", "x"}, "Authorization", "bearer "+bearer), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
	for _, place := range []string{"/oauth/tenant/globex/token", "/oauth/provider/token", "/oauth/tenant/nowhere/token"} {
		d.wantCloud(d.form(place, []string{"grant_type", "refresh_token", "refresh_token", text}), 401, "UNAUTHORIZED")
		d.wantCloud(d.form(place, assertion), 401, "UNAUTHORIZED")
	}
	if o := d.object(d.form(path, []string{"grant_type", "refresh_token", "refresh_token", "muster_rt_x"}), 400); o["error"] != "invalid_grant" || o["minorErrorCode"] != "BAD_REQUEST" {
		d.t.Errorf("no refresh token: %v", o)
	}
	d.setActive(false)
	if o := d.object(d.form(path, []string{"grant_type", "refresh_token", "refresh_token", text}), 400); o["error"] != "invalid_grant" {
		d.t.Errorf("of somebody who left: %v", o)
	}
	d.setActive(true)
}
