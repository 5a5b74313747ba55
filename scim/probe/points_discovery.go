package probe

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// discoveryPoints are points 59 to 68: errors, discovery and authentication.
func discoveryPoints() []check {
	return []check{
		{"P59", "Every error has the Error body with its status as a string", "RFC 7644 3.12", nil, errorBodies},
		{"P60", "401 carries WWW-Authenticate", "RFC 7644 2; RFC 9110 11.6.1", nil, func(s *session) {
			for _, token := range []string{"", "wrong", "probe " + strings.Repeat("x", 3000)} {
				s.as(access{base: s.who.base, token: token}, func(s *session) {
					for _, p := range []string{"/Users", "/Users/" + nobody} {
						r := s.get(p).refused(401)
						r.holds(r.header.Get("WWW-Authenticate") != "", "a WWW-Authenticate header")
					}
					s.post("/Users", object{"schemas": []any{urnUser}, "userName": "x"}).refused(401)
				})
			}
		}},
		{"P61", "Schemas and resource types are lists without filter and without messages", "RFC 7644 4", nil, func(s *session) {
			for _, p := range []string{"/Schemas", "/ResourceTypes"} {
				r := s.get(p).want(200).is("schemas", []any{urnList}).has("Resources/0")
				r.is("totalResults", len(r.list("Resources")))
				s.get(p, "filter", `id eq "User"`).refused(403)
				for _, e := range r.list("Resources") {
					id, _ := lookup(e, "id").(string)
					r.holds(id != "" && !strings.Contains(id, ":api:messages:"), "ids of schemas and types, not %q", id)
					s.get(p+"/"+url.PathEscape(id)).want(200).is("id", id)
				}
			}
		}},
		{"P61.2", "The schemas are those of RFC 7643 with its errata", "RFC 7643 8.7 (errata 5368, 6004, 8471, 8472)", nil, errata},
		{"P62", "ServiceProviderConfig can be read before signing in", "RFC 7644 4", nil, func(s *session) {
			s.as(access{base: s.who.base}, func(s *session) {
				r := s.get("/ServiceProviderConfig").want(200).has("authenticationSchemes/0/type", "authenticationSchemes/0/name")
				for _, k := range []string{"patch", "bulk", "filter", "changePassword", "sort", "etag"} {
					_, ok := lookup(r.doc, k+"/supported").(bool)
					r.holds(ok, "%s.supported as a boolean", k)
				}
			})
		}},
		{"P63", "Both application/scim+json and application/json are spoken", "RFC 7644 3.1, 3.8", nil, func(s *session) {
			for _, accept := range []string{mediaType, "application/json", "*/*", "application/json, text/plain, */*", mediaType + "; charset=utf-8", ""} {
				r := s.send("GET", "/Users?count=1", nil, "Accept", accept)
				r.holds(r.status == http.StatusOK && r.doc != nil, "200 with JSON for Accept %q", accept)
				ct := r.header.Get("Content-Type")
				r.holds(strings.HasPrefix(ct, mediaType) || strings.HasPrefix(ct, "application/json"), "JSON for Accept %q, not %q", accept, ct)
			}
			for _, ct := range []string{"application/json", "application/json; charset=utf-8", mediaType + ";charset=UTF-8"} {
				s.post("/Users", s.userBody(nil), "Content-Type", ct).want(201)
			}
		}},
		{"P64", "A version of the protocol that is not spoken is rejected", "RFC 7644 3.13", nil, func(s *session) {
			s.version1()
			if s.asserted == 0 {
				s.skipf("the URL does not end in a version")
			}
		}},
		{"P65", "/Me answers with the permanent location, or not at all", "RFC 7644 3.11", nil, meAlias},
		{"P66", "userName compares after PRECIS preparation", "RFC 7643 4.1.1, RFC 7644 5", []capability{canFilter}, precis},
		{"P67", "A query in the base URL is tolerated", "RFC 7644 1.3; Entra ID", []capability{canFilter}, func(s *session) {
			u := s.user(nil)
			suffixed(s, u, "aadOptscim062020")
		}},
		{"P68", "Passwords are taken, never returned, and cannot be searched for", "RFC 7643 4.1.1, RFC 7644 7.8", []capability{canFilter}, func(s *session) {
			p := secret()
			u := s.user(object{"password": p})
			for _, r := range []*reply{u.created, u.now(), s.get(u.path, "attributes", "password").want(200), s.search("/Users", u.mine()).total(1)} {
				r.holds(!strings.Contains(string(r.body), p), "an answer without the password")
			}
			s.search("/Users", `password eq "`+p+`"`).refused(400, "invalidFilter")
			s.search("/Users", u.mine()+` and password pr`).refused(400, "invalidFilter")
		}},
	}
}

func errorBodies(s *session) {
	u := s.user(nil)
	s.get("/Users/" + nobody).refused(404)
	s.get("/Nothing").refused(404)
	s.search("/Users", "((").refused(400, "invalidFilter")
	s.post("/Users", object{"schemas": []any{urnUser}}).refused(400, "invalidValue")
	s.post("/Users", object{"schemas": []any{urnUser}, "userName": u.name}).refused(409, "uniqueness")
	for _, text := range []string{`{"schemas":`, `[]`, `"x"`, `{} {}`, "", `{"schemas":["` + urnUser + `"],"userName":"x"`, "{\"userName\":\"\xff\"}"} {
		s.post("/Users", text).refused(400, "invalidSyntax", "invalidValue")
	}
	s.send("DELETE", "/Users", nil).refused(405)
	deep := strings.Repeat("(", 10000) + "title pr"
	s.post("/Users/.search", object{"schemas": []any{urnSearch}, "filter": deep}).refused(400, "invalidFilter", "tooMany")
}

// errata compares what the verified errata change.
func errata(s *session) {
	attr := func(schema string, names ...string) any {
		v := lookup(s.get("/Schemas/"+schema).want(200).doc, "")
		for _, n := range names {
			list := lookup(v, "attributes")
			if list == nil {
				list = lookup(v, "subAttributes")
			}
			v = lookup(list, "[name="+n+"]")
		}
		return v
	}
	expect := func(v any, key string, want any, name string) {
		s.asserted++
		if got := lookup(v, key); !s.over() && !same(got, want) {
			s.failf("GET /Schemas: %s has %s %s; expected %s", name, key, show(got), show(want))
		}
	}
	if s.run.offers(hasGroups) {
		expect(attr(urnGroup, "displayName"), "required", true, "Group.displayName")
	}
	for _, n := range []string{"name", "emails", "addresses"} {
		if u, _ := lookup(attr(urnUser, n), "uniqueness").(string); u != "" && u != "none" {
			s.failf("GET /Schemas: User.%s has uniqueness %q; expected none", n, u)
		}
	}
	expect(attr(urnUser, "userName"), "uniqueness", "server", "User.userName")
	expect(attr(urnUser, "userName"), "caseExact", false, "User.userName")
	expect(attr(urnUser, "password"), "returned", "never", "User.password")
	expect(attr(urnUser, "groups", "$ref"), "referenceTypes", []any{"Group"}, "User.groups.$ref")
	if s.run.offers(hasEnt) {
		expect(attr(urnEnt, "manager", "value"), "caseExact", true, "manager.value")
	}
}

// precis tries names that differ only in width, composition or case. The
// character after the stem is é, once composed and once not.
func precis(s *session) {
	stem := s.name("p")
	wide := []rune{}
	for _, c := range stem {
		if c >= '!' && c <= '~' && c != '-' {
			c += 0xFEE0
		}
		wide = append(wide, c)
	}
	u := s.make("/Users", s.userBody(object{"userName": stem + "\u00e9"}))
	for _, twin := range []string{stem + "e\u0301", strings.ToUpper(stem) + "\u00c9", string(wide) + "\u00e9"} {
		s.post("/Users", s.userBody(object{"userName": twin})).refused(409, "uniqueness")
		s.search("/Users", `userName eq "`+twin+`"`).total(1).is("Resources/0/id", u.id)
	}
	s.make("/Users", s.userBody(object{"userName": stem + "e"}))
}

// suffixed asks with a query that belongs to the base URL.
func suffixed(s *session, u *thing, suffix string) {
	base := *s.who.base
	base.RawQuery = suffix
	s.as(access{base: &base, token: s.who.token}, func(s *session) {
		s.search("/Users", u.mine()).total(1).is("Resources/0/id", u.id)
		s.get(u.path).want(200).is("id", u.id)
		r := s.post("/Users", s.userBody(nil)).want(201)
		r.holds(!slices.Contains(strings.Split(r.text("meta/location"), "?"), suffix), "a meta.location without the query")
	})
}
