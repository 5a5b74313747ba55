package token

import (
	"context"

	"github.com/muster-id/muster/identity"
)

// A Renewal is what an app presents with a refresh token.
type Renewal struct {
	Token        string
	Scopes       []string     // nil: all that were granted; else some of them
	Resources    []string     // nil: all that were granted; else some of them
	Confirmation Confirmation // of the key or certificate that the app proved to have
}

// Refresh renews the tokens of a grant. A refresh token that has been replaced
// answers the same successor for 20 seconds more; after that it ends the grant.
// Apps that keep refresh tokens get the same one again; public apps never do.
// Whatever is wrong is an *Error with InvalidGrant.
func (s *Service) Refresh(ctx context.Context, app *identity.App, r Renewal) (Response, error) {
	panic("token: Refresh")
}

// Revoke ends what a token of the app stands for (RFC 7009): an access token
// alone, or with a refresh token the whole grant. Tokens of others and texts
// that are no tokens change nothing and are no error.
func (s *Service) Revoke(ctx context.Context, app *identity.App, text string) error {
	panic("token: Revoke")
}
