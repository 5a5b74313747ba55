// Package postgres opens a store in a PostgreSQL database, version 15 or later.
package postgres

import (
	"context"

	"github.com/muster-id/muster/store"
)

// Options say which database to use and how.
type Options struct {
	URL      string // as libpq writes it: postgres://user@host/db or key=value words
	MaxConns int    // 0: four for each processor, at least 8
}

// Open connects to the database. The caller must call Migrate before anything
// else when the database may be new.
func Open(ctx context.Context, o Options) (*store.DB, error) { panic("later") }
