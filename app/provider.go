package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
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

// setting is the name under which an organisation's Provider is stored.
const setting = "provider"

// Provider returns the settings of an organisation with the defaults filled in.
// They are remembered while store.DB.Epoch lasts; the lists in them must not be
// changed.
func (s *Service) Provider(ctx context.Context, org identity.OrgID) (p Provider, err error) {
	epoch, err := s.db.Epoch(ctx)
	if err != nil {
		return p, err
	}
	if p, ok := s.providers.Get(epoch, org); ok {
		return p, nil
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err = storedProvider(ctx, tx, org)
		return err
	})
	if err != nil {
		return Provider{}, err
	}
	p = p.withDefaults()
	s.providers.Put(epoch, org, p)
	return p, nil
}

func storedProvider(ctx context.Context, tx *store.Tx, org identity.OrgID) (p Provider, err error) {
	doc, err := tx.OrgSetting(ctx, org, setting)
	if err != nil || doc == nil {
		return p, err
	}
	if err := json.Unmarshal(doc, &p); err != nil {
		return p, fmt.Errorf("read the provider settings of %s: %w", org, err)
	}
	return p, nil
}

func (p Provider) withDefaults() Provider {
	if p.Registration == "" {
		p.Registration = RegistrationOff
	}
	for _, d := range []struct {
		field *int64
		value int64
	}{
		{&p.AccessTokenSeconds, 600}, {&p.RefreshIdleSeconds, 30 * 86400}, {&p.RefreshLengthSeconds, 90 * 86400},
		{&p.CodeSeconds, 60}, {&p.PARSeconds, 60}, {&p.DeviceSeconds, 600},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return p
}

// SetProvider stores the settings of an organisation.
func (s *Service) SetProvider(ctx context.Context, by identity.Actor, org identity.OrgID, p Provider) error {
	if err := p.check(); err != nil {
		return err
	}
	doc, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("store the provider settings of %s: %w", org, err)
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Organisation(ctx, org); err != nil {
			return err
		}
		old, err := storedProvider(ctx, tx, org)
		if err != nil {
			return err
		}
		before, _ := json.Marshal(old) // was read from JSON
		if bytes.Equal(before, doc) {
			return nil
		}
		if err := tx.PutOrgSetting(ctx, org, setting, doc); err != nil {
			return err
		}
		row := s.change(by, identity.Patched, identity.App{Org: org, ID: identity.ID(org)}, identity.App{})
		row.Type, row.Paths = "Organisation", []string{setting}
		row.Diff, err = json.Marshal(map[string][2]json.RawMessage{setting: {before, doc}})
		if err != nil {
			return err
		}
		return tx.Record(ctx, row)
	})
}

// check reports why p cannot be the settings of an organisation.
func (p Provider) check() error {
	switch p.Registration {
	case "", RegistrationOff, RegistrationToken, RegistrationOpen:
	default:
		return identity.NewError(identity.Invalid, "registration", "Registration is off, token or open.")
	}
	for _, l := range []struct {
		field         string
		n, least, top int64
	}{
		{"access_token_seconds", p.AccessTokenSeconds, 10, 86400},
		{"refresh_idle_seconds", p.RefreshIdleSeconds, 60, maxSeconds},
		{"refresh_length_seconds", p.RefreshLengthSeconds, 60, maxSeconds},
		{"code_seconds", p.CodeSeconds, 5, 600},
		{"par_seconds", p.PARSeconds, 5, 600},
		{"device_seconds", p.DeviceSeconds, 30, 3600},
	} {
		if l.n != 0 && (l.n < l.least || l.n > l.top) {
			return identity.NewError(identity.Invalid, l.field, fmt.Sprintf("%s is between %d and %d.", l.field, l.least, l.top))
		}
	}
	full := p.withDefaults()
	if full.RefreshIdleSeconds > full.RefreshLengthSeconds {
		return identity.NewError(identity.Invalid, "refresh_idle_seconds", "A refresh token cannot idle for longer than it lives.")
	}
	if bad := privileged(p.RegistrationScopes); len(bad) > 0 {
		return identity.NewError(identity.Invalid, "registration_scopes", "Apps that register themselves can never have the scope "+bad[0]+".")
	}
	c := &checker{}
	c.list("registration_scopes", p.RegistrationScopes, validScope)
	c.list("allowed_software", p.AllowedSoftware, shortText)
	return refusal(c.faults)
}
