package token

import (
	"context"
	"time"

	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
)

// The kinds of Bearer.
const (
	AccessToken  = "access_token"
	RefreshToken = "refresh_token"
)

// A Bearer is what a token says of who holds it.
type Bearer struct {
	Org          identity.Organisation
	App          *identity.App
	User         identity.ID // zero: the app acts for itself
	Session      identity.ID
	Grant        identity.ID
	Kind         string // AccessToken or RefreshToken
	Issuer       string
	Subject      string // sub, as the app sees it
	ClientID     string
	Scopes       []string
	Audience     []string
	Issued       time.Time
	Expires      time.Time
	AuthTime     time.Time
	ACR          string
	AMR          []string
	JTI          string
	Confirmation Confirmation
	Actor        *Act
	Extra        map[string]any // claims that a door added
	// Claims asked for by the parameter claims, for UserInfo.
	Claims *claims.Parameter
}

// Type returns how the token is presented: "DPoP" or "Bearer".
func (b *Bearer) Type() string {
	if b.Confirmation.JKT != "" {
		return "DPoP"
	}
	return "Bearer"
}

// Inspect believes an access token of an organisation or answers
// Unauthenticated. It says nothing of the key that the token may be bound to:
// a door compares Confirmation with the proof that came with it, see
// CheckBinding.
func (s *Service) Inspect(ctx context.Context, org identity.OrgID, text string) (*Bearer, error) {
	panic("token: Inspect")
}

// Introspect is Inspect for the endpoint of RFC 7662: it reads refresh tokens
// too, and answers an app only of tokens that were issued to it or are meant for
// it. Every other text is Unauthenticated, to be answered "active":false.
func (s *Service) Introspect(ctx context.Context, app *identity.App, text string) (*Bearer, error) {
	panic("token: Introspect")
}

// Actor finds the organisation that issued an access token and returns who holds
// it, with the permissions that its scopes open. Privileged scopes count for apps
// that act for themselves and for administrators.
func (s *Service) Actor(ctx context.Context, text string) (identity.Actor, *Bearer, error) {
	panic("token: Actor")
}

// A Presented token is one that came with a request to a resource.
type Presented struct {
	Scheme      string // of the Authorization header: "Bearer" or "DPoP", in any case
	Proof       Proof  // headers DPoP, method and address of the request
	Certificate string // thumbprint of the client certificate, "" if none
}

// CheckBinding reports whether a request may use the token: that one bound to a
// key came with the scheme DPoP and a proof for it, one bound to a certificate
// with that certificate, and one without binding as Bearer. Errors are *Error
// with status 401.
func (s *Service) CheckBinding(ctx context.Context, b *Bearer, text string, p Presented) error {
	panic("token: CheckBinding")
}
