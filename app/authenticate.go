package app

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"
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

// refused is one answer for all that a stranger might try: an app that is not
// there, one that is shut out, a wrong secret.
const refused = "The app could not be authenticated."

// Authenticate finds out which app speaks. It is the one way in for every back
// channel. Errors that the client may see are *AuthError. A client assertion
// can be used once.
func (s *Service) Authenticate(ctx context.Context, org identity.Organisation, c Credentials) (*Client, error) {
	claim, err := readClaim(c, s.public)
	if err != nil {
		return nil, err
	}
	a, err := s.Get(ctx, org.ID, claim.clientID)
	switch {
	case identity.KindOf(err) == identity.NotFound:
		return nil, claim.refuse(refused)
	case err != nil:
		return nil, err
	case a.Disabled:
		return nil, claim.refuse(refused)
	}
	if err := s.prove(ctx, a, claim, c); err != nil {
		return nil, err
	}
	return &Client{App: a, Method: a.AuthMethod, Thumbprint: Thumbprint(c.Certificate)}, nil
}

// Thumbprint is the x5t#S256 of a certificate, "" for none (RFC 8705 section 3.1).
func Thumbprint(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	sum := sha256.Sum256(c.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// A claim is who a request says it comes from, and the proof that it brings.
type claim struct {
	clientID  string
	basic     bool // the secret came in the header
	secret    string
	assertion string
	realm     string // of the challenge
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// readClaim reads the one proof of a request; several are an error (RFC 6749
// section 2.3).
func readClaim(c Credentials, realm string) (*claim, error) {
	out := &claim{realm: realm}
	form := map[string]string{}
	for _, key := range []string{"client_id", "client_secret", "client_assertion", "client_assertion_type"} {
		if len(c.Form[key]) > 1 {
			return nil, out.invalid(key + " stands in the request twice.")
		}
		form[key] = c.Form.Get(key)
	}
	if len(c.Authorization) > 1 {
		return nil, out.invalid("The request has two Authorization headers.")
	}
	out.clientID, out.secret, out.assertion = form["client_id"], form["client_secret"], form["client_assertion"]
	if len(c.Authorization) == 1 {
		if scheme, value, _ := strings.Cut(c.Authorization[0], " "); strings.EqualFold(scheme, "Basic") {
			if out.secret != "" || out.assertion != "" {
				return nil, out.invalid("The request proves in two ways who sends it.")
			}
			return out, out.readBasic(value)
		}
	}
	switch {
	case out.secret != "" && out.assertion != "":
		return nil, out.invalid("The request proves in two ways who sends it.")
	case out.assertion != "" && form["client_assertion_type"] != assertionType:
		return nil, out.invalid("The request has an unknown client_assertion_type.")
	case out.assertion == "" && form["client_assertion_type"] != "":
		return nil, out.invalid("The request has a client_assertion_type without a client_assertion.")
	case out.assertion == "" && out.clientID == "":
		return nil, out.refuse("The request does not say which app sends it.")
	case out.assertion == "":
		return out, nil
	}
	return out, out.readAssertion()
}

// readBasic reads the header of RFC 6749 section 2.3.1: both halves are encoded
// as in a form.
func (m *claim) readBasic(value string) error {
	m.basic = true
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
	id, text, ok := strings.Cut(string(raw), ":")
	if err != nil || !ok || len(raw) > 4096 {
		return m.refuse("The Authorization header is not that of Basic authentication.")
	}
	id, err = url.QueryUnescape(id)
	text, err2 := url.QueryUnescape(text)
	if err != nil || err2 != nil || id == "" {
		return m.refuse("The Authorization header is not that of Basic authentication.")
	}
	if m.clientID != "" && m.clientID != id {
		return m.invalid("client_id is not that of the Authorization header.")
	}
	m.clientID, m.secret = id, text
	return nil
}

func (m *claim) invalid(text string) error {
	return &AuthError{Code: "invalid_request", Description: text, Status: http.StatusBadRequest}
}

func (m *claim) refuse(text string) error {
	e := &AuthError{Code: "invalid_client", Description: text, Status: http.StatusUnauthorized}
	if m.basic {
		e.Challenge = `Basic realm="` + m.realm + `", charset="UTF-8"`
	}
	return e
}

// prove holds an app to its one authentication method.
func (s *Service) prove(ctx context.Context, a *identity.App, m *claim, c Credentials) error {
	proof := m.secret != "" || m.basic || m.assertion != ""
	ok := false
	switch a.AuthMethod {
	case identity.AuthNone:
		// An empty secret is none: some libraries send one for public apps.
		ok = m.secret == "" && m.assertion == ""
	case identity.AuthBasic:
		ok = m.basic && s.secretMatches(a, m.secret, s.now())
	case identity.AuthPost:
		ok = !m.basic && m.secret != "" && s.secretMatches(a, m.secret, s.now())
	case identity.AuthPrivateKeyJWT, identity.AuthSecretJWT:
		if m.assertion != "" {
			return s.checkAssertion(ctx, a, m, c)
		}
	case identity.AuthTLS:
		ok = !proof && c.Certificate != nil && c.Verified && s.inTime(c.Certificate) && named(&a.AppSettings, c.Certificate)
	case identity.AuthSelfSignedTLS:
		if !proof && c.Certificate != nil && s.inTime(c.Certificate) {
			return s.checkOwnCertificate(ctx, a, m, c.Certificate)
		}
	}
	if !ok {
		return m.refuse(refused)
	}
	return nil
}

func (s *Service) inTime(c *x509.Certificate) bool {
	now := s.now()
	return !now.Before(c.NotBefore) && !now.After(c.NotAfter)
}

// checkOwnCertificate looks for a certificate among the app's keys.
func (s *Service) checkOwnCertificate(ctx context.Context, a *identity.App, m *claim, c *x509.Certificate) error {
	for _, keys := range []func(context.Context, *identity.App) (jose.JSONWebKeySet, error){s.KeysOf, s.freshKeysOf} {
		set, err := keys(ctx, a)
		if err != nil && identity.KindOf(err) == "" {
			return err
		}
		if err == nil && certified(set, c) {
			return nil
		}
	}
	return m.refuse(refused)
}
