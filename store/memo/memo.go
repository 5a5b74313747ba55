// Package memo remembers what was read from the database while its epoch lasts.
package memo

import "sync"

// most is how many entries a Map has that does not say.
const most = 16384

// A Map remembers values while the epoch of the database lasts
// (store.DB.Epoch). A reader asks for the epoch first and reads afterwards, so
// what it puts is never older than the epoch says. The zero Map is ready; it is
// safe for use by many goroutines at once.
type Map[K comparable, V any] struct {
	Max int // a full map is emptied; 0: 16,384

	mu    sync.RWMutex
	epoch uint64
	known map[K]V
}

// Get returns what was put under a key in an epoch.
func (m *Map[K, V]) Get(epoch uint64, key K) (v V, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.epoch == epoch {
		v, ok = m.known[key]
	}
	return v, ok
}

// Has reports whether something was put under a key in an epoch.
func (m *Map[K, V]) Has(epoch uint64, key K) bool {
	_, ok := m.Get(epoch, key)
	return ok
}

// Put remembers a value that was read after the epoch was.
func (m *Map[K, V]) Put(epoch uint64, key K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	limit := m.Max
	if limit == 0 {
		limit = most
	}
	if m.known == nil || m.epoch != epoch || len(m.known) >= limit {
		m.known = map[K]V{}
	}
	m.epoch = epoch
	m.known[key] = v
}
