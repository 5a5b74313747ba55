// Package store keeps an identity server's rows in SQLite or PostgreSQL behind
// one concrete type. There is one SQL text for both databases; what differs
// stands in a Dialect. Every method that touches an organisation's rows names
// the organisation, and every statement has it in its WHERE clause.
//
// Reads run in [DB.View], writes in [DB.Update]. Errors that a caller may see
// are *identity.Error; every other error is ours.
package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"

	"github.com/muster-id/muster/identity"
)

// ErrRetry asks Update to roll back and run its function again, because another
// writer was faster than the function's own reads.
var ErrRetry = errors.New("another writer was faster")

// A DB is an open database. It is safe for concurrent use.
type DB struct {
	driver  Driver
	dialect Dialect
	seed    atomic.Pointer[[]byte] // of token hashes
	epoch   epoch
	marks   marks
	// forWrite is getForWrite with the dialect's lock.
	forWrite string
	totals   *recent[int]
	places   *recent[*ladder]
}

// New makes a DB of a driver. Packages sqlite and postgres call it.
func New(d Driver, dialect Dialect) *DB {
	return &DB{
		driver: d, dialect: dialect, forWrite: getForWrite + dialect.Lock,
		totals: newRecent[int](4096),
		places: newRecent[*ladder](256),
	}
}

// A Tx is a connection lent to a function by View or Update. It is of use only
// inside that function and only from its goroutine.
type Tx struct {
	db    *DB
	conn  Conn
	write bool
	admin bool // something that Epoch tells of has changed
	delta map[tallyKey]int64
	wrote map[identity.OrgID][]identity.Change // what Mark and Since tell of
	then  []func()
}

type tallyKey struct {
	org identity.OrgID
	typ string
}

// View lends fn a connection for reading. There is no transaction: each
// statement sees a committed state.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	return db.driver.View(ctx, func(c Conn) error {
		return fn(&Tx{db: db, conn: c})
	})
}

// Update runs fn in a transaction. When Update returns nil, what fn wrote is
// durable; otherwise nothing of it is left. fn may run more than once and must
// have no effects but its writes; it must not call Update itself.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	var last *Tx
	wrote := map[identity.OrgID][]identity.Change{} // by any try: of an unknown outcome too
	err := db.driver.Update(ctx, func(c Conn) error {
		last = &Tx{db: db, conn: c, write: true, wrote: wrote}
		if err := fn(last); err != nil {
			return err
		}
		return last.finish(ctx)
	})
	// Also after a failure: what stood in the way may have been written a moment
	// ago, by somebody whose commit this one shared.
	if last != nil && last.admin {
		db.epoch.forget()
	}
	db.marks.move(wrote)
	if err != nil {
		return classify(err)
	}
	for _, fn := range last.then {
		fn()
	}
	return nil
}

// touch moves the mark of an organisation although no change is recorded.
func (tx *Tx) touch(org identity.OrgID) {
	if _, ok := tx.wrote[org]; !ok {
		tx.wrote[org] = nil
	}
}

// Then calls fn after the transaction, if what it wrote is durable. fn must be
// quick: it may wake somebody.
func (tx *Tx) Then(fn func()) { tx.then = append(tx.then, fn) }

// finish writes what is kept until the end of a transaction.
func (tx *Tx) finish(ctx context.Context) error {
	if err := tx.putTallies(ctx); err != nil {
		return err
	}
	if !tx.admin {
		return nil
	}
	if err := tx.queue(ctx, bumpEpoch); err != nil || tx.db.dialect.Notify == "" {
		return err
	}
	return tx.queue(ctx, tx.db.dialect.Notify)
}

// Savepoint runs fn; when fn fails its writes are undone and those before it
// stay. The error of fn is returned.
func (tx *Tx) Savepoint(ctx context.Context, fn func() error) error {
	delta := maps.Clone(tx.delta)
	err := tx.conn.Savepoint(ctx, fn)
	if err != nil {
		tx.delta = delta
	}
	return classify(err)
}

// Settle waits for the outcome of what has been written so far, so that an error
// comes now and not from a later call.
func (tx *Tx) Settle(ctx context.Context) error {
	return tx.each(ctx, func(Rows) error { return nil }, "SELECT 1")
}

// Driver returns "sqlite" or "postgres".
func (db *DB) Driver() string { return db.dialect.Name }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.View(ctx, func(tx *Tx) error { return tx.Settle(ctx) })
}

// Close waits for running writes and closes the database.
func (db *DB) Close() error { return db.driver.Close() }

// each calls fn for every row of a query.
func (tx *Tx) each(ctx context.Context, fn func(Rows) error, sql string, args ...any) error {
	return tx.eachOf(ctx, fn, Statement{SQL: sql, Args: args})
}

func (tx *Tx) eachOf(ctx context.Context, fn func(Rows) error, q Statement) error {
	rows, err := tx.conn.Query(ctx, q)
	if err != nil {
		return classify(err)
	}
	defer rows.Close() // fn may panic
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return classify(rows.Close())
}

// one calls fn for the only row of a query, and returns NotFound if there is
// none. what names the thing.
func (tx *Tx) one(ctx context.Context, what string, fn func(Rows) error, sql string, args ...any) error {
	found := false
	err := tx.each(ctx, func(r Rows) error {
		found = true
		return fn(r)
	}, sql, args...)
	if err == nil && !found {
		return notFound(what)
	}
	return err
}

// rowsOf reads every row of a query.
func rowsOf[T any](ctx context.Context, tx *Tx, read func(Rows) T, sql string, args ...any) (list []T, err error) {
	err = tx.each(ctx, func(r Rows) error {
		list = append(list, read(r))
		return nil
	}, sql, args...)
	return list, err
}

// rowOf reads the only row of a query, as one.
func rowOf[T any](ctx context.Context, tx *Tx, what string, read func(Rows) T, sql string, args ...any) (v T, err error) {
	err = tx.one(ctx, what, func(r Rows) error {
		v = read(r)
		return nil
	}, sql, args...)
	return v, err
}

func (tx *Tx) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	n, err := tx.conn.Exec(ctx, Statement{SQL: sql, Args: args})
	return n, classify(err)
}

// execOne is exec for a statement that must change a row.
func (tx *Tx) execOne(ctx context.Context, what, sql string, args ...any) error {
	n, err := tx.exec(ctx, sql, args...)
	if err == nil && n == 0 {
		return notFound(what)
	}
	return err
}

func (tx *Tx) queue(ctx context.Context, sql string, args ...any) error {
	return classify(tx.conn.Queue(ctx, Statement{SQL: sql, Args: args}))
}

func notFound(what string) error {
	return identity.NewError(identity.NotFound, "", "There is no such "+what+".")
}

// conflicts maps unique constraints to the errors that callers see.
var conflicts = map[string]*identity.Error{
	"app_client_id":      identity.NewError(identity.Conflict, "client_id", "That client id is taken by another app."),
	"domain_name":        identity.NewError(identity.Conflict, "name", "Another organisation has that domain."),
	"organisation_slug":  identity.NewError(identity.Conflict, "slug", "That slug is taken by another organisation."),
	"connection_name":    identity.NewError(identity.Conflict, "name", "That name is taken by another connection."),
	"resource_name_key":  identity.NewError(identity.Conflict, "userName", "That userName is taken."),
	"resource_id":        identity.NewError(identity.Conflict, "id", "That id is taken."),
	"unique_value_value": identity.NewError(identity.Conflict, "", "A value that must be unique is taken."),
}

// classify turns a broken unique constraint into an error for the caller.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if t, ok := errors.AsType[*Taken](err); ok {
		if e := conflicts[t.Constraint]; e != nil {
			return e
		}
		return identity.NewError(identity.Conflict, "", "A value that must be unique is taken.")
	}
	return err
}

// wrap adds the operation to an error that is ours.
func wrap(err error, format string, args ...any) error {
	if err == nil || identity.KindOf(err) != "" || errors.Is(err, ErrRetry) {
		return err
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
