package probe

import (
	"net/http"
	"slices"
	"strings"
)

// listPoints are points 14 to 24: lists and projection.
func listPoints() []check {
	f := []capability{canFilter}
	return []check{
		{"P14", "No match is 200 with totalResults 0", "RFC 7644 3.4.2", f, func(s *session) {
			empty(s.search("/Users", `userName eq "`+s.name("nobody")+`"`).total(0))
			empty(s.post("/Users/.search", object{"schemas": []any{urnSearch}, "filter": `userName eq "` + s.name("nobody") + `"`}).total(0))
		}},
		{"P15", "startIndex below 1 is 1, a negative count is 0, count 0 gives the total", "RFC 7644 3.4.2.4", []capability{canFilter, canIndex}, func(s *session) {
			u, mine := s.crowd(2, nil)
			s.search("/Users", mine, "startIndex", "-3").total(2).is("startIndex", 1).is("Resources/0/id", u[0].id)
			empty(s.search("/Users", mine, "count", "-1").total(2))
			empty(s.search("/Users", mine, "count", "0").total(2).is("itemsPerPage", 0))
		}},
		{"P16", "Never more than count", "RFC 7644 3.4.2.4", f, func(s *session) {
			_, mine := s.crowd(3, nil)
			r := s.search("/Users", mine, "count", "2").total(3)
			r.holds(len(r.list("Resources")) == 2, "two Resources")
		}},
		{"P17", "Unknown query parameters are ignored", "RFC 7644 3.4.2", f, func(s *session) {
			u := s.user(nil)
			s.search("/Users", u.mine(), "nosuch", "1", "x", "").total(1)
			s.get(u.path, "nosuch", "1").want(200).is("id", u.id)
		}},
		{"P18", "Too much to ask for is a full page or tooMany", "RFC 7644 3.4.2, 3.12", nil, func(s *session) {
			r := s.get("/Users", "count", "1000000")
			if r.status == http.StatusBadRequest {
				r.refused(400, "tooMany")
				return
			}
			r.want(200).has("totalResults").is("itemsPerPage", len(r.list("Resources")))
			if most := s.run.limit("filter/maxResults"); s.run.config != nil && s.run.offers(canFilter) {
				r.holds(most > 0, "filter.maxResults over 0 in /ServiceProviderConfig, not %d", most)
				r.holds(len(r.list("Resources")) <= most, "no more than filter.maxResults (%d)", most)
			}
		}},
		{"P19", "Resources stand there when there are any, and itemsPerPage counts them", "RFC 7644 3.4.2", f, func(s *session) {
			_, mine := s.crowd(3, nil)
			for _, q := range [][]string{{"count", "2"}, {"count", "2", "startIndex", "3"}, {"count", "100"}, {}} {
				r := s.search("/Users", mine, q...).total(3).has("Resources")
				r.is("itemsPerPage", len(r.list("Resources")))
			}
		}},
		{"P20", "Sorting by case rule, primary value and default order", "RFC 7644 3.4.2.3", []capability{canFilter, canSort}, func(s *session) {
			stem := s.name("x")
			u, mine := s.crowd(4, func(i int) object {
				if i == 3 {
					return nil
				}
				return object{"externalId": stem + [...]string{"a", "B", "c"}[i], "nickName": [...]string{"a", "B", "c"}[i]}
			})
			s.search("/Users", mine, "sortBy", "nickName").order(u[0], u[1], u[2], u[3])
			s.search("/Users", mine, "sortBy", "externalId").order(u[1], u[0], u[2], u[3])
			s.search("/Users", mine, "sortBy", "NICKNAME", "sortOrder", "descending").order(u[3], u[2], u[1], u[0])
		}},
		{"P21", "attributes works on every operation that returns a resource", "RFC 7644 3.9", f, projectEverywhere},
		{"P22", "excludedAttributes cannot take away what is always returned", "RFC 7644 3.9, RFC 7643 7", f, func(s *session) {
			u := s.user(object{"title": "T"})
			s.get(u.path, "excludedAttributes", "id,schemas,title").want(200).is("id", u.id).lacks("title")
			s.search("/Users", u.mine(), "excludedAttributes", "id,title").total(1).is("Resources/0/id", u.id).lacks("Resources/0/title")
		}},
		{"P23", "What is returned never stays away, and what is returned on request comes on request", "RFC 7643 2.2, 7", nil, func(s *session) {
			u := s.user(object{"password": secret()})
			u.created.lacks("password")
			s.get(u.path, "attributes", "password,userName").want(200).lacks("password").has("userName")
			on := s.run.attribute("returned", "request")
			if on.name == "" {
				return
			}
			v := s.user(on.set("asked", nil))
			v.now().lacks(on.path())
			s.get(v.path, "attributes", on.full()).want(200).is(on.path(), "asked")
		}},
		{"P24", "PATCH with attributes is 200", "RFC 7644 3.5.2", []capability{canPatch}, func(s *session) {
			u := s.user(nil)
			s.send("PATCH", u.path+"?attributes=title", patchOp(op("add", "title", "T"))).want(200).is("title", "T").lacks("userName")
		}},
	}
}

func projectEverywhere(s *session) {
	r := s.post("/Users?attributes=title", s.userBody(object{"title": "T", "nickName": "N"})).want(201).is("title", "T").lacks("nickName", "userName")
	p := "/Users/" + r.text("id")
	name := s.get(p, "attributes", "userName").want(200).lacks("title").text("userName")
	s.put(p+"?attributes=title", object{"schemas": []any{urnUser}, "userName": name, "title": "U", "nickName": "N"}).want(200).is("title", "U").lacks("nickName")
	s.put(p+"?excludedAttributes=title", object{"schemas": []any{urnUser}, "userName": name, "title": "U", "nickName": "N"}).want(200).lacks("title").is("nickName", "N")
	mine := `userName eq "` + name + `"`
	s.search("/Users", mine, "attributes", "title").total(1).is("Resources/0/title", "U").lacks("Resources/0/nickName")
	body := object{"schemas": []any{urnSearch}, "filter": mine, "attributes": []any{"title"}}
	s.post("/Users/.search", body).total(1).is("Resources/0/title", "U").lacks("Resources/0/nickName")
	delete(body, "attributes")
	body["excludedAttributes"] = []any{"title"}
	s.post("/Users/.search", body).total(1).is("Resources/0/nickName", "N").lacks("Resources/0/title")
}

// versionPoints are points 50 to 58: DELETE, versions and Bulk.
func versionPoints() []check {
	bulk := []capability{canBulk}
	return []check{
		{"P50", "After DELETE a resource is gone for every operation", "RFC 7644 3.6", needs(canFilter), func(s *session) {
			u := s.user(nil)
			s.del(u.path).want(204)
			s.get(u.path).refused(404)
			s.put(u.path, object{"schemas": []any{urnUser}, "userName": u.name}).refused(404)
			s.del(u.path).refused(404)
			if s.run.offers(canPatch) {
				u.patch(op("replace", "title", "T")).refused(404)
			}
			u.find(0, "")
			s.make("/Users", s.userBody(object{"userName": u.name}))
		}},
		{"P51", "The ETag is a header and equals meta.version", "RFC 7644 3.14, RFC 7643 3.1", needs(canETag), func(s *session) {
			u := s.user(nil)
			for _, r := range []*reply{u.created, u.now(), s.put(u.path, object{"schemas": []any{urnUser}, "userName": u.name, "title": "T"}).want(200)} {
				tag := strings.TrimPrefix(r.etag(), "W/")
				r.holds(len(tag) > 2 && tag[0] == '"' && tag[len(tag)-1] == '"', `an ETag of the form "x" or W/"x"`)
				r.is("meta/version", r.etag())
			}
		}},
		{"P52", "A stale If-Match is 412, If-None-Match is 304", "RFC 7644 3.14", needs(canETag), func(s *session) {
			u := s.user(object{"title": "A"})
			body := object{"schemas": []any{urnUser}, "userName": u.name, "title": "B"}
			s.put(u.path, body, "If-Match", u.created.etag()).want(200)
			body["title"] = "C"
			s.put(u.path, body, "If-Match", u.created.etag()).refused(412)
			s.del(u.path, "If-Match", u.created.etag()).refused(412)
			now := u.now().is("title", "B")
			s.send("GET", u.path, nil, "If-None-Match", now.etag()).want(304)
			s.send("GET", u.path, nil, "If-None-Match", u.created.etag()).want(200)
		}},
		{"P53", "Bulk goes on after failures unless failOnErrors says otherwise", "RFC 7644 3.7", bulk, func(s *session) {
			r := s.bulk(bulkOp("POST", "/Users", "a", object{"schemas": []any{urnUser}}), bulkOp("DELETE", "/Users/"+nobody, "", nil),
				bulkOp("POST", "/Nothing", "c", object{}), bulkOp("POST", "/Users", "b", s.userBody(nil)))
			r.is("Operations/0/status", "400").is("Operations/1/status", "404").is("Operations/3/status", "201")
			s.get(tail(r.text("Operations/3/location"))).want(200)
		}},
		{"P54", "bulkId is required on POST and comes back", "RFC 7644 3.7", bulk, func(s *session) {
			r := s.bulk(bulkOp("POST", "/Users", "echo-1", s.userBody(nil)))
			r.is("Operations/0/bulkId", "echo-1").is("Operations/0/status", "201").is("Operations/0/method", "POST")
			s.post("/Bulk", object{"schemas": []any{urnBulk}, "Operations": []any{bulkOp("POST", "/Users", "", s.userBody(nil))}}).faultOf(0, "invalidSyntax")
		}},
		{"P55", "Bulk references resolve in data, extensions and paths, and fail clearly", "RFC 7644 3.7.2", []capability{canBulk, canPatch, hasEnt}, bulkReferences},
		{"P56", "Bulk tells location and status of each operation", "RFC 7644 3.7.3", bulk, func(s *session) {
			u := s.user(nil)
			r := s.bulk(bulkOp("PUT", u.path, "", object{"schemas": []any{urnUser}, "userName": u.name, "title": "T"}),
				bulkOp("PUT", u.path, "", object{"schemas": []any{urnUser}}), bulkOp("POST", "/Users", "p", object{"schemas": []any{urnUser}}),
				bulkOp("DELETE", u.path, "", nil))
			r.is("Operations/0/status", "200").is("Operations/1/status", "400").is("Operations/2/status", "400").is("Operations/3/status", "204")
			for _, i := range []string{"0", "1", "3"} {
				r.holds(tail(r.text("Operations/"+i+"/location")) == u.path, "Operations/%s/location of %s", i, u.path)
			}
			r.lacks("Operations/2/location").is("Operations/2/response/status", "400").is("Operations/1/response/schemas", []any{urnError})
			s.get(u.path).refused(404)
		}},
		{"P57", "Bulk with one operation too many is 413 and names the limit", "RFC 7644 3.7.4", bulk, bulkLimits},
		{"P58", "Bulk tells the version of each operation", "RFC 7644 3.7", []capability{canBulk, canETag}, func(s *session) {
			u := s.user(nil)
			r := s.bulk(bulkOp("POST", "/Users", "v", s.userBody(nil)), bulkOp("PUT", u.path, "", object{"schemas": []any{urnUser}, "userName": u.name, "title": "T"}))
			s.get(tail(r.text("Operations/0/location"))).want(200).is("meta/version", r.text("Operations/0/version"))
			u.now().is("meta/version", r.text("Operations/1/version"))
		}},
	}
}

func needs(c ...capability) []capability { return c }

func bulkReferences(s *session) {
	r := s.bulk(
		bulkOp("POST", "/Users", "low", s.userBody(object{urnEnt: object{"manager": object{"value": "bulkId:boss"}}})),
		bulkOp("POST", "/Users", "boss", s.userBody(nil)),
		bulkOp("PATCH", "/Users/bulkId:boss", "", patchOp(op("add", "title", "Boss"))),
		bulkOp("POST", "/Users", "lost", s.userBody(object{urnEnt: object{"manager": object{"value": "bulkId:nothing"}}})),
		bulkOp("PATCH", "/Users/bulkId:nothing", "", patchOp(op("add", "title", "X"))),
	)
	r.is("Operations/0/status", "201").is("Operations/1/status", "201")
	boss := s.get(tail(r.text("Operations/1/location"))).want(200).is("title", "Boss")
	s.get(tail(r.text("Operations/0/location"))).want(200).is(urnEnt+"/manager/value", boss.text("id"))
	for _, i := range []string{"3", "4"} {
		failed := []string{"400", "404", "409"}
		r.holds(slices.Contains(failed, r.text("Operations/"+i+"/status")), "Operations/%s refused for its unknown bulkId", i)
	}
}
