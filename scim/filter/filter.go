// Package filter reads SCIM filters and attribute paths (RFC 7644 sections
// 3.4.2.2 and 3.5.2), binds them to a resource type, and evaluates them in
// memory. The evaluator is the oracle for every other back end.
package filter

import "github.com/muster-id/muster/scim/schema"

// An Op is a comparison operator, in lower case.
type Op string

// The operators of RFC 7644 section 3.4.2.2, table 3.
const (
	Eq Op = "eq"
	Ne Op = "ne"
	Co Op = "co"
	Sw Op = "sw"
	Ew Op = "ew"
	Gt Op = "gt"
	Ge Op = "ge"
	Lt Op = "lt"
	Le Op = "le"
	Pr Op = "pr"
)

// An Expr is a filter: *And, *Or, *Not, *Compare or *Has.
type Expr interface {
	// String prints the filter in a form that parses to the same filter.
	String() string
	expr()
}

// And is true when both sides are.
type And struct{ X, Y Expr }

// Or is true when one side is.
type Or struct{ X, Y Expr }

// Not is true when X is not.
type Not struct{ X Expr }

// Compare compares an attribute with a literal; for Pr there is no literal. A
// multi-valued attribute matches when any of its values does.
type Compare struct {
	Attr AttrPath
	Op   Op
	// Value is the literal: string, bool, int64, float64 or nil. After Bind it
	// has the Go type of the attribute; a dateTime literal becomes a time.Time.
	Value any
	// Key is the schema.Key of a string literal, set by Bind.
	Key string
	// Ref is what Attr names, set by Bind. A nil Ref.Attr after Bind marks an
	// attribute that the resource type does not have: it has no value.
	Ref schema.Ref
}

// Has is a value path, attr[filter]: one and the same element of a multi-valued
// complex attribute satisfies Filter, whose attributes are sub-attributes of
// Attr.
type Has struct {
	Attr   AttrPath
	Filter Expr
	Ref    schema.Ref // set by Bind, as in Compare
}

// An AttrPath names an attribute: [URI:]Name[.Sub], as it was written.
type AttrPath struct {
	URI, Name, Sub string
}

// A Path is the target of a PATCH operation: an attribute, or elements of a
// multi-valued attribute chosen by a filter, or a sub-attribute of those.
type Path struct {
	Attr   AttrPath
	Filter Expr   // nil without [...]
	Sub    string // after the bracket
}
