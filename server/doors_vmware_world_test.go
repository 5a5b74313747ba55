package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/api/vmware"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// A cspWorld is a doors with somebody of every kind of caller, and with roles of
// the organisation and of a service.
type cspWorld struct {
	*doors
	secret string // of the app shop
	robot  string // of the service account
	root   identity.Organisation
	people map[vmware.Kind]identity.ID // who holds the token
	tokens map[vmware.Kind]string
	group  identity.ID // Engineering, which has groups in it
	shop   *identity.App
	role   identity.ID // billing
	far    identity.ID // a user of globex
	afar   identity.ID // a group of globex
	count  int
}

func eachCSP(t *testing.T, test func(t *testing.T, w *cspWorld)) {
	eachDoors(t, true, func(t *testing.T, d *doors) { test(t, cspWorldOf(d)) })
}

// on is the world within a subtest.
func (w *cspWorld) on(t *testing.T) *cspWorld {
	o := *w
	o.doors = w.doors.on(t)
	return &o
}

func cspWorldOf(d *doors) *cspWorld {
	t, ctx := d.t, d.t.Context()
	t.Helper()
	w := &cspWorld{doors: d, people: map[vmware.Kind]identity.ID{}, tokens: map[vmware.Kind]string{vmware.Anonymous: ""}}
	w.secret = d.app("shop", func(s *identity.AppSettings) { s.Scopes = append(s.Scopes, "vcd_idp") })
	w.robot = d.app("robot", func(s *identity.AppSettings) {
		s.Type, s.RedirectURIs, s.PostLogoutRedirectURIs = identity.ServiceApp, nil, nil
		s.GrantTypes, s.Scopes = []string{identity.GrantClientCredentials}, []string{"openid"}
	})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	w.root, err = d.h.Directory.Root(ctx)
	must(err)
	w.shop, err = d.h.Apps.Get(ctx, d.demo.Org.ID, "shop")
	must(err)
	robot, err := d.h.Apps.Get(ctx, d.demo.Org.ID, "robot")
	must(err)
	bjorn, err := d.h.User(ctx, d.demo.Org, "bjorn.ostergard@acme.example")
	must(err)
	far, err := d.h.User(ctx, d.demo.Other, "ann.arden@globex.example")
	must(err)
	op, err := d.h.CreateUser(ctx, w.cli(w.root), map[string]any{"userName": "operator", "name": map[string]any{"givenName": "Op", "familyName": "Erator"}})
	must(err)
	w.far = far.ID
	w.people[vmware.Owner], w.people[vmware.Member], w.people[vmware.Platform] = d.ann, bjorn.ID, op.ID
	w.people[vmware.Service] = robot.ID
	w.assign(w.root, identity.Assignment{Role: identity.PlatformOperator, Type: identity.UserSubject, Subject: op.ID, Inherited: true})
	w.assign(d.demo.Org, identity.Assignment{Role: identity.OrganizationOwner, Type: identity.UserSubject, Subject: d.ann})
	w.assign(d.demo.Org, identity.Assignment{Role: identity.ServiceAccount, Type: identity.AppSubject, Subject: robot.ID})
	w.role = w.newRole("billing", "")
	w.newRole("shop:editor", "shop")
	w.group = w.newGroup(d.demo.Token, "Guild", d.ann.String())
	w.group = w.newGroup(d.demo.Token, "Union", w.group.String(), bjorn.ID.String())
	w.afar = w.newGroup(d.demo.OtherToken, "Globetrotters")
	w.signIn(w.root, "console")
	w.tokens[vmware.Platform] = w.tokenOf(w.root, "console", op.ID, "vcd_idp")
	w.tokens[vmware.Owner] = w.tokenOf(d.demo.Org, "shop", d.ann, "vcd_idp")
	w.tokens[vmware.Member] = w.tokenOf(d.demo.Org, "shop", bjorn.ID, "vcd_idp")
	o := d.wantTokens(d.form(am+"/auth/token", []string{"grant_type", "client_credentials"}, "Authorization", basic("robot", w.robot)))
	w.tokens[vmware.Service] = d.text(o, "access_token")
	return w
}

func (w *cspWorld) cli(org identity.Organisation) identity.Actor {
	return identity.Actor{Kind: identity.ByCLI, Name: "test", Org: org.ID, Perms: identity.AllPerms()}
}

func (w *cspWorld) assign(org identity.Organisation, a identity.Assignment) {
	w.t.Helper()
	if _, err := w.h.Access.Assign(w.t.Context(), w.cli(org), a); err != nil {
		w.t.Fatal(err)
	}
}

// newRole makes a role of acme.
func (w *cspWorld) newRole(name, client string) identity.ID {
	w.t.Helper()
	var role access.Role
	role.Name, role.ClientID, role.Display = name, client, strings.ToUpper(name)
	made, err := w.h.Access.Roles.Create(w.t.Context(), w.cli(w.demo.Org), role)
	if err != nil {
		w.t.Fatal(err)
	}
	return made.ID
}

// newGroup makes a group by the token of a connection.
func (w *cspWorld) newGroup(bearer, name string, members ...string) identity.ID {
	w.t.Helper()
	list := []map[string]string{}
	for _, m := range members {
		list = append(list, map[string]string{"value": m})
	}
	body, err := json.Marshal(map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": name, "members": list})
	if err != nil {
		w.t.Fatal(err)
	}
	a := w.do(http.MethodPost, "/scim/v2/Groups", string(body), "Authorization", "Bearer "+bearer, "Content-Type", "application/scim+json")
	id, _ := identity.ParseID(w.text(w.object(a, http.StatusCreated), "id"))
	return id
}

// newUser makes a user of acme.
func (w *cspWorld) newUser() identity.ID {
	w.t.Helper()
	w.count++
	p, err := w.h.CreateUser(w.t.Context(), w.cli(w.demo.Org), map[string]any{
		"userName": fmt.Sprintf("%s-%d", strings.ToLower(strings.NewReplacer("/", "-", " ", "-").Replace(w.t.Name())), w.count),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return p.ID
}

// signIn makes an app of the organisation itself.
func (w *cspWorld) signIn(org identity.Organisation, client string) {
	w.t.Helper()
	_, _, err := w.h.Apps.Create(w.t.Context(), w.cli(org), org.ID, app.NewApp{ClientID: client, AppSettings: identity.AppSettings{
		Name: client, Type: identity.NativeApp, AuthMethod: identity.AuthNone, RedirectURIs: []string{"https://app.test/cb"},
		GrantTypes: []string{identity.GrantCode}, Scopes: []string{"openid", "vcd_idp"}, Trusted: true,
	}})
	if err != nil {
		w.t.Fatal(err)
	}
}

// tokenOf is an access token of somebody who signed in to an app.
func (w *cspWorld) tokenOf(org identity.Organisation, client string, user identity.ID, scopes ...string) string {
	w.t.Helper()
	a, err := w.h.Apps.Get(w.t.Context(), org.ID, client)
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := w.h.Tokens.Issue(w.t.Context(), token.Request{Org: org, App: a, Authorization: token.Authorization{
		App: a.ID, User: user, Scopes: append(scopes, "openid"),
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	return res.AccessToken
}

// fill puts what stands in acme, or in another organisation, into a path.
func (w *cspWorld) fill(path string, values map[string]string) string {
	all := map[string]string{
		"orgId": w.demo.Org.ID.String(), "userId": w.people[vmware.Member].String(), "groupId": w.group.String(), "roleId": w.role.String(),
		"serviceDefinitionId": w.shop.ID.String(), "acct": "bjorn.ostergard@acme.example",
	}
	maps.Copy(all, values)
	for name, value := range all {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	return path
}

// as sends a request as somebody of a kind.
func (w *cspWorld) as(k vmware.Kind, method, path, body string, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	if bearer := w.tokens[k]; bearer != "" {
		header = append(header, "Csp-Auth-Token", bearer)
	}
	return w.do(method, path, body, header...)
}

// marks is what moves when something is written to the organisations.
func (w *cspWorld) marks() [3]uint64 {
	return [3]uint64{w.h.DB.Mark(w.demo.Org.ID), w.h.DB.Mark(w.demo.Other.ID), w.h.DB.Mark(w.root.ID)}
}

// roles are the names of the roles that somebody of acme has by assignments.
func (w *cspWorld) roles(typ identity.SubjectType, subject identity.ID) []string {
	w.t.Helper()
	list, err := w.h.Access.RolesOf(w.t.Context(), w.demo.Org.ID, typ, subject)
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, h := range list {
		if !h.Assignment.ID.IsZero() {
			names = append(names, h.Role.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// has fails unless a JSON value has members: "results[].user.username" is the
// member of the first element of a list.
func (w *cspWorld) has(v any, paths ...string) {
	w.t.Helper()
	for _, path := range paths {
		if _, ok := at(v, path); !ok {
			text, _ := json.Marshal(v)
			w.t.Errorf("no %s in %.800s", path, text)
		}
	}
}

// at follows a path into a JSON value.
func at(v any, path string) (any, bool) {
	for _, name := range strings.Split(path, ".") {
		name, list := strings.CutSuffix(name, "[]")
		if name != "" {
			o, _ := v.(map[string]any)
			var ok bool
			if v, ok = o[name]; !ok {
				return nil, false
			}
		}
		if list {
			all, _ := v.([]any)
			if len(all) == 0 {
				return nil, false
			}
			v = all[0]
		}
	}
	return v, true
}
