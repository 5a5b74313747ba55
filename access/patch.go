package access

import (
	"context"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// A reader fills a Delta with what stands in the database now.
type reader struct {
	ctx context.Context
	tx  *store.Tx
	org identity.OrgID
	d   *policy.Delta
}

// there returns those of some resources that are there and of a type.
func (r reader) there(ids []identity.ID, typ identity.SubjectType) (map[identity.ID]*store.Resource, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := r.tx.GetMany(r.ctx, r.org, ids)
	for id, row := range rows {
		if row.Type != string(typ) {
			delete(rows, id)
		}
	}
	return rows, err
}

func (r reader) users(t *touched) error {
	rows, err := r.there(t.users.list, identity.UserSubject)
	if err != nil {
		return err
	}
	for _, id := range t.users.list {
		u := rows[id]
		if u == nil {
			r.d.Gone = append(r.d.Gone, id)
			continue
		}
		r.d.Put.Users = append(r.d.Put.Users, id)
		on, err := isActive(u)
		if err != nil {
			return err
		}
		if !on {
			r.d.Put.Inactive = append(r.d.Put.Inactive, id)
		}
	}
	return nil
}

// userDocument reads what a document of ours says of a user. Extensions of an
// organisation's own do not matter here.
var userDocument = schema.Standard().TypeByName(string(identity.UserSubject))

// isActive reports whether a user is not said to be inactive.
func isActive(u *store.Resource) (bool, error) {
	doc, err := userDocument.Load(u.Doc)
	return err != nil || doc["active"] != false, err
}

func (r reader) groups(t *touched) error {
	rows, err := r.there(t.groups.list, identity.GroupSubject)
	for _, id := range t.groups.list {
		if rows[id] == nil {
			r.d.Gone = append(r.d.Gone, id)
		} else {
			r.d.Put.Groups = append(r.d.Put.Groups, id)
		}
	}
	return err
}

func (r reader) members(t *touched) error {
	for group, moved := range t.members {
		have, err := r.tx.HasMembers(r.ctx, r.org, group, moved.list)
		if err != nil {
			return err
		}
		for _, id := range moved.list {
			m := policy.Membership{Group: group, Member: id}
			if have[id] {
				r.d.Put.Members = append(r.d.Put.Members, m)
			} else {
				r.d.Left = append(r.d.Left, m)
			}
		}
	}
	return nil
}

func (r reader) apps(t *touched) error {
	for _, id := range t.apps.list {
		a, err := r.tx.App(r.ctx, r.org, id)
		if identity.KindOf(err) == identity.NotFound || err == nil && a.Disabled {
			r.d.Gone = append(r.d.Gone, id)
			continue
		}
		if err != nil {
			return err
		}
		r.d.Put.Apps = append(r.d.Put.Apps, id)
		if err := r.held(id); err != nil {
			return err
		}
	}
	return nil
}

// held puts the assignments of a subject that is here again.
func (r reader) held(subject identity.ID) error {
	list, err := r.tx.Assignments(r.ctx, r.org, store.AssignmentQuery{Subject: subject, Limit: maxHeld + 1})
	if len(list) > maxHeld {
		return errReload
	}
	r.d.Put.Assignments = append(r.d.Put.Assignments, list...)
	return err
}

// back reads what a resource from the trash has brought with it.
func (r reader) back(t *touched) error {
	for _, id := range t.back.list {
		if err := r.held(id); err != nil {
			return err
		}
		if _, ok := t.groups.set[id]; !ok {
			continue
		}
		rows, err := r.tx.Members(r.ctx, r.org, id)
		if err != nil {
			return err
		}
		for _, m := range rows {
			r.d.Put.Members = append(r.d.Put.Members, policy.Membership{Group: id, Member: m.ID})
		}
	}
	return nil
}

func (r reader) assignments(t *touched) error {
	for _, id := range t.assignments.list {
		a, err := r.tx.Assignment(r.ctx, r.org, id)
		switch {
		case identity.KindOf(err) == identity.NotFound:
			r.d.Gone = append(r.d.Gone, id)
		case err != nil:
			return err
		default:
			r.d.Put.Assignments = append(r.d.Put.Assignments, a)
		}
	}
	return nil
}

func (r reader) things(t *touched) error {
	for _, k := range kinds {
		for org, moved := range t.things[k.rt.Name] {
			rows, err := r.tx.GetMany(r.ctx, org, moved.list)
			if err != nil {
				return err
			}
			for _, id := range moved.list {
				row := rows[id]
				if row == nil || row.Type != k.rt.Name {
					r.d.Gone = append(r.d.Gone, id)
					continue
				}
				if err := k.add(row, &r.d.Put); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
