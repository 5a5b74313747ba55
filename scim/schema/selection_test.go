package schema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/scim/schema"
)

const selectable = `{` + core + `,"id":"1","externalId":"x","userName":"a","password":"p","displayName":"D",` +
	`"name":{"familyName":"F","givenName":"G"},"emails":[{"value":"e","type":"work"},{"type":"home"}],` +
	`"groups":[{"value":"g","display":"Group"}],` + enterprise + `:{"department":"D","manager":{"value":"m","displayName":"M"}},` +
	`"meta":{"created":"c","location":"l"}}`

func TestSelection(t *testing.T) {
	head := core + `,"id":"1"`
	for phrase, c := range map[string]struct {
		attributes, excluded []string
		want                 string
	}{
		"the default is all but the password": {nil, nil, `{` + head + `,"externalId":"x","userName":"a","displayName":"D","name":{"familyName":"F","givenName":"G"},"emails":[{"value":"e","type":"work"},{"type":"home"}],"groups":[{"value":"g","display":"Group"}],` + enterprise + `:{"department":"D","manager":{"value":"m","displayName":"M"}},"meta":{"created":"c","location":"l"}}`},
		"a password is never sent":            {[]string{"PASSWORD", "name.familyName"}, nil, `{` + head + `,"name":{"familyName":"F"}}`},
		"names in any case":                   {[]string{"USERNAME", "Emails.VALUE"}, nil, `{` + head + `,"userName":"a","emails":[{"value":"e"}]}`},
		"a list in one value":                 {[]string{"userName, displayName"}, nil, `{` + head + `,"userName":"a","displayName":"D"}`},
		"whole and part":                      {[]string{"name.givenName", "name"}, nil, `{` + head + `,"name":{"familyName":"F","givenName":"G"}}`},
		"qualified by the core URN":           {[]string{"urn:ietf:params:scim:schemas:core:2.0:user:NAME.givenname"}, nil, `{` + head + `,"name":{"givenName":"G"}}`},
		"of the extension":                    {[]string{schema.EnterpriseURN + ":department"}, nil, `{` + head + `,` + enterprise + `:{"department":"D"}}`},
		"part of one of the extension":        {[]string{schema.EnterpriseURN + ":manager.value"}, nil, `{` + head + `,` + enterprise + `:{"manager":{"value":"m"}}}`},
		"the whole extension":                 {[]string{schema.EnterpriseURN}, nil, `{` + head + `,` + enterprise + `:{"department":"D","manager":{"value":"m","displayName":"M"}}}`},
		"meta":                                {[]string{"meta.created"}, nil, `{` + head + `,"meta":{"created":"c"}}`},
		"a row attribute":                     {[]string{"groups.display"}, nil, `{` + head + `,"groups":[{"display":"Group"}]}`},
		"only what there is not":              {[]string{"nope", "title", "name.nope", "urn:x:y:z", "name."}, nil, `{` + head + `}`},
		"id cannot be left out":               {nil, []string{"id", "schemas", "displayName", "name", "emails", "groups", "meta", "externalId", schema.EnterpriseURN}, `{` + head + `,"userName":"a"}`},
		"all of the core schema":              {nil, []string{schema.UserURN, "meta", schema.EnterpriseURN + ":manager"}, `{` + head + `,"externalId":"x",` + enterprise + `:{"department":"D"}}`},
		"parts left out":                      {nil, []string{"emails.type", "name.givenName", "meta.location", "groups", "displayname", schema.EnterpriseURN + ":manager.displayName"}, `{` + head + `,"externalId":"x","userName":"a","name":{"familyName":"F"},"emails":[{"value":"e"}],` + enterprise + `:{"department":"D","manager":{"value":"m"}},"meta":{"created":"c"}}`},
	} {
		t.Run(phrase, func(t *testing.T) {
			s, err := schema.NewSelection(userType(), c.attributes, c.excluded)
			if err != nil {
				t.Fatal(err)
			}
			o := canonical(t, userType(), selectable)
			if diff := cmp.Diff(canonical(t, userType(), c.want), s.Apply(o)); diff != "" {
				t.Errorf("attributes=%q excluded=%q: -want +got\n%s", c.attributes, c.excluded, diff)
			}
			if !schema.Equal(o, canonical(t, userType(), selectable)) {
				t.Errorf("Apply changed its argument: %v", o)
			}
		})
	}
}

func TestSelectionOfWhatIsReturnedOnRequest(t *testing.T) {
	rt := mixed(t)
	o := canonical(t, rt, `{`+thing+`,"hidden":"h","parts":[{"value":"v","price":1,"pin":"p"}]}`)
	for phrase, c := range map[string]struct {
		attributes, excluded []string
		want                 string
	}{
		"by default":           {nil, nil, `{` + thing + `,"parts":[{"value":"v"}]}`},
		"asked for":            {[]string{"hidden", "parts.price"}, nil, `{"schemas":["urn:example:Thing"],"hidden":"h","parts":[{"price":1}]}`},
		"with its parent":      {[]string{"parts", "parts.price"}, nil, `{"schemas":["urn:example:Thing"],"parts":[{"value":"v","price":1}]}`},
		"its parent alone":     {[]string{"parts"}, nil, `{"schemas":["urn:example:Thing"],"parts":[{"value":"v"}]}`},
		"a secret part":        {[]string{"parts.pin"}, nil, `{"schemas":["urn:example:Thing"]}`},
		"something left out":   {nil, []string{"label"}, `{"schemas":["urn:example:Thing"],"serial":"S","parts":[{"value":"v"}]}`},
		"the schema as a name": {[]string{"urn:example:Thing"}, nil, `{` + thing + `,"parts":[{"value":"v"}]}`},
	} {
		s, err := schema.NewSelection(rt, c.attributes, c.excluded)
		if err != nil {
			t.Fatal(err)
		}
		if s.Whole() || s.Document() {
			t.Errorf("%s: Whole = %v, Document = %v, but a stored document holds what was not asked for", phrase, s.Whole(), s.Document())
		}
		if diff := cmp.Diff(canonical(t, rt, c.want), s.Apply(o)); diff != "" {
			t.Errorf("%s: -want +got\n%s", phrase, diff)
		}
	}
}

func TestSelectionRefusesBothParameters(t *testing.T) {
	if _, err := schema.NewSelection(userType(), []string{"userName"}, []string{"title"}); fault(err) != schema.InvalidValue {
		t.Errorf("both parameters: %v, want invalidValue", err)
	}
	if _, err := schema.NewSelection(userType(), []string{"userName"}, []string{" ", ","}); err != nil {
		t.Errorf("a blank second parameter: %v", err)
	}
}

func TestSelectionShortcuts(t *testing.T) {
	group := schema.Standard().TypeByName("Group")
	for phrase, c := range map[string]struct {
		attributes, excluded []string
		whole, document      bool
		members, meta        bool
	}{
		"nothing":        {nil, nil, true, true, true, true},
		"blanks":         {[]string{""}, []string{" ,"}, true, true, true, true},
		"no members":     {nil, []string{"MEMBERS"}, false, true, false, true},
		"no meta":        {nil, []string{"meta", "id"}, false, true, true, false},
		"no name":        {nil, []string{"displayName"}, false, false, true, true},
		"unknown ones":   {nil, []string{"nope"}, true, true, true, true},
		"part of a row":  {nil, []string{"members.display"}, false, true, true, true},
		"members only":   {[]string{"members.value"}, nil, false, false, true, false},
		"name only":      {[]string{"displayName"}, nil, false, false, false, false},
		"unknown wanted": {[]string{"nope"}, nil, false, false, false, false},
	} {
		s, err := schema.NewSelection(group, c.attributes, c.excluded)
		if err != nil {
			t.Fatal(err)
		}
		if s.Whole() != c.whole || s.Document() != c.document || s.Wants("members") != c.members || s.Wants("META") != c.meta {
			t.Errorf("%s: whole %v, document %v, members %v, meta %v; want %v", phrase, s.Whole(), s.Document(), s.Wants("members"), s.Wants("META"), c)
		}
	}
	s, _ := schema.NewSelection(group, []string{"members.value"}, nil)
	if !s.Wants("members.value") || s.Wants("members.display") || s.Wants("nope") {
		t.Errorf("members.value %v, members.display %v, nope %v", s.Wants("members.value"), s.Wants("members.display"), s.Wants("nope"))
	}
}
