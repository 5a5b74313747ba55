package web

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/muster-id/muster/identity"
	"golang.org/x/time/rate"
)

// A Limiter bounds how often one network may do something. It is safe for use by
// many goroutines at once, and remembers a bounded number of networks.
type Limiter struct {
	rate  rate.Limit
	burst int
	known *lru.Cache[string, *rate.Limiter]
}

// limitedNetworks is how many networks a Limiter remembers. Who is forgotten
// begins anew.
const limitedNetworks = 16384

// NewLimiter allows perMinute times a minute, and half a minute's worth at once.
// It returns nil, which limits nothing, for 0.
func NewLimiter(perMinute int) *Limiter {
	if perMinute <= 0 {
		return nil
	}
	known, err := lru.New[string, *rate.Limiter](limitedNetworks)
	if err != nil {
		panic("web: " + err.Error()) // a size that is no size
	}
	return &Limiter{rate: rate.Limit(perMinute) / 60, burst: max(1, perMinute/2), known: known}
}

// Wait returns for how long the network of an address has to wait, 0 if it may
// go on; that counts.
func (l *Limiter) Wait(address string) time.Duration {
	if l == nil {
		return 0
	}
	key := identity.Network(address)
	one, ok := l.known.Get(key)
	if !ok {
		one = rate.NewLimiter(l.rate, l.burst)
		if before, ok, _ := l.known.PeekOrAdd(key, one); ok {
			one = before
		}
	}
	r := one.Reserve()
	wait := r.Delay()
	if wait > 0 {
		r.Cancel()
	}
	return wait
}
