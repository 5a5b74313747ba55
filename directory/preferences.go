package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// preferencesKind is under which kind preferences stand among what the store
// keeps of a user beside the document. They go when the user goes.
const preferencesKind = "preferences"

// Limits of the preferences of one user.
const (
	maxPreferences     = 100
	maxPreferenceName  = 128
	maxPreferenceValue = 4 << 10
)

// Preferences returns what a user, or an app that acts for itself, has chosen of
// how things look: values by classifier, "internal:theme".
func (d *Directory) Preferences(ctx context.Context, org identity.OrgID, owner identity.ID) (p map[string]string, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		p, err = preferences(ctx, tx, org, owner)
		return err
	})
	return p, err
}

// SetPreferences changes some preferences; an empty value removes one.
func (d *Directory) SetPreferences(ctx context.Context, org identity.OrgID, owner identity.ID, change map[string]string) error {
	for name, value := range change {
		if err := checkPreference(name, value); err != nil {
			return err
		}
	}
	return d.db.Update(ctx, func(tx *store.Tx) error {
		p, err := preferences(ctx, tx, org, owner)
		if err != nil {
			return err
		}
		for name, value := range change {
			if value == "" {
				delete(p, name)
			} else {
				p[name] = value
			}
		}
		if len(p) > maxPreferences {
			return identity.NewError(identity.Invalid, "classifier", fmt.Sprintf("There can be at most %d preferences.", maxPreferences))
		}
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		return tx.PutCredential(ctx, org, owner, preferencesKind, text)
	})
}

func preferences(ctx context.Context, tx *store.Tx, org identity.OrgID, owner identity.ID) (map[string]string, error) {
	p := map[string]string{}
	text, err := tx.Credential(ctx, org, owner, preferencesKind)
	if identity.KindOf(err) == identity.NotFound {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("read the preferences of %s: %w", owner, err)
	}
	return p, nil
}

// checkPreference holds a classifier to the form "scope:name".
func checkPreference(name, value string) error {
	scope, rest, ok := strings.Cut(name, ":")
	word := func(s string) bool {
		return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
	}
	switch {
	case !ok || !word(scope) || !word(rest) || len(name) > maxPreferenceName:
		return identity.NewError(identity.Invalid, "classifier",
			fmt.Sprintf(`A classifier is "scope:name" of letters, digits, dots, hyphens and underscores, up to %d of them.`, maxPreferenceName))
	case len(value) > maxPreferenceValue:
		return identity.NewError(identity.Invalid, "value", fmt.Sprintf("The value of a preference has at most %d bytes.", maxPreferenceValue))
	}
	return nil
}
