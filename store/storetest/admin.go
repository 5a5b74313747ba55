package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

func organisations(t *testing.T, db *store.DB) {
	ctx := t.Context()
	a := identity.Organisation{ID: identity.NewOrgID(), Slug: "a", Name: "A", Created: epoch, Modified: epoch}
	b := identity.Organisation{ID: identity.NewOrgID(), Parent: a.ID, Slug: "b", Name: "B", Created: epoch, Modified: epoch}
	update(t, db, func(tx *store.Tx) error {
		if err := tx.InsertOrganisation(ctx, b); err != nil {
			return err
		}
		return tx.InsertOrganisation(ctx, a)
	})
	double := identity.Organisation{ID: identity.NewOrgID(), Slug: "a"}
	err := db.Update(ctx, func(tx *store.Tx) error { return tx.InsertOrganisation(ctx, double) })
	wantKind(t, "a slug twice", err, identity.Conflict)
	a.Name, a.Slug, a.Modified = "AA", "aa", epoch.Add(time.Second)
	update(t, db, func(tx *store.Tx) error { return tx.UpdateOrganisation(ctx, a) })
	view(t, db, func(tx *store.Tx) error {
		list, err := tx.Organisations(ctx, "", 9)
		if diff := cmp.Diff([]identity.Organisation{a, b}, list); diff != "" {
			t.Errorf("Organisations (-want +got):\n%s", diff)
		}
		if err != nil {
			return err
		}
		list, err = tx.Organisations(ctx, "aa", 1)
		if len(list) != 1 || list[0].ID != b.ID {
			t.Errorf("Organisations after aa = %+v, want b", list)
		}
		if got, err := tx.OrganisationBySlug(ctx, "b"); err != nil || got != b {
			t.Errorf("OrganisationBySlug(b) = %+v, %v", got, err)
		}
		_, gone := tx.OrganisationBySlug(ctx, "a")
		wantKind(t, "the old slug", gone, identity.NotFound)
		return err
	})
	err = db.Update(ctx, func(tx *store.Tx) error { return tx.UpdateOrganisation(ctx, double) })
	wantKind(t, "updating what is not there", err, identity.NotFound)
}

func connections(t *testing.T, db *store.DB) {
	ctx, org := t.Context(), identity.NewOrgID()
	c := identity.Connection{Org: org, ID: identity.NewID(), Name: "hr", Dialect: "rfc", Domain: "d", Created: epoch, Modified: epoch}
	token := identity.Token{Org: org, Connection: c.ID, ID: identity.NewID(), Hash: []byte{1, 2, 0, 255}, Prefix: "m_x", Created: epoch}
	update(t, db, func(tx *store.Tx) error {
		if err := tx.InsertConnection(ctx, c); err != nil {
			return err
		}
		return tx.InsertToken(ctx, token)
	})
	double := c
	double.ID = identity.NewID()
	err := db.Update(ctx, func(tx *store.Tx) error { return tx.InsertConnection(ctx, double) })
	wantKind(t, "a name twice", err, identity.Conflict)
	c.Name, c.Disabled, c.Access, c.Rate, c.Dialect, c.User, c.Modified = "HR", true, true, 5, "entra", identity.NewID(), epoch.Add(time.Second)
	token.Revoked = epoch.Add(time.Minute)
	update(t, db, func(tx *store.Tx) error {
		if err := tx.UpdateConnection(ctx, c); err != nil {
			return err
		}
		return tx.RevokeToken(ctx, org, token.ID, token.Revoked)
	})
	view(t, db, func(tx *store.Tx) error {
		if got, err := tx.ConnectionByName(ctx, org, "HR"); err != nil || got != c {
			t.Errorf("ConnectionByName = %+v, %v, want %+v", got, err, c)
		}
		got, of, err := tx.TokenByHash(ctx, token.Hash)
		if diff := cmp.Diff(token, got); diff != "" || of != c {
			t.Errorf("TokenByHash of %+v (-want +got):\n%s", of, diff)
		}
		_, _, missing := tx.TokenByHash(ctx, []byte("none"))
		wantKind(t, "an unknown token", missing, identity.NotFound)
		return err
	})
	update(t, db, func(tx *store.Tx) error { return tx.DeleteConnection(ctx, org, c.ID) })
	view(t, db, func(tx *store.Tx) error {
		_, _, err := tx.TokenByHash(ctx, token.Hash)
		wantKind(t, "the token of a deleted connection", err, identity.NotFound)
		if list, err := tx.Tokens(ctx, org, c.ID); len(list) != 0 || err != nil {
			t.Errorf("a deleted connection has the tokens %v, %v", list, err)
		}
		return nil
	})
}

func schemas(t *testing.T, db *store.DB) {
	ctx, org := t.Context(), identity.NewOrgID()
	a := store.StoredSchema{ID: "urn:a", Doc: []byte(`{"v":1}`), Type: "User"}
	b := store.StoredSchema{ID: "urn:b", Doc: []byte(`{}`), Required: true}
	update(t, db, func(tx *store.Tx) error {
		for _, s := range []store.StoredSchema{b, a} {
			if err := tx.PutSchema(ctx, org, s); err != nil {
				return err
			}
		}
		a.Doc = []byte(`{"v":2}`)
		return tx.PutSchema(ctx, org, a)
	})
	view(t, db, func(tx *store.Tx) error {
		list, err := tx.Schemas(ctx, org)
		if diff := cmp.Diff([]store.StoredSchema{a, b}, list); diff != "" {
			t.Errorf("Schemas (-want +got):\n%s", diff)
		}
		return err
	})
	update(t, db, func(tx *store.Tx) error { return tx.DeleteSchema(ctx, org, "urn:a") })
	err := db.Update(ctx, func(tx *store.Tx) error { return tx.DeleteSchema(ctx, org, "urn:a") })
	wantKind(t, "deleting a schema twice", err, identity.NotFound)
}

func changes(t *testing.T, db *store.DB) {
	ctx, org, target := t.Context(), identity.NewOrgID(), identity.NewID()
	var list []identity.Change
	for i := range 5 {
		list = append(list, identity.Change{
			Org: org, ID: identity.NewID(), At: epoch.Add(time.Duration(i) * time.Millisecond), Kind: identity.Patched,
			Actor: identity.ByConnection, ActorID: identity.NewID(), ActorName: fmt.Sprint("actor ", i), RequestID: "r",
			Type: "User", Target: target, Version: int64(i), Paths: []string{"displayName"}, Diff: []byte(`{"displayName":["a","b"]}`),
		})
	}
	list[4].Target, list[4].Paths, list[4].Diff = identity.NewID(), nil, nil
	update(t, db, func(tx *store.Tx) error {
		for _, c := range list {
			if err := tx.Record(ctx, c); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.Changes(ctx, org, list[0].ID, 9)
		if diff := cmp.Diff(list[1:], got); diff != "" {
			t.Errorf("Changes (-want +got):\n%s", diff)
		}
		if err != nil {
			return err
		}
		got, err = tx.ChangesOf(ctx, org, target, 2)
		if diff := cmp.Diff([]identity.Change{list[3], list[2]}, got); diff != "" {
			t.Errorf("ChangesOf (-want +got):\n%s", diff)
		}
		return err
	})
}

func requests(t *testing.T, db *store.DB) {
	ctx, org := t.Context(), identity.NewOrgID()
	late := store.AsyncRequest{Org: org, ID: identity.NewID(), Connection: identity.NewID(), Txn: "2", Created: epoch.Add(time.Second), Body: []byte{0, 1}}
	early := store.AsyncRequest{Org: identity.NewOrgID(), ID: identity.NewID(), Txn: "1", Created: epoch, Body: []byte{}}
	event := store.Event{Org: org, ID: identity.NewID(), Connection: late.Connection, Txn: "2", At: epoch, Doc: []byte(`{"a":1}`)}
	update(t, db, func(tx *store.Tx) error {
		for _, err := range []error{tx.PutAsync(ctx, late), tx.PutAsync(ctx, early), tx.PutEvent(ctx, event)} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	view(t, db, func(tx *store.Tx) error {
		list, err := tx.Asyncs(ctx, 9)
		if diff := cmp.Diff([]store.AsyncRequest{early, late}, list); diff != "" {
			t.Errorf("Asyncs (-want +got):\n%s", diff)
		}
		if err != nil {
			return err
		}
		if n, err := tx.Waiting(ctx, org); n != 1 || err != nil {
			t.Errorf("Waiting = %d, %v, want 1", n, err)
		}
		got, err := tx.Event(ctx, org, event.ID)
		if diff := cmp.Diff(event, got); diff != "" {
			t.Errorf("Event (-want +got):\n%s", diff)
		}
		return err
	})
	update(t, db, func(tx *store.Tx) error { return tx.CompleteAsync(ctx, org, late.ID) })
	err := db.Update(ctx, func(tx *store.Tx) error { return tx.CompleteAsync(ctx, org, late.ID) })
	wantKind(t, "completing a request twice", err, identity.NotFound)
}

func settings(t *testing.T, db *store.DB) {
	ctx := t.Context()
	for _, value := range [][]byte{{1, 0, 255}, []byte("second"), {}} {
		update(t, db, func(tx *store.Tx) error { return tx.PutSetting(ctx, "k", value) })
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.Setting(ctx, "k")
			if diff := cmp.Diff(value, got); diff != "" {
				t.Errorf("Setting (-want +got):\n%s", diff)
			}
			none, _ := tx.Setting(ctx, "none")
			if none != nil {
				t.Errorf("a setting that is not set is %v", none)
			}
			return err
		})
	}
}

func epochs(t *testing.T, db *store.DB) {
	ctx := t.Context()
	now := func() uint64 {
		n, err := db.Epoch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	w := settle(t, db, "a")
	first := now()
	if n := now(); n != first {
		t.Errorf("the epoch went from %d to %d with nothing written", first, n)
	}
	create(t, db, w.org.ID, userType, person("bob"))
	time.Sleep(20 * time.Millisecond)
	if n := now(); n != first {
		t.Errorf("the epoch went from %d to %d with a user written", first, n)
	}
	for what, write := range map[string]func(*store.Tx) error{
		"an organisation": func(tx *store.Tx) error { return tx.UpdateOrganisation(ctx, w.org) },
		"a connection":    func(tx *store.Tx) error { return tx.UpdateConnection(ctx, w.connection) },
		"a token":         func(tx *store.Tx) error { return tx.RevokeToken(ctx, w.org.ID, w.token.ID, epoch) },
		"a schema":        func(tx *store.Tx) error { return tx.PutSchema(ctx, w.org.ID, store.StoredSchema{ID: "urn:y"}) },
	} {
		before := now()
		update(t, db, write)
		if now() == before {
			t.Errorf("the epoch does not tell of %s", what)
		}
	}
}

func migrations(t *testing.T, db *store.DB) {
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatalf("the second Migrate: %v", err)
	}
	list, err := db.MigrationStatus(t.Context())
	if err != nil || len(list) == 0 {
		t.Fatalf("MigrationStatus = %v, %v", list, err)
	}
	for _, m := range list {
		if !m.Applied || m.Version == 0 || m.Name == "" {
			t.Errorf("migration %+v is not applied", m)
		}
	}
}
