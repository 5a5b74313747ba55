package claims

import (
	"context"

	"github.com/muster-id/muster/identity"
)

// Settings are what an organisation decides about claims, stored as JSON.
type Settings struct {
	Mappings []Mapping `json:"mappings,omitempty"`
	// GroupIDs fills the claim "groups" with ids instead of names.
	GroupIDs bool `json:"group_ids,omitempty"`
}

// A Mapping fills a claim from an attribute of the user. It replaces the claim
// of that name that a person has otherwise.
type Mapping struct {
	Claim string `json:"claim"`
	Path  string `json:"path"`            // `urn:...:User:department`, `emails[type eq "work"].value`
	Scope string `json:"scope,omitempty"` // that releases it; "": only when it is asked for by name
	Type  Type   `json:"type,omitempty"`  // "": as the attribute has it
}

// A Type is the JSON type that a mapping makes of a value.
type Type string

// The types of claims.
const (
	String  Type = "string"
	Number  Type = "number"
	Boolean Type = "boolean"
	Array   Type = "array"
	JSON    Type = "json" // as it stands in the document
)

// MaxMappings is how many mappings an organisation may have.
const MaxMappings = 50

// ProfileURN is the schema that gives users birthdate, gender and website, of
// which claims are made where an organisation has added it.
const ProfileURN = "urn:muster:params:scim:schemas:extension:profile:2.0:User"

// ProfileSchema returns the document of that schema, for directory.AddSchema.
func ProfileSchema() []byte { panic("unfinished") }

// Settings returns the settings of an organisation.
func (s *Service) Settings(ctx context.Context, org identity.OrgID) (Settings, error) {
	panic("unfinished")
}

// SetSettings checks and stores the settings of an organisation.
func (s *Service) SetSettings(ctx context.Context, by identity.Actor, org identity.OrgID, set Settings) error {
	panic("unfinished")
}

// Names returns every claim that an organisation can release, sorted, for its
// discovery document.
func (s *Service) Names(ctx context.Context, org identity.OrgID) ([]string, error) {
	panic("unfinished")
}
