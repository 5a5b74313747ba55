package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/scim/schema"
	"pgregory.net/rapid"
)

func TestEncode(t *testing.T) {
	o := schema.Object{
		"meta":               schema.Object{"version": "1"},
		schema.EnterpriseURN: schema.Object{"department": "D", "costCenter": "C"},
		"active":             true, "password": "p", "userName": "a\"\\\n\r\t\x01/<é😀\xff",
		"name":   schema.Object{"givenName": "G", "familyName": "F"},
		"emails": []any{schema.Object{"primary": true, "value": "e"}},
		"groups": []any{schema.Object{"value": "g"}},
		"gone":   int64(7), "externalId": "x", "id": "1", "schemas": []any{schema.UserURN, schema.EnterpriseURN},
	}
	rest := `"schemas":["` + schema.UserURN + `",` + enterprise + `],"id":"1","externalId":"x","userName":"a\"\\\n\r\t\u0001/<é😀` + "\uFFFD" + `",` +
		`"name":{"familyName":"F","givenName":"G"},"active":true,`
	mails := `"emails":[{"value":"e","primary":true}]`
	tail := `,` + enterprise + `:{"costCenter":"C","department":"D"},"gone":7`
	if got, want := string(userType().Encode(o)), `{`+rest+mails+tail+`}`; got != want {
		t.Errorf("Encode =\n%s, want\n%s", got, want)
	}
	want := `{` + rest + `"password":"p",` + mails + `,"groups":[{"value":"g"}]` + tail + `,"meta":{"version":"1"}}`
	if got := string(userType().Append([]byte("x"), o)); got != "x"+want {
		t.Errorf("Append =\n%s, want\n%s", got, "x"+want)
	}
}

func TestEncodeOfNothingButSecrets(t *testing.T) {
	s, err := schema.Parse([]byte(`{"id":"urn:example:Key","attributes":[{"name":"pin","returned":"never"},{"name":"box","type":"complex","subAttributes":[{"name":"pin","returned":"never"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r, err := schema.Standard().Extend("User", s, false)
	if err != nil {
		t.Fatal(err)
	}
	o := schema.Object{"userName": "a", "urn:example:Key": schema.Object{"pin": "1", "box": schema.Object{"pin": "2"}}}
	if got, want := string(r.TypeByName("User").Encode(o)), `{"userName":"a"}`; got != want {
		t.Errorf("Encode = %s, want %s", got, want)
	}
}

func TestAppendValue(t *testing.T) {
	for want, v := range map[string]any{
		`null`: nil, `"a"`: "a", `true`: true, `3`: 3, `-4`: int64(-4), `0.1`: 0.1, `1e+21`: 1e21, `1e-07`: 1e-7, `12`: json.Number("12"),
		`{"a":[],"b":{}}`: schema.Object{"b": schema.Object{}, "a": []any{}}, `["a","b"]`: []string{"a", "b"}, `100000000000000000000`: 1e20,
	} {
		if got := string(schema.AppendValue(nil, v)); got != want {
			t.Errorf("AppendValue(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestLoad(t *testing.T) {
	rt := mixed(t)
	got, err := rt.Load([]byte(`{` + thing + `,"count":2,"weight":2,"sizes":[1],"parts":[{"value":"v","price":3}],"gone":4,"gone2":4.5,"gone3":{"a":[1]}}`))
	want := schema.Object{
		"schemas": []any{"urn:example:Thing"}, "label": "L", "serial": "S", "count": int64(2), "weight": 2.0,
		"sizes": []any{int64(1)}, "parts": []any{schema.Object{"value": "v", "price": 3.0}},
		"gone": int64(4), "gone2": 4.5, "gone3": schema.Object{"a": []any{int64(1)}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Load: %v -want +got\n%s", err, diff)
	}
	for _, in := range []string{``, `{`, `{"a":"\xff"}`, `[]`} {
		if o, err := rt.Load([]byte(in)); err == nil {
			t.Errorf("Load(%s) = %v, want an error", in, o)
		} else if fault(err) == schema.InvalidSyntax {
			t.Errorf("Load(%s) blames the client: %v", in, err)
		}
	}
}

// drawObject makes a random canonical object of a type.
func drawObject(t *rapid.T, rt *schema.ResourceType) schema.Object {
	o := schema.Object{"schemas": []any{rt.Schema.ID}}
	attrs := append(schema.Common[1:3:3], rt.Schema.Attributes...)
	for _, a := range attrs {
		if !a.Rows && a.Returned != schema.Never && rapid.Bool().Draw(t, a.Name) {
			o[a.Name] = drawAttribute(t, a)
		}
	}
	for _, e := range rt.Extensions {
		x := schema.Object{}
		for _, a := range e.Schema.Attributes {
			if rapid.Bool().Draw(t, a.Name) {
				x[a.Name] = drawAttribute(t, a)
			}
		}
		if len(x) > 0 {
			o[e.Schema.ID] = x
		}
	}
	return o
}

func drawAttribute(t *rapid.T, a *schema.Attribute) any {
	if !a.MultiValued {
		return drawValue(t, a)
	}
	var all []any
	for range rapid.IntRange(1, 4).Draw(t, "length of "+a.Name) {
		all = append(all, drawValue(t, a))
	}
	return all
}

func drawValue(t *rapid.T, a *schema.Attribute) any {
	switch a.Type {
	case schema.Boolean:
		return rapid.Bool().Draw(t, a.Name)
	case schema.Integer:
		return rapid.Int64().Draw(t, a.Name)
	case schema.Decimal:
		return rapid.Float64().Draw(t, a.Name)
	case schema.Complex:
		o := schema.Object{}
		for i, s := range a.SubAttributes {
			if s.Returned != schema.Never && (i == 0 || rapid.Bool().Draw(t, s.Name)) {
				o[s.Name] = drawAttribute(t, s)
			}
		}
		return o
	case schema.Binary:
		return "AQI="
	case schema.DateTime:
		return "2011-05-13T04:42:34.000Z"
	case schema.Reference:
		return rapid.StringMatching(`https://[a-z]{1,9}\.example/[a-z0-9]*`).Draw(t, a.Name)
	}
	return "x" + rapid.StringOfN(rapid.Rune(), 0, 20, -1).Filter(func(s string) bool { return !strings.Contains(s, "\x00") }).Draw(t, a.Name)
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	types := []*schema.ResourceType{userType(), schema.Standard().TypeByName("Group"), mixed(t)}
	rapid.Check(t, func(t *rapid.T) {
		rt := rapid.SampledFrom(types).Draw(t, "type")
		o := drawObject(t, rt)
		doc := rt.Encode(o)
		if !json.Valid(doc) {
			t.Fatalf("Encode wrote %s, which is not JSON", doc)
		}
		back, err := rt.Load(doc)
		if err != nil || !schema.Equal(o, back) {
			t.Fatalf("wrote %s, read back %v: -want +got\n%s", doc, err, cmp.Diff(o, back))
		}
		if again := rt.Encode(back); string(again) != string(doc) {
			t.Fatalf("%s became %s", doc, again)
		}
		if diff := schema.Diff(rt, o, back); diff != nil {
			t.Fatalf("Diff of a document and itself: %q", diff)
		}
	})
}

// A canonical document that a client sends back unchanged stays what it is.
func TestCanonicalTwiceIsCanonicalOnce(t *testing.T) {
	types := []*schema.ResourceType{userType(), mixed(t)}
	dialects := []schema.Dialect{schema.RFC, schema.Strict, schema.Entra, schema.Okta}
	rapid.Check(t, func(t *rapid.T) {
		rt := rapid.SampledFrom(types).Draw(t, "type")
		d := rapid.SampledFrom(dialects).Draw(t, "dialect")
		once, err := rt.Canonical(drawObject(t, rt), d, schema.ForReplace)
		if err != nil {
			t.Skip(err)
		}
		sent, err := schema.Decode(rt.Append(nil, once))
		if err != nil {
			t.Fatal(err)
		}
		twice, err := rt.Canonical(sent, d, schema.ForReplace)
		if err != nil || !schema.Equal(once, twice) {
			t.Fatalf("%v: -once +twice\n%s", err, cmp.Diff(once, twice))
		}
		if err := rt.Finish(twice); err == nil && !schema.Equal(once, twice) {
			t.Fatalf("Finish changed a canonical document: -want +got\n%s", cmp.Diff(once, twice))
		}
	})
}

func TestForms(t *testing.T) {
	rt := userType()
	nested := schema.RFC
	nested.Form = schema.Nested
	flat, err := rt.Canonical(object(t, fullUser), schema.RFC, schema.ForCreate)
	if err != nil {
		t.Fatal(err)
	}
	out := rt.ToForm(flat, schema.Nested)
	var top []string
	for name := range out {
		top = append(top, name)
	}
	if core, _ := out[rt.Schema.ID].(schema.Object); len(top) != 4 || core["userName"] != "bjensen@example.com" {
		t.Errorf("the nested form has %q at the top", top)
	}
	doc := rt.Append(nil, out)
	if want := `{"schemas":["` + schema.UserURN + `",` + enterprise + `],"externalId":"701984","` + schema.UserURN + `":{"userName":"bjensen@example.com","name":{"formatted":`; !strings.HasPrefix(string(doc), want) {
		t.Errorf("the nested form is written as %s", doc)
	}
	back, err := rt.Canonical(object(t, string(doc)), nested, schema.ForCreate)
	if err != nil || !schema.Equal(flat, back) {
		t.Errorf("nested and back: %v\n%s", err, cmp.Diff(flat, back))
	}
	if got := rt.ToForm(flat, schema.Flat); !schema.Equal(got, flat) {
		t.Errorf("the flat form of a flat object is %v", got)
	}
}

func FuzzCanonical(f *testing.F) {
	f.Add([]byte(fullUser), 0)
	f.Add([]byte(`{"schemas":["`+schema.UserURN+`"],"userName":"a","roles":[{"value":"{\"value\":\"x\"}"}]}`), 2)
	dialects := []schema.Dialect{schema.RFC, schema.Strict, schema.Entra, schema.Okta}
	f.Fuzz(func(t *testing.T, in []byte, n int) {
		o, err := schema.Decode(in)
		if err != nil {
			return
		}
		d := dialects[uint(n)%4]
		got, err := userType().Canonical(o, d, schema.ForCreate)
		if err != nil {
			return
		}
		doc := userType().Append(nil, got)
		back, err := userType().Load(doc)
		if err != nil || !schema.Equal(got, back) {
			t.Errorf("Canonical(%q) = %s, which reads back as %v, %v", in, doc, back, err)
		}
		if err := userType().Finish(back); err != nil || !schema.Equal(got, back) {
			t.Errorf("Finish(Canonical(%q)) = %v, %v", in, back, err)
		}
	})
}
