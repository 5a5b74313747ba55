package patch

import (
	"testing"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// FuzzPatch holds every patch to its laws: nothing panics, the old object stays
// as it is, the new one is whole, and errors are errors of package schema.
func FuzzPatch(f *testing.F) {
	for _, ops := range []string{
		`{"op":"add","path":"emails","value":[{"value":"a@x.io","primary":true}]}`,
		`{"op":"replace","value":{"name.givenName":"O","` + enterprise + `:department":"X","emails[primary eq true].value":"b","id":"1","schemas":[]}}`,
		`{"op":"Remove","path":"members","value":[{"value":"1"}]},{"op":"remove","path":"members[value eq \"2\"]"}`,
		`{"op":"Replace","path":"emails[type eq \"work\" and primary eq \"True\"]","value":[]}`,
		`{"op":"add","path":"` + enterprise + `","value":{"manager":"7"}},{"op":"remove","path":"` + enterprise + `"}`,
		`{"op":"add","path":"roles","value":[{"value":"{\"value\":\"x\"}"}]},{"op":"replace","path":"active","value":"False"}`,
		`{"op":"remove","path":"name.givenName"},{"op":"add","path":"name","value":{"givenName":null}}`,
		`{"op":"add","path":{"AttributeName":"title"},"value":"x"},{"op":"remove","path":"emails.value"}`,
	} {
		for d := range byte(8) {
			f.Add(ops, d)
		}
	}
	f.Fuzz(func(t *testing.T, ops string, choice byte) {
		rt, doc := user, ann
		if choice&4 != 0 {
			rt, doc = group, team
		}
		mustKeepLaws(t, rt, dialects[choice&3], load(t, rt, doc), ops)
	})
}

var dialects = []schema.Dialect{schema.RFC, schema.Strict, schema.Entra, schema.Okta}

func mustKeepLaws(t *testing.T, rt *schema.ResourceType, d schema.Dialect, old object, ops string) {
	t.Helper()
	o, err := schema.Decode([]byte(`{"schemas":["` + Message + `"],"Operations":[` + ops + `]}`))
	if err != nil {
		return
	}
	p, err := Parse(o, rt, d)
	if err != nil {
		mustBeFault(t, err)
		return
	}
	before := schema.Clone(old)
	got, edits, err := p.Apply(old)
	if !schema.Equal(old, before) {
		t.Fatalf("%s changed the old object to %v", ops, old)
	}
	if err != nil {
		mustBeFault(t, err)
		if got != nil || edits != nil {
			t.Fatalf("%s returns something beside an error", ops)
		}
		return
	}
	finished := schema.Clone(got)
	if err := rt.Finish(finished); err != nil || !schema.Equal(finished, got) {
		t.Fatalf("%s in %s left what Finish changes: %v to %v, %v", ops, d.Name, got, finished, err)
	}
	for _, r := range edits {
		if r.Op == RemoveRows && r.Filter == nil && len(r.Values) == 0 {
			t.Fatalf("%s removes rows without saying which", ops)
		}
		if r.Filter != nil {
			filter.MatchElement(r.Filter, object{"value": "1", "type": "User"})
		}
	}
}

// TestEveryPair holds each operation with each kind of path and each kind of
// value, fitting or not, to the laws of FuzzPatch.
func TestEveryPair(t *testing.T) {
	paths := []string{`"userName"`, `"name"`, `"name.givenName"`, `"emails"`, `"emails.value"`, `"emails.primary"`,
		`"emails[type eq \"work\"]"`, `"emails[type eq \"none\"]"`, `"emails[type eq \"none\"].value"`, `"emails[primary eq true].primary"`,
		`"emails[not (type pr)].type"`, `"emails[value eq \"\"].display"`, `"addresses[type eq \"home\"].locality"`, `"active"`, `"title"`, `"externalId"`, `"id"`,
		`"meta"`, `"meta.created"`, `"groups"`, `"groups[value eq \"1\"].type"`, `"schemas"`, `"password"`, `"x509Certificates"`, `"x509Certificates.value"`,
		`"x509Certificates[value eq \"@\"].type"`, `"photos"`, `"photos[value eq \"a b\"].type"`, `"members"`, `"members.value"`, `"members[value eq \"1\"]"`, `"members[type pr].value"`,
		`"` + enterprise + `"`, `"` + enterprise + `:department"`, `"` + enterprise + `:manager"`, `"` + enterprise + `:manager.value"`, `"` + enterprise + `:manager.displayName"`,
		`"` + schema.UserURN + `"`, `"` + schema.UserURN + `:title"`, `"` + schema.GroupURN + `"`, `"nosuch"`, `"name.nosuch"`, `"emails[nosuch pr]"`, `"a["`, `""`, `null`, `5`, `{"AttributeName":"title"}`}
	values := []string{`null`, `""`, `"x"`, `"True"`, `true`, `0`, `-1.5`, `1e300`, `[]`, `{}`, `[null]`, `[[]]`, `[""]`, `["x"]`, `[{}]`, `{"value":""}`, `{"value":null}`,
		`{"value":"v","type":"work","primary":true}`, `[{"value":"v","primary":true},{"value":"w","primary":true}]`, `[{"value":"v"},{"value":"v"}]`, `[{"value":["v"]}]`,
		`{"givenName":null,"nosuch":1}`, `{"givenName":"G"}`, `{"department":"D","manager":""}`, `{"manager":{"value":"1"}}`, `{"` + enterprise + `":null,"` + schema.UserURN + `":{"title":"T"}}`,
		`{"title":"T","name.givenName":"G","emails[type eq \"work\"].value":"q","` + enterprise + `:costCenter":"c"}`, `{"id":"x","schemas":[],"members":[]}`,
		`{"` + schema.UserURN + `":{"` + schema.UserURN + `":{"` + enterprise + `":""}}}`, `[{"value":"{\"value\":\"Admin\"}"}]`, `"AAAA"`, `"2020-01-01T00:00:00Z"`}
	for rt, doc := range map[*schema.ResourceType]string{user: ann, group: team} {
		old := load(t, rt, doc)
		for _, path := range paths {
			for _, verb := range []string{"add", "replace", "remove"} {
				for _, value := range values {
					op := `{"op":"` + verb + `","path":` + path + `,"value":` + value + `}`
					for _, d := range dialects {
						mustKeepLaws(t, rt, d, old, op)
					}
				}
				for _, d := range dialects {
					mustKeepLaws(t, rt, d, old, `{"op":"`+verb+`","path":`+path+`}`)
				}
			}
		}
	}
}

func mustBeFault(t *testing.T, err error) {
	t.Helper()
	if _, ok := err.(*schema.Error); !ok {
		t.Fatalf("%T is no error of schema: %v", err, err)
	}
}

func BenchmarkApply(b *testing.B) {
	p, err := Parse(body(b, `{"op":"replace","path":"active","value":false},{"op":"replace","path":"emails[type eq \"work\"].value","value":"n@x.io"}`), user, schema.RFC)
	if err != nil {
		b.Fatal(err)
	}
	old := load(b, user, ann)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := p.Apply(old); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	o := body(b, `{"op":"replace","path":"active","value":false},{"op":"replace","path":"emails[type eq \"work\"].value","value":"n@x.io"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(o, user, schema.RFC); err != nil {
			b.Fatal(err)
		}
	}
}
