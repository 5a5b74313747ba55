package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
)

// The URNs of the API.
const (
	spotPatch  = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	spotError  = "urn:ietf:params:scim:api:messages:2.0:Error"
	spotCustom = "urn:ietf:params:scim:schemas:extension:custom:2.0:User"
)

// A spot is a client of the StackSpot door with a token of acme.
type spot struct {
	*doors
	access string // token
	base   string
	count  *int
}

func openSpot(t *testing.T, d *doors) *spot {
	t.Helper()
	s := &spot{doors: d, base: "/acme/scim", count: new(int)}
	secret := d.app("spot", func(a *identity.AppSettings) {
		a.AuthMethod, a.Scopes, a.GrantTypes = identity.AuthPost, []string{"scim_use"}, []string{identity.GrantClientCredentials}
	})
	o := d.object(d.form("/acme/oidc/oauth/token", []string{"grant_type", "client_credentials", "client_id", "spot", "client_secret", secret}), 200)
	s.access = d.text(o, "access_token")
	return s
}

func (s *spot) on(t *testing.T) *spot {
	next := *s
	next.doors = s.doors.on(t)
	return &next
}

// unique makes a name that nobody has.
func (s *spot) unique(word string) string {
	*s.count++
	return fmt.Sprintf("%s%d", word, *s.count)
}

// send asks for a path below the base.
func (s *spot) send(method, path, body string, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	header = append([]string{"Authorization", "Bearer " + s.access}, header...)
	if body != "" {
		header = append(header, "Content-Type", "application/json")
	}
	return s.do(method, s.base+path, body, header...)
}

// want asks and expects a status and an object.
func (s *spot) want(status int, method, path, body string, header ...string) map[string]any {
	s.t.Helper()
	w := s.send(method, path, body, header...)
	if w.Code != status {
		s.t.Fatalf("%s %s %s = %d %s, want %d", method, path, body, w.Code, w.Body, status)
	}
	if status == http.StatusNoContent {
		return nil
	}
	return s.object(w, status)
}

// refuse asks and expects an error, with a scimType if that is not "".
func (s *spot) refuse(status int, kind, method, path, body string) string {
	s.t.Helper()
	o := s.want(status, method, path, body)
	if o["status"] != fmt.Sprint(status) || !cmp.Equal(o["schemas"], []any{spotError}) || kind != "" && o["scimType"] != kind {
		s.t.Errorf("%s %s %s: error %v, want scimType %q", method, path, body, o, kind)
	}
	return s.text(o, "detail")
}

func keys(o any) []string {
	m, _ := o.(map[string]any)
	return slices.Sorted(maps.Keys(m))
}

// one checks the envelope of a single thing and returns its attributes.
func (s *spot) one(o any) map[string]any {
	s.t.Helper()
	if got, want := keys(o), []string{"attributes", "externalID", "id", "meta", "schemas"}; !cmp.Equal(got, want) {
		s.t.Fatalf("envelope with %v, want %v", got, want)
	}
	e := o.(map[string]any)
	if _, ok := e["externalID"].(map[string]any); !ok {
		s.t.Errorf("externalID = %v", e["externalID"])
	}
	meta, _ := e["meta"].(map[string]any)
	for _, name := range []string{"created", "lastModified", "location", "resourceType", "version"} {
		s.text(meta, name)
	}
	if len(meta) != 5 {
		s.t.Errorf("meta = %v", meta)
	}
	list, _ := e["schemas"].([]any)
	if len(list) == 0 {
		s.t.Errorf("schemas = %v", e["schemas"])
	}
	for _, x := range list {
		if _, ok := x.(string); !ok {
			s.t.Errorf("schemas = %v", list)
		}
	}
	a, _ := e["attributes"].(map[string]any)
	if a == nil {
		s.t.Fatalf("attributes = %v", e["attributes"])
	}
	return a
}

// page checks the envelope of a page and returns its items.
func (s *spot) page(o map[string]any) []any {
	s.t.Helper()
	if got, want := keys(o), []string{"resources", "totalResults"}; !cmp.Equal(got, want) {
		s.t.Fatalf("page with %v, want %v", got, want)
	}
	list, ok := o["resources"].([]any)
	if _, number := o["totalResults"].(float64); !ok || !number {
		s.t.Fatalf("page = %v", o)
	}
	for _, x := range list {
		s.one(x)
	}
	return list
}

// changed returns the attributes in the answer to a PUT that answers with a page.
func (s *spot) changed(o map[string]any) map[string]any {
	s.t.Helper()
	list := s.page(o)
	if len(list) != 1 || o["totalResults"] != 1.0 {
		s.t.Fatalf("page of %d, totalResults %v, want one", len(list), o["totalResults"])
	}
	return s.one(list[0])
}

func quoted(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// make creates a thing and returns its id.
func (s *spot) make(path, body string, values ...any) string {
	s.t.Helper()
	return s.text(s.want(201, "POST", path, fmt.Sprintf(body, values...)), "id")
}

func (s *spot) action() string {
	s.t.Helper()
	return s.make("/Actions", `{"name":%q}`, s.unique("act"))
}

func (s *spot) kind(actions ...string) string {
	s.t.Helper()
	return s.make("/Resource-Types", `{"name":%q,"actions":%s}`, s.unique("Kind"), quoted(actions))
}

func (s *spot) resource(kind string) string {
	s.t.Helper()
	return s.make("/Resources", `{"name":%q,"type":%q}`, s.unique("res"), kind)
}

func (s *spot) permission(action, resource string) string {
	s.t.Helper()
	return s.make("/Permissions", `{"name":%q,"statements":[{"actions":[%q],"resource":%q}]}`, s.unique("perm"), action, resource)
}

// grant makes an action, a resource and a permission of the two.
func (s *spot) grant() (action, resource, permission string) {
	s.t.Helper()
	action = s.action()
	resource = s.resource(s.kind(action))
	return action, resource, s.permission(action, resource)
}

func (s *spot) role(permissions ...string) string {
	s.t.Helper()
	return s.make("/Roles", `{"name":%q,"permissions":%s}`, s.unique("role"), quoted(append([]string{}, permissions...)))
}

func (s *spot) group() string {
	s.t.Helper()
	return s.make("/Groups", `{"displayName":%q}`, s.unique("group"))
}

func (s *spot) user() string {
	s.t.Helper()
	return s.make("/Users", `{"userName":%q}`, s.unique("user"))
}

// attributes reads a thing.
func (s *spot) attributes(path string) map[string]any {
	s.t.Helper()
	return s.one(s.want(200, "GET", path, ""))
}

// patch sends one operation.
func (s *spot) patch(path, operation string) map[string]any {
	s.t.Helper()
	return s.one(s.want(200, "PATCH", path, `{"Operations":[`+operation+`],"schemas":"`+spotPatch+`"}`))
}

// by is an actor of acme for what the API has no call for.
func (s *spot) by() identity.Actor {
	return identity.Actor{Kind: identity.ByCLI, Name: "test", Org: s.demo.Org.ID, Perms: identity.AllPerms()}
}

// assign gives a role to somebody.
func (s *spot) assign(role, user string) identity.Assignment {
	s.t.Helper()
	r, _ := identity.ParseID(role)
	u, _ := identity.ParseID(user)
	a, err := s.h.Access.Assign(s.t.Context(), s.by(), identity.Assignment{Role: r, Type: identity.UserSubject, Subject: u})
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// A check is one of the numbered list of seed 004.
type check struct {
	number string
	run    func(*spot)
}

func TestSeed004(t *testing.T) {
	eachDoors(t, true, func(t *testing.T, d *doors) {
		s := openSpot(t, d)
		for _, k := range spotKinds {
			for number, run := range k.checks() {
				t.Run(number, func(t *testing.T) { run(s.on(t)) })
			}
		}
		for _, c := range slices.Concat(spotFrame, spotCatalogue, spotRoles, spotGroups, spotUsers, spotPatches) {
			t.Run(c.number, func(t *testing.T) { c.run(s.on(t)) })
		}
	})
}
