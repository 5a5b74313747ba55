package signin

import (
	"context"

	"github.com/muster-id/muster/identity"
)

// The roles of administrators.
const (
	Owner    = "owner"    // in their organisation
	Operator = "operator" // everywhere; only of the root organisation
)

// FirstLink makes the link by which the first administrator comes to be, valid
// once and for 30 minutes: public + "/setup#" + token. A newer link ends the
// older. It is a Conflict once there is or was an operator, for ever.
func (s *Service) FirstLink(ctx context.Context) (Link, error) { panic("signin: first link") }

// CanSetup reports whether the first administrator is still to come.
func (s *Service) CanSetup(ctx context.Context) (bool, error) { panic("signin: can setup") }

// A NewAdministrator is a person made together with their role.
type NewAdministrator struct {
	Name     string // user name
	Email    string
	Display  string // "": none
	Password string
	Agent    string
	Address  string
}

// Setup makes the first administrator by the token of FirstLink and signs them
// in. The string is the key of an Error of View: then nothing has been made and
// the link still holds. An unknown or used token is NotFound, and so is every
// token once there is or was an operator.
func (s *Service) Setup(ctx context.Context, token string, n NewAdministrator) (*Done, string, error) {
	panic("signin: setup")
}

// Bootstrap makes the first administrator of what the environment says. It does
// nothing, and returns false, once there is or was an operator.
func (s *Service) Bootstrap(ctx context.Context, n NewAdministrator) (bool, error) {
	panic("signin: bootstrap")
}

// Administrators lists those of an organisation.
func (s *Service) Administrators(ctx context.Context, org identity.OrgID) ([]identity.Administrator, error) {
	panic("signin: administrators")
}

// IsAdministrator returns the role of a person, "" for none.
func (s *Service) IsAdministrator(ctx context.Context, org identity.OrgID, user identity.ID) (role string, err error) {
	panic("signin: is administrator")
}

// Appoint makes a person an administrator. Only people of the root organisation
// are operators, and only operators and the command line appoint one.
func (s *Service) Appoint(ctx context.Context, by identity.Actor, org identity.OrgID, user identity.ID, role string) error {
	panic("signin: appoint")
}

// Dismiss takes the role away. The last operator stays, with a Conflict.
func (s *Service) Dismiss(ctx context.Context, by identity.Actor, org identity.OrgID, user identity.ID) error {
	panic("signin: dismiss")
}
