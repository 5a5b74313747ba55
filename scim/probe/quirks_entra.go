package probe

import "net/http"

// entraQuirks are what Entra ID sends and other clients do not. In dialect entra
// the server must understand it; in rfc and strict it must do what the RFC says;
// in okta it may do either.
func entraQuirks() []check {
	p, g := []capability{canPatch}, []capability{canPatch, hasGroups}
	ent, f := []capability{canPatch, hasEnt}, []capability{canFilter}
	const ref = "RFC 7644 3.5.2; Entra ID"
	return []check{
		{"Q01", "op with a capital letter", ref, p, func(s *session) {
			u := s.user(nil)
			s.quirk(u, true, true, is("title", "T"), []any{op("Add", "title", "T")}, "invalidSyntax", "invalidValue")
			s.quirk(u, true, true, is("title", "U"), []any{op("Replace", "title", "U")}, "invalidSyntax", "invalidValue")
			s.quirk(u, true, true, func(r *reply) { r.lacks("title") }, []any{op("Remove", "title", nil)}, "invalidSyntax", "invalidValue")
		}},
		{"Q02", "Booleans as strings", ref, p, func(s *session) {
			for text, want := range map[string]bool{"False": false, "True": true, "false": false, "true": true} {
				u := s.user(object{"active": !want})
				s.quirk(u, false, false, is("active", want), []any{op("Replace", "active", text)}, "invalidValue", "invalidSyntax")
			}
			u := s.user(nil)
			s.quirk(u, false, false, is("emails/0/primary", true),
				[]any{op("Add", "emails", []any{object{"value": "a@x.example", "type": "work", "primary": "True"}})}, "invalidValue", "invalidSyntax")
		}},
		{"Q03", "A boolean string in a path filter", ref, p, func(s *session) {
			s.quirk(s.user(nil), false, false, func(r *reply) { r.is("roles/0/value", "Admin").is("roles/0/primary", true) },
				[]any{op("Add", `roles[primary eq "True"].value`, "Admin")}, "invalidFilter", "invalidPath", "invalidValue", "noTarget")
		}},
		{"Q04", "Members removed by value", "RFC 7644 3.5.2.2; Entra ID", g, func(s *session) {
			a, b, c := s.user(nil), s.user(nil), s.user(nil)
			group := s.group(a, b, c)
			before := group.now()
			s.onlyTheseLeave(group.patch(op("Remove", "members", refs(a, c))), before, group, b)
		}},
		{"Q05", "Members with a null $ref", ref, g, func(s *session) {
			a, b := s.user(nil), s.user(nil)
			group := s.group(a)
			null := func(t *thing) []any { return []any{object{"$ref": nil, "value": t.id}} }
			group.patch(op("add", "members", null(b))).done()
			before := group.members(a, b)
			s.onlyTheseLeave(group.patch(op("Remove", "members", null(b))), before, group, a)
		}},
		{"Q06", "The manager as a bare id", ref, ent, func(s *session) {
			boss := s.user(nil)
			s.quirk(s.user(nil), false, false, is(urnEnt+"/manager/value", boss.id), []any{op("Add", urnEnt+":manager", boss.id)}, "invalidValue", "invalidSyntax")
		}},
		{"Q07", "The manager taken away by an empty string", ref, ent, func(s *session) {
			u := s.user(object{urnEnt: object{"manager": object{"value": s.user(nil).id}}})
			s.quirk(u, true, false, func(r *reply) { r.lacks(urnEnt) }, []any{op("Replace", urnEnt+":manager", "")}, "invalidValue", "invalidSyntax")
		}},
		{"Q08", "add through a filter makes the element", ref, p, func(s *session) {
			s.quirk(s.user(nil), true, false, func(r *reply) { r.is("emails", []any{object{"type": "work", "value": "w@x.example"}}) },
				[]any{op("Add", `emails[type eq "work"].value`, "w@x.example")}, "noTarget")
		}},
		{"Q09", "replace through a filter makes the element", "RFC 7644 3.5.2.3; Entra ID", p, func(s *session) {
			u := s.user(object{"emails": []any{object{"type": "home", "value": "h@x.example"}}})
			s.quirk(u, false, false, func(r *reply) {
				r.is("emails/[type=work]/value", "w@x.example").is("emails/[type=home]/value", "h@x.example")
			}, []any{op("Replace", `emails[type eq "work"].value`, "w@x.example")}, "noTarget")
		}},
		{"Q10", "A value without path with dotted keys", ref, p, func(s *session) {
			u := s.user(object{"displayName": "Old"})
			s.pathless(u, object{"name.givenName": "O", "name.familyName": "R", "displayName": "X"}, func(r *reply) {
				r.is("name/givenName", "O").is("name/familyName", "R").is("displayName", "X").lacks("name.givenName")
			}, func(r *reply) { r.is("displayName", "X").lacks("name.givenName", "name.familyName") })
		}},
		{"Q11", "A value without path with flat URN keys", "RFC 7644 3.10; Entra ID", ent, func(s *session) {
			s.pathless(s.user(nil), object{urnEnt + ":department": "R&D"}, func(r *reply) {
				r.is(urnEnt+"/department", "R&D").lacks(urnEnt + ":department").has("schemas/1")
			}, func(r *reply) { r.lacks(urnEnt + ":department") })
		}},
		{"Q12", "A value without path with keys that filter", ref, p, func(s *session) {
			u := s.user(object{"emails": []any{object{"value": "old@b.example", "type": "work", "primary": true}}})
			s.pathless(u, object{"emails[primary eq true].value": "a@b.example"}, is("emails/0/value", "a@b.example"),
				func(r *reply) { r.lacks("emails[primary eq true].value", "emails/1") })
		}},
		{"Q13", "JSON inside a value string", ref, p, func(s *session) {
			text := `{"id":"827f","value":"Admin","displayName":"Admin"}`
			u := s.user(nil)
			r := u.patch(op("Add", "roles", []any{object{"value": text}}))
			if s.dialect(entra) {
				r.done()
				u.now().is("roles/0/value", "Admin").lacks("roles/1")
				return
			}
			r.done()
			now := u.now()
			now.holds(now.text("roles/0/value") == text || s.dialect(okta), "the string as it was sent")
		}},
		{"Q14", "An empty array through a filter", ref, p, func(s *session) {
			s.quirk(workAndHome(s), true, false, func(r *reply) { r.set("emails", "value", "b@y.example") },
				[]any{op("replace", `emails[type eq "work"]`, []any{})}, "invalidValue", "invalidSyntax", "invalidPath")
		}},
		{"Q15", "id in a PATCH, readOnly in a PUT, externalId like any other", ref, p, readOnlyInBody},
		{"Q16", "null clears", "RFC 7643 2.5; Entra ID", p, func(s *session) {
			u := s.user(object{"title": "T", "nickName": "N"})
			u.patch(object{"op": "replace", "path": "title", "value": nil}).done()
			u.now().lacks("title").is("nickName", "N")
		}},
		{"Q17", "Looking for a user who is not there", "RFC 7644 3.4.2; Entra ID", f, func(s *session) {
			r := s.search("/Users", `userName eq "AzureAD_Test-`+s.name("guid")+`"`).total(0)
			empty(r)
		}},
		{"Q18", "A group without its members", "RFC 7644 3.9; Entra ID", []capability{canFilter, hasGroups}, func(s *session) {
			group := s.group(s.user(nil))
			s.get("/Groups?excludedAttributes=members", "filter", group.mine()).total(1).is("Resources/0/id", group.id).lacks("Resources/0/members")
			s.get(group.path, "excludedAttributes", "members").want(200).is("displayName", group.name).lacks("members")
			s.get(group.path).want(200).has("members/0")
		}},
		{"Q19", "Is this user a member of that group", "RFC 7644 3.4.2.2; Entra ID", []capability{canFilter, hasGroups}, func(s *session) {
			a, b := s.user(nil), s.user(nil)
			group := s.group(a)
			for _, attr := range []string{"members", "members.value"} {
				s.search("/Groups", `id eq "`+group.id+`" and `+attr+` eq "`+a.id+`"`).total(1).is("Resources/0/id", group.id)
				s.search("/Groups", `id eq "`+group.id+`" and `+attr+` eq "`+b.id+`"`).total(0)
			}
			s.get("/Groups", "filter", `members[value eq "`+a.id+`"]`).total(1)
		}},
		{"Q20", "Test Connection", "RFC 7644 3.4.2; Entra ID", []capability{canFilter, hasGroups}, func(s *session) {
			s.get("/Users", "startIndex", "1", "count", "1").want(200).has("totalResults")
			s.get("/Groups", "startIndex", "1", "count", "1", "excludedAttributes", "members").want(200).has("totalResults")
			s.search("/Groups", `displayName eq "`+s.name("none")+`"`, "excludedAttributes", "members").total(0)
		}},
		{"Q21", "The tenant URL with ?aadOptscim062020", "Entra ID", f, func(s *session) {
			u := s.user(nil)
			suffixed(s, u, "aadOptscim062020")
			suffixed(s, u, "AADOPTSCIM062020=")
		}},
		{"Q22", "The primary address replaced, and nothing secret returned", "RFC 7643 7, RFC 7644 3.5.2.3; Entra ID", p, func(s *session) {
			u := s.user(object{"password": secret(), "emails": []any{object{"value": "a@x.example", "primary": true}, object{"value": "b@x.example"}}})
			u.patch(op("replace", "emails[primary eq true].value", "c@x.example")).done()
			u.now().set("emails", "value", "b@x.example", "c@x.example").lacks("password")
		}},
		{"Q23", "Many members in one operation", "RFC 7644 3.5.2; Entra ID", g, func(s *session) {
			u := s.users(12, nil)
			group := s.group()
			r := group.patch(op("Add", "members", refs(u...)))
			if s.dialect(entra) {
				r.want(http.StatusNoContent)
			} else {
				r.done()
			}
			group.members(u...)
		}},
		{"Q24", "Entra as puller: odd case and seven digits", "RFC 7644 3.4.2.2; Entra ID", f, puller},
		{"Q25", "Path names in odd case, active as a string in POST", "RFC 7644 3.10; Entra ID", p, oddCase},
	}
}

// is returns a comparison of one value.
func is(path string, want any) func(*reply) { return func(r *reply) { r.is(path, want) } }

// quirk sends operations that Entra means in its own way. In dialect entra they
// must be understood. In rfc and strict they may be, if the RFC leaves it open
// there, or must be refused with one of the faults and without effect.
func (s *session) quirk(t *thing, openRFC, openStrict bool, understood func(*reply), ops []any, faults ...string) {
	before := t.now()
	r := t.patch(ops...)
	if s.dialect(entra) {
		r.done()
		understood(t.now())
		return
	}
	open := s.dialect(okta) || s.dialect(rfc) && openRFC || s.dialect(strict) && openStrict
	s.either(r, before, t, open, understood, faults...)
}

// pathless sends a replace without a path. Strict refuses it; Entra's meaning
// must be understood in its dialect; elsewhere the server may also ignore what
// no attribute is called, or refuse.
func (s *session) pathless(t *thing, value object, understood, ignored func(*reply)) {
	before := t.now()
	r := t.patch(op("replace", "", value))
	switch {
	case s.dialect(strict):
		r.refused(400, "invalidSyntax")
		t.unchanged(before)
	case s.dialect(entra):
		r.done()
		understood(t.now())
	default:
		s.either(r, before, t, true, ignored, "invalidSyntax", "invalidPath", "invalidValue")
	}
}

func readOnlyInBody(s *session) {
	u := s.user(object{"displayName": "Old"})
	before := u.now()
	r := u.patch(op("Replace", "", object{"id": nobody, "displayName": "New"}))
	switch {
	case s.dialect(entra, okta):
		r.done()
		u.now().is("id", u.id).is("displayName", "New")
	case s.dialect(strict):
		r.refused(400, "invalidSyntax", "mutability")
		u.unchanged(before)
	default:
		s.either(r, before, u, true, func(now *reply) { now.is("id", u.id) }, "mutability")
	}
	ext := s.name("Ext")
	u.patch(op("replace", "externalId", ext)).done()
	u.now().is("externalId", ext)
	s.put(u.path, object{"schemas": []any{urnUser}, "id": nobody, "userName": u.name, "externalId": ext}).want(200).is("id", u.id).is("externalId", ext)
}

func puller(s *session) {
	u, mine := s.crowd(7, func(i int) object { return object{"active": i != 6} })
	since := `meta.lastModified ge "0001-01-03T00:00:00.0000000Z" and meta.lastModified le "9998-12-31T00:00:00.0000000Z"`
	r := s.get("/Users", "filter", `active eq true and (`+since+`) and (`+mine+`)`, "count", "5", "startIndex", "6").total(6)
	r.is("startIndex", 6).is("itemsPerPage", 1).is("Resources/0/id", u[5].id)
	r = s.get("/Users", "filter", `(ActiVe eq true) and meta.lastmodified ge "2000-01-01T00:00:00.0000000Z" and `+mine, "startIndex", "0", "count", "5").total(6)
	r.is("startIndex", 1).is("itemsPerPage", 5)
	s.get("/Users", "filter", `active eq false and `+mine, "startindex", "0").total(1)
}

func oddCase(s *session) {
	u := s.user(object{"name": object{"familyName": "F"}, "emails": []any{object{"value": "a@x.example", "type": "work"}}})
	u.patch(op("replace", "DisplayName", "D"), op("replace", "name.FamilyName", "G"), op("replace", `Emails[Type eq "work"].Value`, "b@x.example")).done()
	u.now().is("displayName", "D").is("name/familyName", "G").is("emails/0/value", "b@x.example").lacks("DisplayName")
	u.find(1, `emails.Value eq "b@x.example" and meta.Created pr`)
	body := s.userBody(object{"active": "True"})
	r := s.post("/Users", body)
	if s.dialect(entra) || s.dialect(okta) && r.status == http.StatusCreated {
		r.want(201).is("active", true)
		return
	}
	r.refused(400, "invalidValue", "invalidSyntax")
	s.search("/Users", `userName eq "`+body["userName"].(string)+`"`).total(0)
}
