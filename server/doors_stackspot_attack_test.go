package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
)

// hostile are bodies of every bad kind.
var hostile = []string{
	`{`, `[]`, `"x"`, `7`, `null`, `true`, "\x00", "{}{}", `{"name":"a","NAME":"b"}`, `{"name":7}`, `{"name":{}}`, `{"name":[]}`, `{"name":"\u0000"}`,
	"{\"name\":\"\xff\"}", `{"name":"\ud800"}`, `{"displayName":7}`, `{"userName":7}`, `{"userName":[]}`,
	strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), strings.Repeat("[", 100000), `{"name":"` + strings.Repeat("x", 70000) + `"}`,
	`{"name":"x","actions":7,"type":7,"statements":7,"permissions":7,"claim_mapper":7}`,
	`{"name":"x","actions":[7],"type":{},"statements":[7],"permissions":[{}],"claim_mapper":[]}`,
	`{"name":"x","actions":[{"id":7}],"type":[],"statements":[{"actions":{},"resource":[]}],"permissions":[null],"claim_mapper":"x"}`,
	`{"name":"x","type":"` + strings.Repeat("y", 70000) + `","actions":["` + strings.Repeat("y", 70000) + `"],"permissions":["a b\"c"],"statements":[{}]}`,
	`{"userName":"x","emails":7}`, `{"userName":"x","emails":[7]}`, `{"userName":"x","name":[]}`, `{"userName":"x","active":"maybe"}`,
	`{"userName":"x","urn:ietf:params:scim:schemas:extension:custom:2.0:User":7}`,
	`{"userName":"x","urn:ietf:params:scim:schemas:extension:custom:2.0:User":{"blocked":7}}`,
	`{"userName":"x","urn:ietf:params:scim:schemas:extension:custom:2.0:User":{"properties":[]}}`,
	`{"Operations":[{"op":"add","path":"members","value":7}]}`, `{"Operations":[{"op":"add","path":"members","value":[{"value":7}]}]}`,
	`{"Operations":[{"op":"add","path":"statements","value":"x"}]}`, `{"Operations":[{"op":"remove","path":"name"}]}`,
	`{"Operations":[{"op":"replace","value":7}]}`, `{"Operations":[{"op":"replace","path":"name"}]}`, `{"Operations":[{"op":{},"path":{},"value":{}}]}`,
	`{"Operations":[{"op":"replace","path":{"attributePath":{"attributeName":"members[value eq \"","subAttribute":"]"}},"value":"x"}]}`,
}

func TestAttackStackSpot(t *testing.T) {
	eachDoors(t, false, func(t *testing.T, d *doors) {
		s := openSpot(t, d)
		t.Run("4 malformed bodies", func(t *testing.T) { s.on(t).malformed() })
		t.Run("48 ids of another organisation", func(t *testing.T) { s.on(t).isolation() })
		t.Run("49 unknown organisations", func(t *testing.T) { s.on(t).unknownTenants() })
		t.Run("what has changed since", func(t *testing.T) { s.on(t).stale() })
		t.Run("51 answers that grow", func(t *testing.T) { s.on(t).growth() })
		t.Run("52 more than one has", func(t *testing.T) { s.on(t).escalation() })
		t.Run("53 paths that are spelled otherwise", func(t *testing.T) { s.on(t).spelledPaths() })
	})
}

// malformed sends hostile bodies everywhere: no answer is 5xx, and what is
// refused changes nothing.
func (s *spot) malformed() {
	for _, k := range spotKinds {
		id := k.make(s)
		for _, body := range hostile {
			s.send("POST", k.path, body)
			before := s.attributes(k.path + "/" + id)
			for _, method := range []string{"PUT", "PATCH"} {
				w := s.send(method, k.path+"/"+id, body)
				if after := s.attributes(k.path + "/" + id); w.Code >= 400 && !cmp.Equal(before, after) {
					s.t.Errorf("%s %.100s = %d and has changed %v to %v", method, body, w.Code, before, after)
				}
				before = s.attributes(k.path + "/" + id)
			}
		}
		if w := s.send("PATCH", k.path+"/"+id, `{"x":"`+strings.Repeat("x", 5<<20)+`"}`); w.Code != 413 {
			s.t.Errorf("a huge body at %s = %d", k.path, w.Code)
		}
		if w := s.do("POST", s.base+k.path+"/"+id, "", "Authorization", "Bearer "+s.access); w.Code != 405 || !strings.Contains(w.Header().Get("Allow"), "PATCH") {
			s.t.Errorf("POST to one of %s = %d %v", k.path, w.Code, w.Header())
		}
	}
}

// stale changes and deletes what has another version than the client knows.
func (s *spot) stale() {
	for _, k := range spotKinds {
		path := k.path + "/" + k.make(s)
		tag := s.send("GET", path, "").Header().Get("ETag")
		bodies := map[string]string{"PATCH": quoted(m{"Operations": []any{m{"op": "replace", "value": k.value(s)}}}), "DELETE": ""}
		if k.path == "/Users" {
			bodies["PATCH "] = `{"Operations":[{"op":"replace","path":"` + spotCustom + `:is_email_verified","value":true}]}`
		}
		for method, body := range bodies {
			method = strings.TrimSpace(method)
			for _, other := range []string{`W/"999"`, `"x"`, "W/", `W/"-1"`} {
				if w := s.send(method, path, body, "If-Match", other); w.Code != 412 {
					s.t.Errorf("%s %s %s of %s = %d %s", method, path, body, other, w.Code, w.Body)
				}
			}
		}
		if w := s.send("DELETE", path, "", "If-Match", tag); w.Code != 204 {
			s.t.Errorf("DELETE %s of %s = %d %s", path, tag, w.Code, w.Body)
		}
	}
}

// unknownTenants names organisations that are not there, in path and header.
func (s *spot) unknownTenants() {
	for _, route := range spotRoutes() {
		method, path, _ := strings.Cut(route, " ")
		for _, tenant := range []string{"nowhere", "globex", "%00", "%ff", "root", s.demo.Other.ID.String()} {
			if w := s.do(method, "/"+tenant+"/scim"+path, "{}", "Authorization", "Bearer "+s.access, "Content-Type", "application/json"); w.Code != 404 {
				s.t.Errorf("%s of %s = %d %s", route, tenant, w.Code, w.Body)
			}
			if w := s.do(method, "/"+tenant+"/scim"+path, "{}", "Content-Type", "application/json"); w.Code != 401 {
				s.t.Errorf("%s of %s without a token = %d", route, tenant, w.Code)
			}
		}
		for _, tenant := range []string{"nowhere", "globex", "\x01", "root", "../globex"} {
			if w := s.do(method, "/scim"+path, "{}", "Authorization", "Bearer "+s.access, "X-Tenant-Id", tenant, "Content-Type", "application/json"); w.Code != 404 {
				s.t.Errorf("%s of %s by header = %d", route, tenant, w.Code)
			}
			if w := s.do(method, s.base+path, "{}", "Authorization", "Bearer "+s.access, "X-Tenant-Id", "acme", "X-Tenant-Id", tenant, "Content-Type", "application/json"); w.Code != 404 && w.Code != 400 {
				s.t.Errorf("%s of acme and %s = %d", route, tenant, w.Code)
			}
		}
	}
}

// escalation tries to give what the app may not do itself: it may handle
// resources and the catalogue, but not apps or settings.
func (s *spot) escalation() {
	owners, user := s.group(), s.user()
	id, _ := identity.ParseID(owners)
	if _, err := s.h.Access.Assign(s.t.Context(), s.by(), identity.Assignment{Role: identity.OrganizationOwner, Type: identity.GroupSubject, Subject: id}); err != nil {
		s.t.Fatal(err)
	}
	if s.refuse(403, "", "PATCH", "/Groups/"+owners, `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+user+`"}]}]}`); len(s.members(owners)) != 0 {
		s.t.Error("somebody has become an owner")
	}
	owner := s.make("/Users", `{"userName":%q,"emails":[{"value":"chief@x.io"}]}`, s.unique("chief"))
	chief, _ := identity.ParseID(owner)
	if _, err := s.h.Access.Assign(s.t.Context(), s.by(), identity.Assignment{Role: identity.OrganizationOwner, Type: identity.UserSubject, Subject: chief}); err != nil {
		s.t.Fatal(err)
	}
	for _, path := range []string{spotCustom + ":is_email_verified", "password", "userName"} {
		value := `"somebody else 1"`
		if strings.HasSuffix(path, "verified") {
			value = "true"
		}
		s.refuse(403, "", "PATCH", "/Users/"+owner, fmt.Sprintf(`{"Operations":[{"op":"replace","path":%q,"value":%s}]}`, path, value))
	}
	half := *s
	half.access = s.tokenOf("users:manage")
	if half.send("GET", "/Users/"+user, "").Code != 200 {
		s.t.Error("users:manage does not read users")
	}
	for _, path := range []string{"/Roles", "/Users/" + user + "/Roles", "/Roles/" + s.role() + "/Members"} {
		half.refuse(403, "", "GET", path, "")
	}
	statement := `{"actions":["apps:write"],"resource":"muster/api"}`
	for phrase, w := range map[string]int{
		"a permission":      s.send("POST", "/Permissions", fmt.Sprintf(`{"name":%q,"statements":[%s]}`, s.unique("p"), statement)).Code,
		"a role":            s.send("POST", "/Roles", fmt.Sprintf(`{"name":%q,"statements":[%s]}`, s.unique("r"), statement)).Code,
		"everything":        s.send("POST", "/Roles", fmt.Sprintf(`{"name":%q,"statements":[{"actions":["*"],"resource":"*"}]}`, s.unique("r"))).Code,
		"a pattern":         s.send("POST", "/Roles", fmt.Sprintf(`{"name":%q,"statements":[{"actions":["*"],"resource":"muster/*"}]}`, s.unique("r"))).Code,
		"a patched role":    s.send("PATCH", "/Roles/"+s.role(), `{"Operations":[{"op":"add","path":"statements","value":[`+statement+`]}]}`).Code,
		"a put permission":  s.send("PUT", "/Permissions/"+s.text(s.want(201, "POST", "/Permissions", s.harmless()), "id"), fmt.Sprintf(`{"name":%q,"statements":[%s]}`, s.unique("p"), statement)).Code,
		"a built-in role":   s.send("PATCH", "/Roles/"+identity.OrganizationMember.String(), `{"Operations":[{"op":"replace","value":{"name":"x"}}]}`).Code,
		"a built-in delete": s.send("DELETE", "/Roles/"+identity.OrganizationOwner.String(), "").Code,
	} {
		if w != 403 && w != 404 && w != 409 {
			s.t.Errorf("%s that may do more = %d", phrase, w)
		}
	}
}

// growth makes a role whose few permissions show far more than they hold: each
// statement shows its resource with all actions of the type.
func (s *spot) growth() {
	ctx, a := s.t.Context(), s.h.Access
	must := func(err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	kind := access.ResourceType{Base: access.Base{Name: s.unique("Wide")}}
	for range 300 {
		made, err := a.Actions.Create(ctx, s.by(), access.Action{Base: access.Base{Name: s.unique("wide")}})
		must(err)
		kind.Actions = append(kind.Actions, made.ID)
	}
	wide, err := a.ResourceTypes.Create(ctx, s.by(), kind)
	must(err)
	resource, err := a.Resources.Create(ctx, s.by(), access.Resource{Base: access.Base{Name: s.unique("wide")}, Type: wide.ID})
	must(err)
	statements := make([]access.Statement, 100)
	for i := range statements {
		statements[i] = access.Statement{Actions: []string{kind.Actions[i].String()}, Resource: resource.ID.String()}
	}
	var permissions []string
	for range 5 {
		p, err := a.Permissions.Create(ctx, s.by(), access.Permission{Base: access.Base{Name: s.unique("wide")}, Statements: statements})
		must(err)
		permissions = append(permissions, p.ID.String())
	}
	name := s.unique("wide")
	made := s.one(s.want(201, "POST", "/Roles", fmt.Sprintf(`{"name":%q,"permissions":%s}`, name, quoted(permissions))))
	if made["name"] != name || made["permissions"] != nil {
		s.t.Errorf("what was stored is shown as %.300v", made)
	}
	s.refuse(400, "tooMany", "GET", "/Roles/"+s.text(made, "id"), "")
	s.refuse(400, "tooMany", "GET", "/Roles", "")
	s.refuse(400, "tooMany", "GET", "/Permissions", "")
	if list := firstOf(s.attributes("/Permissions/"+permissions[0]), "statements"); len(list) != 2 {
		s.t.Errorf("a permission by itself: %.300v", list)
	}
	s.want(204, "DELETE", "/Roles/"+s.text(made, "id"), "")
	for _, id := range permissions {
		s.want(204, "DELETE", "/Permissions/"+id, "")
	}
}

// tokenOf is a token with one scope of an app of acme.
func (s *spot) tokenOf(scope string) string {
	s.t.Helper()
	id := s.unique("half")
	secret := s.app(id, func(a *identity.AppSettings) {
		a.Scopes, a.GrantTypes = []string{scope}, []string{identity.GrantClientCredentials}
	})
	return s.text(s.object(s.form("/acme/oidc/oauth/token", []string{"grant_type", "client_credentials"}, "Authorization", basic(id, secret)), 200), "access_token")
}

// harmless is the body of a permission for something of acme's own.
func (s *spot) harmless() string {
	action := s.action()
	return fmt.Sprintf(`{"name":%q,"statements":[{"actions":[%q],"resource":%q}]}`, s.unique("p"), action, s.resource(s.kind(action)))
}

// spelledPaths writes paths so that they might slip past the question who asks.
func (s *spot) spelledPaths() {
	for _, path := range []string{
		"/acme/scim/Users", "/acme/SCIM/users/", "/ACME/scim/Users", "/acme/%73cim/Users", "/acme/scim/%55sers", "/scim/Users", "/scim/users/",
		"/acme//scim/Users", "//acme/scim/Users", "/acme/./scim/Users", "/x/../acme/scim/Users", "/acme/scim/Users;x=y", "/acme/scim/Users%2f",
		"/acme%2fscim%2fUsers", "/acme/scim//Users", "/acme/scim/Users//", "/%61cme/scim/Users?count=1", "/scim/Users/x/Roles/", "/scim/roles/x/MEMBERS",
	} {
		w := s.do("GET", path, "", "Accept", "application/json")
		if w.Code < 300 || strings.Contains(w.Body.String(), "userName") {
			s.t.Errorf("%s without a token = %d %.200s", path, w.Code, w.Body)
		}
	}
	for path, want := range map[string]string{"/scim/v2/Users?count=1": s.demo.Token, "/scim/acme/v2/Users?count=1": s.demo.Token} {
		if o := s.object(s.do("GET", path, "", "Authorization", "Bearer "+want), 200); o["Resources"] == nil {
			s.t.Errorf("%s is no longer the SCIM door's: %v", path, o)
		}
	}
}
