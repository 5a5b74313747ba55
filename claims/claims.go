// Package claims says who a person is in the words of OpenID Connect: it makes
// claims out of the SCIM document of a user, as scopes and the parameter
// "claims" ask for them and as the organisation maps them.
package claims

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/memo"
)

// A Want says which claims are wanted: those of the scopes, and those that were
// asked for by name.
type Want struct {
	Scopes []string
	Asked  Asked // of the place that the claims go to, the ID token or UserInfo

	held Held // see Prepare
}

// A Person is what was read of a user to make claims of.
type Person struct {
	User   identity.ID
	Active bool // false: no token may be made for the person

	org      identity.Organisation
	want     Want
	names    map[string]bool
	rules    *rules
	modified time.Time
	doc      schema.Object
	groups   []store.GroupRow
	verified map[string]time.Time
}

// A Service makes claims. It is safe for use by many goroutines at once.
type Service struct {
	// Roles tells what roles a person has; it is set before anything is asked, or
	// never: then the document of the person alone tells.
	Roles func(ctx context.Context, org identity.OrgID, user identity.ID) (Held, error)

	db    *store.DB
	known memo.Map[identity.OrgID, *rules]
}

// New makes a Service.
func New(db *store.DB) *Service { return &Service{db: db} }

// Of reads a person and returns the claims that are wanted, without "sub". It is
// NotFound if the user is gone and Denied if the user is not active.
func (s *Service) Of(ctx context.Context, org identity.Organisation, user identity.ID, want Want) (map[string]any, error) {
	rules, err := s.rules(ctx, org.ID)
	if err != nil {
		return nil, err
	}
	if want, err = s.Prepare(ctx, org.ID, user, want); err != nil {
		return nil, err
	}
	var p *Person
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		p, err = load(ctx, tx, rules, org, user, want)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !p.Active {
		return nil, identity.NewError(identity.Denied, "", "The user is not active.")
	}
	return p.Claims(), nil
}

// userType is the resource type of people.
const userType = "User"

// Load reads of a person what is wanted, inside of a transaction or view. It
// returns NotFound if there is no such user; one who is not active is returned.
// It reads the organisation's mappings each time; Of remembers them.
func (s *Service) Load(ctx context.Context, tx *store.Tx, org identity.Organisation, user identity.ID, want Want) (*Person, error) {
	rules, err := readRules(ctx, tx, org.ID)
	if err != nil {
		return nil, err
	}
	return load(ctx, tx, rules, org, user, want)
}

func load(ctx context.Context, tx *store.Tx, rules *rules, org identity.Organisation, user identity.ID, want Want) (*Person, error) {
	r, err := tx.Get(ctx, org.ID, userType, user)
	if err != nil {
		return nil, err
	}
	p := &Person{User: user, org: org, want: want, names: rules.wanted(want), rules: rules, modified: r.Modified}
	if p.doc, err = rules.user.Load(r.Doc); err != nil {
		return nil, err
	}
	active, said := p.doc["active"].(bool)
	p.Active = active || !said
	if p.names["groups"] && r.Grouped {
		if p.groups, err = tx.Groups(ctx, org.ID, user); err != nil {
			return nil, err
		}
	}
	if p.names["email_verified"] || p.names["phone_number_verified"] {
		p.verified, err = tx.Verified(ctx, org.ID, user)
	}
	return p, err
}

// Claims returns the claims that were wanted, without "sub". What the person has
// no value for is left out.
func (p *Person) Claims() map[string]any {
	out := make(map[string]any, len(p.names))
	for name := range p.names {
		v := p.claim(name)
		if v == nil {
			continue
		}
		if ask := p.want.Asked[name]; ask != nil && !ask.accepts(v) {
			continue
		}
		out[name] = v
	}
	p.addHeld(out)
	return out
}

// claim returns the value of a claim, nil if there is none.
func (p *Person) claim(name string) any {
	if m := p.rules.byClaim[name]; m != nil {
		return m.value(p.doc)
	}
	if make := standard[name]; make != nil {
		return make(p)
	}
	return nil
}

// Subject is the "sub" of a user for an app: the user's id, or for an app with
// pairwise subjects a keyed hash of it that apps of other sectors cannot compare
// (OpenID Connect Core section 8.1).
func Subject(keys *secret.Keys, app *identity.App, user identity.ID) string {
	if app.SubjectType != "pairwise" {
		return user.String()
	}
	data := append([]byte(app.Sector), 0)
	data = append(append(data, app.Org[:]...), user[:]...)
	return base64.RawURLEncoding.EncodeToString(keys.MAC("pairwise subject", data))
}
