package schema

// ToForm returns a canonical object in a form for the wire. In the nested form
// "schemas", "id", "externalId", "meta" and the extensions stay at the top and
// every core attribute moves into an object under the URN of the core schema.
// o stays as it is and shares its values with the result.
func (rt *ResourceType) ToForm(o Object, f Form) Object {
	if f != Nested {
		return o
	}
	out := make(Object, len(Common)+1+len(rt.Extensions))
	core := make(Object, len(o))
	for name, v := range o {
		if rt.isCore(name) {
			core[name] = v
		} else {
			out[name] = v
		}
	}
	if len(core) > 0 {
		out[rt.Schema.ID] = core
	}
	return out
}

func (rt *ResourceType) isCore(name string) bool {
	for _, a := range rt.Schema.Attributes {
		if a.Name == name {
			return true
		}
	}
	return false
}
