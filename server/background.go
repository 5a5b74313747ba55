package server

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// A loop is something that is done again and again. Each node does all of
// them; each may run on several nodes at once.
type loop struct {
	name  string
	every time.Duration
	do    func(context.Context) error
}

func (s *Server) loops() []loop {
	return []loop{
		{"fold totals", 2 * time.Second, s.house.DB.FoldTallies},
		{"purge", time.Hour, s.purge},
		{"purge sign-in", 10 * time.Minute, s.purgeSignIn},
		{"rotate keys", time.Hour, s.house.Tokens.RotateDue},
	}
}

// purge removes for good what was deleted before the retention time.
func (s *Server) purge(ctx context.Context) error {
	n, err := s.house.DB.Purge(ctx, time.Now().Add(-s.house.Config.Retention))
	if n > 0 {
		s.log.Info("purged deleted resources", "count", n)
	}
	return err
}

// How long things of sign-in that have ended are kept: codes and the like so long
// that one that comes a second time is known for what it is, the rest for who
// asks what became of it.
const (
	spentArtefacts = 10 * time.Minute
	spent          = 24 * time.Hour
)

// purgeSignIn removes sessions, codes, tokens and jobs that ended long ago.
func (s *Server) purgeSignIn(ctx context.Context) error {
	_, err := s.house.DB.PurgeSignin(ctx, time.Now().Add(-spentArtefacts), time.Now().Add(-spent))
	return err
}

// background starts the loops; they end with ctx.
func (s *Server) background(ctx context.Context, wg *sync.WaitGroup) {
	for _, l := range s.loops() {
		wg.Go(func() { s.repeat(ctx, l) })
	}
	wg.Go(func() { s.door.Work(ctx) })
	wg.Go(func() {
		if err := s.house.Jobs.Work(ctx, s.house.handlers()); err != nil && !errors.Is(err, context.Canceled) {
			s.log.Error("jobs ended", "error", err.Error())
		}
	})
}

// repeat runs a loop. The first turn comes after a random part of the time, so
// that nodes that start together do not work together.
func (s *Server) repeat(ctx context.Context, l loop) {
	wait := time.NewTimer(rand.N(l.every))
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		start := time.Now()
		err := l.do(ctx)
		if err != nil && !errors.Is(err, context.Canceled) {
			s.log.Error("background work failed", "work", l.name, "error", err.Error(), "dur_ms", time.Since(start).Milliseconds())
		}
		wait.Reset(l.every)
	}
}
