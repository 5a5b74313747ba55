package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
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
	db, err := postgres.Open(t.Context(), postgres.Options{URL: migratedURL(t) + options})
	if err != nil {
		t.Fatal(err)
	}
	return migrated(t, db)
}

// migratedURL is Postgres with a database that has the newest schema.
func migratedURL(t testing.TB) string {
	t.Helper()
	base := serverURL(t)
	name, err := template()
	if err != nil {
		t.Fatalf("migrate the template: %v", err)
	}
	return newDatabase(t, base, name)
}

// template is a migrated database that the others are copies of. The first
// binary with its migrations makes it.
var template = sync.OnceValues(func() (string, error) {
	base, err := server()
	if err != nil {
		return "", err
	}
	name := "muster_template_" + migrationsDigest()
	return name, alone(func() error {
		if administer(databaseURL(base, name), "SELECT 1") == nil {
			return nil
		}
		half := "muster_half_" + fresh.binary
		return errors.Join(makeTemplate(base, half), administer(base, "ALTER DATABASE "+half+" RENAME TO "+name))
	})
})

// migrationsDigest is the same as long as no migration changes. Where there is no
// source it differs from binary to binary.
func migrationsDigest() string {
	_, here, _, _ := runtime.Caller(0)
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(here), "../migrations/*.sql"))
	if len(files) == 0 {
		return fresh.binary
	}
	sum := sha256.New()
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return fresh.binary
		}
		fmt.Fprintf(sum, "%s %d\n%s", filepath.Base(name), len(text), text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

func makeTemplate(base, name string) error {
	if err := administer(base, "CREATE DATABASE "+name); err != nil {
		return err
	}
	ctx := context.Background() // of no one test
	db, err := postgres.Open(ctx, postgres.Options{URL: databaseURL(base, name)})
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
