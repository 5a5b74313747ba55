package probe

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// oktaQuirks are what Okta sends. Most of it is legal; where it is not, the
// dialect decides as in entraQuirks.
func oktaQuirks() []check {
	p, g, f := []capability{canPatch}, []capability{canPatch, hasGroups}, []capability{canFilter}
	return []check{
		{"O01", "Look-up before create", "RFC 7644 3.4.2; Okta", f, func(s *session) {
			name := s.name("a") + "@b.example"
			s.search("/Users", `userName eq "`+name+`"`, "startIndex", "1", "count", "100").total(0)
			u := s.make("/Users", s.userBody(object{"userName": name}))
			s.search("/Users", `userName eq "`+name+`"`, "startIndex", "1", "count", "100").total(1).is("Resources/0/id", u.id)
		}},
		{"O02", "Deactivation without a path", "RFC 7644 3.5.2.3; Okta", p, func(s *session) {
			u := s.user(object{"active": true, "title": "T"})
			s.valueOnly(u, object{"active": false}, func(r *reply) { r.is("active", false).is("title", "T") })
			s.valueOnly(u, object{"active": true}, func(r *reply) { r.is("active", true) })
		}},
		{"O03", "GET, then PUT of the whole body", "RFC 7644 3.5.1; Okta", nil, wholePut},
		{"O04", "Password in POST and in PATCH", "RFC 7643 4.1.1; Okta", p, func(s *session) {
			u := s.user(object{"password": secret()})
			u.created.lacks("password")
			s.valueOnly(u, object{"password": secret()}, func(r *reply) { r.lacks("password").is("userName", u.name) })
			u.patch(op("replace", "password", secret())).done().lacks("password")
		}},
		{"O05", "A group renamed with its id in the value", "RFC 7644 3.5.2.3; Okta", g, renameWithID},
		{"O06", "Members removed by filter and added, in one request", "RFC 7644 3.5.2; Okta", g, func(s *session) {
			a, b := s.user(nil), s.user(nil)
			group := s.group(a)
			group.patch(op("remove", `members[value eq "`+a.id+`"]`, nil),
				op("add", "members", []any{object{"value": b.id, "display": b.name}})).done()
			group.members(b)
		}},
		{"O07", "Push now: the members replaced, also by none", "RFC 7644 3.5.2.3; Okta", g, pushNow},
		{"O08", "A life without DELETE", "RFC 7644 3.5.1; Okta", f, func(s *session) {
			u := s.user(object{"active": true})
			s.put(u.path, object{"schemas": []any{urnUser}, "userName": u.name, "active": false}).want(200).is("active", false)
			s.search("/Users", u.mine(), "startIndex", "1", "count", "100").total(1).is("Resources/0/active", false)
			s.post("/Users", object{"schemas": []any{urnUser}, "userName": u.name}).refused(409, "uniqueness")
			s.put(u.path, object{"schemas": []any{urnUser}, "userName": u.name, "active": true}).want(200).is("active", true)
		}},
		{"O09", "Paging by startIndex in a stable order, integers, members null", "RFC 7644 3.4.2.4; Okta", []capability{canFilter, canIndex}, oktaPaging},
		{"O10", "GET /Groups in less than 600 ms", "Okta", []capability{hasGroups}, func(s *session) {
			best := time.Hour
			for range 3 {
				start := time.Now()
				s.get("/Groups", "startIndex", "1", "count", "100").want(200)
				best = min(best, time.Since(start))
			}
			s.asserted++
			if best > 600*time.Millisecond && !s.over() {
				s.failf("GET /Groups?startIndex=1&count=100: came after %s at best; expected 600ms", best.Round(time.Millisecond))
			}
		}},
		{"O11", "Bodies as application/json, Accept with a charset", "RFC 7644 3.1; Okta", nil, func(s *session) {
			header := []string{"Content-Type", "application/json", "Accept", mediaType + "; charset=utf-8", "Accept-Charset", "utf-8"}
			body := s.userBody(object{"displayName": "Zoë"})
			r := s.post("/Users", body, header...).want(201).is("displayName", "Zoë")
			s.send("PUT", "/Users/"+r.text("id"), body, header...).want(200)
		}},
		{"O12", "409 on duplicates, 401 with an Error body", "RFC 7644 3.12; Okta", nil, func(s *session) {
			u := s.user(nil)
			s.post("/Users", object{"schemas": []any{urnUser}, "userName": u.name}).refused(409)
			s.as(access{base: s.who.base, token: "wrong"}, func(s *session) { s.get("/Users").refused(401).is("status", "401") })
		}},
	}
}

// valueOnly sends a replace without a path of plain attributes, which the RFC
// allows and dialect strict refuses.
func (s *session) valueOnly(t *thing, value object, understood func(*reply)) {
	before := t.now()
	r := t.patch(op("replace", "", value))
	if s.dialect(strict) {
		r.refused(400, "invalidSyntax")
		t.unchanged(before)
		return
	}
	r.done()
	understood(t.now())
}

func wholePut(s *session) {
	u := s.user(object{"active": true, "name": object{"givenName": "G", "familyName": "F"},
		"emails": []any{object{"primary": true, "value": "a@b.example", "type": "work", "display": "a@b.example"}}})
	body := object{}
	for k, v := range u.now().doc {
		body[k] = v
	}
	body["groups"], body["meta"], body["active"] = []any{}, object{"resourceType": "User"}, false
	r := s.put(u.path, body, "Content-Type", "application/json").want(200)
	r.is("id", u.id).is("active", false).is("name/givenName", "G").is("emails/0/display", "a@b.example").is("emails/0/primary", true).lacks("groups/0")
}

func pushNow(s *session) {
	a, b := s.user(nil), s.user(nil)
	group := s.group(a)
	group.patch(op("replace", "members", refs(b))).done()
	group.members(b)
	group.patch(op("replace", "members", []any{})).done()
	group.members()
	group.patch(op("replace", "members", refs(a, b))).done()
	before := group.members(a, b)
	name := s.name("group")
	r := group.patch(op("replace", "", object{"members": []any{}, "id": group.id, "displayName": name}))
	emptied := func(now *reply) { now.is("displayName", name).lacks("members/0") }
	switch {
	case s.dialect(strict):
		r.refused(400, "invalidSyntax")
		group.unchanged(before)
	case s.dialect(okta, entra):
		r.done()
		emptied(group.now())
	default: // the id is readOnly, whatever it says
		s.either(r, before, group, true, emptied, "mutability")
	}
}

func oktaPaging(s *session) {
	u, mine := s.crowd(5, nil)
	var seen []string
	for start := 1; start <= 5; start += 2 {
		r := s.search("/Users", mine, "startIndex", fmt.Sprint(start), "count", "2").total(5).is("startIndex", start)
		r.is("itemsPerPage", len(r.list("Resources")))
		seen = append(seen, r.seen()...)
	}
	last := s.search("/Users", mine, "startIndex", "1", "count", "100").order(u...)
	last.holds(strings.Join(last.seen(), " ") == strings.Join(seen, " "), "the order of the pages, %q", seen)
	if !s.run.offers(hasGroups) {
		return
	}
	g := s.make("/Groups", s.groupBody(object{"members": nil}))
	g.created.want(http.StatusCreated).lacks("members/0")
	s.put(g.path, object{"schemas": []any{urnGroup}, "displayName": g.name, "members": nil}).want(200).lacks("members/0")
}
