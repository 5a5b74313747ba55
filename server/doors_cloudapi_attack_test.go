package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/api/cloudapi"
	"github.com/muster-id/muster/api/vmware"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/token"
)

// globexIDs are what globex has, by the segment of paths before the id.
func globexIDs(w *cspWorld) map[string]string {
	w.t.Helper()
	ctx := w.t.Context()
	role, err := w.h.Access.Roles.Create(ctx, w.cli(w.demo.Other), access.Role{Base: access.Base{Name: "far role"}})
	if err != nil {
		w.t.Fatal(err)
	}
	permission, err := w.h.Access.Permissions.Create(ctx, w.cli(w.demo.Other), access.Permission{Base: access.Base{Name: "far permission"}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.appOf(w.demo.Other, "far-shop", nil)
	shop, err := w.h.Apps.Get(ctx, w.demo.Other.ID, "far-shop")
	if err != nil {
		w.t.Fatal(err)
	}
	robot, _, err := w.h.Apps.Create(ctx, w.cli(w.demo.Other), w.demo.Other.ID, app.NewApp{ClientID: "far-robot", AppSettings: identity.AppSettings{
		Name: "far robot", Type: identity.ServiceApp, GrantTypes: []string{identity.GrantClientCredentials},
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	ids := map[string]string{
		"users": w.far.String(), "groups": w.afar.String(), "orgs": w.demo.Other.ID.String(), "roles": role.ID.String(),
		"rights": permission.ID.String(), "relyingParties": shop.ID.String(), "serviceAccounts": robot.ID.String(), "rightsCategories": identity.NewID().String(),
	}
	for _, refresh := range []bool{true, false} {
		res, err := w.h.Tokens.Issue(ctx, token.Request{Org: w.demo.Other, App: shop, Authorization: token.Authorization{
			App: shop.ID, User: w.far, Scopes: []string{"openid"}, Refresh: refresh, Offline: refresh,
		}})
		if err != nil {
			w.t.Fatal(err)
		}
		if ids["sessions"] = res.Grant.String(); refresh {
			ids["tokens"] = res.Grant.String()
		}
	}
	keys, err := w.h.Tokens.ListKeys(ctx, w.cli(w.demo.Other), w.demo.Other.ID)
	if err != nil || len(keys) == 0 {
		w.t.Fatalf("keys of globex: %v %v", keys, err)
	}
	ids["keys"] = keys[0].ID
	return ids
}

// refusedCloud fails unless an answer gives nothing away.
func (w *cspWorld) refusedCloud(a *httptest.ResponseRecorder) {
	w.t.Helper()
	if a.Code != http.StatusNotFound && a.Code != http.StatusForbidden || strings.Contains(a.Body.String(), "globex") || strings.Contains(a.Body.String(), "far ") {
		w.t.Errorf("%d %s", a.Code, a.Body)
	}
}

// TestAttackCloud asks every operation of the table about what another
// organisation has.
func TestAttackCloud(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		foreign := globexIDs(w)
		before := w.h.DB.Mark(w.demo.Other.ID)
		for _, op := range cloudapi.Operations() {
			platform, owner, _, _ := op.Policy()
			for _, kind := range []vmware.Kind{vmware.Owner, vmware.Member, vmware.Service} {
				if head, _, ok := strings.Cut(op.Path, "/{id}"); ok {
					segment := head[strings.LastIndexByte(head, '/')+1:]
					id, known := foreign[segment]
					if !known {
						continue // definitions are the same everywhere
					}
					t.Run(fmt.Sprintf("A48 %s %s in the path as %s", op.Method, op.Path, kind), func(t *testing.T) {
						w := w.on(t)
						w.refusedCloud(w.cloud(kind, op.Method, cloudPath(op, id), `{"name":"taken","values":[]}`))
						bare := strings.Replace(strings.ReplaceAll(op.Path, "{classifier}", "a:b"), "{id}", id, 1)
						w.refusedCloud(w.cloud(kind, op.Method, bare, `{"name":"taken","values":[]}`))
					})
				}
				t.Run(fmt.Sprintf("A48 %s %s in the context as %s", op.Method, op.Path, kind), func(t *testing.T) {
					w := w.on(t)
					for _, header := range [][]string{
						{"X-VMWARE-VCLOUD-TENANT-CONTEXT", foreign["orgs"]}, {"X-VMWARE-VCLOUD-TENANT-CONTEXT", "urn:vcloud:org:" + foreign["orgs"]},
						{"X-VMWARE-VCLOUD-AUTH-CONTEXT", "globex"}, {"X-VMWARE-VCLOUD-TENANT-CONTEXT", w.root.ID.String()},
						{"X-VMWARE-VCLOUD-TENANT-CONTEXT", identity.NewID().String()}, {"X-VMWARE-VCLOUD-TENANT-CONTEXT", "\xff"},
					} {
						w.wantCloud(w.cloud(kind, op.Method, cloudPath(op, identity.NewID().String()), "{}", header...), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
					}
				})
			}
			if !platform || !owner && op.Perm != identity.OrganisationsWrite {
				t.Errorf("%s %s: not even for the platform", op.Method, op.Path)
			}
		}
		if w.h.DB.Mark(w.demo.Other.ID) != before {
			t.Error("something was written to globex")
		}
		t.Run("A48 in the query", func(t *testing.T) { foreignQueries(w.on(t), foreign) })
		t.Run("A48 in the body", func(t *testing.T) { foreignCloudBodies(w.on(t), foreign) })
		t.Run("a provider in a tenant", func(t *testing.T) { cloudProvider(w.on(t), foreign) })
	})
}

// foreignQueries: filters find nothing of other organisations.
func foreignQueries(w *cspWorld, foreign map[string]string) {
	for path, filter := range map[string]string{
		"/users": "id==urn:vcloud:user:" + foreign["users"], "/groups": "id==" + foreign["groups"], "/orgs": "name==globex",
		"/roles": "name==far*", "/rights": "name==far*", "/openIdProvider/relyingParties": "clientName==far*", "/serviceAccounts": "name==far*",
		"/tokens": "owner.id==urn:vcloud:user:" + foreign["users"], "/sessions": "user.id==urn:vcloud:user:" + foreign["users"],
	} {
		if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+path+"?"+url.Values{"filter": {filter}}.Encode(), ""), 200); o["resultTotal"] != float64(0) {
			w.t.Errorf("%s: %v", path, o)
		}
	}
	for _, path := range []string{"/users", "/groups"} {
		o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+path+"?filter=_context==urn:vcloud:org:"+foreign["orgs"], ""), 200)
		if o["resultTotal"] != float64(0) {
			w.t.Errorf("%s in the context of globex: %v", path, o)
		}
	}
}

// foreignCloudBodies: references to what other organisations have are refused,
// and nothing is half written.
func foreignCloudBodies(w *cspWorld, foreign map[string]string) {
	self := v1 + "/users/" + w.people[vmware.Member].String()
	role := v1 + "/roles/" + w.role.String()
	for phrase, c := range map[string][3]string{
		"an organisation":      {"POST", v1 + "/users", `{"username":"new","orgEntityRef":{"id":"urn:vcloud:org:` + foreign["orgs"] + `"}}`},
		"a role of a user":     {"PUT", self, `{"email":"x@y.example","roleEntityRefs":[{"id":"urn:vcloud:role:` + foreign["roles"] + `"}]}`},
		"a role by name":       {"PUT", self, `{"roleEntityRefs":[{"name":"far role"}]}`},
		"a group of a user":    {"PUT", self + "/groups", `{"values":[{"id":"urn:vcloud:group:` + foreign["groups"] + `"}]}`},
		"a role of a group":    {"PUT", v1 + "/groups/" + w.group.String(), `{"name":"n","roleEntityRef":{"id":"` + foreign["roles"] + `"}}`},
		"a group's home":       {"PUT", v1 + "/groups/" + w.group.String(), `{"name":"n","orgEntityRef":{"id":"` + foreign["orgs"] + `"}}`},
		"a right of a role":    {"POST", role + "/rights", `{"values":[{"id":"urn:vcloud:right:` + foreign["rights"] + `"}]}`},
		"all rights of a role": {"PUT", role + "/rights", `[{"id":"` + foreign["rights"] + `"}]`},
		"a service account":    {"POST", v1 + "/serviceAccounts", `{"name":"n","org":{"id":"` + foreign["orgs"] + `"}}`},
	} {
		before := w.changes()
		a := w.cloud(vmware.Owner, c[0], c[1], c[2])
		if a.Code != http.StatusBadRequest && a.Code != http.StatusNotFound {
			w.t.Errorf("%s: %d %s", phrase, a.Code, a.Body)
		}
		if after := w.changes(); after != before {
			w.t.Errorf("%s: %d changes, before %d", phrase, after, before)
		}
	}
	a := w.cloud(vmware.Owner, http.MethodPost, v1+"/users", `{"username":"halfway","roleEntityRefs":[{"id":"urn:vcloud:role:`+foreign["roles"]+`"}]}`)
	w.wantCloud(a, 400, "BAD_REQUEST")
	if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/users?filter=username==halfway", ""), 200); o["resultTotal"] != float64(0) {
		w.t.Error("a user stays without the role")
	}
	user := v1 + "/users/urn:vcloud:user:" + w.newUser().String()
	w.wantCloud(w.cloud(vmware.Owner, http.MethodPut, user, `{"givenName":"Halfway","password":"a\u0000 that-cannot-be"}`), 400, "BAD_REQUEST")
	if o := w.object(w.cloud(vmware.Owner, http.MethodGet, user, ""), 200); o["givenName"] != "" {
		w.t.Errorf("a password that was refused left %v", o)
	}
	mark := w.h.DB.Mark(w.demo.Org.ID)
	if a := w.cloud(vmware.Owner, http.MethodPut, user, `{"password":"Correct-horse-9"}`); a.Code != 200 || w.h.DB.Mark(w.demo.Org.ID) == mark {
		w.t.Errorf("a new password alone: %d %s", a.Code, a.Body)
	}
}

// cloudProvider: a provider acts in the tenant that the context names, and sees
// nothing else there.
func cloudProvider(w *cspWorld, foreign map[string]string) {
	in := []string{"X-VMWARE-VCLOUD-TENANT-CONTEXT", foreign["orgs"], "X-VMWARE-VCLOUD-AUTH-CONTEXT", "globex"}
	o := w.object(w.cloud(vmware.Platform, http.MethodGet, v1+"/users/urn:vcloud:user:"+foreign["users"], "", in...), 200)
	if org, _ := o["orgEntityRef"].(map[string]any); org["name"] != "globex" {
		w.t.Errorf("the user is of %v", org)
	}
	w.wantCloud(w.cloud(vmware.Platform, http.MethodGet, v1+"/users/"+w.ann.String(), "", in...), 404, "NOT_FOUND")
	w.wantCloud(w.cloud(vmware.Platform, http.MethodGet, v1+"/users", "", "X-VMWARE-VCLOUD-TENANT-CONTEXT", foreign["orgs"], "X-VMWARE-VCLOUD-AUTH-CONTEXT", "acme"), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
	made := w.object(w.cloud(vmware.Platform, http.MethodPost, v1+"/orgs", `{"name":"initech","displayName":"Initech"}`), 201)
	path := v1 + "/orgs/" + w.text(made, "id")
	if o := w.object(w.cloud(vmware.Platform, http.MethodPut, path, `{"name":"initech","displayName":"Initech Inc"}`), 200); o["displayName"] != "Initech Inc" || o["isEnabled"] != true {
		w.t.Errorf("the organisation is %v", o)
	}
	w.wantCloud(w.cloud(vmware.Platform, http.MethodPost, v1+"/orgs", `{"name":"initech"}`), 409, "DUPLICATE_NAME")
	w.wantCloud(w.cloud(vmware.Platform, http.MethodDelete, v1+"/orgs/"+w.root.ID.String(), ""), 409, "DUPLICATE_NAME")
	if got := w.cloud(vmware.Platform, http.MethodDelete, path, ""); got.Code != http.StatusNoContent {
		w.t.Errorf("delete = %d %s", got.Code, got.Body)
	}
}

// TestAttackCloudEscalation: nobody gets more than they have by roleEntityRefs or
// by the rights of a role, and the last owner stays (attack 52).
func TestAttackCloudEscalation(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		clerk, owners := w.newUser(), w.newGroup(w.demo.Token, "Owners")
		keeper := w.limited("keeper", identity.AccessRead, identity.AccessWrite, identity.ResourcesRead, identity.ResourcesWrite)
		w.assign(w.demo.Org, identity.Assignment{Role: keeper, Type: identity.UserSubject, Subject: clerk})
		w.tokens["clerk"] = w.tokenOf(w.demo.Org, "shop", clerk)
		role := func(id identity.ID) string {
			return `{"roleEntityRefs":[{"id":"urn:vcloud:role:` + id.String() + `"}]}`
		}
		of := func(id identity.ID) string { return v1 + "/users/urn:vcloud:user:" + id.String() }
		right := func(name string) string {
			o := first(t, w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/rights?filter=name=="+name, ""), 200))
			return w.text(o, "id")
		}
		rights := func(names ...string) string {
			var list []string
			for _, n := range names {
				list = append(list, `{"id":"`+right(n)+`"}`)
			}
			return `{"values":[` + strings.Join(list, ",") + `]}`
		}
		rolePath := v1 + "/roles/urn:vcloud:role:" + keeper.String() + "/rights"
		w.assign(w.demo.Org, identity.Assignment{Role: identity.OrganizationOwner, Type: identity.GroupSubject, Subject: owners})
		for phrase, c := range map[string]struct {
			kind               vmware.Kind
			method, path, body string
		}{
			"A52 a clerk joins a group of owners":       {"clerk", "PUT", of(clerk) + "/groups", `{"values":[{"id":"urn:vcloud:group:` + owners.String() + `"}]}`},
			"A52 a clerk sets the password of an owner": {"clerk", "PUT", of(w.ann), `{"password":"Correct-horse-9"}`},
			"A52 a clerk changes the mail of an owner":  {"clerk", "PUT", of(w.ann), `{"email":"clerk@acme.example"}`},
			"A52 a clerk removes an owner":              {"clerk", "DELETE", of(w.ann), ""},
			"A52 a clerk joins a group by SCIM": {"clerk", "PATCH", "/scim/v2/Groups/" + owners.String(), `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
				"Operations":[{"op":"add","path":"members","value":[{"value":"` + clerk.String() + `"}]}]}`},
			"A52 a clerk sets a password by SCIM": {"clerk", "PATCH", "/scim/v2/Users/" + w.ann.String(), `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
				"Operations":[{"op":"replace","path":"password","value":"Correct-horse-9"}]}`},
			"A52 a member makes themself an owner":          {vmware.Member, "PUT", of(w.people[vmware.Member]), role(identity.OrganizationOwner)},
			"A52 a member renames themself":                 {vmware.Member, "PUT", of(w.people[vmware.Member]), `{"username":"boss"}`},
			"A52 an owner makes themself an operator":       {vmware.Owner, "PUT", of(w.ann), `{"roleEntityRefs":[{"id":"` + identity.OrganizationOwner.String() + `"},{"id":"` + identity.PlatformOperator.String() + `"}]}`},
			"A52 a clerk makes themself an owner":           {"clerk", "PUT", of(clerk), role(identity.OrganizationOwner)},
			"A52 a clerk makes an owner by name":            {"clerk", "POST", v1 + "/users", `{"username":"straw","roleEntityRefs":[{"name":"Organization Administrator"}]}`},
			"A52 a clerk makes a group of owners":           {"clerk", "PUT", v1 + "/groups/" + w.group.String(), `{"name":"Union","roleEntityRef":{"id":"` + identity.OrganizationOwner.String() + `"}}`},
			"A52 a clerk adds rights to their role":         {"clerk", "POST", rolePath, rights("apps:read", "apps:write")},
			"A52 a clerk replaces the rights of the role":   {"clerk", "PUT", rolePath, rights("sessions:write")},
			"A52 an owner adds rights of the platform":      {vmware.Owner, "POST", rolePath, rights("organisations:write")},
			"A52 a service account takes a role":            {vmware.Service, "PUT", of(clerk), role(identity.OrganizationOwner)},
			"A52 a clerk makes a service account of theirs": {"clerk", "POST", v1 + "/serviceAccounts", `{"name":"x","role":{"id":"` + identity.OrganizationOwner.String() + `"}}`},
		} {
			t.Run(phrase, func(t *testing.T) {
				w := w.on(t)
				before := [][]string{w.roles(identity.UserSubject, clerk), w.roles(identity.UserSubject, w.ann), w.roles(identity.GroupSubject, w.group)}
				a := w.cloud(c.kind, c.method, c.path, c.body)
				if a.Code != http.StatusForbidden && a.Code != http.StatusBadRequest {
					t.Errorf("%d %s", a.Code, a.Body)
				}
				after := [][]string{w.roles(identity.UserSubject, clerk), w.roles(identity.UserSubject, w.ann), w.roles(identity.GroupSubject, w.group)}
				if !slices.EqualFunc(before, after, slices.Equal) {
					t.Errorf("roles %v, before %v", after, before)
				}
			})
		}
		t.Run("A52 nobody was made", func(t *testing.T) {
			w := w.on(t)
			if o := w.object(w.cloud(vmware.Owner, http.MethodGet, v1+"/users?filter=username==straw", ""), 200); o["resultTotal"] != float64(0) {
				t.Error("the straw man is there")
			}
		})
		t.Run("A52 the last owner", func(t *testing.T) {
			w := w.on(t)
			w.wantCloud(w.cloud(vmware.Owner, http.MethodPut, of(w.ann), `{"roleEntityRefs":[]}`), 409, "DUPLICATE_NAME")
			w.wantCloud(w.cloud(vmware.Owner, http.MethodPut, of(w.ann), `{"enabled":false}`), 409, "DUPLICATE_NAME")
			w.wantCloud(w.cloud(vmware.Owner, http.MethodDelete, of(w.ann), ""), 409, "DUPLICATE_NAME")
		})
		t.Run("A52 the app of somebody else", func(t *testing.T) {
			w := w.on(t)
			w.app("guest", func(s *identity.AppSettings) { s.Trusted = false })
			w.tokens["guest"] = w.tokenOf(w.demo.Org, "guest", w.ann)
			w.wantCloud(w.cloud("guest", http.MethodGet, v1+"/users", ""), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
			w.wantCloud(w.cloud("guest", http.MethodPost, v1+"/tokens", `{"name":"x"}`), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
		})
	})
}

// changes counts what stands in the change logs of acme and globex.
func (w *cspWorld) changes() (n int) {
	w.t.Helper()
	err := w.h.DB.View(w.t.Context(), func(tx *store.Tx) error {
		for _, org := range []identity.OrgID{w.demo.Org.ID, w.demo.Other.ID} {
			list, err := tx.Changes(w.t.Context(), org, identity.ID{}, 10_000)
			if err != nil {
				return err
			}
			n += len(list)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// limited makes a role of acme with some permissions on our own API.
func (w *cspWorld) limited(name string, perms ...identity.Perm) identity.ID {
	w.t.Helper()
	var actions []string
	for _, p := range perms {
		actions = append(actions, string(p))
	}
	r, err := w.h.Access.Roles.Create(w.t.Context(), w.cli(w.demo.Org), access.Role{
		Base: access.Base{Name: name}, Statements: []access.Statement{{Actions: actions, Resource: "muster/api"}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return r.ID
}
