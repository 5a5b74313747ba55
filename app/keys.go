package app

import (
	"context"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/identity"
)

// KeysOf returns the public keys of an app: those in its settings, or those at
// its jwks_uri, remembered for five minutes.
func (s *Service) KeysOf(ctx context.Context, a *identity.App) (jose.JSONWebKeySet, error) {
	panic("not yet")
}

// A Verified is what a signed JWT said.
type Verified struct {
	Alg     string
	Type    string // header typ
	KeyID   string
	Payload []byte // JSON, not yet looked at
}

// Verify checks the signature of a compact JWS by an app's public keys. Only the
// asymmetric algorithms named are accepted; keys in the header never are. A kid
// that is not known makes us ask the jwks_uri again, at most once a minute. A
// token that does not verify is an identity.Error of kind Unauthenticated.
func (s *Service) Verify(ctx context.Context, a *identity.App, text string, algs ...string) (Verified, error) {
	panic("not yet")
}
