package store

import (
	"context"

	"github.com/pressly/goose/v3"
)

// Watch calls fn with every statement that db runs from now on.
func Watch(db *DB, fn func(Statement)) { db.driver = watched{db.driver, fn} }

type watched struct {
	Driver
	fn func(Statement)
}

func (w watched) View(ctx context.Context, fn func(Conn) error) error {
	return w.Driver.View(ctx, func(c Conn) error { return fn(watchedConn{c, w.fn}) })
}

func (w watched) Update(ctx context.Context, fn func(Conn) error) error {
	return w.Driver.Update(ctx, func(c Conn) error { return fn(watchedConn{c, w.fn}) })
}

type watchedConn struct {
	Conn
	fn func(Statement)
}

func (w watchedConn) Query(ctx context.Context, q Statement) (Rows, error) {
	w.fn(q)
	return w.Conn.Query(ctx, q)
}

func (w watchedConn) Exec(ctx context.Context, q Statement) (int64, error) {
	w.fn(q)
	return w.Conn.Exec(ctx, q)
}

func (w watchedConn) Queue(ctx context.Context, q Statement) error {
	w.fn(q)
	return w.Conn.Queue(ctx, q)
}

func (w watchedConn) Later(ctx context.Context, q Statement) error {
	w.fn(q)
	return w.Conn.Later(ctx, q)
}

// MigrateTo brings a database to an old schema.
func MigrateTo(ctx context.Context, db *DB, version int64) error {
	return db.goose(func(p *goose.Provider) error {
		_, err := p.UpTo(ctx, version)
		return err
	})
}

// Exec runs a statement that no method has.
func Exec(ctx context.Context, db *DB, sql string, args ...any) error {
	return db.Update(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, sql, args...)
		return err
	})
}
