package app

import (
	"context"

	"github.com/muster-id/muster/identity"
)

// A Provider is how an organisation's identity provider behaves. Zero durations
// mean the default that stands beside them.
type Provider struct {
	Legacy       Legacy             `json:"legacy,omitzero"`
	Registration RegistrationPolicy `json:"registration,omitempty"` // "": off
	// RegistrationScopes are what apps that register themselves may ask for;
	// empty: every scope that is not privileged.
	RegistrationScopes []string `json:"registration_scopes,omitempty"`
	// AllowedSoftware lists the software_ids that may register; empty: all.
	AllowedSoftware []string `json:"allowed_software,omitempty"`
	// RequirePKCE holds apps that register themselves to PKCE. Public apps and
	// those of our own API are always held to it.
	RequirePKCE bool `json:"require_pkce,omitempty"`

	AccessTokenSeconds   int64 `json:"access_token_seconds,omitempty"`   // 600
	RefreshIdleSeconds   int64 `json:"refresh_idle_seconds,omitempty"`   // 30 days
	RefreshLengthSeconds int64 `json:"refresh_length_seconds,omitempty"` // 90 days
	CodeSeconds          int64 `json:"code_seconds,omitempty"`           // 60
	PARSeconds           int64 `json:"par_seconds,omitempty"`            // 60
	DeviceSeconds        int64 `json:"device_seconds,omitempty"`         // 600
}

// Legacy are ways that we know better than to recommend. All are off unless an
// organisation needs them.
type Legacy struct {
	Implicit              bool `json:"implicit,omitempty"`                // response types "id_token" and "id_token token"
	Hybrid                bool `json:"hybrid,omitempty"`                  // response types "code id_token", …
	UnsignedRequestURI    bool `json:"unsigned_request_uri,omitempty"`    // request objects by reference with alg none
	TokenEndpointAudience bool `json:"token_endpoint_audience,omitempty"` // in client assertions of every app
	SecretJWT             bool `json:"secret_jwt,omitempty"`              // client_secret_jwt
	Password              bool `json:"password,omitempty"`                // grant type "password"
}

// A RegistrationPolicy says who may register an app by RFC 7591.
type RegistrationPolicy string

// The registration policies.
const (
	RegistrationOff   RegistrationPolicy = "off"
	RegistrationToken RegistrationPolicy = "token" // with an initial access token
	RegistrationOpen  RegistrationPolicy = "open"
)

// Provider returns the settings of an organisation with the defaults filled in.
// They are remembered while store.DB.Epoch lasts; the lists in them must not be
// changed.
func (s *Service) Provider(ctx context.Context, org identity.OrgID) (Provider, error) {
	panic("not yet")
}

// SetProvider stores the settings of an organisation.
func (s *Service) SetProvider(ctx context.Context, by identity.Actor, org identity.OrgID, p Provider) error {
	panic("not yet")
}
