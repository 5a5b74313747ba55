package store

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/muster-id/muster/scim/schema"
)

// FuzzPosition reads cursors from strangers.
func FuzzPosition(f *testing.F) {
	f.Add([]byte{})
	f.Add(position{key: []byte("ann")}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, o := range []ordering{{}, {instant: true, column: "r.created"}, {column: "r.display_key"}, {never: true}, {custom: true}} {
			p, ok := decodePosition(b, []ordering{o})
			if ok && !bytes.Equal(p.encode(), b) {
				t.Errorf("%x was read as %+v, which is written as %x", b, p, p.encode())
			}
			if ok {
				o.after(part(p.absent), p)
			}
		}
	})
}

func TestValueKeyOrder(t *testing.T) {
	for typ, list := range map[schema.Type][]any{
		schema.Integer:  {int64(-1 << 63), int64(-2), int64(0), int64(7), int64(1<<63 - 1)},
		schema.Decimal:  {-1e300, -2.5, -0.5, 0.0, 1e-9, 0.5, 1e300},
		schema.Boolean:  {false, true},
		schema.String:   {"a", "B", "ä", "日"},
		schema.DateTime: {"1960-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.0000001Z", "2026-01-01T01:00:00.5+00:30"},
	} {
		attr := &schema.Attribute{Name: "x", Type: typ}
		var last []byte
		for _, v := range list {
			key, ok := valueKey(attr, v)
			if !ok || last != nil && bytes.Compare(last, key) >= 0 {
				t.Errorf("the key of %s %v, %x, does not follow %x", typ, v, key, last)
			}
			last = key
		}
	}
}

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
