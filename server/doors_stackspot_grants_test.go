package server_test

import (
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// object returns a member that is an object.
func objectOf(v any, name string) m {
	o, _ := v.(m)
	inner, _ := o[name].(m)
	return inner
}

// first is the first element of a list that is an object.
func firstOf(v any, name string) m {
	o, _ := v.(m)
	list, _ := o[name].([]any)
	if len(list) == 0 {
		return nil
	}
	e, _ := list[0].(m)
	return e
}

var (
	flatActionKeys = []string{"active", "client_id", "created_at", "description", "id", "name"}
	flatTypeKeys   = []string{"actions", "client_id", "created_at", "description", "id", "name", "slug"}
)

func (s *spot) wantKeys(what string, o any, want []string) {
	s.t.Helper()
	if got := keys(o); !cmp.Equal(got, want) {
		s.t.Errorf("%s has %v, want %v", what, got, want)
	}
}

var spotCatalogue = []check{
	{"S-028", func(s *spot) { s.one(s.want(201, "POST", "/Actions", fmt.Sprintf(`{"name":%q}`, s.unique("x")))) }},
	{"S-029", func(s *spot) {
		a := s.one(s.want(201, "POST", "/Actions", fmt.Sprintf(`{"name":%q}`, s.unique("x"))))
		if s.text(a, "created_at"); a["active"] != true || a["id"] == nil {
			s.t.Errorf("created %v", a)
		}
	}},
	{"S-030", func(s *spot) {
		o := s.want(200, "GET", "/Actions/"+s.action(), "")
		if s.one(o)["id"] != o["id"] {
			s.t.Errorf("ids differ: %v", o)
		}
	}},
	{"S-056", func(s *spot) { s.grant() }},
	{"S-057", func(s *spot) {
		action, resource, permission := s.grant()
		a := s.changed(s.want(200, "PUT", "/Permissions/"+permission, fmt.Sprintf(`{"name":%q,"statements":[{"action":%q,"resource":%q}]}`, s.unique("p"), action, resource)))
		if e := firstOf(firstOf(a, "statements"), "actions"); e["id"] != action {
			s.t.Errorf("statement = %v", a)
		}
	}},
	{"S-058", func(s *spot) {
		_, _, permission := s.grant()
		before := s.attributes("/Permissions/" + permission)
		a := s.changed(s.want(200, "PUT", "/Permissions/"+permission, fmt.Sprintf(`{"name":%q}`, s.unique("p"))))
		if !cmp.Equal(a["statements"], before["statements"]) || a["name"] == before["name"] {
			s.t.Errorf("PUT without statements = %v, before %v", a, before)
		}
	}},
	{"S-059", func(s *spot) {
		action, _, permission := s.grant()
		e := firstOf(firstOf(s.attributes("/Permissions/"+permission), "statements"), "actions")
		s.wantKeys("the action", s.one(e), flatActionKeys)
		if e["id"] != action {
			s.t.Errorf("action = %v", e)
		}
	}},
	{"S-060", func(s *spot) {
		_, resource, permission := s.grant()
		e := objectOf(firstOf(s.attributes("/Permissions/"+permission), "statements"), "resource")
		s.wantKeys("the resource", s.one(e), []string{"client_id", "description", "name", "slug", "type"})
		if e["id"] != resource {
			s.t.Errorf("resource = %v", e)
		}
	}},
	{"S-061", func(s *spot) {
		_, _, permission := s.grant()
		e := objectOf(firstOf(s.attributes("/Permissions/"+permission), "statements"), "resource")
		s.wantKeys("the type", objectOf(s.one(e), "type"), flatTypeKeys)
	}},
	{"S-062", func(s *spot) {
		_, resource, _ := s.grant()
		for _, action := range []string{"01890000-0000-7000-8000-000000000000", "nosuchaction"} {
			text := s.refuse(400, "invalidValue", "POST", "/Permissions", fmt.Sprintf(`{"name":%q,"statements":[{"actions":[%q],"resource":%q}]}`, s.unique("p"), action, resource))
			if !strings.Contains(text, action) {
				s.t.Errorf("detail = %q", text)
			}
		}
	}},
	{"S-063", func(s *spot) {
		action := s.action()
		for _, resource := range []string{"01890000-0000-7000-8000-000000000000", "nosuchresource"} {
			text := s.refuse(400, "invalidValue", "POST", "/Permissions", fmt.Sprintf(`{"name":%q,"statements":[{"actions":[%q],"resource":%q}]}`, s.unique("p"), action, resource))
			if !strings.Contains(text, resource) {
				s.t.Errorf("detail = %q", text)
			}
		}
	}},
	{"S-064", func(s *spot) {
		action, resource, permission := s.grant()
		want := s.attributes("/Permissions/" + permission)["statements"]
		for _, spelling := range []string{`"action":%q`, `"actions":[%q]`, `"actions":%q`, `"action":[%q]`, `"actions":[{"id":%q}]`} {
			list := fmt.Sprintf(`[{`+spelling+`,"resource":%q}]`, action, resource)
			for phrase, a := range map[string]m{
				"POST":  s.one(s.want(201, "POST", "/Permissions", fmt.Sprintf(`{"name":%q,"statements":%s}`, s.unique("p"), list))),
				"PUT":   s.changed(s.want(200, "PUT", "/Permissions/"+permission, fmt.Sprintf(`{"name":%q,"statements":%s}`, s.unique("p"), list))),
				"PATCH": s.patch("/Permissions/"+permission, `{"op":"replace","path":"statements","value":`+list+`}`),
			} {
				if !cmp.Equal(a["statements"], want) {
					s.t.Errorf("%s of %s: %s", phrase, list, cmp.Diff(want, a["statements"]))
				}
			}
		}
	}},
	{"S-076", func(s *spot) {
		a := s.one(s.want(201, "POST", "/Resource-Types", fmt.Sprintf(`{"name":%q,"actions":[%q]}`, s.unique("Big Workspace "), s.action())))
		if slug := s.text(a, "slug"); !strings.HasPrefix(slug, "big-workspace") {
			s.t.Errorf("slug = %q", slug)
		}
	}},
	{"S-077", func(s *spot) {
		s.wantKeys("an action", firstOf(s.attributes("/Resource-Types/"+s.kind(s.action())), "actions"), flatActionKeys)
	}},
	{"S-078", func(s *spot) {
		kind := s.kind(s.action())
		resource := s.resource(kind)
		e := firstOf(s.attributes("/Resource-Types/"+kind), "resources")
		s.wantKeys("a resource", e, []string{"client_id", "created_at", "description", "id", "name", "slug"})
		if e["id"] != resource {
			s.t.Errorf("resource = %v, want %v", e, resource)
		}
		s.refuse(409, "", "DELETE", "/Resource-Types/"+kind, "")
	}},
	{"S-079", func(s *spot) {
		kind, n := s.kind(s.action(), s.action()), s.unique("k")
		before := s.attributes("/Resource-Types/" + kind)
		a := s.one(s.want(200, "PUT", "/Resource-Types/"+kind, fmt.Sprintf(`{"name":%q,"slug":%q}`, n, n)))
		if !cmp.Equal(a["actions"], before["actions"]) {
			s.t.Errorf("actions = %v, before %v", a["actions"], before["actions"])
		}
	}},
	{"S-080", func(s *spot) {
		if a := s.patch("/Resource-Types/"+s.kind(s.action()), `{"op":"replace","path":null,"value":{"description":"x"}}`); a["description"] != "x" {
			s.t.Errorf("PATCH = %v", a)
		}
	}},
	{"S-081", func(s *spot) {
		path, n := "/Resources-Types/"+s.kind(s.action()), s.unique("k")
		s.one(s.want(200, "PUT", path, fmt.Sprintf(`{"name":%q,"slug":%q}`, n, n)))
		s.one(s.want(200, "PATCH", path, `{"operations":[{"op":"replace","value":{"description":"x"}}]}`))
		s.want(204, "DELETE", path, "")
	}},
	{"S-082", func(s *spot) {
		n := s.unique("slug")
		s.make("/Resource-Types", `{"name":%q,"slug":%q,"actions":[%q]}`, n, n, s.action())
		s.refuse(409, "uniqueness", "POST", "/Resource-Types", fmt.Sprintf(`{"name":"other","slug":%q,"actions":[%q]}`, strings.ToUpper(n), s.action()))
		s.make("/Actions", `{"name":%q}`, n)
		s.refuse(409, "uniqueness", "POST", "/Actions", fmt.Sprintf(`{"name":%q}`, n))
	}},
	{"S-095", func(s *spot) {
		a := s.one(s.want(201, "POST", "/Resources", fmt.Sprintf(`{"name":%q,"type":%q}`, s.unique("My Res "), s.kind(s.action()))))
		if slug := s.text(a, "slug"); !strings.HasPrefix(slug, "my-res") {
			s.t.Errorf("slug = %q", slug)
		}
	}},
	{"S-096", func(s *spot) {
		kind := s.kind(s.action())
		a := s.one(s.want(201, "POST", "/Resources", fmt.Sprintf(`{"name":%q,"type":%q}`, s.unique("r"), kind)))
		if objectOf(a, "type")["id"] != kind {
			s.t.Errorf("type = %v", a["type"])
		}
		slug := s.text(s.attributes("/Resource-Types/"+kind), "slug")
		b := s.one(s.want(201, "POST", "/Resources", fmt.Sprintf(`{"name":%q,"type":%q}`, s.unique("r"), slug)))
		if objectOf(b, "type")["id"] != kind {
			s.t.Errorf("type by slug = %v", b["type"])
		}
	}},
	{"S-097", func(s *spot) {
		kind := objectOf(s.attributes("/Resources/"+s.resource(s.kind(s.action()))), "type")
		s.wantKeys("the type", kind, flatTypeKeys)
		s.wantKeys("its action", firstOf(kind, "actions"), flatActionKeys)
	}},
	{"S-098", func(s *spot) {
		for _, kind := range []string{"01890000-0000-7000-8000-000000000000", "nosuchtype"} {
			s.refuse(400, "invalidValue", "POST", "/Resources", fmt.Sprintf(`{"name":%q,"type":%q}`, s.unique("r"), kind))
		}
	}},
	{"S-156", func(s *spot) {
		_, resource, _ := s.grant()
		foreign := s.action()
		s.refuse(400, "invalidValue", "POST", "/Permissions", fmt.Sprintf(`{"name":%q,"statements":[{"actions":[%q],"resource":%q}]}`, s.unique("p"), foreign, resource))
	}},
}

var spotRoles = []check{
	{"S-108", func(s *spot) {
		id := s.unique("role-")
		o := s.want(201, "POST", "/Roles", fmt.Sprintf(`{"id":%q,"name":%q}`, id, s.unique("r")))
		if a := s.one(o); o["id"] != id || a["id"] != id || s.attributes("/Roles/" + id)["name"] != a["name"] {
			s.t.Errorf("role = %v", o)
		}
		s.changed(s.want(200, "PUT", "/Roles/"+id, fmt.Sprintf(`{"name":%q}`, s.unique("r"))))
		s.want(204, "DELETE", "/Roles/"+id, "")
		uuid := identity.NewID().String()
		if o := s.want(201, "POST", "/Roles", fmt.Sprintf(`{"id":%q,"name":%q}`, uuid, s.unique("r"))); o["id"] != uuid {
			s.t.Errorf("id = %v, want %v", o["id"], uuid)
		}
	}},
	{"S-109", func(s *spot) {
		for _, id := range []string{s.unique("role-"), identity.NewID().String()} {
			s.want(201, "POST", "/Roles", fmt.Sprintf(`{"id":%q,"name":%q}`, id, s.unique("r")))
			s.refuse(409, "uniqueness", "POST", "/Roles", fmt.Sprintf(`{"id":%q,"name":%q}`, id, s.unique("r")))
		}
		s.refuse(409, "uniqueness", "POST", "/Roles", fmt.Sprintf(`{"id":%q,"name":%q}`, identity.OrganizationOwner, s.unique("r")))
	}},
	{"S-110", func(s *spot) {
		body := `{"claim_mapper":{"a":%s},"name":%q}`
		for _, bad := range []string{"1", "true", "{}", "[]", "null"} {
			s.refuse(400, "invalidValue", "POST", "/Roles", fmt.Sprintf(body, bad, s.unique("r")))
		}
		s.one(s.want(201, "POST", "/Roles", fmt.Sprintf(body, `"b"`, s.unique("r"))))
		role := s.role()
		s.refuse(400, "invalidValue", "PUT", "/Roles/"+role, fmt.Sprintf(body, "1", s.unique("r")))
		s.refuse(400, "invalidValue", "PATCH", "/Roles/"+role, `{"Operations":[{"op":"add","path":"claim_mapper","value":{"a":1}}]}`)
	}},
	{"S-111", func(s *spot) {
		id := s.make("/Roles", `{"claim_mapper":{"property1":"x","https://x.io/Y z":"y"},"name":%q}`, s.unique("r"))
		if got := s.attributes("/Roles/" + id)["claim_mapper"]; !cmp.Equal(got, any(m{"property1": "x", "https://x.io/Y z": "y"})) {
			s.t.Errorf("claim_mapper = %v", got)
		}
		a := s.patch("/Roles/"+id, `{"op":"add","path":{"attributePath":{"attributeName":"claim_mapper","subAttribute":"dept"}},"value":"eng"},{"op":"remove","path":"claim_mapper.property1"}`)
		if got := a["claim_mapper"]; !cmp.Equal(got, any(m{"dept": "eng", "https://x.io/Y z": "y"})) {
			s.t.Errorf("claim_mapper = %v", got)
		}
	}},
	{"S-112", func(s *spot) {
		_, _, permission := s.grant()
		s.role(permission)
	}},
	{"S-113", func(s *spot) {
		_, _, permission := s.grant()
		p := firstOf(s.attributes("/Roles/"+s.role(permission)), "permissions")
		s.wantKeys("a permission", p, []string{"client_id", "created_at", "description", "id", "name", "statements"})
		s.one(firstOf(firstOf(p, "statements"), "actions"))
		s.one(objectOf(firstOf(p, "statements"), "resource"))
	}},
	{"S-114", func(s *spot) {
		action, resource, _ := s.grant()
		role, user := s.make("/Roles", `{"name":%q,"statements":[{"actions":[%q],"resource":%q}]}`, s.unique("r"), action, resource), s.user()
		s.assign(role, user)
		if !s.may(user, action, resource) {
			s.t.Error("inline statements have no effect")
		}
	}},
	{"S-115", func(s *spot) {
		role := s.role()
		first, second := s.user(), s.user()
		s.assign(role, first)
		s.assign(role, second)
		if n := s.attributes("/Roles/" + role)["member_count"]; n != 2.0 {
			s.t.Errorf("member_count = %v", n)
		}
		o := s.want(200, "GET", "/Roles/"+role+"/Members", "")
		if list := s.page(o); len(list) != 2 || o["totalResults"] != 2.0 {
			s.t.Errorf("members = %v", o)
		}
		o = s.want(200, "GET", "/Roles/"+role+"/Members?startIndex=2&count=5", "")
		if list := s.page(o); len(list) != 1 || o["totalResults"] != 2.0 {
			s.t.Errorf("the second page of members = %v", o)
		}
		s.refuse(404, "", "GET", "/Roles/"+s.user()+"/Members", "")
	}},
	{"S-116", func(s *spot) {
		action, resource, _ := s.grant()
		role := s.role()
		o := s.want(200, "PUT", "/Roles/"+role, fmt.Sprintf(`{"id":"other","name":%q,"statements":[{"actions":[%q],"resource":%q}]}`, s.unique("r"), action, resource))
		if a := s.changed(o); a["id"] != role || len(a["permissions"].([]any)) != 0 {
			s.t.Errorf("PUT = %v", a)
		}
	}},
	{"S-117", func(s *spot) {
		for _, permission := range []string{"01890000-0000-7000-8000-000000000000", "nosuchpermission"} {
			text := s.refuse(400, "invalidValue", "POST", "/Roles", fmt.Sprintf(`{"name":%q,"permissions":[%q]}`, s.unique("r"), permission))
			if !strings.Contains(text, permission) {
				s.t.Errorf("detail = %q", text)
			}
		}
	}},
	{"S-118", func(s *spot) {
		a := s.one(s.want(201, "POST", "/Roles", fmt.Sprintf(`{"name":%q}`, s.unique("x"))))
		if list, ok := a["permissions"].([]any); !ok || len(list) != 0 {
			s.t.Errorf("permissions = %v", a["permissions"])
		}
	}},
	{"S-144", func(s *spot) {
		role, user := s.role(), s.user()
		s.assign(role, user)
		found := false
		for _, x := range s.page(s.want(200, "GET", "/Users/"+user+"/Roles", "")) {
			found = found || x.(m)["id"] == role
		}
		if !found {
			s.t.Error("the role of the user is not listed")
		}
		s.refuse(404, "", "GET", "/Users/"+role+"/Roles", "")
	}},
	{"S-155", func(s *spot) {
		action, resource, permission := s.grant()
		role, user := s.role(permission), s.user()
		if s.may(user, action, resource) {
			s.t.Error("allowed without a role")
		}
		a := s.assign(role, user)
		if !s.may(user, action, resource) || s.may(user, s.action(), resource) || s.may(s.user(), action, resource) {
			s.t.Error("not what the role says")
		}
		if err := s.h.Access.Unassign(s.t.Context(), s.by(), a.ID); err != nil {
			s.t.Fatal(err)
		}
		if s.may(user, action, resource) {
			s.t.Error("allowed after the role is removed")
		}
		s.assign(role, user)
		s.want(204, "DELETE", "/Roles/"+role, "")
		if s.may(user, action, resource) {
			s.t.Error("allowed by a role that is gone")
		}
	}},
	{"S-155 claims of the role", func(s *spot) {
		role := s.make("/Roles", `{"claim_mapper":{"dept":"eng","email_verified":"yes"},"name":%q}`, s.unique("engineer"))
		s.refuse(400, "invalidValue", "POST", "/Roles", fmt.Sprintf(`{"claim_mapper":{"sub":"root"},"name":%q}`, s.unique("r")))
		s.assign(role, s.ann.String())
		s.app("by-role", func(a *identity.AppSettings) { a.Scopes = []string{"openid", "roles", "email"} })
		tokens := s.tokens("by-role", "openid", "roles", "email")
		access := tokens.AccessToken
		for text, typ := range map[string]string{access: token.TypeAccess, tokens.IDToken: token.TypeID} {
			if v, err := s.h.Tokens.VerifyOwn(s.t.Context(), s.demo.Org.ID, text, typ); err != nil || v.Claims["dept"] != "eng" || v.Claims["email_verified"] == "yes" {
				s.t.Errorf("%s token: %v %v", typ, v, err)
			}
		}
		said := s.object(s.do("GET", "/o/acme/oauth2/userinfo", "", "Authorization", "Bearer "+access), 200)
		name := s.attributes("/Roles/" + role)["name"]
		has := false
		for _, x := range said["roles"].([]any) {
			has = has || x == name
		}
		if said["dept"] != "eng" || said["email_verified"] != true || !has {
			s.t.Errorf("UserInfo = %v", said)
		}
		other := s.tokens("by-role", "openid", "email").AccessToken
		if said := s.object(s.do("GET", "/o/acme/oauth2/userinfo", "", "Authorization", "Bearer "+other), 200); said["dept"] != nil || said["roles"] != nil {
			s.t.Errorf("UserInfo without the scope = %v", said)
		}
	}},
}

// may asks for a decision.
func (s *spot) may(user, action, resource string) bool {
	s.t.Helper()
	d, err := s.h.Access.Decide(s.t.Context(), s.demo.Org.ID, access.Question{
		Subject: access.Entity{Type: "user", ID: user}, Action: action, Resource: access.Entity{ID: resource},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return d.Allow
}
