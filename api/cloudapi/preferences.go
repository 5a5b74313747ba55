package cloudapi

import (
	"strings"

	"github.com/muster-id/muster/api/vmware/people"
	"github.com/muster-id/muster/identity"
)

// A preference is a value that somebody chose.
type preference struct {
	Classifier string `json:"classifier"`
	Name       string `json:"name"`
	Value      string `json:"value"`
}

var preferenceFields = fields{"classifier": {}, "name": {}, "value": {unsortable: true}}

// A definition says what a preference is for.
type definition struct {
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	Description   string   `json:"description"`
	Classifier    string   `json:"classifier"`
	DataType      string   `json:"dataType"`
	Constrained   bool     `json:"constrained"`
	MinValue      *string  `json:"minValue"`
	MaxValue      *string  `json:"maxValue"`
	DefaultValue  *string  `json:"defaultValue"`
	AllowedValues []string `json:"allowedValues"`
}

// definitions are those of the preferences that the server itself knows.
// Clients may keep others.
var definitions = []definition{
	{ID: people.Language, Name: "localLanguage", Description: "The language that somebody reads", Classifier: people.Language, DataType: "STRING", AllowedValues: []string{}},
	{ID: people.Locale, Name: "locale", Description: "How dates and numbers are written", Classifier: people.Locale, DataType: "STRING", AllowedValues: []string{}},
	{ID: "internal:theme", Name: "theme", Description: "How pages look", Classifier: "internal:theme", DataType: "STRING", Constrained: true, AllowedValues: []string{"Light", "Dark"}},
	{ID: "internal:defaultOrg", Name: "defaultOrg", Description: "The organisation that somebody begins in", Classifier: "internal:defaultOrg", DataType: "STRING", AllowedValues: []string{}},
}

func definitionOf(classifier string) (definition, bool) {
	for _, one := range definitions {
		if one.Classifier == classifier {
			return one, true
		}
	}
	return definition{}, false
}

// preferent finds whose preferences a request is about: those of the user of the
// path, or the caller's own. A provider has none in the organisation of others.
func (d *Door) preferent(c *call) (identity.SubjectType, identity.ID, error) {
	if c.r.PathValue("id") != "" {
		u, err := d.user(c)
		return identity.UserSubject, u.ID, err
	}
	typ, id := c.subject()
	if c.org.ID != c.bearer.Org.ID {
		return typ, id, errNothing
	}
	return typ, id, nil
}

func wirePreference(classifier, value string) preference {
	_, name, _ := strings.Cut(classifier, ":")
	return preference{classifier, name, value}
}

func (d *Door) listPreferences(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	typ, id, err := d.preferent(c)
	if err != nil {
		return err
	}
	have, err := d.people.Preferences(c.ctx, c.org.ID, typ, id)
	if err != nil {
		return err
	}
	all := make([]preference, 0, len(have))
	for classifier, value := range have {
		all = append(all, wirePreference(classifier, value))
	}
	return sendAll(d, c, listing{ask: a, model: "Preferences", fields: preferenceFields, usual: "classifier"}, all)
}

func (d *Door) getPreference(c *call) error {
	typ, id, err := d.preferent(c)
	if err != nil {
		return err
	}
	return d.sendPreference(c, typ, id)
}

func (d *Door) sendPreference(c *call, typ identity.SubjectType, id identity.ID) error {
	have, err := d.people.Preferences(c.ctx, c.org.ID, typ, id)
	if err != nil {
		return err
	}
	classifier := c.r.PathValue("classifier")
	value, ok := have[classifier]
	if !ok {
		return errNothing
	}
	return c.ok(wirePreference(classifier, value))
}

func (d *Door) putPreference(c *call) error {
	typ, id, err := d.preferent(c)
	if err != nil {
		return err
	}
	var in preference
	if err := c.readBody(&in); err != nil {
		return err
	}
	classifier := c.r.PathValue("classifier")
	if in.Classifier != "" && in.Classifier != classifier {
		return identity.NewError(identity.Invalid, "classifier", "The classifier of a preference cannot be changed.")
	}
	if in.Value == "" {
		return identity.NewError(identity.Invalid, "value", "A preference needs a value.")
	}
	if def, ok := definitionOf(classifier); ok && def.Constrained && !strings.Contains("|"+strings.Join(def.AllowedValues, "|")+"|", "|"+in.Value+"|") {
		return identity.NewError(identity.Invalid, "value", "The value is one of "+strings.Join(def.AllowedValues, ", ")+".")
	}
	by := c.by
	if c.own(id) { // one's own language is one's own, wherever it stands
		by.Perms = append(identity.Perms{identity.ResourcesWrite}, by.Perms...)
	}
	if err := d.people.SetPreferences(c.ctx, by, typ, id, map[string]string{classifier: in.Value}); err != nil {
		return err
	}
	return d.sendPreference(c, typ, id)
}

func (d *Door) listDefinitions(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	t := fields{"id": {unsortable: true}, "name": {}, "classifier": {}, "description": {}, "dataType": {}, "constrained": {}}
	return sendAll(d, c, listing{ask: a, model: "PreferenceDefinitions", fields: t, usual: "name"}, definitions)
}

func (d *Door) getDefinition(c *call) error {
	one, ok := definitionOf(c.r.PathValue("id"))
	if !ok {
		return errNothing
	}
	return c.ok(one)
}
