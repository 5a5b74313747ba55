package probe

import (
	"net/http"
	"strings"
	"time"
)

// filterPoints are points 1 to 13: filters.
func filterPoints() []check {
	f := []capability{canFilter}
	return []check{
		{"P01", "Operators and attribute names ignore case", "RFC 7644 3.4.2.2", f, func(s *session) {
			u := s.user(object{"name": object{"familyName": "Fam"}})
			s.search("/Users", `USERNAME Eq "`+u.name+`" AND NAME.FAMILYNAME SW "Fa" And NOT (title PR)`).total(1)
		}},
		{"P02", "gt, ge, lt and le on a boolean or binary are invalidFilter", "RFC 7644 3.4.2.2", f, func(s *session) {
			for _, op := range []string{"gt", "ge", "lt", "le"} {
				s.search("/Users", "active "+op+" true").refused(400, "invalidFilter")
				s.search("/Users", `x509Certificates.value `+op+` "QUJD"`).refused(400, "invalidFilter")
			}
		}},
		{"P03", "An unknown operator is invalidFilter with a readable detail", "RFC 7644 3.4.2.2, 3.12", f, func(s *session) {
			r := s.search("/Users", `userName like "x"`).refused(400, "invalidFilter")
			r.holds(strings.Contains(r.text("detail"), "like"), "a detail that names the operator")
			for _, bad := range []string{`userName`, `userName eq`, `eq "x"`, `(userName eq "x"`, `userName eq "x")`, `emails[type eq "work"`, `userName eq "x" and`, `userName eq x`} {
				s.search("/Users", bad).refused(400, "invalidFilter")
			}
		}},
		{"P04", "Grouping binds first, then not, and, or", "RFC 7644 3.4.2.2", f, precedence},
		{"P05", "All conditions in brackets hold for the same value", "RFC 7644 3.4.2.2", f, func(s *session) {
			u := s.user(object{"addresses": []any{
				object{"type": "work", "locality": "Here", "country": "NL"}, object{"type": "home", "locality": "There", "country": "BE"}}})
			u.find(1, `addresses[type eq "work" and locality eq "Here" and country eq "NL"]`)
			u.find(0, `addresses[type eq "work" and locality eq "There"]`)
			u.find(0, `addresses[not (type eq "home") and country eq "BE"]`)
			u.find(1, `addresses[type eq "other" or country eq "BE"]`)
		}},
		{"P06", "A multi-valued attribute matches by any value", "RFC 7644 3.4.2.2", f, func(s *session) {
			u := workAndHome(s)
			u.find(1, `emails.value eq "b@y.example"`)
			u.find(1, `emails co "y.example"`)
			u.find(1, `emails.type eq "work" and emails.value sw "b@"`)
			u.find(0, `emails.value eq "c@y.example"`)
		}},
		{"P07", "pr is false for empty arrays, empty nodes and null", "RFC 7644 3.4.2.2, RFC 7643 2.5", f, func(s *session) {
			u := s.user(object{"emails": []any{}, "title": nil, "nickName": "n", "name": object{"familyName": "", "givenName": nil}})
			for _, absent := range []string{"emails", "emails.value", "title", "name", "name.familyName", "phoneNumbers"} {
				u.find(0, absent+" pr")
			}
			u.find(1, "nickName pr")
		}},
		{"P08", "Case counts as the schema says", "RFC 7643 2.2, 3.1; RFC 7644 3.4.2.2", f, caseRules},
		{"P09", "At the root an attribute that a type lacks has no value", "RFC 7644 3.4.2.1", []capability{canFilter, hasGroups}, func(s *session) {
			u, g := s.user(nil), s.group()
			f := `userName eq "` + u.name + `" or displayName eq "` + g.name + `"`
			s.get("/", "filter", f).total(2)
			s.get("/", "filter", `displayName eq "`+g.name+`" and not (userName pr)`).total(1).is("Resources/0/id", g.id)
			s.get("/", "filter", `displayName eq "`+g.name+`" and userName pr`).total(0)
		}},
		{"P10", "schemas can be filtered", "RFC 7644 3.4.2.2", []capability{canFilter, hasEnt}, func(s *session) {
			with, without := s.user(object{urnEnt: object{"department": "D"}}), s.user(nil)
			with.find(1, `schemas eq "`+urnEnt+`"`)
			without.find(0, `schemas eq "`+urnEnt+`"`)
			without.find(1, `schemas eq "`+urnUser+`"`)
		}},
		{"P11", "Fully qualified names work everywhere, the URN in any case", "RFC 7644 3.10", []capability{canFilter, hasEnt}, qualified},
		{"P12", "Times compare as instants", "RFC 7644 3.4.2.2, RFC 7643 2.3.5", f, instants},
		{"P13", "A filter may compare with null, true and a number", "RFC 7644 3.4.2.2", f, func(s *session) {
			u := s.user(object{"active": true, "nickName": "n"})
			u.find(1, "active eq true")
			u.find(0, "active eq false")
			u.find(1, "title eq null")
			u.find(0, "nickName eq null")
			if r := s.search("/Users", u.mine()+" and nickName eq 5"); r.status == http.StatusBadRequest {
				r.refused(400, "invalidFilter")
			} else {
				r.total(0)
			}
		}},
	}
}

func precedence(s *session) {
	a, b := s.user(object{"title": "T"}), s.user(nil)
	both := `(` + a.mine() + ` or ` + b.mine() + `)`
	s.search("/Users", b.mine()+` or title eq "nope" and title pr`).total(1)
	s.search("/Users", both+` and title pr`).total(1).is("Resources/0/id", a.id)
	s.search("/Users", `not (title pr) and `+b.mine()).total(1)
	s.search("/Users", `not (title pr) and `+both).total(1).is("Resources/0/id", b.id)
	s.search("/Users", `not(title pr) and `+both).total(1)
	s.search("/Users", both+` and not (title pr or nickName pr)`).total(1)
}

func caseRules(s *session) {
	ext := s.name("Ext")
	u := s.user(object{"externalId": ext, "displayName": "Display", "emails": []any{object{"value": "Mail@x.example"}}})
	u.find(1, `displayName eq "dISPLAY"`)
	u.find(1, `emails.value eq "mAIL@x.example"`)
	u.find(1, `externalId eq "`+ext+`"`)
	u.find(0, `externalId eq "`+strings.ToUpper(ext)+`"`)
	u.find(1, `id eq "`+u.id+`"`)
	if upper := strings.ToUpper(u.id); upper != u.id {
		u.find(0, `id eq "`+upper+`"`)
		s.get("/Users/" + upper).refused(404)
	}
	u.find(1, `meta.resourceType eq "User"`)
	u.find(0, `meta.resourceType eq "uSER"`)
}

func qualified(s *session) {
	u := s.user(object{"displayName": "D", urnEnt: object{"department": "Dep"}})
	upper := strings.ToUpper(urnEnt)
	s.search("/Users", urnUser+`:userName eq "`+u.name+`"`).total(1)
	u.find(1, upper+`:department eq "dep"`)
	u.find(0, urnEnt+`:department eq "other"`)
	u.find(1, urnEnt+`:department pr and not (`+urnEnt+`:division pr)`)
	s.get(u.path, "attributes", urnUser+":displayName,"+upper+":department").want(200).
		is("displayName", "D").is(urnEnt+"/department", "Dep").lacks("userName")
	s.get(u.path, "excludedAttributes", urnEnt).want(200).lacks(urnEnt).has("userName")
	if s.run.offers(canPatch) {
		u.patch(op("replace", urnUser+":displayName", "E"), op("replace", upper+":department", "New")).done()
		u.now().is("displayName", "E").is(urnEnt+"/department", "New")
	}
	if s.run.offers(canSort) {
		s.search("/Users", u.mine(), "sortBy", urnEnt+":department").total(1)
	}
}

func instants(s *session) {
	u := s.user(nil)
	at, err := time.Parse(time.RFC3339Nano, u.created.text("meta/created"))
	u.created.holds(err == nil, "meta.created as an xsd:dateTime with an offset")
	if s.over() {
		return
	}
	const form = "2006-01-02T15:04:05.999999999Z07:00"
	east, west := time.FixedZone("", 5*3600), time.FixedZone("", -8*3600)
	u.find(1, `meta.created eq "`+at.In(east).Format(form)+`"`)
	u.find(1, `meta.created ge "`+at.In(west).Format(form)+`" and meta.created le "`+at.In(east).Format(form)+`"`)
	u.find(0, `meta.created gt "`+at.In(west).Format(form)+`"`)
	u.find(1, `meta.created gt "`+at.Add(-time.Minute).In(east).Format(form)+`"`)
	u.find(1, `meta.created lt "`+at.Add(time.Minute).In(west).Format(form)+`"`)
	u.find(1, `meta.created gt "`+at.Add(-time.Minute).UTC().Format("2006-01-02T15:04:05.0000000Z")+`"`)
	s.search("/Users", `meta.created gt "yesterday"`).refused(400, "invalidFilter")
}
