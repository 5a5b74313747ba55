package filter

import (
	"cmp"
	"strings"

	"github.com/muster-id/muster/scim/schema"
)

// Leaf returns the simple attribute by which ref is compared and sorted: the
// sub-attribute, the attribute, or the "value" of a complex attribute. It is
// nil if there is none.
func Leaf(ref schema.Ref) *schema.Attribute {
	switch {
	case ref.Sub != nil:
		return ref.Sub
	case ref.Attr == nil:
		return nil
	case ref.Attr.Type == schema.Complex:
		return ref.Attr.Sub("value")
	}
	return ref.Attr
}

// SortValue returns the value by which o is sorted on ref, nil if it has none.
// Of a multi-valued attribute that is the primary element, or else the first
// (RFC 7644 section 3.4.2.3).
func SortValue(o schema.Object, ref schema.Ref) any {
	leaf := Leaf(ref)
	if leaf == nil {
		return nil
	}
	v := chosen(whole(ref, o))
	if x, ok := v.(schema.Object); ok {
		v = chosen(x[leaf.Name])
	}
	return v
}

// chosen returns the element of a multi-valued attribute that stands for it,
// and any other value as it is.
func chosen(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	for _, x := range list {
		if o, ok := x.(schema.Object); ok && o["primary"] == true {
			return x
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// Order compares two values of the simple attribute attr as sorting and the
// operators gt and lt see them: -1, 0 or +1. An absent value (nil) comes after
// every other, which is last when sorting upwards and first downwards. Strings
// compare by schema.Key, dateTimes by instant.
func Order(a, b any, attr *schema.Attribute) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	n, _ := compareValues(a, b, attr)
	return n
}

// compareValues compares two values of one attribute; false if they are not of
// its type.
func compareValues(a, b any, attr *schema.Attribute) (int, bool) {
	if attr.Type == schema.DateTime {
		x, ok := instant(a)
		y, also := instant(b)
		return x.Compare(y), ok && also
	}
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		return strings.Compare(schema.Key(attr, x), schema.Key(attr, y)), ok
	case int64:
		y, ok := b.(int64)
		return cmp.Compare(x, y), ok
	case float64:
		y, ok := b.(float64)
		return cmp.Compare(x, y), ok
	case bool:
		y, ok := b.(bool)
		switch {
		case x == y:
			return 0, ok
		case y:
			return -1, ok
		}
		return 1, ok
	}
	return 0, false
}
