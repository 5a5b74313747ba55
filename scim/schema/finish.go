package schema

import (
	"maps"
	"slices"
)

// Finish restores the rules of a whole document after a change to it, in place:
// it drops what is empty, adds what Canonical adds, makes "schemas" the core
// schema and the extensions that have data, and checks that nothing required is
// missing and that no attribute has two primary values, or too many of any kind.
// Parts of o that are canonical already are not written to, so o may share them
// with the document before the change. The error is an *Error with InvalidValue;
// after one o is of no use.
func (rt *ResourceType) Finish(o Object) error {
	for name, v := range o {
		if x, changed := prune(v); x == nil {
			delete(o, name)
		} else if changed {
			o[name] = x
		}
	}
	rt.point(o)
	rt.fixSchemas(o)
	if err := rt.missing(o, false); err != nil {
		return err
	}
	for _, a := range rt.Schema.Attributes {
		if err := finishValues(Ref{Attr: a}, o); err != nil {
			return err
		}
	}
	for _, e := range rt.Extensions {
		for _, a := range e.Schema.Attributes {
			if err := finishValues(Ref{Ext: e.Schema, Attr: a}, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func finishValues(ref Ref, o Object) error {
	if !ref.Attr.MultiValued {
		return nil
	}
	all, _ := ref.Get(o).([]any)
	if err := fewValues(ref, ref.Attr, all); err != nil || ref.Attr.Type != Complex {
		return err
	}
	return onePrimary(ref, ref.Attr, all, false)
}

// prune returns v without empty values inside, nil if nothing is left, and
// whether that is another value than v. v is not changed.
func prune(v any) (any, bool) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return nil, true
		}
	case Object:
		return pruneObject(v)
	case []any:
		return pruneArray(v)
	}
	return v, false
}

func pruneObject(o Object) (any, bool) {
	out := o
	changed := false
	for name, v := range o {
		x, c := prune(v)
		if !c && x != nil {
			continue
		}
		if !changed {
			out, changed = maps.Clone(o), true
		}
		if x == nil {
			delete(out, name)
		} else {
			out[name] = x
		}
	}
	if len(out) == 0 {
		return nil, true
	}
	return out, changed
}

func pruneArray(all []any) (any, bool) {
	out := all
	changed := false
	for i, v := range all {
		x, c := prune(v)
		if (c || x == nil) && !changed {
			out, changed = slices.Clone(all[:i]), true
		}
		if changed && x != nil {
			out = append(out, x)
		}
	}
	if len(out) == 0 {
		return nil, true
	}
	return out, changed
}

// fixSchemas sets "schemas" (RFC 7643 section 3: each URI once, and only those
// that the resource type defines).
func (rt *ResourceType) fixSchemas(o Object) {
	urns := make([]any, 1, 1+len(rt.Extensions))
	urns[0] = rt.Schema.ID
	for _, e := range rt.Extensions {
		if x, _ := o[e.Schema.ID].(Object); len(x) > 0 {
			urns = append(urns, e.Schema.ID)
		}
	}
	o["schemas"] = urns
}

// missing reports the first required attribute that o lacks. With later set,
// immutable ones are left to Merge.
func (rt *ResourceType) missing(o Object, later bool) error {
	for _, a := range rt.Schema.Attributes {
		if err := missingAttr(Ref{Attr: a}, o, later); err != nil {
			return err
		}
	}
	for _, e := range rt.Extensions {
		x, _ := o[e.Schema.ID].(Object)
		if len(x) == 0 {
			if e.Required && !later {
				return Errorf(InvalidValue, "The extension %s is required.", e.Schema.ID)
			}
			continue
		}
		for _, a := range e.Schema.Attributes {
			if err := missingAttr(Ref{Ext: e.Schema, Attr: a}, o, later); err != nil {
				return err
			}
		}
	}
	return nil
}

func missingAttr(ref Ref, o Object, later bool) error {
	a := ref.Attr
	if a.Mutability == ReadOnly {
		return nil
	}
	v := ref.Get(o)
	if v == nil {
		if a.Required && !a.Rows && !(later && a.Mutability == Immutable) {
			return Errorf(InvalidValue, "%s is required.", ref.Path())
		}
		return nil
	}
	if a.Type != Complex {
		return nil
	}
	switch v := v.(type) {
	case Object:
		return missingSub(ref, a, v)
	case []any:
		for _, e := range v {
			if e, ok := e.(Object); ok {
				if err := missingSub(ref, a, e); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
