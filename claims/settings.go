package claims

import (
	"bytes"
	"context"
	_ "embed" // the schema of the profile
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// Settings are what an organisation decides about claims, stored as JSON.
type Settings struct {
	Mappings []Mapping `json:"mappings,omitempty"`
	// GroupIDs fills the claim "groups" with ids instead of names.
	GroupIDs bool `json:"group_ids,omitempty"`
}

// MaxMappings is how many mappings an organisation may have.
const MaxMappings = 50

// ProfileURN is the schema that gives users birthdate, gender and website, of
// which claims are made where an organisation has added it.
const ProfileURN = "urn:muster:params:scim:schemas:extension:profile:2.0:User"

//go:embed profile.json
var profileSchema []byte

// ProfileSchema returns the document of that schema, for directory.AddSchema.
func ProfileSchema() []byte { return bytes.Clone(profileSchema) }

// setting is the name under which an organisation's settings are stored.
const setting = "claims"

// Settings returns the settings of an organisation.
func (s *Service) Settings(ctx context.Context, org identity.OrgID) (Settings, error) {
	r, err := s.rules(ctx, org)
	if err != nil {
		return Settings{}, err
	}
	return Settings{Mappings: slices.Clone(r.set.Mappings), GroupIDs: r.set.GroupIDs}, nil
}

// SetSettings checks and stores the settings of an organisation.
func (s *Service) SetSettings(ctx context.Context, by identity.Actor, org identity.OrgID, set Settings) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		user, err := userOf(ctx, tx, org)
		if err != nil {
			return err
		}
		if _, err := bindAll(set.Mappings, user); err != nil {
			return err
		}
		old, err := tx.OrgSetting(ctx, org, setting)
		if err != nil {
			return err
		}
		doc, err := json.Marshal(set)
		if err != nil {
			return err
		}
		if bytes.Equal(old, doc) {
			return nil
		}
		if err := tx.PutOrgSetting(ctx, org, setting, doc); err != nil {
			return err
		}
		return tx.Record(ctx, changed(by, org, old, doc))
	})
}

// changed tells the change log of new settings.
func changed(by identity.Actor, org identity.OrgID, old, doc []byte) identity.Change {
	if old == nil {
		old = []byte("null")
	}
	return identity.Change{
		Org: org, ID: identity.NewID(), At: time.Now().UTC().Truncate(time.Millisecond), Kind: identity.Replaced,
		Actor: by.Kind, ActorID: by.ID, ActorName: by.Name, RequestID: by.RequestID,
		Type: "Setting", Paths: []string{setting},
		Diff: fmt.Appendf(nil, `{%q:[%s,%s]}`, setting, old, doc),
	}
}

// Names returns every claim that an organisation can release, sorted, for its
// discovery document.
func (s *Service) Names(ctx context.Context, org identity.OrgID) ([]string, error) {
	r, err := s.rules(ctx, org)
	if err != nil {
		return nil, err
	}
	all := append(slices.Collect(maps.Keys(standard)), "sub", "iss", "auth_time", "acr", "amr", "sid")
	all = append(all, slices.Collect(maps.Keys(r.byClaim))...)
	slices.Sort(all)
	return slices.Compact(all), nil
}

// Scopes returns the scopes that an organisation's mappings add to
// identity.Scopes, sorted.
func (s *Service) Scopes(ctx context.Context, org identity.OrgID) ([]string, error) {
	r, err := s.rules(ctx, org)
	if err != nil {
		return nil, err
	}
	var own []string
	for _, m := range r.set.Mappings {
		if _, ours := identity.ScopeNamed(m.Scope); m.Scope != "" && !ours {
			own = append(own, m.Scope)
		}
	}
	slices.Sort(own)
	return slices.Compact(own), nil
}

// rules are the settings of an organisation made ready.
type rules struct {
	set     Settings
	user    *schema.ResourceType
	byClaim map[string]*mapped
	byScope map[string][]string // the claims that a scope releases
}

// rules returns the rules of an organisation, which are remembered. It must not
// be called by who holds a connection: asking for the epoch may take another one,
// and all might be held by those who ask.
func (s *Service) rules(ctx context.Context, org identity.OrgID) (*rules, error) {
	epoch, err := s.db.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	if r, ok := s.known.Get(epoch, org); ok {
		return r, nil
	}
	var r *rules
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, err = readRules(ctx, tx, org)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.known.Put(epoch, org, r)
	return r, nil
}

func readRules(ctx context.Context, tx *store.Tx, org identity.OrgID) (*rules, error) {
	user, err := userOf(ctx, tx, org)
	if err != nil {
		return nil, err
	}
	doc, err := tx.OrgSetting(ctx, org, setting)
	if err != nil {
		return nil, err
	}
	r := &rules{user: user}
	if doc != nil {
		if err := json.Unmarshal(doc, &r.set); err != nil {
			return nil, fmt.Errorf("read the claims setting of %s: %w", org, err)
		}
	}
	r.prepare()
	return r, nil
}

// prepare binds the mappings. One whose attribute is gone with its schema has no
// value; it stays an error to store such a one anew.
func (r *rules) prepare() {
	r.byClaim, r.byScope = map[string]*mapped{}, map[string][]string{}
	for _, scope := range identity.Scopes() {
		r.byScope[scope.Name] = slices.Clone(scope.Claims)
	}
	for _, m := range r.set.Mappings {
		one, err := bind(m, r.user)
		if err != nil {
			one = &mapped{Mapping: m}
		}
		r.byClaim[m.Claim] = one
		if m.Scope != "" {
			r.byScope[m.Scope] = append(r.byScope[m.Scope], m.Claim)
		}
	}
}

// wanted returns the names of the claims that are wanted.
func (r *rules) wanted(want Want) map[string]bool {
	names := make(map[string]bool, 24)
	for _, scope := range want.Scopes {
		for _, name := range r.byScope[scope] {
			names[name] = true
		}
	}
	for name := range want.Asked {
		if standard[name] != nil || r.byClaim[name] != nil {
			names[name] = true
		}
	}
	delete(names, "sub")
	return names
}

// userOf returns the resource type of people as the organisation has it.
func userOf(ctx context.Context, tx *store.Tx, org identity.OrgID) (*schema.ResourceType, error) {
	rows, err := tx.Schemas(ctx, org)
	if err != nil {
		return nil, err
	}
	reg := schema.Standard()
	for _, row := range rows {
		if !strings.EqualFold(row.Type, userType) {
			continue
		}
		s, err := schema.Parse(row.Doc)
		if err != nil {
			return nil, fmt.Errorf("read stored schema %s: %w", row.ID, err)
		}
		if reg, err = reg.Extend(row.Type, s, row.Required); err != nil {
			return nil, fmt.Errorf("extend %s by %s: %w", row.Type, row.ID, err)
		}
	}
	return reg.TypeByName(userType), nil
}
