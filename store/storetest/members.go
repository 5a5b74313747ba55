package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

func users(ids ...identity.ID) []store.Member {
	var list []store.Member
	for _, id := range ids {
		list = append(list, store.Member{ID: id, Type: "User"})
	}
	return list
}

// add puts members into a group.
func add(t testing.TB, db *store.DB, g *store.Resource, members ...store.Member) (added []identity.ID) {
	t.Helper()
	update(t, db, func(tx *store.Tx) (err error) {
		added, err = tx.AddMembers(t.Context(), g.Org, g.ID, members)
		return err
	})
	return added
}

func sameIDs(t testing.TB, what string, got []identity.ID, want ...identity.ID) {
	t.Helper()
	less := func(a, b identity.ID) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(got, less)
	slices.SortFunc(want, less)
	if !slices.Equal(got, want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func members(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	ann, bob, cleo := create(t, db, org, userType, person("ann")), create(t, db, org, userType, person("bob")), create(t, db, org, userType, person("cleo"))
	g := create(t, db, org, groupType, group("all"))
	sameIDs(t, "added first", add(t, db, g, users(ann.ID, bob.ID, ann.ID)...), ann.ID, bob.ID)
	sameIDs(t, "added again", add(t, db, g, users(ann.ID, cleo.ID)...), cleo.ID)
	view(t, db, func(tx *store.Tx) error {
		rows, err := tx.Members(t.Context(), org, g.ID)
		want := []store.MemberRow{
			{Member: users(ann.ID)[0], Label: "Mx ann"}, {Member: users(bob.ID)[0], Label: "Mx bob"}, {Member: users(cleo.ID)[0], Label: "Mx cleo"},
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("Members (-want +got):\n%s", diff)
		}
		return err
	})
	update(t, db, func(tx *store.Tx) error {
		gone, err := tx.RemoveMembers(t.Context(), org, g.ID, []identity.ID{bob.ID, g.ID})
		sameIDs(t, "removed", gone, bob.ID)
		return err
	})
	view(t, db, func(tx *store.Tx) error {
		has, err := tx.HasMembers(t.Context(), org, g.ID, []identity.ID{ann.ID, bob.ID})
		if !has[ann.ID] || has[bob.ID] {
			t.Errorf("HasMembers = %v, want ann without bob", has)
		}
		return err
	})
	if !read(t, db, org, "User", ann.ID).Grouped || read(t, db, org, "User", bob.ID).Grouped {
		t.Error("Grouped is wrong for a member or for one who left")
	}
	remove(t, db, ann)
	update(t, db, func(tx *store.Tx) error {
		gone, err := tx.ClearMembers(t.Context(), org, g.ID)
		sameIDs(t, "cleared after ann was deleted", gone, cleo.ID)
		return err
	})
}

func nested(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	ann := create(t, db, org, userType, person("ann"))
	bob := create(t, db, org, userType, person("bob"))
	inner, outer, top := create(t, db, org, groupType, group("inner")), create(t, db, org, groupType, group("outer")), create(t, db, org, groupType, group("top"))
	asMember := func(g *store.Resource) store.Member { return store.Member{ID: g.ID, Type: "Group"} }
	add(t, db, inner, users(ann.ID)...)
	add(t, db, outer, asMember(inner), users(bob.ID)[0])
	add(t, db, top, asMember(outer), users(ann.ID)[0])
	add(t, db, inner, asMember(top)) // a circle
	view(t, db, func(tx *store.Tx) error {
		rows, err := tx.Groups(t.Context(), org, ann.ID)
		want := []store.GroupRow{{ID: inner.ID, Label: "inner", Direct: true}, {ID: outer.ID, Label: "outer"}, {ID: top.ID, Label: "top", Direct: true}}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("Groups (-want +got):\n%s", diff)
		}
		both, err2 := tx.GroupsOf(t.Context(), org, []identity.ID{ann.ID, bob.ID})
		if len(both[ann.ID]) != 3 || len(both[bob.ID]) != 3 {
			t.Errorf("GroupsOf = %v, want three groups for each", both)
		}
		direct, err3 := tx.MemberOf(t.Context(), org, ann.ID)
		sameIDs(t, "MemberOf", direct, inner.ID, top.ID)
		for _, err := range []error{err, err2, err3} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	for text, want := range map[string][]identity.ID{
		`groups.value eq "` + inner.ID.String() + `"`: {ann.ID, bob.ID},
		`groups eq "` + outer.ID.String() + `"`:       {ann.ID, bob.ID},
		`groups pr and userName eq "ann"`:             {ann.ID},
	} {
		var got []identity.ID
		for _, r := range find(t, db, store.Query{Org: org, Count: 9}, text).Resources {
			got = append(got, r.ID)
		}
		sameIDs(t, text, got, want...)
	}
	groups := store.Query{Org: org, Count: 9, Types: []*schema.ResourceType{groupType}}
	if p := find(t, db, groups, `members.value eq "`+bob.ID.String()+`"`); p.Total != 1 || p.Resources[0].ID != outer.ID {
		t.Errorf("bob is a direct member of %d groups, want outer alone", p.Total)
	}
}

// largeGroup compares by time; a tenth of the members would show in a factor of
// thousands if a change rewrote them.
func largeGroup(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	large, small := create(t, db, org, groupType, group("large")), create(t, db, org, groupType, group("small"))
	n := 20_000
	if testing.Short() {
		n = 2000
	}
	var crowd []store.Member
	for range n {
		crowd = append(crowd, store.Member{ID: identity.NewID(), Type: "User"})
	}
	add(t, db, large, crowd...)
	add(t, db, small, crowd[:10]...)
	cost := func(g *store.Resource) time.Duration {
		best := time.Hour
		for range 20 {
			one := identity.NewID()
			begun := time.Now()
			add(t, db, g, users(one)...)
			update(t, db, func(tx *store.Tx) error {
				_, err := tx.RemoveMembers(t.Context(), org, g.ID, []identity.ID{one})
				return err
			})
			best = min(best, time.Since(begun))
		}
		return best
	}
	few, all := cost(small), cost(large)
	if all > 10*few+5*time.Millisecond {
		t.Errorf("one more of %d members takes %v, one more of 10 takes %v", n, all, few)
	}
}

// tooManyRows nests groups so that everybody is in all of them: an answer about
// all people would hold the product.
func tooManyRows(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	var people, groups []*store.Resource
	update(t, db, func(tx *store.Tx) error {
		people, groups = nil, nil
		for i := range 510 {
			u, g := resource(t, db, org, userType, person(fmt.Sprint("u", i))), resource(t, db, org, groupType, group(fmt.Sprint("g", i)))
			people, groups = append(people, u), append(groups, g)
			if err := errors.Join(tx.Insert(t.Context(), u), tx.Insert(t.Context(), g)); err != nil {
				return err
			}
		}
		for i, g := range groups {
			m := store.Member{ID: groups[max(i, 1)-1].ID, Type: "Group"}
			if _, err := tx.AddMembers(t.Context(), org, g.ID, []store.Member{m}); err != nil {
				return err
			}
		}
		var all []store.Member
		for _, u := range people {
			all = append(all, users(u.ID)...)
		}
		_, err := tx.AddMembers(t.Context(), org, groups[0].ID, all)
		return err
	})
	view(t, db, func(tx *store.Tx) error {
		var ids []identity.ID
		for _, u := range people {
			ids = append(ids, u.ID)
		}
		one, err := tx.GroupsOf(t.Context(), org, ids[:1])
		if err != nil || len(one[ids[0]]) != 510 {
			t.Errorf("the groups of one: %d, %v, want 510", len(one[ids[0]]), err)
		}
		if _, err := tx.GroupsOf(t.Context(), org, ids); identity.KindOf(err) != identity.TooCostly {
			t.Errorf("the groups of all: %v, want TooCostly", err)
		}
		return nil
	})
}
