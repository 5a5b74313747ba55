package memory_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/memory"
	"github.com/muster-id/muster/scim/patch"
	"github.com/muster-id/muster/scim/schema"
)

// types is the standard registry; a Backend compares types by name.
var (
	types  = schema.Standard()
	users  = types.TypeByName("User")
	groups = types.TypeByName("Group")
	all    = scim.Want{Rows: func(string) bool { return true }}
)

func user(id, name string) scim.Write {
	return scim.Write{Method: scim.Create, Type: users, ID: id, Doc: schema.Object{"schemas": []any{schema.UserURN}, "id": id, "userName": name}}
}

func group(id string, members ...string) scim.Write {
	w := scim.Write{Method: scim.Create, Type: groups, ID: id, Doc: schema.Object{"schemas": []any{schema.GroupURN}, "id": id, "displayName": id}}
	if len(members) > 0 {
		w.Rows = []patch.RowEdit{{Attr: "members", Op: patch.AddRows, Values: values(members)}}
	}
	return w
}

func values(ids []string) []schema.Object {
	var list []schema.Object
	for _, id := range ids {
		list = append(list, schema.Object{"value": id})
	}
	return list
}

func write(t *testing.T, b *memory.Backend, units ...scim.Unit) [][]scim.Written {
	t.Helper()
	results, err := b.Write(t.Context(), units, 0)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// must writes single writes that all succeed.
func must(t *testing.T, b *memory.Backend, writes ...scim.Write) {
	t.Helper()
	for _, w := range writes {
		if err := write(t, b, scim.Unit{w})[0][0].Err; err != nil {
			t.Fatalf("%s %s: %v", w.Method, w.ID, err)
		}
	}
}

// rows are the values of a row attribute as "value type kind".
func rows(t *testing.T, b *memory.Backend, rt *schema.ResourceType, id, attr string) []string {
	t.Helper()
	r, err := b.Get(t.Context(), rt, id, all)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, row := range r.Rows[attr] {
		list = append(list, row.Value+" "+row.Type+row.Kind)
	}
	return list
}

func TestUnitsStandOrFallTogether(t *testing.T) {
	b := memory.New(types)
	results := write(t, b,
		scim.Unit{user("1", "ann"), group("g", "1", "h"), group("h", "g")}, // forward and back
		scim.Unit{user("2", "bob"), user("3", "ANN")},
		scim.Unit{group("i", "nobody")},
		scim.Unit{user("4", "bob")},
	)
	var got []bool
	for _, unit := range results {
		ok := true
		for _, w := range unit {
			ok = ok && w.Err == nil
		}
		got = append(got, ok)
	}
	if diff := cmp.Diff([]bool{true, false, false, true}, got); diff != "" {
		t.Errorf("units that stand (-want +got):\n%s", diff)
	}
	if e, ok := errors.AsType[*scim.Error](results[1][1].Err); !ok || e.Status != 409 {
		t.Errorf("a taken name: %v, want 409 at the second write", results[1][1].Err)
	}
	if _, err := b.Get(t.Context(), users, "2", all); err == nil {
		t.Error("the first write of a failed unit is there")
	}
}

func TestWriteStopsAfterErrors(t *testing.T) {
	b := memory.New(types)
	results, err := b.Write(t.Context(), []scim.Unit{{user("1", "a")}, {user("2", "a")}, {user("3", "b")}, {user("4", "b")}, {user("5", "c")}}, 2)
	if err != nil || len(results) != 4 {
		t.Errorf("Write with two errors allowed returned %d results, %v; want 4", len(results), err)
	}
	if _, err := b.Get(t.Context(), users, "5", all); err == nil {
		t.Error("a unit after the last allowed error was carried out")
	}
}

func TestGroupsOfAUser(t *testing.T) {
	b := memory.New(types)
	must(t, b, user("u", "u"), group("a", "u"), group("b", "a"), group("c", "b", "u"))
	must(t, b, scim.Write{Method: scim.Modify, Type: groups, ID: "a", Change: func(old schema.Object) (schema.Object, []patch.RowEdit, error) {
		return old, []patch.RowEdit{{Attr: "members", Op: patch.AddRows, Values: values([]string{"c"})}}, nil
	}})
	if diff := cmp.Diff([]string{"a Groupdirect", "c Groupdirect", "b Groupindirect"}, rows(t, b, users, "u", "groups")); diff != "" {
		t.Errorf("groups in a circle (-want +got):\n%s", diff)
	}
	must(t, b, scim.Write{Method: scim.Delete, Type: groups, ID: "a"})
	if diff := cmp.Diff([]string{"c Groupdirect"}, rows(t, b, users, "u", "groups")); diff != "" {
		t.Errorf("groups after one is gone (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b Group", "u User"}, rows(t, b, groups, "c", "members")); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

func TestNoEffectLeavesNoTrace(t *testing.T) {
	b := memory.New(types)
	must(t, b, user("u", "u"), group("g", "u"))
	for name, w := range map[string]scim.Write{
		"an equal document": {Method: scim.Modify, Type: users, ID: "u", Change: func(old schema.Object) (schema.Object, []patch.RowEdit, error) {
			return schema.Clone(old), nil, nil
		}},
		"a member who is there": {Method: scim.Modify, Type: groups, ID: "g", Change: func(old schema.Object) (schema.Object, []patch.RowEdit, error) {
			return old, []patch.RowEdit{{Attr: "members", Op: patch.AddRows, Values: values([]string{"u", "u"})}}, nil
		}},
		"the same members": {Method: scim.Modify, Type: groups, ID: "g", Change: func(old schema.Object) (schema.Object, []patch.RowEdit, error) {
			return old, []patch.RowEdit{{Attr: "members", Op: patch.ReplaceRows, Values: values([]string{"u"})}}, nil
		}},
		"there and back": {Method: scim.Modify, Type: groups, ID: "g", Change: func(old schema.Object) (schema.Object, []patch.RowEdit, error) {
			return old, []patch.RowEdit{
				{Attr: "members", Op: patch.ReplaceRows},
				{Attr: "members", Op: patch.AddRows, Values: values([]string{"u"})}}, nil
		}},
	} {
		got := write(t, b, scim.Unit{w})[0][0]
		if got.Err != nil || got.Changed || got.Resource.Version != 1 {
			t.Errorf("%s: changed %v, %v, want nothing", name, got.Changed, got.Err)
		}
	}
}

func TestDomains(t *testing.T) {
	b := memory.New(types)
	one, two := b.For("one"), b.For("two")
	w := user("u", "u")
	w.Doc["externalId"] = "x"
	must(t, one, w)
	r, err := two.Get(t.Context(), users, "u", all)
	if err != nil || r.ExternalID != "" {
		t.Errorf("the other domain sees externalId %q, %v", r.ExternalID, err)
	}
	if r, _ = one.Get(t.Context(), users, "u", all); r.ExternalID != "x" {
		t.Errorf("its own domain sees externalId %q, want x", r.ExternalID)
	}
}

// TestConcurrent is for the race detector; every name is taken exactly once.
func TestConcurrent(t *testing.T) {
	b := memory.New(types)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 50 {
				b.Write(context.Background(), []scim.Unit{{user(fmt.Sprint(w, "-", i), fmt.Sprint("user", i))}}, 0)
				b.Query(context.Background(), scim.Query{Types: []*schema.ResourceType{users}, Count: 10, Want: all})
			}
		})
	}
	wg.Wait()
	page, err := b.Query(t.Context(), scim.Query{Types: []*schema.ResourceType{users}})
	if err != nil || page.Total != 50 {
		t.Errorf("%d users, %v, want 50", page.Total, err)
	}
}

func TestBadPosition(t *testing.T) {
	if _, err := memory.New(types).Query(t.Context(), scim.Query{Types: []*schema.ResourceType{users}, Count: 1, After: []byte("?")}); err == nil {
		t.Error("a position that nobody gave out is taken")
	}
}
