package directory

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

var (
	userRT  = schema.Standard().TypeByName("User")
	groupRT = schema.Standard().TypeByName("Group")
)

// in is the actor of a test in an organisation of its own.
func in(t testing.TB, d *Directory, slug string) identity.Actor {
	t.Helper()
	o, err := d.CreateOrganisation(t.Context(), cli, NewOrganisation{Slug: slug})
	if err != nil {
		t.Fatal(err)
	}
	by := cli
	by.Org = o.ID
	return by
}

func newUser(name string) Write {
	return Write{Method: Create, Type: userRT, ID: identity.NewID(),
		Doc: schema.Object{"schemas": []any{schema.UserURN}, "userName": name}}
}

func newGroup(id identity.ID, members ...string) Write {
	return Write{Method: Create, Type: groupRT, ID: id, Members: []MemberEdit{{Op: AddMembers, Members: members}},
		Doc: schema.Object{"schemas": []any{schema.GroupURN}, "displayName": id.String()}}
}

// title adds a letter to the title of a user, to show the order of writes.
func title(id identity.ID, letter string) Write {
	return Write{Method: Modify, Type: userRT, ID: id, Change: func(old schema.Object) (schema.Object, []MemberEdit, error) {
		next := schema.Clone(old)
		before, _ := old["title"].(string)
		next["title"] = before + letter
		return next, nil, nil
	}}
}

func TestWrite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := started(t, db)
		for name, run := range map[string]func(*testing.T, *Directory, identity.Actor){
			"a unit that fails leaves nothing":         allOrNothing,
			"units see what earlier ones did":          inOrder,
			"failures do not spread, in large batches": manyUnits,
			"it stops after enough failures":           stopAtErrors,
			"an error of Change is the outcome":        changeError,
			"a condition is judged by what is stored":  conditions,
		} {
			t.Run(name, func(t *testing.T) { run(t, d, in(t, d, "o-"+identity.NewID().String())) })
		}
	})
}

func write(t *testing.T, d *Directory, by identity.Actor, maxErrors int, units ...Unit) [][]Outcome {
	t.Helper()
	out, err := d.Write(t.Context(), by, units, maxErrors)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func kinds(out [][]Outcome) (list []identity.Kind) {
	for _, o := range out {
		list = append(list, identity.KindOf(o[0].Err))
	}
	return list
}

func count(t *testing.T, d *Directory, by identity.Actor, rt *schema.ResourceType) int {
	t.Helper()
	p, err := d.Query(t.Context(), by, Query{Types: []*schema.ResourceType{rt}}, Rows{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Total
}

func allOrNothing(t *testing.T, d *Directory, by identity.Actor) {
	a, b := identity.NewID(), identity.NewID()
	out := write(t, d, by, 0,
		Unit{newGroup(a, b.String()), newGroup(b, "nobody")},
		Unit{newGroup(a, b.String()), newGroup(b, a.String())})
	if got := []identity.Kind{identity.KindOf(out[0][0].Err), identity.KindOf(out[0][1].Err)}; !slices.Equal(got, []identity.Kind{"", identity.Invalid}) {
		t.Errorf("the unit that fails: kinds %q, want the error where it arose", got)
	}
	if out[1][0].Err != nil || out[1][1].Err != nil {
		t.Errorf("the unit after it: %v, %v", out[1][0].Err, out[1][1].Err)
	}
	if got := count(t, d, by, groupRT); got != 2 {
		t.Errorf("%d groups, want 2", got)
	}
}

func inOrder(t *testing.T, d *Directory, by identity.Actor) {
	u := newUser("ann")
	out := write(t, d, by, 0, Unit{u}, Unit{title(u.ID, "a")}, Unit{title(u.ID, "b")}, Unit{newGroup(identity.NewID(), u.ID.String())},
		Unit{{Method: Delete, Type: userRT, ID: u.ID}}, Unit{title(u.ID, "c")}, Unit{newUser("ANN")})
	want := []identity.Kind{"", "", "", "", "", identity.NotFound, ""}
	if diff := cmp.Diff(want, kinds(out)); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	if r := out[2][0].Resource; r == nil || r.Version != 3 {
		t.Fatalf("after two changes: %+v", r)
	}
	doc, err := userRT.Load(out[2][0].Resource.Doc)
	if err != nil || doc["title"] != "ab" {
		t.Errorf("title = %v, %v, want ab", doc["title"], err)
	}
}

func manyUnits(t *testing.T, d *Directory, by identity.Actor) {
	var units []Unit
	var want []identity.Kind
	for i := range 2*chunkSize + 7 {
		name, kind := fmt.Sprint("u", i), identity.Kind("")
		if i%50 == 49 {
			name, kind = "u0", identity.Conflict
		}
		units, want = append(units, Unit{newUser(name)}), append(want, kind)
	}
	if diff := cmp.Diff(want, kinds(write(t, d, by, 0, units...))); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	if got := count(t, d, by, userRT); got != len(units)-10 {
		t.Errorf("%d users, want %d", got, len(units)-10)
	}
}

func stopAtErrors(t *testing.T, d *Directory, by identity.Actor) {
	units := []Unit{{newUser("a")}, {newUser("A")}, {newUser("b")}, {newUser("B")}, {newUser("c")}}
	out := write(t, d, by, 2, units...)
	if diff := cmp.Diff([]identity.Kind{"", identity.Conflict, "", identity.Conflict}, kinds(out)); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	if got := count(t, d, by, userRT); got != 2 {
		t.Errorf("%d users, want 2", got)
	}
}

func changeError(t *testing.T, d *Directory, by identity.Actor) {
	u := newUser("ann")
	mine := errors.New("no such target")
	out := write(t, d, by, 0, Unit{u}, Unit{{Method: Modify, Type: userRT, ID: u.ID,
		Change: func(schema.Object) (schema.Object, []MemberEdit, error) { return nil, nil, mine }}})
	if out[1][0].Err != mine {
		t.Errorf("Err = %v, want what Change returned", out[1][0].Err)
	}
}

func TestPanicEndsTheWriteAlone(t *testing.T) {
	d := started(t, storetest.SQLite(t))
	by := in(t, d, "acme")
	var units []Unit
	for i := range 3 * stride {
		units = append(units, Unit{newUser(fmt.Sprint("u", i))})
	}
	write(t, d, by, 0, units...)
	for i := range units {
		units[i] = Unit{{Method: Modify, Type: userRT, ID: units[i][0].ID,
			Change: func(schema.Object) (schema.Object, []MemberEdit, error) { panic("a bug") }}}
	}
	if _, err := d.Write(t.Context(), by, units, 0); err == nil || identity.KindOf(err) != "" {
		t.Errorf("Write = %v, want an error of ours", err)
	}
	write(t, d, by, 0, Unit{newUser("after")}) // all locks are free
}

func conditions(t *testing.T, d *Directory, by identity.Actor) {
	u := newUser("ann")
	first := func(v int64) bool { return v == 1 }
	one, two := title(u.ID, "a"), title(u.ID, "b")
	one.If, two.If = first, first
	out := write(t, d, by, 0, Unit{u}, Unit{one}, Unit{two}, Unit{{Method: Delete, Type: userRT, ID: u.ID, If: first}})
	if diff := cmp.Diff([]identity.Kind{"", "", identity.Stale, identity.Stale}, kinds(out)); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}
