package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/muster-id/muster/identity"
)

// A Metadata is the body of a registration request: an object of JSON.
type Metadata map[string]json.RawMessage

// A Registered is an app after it registered or changed its registration. Texts
// that did not change are "".
type Registered struct {
	App    identity.App
	Secret string // client_secret, shown this once
	Token  string // registration access token, shown this once
}

// Document returns the answer of RFC 7591 section 3.2.1; uri is where the app
// reads and changes its registration.
func (r Registered) Document(uri string) map[string]any { panic("not yet") }

// A RegistrationError says why a registration was refused.
type RegistrationError struct {
	Code        string // of RFC 7591, or "invalid_token" (RFC 6750)
	Description string
	Status      int
}

func (e *RegistrationError) Error() string { return e.Code + ": " + e.Description }

// Register makes an app from what it says of itself. token is the initial access
// token, "" if none came. Errors that the client may see are *RegistrationError.
func (s *Service) Register(ctx context.Context, org identity.Organisation, m Metadata, token string) (Registered, error) {
	panic("not yet")
}

// ReadRegistration returns an app to itself; token is its registration access
// token.
func (s *Service) ReadRegistration(ctx context.Context, org identity.Organisation, clientID, token string) (Registered, error) {
	panic("not yet")
}

// UpdateRegistration replaces all that an app said of itself.
func (s *Service) UpdateRegistration(ctx context.Context, org identity.Organisation, clientID, token string, m Metadata) (Registered, error) {
	panic("not yet")
}

// DeleteRegistration removes an app that registered itself.
func (s *Service) DeleteRegistration(ctx context.Context, org identity.Organisation, clientID, token string) error {
	panic("not yet")
}

// NewInitialToken makes an initial access token, with which apps can be
// registered until it expires, at most uses times.
func (s *Service) NewInitialToken(ctx context.Context, by identity.Actor, org identity.OrgID, expires time.Time, uses int) (string, error) {
	panic("not yet")
}
