package store

import (
	"container/list"
	"sync"
	"time"
)

// A recent remembers a bounded number of values for a while.
type recent[V any] struct {
	lock  sync.Mutex
	max   int
	order *list.List // of *kept[V], the latest used first
	byKey map[string]*list.Element
}

type kept[V any] struct {
	key   string
	value V
	until time.Time
}

func newRecent[V any](max int) *recent[V] {
	return &recent[V]{max: max, order: list.New(), byKey: map[string]*list.Element{}}
}

// get returns the value that was put under key, unless its time is over.
func (r *recent[V]) get(key string) (v V, ok bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	e := r.byKey[key]
	if e == nil {
		return v, false
	}
	k := e.Value.(*kept[V])
	if time.Now().After(k.until) {
		r.order.Remove(e)
		delete(r.byKey, key)
		return v, false
	}
	r.order.MoveToFront(e)
	return k.value, true
}

func (r *recent[V]) put(key string, v V, age time.Duration) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if e := r.byKey[key]; e != nil {
		e.Value = &kept[V]{key, v, time.Now().Add(age)}
		r.order.MoveToFront(e)
		return
	}
	r.byKey[key] = r.order.PushFront(&kept[V]{key, v, time.Now().Add(age)})
	if r.order.Len() > r.max {
		last := r.order.Back()
		delete(r.byKey, last.Value.(*kept[V]).key)
		r.order.Remove(last)
	}
}
