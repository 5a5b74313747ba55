package entry

import (
	"context"
	"net/http"

	"github.com/muster-id/muster/identity"
)

// ChangePassword gives a person another password, if they know the old one, and
// ends their sessions. A wrong old password is Denied, a new one that the
// organisation does not take Invalid.
func (d *Desk) ChangePassword(ctx context.Context, r *http.Request, org identity.OrgID, user identity.ID, old, password string) error {
	fault, err := d.o.SignIn.ChangePassword(ctx, identity.Session{Org: org, User: user}, old, password, d.o.Address(r))
	if identity.KindOf(err) == identity.Unauthenticated {
		return identity.NewError(identity.Denied, "currentPassword", "The current password is not right.")
	}
	if err == nil && fault != "" {
		err = identity.NewError(identity.Invalid, "newPassword", "The new password does not meet the rules of the organisation ("+fault+").")
	}
	return err
}
