package access

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// errReload says that a state cannot follow the log and has to be loaded anew.
var errReload = errors.New("the changes are too many or too far-reaching")

const (
	// lookBack is how much later than its id says a change of another process may
	// become visible: ids are made inside of transactions, which end in another
	// order, and the clocks of nodes differ. On SQLite one follows the other.
	lookBack     = 10 * time.Second
	lookBackNear = 2 * time.Second
	// maxFollow is how many changes are followed; beyond, all is read anew.
	maxFollow  = 4000
	changePage = 1000
	// maxMoves is how many members that came and went are followed.
	maxMoves = 20_000
)

// A tail is what is known of one change log.
type tail struct {
	looked time.Time                // when it was read
	far    time.Time                // when it was read as far back as lookBack
	known  map[identity.ID]struct{} // changes since lookBack before then
}

func (s *Service) lookBack() time.Duration {
	if s.db.Driver() == "sqlite" {
		return lookBackNear
	}
	return lookBack
}

// since is the id before all that are made from a time on.
func since(t time.Time) (id identity.ID) {
	ms := uint64(t.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	return id
}

// tailOf reads the end of a log for somebody who is about to read everything.
func (s *Service) tailOf(ctx context.Context, tx *store.Tx, org identity.OrgID, now time.Time) (tail, error) {
	t := tail{looked: now, far: now, known: map[identity.ID]struct{}{}}
	for after := since(now.Add(-s.lookBack())); ; {
		list, err := tx.Changes(ctx, org, after, changePage)
		if err != nil {
			return t, err
		}
		for _, c := range list {
			t.known[c.ID] = struct{}{}
			after = c.ID
		}
		if len(list) < changePage {
			return t, nil
		}
	}
}

// read returns the tail that follows t, and the changes that are new.
func (s *Service) read(ctx context.Context, tx *store.Tx, org identity.OrgID, t tail, now time.Time) (tail, []identity.Change, error) {
	next := tail{looked: now, far: now, known: map[identity.ID]struct{}{}}
	young := since(now.Add(-s.lookBack()))
	var fresh []identity.Change
	for after := since(t.looked.Add(-s.lookBack())); ; {
		list, err := tx.Changes(ctx, org, after, changePage)
		if err != nil {
			return t, nil, err
		}
		for _, c := range list {
			after = c.ID
			if compareIDs(c.ID, young) >= 0 {
				next.known[c.ID] = struct{}{}
			}
			if _, ok := t.known[c.ID]; !ok {
				fresh = append(fresh, c)
			}
		}
		if len(fresh) > maxFollow {
			return t, nil, errReload
		}
		if len(list) < changePage {
			return next, fresh, nil
		}
	}
}

// follow makes the state after st by what the logs say has changed.
func (s *Service) follow(ctx context.Context, epoch uint64, st *state) (*state, error) {
	next := *st
	next.epoch, next.marks, next.tails = epoch, slices.Clone(st.marks), slices.Clone(st.tails)
	began := time.Now()
	err := s.db.View(ctx, func(tx *store.Tx) error {
		t := touched{upper: &st.upper}
		for i, org := range st.chain {
			// What this process wrote is at hand, and its log need not be read for it.
			own, mark, all := s.db.Since(org, st.marks[i])
			next.marks[i] = mark
			for _, c := range own {
				if err := t.note(c, i == 0); err != nil {
					return err
				}
			}
			if all && began.Sub(st.tails[i].far) < lookAge/2 {
				continue
			}
			tail, fresh, err := s.read(ctx, tx, org, st.tails[i], began)
			if err != nil {
				return err
			}
			next.tails[i] = tail
			for _, c := range fresh {
				if err := t.note(c, i == 0); err != nil {
					return err
				}
			}
		}
		if t.named {
			next.named++
		}
		if t.empty() {
			return nil
		}
		d, err := t.delta(ctx, tx, st.chain)
		if err != nil {
			return err
		}
		next.snap = st.snap.Apply(d)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &next, nil
}

// touched is what changes were about. What became of it is read from the
// database, so that the order in which changes come does not matter.
type touched struct {
	upper       *upper
	users       ids // that came, went, or became active or not
	groups      ids // that came or went
	apps        ids
	assignments ids
	back        ids                    // what came back from the trash
	members     map[identity.ID]ids    // by group
	things      map[string]thingsByOrg // by kind
	moves       int
	named       bool
}

// ids are ids, each once, in the order of coming.
type ids struct {
	list []identity.ID
	set  map[identity.ID]struct{}
}

func (s *ids) add(id identity.ID) {
	if _, ok := s.set[id]; ok {
		return
	}
	if s.set == nil {
		s.set = map[identity.ID]struct{}{}
	}
	s.set[id] = struct{}{}
	s.list = append(s.list, id)
}

type thingsByOrg map[identity.OrgID]*ids

func (t *touched) empty() bool {
	return len(t.users.list)+len(t.groups.list)+len(t.apps.list)+len(t.assignments.list)+len(t.members)+len(t.things) == 0
}

// note takes a change to the organisation itself, or to one above it.
func (t *touched) note(c identity.Change, own bool) error {
	if catalogue.Rank(c.Type) > 0 {
		t.thing(c)
		return nil
	}
	if !own {
		return t.noteAbove(c)
	}
	whole := c.Kind == identity.Created || c.Kind == identity.Deleted || c.Kind == identity.Restored
	if c.Kind == identity.Restored {
		t.back.add(c.Target)
	}
	switch c.Type {
	case string(identity.UserSubject):
		if whole || slices.Contains(c.Paths, "active") {
			t.users.add(c.Target)
		}
		t.named = t.named || whole || slices.Contains(c.Paths, "userName")
	case string(identity.GroupSubject):
		if whole {
			t.groups.add(c.Target)
		}
		t.named = t.named || whole || slices.Contains(c.Paths, "displayName")
		if slices.Contains(c.Paths, "members") {
			return t.noteMembers(c)
		}
	case string(identity.AppSubject):
		t.apps.add(c.Target)
		t.named = true
	case "Assignment":
		for _, a := range assignmentsOf(c) {
			t.assignments.add(a.ID)
		}
	}
	return nil
}

// noteAbove takes a change to an organisation above. What has effect here and is
// not of the catalogue seldom changes: then everything is read anew.
func (t *touched) noteAbove(c identity.Change) error {
	whole := c.Kind == identity.Created || c.Kind == identity.Deleted || c.Kind == identity.Restored
	u := t.upper
	matters := false
	switch c.Type {
	case string(identity.UserSubject):
		matters = u.guests[c.Target] && (whole || slices.Contains(c.Paths, "active"))
	case string(identity.GroupSubject):
		matters = u.groups[c.Target] && (whole || slices.Contains(c.Paths, "members"))
	case string(identity.AppSubject):
		matters = u.subjects[c.Target]
	case "Assignment":
		for _, a := range assignmentsOf(c) {
			matters = matters || a.Inherited || u.assignments[a.ID]
		}
	}
	if matters {
		return errReload
	}
	return nil
}

func (t *touched) thing(c identity.Change) {
	if t.things == nil {
		t.things = map[string]thingsByOrg{}
	}
	if t.things[c.Type] == nil {
		t.things[c.Type] = thingsByOrg{}
	}
	if t.things[c.Type][c.Org] == nil {
		t.things[c.Type][c.Org] = &ids{}
	}
	t.things[c.Type][c.Org].add(c.Target)
}

// noteMembers takes the members that came and went.
func (t *touched) noteMembers(c identity.Change) error {
	var diff struct {
		Members struct{ Added, Removed []identity.ID }
	}
	if json.Unmarshal(c.Diff, &diff) != nil {
		return errReload
	}
	if t.moves += len(diff.Members.Added) + len(diff.Members.Removed); t.moves > maxMoves {
		return errReload
	}
	if t.members == nil {
		t.members = map[identity.ID]ids{}
	}
	m := t.members[c.Target]
	for _, id := range slices.Concat(diff.Members.Added, diff.Members.Removed) {
		m.add(id)
	}
	t.members[c.Target] = m
	return nil
}

// A loggedAssignment is an assignment as the log has it.
type loggedAssignment struct {
	ID        identity.ID `json:"id"`
	Inherited bool        `json:"inherited"`
}

// assignmentsOf returns the assignment of a change before and after.
func assignmentsOf(c identity.Change) (list []loggedAssignment) {
	var diff struct {
		Assignment []*loggedAssignment `json:"assignment"`
	}
	if json.Unmarshal(c.Diff, &diff) != nil {
		return nil
	}
	for _, a := range diff.Assignment {
		if a != nil {
			list = append(list, *a)
		}
	}
	return list
}

// delta reads what became of what was touched.
func (t *touched) delta(ctx context.Context, tx *store.Tx, chain []identity.OrgID) (d policy.Delta, err error) {
	r := reader{ctx: ctx, tx: tx, org: chain[0], d: &d}
	steps := []func(*touched) error{r.users, r.groups, r.members, r.apps, r.back, r.assignments, r.things}
	for _, step := range steps {
		if err = step(t); err != nil {
			return d, err
		}
	}
	return d, nil
}
