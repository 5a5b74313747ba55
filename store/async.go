package store

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

const (
	insertAsync = `
INSERT INTO async_request (org_id, id, connection_id, txn, created, body)
VALUES ($1, $2, $3, $4, $5, $6)`
	asyncColumns = `org_id, id, connection_id, txn, created, body`
	getAsync     = `SELECT ` + asyncColumns + ` FROM async_request WHERE org_id = $1 AND id = $2`
	// A job looks after the requests of every organisation.
	listAsyncs  = `SELECT ` + asyncColumns + ` FROM async_request ORDER BY created, id LIMIT $1`
	countAsyncs = `SELECT COUNT(*) FROM async_request WHERE org_id = $1`
	deleteAsync = `DELETE FROM async_request WHERE org_id = $1 AND id = $2`
	insertEvent = `
INSERT INTO event (org_id, id, connection_id, txn, at, doc)
VALUES ($1, $2, $3, $4, $5, $6)`
	// A job removes old events of every organisation.
	eventOwners = `SELECT DISTINCT org_id FROM event`
	purgeEvents = `DELETE FROM event WHERE org_id = $1 AND at < $2`
	getEvent    = `SELECT org_id, id, connection_id, txn, at, doc FROM event WHERE org_id = $1 AND id = $2`
)

// An AsyncRequest is a request that has been accepted and is not done yet.
type AsyncRequest struct {
	Org        identity.OrgID
	ID         identity.ID
	Connection identity.ID // who sent it
	Txn        string      // names it to the client
	Created    time.Time
	Body       []byte // what is needed to carry it out
}

// An Event is what an accepted request came to, as it is shown to the client
// (RFC 9967).
type Event struct {
	Org        identity.OrgID
	ID         identity.ID
	Connection identity.ID // who may read it
	Txn        string
	At         time.Time
	Doc        []byte
}

// PutAsync stores an accepted request.
func (tx *Tx) PutAsync(ctx context.Context, a AsyncRequest) error {
	if a.Body == nil {
		a.Body = []byte{}
	}
	_, err := tx.exec(ctx, insertAsync, a.Org, a.ID, nullableID(a.Connection), a.Txn, millis(a.Created), a.Body)
	return wrap(err, "store request %s", a.ID)
}

func scanAsync(r Rows) AsyncRequest {
	s := scan(r)
	return AsyncRequest{Org: s.org(), ID: s.id(), Connection: s.id(), Txn: s.text(), Created: s.time(), Body: s.bytes()}
}

// Async returns one accepted request that is not done, or NotFound.
func (tx *Tx) Async(ctx context.Context, org identity.OrgID, id identity.ID) (AsyncRequest, error) {
	var a AsyncRequest
	err := tx.one(ctx, "request", func(r Rows) error {
		a = scanAsync(r)
		return nil
	}, getAsync, org, id)
	return a, wrap(err, "read request %s", id)
}

// Asyncs lists accepted requests of every organisation that are not done, the
// oldest first.
func (tx *Tx) Asyncs(ctx context.Context, limit int) ([]AsyncRequest, error) {
	var list []AsyncRequest
	err := tx.each(ctx, func(r Rows) error {
		list = append(list, scanAsync(r))
		return nil
	}, listAsyncs, limit)
	return list, wrap(err, "list requests")
}

// Waiting counts the accepted requests of an organisation that are not done.
func (tx *Tx) Waiting(ctx context.Context, org identity.OrgID) (int, error) {
	n, err := tx.number(ctx, Statement{SQL: countAsyncs, Args: []any{org}})
	return int(n), wrap(err, "count requests")
}

// CompleteAsync removes an accepted request because it is done; NotFound if
// somebody else has done so.
func (tx *Tx) CompleteAsync(ctx context.Context, org identity.OrgID, id identity.ID) error {
	return wrap(tx.execOne(ctx, "request", deleteAsync, org, id), "complete request %s", id)
}

// PutEvent stores an event.
func (tx *Tx) PutEvent(ctx context.Context, e Event) error {
	_, err := tx.exec(ctx, insertEvent, e.Org, e.ID, nullableID(e.Connection), e.Txn, millis(e.At), string(e.Doc))
	return wrap(err, "store event %s", e.ID)
}

// Event returns one event or NotFound.
func (tx *Tx) Event(ctx context.Context, org identity.OrgID, id identity.ID) (Event, error) {
	var e Event
	err := tx.one(ctx, "event", func(r Rows) error {
		s := scan(r)
		e = Event{Org: s.org(), ID: s.id(), Connection: s.id(), Txn: s.text(), At: s.time(), Doc: s.bytes()}
		return nil
	}, getEvent, org, id)
	return e, wrap(err, "read event %s", id)
}

// purgeEvents removes events from before a time.
func (db *DB) purgeEvents(ctx context.Context, before time.Time) error {
	var orgs []identity.OrgID
	err := db.View(ctx, func(tx *Tx) error {
		return tx.each(ctx, func(r Rows) error {
			orgs = append(orgs, scan(r).org())
			return nil
		}, eventOwners)
	})
	for _, org := range orgs {
		if err != nil {
			break
		}
		err = db.Update(ctx, func(tx *Tx) error {
			_, err := tx.exec(ctx, purgeEvents, org, millis(before))
			return err
		})
	}
	return wrap(err, "purge events")
}
