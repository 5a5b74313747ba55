package factor

import (
	"context"

	"github.com/muster-id/muster/identity"
)

// NewRecovery makes ten recovery codes in the place of those that the user had.
// They are shown once.
func (s *Service) NewRecovery(ctx context.Context, org identity.OrgID, user identity.ID) ([]string, error) {
	panic("unfinished")
}

// UseRecovery spends a recovery code and says how many are left. A wrong or
// spent one is ErrWrong.
func (s *Service) UseRecovery(ctx context.Context, org identity.OrgID, user identity.ID, code string) (left int, err error) {
	panic("unfinished")
}
