package filter

import "github.com/muster-id/muster/scim/schema"

// A Bound is a Path bound to a resource type.
type Bound struct {
	// Ref is the target. Its Attr is nil if the path names a whole Container,
	// or an attribute that the resource type does not have.
	Ref       schema.Ref
	Filter    Expr           // chooses elements of Ref.Attr; bound; nil without [...]
	Container *schema.Schema // the schema that the path names by its bare URN
}

// BindPath resolves a path in rt. An unknown attribute is InvalidPath if
// d.RefuseUnknown and otherwise a Bound with neither Ref nor Container; a filter
// that does not fit the attribute is InvalidFilter.
func BindPath(p Path, rt *schema.ResourceType, d schema.Dialect) (Bound, error) {
	if p.Filter == nil && p.Sub == "" {
		if s := container(rt, p.Attr); s != nil {
			return Bound{Container: s}, nil
		}
	}
	a := p.Attr
	if p.Sub != "" {
		a.Sub = p.Sub
	}
	ref, ok := rt.Find(a.URI, a.Name, a.Sub)
	if !ok {
		if d.RefuseUnknown {
			return Bound{}, schema.Errorf(schema.InvalidPath, "The path '%s' names no attribute of %s.", clip(p.String()), rt.Name)
		}
		return Bound{}, nil
	}
	if p.Filter == nil {
		return Bound{Ref: ref}, nil
	}
	if !ref.Attr.MultiValued || ref.Attr.Type != schema.Complex {
		return Bound{}, schema.Errorf(schema.InvalidPath,
			"The path '%s' filters '%s', which is not a multi-valued complex attribute.", clip(p.String()), ref.Attr.Name)
	}
	parent := ref
	parent.Sub = nil
	// A filter in a path chooses what a write touches: a misspelled name in it
	// must not choose everything or nothing in silence.
	d.RefuseUnknownInFilter = true
	f, err := binder{rt: rt, d: d, parent: &parent}.bind(p.Filter)
	return Bound{Ref: ref, Filter: f}, err
}
