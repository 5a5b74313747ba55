package patch

import (
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// multi changes a multi-valued attribute, elements of it, or a sub-attribute of
// those.
func (w *work) multi(op *operation) error {
	ref := op.ref
	whole := ref
	whole.Sub = nil
	old := whole.Get(w.o)
	list, _ := old.([]any)
	var err error
	switch {
	case op.filter != nil || ref.Sub != nil:
		list, err = w.edited(op, list)
	case op.verb == add:
		values, _ := op.value.([]any)
		list, err = w.appended(ref, list, values)
	case op.verb == replace:
		list, _ = op.value.([]any)
		list = schema.Clone(list)
	case op.value == nil:
		list = nil
	default:
		list, err = w.without(ref, list, op.value.([]any))
	}
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return w.set(ref, old, nil)
	}
	return w.set(ref, old, list)
}

// appended returns list with those of values that it does not hold yet. An
// element with the same "value" and "type" as one in the list adds its other
// sub-attributes to that one (RFC 7643 section 2.4: the same combination should
// not come twice).
func (w *work) appended(ref schema.Ref, list, values []any) ([]any, error) {
	a := ref.Leaf()
	out := append(make([]any, 0, len(list)+len(values)), list...)
	places := map[string][]int{}
	for i, x := range out {
		k := bucket(a, x)
		places[k] = append(places[k], i)
	}
	if err := w.spend(len(list)); err != nil {
		return nil, err
	}
	for _, v := range values {
		k := bucket(a, v)
		i, same := find(a, out, places[k], v)
		if err := w.spend(1 + len(places[k])); err != nil {
			return nil, err
		}
		switch {
		case same:
		case i >= 0:
			was := out[i].(schema.Object)
			now := schema.Clone(was)
			keep := schema.Object{"value": was["value"]}
			overlay(now, v.(schema.Object), add)
			overlay(now, keep, add)
			if err := guardSubs(ref, was, now); err != nil {
				return nil, err
			}
			out[i] = now
			demote(out, i)
		default:
			places[k] = append(places[k], len(out))
			out = append(out, schema.Clone(v))
			demote(out, len(out)-1)
		}
	}
	return out, nil
}

// bucket returns a key that elements share if one may hold the other.
func bucket(a *schema.Attribute, x any) string {
	if o, ok := x.(schema.Object); ok {
		a, x = a.Sub("value"), o["value"]
	}
	if s, ok := x.(string); ok && a != nil {
		return schema.Key(a, s)
	}
	return ""
}

// find looks among the elements of list at the places given. It returns true if
// one holds all of v, and otherwise the place of one with the same "value" and
// "type", -1 if there is none.
func find(a *schema.Attribute, list []any, places []int, v any) (int, bool) {
	found := -1
	for _, i := range places {
		if holds(a, list[i], v) {
			return i, true
		}
		x, ok := list[i].(schema.Object)
		y, also := v.(schema.Object)
		if ok && also && found < 0 && y["value"] != nil && sameSub(a, x, y, "value") && sameSub(a, x, y, "type") {
			found = i
		}
	}
	return found, false
}

// holds reports whether the element have has all that want has.
func holds(a *schema.Attribute, have, want any) bool {
	x, ok := have.(schema.Object)
	y, also := want.(schema.Object)
	if !ok || !also {
		return same(a, have, want)
	}
	for name := range y {
		if !sameSub(a, x, y, name) {
			return false
		}
	}
	return true
}

func sameSub(a *schema.Attribute, x, y schema.Object, name string) bool {
	sub := a.Sub(name)
	return sub != nil && same(sub, x[name], y[name]) || sub == nil && x[name] == nil && y[name] == nil
}

// same compares two values of a simple attribute by its case rule.
func same(a *schema.Attribute, x, y any) bool {
	s, ok := x.(string)
	t, also := y.(string)
	if ok && also {
		return s == t || schema.Key(a, s) == schema.Key(a, t)
	}
	return schema.EqualValues(x, y)
}

// demote takes the mark primary from all elements but the one at keep, if that
// one has it (RFC 7644 section 3.5.2).
func demote(list []any, keep int) {
	o, ok := list[keep].(schema.Object)
	if !ok || o["primary"] != true {
		return
	}
	for i, x := range list {
		if o, ok := x.(schema.Object); ok && i != keep && o["primary"] == true {
			o = schema.Clone(o)
			o["primary"] = false
			list[i] = o
		}
	}
}

// without returns list without the elements that values name: by their "value"
// and, if given, "type"; or by all that is given.
func (w *work) without(ref schema.Ref, list, values []any) ([]any, error) {
	a := ref.Attr
	named := map[string][]any{}
	for _, v := range values {
		k := bucket(a, v)
		named[k] = append(named[k], essence(v))
	}
	var out []any
	for _, x := range list {
		candidates := named[bucket(a, x)]
		if len(named[""]) > 0 && bucket(a, x) != "" {
			candidates = append(candidates[:len(candidates):len(candidates)], named[""]...)
		}
		if err := w.spend(1 + len(candidates)); err != nil {
			return nil, err
		}
		gone := false
		for _, v := range candidates {
			gone = gone || holds(a, x, v)
		}
		if !gone {
			out = append(out, x)
		}
	}
	return out, nil
}

// essence returns the part of an element that says which one is meant.
func essence(v any) any {
	o, ok := v.(schema.Object)
	if !ok || o["value"] == nil {
		return v
	}
	e := schema.Object{"value": o["value"]}
	if o["type"] != nil {
		e["type"] = o["type"]
	}
	return e
}

// edited returns list after op on the elements that its filter chooses, or on
// all of them.
func (w *work) edited(op *operation, list []any) ([]any, error) {
	if err := w.spend(len(list) * weight(op.filter)); err != nil {
		return nil, err
	}
	chosen := 0
	out := make([]any, 0, len(list)+1)
	var marked []int // became primary
	for _, x := range list {
		o, ok := x.(schema.Object)
		if !ok || op.filter != nil && !filter.MatchElement(op.filter, o) {
			out = append(out, x)
			continue
		}
		chosen++
		now, err := w.element(op, o)
		if err != nil {
			return nil, err
		}
		if now == nil {
			continue
		}
		if now["primary"] == true && o["primary"] != true {
			marked = append(marked, len(out))
		}
		out = append(out, now)
	}
	if chosen == 0 && op.verb != remove {
		return w.created(op, out)
	}
	if err := w.mark(op, out, marked); err != nil {
		return nil, err
	}
	return out, nil
}

// mark leaves the mark primary with the one element that has just got it.
func (w *work) mark(op *operation, list []any, marked []int) error {
	if len(marked) > 1 && !w.d.FirstPrimary {
		return schema.Errorf(schema.InvalidValue, "The operation makes %d values of '%s' primary.", len(marked), op.ref.Attr.Name)
	}
	if len(marked) > 0 {
		demote(list, marked[0])
	}
	return nil
}

// weight is the cost of a filter.
func weight(e filter.Expr) int {
	switch e := e.(type) {
	case *filter.And:
		return weight(e.X) + weight(e.Y)
	case *filter.Or:
		return weight(e.X) + weight(e.Y)
	case *filter.Not:
		return weight(e.X)
	}
	return 1
}

// created appends the element that add and replace make when there is none to
// change: what the filter describes, with the value.
func (w *work) created(op *operation, list []any) ([]any, error) {
	nothing := op.value == nil && (op.verb == add || w.d.EmptyClears || op.filter == nil)
	switch {
	case nothing:
		return list, nil
	case op.filter != nil && (!w.d.CreateOnFilter || op.seed == nil):
		return nil, schema.Errorf(schema.NoTarget, "No value of '%s' matches the filter %.200s.", op.ref.Attr.Name, op.filter)
	case op.value == nil:
		return list, nil
	}
	o := schema.Clone(op.seed)
	if o == nil {
		o = schema.Object{}
	}
	if op.ref.Sub != nil {
		o[op.ref.Sub.Name] = schema.Clone(op.value)
	} else {
		overlay(o, op.value.(schema.Object), op.verb)
	}
	list = append(list, o)
	demote(list, len(list)-1)
	return list, nil
}

// element returns one chosen element after op, nil if nothing is left of it.
func (w *work) element(op *operation, was schema.Object) (schema.Object, error) {
	ref := op.ref
	var now schema.Object
	var err error
	switch {
	case ref.Sub != nil:
		if now, err = w.withSub(op, was); err == nil && w.hollow(op, now) {
			now = nil
		}
	case op.verb == remove, op.verb == replace && op.value == nil:
	case op.verb == add:
		now = schema.Clone(was)
		parts, _ := op.value.(schema.Object)
		overlay(now, parts, add)
		err = guardSubs(ref, was, now)
	default:
		now = replaced(op, was)
		err = guardSubs(ref, was, now)
	}
	if now != nil {
		follow(was, now)
	}
	if err != nil || len(now) == 0 {
		return nil, err
	}
	return now, nil
}

// replaced returns the element that takes the place of was: the value, with what
// the filter says about it and what the client cannot write.
func replaced(op *operation, was schema.Object) schema.Object {
	now := unwritten(op.ref.Attr, was)
	for name := range op.seed {
		now[name] = was[name]
	}
	overlay(now, op.value.(schema.Object), add)
	return now
}

// unwritten returns the part of a complex value that the client cannot write.
func unwritten(a *schema.Attribute, was schema.Object) schema.Object {
	now := schema.Object{}
	for _, sub := range a.SubAttributes {
		if v, ok := was[sub.Name]; ok && sub.Mutability == schema.ReadOnly {
			now[sub.Name] = v
		}
	}
	return now
}

// hollow reports whether a cleared sub-attribute left only labels behind:
// {"type":"work"} after emails[type eq "work"].value was cleared. A client that
// clears with "" means the whole element.
func (w *work) hollow(op *operation, now schema.Object) bool {
	if !w.d.EmptyClears || op.verb == add || op.value != nil || isLabel(op.ref.Sub.Name) {
		return false
	}
	for name := range now {
		if !isLabel(name) {
			return false
		}
	}
	return true
}

// isLabel reports whether a sub-attribute only describes an element (RFC 7643
// section 2.4).
func isLabel(name string) bool {
	return name == "type" || name == "primary" || name == "display" || name == "$ref"
}
