package access

import (
	"context"
	"errors"
	"slices"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// maxHeld is how many assignments one subject has at most.
const maxHeld = 1000

// maxAssignAll is how many assignments are given and taken at once.
const maxAssignAll = 1000

// An AssignmentQuery chooses assignments; zero fields choose all.
type AssignmentQuery struct {
	Role    identity.ID
	Type    identity.SubjectType
	Subject identity.ID
	After   identity.ID // of the last page
	Limit   int         // 0 means 100, at most 1,000
}

// Assignments lists assignments of the actor's organisation by id, with those
// that have expired and are not yet removed.
func (s *Service) Assignments(ctx context.Context, by identity.Actor, q AssignmentQuery) (list []identity.Assignment, err error) {
	if err := by.Need(identity.AccessRead); err != nil {
		return nil, err
	}
	q.Limit = pageSize(q.Limit)
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = tx.Assignments(ctx, by.Org, store.AssignmentQuery(q))
		return err
	})
	return list, err
}

// pageSize is the number of things on a page for which somebody asks.
func pageSize(limit int) int {
	if limit <= 0 {
		return 100
	}
	return min(limit, maxPage)
}

// Assign gives a role to a subject of the actor's organisation. Role, Type and
// Subject are asked for; Expires and Inherited are optional; the rest is filled
// in. Assigning again changes expiry and inheritance. It is Denied where the role
// allows more than the actor may do, Invalid for an unknown role or subject.
func (s *Service) Assign(ctx context.Context, by identity.Actor, a identity.Assignment) (identity.Assignment, error) {
	var stored identity.Assignment
	g, err := s.giver(ctx, by)
	if err != nil {
		return stored, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) (err error) {
		stored, err = g.give(ctx, tx, a)
		return err
	})
	return stored, err
}

// Unassign takes an assignment away; NotFound if there is none. The last owner
// of an organisation that has one, and the last operator, stay with a Conflict.
// Nobody takes away a role that they may not give.
func (s *Service) Unassign(ctx context.Context, by identity.Actor, id identity.ID) error {
	g, err := s.giver(ctx, by)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error { return g.take(ctx, tx, id) })
}

// AssignAll gives and takes several at once, all or none: a replaced list of
// roles, an imported file. What is given comes first, so that an owner can be
// replaced by another.
func (s *Service) AssignAll(ctx context.Context, by identity.Actor, give []identity.Assignment, take []identity.ID) error {
	return s.assignAll(ctx, by, give, take, nil)
}

// CheckAssign reports whether AssignAll would refuse, and writes nothing. A zero
// Subject is one that is yet to be made, and has no roles.
func (s *Service) CheckAssign(ctx context.Context, by identity.Actor, give []identity.Assignment, take []identity.ID) error {
	err := s.assignAll(ctx, by, give, take, errChecked)
	if errors.Is(err, errChecked) {
		return nil
	}
	return err
}

// errChecked undoes what has been written only to see whether it can be.
var errChecked = errors.New("a check is over")

// assignAll is AssignAll; then, unless it is nil, undoes all of it in the end.
func (s *Service) assignAll(ctx context.Context, by identity.Actor, give []identity.Assignment, take []identity.ID, then error) error {
	if len(give)+len(take) > maxAssignAll {
		return identity.NewError(identity.Invalid, "", "At most 1,000 assignments are given and taken at once.")
	}
	g, err := s.giver(ctx, by)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		for _, a := range give {
			var err error
			if then != nil && a.Subject.IsZero() {
				err = g.check(ctx, tx, a)
			} else {
				_, err = g.give(ctx, tx, a)
			}
			if err != nil {
				return err
			}
		}
		for _, id := range take {
			if err := g.take(ctx, tx, id); err != nil {
				return err
			}
		}
		return then
	})
}

// A giver is an actor who gives and takes roles.
type giver struct {
	s     *Service
	by    identity.Actor
	chain []identity.OrgID
	// passed on are the permissions that the actor has in the organisations below
	// too, and may let others inherit.
	passed identity.Perms
}

func (s *Service) giver(ctx context.Context, by identity.Actor) (*giver, error) {
	if err := by.Need(identity.AccessWrite); err != nil {
		return nil, err
	}
	chain, err := s.chain(ctx, by.Org)
	if err != nil {
		return nil, err
	}
	g := &giver{s: s, by: by, chain: chain}
	if by.Kind == identity.ByCLI || by.Kind == identity.BySystem {
		g.passed = identity.AllPerms()
		return g, nil
	}
	_, st, err := s.state(ctx, by.Org)
	if err != nil {
		return nil, err
	}
	for _, w := range st.snap.Roles(by.ID, s.now()) {
		if w.Assignment.Inherited {
			perms, err := s.rolePerms(ctx, chain, w.Role)
			if err != nil {
				return nil, err
			}
			g.passed = append(g.passed, perms...)
		}
	}
	return g, nil
}

// check refuses what give would refuse of any subject.
func (g *giver) check(ctx context.Context, tx *store.Tx, a identity.Assignment) error {
	a, err := g.ready(ctx, tx, a)
	if err != nil {
		return err
	}
	return g.s.dir.MayAssign(ctx, tx, g.by, a)
}

// ready completes an assignment, whose role the actor may give.
func (g *giver) ready(ctx context.Context, tx *store.Tx, a identity.Assignment) (identity.Assignment, error) {
	a.Org = g.by.Org
	if !a.Expires.IsZero() {
		a.Expires = a.Expires.UTC().Truncate(timeUnit)
		if !a.Alive(g.s.now()) {
			return a, identity.NewError(identity.Invalid, "expires", "The assignment would have ended already.")
		}
	}
	return a, g.may(ctx, tx, a.Role, a.Inherited)
}

// give assigns a role inside of a transaction.
func (g *giver) give(ctx context.Context, tx *store.Tx, a identity.Assignment) (identity.Assignment, error) {
	a, err := g.ready(ctx, tx, a)
	if err != nil {
		return a, err
	}
	// One who is new to the role is one more.
	held, err := tx.Assignments(ctx, a.Org, store.AssignmentQuery{Type: a.Type, Subject: a.Subject, Limit: maxHeld})
	if err != nil {
		return a, err
	}
	again := slices.IndexFunc(held, func(h identity.Assignment) bool { return h.Role == a.Role })
	if len(held) >= maxHeld && again < 0 {
		return a, identity.NewError(identity.Invalid, "subject", "A subject has at most 1,000 roles.")
	}
	if again >= 0 && held[again].Inherited && !a.Inherited { // what is taken away from those below
		if err := g.may(ctx, tx, a.Role, true); err != nil {
			return a, err
		}
	}
	return g.s.dir.Assign(ctx, tx, g.by, a)
}

// take ends an assignment inside of a transaction.
func (g *giver) take(ctx context.Context, tx *store.Tx, id identity.ID) error {
	a, err := tx.Assignment(ctx, g.by.Org, id)
	if err != nil {
		return err
	}
	err = g.may(ctx, tx, a.Role, a.Inherited)
	if err != nil && identity.KindOf(err) != identity.Invalid { // a role that is gone binds nobody
		return err
	}
	return g.s.dir.Unassign(ctx, tx, g.by, g.by.Org, id)
}

// may is Denied if a role allows more on our own API than the actor may do, and
// Invalid if there is no such role.
func (g *giver) may(ctx context.Context, tx *store.Tx, role identity.ID, inherited bool) error {
	perms, err := permsOf(ctx, tx, g.chain, role)
	if err != nil {
		return err
	}
	for _, p := range perms {
		if g.by.Need(p) != nil && p != identity.SignedIn {
			return identity.NewError(identity.Denied, "role", "The role allows "+string(p)+" on this server, which you may not do yourself.")
		}
		if inherited && !slices.Contains(g.passed, p) && p != identity.SignedIn {
			return identity.NewError(identity.Denied, "inherited", "The role allows "+string(p)+" on this server, which you may not do in the organisations below.")
		}
	}
	return nil
}
