package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim"
)

// Async keeps requests that are carried out after they are answered, and
// carries them out. Any number of nodes may run Work: one at a time does.
type Async struct {
	dir  *directory.Directory
	log  *slog.Logger
	wake chan struct{}
}

// NewAsync makes an Async.
func NewAsync(dir *directory.Directory, log *slog.Logger) *Async {
	return &Async{dir: dir, log: log, wake: make(chan struct{}, 1)}
}

// An accepted is the stored form of a request.
type accepted struct {
	Request scim.Request `json:"request"`
	Base    string       `json:"base"`
}

// Submit implements scim.Async.
func (a *Async) Submit(ctx context.Context, c *scim.Client, req scim.Request) error {
	by, err := actor(c)
	if err != nil {
		return err
	}
	id, ok := identity.ParseID(req.Txn)
	if !ok {
		return fmt.Errorf("submit request: txn %q is not a UUID", req.Txn)
	}
	body, err := json.Marshal(accepted{Request: req, Base: c.Base})
	if err != nil {
		return fmt.Errorf("submit request: %w", err)
	}
	if err := a.dir.Accept(ctx, by, id, body); err != nil {
		return translate(err, "")
	}
	select {
	case a.wake <- struct{}{}:
	default: // the worker has been told already
	}
	return nil
}

// Events implements scim.Async.
func (a *Async) Events(ctx context.Context, c *scim.Client, txn string) ([]scim.Event, bool, error) {
	by, err := actor(c)
	if err != nil {
		return nil, false, err
	}
	id, ok := identity.ParseID(txn)
	if !ok {
		return nil, false, scim.NotFound(txn)
	}
	outcome, done, err := a.dir.Finished(ctx, by, id)
	if err != nil || !done {
		return nil, false, translate(err, txn)
	}
	var events []scim.Event
	if err := json.Unmarshal(outcome, &events); err != nil {
		return nil, false, fmt.Errorf("read events of %s: %w", txn, err)
	}
	return events, true, nil
}

func actor(c *scim.Client) (identity.Actor, error) {
	b, ok := c.Backend.(*Backend)
	if !ok {
		return identity.Actor{}, errors.New("provision: the client has another backend")
	}
	return b.by, nil
}

// A Runner carries out one accepted request.
type Runner struct {
	// Client makes the client that sent a request, as it is today; NotFound and
	// Unauthenticated mean that it may not do anything any more.
	Client func(ctx context.Context, org identity.OrgID, connection identity.ID, base string) (*scim.Client, error)
	Run    func(context.Context, *scim.Client, scim.Request) ([]scim.Event, error)
}

const (
	pollEvery = 2 * time.Second // for requests that other nodes accepted
	leaseTime = 30 * time.Second
	leaseName = "accepted requests"
)

// Work carries out accepted requests in the order in which they came, until ctx
// ends; those that a crash cut short are carried out again.
func (a *Async) Work(ctx context.Context, r Runner) {
	lease := a.dir.NewLease(leaseName, leaseTime)
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		if err := a.turn(ctx, lease, r); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "carry out accepted requests", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-poll.C:
		}
	}
}

// turn carries out what waits, if anything does.
func (a *Async) turn(ctx context.Context, lease *directory.Lease, r Runner) error {
	list, err := a.dir.Accepted(ctx, 1)
	if err != nil || len(list) == 0 {
		return err
	}
	return lease.Hold(ctx, func(ctx context.Context) error {
		for {
			list, err := a.dir.Accepted(ctx, 8)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, one := range list {
				if e := a.run(ctx, r, one); e != nil {
					err = errors.Join(err, fmt.Errorf("request %s: %w", one.ID, e))
				}
			}
			if err != nil {
				return err // what did not work is tried again at the next turn
			}
		}
	})
}

func (a *Async) run(ctx context.Context, r Runner, one directory.Accepted) error {
	var in accepted
	if err := json.Unmarshal(one.Body, &in); err != nil {
		return err
	}
	events := []scim.Event{}
	client, err := r.Client(ctx, one.Org, one.Connection, in.Base)
	switch kind := identity.KindOf(err); {
	case kind == identity.NotFound, kind == identity.Unauthenticated:
		// The connection has been shut out since: nothing is done.
	case err != nil:
		return err
	default:
		if events, err = r.Run(ctx, client, in.Request); err != nil {
			return err
		}
	}
	outcome, err := json.Marshal(events)
	if err != nil {
		return err
	}
	err = a.dir.Finish(ctx, one, outcome)
	if identity.KindOf(err) == identity.NotFound {
		return nil // another node was faster
	}
	return err
}
