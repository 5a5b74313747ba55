package policy

import (
	"maps"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/muster-id/muster/identity"
)

// An edit makes a new Snapshot from an old one, or from nothing. It copies a
// part when it first changes it.
type edit struct {
	s *Snapshot

	ownSubjects []bool // by chunk
	ownLinks    []bool
	ownIndex    [256]bool
	ownAssigned [256]bool
	ownRoles    bool
	ownKinds    bool

	touched []uint32 // subjects whose roles may have changed
	all     bool     // every user's have

	sum sum
	// What has changed in s.holders and s.waning, by role.
	gained, lost, waxed, waned map[uint32][]uint32
}

func newEdit(old *Snapshot) *edit {
	e := &edit{
		gained: map[uint32][]uint32{}, lost: map[uint32][]uint32{},
		waxed: map[uint32][]uint32{}, waned: map[uint32][]uint32{},
	}
	if old == nil {
		e.s = &Snapshot{index: new(finder), assigned: new(index), roleIndex: map[identity.ID]uint32{}, active: roaring.New()}
		for k := range e.s.of {
			e.s.of[k] = roaring.New()
		}
		e.ownRoles, e.ownKinds = true, true
		return e
	}
	s := *old
	e.s = &s
	s.index, s.assigned = new(finder), new(index)
	*s.index, *s.assigned = *old.index, *old.assigned
	s.subjects, s.linked = slices.Clone(old.subjects), slices.Clone(old.linked)
	s.holders, s.waning = slices.Clone(old.holders), slices.Clone(old.waning)
	e.ownSubjects, e.ownLinks = make([]bool, len(s.subjects)), make([]bool, len(s.linked))
	return e
}

// subject returns a subject to change.
func (e *edit) subject(n uint32) *subject {
	if c := n >> chunkBits; !e.ownSubjects[c] {
		own := *e.s.subjects[c]
		e.s.subjects[c], e.ownSubjects[c] = &own, true
	}
	return e.s.subject(n)
}

// links returns the links of a subject to change; their slices are replaced,
// not written to.
func (e *edit) links(n uint32) *links {
	if c := n >> chunkBits; !e.ownLinks[c] {
		own := *e.s.linked[c]
		e.s.linked[c], e.ownLinks[c] = &own, true
	}
	return e.s.links(n)
}

// shard returns the part of an index that holds id, to change.
func shard(x *index, own *[256]bool, id identity.ID) map[identity.ID]uint32 {
	b := id[15]
	if !own[b] {
		own[b] = true
		if x[b] = maps.Clone(x[b]); x[b] == nil {
			x[b] = map[identity.ID]uint32{}
		}
	}
	return x[b]
}

// intern returns the number of a subject, which it gets if it has none.
func (e *edit) intern(id identity.ID) uint32 {
	s := e.s
	if n, ok := s.number(&id); ok {
		return n
	}
	n := s.count
	s.count++
	if int(n>>chunkBits) == len(s.subjects) {
		s.subjects, s.linked = append(s.subjects, new(subjectChunk)), append(s.linked, new(linkChunk))
		e.ownSubjects, e.ownLinks = append(e.ownSubjects, true), append(e.ownLinks, true)
	}
	e.subject(n).id = id
	e.enter(n)
	if n == s.inOrder && (n == 0 || compareIDs(s.subject(n-1).id, id) < 0) {
		s.inOrder++
		return n
	}
	at, _ := slices.BinarySearchFunc(s.tail, id, func(t uint32, id identity.ID) int { return compareIDs(s.subject(t).id, id) })
	s.tail = slices.Insert(slices.Clip(s.tail), at, n)
	return n
}

// role returns the number of a role, which it gets if it has none.
func (e *edit) role(id identity.ID) uint32 {
	s := e.s
	if n, ok := s.roleIndex[id]; ok {
		return n
	}
	if !e.ownRoles {
		s.roleIndex, e.ownRoles = maps.Clone(s.roleIndex), true
		s.roleIDs = slices.Clip(s.roleIDs)
	}
	n := uint32(len(s.roleIDs))
	s.roleIndex[id] = n
	s.roleIDs = append(s.roleIDs, id)
	s.holders, s.waning = append(s.holders, roaring.New()), append(s.waning, roaring.New())
	return n
}

// row makes the row of an assignment.
func (e *edit) row(a *identity.Assignment) row {
	r := row{
		id: a.ID, org: a.Org, role: e.role(a.Role), inherited: a.Inherited,
		kind: kindOf(string(a.Type)), until: never, created: never,
	}
	if !a.Expires.IsZero() {
		r.until = instant(a.Expires)
	}
	if !a.Created.IsZero() {
		r.created = instant(a.Created)
	}
	return r
}

func compareIDs(a, b identity.ID) int { return slices.Compare(a[:], b[:]) }

// setKind says what a subject is now, in the bitmaps too.
func (e *edit) setKind(n uint32, k kind, inactive, guest bool) {
	old := *e.s.subject(n)
	if old.kind == k && old.inactive == inactive && old.guest == guest {
		return
	}
	x := e.subject(n)
	x.kind, x.inactive, x.guest = k, inactive, guest
	if old.kind != k {
		e.count(&e.s.of[old.kind], n, false)
		e.count(&e.s.of[k], n, true)
	}
	if was, is := old.kind == user && !old.inactive, k == user && !inactive; was != is {
		e.count(&e.s.active, n, is)
	}
	e.touched = append(append(e.touched, n), e.s.links(n).children...) // those of a group that comes or goes
}

// count adds n to a bitmap of kinds or takes it out.
func (e *edit) count(b **roaring.Bitmap, n uint32, in bool) {
	if !e.ownKinds {
		e.ownKinds = true
		for k := range e.s.of {
			e.s.of[k] = e.s.of[k].Clone()
		}
		e.s.active = e.s.active.Clone()
	}
	if in {
		(*b).Add(n)
	} else {
		(*b).Remove(n)
	}
}
