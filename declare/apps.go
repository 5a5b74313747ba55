package declare

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
)

// The settings of apps in which files have names for ids, and the one that is
// computed from others.
const (
	settingConnection = "connection"
	settingGroups     = "groups"
	settingOwners     = "owners"
	computed          = "sector"
)

// referring says of what kind the things are that settings refer to.
var referring = map[string]string{settingConnection: kindConnection, settingGroups: kindGroup, settingOwners: kindUser}

// textsOf reads a text, or a list of texts.
func textsOf(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			if text, ok := e.(string); ok {
				out = append(out, text)
			}
		}
	}
	return out
}

// settings returns what files have of the settings of an app.
func (s *Service) settings(ctx context.Context, w *world, of identity.AppSettings) (map[string]any, error) {
	out, err := mapOf(of)
	if err != nil {
		return nil, err
	}
	delete(out, computed)
	defaults := of
	app.Defaults(&defaults)
	full, err := mapOf(defaults)
	if err != nil {
		return nil, err
	}
	for name, v := range full { // what a new app would have is said to be absent
		if _, ok := out[name]; !ok && name != computed {
			out[name] = none(v)
		}
	}
	var owners []identity.ID
	for _, text := range of.Owners {
		if id, ok := identity.ParseID(text); ok {
			owners = append(owners, id)
		}
	}
	if err := s.userNames(ctx, w, owners); err != nil {
		return nil, err
	}
	for name := range referring {
		out[name] = exchange(out[name], func(text string) string {
			if id, ok := identity.ParseID(text); ok {
				return w.name(id)
			}
			return text
		})
	}
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out, nil
}

// none is the empty value of the type of v.
func none(v any) any {
	switch v.(type) {
	case bool:
		return false
	case []any:
		return []any{}
	}
	return ""
}

// exchange replaces the texts in a value.
func exchange(v any, with func(string) string) any {
	switch v := v.(type) {
	case string:
		return with(v)
	case []any:
		out := []any{}
		for _, text := range textsOf(v) {
			out = append(out, with(text))
		}
		return out
	}
	return v
}

// lay lays the settings of a file over those of an app.
func (m *maker) lay(over *identity.AppSettings, settings map[string]any) error {
	all, err := mapOf(over)
	if err != nil {
		return err
	}
	maps.Copy(all, settings)
	for name, kind := range referring {
		if _, given := settings[name]; given {
			all[name] = exchange(settings[name], func(text string) string {
				if id, ok := m.w.id(kind, text); ok {
					return id.String()
				}
				return text
			})
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	var next identity.AppSettings
	if err := strict(text, &next); err != nil {
		return err
	}
	*over = next
	return nil
}

// putApp makes an app or changes it. A new one is changed once more if its
// defaults are not what the file says; then its secret is told even if that
// fails, since a plan finds what is left.
func (m *maker) putApp(ctx context.Context, v App) (secret string, err error) {
	id, ok := m.w.id(kindApp, v.ClientID)
	change := func(s *identity.AppSettings) error { return m.lay(s, v.Settings) }
	if !ok {
		n := app.NewApp{ClientID: v.ClientID, WithoutPKCE: v.Settings["require_pkce"] == false}
		if err := change(&n.AppSettings); err != nil {
			return "", err
		}
		made, text, err := m.s.o.Apps.Create(ctx, m.by(), m.w.org.ID, n)
		if err != nil {
			return "", err
		}
		id, secret = made.ID, text
		m.w.note(kindApp, v.ClientID, id)
	}
	if _, err := m.s.o.Apps.Update(ctx, m.by(), m.w.org.ID, id, change); err != nil {
		return secret, err
	}
	if v.Disabled != nil {
		err = m.s.o.Apps.Disable(ctx, m.by(), m.w.org.ID, id, *v.Disabled)
	}
	return secret, err
}

func (m *maker) dropApp(ctx context.Context, id identity.ID) error {
	return m.s.o.Apps.Delete(ctx, m.by(), m.w.org.ID, id)
}

// normalApp has the settings of a file in the form of a world.
func (m *maker) normalApp(v App) App {
	v.Settings = maps.Clone(v.Settings)
	for name, kind := range referring {
		if given, ok := v.Settings[name]; ok {
			v.Settings[name] = exchange(given, func(text string) string { return m.w.spelled(kind, text) })
		}
	}
	return v
}
