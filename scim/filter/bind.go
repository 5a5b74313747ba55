package filter

import (
	"slices"
	"strings"

	"github.com/muster-id/muster/scim/schema"
)

// Bind resolves the attributes of e in rt and gives its literals the types of
// the attributes. It leaves e alone and returns a new tree.
//
// A bound tree is plainer than a parsed one: "eq null" is written not (a pr)
// and "ne null" a pr; a complex attribute that is compared stands for its
// "value"; brackets on a single-valued attribute, and the bare URN of a schema
// (as in `urn:... pr`), are rewritten. So a Compare without Sub names a simple
// attribute, or stands with Pr, and a Has names a multi-valued complex one.
//
// An attribute that rt does not have is an error if d.RefuseUnknownInFilter;
// otherwise its Compare or Has is kept with a nil Ref.Attr and has no value.
// Errors are *schema.Error with the fault InvalidFilter.
func Bind(e Expr, rt *schema.ResourceType, d schema.Dialect) (Expr, error) {
	return binder{rt: rt, d: d}.bind(e)
}

// A binder binds a filter, or the inside of brackets if parent is set.
type binder struct {
	rt     *schema.ResourceType
	d      schema.Dialect
	parent *schema.Ref
	// prefix stands before the names inside brackets that are taken away.
	prefix *AttrPath
}

func refuse(format string, args ...any) error {
	return schema.Errorf(schema.InvalidFilter, format, args...)
}

func (b binder) bind(e Expr) (Expr, error) {
	switch e := e.(type) {
	case *And:
		x, y, err := b.both(e.X, e.Y)
		return &And{x, y}, err
	case *Or:
		x, y, err := b.both(e.X, e.Y)
		return &Or{x, y}, err
	case *Not:
		x, err := b.bind(e.X)
		return &Not{x}, err
	case *Has:
		return b.has(e)
	case *Compare:
		return b.compare(e)
	}
	return nil, refuse("The filter has an empty part.")
}

func (b binder) both(x, y Expr) (Expr, Expr, error) {
	x, err := b.bind(x)
	if err != nil {
		return nil, nil, err
	}
	y, err = b.bind(y)
	return x, y, err
}

// find resolves a name. A name that is not known has a nil Attr and no error
// where the dialect allows it.
func (b binder) find(a AttrPath) (schema.Ref, error) {
	if b.parent != nil {
		if b.parent.Attr == nil {
			return schema.Ref{}, nil // inside an unknown attribute
		}
		if a.URI == "" && a.Sub == "" {
			if sub := b.parent.Attr.Sub(a.Name); sub != nil {
				return schema.Ref{Ext: b.parent.Ext, Attr: b.parent.Attr, Sub: sub}, nil
			}
		}
		if b.d.RefuseUnknownInFilter {
			return schema.Ref{}, refuse("The attribute '%s' has no sub-attribute '%s'.", b.parent.Path(), clip(a.String()))
		}
		return schema.Ref{}, nil
	}
	ref, ok := b.rt.Find(a.URI, a.Name, a.Sub)
	if ok {
		return ref, nil
	}
	if b.d.RefuseUnknownInFilter {
		return schema.Ref{}, refuse("The attribute '%s' is not defined for %s.", clip(a.String()), b.rt.Name)
	}
	return schema.Ref{}, nil
}

// readable refuses attributes that are never returned: a filter on a password
// would answer guesses at it.
func readable(ref schema.Ref) error {
	for _, a := range []*schema.Attribute{ref.Attr, ref.Sub} {
		if a != nil && (a.Returned == schema.Never || a.Mutability == schema.WriteOnly) {
			return refuse("The attribute '%s' is never returned and cannot stand in a filter.", ref.Path())
		}
	}
	return nil
}

func (b binder) has(h *Has) (Expr, error) {
	if b.parent != nil {
		return nil, refuse("'%s[...]': brackets do not nest.", h.Attr)
	}
	if h.Attr.Sub != "" {
		return nil, refuse("'%s[...]': brackets follow an attribute, not a sub-attribute.", h.Attr)
	}
	ref, err := b.find(h.Attr)
	if err != nil {
		return nil, err
	}
	if err := readable(ref); err != nil {
		return nil, err
	}
	if ref.Attr != nil && ref.Attr.Type != schema.Complex {
		return nil, refuse("The attribute '%s' has no sub-attributes to filter by.", ref.Path())
	}
	inside := binder{rt: b.rt, d: b.d, parent: &ref}
	if ref.Attr != nil && !ref.Attr.MultiValued {
		inside.prefix = &h.Attr
		f, err := inside.bind(h.Filter)
		return &And{&Compare{Attr: h.Attr, Op: Pr, Ref: ref}, f}, err
	}
	f, err := inside.bind(h.Filter)
	return &Has{Attr: h.Attr, Filter: f, Ref: ref}, err
}

func (b binder) compare(c *Compare) (Expr, error) {
	if b.parent == nil {
		if s := container(b.rt, c.Attr); s != nil {
			if c.Op != Pr {
				return nil, refuse("'%s' names a schema; only pr is defined for it.", c.Attr)
			}
			return b.bind(&Compare{Attr: AttrPath{Name: "schemas"}, Op: Eq, Value: s.ID})
		}
	}
	ref, err := b.find(c.Attr)
	if err != nil {
		return nil, err
	}
	if err := readable(ref); err != nil {
		return nil, err
	}
	out := &Compare{Attr: c.Attr, Op: c.Op, Value: c.Value, Ref: ref}
	if urn, ok := c.Value.(string); ok && ref.Ext == nil && ref.Attr != nil && ref.Attr.Name == "schemas" {
		if s := schemaOf(b.rt, urn); s != nil {
			out.Value = s.ID // a back end need not know that URNs come in any case
		}
	}
	if b.prefix != nil {
		out.Attr = AttrPath{URI: b.prefix.URI, Name: b.prefix.Name, Sub: c.Attr.Name}
	}
	if c.Op == Pr {
		return out, nil
	}
	if c.Value == nil {
		return nullTest(out)
	}
	if ref.Attr == nil {
		return out, nil
	}
	return out, typed(out, b.d)
}

// nullTest rewrites a comparison with null: null and absent are one state (RFC
// 7643 section 2.5).
func nullTest(c *Compare) (Expr, error) {
	test := &Compare{Attr: c.Attr, Op: Pr, Ref: c.Ref}
	switch c.Op {
	case Eq:
		return &Not{test}, nil
	case Ne:
		return test, nil
	}
	return nil, refuse("%s is not defined for null; use eq, ne or pr.", c.Op)
}

// typed checks the operator of a comparison and brings its literal into the
// type of the attribute.
func typed(c *Compare, d schema.Dialect) error {
	leaf := Leaf(c.Ref)
	if leaf == nil {
		return refuse("The attribute '%s' is complex; compare one of its sub-attributes.", c.Ref.Path())
	}
	if c.Ref.Sub == nil && c.Ref.Attr.Type == schema.Complex {
		c.Ref.Sub, c.Attr.Sub = leaf, leaf.Name
	}
	if err := readable(c.Ref); err != nil {
		return err
	}
	if !defined(c.Op, leaf.Type) {
		return refuse("%s is not defined for %s attribute '%s'", c.Op, leaf.Type, c.Ref.Path())
	}
	v, ok := literalFor(leaf.Type, c.Value, d)
	if !ok {
		return refuse("%s is not a value for %s attribute '%s'", clip(literalText(c.Value)), leaf.Type, c.Ref.Path())
	}
	c.Value = v
	if s, ok := v.(string); ok {
		c.Key = schema.Key(leaf, s)
	}
	return nil
}

// defined reports whether an operator has a meaning for values of a type.
func defined(op Op, t schema.Type) bool {
	switch op {
	case Co, Sw, Ew:
		return t == schema.String || t == schema.Reference || t == schema.Binary
	case Gt, Ge, Lt, Le:
		return t != schema.Boolean && t != schema.Binary
	}
	return true
}

// literalFor returns the literal v as a value of type t.
func literalFor(t schema.Type, v any, d schema.Dialect) (any, bool) {
	s, isString := v.(string)
	switch t {
	case schema.Boolean:
		if _, ok := v.(bool); ok {
			return v, true
		}
		if d.StringBooleans && isString && (strings.EqualFold(s, "true") || strings.EqualFold(s, "false")) {
			return strings.EqualFold(s, "true"), true
		}
		return nil, false
	case schema.Integer:
		if f, ok := v.(float64); ok && f == float64(int64(f)) && f > -1<<63 && f < 1<<63 {
			return int64(f), true
		}
		_, ok := v.(int64)
		return v, ok
	case schema.Decimal:
		if i, ok := v.(int64); ok {
			return float64(i), true
		}
		_, ok := v.(float64)
		return v, ok
	case schema.DateTime:
		if !isString {
			return nil, false
		}
		at, err := schema.ParseTime(s)
		return at, err == nil
	}
	return s, isString
}

// container returns the schema of rt that a names by its bare URN, or nil.
func container(rt *schema.ResourceType, a AttrPath) *schema.Schema {
	if a.URI == "" {
		return nil
	}
	return schemaOf(rt, a.String())
}

func schemaOf(rt *schema.ResourceType, urn string) *schema.Schema {
	if strings.EqualFold(rt.Schema.ID, urn) {
		return rt.Schema
	}
	for _, x := range rt.Extensions {
		if strings.EqualFold(x.Schema.ID, urn) {
			return x.Schema
		}
	}
	return nil
}

// Rows returns the names of the row attributes (schema.Attribute.Rows) that a
// bound filter speaks of, sorted, each once.
func Rows(e Expr) []string {
	var names []string
	add := func(r schema.Ref) {
		if r.Attr != nil && r.Attr.Rows {
			names = append(names, r.Attr.Name)
		}
	}
	walk(e, add)
	slices.Sort(names)
	return slices.Compact(names)
}

// walk calls f for every attribute that e names.
func walk(e Expr, f func(schema.Ref)) {
	switch e := e.(type) {
	case *And:
		walk(e.X, f)
		walk(e.Y, f)
	case *Or:
		walk(e.X, f)
		walk(e.Y, f)
	case *Not:
		walk(e.X, f)
	case *Has:
		f(e.Ref)
		walk(e.Filter, f)
	case *Compare:
		f(e.Ref)
	}
}
