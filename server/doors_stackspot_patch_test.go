package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/audit"
	"github.com/muster-id/muster/identity"
)

var spotPatches = []check{
	{"S-147", func(s *spot) {
		s.want(200, "PATCH", "/Actions/"+s.action(), `{"Operations":[{"op":"replace","value":{"description":"x"}}]}`)
	}},
	{"S-148", func(s *spot) {
		s.want(200, "PATCH", "/Resource-Types/"+s.kind(s.action()), `{"operations":[{"op":"replace","value":{"description":"x"}}]}`)
	}},
	{"S-149", func(s *spot) {
		for _, k := range spotKinds {
			s.want(200, "PATCH", k.path+"/"+k.make(s), `{"Operations":[{"op":"replace","value":`+quoted(k.value(s))+`}],"schemas":"`+spotPatch+`"}`)
		}
	}},
	{"S-150", func(s *spot) {
		for _, k := range spotKinds {
			s.want(200, "PATCH", k.path+"/"+k.make(s), `{"Operations":[{"op":"replace","value":`+quoted(k.value(s))+`}],"schemas":["`+spotPatch+`"]}`)
		}
	}},
	{"S-151", func(s *spot) { s.badPatch("", `{"Operations":[]}`, `{}`, `{"Operations":null}`, `{"Operations":{}}`) }},
	{"S-152", func(s *spot) {
		s.badPatch("", `{"Operations":[{"op":"foo","value":{"name":"x"}}]}`, `{"Operations":[{"value":{"name":"x"}}]}`, `{"Operations":["x"]}`)
	}},
	{"S-153", func(s *spot) {
		for _, k := range spotKinds {
			s.want(200, "PATCH", k.path+"/"+k.make(s), `{"Operations":[{"op":"Replace","value":`+quoted(k.value(s))+`}]}`)
		}
	}},
	{"S-154", func(s *spot) {
		s.badPatch("invalidPath", `{"Operations":[{"op":"replace","path":"a[","value":"x"}]}`, `{"Operations":[{"op":"replace","path":7,"value":"x"}]}`,
			`{"Operations":[{"op":"replace","path":{"attributePath":{"attributeName":"a["}},"value":"x"}]}`,
			`{"Operations":[{"op":"replace","path":{"attributePath":{"attributeName":1}},"value":"x"}]}`,
			`{"Operations":[{"op":"replace","path":{"attributePath":{"attributeName":"name"},"valueExpression":[]},"value":"x"}]}`)
	}},
	{"S-157", func(s *spot) { s.isolation() }},
	{"S-158", func(s *spot) { s.audited() }},
}

// badPatch expects that every collection refuses bodies.
func (s *spot) badPatch(kind string, bodies ...string) {
	s.t.Helper()
	for _, k := range spotKinds {
		id := k.make(s)
		before := s.attributes(k.path + "/" + id)
		for _, body := range bodies {
			s.refuse(400, kind, "PATCH", k.path+"/"+id, body)
		}
		if after := s.attributes(k.path + "/" + id); !cmp.Equal(before, after) {
			s.t.Errorf("%s: %v became %v", k.path, before, after)
		}
	}
}

// isolation asks acme for what stands in globex.
func (s *spot) isolation() {
	id := s.unique("other")
	secret := s.appOf(s.demo.Other, id, func(a *identity.AppSettings) { a.Scopes = []string{"scim_use"} })
	other := *s
	other.base = "/globex/scim"
	o := s.object(s.form("/globex/oidc/oauth/token", []string{"grant_type", "client_credentials"}, "Authorization", basic(id, secret)), 200)
	other.access = s.text(o, "access_token")
	for _, k := range spotKinds {
		there := k.path + "/" + k.make(&other)
		for method, body := range map[string]string{"GET": "", "PUT": quoted(k.replace(s)), "PATCH": `{"Operations":[{"op":"replace","value":` + quoted(k.value(s)) + `}]}`, "DELETE": ""} {
			s.refuse(404, "", method, there, body)
		}
		other.attributes(there)
		for _, base := range []string{"/globex/scim", "/" + s.demo.Other.ID.String() + "/scim"} {
			trespass := *s
			trespass.base = base
			trespass.refuse(404, "", "GET", there, "")
			trespass.refuse(404, "", "POST", k.path, quoted(k.body(s)))
		}
		if w := s.do("GET", "/scim"+k.path, "", "Authorization", "Bearer "+s.access, "X-Tenant-Id", "globex"); w.Code != 404 {
			s.t.Errorf("%s of globex by header = %d", k.path, w.Code)
		}
	}
	member := other.user()
	s.refuse(400, "invalidValue", "PATCH", "/Groups/"+s.group(), `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+member+`"}]}]}`)
	action, resource, permission := other.grant()
	kind := other.kind(other.action())
	s.refuse(400, "invalidValue", "POST", "/Permissions", fmt.Sprintf(`{"name":%q,"statements":[{"actions":[%q],"resource":%q}]}`, s.unique("p"), action, resource))
	s.refuse(400, "invalidValue", "POST", "/Roles", fmt.Sprintf(`{"name":%q,"permissions":[%q]}`, s.unique("r"), permission))
	s.refuse(400, "invalidValue", "POST", "/Resources", fmt.Sprintf(`{"name":%q,"type":%q}`, s.unique("r"), kind))
	s.refuse(400, "invalidValue", "POST", "/Resource-Types", fmt.Sprintf(`{"name":%q,"actions":[%q]}`, s.unique("k"), action))
}

// audited looks for each write in the change log.
func (s *spot) audited() {
	log := audit.New(s.h.DB)
	for _, k := range spotKinds {
		before, err := log.List(s.t.Context(), s.demo.Org.ID, identity.ID{}, 1000)
		if err != nil {
			s.t.Fatal(err)
		}
		id := k.make(s)
		s.want(http.StatusOK, "PUT", k.path+"/"+id, quoted(k.replace(s)))
		s.want(http.StatusOK, "PATCH", k.path+"/"+id, `{"Operations":[{"op":"replace","value":`+quoted(k.value(s))+`}]}`)
		s.want(http.StatusNoContent, "DELETE", k.path+"/"+id, "")
		target, _ := identity.ParseID(id)
		list, err := log.Of(s.t.Context(), s.demo.Org.ID, target, 100)
		if err != nil {
			s.t.Fatal(err)
		}
		kinds := map[identity.ChangeKind]int{}
		for _, c := range list {
			kinds[c.Kind]++
			if c.Actor != identity.ByApp || c.RequestID == "" || c.ActorName != "spot" {
				s.t.Errorf("%s: an entry by %s %q, request %q", k.path, c.Actor, c.ActorName, c.RequestID)
			}
		}
		if kinds[identity.Created] != 1 || kinds[identity.Deleted] != 1 || kinds[identity.Patched]+kinds[identity.Replaced] < 2 {
			text, _ := json.Marshal(kinds)
			s.t.Errorf("%s: entries %s after %d others", k.path, text, len(before))
		}
	}
}
