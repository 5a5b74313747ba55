package access

import (
	"context"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// mayChangeMembers is Denied if a group has roles, by itself or through another
// group, that allow more on our own API than the actor may do.
func (s *Service) mayChangeMembers(ctx context.Context, tx *store.Tx, by identity.Actor, group identity.ID) error {
	return s.mayStandFor(ctx, tx, by, identity.GroupSubject, group, "members", "The group has")
}

// mayChangePerson is Denied if a user has roles, also through groups, that allow
// more on our own API than the actor may do.
func (s *Service) mayChangePerson(ctx context.Context, tx *store.Tx, by identity.Actor, user identity.ID) error {
	return s.mayStandFor(ctx, tx, by, identity.UserSubject, user, "", "The user has")
}

// mayStandFor is Denied if a subject has roles that the actor could not give: who
// can become it, or have others become it, gives them. Connections that may
// change roles are free to: filling the groups of administrators, and keeping
// their accounts, is what some are for.
func (s *Service) mayStandFor(ctx context.Context, tx *store.Tx, by identity.Actor, typ identity.SubjectType, id identity.ID, field, who string) error {
	switch by.Kind {
	case identity.ByCLI, identity.BySystem:
		return nil
	case identity.ByConnection:
		if by.Need(identity.AccessWrite) == nil {
			return nil
		}
	}
	held, err := heldBy(ctx, tx, by.Org, typ, id)
	if err != nil || len(held) == 0 {
		return err
	}
	chain, err := tx.Above(ctx, by.Org)
	if err != nil {
		return err
	}
	chain = append([]identity.OrgID{by.Org}, chain...)
	var passed identity.Perms
	if slices.ContainsFunc(held, func(a identity.Assignment) bool { return a.Inherited }) {
		if passed, err = s.passedOn(ctx, tx, chain, by); err != nil {
			return err
		}
	}
	for _, a := range held {
		perms, err := permsOf(ctx, tx, chain, a.Role)
		if err != nil && identity.KindOf(err) != identity.Invalid { // a role that is gone binds nobody
			return err
		}
		for _, p := range perms {
			if p == identity.SignedIn {
				continue
			}
			if by.Need(p) != nil {
				return identity.NewError(identity.Denied, field, who+" a role that allows "+string(p)+" on this server, which you may not do yourself.")
			}
			if a.Inherited && !slices.Contains(passed, p) {
				return identity.NewError(identity.Denied, field, who+" a role that allows "+string(p)+" in the organisations below, which you may not do there.")
			}
		}
	}
	return nil
}

// heldBy returns the assignments of a subject, its own and those of the groups
// that it is in; of several that give the same, one.
func heldBy(ctx context.Context, tx *store.Tx, org identity.OrgID, typ identity.SubjectType, id identity.ID) (held []identity.Assignment, err error) {
	type kind struct {
		role      identity.ID
		inherited bool
		expires   time.Time
	}
	seen := map[kind]bool{}
	add := func(typ identity.SubjectType, id identity.ID) error {
		list, err := tx.Assignments(ctx, org, store.AssignmentQuery{Type: typ, Subject: id, Limit: maxHeld})
		for _, a := range list {
			if k := (kind{a.Role, a.Inherited, a.Expires}); !seen[k] {
				seen[k] = true
				held = append(held, a)
			}
		}
		return err
	}
	if typ != identity.GroupSubject {
		if err := add(typ, id); err != nil {
			return nil, err
		}
	}
	some, err := tx.Assignments(ctx, org, store.AssignmentQuery{Type: identity.GroupSubject, Limit: 1})
	if err != nil || len(some) == 0 || typ == identity.AppSubject {
		return held, err
	}
	groups, err := tx.Groups(ctx, org, id)
	if err != nil {
		return nil, err
	}
	if typ == identity.GroupSubject {
		groups = append(groups, store.GroupRow{ID: id})
	}
	for _, g := range groups {
		if err := add(identity.GroupSubject, g.ID); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// passedOn returns what an actor may do in the organisations below too, by roles
// that are inherited themselves.
func (s *Service) passedOn(ctx context.Context, tx *store.Tx, chain []identity.OrgID, by identity.Actor) (passed identity.Perms, err error) {
	typ := identity.UserSubject
	if by.Kind == identity.ByApp {
		typ = identity.AppSubject
	}
	now := s.now()
	for _, org := range chain {
		held, err := heldBy(ctx, tx, org, typ, by.ID)
		if err != nil {
			return nil, err
		}
		for _, a := range held {
			if !a.Inherited || !a.Alive(now) {
				continue
			}
			perms, err := permsOf(ctx, tx, chain, a.Role)
			if err != nil && identity.KindOf(err) != identity.Invalid {
				return nil, err
			}
			passed = append(passed, perms...)
		}
	}
	return passed, nil
}
