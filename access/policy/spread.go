package policy

import (
	"cmp"
	"math/bits"
	"slices"
)

// A set of numbers of subjects.
type numbers []uint64

func (s numbers) has(n uint32) bool { return s[n/64]&(1<<(n%64)) != 0 }
func (s numbers) add(n uint32)      { s[n/64] |= 1 << (n % 64) }

// each calls f for each number in order.
func (s numbers) each(f func(n uint32)) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			f(uint32(i*64 + bits.TrailingZeros64(w)))
		}
	}
}

// maxQuick is how many roles of groups may have changed for each user below them
// to be looked at for these only.
const maxQuick = 4

// spread computes the roles of all that was touched, and of what is below.
func (e *edit) spread() {
	s := e.s
	size := s.count/64 + 1
	seen, direct, below := make(numbers, size), make(numbers, size), make(numbers, size)
	for _, n := range e.touched {
		direct.add(n)
	}
	var groups []uint32
	count, queue := 0, e.touched
	for i := 0; i < len(queue); i++ {
		n := queue[i]
		if seen.has(n) {
			continue
		}
		seen.add(n)
		if s.subject(n).kind == group {
			groups = append(groups, n)
			queue = append(queue, s.links(n).children...)
		} else {
			below.add(n)
			count++
		}
	}
	for n := range s.count {
		if e.all && s.subject(n).kind != group {
			direct.add(n)
			below.add(n)
		}
	}
	e.sum.everyone = s.everyone
	e.sum.ready(len(s.roleIDs), len(groups)+count)
	e.sumGroups(groups)
	changed := e.changedRoles()
	below.each(func(n uint32) {
		if len(changed) > maxQuick || direct.has(n) {
			e.sumOne(n)
			return
		}
		for _, r := range changed {
			e.sumRole(n, r)
		}
	})
}

// changedRoles lists the roles that any subject has gained or lost so far.
func (e *edit) changedRoles() (roles []uint32) {
	for _, m := range []map[uint32][]uint32{e.gained, e.lost, e.waxed, e.waned} {
		for r := range m {
			roles = append(roles, r)
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

// sumRole computes whether a user has one role. It is what sumOne does, for the
// many members of a group to which a role is given.
func (e *edit) sumRole(n, r uint32) {
	x := e.s.subject(n)
	if x.kind != user {
		return
	}
	until := e.until(x, n, r)
	at, had := slices.BinarySearch(x.roles, r)
	has := until == never
	switch {
	case has && !had:
		roles := e.sum.cut(len(x.roles) + 1)
		copy(roles, x.roles[:at])
		roles[at] = r
		copy(roles[at+1:], x.roles[at:])
		x = e.subject(n)
		x.roles = roles
		e.gained[r] = append(e.gained[r], n)
	case had && !has:
		roles := e.sum.cut(len(x.roles) - 1)
		copy(roles, x.roles[:at])
		copy(roles[at:], x.roles[at+1:])
		x = e.subject(n)
		x.roles = roles
		e.lost[r] = append(e.lost[r], n)
	}
	if has {
		until = 0
	}
	e.settleLapse(x, n, r, until)
}

// until returns until when a user has a role: never for one that does not end,
// 0 if not at all.
func (e *edit) until(x *subject, n, r uint32) (until int64) {
	l := e.s.links(n)
	for _, g := range l.parents {
		p := e.s.subject(g)
		if p.kind != group {
			continue
		}
		if contains(p.roles, r) {
			return never
		}
		for _, l := range lapsesOf(p) {
			if l.role == r {
				until = max(until, l.until)
			}
		}
	}
	if !x.guest && slices.Contains(e.s.everyone, r) {
		return never
	}
	for i := range l.rows {
		if l.rows[i].role == r && l.rows[i].kind == user {
			until = max(until, l.rows[i].until)
		}
	}
	return until
}

// contains is a search of a short sorted list.
func contains(list []uint32, r uint32) bool {
	for _, x := range list {
		if x >= r {
			return x == r
		}
	}
	return false
}

// settleLapse gives a user a role for a time, or takes it if until is 0.
func (e *edit) settleLapse(x *subject, n, r uint32, until int64) {
	old := lapsesOf(x)
	at, had := slices.BinarySearchFunc(old, r, func(l lapse, r uint32) int { return cmp.Compare(l.role, r) })
	if !had && until == 0 || had && old[at].until == until {
		return
	}
	e.sum.temp = append(e.sum.temp[:0], old...)
	switch {
	case until == 0:
		e.sum.temp = slices.Delete(e.sum.temp, at, at+1)
	case had:
		e.sum.temp[at].until = until
	default:
		e.sum.temp = slices.Insert(e.sum.temp, at, lapse{r, until})
	}
	if had {
		e.waned[r] = append(e.waned[r], n)
	}
	if until != 0 {
		e.waxed[r] = append(e.waxed[r], n)
	}
	e.subject(n).temp = e.sum.sameLapses(e.sum.temp)
}
