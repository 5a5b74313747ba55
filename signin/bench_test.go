package signin

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store/storetest"
)

// spent returns the processor time of this process.
func spent(b testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPassword measures what signing in with a password costs in processor
// time, and what of it is not the hash: "over-ms" is to stay below 3.
func BenchmarkPassword(b *testing.B) {
	h := newHouse(b, storetest.SQLite(b))
	h.person("ann")
	phc, err := secret.HashPassword(context.Background(), good)
	h.ok(err)
	measure := func(b *testing.B, do func()) {
		var whole, hash time.Duration
		for b.Loop() {
			at := spent(b)
			do()
			between := spent(b)
			if ok, err := secret.CheckPassword(h.ctx(), phc, good); err != nil || !ok {
				b.Fatal(ok, err)
			}
			whole += between - at
			hash += spent(b) - between
		}
		b.ReportMetric(float64((whole-hash).Microseconds())/1000/float64(b.N), "over-ms")
	}
	b.Run("door", func(b *testing.B) {
		measure(b, func() {
			if _, err := h.CheckPassword(h.ctx(), h.acme.ID, "ann", good, "192.0.2.1"); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("flow", func(b *testing.B) {
		var browser string
		measure(b, func() {
			d := h.visit(Start{Browser: browser}).signIn("ann", good).at(StepDone, "").view.Done
			browser = d.BrowserCookie
		})
	})
}
