package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	lib "modernc.org/sqlite/lib"
)

// maxStatements is how many prepared statements a connection keeps.
const maxStatements = 512

// A conn is one SQLite connection. It speaks to the library without
// database/sql, which takes half as long again for a read by key. It must not be
// used by two goroutines at a time.
type conn struct {
	tls   *libc.TLS
	db    uintptr
	out   uintptr // room for the pointers that the library hands out
	stmts map[string]*stmt
	later []store.Statement
	// careful makes savepoints real. Without it a part that fails after it has
	// written only sets spoilt, and everything since BEGIN has to run again with
	// care.
	careful, spoilt bool
}

// A stmt is a prepared statement with room for its arguments.
type stmt struct {
	p    uintptr
	buf  uintptr
	size int
	busy bool
}

// open opens a connection and runs the pragmas.
func open(path string, pragmas []string) (*conn, error) {
	c := &conn{tls: libc.NewTLS(), stmts: map[string]*stmt{}}
	c.out = libc.Xmalloc(c.tls, 8)
	name, err := libc.CString(path)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, name)
	const flags = lib.SQLITE_OPEN_READWRITE | lib.SQLITE_OPEN_CREATE | lib.SQLITE_OPEN_NOMUTEX | lib.SQLITE_OPEN_EXRESCODE
	rc := lib.Xsqlite3_open_v2(c.tls, name, c.out, flags, 0)
	c.db = c.pointer()
	if rc != lib.SQLITE_OK {
		err := c.fail(rc)
		c.close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	// A plan must not depend on the arguments: otherwise every new argument makes
	// the library parse and plan the statement again.
	va := c.tls.Alloc(2 * 8)
	rc = lib.Xsqlite3_db_config(c.tls, c.db, lib.SQLITE_DBCONFIG_ENABLE_QPSG, libc.VaList(va, int32(1), uintptr(0)))
	c.tls.Free(2 * 8)
	if rc != lib.SQLITE_OK {
		err := c.fail(rc)
		c.close()
		return nil, err
	}
	for _, p := range pragmas {
		if _, err := c.exec(store.Statement{SQL: p}); err != nil {
			c.close()
			return nil, fmt.Errorf("%s: %w", p, err)
		}
	}
	return c, nil
}

// pointer reads what the library left in c.out.
func (c *conn) pointer() uintptr {
	return uintptr(binary.NativeEndian.Uint64(libc.GoBytes(c.out, 8)))
}

func (c *conn) close() {
	c.forget()
	lib.Xsqlite3_close_v2(c.tls, c.db)
	libc.Xfree(c.tls, c.out)
	c.tls.Close()
}

// forget drops the prepared statements that are not in use.
func (c *conn) forget() {
	for sql, s := range c.stmts {
		if !s.busy {
			c.finalize(s)
			delete(c.stmts, sql)
		}
	}
}

func (c *conn) finalize(s *stmt) {
	lib.Xsqlite3_finalize(c.tls, s.p)
	if s.buf != 0 {
		libc.Xfree(c.tls, s.buf)
	}
}

// An Error is an error of the SQLite library.
type Error struct {
	Code int // extended result code
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("sqlite: %s (%d)", e.Text, e.Code) }

const uniquePrefix = "UNIQUE constraint failed: "

// fail makes an error of a result code.
func (c *conn) fail(rc int32) error {
	e := &Error{Code: int(rc), Text: libc.GoString(lib.Xsqlite3_errmsg(c.tls, c.db))}
	if rc != lib.SQLITE_CONSTRAINT_UNIQUE && rc != lib.SQLITE_CONSTRAINT_PRIMARYKEY {
		return e
	}
	// The library names a constraint by its columns: "t.a, t.b".
	columns := strings.Split(strings.TrimPrefix(e.Text, uniquePrefix), ", ")
	return &store.Taken{Constraint: strings.Replace(columns[len(columns)-1], ".", "_", 1), Err: e}
}

// statement returns a prepared statement that is free.
func (c *conn) statement(sql string) (*stmt, error) {
	s := c.stmts[sql]
	if s != nil && !s.busy {
		return s, nil
	}
	// The library numbers $1 by first appearance, and ?1 by its number.
	text, err := libc.CString(strings.ReplaceAll(sql, "$", "?"))
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, text)
	rc := lib.Xsqlite3_prepare_v3(c.tls, c.db, text, int32(len(sql)+1), lib.SQLITE_PREPARE_PERSISTENT, c.out, 0)
	if rc != lib.SQLITE_OK {
		return nil, fmt.Errorf("%w in %s", c.fail(rc), sql)
	}
	fresh := &stmt{p: c.pointer()}
	if s == nil {
		if len(c.stmts) >= maxStatements {
			c.forget()
		}
		c.stmts[sql] = fresh
	}
	return fresh, nil
}

// done makes a statement free again, or drops it if it is not kept.
func (c *conn) done(sql string, s *stmt) {
	const keep = 64 << 10
	if c.stmts[sql] != s {
		c.finalize(s)
		return
	}
	lib.Xsqlite3_reset(c.tls, s.p)
	if s.size > keep {
		lib.Xsqlite3_clear_bindings(c.tls, s.p)
		libc.Xfree(c.tls, s.buf)
		s.buf, s.size = 0, 0
	}
	s.busy = false
}

// bind copies the arguments into the statement's own memory, which stays as it
// is until the next bind, so that the library need not copy them again.
func (c *conn) bind(s *stmt, args []any) error {
	need := 0
	for _, a := range args {
		switch a := a.(type) {
		case string:
			need += len(a)
		case []byte:
			need += len(a)
		case identity.ID, identity.OrgID:
			need += 16
		}
	}
	need++ // an empty value must have an address too
	if need > s.size {
		if s.buf != 0 {
			libc.Xfree(c.tls, s.buf)
		}
		s.size = max(need, 256)
		s.buf = libc.Xmalloc(c.tls, types.Size_t(s.size))
	}
	b := binder{c: c, s: s, room: libc.GoBytes(s.buf, s.size)}
	for i, a := range args {
		if rc := b.bind(int32(i+1), a); rc != lib.SQLITE_OK {
			return c.fail(rc)
		}
	}
	return nil
}

type binder struct {
	c    *conn
	s    *stmt
	room []byte
	used int
}

func (b *binder) bind(i int32, a any) int32 {
	tls, p := b.c.tls, b.s.p
	switch a := a.(type) {
	case nil:
		return lib.Xsqlite3_bind_null(tls, p, i)
	case int64:
		return lib.Xsqlite3_bind_int64(tls, p, i, a)
	case int:
		return lib.Xsqlite3_bind_int64(tls, p, i, int64(a))
	case string:
		return lib.Xsqlite3_bind_text(tls, p, i, put(b, a), int32(len(a)), 0)
	case identity.ID:
		return lib.Xsqlite3_bind_blob(tls, p, i, put(b, a[:]), 16, 0)
	case identity.OrgID:
		return lib.Xsqlite3_bind_blob(tls, p, i, put(b, a[:]), 16, 0)
	case []byte:
		if a == nil {
			return lib.Xsqlite3_bind_null(tls, p, i)
		}
		return lib.Xsqlite3_bind_blob(tls, p, i, put(b, a), int32(len(a)), 0)
	}
	panic(fmt.Sprintf("sqlite: argument %d has the type %T", i, a))
}

// put copies a value into the statement's memory and returns its address.
func put[T string | []byte](b *binder, v T) uintptr {
	at := b.used
	b.used += copy(b.room[at:], v)
	return b.s.buf + uintptr(at)
}

// exec runs a statement to its end.
func (c *conn) exec(q store.Statement) (int64, error) {
	s, err := c.statement(q.SQL)
	if err != nil {
		return 0, err
	}
	s.busy = true
	defer c.done(q.SQL, s)
	if err := c.bind(s, q.Args); err != nil {
		return 0, err
	}
	for {
		switch rc := lib.Xsqlite3_step(c.tls, s.p); rc {
		case lib.SQLITE_ROW:
		case lib.SQLITE_DONE:
			return int64(lib.Xsqlite3_changes(c.tls, c.db)), nil
		default:
			return 0, c.fail(rc)
		}
	}
}

// query starts a statement.
func (c *conn) query(q store.Statement) (*rows, error) {
	s, err := c.statement(q.SQL)
	if err != nil {
		return nil, err
	}
	s.busy = true
	if err := c.bind(s, q.Args); err != nil {
		c.done(q.SQL, s)
		return nil, err
	}
	return &rows{c: c, s: s, sql: q.SQL}, nil
}

// number runs a query of one integer.
func (c *conn) number(sql string) (int64, error) {
	r, err := c.query(store.Statement{SQL: sql})
	if err != nil {
		return 0, err
	}
	var n int64
	if r.Next() {
		n = r.Int(0)
	}
	return n, r.Close()
}

type rows struct {
	c   *conn
	s   *stmt
	sql string
	err error
}

func (r *rows) Next() bool {
	if r.s == nil || r.err != nil {
		return false
	}
	switch rc := lib.Xsqlite3_step(r.c.tls, r.s.p); rc {
	case lib.SQLITE_ROW:
		return true
	case lib.SQLITE_DONE:
	default:
		r.err = r.c.fail(rc)
	}
	return false
}

func (r *rows) Int(col int) int64 { return lib.Xsqlite3_column_int64(r.c.tls, r.s.p, int32(col)) }

func (r *rows) Bytes(col int) []byte {
	p := lib.Xsqlite3_column_blob(r.c.tls, r.s.p, int32(col))
	if p == 0 {
		if lib.Xsqlite3_column_type(r.c.tls, r.s.p, int32(col)) == lib.SQLITE_NULL {
			return nil
		}
		return []byte{}
	}
	return libc.GoBytes(p, int(lib.Xsqlite3_column_bytes(r.c.tls, r.s.p, int32(col))))
}

func (r *rows) Close() error {
	if r.s != nil {
		r.c.done(r.sql, r.s)
		r.s = nil
	}
	return r.err
}

// Query, Exec, Queue, Later and Savepoint make conn a store.Conn.

func (c *conn) Query(ctx context.Context, q store.Statement) (store.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.query(q)
}

func (c *conn) Exec(ctx context.Context, q store.Statement) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return c.exec(q)
}

func (c *conn) Queue(ctx context.Context, q store.Statement) error {
	n, err := c.Exec(ctx, q)
	if err == nil && q.Want > 0 && n != q.Want {
		return store.ErrRetry
	}
	return err
}

// Later keeps the statement until the whole batch commits: the full-text index
// writes a segment at every savepoint, and so at one per batch instead.
func (c *conn) Later(_ context.Context, q store.Statement) error {
	c.later = append(c.later, q)
	return nil
}

// Savepoint costs a copy of every page that is written after it, and few parts
// fail: see conn.careful.
func (c *conn) Savepoint(_ context.Context, fn func() error) error {
	later, changes := len(c.later), c.changes()
	if c.careful {
		if _, err := c.exec(store.Statement{SQL: "SAVEPOINT part"}); err != nil {
			return err
		}
	}
	finished := false
	defer func() {
		if !finished { // fn panicked
			c.fallBack(later, changes)
		}
	}()
	err := fn()
	finished = true
	if err != nil {
		return errors.Join(err, c.fallBack(later, changes))
	}
	if c.careful {
		_, err = c.exec(store.Statement{SQL: "RELEASE part"})
	}
	return err
}

// fallBack undoes what has been written since a savepoint.
func (c *conn) fallBack(later int, changes int64) error {
	c.later = c.later[:later]
	if c.careful {
		return c.undo()
	}
	c.spoilt = c.spoilt || c.changes() != changes
	return nil
}

// changes counts the rows that the connection has ever written.
func (c *conn) changes() int64 { return lib.Xsqlite3_total_changes64(c.tls, c.db) }

// undo rolls back to the innermost savepoint and ends it.
func (c *conn) undo() error {
	_, err := c.exec(store.Statement{SQL: "ROLLBACK TO part"})
	if err == nil {
		_, err = c.exec(store.Statement{SQL: "RELEASE part"})
	}
	return err
}

// inTransaction reports whether a transaction is open: some errors make the
// library end it.
func (c *conn) inTransaction() bool { return lib.Xsqlite3_get_autocommit(c.tls, c.db) == 0 }
