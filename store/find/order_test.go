package find

import (
	"bytes"
	"testing"

	"github.com/muster-id/muster/scim/schema"
)

// FuzzPosition reads cursors from strangers.
func FuzzPosition(f *testing.F) {
	f.Add([]byte{})
	f.Add(Position{Key: []byte("ann")}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, o := range []Order{{}, {Instant: true, Column: "r.created"}, {Column: "r.display_key"}, {Never: true}, {Custom: true}} {
			p, ok := DecodePosition(b, []Order{o})
			if ok && !bytes.Equal(p.Encode(), b) {
				t.Errorf("%x was read as %+v, which is written as %x", b, p, p.Encode())
			}
			if ok {
				o.After(Part(p.Absent), p)
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
			key, ok := ValueKey(attr, v)
			if !ok || last != nil && bytes.Compare(last, key) >= 0 {
				t.Errorf("the key of %s %v, %x, does not follow %x", typ, v, key, last)
			}
			last = key
		}
	}
}
