package schema

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Load reads a document that Encode or Append wrote into canonical form. It
// trusts the document to be valid and only gives numbers their types, which
// makes it faster than Decode and Canonical. Attributes that the schema no
// longer has stay in the result. The error is never an *Error: a stored
// document that cannot be read is not the client's mistake.
func (rt *ResourceType) Load(doc []byte) (Object, error) {
	p := parser{text: string(doc)}
	o, err := p.document()
	if err != nil {
		return nil, fmt.Errorf("load a stored %s: %s", rt.Name, p.err.Detail)
	}
	if !p.numbers {
		return o, nil
	}
	x := rt.idx()
	for name, v := range o {
		if s := rt.Extension(name); s != nil {
			if inner, ok := v.(Object); ok {
				typeMembers(s.Attributes, inner)
			}
			continue
		}
		o[name] = typed(x.names[lowerASCII(name)], v)
	}
	return o, nil
}

func typeMembers(attrs []*Attribute, o Object) {
	for name, v := range o {
		var a *Attribute
		for _, b := range attrs {
			if b.Name == name {
				a = b
				break
			}
		}
		o[name] = typed(a, v)
	}
}

// typed gives the numbers in v the types of the attribute, which may be nil.
func typed(a *Attribute, v any) any {
	switch v := v.(type) {
	case json.Number:
		if a == nil || a.Type != Decimal {
			if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
				return n
			}
		}
		f, _ := strconv.ParseFloat(string(v), 64) // out of range: the largest
		return f
	case Object:
		var subs []*Attribute
		if a != nil {
			subs = a.SubAttributes
		}
		typeMembers(subs, v)
	case []any:
		for i, x := range v {
			v[i] = typed(a, x)
		}
	}
	return v
}
