package find

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// An Order is the order of one resource type's rows: by a column and id, by
// id alone, or by a value that has to be read from the documents. Downwards
// everything is reversed, id included.
type Order struct {
	Column  string // "" for id alone
	Instant bool   // the column holds a time
	Never   bool   // no row has a value
	Custom  bool   // the value is in the document
	Ref     schema.Ref
	Desc    bool
}

// OrderOf is the order by an attribute, or by id unless sorted.
func OrderOf(sorted bool, ref schema.Ref, desc bool) Order {
	if !sorted {
		return Order{}
	}
	o := Order{Ref: ref, Desc: desc}
	if ref.Attr == nil || ref.Attr.Rows { // rows have no order
		o.Never = true
		return o
	}
	full := ref
	if ref.Sub == nil && ref.Attr.Type == schema.Complex {
		full.Sub = filter.Leaf(ref)
	}
	switch column := HotColumn(full); {
	case column == ActiveColumn:
		o.Custom = true
	case column != "":
		o.Column = "r." + column
	case ref.Ext == nil && ref.Attr.Name == "id" && ref.Sub == nil:
	case ref.Ext == nil && ref.Attr.Name == "meta" && ref.Sub != nil && ref.Sub.Name == "created":
		o.Column, o.Instant = "r.created", true
	case ref.Ext == nil && ref.Attr.Name == "meta" && ref.Sub != nil && ref.Sub.Name == "lastModified":
		o.Column, o.Instant = "r.modified", true
	default:
		o.Custom = true
	}
	return o
}

// Parts lists the parts in which the rows are read, in order: those with a
// value and those without.
func (o Order) Parts() []Part {
	switch {
	case o.Never:
		return []Part{AbsentPart}
	case o.Column == "" || o.Instant:
		return []Part{PresentPart}
	case o.Desc:
		return []Part{AbsentPart, PresentPart}
	}
	return []Part{PresentPart, AbsentPart}
}

// A Part is the rows of an order that have a value, or those that have none.
type Part bool

// The parts of an order.
const (
	PresentPart Part = false
	AbsentPart  Part = true
)

// By writes ORDER BY for one part.
func (o Order) By(p Part) string {
	direction := ""
	if o.Desc {
		direction = " DESC"
	}
	switch {
	case o.Column == "" || p == AbsentPart:
		return "r.id" + direction
	case o.unique():
		return o.Column + direction
	}
	return o.Column + direction + ", r.id" + direction
}

// unique reports whether no two rows have the same value.
func (o Order) unique() bool { return o.Column == "r."+NameColumn }

// After is the condition on one part that a row comes after pos.
func (o Order) After(p Part, pos Position) Cond {
	sign := " > "
	if o.Desc {
		sign = " < "
	}
	switch {
	case o.Column == "" || p == AbsentPart:
		return Where("r.id"+sign+"?", pos.ID)
	case o.unique():
		return Where(o.Column+sign+"?", string(pos.Key))
	case o.Instant:
		return Where("("+o.Column+", r.id)"+sign+"(?, ?)", readKey8(pos.Key), pos.ID)
	}
	return Where("("+o.Column+", r.id)"+sign+"(?, ?)", string(pos.Key), pos.ID)
}

// Only is the condition that a row belongs to a part.
func (o Order) Only(p Part) Cond {
	switch {
	case o.Column == "" || o.Instant:
		return AllRows
	case p == AbsentPart:
		return Where(o.Column + " IS NULL")
	}
	return Where(o.Column + " IS NOT NULL")
}

// A Position is the place of a row in an order: its value in a form whose bytes
// compare like the values, and its id.
type Position struct {
	Absent bool
	Key    []byte
	ID     identity.ID
}

// Compare orders two positions upwards; an absent value comes last.
func (p Position) Compare(q Position) int {
	if p.Absent != q.Absent {
		if p.Absent {
			return 1
		}
		return -1
	}
	if n := bytes.Compare(p.Key, q.Key); n != 0 {
		return n
	}
	return bytes.Compare(p.ID[:], q.ID[:])
}

// Encode writes a position for DecodePosition.
func (p Position) Encode() []byte {
	flag := byte(0)
	if p.Absent {
		flag = 1
	}
	return slices.Concat([]byte{flag}, p.ID[:], p.Key)
}

// DecodePosition reads what Encode wrote, for one of several orders.
func DecodePosition(b []byte, orders []Order) (Position, bool) {
	if len(b) < 17 || b[0] > 1 {
		return Position{}, false
	}
	p := Position{Absent: b[0] == 1, ID: identity.ID(b[1:17]), Key: b[17:]}
	for _, o := range orders {
		if o.Instant && (p.Absent || len(p.Key) != 8) {
			return p, false
		}
		if o.Column == "" && !o.Never && !o.Custom && (p.Absent || len(p.Key) != 0) {
			return p, false
		}
	}
	return p, true
}

// Key8 writes a number in eight bytes whose order is that of the numbers.
func Key8(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)^1<<63) }

func readKey8(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

// ValueKey is the key of a value of a simple attribute; false for none.
func ValueKey(a *schema.Attribute, v any) ([]byte, bool) {
	switch v := v.(type) {
	case string:
		if a.Type != schema.DateTime {
			return []byte(schema.Key(a, v)), true
		}
		t, err := schema.ParseTime(v)
		if err != nil {
			return nil, false
		}
		return instantKey(t), true
	case int64:
		return Key8(v), true
	case bool:
		if v {
			return []byte{1}, true
		}
		return []byte{0}, true
	case float64:
		bits := math.Float64bits(v + 0) // -0 equals 0
		if bits>>63 == 1 {
			bits = ^bits
		} else {
			bits |= 1 << 63
		}
		return binary.BigEndian.AppendUint64(nil, bits), true
	}
	return nil, false
}

func instantKey(t time.Time) []byte {
	return binary.BigEndian.AppendUint32(Key8(t.Unix()), uint32(t.Nanosecond()))
}
