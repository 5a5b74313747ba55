package token

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

// A Request asks for tokens.
type Request struct {
	Org           identity.Organisation
	App           *identity.App
	Authorization Authorization
	// Grant is that of RedeemCode or of an earlier Issue. Zero makes a new one,
	// except for an app that acts for itself and for tokens by exchange, which
	// have none unless Authorization.Refresh is set.
	Grant identity.ID
	// Within is the grant of the token that was exchanged: the new token ends
	// with it.
	Within identity.ID
	// NoAccessToken leaves the access token out; the claims of the scopes stand
	// in the ID token then (OpenID Connect Core section 5.4).
	NoAccessToken bool
	// IDToken asks for an ID token, if the scopes hold "openid".
	IDToken bool
	// Front says that the answer goes through the browser: no refresh token.
	Front bool
	Code  string // beside which the ID token stands: c_hash
	State string // beside which the ID token stands: s_hash
	// Lifetime shortens the life of the access token; zero leaves it.
	Lifetime time.Duration
	// IDClaims are claims that the door adds to the ID token.
	IDClaims map[string]any
}

// A Response is the answer of the token endpoint (RFC 6749 section 5.1).
type Response struct {
	AccessToken  string
	TokenType    string // "Bearer" or "DPoP"
	ExpiresIn    time.Duration
	RefreshToken string
	IDToken      string
	Scopes       []string
	Grant        identity.ID // zero: none
	Session      identity.ID
	JTI          string // of the access token
}

// Issue makes tokens. It reads user, app and organisation at this moment; if one
// of them is gone or disabled, or the grant has ended, the error is an *Error
// with InvalidGrant.
func (s *Service) Issue(ctx context.Context, r Request) (Response, error) { panic("token: Issue") }
