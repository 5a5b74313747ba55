package directory

import (
	"context"
	"slices"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// The resource types that can be members of a group.
const (
	userType  = "User"
	groupType = "Group"
)

// A membership is what edits did to a group: +1 for who came, -1 for who went.
type membership map[identity.ID]int

func (m membership) note(ids []identity.ID, by int) {
	for _, id := range ids {
		if m[id] += by; m[id] == 0 {
			delete(m, id)
		}
	}
}

func (m membership) empty() bool { return len(m) == 0 }

func (m membership) added() []string   { return m.list(1) }
func (m membership) removed() []string { return m.list(-1) }

func (m membership) list(sign int) []string {
	out := []string{}
	for id, s := range m {
		if s == sign {
			out = append(out, id.String())
		}
	}
	slices.Sort(out)
	return out
}

// maxEffort bounds the members that the filters of one transaction compare: all
// other writers may have to wait for it.
const maxEffort = 500_000

// An effort counts the comparisons of filters with members.
type effort int

// spend is TooCostly when the filters compare too much. One that comes first may
// look at a group of any size.
func (e *effort) spend(n int) error {
	first := *e == 0
	if *e += effort(n); *e > maxEffort && !first {
		return identity.NewError(identity.TooCostly, "members",
			"The operations compare too many members with filters; name the members by their ids, or send fewer operations at a time.")
	}
	return nil
}

// editMembers carries out edits in order and returns what changed in the end.
// An id that is to become a member must be a user or a group of the same
// organisation.
func editMembers(ctx context.Context, tx *store.Tx, org identity.OrgID, group identity.ID, edits []MemberEdit, spent *effort) (membership, error) {
	m := membership{}
	var rows []store.MemberRow // who is in the group, as filters see them; nil: to be read
	for _, e := range edits {
		var err error
		if e.Filter == nil {
			rows = nil
		}
		switch e.Op {
		case AddMembers:
			err = m.add(ctx, tx, org, group, e.Members)
		case RemoveMembers:
			rows, err = m.remove(ctx, tx, org, group, e, rows, spent)
		case ReplaceMembers:
			err = m.replace(ctx, tx, org, group, e.Members)
		}
		if err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m membership) add(ctx context.Context, tx *store.Tx, org identity.OrgID, group identity.ID, texts []string) error {
	ids := make([]identity.ID, 0, len(texts))
	for _, text := range texts {
		id, ok := identity.ParseID(text)
		if !ok {
			return unknownMember(text)
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil
	}
	types, err := tx.Locate(ctx, org, ids)
	if err != nil {
		return err
	}
	members := make([]store.Member, len(ids))
	for i, id := range ids {
		typ := types[id]
		if typ == "" {
			return unknownMember(texts[i])
		}
		if typ != userType && typ != groupType {
			return identity.NewError(identity.Invalid, "members.value", "A "+typ+" cannot be a member of a group: "+texts[i]+".")
		}
		members[i] = store.Member{ID: id, Type: typ}
	}
	added, err := tx.AddMembers(ctx, org, group, members)
	m.note(added, 1)
	return err
}

func unknownMember(id string) error {
	if len(id) > 80 {
		id = id[:80] + "..."
	}
	return identity.NewError(identity.Invalid, "members.value", "There is no user or group with the id "+id+".")
}

// remove returns the members that are left, if it knows them: those of the next
// filter.
func (m membership) remove(ctx context.Context, tx *store.Tx, org identity.OrgID, group identity.ID,
	e MemberEdit, rows []store.MemberRow, spent *effort) (left []store.MemberRow, err error) {
	var ids []identity.ID
	if e.Filter == nil {
		ids = known(e.Members)
	} else {
		if rows == nil {
			if rows, err = tx.Members(ctx, org, group); err != nil {
				return nil, err
			}
		}
		if err := spent.spend((len(rows) + 1) * terms(e.Filter)); err != nil {
			return nil, err
		}
		left = rows[:0:0]
		for _, row := range rows {
			if matches(e.Filter, row) {
				ids = append(ids, row.ID)
			} else {
				left = append(left, row)
			}
		}
	}
	if len(ids) == 0 {
		return rows, nil
	}
	removed, err := tx.RemoveMembers(ctx, org, group, ids)
	m.note(removed, -1)
	return left, err
}

func matches(e filter.Expr, row store.MemberRow) bool {
	element := schema.Object{"value": row.ID.String(), "type": row.Type}
	if row.Label != "" {
		element["display"] = row.Label
	}
	return filter.MatchElement(e, element)
}

// terms counts the comparisons in a filter.
func terms(e filter.Expr) int {
	switch e := e.(type) {
	case *filter.And:
		return terms(e.X) + terms(e.Y)
	case *filter.Or:
		return terms(e.X) + terms(e.Y)
	case *filter.Not:
		return terms(e.X)
	}
	return 1
}

// replace leaves who stays alone, so that a large group with few changes is
// little work to write.
func (m membership) replace(ctx context.Context, tx *store.Tx, org identity.OrgID, group identity.ID, texts []string) error {
	if len(texts) == 0 {
		removed, err := tx.ClearMembers(ctx, org, group)
		m.note(removed, -1)
		return err
	}
	rows, err := tx.Members(ctx, org, group)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, text := range texts {
		keep[text] = true
	}
	var gone []identity.ID
	for _, row := range rows {
		if text := row.ID.String(); keep[text] {
			delete(keep, text)
		} else {
			gone = append(gone, row.ID)
		}
	}
	if len(gone) > 0 {
		removed, err := tx.RemoveMembers(ctx, org, group, gone)
		if err != nil {
			return err
		}
		m.note(removed, -1)
	}
	come := texts[:0:0]
	for _, text := range texts {
		if keep[text] {
			come = append(come, text)
		}
	}
	return m.add(ctx, tx, org, group, come)
}

// known returns those of ids that can name something, in binary form.
func known(texts []string) []identity.ID {
	ids := make([]identity.ID, 0, len(texts))
	for _, text := range texts {
		if id, ok := identity.ParseID(text); ok {
			ids = append(ids, id)
		}
	}
	return ids
}
