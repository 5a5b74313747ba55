package server_test

import (
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
)

// spotRoutes are all of the timetable, with an id that is nobody's.
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
