package patch

import (
	"errors"
	"strings"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// Message is the URN of a PATCH body.
const Message = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

// MaxOperations bounds the operations of one PATCH.
const MaxOperations = 10_000

// Parse checks a decoded PATCH body (schema.Decode) and binds it to rt. Errors
// are *schema.Error.
func Parse(body schema.Object, rt *schema.ResourceType, d schema.Dialect) (*Patch, error) {
	if err := checkSchemas(body, d); err != nil {
		return nil, err
	}
	list, ok := schema.Field(body, "Operations").([]any)
	switch {
	case !ok || len(list) == 0:
		return nil, schema.Errorf(schema.InvalidSyntax, "A PATCH needs a non-empty array 'Operations'.")
	case len(list) > MaxOperations:
		return nil, schema.Errorf(schema.InvalidValue, "A PATCH has at most %d operations; this one has %d.", MaxOperations, len(list))
	}
	p := parser{rt: rt, d: d}
	for i, x := range list {
		p.n = i
		if err := p.operation(x); err != nil {
			return nil, located(i, err)
		}
	}
	return &Patch{rt: rt, d: d, ops: p.ops}, nil
}

// located says in an error which operation it is about.
func located(n int, err error) error {
	e, ok := errors.AsType[*schema.Error](err)
	if !ok {
		return err
	}
	return schema.Errorf(e.Fault, "Operations[%d]: %s", n, e.Detail)
}

func checkSchemas(body schema.Object, d schema.Dialect) error {
	list, ok := schema.Field(body, "schemas").([]any)
	for _, x := range list {
		if s, ok := x.(string); ok && strings.EqualFold(s, Message) {
			return nil
		}
	}
	if d.AssumeSchemas {
		return nil
	}
	if !ok {
		return schema.Errorf(schema.InvalidSyntax, "The attribute 'schemas' is missing; a PATCH needs [%q].", Message)
	}
	return schema.Errorf(schema.InvalidSyntax, "The attribute 'schemas' of a PATCH must hold %q.", Message)
}

// has reports whether o has the member at all; null counts.
func has(o schema.Object, name string) bool {
	for k := range o {
		if strings.EqualFold(k, name) {
			return true
		}
	}
	return false
}

// A parser collects the operations of one body.
type parser struct {
	rt  *schema.ResourceType
	d   schema.Dialect
	n   int
	ops []operation
}

// operation reads one member of "Operations".
func (p *parser) operation(x any) error {
	o, ok := x.(schema.Object)
	if !ok {
		return schema.Errorf(schema.InvalidSyntax, "An operation is a JSON object.")
	}
	name, _ := schema.Field(o, "op").(string)
	v := verb(strings.ToLower(name))
	if v != add && v != remove && v != replace {
		return schema.Errorf(schema.InvalidSyntax, "'op' is add, remove or replace.")
	}
	if v != remove && !has(o, "value") {
		return schema.Errorf(schema.InvalidValue, "The operation %s needs a 'value'.", v)
	}
	value := schema.Field(o, "value")
	path, ok, err := readPath(schema.Field(o, "path"), p.d)
	if err != nil {
		return err
	}
	if ok {
		return p.at(v, path, value)
	}
	if v == remove {
		return schema.Errorf(schema.NoTarget, "The operation remove needs a 'path'.")
	}
	if p.d.RefusePathless {
		return schema.Errorf(schema.InvalidSyntax, "The operation %s needs a 'path' here.", v)
	}
	values, ok := value.(schema.Object)
	if !ok {
		return schema.Errorf(schema.InvalidValue, "Without a 'path' the 'value' of %s is an object of attributes.", v)
	}
	return p.pathless(v, values, nil)
}

// readPath reads the member "path"; false means that there is none. Some
// clients send it in parts, as an object.
func readPath(v any, d schema.Dialect) (filter.Path, bool, error) {
	switch v := v.(type) {
	case nil:
		return filter.Path{}, false, nil
	case string:
		if v == "" && d.AssumeSchemas {
			return filter.Path{}, false, nil
		}
		path, err := filter.ParsePath(v)
		return path, true, err
	case schema.Object:
		path, err := pathParts(v)
		return path, true, err
	}
	return filter.Path{}, false, schema.Errorf(schema.InvalidPath, "'path' is a string.")
}

// pathParts reads a path of the form {"URIPrefix", "AttributeName",
// "SubAttribute", "ValueExpression"}, as a client writes it that encodes its own
// data structure. The expression must be a string.
func pathParts(o schema.Object) (filter.Path, error) {
	text := func(o schema.Object, name string) string {
		s, _ := schema.Field(o, name).(string)
		return s
	}
	attr := o
	if inner, ok := schema.Field(o, "AttributePath").(schema.Object); ok {
		attr = inner
	}
	s := text(attr, "AttributeName")
	if s == "" {
		return filter.Path{}, schema.Errorf(schema.InvalidPath, "'path' is a string, or an object with 'AttributeName'.")
	}
	if uri := strings.TrimSuffix(text(attr, "URIPrefix"), ":"); uri != "" {
		s = uri + ":" + s
	}
	switch e := schema.Field(o, "ValueExpression").(type) {
	case nil:
	case string:
		s += "[" + e + "]"
	default:
		return filter.Path{}, schema.Errorf(schema.InvalidPath, "'ValueExpression' in a path is a string.")
	}
	sub := text(o, "SubAttribute")
	if sub == "" {
		sub = text(attr, "SubAttribute")
	}
	if sub != "" {
		s += "." + sub
	}
	return filter.ParsePath(s)
}
