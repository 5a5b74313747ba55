package outbound

import (
	"context"
	"sync"
	"time"
)

const (
	// perHost is how many requests to one host run at a time.
	perHost = 2
	// rest is for how long a URL that failed is not asked again.
	rest = 30 * time.Second
	// maxFailures bounds what is remembered of failures.
	maxFailures = 4096
)

// hosts counts the requests to each host and remembers which URLs failed.
type hosts struct {
	mu       sync.Mutex
	busy     map[string]*gate
	failures map[string]failure
}

// A gate lets a few pass at a time.
type gate struct {
	places  chan struct{}
	holders int // those inside and those who wait
}

type failure struct {
	at   time.Time
	text string
}

// enter waits for a place among the requests to a host.
func (h *hosts) enter(ctx context.Context, host string) (leave func(), err error) {
	h.mu.Lock()
	g := h.busy[host]
	if g == nil {
		if h.busy == nil {
			h.busy = map[string]*gate{}
		}
		g = &gate{places: make(chan struct{}, perHost)}
		h.busy[host] = g
	}
	g.holders++
	h.mu.Unlock()
	done := func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if g.holders--; g.holders == 0 {
			delete(h.busy, host)
		}
	}
	select {
	case g.places <- struct{}{}:
		return func() { <-g.places; done() }, nil
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
}

// failed returns why a URL failed a short while ago.
func (h *hosts) failed(url string) (text string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, ok := h.failures[url]
	if ok && time.Since(f.at) < rest {
		return f.text, true
	}
	delete(h.failures, url)
	return "", false
}

func (h *hosts) fail(url, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures == nil || len(h.failures) >= maxFailures {
		h.failures = map[string]failure{}
	}
	h.failures[url] = failure{time.Now(), text}
}
