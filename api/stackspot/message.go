package stackspot

import (
	"strings"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/patch"
	"github.com/muster-id/muster/scim/schema"
)

// dialect is how forgiving this door is with its clients.
var dialect = schema.Dialect{
	Name: "stackspot", StringBooleans: true, EmptyClears: true, CreateOnFilter: true, RemoveByValue: true, DottedKeys: true,
	IgnoreReadOnly: true, FirstPrimary: true, AssumeSchemas: true,
}

// A target is what a value of a PATCH is for: an attribute, a part of one, or,
// without a name, a whole extension.
type target struct {
	uri, name, sub string
}

// is reports whether the target is an attribute, or a part of it.
func (t target) is(uri, name string) bool {
	return strings.EqualFold(t.uri, uri) && strings.EqualFold(t.name, name)
}

// spellings are how a collection writes what SCIM writes otherwise.
type spellings struct {
	// value brings a value into the words of SCIM; false leaves it out.
	value func(t target, v any) (any, bool, error)
	// path does the same to a path; nil: nothing.
	path func(p filter.Path, verb string) string
}

// plainMessage brings a PATCH body into the form of RFC 7644 section 3.5.2. The
// API has paths as objects, values that name their attribute once more beside
// the path, and keys in any case. What is wrong otherwise stays as it is, for
// package patch to find.
func plainMessage(body schema.Object, s spellings) (schema.Object, error) {
	list, ok := schema.Field(body, "Operations").([]any)
	if !ok || len(list) > patch.MaxOperations {
		return schema.Object{"Operations": schema.Field(body, "Operations")}, nil
	}
	if len(list) == 0 {
		return nil, schema.Errorf(schema.InvalidValue, "A PATCH needs at least one operation.")
	}
	out := make([]any, 0, len(list))
	for _, x := range list {
		o, ok := x.(schema.Object)
		if !ok {
			out = append(out, x)
			continue
		}
		op, keep, err := s.operation(o)
		if err != nil {
			return nil, err
		}
		if keep {
			out = append(out, op)
		}
	}
	return schema.Object{"Operations": out}, nil
}

// member returns a member of an object, its name in any case.
func member(o schema.Object, name string) (any, bool) {
	if v, ok := o[name]; ok {
		return v, true
	}
	for k, v := range o {
		if strings.EqualFold(k, name) {
			return v, true
		}
	}
	return nil, false
}

// operation brings one operation into the words of SCIM; false leaves it out.
func (s spellings) operation(o schema.Object) (schema.Object, bool, error) {
	out := schema.Object{"op": schema.Field(o, "op")}
	verb, _ := out["op"].(string)
	verb = strings.ToLower(verb)
	path, err := pathText(schema.Field(o, "path"))
	if err != nil {
		return nil, false, err
	}
	value, has := member(o, "value")
	if path == "" {
		if values, ok := value.(schema.Object); ok {
			if value, err = s.values(values); err != nil {
				return nil, false, err
			}
			if len(values) > 0 && len(value.(schema.Object)) == 0 {
				return nil, false, nil // all of it was for the collection itself
			}
		}
		if has {
			out["value"] = value
		}
		return out, true, nil
	}
	out["path"] = path
	p, err := filter.ParsePath(path)
	if err != nil {
		return out, true, err
	}
	t := targetOf(p, path)
	if has {
		value = unwrap(t, path, value)
		if verb == "remove" && blank(value) {
			has = false
		}
	}
	if s.path != nil {
		out["path"] = s.path(p, verb)
	}
	keep := true
	if value, keep, err = s.value(t, value); err != nil || !keep {
		return nil, false, err
	}
	if has {
		out["value"] = value
	}
	return out, true, nil
}

// values brings the members of a value without a path into the words of SCIM.
func (s spellings) values(in schema.Object) (schema.Object, error) {
	out := make(schema.Object, len(in))
	for key, v := range in {
		t := target{name: key}
		if strings.Contains(key, ":") {
			if p, err := filter.ParsePath(key); err == nil {
				t = targetOf(p, key)
			}
		}
		v, keep, err := s.value(t, v)
		if err != nil {
			return nil, err
		}
		if keep {
			out[key] = v
		}
	}
	return out, nil
}

// targetOf is the target of a path. The URN of the extension of this API names
// the extension as a whole.
func targetOf(p filter.Path, path string) target {
	if strings.EqualFold(path, customURN) {
		return target{uri: customURN}
	}
	t := target{p.Attr.URI, p.Attr.Name, p.Attr.Sub}
	if t.sub == "" {
		t.sub = p.Sub
	}
	return t
}

// blank reports whether a value says nothing: null or an object without members.
func blank(v any) bool {
	o, ok := v.(schema.Object)
	return v == nil || ok && len(o) == 0
}

// unwrap takes what a path is about out of a value that names it once more, as
// {"members": [...]} beside the path members.
func unwrap(t target, path string, value any) any {
	o, ok := value.(schema.Object)
	if !ok {
		return value
	}
	if t.uri != "" {
		if inner, ok := schema.Field(o, t.uri).(schema.Object); ok {
			o, value = inner, inner
		}
	}
	inner, ok := member(o, t.name)
	if !ok || t.name == "" || strings.EqualFold(path, customURN) {
		return value
	}
	if _, nested := inner.(schema.Object); free(t.name) && !nested {
		return value
	}
	if parts, ok := inner.(schema.Object); ok && t.sub != "" {
		if part, ok := member(parts, t.sub); ok {
			return part
		}
	}
	return inner
}

// free reports whether an attribute holds an object with members of any name.
func free(name string) bool {
	return strings.EqualFold(name, "claim_mapper") || strings.EqualFold(name, "properties")
}

// replacing is a PATCH that replaces what values name.
func replacing(values schema.Object) schema.Object {
	return schema.Object{"Operations": []any{schema.Object{"op": "replace", "value": values}}}
}
