package store

import (
	"context"

	"github.com/muster-id/muster/identity"
)

// What the compiler of access reads of a whole organisation.
const (
	idsOfType     = `SELECT id FROM resource WHERE org_id = $1 AND type = $2 ORDER BY id`
	inactiveUsers = `SELECT id FROM resource WHERE org_id = $1 AND type = '` + userType + `' AND active = 1 ORDER BY id`
	allMembers    = `SELECT group_id, member_id FROM member WHERE org_id = $1 ORDER BY group_id, member_type, member_id`
	enabledApps   = `SELECT id FROM app WHERE org_id = $1 AND disabled = 0 ORDER BY id`
)

// maxDepth is how many organisations may stand above one; more is a circle.
const maxDepth = 64

// IDs returns the ids of all resources of a type, in order.
func (tx *Tx) IDs(ctx context.Context, org identity.OrgID, typ string) ([]identity.ID, error) {
	list, err := tx.ids(ctx, idsOfType, org, typ)
	return list, wrap(err, "list the ids of %s", typ)
}

// InactiveUsers returns the ids of the users that are not active, in order.
func (tx *Tx) InactiveUsers(ctx context.Context, org identity.OrgID) ([]identity.ID, error) {
	list, err := tx.ids(ctx, inactiveUsers, org)
	return list, wrap(err, "list inactive users")
}

// AllMembers calls fn for every direct membership of an organisation, by group.
func (tx *Tx) AllMembers(ctx context.Context, org identity.OrgID, fn func(group, member identity.ID) error) error {
	err := tx.each(ctx, func(r Rows) error {
		s := scan(r)
		return fn(s.id(), s.id())
	}, allMembers, org)
	return wrap(err, "read the members of all groups")
}

// EnabledApps returns the ids of the apps that are not disabled, in order.
func (tx *Tx) EnabledApps(ctx context.Context, org identity.OrgID) ([]identity.ID, error) {
	list, err := tx.ids(ctx, enabledApps, org)
	return list, wrap(err, "list enabled apps")
}

// Above returns the organisations above one, the nearest first, the root last.
func (tx *Tx) Above(ctx context.Context, org identity.OrgID) (above []identity.OrgID, err error) {
	for range maxDepth {
		o, err := tx.Organisation(ctx, org)
		if err != nil || o.Parent.IsZero() {
			return above, err
		}
		above, org = append(above, o.Parent), o.Parent
	}
	return above, nil
}
