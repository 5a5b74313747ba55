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
)

// ErrRetry asks Update to roll back and run its function again, because another
// writer was faster than the function's own reads.
var ErrRetry = errors.New("another writer was faster")

// A DB is an open database. It is safe for concurrent use.
type DB struct{}

// A Tx is a connection lent to a function by View or Update. It is of use only
// inside that function and only from its goroutine.
type Tx struct{}

// View lends fn a connection for reading. There is no transaction: each
// statement sees a committed state.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error { panic("later") }

// Update runs fn in a transaction. When Update returns nil, what fn wrote is
// durable; otherwise nothing of it is left. fn may run more than once and must
// have no effects but its writes.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error { panic("later") }

// Savepoint runs fn; when fn fails its writes are undone and those before it
// stay. The error of fn is returned.
func (tx *Tx) Savepoint(ctx context.Context, fn func() error) error { panic("later") }

// Driver returns "sqlite" or "postgres".
func (db *DB) Driver() string { panic("later") }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { panic("later") }

// Close waits for running writes and closes the database.
func (db *DB) Close() error { panic("later") }

// A Migration is one numbered step of the database's schema.
type Migration struct {
	Version int64
	Name    string
	Applied bool
}

// Migrate brings the database to the newest schema. Several nodes may call it at
// the same time.
func (db *DB) Migrate(ctx context.Context) error { panic("later") }

// MigrationStatus lists all migrations in order.
func (db *DB) MigrationStatus(ctx context.Context) ([]Migration, error) { panic("later") }

// Epoch returns a number that changes when organisations, connections, tokens or
// schemas may have changed, also by another process. It is cheap enough to be
// asked with every request; a change by another node is seen within a second.
func (db *DB) Epoch(ctx context.Context) (uint64, error) { panic("later") }
