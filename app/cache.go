package app

import "sync"

// maxCached bounds every cache.
const maxCached = 16384

// A cache remembers what was read from the database while its epoch lasts
// (store.DB.Epoch). A reader asks for the epoch first and reads afterwards, so
// what it puts is never older than the epoch says.
type cache[K comparable, V any] struct {
	mu    sync.RWMutex
	epoch uint64
	known map[K]V
}

func (c *cache[K, V]) get(epoch uint64, key K) (v V, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.epoch == epoch {
		v, ok = c.known[key]
	}
	return v, ok
}

func (c *cache[K, V]) put(epoch uint64, key K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || c.epoch != epoch || len(c.known) >= maxCached {
		c.known = map[K]V{}
	}
	c.epoch = epoch
	c.known[key] = v
}
