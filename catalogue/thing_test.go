package catalogue_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

func id(n byte) identity.ID { return identity.ID{1, 6: 0x70, 8: 0x80, 15: n} }

// roundTrip stores a thing and reads it.
func roundTrip[T catalogue.Thing](t *testing.T, in T) T {
	t.Helper()
	rt := catalogue.TypeOf[T]()
	doc := catalogue.Encode(in)
	if err := rt.Finish(schema.Clone(doc)); err != nil {
		t.Errorf("the document is not in canonical form: %v", err)
	}
	doc["id"] = id(1).String()
	out, err := catalogue.Decode[T](&store.Resource{Type: rt.Name, ID: id(1), Version: 7, Doc: rt.Encode(doc)})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	base := catalogue.Base{ID: id(1), Name: "name", Description: "what", ClientID: "app", Version: 7}
	statements := []catalogue.Statement{
		{Actions: []string{id(2).String(), "*"}, Resource: "doc/*", Condition: `subject.id eq "x"`},
		{Actions: []string{"*"}, Resource: "*", Deny: true},
	}
	for name, c := range map[string]struct{ got, want any }{
		"an action":       {roundTrip(t, catalogue.Action{Base: base, Active: true}), catalogue.Action{Base: base, Active: true}},
		"one that is off": {roundTrip(t, catalogue.Action{Base: base}), catalogue.Action{Base: base}},
		"a resource type": {roundTrip(t, catalogue.ResourceType{Base: base, Slug: "s", Actions: []identity.ID{id(3), id(2)}}),
			catalogue.ResourceType{Base: base, Slug: "s", Actions: []identity.ID{id(3), id(2)}}},
		"a resource": {roundTrip(t, catalogue.Resource{Base: base, Slug: "s", Type: id(4)}), catalogue.Resource{Base: base, Slug: "s", Type: id(4)}},
		"a permission": {roundTrip(t, catalogue.Permission{Base: base, Statements: statements}),
			catalogue.Permission{Base: base, Statements: statements}},
		"a role": {roundTrip(t, catalogue.Role{Base: base, Display: "D", Alias: "role-1", ClaimMapper: map[string]string{"b": "2", "a": ""}, Permissions: []identity.ID{id(5)}, Statements: statements, BuiltIn: true}),
			catalogue.Role{Base: base, Display: "D", Alias: "role-1", ClaimMapper: map[string]string{"b": "2", "a": ""}, Permissions: []identity.ID{id(5)}, Statements: statements, BuiltIn: true}},
		"an empty role": {roundTrip(t, catalogue.Role{Base: catalogue.Base{ID: id(1), Name: "n", Version: 7}}), catalogue.Role{Base: catalogue.Base{ID: id(1), Name: "n", Version: 7}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMergeKeepsWhatItDoesNotKnow(t *testing.T) {
	old := schema.Object{"id": "x", "externalId": "e", "type": "team", "value": "old", "urn:example:Cost": schema.Object{"centre": "1"},
		"schemas":             []any{catalogue.RoleURN, catalogue.RoleMoreURN, "urn:example:Cost"},
		catalogue.RoleMoreURN: schema.Object{"description": "gone", "alias": "a"}}
	before := schema.Clone(old)
	got := catalogue.Merge(old, catalogue.Role{Base: catalogue.Base{Name: "new"}})
	want := schema.Object{"id": "x", "externalId": "e", "type": "team", "value": "new", "urn:example:Cost": schema.Object{"centre": "1"},
		"schemas": []any{catalogue.RoleURN, "urn:example:Cost"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, old); diff != "" {
		t.Errorf("the old document has changed:\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, r := range map[string]*store.Resource{
		"another type":   {Type: "User", Doc: []byte(`{}`)},
		"what is no doc": {Type: "Role", Doc: []byte(`[`)},
	} {
		if _, err := catalogue.Decode[catalogue.Role](r); err == nil || identity.KindOf(err) != "" {
			t.Errorf("%s: %v, want an error of ours", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"value":"r","` + catalogue.RoleMoreURN + `":{"statements":[{"actions":["*"],"resource":"*","effect":"DENY"}],"permissions":[{"value":"x"}],"claimMapper":[{"name":"a"}]}}`,
		`{"name":1,"actions":[[1],{"value":{}}],"slug":[],"type":null,"active":"x"}`,
		`{"value":"p","` + catalogue.PermissionURN + `":[1],"statements":{}}`, `{"` + catalogue.RoleMoreURN + `":{"statements":[1,{"actions":[1,{}]}],"claimMapper":[3]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, catalogue.Decode[catalogue.Action])
		again(t, data, catalogue.Decode[catalogue.ResourceType])
		again(t, data, catalogue.Decode[catalogue.Resource])
		again(t, data, catalogue.Decode[catalogue.Permission])
		again(t, data, catalogue.Decode[catalogue.Role])
	})
}

// again decodes any document, and what came of it once more.
func again[T catalogue.Thing](t *testing.T, data []byte, decode func(*store.Resource) (T, error)) {
	rt := catalogue.TypeOf[T]()
	first, err := decode(&store.Resource{Type: rt.Name, Doc: data})
	if err != nil {
		return
	}
	second, err := decode(&store.Resource{Type: rt.Name, Doc: rt.Encode(catalogue.Encode(first))})
	if err != nil {
		t.Fatalf("%s does not read back: %v", rt.Name, err)
	}
	// Statements that name nothing are not kept as they were.
	if diff := cmp.Diff(catalogue.Encode(first), catalogue.Encode(second)); diff != "" && !strings.Contains(string(data), "\\u") && valid(data) {
		t.Fatalf("%s reads back otherwise (-first +second):\n%s", rt.Name, diff)
	}
}

func valid(data []byte) bool { return strings.ToValidUTF8(string(data), "") == string(data) }

func TestBuiltIns(t *testing.T) {
	b := catalogue.BuiltInThings()
	seen := map[identity.ID]bool{b.ResourceType.ID: true, b.Resource.ID: true}
	for _, a := range b.Actions {
		p, ok := catalogue.PermOf(a.ID)
		if !ok || string(p) != a.Name || catalogue.ActionOf(p) != a.ID || !identity.BuiltIn(a.ID) || seen[a.ID] {
			t.Errorf("action %s %s stands for %q", a.Name, a.ID, p)
		}
		seen[a.ID] = true
	}
	for _, p := range append(identity.AllPerms(), identity.SignedIn) {
		if catalogue.ActionOf(p).IsZero() {
			t.Errorf("%s has no action", p)
		}
	}
	for _, id := range []identity.ID{{}, b.ResourceType.ID, identity.PlatformOperator, identity.NewID()} {
		if p, ok := catalogue.PermOf(id); ok {
			t.Errorf("%s stands for %s", id, p)
		}
	}
	for _, r := range b.Roles {
		if seen[r.ID] || !r.BuiltIn || len(r.Statements) != 1 || len(r.Statements[0].Actions) == 0 {
			t.Errorf("role %+v", r)
		}
		seen[r.ID] = true
	}
}

// What is stored as a condition must be one for whoever decides.
func TestConditionAgreesWithPolicy(t *testing.T) {
	for text, want := range map[string]bool{
		`subject.id eq "x"`: true, `subject.properties:a.b eq 1`: false, `subject:a.b gt 3`: true, `RESOURCE.owner pr`: true,
		`context:roles[name eq "x" and n gt 1]`: true, `resource[name eq "x"]`: true, `not (action.name eq "x")`: true,
		`x.y eq 1`: false, `subject eq 1`: false, `subject.a co 1`: false, `subject.a gt null`: false, `subject.a eq null`: true,
		`subject.a gt true`: false, `context:a[subject:b eq 1]`: false, `subject.a eq`: false, `(`: false, `subject.a xx 1`: false,
		strings.Repeat("subject.a eq 1 and ", 99) + "subject.a eq 1":  true,
		strings.Repeat("subject.a eq 1 and ", 100) + "subject.a eq 1": false,
		`subject.a eq "` + strings.Repeat("x", 4096) + `"`:            false,
	} {
		err := catalogue.CheckCondition("condition", text)
		_, theirs := policy.ParseCondition(text)
		if (err == nil) != want || (theirs == nil) != want {
			t.Errorf("%.60s: %v, and policy says %v; want %v", text, err, theirs, want)
		}
		if err != nil && identity.KindOf(err) != identity.Invalid {
			t.Errorf("%.60s: %v is not Invalid", text, err)
		}
	}
}

func FuzzCondition(f *testing.F) {
	for _, seed := range []string{`subject.id eq "x"`, `resource:a.b gt 3 and not (context[x pr])`, `action.a co null`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if catalogue.CheckCondition("condition", text) != nil || text == "" {
			return
		}
		if _, err := policy.ParseCondition(text); err != nil {
			t.Fatalf("%q is stored, and policy says %v", text, err)
		}
	})
}

func TestSlugOf(t *testing.T) {
	for name, want := range map[string]string{
		"Work Space": "work-space", "  a//b  ": "a-b", "Ünï": "ünï", "***": "", "v1.2": "v1-2", strings.Repeat("x", 400): strings.Repeat("x", 200),
		"01A200A6-D466-7311-A142-CCD4C88A078D": "x-01a200a6-d466-7311-a142-ccd4c88a078d",
	} {
		if got := catalogue.SlugOf(name); got != want {
			t.Errorf("SlugOf(%q) = %q, want %q", name, got, want)
		}
	}
}
