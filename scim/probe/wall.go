package probe

import (
	"net/http"
	"strings"
)

// wallChecks look over the wall between two organisations. RFC 7644 section 6
// leaves multi-tenancy to the server; that nobody sees the other is the point of
// it.
func wallChecks() []check {
	n := []capability{hasOther}
	return []check{
		{"W01", "Another organisation's ids are as unknown as invented ones", "RFC 7644 6, 3.12", n, foreignIDs},
		{"W02", "Another organisation's resources match nothing", "RFC 7644 6", []capability{hasOther, canFilter}, func(s *session) {
			u := s.user(object{"externalId": s.name("Ext")})
			s.as(s.run.other, func(s *session) {
				for _, f := range []string{u.mine(), `id eq "` + u.id + `"`, `externalId eq "` + u.created.text("externalId") + `"`} {
					empty(s.search("/Users", f).total(0))
					empty(s.get("/", "filter", f).total(0))
				}
				s.make("/Users", s.userBody(object{"userName": u.name})) // the name is free there
			})
		}},
		{"W03", "Another organisation's ids cannot be referred to", "RFC 7644 6", []capability{hasOther, canPatch, hasGroups}, func(s *session) {
			u, mate := s.user(nil), s.user(nil)
			s.as(s.run.other, func(s *session) {
				s.post("/Groups", s.groupBody(object{"members": refs(u)})).refused(400, "invalidValue")
				g := s.group()
				s.patch(g.path, op("add", "members", refs(mate))).refused(400, "invalidValue")
				s.get(g.path).want(http.StatusOK).lacks("members/0")
				if s.run.offers(canBulk) {
					r := s.bulk(bulkOp("DELETE", u.path, "", nil))
					r.is("Operations/0/status", "404")
				}
			})
			u.now()
		}},
		{"W04", "A cursor of another organisation is worth nothing", "RFC 9865 5.2", []capability{hasOther, canCursor, canFilter}, func(s *session) {
			_, mine := s.crowd(3, nil)
			r := s.search("/Users", mine, "cursor", "", "count", "2").total(3).has("nextCursor")
			s.as(s.run.other, func(s *session) {
				s.search("/Users", mine, "cursor", r.text("nextCursor"), "count", "2").refused(400, "invalidCursor")
			})
		}},
	}
}

// foreignIDs compares the answers for an id of another organisation with those
// for an id that nobody has, word for word but for the id.
func foreignIDs(s *session) {
	u := s.user(object{"title": "Mine"})
	body := s.userBody(nil)
	s.as(s.run.other, func(s *session) {
		for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
			var send any
			switch method {
			case "PUT":
				send = body
			case "PATCH":
				if send = patchOp(op("replace", "title", "Theirs")); !s.run.offers(canPatch) {
					continue
				}
			}
			theirs := s.send(method, u.path, send).refused(404)
			nobodys := s.send(method, "/Users/"+nobody, send).refused(404)
			said := strings.ReplaceAll(theirs.text("detail"), u.id, nobody)
			theirs.holds(said == nobodys.text("detail"), "the same words as for an unknown id, %q", nobodys.text("detail"))
		}
	})
	u.now().is("title", "Mine")
}
