package directory

import (
	"context"
	"fmt"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// emailKind is the kind under which proofs of e-mail addresses are noted.
const emailKind = "email"

// VerifiedEmails returns for each of some users the addresses, folded, that the
// user has proved to have, or that somebody has vouched for.
func (d *Directory) VerifiedEmails(ctx context.Context, org identity.OrgID, users []identity.ID) (map[identity.ID]map[string]bool, error) {
	out := make(map[identity.ID]map[string]bool, len(users))
	err := d.db.View(ctx, func(tx *store.Tx) error {
		for _, user := range users {
			marks, err := tx.Verified(ctx, org, user)
			if err != nil {
				return err
			}
			out[user] = map[string]bool{}
			for key := range marks {
				if address, ok := strings.CutPrefix(key, emailKind+":"); ok {
					out[user][address] = true
				}
			}
		}
		return nil
	})
	return out, err
}

// SetVerifiedEmail vouches for an e-mail address of a user of the actor's
// organisation, or takes that back. It is NotFound without such a user.
func (d *Directory) SetVerifiedEmail(ctx context.Context, by identity.Actor, user identity.ID, address string, yes bool) error {
	key := Fold(address)
	return d.db.Update(ctx, func(tx *store.Tx) error {
		r, err := tx.Get(ctx, by.Org, userType, user)
		if err != nil {
			return err
		}
		marks, err := tx.Verified(ctx, by.Org, user)
		if err != nil {
			return err
		}
		if _, have := marks[emailKind+":"+key]; have == yes {
			return nil
		}
		if err := d.MayHandOver(ctx, tx, by, user); err != nil {
			return err
		}
		if yes {
			err = tx.PutVerified(ctx, by.Org, user, emailKind, key, d.now())
		} else {
			err = tx.DeleteVerified(ctx, by.Org, user, emailKind, key)
		}
		if err != nil {
			return err
		}
		c := d.change(by, by.Org, identity.Patched, userType, user, r.Version)
		c.Paths, c.Diff = []string{"emails.verified"}, fmt.Appendf(nil, `{"emails.verified":[%t,%t]}`, !yes, yes)
		return tx.Record(ctx, c)
	})
}
