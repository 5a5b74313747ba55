package store_test

import (
	"os"
	"testing"

	"github.com/muster-id/muster/store/storetest"
)

func TestPostgreSQL(t *testing.T) { storetest.Run(t, storetest.PostgreSQL) }

// TestSerializable shows that the store keeps its promises on databases that
// fail transactions for being in each other's way.
func TestSerializable(t *testing.T) {
	if os.Getenv("CI") != "true" {
		t.Skip("takes long; CI=true runs it")
	}
	storetest.Run(t, storetest.Serializable)
}
