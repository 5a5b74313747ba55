package schema

import (
	"slices"
	"strings"
)

// Equal reports whether two canonical objects hold the same values. Order
// counts within a multi-valued attribute, and case counts in every string.
func Equal(a, b Object) bool {
	if len(a) != len(b) {
		return false
	}
	for name, x := range a {
		y, ok := b[name]
		if !ok || !EqualValues(x, y) {
			return false
		}
	}
	return true
}

// EqualValues is Equal for any two canonical values.
func EqualValues(a, b any) bool {
	switch x := a.(type) {
	case Object:
		y, ok := b.(Object)
		return ok && Equal(x, y)
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, EqualValues)
	}
	switch b.(type) {
	case Object, []any: // not comparable
		return false
	}
	return a == b
}

// Clone returns a deep copy of a canonical value: an Object, a []any, or
// anything that stands in one.
func Clone[T any](v T) T {
	c, _ := clone(v).(T) // nil stays the zero value
	return c
}

func clone(v any) any {
	switch v := v.(type) {
	case Object:
		if v == nil {
			return v
		}
		c := make(Object, len(v))
		for name, x := range v {
			c[name] = clone(x)
		}
		return c
	case []any:
		if v == nil {
			return v
		}
		c := make([]any, len(v))
		for i, x := range v {
			c[i] = clone(x)
		}
		return c
	}
	return v
}

// Diff returns the paths of the attributes of rt that differ, sorted:
// "displayName", "emails", "urn:...:User:department". The derived attributes
// "schemas" and "meta" are left out.
func Diff(rt *ResourceType, old, new Object) []string {
	var paths []string
	for _, name := range changedNames(old, new) {
		if name == "schemas" || name == "meta" {
			continue
		}
		if rt.Extension(name) == nil {
			paths = append(paths, name)
			continue
		}
		x, _ := old[name].(Object)
		y, _ := new[name].(Object)
		for _, sub := range changedNames(x, y) {
			paths = append(paths, name+":"+sub)
		}
	}
	slices.SortFunc(paths, strings.Compare)
	return paths
}

func changedNames(old, new Object) []string {
	var names []string
	for name, x := range old {
		if y, ok := new[name]; !ok || !EqualValues(x, y) {
			names = append(names, name)
		}
	}
	for name := range new {
		if _, ok := old[name]; !ok {
			names = append(names, name)
		}
	}
	return names
}
