package directory

import (
	"fmt"
	"sync"
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// TestNobodyStaysAfterDeletion lets users be deleted while they are put into a
// group: whoever is first, no member may be left that does not exist.
func TestNobodyStaysAfterDeletion(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := started(t, db)
		root, err := d.Root(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		by := cli
		by.Org = root.ID
		user, group := schema.Standard().TypeByName("User"), schema.Standard().TypeByName("Group")
		const rounds = 40
		groups, users := make([]identity.ID, rounds), make([]identity.ID, rounds)
		for i := range rounds {
			g, err := d.Create(t.Context(), by, group, schema.Object{"schemas": []any{schema.GroupURN}, "displayName": fmt.Sprint("g", i)})
			if err != nil {
				t.Fatal(err)
			}
			u, err := d.Create(t.Context(), by, user, schema.Object{"schemas": []any{schema.UserURN}, "userName": fmt.Sprint("u", i)})
			if err != nil {
				t.Fatal(err)
			}
			groups[i], users[i] = g.ID, u.ID
		}
		var wg sync.WaitGroup
		for i := range rounds {
			wg.Go(func() {
				edit := []MemberEdit{{Op: AddMembers, Members: []string{users[i].String()}}}
				_, err := d.one(t.Context(), by, Write{Method: Modify, Type: group, ID: groups[i],
					Change: func(old schema.Object) (schema.Object, []MemberEdit, error) { return old, edit, nil }})
				if err != nil && identity.KindOf(err) != identity.Invalid {
					t.Errorf("add member: %v", err)
				}
			})
			wg.Go(func() {
				if err := d.Delete(t.Context(), by, user, users[i]); err != nil {
					t.Errorf("delete user: %v", err)
				}
			})
		}
		wg.Wait()
		err = db.View(t.Context(), func(tx *store.Tx) error {
			for i := range rounds {
				there, err := tx.HasMembers(t.Context(), root.ID, groups[i], users[i:i+1])
				if err != nil {
					return err
				}
				if there[users[i]] {
					t.Errorf("a deleted user is still a member of group %d", i)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
