package patch

import (
	"maps"
	"slices"

	"github.com/muster-id/muster/scim/schema"
)

// value brings the value of an operation into canonical form.
func (p *parser) value(op *operation, value any) error {
	ref := op.ref
	whole := ref.Sub == nil && ref.Attr.MultiValued && op.filter == nil
	if op.verb == remove {
		if !whole || value == nil {
			return nil
		}
		return p.removed(op, value)
	}
	if value == nil || p.d.EmptyClears && isEmpty(value) {
		return nil
	}
	var err error
	switch {
	case op.filter != nil && ref.Sub == nil:
		op.value, err = p.element(op.verb, ref, value)
	case ref.Sub == nil && !whole && ref.Attr.Type == schema.Complex:
		op.value, err = p.parts(ref, value)
	default:
		op.value, err = p.rt.Value(ref, value, p.d)
	}
	return err
}

// removed reads the value of a remove without a filter. The standard gives it no
// meaning, so that a literal reading would remove every value although the
// client named some. Either those are meant, or the operation is refused; it
// never removes more than was named.
func (p *parser) removed(op *operation, value any) error {
	if !p.d.RemoveByValue && !isEmpty(value) {
		return schema.Errorf(schema.InvalidValue,
			"The operation remove takes no 'value'; choose by path, as in '%s[value eq \"...\"]'.", op.ref.Path())
	}
	d := p.d
	d.FirstPrimary = true // no matter here
	list, err := p.rt.Value(op.ref, value, d)
	op.value = list
	if list == nil {
		op.value = []any{} // an empty list removes nothing
	}
	return err
}

// element brings one element of a multi-valued complex attribute into canonical
// form, nil if it is empty. An array of one is read as its element.
func (p *parser) element(v verb, ref schema.Ref, value any) (any, error) {
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0]
	}
	if v == add {
		return p.parts(ref, value)
	}
	return p.rt.Element(ref, value, p.d)
}

// parts brings the sub-attributes in value into canonical form. Those that value
// clears are in the result with nil.
func (p *parser) parts(ref schema.Ref, value any) (any, error) {
	o, ok := value.(schema.Object)
	if !ok {
		return p.rt.Element(ref, value, p.d)
	}
	out := make(schema.Object, len(o))
	for _, key := range slices.Sorted(maps.Keys(o)) {
		sub := ref.Attr.Sub(key)
		switch {
		case sub == nil && p.d.RefuseUnknown:
			return nil, schema.Errorf(schema.InvalidSyntax, "%s has no sub-attribute '%s'.", ref.Path(), clip(key))
		case sub == nil, sub.Mutability == schema.ReadOnly:
			continue
		}
		v, err := p.rt.Value(schema.Ref{Ext: ref.Ext, Attr: ref.Attr, Sub: sub}, o[key], p.d)
		if err != nil {
			return nil, err
		}
		out[sub.Name] = v
	}
	return out, nil
}

// isEmpty reports whether a value says that there is none: null, "", [], {} and
// objects and arrays of these, such as {"value":""}.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		for _, x := range v {
			if !isEmpty(x) {
				return false
			}
		}
		return true
	case schema.Object:
		for _, x := range v {
			if !isEmpty(x) {
				return false
			}
		}
		return true
	}
	return false
}
