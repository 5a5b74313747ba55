package identity

import (
	"encoding/json"
	"slices"
	"time"
)

// An App is an OAuth client: an application that people sign in to, or a
// service account, which acts for itself. Its settings follow RFC 7591.
type App struct {
	Org      OrgID
	ID       ID
	ClientID string // what names it on the wire; unique in its organisation
	Disabled bool
	Created  time.Time
	Modified time.Time
	Version  int64
	// RegistrationHash is the keyed hash of the registration access token of an
	// app that registered itself (RFC 7592), nil for others.
	RegistrationHash []byte
	AppSettings
	Secrets []AppSecret // oldest first; never stored with the settings
}

// An AppSecret is one client secret. An app may have several that overlap.
type AppSecret struct {
	ID      ID
	Hash    []byte // keyed hash of the text, 32 bytes
	Sealed  []byte // the text, only where client_secret_jwt needs it
	Prefix  string // first characters of the text, to recognise it by
	Created time.Time
	Expires time.Time // zero: never
	Revoked time.Time // zero: not revoked; may lie ahead
}

// Alive reports whether the secret opens its app at a time.
func (s AppSecret) Alive(at time.Time) bool {
	return (s.Expires.IsZero() || at.Before(s.Expires)) && (s.Revoked.IsZero() || at.Before(s.Revoked))
}

// AppSettings are all that can be set of an app, stored as one JSON document.
// Where a field has a counterpart in a registration request, its key is that
// of the registry "OAuth Dynamic Client Registration Metadata".
type AppSettings struct {
	Name      string   `json:"client_name,omitempty"`
	LogoURI   string   `json:"logo_uri,omitempty"`
	ClientURI string   `json:"client_uri,omitempty"`
	PolicyURI string   `json:"policy_uri,omitempty"`
	TOSURI    string   `json:"tos_uri,omitempty"`
	Contacts  []string `json:"contacts,omitempty"`
	// Type is "web", "spa", "native" or "service". A web app and a service are
	// confidential.
	Type AppType `json:"application_type,omitempty"`

	RedirectURIs           []string `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris,omitempty"`
	RequestURIs            []string `json:"request_uris,omitempty"`
	Origins                []string `json:"origins,omitempty"` // that may call the token endpoint by CORS

	AuthMethod    string          `json:"token_endpoint_auth_method,omitempty"`
	AuthAlg       string          `json:"token_endpoint_auth_signing_alg,omitempty"`
	JWKS          json.RawMessage `json:"jwks,omitempty"`
	JWKSURI       string          `json:"jwks_uri,omitempty"`
	TLSSubjectDN  string          `json:"tls_client_auth_subject_dn,omitempty"`
	TLSSANDNS     string          `json:"tls_client_auth_san_dns,omitempty"`
	TLSSANURI     string          `json:"tls_client_auth_san_uri,omitempty"`
	TLSSANIP      string          `json:"tls_client_auth_san_ip,omitempty"`
	TLSSANEmail   string          `json:"tls_client_auth_san_email,omitempty"`
	LaxAudience   bool            `json:"lax_assertion_audience,omitempty"` // accept the token endpoint as audience of an assertion
	GrantTypes    []string        `json:"grant_types,omitempty"`
	ResponseTypes []string        `json:"response_types,omitempty"`
	Scopes        []string        `json:"scopes,omitempty"`    // that it may ask for
	Resources     []string        `json:"resources,omitempty"` // audiences that it may ask for (RFC 8707)

	SubjectType         string `json:"subject_type,omitempty"` // "public" or "pairwise"
	SectorIdentifierURI string `json:"sector_identifier_uri,omitempty"`
	Sector              string `json:"sector,omitempty"` // host by which pairwise subjects are made, computed

	IDTokenAlg        string `json:"id_token_signed_response_alg,omitempty"`
	UserInfoAlg       string `json:"userinfo_signed_response_alg,omitempty"`
	RequestObjectAlg  string `json:"request_object_signing_alg,omitempty"`
	AuthorizationAlg  string `json:"authorization_signed_response_alg,omitempty"`
	IntrospectionAlg  string `json:"introspection_signed_response_alg,omitempty"`
	AccessTokenAlg    string `json:"access_token_signing_alg,omitempty"`
	OpaqueAccessToken bool   `json:"opaque_access_token,omitempty"`
	// ScopesClaim has access tokens say their scopes a second time, as the list
	// "scopes", which is where some libraries look for them.
	ScopesClaim bool `json:"scopes_claim,omitempty"`

	RequirePKCE          bool `json:"require_pkce,omitempty"`
	RequirePAR           bool `json:"require_pushed_authorization_requests,omitempty"`
	RequireRequestObject bool `json:"require_signed_request_object,omitempty"`
	DPoPBound            bool `json:"dpop_bound_access_tokens,omitempty"`
	CertificateBound     bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	// FAPI holds the app to the FAPI 2.0 Security Profile: PAR, sender-constrained
	// tokens, PS256/ES256/EdDSA, no rotation of refresh tokens.
	FAPI bool `json:"fapi,omitempty"`
	// KeepRefreshToken leaves refresh tokens as they are when they are used. Those
	// of public apps are always rotated.
	KeepRefreshToken bool `json:"keep_refresh_token,omitempty"`

	DefaultMaxAge    *int64   `json:"default_max_age,omitempty"` // seconds
	RequireAuthTime  bool     `json:"require_auth_time,omitempty"`
	DefaultACRValues []string `json:"default_acr_values,omitempty"`
	InitiateLoginURI string   `json:"initiate_login_uri,omitempty"`

	BackchannelLogoutURI      string `json:"backchannel_logout_uri,omitempty"`
	BackchannelLogoutSession  bool   `json:"backchannel_logout_session_required,omitempty"`
	FrontchannelLogoutURI     string `json:"frontchannel_logout_uri,omitempty"`
	FrontchannelLogoutSession bool   `json:"frontchannel_logout_session_required,omitempty"`

	// Trusted apps are the organisation's own: people are not asked for consent.
	Trusted bool `json:"trusted,omitempty"`
	// Exchange lists the audiences for which the app may exchange tokens of
	// others (RFC 8693); empty: none.
	Exchange []string `json:"exchange,omitempty"`
	Owners   []string `json:"owners,omitempty"` // ids of users
	Groups   []string `json:"groups,omitempty"` // ids of groups whose members may use it; empty: everybody
	// Connection is the id of the SCIM connection that the app's tokens with the
	// scope "scim" stand for.
	Connection string `json:"connection,omitempty"`

	AccessTokenSeconds  int64 `json:"access_token_seconds,omitempty"`  // 0: the organisation's
	RefreshTokenSeconds int64 `json:"refresh_token_seconds,omitempty"` // 0: the organisation's

	SoftwareID      string `json:"software_id,omitempty"`
	SoftwareVersion string `json:"software_version,omitempty"`
}

// An AppType says where an app runs, and so whether it can keep a secret.
type AppType string

// The types of app.
const (
	WebApp     AppType = "web"
	SPA        AppType = "spa"
	NativeApp  AppType = "native"
	ServiceApp AppType = "service"
)

// Public reports whether the app cannot authenticate itself.
func (a *App) Public() bool { return a.AuthMethod == AuthNone }

// Allows reports whether the app may use a grant type.
func (a *App) Allows(grantType string) bool { return slices.Contains(a.GrantTypes, grantType) }

// The methods by which an app authenticates itself.
const (
	AuthNone          = "none"
	AuthBasic         = "client_secret_basic"
	AuthPost          = "client_secret_post"
	AuthSecretJWT     = "client_secret_jwt"
	AuthPrivateKeyJWT = "private_key_jwt"
	AuthTLS           = "tls_client_auth"
	AuthSelfSignedTLS = "self_signed_tls_client_auth"
)

// The grant types.
const (
	GrantCode              = "authorization_code"
	GrantImplicit          = "implicit"
	GrantRefresh           = "refresh_token"
	GrantClientCredentials = "client_credentials"
	GrantPassword          = "password"
	GrantDevice            = "urn:ietf:params:oauth:grant-type:device_code"
	GrantExchange          = "urn:ietf:params:oauth:grant-type:token-exchange"
	GrantJWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)
