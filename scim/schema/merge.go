package schema

import (
	"maps"
	"slices"
)

// Merge returns the document that a PUT of new leaves behind where old was (RFC
// 7644 section 3.5.1). From old it keeps what is read-only, what is immutable,
// and what is never returned, such as a password, unless new has it. Both are
// canonical and stay as they are. The error is an *Error: Unwritable when new
// changes an immutable value, otherwise that of Finish.
func (rt *ResourceType) Merge(old, new Object) (Object, error) {
	out := maps.Clone(new)
	for _, a := range rt.idx().sends {
		if err := mergeAttr(Ref{Attr: a}, old, out); err != nil {
			return nil, err
		}
	}
	for _, e := range rt.Extensions {
		if x, ok := out[e.Schema.ID].(Object); ok {
			out[e.Schema.ID] = maps.Clone(x)
		}
		for _, a := range e.Schema.Attributes {
			if err := mergeAttr(Ref{Ext: e.Schema, Attr: a}, old, out); err != nil {
				return nil, err
			}
		}
	}
	return out, rt.Finish(out)
}

func mergeAttr(ref Ref, old, out Object) error {
	a := ref.Attr
	if a.Rows {
		return nil
	}
	o, n := ref.Get(old), ref.Get(out)
	if o == nil {
		return nil
	}
	switch {
	case a.Mutability == ReadOnly:
		ref.Set(out, o)
	case a.Mutability == Immutable && n != nil:
		if !sameValues(o, n) {
			return Errorf(Unwritable, "%s is immutable and has another value.", ref.Path())
		}
	case a.Mutability == Immutable, secret(a):
		if n == nil {
			ref.Set(out, o)
		}
	case a.Type == Complex && n != nil:
		x, err := mergeParts(ref, o, n)
		if err != nil {
			return err
		}
		ref.Set(out, x)
	}
	return nil
}

// secret reports whether a client cannot read the attribute back and so cannot
// send it again.
func secret(a *Attribute) bool {
	return a.Mutability == WriteOnly || a.Returned == Never
}

// mergeParts is mergeAttr for the sub-attributes of a complex value. An element
// of a multi-valued attribute is the same as before if its "value" is.
func mergeParts(ref Ref, o, n any) (any, error) {
	kept := keptSubs(ref.Attr)
	if len(kept) == 0 {
		return n, nil
	}
	if x, ok := n.(Object); ok {
		was, _ := o.(Object)
		return mergeObject(ref, kept, was, x)
	}
	before := map[string]Object{}
	was, _ := o.([]any)
	for _, v := range was {
		if v, ok := v.(Object); ok && v["value"] != nil {
			before[string(AppendValue(nil, v["value"]))] = v
		}
	}
	all, _ := n.([]any)
	out := make([]any, len(all))
	for i, v := range all {
		out[i] = v
		x, _ := v.(Object)
		old := before[string(AppendValue(nil, x["value"]))]
		if old == nil {
			continue
		}
		if y, err := mergeObject(ref, kept, old, x); err == nil {
			out[i] = y // otherwise it is another element with the same value
		}
	}
	return out, nil
}

// keptSubs returns the sub-attributes that a PUT does not just overwrite.
func keptSubs(a *Attribute) []*Attribute {
	var kept []*Attribute
	for _, s := range a.SubAttributes {
		if s.Mutability == ReadOnly || s.Mutability == Immutable || secret(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

func mergeObject(ref Ref, kept []*Attribute, old, new Object) (Object, error) {
	out := maps.Clone(new)
	for _, s := range kept {
		o, n := old[s.Name], new[s.Name]
		switch {
		case o == nil:
		case s.Mutability == ReadOnly:
			// What the server derived from the old value does not describe
			// another one.
			if sameWritable(kept, old, new) {
				out[s.Name] = o
			}
		case n == nil:
			out[s.Name] = o
		case s.Mutability == Immutable && !sameValues(o, n):
			ref.Sub = s
			return nil, Errorf(Unwritable, "%s is immutable and has another value.", ref.Path())
		}
	}
	return out, nil
}

func sameWritable(kept []*Attribute, old, new Object) bool {
	was := maps.Clone(old)
	for _, s := range kept {
		if _, ok := new[s.Name]; !ok {
			delete(was, s.Name)
		}
	}
	return Equal(was, new)
}

// sameValues is EqualValues for values in any order.
func sameValues(a, b any) bool {
	x, ok := a.([]any)
	y, ok2 := b.([]any)
	if !ok || !ok2 {
		return EqualValues(a, b)
	}
	return len(x) == len(y) && slices.Equal(sortedJSON(x), sortedJSON(y))
}

func sortedJSON(all []any) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(AppendValue(nil, v))
	}
	slices.Sort(out)
	return out
}
