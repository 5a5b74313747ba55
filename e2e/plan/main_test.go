package plan_test

import (
	"flag"
	"os"
	"testing"

	"github.com/muster-id/muster/secret"
)

func TestMain(m *testing.M) {
	secret.Cheaply()                   // hashes are tested elsewhere
	_ = flag.Set("test.parallel", "6") // plans mostly wait; a flag of the command line counts more
	os.Exit(m.Run())
}
