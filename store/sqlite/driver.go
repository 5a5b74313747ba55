package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"

	"github.com/muster-id/muster/store"
	"modernc.org/libc"
	_ "modernc.org/sqlite" // the driver "sqlite" for migrations
	lib "modernc.org/sqlite/lib"
)

// maxBatch is how many requests share a commit.
const maxBatch = 256

var errClosed = errors.New("the database is closed")

type driver struct {
	options   Options
	temporary bool
	readers   chan *conn
	requests  chan *request
	quit      chan struct{}
	stopped   chan struct{}
	closing   sync.Once

	watch     *conn // sees every commit by its data_version
	watchLock sync.Mutex
}

// A request is one call of Update that waits for the writer.
type request struct {
	ctx   context.Context
	fn    func(store.Conn) error
	taken atomic.Bool // by the writer, or by a caller who gave up
	done  chan struct{}
	err   error
	panic any
}

func newDriver(o Options, temporary bool) (*driver, error) {
	d := &driver{
		options: o, temporary: temporary,
		readers:  make(chan *conn, o.Readers),
		requests: make(chan *request, maxBatch),
		quit:     make(chan struct{}),
		stopped:  make(chan struct{}),
	}
	writer, err := open(o.Path, o.writing())
	if err != nil {
		return nil, err
	}
	go d.write(writer)
	if d.watch, err = open(o.Path, o.reading()); err != nil {
		d.stop()
		return nil, err
	}
	for range o.Readers {
		c, err := open(o.Path, o.reading())
		if err != nil {
			return nil, errors.Join(err, d.Close())
		}
		d.readers <- c
	}
	return d, nil
}

// stop ends the writer after what it has begun.
func (d *driver) stop() {
	d.closing.Do(func() { close(d.quit) })
	<-d.stopped
}

func (d *driver) Close() error {
	d.stop()
	for range len(d.readers) {
		(<-d.readers).close()
	}
	d.watchLock.Lock()
	defer d.watchLock.Unlock()
	if d.watch != nil {
		d.watch.close()
		d.watch = nil
	}
	if !d.temporary {
		return nil
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(d.options.Path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (d *driver) Migrations() (store.Pool, error) {
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: d.options.Path, RawQuery: url.Values{
		"_pragma": {fmt.Sprintf("busy_timeout(%d)", d.options.BusyTimeout.Milliseconds())},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return store.Pool{DB: db, Goose: "sqlite3"}, err
}

// Mark returns the data version that a connection of its own sees, which counts
// the commits of every process.
func (d *driver) Mark(ctx context.Context) (uint64, error) {
	d.watchLock.Lock()
	defer d.watchLock.Unlock()
	if d.watch == nil {
		return 0, errClosed
	}
	n, err := d.watch.number("PRAGMA data_version")
	return uint64(n), err
}

func (d *driver) View(ctx context.Context, fn func(store.Conn) error) error {
	var c *conn
	select {
	case c = <-d.readers:
	default:
		select {
		case c = <-d.readers:
		case <-ctx.Done():
			return ctx.Err()
		case <-d.quit:
			return errClosed
		}
	}
	defer func() { d.readers <- c }()
	return fn(reader{c})
}

// A reader is a connection of View: long statements end with their context.
type reader struct{ *conn }

func (r reader) Query(ctx context.Context, q store.Statement) (store.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rows, err := r.query(q)
	if err != nil || !q.Fresh || ctx.Done() == nil {
		return rows, err
	}
	return guard(ctx, rows), nil
}

// A guarded is rows whose statement is interrupted when the context ends.
type guarded struct {
	*rows
	ctx  context.Context
	stop func() bool
	idle chan struct{} // closed when the interrupt has been made
}

func guard(ctx context.Context, r *rows) *guarded {
	g := &guarded{rows: r, ctx: ctx, idle: make(chan struct{})}
	db := r.c.db
	g.stop = context.AfterFunc(ctx, func() {
		tls := libc.NewTLS()
		lib.Xsqlite3_interrupt(tls, db)
		tls.Close()
		close(g.idle)
	})
	return g
}

func (g *guarded) Close() error {
	// An interrupt that has begun must be over before the connection is lent to
	// somebody else.
	if g.stop != nil && !g.stop() {
		<-g.idle
	}
	g.stop = nil
	err := g.rows.Close()
	if err != nil && g.ctx.Err() != nil {
		return g.ctx.Err()
	}
	return err
}

// maxTries is how often a function runs that asks for another try.
const maxTries = 5

func (d *driver) Update(ctx context.Context, fn func(store.Conn) error) error {
	var err error
	for range maxTries {
		if err = d.update(ctx, fn); !errors.Is(err, store.ErrRetry) {
			return err
		}
	}
	return err
}

func (d *driver) update(ctx context.Context, fn func(store.Conn) error) error {
	r := &request{ctx: ctx, fn: fn, done: make(chan struct{})}
	select {
	case <-d.quit:
		return errClosed
	default:
	}
	select {
	case d.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-d.quit:
		return errClosed
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		<-r.done // it is being written: its outcome is what counts
	case <-d.stopped:
		if r.taken.CompareAndSwap(false, true) {
			return errClosed
		}
		<-r.done
	}
	if r.panic != nil {
		panic(r.panic)
	}
	return r.err
}
