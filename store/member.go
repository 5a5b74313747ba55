package store

import (
	"bytes"
	"context"
	"slices"

	"github.com/muster-id/muster/identity"
)

// groupType is the resource type whose members are rows.
const groupType = "Group"

const (
	addMembers    = `INSERT INTO member (org_id, group_id, member_type, member_id) VALUES `
	removeMembers = `DELETE FROM member WHERE org_id = $1 AND group_id = $2 AND member_id IN (`
	clearMembers  = `DELETE FROM member WHERE org_id = $1 AND group_id = $2 RETURNING member_id`
	hasMembers    = `SELECT member_id FROM member WHERE org_id = $1 AND group_id = $2 AND member_id IN (`
	memberOf      = `SELECT group_id FROM member WHERE org_id = $1 AND member_id = $2 ORDER BY group_id`
	// The order is that of the primary key: by id alone SQLite would go through
	// all members of the organisation, to save itself the sorting.
	listMembers = `
SELECT m.group_id, m.member_id, m.member_type, r.label
  FROM member m
  JOIN resource r ON r.org_id = m.org_id AND r.type = m.member_type AND r.id = m.member_id
 WHERE m.org_id = $1 AND m.group_id IN (`
	// groupsOf follows memberships upwards. UNION drops what it has seen, so that
	// it ends although groups may be in one another. CROSS JOIN holds SQLite to
	// the order of the tables: it has no idea how few rows a recursion has, and
	// would go through all members of the organisation for each.
	groupsOfHead = `WITH RECURSIVE up (member_id, group_id, direct) AS (
SELECT member_id, group_id, 1
  FROM member
 WHERE org_id = $1 AND member_id IN (`
	groupsOfTail = `)
UNION
SELECT up.member_id, m.group_id, 0
  FROM up
 CROSS JOIN member m
 WHERE m.org_id = $1 AND m.member_id = up.group_id)
SELECT up.member_id, up.group_id, r.label, MAX(up.direct)
  FROM up
 CROSS JOIN resource r
 WHERE r.org_id = $1 AND r.type = '` + groupType + `' AND r.id = up.group_id
 GROUP BY up.member_id, up.group_id, r.label
 ORDER BY up.member_id, up.group_id`
	// groupsBelow follows groups downwards.
	groupsBelow = `WITH RECURSIVE down (id) AS (
SELECT member_id
  FROM member
 WHERE org_id = $1 AND group_id = $2 AND member_type = '` + groupType + `'
UNION
SELECT m.member_id
  FROM down
 CROSS JOIN member m
 WHERE m.org_id = $1 AND m.group_id = down.id AND m.member_type = '` + groupType + `')
SELECT id FROM down`
)

// A Member is one member of a group.
type Member struct {
	ID   identity.ID
	Type string // name of its resource type
}

// A MemberRow is a member as it is shown.
type MemberRow struct {
	Member
	Label string
}

// A GroupRow is a group that somebody is in.
type GroupRow struct {
	ID     identity.ID
	Label  string
	Direct bool // false: only through another group
}

// ids returns the ids that a query yields.
func (tx *Tx) ids(ctx context.Context, sql string, args ...any) ([]identity.ID, error) {
	var list []identity.ID
	err := tx.each(ctx, func(r Rows) error {
		list = append(list, scan(r).id())
		return nil
	}, sql, args...)
	return list, err
}

// AddMembers puts members into a group and returns those that were not there.
func (tx *Tx) AddMembers(ctx context.Context, org identity.OrgID, group identity.ID, members []Member) (added []identity.ID, err error) {
	err = chunks(members, func(part []Member) error {
		// The list is filled up with its last member, who is there by then.
		n := 1
		for n < len(part) {
			n *= 4
		}
		sql := addMembers
		args := []any{org, group}
		for i := range n {
			if i > 0 {
				sql += `, `
			}
			m := part[min(i, len(part)-1)]
			args = append(args, m.Type, m.ID)
			sql += `($1, $2, ` + params(len(args)-1, 2) + `)`
		}
		ids, err := tx.ids(ctx, sql+` ON CONFLICT DO NOTHING RETURNING member_id`, args...)
		added = append(added, ids...)
		return err
	})
	return added, wrap(err, "add members to group %s", group)
}

// RemoveMembers takes members out of a group and returns those that were there.
func (tx *Tx) RemoveMembers(ctx context.Context, org identity.OrgID, group identity.ID, ids []identity.ID) (removed []identity.ID, err error) {
	err = chunks(ids, func(part []identity.ID) error {
		list, args := listParams(3, part)
		gone, err := tx.ids(ctx, removeMembers+list+`) RETURNING member_id`, append([]any{org, group}, args...)...)
		removed = append(removed, gone...)
		return err
	})
	return removed, wrap(err, "remove members from group %s", group)
}

// ClearMembers empties a group and returns who was in it.
func (tx *Tx) ClearMembers(ctx context.Context, org identity.OrgID, group identity.ID) (removed []identity.ID, err error) {
	removed, err = tx.ids(ctx, clearMembers, org, group)
	return removed, wrap(err, "empty group %s", group)
}

// Members lists the direct members of a group by id.
func (tx *Tx) Members(ctx context.Context, org identity.OrgID, group identity.ID) ([]MemberRow, error) {
	m, err := tx.MembersOf(ctx, org, []identity.ID{group})
	return m[group], err
}

// maxRows is how many memberships of several resources are read at once. Those
// of one alone are read whole.
const maxRows = 250_000

// tooManyRows is TooCostly when n memberships of several resources have been
// read, which all have to be in memory at once.
func tooManyRows(resources, n int) error {
	if resources < 2 || n <= maxRows {
		return nil
	}
	return identity.NewError(identity.TooCostly, "",
		"The resources have too many memberships for one answer. Ask for fewer resources at a time, or exclude members and groups.")
}

// MembersOf lists the direct members of several groups. It is TooCostly when
// they have too many.
func (tx *Tx) MembersOf(ctx context.Context, org identity.OrgID, groups []identity.ID) (map[identity.ID][]MemberRow, error) {
	found := map[identity.ID][]MemberRow{}
	n := 0
	err := chunks(groups, func(part []identity.ID) error {
		list, args := listParams(2, part)
		return tx.each(ctx, func(r Rows) error {
			s := scan(r)
			group := s.id()
			found[group] = append(found[group], MemberRow{Member{ID: s.id(), Type: s.text()}, s.text()})
			n++
			return tooManyRows(len(groups), n)
		}, listMembers+list+`) ORDER BY m.group_id, m.member_type, m.member_id`, append([]any{org}, args...)...)
	})
	for _, list := range found {
		slices.SortFunc(list, func(a, b MemberRow) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	}
	return found, wrap(err, "list members")
}

// HasMembers reports which of ids are direct members of a group.
func (tx *Tx) HasMembers(ctx context.Context, org identity.OrgID, group identity.ID, ids []identity.ID) (map[identity.ID]bool, error) {
	found := map[identity.ID]bool{}
	err := chunks(ids, func(part []identity.ID) error {
		list, args := listParams(3, part)
		there, err := tx.ids(ctx, hasMembers+list+`)`, append([]any{org, group}, args...)...)
		for _, id := range there {
			found[id] = true
		}
		return err
	})
	return found, wrap(err, "look up members of group %s", group)
}

// Groups lists the groups that a resource is in, direct and through other
// groups, by id.
func (tx *Tx) Groups(ctx context.Context, org identity.OrgID, member identity.ID) ([]GroupRow, error) {
	m, err := tx.GroupsOf(ctx, org, []identity.ID{member})
	return m[member], err
}

// GroupsOf lists the groups of several resources as Groups does.
func (tx *Tx) GroupsOf(ctx context.Context, org identity.OrgID, members []identity.ID) (map[identity.ID][]GroupRow, error) {
	found := map[identity.ID][]GroupRow{}
	n := 0
	err := chunks(members, func(part []identity.ID) error {
		list, args := listParams(2, part)
		return tx.each(ctx, func(r Rows) error {
			s := scan(r)
			member := s.id()
			found[member] = append(found[member], GroupRow{ID: s.id(), Label: s.text(), Direct: s.bool()})
			n++
			return tooManyRows(len(members), n)
		}, groupsOfHead+list+groupsOfTail, append([]any{org}, args...)...)
	})
	return found, wrap(err, "list groups")
}

// MemberOf returns the groups that have the resource as a direct member.
func (tx *Tx) MemberOf(ctx context.Context, org identity.OrgID, member identity.ID) ([]identity.ID, error) {
	list, err := tx.ids(ctx, memberOf, org, member)
	return list, wrap(err, "list the groups of %s", member)
}
