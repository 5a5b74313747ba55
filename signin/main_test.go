package signin

import (
	"flag"
	"os"
	"testing"

	"github.com/muster-id/muster/secret"
)

// hashFully gives hashes their cost back, until a test is over.
func hashFully(t testing.TB) {
	restore()
	t.Cleanup(func() { restore = secret.Cheaply() })
}

var restore = func() {}

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		restore = secret.Cheaply() // hashes are tested elsewhere
	}
	os.Exit(m.Run())
}
