package access

import (
	"context"
	"slices"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// A Holding is a role that a subject has, and how.
type Holding struct {
	Role       catalogue.Role
	Assignment identity.Assignment // of one of the ways; zero for a role of everyone
	// Groups are the groups through which it is had, from the nearest; empty for a
	// direct assignment.
	Groups []identity.ID
}

// RolesOf lists the roles that a subject has: direct, through groups, and of
// everyone, each way by itself. Who is unknown has none.
func (s *Service) RolesOf(ctx context.Context, org identity.OrgID, typ identity.SubjectType, subject identity.ID) ([]Holding, error) {
	_, st, err := s.state(ctx, org)
	if err != nil {
		return nil, err
	}
	ways := st.snap.Roles(subject, s.now())
	ways = slices.DeleteFunc(ways, func(w policy.Way) bool {
		return len(w.Groups) == 0 && w.Assignment.Type != "" && w.Assignment.Type != typ
	})
	var want ids
	for _, w := range ways {
		want.add(w.Role)
	}
	roles := map[identity.ID]catalogue.Role{}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		for _, org := range st.chain {
			list, err := thingsOf(ctx, tx, org, want.list, catalogue.TypeOf[catalogue.Role](), catalogue.Decode[catalogue.Role])
			if err != nil {
				return err
			}
			for _, r := range list {
				roles[r.ID] = r
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []Holding
	for _, w := range ways {
		if r, ok := roles[w.Role]; ok { // it may have been deleted meanwhile
			out = append(out, Holding{Role: r, Assignment: w.Assignment, Groups: w.Groups})
		}
	}
	return out, nil
}

// Holders pages through the users that have a role, direct or through groups, by
// id after one; total counts all. People of organisations above do not count.
func (s *Service) Holders(ctx context.Context, by identity.Actor, role identity.ID, after identity.ID, limit int) (users []identity.ID, total int, err error) {
	if _, err := s.Roles.Get(ctx, by, role); err != nil {
		return nil, 0, err
	}
	_, st, err := s.state(ctx, by.Org)
	if err != nil {
		return nil, 0, err
	}
	limit = pageSize(limit)
	at := s.now()
	for len(users) < limit {
		want := limit - len(users)
		part, all := st.snap.Holders(role, after, want, at)
		total = all
		for _, id := range part {
			after = id
			if !st.upper.guests[id] {
				users = append(users, id)
			}
		}
		if len(part) < want {
			break
		}
	}
	return users, total - st.guestsWith(s, role), nil
}

// guestsWith counts the people of organisations above who have a role.
func (st *state) guestsWith(s *Service, role identity.ID) (n int) {
	at := s.now()
	for id := range st.upper.guests {
		if slices.ContainsFunc(st.snap.Roles(id, at), func(w policy.Way) bool { return w.Role == role }) {
			n++
		}
	}
	return n
}

// MemberCounts says how many users have each role, direct or through groups.
func (s *Service) MemberCounts(ctx context.Context, org identity.OrgID, roles []identity.ID) (map[identity.ID]int, error) {
	_, st, err := s.state(ctx, org)
	if err != nil {
		return nil, err
	}
	at := s.now()
	out := make(map[identity.ID]int, len(roles))
	for _, role := range roles {
		out[role] = st.snap.Count(role, at)
	}
	for id := range st.upper.guests {
		var had ids
		for _, w := range st.snap.Roles(id, at) {
			had.add(w.Role)
		}
		for _, role := range had.list {
			if _, ok := out[role]; ok {
				out[role]--
			}
		}
	}
	return out, nil
}

// Perms returns the operations of our own doors that a subject may use in an
// organisation, by its roles there and the inherited ones from above.
func (s *Service) Perms(ctx context.Context, org identity.OrgID, typ identity.SubjectType, subject identity.ID) (identity.Perms, error) {
	_, st, err := s.state(ctx, org)
	if err != nil {
		return nil, err
	}
	return permsIn(st.snap, typ, subject, s.now()), nil
}
