package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

func trash(t *testing.T, db *store.DB) {
	org, ctx := identity.NewOrgID(), t.Context()
	doc := person("ann")
	doc["emails"] = append(doc["emails"].([]any), schema.Object{"value": "second@example.org"})
	ann := create(t, db, org, userType, doc)
	all, staff := create(t, db, org, groupType, group("all")), create(t, db, org, groupType, group("staff"))
	add(t, db, all, users(ann.ID)...)
	add(t, db, staff, users(ann.ID)...)
	remove(t, db, ann)
	remove(t, db, staff)
	for _, text := range []string{"", `userName co "ann"`, `emails eq "ann@example.org"`, `emails eq "second@example.org"`} {
		if p := find(t, db, store.Query{Org: org, Count: 5}, text); p.Total != 0 || len(p.Resources) != 0 {
			t.Errorf("after Delete %q finds %d of %d", text, len(p.Resources), p.Total)
		}
	}
	create(t, db, org, userType, person("bob"))
	update(t, db, func(tx *store.Tx) error {
		list, err := tx.Trash(ctx, org, "User", identity.ID{}, 5)
		if len(list) != 1 || list[0].ID != ann.ID || !list[0].Deleted.Equal(epoch) || list[0].Keys.Label != "Mx ann" {
			t.Errorf("Trash = %+v, want ann", list)
		}
		if err != nil {
			return err
		}
		r, err := tx.Restore(ctx, org, "User", ann.ID, epoch.Add(time.Minute))
		if err != nil {
			return err
		}
		if r.Version != 2 || !r.Modified.Equal(epoch.Add(time.Minute)) || string(r.Doc) != string(ann.Doc) || !r.Grouped {
			t.Errorf("Restore = %+v", r)
		}
		_, err = tx.Restore(ctx, org, "User", ann.ID, epoch)
		wantKind(t, "restoring twice", err, identity.NotFound)
		return nil
	})
	for text, want := range map[string]int{"": 2, `userName co "ann"`: 1, `emails eq "ann@example.org"`: 1, `emails eq "second@example.org"`: 1} {
		if p := find(t, db, store.Query{Org: org, Count: 5}, text); p.Total != want || len(p.Resources) != want {
			t.Errorf("after Restore %q finds %d of %d, want %d", text, len(p.Resources), p.Total, want)
		}
	}
	view(t, db, func(tx *store.Tx) error {
		rows, err := tx.Groups(ctx, org, ann.ID)
		if len(rows) != 1 || rows[0].ID != all.ID {
			t.Errorf("after Restore ann is in %v, want all", rows)
		}
		return err
	})
	if err := modify(t, db, ann, userType, person("anna")); err != nil {
		t.Errorf("changing a restored user: %v", err)
	}
	remove(t, db, ann)
}

func restoreConflict(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	ann := create(t, db, org, userType, person("ann"))
	remove(t, db, ann)
	create(t, db, org, userType, person("ANN"))
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Restore(t.Context(), org, "User", ann.ID, epoch)
		return err
	})
	wantKind(t, "restoring a taken name", err, identity.Conflict)
	view(t, db, func(tx *store.Tx) error {
		list, err := tx.Trash(t.Context(), org, "User", identity.ID{}, 5)
		if len(list) != 1 {
			t.Errorf("after a failed Restore the trash holds %d", len(list))
		}
		return err
	})
}

func purge(t *testing.T, db *store.DB) {
	orgs := []identity.OrgID{identity.NewOrgID(), identity.NewOrgID()}
	var old []*store.Resource
	past, present := identity.NewID(), identity.NewID() // events
	for _, org := range orgs {
		update(t, db, func(tx *store.Tx) error {
			return errors.Join(
				tx.PutEvent(t.Context(), store.Event{Org: org, ID: past, At: epoch, Doc: []byte("{}")}),
				tx.PutEvent(t.Context(), store.Event{Org: org, ID: present, At: epoch.Add(time.Hour), Doc: []byte("{}")}))
		})
		ann, bob := create(t, db, org, userType, person("ann")), create(t, db, org, userType, person("bob"))
		old = append(old, ann)
		remove(t, db, ann)
		update(t, db, func(tx *store.Tx) error {
			seen, err := tx.Get(t.Context(), org, "User", bob.ID)
			if err == nil {
				err = tx.Delete(t.Context(), seen, epoch.Add(time.Hour))
			}
			return err
		})
	}
	n, err := db.Purge(t.Context(), epoch.Add(time.Minute))
	if err != nil || n != 2 {
		t.Errorf("Purge = %d, %v; want 2", n, err)
	}
	for i, org := range orgs {
		view(t, db, func(tx *store.Tx) error {
			_, err := tx.Event(t.Context(), org, past)
			wantKind(t, "an event that was purged", err, identity.NotFound)
			if _, err := tx.Event(t.Context(), org, present); err != nil {
				t.Errorf("an event that stays: %v", err)
			}
			list, err := tx.Trash(t.Context(), org, "User", identity.ID{}, 5)
			if len(list) != 1 || list[0].ID == old[i].ID {
				t.Errorf("after Purge the trash holds %d, want bob alone", len(list))
			}
			return err
		})
	}
}

// reindex marks an attribute as indexed and unique after the fact.
func reindex(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	attr := func(indexed bool, unique schema.Uniqueness) *schema.ResourceType {
		reg, err := schema.Standard().Extend("User", &schema.Schema{ID: "urn:example:Badge", Name: "Badge", Attributes: []*schema.Attribute{{
			Name: "badge", Type: schema.String, Mutability: schema.ReadWrite, Returned: schema.Default, Uniqueness: unique, Indexed: indexed,
		}}}, false)
		if err != nil {
			t.Fatal(err)
		}
		return reg.TypeByName("User")
	}
	plain, indexed, unique := attr(false, schema.None), attr(true, schema.None), attr(true, schema.Server)
	ann := create(t, db, org, plain, badged("ann", "b-1"))
	create(t, db, org, plain, badged("bob", "b-2"))
	if err := db.Reindex(t.Context(), org, indexed); err != nil {
		t.Fatal(err)
	}
	q := store.Query{Org: org, Count: 5, Types: []*schema.ResourceType{indexed}, Examine: 1}
	if p := find(t, db, q, `urn:example:Badge:badge eq "B-1"`); p.Total != 1 || p.Resources[0].ID != ann.ID || p.Resources[0].Version != 1 {
		t.Errorf("after Reindex %d users have the badge", p.Total)
	}
	if err := db.Reindex(t.Context(), org, unique); err != nil {
		t.Fatal(err)
	}
	double := resource(t, db, org, unique, badged("cleo", "B-2"))
	err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Insert(t.Context(), double) })
	wantKind(t, "a badge that has become unique", err, identity.Conflict)
	create(t, db, org, plain, badged("dan", "B-2"))
	wantKind(t, "making doubled badges unique", db.Reindex(t.Context(), org, unique), identity.Conflict)
}
