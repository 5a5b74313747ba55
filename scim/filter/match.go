package filter

import (
	"strings"
	"time"

	"github.com/muster-id/muster/scim/schema"
)

// Match reports whether o satisfies the bound filter e. Object o is canonical,
// with "meta", "externalId" and the row attributes that Rows(e) names.
//
// An attribute without a value satisfies ne and no other operator, so that
// `a ne "x"` and `not (a eq "x")` agree on it. A multi-valued attribute
// satisfies an operator when any of its values does (RFC 7644 section 3.4.2.2),
// ne included.
func Match(e Expr, o schema.Object) bool {
	return match(e, o, false)
}

// MatchElement reports whether one element of a multi-valued complex attribute
// satisfies the filter inside the brackets of a bound Has.
func MatchElement(e Expr, element schema.Object) bool {
	return match(e, element, true)
}

func match(e Expr, o schema.Object, element bool) bool {
	switch e := e.(type) {
	case *And:
		return match(e.X, o, element) && match(e.Y, o, element)
	case *Or:
		return match(e.X, o, element) || match(e.Y, o, element)
	case *Not:
		return !match(e.X, o, element)
	case *Has:
		elements, _ := whole(e.Ref, o).([]any)
		for _, v := range elements {
			if x, ok := v.(schema.Object); ok && match(e.Filter, x, true) {
				return true
			}
		}
		return false
	case *Compare:
		return matchCompare(e, o, element)
	}
	return false
}

// whole returns the value of ref.Attr in o, nil if it has none.
func whole(ref schema.Ref, o schema.Object) any {
	if ref.Attr == nil {
		return nil
	}
	if ref.Ext != nil {
		o, _ = o[ref.Ext.ID].(schema.Object)
	}
	return o[ref.Attr.Name]
}

func matchCompare(c *Compare, o schema.Object, element bool) bool {
	if c.Ref.Attr == nil {
		return c.Op == Ne
	}
	var some, yes bool
	switch {
	case element && c.Ref.Sub != nil:
		some, yes = anyValue(c, o[c.Ref.Sub.Name])
	case c.Ref.Sub == nil:
		some, yes = anyValue(c, whole(c.Ref, o))
	default:
		some, yes = anySub(c, whole(c.Ref, o))
	}
	return yes || !some && c.Op == Ne
}

// anySub is anyValue for the values of c.Ref.Sub below v.
func anySub(c *Compare, v any) (some, yes bool) {
	switch v := v.(type) {
	case schema.Object:
		return anyValue(c, v[c.Ref.Sub.Name])
	case []any:
		for _, x := range v {
			s, y := anySub(c, x)
			if some = some || s; y {
				return true, true
			}
		}
	}
	return some, false
}

// anyValue reports whether v holds some value and whether one satisfies c.
func anyValue(c *Compare, v any) (some, yes bool) {
	if c.Op == Pr {
		p := present(v)
		return p, p
	}
	list, ok := v.([]any)
	if !ok {
		return v != nil, v != nil && satisfies(c, v)
	}
	for _, x := range list {
		if satisfies(c, x) {
			return true, true
		}
	}
	return len(list) > 0, false
}

// present is the operator pr: empty arrays, empty strings and complex values
// with nothing in them are not present.
func present(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		for _, x := range v {
			if present(x) {
				return true
			}
		}
		return false
	case schema.Object:
		for _, x := range v {
			if present(x) {
				return true
			}
		}
		return false
	}
	return true
}

// satisfies compares one value with the literal of c.
func satisfies(c *Compare, v any) bool {
	leaf := Leaf(c.Ref)
	if leaf == nil {
		return false
	}
	if s, ok := v.(string); ok && leaf.Type != schema.DateTime {
		return satisfiesString(c.Op, schema.Key(leaf, s), c.Key)
	}
	n, ok := compareValues(v, c.Value, leaf)
	return ok && holds(c.Op, n)
}

func satisfiesString(op Op, s, want string) bool {
	switch op {
	case Co:
		return strings.Contains(s, want)
	case Sw:
		return strings.HasPrefix(s, want)
	case Ew:
		return strings.HasSuffix(s, want)
	}
	return holds(op, strings.Compare(s, want))
}

// holds reports whether an operator holds between two values that compare as n.
func holds(op Op, n int) bool {
	switch op {
	case Eq:
		return n == 0
	case Ne:
		return n != 0
	case Gt:
		return n > 0
	case Ge:
		return n >= 0
	case Lt:
		return n < 0
	case Le:
		return n <= 0
	}
	return false
}

// instant returns a dateTime, as an object or a bound literal holds it.
func instant(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case string:
		t, err := schema.ParseTime(v)
		return t, err == nil
	}
	return time.Time{}, false
}
