package patch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// at adds the operation on one path.
func (p *parser) at(v verb, path filter.Path, value any) error {
	b, err := filter.BindPath(path, p.rt, p.d)
	if err != nil {
		return err
	}
	switch {
	case b.Container != nil:
		return p.container(v, b.Container, value)
	case b.Ref.Attr == nil && p.d.IgnoreReadOnly:
		return nil // as little writable as what is read-only
	case b.Ref.Attr == nil:
		return schema.Errorf(schema.InvalidPath, "The path '%s' names no attribute of %s.", clip(path.String()), p.rt.Name)
	case p.d.RefuseWholeFilterPath && b.Filter != nil && b.Ref.Sub == nil && v != remove:
		// Removing an element has no other path.
		return schema.Errorf(schema.InvalidPath, "The path '%s' must end in a sub-attribute.", clip(path.String()))
	}
	return p.bound(v, b, value)
}

// container adds the operations on all attributes of a schema.
func (p *parser) container(v verb, s *schema.Schema, value any) error {
	ext := s
	if s == p.rt.Schema {
		ext = nil
	}
	if value != nil && p.d.EmptyClears && isEmpty(value) {
		value = nil
	}
	if v == add && value == nil {
		return nil
	}
	if v == remove || value == nil {
		if ext == nil {
			return schema.Errorf(schema.Unwritable, "The core schema '%s' cannot be removed.", s.ID)
		}
		for _, x := range p.rt.Extensions {
			if x.Schema == ext && x.Required {
				return schema.Errorf(schema.Unwritable, "The extension '%s' is required and cannot be removed.", s.ID)
			}
		}
		p.ops = append(p.ops, operation{n: p.n, verb: remove, container: ext})
		return nil
	}
	values, ok := value.(schema.Object)
	if !ok {
		return schema.Errorf(schema.InvalidValue, "The value of '%s' is an object of attributes.", s.ID)
	}
	return p.pathless(v, values, ext)
}

// pathless adds one operation for each member of values: attributes of ext, or,
// if that is nil, attributes of the resource and whole schemas. Members apply in
// the order of their names, so that "name" comes before "name.givenName".
func (p *parser) pathless(v verb, values schema.Object, ext *schema.Schema) error {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if err := p.key(v, key, values[key], ext); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) key(v verb, key string, value any, ext *schema.Schema) error {
	uri := ""
	if ext != nil {
		uri = ext.ID
	}
	if ref, ok := p.rt.Find(uri, key, ""); ok {
		if ref.Attr.Rows && value == nil {
			return nil // "members": null says nothing about them (O9)
		}
		return p.bound(v, filter.Bound{Ref: ref}, value)
	}
	if ext == nil {
		if s := p.schemaNamed(key); s != nil {
			return p.container(v, s, value)
		}
	}
	path, err := filter.ParsePath(key)
	if err != nil || !strings.ContainsAny(key, ".:[") {
		return p.unknown(key)
	}
	if ext != nil && path.Attr.URI == "" {
		path.Attr.URI = ext.ID
	}
	b, err := filter.BindPath(path, p.rt, p.d)
	switch {
	case err != nil:
		return err
	case b.Ref.Attr == nil:
		return p.unknown(key)
	case !p.d.DottedKeys:
		return schema.Errorf(schema.InvalidSyntax, "'%s' is a path and cannot be the name of an attribute here.", clip(key))
	}
	return p.bound(v, b, value)
}

// clip shortens what a client sent for an error.
func clip(s string) string { return fmt.Sprintf("%.200s", s) }

func (p *parser) unknown(key string) error {
	if p.d.RefuseUnknown {
		return schema.Errorf(schema.InvalidSyntax, "%s has no attribute '%s'.", p.rt.Name, clip(key))
	}
	return nil
}

// schemaNamed returns the schema of the type with a URN, or nil.
func (p *parser) schemaNamed(urn string) *schema.Schema {
	if strings.EqualFold(p.rt.Schema.ID, urn) {
		return p.rt.Schema
	}
	return p.rt.Extension(urn)
}

// bound adds the operation on one attribute.
func (p *parser) bound(v verb, b filter.Bound, value any) error {
	op := operation{n: p.n, verb: v, ref: b.Ref, filter: b.Filter}
	if b.Ref.Attr.Name == "schemas" && b.Ref.Ext == nil {
		return p.schemas(v, value)
	}
	if readOnly(b.Ref) {
		return p.readOnly(op, value)
	}
	if b.Ref.Attr.Rows {
		return p.rows(op, value)
	}
	if b.Filter != nil {
		if op.seed = seed(b.Filter); op.seed != nil && p.d.CreateOnFilter {
			if err := p.checkSeed(&op); err != nil {
				return err
			}
		}
	}
	if err := p.value(&op, value); err != nil {
		return err
	}
	p.ops = append(p.ops, op)
	return nil
}

// schemas checks a change to "schemas", which has no other effect: the list
// follows from the attributes that the resource has.
func (p *parser) schemas(v verb, value any) error {
	if v == remove {
		return schema.Errorf(schema.Unwritable, "The attribute 'schemas' cannot be removed.")
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, x := range list {
		s, ok := x.(string)
		if !ok {
			return schema.Errorf(schema.InvalidValue, "The attribute 'schemas' holds strings.")
		}
		if p.d.RefuseUnknown && p.schemaNamed(s) == nil {
			return schema.Errorf(schema.InvalidSyntax, "%s has no schema '%s'.", p.rt.Name, clip(s))
		}
	}
	return nil
}

func readOnly(ref schema.Ref) bool {
	return ref.Attr.Mutability == schema.ReadOnly || ref.Sub != nil && ref.Sub.Mutability == schema.ReadOnly
}

// readOnly handles an operation on an attribute that the client cannot write:
// it is ignored, allowed if it sets a simple value that is there already, or
// refused.
func (p *parser) readOnly(op operation, value any) error {
	if p.d.IgnoreReadOnly {
		return nil
	}
	s, ok := value.(string)
	if op.verb == remove || op.ref.Attr.MultiValued || op.ref.Sub != nil || !ok {
		return unwritable(op.ref, "is read-only")
	}
	op.must = s
	p.ops = append(p.ops, op)
	return nil
}

func unwritable(ref schema.Ref, why string) error {
	return schema.Errorf(schema.Unwritable, "The attribute '%s' %s.", ref.Path(), why)
}

// checkSeed holds what a filter may create to the rules for values.
func (p *parser) checkSeed(op *operation) error {
	x, err := p.rt.Element(schema.Ref{Ext: op.ref.Ext, Attr: op.ref.Attr}, op.seed, p.d)
	if err != nil {
		return err
	}
	if op.seed, _ = x.(schema.Object); op.seed == nil {
		op.seed = schema.Object{}
	}
	return nil
}

// seed returns the element that a filter describes, if it is made of eq terms
// joined by and: what CreateOnFilter creates. It is nil for other filters.
func seed(e filter.Expr) schema.Object {
	o := schema.Object{}
	if !grow(o, e) {
		return nil
	}
	return o
}

func grow(o schema.Object, e filter.Expr) bool {
	switch e := e.(type) {
	case *filter.And:
		return grow(o, e.X) && grow(o, e.Y)
	case *filter.Compare:
		if e.Op != filter.Eq || e.Ref.Sub == nil || e.Ref.Sub.Mutability == schema.ReadOnly {
			return false
		}
		v := e.Value
		if t, ok := v.(time.Time); ok {
			v = schema.FormatTime(t)
		}
		if e.Ref.Sub.MultiValued {
			v = []any{v}
		}
		if old, ok := o[e.Ref.Sub.Name]; ok && !schema.EqualValues(old, v) {
			return false
		}
		o[e.Ref.Sub.Name] = v
		return true
	}
	return false
}
