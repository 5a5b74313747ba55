// Package postgres opens a store in a PostgreSQL database, version 15 or later.
//
// Round trips decide how fast it is: statements whose outcome nobody waits for
// are queued, BEGIN included, and travel with the next query or with COMMIT.
package postgres

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/muster-id/muster/store"
)

// Options say which database to use and how.
type Options struct {
	URL      string // as libpq writes it: postgres://user@host/db or key=value words
	MaxConns int    // 0: four for each processor, at least 8
}

// escape makes a text stand for itself in a pattern.
var escape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

var dialect = store.Dialect{
	Name:     "postgres",
	Contains: "strpos(%s, ?) > 0",
	Trigram: func(text string) (string, string) {
		return "r.search LIKE ?", "%" + escape.Replace(text) + "%"
	},
	Few:    "r.id = ANY (ARRAY(%s))",
	Lock:   " FOR UPDATE",
	Notify: "NOTIFY muster_epoch",
}

// Open connects to the database. The caller must call Migrate before anything
// else when the database may be new.
func Open(ctx context.Context, o Options) (*store.DB, error) {
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("the database URL: %w", err)
	}
	cfg.MaxConns = int32(o.MaxConns)
	if o.MaxConns == 0 {
		cfg.MaxConns = int32(max(8, 4*runtime.GOMAXPROCS(0)))
	}
	cfg.ConnConfig.StatementCacheCapacity = 512
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	begin, err := isolate(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return store.New(newDriver(pool, begin), dialect), nil
}

// isolate returns the statement that begins a transaction. Where the server is
// set to a stricter isolation than READ COMMITTED, that holds for transactions
// alone: a read of one statement has nothing to be isolated from and nobody to
// run it again when it fails for being in the way of others.
func isolate(ctx context.Context, cfg *pgxpool.Config) (begin string, err error) {
	c, err := pgx.ConnectConfig(ctx, cfg.ConnConfig.Copy())
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	const weakest = "read committed"
	var level string
	if err := c.QueryRow(ctx, "SHOW default_transaction_isolation").Scan(&level); err != nil || level == weakest {
		return "BEGIN", err
	}
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SET default_transaction_isolation = '"+weakest+"'")
		return err
	}
	return "BEGIN ISOLATION LEVEL " + level, nil
}
