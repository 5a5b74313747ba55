package policy

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/muster-id/muster/identity"
)

// defaultLimit is how many a page has if nobody says.
const defaultLimit = 100

func limitOf(n int) int {
	if n < 1 {
		return defaultLimit
	}
	return n
}

// SearchSubjects lists the ids of subjects of q.Subject.Type that are allowed
// what q asks, by id, at most limit after the id after ("": from the first); more
// says whether there are others. A limit below 1 means 100, as in the other
// searches. Conditions see the properties of q for every candidate.
func (s *Snapshot) SearchSubjects(q Question, after string, limit int) (ids []string, more bool) {
	k := kindOf(q.Subject.Type)
	a := asked{q: &q, at: momentOf(q.At)}
	var ok bool
	if a.action, ok = s.rules.action(q.Action); !ok || k == none || s.rules.lookUpResource(&q, &a) != "" {
		return nil, false
	}
	from, ok := parseID(after)
	if !ok && after != "" {
		return nil, false
	}
	scopes := s.rules.reach(&a, nil)
	found, certain := s.candidates(&a, scopes, k)
	limit = limitOf(limit)
	b := brake{stop: q.Stop}
	s.ascend(found, from, func(n uint32) bool {
		if !certain {
			if more = b.pulled(); more {
				return false
			}
			a.subject = s.subject(n)
			if yes, _ := s.judge(&a, scopes); !yes {
				return true
			}
		}
		if len(ids) == limit {
			more = true
			return false
		}
		ids = append(ids, s.subject(n).id.String())
		return true
	})
	return ids, more
}

// candidates returns the active subjects of a kind that some role may allow, and
// whether all of them are allowed.
func (s *Snapshot) candidates(a *asked, scopes []uint32, k kind) (found *roaring.Bitmap, certain bool) {
	allow, deny := map[uint32]bool{}, map[uint32]bool{}
	certain = true
	note := func(set roleSet, in map[uint32]bool) {
		s.rules.first(set, math.MaxInt, func(r uint32) {
			in[r] = true
			certain = certain && s.waning[r].IsEmpty()
		})
	}
	for _, sc := range scopes {
		c := s.rules.scopes[sc].cell(a.action)
		if c == nil {
			continue
		}
		note(c.allow, allow)
		note(c.deny, deny)
		for _, x := range c.conds {
			if x.deny {
				certain = false
				continue
			}
			certain = false
			note(x.set, allow)
		}
	}
	all := s.of[k]
	if k == user {
		all = s.active
	}
	found = union(s.holders, allow)
	if !certain {
		found.Or(union(s.waning, allow))
	}
	found.And(all)
	if len(deny) > 0 {
		found.AndNot(union(s.holders, deny))
	}
	return found, certain
}

// union returns a new bitmap of all subjects that have one of some roles.
func union(of []*roaring.Bitmap, roles map[uint32]bool) *roaring.Bitmap {
	var list []*roaring.Bitmap
	for r := range roles {
		list = append(list, of[r])
	}
	if len(list) == 1 {
		return list[0].Clone()
	}
	return roaring.FastOr(list...)
}

// ascend calls f for the subjects of b in the order of their ids, those after
// an id, until f returns false.
func (s *Snapshot) ascend(b *roaring.Bitmap, after identity.ID, f func(n uint32) bool) {
	byID := func(n uint32, id identity.ID) int { return compareIDs(s.subject(n).id, id) }
	at, exact := slices.BinarySearchFunc(s.tail, after, byID)
	if exact {
		at++
	}
	tail := s.tail[at:]
	start := searchNumbers(s.inOrder, func(n uint32) bool { return compareIDs(s.subject(n).id, after) > 0 })
	it := b.Iterator()
	it.AdvanceIfNeeded(start)
	for it.HasNext() && it.PeekNext() < s.inOrder {
		n := it.Next()
		for len(tail) > 0 && byID(tail[0], s.subject(n).id) < 0 {
			t := tail[0]
			tail = tail[1:]
			if b.Contains(t) && !f(t) {
				return
			}
		}
		if !f(n) {
			return
		}
	}
	for _, t := range tail {
		if b.Contains(t) && !f(t) {
			return
		}
	}
}

// searchNumbers returns the least number below n for which f is true, or n; f
// is true for all that follow.
func searchNumbers(n uint32, f func(uint32) bool) uint32 {
	low, high := uint32(0), n
	for low < high {
		if m := (low + high) / 2; f(m) {
			high = m
		} else {
			low = m + 1
		}
	}
	return low
}

// SearchResources lists the slugs of the registered resources of q.Resource.Type
// on which q is allowed, by slug.
func (s *Snapshot) SearchResources(q Question, after string, limit int) (slugs []string, more bool) {
	a := asked{q: &q}
	if s.lookUpSubject(&q, &a) != "" {
		return nil, false
	}
	t, ok := s.rules.typeOf(q.Resource.Type)
	if !ok || q.Resource.Type == "" {
		return nil, false
	}
	if a.action, ok = s.rules.action(q.Action); !ok {
		return nil, false
	}
	a.typ = &s.rules.types[t]
	if a.typ.actions != nil && !a.typ.actions[a.action] {
		return nil, false
	}
	limit = limitOf(limit)
	at, exact := slices.BinarySearchFunc(a.typ.order, after, func(n uint32, slug string) int { return cmp.Compare(s.rules.resources[n].slug, slug) })
	if exact {
		at++
	}
	var scopes []uint32
	b := brake{stop: q.Stop}
	for _, n := range a.typ.order[at:] {
		if b.pulled() {
			return slugs, true
		}
		a.known = &s.rules.resources[n]
		a.slug = a.known.slug
		scopes = s.rules.reach(&a, scopes[:0])
		if yes, _ := s.judge(&a, scopes); !yes {
			continue
		}
		if len(slugs) == limit {
			return slugs, true
		}
		slugs = append(slugs, a.slug)
	}
	return slugs, false
}

// SearchActions lists the names of the actions that q's subject may do on its
// resource, by name.
func (s *Snapshot) SearchActions(q Question, after string, limit int) (names []string, more bool) {
	limit = limitOf(limit)
	b := brake{stop: q.Stop}
	for _, n := range s.rules.byName {
		name := s.rules.actions[n]
		if after != "" && name <= after {
			continue
		}
		if b.pulled() {
			return names, true
		}
		q.Action = name
		if !s.decide(&q).Allow {
			continue
		}
		if len(names) == limit {
			return names, true
		}
		names = append(names, name)
	}
	return names, false
}

// Holders lists the users that have a role at a time (zero: now), by id, at most
// limit after the id after (zero: from the first). total counts all. Users who
// are not active count too.
func (s *Snapshot) Holders(role, after identity.ID, limit int, at time.Time) (users []identity.ID, total int) {
	b := s.holdersAt(role, at)
	limit = limitOf(limit)
	s.ascend(b, after, func(n uint32) bool {
		users = append(users, s.subject(n).id)
		return len(users) < limit
	})
	return users, int(b.GetCardinality())
}

// Count says how many users have a role at a time (zero: now).
func (s *Snapshot) Count(role identity.ID, at time.Time) int {
	return int(s.holdersAt(role, at).GetCardinality())
}

func (s *Snapshot) holdersAt(role identity.ID, at time.Time) *roaring.Bitmap {
	n, ok := s.roleIndex[role]
	if _, exists := s.rules.roleBy[role]; !ok || !exists {
		return roaring.New()
	}
	b := roaring.And(s.holders[n], s.of[user])
	now := momentOf(at)
	for it := s.waning[n].Iterator(); it.HasNext(); {
		m := it.Next()
		x := s.subject(m)
		if x.kind == user && slices.ContainsFunc(*x.temp, func(l lapse) bool { return l.role == n && now < l.until }) {
			b.Add(m)
		}
	}
	return b
}
