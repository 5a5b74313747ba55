package signin

import (
	"context"
	"errors"
	"time"

	"github.com/muster-id/muster/identity"
)

// A Wait is a Throttled or Busy error that knows when to try again.
type Wait struct {
	Err   *identity.Error
	After time.Duration
}

func (w *Wait) Error() string { return w.Err.Error() }

// Unwrap gives the error that doors answer by.
func (w *Wait) Unwrap() error { return w.Err }

// RetryAfter returns the wait that an error asks for, 0 if none.
func RetryAfter(err error) time.Duration {
	if w, ok := errors.AsType[*Wait](err); ok {
		return w.After
	}
	return 0
}

// CheckPassword is for doors that get a name and a password in one request. It
// counts failures with those of every other way in. An unknown name, a wrong
// password and a person who may not sign in are one Unauthenticated error;
// a right password that is not enough, because a second factor is demanded or
// the person has one, is Denied; too many failures are Throttled and a busy
// server Busy, both with RetryAfter.
func (s *Service) CheckPassword(ctx context.Context, org identity.OrgID, name, password, address string) (identity.ID, error) {
	panic("signin: check password")
}
