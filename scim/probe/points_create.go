package probe

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// createPoints are points 25 to 36: what POST and PUT take in and give back.
func createPoints() []check {
	return []check{
		{"P25", "What is readOnly in a body is ignored", "RFC 7644 3.3, 3.5.1", nil, func(s *session) {
			lies := object{"id": "mine", "meta": object{"resourceType": "X", "created": "2001-01-01T00:00:00Z", "version": `W/"x"`},
				"groups": []any{object{"value": nobody}}}
			u := s.user(lies)
			u.created.holds(u.id != "mine", "an id of the server's own").lacks("groups").is("meta/resourceType", "User")
			u.created.holds(!strings.HasPrefix(u.created.text("meta/created"), "2001"), "meta.created of the server's own")
			lies["schemas"], lies["userName"] = []any{urnUser}, u.name
			s.put(u.path, lies).want(200).is("id", u.id).lacks("groups").is("meta/created", u.created.text("meta/created"))
		}},
		{"P26", "201 has a Location that equals meta.location and works", "RFC 7644 3.3", nil, func(s *session) {
			u := s.user(nil)
			at := u.created.header.Get("Location")
			u.created.holds(at != "", "a Location header").is("meta/location", at)
			u.created.holds(tail(at) == u.path, "a Location that ends in %s", u.path)
			u.now().is("meta/location", at)
		}},
		{"P27", "A duplicate is 409 with scimType uniqueness", "RFC 7644 3.3", nil, func(s *session) {
			u := s.user(nil)
			s.post("/Users", object{"schemas": []any{urnUser}, "userName": u.name}).refused(409, "uniqueness")
			v := s.user(nil)
			s.put(v.path, object{"schemas": []any{urnUser}, "userName": u.name}).refused(409, "uniqueness")
		}},
		{"P28", "The server sets meta.resourceType", "RFC 7644 3.3", nil, func(s *session) {
			s.user(object{"meta": object{"resourceType": "Group"}}).now().is("meta/resourceType", "User")
			if s.run.offers(hasGroups) {
				s.group().now().is("meta/resourceType", "Group")
			}
		}},
		{"P29", "PUT never creates", "RFC 7644 3.5.1", nil, func(s *session) {
			body := s.userBody(nil)
			s.put("/Users/"+nobody, body).refused(404)
			s.put("/Users/"+nobody, body, "If-Match", "*").refused(404)
			s.get("/Users/" + nobody).refused(404)
		}},
		{"P30", "An immutable value cannot be replaced", "RFC 7644 3.5.1, RFC 7643 2.2", nil, immutableStays},
		{"P31", "The id is the server's, and never holds bulkId", "RFC 7643 3.1", nil, func(s *session) {
			u := s.user(object{"id": "bulkId:1"})
			u.created.holds(!strings.Contains(strings.ToLower(u.id), "bulkid"), "an id without bulkId")
			v := s.user(object{"id": u.id})
			v.created.holds(v.id != u.id, "another id than %s", u.id)
		}},
		{"P32", "externalId is the client's", "RFC 7643 3.1", nil, func(s *session) {
			s.user(nil).now().lacks("externalId")
			ext := s.name("Ext")
			u := s.user(object{"externalId": ext})
			u.now().is("externalId", ext)
			s.put(u.path, object{"schemas": []any{urnUser}, "userName": u.name, "externalId": ext + "2"}).want(200).is("externalId", ext+"2")
		}},
		{"P33", "A resource that was never changed was last modified when it was created", "RFC 7643 3.1", nil, func(s *session) {
			u := s.user(nil)
			u.created.is("meta/lastModified", u.created.text("meta/created")).has("meta/created")
			time.Sleep(2 * time.Millisecond)
			r := s.put(u.path, object{"schemas": []any{urnUser}, "userName": u.name, "title": "T"}).want(200)
			r.is("meta/created", u.created.text("meta/created"))
			r.holds(r.text("meta/lastModified") > r.text("meta/created"), "meta.lastModified after meta.created")
		}},
		{"P34", "schemas names what the resource has, once", "RFC 7643 3, 3.3", nil, func(s *session) {
			u := s.user(nil)
			u.now().is("schemas", []any{urnUser}).lacks(urnEnt)
			if s.run.offers(hasEnt) {
				e := s.user(object{"schemas": []any{urnEnt, urnUser}, urnEnt: object{"department": "D"}})
				got := e.now().has(urnEnt)
				got.holds(len(got.list("schemas")) == 2 && slices.Contains(got.list("schemas"), any(urnEnt)), "schemas with both URNs, once")
				s.put(e.path, object{"schemas": []any{urnUser}, "userName": e.name}).want(200).lacks(urnEnt).is("schemas", []any{urnUser})
			}
			s.post("/Users", object{"userName": s.name("user"), "schemas": []any{urnGroup}}).refused(400, "invalidSyntax", "invalidValue")
		}},
		{"P34.2", "What the schema does not know is ignored, or refused in dialect strict", "RFC 7644 3.3; SCIM interop profile", nil, func(s *session) {
			body := s.userBody(object{"nosuchAttribute": "x"})
			r := s.post("/Users", body)
			if s.dialect(strict) {
				r.refused(400, "invalidSyntax")
				return
			}
			r.want(201).lacks("nosuchAttribute")
			s.get("/Users/" + r.text("id")).want(200).lacks("nosuchAttribute")
		}},
		{"P35", "null, an empty array and absence are one state", "RFC 7643 2.5", nil, func(s *session) {
			full := object{"title": "T", "emails": []any{object{"value": "a@x.example"}}, "name": object{"givenName": "G"}}
			u := s.user(full)
			u.now().has("title", "emails", "name")
			r := s.put(u.path, object{"schemas": []any{urnUser}, "userName": u.name, "title": nil, "emails": []any{}, "name": nil}).want(200)
			r.lacks("title", "emails/0", "name")
			before := u.now()
			s.put(u.path, object{"schemas": []any{urnUser}, "userName": u.name}).want(200).lacks("title", "emails/0")
			u.unchanged(before)
		}},
		{"P36", "primary is true at most once", "RFC 7643 2.4", nil, func(s *session) {
			u := s.user(object{"phoneNumbers": []any{object{"value": "tel:+1-201-555-0100", "primary": true}, object{"value": "tel:+1-201-555-0101"}}})
			two := []any{object{"value": "tel:+1-201-555-0102", "primary": true}, object{"value": "tel:+1-201-555-0103", "primary": true}}
			r := s.put(u.path, object{"schemas": []any{urnUser}, "userName": u.name, "phoneNumbers": two})
			if s.dialect(rfc, strict) || r.status != http.StatusOK {
				r.refused(400, "invalidValue")
			}
			marked := 0
			now := u.now()
			for _, p := range now.list("phoneNumbers") {
				if lookup(p, "primary") == true {
					marked++
				}
			}
			now.holds(marked == 1, "one primary value, not %d", marked)
		}},
	}
}

func immutableStays(s *session) {
	a := s.run.attribute("mutability", "immutable")
	if a.name == "" { // then the one that every server with groups has
		s.memberStays()
		return
	}
	first, second := s.name("i"), s.name("i")
	u := s.user(a.set(first, nil))
	body := object{"schemas": []any{urnUser}, "userName": u.name, "title": "T"}
	s.put(u.path, a.set(second, body)).refused(400, "mutability")
	u.now().is(a.path(), first)
	s.put(u.path, a.set(first, body)).want(200).is(a.path(), first).is("title", "T")
}

// memberStays tries to turn one member of a group into another, which the
// immutable members.value does not allow.
func (s *session) memberStays() {
	if !s.run.offers(hasGroups) || !s.run.offers(canPatch) {
		s.skipf("no attribute of users is immutable, and there are no groups with PATCH")
		return
	}
	a, b := s.user(nil), s.user(nil)
	g := s.group(a)
	before := g.now()
	g.patch(op("replace", `members[value eq "`+a.id+`"].value`, b.id)).refused(400, "mutability")
	g.unchanged(before)
}
