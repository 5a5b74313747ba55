package signin

import (
	"context"
	"encoding/base64"
	"errors"
	"sync"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// A Wait is a Throttled or Busy error that knows when to try again.
type Wait struct {
	Err   *identity.Error
	After time.Duration
}

func (w *Wait) Error() string { return w.Err.Error() }

// Unwrap gives the error that doors answer by.
func (w *Wait) Unwrap() error { return w.Err }

// RetryAfter returns the wait that an error asks for, 0 if none.
func RetryAfter(err error) time.Duration {
	if w, ok := errors.AsType[*Wait](err); ok {
		return w.After
	}
	return 0
}

var (
	errThrottled = identity.NewError(identity.Throttled, "", "Too many attempts. Please wait a little.")
	errBusy      = identity.NewError(identity.Busy, "", "The server is busy. Please try again in a moment.")
)

func tooMany(after time.Duration) error { return &Wait{errThrottled, after} }

// The windows in which failures count, and the longest wait.
const (
	nearWindow = 24 * time.Hour // of one person in one network, or browser
	farWindow  = time.Hour      // of one person
	longest    = 15 * time.Minute
)

// A suspect is whom failures are counted for: one counter for every way in and
// every factor.
type suspect struct {
	org  identity.OrgID
	near string // the person in this network, or in a browser that we know
	far  string // the person; "" in a browser that we know (attack C45)
}

// suspect says whose failures count. An unknown name has counters of its own,
// so that it is answered as a known one. browser is zero unless it is one that
// this person signed in with before.
func (s *Service) suspect(org identity.OrgID, user identity.ID, name, address string, browser identity.ID) suspect {
	who := "user:" + user.String()
	if user.IsZero() {
		mac := s.keys.MAC("attempts", []byte(directory.Fold(name)))
		who = "name:" + base64.RawURLEncoding.EncodeToString(mac[:16])
	}
	if !browser.IsZero() {
		return suspect{org: org, near: who + "|browser:" + browser.String()}
	}
	return suspect{org: org, near: who + "|net:" + identity.Network(address), far: who}
}

// wait returns for how long a suspect must not try.
func (s *Service) wait(ctx context.Context, sus suspect, p Policy) (time.Duration, error) {
	var near, far identity.Attempts
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if near, err = tx.Attempts(ctx, sus.org, sus.near); err != nil || sus.far == "" {
			return err
		}
		far, err = tx.Attempts(ctx, sus.org, sus.far)
		return err
	})
	if err != nil {
		return 0, err
	}
	now, left := s.now(), time.Duration(0)
	if over := near.Failures - p.Tries; over >= 0 && now.Sub(near.First) < nearWindow {
		delay := longest
		if over < 10 {
			delay = min(longest, time.Second<<over)
		}
		left = near.Last.Add(delay).Sub(now)
	}
	if far.Failures >= p.HourlyTries {
		left = max(left, far.First.Add(farWindow).Sub(now))
	}
	return max(left, 0), nil
}

// fail counts a failure.
func (s *Service) fail(ctx context.Context, sus suspect) error {
	// A guess that was made counts, also if whoever made it has gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.AddFailure(ctx, sus.org, sus.near, s.now(), nearWindow); err != nil || sus.far == "" {
			return err
		}
		_, err := tx.AddFailure(ctx, sus.org, sus.far, s.now(), farWindow)
		return err
	})
}

// guarded lets check find out whether a proof holds, unless the suspect must
// wait, and counts a failure. Only few proofs of one suspect are looked at at
// once, so that many that come together are not all looked at before the first
// has been counted (attack C34).
func (s *Service) guarded(ctx context.Context, sus suspect, p Policy, check func() (bool, error)) (bool, error) {
	leave, err := s.turns.enter(ctx, sus)
	if err != nil {
		return false, err
	}
	defer leave()
	left, err := s.wait(ctx, sus, p)
	if err != nil {
		return false, err
	}
	if left > 0 {
		return false, tooMany(left)
	}
	ok, err := check()
	if err != nil {
		return false, err
	}
	if !ok {
		return false, s.fail(ctx, sus)
	}
	return true, nil
}

// turns lets few goroutines of each suspect in at once.
type turns struct {
	lock  sync.Mutex
	taken map[suspect]*turn
}

type turn struct {
	slots chan struct{}
	users int
}

// maxTurns is how many proofs of one suspect are looked at at once.
const maxTurns = 3

// turnWait is how long one waits for a turn.
const turnWait = 5 * time.Second

// enter waits for a turn. The function that it returns ends it.
func (t *turns) enter(ctx context.Context, sus suspect) (func(), error) {
	t.lock.Lock()
	if t.taken == nil {
		t.taken = map[suspect]*turn{}
	}
	mine := t.taken[sus]
	if mine == nil {
		mine = &turn{slots: make(chan struct{}, maxTurns)}
		t.taken[sus] = mine
	}
	mine.users++
	t.lock.Unlock()
	done := func() {
		t.lock.Lock()
		defer t.lock.Unlock()
		if mine.users--; mine.users == 0 {
			delete(t.taken, sus)
		}
	}
	timer := time.NewTimer(turnWait)
	defer timer.Stop()
	select {
	case mine.slots <- struct{}{}:
		return func() { <-mine.slots; done() }, nil
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	case <-timer.C:
		done()
		return nil, &Wait{errBusy, 2 * time.Second}
	}
}

// ration lets something happen at most so often in a window, such as letters to
// one address. It is Throttled beyond that.
func (s *Service) ration(ctx context.Context, tx *store.Tx, org identity.OrgID, key string, most int64, window time.Duration) error {
	now := s.now()
	a, err := tx.AddFailure(ctx, org, key, now, window)
	if err != nil {
		return err
	}
	if a.Failures > most {
		return tooMany(max(a.First.Add(window).Sub(now), time.Second))
	}
	return nil
}
