package probe

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func putSemantics(s *session) {
	u := s.user(object{"displayName": "D", "nickName": "N", "password": secret()})
	r := s.put(u.path, object{"schemas": []any{urnUser}, "id": "other", "userName": u.name, "title": "T",
		"meta": object{"resourceType": "Nope"}, "groups": []any{object{"value": "x"}}}).want(200)
	r.is("id", u.id).is("meta/resourceType", "User").is("title", "T").lacks("displayName", "nickName", "groups", "password")
	s.put(u.path, object{"schemas": []any{urnUser}, "userName": u.name, "groups": []any{}, "meta": object{"resourceType": "User"}}).
		want(200).lacks("title", "groups")
	s.put("/Users/"+nobody, s.userBody(nil)).refused(404)
	s.put(u.path, object{"schemas": []any{urnUser}, "title": "T"}).refused(400, "invalidValue")
	if !s.run.offers(canPatch) {
		return
	}
	before := u.now()
	r = u.patch(op("replace", "id", "zz"))
	if s.dialect(rfc, strict) || r.status >= 300 {
		r.refused(400, "mutability")
	}
	u.unchanged(before)
}

func putGroup(s *session) {
	g := s.group(s.user(nil))
	s.put(g.path, object{"schemas": []any{urnGroup}, "displayName": g.name}).want(200).lacks("members/0")
	g.members()
}

func names(s *session) {
	name := s.name("Case")
	u := s.make("/Users", s.userBody(object{"userName": name, "externalId": name + "-Ext"}))
	u.created.is("userName", name)
	s.post("/Users", s.userBody(object{"userName": strings.ToUpper(name)})).refused(409, "uniqueness")
	s.search("/Users", `USERNAME EQ "`+strings.ToLower(name)+`"`).total(1).is("Resources/0/id", u.id)
	s.search("/Users", `externalId eq "`+name+`-Ext"`).total(1)
	s.search("/Users", `externalId eq "`+strings.ToLower(name)+`-ext"`).total(0)
	if s.run.offers(canPatch) {
		other := s.user(nil)
		before := other.now()
		other.patch(op("replace", "userName", strings.ToUpper(name))).refused(409, "uniqueness")
		other.unchanged(before)
		s.put(other.path, object{"schemas": []any{urnUser}, "userName": name}).refused(409, "uniqueness")
		other.unchanged(before)
	}
	s.del(u.path).want(204)
	again := s.make("/Users", s.userBody(object{"userName": name}))
	again.created.holds(again.id != u.id, "an id that was never used")
	s.get(u.path).refused(404)
	s.del(u.path).refused(404)
	if s.run.offers(canPatch) {
		u.patch(op("replace", "title", "T")).refused(404)
	}
}

func externalIDs(s *session) {
	ext := s.name("Ext")
	u := s.user(object{"externalId": ext})
	s.as(s.run.second, func(s *session) {
		s.search("/Users", `externalId eq "`+ext+`"`).total(0)
		v := s.user(object{"externalId": ext})
		s.search("/Users", `externalId eq "`+ext+`"`).total(1).is("Resources/0/id", v.id)
	})
	s.search("/Users", `externalId eq "`+ext+`"`).total(1).is("Resources/0/id", u.id)
}

var realm = regexp.MustCompile(`(?i)^Bearer\b`)

func discovery(s *session) {
	anyone := access{base: s.who.base}
	s.as(anyone, func(s *session) {
		s.get("/ServiceProviderConfig").want(200).has("patch", "bulk", "filter", "changePassword", "sort", "etag", "authenticationSchemes")
		r := s.get("/Users").refused(401).has("detail")
		r.holds(realm.MatchString(r.header.Get("WWW-Authenticate")), "a WWW-Authenticate header for Bearer")
	})
	r := s.get("/Schemas").want(200).is("Resources/[id="+urnUser+"]/id", urnUser)
	for _, id := range r.values("Resources", "id") {
		r.holds(!strings.Contains(id, ":api:messages:"), "no message schema, not also %s", id)
	}
	s.get("/Schemas", "filter", `name eq "User"`).refused(403)
	s.get("/Schemas/urn:nope").refused(404)
	r = s.post("/Schemas", object{"schemas": []any{urnUser}}).refused(405)
	r.holds(r.header.Get("Allow") != "", "an Allow header")
	s.get("/ResourceTypes/User").want(200).is("id", "User").is("name", "User").is("endpoint", "/Users")
	s.get("/schemas").want(200).has("Resources/0")
	s.version1()
}

// version1 asks for a version of the protocol that nobody speaks here.
func (s *session) version1() {
	base := *s.who.base
	dir, last := path.Split(base.Path)
	if !regexp.MustCompile(`^v\d+$`).MatchString(last) {
		return
	}
	base.Path = dir + "v1"
	s.as(access{base: &base, token: s.who.token}, func(s *session) {
		if r := s.get("/Users"); r.status == http.StatusBadRequest {
			r.refused(400, "invalidVers")
		} else {
			r.refused(404)
		}
	})
}

func rootSearch(s *session) {
	u := s.user(nil)
	g := s.group(u)
	f := `(meta.resourceType eq "Group" or userName pr) and (userName eq "` + u.name + `" or displayName eq "` + g.name + `")`
	r := s.post("/.search", object{"schemas": []any{urnSearch}, "filter": f, "sortBy": "meta.created", "count": 50}).total(2)
	r.is("Resources/0/id", u.id).is("Resources/0/meta/resourceType", "User")
	r.is("Resources/1/id", g.id).is("Resources/1/meta/resourceType", "Group")
	s.get("/", "filter", f).total(2)
	typed := s.post("/Groups/.search", object{"schemas": []any{urnSearch}, "filter": f})
	if s.dialect(strict) { // where userName is undefined for a group
		typed.refused(400, "invalidFilter")
	} else {
		typed.total(1).is("Resources/0/id", g.id)
	}
}

func meAlias(s *session) {
	r := s.get("/Me")
	switch r.status {
	case http.StatusOK:
		r.want(200).has("id").is("meta/location", r.header.Get("Location"))
	case http.StatusPermanentRedirect:
		r.holds(r.header.Get("Location") != "", "a Location header with 308")
	case http.StatusNotImplemented:
		r.refused(501)
	default:
		r.refused(404)
	}
}

func async(s *session) {
	u := s.user(nil)
	r := s.send("PATCH", u.path, patchOp(op("replace", "title", "Later")), "Prefer", "respond-async")
	if r.status != http.StatusAccepted { // the server may answer at once
		r.done()
		u.now().is("title", "Later")
		return
	}
	txn := r.accepted()
	event := s.outcome(r)
	if !event.dead && event.doc["events"] == nil { // the location of the resource
		event.is("title", "Later").is("id", u.id)
		return
	}
	const done = "events/urn:ietf:params:scim:event:misc:asyncresp/"
	event.is("txn", txn).is("sub_id/format", "scim").lacks("sub").is(done+"method", "PATCH")
	event.holds(strings.HasSuffix(event.text("sub_id/uri"), u.path), "sub_id/uri %s", u.path)
	event.holds(slices.Contains([]string{"200", "204"}, event.text(done+"status")), `status "200" or "204" in the event`)
	now := u.now().is("title", "Later")
	if s.run.offers(canETag) {
		event.is(done+"version", now.etag())
	}
}

// accepted compares a 202 (RFC 9967 section 2.5.1) and returns its transaction.
func (r *reply) accepted() string {
	txn := r.want(http.StatusAccepted).header.Get("Set-Txn")
	r.holds(txn != "", "a Set-Txn header")
	r.holds(strings.Contains(r.header.Get("Preference-Applied"), "respond-async"), "Preference-Applied: respond-async")
	r.holds(r.header.Get("Location") != "", "a Location header")
	return txn
}

// outcome reads the location of an accepted request until it answers.
func (s *session) outcome(accepted *reply) *reply {
	base, p := *s.who.base, ""
	if at, err := s.locate(accepted.header.Get("Location")); err == nil {
		base, p = *at, at.Path
		base.Path, base.RawQuery = "", at.RawQuery
	}
	r := accepted
	s.as(access{base: &base, token: s.who.token}, func(s *session) {
		for try := range 100 {
			r = s.get(p)
			if r.dead || r.status == http.StatusOK {
				break
			}
			select {
			case <-time.After(time.Duration(min(20+10*try, 200)) * time.Millisecond):
			case <-s.ctx.Done():
			}
		}
	})
	return r.holds(r.status == http.StatusOK, "the outcome with 200 within seconds")
}

func (s *session) locate(location string) (*url.URL, error) {
	u, err := s.who.base.Parse(location)
	if err == nil && u.Host != s.who.base.Host {
		return nil, http.ErrNoLocation // the token goes nowhere else
	}
	return u, err
}

func asyncBulk(s *session) {
	names := []string{s.name("user"), s.name("user")}
	var ops []any
	for i, n := range names {
		ops = append(ops, bulkOp("POST", "/Users", "u"+strconv.Itoa(i), object{"schemas": []any{urnUser}, "userName": n}))
	}
	r := s.post("/Bulk", object{"schemas": []any{urnBulk}, "Operations": ops}, "Prefer", "respond-async")
	if r.status == http.StatusAccepted {
		txn := r.accepted()
		event := s.outcome(r)
		for i := range names {
			event.holds(strings.Contains(string(event.body), `"`+txn+":"+strconv.Itoa(i)+`"`), "an event with txn %s:%d", txn, i)
		}
	} else {
		r.want(200).is("Operations/1/status", "201")
	}
	for _, n := range names {
		s.search("/Users", `userName eq "`+n+`"`).total(1)
	}
}
