package token

import (
	"context"

	"github.com/muster-id/muster/identity"
)

// A Proof is a DPoP proof as it came (RFC 9449), with the request that it is to
// prove.
type Proof struct {
	Header      []string // every header DPoP of the request
	Method      string
	URL         string // of the request, by the public address
	AccessToken string // "": at the token endpoint and its like
	Nonce       bool   // a nonce of ours is demanded
}

// CheckProof checks a proof by the whole list of RFC 9449 section 4.3, once, and
// returns the thumbprint of its key. Errors are *Error with InvalidProof, or with
// UseNonce when the header DPoP-Nonce must say a nonce.
func (s *Service) CheckProof(ctx context.Context, org identity.OrgID, p Proof) (jkt string, err error) {
	panic("token: CheckProof")
}

// NewNonce makes a nonce for the header DPoP-Nonce, good for five minutes in one
// organisation. Nothing is stored.
func (s *Service) NewNonce(org identity.OrgID) string { panic("token: NewNonce") }

// CheckNonce reports whether a nonce is one of ours and not too old.
func (s *Service) CheckNonce(org identity.OrgID, nonce string) bool { panic("token: CheckNonce") }
