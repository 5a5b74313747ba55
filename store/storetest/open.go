package storetest

import (
	"testing"

	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/postgres"
	"github.com/muster-id/muster/store/sqlite"
)

// SQLite opens a fresh, migrated SQLite database that is gone after the test.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Options{NoSync: true, Readers: 4})
	if err != nil {
		t.Fatal(err)
	}
	return migrated(t, db)
}

// PostgreSQL opens a fresh, migrated PostgreSQL database that is gone after the
// test. Without a server the test is skipped as by Postgres.
func PostgreSQL(t testing.TB) *store.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Options{URL: Postgres(t)})
	if err != nil {
		t.Fatal(err)
	}
	return migrated(t, db)
}

func migrated(t testing.TB, db *store.DB) *store.DB {
	t.Helper()
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// Each runs test on a fresh, migrated database of each kind.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, PostgreSQL(t)) })
}
