package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

const (
	// maxTries is how often a job is tried.
	maxTries = 12
	// firstWait is how long a job waits after the first try; it doubles with each.
	firstWait = 10 * time.Second
	// lease is how long a job belongs to who claimed it. A Handler has less.
	lease      = time.Minute
	handlerMax = 50 * time.Second
	// look is how often Work looks for jobs of other processes.
	look = 5 * time.Second
	// together is how many jobs are done at a time.
	together = 8
)

// Work does jobs of the kinds that handlers has, in every organisation, until
// ctx ends. Several processes may work at the same time.
func (s *Service) Work(ctx context.Context, handlers map[string]Handler) error {
	kinds := slices.Sorted(maps.Keys(handlers))
	for {
		n, err := s.round(ctx, kinds, handlers)
		if ctx.Err() != nil {
			return nil
		}
		wait := look
		switch {
		case err != nil:
			s.log.Error("jobs cannot be worked on", "error", err.Error())
		case n > 0:
			continue // there may be more
		default:
			wait = s.pause(ctx, kinds)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// pause is how long nothing is due, as far as can be seen.
func (s *Service) pause(ctx context.Context, kinds []string) time.Duration {
	due, ok, err := s.next(ctx, kinds)
	if err != nil || !ok {
		return look
	}
	return min(max(due.Sub(s.now()), 10*time.Millisecond), look)
}

func (s *Service) next(ctx context.Context, kinds []string) (due time.Time, ok bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		due, ok, err = tx.NextJob(ctx, kinds)
		return err
	})
	return due, ok, err
}

// round does jobs that are due, and says how many it has found.
func (s *Service) round(ctx context.Context, kinds []string, handlers map[string]Handler) (int, error) {
	now := s.now()
	due, ok, err := s.next(ctx, kinds)
	if err != nil || !ok || due.After(now) {
		return 0, err // nobody who only looks keeps writers waiting
	}
	var list []identity.Job
	err = s.db.Update(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.ClaimJobs(ctx, kinds, now, now.Add(lease), together)
		return err
	})
	if err != nil {
		return 0, err
	}
	var all sync.WaitGroup
	for _, j := range list {
		all.Go(func() { s.do(ctx, j, handlers[j.Kind]) })
	}
	all.Wait()
	return len(list), nil
}

// do tries a job once and writes down what came of it.
func (s *Service) do(ctx context.Context, j identity.Job, h Handler) {
	err := s.try(ctx, j, h)
	if ctx.Err() != nil && err != nil {
		return // we are stopping: the claim runs out
	}
	at := s.now()
	_, never := errors.AsType[Give](err)
	// What has been done is written down although we are stopping.
	write, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	told := s.db.Update(write, func(tx *store.Tx) error {
		switch {
		case err == nil:
			return tx.FinishJob(write, j.Org, j.ID, at)
		case never || j.Tries >= maxTries:
			return tx.FailJob(write, j.Org, j.ID, at, err.Error())
		}
		return tx.RetryJob(write, j.Org, j.ID, at.Add(backoff(j.Tries)), err.Error())
	})
	log := s.log.With("job", j.ID.String(), "kind", j.Kind, "tries", j.Tries)
	switch {
	case told != nil && identity.KindOf(told) != identity.NotFound:
		log.Error("the outcome of a job cannot be stored", "error", told.Error())
	case err != nil && (never || j.Tries >= maxTries):
		log.Error("a job was given up", "error", err.Error())
	case err != nil:
		log.Warn("a job has failed and will be tried again", "error", err.Error())
	}
}

func (s *Service) try(ctx context.Context, j identity.Job, h Handler) (err error) {
	body, err := s.Open(j)
	if err != nil {
		return Give{err}
	}
	ctx, cancel := context.WithTimeout(ctx, handlerMax)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errPanicked, p)
		}
	}()
	return h(ctx, j, body)
}

// backoff is how long a job waits after so many tries: 10 s, 20 s, 40 s and so
// on, up to a half more by chance, so that what failed together is not tried
// together.
func backoff(tries int64) time.Duration {
	wait := firstWait << min(max(tries-1, 0), maxTries)
	return wait + rand.N(wait/2)
}
