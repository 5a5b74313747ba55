package patch

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/scim/schema"
)

// An edit is a RowEdit as a test writes it.
type edit struct {
	Op     RowOp
	Values []object
	Filter string
}

func members(ids ...string) []object {
	var rows []object
	for _, id := range ids {
		rows = append(rows, object{"value": id})
	}
	return rows
}

func TestMembers(t *testing.T) {
	u := func(id string) object { return object{"value": id, "type": "User"} }
	for phrase, tt := range map[string]struct {
		d    schema.Dialect
		ops  string
		want []edit
		fail schema.Fault
	}{
		"08 add":                     {schema.RFC, `{"op":"add","path":"members","value":[{"value":"C"},{"value":"C"}]}`, []edit{{Op: AddRows, Values: members("C", "C")}}, ""},
		"08 add one without array":   {schema.RFC, `{"op":"add","path":"members","value":{"value":"C"}}`, []edit{{Op: AddRows, Values: members("C")}}, ""},
		"08 replace":                 {schema.RFC, `{"op":"replace","path":"members","value":[{"value":"C"}]}`, []edit{{Op: ReplaceRows, Values: members("C")}}, ""},
		"08 O7 replace by nothing":   {schema.RFC, `{"op":"replace","path":"members","value":[]}`, []edit{{Op: ReplaceRows}}, ""},
		"08 remove all":              {schema.RFC, `{"op":"remove","path":"members"}`, []edit{{Op: ReplaceRows}}, ""},
		"08 remove one":              {schema.RFC, `{"op":"remove","path":"members[value eq \"B\"]"}`, []edit{{Op: RemoveRows, Values: members("B")}}, ""},
		"remove one of two":          {schema.Strict, `{"op":"remove","path":"members[value eq \"A\" or value eq \"B\"]"}`, []edit{{Op: RemoveRows, Values: members("A", "B")}}, ""},
		"remove by another filter":   {schema.RFC, `{"op":"remove","path":"members[type eq \"Group\" and value ne \"B\"]"}`, []edit{{Op: RemoveRows, Filter: `type eq "Group" and value ne "B"`}}, ""},
		"Q4 remove by value":         {schema.Entra, `{"op":"Remove","path":"members","value":[{"value":"2392066"}]}`, []edit{{Op: RemoveRows, Values: members("2392066")}}, ""},
		"Q5 remove with a null $ref": {schema.Entra, `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"f648"}]}`, []edit{{Op: RemoveRows, Values: members("f648")}}, ""},
		"Q5 add with a null $ref":    {schema.Entra, `{"op":"Add","path":"members","value":[{"$ref":null,"value":"f648"}]}`, []edit{{Op: AddRows, Values: members("f648")}}, ""},
		"remove by bare ids":         {schema.Entra, `{"op":"Remove","path":"members","value":["A"]}`, []edit{{Op: RemoveRows, Values: members("A")}}, ""},
		"remove by nothing":          {schema.Entra, `{"op":"Remove","path":"members","value":[]}`, nil, ""},
		"remove by nothing, rfc":     {schema.RFC, `{"op":"remove","path":"members","value":[]}`, nil, ""},
		"remove by null":             {schema.RFC, `{"op":"remove","path":"members","value":null}`, []edit{{Op: ReplaceRows}}, ""},
		"remove by value, rfc":       {schema.RFC, `{"op":"remove","path":"members","value":[{"value":"A"}]}`, nil, schema.InvalidValue},
		"remove by value, strict":    {schema.Strict, `{"op":"remove","path":"members","value":[{"value":"A"}]}`, nil, schema.InvalidValue},
		"O6 remove, then add": {schema.Okta, `{"op":"remove","path":"members[value eq \"A\"]"},{"op":"add","path":"members","value":[{"value":"B","display":"b@x"}]}`,
			[]edit{{Op: RemoveRows, Values: members("A")}, {Op: AddRows, Values: members("B")}}, ""},
		"O5 rename":                      {schema.Okta, `{"op":"replace","value":{"id":"9","displayName":"New"}}`, nil, ""},
		"08 rename in the standard":      {schema.RFC, `{"op":"replace","value":{"id":"9","displayName":"New"}}`, nil, ""},
		"O7 push now without a path":     {schema.Okta, `{"op":"replace","value":{"members":[],"id":"9","displayName":"New"}}`, []edit{{Op: ReplaceRows}}, ""},
		"O7 members without a path":      {schema.Okta, `{"op":"replace","value":{"members":[{"value":"A"}]}}`, []edit{{Op: ReplaceRows, Values: members("A")}}, ""},
		"O9 members null is no word":     {schema.Okta, `{"op":"replace","value":{"members":null,"displayName":"New"}}`, nil, ""},
		"add of nothing":                 {schema.RFC, `{"op":"add","value":{"members":[]}}`, nil, ""},
		"the type is kept":               {schema.RFC, `{"op":"add","path":"members","value":[{"value":"A","TYPE":"User","display":"a"}]}`, []edit{{Op: AddRows, Values: []object{u("A")}}}, ""},
		"no value":                       {schema.RFC, `{"op":"add","path":"members","value":[{"type":"User"}]}`, nil, schema.InvalidValue},
		"an empty value":                 {schema.RFC, `{"op":"add","path":"members","value":[{"value":"","type":"User"}]}`, nil, schema.InvalidValue},
		"a value that is a number":       {schema.RFC, `{"op":"add","path":"members","value":[{"value":5}]}`, nil, schema.InvalidValue},
		"remove by type":                 {schema.Entra, `{"op":"remove","path":"members","value":[{"type":"User"}]}`, nil, schema.InvalidValue},
		"a bulkId":                       {schema.RFC, `{"op":"add","path":"members","value":[{"value":"bulkId:u"}]}`, []edit{{Op: AddRows, Values: members("bulkId:u")}}, ""},
		"Q8 filtered add":                {schema.Entra, `{"op":"Add","path":"members[value eq \"A\"]","value":{"type":"User"}}`, []edit{{Op: AddRows, Values: []object{u("A")}}}, ""},
		"filtered add, rfc":              {schema.RFC, `{"op":"add","path":"members[value eq \"A\"]","value":{"type":"User"}}`, nil, schema.Unwritable},
		"46 a sub-attribute of a member": {schema.RFC, `{"op":"replace","path":"members[value eq \"A\"].type","value":"Group"}`, nil, schema.Unwritable},
		"display of a member":            {schema.RFC, `{"op":"replace","path":"members[value eq \"A\"].display","value":"x"}`, nil, schema.Unwritable},
		"display of a member, Entra":     {schema.Entra, `{"op":"replace","path":"members[value eq \"A\"].display","value":"x"}`, nil, ""},
		"value of a member, Entra":       {schema.Entra, `{"op":"replace","path":"members[value eq \"A\"].value","value":"B"}`, nil, schema.Unwritable},
		"a filter on no sub-attribute":   {schema.Entra, `{"op":"remove","path":"members[nosuch eq \"A\"]"}`, nil, schema.InvalidFilter},
	} {
		t.Run(phrase, func(t *testing.T) {
			_, edits, err := run(t, group, tt.d, load(t, group, team), tt.ops)
			e, _ := errors.AsType[*schema.Error](err)
			if tt.fail == "" && err != nil || tt.fail != "" && (e == nil || e.Fault != tt.fail) {
				t.Fatalf("%s: %v, want %q", tt.ops, err, tt.fail)
			}
			var got []edit
			for _, r := range edits {
				g := edit{Op: r.Op}
				if len(r.Values) > 0 {
					g.Values = r.Values
				}
				if r.Filter != nil {
					g.Filter = r.Filter.String()
				}
				if r.Attr != "members" {
					t.Errorf("the edit is of %q", r.Attr)
				}
				got = append(got, g)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("%s: -want +got\n%s", tt.ops, d)
			}
		})
	}
}

// Members never come into the document, and a PATCH of members alone returns
// the very document that it got.
func TestMembersStayOutOfTheDocument(t *testing.T) {
	old := load(t, group, team)
	got, edits, err := run(t, group, schema.RFC, old, `{"op":"add","path":"members","value":[{"value":"A"}]},{"op":"replace","path":"displayName","value":"Team"}`)
	if err != nil || len(edits) != 1 {
		t.Fatalf("%d edits, %v", len(edits), err)
	}
	if !schema.Equal(got, old) {
		t.Errorf("got %v, want %v", got, old)
	}
}
