package store

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store/find"
)

// An ordering is the order of one resource type's rows: by a column and id, by
// id alone, or by a value that has to be read from the documents. Downwards
// everything is reversed, id included.
type ordering struct {
	column string // "" for id alone
	instant, never,
	custom bool // column holds a time; no row has a value; the value is in the document
	ref  schema.Ref
	desc bool
}

func orderingOf(sorted bool, ref schema.Ref, desc bool) ordering {
	if !sorted {
		return ordering{}
	}
	o := ordering{ref: ref, desc: desc}
	if ref.Attr == nil || ref.Attr.Rows { // rows have no order
		o.never = true
		return o
	}
	full := ref
	if ref.Sub == nil && ref.Attr.Type == schema.Complex {
		full.Sub = filter.Leaf(ref)
	}
	switch column := find.HotColumn(full); {
	case column == find.ActiveColumn:
		o.custom = true
	case column != "":
		o.column = "r." + column
	case ref.Ext == nil && ref.Attr.Name == "id" && ref.Sub == nil:
	case ref.Ext == nil && ref.Attr.Name == "meta" && ref.Sub != nil && ref.Sub.Name == "created":
		o.column, o.instant = "r.created", true
	case ref.Ext == nil && ref.Attr.Name == "meta" && ref.Sub != nil && ref.Sub.Name == "lastModified":
		o.column, o.instant = "r.modified", true
	default:
		o.custom = true
	}
	return o
}

// parts lists the parts in which the rows are read, in order: those with a
// value and those without.
func (o ordering) parts() []part {
	switch {
	case o.never:
		return []part{absentPart}
	case o.column == "" || o.instant:
		return []part{presentPart}
	case o.desc:
		return []part{absentPart, presentPart}
	}
	return []part{presentPart, absentPart}
}

type part bool

const (
	presentPart part = false
	absentPart  part = true
)

// by writes ORDER BY for one part.
func (o ordering) by(p part) string {
	direction := ""
	if o.desc {
		direction = " DESC"
	}
	switch {
	case o.column == "" || p == absentPart:
		return "r.id" + direction
	case o.unique():
		return o.column + direction
	}
	return o.column + direction + ", r.id" + direction
}

// unique reports whether no two rows have the same value.
func (o ordering) unique() bool { return o.column == "r."+find.NameColumn }

// after is the condition on one part that a row comes after pos.
func (o ordering) after(p part, pos position) find.Cond {
	sign := " > "
	if o.desc {
		sign = " < "
	}
	switch {
	case o.column == "" || p == absentPart:
		return find.Where("r.id"+sign+"?", pos.id)
	case o.unique():
		return find.Where(o.column+sign+"?", string(pos.key))
	case o.instant:
		return find.Where("("+o.column+", r.id)"+sign+"(?, ?)", readKey8(pos.key), pos.id)
	}
	return find.Where("("+o.column+", r.id)"+sign+"(?, ?)", string(pos.key), pos.id)
}

// only is the condition that a row belongs to a part.
func (o ordering) only(p part) find.Cond {
	switch {
	case o.column == "" || o.instant:
		return find.AllRows
	case p == absentPart:
		return find.Where(o.column + " IS NULL")
	}
	return find.Where(o.column + " IS NOT NULL")
}

// A position is the place of a row in an order: its value in a form whose bytes
// compare like the values, and its id.
type position struct {
	absent bool
	key    []byte
	id     identity.ID
}

// compare orders two positions upwards; an absent value comes last.
func (p position) compare(q position) int {
	if p.absent != q.absent {
		if p.absent {
			return 1
		}
		return -1
	}
	if n := bytes.Compare(p.key, q.key); n != 0 {
		return n
	}
	return bytes.Compare(p.id[:], q.id[:])
}

func (p position) encode() []byte {
	flag := byte(0)
	if p.absent {
		flag = 1
	}
	return slices.Concat([]byte{flag}, p.id[:], p.key)
}

// decodePosition reads what encode wrote, for one of several orders.
func decodePosition(b []byte, orders []ordering) (position, bool) {
	if len(b) < 17 || b[0] > 1 {
		return position{}, false
	}
	p := position{absent: b[0] == 1, id: identity.ID(b[1:17]), key: b[17:]}
	for _, o := range orders {
		if o.instant && (p.absent || len(p.key) != 8) {
			return p, false
		}
		if o.column == "" && !o.never && !o.custom && (p.absent || len(p.key) != 0) {
			return p, false
		}
	}
	return p, true
}

// key8 writes a number in eight bytes whose order is that of the numbers.
func key8(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)^1<<63) }

func readKey8(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

// valueKey is the key of a value of a simple attribute; false for none.
func valueKey(a *schema.Attribute, v any) ([]byte, bool) {
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
		return key8(v), true
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
	return binary.BigEndian.AppendUint32(key8(t.Unix()), uint32(t.Nanosecond()))
}
