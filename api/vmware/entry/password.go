package entry

import (
	"cmp"
	"context"
	"net/http"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
)

// faults say why a new password is not taken.
var faults = map[string]string{
	signin.ErrTooShort:  "The new password is too short.",
	signin.ErrTooLong:   "The new password is too long.",
	signin.ErrTooCommon: "The new password is known to be stolen or easily guessed.",
	signin.ErrSame:      "The new password is the current one.",
	signin.ErrBadChars:  "The new password has characters that a password cannot have.",
}

// ChangePassword gives a person another password, if they know the current one,
// and ends their sessions. A wrong current password is Denied, a new one that
// the organisation does not take Invalid.
func (d *Desk) ChangePassword(ctx context.Context, r *http.Request, org identity.OrgID, user identity.ID, current, password string) error {
	wrong := identity.NewError(identity.Denied, "currentPassword", "The current password is not right.")
	if current == "" { // who has none proves in another way who they are
		return wrong
	}
	fault, err := d.o.SignIn.ChangePassword(ctx, identity.Session{Org: org, User: user}, current, password, d.o.Address(r))
	switch {
	case err != nil || fault == "":
		return err
	case fault == signin.ErrWrong:
		return wrong
	}
	return identity.NewError(identity.Invalid, "newPassword", cmp.Or(faults[fault], "The new password is missing."))
}
