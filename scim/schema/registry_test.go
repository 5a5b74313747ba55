package schema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/scim/schema"
)

func parse(t testing.TB, text string) *schema.Schema {
	t.Helper()
	s, err := schema.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestExtendLeavesTheOldRegistryAlone(t *testing.T) {
	old := schema.Standard()
	badge := parse(t, `{"id":"urn:example:Badge","attributes":[{"name":"number"}]}`)
	r, err := old.Extend("User", badge, false)
	if err != nil {
		t.Fatal(err)
	}
	r2, err := r.Extend("Group", badge, false) // one schema may extend two types
	if err != nil {
		t.Fatal(err)
	}
	for phrase, c := range map[string]struct {
		r           *schema.Registry
		user, group bool
	}{"before": {old, false, false}, "once": {r, true, false}, "twice": {r2, true, true}} {
		_, user := c.r.TypeByName("User").Find("urn:example:badge", "NUMBER", "")
		_, group := c.r.TypeByName("Group").Find("urn:example:badge", "NUMBER", "")
		known := c.r.SchemaByID("urn:example:Badge") != nil
		if user != c.user || group != c.group || known != c.user {
			t.Errorf("%s: User %v, Group %v, schema known %v", phrase, user, group, known)
		}
	}
	if n := len(r2.Schemas()); n != 7 {
		t.Errorf("%d schemas, want 7", n)
	}
}

func TestRegistryRefuses(t *testing.T) {
	badge := parse(t, `{"id":"urn:example:Badge","attributes":[{"name":"number"}]}`)
	other := parse(t, `{"id":"urn:EXAMPLE:badge","attributes":[{"name":"colour"}]}`)
	std := schema.Standard()
	extended, err := std.Extend("User", badge, false)
	if err != nil {
		t.Fatal(err)
	}
	add := func(rt schema.ResourceType) error {
		_, err := extended.Add(&rt)
		return err
	}
	extend := func(name string, s *schema.Schema) error {
		_, err := extended.Extend(name, s, false)
		return err
	}
	for phrase, c := range map[string]struct {
		err    error
		detail string
	}{
		"an unknown type":               {extend("Widget", badge), `no resource type "Widget"`},
		"the same extension twice":      {extend("User", badge), "already has the schema"},
		"the core schema as extension":  {extend("User", std.SchemaByID(schema.UserURN)), "already has the schema"},
		"another schema under one URN":  {extend("Group", other), "already another schema urn:example:Badge"},
		"another User":                  {add(schema.ResourceType{Name: "user", Endpoint: "/Persons", Schema: badge}), "already a resource type User"},
		"a taken endpoint":              {add(schema.ResourceType{Name: "Person", Endpoint: "/USERS", Schema: badge}), "taken by the resource type User"},
		"a reserved endpoint":           {add(schema.ResourceType{Name: "Person", Endpoint: "/bulk", Schema: badge}), "reserved"},
		"an endpoint without a slash":   {add(schema.ResourceType{Name: "Person", Endpoint: "Persons", Schema: badge}), "must be a slash and a name"},
		"an endpoint of two segments":   {add(schema.ResourceType{Name: "Person", Endpoint: "/a/b", Schema: badge}), "must be a slash and a name"},
		"a name with a blank":           {add(schema.ResourceType{Name: "A B", Endpoint: "/Persons", Schema: badge}), "cannot be the name"},
		"no schema":                     {add(schema.ResourceType{Name: "Person", Endpoint: "/Persons"}), "has no schema"},
		"an extension without a schema": {add(schema.ResourceType{Name: "Person", Endpoint: "/Persons", Schema: badge, Extensions: []schema.Extension{{}}}), "without a schema"},
	} {
		if fault(c.err) != schema.InvalidValue || !strings.Contains(c.err.Error(), c.detail) {
			t.Errorf("%s: %v, want invalidValue with %q", phrase, c.err, c.detail)
		}
	}
}

func TestFind(t *testing.T) {
	rt := userType()
	for path, want := range map[string]string{
		"userName": "userName", "USERNAME": "userName", "emails.VALUE": "emails.value", "id": "id", "schemas": "schemas",
		"externalid": "externalId", "META.lastmodified": "meta.lastModified", "groups.$REF": "groups.$ref",
		"urn:ietf:params:scim:schemas:core:2.0:USER:name.familyName": "name.familyName",
		schema.EnterpriseURN + ":Department":                         schema.EnterpriseURN + ":department",
		strings.ToUpper(schema.EnterpriseURN) + ":manager.value":     schema.EnterpriseURN + ":manager.value",
	} {
		ref, ok := rt.FindPath(path)
		if !ok || ref.Path() != want {
			t.Errorf("FindPath(%q) = %v, %v; want %s", path, ref, ok, want)
		}
	}
	for _, path := range []string{
		"", ".", "department", "name.", "name.nope", "nope", "userName.value", schema.EnterpriseURN, schema.EnterpriseURN + ":",
		schema.EnterpriseURN + "x:department", schema.GroupURN + ":members", schema.EnterpriseURN + ":userName", "urn:", "urn:x",
	} {
		if ref, ok := rt.FindPath(path); ok {
			t.Errorf("FindPath(%q) = %s, want nothing", path, ref.Path())
		}
	}
}

// Of two extensions whose URNs begin alike the longer one is meant.
func TestFindPrefersTheLongerURN(t *testing.T) {
	r, err := schema.Standard().Extend("User", parse(t, `{"id":"urn:example:A","attributes":[{"name":"b"}]}`), false)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = r.Extend("User", parse(t, `{"id":"urn:example:A:b","attributes":[{"name":"c"}]}`), false); err != nil {
		t.Fatal(err)
	}
	if ref, ok := r.TypeByName("User").FindPath("urn:example:a:B:C"); !ok || ref.Path() != "urn:example:A:b:c" {
		t.Errorf("FindPath = %v, %v", ref, ok)
	}
}

func TestRefGetAndSet(t *testing.T) {
	rt := userType()
	o := canonical(t, rt, `{"userName":"a","emails":[{"value":"e"},{"type":"home"},{"value":"f"}],`+enterprise+`:{"manager":{"value":"m"}}}`)
	for path, want := range map[string]any{
		"userName": "a", "title": nil, "name.givenName": nil, "emails.value": []any{"e", "f"}, "emails.display": nil,
		schema.EnterpriseURN + ":manager": schema.Object{"value": "m"}, schema.EnterpriseURN + ":manager.value": "m",
		schema.EnterpriseURN + ":department": nil,
	} {
		ref, _ := rt.FindPath(path)
		if diff := cmp.Diff(want, ref.Get(o)); diff != "" {
			t.Errorf("%s: -want +got\n%s", path, diff)
		}
	}
	set := func(path string, v any) {
		ref, _ := rt.FindPath(path)
		ref.Set(o, v)
	}
	set("emails", nil)
	set("name.givenName", "G")
	set("name.familyName", nil)
	set(schema.EnterpriseURN+":manager.value", nil)
	set(schema.EnterpriseURN+":department", nil)
	if diff := cmp.Diff(schema.Object{"userName": "a", "name": schema.Object{"givenName": "G"}}, o); diff != "" {
		t.Errorf("after Set: -want +got\n%s", diff)
	}
	set(schema.EnterpriseURN+":manager.value", "n")
	if diff := cmp.Diff(schema.Object{"manager": schema.Object{"value": "n"}}, o[schema.EnterpriseURN]); diff != "" {
		t.Errorf("after Set: -want +got\n%s", diff)
	}
}

// A type that is in no registry works too, only slower.
func TestATypeWithoutARegistry(t *testing.T) {
	rt := &schema.ResourceType{Name: "Badge", Endpoint: "/Badges", Schema: parse(t, `{"id":"urn:example:Badge","attributes":[{"name":"number"}]}`)}
	o, err := rt.Canonical(object(t, `{"schemas":["urn:example:Badge"],"NUMBER":"7"}`), schema.Strict, schema.ForCreate)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(rt.Encode(o)), `{"schemas":["urn:example:Badge"],"number":"7"}`; got != want {
		t.Errorf("Encode = %s, want %s", got, want)
	}
}
