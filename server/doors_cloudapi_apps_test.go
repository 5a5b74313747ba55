package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/api/vmware"
	"github.com/muster-id/muster/identity"
)

// TestCloudApps are the endpoints on what is no person: sessions, tokens, service
// accounts, and the OpenID provider with its relying parties.
func TestCloudApps(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		t.Run("sessions", func(t *testing.T) { cloudSessions(w.on(t)) })
		t.Run("tokens", func(t *testing.T) { cloudTokens(w.on(t)) })
		t.Run("service accounts", func(t *testing.T) { cloudAccounts(w.on(t)) })
		t.Run("the provider", func(t *testing.T) { cloudOpenID(w.on(t)) })
		t.Run("relying parties", func(t *testing.T) { cloudParties(w.on(t)) })
		t.Run("groups", func(t *testing.T) { cloudGroups(w.on(t)) })
		t.Run("roles", func(t *testing.T) { cloudRoles(w.on(t)) })
		t.Run("lists", func(t *testing.T) { cloudLists(w.on(t)) })
	})
}

// login is a session of ann's.
func (w *cspWorld) login() (bearer, id string) {
	w.t.Helper()
	a := w.do(http.MethodPost, v1+"/sessions", "", "Authorization", basic(w.demo.User+"@acme", w.demo.Password), "Accept", "application/*;version=40.0")
	return a.Header().Get("X-Vmware-Vcloud-Access-Token"), w.text(w.object(a, 200), "id")
}

func cloudSessions(w *cspWorld) {
	bearer, id := w.login()
	w.tokens["login"] = bearer
	_, other := w.login()
	if o := w.object(w.cloud("login", http.MethodGet, v1+"/sessions?filter=id=="+id, ""), 200); o["resultTotal"] != float64(1) {
		w.t.Errorf("one's sessions: %v", o)
	}
	if o := w.object(w.cloud("login", http.MethodGet, v1+"/sessions/"+id, ""), 200); o["id"] != id {
		w.t.Errorf("the session: %v", o)
	}
	if o := w.object(w.cloud("login", http.MethodGet, v1+"/sessions/"+id+"/token", ""), 200); o["token"] != bearer {
		w.t.Errorf("the token: %v", o)
	}
	w.wantCloud(w.cloud("login", http.MethodGet, v1+"/sessions/"+other+"/token", ""), 404, "NOT_FOUND")
	w.wantCloud(w.cloud(vmware.Member, http.MethodGet, v1+"/sessions/"+id, ""), 404, "NOT_FOUND")
	w.wantCloud(w.cloud(vmware.Member, http.MethodDelete, v1+"/sessions/"+id, ""), 404, "NOT_FOUND")
	if o := w.object(w.cloud(vmware.Member, http.MethodGet, v1+"/sessions?filter=user.name=="+w.demo.User, ""), 200); o["resultTotal"] != float64(0) {
		w.t.Errorf("a member sees %v", o)
	}
	if got := w.cloud(vmware.Owner, http.MethodDelete, v1+"/sessions/"+id, "").Code; got != http.StatusNoContent {
		w.t.Errorf("delete = %d", got)
	}
	w.wantCloud(w.cloud("login", http.MethodGet, v1+"/sessions/current", ""), 401, "UNAUTHORIZED")
}

func cloudTokens(w *cspWorld) {
	w.tokens["login"], _ = w.login()
	made := w.object(w.cloud("login", http.MethodPost, v1+"/tokens", `{"name":"terraform"}`), 201)
	id, text := w.text(made, "id"), w.text(made, "token")
	for path, want := range map[string]float64{"?filter=name==terra*": 1, "?filter=" + url.QueryEscape("owner.id==urn:vcloud:user:"+w.ann.String()+";name==terraform"): 1, "?filter=name==other": 0} {
		if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/tokens"+path, ""), 200); o["resultTotal"] != want {
			w.t.Errorf("%s: %v", path, o)
		}
	}
	if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/tokens/"+id, ""), 200); o["token"] != nil || o["name"] != "terraform" || o["type"] != "REFRESH" {
		w.t.Errorf("the token is %v", o)
	}
	w.wantCloud(w.cloud(vmware.Member, http.MethodGet, v1+"/tokens/"+id, ""), 404, "NOT_FOUND")
	w.wantCloud(w.cloud(vmware.Member, http.MethodDelete, v1+"/tokens/"+id, ""), 404, "NOT_FOUND")
	renew := []string{"grant_type", "refresh_token", "refresh_token", text}
	access := w.text(w.wantTokens(w.form("/oauth/tenant/acme/token", renew)), "access_token")
	w.tokens["api"] = access
	if o := w.object(w.cloud("api", http.MethodGet, v1+"/users?pageSize=1", ""), 200); o["resultTotal"].(float64) < 2 {
		w.t.Errorf("by API token: %v", o)
	}
	w.wantCloud(w.cloud("api", http.MethodPost, v1+"/tokens", `{"name":"more"}`), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
	if got := w.cloud("login", http.MethodDelete, v1+"/tokens/"+id, "").Code; got != http.StatusNoContent {
		w.t.Errorf("delete = %d", got)
	}
	if got := w.form("/oauth/tenant/acme/token", renew).Code; got < 400 {
		w.t.Errorf("a deleted token is renewed: %d", got)
	}
	w.wantCloud(w.cloud("api", http.MethodGet, v1+"/sessions/current", ""), 401, "UNAUTHORIZED")
	w.wantCloud(w.cloud("login", http.MethodPost, v1+"/tokens", `{}`), 400, "BAD_REQUEST")
}

func cloudAccounts(w *cspWorld) {
	made := w.object(w.cloud(vmware.Owner, http.MethodPost, v1+"/serviceAccounts", `{"name":"ci","softwareId":"acme/ci","role":{"name":"Service Account"}}`), 201)
	id := w.text(made, "id")
	if role, _ := made["role"].(map[string]any); role["name"] != "Service Account" {
		w.t.Errorf("the role is %v", made["role"])
	}
	o := w.wantTokens(w.form("/oidc/oauth2/token", []string{"grant_type", "client_credentials"}, "Authorization", basic(w.text(made, "clientId"), w.text(made, "clientSecret"))))
	w.tokens["ci"] = w.text(o, "access_token")
	if o := w.object(w.cloud("ci", http.MethodGet, v1+"/users", ""), 200); o["resultTotal"].(float64) < 5 {
		w.t.Errorf("a service account sees %v", o)
	}
	if o := w.object(w.cloud("ci", http.MethodGet, v1+"/sessions/current", ""), 200); o["user"].(map[string]any)["id"] != id {
		w.t.Errorf("its session is of %v", o["user"])
	}
	if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/users/"+id, ""), 200); o["fullName"] != "ci" || o["id"] != id {
		w.t.Errorf("as a user it is %v", o)
	}
	changed := w.object(w.cloud(vmware.Owner, http.MethodPut, v1+"/serviceAccounts/"+id, `{"name":"ci2","role":{"name":"Organization User"}}`), 200)
	if changed["name"] != "ci2" || changed["softwareId"] != "acme/ci" || changed["clientSecret"] != nil {
		w.t.Errorf("changed: %v", changed)
	}
	w.wantCloud(w.cloud("ci", http.MethodDelete, v1+"/users/"+w.ann.String(), ""), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
	if got := w.cloud(vmware.Owner, http.MethodDelete, v1+"/serviceAccounts/"+id, "").Code; got != http.StatusNoContent {
		w.t.Errorf("delete = %d", got)
	}
	w.wantCloud(w.cloud("ci", http.MethodGet, v1+"/users", ""), 401, "UNAUTHORIZED")
	w.wantCloud(w.cloud(vmware.Owner, http.MethodGet, v1+"/serviceAccounts/"+w.shop.ID.String(), ""), 404, "NOT_FOUND")
}

func cloudOpenID(w *cspWorld) {
	o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/openIdProvider", ""), 200)
	if o["wellKnownEndpoint"] != doorsURL+"/o/acme/.well-known/openid-configuration" || o["accessTokenTimeToLive"] != float64(600) || o["activeKey"] == nil {
		w.t.Errorf("the provider is %v", o)
	}
	if o := w.object(w.cloud(vmware.Owner, http.MethodPut, v1+"/openIdProvider", `{"accessTokenTimeToLive":900,"allowHttp":false}`), 200); o["accessTokenTimeToLive"] != float64(900) {
		w.t.Errorf("changed: %v", o)
	}
	for _, body := range []string{`{"allowHttp":true}`, `{"accessTokenTimeToLive":0}`, `{"idTokenTimeToLive":1}`, `{"accessTokenTimeToLive":"x"}`} {
		w.wantCloud(w.cloud(vmware.Owner, http.MethodPut, v1+"/openIdProvider", body), 400, "BAD_REQUEST")
	}
	made := w.object(w.cloud(vmware.Owner, http.MethodPost, v1+"/openIdProvider/keys", `{"algorithm":"ES256"}`), 201)
	key := w.text(made, "id")
	w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/openIdProvider/keys/"+key, ""), 200)
	if got := w.cloud(vmware.Owner, http.MethodDelete, v1+"/openIdProvider/keys/"+key, "").Code; got != http.StatusNoContent {
		w.t.Errorf("delete = %d", got)
	}
	w.wantCloud(w.cloud(vmware.Owner, http.MethodPost, v1+"/openIdProvider/keys", `{"algorithm":"none"}`), 400, "BAD_REQUEST")
}

func cloudParties(w *cspWorld) {
	const path = v1 + "/openIdProvider/relyingParties"
	made := w.object(w.cloud(vmware.Owner, http.MethodPost, path, `{"clientName":"wiki","redirectUris":["https://wiki.test/cb"]}`), 201)
	id, secret := w.text(made, "id"), w.text(made, "clientSecret")
	if o := w.object(w.cloud(vmware.Owner, http.MethodGet, path+"/"+id, ""), 200); o["clientSecret"] != nil || len(o["scope"].([]any)) != 6 {
		w.t.Errorf("the party is %v", o)
	}
	if o := w.object(w.cloud(vmware.Owner, http.MethodGet, path+"?filter=clientName==wiki", ""), 200); o["resultTotal"] != float64(1) {
		w.t.Errorf("listed: %v", o)
	}
	anew := w.object(w.cloud(vmware.Owner, http.MethodPost, path+"/"+id+"/regenerateSecret", ""), 200)
	known := func(secret string) bool {
		form := []string{"grant_type", "authorization_code", "code", "x", "redirect_uri", "https://wiki.test/cb"}
		return strings.Contains(w.form("/oidc/oauth2/token", form, "Authorization", basic(w.text(made, "clientId"), secret)).Body.String(), "invalid_grant")
	}
	if known(secret) || !known(w.text(anew, "clientSecret")) {
		w.t.Error("the old secret still works, or the new one does not")
	}
	if o := w.object(w.cloud(vmware.Owner, http.MethodPut, path+"/"+id, `{"clientName":"wiki2","redirectUris":["https://wiki.test/in"]}`), 200); o["clientName"] != "wiki2" {
		w.t.Errorf("changed: %v", o)
	}
	for _, body := range []string{`{}`, `{"clientName":"x"}`, `{"clientName":"x","redirectUris":["javascript:alert(1)"]}`} {
		w.wantCloud(w.cloud(vmware.Owner, http.MethodPost, path, body), 400, "BAD_REQUEST")
	}
	if got := w.cloud(vmware.Owner, http.MethodDelete, path+"/"+id, "").Code; got != http.StatusNoContent {
		w.t.Errorf("delete = %d", got)
	}
}

func cloudGroups(w *cspWorld) {
	made := w.object(w.cloud(vmware.Owner, http.MethodPost, v1+"/groups", `{"name":"Ops","description":"","orgEntityRef":{"id":"`+w.demo.Org.ID.String()+`"},"roleEntityRef":{"id":"urn:vcloud:role:`+w.role.String()+`"},"providerType":"LDAP"}`), 201)
	id := w.text(made, "id")
	if role, _ := made["roleEntityRef"].(map[string]any); role["name"] != "billing" {
		w.t.Errorf("the role is %v", made["roleEntityRef"])
	}
	who := "urn:vcloud:user:" + w.newUser().String()
	w.object(w.cloud(vmware.Owner, http.MethodPut, v1+"/users/"+who+"/groups", `{"values":[{"id":"`+id+`"},{"id":"urn:vcloud:group:`+w.group.String()+`"}]}`), 200)
	if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/groups/"+id+"/users", ""), 200); first(w.t, o)["id"] != who {
		w.t.Errorf("members: %v", o)
	}
	user := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/users/"+who, ""), 200)
	if refs, _ := user["effectiveRoleEntityRefs"].([]any); len(refs) != 2 || user["inheritGroupRoles"] != true {
		w.t.Errorf("roles through the group: %v", user)
	}
	w.object(w.cloud(vmware.Owner, http.MethodPut, v1+"/users/"+who+"/groups", `[]`), 200)
	if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/groups/"+id+"/users", ""), 200); o["resultTotal"] != float64(0) {
		w.t.Errorf("members after: %v", o)
	}
	if o := w.object(w.cloud(vmware.Owner, http.MethodPut, v1+"/groups/"+id, `{"name":"Operations"}`), 200); o["name"] != "Operations" || o["roleEntityRef"] == nil {
		w.t.Errorf("renamed: %v", o)
	}
	if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/groups?filter=name==Operations", ""), 200); o["resultTotal"] != float64(1) {
		w.t.Errorf("listed: %v", o)
	}
	if got := w.cloud(vmware.Owner, http.MethodDelete, v1+"/groups/"+id, "").Code; got != http.StatusNoContent {
		w.t.Errorf("delete = %d", got)
	}
}

// cloudRoles: permissions of the catalogue are rights of roles.
func cloudRoles(w *cspWorld) {
	p, err := w.h.Access.Permissions.Create(w.t.Context(), w.cli(w.demo.Org), access.Permission{Base: access.Base{Name: "read the wiki", Description: "all of it"}})
	if err != nil {
		w.t.Fatal(err)
	}
	right := "urn:vcloud:right:" + p.ID.String()
	if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/rights/"+right, ""), 200); o["name"] != "read the wiki" || o["description"] != "all of it" {
		w.t.Errorf("the right is %v", o)
	}
	made := w.object(w.cloud(vmware.Owner, http.MethodPost, v1+"/roles", `{"name":"reader","description":"reads"}`), 201)
	path := v1 + "/roles/" + w.text(made, "id")
	o := w.object(w.cloud(vmware.Owner, http.MethodPut, path, `{"name":"Reader","description":"reads the wiki"}`), 200)
	if o["name"] != "Reader" || o["description"] != "reads the wiki" || o["readOnly"] != false {
		w.t.Errorf("the role is %v", o)
	}
	read := w.text(first(w.t, w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/rights?filter=name==apps:read", ""), 200)), "id")
	total := func(a *httptest.ResponseRecorder) any { return w.object(a, 200)["resultTotal"] }
	if n := total(w.cloud(vmware.Owner, http.MethodPost, path+"/rights", `{"values":[{"id":"`+right+`"}]}`)); n != 1.0 {
		w.t.Errorf("%v rights after one", n)
	}
	if n := total(w.cloud(vmware.Owner, http.MethodPost, path+"/rights", `{"values":[{"id":"`+read+`"},{"id":"`+right+`"}]}`)); n != 2.0 {
		w.t.Errorf("%v rights after another", n)
	}
	if n := total(w.cloud(vmware.Owner, http.MethodPut, path+"/rights", `{"values":[{"id":"`+read+`"}]}`)); n != 1.0 {
		w.t.Errorf("%v rights after one alone", n)
	}
	if o := w.object(w.cloud(vmware.Owner, http.MethodGet, path+"/rights?filter=name==apps:read", ""), 200); first(w.t, o)["id"] != read {
		w.t.Errorf("rights: %v", o)
	}
	w.wantCloud(w.cloud(vmware.Owner, http.MethodPut, path, `{"name":"Organization User"}`), 409, "DUPLICATE_NAME")
	w.wantCloud(w.cloud(vmware.Owner, http.MethodPut, path, `{"name":""}`), 400, "BAD_REQUEST")
	if got := w.cloud(vmware.Owner, http.MethodDelete, path, "").Code; got != http.StatusNoContent {
		w.t.Errorf("delete = %d", got)
	}
}

func cloudLists(w *cspWorld) {
	for path, least := range map[string]float64{
		"/rights": 10, "/rightsCategories": 2, "/rightsBundles": 0, "/globalRoles": 3, "/definitions/preferences": 4, "/openIdProvider/keys": 1, "/roles": 5,
	} {
		if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+path, ""), 200); o["resultTotal"].(float64) < least {
			w.t.Errorf("%s: %v", path, o)
		}
	}
	w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/definitions/preferences/internal:theme", ""), 200)
	w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/rightsCategories/urn:vcloud:rightsCategory:6d757374-6572-8000-8000-0000000000c1", ""), 200)
	if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/roles/urn:vcloud:role:"+identity.OrganizationOwner.String()+"/rights?pageSize=128", ""), 200); o["resultTotal"].(float64) < 10 {
		w.t.Errorf("rights of owners: %v", o)
	}
	owned := w.newUser()
	w.app("wiki", func(s *identity.AppSettings) { s.Owners = []string{owned.String()} })
	if got := w.cloud(vmware.Owner, http.MethodPost, v1+"/users/"+owned.String()+"/takeOwnership", "").Code; got != http.StatusNoContent {
		w.t.Errorf("takeOwnership = %d", got)
	}
	a, err := w.h.Apps.Get(w.t.Context(), w.demo.Org.ID, "wiki")
	if err != nil || len(a.Owners) != 1 || a.Owners[0] != w.ann.String() {
		w.t.Errorf("owners %v, %v", a.Owners, err)
	}
}
