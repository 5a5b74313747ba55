package policy

import (
	"slices"

	"github.com/muster-id/muster/identity"
)

// A Delta is what has changed in a World. What is gone goes first, then what has
// left, then comes what is put.
type Delta struct {
	// Put is what is new or replaces what has the same id. A user of Put.Users is
	// active unless in Put.Inactive, and a guest if in Put.Guests. Put.Everyone
	// replaces the list if it is not nil. Put.Members join.
	Put World
	// Gone are ids of users, groups, apps, assignments and things of the catalogue
	// that are no more. With a user, group or app go its memberships, those in it,
	// and its assignments.
	Gone []identity.ID
	// Left are memberships that have ended.
	Left []Membership
}

// maxWear is how many numbers may be out of order or without use before a
// Snapshot is compiled anew.
const maxWear = 1 << 15

// Apply returns a Snapshot of the changed World. Only what the change touches is
// made anew; s stays as it is.
func (s *Snapshot) Apply(d Delta) *Snapshot {
	e := newEdit(s)
	left := d.Left
	for _, id := range d.Gone {
		left = append(slices.Clip(left), e.remove(id)...)
	}
	e.leave(left)
	e.put(&d.Put)
	e.join(d.Put.Members)
	e.spread()
	if s.rules.catalogue.affects(s.rules, &d) {
		e.s.rules = compileRules(e, s.rules.catalogue.change(&d))
	}
	n := e.finish()
	if n.wear > maxWear {
		return Compile(n.World())
	}
	return n
}

// remove takes a subject or an assignment away, if id is one, and returns the
// memberships that end with it.
func (e *edit) remove(id identity.ID) (left []Membership) {
	if n, ok := e.s.assigned.get(id); ok {
		e.unassign(n, id)
		return nil
	}
	n, x := e.s.find(id)
	if x == nil {
		return nil
	}
	e.setKind(n, none, false, false)
	e.s.wear++
	l := e.links(n)
	for i := range l.rows {
		delete(shard(e.s.assigned, &e.ownAssigned, l.rows[i].id), l.rows[i].id)
	}
	l.rows = nil
	for _, g := range l.parents {
		left = append(left, Membership{Group: e.s.subject(g).id, Member: id})
	}
	for _, m := range l.children {
		left = append(left, Membership{Group: id, Member: e.s.subject(m).id})
	}
	return left
}

// unassign takes one row from a subject.
func (e *edit) unassign(n uint32, id identity.ID) {
	delete(shard(e.s.assigned, &e.ownAssigned, id), id)
	l := e.links(n)
	rows := make([]row, 0, len(l.rows))
	for _, r := range l.rows {
		if r.id != id {
			rows = append(rows, r)
		}
	}
	l.rows = rows
	e.touched = append(e.touched, n)
}

// leave ends memberships; of one group all at once, for it may have many.
func (e *edit) leave(left []Membership) {
	byGroup := map[uint32]map[uint32]bool{}
	for _, m := range left {
		g, ok1 := e.s.number(&m.Group)
		n, ok2 := e.s.number(&m.Member)
		if !ok1 || !ok2 || !slices.Contains(e.s.links(n).parents, g) {
			continue
		}
		if byGroup[g] == nil {
			byGroup[g] = map[uint32]bool{}
		}
		byGroup[g][n] = true
		l := e.links(n)
		parents := make([]uint32, 0, len(l.parents))
		for _, p := range l.parents {
			if p != g {
				parents = append(parents, p)
			}
		}
		l.parents = parents
		e.touched = append(e.touched, n)
	}
	for g, members := range byGroup {
		l := e.links(g)
		l.children = slices.DeleteFunc(slices.Clone(l.children), func(n uint32) bool { return members[n] })
	}
}

// join makes memberships.
func (e *edit) join(members []Membership) {
	byGroup := map[uint32][]uint32{}
	for _, m := range members {
		g, n := e.intern(m.Group), e.intern(m.Member)
		l := e.links(n)
		if slices.Contains(l.parents, g) {
			continue
		}
		l.parents = append(slices.Clip(l.parents), g)
		byGroup[g] = append(byGroup[g], n)
		e.touched = append(e.touched, n)
	}
	for g, joined := range byGroup {
		l := e.links(g)
		l.children = slices.Concat(l.children, joined)
	}
}

// put makes or changes subjects and assignments.
func (e *edit) put(w *World) {
	inactive, guests := set(w.Inactive), set(w.Guests)
	for _, id := range w.Users {
		e.setKind(e.intern(id), user, inactive[id], guests[id])
	}
	for _, id := range w.Groups {
		e.setKind(e.intern(id), group, false, false)
	}
	for _, id := range w.Apps {
		e.setKind(e.intern(id), app, false, false)
	}
	for i := range w.Assignments {
		e.assign(&w.Assignments[i])
	}
	if w.Everyone != nil {
		e.s.everyone, e.all = nil, true
		for _, id := range w.Everyone {
			e.s.everyone = append(e.s.everyone, e.role(id))
		}
	}
}

func set(ids []identity.ID) map[identity.ID]bool {
	m := make(map[identity.ID]bool, len(ids))
	for _, id := range ids {
		m[id] = true
	}
	return m
}

// assign makes an assignment, or changes it.
func (e *edit) assign(a *identity.Assignment) {
	n := e.intern(a.Subject)
	if had, ok := e.s.assigned.get(a.ID); ok {
		e.unassign(had, a.ID)
	}
	shard(e.s.assigned, &e.ownAssigned, a.ID)[a.ID] = n
	l := e.links(n)
	l.rows = append(slices.Clip(l.rows), e.row(a))
	e.touched = append(e.touched, n)
}
