package probe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// behavioursMore are the other ten of the twenty behaviours: Bulk's envelope,
// versions, lists, projection, PUT, names, discovery and the rest.
func behavioursMore() []check {
	return []check{
		{"B11", "Bulk stops after failOnErrors and checks bulkIds", "RFC 7644 3.7, 3.7.3", []capability{canBulk}, bulkErrors},
		{"B11.2", "Bulk over a limit is refused before it begins", "RFC 7644 3.7.4", []capability{canBulk}, bulkLimits},
		{"B12", "Versions guard reads and writes", "RFC 7644 3.14", []capability{canETag, canPatch}, versions},
		{"B12.2", "Of two writers who saw one version, one wins", "RFC 7644 3.14", []capability{canETag, canPatch}, race},
		{"B12.3", "The version of a bulk operation acts as If-Match", "RFC 7644 3.7, 3.14", []capability{canETag, canBulk}, bulkVersion},
		{"B13", "Sorting puts absent values last, and first when descending", "RFC 7644 3.4.2.3", []capability{canSort, canFilter}, sorting},
		{"B14", "Cursors walk through everything once and cannot be forged", "RFC 9865 2", []capability{canCursor, canFilter}, cursors},
		{"B14.2", "A cursor of another client is worth nothing", "RFC 9865 5.2", []capability{canCursor, canFilter, hasSecond}, cursorOfAnother},
		{"B14.3", "Deletes between pages lose and double nobody", "RFC 9865 2", []capability{canCursor, canFilter}, cursorAndDeletes},
		{"B14.4", "A cursor that is too old is expiredCursor", "RFC 9865 2.1", []capability{canCursor, canFilter}, cursorExpires},
		{"B15", "The edges of index paging", "RFC 7644 3.4.2.4", []capability{canFilter, canIndex}, pagingEdges},
		{"B16", "attributes and excludedAttributes work everywhere", "RFC 7644 3.9, 3.4.2.5", []capability{canFilter}, projection},
		{"B17", "PUT replaces, ignores what is readOnly, and never creates", "RFC 7644 3.5.1", nil, putSemantics},
		{"B17.2", "PUT of a group without members empties it", "RFC 7644 3.5.1", []capability{hasGroups}, putGroup},
		{"B18", "Names are unique whatever their case, and free after DELETE", "RFC 7643 2.2, 4.1.1; RFC 7644 3.3, 3.6", []capability{canFilter}, names},
		{"B18.2", "Two clients may use one externalId", "RFC 7643 3.1", []capability{canFilter, hasSecond}, externalIDs},
		{"B19", "Discovery, and the challenge without a token", "RFC 7644 4, 2, 3.13", nil, discovery},
		{"B20", "A search at the root mixes resource types", "RFC 7644 3.4.2.1, 3.4.3", []capability{canFilter, hasGroups}, rootSearch},
		{"B20.2", "/Me is the user, 404 without one, or 501", "RFC 7644 3.11", nil, meAlias},
		{"B20.3", "respond-async is accepted, and the outcome can be read", "RFC 9967 2.5.1", []capability{canAsync, canPatch}, async},
		{"B20.4", "Bulk with respond-async tells the outcome of each operation", "RFC 9967 2.5.1", []capability{canAsync, canBulk}, asyncBulk},
	}
}

func bulkErrors(s *session) {
	body := object{"schemas": []any{urnBulk}, "failOnErrors": 1, "Operations": []any{
		bulkOp("POST", "/Users", "x1", object{"schemas": []any{urnUser}}),
		bulkOp("POST", "/Users", "x2", s.userBody(nil))}}
	r := s.post("/Bulk", body).want(200).is("Operations/0/status", "400").is("Operations/0/bulkId", "x1").
		is("Operations/0/response/scimType", "invalidValue").is("Operations/0/response/status", "400").lacks("Operations/0/location")
	r.holds(len(r.list("Operations")) == 1, "one operation in the answer, the second not run")
	name := s.name("user")
	again := object{"schemas": []any{urnUser}, "userName": name}
	r = s.post("/Bulk", object{"schemas": []any{urnBulk}, "Operations": []any{
		bulkOp("POST", "/Users", "same", s.userBody(nil)), bulkOp("POST", "/Users", "same", again)}})
	r.faultOf(1, "invalidSyntax")
	r = s.post("/Bulk", object{"schemas": []any{urnBulk}, "Operations": []any{bulkOp("POST", "/Users", "", again)}})
	r.faultOf(0, "invalidSyntax")
	s.search("/Users", `userName eq "`+name+`"`).total(0)
}

// faultOf expects that an operation of a bulk request failed with a fault, or
// that the whole request did.
func (r *reply) faultOf(i int, fault string) {
	if r.status == http.StatusBadRequest {
		r.refused(400, fault)
		return
	}
	at := fmt.Sprintf("Operations/%d/", i)
	r.want(200).is(at+"status", "400").is(at+"response/scimType", fault)
}

func bulkLimits(s *session) {
	tried := false
	if most := s.run.limit("bulk/maxOperations"); most > 0 && most <= 20000 {
		tried = true
		name := s.name("user")
		ops := []any{bulkOp("POST", "/Users", "first", object{"schemas": []any{urnUser}, "userName": name})}
		for range most {
			ops = append(ops, bulkOp("DELETE", "/Users/"+nobody, "", nil))
		}
		r := s.post("/Bulk", object{"schemas": []any{urnBulk}, "Operations": ops}).refused(413)
		r.holds(strings.Contains(r.text("detail"), "maxOperations"), "a detail that names maxOperations")
		s.search("/Users", `userName eq "`+name+`"`).total(0)
	}
	if most := s.run.limit("bulk/maxPayloadSize"); most > 0 && most <= 64<<20 {
		tried = true
		body := s.userBody(object{"title": strings.Repeat("x", most)})
		r := s.post("/Bulk", object{"schemas": []any{urnBulk}, "Operations": []any{bulkOp("POST", "/Users", "big", body)}}).refused(413)
		r.holds(strings.Contains(r.text("detail"), "maxPayloadSize"), "a detail that names maxPayloadSize")
	}
	if !tried {
		s.skipf("the server publishes no limit that can be reached")
	}
}

func versions(s *session) {
	u := s.user(object{"displayName": "One"})
	tag := u.created.etag()
	u.created.holds(tag != "", "an ETag").is("meta/version", tag)
	u.now().is("meta/version", tag)
	s.send("GET", u.path, nil, "If-None-Match", tag).want(http.StatusNotModified)
	s.send("PATCH", u.path, patchOp(op("replace", "displayName", "Two")), "If-Match", `W/"bogus"`).refused(412)
	u.now().is("displayName", "One")
	part := s.get(u.path, "attributes", "userName").want(200)
	part.holds(part.etag() == tag, "the ETag %s of the whole resource", tag)
	s.search("/Users", u.mine()).total(1).is("Resources/0/meta/version", tag)
	s.put(u.path, object{"schemas": []any{urnUser}, "userName": u.name, "displayName": "Three"}, "If-Match", "*").want(200)
	now := u.now().is("displayName", "Three")
	now.holds(now.etag() != tag, "another ETag than %s after a change", tag)
	s.del(u.path, "If-Match", tag).refused(412)
	s.del(u.path, "If-Match", "*").want(204)
}

func race(s *session) {
	u := s.user(object{"displayName": "Start"})
	tag := u.created.etag()
	for round := 0; round < 4 && !s.over(); round++ {
		replies := s.together(2, func(i int) (string, string, any, []string) {
			return "PATCH", u.path, patchOp(op("replace", "displayName", fmt.Sprintf("round %d writer %d", round, i))), []string{"If-Match", tag}
		})
		won := 0
		for i, r := range replies {
			if r.status == http.StatusOK || r.status == http.StatusNoContent {
				won++
				u.now().is("displayName", fmt.Sprintf("round %d writer %d", round, i))
			} else {
				r.refused(412)
			}
		}
		now := u.now().holds(won == 1, "one of two writers to win, not %d", won)
		tag = now.etag()
	}
}

// together sends n requests at once.
func (s *session) together(n int, request func(i int) (method, path string, body any, header []string)) []*reply {
	replies := make([]*reply, n)
	errs := make([]error, n)
	done := make(chan struct{})
	for i := range n {
		method, path, body, header := request(i)
		text, err := json.Marshal(body)
		replies[i] = &reply{s: s, what: method + " " + path + " " + clip(string(text), 200), dead: s.over()}
		go func() {
			defer func() { done <- struct{}{} }()
			if err == nil && !replies[i].dead {
				err = s.exchange(replies[i], method, path, text, header)
			}
			errs[i] = err
		}()
	}
	for range n {
		<-done
	}
	for i, err := range errs {
		if err != nil {
			s.failf("%s: %v", replies[i].what, err)
			replies[i].dead = true
		}
	}
	return replies
}

func bulkVersion(s *session) {
	u := s.user(object{"displayName": "One"})
	stale := bulkOp("PUT", u.path, "", object{"schemas": []any{urnUser}, "userName": u.name, "displayName": "Two"})
	stale["version"] = `W/"bogus"`
	fresh := bulkOp("PUT", u.path, "", object{"schemas": []any{urnUser}, "userName": u.name, "displayName": "Three"})
	fresh["version"] = u.created.etag()
	r := s.bulk(stale, fresh).is("Operations/0/status", "412").is("Operations/1/status", "200").has("Operations/0/location", "Operations/1/version")
	u.now().is("displayName", "Three").is("meta/version", r.text("Operations/1/version"))
}

func sorting(s *session) {
	u, mine := s.crowd(4, func(i int) object {
		mail := []any{object{"value": string("dcba"[i]) + "@x.example"}, object{"value": string("cabd"[i]) + "@z.example"}}
		if i == 0 {
			mail = []any{object{"value": "z@x.example"}, object{"value": "0@x.example", "primary": true}}
		}
		o := object{"emails": mail}
		if nick := [...]string{"b", "C", "a", ""}[i]; nick != "" {
			o["nickName"] = nick
		}
		return o
	})
	s.search("/Users", mine, "sortBy", "nickName").order(u[2], u[0], u[1], u[3])
	s.search("/Users", mine, "sortBy", "nickName", "sortOrder", "ascending").order(u[2], u[0], u[1], u[3])
	s.search("/Users", mine, "sortBy", "nickName", "sortOrder", "descending").order(u[3], u[1], u[0], u[2])
	s.search("/Users", mine, "sortBy", "emails.value").order(u[0], u[3], u[2], u[1])
	s.search("/Users", mine, "sortBy", "meta.created").order(u...)
	time.Sleep(5 * time.Millisecond)
	s.put(u[1].path, object{"schemas": []any{urnUser}, "userName": u[1].name, "nickName": "changed"}).want(200)
	s.search("/Users", mine, "sortBy", "meta.lastModified").order(u[0], u[2], u[3], u[1])
	ties, same := s.crowd(4, func(int) object { return object{"nickName": "twin"} })
	first := s.search("/Users", same, "sortBy", "nickName").total(len(ties)).seen()
	for i := range first {
		s.search("/Users", same, "sortBy", "nickName", "startIndex", fmt.Sprint(i+1), "count", "1").total(4).is("Resources/0/id", first[i])
	}
}

var unreserved = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

func cursors(s *session) {
	u, mine := s.crowd(5, nil)
	r := s.search("/Users", mine, "cursor", "", "count", "2").total(5).is("itemsPerPage", 2).lacks("previousCursor")
	next := r.text("nextCursor")
	r.holds(unreserved.MatchString(next), "a nextCursor of unreserved characters")
	seen := r.seen()
	second := s.search("/Users", mine, "cursor", next, "count", "2").total(5).is("itemsPerPage", 2).has("nextCursor")
	last := s.search("/Users", mine, "cursor", second.text("nextCursor"), "count", "2").total(5).is("itemsPerPage", 1).lacks("nextCursor")
	seen = append(append(seen, second.seen()...), last.seen()...)
	sameIDs(last, seen, ids(u...))
	s.search("/Users", mine, "cursor", "forged", "count", "2").refused(400, "invalidCursor")
	s.search("/Users", mine, "cursor", next[:max(0, len(next)-1)]+"~", "count", "2").refused(400, "invalidCursor")
	s.search("/Users", mine, "cursor", next, "count", "3").refused(400, "invalidCount")
	s.search("/Users", mine+` and active eq true`, "cursor", next, "count", "2").refused(400, "invalidCursor")
	search := object{"schemas": []any{urnSearch}, "filter": mine, "cursor": "", "count": 2}
	r = s.post("/Users/.search", search).total(5).has("nextCursor")
	search["cursor"] = r.text("nextCursor")
	sameIDs(r, append(r.seen(), s.post("/Users/.search", search).total(5).seen()...), seen[:min(4, len(seen))])
}

func sameIDs(r *reply, got, want []string) {
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	r.holds(slices.Equal(got, want), "exactly the ids %q over all pages, not %q", want, got)
}

func cursorOfAnother(s *session) {
	_, mine := s.crowd(3, nil)
	r := s.search("/Users", mine, "cursor", "", "count", "2").total(3).has("nextCursor")
	s.as(s.run.second, func(s *session) {
		theirs := s.search("/Users", mine, "cursor", r.text("nextCursor"), "count", "2").refused(400, "invalidCursor")
		forged := s.search("/Users", mine, "cursor", "forged", "count", "2").refused(400, "invalidCursor")
		theirs.is("detail", forged.doc["detail"])
	})
}

func cursorAndDeletes(s *session) {
	u, mine := s.crowd(20, nil)
	r := s.search("/Users", mine, "cursor", "", "count", "4").total(20)
	seen := r.seen()
	for i := 0; i < len(u) && !s.over(); i += 2 {
		s.del(u[i].path).want(204)
	}
	for page := 0; r.text("nextCursor") != "" && page < 20; page++ {
		r = s.search("/Users", mine, "cursor", r.text("nextCursor"), "count", "4").want(200)
		seen = append(seen, r.seen()...)
	}
	for i := 1; i < len(u); i += 2 {
		times := 0
		for _, id := range seen {
			if id == u[i].id {
				times++
			}
		}
		r.holds(times == 1, "the surviving user %s once over all pages, not %d times", u[i].id, times)
	}
}

func cursorExpires(s *session) {
	wait := s.run.limit("pagination/cursorTimeout")
	if wait == 0 || wait > 5 {
		s.skipf("the server's cursorTimeout of %d seconds is too long to wait for", wait)
		return
	}
	_, mine := s.crowd(2, nil)
	r := s.search("/Users", mine, "cursor", "", "count", "1").total(2).has("nextCursor")
	select {
	case <-time.After(time.Duration(wait)*time.Second + 1500*time.Millisecond):
	case <-s.ctx.Done():
	}
	s.search("/Users", mine, "cursor", r.text("nextCursor"), "count", "1").refused(400, "expiredCursor")
}

func pagingEdges(s *session) {
	_, mine := s.crowd(3, nil)
	s.search("/Users", mine, "startIndex", "0", "count", "1").total(3).is("startIndex", 1).is("itemsPerPage", 1)
	empty(s.search("/Users", mine, "count", "-5").total(3))
	empty(s.search("/Users", mine, "count", "0").total(3))
	empty(s.search("/Users", mine, "startIndex", "1000000").total(3))
	s.search("/Users", mine, "count", "5000").total(3).is("itemsPerPage", 3)
	r := s.search("/Users", mine, "count", "2", "startIndex", "2").total(3).is("itemsPerPage", 2).is("startIndex", 2)
	r.holds(len(r.list("Resources")) == 2, "two Resources")
	s.search("/Users", mine, "count", "abc").refused(400, "invalidValue")
	s.search("/Users", mine, "startIndex", "abc").refused(400, "invalidValue")
}

func empty(r *reply) { r.holds(len(r.list("Resources")) == 0, "no Resources") }

func projection(s *session) {
	u := s.user(object{"name": object{"familyName": "Z", "givenName": "G"}, "displayName": "D", "password": secret()})
	u.created.lacks("password")
	r := s.get(u.path, "attributes", "PASSWORD,name.familyName").want(200).keys("schemas", "id", "name")
	r.is("name", object{"familyName": "Z"}).is("id", u.id)
	s.get(u.path, "excludedAttributes", "id,displayName").want(200).is("id", u.id).lacks("displayName").has("userName")
	made := s.post("/Users?attributes=userName", s.userBody(object{"displayName": "D"})).want(201).has("id", "userName")
	made.lacks("displayName", "active", "meta")
	if s.run.offers(canPatch) {
		s.send("PATCH", u.path+"?attributes=active", patchOp(op("replace", "active", true))).want(200).is("active", true).lacks("userName")
	}
	s.put(u.path+"?attributes=userName", object{"schemas": []any{urnUser}, "userName": u.name, "displayName": "E"}).
		want(200).is("userName", u.name).lacks("displayName")
	s.post("/Users/.search", object{"schemas": []any{urnSearch}, "filter": u.mine(), "attributes": []any{"displayName"}}).
		total(1).is("Resources/0/displayName", "E").lacks("Resources/0/userName")
	if s.run.offers(hasEnt) {
		e := s.user(object{urnEnt: object{"department": "R&D", "division": "Div"}})
		s.get(e.path, "attributes", urnEnt+":department").want(200).is(urnEnt, object{"department": "R&D"}).lacks("userName")
	}
	s.search("/Users", "password pr").refused(400, "invalidFilter")
	s.get(u.path, "attributes", "userName", "excludedAttributes", "title").refused(400, "invalidValue")
}

// secret is a password that policies accept.
func secret() string { return "Pr0be!" + url.QueryEscape(time.Now().Format("150405.000000")) + "xY" }
