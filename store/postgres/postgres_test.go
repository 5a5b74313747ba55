package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/postgres"
	"github.com/muster-id/muster/store/storetest"
)

func open(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Options{URL: url, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestManyNodesMigrate(t *testing.T) {
	url := storetest.Postgres(t)
	var nodes sync.WaitGroup
	for range 5 {
		db := open(t, url)
		nodes.Go(func() {
			if err := db.Migrate(t.Context()); err != nil {
				t.Errorf("migrate: %v", err)
			}
		})
	}
	nodes.Wait()
}

func TestEpochOfAnotherNode(t *testing.T) {
	url := storetest.Postgres(t)
	a, b := open(t, url), open(t, url)
	if err := a.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := a.Epoch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = b.Update(t.Context(), func(tx *store.Tx) error {
		return tx.InsertOrganisation(t.Context(), identity.Organisation{ID: identity.NewOrgID(), Slug: "x"})
	})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(1500 * time.Millisecond); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if after, err := a.Epoch(t.Context()); err != nil {
			t.Fatal(err)
		} else if after != before {
			return
		}
	}
	t.Error("the epoch does not tell of another node's change within 1.5 s")
}

func TestBadURL(t *testing.T) {
	for _, url := range []string{"postgres://%zz", "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"} {
		if _, err := postgres.Open(t.Context(), postgres.Options{URL: url}); err == nil {
			t.Errorf("Open(%q) succeeded", url)
		}
	}
}
