package people

import (
	"context"
	"maps"

	"github.com/muster-id/muster/identity"
)

// The classifiers of the preferences that stand in the document of a user, where
// sign-in and claims read them.
const (
	Locale   = "internal:locale"
	Language = "internal:localLanguage"
)

// attributes are what holds these preferences.
var attributes = map[string]string{Locale: "locale", Language: "preferredLanguage"}

// Preferences returns the preferences of a user, or of an app that acts for
// itself, by classifier.
func (d Desk) Preferences(ctx context.Context, org identity.OrgID, typ identity.SubjectType, owner identity.ID) (map[string]string, error) {
	p, err := d.Directory.Preferences(ctx, org, owner)
	if err != nil || typ != identity.UserSubject {
		return p, err
	}
	u, err := d.User(ctx, org, owner.String())
	for name, value := range map[string]string{Locale: u.Locale, Language: u.Language} {
		if value != "" {
			p[name] = value
		}
	}
	return p, err
}

// SetPreferences changes preferences of a user, or of an app; an empty value
// removes one. What stands in the document is written first.
func (d Desk) SetPreferences(ctx context.Context, by identity.Actor, typ identity.SubjectType, owner identity.ID, change map[string]string) error {
	rest, doc := maps.Clone(change), map[string]string{}
	for name, attribute := range attributes {
		if value, ok := rest[name]; ok && typ == identity.UserSubject {
			doc[attribute] = value
			delete(rest, name)
		}
	}
	if len(doc) > 0 {
		if err := d.setUser(ctx, by, owner, doc); err != nil {
			return err
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return d.Directory.SetPreferences(ctx, by.Org, owner, rest)
}
