// Package jobs does what must happen although the process may die: a job is a
// row that is written together with its cause, and is tried until it succeeds
// or there is no hope.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// Options are what a Service is made of.
type Options struct {
	DB   *store.DB
	Keys *secret.Keys
	Now  func() time.Time // nil: time.Now
	Log  *slog.Logger     // nil: slog.Default
}

// A Service keeps jobs and works through them. It is safe for use by many
// goroutines at once.
type Service struct {
	db    *store.DB
	keys  *secret.Keys
	clock func() time.Time
	log   *slog.Logger
	wake  chan struct{}
}

// New makes a Service.
func New(o Options) *Service {
	s := &Service{db: o.DB, keys: o.Keys, clock: o.Now, log: o.Log, wake: make(chan struct{}, 1)}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	return s
}

// now is the time as the database keeps it.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// A NewJob is a job to be added.
type NewJob struct {
	Org     identity.OrgID
	Kind    string
	Due     time.Time   // zero: at once
	Subject identity.ID // the person whom it is about, zero if none
	Note    string      // one line for people, without secrets
	Body    any         // what the handler gets, as JSON; it is sealed
}

// A Handler does one job. body is the JSON of what was added. Jobs may be done
// more than once, when a process dies before it can tell that one is done.
// Every error but a Give is reason to try again later. Its text is kept with
// the job and must hold no secrets.
type Handler func(ctx context.Context, j identity.Job, body []byte) error

// Give is the error of a Handler for a job that can never be done.
type Give struct{ Err error }

func (g Give) Error() string { return g.Err.Error() }

// Unwrap returns the reason.
func (g Give) Unwrap() error { return g.Err }

// sealJob is the purpose under which the bodies of a kind are sealed.
func sealJob(kind string) string { return "job " + kind }

// Add writes a job in a transaction. Work of this Service learns of it when the
// transaction is done.
func (s *Service) Add(ctx context.Context, tx *store.Tx, n NewJob) error {
	body, err := json.Marshal(n.Body)
	if err != nil {
		return fmt.Errorf("add a job %s: %w", n.Kind, err)
	}
	at := s.now()
	j := identity.Job{
		Org: n.Org, ID: identity.NewID(), Kind: n.Kind, Due: n.Due, Created: at, Subject: n.Subject, Note: n.Note,
		Sealed: s.keys.Seal(sealJob(n.Kind), body),
	}
	if j.Due.IsZero() {
		j.Due = at
	}
	tx.Then(s.Wake)
	return tx.InsertJob(ctx, j)
}

// Wake makes Work look for jobs now.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Open reads the body of a job, as its Handler gets it.
func (s *Service) Open(j identity.Job) ([]byte, error) {
	body, err := s.keys.Open(sealJob(j.Kind), j.Sealed)
	if err != nil {
		return nil, fmt.Errorf("open job %s: %w", j.ID, err)
	}
	return body, nil
}

var errPanicked = errors.New("the handler panicked")
