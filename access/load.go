package access

import (
	"context"
	"time"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// load makes a state from all that is stored. Each statement sees a committed
// state of its own; what is written meanwhile stands in the log and follows.
func (s *Service) load(ctx context.Context, epoch uint64, chain []identity.OrgID, last *state) (*state, error) {
	st := &state{epoch: epoch, chain: chain, marks: s.marks(chain), tails: make([]tail, len(chain))}
	if last != nil {
		st.named = last.named + 1
	}
	began := time.Now()
	w := world{ctx: ctx}
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		w.tx = tx
		for i, org := range chain {
			if st.tails[i], err = s.tailOf(ctx, tx, org, began); err != nil {
				return err
			}
		}
		if err = w.own(chain[0]); err != nil {
			return err
		}
		for _, org := range chain {
			if err = w.things(org); err != nil {
				return err
			}
		}
		for _, org := range chain[1:] {
			if err = w.above(org); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	w.Everyone = everyone()
	st.upper = w.upper
	st.snap = policy.Compile(w.World)
	s.log.DebugContext(ctx, "access compiled", "org", chain[0], "users", len(w.Users), "took", time.Since(began))
	return st, nil
}

func (s *Service) marks(chain []identity.OrgID) []uint64 {
	marks := make([]uint64, len(chain))
	for i, org := range chain {
		marks[i] = s.db.Mark(org)
	}
	return marks
}

// everyone are the roles that need no assignment.
func everyone() []identity.ID {
	list := []identity.ID{}
	for _, r := range identity.BuiltInRoles() {
		if r.Everyone {
			list = append(list, r.ID)
		}
	}
	return list
}

// A world is a policy.World that is being read.
type world struct {
	policy.World
	upper
	ctx context.Context // of the one call that reads it
	tx  *store.Tx
}

// own reads what an organisation has itself, but for its catalogue.
func (w *world) own(org identity.OrgID) (err error) {
	if w.Users, err = w.tx.IDs(w.ctx, org, string(identity.UserSubject)); err != nil {
		return err
	}
	if w.Inactive, err = w.tx.InactiveUsers(w.ctx, org); err != nil {
		return err
	}
	if w.Groups, err = w.tx.IDs(w.ctx, org, string(identity.GroupSubject)); err != nil {
		return err
	}
	if w.Apps, err = w.tx.EnabledApps(w.ctx, org); err != nil {
		return err
	}
	err = w.tx.AllMembers(w.ctx, org, func(group, member identity.ID) error {
		w.Members = append(w.Members, policy.Membership{Group: group, Member: member})
		return nil
	})
	if err != nil {
		return err
	}
	return w.tx.AllAssignments(w.ctx, org, func(a identity.Assignment) error {
		w.Assignments = append(w.Assignments, a)
		return nil
	})
}

// things reads the catalogue of an organisation.
func (w *world) things(org identity.OrgID) error {
	for _, k := range kinds {
		err := eachOf(w.ctx, w.tx, org, k.rt, func(r *store.Resource) error { return k.add(r, &w.World) })
		if err != nil {
			return err
		}
	}
	return nil
}

// above reads what an organisation above gives to those below: assignments that
// are inherited, and who has them.
func (w *world) above(org identity.OrgID) error {
	list, err := w.tx.InheritedAssignments(w.ctx, org)
	if err != nil || len(list) == 0 {
		return err
	}
	if w.assignments == nil {
		w.upper = upper{map[identity.ID]bool{}, map[identity.ID]bool{}, map[identity.ID]bool{}, map[identity.ID]bool{}}
	}
	var users, groups, apps []identity.ID
	for _, a := range list {
		w.assignments[a.ID] = true
		if w.subjects[a.Subject] {
			continue
		}
		w.subjects[a.Subject] = true
		switch a.Type {
		case identity.UserSubject:
			users = append(users, a.Subject)
		case identity.GroupSubject:
			groups = append(groups, a.Subject)
		case identity.AppSubject:
			apps = append(apps, a.Subject)
		}
	}
	w.Assignments = append(w.Assignments, list...)
	members, err := w.groupsAbove(org, groups)
	if err != nil {
		return err
	}
	if err := w.guestsOf(org, append(users, members...)); err != nil {
		return err
	}
	for _, id := range apps {
		a, err := w.tx.App(w.ctx, org, id)
		if err == nil && !a.Disabled {
			w.Apps = append(w.Apps, id)
		}
		if err != nil && identity.KindOf(err) != identity.NotFound {
			return err
		}
	}
	return nil
}

// groupsAbove reads groups of an organisation above with all that is in them, and
// returns their members that are no groups.
func (w *world) groupsAbove(org identity.OrgID, todo []identity.ID) (users []identity.ID, err error) {
	for len(todo) > 0 {
		var here []identity.ID
		for _, id := range todo {
			if !w.groups[id] {
				w.groups[id] = true
				here = append(here, id)
			}
		}
		todo = nil
		if len(here) == 0 {
			break
		}
		there, err := w.tx.GetMany(w.ctx, org, here)
		if err != nil {
			return nil, err
		}
		rows, err := w.tx.MembersOf(w.ctx, org, here)
		if err != nil {
			return nil, err
		}
		for _, group := range here {
			if there[group] == nil {
				continue
			}
			w.Groups = append(w.Groups, group)
			for _, m := range rows[group] {
				w.Members = append(w.Members, policy.Membership{Group: group, Member: m.ID})
				if m.Type == string(identity.GroupSubject) {
					todo = append(todo, m.ID)
				} else {
					users = append(users, m.ID)
				}
			}
		}
	}
	return users, nil
}

// guestsOf reads users of an organisation above.
func (w *world) guestsOf(org identity.OrgID, ids []identity.ID) error {
	var list []identity.ID
	for _, id := range ids {
		if !w.guests[id] {
			w.guests[id] = true
			list = append(list, id)
		}
	}
	if len(list) == 0 {
		return nil
	}
	there, err := w.tx.GetMany(w.ctx, org, list)
	if err != nil {
		return err
	}
	for _, id := range list {
		u := there[id]
		if u == nil || u.Type != string(identity.UserSubject) {
			continue
		}
		w.Users, w.Guests = append(w.Users, id), append(w.Guests, id)
		on, err := isActive(u)
		if err != nil {
			return err
		}
		if !on {
			w.Inactive = append(w.Inactive, id)
		}
	}
	return nil
}

// A kind takes things of one kind of the catalogue into a World.
type kind struct {
	rt  *schema.ResourceType
	add func(*store.Resource, *policy.World) error
}

var kinds = []kind{
	kindOf(func(t catalogue.Action, w *policy.World) {
		w.Actions = append(w.Actions, policy.Action{ID: t.ID, Name: t.Name, Inactive: !t.Active})
	}),
	kindOf(func(t catalogue.ResourceType, w *policy.World) {
		w.ResourceTypes = append(w.ResourceTypes, policy.ResourceType{ID: t.ID, Slug: t.Slug, Name: t.Name, Actions: t.Actions})
	}),
	kindOf(func(t catalogue.Resource, w *policy.World) {
		w.Resources = append(w.Resources, policy.Resource{ID: t.ID, Slug: t.Slug, Type: t.Type})
	}),
	kindOf(func(t catalogue.Permission, w *policy.World) { w.Permissions = append(w.Permissions, permission(t)) }),
	kindOf(func(t catalogue.Role, w *policy.World) { w.Roles = append(w.Roles, role(t)) }),
}

func kindOf[T catalogue.Thing](add func(T, *policy.World)) kind {
	return kind{catalogue.TypeOf[T](), func(r *store.Resource, w *policy.World) error {
		t, err := catalogue.Decode[T](r)
		if err == nil {
			add(t, w)
		}
		return err
	}}
}

func permission(t catalogue.Permission) policy.Permission {
	return policy.Permission{ID: t.ID, Name: t.Name, Statements: statements(t.Statements)}
}

func role(t catalogue.Role) policy.Role {
	return policy.Role{ID: t.ID, Name: t.Name, Permissions: t.Permissions, Statements: statements(t.Statements)}
}

func statements(list []catalogue.Statement) []policy.Statement {
	out := make([]policy.Statement, len(list))
	for i, s := range list {
		out[i] = policy.Statement(s)
	}
	return out
}
