package access

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/memo"
)

const (
	// lookAge is how old the last look at a change log may be: other processes
	// write to it too.
	lookAge = 500 * time.Millisecond
	// waitAge is the age from which on a decision waits for the look that somebody
	// else is taking.
	waitAge = 900 * time.Millisecond
)

// A state is what decisions of an organisation are made from. It never changes.
type state struct {
	snap  *policy.Snapshot
	epoch uint64
	chain []identity.OrgID // the organisation itself, then those above it
	marks []uint64         // of chain: store.DB.Mark before the log was read
	tails []tail           // of chain: what is known of the logs
	upper upper
	// named moves when a user, group or app may have got another name.
	named uint64
}

// upper is what has effect from the organisations above.
type upper struct {
	assignments map[identity.ID]bool // inherited ones
	subjects    map[identity.ID]bool // that have them: users, groups, apps
	guests      map[identity.ID]bool // users among them, and members of such groups
	groups      map[identity.ID]bool // such groups, and those in them
}

// moved reports whether this process has written to a log of the state since.
func (st *state) moved(db *store.DB) bool {
	for i, org := range st.chain {
		if db.Mark(org) != st.marks[i] {
			return true
		}
	}
	return false
}

// age is how long ago the logs were looked at.
func (st *state) age(now time.Time) (oldest time.Duration) {
	for i := range st.tails {
		oldest = max(oldest, now.Sub(st.tails[i].far))
	}
	return oldest
}

// A realm is the place of one organisation's state.
type realm struct {
	org   identity.OrgID
	state atomic.Pointer[state]
	used  atomic.Int64 // when, in seconds
	work  sync.Mutex   // of who brings the state up to date
	names memo.Map[name, identity.ID]
}

// A shelf holds the realms that are in use.
type shelf struct {
	realms atomic.Pointer[map[identity.OrgID]*realm] // never changed in place
	mu     sync.Mutex                                // of who replaces it
}

// realm returns the realm of an organisation. With a new one the one that has
// been out of use for longest may have to go.
func (s *Service) realm(org identity.OrgID, now time.Time) *realm {
	if all := s.shelf.realms.Load(); all != nil {
		if r := (*all)[org]; r != nil {
			if sec := now.Unix(); r.used.Load() != sec {
				r.used.Store(sec)
			}
			return r
		}
	}
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	next := map[identity.OrgID]*realm{}
	if all := s.shelf.realms.Load(); all != nil {
		if r := (*all)[org]; r != nil {
			return r
		}
		for id, r := range *all {
			next[id] = r
		}
	}
	for len(next) >= s.max {
		var last *realm
		for _, r := range next {
			if last == nil || r.used.Load() < last.used.Load() {
				last = r
			}
		}
		delete(next, last.org)
	}
	r := &realm{org: org}
	r.used.Store(now.Unix())
	next[org] = r
	s.shelf.realms.Store(&next)
	return r
}

// drop forgets a realm whose organisation is gone.
func (s *Service) drop(r *realm) {
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	all := s.shelf.realms.Load()
	if all == nil || (*all)[r.org] != r {
		return
	}
	next := map[identity.OrgID]*realm{}
	for id, other := range *all {
		if other != r {
			next[id] = other
		}
	}
	s.shelf.realms.Store(&next)
}

// state returns the state of an organisation with everything that this process
// has written, and what others have written until half a second ago.
func (s *Service) state(ctx context.Context, org identity.OrgID) (*realm, *state, error) {
	return s.stateAt(ctx, org, time.Now())
}

func (s *Service) stateAt(ctx context.Context, org identity.OrgID, now time.Time) (*realm, *state, error) {
	r := s.realm(org, now)
	st := r.state.Load()
	if st != nil && !st.moved(s.db) && st.age(now) < lookAge {
		return r, st, nil
	}
	st, err := s.renew(ctx, r, st, now)
	return r, st, err
}

// renew brings a realm up to date. One goroutine does it; the others wait if
// they must, and go on with what they have if that is exact.
func (s *Service) renew(ctx context.Context, r *realm, st *state, now time.Time) (*state, error) {
	if st != nil && !st.moved(s.db) && st.age(now) < waitAge {
		if !r.work.TryLock() {
			return st, nil
		}
	} else {
		r.work.Lock()
	}
	defer r.work.Unlock()
	st = r.state.Load()
	if st != nil && !st.moved(s.db) && st.age(time.Now()) < lookAge {
		return st, nil
	}
	next, err := s.next(ctx, r.org, st)
	if err != nil {
		if identity.KindOf(err) == identity.NotFound {
			s.drop(r)
		}
		return nil, err
	}
	r.state.Store(next)
	return next, nil
}

// next makes the state that follows st: by the changes that have been made
// since, or from everything.
func (s *Service) next(ctx context.Context, org identity.OrgID, st *state) (*state, error) {
	epoch, err := s.db.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	chain, err := s.chainAt(ctx, epoch, org)
	if err != nil {
		return nil, err
	}
	if st == nil || !slices.Equal(chain, st.chain) {
		return s.load(ctx, epoch, chain, st)
	}
	next, err := s.follow(ctx, epoch, st)
	if errors.Is(err, errReload) {
		return s.load(ctx, epoch, chain, st)
	}
	return next, err
}

// chain returns an organisation and those above it, the root last.
func (s *Service) chain(ctx context.Context, org identity.OrgID) ([]identity.OrgID, error) {
	epoch, err := s.db.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	return s.chainAt(ctx, epoch, org)
}

func (s *Service) chainAt(ctx context.Context, epoch uint64, org identity.OrgID) ([]identity.OrgID, error) {
	if c, ok := s.chains.Get(epoch, org); ok {
		return c, nil
	}
	c := []identity.OrgID{org}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		above, err := tx.Above(ctx, org)
		c = append(c, above...)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.chains.Put(epoch, org, c)
	return c, nil
}
