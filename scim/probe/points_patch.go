package probe

import (
	"net/http"
	"time"
)

// patchPoints are points 37 to 49: PATCH.
func patchPoints() []check {
	p := []capability{canPatch}
	return []check{
		{"P37", "A PATCH names its schema and has operations", "RFC 7644 3.5.2", p, func(s *session) {
			u := s.user(object{"title": "Old"})
			before := u.now()
			for _, body := range []object{
				{"schemas": []any{urnPatch}, "Operations": []any{}}, {"schemas": []any{urnPatch}},
				{"schemas": []any{urnPatch}, "Operations": []any{object{"path": "title", "value": "x"}}},
				{"schemas": []any{urnPatch}, "Operations": []any{op("move", "title", "x")}},
				{"schemas": []any{urnPatch}, "Operations": []any{op("replace", "title", "x"), "nonsense"}},
			} {
				s.send("PATCH", u.path, body).refused(400, "invalidSyntax", "invalidValue")
			}
			u.unchanged(before)
			r := s.send("PATCH", u.path, object{"Operations": []any{op("replace", "title", "New")}})
			s.either(r, before, u, s.dialect(entra, okta), func(now *reply) { now.is("title", "New") }, "invalidSyntax", "invalidValue")
		}},
		{"P38", "A PATCH is atomic", "RFC 7644 3.5.2", []capability{canPatch, hasGroups}, func(s *session) {
			a, b := s.user(nil), s.user(nil)
			g := s.group(a)
			before := g.now()
			g.patch(op("add", "members", refs(b)), op("remove", `members[value eq "`+a.id+`"]`, nil),
				op("replace", "displayName", s.name("group")), op("remove", "", nil)).refused(400)
			g.unchanged(before)
		}},
		{"P39", "remove without a path is noTarget", "RFC 7644 3.5.2.2", p, func(s *session) {
			u := s.user(nil)
			before := u.now()
			r := u.patch(object{"op": "remove", "value": object{"title": "x"}})
			if s.dialect(strict) {
				r.refused(400, "noTarget", "invalidSyntax")
			} else {
				r.refused(400, "noTarget")
			}
			u.unchanged(before)
		}},
		{"P40", "replace through a filter that matches nothing is noTarget", "RFC 7644 3.5.2.3", p, func(s *session) {
			u := s.user(object{"emails": []any{object{"type": "home", "value": "h@x.example"}}})
			before := u.now()
			r := u.patch(op("replace", `emails[type eq "work"].value`, "w@x.example"))
			if s.dialect(entra) { // which wants the element made
				r.done()
				u.now().is("emails/[type=work]/value", "w@x.example")
				return
			}
			r.refused(400, "noTarget")
			u.unchanged(before)
		}},
		{"P41", "replace of an absent attribute adds it", "RFC 7644 3.5.2.3", p, func(s *session) {
			u := s.user(nil)
			u.patch(op("replace", "title", "T"), op("replace", "name.givenName", "G"), op("replace", "emails", []any{object{"value": "a@x.example"}})).done()
			u.now().is("title", "T").is("name/givenName", "G").is("emails/0/value", "a@x.example")
			u.patch(op("replace", "name", object{"familyName": "F"})).done()
			u.now().is("name/familyName", "F")
		}},
		{"P42", "add of a value that is there changes nothing", "RFC 7644 3.5.2.1", p, func(s *session) {
			mail := object{"value": "a@x.example", "type": "work"}
			u := s.user(object{"title": "T", "emails": []any{mail}})
			before := u.now()
			time.Sleep(2 * time.Millisecond)
			u.patch(op("add", "title", "T"), op("add", "emails", []any{mail})).done()
			u.unchanged(before)
		}},
		{"P43", "Removing a member that is not there succeeds without change", "RFC 7644 3.5.2.2", []capability{canPatch, hasGroups}, func(s *session) {
			a, b := s.user(nil), s.user(nil)
			g := s.group(a)
			before := g.now()
			g.patch(op("remove", `members[value eq "`+b.id+`"]`, nil)).done()
			g.unchanged(before)
		}},
		{"P44", "Setting primary takes it from the others", "RFC 7644 3.5.2", p, func(s *session) {
			u := s.user(object{"emails": []any{object{"value": "a@x.example", "type": "work", "primary": true}, object{"value": "b@x.example", "type": "home"}}})
			u.patch(op("add", `emails[type eq "home"].primary`, true)).done()
			onlyPrimary(u.now(), "b@x.example")
		}},
		{"P45", "Removing what is required or readOnly is mutability", "RFC 7644 3.5.2.2", p, func(s *session) {
			u := s.user(nil)
			before := u.now()
			u.patch(op("remove", "userName", nil)).refused(400, "mutability")
			if r := u.patch(op("remove", "id", nil)); s.dialect(rfc, strict) || r.status >= 300 {
				r.refused(400, "mutability")
			}
			u.unchanged(before)
			if s.run.offers(hasGroups) {
				g := s.group()
				g.patch(op("remove", "displayName", nil)).refused(400, "mutability")
				g.now().is("displayName", g.name)
			}
		}},
		{"P46", "What is immutable may be added once", "RFC 7644 3.5.2", p, immutableOnce},
		{"P47", "Patching an extension attribute adds its URN to schemas", "RFC 7644 3.5.2", []capability{canPatch, hasEnt}, func(s *session) {
			u := s.user(nil)
			u.patch(op("add", urnEnt+":employeeNumber", "42")).done()
			u.now().is(urnEnt+"/employeeNumber", "42").is("schemas", []any{urnUser, urnEnt})
			u.patch(op("remove", urnEnt+":employeeNumber", nil)).done()
			u.now().lacks(urnEnt).is("schemas", []any{urnUser})
		}},
		{"P48", "A malformed path is invalidPath, a value of the wrong type invalidValue", "RFC 7644 3.12", p, badPatches},
		{"P49", "PATCH answers 200 or 204, with the ETag", "RFC 7644 3.5.2, 3.14", []capability{canPatch, canETag}, func(s *session) {
			u := s.user(nil)
			r := u.patch(op("add", "title", "T")).done()
			if r.status == http.StatusOK {
				r.is("title", "T").is("id", u.id)
			}
			now := u.now()
			r.holds(r.etag() != "" && r.etag() == now.etag(), "the ETag %s of the new version", now.etag())
		}},
	}
}

func immutableOnce(s *session) {
	a := s.run.attribute("mutability", "immutable")
	if a.name == "" {
		s.memberStays()
		return
	}
	first, second := s.name("i"), s.name("i")
	u := s.user(nil)
	u.patch(op("add", a.full(), first)).done()
	before := u.now().is(a.path(), first)
	u.patch(op("replace", a.full(), second)).refused(400, "mutability")
	u.patch(op("add", a.full(), second)).refused(400, "mutability")
	u.unchanged(before)
}

func badPatches(s *session) {
	u := s.user(object{"emails": []any{object{"value": "a@x.example", "type": "work"}}})
	before := u.now()
	for _, path := range []string{"name..familyName", `emails[type eq "work"`, "emails[]", `emails[type eq "work"]value`, "a b", "[type eq 1]", `emails[type eq "work"].`} {
		u.patch(op("replace", path, "x")).refused(400, "invalidPath", "invalidFilter")
	}
	for path, value := range map[string]any{
		"active": "maybe", "displayName": object{"a": 1}, "nickName": []any{"a", "b"}, "name": []any{object{"givenName": "G"}},
		`emails[type eq "work"].primary`: "perhaps", "userName": 5,
	} {
		u.patch(op("replace", path, value)).refused(400, "invalidValue", "invalidSyntax")
	}
	u.unchanged(before)
}
