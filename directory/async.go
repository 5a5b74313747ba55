package directory

import (
	"context"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// An Accepted request is one that a connection was told will be carried out.
type Accepted struct {
	Org        identity.OrgID
	Connection identity.ID
	ID         identity.ID
	Body       []byte
}

// sealAccepted is the purpose under which the bodies of requests are sealed:
// they may hold passwords.
const sealAccepted = "accepted request"

// maxWaiting is how many accepted requests of an organisation may wait: they
// take room, and those of all organisations are carried out one after the other.
const maxWaiting = 100

// Accept makes a request of the actor durable. It is Throttled when too many of
// its organisation wait.
func (d *Directory) Accept(ctx context.Context, by identity.Actor, id identity.ID, body []byte) error {
	row := store.AsyncRequest{Org: by.Org, ID: id, Connection: by.ID, Txn: id.String(), Created: d.now(), Body: d.keys.Seal(sealAccepted, body)}
	return d.db.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Waiting(ctx, by.Org)
		if err == nil && n >= maxWaiting {
			err = identity.NewError(identity.Throttled, "", "Too many requests of the organisation wait to be carried out; try again later.")
		}
		if err != nil {
			return err
		}
		return tx.PutAsync(ctx, row)
	})
}

// Accepted lists requests of all organisations that are not finished, the
// oldest first.
func (d *Directory) Accepted(ctx context.Context, limit int) ([]Accepted, error) {
	var rows []store.AsyncRequest
	err := d.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.Asyncs(ctx, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]Accepted, 0, len(rows))
	for _, row := range rows {
		body, err := d.keys.Open(sealAccepted, row.Body)
		if err != nil {
			d.log.ErrorContext(ctx, "an accepted request cannot be read", "id", row.ID.String(), "error", err)
			continue
		}
		list = append(list, Accepted{Org: row.Org, Connection: row.Connection, ID: row.ID, Body: body})
	}
	return list, nil
}

// Finish stores what an accepted request came to. It is NotFound if somebody
// else has finished it; then nothing is stored.
func (d *Directory) Finish(ctx context.Context, a Accepted, outcome []byte) error {
	return d.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.CompleteAsync(ctx, a.Org, a.ID); err != nil {
			return err
		}
		return tx.PutEvent(ctx, store.Event{Org: a.Org, ID: a.ID, Connection: a.Connection, Txn: a.ID.String(), At: d.now(), Doc: outcome})
	})
}

// Finished returns what a request of the actor came to; done is false while it
// waits or runs. A request of another connection is NotFound.
func (d *Directory) Finished(ctx context.Context, by identity.Actor, id identity.ID) (outcome []byte, done bool, err error) {
	missing := identity.NewError(identity.NotFound, "", "There is no such request.")
	err = d.db.View(ctx, func(tx *store.Tx) error {
		// Waiting requests first: one that finishes between the two looks is
		// found by the second.
		a, err := tx.Async(ctx, by.Org, id)
		if err == nil {
			if a.Connection != by.ID {
				return missing
			}
			return nil
		}
		if identity.KindOf(err) != identity.NotFound {
			return err
		}
		e, err := tx.Event(ctx, by.Org, id)
		if err != nil {
			return err
		}
		if e.Connection != by.ID {
			return missing
		}
		outcome, done = e.Doc, true
		return nil
	})
	return outcome, done, err
}
