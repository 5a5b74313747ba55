package schema_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/muster-id/muster/scim/schema"
)

func TestParseDefaults(t *testing.T) {
	s, err := schema.Parse([]byte(`{"schemas":["` + schema.SchemaURN + `"],"id":"urn:example:2.0:Badge","attributes":[
		{"name":"number"},{"name":"link","type":"reference"},{"name":"photo","type":"binary","CASEEXACT":false},
		{"name":"pin","mutability":"writeOnly"},{"name":"old","multivalued":true,"indexed":true}],"meta":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	attr := func(name string) schema.Attribute {
		return schema.Attribute{Name: name, Type: schema.String, Mutability: schema.ReadWrite, Returned: schema.Default, Uniqueness: schema.None}
	}
	number, link, photo, pin, old := attr("number"), attr("link"), attr("photo"), attr("pin"), attr("old")
	link.Type, link.CaseExact = schema.Reference, true
	photo.Type = schema.Binary
	pin.Mutability, pin.Returned = schema.WriteOnly, schema.Never
	old.MultiValued, old.Indexed = true, true
	want := &schema.Schema{ID: "urn:example:2.0:Badge", Name: "Badge", Attributes: []*schema.Attribute{&number, &link, &photo, &pin, &old}}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("Parse: -want +got\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	attrs := func(list string) string { return `{"id":"urn:example:X","attributes":[` + list + `]}` }
	attr := func(members string) string { return attrs(`{"name":"badge",` + members + `}`) }
	sub := func(members string) string {
		return attr(`"type":"complex","subAttributes":[{"name":"value"},{` + members + `}]`)
	}
	var many []string
	for i := range 501 {
		many = append(many, fmt.Sprintf(`{"name":"a%d"}`, i))
	}
	for phrase, c := range map[string]struct{ in, detail string }{
		"too large a document":       {attrs(`{"name":"a","x":"` + strings.Repeat("x", schema.MaxSchemaBytes) + `"}`), "at most 1048576 bytes"},
		"no id":                      {`{"attributes":[{"name":"a"}]}`, "must be a URN"},
		"an id that is no URN":       {`{"id":"https://example.com/x","attributes":[{"name":"a"}]}`, "must be a URN"},
		"a URN of two parts":         {`{"id":"urn:example","attributes":[{"name":"a"}]}`, "must be a URN"},
		"an empty part":              {`{"id":"urn:example::x","attributes":[{"name":"a"}]}`, "must be a URN"},
		"a quote in the URN":         {`{"id":"urn:example:x\"y","attributes":[{"name":"a"}]}`, "must be a URN"},
		"a long URN":                 {`{"id":"urn:example:` + strings.Repeat("x", 300) + `","attributes":[{"name":"a"}]}`, "at most 255"},
		"the URN of a message":       {`{"id":"urn:ietf:params:scim:api:messages:2.0:X","attributes":[{"name":"a"}]}`, "reserved"},
		"an id that is no string":    {`{"id":7,"attributes":[{"name":"a"}]}`, "id must be a string"},
		"a long name":                {`{"id":"urn:example:X","name":"` + strings.Repeat("x", 101) + `","attributes":[{"name":"a"}]}`, "name of a schema"},
		"a long description":         {`{"id":"urn:example:X","description":"` + strings.Repeat("x", 5000) + `","attributes":[{"name":"a"}]}`, "description of a schema"},
		"no attributes":              {attrs(``), "has no attributes"},
		"attributes of another kind": {`{"id":"urn:example:X","attributes":{}}`, "attributes must be an array"},
		"an attribute that is none":  {attrs(`"a"`), "attributes must be an array"},
		"501 attributes":             {attrs(strings.Join(many, ",")), "has 501 attributes"},
		"no name":                    {attrs(`{"type":"string"}`), "has no name"},
		"no name inside":             {attr(`"type":"complex","subAttributes":[{"type":"string"}]`), "in badge has no name"},
		"a name with a blank":        {attrs(`{"name":"a b"}`), `"a b" cannot be the name`},
		"a name with a dot":          {attrs(`{"name":"a.b"}`), `"a.b" cannot be the name`},
		"a name of digits":           {attrs(`{"name":"1a"}`), `"1a" cannot be the name`},
		"a name beyond 100":          {attrs(`{"name":"` + strings.Repeat("a", 101) + `"}`), "cannot be the name"},
		"$ref outside":               {attrs(`{"name":"$ref","type":"reference"}`), "cannot be the name"},
		"$ref of another type":       {sub(`"name":"$ref"`), "badge.$ref must be a reference"},
		"a reserved name":            {attrs(`{"name":"ID"}`), "ID is reserved"},
		"another reserved name":      {attrs(`{"name":"meta"}`), "meta is reserved"},
		"two of a name":              {attrs(`{"name":"a"},{"name":"A"}`), "two attributes named A"},
		"two of a name inside":       {sub(`"name":"VALUE"`), "two attributes named badge.VALUE"},
		"the type bool":              {attr(`"type":"bool"`), `badge has the type "bool"`},
		"a type that is no string":   {attr(`"type":["string"]`), "badge: type must be a string"},
		"complex in complex":         {sub(`"name":"in","type":"complex","subAttributes":[{"name":"a"}]`), "badge.in is complex inside"},
		"complex without parts":      {attr(`"type":"complex"`), "badge is complex and has no subAttributes"},
		"parts without complex":      {attr(`"subAttributes":[{"name":"a"}]`), "badge has subAttributes"},
		"an unknown mutability":      {attr(`"mutability":"sometimes"`), `badge has the mutability "sometimes"`},
		"an unknown returned":        {sub(`"name":"b","returned":"maybe"`), `badge.b has the value "maybe" for returned`},
		"an unknown uniqueness":      {attr(`"uniqueness":"galaxy"`), `badge has the uniqueness "galaxy"`},
		"writeOnly but returned":     {attr(`"mutability":"writeOnly","returned":"default"`), "badge is writeOnly"},
		"a unique boolean":           {attr(`"type":"boolean","uniqueness":"server"`), "badge cannot be unique"},
		"an indexed binary":          {attr(`"type":"binary","indexed":true`), "badge cannot be indexed"},
		"an indexed secret":          {attr(`"returned":"never","indexed":true`), "badge cannot be indexed"},
		"suggestions for a number":   {attr(`"type":"integer","canonicalValues":["1"]`), "badge cannot have canonicalValues"},
		"reference types elsewhere":  {attr(`"referenceTypes":["User"]`), "badge has referenceTypes"},
		"primary of another type":    {sub(`"name":"primary"`), "badge.primary must be a boolean"},
		"required of another type":   {attr(`"required":"yes"`), "badge: required must be true or false"},
		"suggestions of numbers":     {attr(`"canonicalValues":[1]`), "badge: canonicalValues must be an array of strings"},
		"suggestions without array":  {attr(`"canonicalValues":"x"`), "badge: canonicalValues must be an array of strings"},
		"too many suggestions":       {attr(`"canonicalValues":["x"` + strings.Repeat(`,"x"`, 1000) + `]`), "badge has too many"},
		"too many reference types":   {attr(`"type":"reference","referenceTypes":["x"` + strings.Repeat(`,"x"`, 1000) + `]`), "badge has too many"},
		"a long attribute text":      {attr(`"description":"` + strings.Repeat("x", 5000) + `"`), "badge has too long a description"},
	} {
		t.Run(phrase, func(t *testing.T) {
			s, err := schema.Parse([]byte(c.in))
			if fault(err) != schema.InvalidValue || !strings.Contains(err.Error(), c.detail) {
				t.Errorf("Parse(%.100s) = %v, %v; want invalidValue with %q", c.in, s, err, c.detail)
			}
		})
	}
	if _, err := schema.Parse([]byte(`{`)); fault(err) != schema.InvalidSyntax {
		t.Errorf("Parse of broken JSON: %v, want invalidSyntax", err)
	}
}

func TestParseAccepts500Attributes(t *testing.T) {
	var many []string
	for i := range 500 {
		many = append(many, fmt.Sprintf(`{"name":"a%d"}`, i))
	}
	if _, err := schema.Parse([]byte(`{"id":"urn:example:X","attributes":[` + strings.Join(many, ",") + `]}`)); err != nil {
		t.Error(err)
	}
}

// FuzzParse checks that a schema that Parse accepts is published as one that it
// accepts again, is kept with its whole meaning, and can be used.
func FuzzParse(f *testing.F) {
	for _, s := range schema.Standard().Schemas() {
		data, err := json.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"id":"urn:example:X","attributes":[{"name":"a","type":"complex","multiValued":true,"subAttributes":[{"name":"primary","type":"boolean"}]}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := schema.Parse(in)
		if err != nil {
			return
		}
		if _, err := schema.Parse(s.JSON("https://example.com/" + s.ID)); err != nil {
			t.Fatalf("Parse(%q) was published as %s: %v", in, s.JSON(""), err)
		}
		kept, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := schema.Parse(kept)
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("Parse(%q) was kept as %s, which reads back as %v, %v", in, kept, again, err)
		}
		if _, err := schema.Standard().Extend("User", s, false); err != nil && schema.Standard().SchemaByID(s.ID) == nil {
			t.Errorf("Extend(User, %q): %v", in, err)
		}
	})
}

func TestKeptSchemasReadBack(t *testing.T) {
	for _, s := range schema.Standard().Schemas() {
		if s.ID == schema.SchemaURN || s.ID == schema.ResourceTypeURN {
			continue // they have an attribute "id", and one nests complex attributes
		}
		kept, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := schema.Parse(kept)
		if err != nil {
			t.Errorf("%s: %v", s.ID, err)
			continue
		}
		for i, a := range s.Attributes {
			ours := cmpopts.IgnoreFields(schema.Attribute{}, "Rows", "Indexed") // not published
			if diff := cmp.Diff(a, got.Attributes[i], ours); diff != "" {
				t.Errorf("%s: %s", s.ID, diff)
			}
		}
	}
}
