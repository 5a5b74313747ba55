// Package storetest examines a store: the promises that both databases keep. It
// also opens databases for the tests of other packages.
package storetest

import (
	"testing"

	"github.com/muster-id/muster/store"
)

// Run examines the database that open returns. Each case gets a fresh, empty,
// migrated one.
func Run(t *testing.T, open func(testing.TB) *store.DB) { panic("later") }

// SQLite opens a fresh, migrated SQLite database that is gone after the test.
func SQLite(t testing.TB) *store.DB { panic("later") }

// Postgres returns the URL of a fresh, empty PostgreSQL database that is gone
// after the test. It uses the server that MUSTER_TEST_POSTGRES names, or starts
// one with the initdb and pg_ctl on the PATH. Without either the test is
// skipped, or fails when CI=true.
func Postgres(t testing.TB) string { panic("later") }

// Each runs test on a fresh, migrated database of each kind.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) { panic("later") }
