package oidc

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
)

// metadata is the document of OpenID Connect Discovery section 3 and of RFC 8414
// section 2, with what later documents added. It says what is on and nothing
// else.
type metadata struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	UserInfo      string `json:"userinfo_endpoint"`
	JWKS          string `json:"jwks_uri"`
	Registration  string `json:"registration_endpoint,omitempty"`
	Introspection string `json:"introspection_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
	PAR           string `json:"pushed_authorization_request_endpoint"`
	Device        string `json:"device_authorization_endpoint"`
	EndSession    string `json:"end_session_endpoint"`

	Aliases *aliases `json:"mtls_endpoint_aliases,omitempty"`

	Scopes        []string `json:"scopes_supported"`
	Claims        []string `json:"claims_supported"`
	ClaimTypes    []string `json:"claim_types_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	ResponseModes []string `json:"response_modes_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	ACRValues     []string `json:"acr_values_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Prompts       []string `json:"prompt_values_supported"`
	Displays      []string `json:"display_values_supported"`
	UILocales     []string `json:"ui_locales_supported,omitempty"`
	Challenges    []string `json:"code_challenge_methods_supported"`

	IDTokenAlgs       []string `json:"id_token_signing_alg_values_supported"`
	UserInfoAlgs      []string `json:"userinfo_signing_alg_values_supported"`
	RequestObjectAlgs []string `json:"request_object_signing_alg_values_supported"`
	AuthorizationAlgs []string `json:"authorization_signing_alg_values_supported"`
	IntrospectionAlgs []string `json:"introspection_signing_alg_values_supported"`
	DPoPAlgs          []string `json:"dpop_signing_alg_values_supported"`

	TokenAuth             []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs         []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuth     []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAuthAlgs []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationAuth        []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgs    []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`

	ClaimsParameter     bool `json:"claims_parameter_supported"`
	RequestParameter    bool `json:"request_parameter_supported"`
	RequestURI          bool `json:"request_uri_parameter_supported"`
	RegisterRequestURI  bool `json:"require_request_uri_registration"`
	RequirePAR          bool `json:"require_pushed_authorization_requests"`
	IssInResponse       bool `json:"authorization_response_iss_parameter_supported"`
	CertificateBound    bool `json:"tls_client_certificate_bound_access_tokens"`
	BackchannelLogout   bool `json:"backchannel_logout_supported"`
	BackchannelSession  bool `json:"backchannel_logout_session_supported"`
	FrontchannelLogout  bool `json:"frontchannel_logout_supported"`
	FrontchannelSession bool `json:"frontchannel_logout_session_supported"`
}

// aliases are the endpoints where apps show their certificates (RFC 8705 section
// 5).
type aliases struct {
	Token         string `json:"token_endpoint"`
	UserInfo      string `json:"userinfo_endpoint"`
	Introspection string `json:"introspection_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
	PAR           string `json:"pushed_authorization_request_endpoint"`
	Device        string `json:"device_authorization_endpoint"`
}

// The methods of client authentication that are always there, that of public
// apps apart.
var (
	authMethods    = []string{identity.AuthBasic, identity.AuthPost, identity.AuthPrivateKeyJWT}
	asymmetricAlgs = []string{"ES256", "PS256", "EdDSA", "RS256"}
)

// discovery publishes what the provider of an organisation can do.
func (p *Provider) discovery(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	if r.Method == http.MethodOptions {
		preflightOpen(w)
		return
	}
	d, err := p.of(r.Context(), &p.discoveries, org.ID, func() (any, error) { return p.describe(r.Context(), org) })
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	d.write(w, r, "application/json", "public, max-age=300")
}

// describe says all that the provider of an organisation can do.
func (p *Provider) describe(ctx context.Context, org identity.Organisation) (metadata, error) {
	s, err := p.apps.Provider(ctx, org.ID)
	if err != nil {
		return metadata{}, err
	}
	claims, err := p.claims.Names(ctx, org.ID)
	if err != nil {
		return metadata{}, err
	}
	scopes, err := p.claims.Scopes(ctx, org.ID)
	if err != nil {
		return metadata{}, err
	}
	iss := p.issuer(org)
	m := metadata{
		Issuer: iss, Authorization: iss + "/oauth2/authorize", Token: iss + "/oauth2/token",
		UserInfo: iss + "/oauth2/userinfo", JWKS: iss + "/oauth2/jwks", Introspection: iss + "/oauth2/introspect",
		Revocation: iss + "/oauth2/revoke", PAR: iss + "/oauth2/par", Device: iss + "/oauth2/device_authorization",
		EndSession: iss + "/oauth2/logout",

		Claims: withProtocolClaims(claims), ClaimTypes: []string{"normal"},
		ResponseTypes: request.ResponseTypes(s.Legacy), ResponseModes: request.Modes(), GrantTypes: grantTypes(s.Legacy),
		ACRValues: signin.ACRValues(), SubjectTypes: []string{"public", "pairwise"},
		Prompts: []string{"none", "login", "consent", "select_account"}, Displays: []string{"page", "popup"},
		UILocales:  p.ui.Languages(),
		Challenges: []string{"S256"},

		IDTokenAlgs: token.Algorithms, UserInfoAlgs: token.Algorithms, AuthorizationAlgs: token.Algorithms,
		IntrospectionAlgs: token.Algorithms, RequestObjectAlgs: request.ObjectAlgs(), DPoPAlgs: token.DPoPAlgorithms,

		ClaimsParameter: true, RequestParameter: true, RequestURI: true, RegisterRequestURI: true,
		IssInResponse: true, CertificateBound: p.certificates,
		BackchannelLogout: true, BackchannelSession: true, FrontchannelLogout: true, FrontchannelSession: true,
	}
	// Scopes that nobody can consent to are told in the documentation: whoever is
	// given one is told so by an administrator.
	for _, s := range identity.Scopes() {
		if !s.Privileged || s.Name == "scim" {
			m.Scopes = append(m.Scopes, s.Name)
		}
	}
	m.Scopes = append(m.Scopes, scopes...)
	if s.Registration != app.RegistrationOff && s.Registration != "" {
		m.Registration = iss + "/oauth2/register"
	}
	if s.Legacy.UnsignedRequestURI {
		m.RequestObjectAlgs = append(m.RequestObjectAlgs, "none")
	}
	if at := p.mtls + base(org) + "/oauth2/"; p.mtls != "" && p.certificates {
		m.Aliases = &aliases{at + "token", at + "userinfo", at + "introspect", at + "revoke", at + "par", at + "device_authorization"}
	}
	methods, algs := slices.Clone(authMethods), asymmetricAlgs
	if p.certificates {
		methods = append(methods, identity.AuthSelfSignedTLS)
	}
	if p.certificates && p.authorities {
		methods = append(methods, identity.AuthTLS)
	}
	if s.Legacy.SecretJWT {
		methods = append(methods, identity.AuthSecretJWT)
		algs = append(slices.Clone(algs), "HS256")
	}
	m.IntrospectionAuth, m.IntrospectionAuthAlgs = methods, algs
	m.TokenAuth, m.TokenAuthAlgs = append(slices.Clone(methods), identity.AuthNone), algs
	m.RevocationAuth, m.RevocationAuthAlgs = m.TokenAuth, algs
	return m, nil
}

func grantTypes(l app.Legacy) []string {
	out := []string{identity.GrantCode, identity.GrantRefresh, identity.GrantClientCredentials,
		identity.GrantDevice, identity.GrantExchange, identity.GrantJWTBearer}
	if l.Implicit || l.Hybrid {
		out = append(out, identity.GrantImplicit)
	}
	if l.Password {
		out = append(out, identity.GrantPassword)
	}
	return out
}

// withProtocolClaims adds the claims that tokens carry besides those about the
// person.
func withProtocolClaims(names []string) []string {
	out := append(slices.Clone(names), strings.Fields("acr amr aud auth_time exp iat iss nonce sid sub")...)
	slices.Sort(out)
	return slices.Compact(out)
}
