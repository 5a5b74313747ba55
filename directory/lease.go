package directory

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// A Lease lets one process of many do a piece of work.
type Lease struct {
	d      *Directory
	name   string
	holder identity.ID
	length time.Duration
}

// NewLease makes a Lease; every process that does the work names it alike. A
// process that dies keeps it for length at most.
func (d *Directory) NewLease(name string, length time.Duration) *Lease {
	return &Lease{d: d, name: name, holder: identity.NewID(), length: length}
}

// Hold runs work if no other process holds the lease, and otherwise does
// nothing. The context of work ends when the lease is lost.
func (l *Lease) Hold(ctx context.Context, work func(context.Context) error) error {
	held, err := l.take(ctx)
	if err != nil || !held {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer stop()
		tick := time.NewTicker(l.length / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if held, err := l.take(ctx); err != nil || !held {
				return
			}
		}
	}()
	err = work(ctx)
	stop()
	<-done
	return err
}

func (l *Lease) take(ctx context.Context) (held bool, err error) {
	err = l.d.db.Update(ctx, func(tx *store.Tx) error {
		now := l.d.now()
		held, err = tx.TakeLease(ctx, l.name, l.holder, now, now.Add(l.length))
		return err
	})
	return held, err
}
