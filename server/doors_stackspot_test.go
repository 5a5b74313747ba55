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

// routes are all of the timetable, with an id that is nobody's.
func spotRoutes() []string {
	var all []string
	for _, c := range []string{"Actions", "Groups", "Permissions", "Resource-Types", "Resources", "Roles", "Users"} {
		all = append(all, "GET /"+c, "POST /"+c)
		for _, m := range []string{"GET", "PUT", "PATCH", "DELETE"} {
			all = append(all, m+" /"+c+"/01890000-0000-7000-8000-000000000000")
		}
	}
	return all
}

var spotFrame = []check{
	{"S-001", func(s *spot) {
		for _, route := range append(spotRoutes(), "GET /Users/x/Roles", "GET /Roles/x/Members") {
			method, path, _ := strings.Cut(route, " ")
			if w := s.do(method, s.base+path, "{}", "Content-Type", "application/json"); w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" {
				s.t.Errorf("%s without a token = %d %v", route, w.Code, w.Header())
			}
		}
	}},
	{"S-002", func(s *spot) {
		if w := s.do("GET", s.base+"/Roles", "", "Authorization", "Basic "+s.access); w.Code != 401 {
			s.t.Errorf("Basic = %d", w.Code)
		}
	}},
	{"S-003", func(s *spot) {
		s.action()
		if w := s.do("POST", s.base+"/Actions", `{"name":"x"}`, "Authorization", "Bearer "+s.access, "Content-Type", "text/plain"); w.Code != 415 {
			s.t.Errorf("text/plain = %d", w.Code)
		}
	}},
	{"S-004", func(s *spot) { s.refuse(400, "invalidSyntax", "POST", "/Actions", "") }},
	{"S-005", func(s *spot) { s.page(s.want(200, "GET", "/Roles", "")) }},
	{"S-006", func(s *spot) {
		s.role()
		want := s.want(200, "GET", "/Roles", "")
		s.base = "/scim"
		got := s.want(200, "GET", "/Roles", "", "X-Tenant-Id", "acme")
		if got["totalResults"] != want["totalResults"] {
			s.t.Errorf("by header %v, by path %v", got["totalResults"], want["totalResults"])
		}
		s.want(200, "GET", "/Roles", "", "X-Tenant-Id", s.demo.Org.ID.String())
		s.want(200, "GET", "/Roles", "") // that of the token
		s.base = "/acme/scim"
		s.want(400, "GET", "/Roles", "", "X-Tenant-Id", "globex")
		s.want(200, "GET", "/Roles", "", "X-Tenant-Id", "ACME")
	}},
	{"S-007", func(s *spot) {
		id := s.unique("plain")
		secret := s.app(id, func(a *identity.AppSettings) { a.Scopes = []string{"muster:decide"} })
		o := s.object(s.form("/acme/oidc/oauth/token", []string{"grant_type", "client_credentials"}, "Authorization", basic(id, secret)), 200)
		s.access = s.text(o, "access_token")
		for _, route := range spotRoutes() {
			method, path, _ := strings.Cut(route, " ")
			want := 403
			if method == "GET" && !strings.Contains(path, "Users") && !strings.Contains(path, "Groups") {
				want = 0 // the scope lets it read the catalogue
			}
			if w := s.send(method, path, "{}"); want != 0 && w.Code != want {
				s.t.Errorf("%s without scim_use = %d %s", route, w.Code, w.Body)
			}
		}
	}},
	{"S-008", func(s *spot) {
		id := s.unique("client")
		secret := s.app(id, func(a *identity.AppSettings) { a.AuthMethod, a.Scopes = identity.AuthPost, []string{"scim_use"} })
		form := []string{"grant_type", "client_credentials", "client_id", id, "client_secret"}
		o := s.object(s.form("/acme/oidc/oauth/token", append(form, secret)), 200)
		if s.text(o, "access_token"); o["token_type"] != "Bearer" {
			s.t.Errorf("answer = %v", o)
		}
		s.wantOAuth(s.form("/acme/oidc/oauth/token", append(form, "wrong")), 401, "invalid_client")
		s.wantOAuth(s.form("/globex/oidc/oauth/token", append(form, secret)), 401, "invalid_client")
		if w := s.form("/nowhere/oidc/oauth/token", append(form, secret)); w.Code != 404 {
			s.t.Errorf("an unknown realm = %d %s", w.Code, w.Body)
		}
	}},
	{"S-009", func(s *spot) {
		_, _, permission := s.grant()
		for _, path := range []string{"/permissions/", "/PERMISSIONS/", "/%50ermissions/"} {
			s.one(s.want(200, "GET", path+permission, ""))
		}
		s.want(200, "GET", "/resource-types", "")
		s.want(200, "GET", "/Roles/", "")
	}},
	{"S-010", func(s *spot) { s.everyOne(func(map[string]any) {}) }},
	{"S-011", func(s *spot) {
		s.everyOne(func(o map[string]any) {
			if e, ok := o["externalID"].(map[string]any); !ok || len(e) != 0 {
				s.t.Errorf("externalID = %v", o["externalID"])
			}
		})
		o := s.want(201, "POST", "/Users", fmt.Sprintf(`{"userName":%q,"externalId":"e1"}`, s.unique("user")))
		if !cmp.Equal(o["externalID"], map[string]any{"value": "e1"}) {
			s.t.Errorf("externalID = %v", o["externalID"])
		}
	}},
	{"S-012", func(s *spot) {
		s.everyOne(func(o map[string]any) {
			meta := o["meta"].(map[string]any)
			if !strings.HasPrefix(s.text(meta, "location"), doorsURL+"/acme/scim/") || !strings.HasSuffix(s.text(meta, "location"), s.text(o, "id")) {
				s.t.Errorf("location = %v", meta["location"])
			}
		})
	}},
	{"S-013", func(s *spot) {
		s.everyOne(func(o map[string]any) {
			if list, ok := o["schemas"].([]any); !ok || len(list) == 0 {
				s.t.Errorf("schemas = %v", o["schemas"])
			}
		})
	}},
	{"S-014", func(s *spot) {
		for _, k := range spotKinds {
			s.page(s.want(200, "GET", k.path, ""))
		}
	}},
	{"S-015", func(s *spot) {
		before := s.want(200, "GET", "/Groups?count=1", "")["totalResults"].(float64)
		s.group()
		after := s.want(200, "GET", "/Groups?count=1", "")
		if after["totalResults"] != before+1 || len(s.page(after)) != 1 {
			s.t.Errorf("totalResults %v, then %v", before, after)
		}
	}},
	{"S-016", func(s *spot) {
		s.role()
		for _, k := range spotKinds {
			w := s.send("GET", k.path, "", "Accept", "application/scim+json")
			o := s.object(w, 200)
			if got := keys(o); !cmp.Equal(got, []string{"Resources", "itemsPerPage", "schemas", "startIndex", "totalResults"}) || w.Header().Get("Content-Type") != "application/scim+json" {
				s.t.Errorf("%s: %v %v", k.path, got, w.Header())
			}
			for _, x := range o["Resources"].([]any) {
				s.text(x.(map[string]any), "id")
			}
		}
		one := s.want(200, "PUT", "/Roles/"+s.role(), `{"name":"flat1"}`, "Accept", "application/scim+json")
		if one["name"] != "flat1" || one["attributes"] != nil {
			s.t.Errorf("flat PUT = %v", one)
		}
	}},
	{"S-017", func(s *spot) {
		for _, k := range spotKinds {
			for _, id := range []string{"01890000-0000-7000-8000-000000000000", "nobody", "%00", "..%2f.."} {
				s.refuse(404, "", "GET", k.path+"/"+id, "")
			}
		}
		if got := s.refuse(404, "", "GET", "/Roles/nobody", ""); got != "Resource nobody not found." {
			s.t.Errorf("detail = %q", got)
		}
	}},
	{"S-018", func(s *spot) {
		for _, k := range spotKinds {
			if got := s.refuse(400, "", "GET", k.path+"?count=x", ""); got != "Bad Request. Invalid parameter provided in request: count." {
				s.t.Errorf("detail = %q", got)
			}
			s.refuse(400, "", "GET", k.path+"?startIndex=x", "")
			o := s.want(200, "GET", k.path+"?count=-1&startIndex=-5", "")
			if len(s.page(o)) != 0 {
				s.t.Errorf("count=-1 = %v", o)
			}
			s.refuse(400, "invalidFilter", "GET", k.path+"?filter=name+zz+%22x%22", "")
		}
	}},
}

// everyOne makes a thing of each kind and checks its envelope.
func (s *spot) everyOne(test func(map[string]any)) {
	s.t.Helper()
	for _, k := range spotKinds {
		o := s.want(200, "GET", k.path+"/"+k.make(s), "")
		s.one(o)
		test(o)
	}
}
