package server_test

import (
	"net/url"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// A spotKind is a collection with the numbers of the checks that all have.
type spotKind struct {
	path       string
	make       func(*spot) string
	attributes []string
	paged      bool // PUT answers with a page

	list, keys, create, get, put, patch, remove string            // numbers
	lacks                                       map[string]string // numbers: "POST name", "PUT slug"

	body    func(*spot) map[string]any // to create, as the seed has it
	replace func(*spot) map[string]any // to PUT
	value   func(*spot) map[string]any // of a PATCH
	key     string                     // of the operations
	changes string                     // attribute that PUT and PATCH change
}

// filters finds a thing of the catalogue by what clients see of it.
func (k spotKind) filters(s *spot, id string) {
	s.t.Helper()
	name, _ := s.attributes(k.path + "/" + id)["name"].(string)
	if name == "" {
		return // users and groups have the names of SCIM
	}
	for _, text := range []string{
		`name eq "` + name + `"`, `name eq "` + name + `" and not (client_id pr) and not (description eq "x")`, `id eq "` + id + `" and created_at gt "2024-01-01T00:00:00Z"`,
	} {
		list := s.page(s.want(200, "GET", k.path+"?filter="+url.QueryEscape(text), ""))
		if len(list) != 1 || list[0].(map[string]any)["id"] != id {
			s.t.Errorf("%s of %s finds %d", text, k.path, len(list))
		}
	}
	s.refuse(400, "invalidFilter", "GET", k.path+"?filter=name+eq", "")
}

func (k spotKind) checks() map[string]func(*spot) {
	all := map[string]func(*spot){
		k.list: func(s *spot) {
			id := k.make(s)
			if len(s.page(s.want(200, "GET", k.path, ""))) == 0 {
				s.t.Errorf("%s is not listed", id)
			}
			k.filters(s, id)
		},
		k.keys: func(s *spot) {
			k.make(s)
			for _, x := range s.page(s.want(200, "GET", k.path, "")) {
				if got := keys(s.one(x)); !cmp.Equal(got, k.attributes) {
					s.t.Fatalf("attributes %v, want %v", got, k.attributes)
				}
			}
		},
		k.create: func(s *spot) { s.one(s.want(201, "POST", k.path, quoted(k.body(s)))) },
		k.get: func(s *spot) {
			id := k.make(s)
			if o := s.want(200, "GET", k.path+"/"+id, ""); o["id"] != id {
				s.t.Errorf("id = %v, want %v", o["id"], id)
			}
		},
		k.put: func(s *spot) {
			id, body := k.make(s), k.replace(s)
			o := s.want(200, "PUT", k.path+"/"+id, quoted(body))
			a := o
			if k.paged {
				a = s.changed(o)
			} else {
				a = s.one(o)
			}
			if now := s.attributes(k.path + "/" + id); a[k.changes] != body[k.changes] || !cmp.Equal(now, a) {
				s.t.Errorf("PUT = %v, then %v", a, now)
			}
		},
		k.patch: func(s *spot) {
			id := k.make(s)
			value := k.value(s)
			body := map[string]any{"schemas": spotPatch, k.key: []any{map[string]any{"op": "replace", "path": nil, "value": value}}}
			a := s.one(s.want(200, "PATCH", k.path+"/"+id, quoted(body)))
			before := a[k.changes]
			body[k.key] = []any{map[string]any{"op": "replace", "value": value, "path": map[string]any{
				"attributePath": map[string]any{"attributeName": "", "subAttribute": "", "uriprefix": ""}, "subAttribute": "", "valueExpression": nil,
			}}}
			again := s.one(s.want(200, "PATCH", k.path+"/"+id, quoted(body)))
			if text, ok := value[k.changes].(string); ok && before != text || before == nil || !cmp.Equal(a, again) {
				s.t.Errorf("PATCH = %v, again %v, want %s of %v", a, again, k.changes, value)
			}
		},
		k.remove: func(s *spot) {
			id := k.make(s)
			if w := s.send("DELETE", k.path+"/"+id, ""); w.Code != 204 || w.Body.Len() > 0 {
				s.t.Fatalf("DELETE = %d %s", w.Code, w.Body)
			}
			s.refuse(404, "", "GET", k.path+"/"+id, "")
			s.refuse(404, "", "DELETE", k.path+"/"+id, "")
		},
	}
	for number, what := range k.lacks {
		method, name, _ := strings.Cut(what, " ")
		all[number] = func(s *spot) {
			path, make := k.path, k.body
			if method == "PUT" {
				path, make = path+"/"+k.make(s), k.replace
			}
			body := make(s)
			delete(body, name)
			s.refuse(400, "invalidValue", method, path, quoted(body))
		}
	}
	return all
}

type m = map[string]any

func some(v any) []any { return []any{v} }

var spotKinds = []spotKind{
	{
		path: "/Actions", make: (*spot).action, paged: true, key: "Operations", changes: "description",
		attributes: []string{"active", "client_id", "created_at", "description", "id", "name"},
		list:       "S-019", keys: "S-020", create: "S-021", get: "S-023", put: "S-024", patch: "S-026", remove: "S-027",
		lacks:   map[string]string{"S-022": "POST name", "S-025": "PUT name"},
		body:    func(s *spot) m { return m{"client_id": "c1", "description": "d", "name": s.unique("create")} },
		replace: func(s *spot) m { return m{"name": s.unique("create"), "description": "d2"} },
		value:   func(*spot) m { return m{"description": "d3"} },
	},
	{
		path: "/Groups", make: (*spot).group, paged: true, key: "Operations", changes: "displayName",
		attributes: []string{"displayName", "members"},
		list:       "S-031", keys: "S-032", create: "S-033", get: "S-035", put: "S-036", patch: "S-037 by name", remove: "S-038",
		lacks:   map[string]string{"S-034": "POST displayName"},
		body:    func(s *spot) m { return m{"displayName": s.unique("devs")} },
		replace: func(s *spot) m { return m{"displayName": s.unique("devs")} },
		value:   func(*spot) m { return m{"displayName": "renamed"} },
	},
	{
		path: "/Permissions", paged: true, key: "Operations", changes: "name",
		make: func(s *spot) string {
			_, _, id := s.grant()
			return id
		},
		attributes: []string{"client_id", "created_at", "description", "id", "name", "statements"},
		list:       "S-046", keys: "S-047", create: "S-048", get: "S-051", put: "S-052", patch: "S-054", remove: "S-055",
		lacks: map[string]string{"S-049": "POST name", "S-050": "POST statements", "S-053": "PUT name"},
		body: func(s *spot) m {
			action, resource, _ := s.grant()
			return m{"name": s.unique("p"), "description": "d", "statements": some(m{"actions": some(action), "resource": resource})}
		},
		replace: func(s *spot) m {
			action, resource, _ := s.grant()
			return m{"name": s.unique("p"), "statements": some(m{"action": action, "resource": resource})}
		},
		value: func(s *spot) m {
			action, resource, _ := s.grant()
			return m{"statements": some(m{"action": action, "resource": resource})}
		},
	},
	{
		path: "/Resource-Types", make: func(s *spot) string { return s.kind(s.action()) }, key: "operations", changes: "description",
		attributes: []string{"actions", "client_id", "description", "name", "resources", "slug"},
		list:       "S-065", keys: "S-066", create: "S-067", get: "S-070", put: "S-071", patch: "S-074", remove: "S-075",
		lacks: map[string]string{"S-068": "POST actions", "S-069": "POST name", "S-072": "PUT name", "S-073": "PUT slug"},
		body: func(s *spot) m {
			n := s.unique("workspace")
			return m{"actions": some(s.action()), "client_id": "c", "description": "d", "name": n, "slug": n}
		},
		replace: func(s *spot) m {
			n := s.unique("workspace")
			return m{"name": n, "slug": n, "description": "z"}
		},
		value: func(*spot) m { return m{"description": "x"} },
	},
	{
		path: "/Resources", make: func(s *spot) string { return s.resource(s.kind(s.action())) }, key: "Operations", changes: "description",
		attributes: []string{"client_id", "description", "name", "slug", "type"},
		list:       "S-083", keys: "S-084", create: "S-085", get: "S-088", put: "S-089", patch: "S-093", remove: "S-094",
		lacks: map[string]string{"S-086": "POST name", "S-087": "POST type", "S-090": "PUT name", "S-091": "PUT slug", "S-092": "PUT type"},
		body: func(s *spot) m {
			n := s.unique("ws")
			return m{"client_id": "c", "description": "d", "name": n, "slug": n, "type": s.kind(s.action())}
		},
		replace: func(s *spot) m {
			n := s.unique("ws")
			return m{"name": n, "slug": n, "type": s.kind(s.action()), "description": "z"}
		},
		value: func(s *spot) m { return m{"description": "y", "type": s.kind(s.action())} },
	},
	{
		path: "/Roles", make: func(s *spot) string { return s.role() }, paged: true, key: "Operations", changes: "name",
		attributes: []string{"claim_mapper", "client_id", "created_at", "description", "id", "member_count", "name", "permissions"},
		list:       "S-099", keys: "S-100", create: "S-101", get: "S-103", put: "S-104", patch: "S-106", remove: "S-107",
		lacks: map[string]string{"S-102": "POST name", "S-105": "PUT name"},
		body: func(s *spot) m {
			action, resource, permission := s.grant()
			return m{
				"claim_mapper": m{"dept": "eng"}, "client_id": "c", "description": "d", "id": s.unique("role-"), "name": s.unique("dev"),
				"permissions": some(permission), "statements": some(m{"actions": some(action), "resource": resource}),
			}
		},
		replace: func(s *spot) m {
			_, _, permission := s.grant()
			return m{"claim_mapper": m{"dept": "ops"}, "name": s.unique("dev"), "permissions": some(permission)}
		},
		value: func(s *spot) m {
			_, _, permission := s.grant()
			return m{"permissions": some(permission)}
		},
	},
	{
		path: "/Users", make: (*spot).user, paged: true, key: "Operations", changes: "userName",
		attributes: []string{"active", "displayName", "emails", "locale", "name", "nickName", "phoneNumbers", "preferredLanguage",
			"profileUrl", "timezone", "title", spotCustom, "userName", "userType"},
		list: "S-119", keys: "S-120", create: "S-121", get: "S-122", put: "S-123", patch: "S-124", remove: "S-125",
		body: func(s *spot) m { return spotPerson(s.unique("ana")) },
		replace: func(s *spot) m {
			n := s.unique("ana")
			return m{"emails": some(m{"primary": true, "type": "work", "value": n + "@x.io"}), "name": m{"familyName": "T", "givenName": "Ana"}, "userName": n}
		},
		value: func(*spot) m { return m{"name": m{"familyName": "U", "givenName": "Ana"}} },
	},
}

// spotPerson is the body of the seed.
func spotPerson(name string) m {
	return m{
		"active": true, "displayName": "Ana", "emails": some(m{"primary": true, "type": "work", "value": name + "@x.io"}), "locale": "pt-BR",
		"name": m{"familyName": "S", "givenName": "Ana"}, "nickName": "a", "password": "S3cret!pw",
		"phoneNumbers":      some(m{"primary": true, "type": "mobile", "value": "+55"}),
		"preferredLanguage": "pt", "profileUrl": "https://x", "timezone": "America/Sao_Paulo", "title": "t", "userName": name, "userType": "human",
	}
}
