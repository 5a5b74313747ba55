package app

import (
	"net/netip"
	"slices"

	"github.com/muster-id/muster/identity"
)

var (
	// asymmetric are the algorithms by which apps may sign.
	asymmetric = []string{"ES256", "PS256", "EdDSA", "RS256", "ES384", "ES512", "PS384", "PS512", "RS384", "RS512"}
	symmetric  = []string{"HS256", "HS384", "HS512"}
	// ours are the algorithms by which we sign.
	ours = []string{"ES256", "RS256", "PS256", "EdDSA"}
	// strong are those of FAPI 2.0 (section 5.4.1).
	strong = []string{"PS256", "ES256", "EdDSA"}
)

var authMethods = []string{
	identity.AuthNone, identity.AuthBasic, identity.AuthPost, identity.AuthSecretJWT,
	identity.AuthPrivateKeyJWT, identity.AuthTLS, identity.AuthSelfSignedTLS,
}

// authentication checks how the app proves who it is.
func (c *checker) authentication() {
	a := c.a
	switch {
	case !slices.Contains(authMethods, a.AuthMethod):
		c.bad("token_endpoint_auth_method", "There is no authentication method %q.", shorten(a.AuthMethod))
		return
	case a.AuthMethod == identity.AuthSecretJWT && !c.p.Legacy.SecretJWT:
		c.bad("token_endpoint_auth_method", "The authentication method client_secret_jwt is not allowed here.")
	case a.Type == identity.SPA && a.AuthMethod != identity.AuthNone:
		c.bad("token_endpoint_auth_method", "An app that runs in the browser cannot keep a secret: its method is none.")
	case (a.Type == identity.WebApp || a.Type == identity.ServiceApp) && a.AuthMethod == identity.AuthNone:
		c.bad("token_endpoint_auth_method", "An app of type %s proves who it is: its method is not none.", a.Type)
	}
	if a.AuthMethod == identity.AuthNone && !a.RequirePKCE && slices.Contains(a.GrantTypes, identity.GrantCode) {
		c.bad("require_pkce", "An app that does not prove who it is uses PKCE.")
	}
	c.keys()
	c.certificate()
}

// keys checks where the app's public keys are.
func (c *checker) keys() {
	a := c.a
	if len(a.JWKS) > 0 && a.JWKSURI != "" {
		c.bad("jwks", "An app has jwks or jwks_uri, not both.")
	}
	if len(a.JWKS) > 0 {
		if _, err := parseKeys(a.JWKS, true); err != nil {
			c.bad("jwks", "jwks cannot be used: %s.", err)
		}
	}
	needs := a.AuthMethod == identity.AuthPrivateKeyJWT || a.AuthMethod == identity.AuthSelfSignedTLS || a.RequireRequestObject
	if needs && len(a.JWKS) == 0 && a.JWKSURI == "" {
		c.bad("jwks", "The app needs jwks or jwks_uri.")
	}
	if a.AuthAlg == "" {
		return
	}
	switch {
	case a.AuthMethod == identity.AuthPrivateKeyJWT && slices.Contains(asymmetric, a.AuthAlg):
	case a.AuthMethod == identity.AuthSecretJWT && slices.Contains(symmetric, a.AuthAlg):
	case a.AuthMethod != identity.AuthPrivateKeyJWT && a.AuthMethod != identity.AuthSecretJWT && slices.Contains(asymmetric, a.AuthAlg):
	default:
		c.bad("token_endpoint_auth_signing_alg", "The algorithm %q does not go with the authentication method.", shorten(a.AuthAlg))
	}
}

// certificate checks by what the app's certificate is known (RFC 8705 section
// 2.1.2: exactly one).
func (c *checker) certificate() {
	a, n := c.a, 0
	for _, s := range []string{a.TLSSubjectDN, a.TLSSANDNS, a.TLSSANURI, a.TLSSANIP, a.TLSSANEmail} {
		if s != "" {
			n++
		}
		if s != "" && !shortText(s) {
			c.bad("tls_client_auth_subject_dn", "The name of a certificate has at most 512 bytes and no control characters.")
		}
	}
	if a.AuthMethod == identity.AuthTLS && n != 1 {
		c.bad("tls_client_auth_subject_dn", "An app with tls_client_auth has exactly one of the names that its certificate may have.")
	}
	if a.TLSSubjectDN != "" {
		if _, ok := parseDN(a.TLSSubjectDN); !ok {
			c.bad("tls_client_auth_subject_dn", "tls_client_auth_subject_dn is not a distinguished name such as CN=app,O=Example.")
		}
	}
	if a.TLSSANIP != "" {
		if _, err := netip.ParseAddr(a.TLSSANIP); err != nil {
			c.bad("tls_client_auth_san_ip", "tls_client_auth_san_ip is not an IP address.")
		}
	}
}

// algorithms checks by what our answers and the app's requests are signed, and
// how its subjects are made.
func (c *checker) algorithms() {
	a := c.a
	for _, f := range []struct {
		field, alg string
		allowed    []string
	}{
		{"id_token_signed_response_alg", a.IDTokenAlg, ours},
		{"userinfo_signed_response_alg", a.UserInfoAlg, ours},
		{"authorization_signed_response_alg", a.AuthorizationAlg, ours},
		{"introspection_signed_response_alg", a.IntrospectionAlg, ours},
		{"access_token_signing_alg", a.AccessTokenAlg, ours},
		{"request_object_signing_alg", a.RequestObjectAlg, ours}, // those that the provider reads
	} {
		if f.alg == "" || slices.Contains(f.allowed, f.alg) {
			continue
		}
		if f.field == "request_object_signing_alg" && f.alg == "none" && c.p.Legacy.UnsignedRequestURI && !a.RequireRequestObject {
			continue
		}
		c.bad(f.field, "The algorithm %q is not allowed for %s.", shorten(f.alg), f.field)
	}
	if a.IDTokenAlg == "" {
		c.bad("id_token_signed_response_alg", "An app names the algorithm of its ID tokens.")
	}
	switch a.SubjectType {
	case "public":
	case "pairwise":
		if a.SectorIdentifierURI == "" && hostOf(a.RedirectURIs) == "" {
			c.bad("sector_identifier_uri", "Without redirect URIs of one host, pairwise subjects need a sector_identifier_uri.")
		}
	default:
		c.bad("subject_type", "A subject type is public or pairwise.")
	}
}

// hostOf returns the one host that all URIs have, "" if they differ.
func hostOf(uris []string) (host string) {
	for i, s := range uris {
		u, bad := parseURI(s)
		if bad != "" || u.Host == "" || i > 0 && u.Hostname() != host {
			return ""
		}
		host = u.Hostname()
	}
	return host
}

// fapi checks what the FAPI 2.0 Security Profile asks of an app.
func (c *checker) fapi() {
	a := c.a
	switch a.AuthMethod {
	case identity.AuthPrivateKeyJWT, identity.AuthTLS, identity.AuthSelfSignedTLS:
	default:
		c.bad("token_endpoint_auth_method", "An app with fapi authenticates by private_key_jwt or by its certificate.")
	}
	if !a.DPoPBound && !a.CertificateBound {
		c.bad("fapi", "The tokens of an app with fapi are bound by DPoP or to its certificate.")
	}
	if a.LaxAudience {
		c.bad("lax_assertion_audience", "An app with fapi names the issuer as the audience of its assertions.")
	}
	for _, r := range a.ResponseTypes {
		if r != "code" {
			c.bad("response_types", "An app with fapi has the response type code alone.")
		}
	}
	if slices.Contains(a.GrantTypes, identity.GrantPassword) || slices.Contains(a.GrantTypes, identity.GrantImplicit) {
		c.bad("grant_types", "An app with fapi has neither the grant type password nor implicit.")
	}
	for _, f := range []struct{ field, alg string }{
		{"token_endpoint_auth_signing_alg", a.AuthAlg}, {"id_token_signed_response_alg", a.IDTokenAlg},
		{"request_object_signing_alg", a.RequestObjectAlg}, {"authorization_signed_response_alg", a.AuthorizationAlg},
		{"userinfo_signed_response_alg", a.UserInfoAlg}, {"introspection_signed_response_alg", a.IntrospectionAlg},
		{"access_token_signing_alg", a.AccessTokenAlg},
	} {
		if f.alg != "" && !slices.Contains(strong, f.alg) {
			c.bad(f.field, "An app with fapi uses PS256, ES256 or EdDSA.")
		}
	}
}
