package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/muster-id/muster/api/cloudapi"
	"github.com/muster-id/muster/api/vmware"
	"github.com/muster-id/muster/identity"
)

const v1 = "/cloudapi/1.0.0"

// urnKinds are what the ids in paths name, by the segment before them.
var urnKinds = map[string]string{
	"users": "user", "groups": "group", "orgs": "org", "roles": "role", "rights": "right", "rightsCategories": "rightsCategory",
	"sessions": "session", "tokens": "token", "serviceAccounts": "serviceAccount", "keys": "openIdProviderKey", "relyingParties": "oidcRelyingParty",
}

// cloudPath puts an id into the path of an operation.
func cloudPath(op cloudapi.Operation, id string) string {
	path := strings.ReplaceAll(op.Path, "{classifier}", "internal:none")
	before, _, ok := strings.Cut(path, "/{id}")
	if !ok {
		return path
	}
	kind := urnKinds[before[strings.LastIndexByte(before, '/')+1:]]
	if kind == "" {
		return strings.ReplaceAll(path, "{id}", id) // a classifier
	}
	return strings.ReplaceAll(path, "{id}", "urn:vcloud:"+kind+":"+id)
}

// cloud sends a request of the Tenant Manager as somebody of a kind.
func (w *cspWorld) cloud(k vmware.Kind, method, path, body string, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	if bearer := w.tokens[k]; bearer != "" {
		header = append(header, "Authorization", "bearer "+bearer)
	}
	return w.do(method, path, body, append(header, "Accept", "application/json;version=40.0")...)
}

// TestCloudMatrix asks every operation as every kind of caller, about something
// that there is not: who may use it learns that, and nobody else.
func TestCloudMatrix(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		for _, op := range cloudapi.Operations() {
			platform, owner, member, service := op.Policy()
			for kind, may := range map[vmware.Kind]bool{
				vmware.Platform: platform, vmware.Owner: owner, vmware.Member: member, vmware.Service: service, vmware.Anonymous: false,
			} {
				if may && op.Method == http.MethodDelete && strings.HasSuffix(op.Path, "/sessions/current") {
					continue // the token is needed
				}
				t.Run(op.Method+" "+op.Path+" "+string(kind), func(t *testing.T) {
					w := w.on(t)
					got := w.cloud(kind, op.Method, cloudPath(op, identity.NewID().String()), "{}")
					switch {
					case kind == vmware.Anonymous:
						w.wantCloud(got, http.StatusUnauthorized, "UNAUTHORIZED")
					case !may:
						w.wantCloud(got, http.StatusForbidden, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
					case got.Code == http.StatusUnauthorized, got.Code == http.StatusForbidden && !lately(op):
						t.Errorf("%d %s", got.Code, got.Body)
					}
				})
			}
		}
	})
}

// lately reports whether an operation asks for a sign-in of the last minutes.
func lately(op cloudapi.Operation) bool {
	return op.Method == http.MethodPost && strings.HasSuffix(op.Path, "/tokens")
}

// TestCloudOwn is what members see: what is their own.
func TestCloudOwn(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		self := "urn:vcloud:user:" + w.people[vmware.Member].String()
		other := "urn:vcloud:user:" + w.ann.String()
		total := func(k vmware.Kind, path string) float64 {
			n, _ := w.object(w.cloud(k, http.MethodGet, v1+path, ""), http.StatusOK)["resultTotal"].(float64)
			return n
		}
		for path, want := range map[string]float64{
			"/users": 1, "/orgs": 1, "/roles": 1, "/users/" + self + "/groups": 4, "/preferences": 0,
			"/users?filter=" + url.QueryEscape("id=="+other): 0, "/users?filter=" + url.QueryEscape("username==*,id=="+other): 1,
		} {
			if got := total(vmware.Member, path); got != want {
				t.Errorf("a member sees %v of %s, want %v", got, path, want)
			}
		}
		for _, path := range []string{"/users/" + other, "/users/" + other + "/groups", "/users/" + other + "/preferences"} {
			w.wantCloud(w.cloud(vmware.Member, http.MethodGet, v1+path, ""), 404, "NOT_FOUND")
			if got := w.cloud(vmware.Owner, http.MethodGet, v1+path, "").Code; got != http.StatusOK {
				t.Errorf("an owner: %s = %d", path, got)
			}
		}
		if total(vmware.Owner, "/orgs") != 1 || total(vmware.Platform, "/orgs") < 3 || total(vmware.Owner, "/users") < 5 {
			t.Error("owners see their organisation, the platform sees all")
		}
		put := w.cloud(vmware.Member, http.MethodPut, v1+"/preferences/internal:localLanguage", `{"classifier":"internal:localLanguage","name":"localLanguage","value":"nl"}`)
		if o := w.object(put, 200); o["value"] != "nl" || o["name"] != "localLanguage" {
			t.Errorf("the preference is %v", o)
		}
		for _, path := range []string{v1 + "/preferences", "/cloudapi/vcf/preferences", "/cloudapi/v1/preferences", v1 + "/users/" + self + "/preferences"} {
			if o := first(t, w.object(w.cloud(vmware.Member, http.MethodGet, path, ""), 200)); o["value"] != "nl" {
				t.Errorf("%s: %v", path, o)
			}
		}
		w.wantCloud(w.cloud(vmware.Member, http.MethodPut, v1+"/preferences/internal:theme", `{"value":"Pink"}`), 400, "BAD_REQUEST")
		w.wantCloud(w.cloud(vmware.Member, http.MethodPut, v1+"/preferences/internal:theme", `{"classifier":"a:b","value":"Dark"}`), 400, "BAD_REQUEST")
		w.wantCloud(w.cloud(vmware.Member, http.MethodPut, v1+"/preferences/theme", `{"value":"Dark"}`), 400, "BAD_REQUEST")
	})
}

// TestCloudPassword: people change their own password, and prove that they know
// it.
func TestCloudPassword(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		path := v1 + "/users/urn:vcloud:user:" + w.ann.String() + "/changePassword"
		body := func(now, next string) string { return `{"currentPassword":"` + now + `","newPassword":"` + next + `"}` }
		w.wantCloud(w.cloud(vmware.Member, http.MethodPost, path, body(w.demo.Password, "Correct-horse-8")), 404, "NOT_FOUND")
		w.wantCloud(w.cloud(vmware.Platform, http.MethodPost, path, body(w.demo.Password, "Correct-horse-8"), "X-VMWARE-VCLOUD-TENANT-CONTEXT", w.demo.Org.ID.String()), 404, "NOT_FOUND")
		w.wantCloud(w.cloud(vmware.Owner, http.MethodPost, path, body("wrong", "Correct-horse-8")), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
		w.wantCloud(w.cloud(vmware.Owner, http.MethodPost, path, body("", "Correct-horse-8")), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
		w.wantCloud(w.cloud(vmware.Owner, http.MethodPost, path, body(w.demo.Password, "short")), 400, "BAD_REQUEST")
		w.wantCloud(w.cloud(vmware.Owner, http.MethodPost, path, body(w.demo.Password, w.demo.Password)), 400, "BAD_REQUEST")
		w.wantCloud(w.cloud(vmware.Owner, http.MethodPost, path, body(w.demo.Password, strings.Repeat("a", 129))), 400, "BAD_REQUEST")
		if got := w.cloud(vmware.Owner, http.MethodPost, path, body(w.demo.Password, "Correct-horse-8")); got.Code != http.StatusNoContent {
			t.Fatalf("%d %s", got.Code, got.Body)
		}
		login := func(password string) int {
			return w.do(http.MethodPost, v1+"/sessions", "", "Authorization", basic(w.demo.User+"@acme", password), "Accept", "application/*;version=40.0").Code
		}
		if login(w.demo.Password) != http.StatusUnauthorized || login("Correct-horse-8") != http.StatusOK {
			t.Error("the password is the old one")
		}
	})
}

// TestCloudBadInput: what is wrong is said in the shape of errors.
func TestCloudBadInput(t *testing.T) {
	w := cspWorldOf(openDoors(t, "", true))
	for phrase, query := range map[string]string{
		"a page too large": "pageSize=129", "no page": "page=0", "a negative size": "pageSize=-1", "no number": "page=one", "a huge page": "page=99999999999",
		"twice": "page=1&page=2", "two orders": "sortAsc=username&sortDesc=email", "an order there is not": "sortAsc=roleEntityRefs",
		"an order by id": "sortDesc=id", "an unknown order": "sortAsc=nothing", "a filter by password": "filter=password==a*",
		"a filter by roles": "filter=roleEntityRefs==x", "an unknown name": "filter=userType==x", "no filter": "filter=((", "no escape": "filter=%zz", "no UTF-8": "filter=username==%ff",
	} {
		t.Run(phrase, func(t *testing.T) {
			w := w.on(t)
			w.wantCloud(w.cloud(vmware.Owner, http.MethodGet, v1+"/users?"+query, ""), 400, "BAD_REQUEST")
		})
	}
	t.Run("at the limits", func(t *testing.T) {
		w := w.on(t)
		for _, query := range []string{"pageSize=128", "pageSize=0", "page=1000000&pageSize=128", ""} {
			w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/users?"+query, ""), 200)
		}
	})
	for phrase, body := range map[string]string{
		"no JSON": "{", "another shape": "[]", "no name": "{}", "an empty name": `{"username":""}`, "a number": `{"username":7}`, "locked": `{"username":"x","locked":true}`,
		"a provider": `{"username":"x","providerType":"CARRIER_PIGEON"}`, "a foreign password": `{"username":"x","providerType":"SAML","password":"Correct-horse-7"}`,
		"no such role": `{"username":"x","roleEntityRefs":[{"id":"urn:vcloud:role:6d757374-6572-8000-8000-0000000000ee"}]}`,
		"no role id":   `{"username":"x","roleEntityRefs":[{"id":"urn:vcloud:user:1"}]}`, "no role name": `{"username":"x","roleEntityRefs":[{"name":"Nobody"}]}`,
		"a NUL": `{"username":"x","roleEntityRefs":[{"name":"a\u0000"}]}`,
	} {
		t.Run(phrase, func(t *testing.T) {
			w := w.on(t)
			w.wantCloud(w.cloud(vmware.Owner, http.MethodPost, v1+"/users", body), 400, "BAD_REQUEST")
			if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/users?filter=username==x", ""), 200); o["resultTotal"] != float64(0) {
				t.Error("a user is there all the same")
			}
		})
	}
	for phrase, c := range map[string]struct {
		method, path, body, minor string
		status                    int
	}{
		"a taken name":    {"POST", "/users", `{"username":"` + w.demo.User + `"}`, "DUPLICATE_NAME", 409},
		"a taken role":    {"POST", "/roles", `{"name":"Organization Administrator"}`, "DUPLICATE_NAME", 409},
		"no such path":    {"GET", "/nothing", "", "NOT_FOUND", 404},
		"no such method":  {"DELETE", "/users", "", "NOT_FOUND", 404},
		"no id":           {"GET", "/users/bob", "", "NOT_FOUND", 404},
		"another kind":    {"GET", "/users/urn:vcloud:group:" + w.ann.String(), "", "NOT_FOUND", 404},
		"a built-in role": {"PUT", "/roles/urn:vcloud:role:" + identity.OrganizationOwner.String(), `{"name":"x"}`, "ACCESS_TO_RESOURCE_IS_FORBIDDEN", 403},
		"rights alone":    {"PUT", "/roles/urn:vcloud:role:" + w.role.String() + "/rights", `{"values":[{"id":"urn:vcloud:right:6d757374-6572-8000-8000-000000000022"}]}`, "BAD_REQUEST", 400},
		"disabled":        {"PUT", "/orgs/urn:vcloud:org:" + w.demo.Org.ID.String(), `{"isEnabled":false}`, "BAD_REQUEST", 400},
		"an owner's slug": {"PUT", "/orgs/urn:vcloud:org:" + w.demo.Org.ID.String(), `{"name":"other"}`, "ACCESS_TO_RESOURCE_IS_FORBIDDEN", 403},
		"a large body":    {"POST", "/users", `{"username":"` + strings.Repeat("a", 70000) + `"}`, "BAD_REQUEST", 400},
	} {
		t.Run(phrase, func(t *testing.T) {
			w := w.on(t)
			w.wantCloud(w.cloud(vmware.Owner, c.method, v1+c.path, c.body), c.status, c.minor)
		})
	}
	t.Run("versions", func(t *testing.T) {
		w := w.on(t)
		for accept, want := range map[string]int{
			"application/json;version=40.0": 200, "application/json;version=9.1.0": 200, "application/*;version=40.0": 200, "*/*": 200, "": 200,
			"application/json;version=39.0": 406, "application/json;version=99": 406, "text/html,application/json;version=38.1": 406,
			"application/json;version=37.0, application/json;version=40.0": 200,
		} {
			got := w.do(http.MethodGet, v1+"/users", "", "Authorization", "bearer "+w.tokens[vmware.Owner], "Accept", accept)
			if got.Code != want || !strings.Contains(got.Header().Get("Content-Type"), ";version=") {
				t.Errorf("Accept %q: %d %q", accept, got.Code, got.Header().Get("Content-Type"))
			}
		}
	})
}
