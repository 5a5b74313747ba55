package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/api/vmware"
	"github.com/muster-id/muster/identity"
)

// A cspCase is how a row is asked, and what its answer must be to those who may.
type cspCase struct {
	row   string
	query string // and for operators, who stand in another organisation
	far   string
	body  func(w *cspWorld) string
	path  func(w *cspWorld) map[string]string // values in the path that each cell makes anew
	check func(w *cspWorld, k vmware.Kind, path string, body any)
}

// TestSeed002 asserts the matrix: every row as every kind of caller, allowed with
// an answer of the documented shape, or refused and without effect.
func TestSeed002(t *testing.T) {
	cases := slices.Concat(cspOrganisationCases(), cspUserCases(), cspLaterCases())
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		for _, op := range vmware.Operations() {
			name := fmt.Sprintf("row-%02d", op.Row)
			for _, kind := range vmware.Kinds() {
				t.Run(name+" "+string(kind), func(t *testing.T) {
					w := w.on(t)
					if op.Policy.Anonymous {
						cspOpenRow(w, name, kind)
						return
					}
					i := slices.IndexFunc(cases, func(c cspCase) bool { return c.row == name })
					if i < 0 {
						t.Fatal("the row has no case")
					}
					cell(w, op, cases[i], kind)
				})
			}
		}
	})
}

// cell asserts one cell of the matrix.
func cell(w *cspWorld, op vmware.Operation, c cspCase, kind vmware.Kind) {
	w.t.Helper()
	var values map[string]string
	if c.path != nil {
		values = c.path(w)
	}
	path, query := w.fill(op.Path, values), c.query
	if kind == vmware.Platform {
		query += c.far
	}
	if query != "" {
		path += "?" + w.fill(strings.TrimPrefix(query, "&"), values)
	}
	body := ""
	if c.body != nil {
		body = c.body(w)
	}
	before := w.marks()
	a := w.as(kind, op.Method, path, body)
	switch {
	case op.Policy.Allows(kind):
		if a.Code != http.StatusOK {
			w.t.Fatalf("%s %s = %d %s", op.Method, path, a.Code, a.Body)
		}
		if a.Header().Get("Deprecation") != "true" || len(op.Successors) != len(a.Header()["Link"]) {
			w.t.Errorf("headers %v say nothing of the successors %v", a.Header(), op.Successors)
		}
		c.check(w, kind, w.fill("{userId}{groupId}", values), anyJSON(w, a))
	case kind == vmware.Anonymous:
		w.wantCSP(a, http.StatusUnauthorized)
	default:
		w.wantCSP(a, http.StatusForbidden)
	}
	if after := w.marks(); after != before && !op.Policy.Allows(kind) {
		w.t.Errorf("a refused request has changed something: %v to %v", before, after)
	}
}

// anyJSON reads the body of an answer, nil for none.
func anyJSON(w *cspWorld, a *httptest.ResponseRecorder) any {
	w.t.Helper()
	var v any
	if a.Body.Len() == 0 {
		return nil
	}
	if err := json.Unmarshal(a.Body.Bytes(), &v); err != nil {
		w.t.Fatalf("no JSON: %v: %s", err, a.Body)
	}
	if strings.Contains(strings.ToLower(a.Body.String()), `"password"`) {
		w.t.Errorf("an answer tells of a password: %s", a.Body)
	}
	return v
}

// wants is a check for members.
func wants(paths ...string) func(*cspWorld, vmware.Kind, string, any) {
	return func(w *cspWorld, _ vmware.Kind, _ string, body any) {
		w.t.Helper()
		w.has(body, paths...)
	}
}

// sends is a body that is the same in every cell.
func sends(text string) func(*cspWorld) string {
	return func(w *cspWorld) string { return w.fill(text, nil) }
}

const pagedKeys = "results[] nextLink prevLink totalResults"

func cspOrganisationCases() []cspCase {
	anew := func(w *cspWorld) map[string]string {
		return map[string]string{"groupId": w.newGroup(w.demo.Token, w.t.Name(), w.ann.String()).String()}
	}
	groupKeys := strings.Fields("results[].id results[].displayName results[].domain results[].usersCount results[].groupType")
	paged := strings.Fields(pagedKeys)
	return []cspCase{
		{row: "row-07", query: "&searchTerm=uni", far: "&orgId={orgId}", check: func(w *cspWorld, _ vmware.Kind, _ string, body any) {
			w.has(body, append(groupKeys, paged...)...)
			if n, _ := at(body, "results[].usersCount"); n != 2.0 {
				w.t.Errorf("usersCount = %v, want that of the closure, 2", n)
			}
		}},
		{row: "row-11", check: wants("name", "displayName", "metadata", "id", "refLink", "parentRefLink")},
		{row: "row-12", body: func(w *cspWorld) string {
			return `{"displayName":"Acme ` + w.t.Name()[len(w.t.Name())-5:] + `","name":"x"}`
		},
			check: func(w *cspWorld, k vmware.Kind, _ string, body any) {
				w.has(body, "refLink")
				o, err := w.h.Directory.Organisation(w.t.Context(), w.demo.Org.ID.String())
				if err != nil || o.Name != "Acme "+string(k)[len(k)-5:] || o.Slug != "acme" {
					w.t.Errorf("the organisation is %v, %v", o, err)
				}
			}},
		{row: "row-13", query: "&name=billing,org_owner&expand=false", check: func(w *cspWorld, k vmware.Kind, _ string, body any) {
			for _, key := range strings.Fields("refLink name displayName organizationLink visible orgId expiresAt resource id") {
				w.has(body, "orgRolesData[]."+key)
			}
			if links, _ := at(body, "refLinks"); len(links.([]any)) != 2 {
				w.t.Errorf("refLinks = %v", links)
			}
			plain := anyJSON(w, w.as(k, "GET", w.fill(am+"/orgs/{orgId}/roles", nil), ""))
			if _, ok := at(plain, "orgRolesData"); ok {
				w.t.Error("without expand there is orgRolesData")
			}
		}},
		{row: "row-14", path: func(w *cspWorld) map[string]string { return map[string]string{"userId": w.newUser().String()} },
			body: sends(`{"userList":[{"userName":"sean.omalley@acme.example","orgRolesUpdateRequest":{"roleNamesToAdd":["billing"]}},{"userName":"nobody","orgRolesUpdateRequest":{}}],
				"servicesRolesPatchRequest":{"serviceRolesPatchRequest":[{"serviceId":"{serviceDefinitionId}","roleNamesToAdd":["shop:editor"]}]}}`),
			check: func(w *cspWorld, _ vmware.Kind, _ string, body any) {
				want := map[string]any{
					"successOrgRolesUsernames": []any{"sean.omalley@acme.example"}, "failedOrgRolesUsernames": []any{"nobody"},
					"successServiceRolesUsernames": []any{"sean.omalley@acme.example"}, "failedServiceRolesUsernames": []any{"nobody"},
				}
				if diff := cmp.Diff(want, body); diff != "" {
					w.t.Errorf("(-want +got):\n%s", diff)
				}
				sean, err := w.h.User(w.t.Context(), w.demo.Org, "sean.omalley@acme.example")
				if err != nil || !slices.Equal(w.roles(identity.UserSubject, sean.ID), []string{"billing", "shop:editor"}) {
					w.t.Errorf("roles %v, %v", w.roles(identity.UserSubject, sean.ID), err)
				}
			}},
		{row: "row-15", check: func(w *cspWorld, k vmware.Kind, _ string, body any) {
			w.has(body, strings.Fields("results nextLink prevLink totalResults")...)
			if k == vmware.Platform {
				of := anyJSON(w, w.as(k, "GET", am+"/orgs/"+w.root.ID.String()+"/sub-orgs?pageLimit=1", ""))
				w.has(of, "results[].name", "results[].parentRefLink")
				if next, _ := at(of, "nextLink"); next != am+"/orgs/"+w.root.ID.String()+"/sub-orgs?pageLimit=1&pageStart=2" {
					w.t.Errorf("nextLink = %v", next)
				}
			}
		}},
		{row: "row-16", check: wants(strings.Fields("refLink name displayName organizationLink visible orgId expiresAt resource id")...)},
		{row: "row-17", query: "&groupSearchTerm=UNION", check: wants(groupKeys...)},
		{row: "row-18", path: func(w *cspWorld) map[string]string {
			v := anew(w)
			id, _ := identity.ParseID(v["groupId"])
			w.assign(w.demo.Org, identity.Assignment{Role: w.role, Type: identity.GroupSubject, Subject: id})
			return v
		}, check: wants("organizationRoles[].name", "organizationRoles[].membershipType", "organizationRoles[].orgId", "serviceRoles")},
		{row: "row-19", path: anew, body: sends(`{"organizationRoles":{"roleNamesToAdd":["billing"]},"serviceRoles":[{"serviceDefinitionId":"{serviceDefinitionId}","rolesToAdd":[{"name":"editor","expiresAt":"2999-01-01T00:00:00Z"}]}],"notifyUsersInGroups":true}`),
			check: func(w *cspWorld, _ vmware.Kind, ids string, body any) {
				id, _ := identity.ParseID(ids[36:])
				if got := w.roles(identity.GroupSubject, id); body != nil || !slices.Equal(got, []string{"billing", "shop:editor"}) {
					w.t.Errorf("the group has %v; %v", got, body)
				}
			}},
		{row: "row-20", query: "&pageLimit=1", check: wants(append(groupKeys, append(paged, "results[].organizationRoles", "results[].serviceRoles")...)...)},
		{row: "row-21", body: func(w *cspWorld) string {
			return fmt.Sprintf(`{"ids":[%q,%q],"notifyUsersInGroups":false}`, w.newGroup(w.demo.Token, w.t.Name()), w.afar)
		}, check: func(w *cspWorld, _ vmware.Kind, _ string, body any) {
			w.has(body, "succeeded[]", "failed[]", "failures[].id", "failures[].message")
			if id, _ := at(body, "failed[]"); id != w.afar.String() {
				w.t.Errorf("failed = %v", id)
			}
		}},
		{row: "row-22", query: "&firstName=NN&onlyDirectUsers=false", check: func(w *cspWorld, k vmware.Kind, _ string, body any) {
			w.has(body, append(paged, "results[].username", "results[].userId", "results[].acct", "results[].domain", "results[].idpId", "results[].accessible")...)
			w.person(body, "results", "ann.arden@acme.example")
			only := anyJSON(w, w.as(k, "GET", w.fill(am+"/orgs/{orgId}/groups/{groupId}/users?onlyDirectUsers=true", nil), ""))
			w.person(only, "results", "bjorn.ostergard@acme.example")
		}},
		{row: "row-23", query: "&pageLimit=1&serviceDefinitionId=x&expandProfile", check: typedUsers},
		{row: "row-24", query: "&pageLimit=1&includeGroupIdsInRoles&expandProfile=false", check: typedUsers},
		{row: "row-25", query: "&userSearchTerm=ARDEN", check: func(w *cspWorld, k vmware.Kind, _ string, body any) {
			w.has(body, "results[].user.username", "results[].orgId")
			w.rolesShown(k, body)
			all := anyJSON(w, w.as(k, "GET", w.fill(am+"/orgs/{orgId}/users/search?userSearchTerm=*", nil), ""))
			if list, _ := at(all, "results"); len(list.([]any)) != 20 {
				w.t.Errorf("a search finds %d, want 20", len(list.([]any)))
			}
		}},
	}
}

// person fails unless a list of users holds one alone.
func (w *cspWorld) person(body any, list, name string) {
	w.t.Helper()
	v, _ := at(body, list)
	all, _ := v.([]any)
	if got, _ := at(body, list+"[].username"); len(all) != 1 || got != name {
		w.t.Errorf("%s = %v, want %s alone", list, v, name)
	}
}

// rolesShown fails unless a list of users tells of roles to those who may know of
// them, and to nobody else.
func (w *cspWorld) rolesShown(k vmware.Kind, body any) {
	w.t.Helper()
	_, shown := at(body, "results[].organizationRoles[].name")
	if may := k == vmware.Platform || k == vmware.Owner; shown != may {
		w.t.Errorf("roles are shown: %v, want %v", shown, may)
	}
}

func typedUsers(w *cspWorld, k vmware.Kind, _ string, body any) {
	w.t.Helper()
	w.has(body, append(strings.Fields(pagedKeys), "results[].user.username", "results[].user.userId", "results[].user.userProfile.locale",
		"results[].orgId", "results[].organizationRoles", "results[].serviceRoles")...)
	w.rolesShown(k, body)
}
