package e2e_test

import (
	"fmt"
	"maps"
	"testing"
)

// TestOkta plays a full Okta cycle: exactly what Okta sends in its own dialect,
// the same with legal requests in rfc, and with paths throughout in strict.
func TestOkta(t *testing.T) {
	for _, dialect := range []string{"okta", "rfc", "strict"} {
		t.Run("memory/"+dialect, func(t *testing.T) { playOkta(t, inMemory(t, dialect), small) })
	}
	eachHouse(t, func(t *testing.T, h *house) {
		for _, dialect := range []string{"okta", "rfc", "strict"} {
			t.Run(dialect, func(t *testing.T) { playOkta(t, h.tenant(t, "okta-"+dialect, dialect), full(dialect == "okta")) })
		}
	})
}

// An oktaCycle is Okta at work.
type oktaCycle struct {
	*client
	company  *company
	own      bool // requests may have Okta's own form
	pathless bool // a PATCH operation may do without a path
}

func playOkta(t *testing.T, at target, n size) {
	o := &oktaCycle{newClient(t, at), found(n), at.Dialect == "okta", at.Dialect != "strict"}
	o.header = map[string]string{ // O11
		"Content-Type": "application/json", "Accept": "application/scim+json; charset=utf-8", "Accept-Charset": "utf-8",
	}
	whole := func() { o.verify(o.company) }
	o.play([]step{
		{"import", func() { o.importAll(0) }}, {"people", o.createPeople}, {"refusals", o.refusals}, {"teams", o.createTeams},
		{"members", o.pushMembers}, {"verify", whole}, {"updates", o.update}, {"changes of teams", o.changeTeams},
		{"import", func() { o.importAll(n.people) }}, {"verify", whole},
	})
}

// importAll reads what is there, a hundred at a time (O9).
func (o *oktaCycle) importAll(people int) {
	if got := o.walk("/Users", 100, false); len(got) != people {
		o.fail("imported %d users, want %d", len(got), people)
	}
	o.walk("/Groups", 100, false)
}

// lookUp asks for a user by name (O1).
func (o *oktaCycle) lookUp(p *person) []any {
	return o.find("/Users", `userName eq "`+p.name+`"`, "startIndex", "1", "count", "100")
}

// createPeople looks each user up and creates it with a password (O1, O4).
func (o *oktaCycle) createPeople() {
	o.each(len(o.company.people), func(i int) {
		p := o.company.people[i]
		if found := o.lookUp(p); len(found) > 0 {
			o.fail("%s is there already", p.name)
		}
		doc := o.do("POST", "/Users", o.profile(i, "Family"), 201)
		if _, there := doc["password"]; there {
			o.fail("the password of %s came back", p.name)
		}
		p.id = text(doc, "id")
	})
}

// profile is the body that Okta sends of a user, and notes it as what is wanted.
// Only every twentieth has a password: hashing one is meant to be slow.
func (o *oktaCycle) profile(i int, family string) object {
	p := o.company.people[i]
	mail := fmt.Sprintf("user%04d@example.com", i)
	maps.Copy(p.want, object{
		"active": true, "name/familyName": family, "displayName": fmt.Sprintf("Person %04d", i), "locale": "en-US",
		"externalId": fmt.Sprintf("00u%05d", i), "emails/[type=work]/value": mail, "emails/[type=work]/display": mail, "password": nil,
	})
	body := object{
		"schemas": []any{userURN}, "userName": p.name, "name": object{"givenName": fmt.Sprint("Given", i), "familyName": family},
		"emails":      []any{object{"primary": true, "value": mail, "type": "work", "display": mail}},
		"displayName": p.want["displayName"], "locale": "en-US", "externalId": p.want["externalId"],
		"groups": []any{}, "active": true,
	}
	if i%20 == 0 {
		body["password"] = fmt.Sprintf("1mz%05dnq", i)
	}
	return body
}

// refusals are what Okta's own tests provoke (O12).
func (o *oktaCycle) refusals() {
	doc := o.do("POST", "/Users", o.profile(0, "Family"), 409)
	if text(doc, "scimType") != "uniqueness" || text(doc, "status") != "409" {
		o.fail("a duplicate: %v", doc)
	}
	o.do("GET", "/Users/010101001010101011001010101011", nil, 404)
	stranger := newClient(o.t, target{o.target.URL, "wrong", o.target.Dialect})
	doc = stranger.do("GET", "/Users?startIndex=1&count=100", nil, 401)
	if text(doc, "status") != "401" {
		o.fail("a wrong token: %v", doc)
	}
}

func (o *oktaCycle) createTeams() {
	o.each(len(o.company.teams), func(i int) {
		t := o.company.teams[i]
		var members any = []any{}
		if i%2 == 0 {
			members = nil // O9
		}
		t.id = text(o.do("POST", "/Groups", object{"schemas": []any{groupURN}, "displayName": t.name, "members": members}, 201), "id")
	})
}

func values(list []*person) []any {
	out := []any{}
	for _, p := range list {
		out = append(out, object{"value": p.id, "display": p.name})
	}
	return out
}

// pushMembers adds a hundred at a time to half of the groups (O6), and pushes
// the others whole (O7).
func (o *oktaCycle) pushMembers() {
	o.each(len(o.company.teams), func(i int) {
		t := o.company.teams[i]
		if i%2 == 1 {
			o.do("PATCH", "/Groups/"+t.id, patch(op("replace", "members", values(t.members))), 200, 204)
			return
		}
		for start := 0; start < len(t.members); start += 100 {
			part := t.members[start:min(start+100, len(t.members))]
			o.do("PATCH", "/Groups/"+t.id, patch(op("add", "members", values(part))), 200, 204)
		}
	})
}

// set replaces attributes without a path, or each with one where that is not
// allowed.
func (o *oktaCycle) set(path string, value object) {
	if o.pathless {
		o.do("PATCH", path, patch(op("replace", "", value)), 200, 204)
		return
	}
	var ops []any
	for k, v := range value {
		ops = append(ops, op("replace", k, v))
	}
	o.do("PATCH", path, patch(ops...), 200, 204)
}

// update changes every tenth user as an app of the catalogue does, by PATCH, or
// as one of the wizard does, by GET and PUT (O2, O3, O4).
func (o *oktaCycle) update() {
	o.each(len(o.company.people)/10, func(k int) {
		i := k * 10
		p := o.company.people[i]
		if found := o.lookUp(p); len(found) != 1 || text(found[0], "id") != p.id {
			o.fail("looking for %s: %v", p.name, found)
		}
		switch k % 4 {
		case 0:
			o.set("/Users/"+p.id, object{"active": false})
			p.want["active"] = false
		case 1:
			body := o.do("GET", "/Users/"+p.id, nil, 200)
			maps.Copy(body, o.profile(i, fmt.Sprint("Changed", i)))
			body["meta"] = object{"resourceType": "User"}
			body["title"], p.want["title"] = "Lead", "Lead"
			delete(body, "password")
			o.do("PUT", "/Users/"+p.id, body, 200)
		case 2:
			o.set("/Users/"+p.id, object{"password": fmt.Sprintf("2mz%05dnq", i)})
		case 3: // off by PUT, and on again by PATCH
			body := o.do("GET", "/Users/"+p.id, nil, 200)
			body["active"], body["groups"] = false, []any{}
			if got := o.do("PUT", "/Users/"+p.id, body, 200); got["active"] != false {
				o.fail("%s is still active", p.name)
			}
			o.set("/Users/"+p.id, object{"active": true})
		}
	})
}

// changeTeams moves members, renames, pushes now and empties (O5 to O7).
func (o *oktaCycle) changeTeams() {
	everybody := o.company.people
	o.each(len(o.company.teams), func(i int) {
		t := o.company.teams[i]
		path := "/Groups/" + t.id
		switch i % 5 {
		case 0: // one goes, another comes
			out := t.members[0]
			in := everybody[0]
			for k := 0; t.has(in); k++ {
				in = everybody[k]
			}
			o.do("PATCH", path, patch(remove("remove", `members[value eq "`+out.id+`"]`), op("add", "members", values([]*person{in}))), 200, 204)
			t.take(out)
			t.members = append(t.members, in)
		case 1:
			t.name += " renamed"
			value := object{"displayName": t.name}
			if o.own {
				value["id"] = t.id
			}
			o.set(path, value)
		case 2:
			t.members = t.members[:len(t.members)/2]
			o.do("PATCH", path, patch(op("replace", "members", values(t.members))), 200, 204)
		case 3:
			t.members = nil
			o.do("PATCH", path, patch(op("replace", "members", []any{})), 200, 204)
		case 4:
			t.members, t.name = nil, t.name+" emptied"
			value := object{"members": []any{}, "displayName": t.name}
			if o.own {
				value["id"] = t.id
			}
			o.set(path, value)
		}
	})
	t := o.company.teams[0]
	o.do("DELETE", "/Groups/"+t.id, nil, 204)
	t.gone = true
}
