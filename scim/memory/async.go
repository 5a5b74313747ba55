package memory

import (
	"context"
	"fmt"
	"sync"

	"github.com/muster-id/muster/scim"
)

// Async keeps asynchronous requests in memory, so that they live as long as the
// process. Somebody must call Work.
type Async struct {
	mu   sync.Mutex
	jobs map[string]*job // by txn
	wait []*job          // in the order of arrival
}

type job struct {
	client *scim.Client
	req    scim.Request
	events []scim.Event
	done   bool
}

// NewAsync makes an Async without requests.
func NewAsync() *Async { return &Async{jobs: make(map[string]*job)} }

// Submit implements scim.Async.
func (a *Async) Submit(_ context.Context, c *scim.Client, req scim.Request) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	j := &job{client: c, req: req}
	a.jobs[req.Txn] = j
	a.wait = append(a.wait, j)
	return nil
}

// Events implements scim.Async.
func (a *Async) Events(_ context.Context, c *scim.Client, txn string) ([]scim.Event, bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	j := a.jobs[txn]
	if j == nil || j.client.ID != c.ID {
		return nil, false, scim.NotFound(txn)
	}
	return j.events, j.done, nil
}

// Work carries out the requests that wait, oldest first. One that fails waits
// on.
func (a *Async) Work(ctx context.Context, s *scim.Server) error {
	for {
		a.mu.Lock()
		if len(a.wait) == 0 {
			a.mu.Unlock()
			return nil
		}
		j := a.wait[0]
		a.mu.Unlock()
		events, err := s.Run(ctx, j.client, j.req)
		if err != nil {
			return fmt.Errorf("carry out %s: %w", j.req.Txn, err)
		}
		a.mu.Lock()
		j.events, j.done = events, true
		a.wait = a.wait[1:]
		a.mu.Unlock()
	}
}
