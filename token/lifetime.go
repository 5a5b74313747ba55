package token

import (
	"context"

	"github.com/muster-id/muster/identity"
)

// Lifetimes are how long tokens of an organisation live, in seconds. An app may
// say otherwise for access and refresh tokens.
type Lifetimes struct {
	Access  int64 `json:"access,omitempty"`       // 0: 10 minutes
	ID      int64 `json:"id,omitempty"`           // 0: an hour
	Idle    int64 `json:"refresh_idle,omitempty"` // 0: 30 days
	Refresh int64 `json:"refresh,omitempty"`      // 0: 90 days
}

// Lifetimes returns those of an organisation, with what is not set filled in.
func (s *Service) Lifetimes(ctx context.Context, org identity.OrgID) (Lifetimes, error) {
	panic("token: Lifetimes")
}

// SetLifetimes stores those of an organisation; 0 leaves one at its default.
func (s *Service) SetLifetimes(ctx context.Context, by identity.Actor, org identity.OrgID, l Lifetimes) error {
	panic("token: SetLifetimes")
}
