package scim

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/muster-id/muster/identity"
	protocol "github.com/muster-id/muster/scim"
)

// maxLimiters bounds the connections whose pace is remembered; beyond it all
// begin anew.
const maxLimiters = 100_000

// A throttle keeps each connection to its rate. Every node counts for itself.
type throttle struct {
	now      func() time.Time
	mu       sync.Mutex
	limiters map[identity.ID]*rate.Limiter
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, limiters: map[identity.ID]*rate.Limiter{}}
}

// wait says how long a connection must wait before its next request, 0 if it
// may send it now. A second's worth of requests may come at once.
func (t *throttle) wait(c identity.Connection) time.Duration {
	if c.Rate <= 0 {
		return 0
	}
	at := t.now()
	r := t.limiter(c).ReserveN(at, 1)
	wait := r.DelayFrom(at)
	if wait > 0 {
		r.CancelAt(at) // it was refused, so it does not count
	}
	return wait
}

func (t *throttle) limiter(c identity.Connection) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.limiters[c.ID]
	if l == nil || l.Burst() != c.Rate {
		if len(t.limiters) >= maxLimiters {
			clear(t.limiters)
		}
		l = rate.NewLimiter(rate.Limit(c.Rate), c.Rate)
		t.limiters[c.ID] = l
	}
	return l
}

// tooFast is the answer to a connection that must wait.
func tooFast(wait time.Duration) error {
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	return &protocol.Error{
		Status: http.StatusTooManyRequests,
		Detail: "The connection sends more requests a second than it may; try again in " + seconds + " s.",
		Header: http.Header{"Retry-After": {seconds}},
	}
}
