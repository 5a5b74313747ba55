package probe

import (
	"net/http"
	"strings"
)

// behaviours are the first ten of the twenty behaviours that few servers get
// all right: queries, PATCH, membership and references in Bulk.
func behaviours() []check {
	return []check{
		{"B01", "A value filter holds for one element, not for any", "RFC 7644 3.4.2.2", []capability{canFilter}, oneElement},
		{"B02", "A filter that makes no sense is invalidFilter", "RFC 7644 3.4.2.2, 3.12", []capability{canFilter}, filterErrors},
		{"B03", "A PATCH that fails leaves everything as it was", "RFC 7644 3.5.2", []capability{canPatch}, atomicPatch},
		{"B04", "A new primary value takes the mark from the old one", "RFC 7644 3.5.2, RFC 7643 2.4", []capability{canPatch}, primaryMoves},
		{"B05", "A PATCH without effect leaves no trace", "RFC 7644 3.5.2.1", []capability{canPatch}, noTrace},
		{"B06", "Entra's manager, booleans and filtered add are understood for Entra only", "RFC 7644 3.5.2; Entra ID", []capability{canPatch, hasEnt}, entraDialect},
		{"B07", "A PATCH without path with dotted and URN keys", "RFC 7644 3.5.2, 3.10; Entra ID", []capability{canPatch, hasEnt}, dottedKeys},
		{"B08", "Members come and go in every form, and twice is once", "RFC 7644 3.5.2", []capability{canPatch, hasGroups}, membership},
		{"B08.2", "A bare remove with a value takes only that member out, for Entra", "RFC 7644 3.5.2.2; Entra ID", []capability{canPatch, hasGroups}, removeByValue},
		{"B08.3", "A rename whose value repeats the id leaves the members alone", "RFC 7644 3.5.2.3; Okta", []capability{canPatch, hasGroups}, renameWithID},
		{"B09", "Bulk resolves a reference to a later operation", "RFC 7644 3.7.2", []capability{canBulk, canPatch, hasGroups}, bulkForward},
		{"B10", "Bulk resolves circular references", "RFC 7644 3.7.1", []capability{canBulk, hasGroups}, bulkCircle},
		{"B10.2", "Bulk resolves circular references in an extension", "RFC 7644 3.7.1, 3.7.2", []capability{canBulk, hasEnt}, bulkManagers},
	}
}

func workAndHome(s *session) *thing {
	return s.user(object{"emails": []any{
		object{"type": "work", "value": "a@x.example"}, object{"type": "home", "value": "b@y.example"}}})
}

func oneElement(s *session) {
	u := workAndHome(s)
	u.find(0, `emails[type eq "work" and value co "@y.example"]`)
	u.find(1, `emails[type eq "home" and value co "@y.example"]`)
	u.find(1, `(emails.type eq "work" and emails.value co "@y.example")`)
	u.find(1, `not (name.familyName eq "Nope")`)
}

func filterErrors(s *session) {
	s.search("/Users", `active gt true`).refused(400, "invalidFilter")
	r := s.search("/Users", `userName regex "x"`).refused(400, "invalidFilter")
	r.holds(strings.Contains(r.text("detail"), "regex"), "a detail that names the operator")
	s.search("/Users", `userName eq "a`).refused(400, "invalidFilter").has("detail")
	if s.dialect(strict) {
		s.search("/Users", `nosuch eq "a"`).refused(400, "invalidFilter")
	} else {
		s.search("/Users", `nosuch eq "a"`).total(0)
	}
}

func atomicPatch(s *session) {
	u := s.user(object{"displayName": "Old"})
	before := u.now()
	second, fault := op("replace", `addresses[type eq "work"].locality`, "X"), "noTarget"
	if s.dialect(entra, okta) { // where the second would make the element
		second = op("remove", "", nil)
	}
	u.patch(op("replace", "displayName", "New"), second).refused(400, fault)
	u.unchanged(before).is("displayName", "Old")
}

func primaryMoves(s *session) {
	emails := []any{object{"value": "a@x.example", "type": "work", "primary": true}, object{"value": "b@x.example", "type": "home"}}
	u := s.user(object{"emails": emails})
	u.patch(op("add", "emails", []any{object{"value": "c@x.example", "type": "other", "primary": true}})).done()
	onlyPrimary(u.now().set("emails", "value", "a@x.example", "b@x.example", "c@x.example"), "c@x.example")
	u.patch(op("replace", `emails[value eq "b@x.example"].primary`, true)).done()
	onlyPrimary(u.now(), "b@x.example")
	r := s.post("/Users", s.userBody(object{"emails": []any{
		object{"value": "a@x.example", "primary": true}, object{"value": "b@x.example", "primary": true}}}))
	if s.dialect(rfc, strict) {
		r.refused(400, "invalidValue")
	} else if r.status == http.StatusCreated {
		onlyPrimary(r, "a@x.example")
	} else {
		r.refused(400, "invalidValue")
	}
}

func onlyPrimary(r *reply, value string) {
	for _, e := range r.list("emails") {
		r.holds((lookup(e, "primary") == true) == (lookup(e, "value") == value), "only %s with primary true", value)
	}
	r.is("emails/[value="+value+"]/primary", true)
}

func noTrace(s *session) {
	u := s.user(object{"displayName": "Same"})
	before := u.now()
	u.patch(op("add", "displayName", "Same")).done()
	u.unchanged(before)
	u.patch(op("replace", "", object{"displayName": "Same"}), op("replace", "displayName", "Same"))
	u.unchanged(before)
}

func entraDialect(s *session) {
	boss := s.user(nil)
	u := s.user(nil)
	ops := []any{
		op("Add", urnEnt+":manager", boss.id),
		op("Replace", "active", "False"),
		op("Add", `emails[type eq "work"].value`, "w@x.example"),
	}
	if !s.dialect(entra) {
		before := u.now()
		s.either(u.patch(ops...), before, u, s.dialect(okta), managed(boss), "invalidValue", "invalidSyntax", "noTarget")
		return
	}
	u.patch(ops...).done()
	managed(boss)(u.now())
	u.patch(op("Replace", urnEnt+":manager", "")).done()
	u.now().lacks(urnEnt).is("schemas", []any{urnUser})
}

func managed(boss *thing) func(*reply) {
	return func(r *reply) {
		r.is("active", false).is("emails/[type=work]/value", "w@x.example").
			is(urnEnt+"/manager/value", boss.id).has("schemas/1")
	}
}

// either judges an exchange that a server may understand, if lenient is true,
// or must refuse with one of the faults and without effect.
func (s *session) either(r *reply, before *reply, t *thing, lenient bool, understood func(*reply), faults ...string) {
	if lenient && (r.status == http.StatusOK || r.status == http.StatusNoContent) {
		understood(t.now())
		return
	}
	r.refused(400, faults...)
	t.unchanged(before)
}

func dottedKeys(s *session) {
	u := s.user(object{"displayName": "Before"})
	before := u.now()
	r := u.patch(op("replace", "", object{"name.givenName": "Os", "name.familyName": "Ry", urnEnt + ":department": "R&D"}))
	switch {
	case s.dialect(strict):
		r.refused(400, "invalidSyntax")
		u.unchanged(before)
	case s.dialect(entra):
		r.done()
		u.now().is("name/givenName", "Os").is("name/familyName", "Ry").is(urnEnt+"/department", "R&D").
			lacks("name.givenName", urnEnt+":department")
	default: // the RFC does not say; a name with a dot must not become an attribute
		s.either(r, before, u, true, func(now *reply) {
			now.lacks("name.givenName", "name.familyName", urnEnt+":department").is("displayName", "Before")
		})
	}
}

func membership(s *session) {
	a, b, c := s.user(nil), s.user(nil), s.user(nil)
	g := s.group(a, b)
	g.patch(op("remove", `members[value eq "`+b.id+`"]`, nil)).done()
	before := g.members(a)
	g.patch(op("remove", `members[value eq "`+b.id+`"]`, nil)).done()
	g.unchanged(before)
	g.patch(op("remove", "members", nil)).done()
	g.members().lacks("members")
	g.patch(op("replace", "members", refs(c))).done()
	g.members(c)
	g.patch(op("replace", "members", []any{})).done()
	g.members()
	g.patch(op("add", "members", refs(c, c))).done()
	before = g.members(c)
	g.patch(op("add", "members", refs(c))).done()
	g.unchanged(before)
	r := g.patch(op("add", "members", []any{object{"value": nobody}})).refused(400, "invalidValue")
	r.holds(strings.Contains(r.text("detail"), nobody), "a detail that names the id")
	g.unchanged(before)
}

// removeByValue sends what the RFC does not define: a remove of a whole
// multi-valued attribute with a value. Outside Entra's dialect the attribute
// goes as a whole, as section 3.5.2.2 says of such a path, or the request is
// refused.
func removeByValue(s *session) {
	a, b := s.user(nil), s.user(nil)
	g := s.group(a, b)
	before := g.members(a, b)
	r := g.patch(op("Remove", "members", refs(a)))
	s.onlyTheseLeave(r, before, g, b)
}

func (s *session) onlyTheseLeave(r, before *reply, g *thing, stay ...*thing) {
	if s.dialect(entra) {
		r.done()
		g.members(stay...)
		return
	}
	if r.status == http.StatusOK || r.status == http.StatusNoContent {
		now := g.now()
		left := len(now.list("members"))
		now.holds(left == 0 || left == len(stay) && !s.dialect(strict), "no member left, or a refusal")
		return
	}
	r.refused(400, "invalidSyntax", "invalidValue", "invalidPath")
	g.unchanged(before)
}

func renameWithID(s *session) {
	a := s.user(nil)
	g := s.group(a)
	before := g.now()
	name := s.name("group")
	r := g.patch(op("replace", "", object{"id": g.id, "displayName": name}))
	renamed := func(now *reply) { now.is("displayName", name).is("id", g.id).set("members", "value", a.id) }
	switch {
	case s.dialect(strict):
		r.refused(400, "invalidSyntax")
		g.unchanged(before)
	case s.dialect(entra, okta):
		r.done()
		renamed(g.now())
	default:
		s.either(r, before, g, true, renamed, "mutability")
	}
}

// bulk sends operations and expects an outcome for each.
func (s *session) bulk(ops ...any) *reply {
	r := s.post("/Bulk", object{"schemas": []any{urnBulk}, "Operations": ops}).want(http.StatusOK)
	r.is("schemas", []any{urnBulkRe})
	return r.holds(len(r.list("Operations")) == len(ops), "%d operations in the answer", len(ops))
}

// bulkOp builds an operation of a bulk request.
func bulkOp(method, path, bulkID string, data any) object {
	o := object{"method": method, "path": path}
	if bulkID != "" {
		o["bulkId"] = bulkID
	}
	if data != nil {
		o["data"] = data
	}
	return o
}

func bulkForward(s *session) {
	r := s.bulk(
		bulkOp("POST", "/Groups", "g", s.groupBody(object{"members": []any{object{"type": "User", "value": "bulkId:u"}}})),
		bulkOp("POST", "/Users", "u", s.userBody(nil)),
		bulkOp("PATCH", "/Users/bulkId:u", "", patchOp(op("add", "title", "Dr"))),
	)
	r.is("Operations/0/status", "201").is("Operations/1/status", "201")
	r.is("Operations/0/bulkId", "g").is("Operations/1/bulkId", "u").is("Operations/2/method", "PATCH")
	done := r.text("Operations/2/status")
	r.holds(done == "200" || done == "204", `Operations/2/status "200" or "204"`)
	user, group := tail(r.text("Operations/1/location")), tail(r.text("Operations/0/location"))
	r.holds(tail(r.text("Operations/2/location")) == user, "the location of the user in Operations/2")
	u := s.get(user).want(200).is("title", "Dr")
	s.get(group).want(200).set("members", "value", u.text("id"))
	if s.run.offers(canETag) {
		r.is("Operations/2/version", u.etag()).has("Operations/0/version", "Operations/1/version")
	}
}

func bulkCircle(s *session) {
	r := s.bulk(
		bulkOp("POST", "/Groups", "a", s.groupBody(object{"members": []any{object{"type": "Group", "value": "bulkId:b"}}})),
		bulkOp("POST", "/Groups", "b", s.groupBody(object{"members": []any{object{"type": "Group", "value": "bulkId:a"}}})),
	).is("Operations/0/status", "201").is("Operations/1/status", "201")
	a := s.get(tail(r.text("Operations/0/location"))).want(200)
	b := s.get(tail(r.text("Operations/1/location"))).want(200)
	a.set("members", "value", b.text("id"))
	b.set("members", "value", a.text("id"))
}

func bulkManagers(s *session) {
	r := s.bulk(
		bulkOp("POST", "/Users", "m1", s.userBody(object{urnEnt: object{"manager": object{"value": "bulkId:m2"}}})),
		bulkOp("POST", "/Users", "m2", s.userBody(object{urnEnt: object{"manager": object{"value": "bulkId:m1"}}})),
	).is("Operations/0/status", "201").is("Operations/1/status", "201")
	a := s.get(tail(r.text("Operations/0/location"))).want(200)
	b := s.get(tail(r.text("Operations/1/location"))).want(200)
	a.is(urnEnt+"/manager/value", b.text("id"))
	b.is(urnEnt+"/manager/value", a.text("id"))
}
