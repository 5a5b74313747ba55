package memory

import (
	"strconv"

	"github.com/muster-id/muster/scim/schema"
)

// A key is a value that no other resource may have.
type key struct {
	path string // of the attribute
	text string // with the type and the value in the form in which it compares
}

// uniqueKeys returns the unique values of a record. The id is unique by being
// the key of the map.
func uniqueKeys(r *record) []key {
	var keys []key
	collect := func(s *schema.Schema, o schema.Object, prefix string) {
		for _, a := range s.Attributes {
			keys = appendKeys(keys, r.rt, a, prefix+a.Name, o[a.Name])
			parts, ok := o[a.Name].(schema.Object)
			for _, sub := range a.SubAttributes {
				if ok {
					keys = appendKeys(keys, r.rt, sub, prefix+a.Name+"."+sub.Name, parts[sub.Name])
				}
			}
		}
	}
	collect(r.rt.Schema, r.doc, "")
	for _, e := range r.rt.Extensions {
		if o, ok := r.doc[e.Schema.ID].(schema.Object); ok {
			collect(e.Schema, o, e.Schema.ID+":")
		}
	}
	return keys
}

func appendKeys(keys []key, rt *schema.ResourceType, a *schema.Attribute, path string, v any) []key {
	scope := rt.Name
	switch a.Uniqueness {
	case schema.Server:
	case schema.Global:
		scope = ""
	default:
		return keys
	}
	switch v := v.(type) {
	case string:
		return append(keys, key{path, scope + "\x00" + path + "\x00" + schema.Key(a, v)})
	case int64:
		return append(keys, key{path, scope + "\x00" + path + "\x00" + strconv.FormatInt(v, 10)})
	case []any:
		for _, e := range v {
			keys = appendKeys(keys, rt, a, path, e)
		}
	}
	return keys
}
