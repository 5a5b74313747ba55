package token

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

// A Code is an authorization code with what it stands for.
type Code struct {
	Org           identity.OrgID
	Authorization Authorization
	RedirectURI   string // "": the authorization request named none
	Challenge     string // of PKCE, S256; "": none
	JKT           string // of the DPoP key that the authorization request named
	// Grant exists already when tokens were issued together with the code; zero
	// has RedeemCode make one.
	Grant    identity.ID
	Lifetime time.Duration // 0: a minute
}

// A Redemption is what an app presents with a code.
type Redemption struct {
	Code         string
	RedirectURI  string
	Verifier     string
	Confirmation Confirmation // of the key or certificate that the app proved to have
}

// NewCode stores a code for a minute and returns its text.
func (s *Service) NewCode(ctx context.Context, c Code) (string, error) { panic("token: NewCode") }

// RedeemCode uses a code up, exactly once, for the app that it was made for, with
// the redirect URI, the verifier (RFC 7636) and the key that belong to it; a
// mismatch is InvalidGrant and leaves the code as it is. Its Grant is there
// when it returns, so that Issue can follow with Request.Grant. A code that
// comes a second time ends the grant.
func (s *Service) RedeemCode(ctx context.Context, app *identity.App, r Redemption) (Code, error) {
	panic("token: RedeemCode")
}
