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
	dialects := []schema.Dialect{schema.RFC, schema.Strict, schema.Entra, schema.Okta}
	f.Fuzz(func(t *testing.T, ops string, choice byte) {
		o, err := schema.Decode([]byte(`{"schemas":["` + Message + `"],"Operations":[` + ops + `]}`))
		if err != nil {
			return
		}
		rt, old := user, load(t, user, ann)
		if choice&4 != 0 {
			rt, old = group, load(t, group, team)
		}
		p, err := Parse(o, rt, dialects[choice&3])
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
			t.Fatalf("%s left what Finish changes: %v to %v, %v", ops, got, finished, err)
		}
		for _, r := range edits {
			if r.Op == RemoveRows && r.Filter == nil && len(r.Values) == 0 {
				t.Fatalf("%s removes rows without saying which", ops)
			}
			if r.Filter != nil {
				filter.MatchElement(r.Filter, object{"value": "1", "type": "User"})
			}
		}
	})
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
