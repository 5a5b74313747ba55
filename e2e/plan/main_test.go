package plan_test

import (
	"os"
	"testing"

	"github.com/muster-id/muster/secret"
)

func TestMain(m *testing.M) {
	secret.Cheaply() // hashes are tested elsewhere
	os.Exit(m.Run())
}
