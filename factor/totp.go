package factor

import (
	"context"

	"github.com/muster-id/muster/identity"
)

// A TOTPEnrolment is shown to a person who sets up an authenticator app.
type TOTPEnrolment struct {
	Secret string // base32, for who cannot scan
	URL    string // otpauth://
	PNG    []byte // the URL as QR code
	State  []byte // sealed; give it back to ConfirmTOTP
}

// NewTOTP begins the enrolment of an authenticator app. Nothing is stored until
// ConfirmTOTP. account is shown in the app, the user's name.
func (s *Service) NewTOTP(org identity.Organisation, user identity.ID, account string) (*TOTPEnrolment, error) {
	panic("unfinished")
}

// ShowTOTP shows an enrolment again from its state.
func (s *Service) ShowTOTP(org identity.OrgID, user identity.ID, state []byte) (*TOTPEnrolment, error) {
	panic("unfinished")
}

// ConfirmTOTP ends the enrolment with a first code from the app, or ErrWrong.
func (s *Service) ConfirmTOTP(ctx context.Context, org identity.OrgID, user identity.ID, state []byte, code, name string) (Info, error) {
	panic("unfinished")
}

// VerifyTOTP checks a code against the authenticator apps of a user. Each code is
// good for once. A wrong one is ErrWrong.
func (s *Service) VerifyTOTP(ctx context.Context, org identity.OrgID, user identity.ID, code string) error {
	panic("unfinished")
}
