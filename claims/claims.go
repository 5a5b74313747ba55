// Package claims says who a person is in the words of OpenID Connect: it makes
// claims out of the SCIM document of a user, as scopes and the parameter
// "claims" ask for them and as the organisation maps them.
package claims

import (
	"context"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// A Want says which claims are wanted: those of the scopes, and those that were
// asked for by name.
type Want struct {
	Scopes []string
	Asked  Asked // of the place that the claims go to, the ID token or UserInfo
}

// A Person is what was read of a user to make claims of.
type Person struct {
	User   identity.ID
	Active bool // false: no token may be made for the person
}

// A Service makes claims. It is safe for use by many goroutines at once.
type Service struct {
	db *store.DB
}

// New makes a Service.
func New(db *store.DB) *Service { return &Service{db: db} }

// Of reads a person and returns the claims that are wanted, without "sub". It is
// NotFound if the user is gone and Denied if the user is not active.
func (s *Service) Of(ctx context.Context, org identity.Organisation, user identity.ID, want Want) (map[string]any, error) {
	panic("unfinished")
}

// Load reads of a person what is wanted, inside of a transaction or view. It
// returns NotFound if there is no such user; one who is not active is returned.
func (s *Service) Load(ctx context.Context, tx *store.Tx, org identity.Organisation, user identity.ID, want Want) (*Person, error) {
	panic("unfinished")
}

// Claims returns the claims that were wanted, without "sub". What the person has
// no value for is left out.
func (p *Person) Claims() map[string]any { panic("unfinished") }

// Subject is the "sub" of a user for an app: the user's id, or for an app with
// pairwise subjects a keyed hash of it that apps of other sectors cannot compare
// (OpenID Connect Core section 8.1).
func Subject(keys *secret.Keys, app *identity.App, user identity.ID) string { panic("unfinished") }
