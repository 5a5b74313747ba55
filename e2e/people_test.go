package e2e_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"
)

// A person is a user as the provider knows it: what its profile at the server
// must hold in the end.
type person struct {
	name string // userName
	id   string // as the server gave it
	want object // by path, as at reads it; nil: nothing
	gone bool
}

// A team is a group as the provider knows it.
type team struct {
	name    string // displayName
	id      string
	members []*person
	gone    bool
}

// A company is what a provider pushes.
type company struct {
	people []*person
	teams  []*team
}

// A size says how large a company is.
type size struct{ people, teams, memberships int }

var (
	small    = size{60, 6, 300}
	middling = size{200, 20, 2500}
	whole    = size{1000, 50, 20000}
)

// full is the size of the runs on databases: whole for what a client sends in its
// own dialect, and for everything on CI; else middling. -short makes it small.
func full(own bool) size {
	switch {
	case testing.Short():
		return small
	case own || os.Getenv("CI") != "":
		return whole
	}
	return middling
}

// found makes up a company; the same size gives the same company.
func found(n size) *company {
	rng := rand.New(rand.NewPCG(7643, 7644))
	c := &company{}
	for i := range n.people {
		c.people = append(c.people, &person{name: fmt.Sprintf("User%04d@Example.com", i), want: object{}})
	}
	for i := range n.teams {
		t := &team{name: fmt.Sprintf("Team %02d: \"north\" [%d]", i, i)}
		for _, k := range rng.Perm(n.people)[:n.memberships/n.teams] {
			t.members = append(t.members, c.people[k])
		}
		c.teams = append(c.teams, t)
	}
	return c
}

// living returns those who were not deleted.
func (c *company) living() []*person {
	return slices.DeleteFunc(slices.Clone(c.people), func(p *person) bool { return p.gone })
}

// take removes members from a team.
func (t *team) take(out ...*person) {
	t.members = slices.DeleteFunc(t.members, func(p *person) bool { return slices.Contains(out, p) })
}

// has reports whether a person is a member.
func (t *team) has(p *person) bool { return slices.Contains(t.members, p) }

// verify lists everything and compares it with what was pushed.
func (c *client) verify(co *company) {
	c.t.Helper()
	for _, step := range []func(*company){c.verifyPeople, c.verifyTeams} {
		if step(co); c.failed.Load() {
			c.t.FailNow()
		}
	}
}

func (c *client) verifyPeople(co *company) {
	byIndex := c.walk("/Users", 100, false)
	if byCursor := c.walk("/Users", 97, true, "attributes", "id"); !slices.Equal(idsOf(byIndex), idsOf(byCursor)) {
		c.fail("/Users by index and by cursor differ:\n%v\n%v", idsOf(byIndex), idsOf(byCursor))
	}
	got := map[string]object{}
	for _, u := range byIndex {
		got[text(u, "id")] = u
	}
	living := co.living()
	if len(got) != len(living) || len(byIndex) != len(living) {
		c.fail("/Users: %d resources with %d ids, want %d", len(byIndex), len(got), len(living))
	}
	for _, p := range living {
		u := got[p.id]
		if text(u, "userName") != p.name {
			c.fail("user %s is called %q, want %q", p.id, text(u, "userName"), p.name)
		}
		for _, path := range slices.Sorted(maps.Keys(p.want)) {
			if v := at(u, path); !reflect.DeepEqual(v, p.want[path]) {
				c.fail("user %s has %s = %v, want %v", p.name, path, v, p.want[path])
			}
		}
	}
	active := 0
	for _, p := range living {
		if p.want["active"] == true {
			active++
		}
	}
	c.total("/Users", "active eq true", active)
	c.total("/Users", `userName pr`, len(living))
	c.verifyMemberships(co, got)
}

// total compares the number of matches of a filter.
func (c *client) total(endpoint, filter string, want int) {
	doc := c.do("GET", endpoint+"?"+params("filter", filter, "count", "0"), nil, 200)
	if got, _ := doc["totalResults"].(float64); int(got) != want {
		c.fail("GET %s?filter=%s: totalResults %v, want %d", endpoint, filter, doc["totalResults"], want)
	}
}

func (c *client) verifyTeams(co *company) {
	byIndex := c.walk("/Groups", 7, false)
	if byCursor := c.walk("/Groups", 10, true, "excludedAttributes", "members"); !slices.Equal(idsOf(byIndex), idsOf(byCursor)) {
		c.fail("/Groups by index and by cursor differ:\n%v\n%v", idsOf(byIndex), idsOf(byCursor))
	}
	got := map[string]object{}
	for _, g := range byIndex {
		got[text(g, "id")] = g
	}
	living := 0
	for _, t := range co.teams {
		if t.gone {
			continue
		}
		living++
		g := got[t.id]
		if text(g, "displayName") != t.name {
			c.fail("group %s is called %q, want %q", t.id, text(g, "displayName"), t.name)
		}
		list, _ := g["members"].([]any)
		sent := make([]string, 0, len(list))
		for _, m := range list {
			sent = append(sent, text(m, "value"))
			if text(m, "type") != "User" || text(m, "$ref") != c.target.URL+"/Users/"+text(m, "value") {
				c.fail("group %s has the member %v", t.name, m)
			}
		}
		want := make([]string, 0, len(t.members))
		for _, p := range t.members {
			want = append(want, p.id)
		}
		slices.Sort(sent)
		slices.Sort(want)
		if !slices.Equal(sent, want) {
			c.fail("group %s has %d members, want %d:\n%.400v\n%.400v", t.name, len(sent), len(want), fmt.Sprint(sent), fmt.Sprint(want))
		}
	}
	if len(byIndex) != living {
		c.fail("/Groups: %d resources, want %d", len(byIndex), living)
	}
}

// verifyMemberships compares the computed groups of users.
func (c *client) verifyMemberships(co *company, got map[string]object) {
	of := map[*person][]string{}
	for _, t := range co.teams {
		if !t.gone {
			for _, p := range t.members {
				of[p] = append(of[p], t.id)
			}
		}
	}
	for _, p := range co.living() {
		var have []string
		list, _ := got[p.id]["groups"].([]any)
		for _, g := range list {
			have = append(have, text(g, "value"))
		}
		slices.Sort(have)
		slices.Sort(of[p])
		if !slices.Equal(have, of[p]) {
			c.fail("user %s is in the groups %v, want %v", p.name, have, of[p])
		}
	}
}
