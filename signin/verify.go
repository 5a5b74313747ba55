package signin

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

// An Address is an e-mail address or a phone number of a person.
type Address struct {
	Kind     string // "email" or "phone"
	Value    string
	Verified time.Time // zero: not verified
}

// Addresses returns the addresses of a person in the order of their document.
func (s *Service) Addresses(ctx context.Context, org identity.OrgID, user identity.ID) ([]Address, error) {
	panic("signin: addresses")
}

// VerifyEmail sends a letter with a link, P/verify/{token}, to an address that
// the person has. An address that is not theirs is NotFound; more than one
// letter in a minute is Throttled.
func (s *Service) VerifyEmail(ctx context.Context, org identity.Organisation, user identity.ID, email string) error {
	panic("signin: verify email")
}

// OpenVerification returns the address that a link verifies, and consumes
// nothing. NotFound as OpenLink.
func (s *Service) OpenVerification(ctx context.Context, org identity.Organisation, token string) (email string, err error) {
	panic("signin: open verification")
}

// ConfirmEmail verifies an address by its link, once.
func (s *Service) ConfirmEmail(ctx context.Context, org identity.Organisation, token string) (email string, err error) {
	panic("signin: confirm email")
}

// VerifyPhone sends a code to a number that the person has. Errors as
// VerifyEmail; Denied where the organisation sends no SMS.
func (s *Service) VerifyPhone(ctx context.Context, org identity.Organisation, user identity.ID, phone string) error {
	panic("signin: verify phone")
}

// ConfirmPhone verifies the number that the latest code went to. The result is
// the key of an Error of View, "" if the number is verified.
func (s *Service) ConfirmPhone(ctx context.Context, org identity.Organisation, user identity.ID, code string) (string, error) {
	panic("signin: confirm phone")
}

// ForgetBrowsers ends the memory of all browsers of a person.
func (s *Service) ForgetBrowsers(ctx context.Context, org identity.OrgID, user identity.ID) error {
	panic("signin: forget browsers")
}
