package stackspot

import (
	"maps"
	"slices"
	"strings"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// spell brings the members of a POST into the words of the forms, in place.
func spell(body schema.Object) error {
	for name, v := range body {
		v, err := spelled(name, v)
		if err != nil {
			return err
		}
		body[name] = v
	}
	return nil
}

// catalogueSpellings are those of actions, resource types, resources, permissions
// and roles.
var catalogueSpellings = spellings{
	value: func(t target, v any) (any, bool, error) {
		if t.sub != "" {
			return v, true, nil
		}
		v, err := spelled(t.name, v)
		return v, true, err
	},
	path: claimPath,
}

// claimPath makes a path to one claim of a claim_mapper, which the forms hold as
// a list.
func claimPath(p filter.Path, verb string) string {
	if !strings.EqualFold(p.Attr.Name, "claim_mapper") || p.Attr.Sub == "" {
		return p.String()
	}
	path := "claim_mapper[key eq " + string(schema.AppendString(nil, p.Attr.Sub)) + "]"
	if verb != "remove" {
		path += ".value"
	}
	return path
}

// spelled brings the value of one attribute into the words of the forms.
func spelled(name string, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch strings.ToLower(name) {
	case "type":
		return reference(v), nil
	case "actions", "permissions":
		return references(v), nil
	case "statements":
		return statements(v), nil
	case "claim_mapper":
		return claimList(v)
	}
	return v, nil
}

// reference is what refers to a thing: its id, or the thing as it was read.
func reference(v any) any {
	o, ok := v.(schema.Object)
	if !ok {
		return v
	}
	for _, name := range []string{"id", "value", "name"} {
		if s, ok := schema.Field(o, name).(string); ok {
			return s
		}
	}
	return v
}

// references is a list of references; one by itself is a list of one.
func references(v any) any {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]any, len(list))
	for i, x := range list {
		out[i] = reference(x)
	}
	return out
}

// statements have "actions" where clients write "action" too.
func statements(v any) any {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]any, len(list))
	for i, x := range list {
		o, ok := x.(schema.Object)
		if !ok {
			out[i] = x
			continue
		}
		s := some(o, "resource", "deny", "condition")
		s["resource"] = reference(s["resource"])
		actions, ok := member(o, "actions")
		if !ok || actions == nil {
			actions, ok = member(o, "action")
		}
		if ok && actions != nil {
			s["actions"] = references(actions)
		}
		out[i] = s
	}
	return out
}

// claimList is a claim_mapper as the list that the forms hold.
func claimList(v any) (any, error) {
	o, ok := v.(schema.Object)
	if !ok {
		return nil, schema.Errorf(schema.InvalidValue, "claim_mapper is an object of strings.")
	}
	out := make([]any, 0, len(o))
	for _, key := range slices.Sorted(maps.Keys(o)) {
		s, ok := o[key].(string)
		if !ok {
			return nil, schema.Errorf(schema.InvalidValue, "The claim %.100q of claim_mapper is a string.", key)
		}
		if key == "" {
			return nil, schema.Errorf(schema.InvalidValue, "A claim of claim_mapper needs a name.")
		}
		out = append(out, schema.Object{"key": key, "value": s})
	}
	return out, nil
}
