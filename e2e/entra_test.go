package e2e_test

import (
	"fmt"
	"maps"
	"testing"
)

// TestEntra plays a full Entra ID cycle: exactly what Entra sends in its own
// dialect, the same with legal requests in rfc and strict.
func TestEntra(t *testing.T) {
	for _, dialect := range []string{"entra", "rfc", "strict"} {
		t.Run("memory/"+dialect, func(t *testing.T) { playEntra(t, inMemory(t, dialect), small) })
	}
	eachHouse(t, func(t *testing.T, h *house) {
		for _, dialect := range []string{"entra", "rfc", "strict"} {
			t.Run(dialect, func(t *testing.T) { playEntra(t, h.tenant(t, "entra-"+dialect, dialect), full(dialect == "entra")) })
		}
	})
}

// An entraCycle is Entra at work. own says that requests may have Entra's own
// form.
type entraCycle struct {
	*client
	company *company
	own     bool
}

func playEntra(t *testing.T, at target, n size) {
	e := &entraCycle{newClient(t, at), found(n), at.Dialect == "entra"}
	if e.own {
		e.suffix = "aadOptscim062020"
	}
	whole := func() { e.verify(e.company) }
	e.play([]step{
		{"test connection", e.testConnection}, {"people", e.createPeople}, {"teams", e.createTeams}, {"members", e.addMembers},
		{"verify", whole}, {"again", e.again}, {"changes", e.changePeople}, {"removals", e.removeMembers},
		{"deactivation", e.deactivate}, {"pull", e.pull}, {"deletion", e.delete}, {"verify", whole},
	})
}

// testConnection is what the button of that name does (Q17, Q18, Q20).
func (e *entraCycle) testConnection() {
	const guid = "f3e7c2ad-57a9-4d5c-9a0b-8a4b8f0a2a10"
	if found := e.find("/Users", `userName eq "AzureAD_Test-`+guid+`"`); len(found) > 0 {
		e.fail("somebody is called AzureAD_Test")
	}
	e.find("/Groups", `displayName eq "AzureAD_Test-`+guid+`"`, "excludedAttributes", "members")
	e.find("/Users", `externalId eq "`+guid+`"`)
	e.do("GET", "/ServiceProviderConfig", nil, 200)
	e.do("GET", "/Schemas", nil, 200)
	e.do("GET", "/ResourceTypes", nil, 200)
}

// createPeople looks each user up and creates it.
func (e *entraCycle) createPeople() {
	e.each(len(e.company.people), func(i int) {
		p := e.company.people[i]
		if found := e.find("/Users", `userName eq "`+p.name+`"`); len(found) > 0 {
			e.fail("%s is there already", p.name)
		}
		var active any = true
		if e.own && i%2 == 0 {
			active = "True" // Q25
		}
		mail := fmt.Sprintf("user%04d@example.com", i)
		body := object{
			"schemas": []any{userURN, entURN}, "externalId": fmt.Sprintf("Ext-%04d", i), "userName": p.name, "active": active,
			"displayName": fmt.Sprintf("Person %04d", i), "title": "Engineer", "preferredLanguage": "en-GB",
			"name":         object{"formatted": fmt.Sprintf("Given%d Family%d", i, i), "familyName": fmt.Sprint("Family", i), "givenName": fmt.Sprint("Given", i)},
			"emails":       []any{object{"primary": true, "type": "work", "value": mail}, object{"type": "home", "value": "home-" + mail}},
			"phoneNumbers": []any{object{"type": "work", "value": fmt.Sprintf("+1 555 01%02d", i%100)}},
			"meta":         object{"resourceType": "User"},
			entURN:         object{"employeeNumber": fmt.Sprint(70000 + i), "department": "R&D"},
		}
		doc := e.do("POST", "/Users", body, 201)
		p.id = text(doc, "id")
		maps.Copy(p.want, object{
			"active": true, "displayName": body["displayName"], "title": "Engineer", "externalId": body["externalId"],
			"emails/[type=work]/value": mail, "emails/[type=home]/value": "home-" + mail, "name/familyName": fmt.Sprint("Family", i),
			entURN + "/department": "R&D", entURN + "/employeeNumber": fmt.Sprint(70000 + i), entURN + "/manager/value": nil,
		})
	})
}

// createTeams looks each group up and creates it, empty.
func (e *entraCycle) createTeams() {
	e.each(len(e.company.teams), func(i int) {
		t := e.company.teams[i]
		if found := e.find("/Groups", `displayName eq `+fmt.Sprintf("%q", t.name), "excludedAttributes", "members"); len(found) > 0 {
			e.fail("the group %s is there already", t.name)
		}
		doc := e.do("POST", "/Groups", object{
			"schemas": []any{groupURN}, "externalId": fmt.Sprintf("Grp-%02d", i), "displayName": t.name,
			"meta": object{"resourceType": "Group"}, "members": []any{},
		}, 201)
		t.id = text(doc, "id")
		if got := e.do("GET", "/Groups/"+t.id+"?excludedAttributes=members", nil, 200); text(got, "displayName") != t.name {
			e.fail("the group %s is called %q", t.name, text(got, "displayName"))
		}
	})
}

// addMembers adds up to a hundred members in each PATCH (Q5, Q23).
func (e *entraCycle) addMembers() {
	e.each(len(e.company.teams), func(i int) {
		t := e.company.teams[i]
		for start := 0; start < len(t.members); start += 100 {
			e.members(t, "Add", t.members[start:min(start+100, len(t.members))])
		}
	})
}

func (e *entraCycle) members(t *team, name string, list []*person) {
	var values []any
	for _, p := range list {
		if e.own {
			values = append(values, object{"$ref": nil, "value": p.id})
		} else {
			values = append(values, object{"value": p.id})
		}
	}
	if e.own {
		e.do("PATCH", "/Groups/"+t.id, patch(op(name, "members", values)), 204)
		return
	}
	e.do("PATCH", "/Groups/"+t.id, patch(op("add", "members", values)), 200, 204)
}

// again is a cycle in which nothing has changed: every user and group is found,
// and members that are there are added once more.
func (e *entraCycle) again() {
	people, teams := e.company.people, e.company.teams
	e.each(min(len(people), 100), func(i int) {
		if found := e.find("/Users", `userName eq "`+people[i].name+`"`); len(found) != 1 || text(found[0], "id") != people[i].id {
			e.fail("looking for %s: %v", people[i].name, found)
		}
	})
	e.each(min(len(teams), 10), func(i int) {
		before := text(e.do("GET", "/Groups/"+teams[i].id+"?excludedAttributes=members", nil, 200), "meta/version")
		e.members(teams[i], "Add", teams[i].members[:min(5, len(teams[i].members))])
		if after := text(e.do("GET", "/Groups/"+teams[i].id+"?excludedAttributes=members", nil, 200), "meta/version"); after != before {
			e.fail("adding members again changed the version of %s from %s to %s", teams[i].name, before, after)
		}
	})
}

// changePeople is the incremental cycle: every tenth user changes.
func (e *entraCycle) changePeople() {
	changes := e.changes()
	e.each(len(e.company.people)/10, func(k int) {
		p, boss := e.company.people[k*10], e.company.people[(k*10+1)%len(e.company.people)]
		before := e.do("GET", "/Users/"+p.id, nil, 200)
		if text(before, "userName") != p.name {
			e.fail("%s is called %q", p.id, text(before, "userName"))
		}
		for i, c := range []change{changes[k%len(changes)], changes[(k+3)%len(changes)]} {
			ops, want := c(fmt.Sprintf("%d-%d", k, i), boss.id)
			if e.own {
				e.do("PATCH", "/Users/"+p.id, patch(ops...), 204)
			} else {
				e.do("PATCH", "/Users/"+p.id, patch(ops...), 200, 204)
			}
			maps.Copy(p.want, want)
		}
	})
	p := e.company.people[0] // a manager comes and goes
	e.do("PATCH", "/Users/"+p.id, patch(e.manager(e.company.people[1].id)), 200, 204)
	if got := text(e.do("GET", "/Users/"+p.id, nil, 200), entURN+"/manager/value"); got != e.company.people[1].id {
		e.fail("the manager is %q", got)
	}
	gone := remove("remove", entURN+":manager")
	if e.own {
		gone = op("Replace", entURN+":manager", "")
	}
	e.do("PATCH", "/Users/"+p.id, patch(gone), 200, 204)
	p.want[entURN+"/manager/value"] = nil
}

func (e *entraCycle) manager(id string) object {
	if e.own {
		return op("Add", entURN+":manager", id) // Q6
	}
	return op("add", entURN+":manager", object{"value": id})
}

// removeMembers takes members out by value (Q4, Q5), asks whether they are gone
// (Q19), and renames a group.
func (e *entraCycle) removeMembers() {
	e.each(len(e.company.teams), func(i int) {
		t := e.company.teams[i]
		out, stays := t.members[:2:2], t.members[len(t.members)-1]
		var ops []any
		switch {
		case !e.own:
			for _, p := range out {
				ops = append(ops, remove("remove", `members[value eq "`+p.id+`"]`))
			}
		case i%2 == 0:
			ops = append(ops, op("Remove", "members", []any{object{"value": out[0].id}, object{"value": out[1].id}}))
		default:
			ops = append(ops, op("Remove", "members", []any{object{"$ref": nil, "value": out[0].id}}),
				op("Remove", "members", []any{object{"$ref": nil, "value": out[1].id}}))
		}
		e.do("PATCH", "/Groups/"+t.id, patch(ops...), 200, 204)
		for _, attr := range []string{"members", "members.value"} {
			if got := e.find("/Groups", `id eq "`+t.id+`" and `+attr+` eq "`+out[0].id+`"`, "excludedAttributes", "members"); len(got) > 0 {
				e.fail("%s is still in %s", out[0].name, t.name)
			}
			if got := e.find("/Groups", `id eq "`+t.id+`" and `+attr+` eq "`+stays.id+`"`, "excludedAttributes", "members"); len(got) != 1 {
				e.fail("%s is not in %s any more", stays.name, t.name)
			}
		}
		t.take(out...)
		if i%10 == 0 {
			t.name += " (renamed)"
			e.do("PATCH", "/Groups/"+t.id, patch(op(e.name("Replace"), "displayName", t.name)), 200, 204)
		}
	})
}

// name is an op as Entra spells it, or as the RFC does.
func (e *entraCycle) name(own string) string {
	if e.own {
		return own
	}
	return string(own[0]+'a'-'A') + own[1:]
}

// deactivate disables every fifteenth user, and enables some again.
func (e *entraCycle) deactivate() {
	values := [2]any{false, true}
	if e.own {
		values = [2]any{"False", "True"} // Q2
	}
	e.each(len(e.company.people)/15, func(k int) {
		p := e.company.people[k*15]
		e.do("PATCH", "/Users/"+p.id, patch(op(e.name("Replace"), "active", values[0])), 200, 204)
		p.want["active"] = false
		if k%4 == 0 {
			e.do("PATCH", "/Users/"+p.id, patch(op(e.name("Replace"), "active", values[1])), 200, 204)
			p.want["active"] = true
		}
	})
}

// delete removes users and a group for good, thirty days later.
func (e *entraCycle) delete() {
	e.each(len(e.company.people)/50, func(k int) {
		p := e.company.people[k*50+3]
		e.do("DELETE", "/Users/"+p.id, nil, 204)
		e.do("GET", "/Users/"+p.id, nil, 404)
		p.gone = true
	})
	for _, t := range e.company.teams {
		var out []*person
		for _, p := range t.members {
			if p.gone {
				out = append(out, p)
			}
		}
		t.take(out...)
	}
	t := e.company.teams[len(e.company.teams)-1]
	e.do("DELETE", "/Groups/"+t.id, nil, 204)
	e.do("GET", "/Groups/"+t.id, nil, 404)
	t.gone = true
}
