package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/muster-id/muster/store"
)

// maxTries is how often a transaction runs that lost against others.
const maxTries = 10

type driver struct {
	pool    *pgxpool.Pool
	begin   string // the statement that begins a transaction
	cancel  context.CancelFunc
	heard   atomic.Uint64 // counts what other nodes have told and our own commits
	waiting sync.WaitGroup

	written atomic.Int64  // statements of committed transactions
	analyze chan struct{} // asks for statistics
}

// firstAnalyze is how many statements are written before statistics are made.
const firstAnalyze = 5000

func newDriver(pool *pgxpool.Pool, begin string) *driver {
	ctx, cancel := context.WithCancel(context.Background())
	d := &driver{pool: pool, begin: begin, cancel: cancel, analyze: make(chan struct{}, 1)}
	d.waiting.Go(func() { d.listen(ctx) })
	d.waiting.Go(func() { d.statistics(ctx) })
	return d
}

func (d *driver) Close() error {
	d.cancel()
	d.waiting.Wait()
	d.pool.Close()
	return nil
}

func (d *driver) Migrations() (store.Pool, error) {
	return store.Pool{DB: stdlib.OpenDBFromPool(d.pool), Goose: "postgres"}, nil
}

// Mark returns a number that changes with our own commits and with the news of
// other nodes. It cannot see every commit of theirs.
func (d *driver) Mark(context.Context) (uint64, error) { return d.heard.Load(), nil }

// listen waits for other nodes' notifications, which are only hints.
func (d *driver) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := d.hear(ctx); err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

func (d *driver) hear(ctx context.Context) error {
	c, err := pgx.ConnectConfig(ctx, d.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	if _, err := c.Exec(ctx, "LISTEN muster_epoch"); err != nil {
		return err
	}
	for {
		if _, err := c.WaitForNotification(ctx); err != nil {
			return err
		}
		d.heard.Add(1)
	}
}

// statistics has the server look at tables that have grown much. It would do so
// itself within minutes, but until then its plans for a table that was empty a
// moment ago read all of it.
func (d *driver) statistics(ctx context.Context) {
	for next := int64(firstAnalyze); ; {
		select {
		case <-ctx.Done():
			return
		case <-d.analyze:
		}
		if d.written.Load() >= next {
			next = 2 * d.written.Load()
			// A failure only leaves the plans as they are.
			_, _ = d.pool.Exec(ctx, "ANALYZE resource, attr_token, member, tally")
		}
	}
}

// wrote counts the statements of a committed transaction.
func (d *driver) wrote(n int) {
	d.heard.Add(1)
	d.written.Add(int64(n))
	select {
	case d.analyze <- struct{}{}:
	default:
	}
}

func (d *driver) View(ctx context.Context, fn func(store.Conn) error) error {
	pc, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer pc.Release()
	return fn(&conn{c: pc.Conn()})
}

func (d *driver) Update(ctx context.Context, fn func(store.Conn) error) error {
	var err error
	for try := range maxTries {
		if try > 0 {
			pause := time.Duration(rand.Int64N(int64(time.Millisecond) << try))
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pause):
			}
		}
		err = d.update(ctx, fn)
		if !errors.Is(err, store.ErrRetry) && !lost(err) {
			return err
		}
	}
	return err
}

// lost reports whether a transaction failed only because of another one.
func lost(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

func (d *driver) update(ctx context.Context, fn func(store.Conn) error) (err error) {
	pc, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer pc.Release()
	c := &conn{c: pc.Conn()}
	c.add(d.begin, nil, 0)
	finished := false
	defer func() {
		if err != nil || !finished { // failed or panicked
			c.rollback(context.WithoutCancel(ctx))
		}
	}()
	if err = fn(c); err == nil {
		err = c.commit(ctx)
	}
	finished = true
	if err == nil {
		d.wrote(c.statements)
	}
	return err
}
