package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
)

var small = plan{
	users: 60, groups: 15, roles: 12, permissions: 20, resources: 40, types: 4, actions: 6, statements: 3,
	memberOf: 2, rolesOf: 1, denies: true, patterns: true, conditions: true, expiring: true, mess: true,
}

// delta makes a random change, and the World as it is after it.
func (d die) delta(p plan, w World, n int) (Delta, World) {
	var x Delta
	for range 1 + d.IntN(4) {
		switch d.IntN(13) {
		case 0:
			id := w.Users[d.IntN(len(w.Users))] // changed, or new again
			if d.one(2) {
				id = testID('u', p.users+d.IntN(20))
			}
			x.Put.Users = append(x.Put.Users, id)
			if d.one(3) {
				x.Put.Inactive = append(x.Put.Inactive, id)
			}
			if d.one(3) {
				x.Put.Guests = append(x.Put.Guests, id)
			}
		case 1:
			x.Put.Groups = append(x.Put.Groups, testID('g', d.IntN(p.groups+3)))
		case 2:
			x.Gone = append(x.Gone, testID("ugs"[d.IntN(3)], d.IntN(p.groups)))
		case 3, 4:
			x.Put.Members = append(x.Put.Members, Membership{testID('g', d.IntN(p.groups)), testID("ug"[d.IntN(2)], d.IntN(p.groups+3))})
		case 5, 6:
			if len(w.Members) > 0 {
				x.Left = append(x.Left, w.Members[d.IntN(len(w.Members))])
			}
		case 7:
			kinds := []identity.SubjectType{identity.UserSubject, identity.GroupSubject, identity.AppSubject}
			k := d.IntN(3)
			x.Put.Assignments = append(x.Put.Assignments, d.assignment(p, 1000+n*10+d.IntN(30), kinds[k], testID("ugs"[k], d.IntN(p.groups))))
		case 8:
			if len(w.Assignments) > 0 {
				x.Gone = append(x.Gone, w.Assignments[d.IntN(len(w.Assignments))].ID)
			}
		case 9:
			x.Put.Permissions = append(x.Put.Permissions, d.permission(p, &w, d.IntN(p.permissions)))
		case 10:
			x.Put.Roles = append(x.Put.Roles, d.role(p, &w, d.IntN(p.roles+3)))
		case 11:
			x.Gone = append(x.Gone, testID("pr"[d.IntN(2)], d.IntN(p.permissions)), testID('o', 1+d.IntN(p.roles)))
		case 12:
			if d.one(3) {
				x.Put.Everyone = []identity.ID{testID('o', d.IntN(3))}
			}
		}
	}
	// One delta does not both remove and put a thing, nor put it twice: that is
	// for another test.
	x.Put.Roles, x.Put.Permissions = x.Put.Roles[:min(1, len(x.Put.Roles))], x.Put.Permissions[:min(1, len(x.Put.Permissions))]
	x.Put.Assignments = x.Put.Assignments[:min(1, len(x.Put.Assignments))]
	return x, changed(w, &x)
}

// changed is what Delta promises, done the slow way.
func changed(w World, d *Delta) World {
	w.Users, w.Groups, w.Apps = slices.Clone(w.Users), slices.Clone(w.Groups), slices.Clone(w.Apps)
	w.Inactive, w.Guests = slices.Clone(w.Inactive), slices.Clone(w.Guests)
	w.Members, w.Assignments = slices.Clone(w.Members), slices.Clone(w.Assignments)
	w.Permissions, w.Roles, w.Resources = slices.Clone(w.Permissions), slices.Clone(w.Roles), slices.Clone(w.Resources)
	drop := func(list *[]identity.ID, id identity.ID) bool {
		n := len(*list)
		*list = slices.DeleteFunc(*list, func(x identity.ID) bool { return x == id })
		return n > len(*list)
	}
	for _, id := range d.Gone {
		if u, g, a := drop(&w.Users, id), drop(&w.Groups, id), drop(&w.Apps, id); u || g || a {
			w.Members = slices.DeleteFunc(w.Members, func(m Membership) bool { return m.Group == id || m.Member == id })
			w.Assignments = slices.DeleteFunc(w.Assignments, func(a identity.Assignment) bool { return a.Subject == id })
		}
		drop(&w.Inactive, id)
		drop(&w.Guests, id)
		w.Assignments = slices.DeleteFunc(w.Assignments, func(a identity.Assignment) bool { return a.ID == id })
		w.Permissions = slices.DeleteFunc(w.Permissions, func(p Permission) bool { return p.ID == id })
		w.Roles = slices.DeleteFunc(w.Roles, func(r Role) bool { return r.ID == id })
		w.Resources = slices.DeleteFunc(w.Resources, func(r Resource) bool { return r.ID == id })
	}
	w.Members = slices.DeleteFunc(w.Members, func(m Membership) bool { return slices.Contains(d.Left, m) })
	for _, id := range d.Put.Users {
		drop(&w.Users, id)
		drop(&w.Inactive, id)
		drop(&w.Guests, id)
	}
	for _, id := range d.Put.Groups {
		drop(&w.Groups, id)
	}
	w.Users, w.Groups, w.Apps = append(w.Users, d.Put.Users...), append(w.Groups, d.Put.Groups...), append(w.Apps, d.Put.Apps...)
	w.Inactive, w.Guests = append(w.Inactive, d.Put.Inactive...), append(w.Guests, d.Put.Guests...)
	w.Members = append(w.Members, d.Put.Members...)
	for _, a := range d.Put.Assignments {
		w.Assignments = slices.DeleteFunc(w.Assignments, func(x identity.Assignment) bool { return x.ID == a.ID })
		w.Assignments = append(w.Assignments, a)
	}
	w.Permissions = replace(w.Permissions, d.Put.Permissions, nil, func(p *Permission) identity.ID { return p.ID })
	w.Roles = replace(w.Roles, d.Put.Roles, nil, func(r *Role) identity.ID { return r.ID })
	if d.Put.Everyone != nil {
		w.Everyone = d.Put.Everyone
	}
	return w
}

func TestApplyIsCompileOfTheChangedWorld(t *testing.T) {
	allowed, total := 0, 0
	for seed := range uint64(25) {
		d := newDie(seed)
		w := d.world(small)
		s := Compile(w)
		for n := range 12 {
			old, oldWorld := s, w
			var x Delta
			x, w = d.delta(small, w, n)
			s = s.Apply(x)
			fresh := Compile(w)
			yes, all := sameAnswers(t, d, &w, s, fresh)
			allowed, total = allowed+yes, total+all
			sameAnswers(t, d, &oldWorld, old, Compile(oldWorld))
			sameAnswers(t, d, &w, Compile(s.World()), fresh)
			if t.Failed() {
				t.Fatalf("after change %d of world %d: %+v", n, seed, x)
			}
		}
	}
	if allowed < total/10 || allowed > total*9/10 {
		t.Errorf("%d of %d questions were allowed: the worlds are too plain to show a difference", allowed, total)
	}
}

// sameAnswers compares two snapshots by all that can be asked.
func sameAnswers(t *testing.T, d die, w *World, got, want *Snapshot) (allowed, total int) {
	t.Helper()
	if len(w.Users) == 0 || len(w.Groups) == 0 || len(w.Apps) == 0 || len(w.Resources) == 0 {
		return 0, 0
	}
	for range 40 {
		q := d.tell(d.question(w))
		q.At = now.Add(time.Duration(d.IntN(9)-4) * time.Second)
		g, x := got.Decide(q), want.Decide(q)
		if diff := cmp.Diff(x, g); diff != "" {
			t.Errorf("Decide(%+v): -want +got\n%s", q, diff)
		}
		if explained := got.Explain(q); explained.Allow != x.Allow || (len(explained.Reasons) > 0) != (x.Allow || x.Why == whyDenied) {
			t.Errorf("Explain(%+v) = %+v, want %v", q, explained, x)
		}
		if g.Allow {
			allowed++
		}
		if total++; total%8 == 0 {
			sameSearches(t, d, q, got, want)
		}
	}
	for range 5 {
		id, role := w.Users[d.IntN(len(w.Users))], testID('o', d.IntN(small.roles+3))
		if diff := cmp.Diff(ways(want, id), ways(got, id)); diff != "" {
			t.Errorf("Roles(%s): -want +got\n%s", id, diff)
		}
		if g, x := got.Count(role, now), want.Count(role, now); g != x {
			t.Errorf("Count(%s) = %d, want %d", role, g, x)
		}
		g, _ := got.Holders(role, id, 5, now)
		x, _ := want.Holders(role, id, 5, now)
		if diff := cmp.Diff(x, g); diff != "" {
			t.Errorf("Holders(%s): -want +got\n%s", role, diff)
		}
	}
	return allowed, total
}

func sameSearches(t *testing.T, d die, q Question, got, want *Snapshot) {
	t.Helper()
	after := testID('u', d.IntN(small.users)).String()
	g, _ := got.SearchSubjects(q, after, 7)
	x, _ := want.SearchSubjects(q, after, 7)
	if diff := cmp.Diff(x, g); diff != "" {
		t.Errorf("SearchSubjects(%+v, %s): -want +got\n%s", q, after, diff)
	}
	g, _ = got.SearchResources(q, "thing-2", 7)
	x, _ = want.SearchResources(q, "thing-2", 7)
	if diff := cmp.Diff(x, g); diff != "" {
		t.Errorf("SearchResources(%+v): -want +got\n%s", q, diff)
	}
}

// ways are the roles of a subject by assignment; of the group chains, which
// need not be the same where two are of one length, the length.
func ways(s *Snapshot, id identity.ID) map[identity.ID]int {
	m := map[identity.ID]int{}
	for _, w := range s.Roles(id, now) {
		m[w.Assignment.ID] = len(w.Groups)
	}
	return m
}

func TestSearchesFindWhatIsAllowed(t *testing.T) {
	for seed := range uint64(20) {
		d := newDie(100 + seed)
		w := d.world(small)
		s := Compile(w)
		for range 20 {
			q := d.tell(d.question(&w))
			searchedSubjects(t, s, &w, q)
			searchedThings(t, s, &w, q)
		}
	}
}

// searchedSubjects pages by 7 through what a question to each would find.
func searchedSubjects(t *testing.T, s *Snapshot, w *World, q Question) {
	t.Helper()
	q.Subject.Type = "user"
	var got, want []string
	for after, more := "", true; more; {
		var ids []string
		if ids, more = s.SearchSubjects(q, after, 7); len(ids) > 0 {
			after = ids[len(ids)-1]
		}
		got = append(got, ids...)
	}
	for _, id := range w.Users {
		q.Subject.ID = id.String()
		if s.Decide(q).Allow {
			want = append(want, id.String())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("SearchSubjects(%+v): -want +got\n%s", q, diff)
	}
}

func searchedThings(t *testing.T, s *Snapshot, w *World, q Question) {
	t.Helper()
	var slugs, names []string
	for _, r := range w.Resources {
		x := q
		x.Resource.ID = r.Slug
		if "type"+string('0'+r.Type[15]) == q.Resource.Type && s.Decide(x).Allow {
			slugs = append(slugs, r.Slug)
		}
	}
	slices.Sort(slugs)
	got, _ := s.SearchResources(q, "", 1000)
	if diff := cmp.Diff(slugs, got); diff != "" {
		t.Errorf("SearchResources(%+v): -want +got\n%s", q, diff)
	}
	for _, a := range w.Actions {
		x := q
		x.Action = a.Name
		if s.Decide(x).Allow {
			names = append(names, a.Name)
		}
	}
	got, _ = s.SearchActions(q, "", 1000)
	if diff := cmp.Diff(names, got); diff != "" {
		t.Errorf("SearchActions(%+v): -want +got\n%s", q, diff)
	}
}
