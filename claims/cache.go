package claims

import (
	"sync"

	"github.com/muster-id/muster/identity"
)

// maxKnown bounds how many organisations' rules are remembered.
const maxKnown = 10_000

// A cache remembers rules while the database's epoch lasts.
type cache struct {
	mu    sync.RWMutex
	epoch uint64
	known map[identity.OrgID]*rules
}

// get returns what is remembered of the epoch, nil if nothing.
func (c *cache) get(epoch uint64, org identity.OrgID) *rules {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.epoch != epoch {
		return nil
	}
	return c.known[org]
}

// put remembers rules that were read after epoch was.
func (c *cache) put(epoch uint64, org identity.OrgID, r *rules) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || c.epoch != epoch || len(c.known) >= maxKnown {
		c.known = map[identity.OrgID]*rules{}
	}
	c.epoch = epoch
	c.known[org] = r
}
