package policy

import (
	"slices"

	"github.com/muster-id/muster/identity"
)

// load puts all subjects of a World into an empty Snapshot. It does what put
// does, at once for all: slices are cut from a few long ones.
func (e *edit) load(w World) {
	e.loadSubjects(w)
	e.loadMembers(w.Members)
	e.loadAssignments(w.Assignments)
	for _, id := range w.Everyone {
		e.s.everyone = append(e.s.everyone, e.role(id))
	}
	e.s.wear = 0
	groups := make([]uint32, 0, len(w.Groups))
	users := make([]uint32, 0, e.s.count)
	for n := range e.s.count {
		switch e.s.subject(n).kind {
		case group:
			groups = append(groups, n)
		case user, app:
			users = append(users, n)
		}
	}
	e.sum.everyone = e.s.everyone
	e.sum.ready(len(e.s.roleIDs), len(users))
	e.sumGroups(groups)
	for _, n := range users {
		e.sumOne(n)
	}
}

func (e *edit) loadSubjects(w World) {
	ids := make([]identity.ID, 0, len(w.Users)+len(w.Groups)+len(w.Apps))
	ids = append(append(append(ids, w.Users...), w.Groups...), w.Apps...)
	if !slices.IsSortedFunc(ids, compareIDs) {
		slices.SortFunc(ids, compareIDs)
	}
	for _, id := range slices.Compact(ids) {
		e.intern(id)
	}
	for _, id := range w.Apps {
		e.subject(e.intern(id)).kind = app
	}
	for _, id := range w.Groups {
		e.subject(e.intern(id)).kind = group
	}
	for _, id := range w.Users {
		e.subject(e.intern(id)).kind = user
	}
	for _, id := range w.Inactive {
		if _, x := e.s.find(id); x != nil && x.kind == user {
			x.inactive = true
		}
	}
	for _, id := range w.Guests {
		if _, x := e.s.find(id); x != nil && x.kind == user {
			x.guest = true
		}
	}
	for n := range e.s.count {
		x := e.s.subject(n)
		e.s.of[x.kind].Add(n)
		if x.kind == user && !x.inactive {
			e.s.active.Add(n)
		}
	}
}

func (e *edit) loadMembers(members []Membership) {
	pairs := make([]uint64, len(members)) // member, group
	for i, m := range members {
		pairs[i] = uint64(e.intern(m.Member))<<32 | uint64(e.intern(m.Group))
	}
	slices.Sort(pairs)
	pairs = slices.Compact(pairs)
	sizes := make([]uint32, e.s.count)
	parents, children := make([]uint32, len(pairs)), make([]uint32, len(pairs))
	for i := 0; i < len(pairs); {
		j, m := i, uint32(pairs[i]>>32)
		for ; j < len(pairs) && uint32(pairs[j]>>32) == m; j++ {
			parents[j] = uint32(pairs[j])
			sizes[parents[j]]++
		}
		e.links(m).parents = parents[i:j:j]
		i = j
	}
	for n, size := range sizes {
		if size > 0 {
			e.links(uint32(n)).children = children[:0:size]
			children = children[size:]
		}
	}
	for _, p := range pairs {
		l := e.links(uint32(p))
		l.children = append(l.children, uint32(p>>32))
	}
}

func (e *edit) loadAssignments(all []identity.Assignment) {
	subjects := make([]uint32, len(all))
	for i := range all {
		subjects[i] = e.intern(all[i].Subject)
	}
	sizes := make([]uint32, e.s.count)
	for _, n := range subjects {
		sizes[n]++
	}
	rows := make([]row, len(all))
	for n, size := range sizes {
		if size > 0 {
			e.links(uint32(n)).rows = rows[:0:size]
			rows = rows[size:]
		}
	}
	for i := range all {
		l := e.links(subjects[i])
		l.rows = append(l.rows, e.row(&all[i]))
		shard(e.s.assigned, &e.ownAssigned, all[i].ID)[all[i].ID] = subjects[i]
	}
}
