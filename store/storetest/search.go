package storetest

import (
	"fmt"
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// searchFollows creates, renames and deletes in one transaction and in several,
// and looks whether searches follow.
func searchFollows(t *testing.T, db *store.DB) {
	org, ctx := identity.NewOrgID(), t.Context()
	expect := func(when string, want map[string]int) {
		t.Helper()
		for text, n := range want {
			if p := find(t, db, store.Query{Org: org, Count: 5}, `userName co "`+text+`"`); p.Total != n || len(p.Resources) != n {
				t.Errorf("%s: %q finds %d of %d, want %d", when, text, len(p.Resources), p.Total, n)
			}
		}
	}
	ann := create(t, db, org, userType, person("annabel"))
	remove(t, db, ann)
	create(t, db, org, userType, person("beatrice")) // may take the place of the deleted row
	expect("after a deletion", map[string]int{"nnabe": 0, "eatri": 1})
	update(t, db, func(tx *store.Tx) error {
		short := resource(t, db, org, userType, person("clementine"))
		if err := tx.Insert(ctx, short); err != nil {
			return err
		}
		seen, err := tx.Get(ctx, org, "User", short.ID)
		if err != nil {
			return err
		}
		if err := tx.Delete(ctx, seen, epoch); err != nil {
			return err
		}
		renamed := resource(t, db, org, userType, person("dorothea"))
		if err := tx.Insert(ctx, renamed); err != nil {
			return err
		}
		if seen, err = tx.Get(ctx, org, "User", renamed.ID); err != nil {
			return err
		}
		_, err = change(t, db, tx, seen, userType, person("eleonora"))
		return err
	})
	expect("after all in one transaction", map[string]int{"emen": 0, "oroth": 0, "leono": 1, "eatri": 1})
	update(t, db, func(tx *store.Tx) error {
		_, err := tx.Restore(ctx, org, "User", ann.ID, epoch)
		return err
	})
	expect("after Restore", map[string]int{"nnabe": 1, "leono": 1, "eatri": 1})
}

// common looks for what most rows have, where an index is no help.
func common(t *testing.T, db *store.DB) {
	org, n := identity.NewOrgID(), 400
	all := populate(t, db, org, n)
	inner, outer := create(t, db, org, groupType, group("inner")), create(t, db, org, groupType, group("outer"))
	var crowd []store.Member
	for i, r := range all {
		if i%4 != 0 {
			crowd = append(crowd, users(r.ID)...)
		}
	}
	add(t, db, inner, crowd...)
	add(t, db, outer, store.Member{ID: inner.ID, Type: "Group"}, users(all[0].ID)[0])
	for text, want := range map[string]int{
		`userName co "ser0"`: n, `displayName co "mx 3"`: 57, `userName ew "0399"`: 1, `userName co "ser003"`: 100,
		fmt.Sprintf(`groups.value eq "%s"`, inner.ID):                              300,
		fmt.Sprintf(`groups.value eq "%s"`, outer.ID):                              301,
		fmt.Sprintf(`not (groups.value eq "%s")`, outer.ID):                        99,
		fmt.Sprintf(`groups.value eq "%s" and userName co "ser0039"`, inner.ID):    8,
		fmt.Sprintf(`groups[value eq "%s" and type eq "indirect"]`, outer.ID):      300,
		fmt.Sprintf(`groups.value eq "%s" and not (title eq "t0")`, identity.ID{}): 0,
	} {
		q := queryOf(t, org, text)
		seen := map[identity.ID]bool{}
		for q.Count = 10; ; {
			p := findPage(t, db, q)
			if p.Total != want {
				t.Errorf("%s has the total %d, want %d", text, p.Total, want)
			}
			for _, r := range p.Resources {
				seen[r.ID] = true
			}
			if q.After = p.Next; p.Next == nil {
				break
			}
		}
		if len(seen) != want {
			t.Errorf("%s finds %d, want %d", text, len(seen), want)
		}
	}
}
