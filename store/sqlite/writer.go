package sqlite

import (
	"errors"
	"fmt"

	"github.com/muster-id/muster/store"
)

// write is the writer's goroutine.
func (d *driver) write(c *conn) {
	defer close(d.stopped)
	defer c.close()
	for {
		select {
		case r := <-d.requests:
			d.batch(c, r)
		case <-d.quit:
			return
		}
	}
}

// batch runs r and what has come in meanwhile, commits once, and answers all.
func (d *driver) batch(c *conn, r *request) {
	c.later = c.later[:0]
	if err := statement(c, "BEGIN IMMEDIATE"); err != nil {
		answer([]*request{r}, err)
		return
	}
	var done []*request
	for n := 1; r != nil; n++ {
		if r.taken.CompareAndSwap(false, true) {
			if c.run(r) {
				done = append(done, r)
			}
			if !c.inTransaction() {
				answer(done, fmt.Errorf("the transaction was lost: %w", r.err))
				return
			}
		}
		r = nil
		if n < maxBatch {
			select {
			case r = <-d.requests:
			default:
			}
		}
	}
	answer(done, c.commit(len(done)))
}

// run runs one request in a savepoint. It reports whether the request must wait
// for the commit; otherwise it has been answered.
func (c *conn) run(r *request) (kept bool) {
	defer func() {
		if p := recover(); p != nil {
			r.panic, kept = p, false
		}
		if !kept {
			close(r.done)
		}
	}()
	if r.err = r.ctx.Err(); r.err != nil {
		return false
	}
	r.err = c.Savepoint(r.ctx, func() error { return r.fn(c) })
	return r.err == nil
}

// commit ends the transaction, with the statements that were kept for its end.
func (c *conn) commit(requests int) error {
	if requests == 0 {
		return statement(c, "ROLLBACK")
	}
	var err error
	for _, q := range c.later {
		if _, err = c.exec(q); err != nil {
			break
		}
	}
	if err == nil {
		err = statement(c, "COMMIT")
	}
	if err != nil && c.inTransaction() {
		err = errors.Join(err, statement(c, "ROLLBACK"))
	}
	return err
}

func statement(c *conn, sql string) error {
	_, err := c.exec(store.Statement{SQL: sql})
	return err
}

func answer(requests []*request, err error) {
	for _, r := range requests {
		r.err = err
		close(r.done)
	}
}
