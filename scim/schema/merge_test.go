package schema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/scim/schema"
)

// canonical loads JSON that is canonical already.
func canonical(t testing.TB, rt *schema.ResourceType, text string) schema.Object {
	t.Helper()
	o, err := rt.Load([]byte(text))
	if err != nil {
		t.Fatalf("Load(%s): %v", text, err)
	}
	return o
}

func TestMerge(t *testing.T) {
	user, things := userType(), mixed(t)
	ext := func(inside string) string {
		return `{"schemas":["` + schema.UserURN + `",` + enterprise + `],"userName":"a",` + enterprise + `:` + inside + `}`
	}
	for phrase, c := range map[string]struct {
		rt             *schema.ResourceType
		old, new, want string
		fault          schema.Fault
	}{
		"what is not sent is cleared": {user,
			`{` + core + `,"id":"1","userName":"a","title":"T","externalId":"e"}`, `{` + core + `,"userName":"b"}`,
			`{` + core + `,"id":"1","userName":"b"}`, ""},
		"a password is kept": {user,
			`{` + core + `,"userName":"a","password":"p"}`, `{` + core + `,"userName":"a"}`,
			`{` + core + `,"userName":"a","password":"p"}`, ""},
		"a new password counts": {user,
			`{` + core + `,"userName":"a","password":"p"}`, `{` + core + `,"userName":"a","password":"q"}`,
			`{` + core + `,"userName":"a","password":"q"}`, ""},
		"read-only and immutable are kept": {things,
			`{` + thing + `,"state":"ok","pin":"1"}`, `{"schemas":["urn:example:Thing"],"label":"M"}`,
			`{"schemas":["urn:example:Thing"],"label":"M","serial":"S","state":"ok","pin":"1"}`, ""},
		"the same immutable again": {things, `{` + thing + `}`, `{` + thing + `}`, `{` + thing + `}`, ""},
		"another immutable": {things,
			`{` + thing + `}`, `{"schemas":["urn:example:Thing"],"label":"L","serial":"X"}`, ``, schema.Unwritable},
		"a missing required": {things,
			`{"schemas":["urn:example:Thing"],"label":"L"}`, `{"schemas":["urn:example:Thing"],"label":"L"}`, ``, schema.InvalidValue},
		"the name of the same manager stays": {user,
			ext(`{"manager":{"value":"m","displayName":"M"}}`), ext(`{"manager":{"value":"m"}}`),
			ext(`{"manager":{"value":"m","$ref":"../Users/m","displayName":"M"}}`), ""},
		"the name of another manager goes": {user,
			ext(`{"manager":{"value":"m","displayName":"M"}}`), ext(`{"manager":{"value":"n"}}`),
			ext(`{"manager":{"value":"n","$ref":"../Users/n"}}`), ""},
		"an extension goes with its last value": {user,
			ext(`{"department":"D"}`), `{` + core + `,"userName":"a"}`, `{` + core + `,"userName":"a"}`, ""},
		"parts are found again by value": {things,
			`{` + thing + `,"parts":[{"value":"v","code":"c","note":"n","pin":"1"},{"value":"w","code":"d"}]}`,
			`{` + thing + `,"parts":[{"value":"x"},{"value":"v"}]}`,
			`{` + thing + `,"parts":[{"value":"x"},{"value":"v","code":"c","note":"n","pin":"1"}]}`, ""},
		"parts in another order and doubled": {things,
			`{` + thing + `,"parts":[{"value":"v","code":"c"},{"value":"w","code":"d"}]}`,
			`{` + thing + `,"parts":[{"value":"w"},{"value":"v"},{"value":"v"}]}`,
			`{` + thing + `,"parts":[{"value":"w","code":"d"},{"value":"v","code":"c"},{"value":"v","code":"c"}]}`, ""},
		"a part with another code is another part": {things,
			`{` + thing + `,"parts":[{"value":"v","code":"c","note":"n"}]}`,
			`{` + thing + `,"parts":[{"value":"v","code":"d"}]}`,
			`{` + thing + `,"parts":[{"value":"v","code":"d"}]}`, ""},
	} {
		t.Run(phrase, func(t *testing.T) {
			old, new := canonical(t, c.rt, c.old), canonical(t, c.rt, c.new)
			got, err := c.rt.Merge(old, new)
			if fault(err) != c.fault {
				t.Fatalf("Merge(%s, %s) = %v, %v; want %q", c.old, c.new, got, err, c.fault)
			}
			if err == nil {
				if diff := cmp.Diff(canonical(t, c.rt, c.want), got); diff != "" {
					t.Errorf("Merge(%s, %s): -want +got\n%s", c.old, c.new, diff)
				}
			}
			if !schema.Equal(old, canonical(t, c.rt, c.old)) || !schema.Equal(new, canonical(t, c.rt, c.new)) {
				t.Errorf("Merge changed an argument: %v, %v", old, new)
			}
		})
	}
}

func TestMergeComparesImmutableSetsInAnyOrder(t *testing.T) {
	s, err := schema.Parse([]byte(`{"id":"urn:example:Set","attributes":[{"name":"marks","multiValued":true,"mutability":"immutable"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	rt := &schema.ResourceType{Name: "Set", Endpoint: "/Sets", Schema: s}
	old := schema.Object{"marks": []any{"a", "b", "b"}}
	for _, c := range []struct {
		marks []any
		want  schema.Fault
	}{
		{[]any{"b", "a", "b"}, ""},
		{[]any{"a", "a", "b"}, schema.Unwritable},
		{[]any{"a", "b"}, schema.Unwritable},
	} {
		if _, err := rt.Merge(old, schema.Object{"marks": c.marks}); fault(err) != c.want {
			t.Errorf("Merge(a b b, %v): %v, want %q", c.marks, err, c.want)
		}
	}
}

func TestFinish(t *testing.T) {
	rt := userType()
	emails := []any{schema.Object{"value": "e", "type": ""}, schema.Object{}, schema.Object{"value": nil}}
	o := schema.Object{
		"userName": "a", "title": "", "nickName": nil, "emails": emails,
		"name":               schema.Object{"givenName": "G", "familyName": ""},
		schema.EnterpriseURN: schema.Object{"department": "D", "manager": schema.Object{"value": ""}},
	}
	if err := rt.Finish(o); err != nil {
		t.Fatal(err)
	}
	want := schema.Object{
		"schemas":  []any{schema.UserURN, schema.EnterpriseURN},
		"userName": "a", "emails": []any{schema.Object{"value": "e"}},
		"name":               schema.Object{"givenName": "G"},
		schema.EnterpriseURN: schema.Object{"department": "D"},
	}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Errorf("Finish: -want +got\n%s", diff)
	}
	if len(emails) != 3 || emails[0].(schema.Object)["type"] != "" {
		t.Errorf("Finish wrote into a shared value: %v", emails)
	}
	delete(o[schema.EnterpriseURN].(schema.Object), "department")
	if err := rt.Finish(o); err != nil || len(o["schemas"].([]any)) != 1 || o[schema.EnterpriseURN] != nil {
		t.Errorf("Finish without extension data = %v, %v", o, err)
	}
}

func TestFinishRefuses(t *testing.T) {
	for phrase, o := range map[string]schema.Object{
		"no userName":      {"title": "T"},
		"an empty one":     {"userName": ""},
		"two primary ones": {"userName": "a", "emails": []any{schema.Object{"value": "e", "primary": true}, schema.Object{"value": "f", "primary": true}}},
	} {
		if err := userType().Finish(o); fault(err) != schema.InvalidValue {
			t.Errorf("%s: %v, want invalidValue", phrase, err)
		}
	}
}

func TestEqualAndDiff(t *testing.T) {
	const base = `{` + core + `,"userName":"a","emails":[{"value":"e"},{"value":"f"}],"name":{"givenName":"G"},` + enterprise + `:{"department":"D","costCenter":"C"}}`
	for phrase, c := range map[string]struct {
		other string
		want  []string
	}{
		"the same":         {base, nil},
		"schemas and meta": {`{"schemas":["x"],"meta":{"version":"1"},"userName":"a","emails":[{"value":"e"},{"value":"f"}],"name":{"givenName":"G"},` + enterprise + `:{"department":"D","costCenter":"C"}}`, nil},
		"case":             {`{` + core + `,"userName":"A","emails":[{"value":"e"},{"value":"f"}],"name":{"givenName":"G"},` + enterprise + `:{"department":"D","costCenter":"C"}}`, []string{"userName"}},
		"one more and one gone": {`{` + core + `,"userName":"a","title":"T","emails":[{"value":"e"}],` + enterprise + `:{"department":"E"}}`,
			[]string{"emails", "name", "title", schema.EnterpriseURN + ":costCenter", schema.EnterpriseURN + ":department"}},
		"no extension": {`{` + core + `,"userName":"a","emails":[{"value":"e"},{"value":"f"}],"name":{"givenName":"G"}}`,
			[]string{schema.EnterpriseURN + ":costCenter", schema.EnterpriseURN + ":department"}},
	} {
		a, b := canonical(t, userType(), base), canonical(t, userType(), c.other)
		if diff := cmp.Diff(c.want, schema.Diff(userType(), a, b)); diff != "" {
			t.Errorf("%s: Diff -want +got\n%s", phrase, diff)
		}
		if diff := cmp.Diff(c.want, schema.Diff(userType(), b, a)); diff != "" {
			t.Errorf("%s: Diff the other way -want +got\n%s", phrase, diff)
		}
		if same := schema.Equal(a, b); same != (c.other == base) {
			t.Errorf("%s: Equal = %v", phrase, same)
		}
	}
	for _, pair := range [][2]any{{"a", []any{"a"}}, {schema.Object{}, "a"}, {int64(1), 1.0}, {nil, ""}, {[]any{}, schema.Object{}}} {
		if schema.EqualValues(pair[0], pair[1]) || schema.EqualValues(pair[1], pair[0]) {
			t.Errorf("EqualValues(%v, %v) = true", pair[0], pair[1])
		}
	}
}

func TestClone(t *testing.T) {
	o := canonical(t, userType(), `{"emails":[{"value":"e"}],"name":{"givenName":"G"}}`)
	c := schema.Clone(o)
	c["emails"].([]any)[0].(schema.Object)["value"] = "x"
	c["name"].(schema.Object)["givenName"] = "x"
	if !schema.Equal(o, canonical(t, userType(), `{"emails":[{"value":"e"}],"name":{"givenName":"G"}}`)) {
		t.Errorf("a change to the copy changed the original: %v", o)
	}
	if v := schema.Clone[any](nil); v != nil {
		t.Errorf("Clone(nil) = %v", v)
	}
}

// The names "value" and "primary" may belong to many values in a schema of an
// organisation.
func TestMergeOfManyValuesNamedValue(t *testing.T) {
	rt := &schema.ResourceType{Name: "Odd", Endpoint: "/Odds", Schema: parse(t, `{"id":"urn:example:Odd","attributes":[
		{"name":"parts","type":"complex","multiValued":true,"subAttributes":[
			{"name":"value","multiValued":true},{"name":"primary","type":"boolean","multiValued":true},{"name":"code","mutability":"immutable"}]}]}`)}
	old := canonical(t, rt, `{"parts":[{"value":["a","b"],"code":"c","primary":[true]},{"value":["a"]}]}`)
	got, err := rt.Merge(old, canonical(t, rt, `{"parts":[{"value":["a","b"],"primary":[true,true]}]}`))
	want := canonical(t, rt, `{"schemas":["urn:example:Odd"],"parts":[{"value":["a","b"],"code":"c","primary":[true,true]}]}`)
	if err != nil || !schema.Equal(want, got) {
		t.Errorf("Merge = %v, %v; want %v", got, err, want)
	}
}
