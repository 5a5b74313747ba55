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
	var all []*request
	err := c.begin(false)
	for err == nil && r != nil {
		if r.taken.CompareAndSwap(false, true) {
			all = append(all, r)
			c.run(r)
			if c.spoilt || !c.inTransaction() {
				err = c.again(all)
			}
		}
		r = nil
		if len(all) < maxBatch {
			select {
			case r = <-d.requests:
			default:
			}
		}
	}
	if r != nil && r.taken.CompareAndSwap(false, true) {
		all = append(all, r)
	}
	if err == nil {
		err = c.commit()
	}
	for _, r := range all {
		if r.err == nil {
			r.err = err
		}
		close(r.done)
	}
}

// begin begins a transaction.
func (c *conn) begin(careful bool) error {
	c.later, c.careful, c.spoilt = c.later[:0], careful, false
	return statement(c, "BEGIN IMMEDIATE")
}

// again runs a batch once more, with real savepoints, because a request of it
// failed after it had written.
func (c *conn) again(all []*request) error {
	if c.inTransaction() {
		if err := statement(c, "ROLLBACK"); err != nil {
			return err
		}
	}
	if err := c.begin(true); err != nil {
		return err
	}
	for _, r := range all {
		c.run(r)
		if !c.inTransaction() {
			return fmt.Errorf("the transaction was lost: %w", r.err)
		}
	}
	return nil
}

// run runs one request, undoing what it has written if it fails.
func (c *conn) run(r *request) {
	r.panic = nil
	defer func() {
		if p := recover(); p != nil {
			r.panic, r.err = p, errPanicked
		}
	}()
	if r.err = r.ctx.Err(); r.err == nil {
		r.err = c.Savepoint(r.ctx, func() error { return r.fn(c) })
	}
}

var errPanicked = errors.New("the function panicked")

// commit ends the transaction, with the statements that were kept for its end.
func (c *conn) commit() error {
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
