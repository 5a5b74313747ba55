package token

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

// A KeyState says what a signing key is for at a time.
type KeyState string

// The states of a signing key.
const (
	KeyNext     KeyState = "next"     // published, signs nothing yet
	KeyActive   KeyState = "active"   // signs
	KeyRetiring KeyState = "retiring" // published, signs nothing any more
	KeyGone     KeyState = "gone"     // believed no more
)

// A Key is a signing key as administrators see it.
type Key struct {
	ID       string
	Alg      string
	State    KeyState
	Created  time.Time
	Active   time.Time
	Retiring time.Time // zero: not planned
	Gone     time.Time // zero: not planned
}

// ListKeys lists the signing keys of an organisation, newest first.
func (s *Service) ListKeys(ctx context.Context, by identity.Actor, org identity.OrgID) ([]Key, error) {
	panic("token: ListKeys")
}

// Rotate replaces the signing keys of an organisation, or that of one algorithm.
// The new key is published an hour before it signs; immediately has it sign at
// once, for when the old one is lost.
func (s *Service) Rotate(ctx context.Context, by identity.Actor, org identity.OrgID, alg string, immediately bool) error {
	panic("token: Rotate")
}

// Retire makes a signing key gone at once: what it signed is believed no more. An
// active key is replaced at the same time.
func (s *Service) Retire(ctx context.Context, by identity.Actor, org identity.OrgID, kid string) error {
	panic("token: Retire")
}

// RotateDue begins the rotation of every key that is older than a month, in all
// organisations. It is to be called every hour or so, by any number of
// processes.
func (s *Service) RotateDue(ctx context.Context) error { panic("token: RotateDue") }
