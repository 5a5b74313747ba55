package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// A conn is a connection of the pool with the statements that wait to be sent.
type conn struct {
	c     *pgx.Conn
	queue []queued
	trips int // how often something has been sent

	statements int
}

type queued struct {
	sql  string
	args []any
	want int64
}

func (c *conn) add(sql string, args []any, want int64) {
	c.queue = append(c.queue, queued{sql, args, want})
}

// convert gives arguments the types that pgx encodes without reflection.
func convert(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case identity.ID:
			out[i] = pgtype.UUID{Bytes: a, Valid: true}
		case identity.OrgID:
			out[i] = pgtype.UUID{Bytes: a, Valid: true}
		case []byte:
			if a != nil {
				out[i] = a
			}
		default:
			out[i] = a
		}
	}
	return out
}

// errNoText refuses what PostgreSQL cannot keep as text: NUL, and what is no
// UTF-8.
var errNoText = identity.NewError(identity.Invalid, "", "Text must be UTF-8 without NUL.")

// failed makes an error of the store of one of the server.
func failed(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && e.Code == "23505":
		return &store.Taken{Constraint: e.ConstraintName, Err: err}
	case ok && e.Code == "22021":
		return errNoText
	}
	return err
}

// send sends what is queued and last, and reads the outcomes of all but last.
func (c *conn) send(ctx context.Context, last *queued) (pgx.BatchResults, error) {
	var b pgx.Batch
	for _, q := range c.queue {
		b.Queue(q.sql, convert(q.args)...)
	}
	if last != nil {
		b.Queue(last.sql, convert(last.args)...)
	}
	queue := c.queue
	c.statements += b.Len()
	c.queue = nil
	c.trips++
	res := c.c.SendBatch(ctx, &b)
	for _, q := range queue {
		tag, err := res.Exec()
		if err == nil && q.want > 0 && tag.RowsAffected() != q.want {
			err = store.ErrRetry
		}
		if err != nil {
			res.Close()
			return nil, failed(err)
		}
	}
	return res, nil
}

// flush sends what is queued.
func (c *conn) flush(ctx context.Context) error {
	if len(c.queue) == 0 {
		return nil
	}
	res, err := c.send(ctx, nil)
	if err != nil {
		return err
	}
	return failed(res.Close())
}

func (c *conn) Query(ctx context.Context, q store.Statement) (store.Rows, error) {
	if q.Fresh {
		if err := c.flush(ctx); err != nil {
			return nil, err
		}
		args := append([]any{pgx.QueryExecModeCacheDescribe}, convert(q.Args)...)
		r, err := c.c.Query(ctx, q.SQL, args...)
		return &rows{r: r}, failed(err)
	}
	if len(c.queue) == 0 {
		r, err := c.c.Query(ctx, q.SQL, convert(q.Args)...)
		return &rows{r: r}, failed(err)
	}
	res, err := c.send(ctx, &queued{sql: q.SQL, args: q.Args})
	if err != nil {
		return nil, err
	}
	r, err := res.Query()
	if err != nil {
		res.Close()
		return nil, failed(err)
	}
	return &rows{r: r, res: res}, nil
}

func (c *conn) Exec(ctx context.Context, q store.Statement) (int64, error) {
	if len(c.queue) == 0 {
		tag, err := c.c.Exec(ctx, q.SQL, convert(q.Args)...)
		return tag.RowsAffected(), failed(err)
	}
	res, err := c.send(ctx, &queued{sql: q.SQL, args: q.Args})
	if err != nil {
		return 0, err
	}
	tag, err := res.Exec()
	if closed := res.Close(); err == nil {
		err = closed
	}
	return tag.RowsAffected(), failed(err)
}

// maxQueue keeps what the server has to hold in memory small.
const maxQueue = 512

func (c *conn) Queue(ctx context.Context, q store.Statement) error {
	c.add(q.SQL, q.Args, q.Want)
	if len(c.queue) >= maxQueue {
		return c.flush(ctx)
	}
	return nil
}

func (c *conn) Later(ctx context.Context, q store.Statement) error { return c.Queue(ctx, q) }

func (c *conn) Savepoint(ctx context.Context, fn func() error) error {
	trips, before := c.trips, len(c.queue)
	c.add("SAVEPOINT part", nil, 0)
	err := fn()
	if err == nil {
		c.add("RELEASE SAVEPOINT part", nil, 0)
		err = c.flush(ctx)
	}
	if err == nil {
		return nil
	}
	if c.trips == trips { // the server has not heard of the savepoint
		c.queue = c.queue[:before]
		return err
	}
	c.queue = c.queue[:0]
	// By the simple protocol: in a failed transaction nothing can be prepared.
	r := c.c.PgConn().Exec(context.WithoutCancel(ctx), "ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
	return errors.Join(err, r.Close())
}

func (c *conn) commit(ctx context.Context) error {
	if c.trips == 0 && len(c.queue) == 1 {
		c.queue = c.queue[:0]
		return nil // nothing but BEGIN
	}
	tag, err := c.last(ctx, "COMMIT")
	if err == nil && tag != "COMMIT" {
		err = errors.New("the transaction had failed before its end")
	}
	return err
}

// last is Exec for the tag of the outcome.
func (c *conn) last(ctx context.Context, sql string) (string, error) {
	res, err := c.send(ctx, &queued{sql: sql})
	if err != nil {
		return "", err
	}
	tag, err := res.Exec()
	if closed := res.Close(); err == nil {
		err = closed
	}
	return tag.String(), failed(err)
}

// rollback ends a transaction that failed. A connection that cannot even do
// that is dropped by the pool.
func (c *conn) rollback(ctx context.Context) {
	c.queue = c.queue[:0]
	if c.trips == 0 || c.c.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err := c.c.Exec(ctx, "ROLLBACK"); err != nil {
		c.c.Close(ctx)
	}
}

// rows reads the server's own encoding: numbers and ids in binary, text as it is.
type rows struct {
	r      pgx.Rows
	res    pgx.BatchResults
	raw    [][]byte
	closed bool
}

func (r *rows) Next() bool {
	if !r.r.Next() {
		return false
	}
	r.raw = r.r.RawValues()
	return true
}

func (r *rows) Int(col int) int64 {
	b := r.raw[col]
	if r.r.FieldDescriptions()[col].Format == pgtype.TextFormatCode {
		n, _ := strconv.ParseInt(string(b), 10, 64)
		return n
	}
	switch len(b) {
	case 8:
		return int64(binary.BigEndian.Uint64(b))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b)))
	case 1:
		return int64(b[0])
	}
	return 0
}

func (r *rows) Bytes(col int) []byte { return r.raw[col] }

func (r *rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.r.Close()
	err := r.r.Err()
	if r.res != nil {
		if closed := r.res.Close(); err == nil {
			err = closed
		}
	}
	return failed(err)
}
