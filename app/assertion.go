package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

const (
	// maxAssertion is how far ahead an assertion may expire.
	maxAssertion = 5 * time.Minute
	// skew is by how much clocks may differ.
	skew = 30 * time.Second
	// farAhead is a time after all others, in seconds.
	farAhead = 1 << 40
	// maxJTI is the length in bytes of a jti.
	maxJTI = 256
	// assertionKind is the artefact that remembers the jti of an assertion.
	assertionKind = "assertion"
)

// An assertion is the payload of a client assertion (RFC 7523 section 3).
type assertion struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	ID        string   `json:"jti"`
	Expires   *float64 `json:"exp"`
	NotBefore *float64 `json:"nbf"`
	Issued    *float64 `json:"iat"`
}

// An audience is a string or an array of strings.
type audience struct {
	values []string
	alone  bool // a string, not an array
}

// UnmarshalJSON reads both forms.
func (a *audience) UnmarshalJSON(doc []byte) error {
	var one string
	if json.Unmarshal(doc, &one) == nil && string(doc) != "null" {
		a.values, a.alone = []string{one}, true
		return nil
	}
	return json.Unmarshal(doc, &a.values)
}

// readAssertion reads from an assertion which app it speaks for. Nothing is
// verified yet.
func (m *claim) readAssertion() error {
	parts := strings.SplitN(m.assertion, ".", 4)
	if len(m.assertion) > maxJWS || len(parts) != 3 {
		return m.refuse("The client assertion is not a compact JWS.")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return m.refuse("The client assertion is not a compact JWS.")
	}
	p, err := parseAssertion(raw)
	if err != nil || p.Subject == "" || p.Issuer != p.Subject {
		return m.refuse("The client assertion does not name one app as its iss and sub.")
	}
	if m.clientID != "" && m.clientID != p.Subject {
		return m.invalid("client_id is not that of the client assertion.")
	}
	m.clientID = p.Subject
	return nil
}

// parseAssertion reads a payload whose keys all differ: nothing may be read in
// two ways.
func parseAssertion(raw []byte) (p assertion, err error) {
	members, err := object(raw)
	if err != nil {
		return p, err
	}
	for name, to := range map[string]any{
		"iss": &p.Issuer, "sub": &p.Subject, "aud": &p.Audience, "jti": &p.ID,
		"exp": &p.Expires, "nbf": &p.NotBefore, "iat": &p.Issued,
	} {
		if value, has := members[name]; has && json.Unmarshal(value, to) != nil {
			return p, errors.New("a member of the wrong type: " + name)
		}
	}
	return p, nil
}

// checkAssertion verifies a client assertion and sees to it that it is used
// once.
func (s *Service) checkAssertion(ctx context.Context, a *identity.App, m *claim, c Credentials) error {
	provider, err := s.Provider(ctx, a.Org)
	if err != nil {
		return err
	}
	if a.AuthMethod == identity.AuthSecretJWT && !provider.Legacy.SecretJWT {
		return m.refuse("client_secret_jwt is not allowed here.")
	}
	v, err := s.verifyAssertion(ctx, a, m.assertion)
	switch {
	case identity.KindOf(err) != "":
		return m.refuse("The client assertion is not signed by a key of the app.")
	case err != nil:
		return err
	}
	if !slices.Contains([]string{"", "jwt", "client-authentication+jwt"}, strings.ToLower(v.Type)) {
		return m.refuse("The client assertion has a typ of something else.")
	}
	p, err := parseAssertion(v.Payload)
	if err != nil || p.Subject != a.ClientID || p.Issuer != a.ClientID {
		return m.refuse("The client assertion does not name one app as its iss and sub.")
	}
	lax := !a.FAPI && (a.LaxAudience || provider.Legacy.TokenEndpointAudience)
	if !audienceHolds(p.Audience, c, lax) {
		return m.refuse("The client assertion does not have our issuer as its one audience.")
	}
	expires, bad := p.times(s.now())
	if bad != "" {
		return m.refuse(bad)
	}
	if p.ID == "" || len(p.ID) > maxJTI {
		return m.refuse("The client assertion has no jti of at most 256 bytes.")
	}
	err = s.useAssertion(ctx, a, p.ID, expires.Add(skew))
	if identity.KindOf(err) == identity.Conflict {
		return m.refuse("The client assertion has been used before.")
	}
	return err
}

// audienceHolds compares an audience with our names. RFC 10070 knows one: the
// issuer as a string.
func audienceHolds(a audience, c Credentials, lax bool) bool {
	if !lax {
		return a.alone && c.Issuer != "" && a.values[0] == c.Issuer
	}
	return slices.ContainsFunc(a.values, func(v string) bool { return v != "" && (v == c.Issuer || v == c.TokenEndpoint) })
}

// times checks when an assertion holds; bad says why it does not.
func (p *assertion) times(now time.Time) (expires time.Time, bad string) {
	at := func(seconds *float64) time.Time {
		switch {
		case *seconds < 0:
			return time.Time{}
		case *seconds > farAhead:
			return time.Unix(farAhead, 0)
		}
		return time.UnixMilli(int64(*seconds * 1000))
	}
	if p.Expires == nil {
		return expires, "The client assertion has no exp."
	}
	expires = at(p.Expires)
	switch {
	case !now.Before(expires.Add(skew)):
		return expires, "The client assertion has expired."
	case expires.After(now.Add(maxAssertion + skew)):
		return expires, "The client assertion is valid for more than five minutes."
	case p.NotBefore != nil && at(p.NotBefore).After(now.Add(skew)), p.Issued != nil && at(p.Issued).After(now.Add(skew)):
		return expires, "The client assertion is not valid yet."
	}
	return expires, ""
}

// useAssertion remembers a jti; a Conflict says that it was there before.
func (s *Service) useAssertion(ctx context.Context, a *identity.App, jti string, until time.Time) error {
	at := s.now()
	return s.db.Update(ctx, func(tx *store.Tx) error {
		return tx.PutArtefact(ctx, identity.Artefact{
			Org: a.Org, Kind: assertionKind, Hash: secret.MAC(s.assertionKey, []byte(a.ID.String()+jti)),
			Subject: a.ID, Created: at, Expires: until,
		})
	})
}

// verifyAssertion checks the signature by the keys that an app's method gives
// it: its public keys for private_key_jwt, its secrets for client_secret_jwt.
// The two never mix, so that no public key serves as a secret.
func (s *Service) verifyAssertion(ctx context.Context, a *identity.App, text string) (Verified, error) {
	if a.AuthMethod == identity.AuthPrivateKeyJWT {
		return s.Verify(ctx, a, text, assertionAlgs(a)...)
	}
	algs := symmetric
	if a.AuthAlg != "" {
		algs = []string{a.AuthAlg}
	}
	jws, v, err := parseJWS(text, algs)
	if err != nil {
		return v, err
	}
	at := s.now()
	for _, have := range a.Secrets {
		if !have.Alive(at) || have.Sealed == nil {
			continue
		}
		key, err := s.keys.Open(sealPurpose, have.Sealed)
		if err != nil {
			return v, err
		}
		if v.Payload, err = jws.Verify(key); err == nil {
			return v, checkPayload(v.Payload)
		}
	}
	return v, unproved("No secret of the app verifies the signature.")
}

// assertionAlgs returns the algorithms by which an app may sign its assertions.
func assertionAlgs(a *identity.App) []string {
	switch {
	case a.AuthAlg != "":
		return []string{a.AuthAlg}
	case a.FAPI:
		return strong
	}
	return asymmetric
}
