package store_test

import (
	"testing"

	"github.com/muster-id/muster/store/storetest"
)

func TestSQLite(t *testing.T)     { storetest.Run(t, storetest.SQLite) }
func TestPostgreSQL(t *testing.T) { storetest.Run(t, storetest.PostgreSQL) }

// TestSerializable shows that the store keeps its promises on databases that
// fail transactions for being in each other's way.
func TestSerializable(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	storetest.Run(t, storetest.Serializable)
}
