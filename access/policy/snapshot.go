package policy

import (
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/muster-id/muster/identity"
)

// A Snapshot is a compiled World. It never changes and is safe for use by many
// goroutines at once.
//
// Subjects and roles have numbers. A subject knows its roles, with those of the
// groups above it; a thing that statements are about knows, for each action, the
// roles that allow and deny it, as sets of bits. A decision looks up the subject
// and the thing and intersects.
type Snapshot struct {
	rules *rules

	index    *finder // of subjects
	subjects []*subjectChunk
	linked   []*linkChunk
	count    uint32 // subjects that have a number
	// The first inOrder numbers are in the order of ids; tail are the others, in
	// the order of their ids.
	inOrder uint32
	tail    []uint32
	wear    int // numbers that name nothing any more, or stand in tail, since Compile

	assigned *index // subjects by the id of an assignment

	roleIDs   []identity.ID // by number; also of roles that do not exist
	roleIndex map[identity.ID]uint32
	everyone  []uint32 // numbers of World.Everyone

	holders []*roaring.Bitmap // subjects that have a role for good, by role
	waning  []*roaring.Bitmap // that have it for a time
	of      [kinds]*roaring.Bitmap
	active  *roaring.Bitmap // users that are
}

// Compile makes a Snapshot. What is wrong in w (a reference to nothing, a
// condition that does not parse) grants nothing; a denial whose condition does
// not parse denies always. It keeps the slices of the catalogue, which must not
// be changed any more. Of several actions of one name, each is the others too;
// of several resource types or resources of one slug, the first is meant.
func Compile(w World) *Snapshot {
	e := newEdit(nil)
	e.load(w)
	e.s.rules = compileRules(e, catalogue{
		actions: w.Actions, types: w.ResourceTypes, resources: w.Resources,
		permissions: w.Permissions, roles: w.Roles,
	})
	return e.finish()
}

// A Way is one of the ways in which a subject has a role.
type Way struct {
	Role       identity.ID
	Assignment identity.Assignment // the zero value for a role of everyone
	// Groups are from the direct group to the one that is assigned; nil for an
	// assignment of the subject's own.
	Groups []identity.ID
}

// World returns what s was made of, with all deltas, in an order of its own.
func (s *Snapshot) World() World {
	c := s.rules.catalogue
	w := World{
		Actions: c.actions, ResourceTypes: c.types, Resources: c.resources,
		Permissions: c.permissions, Roles: c.roles,
	}
	for n := range s.count {
		x, l := s.subject(n), s.links(n)
		switch x.kind {
		case user:
			w.Users = append(w.Users, x.id)
		case group:
			w.Groups = append(w.Groups, x.id)
		case app:
			w.Apps = append(w.Apps, x.id)
		}
		if x.inactive {
			w.Inactive = append(w.Inactive, x.id)
		}
		if x.guest {
			w.Guests = append(w.Guests, x.id)
		}
		for _, g := range l.parents {
			w.Members = append(w.Members, Membership{Group: s.subject(g).id, Member: x.id})
		}
		for i := range l.rows {
			w.Assignments = append(w.Assignments, s.assignment(&l.rows[i], x.id))
		}
	}
	for _, r := range s.everyone {
		w.Everyone = append(w.Everyone, s.roleIDs[r])
	}
	return w
}

// assignment makes of a row what it was.
func (s *Snapshot) assignment(r *row, subject identity.ID) identity.Assignment {
	a := identity.Assignment{
		Org: r.org, ID: r.id, Role: s.roleIDs[r.role], Subject: subject, Inherited: r.inherited,
		Type: map[kind]identity.SubjectType{user: identity.UserSubject, group: identity.GroupSubject, app: identity.AppSubject}[r.kind],
	}
	if r.until != never {
		a.Expires = time.UnixMicro(r.until).UTC()
	}
	if r.created != never {
		a.Created = time.UnixMicro(r.created).UTC()
	}
	return a
}
