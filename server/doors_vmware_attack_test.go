package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/muster-id/muster/api/vmware"
	"github.com/muster-id/muster/identity"
)

// TestAttackSeed002 asks every operation of the table about what another
// organisation has: in the path, in the query and in the body.
func TestAttackSeed002(t *testing.T) {
	cases := slices.Concat(cspOrganisationCases(), cspUserCases(), cspLaterCases())
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		foreign := farAway(w)
		for _, op := range vmware.Operations() {
			if op.Policy.Anonymous {
				continue
			}
			i := slices.IndexFunc(cases, func(c cspCase) bool { return c.row == fmt.Sprintf("row-%02d", op.Row) })
			for _, name := range slices.Sorted(mapsKeys(foreign)) {
				if strings.Contains(op.Path, "{"+name+"}") {
					t.Run(fmt.Sprintf("B48 row %d %s in the path", op.Row, name), func(t *testing.T) {
						w := w.on(t)
						body := bodyOf(w, cases[i])
						path := w.fill(op.Path, map[string]string{name: foreign[name]})
						w.noWay(op.Method, path, body)
					})
				}
			}
			t.Run(fmt.Sprintf("B48 row %d in the query", op.Row), func(t *testing.T) {
				w := w.on(t)
				if strings.Contains(op.Path, "{orgId}") {
					path := w.fill(op.Path, map[string]string{"orgId": foreign["orgId"]})
					w.noWay(op.Method, path+"?orgId="+w.demo.Org.ID.String(), bodyOf(w, cases[i])) // the path counts
					return
				}
				path := w.fill(op.Path, nil)
				w.noWay(op.Method, path+"?orgId="+foreign["orgId"], bodyOf(w, cases[i]))
				w.noWay(op.Method, path+"?orgLink="+am+"/orgs/"+foreign["orgId"], bodyOf(w, cases[i]))
			})
		}
		t.Run("B48 in headers", func(t *testing.T) {
			w := w.on(t)
			a := w.as(vmware.Owner, "GET", am+"/v2/loggedin/user/orgs", "", "X-Vmware-Vcloud-Tenant-Context", foreign["orgId"],
				"X-Vmware-Vcloud-Auth-Context", "globex", "X-Tenant-Id", foreign["orgId"], "X-Org", "globex")
			if id, _ := at(w.object(a, 200), "results[].id"); id != w.demo.Org.ID.String() {
				t.Errorf("the organisation is %v", id)
			}
		})
		t.Run("B48 in the body", func(t *testing.T) { foreignBodies(w.on(t), foreign) })
	})
}

func mapsKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// farAway is what stands in globex, by the names of the path.
func farAway(w *cspWorld) map[string]string {
	w.t.Helper()
	w.appOf(w.demo.Other, "bazaar", nil)
	a, err := w.h.Apps.Get(w.t.Context(), w.demo.Other.ID, "bazaar")
	if err != nil {
		w.t.Fatal(err)
	}
	abroad := *w
	other := *w.doors
	other.demo.Org = w.demo.Other
	abroad.doors = &other
	role := abroad.newRole("treasurer", "")
	return map[string]string{
		"orgId": w.demo.Other.ID.String(), "userId": w.far.String(), "groupId": w.afar.String(), "roleId": role.String(),
		"serviceDefinitionId": a.ID.String(), "acct": "ann.arden@globex.example",
	}
}

func bodyOf(w *cspWorld, c cspCase) string {
	if c.body == nil {
		return ""
	}
	return c.body(w)
}

// noWay fails unless a request of an owner is refused, and changes nothing.
func (w *cspWorld) noWay(method, path, body string) {
	w.t.Helper()
	for _, kind := range []vmware.Kind{vmware.Owner, vmware.Member, vmware.Service} {
		before := w.marks()
		a := w.as(kind, method, path, body)
		if a.Code != http.StatusForbidden && a.Code != http.StatusNotFound {
			w.t.Errorf("%s: %s %s = %d %s", kind, method, path, a.Code, a.Body)
		}
		if after := w.marks(); after != before {
			w.t.Errorf("%s: %s %s has changed something", kind, method, path)
		}
		if strings.Contains(a.Body.String(), "globex") || strings.Contains(a.Body.String(), "Globex") {
			w.t.Errorf("%s: %s %s tells of another organisation: %s", kind, method, path, a.Body)
		}
	}
}

// foreignBodies sends what another organisation has in bodies.
func foreignBodies(w *cspWorld, foreign map[string]string) {
	user := w.newUser()
	here := map[string]string{"userId": user.String()}
	const in = am + "/users/{userId}/orgs/{orgId}"
	for _, c := range []struct{ method, path, body string }{
		{"PATCH", in + "/roles", `{"rolesToAdd":[{"id":"{roleId}"}]}`},
		{"PATCH", in + "/roles", `{"roleNamesToAdd":["treasurer"]}`},
		{"PATCH", in + "/roles", `{"roleNamesToAdd":["billing"],"rolesToRemove":[{"id":"{roleId}"}]}`},
		{"PATCH", in + "/service-roles", `{"serviceDefinitionLink":"/csp/gateway/slc/api/definitions/external/{serviceDefinitionId}","roleNamesToAdd":["editor"]}`},
		{"PATCH", am + "/v3/users/{userId}/orgs/{orgId}/roles", `{"organizationRoles":{"roleNamesToAdd":["billing"]},"serviceRoles":[{"serviceDefinitionId":"{serviceDefinitionId}","roleNamesToAdd":["editor"]}]}`},
		{"PATCH", am + "/orgs/{orgId}/groups/{groupId}/roles", `{"organizationRoles":{"rolesToAdd":[{"id":"{roleId}"}]}}`},
		{"PATCH", am + "/loggedin/user/profile", `{"defaultOrgId":"{orgId}","preferredTheme":"Dark"}`},
		{"POST", am + "/loggedin/user/default-org", `{"refLink":"/csp/gateway/am/api/orgs/{orgId}"}`},
	} {
		path, body := w.fill(c.path, here), w.fill(c.body, foreign)
		before := w.marks()
		a := w.as(vmware.Owner, c.method, path, body)
		if a.Code != http.StatusBadRequest && a.Code != http.StatusForbidden && a.Code != http.StatusNotFound {
			w.t.Errorf("%s %s %s = %d %s", c.method, c.path, body, a.Code, a.Body)
		}
		if w.marks() != before || len(w.roles(identity.UserSubject, user)) != 0 {
			w.t.Errorf("%s %s %s has changed something", c.method, c.path, body)
		}
	}
	// Lists of several: what is elsewhere fails, and stays.
	before := w.marks()
	text, err := json.Marshal(map[string]any{"ids": []string{foreign["groupId"], "urn:vcloud:group:" + foreign["groupId"]}})
	if err != nil {
		w.t.Fatal(err)
	}
	a := anyJSON(w, w.as(vmware.Owner, "DELETE", w.fill(am+"/orgs/{orgId}/groups", nil), string(text)))
	if !w.empty(a, "succeeded") {
		w.t.Errorf("deleted: %v", a)
	}
	patch := w.fill(`{"userList":[{"userName":"{acct}","orgRolesUpdateRequest":{"roleNamesToAdd":["billing"]}},{"userName":"{userId}","orgRolesUpdateRequest":{"roleNamesToAdd":["billing"]}}]}`, foreign)
	a = anyJSON(w, w.as(vmware.Owner, "PATCH", w.fill(am+"/orgs/{orgId}/roles", nil), patch))
	if !w.empty(a, "successOrgRolesUsernames") {
		w.t.Errorf("given roles: %v", a)
	}
	for _, find := range []string{`{"email":"globex"}`, `{"domain":"globex","firstName":"a"}`, `{"idpId":"` + foreign["orgId"] + `"}`} {
		a = anyJSON(w, w.as(vmware.Owner, "POST", am+"/v2/users/search", find))
		if !w.empty(a, "results") {
			w.t.Errorf("%s finds %v", find, a)
		}
	}
	if w.marks() != before {
		w.t.Error("something was changed")
	}
}

// empty reports whether a member is a list of nothing.
func (w *cspWorld) empty(v any, path string) bool {
	list, _ := at(v, path)
	all, ok := list.([]any)
	return ok && len(all) == 0
}

// TestAttackSeed002Escalation tries to come by more than one has.
func TestAttackSeed002Escalation(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		me := func(w *cspWorld) string {
			return w.fill(am+"/users/{userId}/orgs/{orgId}/roles", map[string]string{"userId": w.ann.String()})
		}
		t.Run("B52 an owner makes no operator", func(t *testing.T) {
			w := w.on(t)
			for _, body := range []string{`{"roleNamesToAdd":["platform_operator"]}`, `{"rolesToAdd":[{"id":"` + identity.PlatformOperator.String() + `"}]}`} {
				if a := w.as(vmware.Owner, "PATCH", me(w), body); a.Code != http.StatusForbidden {
					t.Errorf("%s = %d %s", body, a.Code, a.Body)
				}
			}
			if got := w.roles(identity.UserSubject, w.ann); !slices.Equal(got, []string{"org_owner"}) {
				t.Errorf("roles %v", got)
			}
		})
		t.Run("B52 the last owner stays", func(t *testing.T) {
			w := w.on(t)
			w.wantCSP(w.as(vmware.Owner, "PATCH", me(w), `{"roleNamesToRemove":["org_owner"]}`), http.StatusConflict)
		})
		t.Run("B51 an app that people only signed in to acts for nobody", func(t *testing.T) {
			w := w.on(t)
			w.app("guest", func(s *identity.AppSettings) { s.Trusted = false })
			access := w.doors.tokens("guest", "openid", "profile", "vcd_idp").AccessToken
			w.wantCSP(w.do("GET", am+"/loggedin/user", "", "Authorization", "Bearer "+access), http.StatusForbidden)
			w.wantCSP(w.do("PATCH", me(w), `{"roleNamesToAdd":["billing"]}`, "Authorization", "Bearer "+access), http.StatusForbidden)
		})
		t.Run("B51 an app without a role is nobody", func(t *testing.T) {
			w := w.on(t)
			o := w.wantTokens(w.form(am+"/auth/token", []string{"grant_type", "client_credentials"}, "Authorization", basic("shop", w.secret)))
			bearer := w.text(o, "access_token")
			w.wantCSP(w.do("GET", am+"/loggedin/user", "", "Authorization", "Bearer "+bearer), http.StatusForbidden)
		})
		t.Run("B51 a narrow token of an owner acts as a member", func(t *testing.T) {
			w := w.on(t)
			header := []string{"Authorization", "Bearer " + w.tokenOf(w.demo.Org, "shop", w.ann, "profile")}
			w.object(w.do("GET", am+"/loggedin/user", "", header...), 200)
			w.wantCSP(w.do("GET", w.fill(am+"/orgs/{orgId}/groups", nil), "", header...), http.StatusForbidden)
			w.wantCSP(w.do("PATCH", w.fill(am+"/orgs/{orgId}", nil), `{"displayName":"x"}`, header...), http.StatusForbidden)
			far := []string{"Authorization", "Bearer " + w.tokenOf(w.root, "console", w.people[vmware.Platform])}
			w.wantCSP(w.do("GET", w.fill(am+"/orgs/{orgId}", nil), "", far...), http.StatusForbidden)
		})
		t.Run("a login by password brings the roles", func(t *testing.T) {
			w := w.on(t)
			o := w.object(w.json(am+"/login", []string{"username", w.demo.User, "password", w.demo.Password, "domain", "acme"}), 200)
			w.object(w.do("GET", w.fill(am+"/orgs/{orgId}/groups", nil), "", "Csp-Auth-Token", w.text(o, "cspAuthToken")), 200)
		})
		t.Run("a member who becomes an owner is one at once, and no longer", func(t *testing.T) {
			w := w.on(t)
			member := w.fill(am+"/users/{userId}/orgs/{orgId}/roles", nil)
			groups := w.fill(am+"/orgs/{orgId}/groups", nil)
			for _, step := range []struct {
				body string
				want int
			}{{`{"roleNamesToAdd":["org_owner"]}`, 200}, {`{"roleNamesToRemove":["org_owner"]}`, 403}} {
				if a := w.as(vmware.Owner, "PATCH", member, step.body); a.Code != 200 {
					t.Fatalf("%d %s", a.Code, a.Body)
				}
				if a := w.as(vmware.Member, "GET", groups, ""); a.Code != step.want {
					t.Errorf("after %s: %d", step.body, a.Code)
				}
			}
		})
	})
}

func TestSeed002BadInput(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		user := map[string]string{"userId": w.newUser().String()}
		const in, v3 = am + "/users/{userId}/orgs/{orgId}", am + "/v3/users/{userId}/orgs/{orgId}"
		part := `{"serviceDefinitionId":"shop","roleNamesToAdd":["editor"` + strings.Repeat(`,"editor"`, 59) + `]}`
		for phrase, c := range map[string]struct{ method, path, body string }{
			"pageLimit of 129":           {"GET", am + "/orgs/{orgId}/users?pageLimit=129", ""},
			"pageLimit of 0":             {"GET", am + "/orgs/{orgId}/users?pageLimit=0", ""},
			"pageStart of 0":             {"GET", am + "/orgs/{orgId}/users?pageStart=0", ""},
			"pageStart that is none":     {"GET", am + "/orgs/{orgId}/groups?pageStart=x", ""},
			"pageStart beyond numbers":   {"GET", am + "/orgs/{orgId}/users?pageStart=99999999999999999999", ""},
			"no JSON":                    {"PATCH", in + "/roles", `{"roleNamesToAdd":`},
			"a list":                     {"PATCH", in + "/roles", `[]`},
			"no body":                    {"PATCH", in + "/roles", ``},
			"two values":                 {"PATCH", in + "/roles", `{}{}`},
			"no UTF-8":                   {"PATCH", in + "/roles", "{\"roleNamesToAdd\":[\"\xff\"]}"},
			"a number for a name":        {"PATCH", in + "/roles", `{"roleNamesToAdd":[7]}`},
			"an unknown role":            {"PATCH", in + "/roles", `{"roleNamesToAdd":["emperor"]}`},
			"a role of a service":        {"PATCH", in + "/roles", `{"roleNamesToAdd":["shop:editor"]}`},
			"a role to add and remove":   {"PATCH", in + "/roles", `{"roleNamesToAdd":["billing"],"roleNamesToRemove":["billing"]}`},
			"an end in the past":         {"PATCH", in + "/roles", `{"rolesToAdd":[{"name":"billing","expiresAt":"2001-01-01T00:00:00Z"}]}`},
			"an end that is no time":     {"PATCH", in + "/roles", `{"rolesToAdd":[{"name":"billing","expiresAt":"soon"}]}`},
			"too many roles":             {"PATCH", in + "/roles", `{"roleNamesToAdd":["x"` + strings.Repeat(`,"x"`, 100) + `]}`},
			"too many roles in parts":    {"PATCH", v3 + "/roles", `{"serviceRoles":[` + part + `,` + part + `]}`},
			"a large body":               {"PATCH", in + "/roles", `{"roleNamesToAdd":["` + strings.Repeat("x", 65<<10) + `"]}`},
			"no service":                 {"PATCH", in + "/service-roles", `{"roleNamesToAdd":["editor"]}`},
			"no users":                   {"PATCH", am + "/orgs/{orgId}/roles", `{"userList":[]}`},
			"no groups":                  {"DELETE", am + "/orgs/{orgId}/groups", `{"ids":[]}`},
			"no display name":            {"PATCH", am + "/orgs/{orgId}", `{"name":"new"}`},
			"a name that is too long":    {"PATCH", am + "/orgs/{orgId}", `{"displayName":"` + strings.Repeat("x", 201) + `"}`},
			"a theme that there is not":  {"PATCH", am + "/loggedin/user/profile", `{"preferredTheme":"Pink"}`},
			"a language that is none":    {"PATCH", am + "/loggedin/user/profile", `{"language":"<b>"}`},
			"no preference":              {"PUT", am + "/loggedin/user/preferences", `{}`},
			"a classifier without scope": {"PUT", am + "/loggedin/user/preferences", `{"classifier":"theme","value":"x"}`},
			"a value that is too long":   {"PUT", am + "/loggedin/user/preferences", `{"classifier":"a:b","value":"` + strings.Repeat("x", 4097) + `"}`},
			"a term that is too long":    {"GET", am + "/orgs/{orgId}/users/search?userSearchTerm=" + strings.Repeat("x", 257), ""},
			"a NUL in a term":            {"GET", am + "/orgs/{orgId}/users/search?userSearchTerm=a%00b", ""},
		} {
			t.Run(phrase, func(t *testing.T) {
				w := w.on(t)
				before := w.marks()
				w.wantCSP(w.as(vmware.Owner, c.method, w.fill(c.path, user), c.body), http.StatusBadRequest)
				if w.marks() != before {
					t.Error("something was changed")
				}
			})
		}
		for phrase, path := range map[string]string{
			"an unknown user": in + "/info", "an unknown group": am + "/orgs/{orgId}/groups/{groupId}/roles", "an unknown role": am + "/orgs/{orgId}/roles/{roleId}",
			"no operation": am + "/nowhere", "a slash too many": in + "/info/", "another case": am + "/ORGS/{orgId}", "a parameter in the path": in + "/info;x=y",
		} {
			t.Run(phrase, func(t *testing.T) {
				w := w.on(t)
				none := identity.NewID().String()
				w.wantCSP(w.as(vmware.Owner, "GET", w.fill(path, map[string]string{"userId": none, "groupId": none, "roleId": none}), ""), http.StatusNotFound)
			})
		}
		t.Run("a filter is no injection", func(t *testing.T) {
			w := w.on(t)
			for _, term := range []string{`%22%20or%20active%20eq%20true`, `%5C`, `%25`} {
				a := w.as(vmware.Owner, "GET", w.fill(am+"/orgs/{orgId}/users/search?userSearchTerm="+term, nil), "")
				if a.Code != 200 || !w.empty(anyJSON(w, a), "results") {
					t.Errorf("%s = %d %s", term, a.Code, a.Body)
				}
			}
		})
	})
}

// TestSeed002Pages walks all users by the links.
func TestSeed002Pages(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		next, seen := w.fill(am+"/orgs/{orgId}/users?pageLimit=7&expandProfile", nil), map[string]bool{}
		for pages := 0; next != ""; pages++ {
			if pages > 20 {
				t.Fatal("the pages do not end")
			}
			a := w.object(w.as(vmware.Member, "GET", next, ""), 200)
			for _, u := range a["results"].([]any) {
				name, _ := at(u, "user.username")
				if seen[name.(string)] {
					t.Errorf("%v stands on two pages", name)
				}
				seen[name.(string)] = true
			}
			if _, ok := a["prevLink"].(string); ok != (pages > 0) {
				t.Errorf("prevLink of page %d = %v", pages, a["prevLink"])
			}
			if next, _ = a["nextLink"].(string); next == "" && a["totalResults"] != float64(len(seen)) {
				t.Errorf("totalResults = %v, seen %d", a["totalResults"], len(seen))
			}
		}
		far := w.object(w.as(vmware.Member, "GET", w.fill(am+"/orgs/{orgId}/users?pageStart=100000", nil), ""), 200)
		if far["nextLink"] != nil || len(far["results"].([]any)) != 0 {
			t.Errorf("beyond the end: %v", far)
		}
	})
}

// TestSeed002Aliases asks older paths as every kind of caller: the policy is that
// of the row.
func TestSeed002Aliases(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		older := map[string]int{
			"GET " + am + "/orgs?org-name=acme": 11, "GET " + am + "/orgs/{orgId}/groups/{groupId}": 20, "GET " + am + "/loggedin/user/orgs": 29,
			"GET /csp/gateway/slc/api/definitions/external/{serviceDefinitionId}":               37,
			"GET /csp/gateway/slc/api/definitions/external/{serviceDefinitionId}/service-roles": 37,
			"POST " + am + "/loggedin/user/default-org":                                         28,
		}
		for _, op := range vmware.Operations() {
			for _, alias := range op.Aliases {
				older[alias] = op.Row
			}
		}
		for alias, row := range older {
			t.Run("B54 "+alias, func(t *testing.T) {
				w, op := w.on(t), vmware.Operations()[row-1]
				if op.Policy.Anonymous {
					t.Skip("asks nobody for a role")
				}
				method, path, _ := strings.Cut(w.fill(alias, nil), " ")
				for _, kind := range vmware.Kinds() {
					want := http.StatusForbidden
					to, body := path, "{}"
					if kind == vmware.Platform && !strings.Contains(alias, "{orgId}") && row != 29 && row != 28 {
						to += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "orgId=" + w.demo.Org.ID.String()
					}
					if row == 28 {
						body = `{"refLink":""}`
					}
					switch {
					case op.Policy.Allows(kind):
						want = http.StatusOK
					case kind == vmware.Anonymous:
						want = http.StatusUnauthorized
					}
					a := w.as(kind, method, to, body)
					if a.Code != want || a.Header().Get("Deprecation") != "true" {
						t.Errorf("%s = %d, want %d: %s", kind, a.Code, want, a.Body)
					}
				}
			})
		}
	})
}

// TestSeed002Policy holds the served table to the one of the door.
func TestSeed002Policy(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		var got struct{ Operations []vmware.Operation }
		a := w.do("GET", am+"/access-policy", "")
		if err := json.Unmarshal(a.Body.Bytes(), &got); err != nil || len(got.Operations) != 53 {
			t.Fatalf("%d operations, %v", len(got.Operations), err)
		}
		for i, op := range got.Operations {
			if op.Row != i+1 || op.Name == "" || op.Path == "" {
				t.Errorf("row %d is %v", i+1, op)
			}
		}
	})
}
