package store

import (
	"slices"
	"testing"
	"time"
)

func TestRecent(t *testing.T) {
	r := newRecent[int](2)
	r.put("a", 1, time.Hour)
	r.put("b", 2, time.Hour)
	r.get("a")
	r.put("c", 3, time.Hour)
	r.put("d", 4, -time.Second)
	var have []string
	for _, key := range []string{"a", "b", "c", "d"} {
		if _, ok := r.get(key); ok {
			have = append(have, key)
		}
	}
	if want := []string{"c"}; !slices.Equal(have, want) {
		t.Errorf("of four values, two of them the latest and one of those too old, %v are remembered, want %v", have, want)
	}
	if len(r.byKey) != 1 || r.order.Len() != 1 {
		t.Errorf("%d keys and %d values are kept, want 1", len(r.byKey), r.order.Len())
	}
}
