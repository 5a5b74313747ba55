package app

import (
	"context"
	"crypto/x509"
	"net/url"

	"github.com/muster-id/muster/identity"
)

// Credentials are what a request to a back channel says of who sends it.
type Credentials struct {
	Authorization []string          // values of the header Authorization
	Form          url.Values        // of the body
	Certificate   *x509.Certificate // of the client, nil if it showed none
	// Verified says that the certificate's chain leads to an authority that we
	// trust; tls_client_auth needs it.
	Verified      bool
	Issuer        string // the organisation's: the audience of assertions
	TokenEndpoint string // what apps with LaxAudience may name instead
}

// A Client is an app that has proved who it is, or a public one that named
// itself.
type Client struct {
	App        *identity.App // shared: must not be changed
	Method     string        // identity.AuthBasic, …
	Thumbprint string        // x5t#S256 of the certificate that it showed, "" if none
}

// An AuthError says why a client was turned away, in the terms of RFC 6749
// section 5.2.
type AuthError struct {
	Code        string // "invalid_client" or "invalid_request"
	Description string
	Status      int
	Challenge   string // value of WWW-Authenticate, "" for none
}

func (e *AuthError) Error() string { return e.Code + ": " + e.Description }

// Authenticate finds out which app speaks. It is the one way in for every back
// channel. Errors that the client may see are *AuthError. A client assertion
// can be used once.
func (s *Service) Authenticate(ctx context.Context, org identity.Organisation, c Credentials) (*Client, error) {
	panic("not yet")
}
