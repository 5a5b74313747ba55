package filter

import "github.com/muster-id/muster/scim/schema"

// Bind resolves the attributes of e in rt and gives its literals the types of
// the attributes. It leaves e alone and returns a new tree.
//
// A bound tree is plainer than a parsed one: "eq null" is written not (a pr)
// and "ne null" a pr; a complex attribute that is compared stands for its
// "value"; brackets on a single-valued attribute, and the bare URN of a schema
// (as in `urn:... pr`), are rewritten; so a Compare without Sub names a simple
// attribute, or stands with Pr, and a Has names a multi-valued complex one.
//
// An attribute that rt does not have is an error if d.RefuseUnknownInFilter;
// otherwise its Compare or Has is kept with a nil Ref.Attr and has no value.
// Errors are *schema.Error with the fault InvalidFilter.
func Bind(e Expr, rt *schema.ResourceType, d schema.Dialect) (Expr, error) { panic("not yet") }

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
func BindPath(p Path, rt *schema.ResourceType, d schema.Dialect) (Bound, error) { panic("not yet") }

// Rows returns the names of the row attributes (schema.Attribute.Rows) that a
// bound filter speaks of, sorted, each once.
func Rows(e Expr) []string { panic("not yet") }
