package patch

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/scim/schema"
)

type object = schema.Object

const (
	enterprise = schema.EnterpriseURN
	ann        = `{"schemas":["` + schema.UserURN + `","` + enterprise + `"],"id":"1","userName":"ann","displayName":"Ann","title":"Dr","active":true,
		"name":{"givenName":"Ann","familyName":"Ash"},
		"emails":[{"value":"a@x.io","type":"work","primary":true},{"value":"b@x.io","type":"home"}],
		"addresses":[{"type":"home","locality":"Ulm"}],
		"` + enterprise + `":{"department":"R&D","manager":{"value":"7","$ref":"../Users/7"}}}`
	team = `{"schemas":["` + schema.GroupURN + `"],"id":"9","displayName":"Team","externalId":"E"}`
)

var (
	registry = schema.Standard()
	user     = registry.TypeByName("User")
	group    = registry.TypeByName("Group")
)

// load reads a document into canonical form with the read-only attributes that
// clients cannot send.
func load(t testing.TB, rt *schema.ResourceType, doc string) object {
	t.Helper()
	o, err := rt.Load([]byte(doc))
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return o
}

// body wraps operations into a PATCH body.
func body(t testing.TB, ops string) object {
	t.Helper()
	o, err := schema.Decode([]byte(`{"schemas":["` + Message + `"],"Operations":[` + ops + `]}`))
	if err != nil {
		t.Fatalf("%s: %v", ops, err)
	}
	return o
}

func run(t testing.TB, rt *schema.ResourceType, d schema.Dialect, old object, ops string) (object, []RowEdit, error) {
	t.Helper()
	p, err := Parse(body(t, ops), rt, d)
	if err != nil {
		return nil, nil, err
	}
	before := schema.Clone(old)
	o, edits, err := p.Apply(old)
	if !schema.Equal(old, before) {
		t.Errorf("%s changed the old object", ops)
	}
	return o, edits, err
}

// A change is a row of a table: what becomes of the user ann, or of doc.
type change struct {
	d    schema.Dialect
	doc  string
	ops  string
	want string // the attributes that differ, null for absent; "" for none
	fail schema.Fault
}

func (c change) test(t *testing.T) {
	t.Helper()
	rt, doc := user, ann
	if c.doc != "" {
		doc = c.doc
	}
	old := load(t, rt, doc)
	got, _, err := run(t, rt, c.d, old, c.ops)
	if c.fail != "" {
		if e, ok := errors.AsType[*schema.Error](err); !ok || e.Fault != c.fail {
			t.Errorf("%s in %s: %v, want %s", c.ops, c.d.Name, err, c.fail)
		}
		return
	}
	if err != nil {
		t.Fatalf("%s in %s: %v", c.ops, c.d.Name, err)
	}
	want := plain(t, old)
	var diff map[string]any
	if c.want != "" {
		if err := json.Unmarshal([]byte(c.want), &diff); err != nil {
			t.Fatal(err)
		}
	}
	for name, v := range diff {
		if want[name] = v; v == nil {
			delete(want, name)
		}
	}
	if d := cmp.Diff(want, plain(t, got)); d != "" {
		t.Errorf("%s in %s: -want +got\n%s", c.ops, c.d.Name, d)
	}
	if err := user.Finish(schema.Clone(got)); err != nil {
		t.Errorf("%s left what Finish refuses: %v", c.ops, err)
	}
}

func plain(t testing.TB, o object) map[string]any {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func testAll(t *testing.T, table map[string]change) {
	for phrase, c := range table {
		t.Run(phrase, c.test)
	}
}

const bothEmails = `{"value":"a@x.io","type":"work","primary":true},{"value":"b@x.io","type":"home"}`

func TestAdd(t *testing.T) {
	testAll(t, map[string]change{
		"a simple attribute":          {schema.RFC, "", `{"op":"add","path":"nickName","value":"A"}`, `{"nickName":"A"}`, ""},
		"Q1 op in any case":           {schema.RFC, "", `{"op":"Add","path":"nickName","value":"A"}`, `{"nickName":"A"}`, ""},
		"over a value replaces it":    {schema.RFC, "", `{"op":"add","path":"title","value":"Prof"}`, `{"title":"Prof"}`, ""},
		"05 42 a value that is there": {schema.RFC, "", `{"op":"add","path":"title","value":"Dr"}`, "", ""},
		"to a complex value merges":   {schema.RFC, "", `{"op":"add","path":"name","value":{"middleName":"B"}}`, `{"name":{"givenName":"Ann","middleName":"B","familyName":"Ash"}}`, ""},
		"a sub-attribute":             {schema.RFC, "", `{"op":"add","path":"name.middleName","value":"B"}`, `{"name":{"givenName":"Ann","middleName":"B","familyName":"Ash"}}`, ""},
		"to a list appends":           {schema.RFC, "", `{"op":"add","path":"emails","value":[{"value":"c@x.io"}]}`, `{"emails":[` + bothEmails + `,{"value":"c@x.io"}]}`, ""},
		"one element without array":   {schema.RFC, "", `{"op":"add","path":"emails","value":{"value":"c@x.io"}}`, `{"emails":[` + bothEmails + `,{"value":"c@x.io"}]}`, ""},
		"42 an element that is there": {schema.RFC, "", `{"op":"add","path":"emails","value":[{"value":"A@X.io","type":"work"}]}`, "", ""},
		"twice the same element":      {schema.RFC, "", `{"op":"add","path":"emails","value":[{"value":"c"},{"value":"c"}]}`, `{"emails":[` + bothEmails + `,{"value":"c"}]}`, ""},
		"7643 2.4 same value and type adds the rest": {schema.RFC, "", `{"op":"add","path":"emails","value":[{"value":"B@x.io","type":"home","display":"B"}]}`,
			`{"emails":[{"value":"a@x.io","type":"work","primary":true},{"value":"b@x.io","type":"home","display":"B"}]}`, ""},
		"same value, another type": {schema.RFC, "", `{"op":"add","path":"emails","value":[{"value":"b@x.io","type":"other"}]}`, `{"emails":[` + bothEmails + `,{"value":"b@x.io","type":"other"}]}`, ""},
		"04 44 primary moves": {schema.RFC, "", `{"op":"add","path":"emails","value":[{"value":"c@x.io","type":"other","primary":true}]}`,
			`{"emails":[{"value":"a@x.io","type":"work","primary":false},{"value":"b@x.io","type":"home"},{"value":"c@x.io","type":"other","primary":true}]}`, ""},
		"44 two primary values":             {schema.RFC, "", `{"op":"add","path":"emails","value":[{"value":"c","primary":true},{"value":"d","primary":true}]}`, "", schema.InvalidValue},
		"44 two primary values, first kept": {schema.Okta, "", `{"op":"replace","path":"emails","value":[{"value":"c","primary":true},{"value":"d","primary":true}]}`, `{"emails":[{"value":"c","primary":true},{"value":"d"}]}`, ""},
		"with a filter merges": {schema.RFC, "", `{"op":"add","path":"emails[type eq \"home\"]","value":{"display":"B"}}`,
			`{"emails":[{"value":"a@x.io","type":"work","primary":true},{"value":"b@x.io","type":"home","display":"B"}]}`, ""},
		"with a filter that matches nothing":       {schema.RFC, "", `{"op":"add","path":"emails[type eq \"other\"].value","value":"c"}`, "", schema.NoTarget},
		"null inside a complex value adds nothing": {schema.RFC, "", `{"op":"add","path":"name","value":{"givenName":null}}`, "", ""},
		"null adds nothing":                        {schema.RFC, "", `{"op":"add","path":"title","value":null}`, "", ""},
		"an empty list adds nothing":               {schema.RFC, "", `{"op":"add","path":"emails","value":[]}`, "", ""},
		"without a path": {schema.RFC, "", `{"op":"add","value":{"nickname":"A","emails":[{"value":"c@x.io"}],"name":{"middleName":"B"}}}`,
			`{"nickName":"A","emails":[` + bothEmails + `,{"value":"c@x.io"}],"name":{"givenName":"Ann","middleName":"B","familyName":"Ash"}}`, ""},
		"a sub-attribute of the first element of a list": {schema.RFC, "", `{"op":"add","path":"phoneNumbers.value","value":"1"}`, `{"phoneNumbers":[{"value":"1"}]}`, ""},
		"password": {schema.RFC, "", `{"op":"add","path":"password","value":"s3cret"}`, `{"password":"s3cret"}`, ""},

		"password stays, by remove":      {schema.RFC, "", `{"op":"remove","path":"password"}`, "", schema.Unwritable},
		"password stays, by null":        {schema.RFC, "", `{"op":"replace","value":{"password":null}}`, "", schema.Unwritable},
		"password stays, by an empty \"": {schema.Entra, "", `{"op":"replace","path":"password","value":""}`, "", schema.Unwritable},

		"externalId": {schema.RFC, "", `{"op":"add","path":"externalId","value":"X"}`, `{"externalId":"X"}`, ""},
		"in order":   {schema.RFC, "", `{"op":"add","path":"title","value":"A"},{"op":"remove","path":"title"},{"op":"add","path":"title","value":"B"}`, `{"title":"B"}`, ""},
	})
}

func TestReplace(t *testing.T) {
	testAll(t, map[string]change{
		"a simple attribute":                 {schema.RFC, "", `{"op":"replace","path":"displayName","value":"X"}`, `{"displayName":"X"}`, ""},
		"41 a missing attribute":             {schema.RFC, "", `{"op":"replace","path":"nickName","value":"X"}`, `{"nickName":"X"}`, ""},
		"41 a missing sub-attribute":         {schema.RFC, "", `{"op":"replace","path":"name.middleName","value":"B"}`, `{"name":{"givenName":"Ann","middleName":"B","familyName":"Ash"}}`, ""},
		"a list as a whole":                  {schema.RFC, "", `{"op":"replace","path":"emails","value":[{"value":"c"}]}`, `{"emails":[{"value":"c"}]}`, ""},
		"a list by nothing":                  {schema.RFC, "", `{"op":"replace","path":"emails","value":[]}`, `{"emails":null}`, ""},
		"3.5.2.3 a complex value in part":    {schema.RFC, "", `{"op":"replace","path":"name","value":{"givenName":"Eve"}}`, `{"name":{"givenName":"Eve","familyName":"Ash"}}`, ""},
		"null inside a complex value clears": {schema.RFC, "", `{"op":"replace","path":"name","value":{"givenName":null}}`, `{"name":{"familyName":"Ash"}}`, ""},
		"an empty complex value":             {schema.RFC, "", `{"op":"replace","path":"name","value":{}}`, "", ""},
		"the elements that a filter chooses": {schema.RFC, "", `{"op":"replace","path":"emails[value ew \"@x.io\"].display","value":"X"}`,
			`{"emails":[{"value":"a@x.io","type":"work","primary":true,"display":"X"},{"value":"b@x.io","type":"home","display":"X"}]}`, ""},
		"an element keeps what its filter says": {schema.RFC, "", `{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"n@x.io"}}`,
			`{"emails":[{"value":"n@x.io","type":"work"},{"value":"b@x.io","type":"home"}]}`, ""},
		"04 44 primary by filter": {schema.RFC, "", `{"op":"replace","path":"emails[value eq \"b@x.io\"].primary","value":true}`,
			`{"emails":[{"value":"a@x.io","type":"work","primary":false},{"value":"b@x.io","type":"home","primary":true}]}`, ""},
		"44 primary of two at once": {schema.RFC, `{"userName":"a","emails":[{"value":"a"},{"value":"b"}]}`, `{"op":"replace","path":"emails[value pr].primary","value":true}`, "", schema.InvalidValue},
		"03 38 40 atomic":           {schema.RFC, "", `{"op":"replace","path":"displayName","value":"New"},{"op":"replace","path":"addresses[type eq \"work\"].locality","value":"X"}`, "", schema.NoTarget},
		"40 no match, null":         {schema.RFC, "", `{"op":"replace","path":"emails[type eq \"other\"]","value":null}`, "", schema.NoTarget},
		"17 45 id":                  {schema.RFC, "", `{"op":"replace","path":"id","value":"zz"}`, "", schema.Unwritable},
		"17 id as it is":            {schema.RFC, "", `{"op":"replace","path":"id","value":"1"}`, "", ""},
		"meta":                      {schema.RFC, "", `{"op":"replace","path":"meta.created","value":"2026-01-01T00:00:00Z"}`, "", schema.Unwritable},
		"groups":                    {schema.RFC, "", `{"op":"replace","path":"groups","value":[{"value":"1"}]}`, "", schema.Unwritable},
		"45 userName by null":       {schema.RFC, "", `{"op":"replace","path":"userName","value":null}`, "", schema.Unwritable},
		"48 a bad type":             {schema.RFC, "", `{"op":"replace","path":"active","value":"yes"}`, "", schema.InvalidValue},
		"48 a bad type inside":      {schema.RFC, "", `{"op":"replace","path":"emails[type eq \"work\"].value","value":5}`, "", schema.InvalidValue},
		"48 an array for a string":  {schema.RFC, "", `{"op":"replace","path":"title","value":["a"]}`, "", schema.InvalidValue},
		"48 a malformed path":       {schema.RFC, "", `{"op":"replace","path":"emails[type eq","value":"x"}`, "", schema.InvalidPath},
		"an index":                  {schema.RFC, "", `{"op":"replace","path":"emails[0].value","value":"x"}`, "", schema.InvalidPath},
		"an unknown path":           {schema.RFC, "", `{"op":"replace","path":"nosuch","value":"x"}`, "", schema.InvalidPath},
		"an unknown path, Entra":    {schema.Entra, "", `{"op":"replace","path":"nosuch","value":"x"},{"op":"replace","path":"title","value":"x"}`, `{"title":"x"}`, ""},
		"a bad filter in a path":    {schema.RFC, "", `{"op":"replace","path":"emails[primary gt true].value","value":"x"}`, "", schema.InvalidFilter},
		"schemas":                   {schema.RFC, "", `{"op":"replace","path":"schemas","value":["` + schema.UserURN + `"]}`, "", ""},
		"schemas, unknown":          {schema.Strict, "", `{"op":"add","path":"schemas","value":["urn:nosuch"]}`, "", schema.InvalidSyntax},
		"schemas, no strings":       {schema.RFC, "", `{"op":"add","path":"schemas","value":[5]}`, "", schema.InvalidValue},
	})
}

func TestRemove(t *testing.T) {
	testAll(t, map[string]change{
		"a simple attribute":                    {schema.RFC, "", `{"op":"remove","path":"title"}`, `{"title":null}`, ""},
		"Q1 Remove":                             {schema.Entra, "", `{"op":"Remove","path":"title"}`, `{"title":null}`, ""},
		"43 what is not there":                  {schema.RFC, "", `{"op":"remove","path":"nickName"},{"op":"remove","path":"name.middleName"},{"op":"remove","path":"emails[type eq \"other\"]"}`, "", ""},
		"a sub-attribute":                       {schema.RFC, "", `{"op":"remove","path":"name.givenName"}`, `{"name":{"familyName":"Ash"}}`, ""},
		"the last sub-attribute":                {schema.RFC, "", `{"op":"remove","path":"name.givenName"},{"op":"remove","path":"name.familyName"}`, `{"name":null}`, ""},
		"a list":                                {schema.RFC, "", `{"op":"remove","path":"emails"}`, `{"emails":null}`, ""},
		"the elements that a filter chooses":    {schema.RFC, "", `{"op":"remove","path":"emails[type eq \"work\" and value ew \"x.io\"]"}`, `{"emails":[{"value":"b@x.io","type":"home"}]}`, ""},
		"all elements by filter":                {schema.RFC, "", `{"op":"remove","path":"emails[value pr]"}`, `{"emails":null}`, ""},
		"a sub-attribute of chosen elements":    {schema.RFC, "", `{"op":"remove","path":"emails[type eq \"work\"].primary"}`, `{"emails":[{"value":"a@x.io","type":"work"},{"value":"b@x.io","type":"home"}]}`, ""},
		"a value leaves its type":               {schema.RFC, "", `{"op":"remove","path":"emails[type eq \"home\"].value"}`, `{"emails":[{"value":"a@x.io","type":"work","primary":true},{"type":"home"}]}`, ""},
		"a value takes its labels along, Entra": {schema.Entra, "", `{"op":"Remove","path":"emails[type eq \"home\"].value"}`, `{"emails":[{"value":"a@x.io","type":"work","primary":true}]}`, ""},
		"a label takes nothing along":           {schema.Entra, "", `{"op":"Remove","path":"addresses[type eq \"home\"].locality"},{"op":"Remove","path":"emails.primary"}`, `{"addresses":null,"emails":[{"value":"a@x.io","type":"work"},{"value":"b@x.io","type":"home"}]}`, ""},
		"39 without a path":                     {schema.RFC, "", `{"op":"remove"}`, "", schema.NoTarget},
		"39 without a path, Entra":              {schema.Entra, "", `{"op":"remove","value":{"title":"Dr"}}`, "", schema.NoTarget},
		"45 userName":                           {schema.RFC, "", `{"op":"remove","path":"userName"}`, "", schema.Unwritable},
		"45 id":                                 {schema.RFC, "", `{"op":"remove","path":"id"}`, "", schema.Unwritable},
		"45 schemas":                            {schema.RFC, "", `{"op":"remove","path":"schemas"}`, "", schema.Unwritable},
		"by value":                              {schema.Entra, "", `{"op":"remove","path":"emails","value":[{"value":"A@x.io","display":"any","primary":null}]}`, `{"emails":[{"value":"b@x.io","type":"home"}]}`, ""},
		"by value and type":                     {schema.Entra, "", `{"op":"remove","path":"emails","value":[{"value":"a@x.io","type":"home"}]}`, "", ""},
		"by type alone":                         {schema.Okta, "", `{"op":"remove","path":"emails","value":[{"type":"home"}]}`, `{"emails":[{"value":"a@x.io","type":"work","primary":true}]}`, ""},
		"by an empty list":                      {schema.Okta, "", `{"op":"remove","path":"emails","value":[]}`, "", ""},
		"by value, not in the standard":         {schema.RFC, "", `{"op":"remove","path":"emails","value":[{"value":"a@x.io"}]}`, "", schema.InvalidValue},
		"a value beside a simple path":          {schema.RFC, "", `{"op":"remove","path":"title","value":"Dr"}`, `{"title":null}`, ""},
	})
}

const leftEnterprise = `{"schemas":["` + schema.UserURN + `"],"` + enterprise + `":null}`

func TestExtensions(t *testing.T) {
	fresh := `{"schemas":["` + schema.UserURN + `"],"id":"1","userName":"ann"}`
	both := `"schemas":["` + schema.UserURN + `","` + enterprise + `"]`
	testAll(t, map[string]change{
		"47 an attribute brings its schema":     {schema.RFC, fresh, `{"op":"add","path":"` + enterprise + `:department","value":"R"}`, `{` + both + `,"` + enterprise + `":{"department":"R"}}`, ""},
		"47 the last attribute takes it along":  {schema.RFC, "", `{"op":"remove","path":"` + enterprise + `:department"},{"op":"remove","path":"` + enterprise + `:manager"}`, leftEnterprise, ""},
		"47 the whole container":                {schema.RFC, "", `{"op":"remove","path":"` + enterprise + `"}`, leftEnterprise, ""},
		"the container by null":                 {schema.RFC, "", `{"op":"replace","value":{"` + enterprise + `":null}}`, leftEnterprise, ""},
		"nothing added to a container":          {schema.RFC, "", `{"op":"add","path":"` + enterprise + `","value":null}`, "", ""},
		"nothing added to a container, Entra":   {schema.Entra, "", `{"op":"Add","path":"` + enterprise + `","value":null},{"op":"Add","path":"` + enterprise + `","value":""},{"op":"Add","value":{"` + enterprise + `":null}}`, "", ""},
		"a container emptied, Entra":            {schema.Entra, "", `{"op":"Replace","path":"` + enterprise + `","value":{}}`, leftEnterprise, ""},
		"an empty container, not in Entra":      {schema.RFC, "", `{"op":"replace","path":"` + enterprise + `","value":{}}`, "", ""},
		"nothing added to the core schema":      {schema.Okta, "", `{"op":"add","path":"` + schema.UserURN + `","value":null}`, "", ""},
		"a container that is not there":         {schema.RFC, fresh, `{"op":"remove","path":"` + enterprise + `"}`, "", ""},
		"a container as a path":                 {schema.RFC, fresh, `{"op":"add","path":"` + strings.ToUpper(enterprise) + `","value":{"Department":"R"}}`, `{` + both + `,"` + enterprise + `":{"department":"R"}}`, ""},
		"a container as a key":                  {schema.RFC, fresh, `{"op":"replace","value":{"` + enterprise + `":{"department":"R","manager":{"value":"3"}}}}`, `{` + both + `,"` + enterprise + `":{"department":"R","manager":{"value":"3","$ref":"../Users/3"}}}`, ""},
		"a container merges":                    {schema.RFC, "", `{"op":"replace","path":"` + enterprise + `","value":{"division":"D"}}`, `{"` + enterprise + `":{"department":"R&D","division":"D","manager":{"value":"7","$ref":"../Users/7"}}}`, ""},
		"the core schema as a container":        {schema.RFC, "", `{"op":"replace","value":{"` + schema.UserURN + `":{"title":"X"}}}`, `{"title":"X"}`, ""},
		"the core schema cannot go":             {schema.RFC, "", `{"op":"remove","path":"` + schema.UserURN + `"}`, "", schema.Unwritable},
		"a core attribute by its URN":           {schema.Strict, "", `{"op":"replace","path":"` + schema.UserURN + `:name.familyName","value":"X"}`, `{"name":{"givenName":"Ann","familyName":"X"}}`, ""},
		"a container is an object":              {schema.RFC, "", `{"op":"add","path":"` + enterprise + `","value":"x"}`, "", schema.InvalidValue},
		"a new manager leaves no old reference": {schema.RFC, "", `{"op":"replace","path":"` + enterprise + `:manager.value","value":"8"}`, `{"` + enterprise + `":{"department":"R&D","manager":{"value":"8","$ref":"../Users/8"}}}`, ""},
	})
}

func TestVendors(t *testing.T) {
	fresh := `{"schemas":["` + schema.UserURN + `"],"id":"1","userName":"ann","active":true}`
	both := `"schemas":["` + schema.UserURN + `","` + enterprise + `"]`
	manager := enterprise + ":manager"
	testAll(t, map[string]change{
		"Q2 booleans as strings":               {schema.Entra, "", `{"op":"Replace","path":"active","value":"False"}`, `{"active":false}`, ""},
		"Q2 primary as a string":               {schema.Entra, "", `{"op":"Add","path":"emails[type eq \"home\"].primary","value":"True"}`, `{"emails":[{"value":"a@x.io","type":"work","primary":false},{"value":"b@x.io","type":"home","primary":true}]}`, ""},
		"Q3 boolean string in a filter":        {schema.Entra, "", `{"op":"Add","path":"roles[primary eq \"True\"].value","value":"Admin"}`, `{"roles":[{"primary":true,"value":"Admin"}]}`, ""},
		"Q6 manager as a bare id":              {schema.Entra, fresh, `{"op":"Add","path":"` + manager + `","value":"271"}`, `{` + both + `,"` + enterprise + `":{"manager":{"value":"271","$ref":"../Users/271"}}}`, ""},
		"Q6 refused by the standard":           {schema.RFC, fresh, `{"op":"Add","path":"` + manager + `","value":"271"}`, "", schema.InvalidValue},
		"Q7 manager removed by an empty one":   {schema.Entra, "", `{"op":"Replace","path":"` + manager + `","value":""}`, `{"` + enterprise + `":{"department":"R&D"}}`, ""},
		"Q7 manager removed by an empty value": {schema.Entra, "", `{"op":"Replace","path":"` + manager + `","value":{"value":""}}`, `{"` + enterprise + `":{"department":"R&D"}}`, ""},
		"06 the last of the extension":         {schema.Entra, `{` + both + `,"userName":"a","` + enterprise + `":{"manager":{"value":"7"}}}`, `{"op":"Replace","path":"` + manager + `","value":""}`, leftEnterprise, ""},
		"Q8 filtered add creates the element":  {schema.Entra, fresh, `{"op":"Add","path":"emails[type eq \"work\"].value","value":"w@x.io"}`, `{"emails":[{"type":"work","value":"w@x.io"}]}`, ""},
		"Q9 filtered replace creates it too":   {schema.Entra, fresh, `{"op":"Replace","path":"emails[type eq \"work\"].value","value":"w@x.io"}`, `{"emails":[{"type":"work","value":"w@x.io"}]}`, ""},
		"Q9 by two terms":                      {schema.Entra, fresh, `{"op":"Replace","path":"emails[type eq \"work\" and primary eq true].value","value":"w"}`, `{"emails":[{"type":"work","primary":true,"value":"w"}]}`, ""},
		"Q9 but not by or":                     {schema.Entra, fresh, `{"op":"Replace","path":"emails[type eq \"work\" or type eq \"home\"].value","value":"w"}`, "", schema.NoTarget},
		"Q9 not by two values of one":          {schema.Entra, fresh, `{"op":"Replace","path":"emails[type eq \"work\" and type eq \"home\"].value","value":"w"}`, "", schema.NoTarget},
		"Q8 the whole element":                 {schema.Entra, fresh, `{"op":"Add","path":"emails[type eq \"work\"]","value":{"value":"w"}}`, `{"emails":[{"type":"work","value":"w"}]}`, ""},
		"Q10 dotted keys": {schema.Entra, fresh, `{"op":"replace","value":{"name.givenName":"O","name.familyName":"R","displayName":"X"}}`,
			`{"name":{"givenName":"O","familyName":"R"},"displayName":"X"}`, ""},
		"Q11 flat URN keys":            {schema.Entra, fresh, `{"op":"Add","value":{"` + enterprise + `:department":"R&D"}}`, `{` + both + `,"` + enterprise + `":{"department":"R&D"}}`, ""},
		"Q12 filters in keys":          {schema.Entra, "", `{"op":"replace","value":{"emails[primary eq true].value":"n@b.c"}}`, `{"emails":[{"value":"n@b.c","type":"work","primary":true},{"value":"b@x.io","type":"home"}]}`, ""},
		"Q13 JSON inside a string":     {schema.Entra, fresh, `{"op":"Add","path":"roles","value":[{"value":"{\"id\":\"827f\",\"value\":\"Admin\",\"displayName\":\"The Admin\"}"}]}`, `{"roles":[{"value":"Admin","display":"The Admin"}]}`, ""},
		"Q14 empty value array":        {schema.Entra, "", `{"op":"replace","path":"emails[type eq \"work\"]","value":[]}`, `{"emails":[{"value":"b@x.io","type":"home"}]}`, ""},
		"Q14 on an absent element":     {schema.Entra, fresh, `{"op":"replace","path":"emails[type eq \"work\"]","value":[]}`, "", ""},
		"Q14 refused by the standard":  {schema.RFC, "", `{"op":"replace","path":"emails[type eq \"work\"]","value":[]}`, "", schema.InvalidValue},
		"a value cleared by filter":    {schema.Entra, "", `{"op":"replace","path":"emails[type eq \"work\"].value","value":""}`, `{"emails":[{"value":"b@x.io","type":"home"}]}`, ""},
		"Q15 read-only is ignored":     {schema.Entra, "", `{"op":"replace","path":"id","value":"zz"},{"op":"replace","value":{"id":"z","meta":{"version":"x"},"groups":[],"externalId":"E2"}}`, `{"externalId":"E2"}`, ""},
		"Q16 null clears":              {schema.Entra, "", `{"op":"Replace","path":"title","value":null}`, `{"title":null}`, ""},
		"Q16 null clears by key":       {schema.RFC, "", `{"op":"replace","value":{"title":null}}`, `{"title":null}`, ""},
		"an empty string clears":       {schema.Entra, "", `{"op":"replace","path":"title","value":""}`, `{"title":null}`, ""},
		"O2 deactivate":                {schema.Okta, "", `{"op":"replace","value":{"active":false}}`, `{"active":false}`, ""},
		"O4 password":                  {schema.Okta, "", `{"op":"replace","value":{"password":"n3w"}}`, `{"password":"n3w"}`, ""},
		"07 dotted and URN keys":       {schema.RFC, fresh, `{"op":"replace","value":{"name.givenName":"Os","name.familyName":"Ry","` + enterprise + `:department":"R&D"}}`, `{` + both + `,"name":{"givenName":"Os","familyName":"Ry"},"` + enterprise + `":{"department":"R&D"}}`, ""},
		"07 strict wants a path":       {schema.Strict, "", `{"op":"replace","value":{"title":"X"}}`, "", schema.InvalidSyntax},
		"strict wants a sub-attribute": {schema.Strict, "", `{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"x"}}`, "", schema.InvalidPath},
		"strict removes elements":      {schema.Strict, "", `{"op":"remove","path":"emails[type eq \"home\"]"}`, `{"emails":[{"value":"a@x.io","type":"work","primary":true}]}`, ""},
		"strict knows its attributes":  {schema.Strict, "", `{"op":"add","path":"name","value":{"nosuch":"x"}}`, "", schema.InvalidSyntax},
		"unknown keys are ignored":     {schema.RFC, "", `{"op":"replace","value":{"nosuch":1,"urn:x:y":{"a":1},"name":{"nosuch":"x"}}}`, "", ""},
		"a path in parts":              {schema.RFC, "", `{"op":"replace","path":{"URIPrefix":null,"AttributeName":"name","SubAttribute":"givenName","ValueExpression":null},"value":"B"}`, `{"name":{"givenName":"B","familyName":"Ash"}}`, ""},
		"a path in nested parts": {schema.RFC, "", `{"op":"replace","path":{"AttributePath":{"URIPrefix":"` + enterprise + `:","AttributeName":"department"}},"value":"B"}`,
			`{"` + enterprise + `":{"department":"B","manager":{"value":"7","$ref":"../Users/7"}}}`, ""},
		"a path in parts with a filter": {schema.RFC, "", `{"op":"remove","path":{"AttributeName":"emails","ValueExpression":"type eq \"work\"","SubAttribute":"primary"}}`, `{"emails":[{"value":"a@x.io","type":"work"},{"value":"b@x.io","type":"home"}]}`, ""},
	})
}

func TestImmutable(t *testing.T) {
	s, err := schema.Parse([]byte(`{"id":"urn:example:2.0:Badge","name":"Badge","attributes":[
		{"name":"name","type":"string","required":true},
		{"name":"serial","type":"string","mutability":"immutable"},
		{"name":"chip","type":"complex","subAttributes":[{"name":"id","type":"string","mutability":"immutable"},{"name":"note","type":"string"}]},
		{"name":"keys","type":"complex","multiValued":true,"required":true,"subAttributes":[{"name":"value","type":"string","mutability":"immutable"},{"name":"note","type":"string"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r, err := schema.NewRegistry([]*schema.ResourceType{{Name: "Badge", Endpoint: "/Badges", Schema: s}})
	if err != nil {
		t.Fatal(err)
	}
	rt := r.TypeByName("Badge")
	old := load(t, rt, `{"schemas":["urn:example:2.0:Badge"],"name":"n","serial":"S","chip":{"id":"C"},"keys":[{"value":"k"}]}`)
	bare := load(t, rt, `{"schemas":["urn:example:2.0:Badge"],"name":"n","keys":[{"value":"k"}]}`)
	for phrase, tt := range map[string]struct {
		old  object
		ops  string
		fail bool
	}{
		"46 added once":                    {bare, `{"op":"add","path":"serial","value":"S"},{"op":"add","path":"chip.id","value":"C"}`, false},
		"46 replaced where there was none": {bare, `{"op":"replace","path":"serial","value":"S"}`, false},
		"46 added again":                   {old, `{"op":"add","path":"serial","value":"T"}`, true},
		"46 the same again":                {old, `{"op":"replace","path":"serial","value":"S"}`, false},
		"46 changed":                       {old, `{"op":"replace","path":"serial","value":"T"}`, true},
		"46 removed":                       {old, `{"op":"remove","path":"serial"}`, true},
		"46 set twice in one request":      {bare, `{"op":"add","path":"serial","value":"S"},{"op":"add","path":"serial","value":"T"}`, true},
		"46 inside a complex value":        {old, `{"op":"replace","path":"chip","value":{"id":"D"}}`, true},
		"46 beside it":                     {old, `{"op":"replace","path":"chip","value":{"note":"D"}}`, false},
		"46 by its path":                   {old, `{"op":"remove","path":"chip.id"}`, true},
		"46 inside an element":             {old, `{"op":"replace","path":"keys[value eq \"k\"].value","value":"l"}`, true},
		"46 beside it in an element":       {old, `{"op":"replace","path":"keys[value eq \"k\"].note","value":"l"}`, false},
		"45 the last of a required list":   {old, `{"op":"remove","path":"keys[value eq \"k\"]"}`, true},
	} {
		_, _, err := run(t, rt, schema.RFC, tt.old, tt.ops)
		e, _ := errors.AsType[*schema.Error](err)
		if tt.fail && (e == nil || e.Fault != schema.Unwritable) || !tt.fail && err != nil {
			t.Errorf("%s: %v, want mutability error: %t", phrase, err, tt.fail)
		}
	}
}

// An extension with a required attribute may go as a whole, unless the resource
// type requires it.
func TestRemoveExtensionWithRequiredAttribute(t *testing.T) {
	const urn = "urn:example:2.0:Extra"
	for phrase, tt := range map[string]struct {
		required bool
		ops      string
		want     schema.Fault
	}{
		"the whole extension":    {false, `{"op":"remove","path":"` + urn + `"}`, ""},
		"its required attribute": {false, `{"op":"remove","path":"` + urn + `:code"}`, schema.Unwritable},
		"a required extension":   {true, `{"op":"remove","path":"` + urn + `"}`, schema.Unwritable},
	} {
		extra, err := schema.Parse([]byte(`{"id":"` + urn + `","name":"Extra","attributes":[{"name":"code","type":"string","required":true}]}`))
		if err != nil {
			t.Fatal(err)
		}
		r, err := registry.Extend("Group", extra, tt.required)
		if err != nil {
			t.Fatal(err)
		}
		rt := r.TypeByName("Group")
		old := load(t, rt, `{"schemas":["`+schema.GroupURN+`","`+urn+`"],"displayName":"T","`+urn+`":{"code":"1"}}`)
		got, _, err := run(t, rt, schema.RFC, old, tt.ops)
		e, _ := errors.AsType[*schema.Error](err)
		if tt.want == "" && (err != nil || got[urn] != nil) || tt.want != "" && (e == nil || e.Fault != tt.want) {
			t.Errorf("%s: %v, %v, want %q", phrase, got, err, tt.want)
		}
	}
}

func TestEnvelope(t *testing.T) {
	for phrase, tt := range map[string]struct {
		d    schema.Dialect
		body string
		want schema.Fault
	}{
		"37 no schemas":              {schema.RFC, `{"Operations":[{"op":"remove","path":"title"}]}`, schema.InvalidSyntax},
		"37 other schemas":           {schema.RFC, `{"schemas":["urn:x"],"Operations":[{"op":"remove","path":"title"}]}`, schema.InvalidSyntax},
		"37 no schemas, Entra":       {schema.Entra, `{"Operations":[{"op":"remove","path":"title"}]}`, ""},
		"37 no schemas, Okta":        {schema.Okta, `{"Operations":[{"op":"remove","path":"title"}]}`, ""},
		"37 schemas in another case": {schema.RFC, `{"Schemas":["URN:ietf:params:scim:api:messages:2.0:PATCHOP"],"operations":[{"OP":"remove","Path":"title"}]}`, ""},
		"37 no operations":           {schema.RFC, `{"schemas":["` + Message + `"]}`, schema.InvalidSyntax},
		"37 empty operations":        {schema.Entra, `{"schemas":["` + Message + `"],"Operations":[]}`, schema.InvalidSyntax},
		"operations no array":        {schema.RFC, `{"schemas":["` + Message + `"],"Operations":{"op":"add"}}`, schema.InvalidSyntax},
		"an operation no object":     {schema.RFC, `{"schemas":["` + Message + `"],"Operations":["add"]}`, schema.InvalidSyntax},
		"no op":                      {schema.RFC, `{"schemas":["` + Message + `"],"Operations":[{"path":"title"}]}`, schema.InvalidSyntax},
		"an unknown op":              {schema.RFC, `{"schemas":["` + Message + `"],"Operations":[{"op":"move","path":"title"}]}`, schema.InvalidSyntax},
		"add without value":          {schema.RFC, `{"schemas":["` + Message + `"],"Operations":[{"op":"add","path":"title"}]}`, schema.InvalidValue},
		"a path that is a number":    {schema.RFC, `{"schemas":["` + Message + `"],"Operations":[{"op":"remove","path":5}]}`, schema.InvalidPath},
		"an empty path":              {schema.RFC, `{"schemas":["` + Message + `"],"Operations":[{"op":"remove","path":""}]}`, schema.InvalidPath},
		"an empty path, Entra":       {schema.Entra, `{"Operations":[{"op":"replace","path":"","value":{"title":"x"}}]}`, ""},
		"a path object of nothing":   {schema.RFC, `{"schemas":["` + Message + `"],"Operations":[{"op":"remove","path":{}}]}`, schema.InvalidPath},
		"no path, no object":         {schema.RFC, `{"schemas":["` + Message + `"],"Operations":[{"op":"add","value":"x"}]}`, schema.InvalidValue},
		"too many operations":        {schema.RFC, `{"schemas":["` + Message + `"],"Operations":[1` + strings.Repeat(",1", MaxOperations) + `]}`, schema.InvalidValue},
	} {
		o, err := schema.Decode([]byte(tt.body))
		if err != nil {
			t.Fatalf("%s: %v", phrase, err)
		}
		_, err = Parse(o, user, tt.d)
		e, _ := errors.AsType[*schema.Error](err)
		if tt.want == "" && err != nil || tt.want != "" && (e == nil || e.Fault != tt.want) {
			t.Errorf("%s: %v, want %q", phrase, err, tt.want)
		}
	}
}

func TestErrorsNameTheOperation(t *testing.T) {
	_, _, err := run(t, user, schema.RFC, load(t, user, ann), `{"op":"remove","path":"title"},{"op":"replace","path":"emails[type eq \"x\"].value","value":"y"}`)
	want := `noTarget: Operations[1]: No value of 'emails' matches the filter type eq "x".`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// emails are n e-mail addresses.
func emails(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"value":"%d"}`, i)
	}
	return strings.Join(list, ",")
}

func TestListsAreBounded(t *testing.T) {
	full := `{"op":"replace","path":"emails","value":[` + emails(schema.MaxValues) + `]}`
	if _, _, err := run(t, user, schema.RFC, load(t, user, ann), full); err != nil {
		t.Errorf("%d values: %v", schema.MaxValues, err)
	}
	_, _, err := run(t, user, schema.RFC, load(t, user, ann), full+`,{"op":"add","path":"emails","value":[{"value":"x"}]}`)
	if e, _ := errors.AsType[*schema.Error](err); e == nil || e.Fault != schema.InvalidValue {
		t.Errorf("one more: %v, want invalidValue", err)
	}
}

// Many operations on a long list end in an error instead of taking minutes.
func TestEffortIsBounded(t *testing.T) {
	ops := `{"op":"add","path":"emails","value":[` + emails(9000) + `]}` +
		strings.Repeat(`,{"op":"add","path":"emails","value":[{"value":"x"}]}`, 5000)
	_, _, err := run(t, user, schema.RFC, load(t, user, ann), ops)
	if e, _ := errors.AsType[*schema.Error](err); e == nil || e.Fault != schema.TooMany {
		t.Errorf("got %v, want tooMany", err)
	}
}

func TestPatchAppliesManyTimes(t *testing.T) {
	p, err := Parse(body(t, `{"op":"add","path":"emails","value":[{"value":"c"}]},{"op":"replace","path":"name","value":{"givenName":"B"}}`), user, schema.RFC)
	if err != nil {
		t.Fatal(err)
	}
	old := load(t, user, ann)
	first, _, err := p.Apply(old)
	if err != nil {
		t.Fatal(err)
	}
	want := schema.Clone(first)
	first["emails"].([]any)[2].(object)["value"] = "spoilt"
	first["name"].(object)["givenName"] = "spoilt"
	second, _, err := p.Apply(old)
	if err != nil || !schema.Equal(second, want) {
		t.Errorf("the second Apply gives %v, %v, want %v", second, err, want)
	}
}
