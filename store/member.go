package store

import (
	"context"

	"github.com/muster-id/muster/identity"
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

// AddMembers puts members into a group and returns those that were not there.
func (tx *Tx) AddMembers(ctx context.Context, org identity.OrgID, group identity.ID, members []Member) (added []identity.ID, err error) {
	panic("later")
}

// RemoveMembers takes members out of a group and returns those that were there.
func (tx *Tx) RemoveMembers(ctx context.Context, org identity.OrgID, group identity.ID, ids []identity.ID) (removed []identity.ID, err error) {
	panic("later")
}

// ClearMembers empties a group and returns who was in it.
func (tx *Tx) ClearMembers(ctx context.Context, org identity.OrgID, group identity.ID) (removed []identity.ID, err error) {
	panic("later")
}

// Members lists the direct members of a group by id.
func (tx *Tx) Members(ctx context.Context, org identity.OrgID, group identity.ID) ([]MemberRow, error) {
	panic("later")
}

// MembersOf lists the direct members of several groups.
func (tx *Tx) MembersOf(ctx context.Context, org identity.OrgID, groups []identity.ID) (map[identity.ID][]MemberRow, error) {
	panic("later")
}

// HasMembers reports which of ids are direct members of a group.
func (tx *Tx) HasMembers(ctx context.Context, org identity.OrgID, group identity.ID, ids []identity.ID) (map[identity.ID]bool, error) {
	panic("later")
}

// Groups lists the groups that a resource is in, direct and through other
// groups, by id.
func (tx *Tx) Groups(ctx context.Context, org identity.OrgID, member identity.ID) ([]GroupRow, error) {
	panic("later")
}

// GroupsOf lists the groups of several resources as Groups does.
func (tx *Tx) GroupsOf(ctx context.Context, org identity.OrgID, members []identity.ID) (map[identity.ID][]GroupRow, error) {
	panic("later")
}

// MemberOf returns the groups that have the resource as a direct member.
func (tx *Tx) MemberOf(ctx context.Context, org identity.OrgID, member identity.ID) ([]identity.ID, error) {
	panic("later")
}
