// Package factor keeps what people prove who they are with, passwords apart:
// passkeys, codes of an authenticator app, recovery codes and codes sent by
// letter. It knows nothing of flows: whoever asks counts the failures and
// decides which factor is needed.
package factor

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// The kinds of authenticator.
const (
	Passkey  = "passkey"
	TOTP     = "totp"
	Recovery = "recovery"
)

// ErrWrong is the answer to every proof that does not hold, whatever the reason.
// Count it as a failure.
var ErrWrong = identity.NewError(identity.Unauthenticated, "", "That did not work. Please try again.")

// Options are what a Service is made of.
type Options struct {
	DB     *store.DB
	Keys   *secret.Keys
	Public string           // public URL; passkeys belong to its host
	Name   string           // shown beside passkeys, "" means "Muster"
	Now    func() time.Time // nil: time.Now
}

// A Service enrols factors and checks proofs. It is safe for use by many
// goroutines at once.
type Service struct {
	db *store.DB
}

// New makes a Service.
func New(o Options) (*Service, error) { panic("unfinished") }

// Info is what a person sees of a factor of theirs.
type Info struct {
	ID      identity.ID
	Kind    string
	Name    string
	Created time.Time
	Used    time.Time // zero: never
	Left    int       // unused codes of Recovery
	Synced  bool      // a passkey that is kept by more than one device
}

// List returns the factors of a user, oldest first.
func (s *Service) List(ctx context.Context, org identity.OrgID, user identity.ID) ([]Info, error) {
	panic("unfinished")
}

// Rename gives a factor of a user another name.
func (s *Service) Rename(ctx context.Context, org identity.OrgID, user, id identity.ID, name string) error {
	panic("unfinished")
}

// Remove takes a factor of a user away; NotFound if it is none of the user's.
func (s *Service) Remove(ctx context.Context, org identity.OrgID, user, id identity.ID) error {
	panic("unfinished")
}
