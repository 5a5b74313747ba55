package schema_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/scim/schema"
)

// published returns the attribute at a path of a published schema as JSON.
func published(t *testing.T, urn string, path ...string) schema.Object {
	t.Helper()
	s := schema.Standard().SchemaByID(urn)
	if s == nil {
		t.Fatalf("no schema %s", urn)
	}
	o := object(t, string(s.JSON("https://example.com/Schemas/"+urn)))
	list := "attributes"
	for _, name := range path {
		found := false
		for _, v := range o[list].([]any) {
			if a := v.(schema.Object); a["name"] == name {
				o, found = a, true
				break
			}
		}
		if !found {
			t.Fatalf("%s: no attribute %q of %q", urn, name, path)
		}
		list = "subAttributes"
	}
	return o
}

func TestErrata(t *testing.T) {
	for _, c := range []struct {
		erratum string
		urn     string
		path    []string
		key     string
		want    any // nil: must be absent
	}{
		{"5368", schema.GroupURN, []string{"displayName"}, "required", true},
		{"6004", schema.UserURN, []string{"name"}, "uniqueness", nil},
		{"6004", schema.UserURN, []string{"emails"}, "uniqueness", nil},
		{"6004", schema.UserURN, []string{"addresses"}, "uniqueness", nil},
		{"5606", schema.UserURN, []string{"x509Certificates", "value"}, "type", "binary"},
		{"8435", schema.SchemaURN, []string{"attributes", "type"}, "canonicalValues",
			[]any{"string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"}},
		{"8415", schema.SchemaURN, []string{"attributes", "subAttributes", "type"}, "canonicalValues",
			[]any{"string", "boolean", "decimal", "integer", "dateTime", "binary", "reference"}},
		{"5607", schema.SchemaURN, []string{"attributes", "subAttributes", "referenceTypes"}, "multiValued", true},
		{"7522", schema.ResourceTypeURN, []string{"schemaExtensions"}, "multiValued", true},
		{"8471", schema.UserURN, []string{"groups", "$ref"}, "referenceTypes", []any{"Group"}},
		{"8472", schema.EnterpriseURN, []string{"manager", "value"}, "caseExact", true},
		{"8475", schema.ResourceTypeURN, []string{"name"}, "uniqueness", "server"},
		{"8475", schema.ResourceTypeURN, []string{"endpoint"}, "uniqueness", "server"},
		{"6001", schema.UserURN, []string{"profileUrl"}, "caseExact", true},
		{"6001", schema.GroupURN, []string{"members", "$ref"}, "caseExact", true},
		{"6011", schema.GroupURN, []string{"members", "display"}, "type", "string"},
		{"RFC 9865", schema.ProviderConfigURN, []string{"pagination", "cursor"}, "type", "boolean"},
		{"RFC 9967", schema.ProviderConfigURN, []string{"securityEvents", "eventUris"}, "multiValued", true},
		{"example of 8.2", schema.UserURN, []string{"addresses", "primary"}, "type", "boolean"},
		{"4.1.2", schema.UserURN, []string{"groups", "type"}, "canonicalValues", []any{"direct", "indirect"}},
		{"4.1.1", schema.UserURN, []string{"userName"}, "uniqueness", "server"},
		{"ours alone", schema.UserURN, []string{"emails", "value"}, "indexed", nil},
	} {
		if got := published(t, c.urn, c.path...)[c.key]; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %s of %q = %v, want %v", c.erratum, c.key, c.path, got, c.want)
		}
	}
}

func TestIndexedAttributes(t *testing.T) {
	var got []string
	for _, rt := range schema.Standard().Types() {
		for _, path := range []string{
			"emails.value", "emails.type", "phoneNumbers.value", "roles.value", "entitlements.value", "title",
			schema.EnterpriseURN + ":employeeNumber", schema.EnterpriseURN + ":manager.value",
		} {
			if ref, ok := rt.FindPath(path); ok && ref.Leaf().Indexed {
				got = append(got, ref.Path())
			}
		}
	}
	want := []string{
		"emails.value", "phoneNumbers.value", "roles.value", "entitlements.value",
		schema.EnterpriseURN + ":employeeNumber", schema.EnterpriseURN + ":manager.value",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("indexed attributes -want +got\n%s", diff)
	}
}

func TestPublishedSchemas(t *testing.T) {
	names := map[string]bool{}
	for _, s := range schema.Standard().Schemas() {
		names[s.Name] = true
		o := object(t, string(s.JSON("https://h/"+s.ID)))
		meta := schema.Object{"resourceType": "Schema", "location": "https://h/" + s.ID}
		if !reflect.DeepEqual(o["schemas"], []any{schema.SchemaURN}) || o["id"] != s.ID || !reflect.DeepEqual(o["meta"], meta) {
			t.Errorf("%s is published as %v", s.ID, o)
		}
		if s.ID != schema.SchemaURN {
			checkAttributes(t, s.ID, s.Attributes)
		}
	}
	want := map[string]bool{"User": true, "Group": true, "EnterpriseUser": true, "Service Provider Configuration": true, "ResourceType": true, "Schema": true}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("schemas -want +got\n%s", diff)
	}
}

// checkAttributes holds the documents to what they have in common.
func checkAttributes(t *testing.T, path string, attrs []*schema.Attribute) {
	for _, a := range attrs {
		path := path + " " + a.Name
		if a.Name == "type" && a.Type == schema.String && len(a.CanonicalValues) == 0 {
			t.Errorf("%s has no canonical values", path)
		}
		if a.Description == "" {
			t.Errorf("%s has no description", path)
		}
		if (a.Type == schema.Reference || a.Type == schema.Binary) && !a.CaseExact {
			t.Errorf("%s must be case exact", path)
		}
		if a.Type == schema.Reference && len(a.ReferenceTypes) == 0 {
			t.Errorf("%s has no reference types", path)
		}
		checkAttributes(t, path, a.SubAttributes)
	}
}

func TestStandardTypes(t *testing.T) {
	r := schema.Standard()
	user, group := r.TypeByEndpoint("users"), r.TypeByEndpoint("/GROUPS")
	if user == nil || group == nil || user != r.TypeByName("USER") || group != r.TypeByName("Group") {
		t.Fatalf("TypeByEndpoint: %v, %v", user, group)
	}
	if r.TypeByEndpoint("Widgets") != nil || r.TypeByName("Widget") != nil || r.SchemaByID("urn:x:y") != nil {
		t.Error("something unknown was found")
	}
	if s := r.SchemaByID("URN:IETF:params:scim:schemas:core:2.0:user"); s != user.Schema {
		t.Errorf("SchemaByID in another case = %v", s)
	}
	want := `{"schemas":["` + schema.ResourceTypeURN + `"],"id":"User","name":"User","description":"User Account","endpoint":"/Users","schema":"` + schema.UserURN +
		`","schemaExtensions":[{"schema":` + enterprise + `,"required":false}],"meta":{"resourceType":"ResourceType","location":"https://h/ResourceTypes/User"}}`
	if got := string(user.JSON("https://h/ResourceTypes/User")); got != want {
		t.Errorf("User = %s, want %s", got, want)
	}
	want = `{"schemas":["` + schema.ResourceTypeURN + `"],"id":"Group","name":"Group","description":"Group","endpoint":"/Groups","schema":"` + schema.GroupURN +
		`","meta":{"resourceType":"ResourceType","location":"l"}}`
	if got := string(group.JSON("l")); got != want {
		t.Errorf("Group = %s, want %s", got, want)
	}
	var rows []string
	for _, rt := range r.Types() {
		for _, a := range rt.Schema.Attributes {
			if a.Rows {
				rows = append(rows, rt.Name+"."+a.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{"User.groups", "Group.members"}, rows); diff != "" {
		t.Errorf("row attributes -want +got\n%s", diff)
	}
}

func TestDialectByName(t *testing.T) {
	for name, want := range map[string]schema.Dialect{"": schema.RFC, "rfc": schema.RFC, "strict": schema.Strict, "entra": schema.Entra, "okta": schema.Okta} {
		if got, ok := schema.DialectByName(name); !ok || !cmp.Equal(got, want) {
			t.Errorf("DialectByName(%q) = %v, %v", name, got, ok)
		}
	}
	if got, ok := schema.DialectByName("vendor"); ok {
		t.Errorf("DialectByName(vendor) = %v", got)
	}
}
