package schema

import "slices"

// complex reads a complex value, nil if nothing is left of it.
func (c reader) complex(ref Ref, a *Attribute, v any) (any, error) {
	o, ok := v.(Object)
	if !ok {
		if s, ok := v.(string); ok && c.d.StringReferences && a.Sub("value") != nil {
			o = Object{"value": s}
		} else if all, ok := v.([]any); ok && len(all) == 0 && c.d.EmptyClears {
			return nil, nil
		} else {
			return nil, wrongType(ref, a, v)
		}
	}
	if c.d.NestedJSON {
		o = unpack(a, o)
	}
	out := make(Object, len(o))
	seen := 0
	for _, s := range a.SubAttributes {
		v, ok := o[s.Name]
		if !ok {
			continue
		}
		seen++
		if err := c.sub(ref, s, v, out); err != nil {
			return nil, err
		}
	}
	if seen < len(o) {
		if err := c.rest(ref, a, o, out); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func (c reader) sub(ref Ref, s *Attribute, v any, out Object) error {
	if s.Mutability == ReadOnly || v == nil {
		return nil
	}
	ref.Sub = s
	if s.MultiValued {
		all, ok := v.([]any)
		if !ok {
			return Errorf(InvalidValue, "%s is multi-valued: it must be an array.", ref.Path())
		}
		x, err := c.many(ref, s, all)
		if x != nil {
			out[s.Name] = x
		}
		return err
	}
	x, err := c.one(ref, s, v)
	if x != nil {
		out[s.Name] = x
	}
	return err
}

// rest reads the keys of o that are not spelled as a sub-attribute is.
func (c reader) rest(ref Ref, a *Attribute, o, out Object) error {
	for _, key := range sortedKeys(o) {
		s := a.Sub(key)
		switch {
		case s == nil && c.d.RefuseUnknown:
			return Errorf(InvalidSyntax, "%s has no sub-attribute %q.", ref.Path(), clip(key))
		case s == nil || s.Name == key:
		default:
			if _, twice := o[s.Name]; twice {
				return Errorf(InvalidSyntax, "%s.%s comes twice.", ref.Path(), s.Name)
			}
			if err := c.sub(ref, s, o[key], out); err != nil {
				return err
			}
		}
	}
	return nil
}

func sortedKeys(o Object) []string {
	keys := make([]string, 0, len(o))
	for k := range o {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// unpack returns the element that a client hid as JSON inside the string
// "value": {"value":"{\"value\":\"Admin\",\"displayName\":\"Admin\"}"}. Other
// objects come back as they are.
func unpack(a *Attribute, o Object) Object {
	s, ok := o["value"].(string)
	if !ok || len(s) < 2 || s[0] != '{' {
		return o
	}
	inner, err := Decode([]byte(s))
	if err != nil || inner["value"] == nil {
		return o
	}
	out := make(Object, len(o)+len(inner))
	for k, v := range o {
		out[k] = v
	}
	for k, v := range inner {
		switch {
		case a.Sub(k) != nil:
			out[a.Sub(k).Name] = v
		case equalName(k, "displayName") && a.Sub("display") != nil:
			out["display"] = v
		}
	}
	return out
}

// distinct joins elements with the same "value" and "type", which should not come
// twice (RFC 7643 section 2.4): the first gets what it lacks of the others. Rows
// are joined by those who keep them.
func distinct(a *Attribute, all []any) []any {
	value, kind := a.Sub("value"), a.Sub("type")
	if len(all) < 2 || a.Rows || value == nil || kind == nil {
		return all
	}
	type key struct{ value, kind string }
	seen := make(map[key]Object, len(all))
	out := all[:0]
	for _, e := range all {
		o, _ := e.(Object)
		v, ok := o[value.Name].(string)
		if ok {
			t, _ := o[kind.Name].(string)
			k := key{Key(value, v), Key(kind, t)}
			if first := seen[k]; first != nil {
				for name, x := range o {
					if _, has := first[name]; !has {
						first[name] = x
					}
				}
				continue
			}
			seen[k] = o
		}
		out = append(out, e)
	}
	return out
}

// onePrimary checks that at most one element is the primary one (RFC 7643
// section 2.4). With first set, the first keeps the mark.
func onePrimary(ref Ref, a *Attribute, all []any, first bool) error {
	if s := a.Sub("primary"); s == nil || s.Type != Boolean {
		return nil
	}
	found := false
	for _, e := range all {
		e, _ := e.(Object)
		if e["primary"] != true {
			continue
		}
		switch {
		case !found:
			found = true
		case first && len(e) == 1:
			e["primary"] = false // an element is never empty
		case first:
			delete(e, "primary")
		default:
			return Errorf(InvalidValue, "%s has more than one primary value.", ref.Path())
		}
	}
	return nil
}

// missingSub reports the first required sub-attribute that o lacks.
func missingSub(ref Ref, a *Attribute, o Object) error {
	for _, s := range a.SubAttributes {
		if _, ok := o[s.Name]; !ok && s.Required && s.Mutability != ReadOnly {
			ref.Sub = s
			return Errorf(InvalidValue, "%s is required.", ref.Path())
		}
	}
	return nil
}
