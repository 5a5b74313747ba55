package server

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// entrusted returns what a person may do with our own doors, by the built-in
// roles that they have by name.
func (h *House) entrusted(ctx context.Context, org identity.OrgID, user identity.ID) (perms identity.Perms, err error) {
	now := time.Now()
	err = h.DB.View(ctx, func(tx *store.Tx) error {
		life, err := tx.Alive(ctx, org, store.Bearer{User: user})
		if err != nil || !life.UserActive {
			return err
		}
		list, err := tx.Assignments(ctx, org, store.AssignmentQuery{Type: identity.UserSubject, Subject: user, Limit: 1000})
		for _, a := range list {
			for _, r := range identity.BuiltInRoles() {
				if a.Role == r.ID && a.Alive(now) {
					perms = append(perms, r.Perms...)
				}
			}
		}
		return err
	})
	return perms, err
}
