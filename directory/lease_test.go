package directory

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

func TestLeaseIsHeldByOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := started(t, db)
		ctx := t.Context()
		mine, theirs := d.NewLease("work", 90*time.Millisecond), d.NewLease("work", 90*time.Millisecond)
		never := func(context.Context) error { t.Error("two hold the lease"); return nil }
		ran := false
		err := mine.Hold(ctx, func(ctx context.Context) error {
			ran = true
			for range 3 { // longer than the lease: it is kept
				time.Sleep(60 * time.Millisecond)
				if err := theirs.Hold(ctx, never); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
		if err != nil || !ran {
			t.Fatalf("Hold: ran %v, %v", ran, err)
		}
		var again atomic.Bool
		if err := theirs.Hold(ctx, func(context.Context) error { again.Store(true); return nil }); err != nil || !again.Load() {
			t.Errorf("a lease that was given back: ran %v, %v", again.Load(), err)
		}
		// A holder that died keeps it no longer than its time.
		if held, err := mine.take(ctx, 50*time.Millisecond); err != nil || !held {
			t.Fatalf("take = %v, %v", held, err)
		}
		time.Sleep(60 * time.Millisecond)
		again.Store(false)
		if err := theirs.Hold(ctx, func(context.Context) error { again.Store(true); return nil }); err != nil || !again.Load() {
			t.Errorf("a lease that ran out: ran %v, %v", again.Load(), err)
		}
	})
}
