package filter

import "github.com/muster-id/muster/scim/schema"

// Leaf returns the simple attribute by which ref is compared and sorted: the
// sub-attribute, the attribute, or the "value" of a complex attribute. It is
// nil if there is none.
func Leaf(ref schema.Ref) *schema.Attribute { panic("not yet") }

// SortValue returns the value by which o is sorted on ref, nil if it has none.
// Of a multi-valued attribute that is the primary element, or else the first
// (RFC 7644 section 3.4.2.3).
func SortValue(o schema.Object, ref schema.Ref) any { panic("not yet") }

// Order compares two values of the simple attribute attr as sorting and the
// operators gt and lt see them: -1, 0 or +1. An absent value (nil) comes after
// every other. Strings compare by schema.Key, dateTimes by instant.
func Order(a, b any, attr *schema.Attribute) int { panic("not yet") }
