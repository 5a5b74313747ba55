package directory

import (
	"context"
	"errors"
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
	held, err := l.take(ctx, l.length)
	if err != nil || !held {
		return err
	}
	working, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer stop()
		l.keep(working)
	}()
	err = work(working)
	stop()
	<-done
	// Given back, also when ctx has ended: the next process need not wait.
	_, back := l.take(context.WithoutCancel(ctx), 0)
	return errors.Join(err, back)
}

// keep takes the lease again and again until ctx ends or somebody else has it.
func (l *Lease) keep(ctx context.Context) {
	tick := time.NewTicker(l.length / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if held, err := l.take(ctx, l.length); err != nil || !held {
			return
		}
	}
}

func (l *Lease) take(ctx context.Context, length time.Duration) (held bool, err error) {
	err = l.d.db.Update(ctx, func(tx *store.Tx) error {
		now := l.d.now()
		held, err = tx.TakeLease(ctx, l.name, l.holder, now, now.Add(length))
		return err
	})
	return held, err
}
