package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
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
	return openPostgres(t, "")
}

// Serializable is PostgreSQL with transactions of the strictest isolation, as
// distributed databases have them.
func Serializable(t testing.TB) *store.DB {
	t.Helper()
	return openPostgres(t, "&options=-c%20default_transaction_isolation%3Dserializable")
}

func openPostgres(t testing.TB, options string) *store.DB {
	t.Helper()
	base := serverURL(t)
	template.once.Do(func() { template.err = makeTemplate(t.Context(), base) })
	if template.err != nil {
		t.Fatalf("migrate the template: %v", template.err)
	}
	db, err := postgres.Open(t.Context(), postgres.Options{URL: newDatabase(t, base, template.name) + options})
	if err != nil {
		t.Fatal(err)
	}
	return migrated(t, db)
}

// template is a migrated database that the others are copies of.
var template struct {
	once sync.Once
	name string
	err  error
}

func makeTemplate(ctx context.Context, base string) error {
	template.name = fmt.Sprintf("muster_template_%d", os.Getpid())
	if err := administer(base, "CREATE DATABASE "+template.name); err != nil {
		return err
	}
	db, err := postgres.Open(ctx, postgres.Options{URL: databaseURL(base, template.name)})
	if err != nil {
		return err
	}
	return errors.Join(db.Migrate(ctx), db.Close())
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
