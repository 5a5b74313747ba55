// Package patch applies SCIM PATCH requests (RFC 7644 section 3.5.2) to objects
// in canonical form, in the dialect of the client.
package patch

import (
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// A RowEdit is a change to an attribute whose values are rows beside the
// document (schema.Attribute.Rows). Edits apply in order. They belong to the
// Patch and must not be changed.
type RowEdit struct {
	Attr string // "members"
	Op   RowOp
	// Values are the elements to add or to leave in place, in canonical form,
	// each with at least "value". Of several with one value the last counts.
	Values []schema.Object
	// Filter chooses the rows to remove, bound to the attribute's
	// sub-attributes as in filter.Has; nil with Values set removes the rows with
	// those "value"s.
	Filter filter.Expr
}

// A RowOp says what a RowEdit does.
type RowOp string

// The row operations. AddRows ignores rows that are there, RemoveRows ignores
// rows that are not, ReplaceRows leaves exactly Values (none: the empty group).
const (
	AddRows     RowOp = "add"
	RemoveRows  RowOp = "remove"
	ReplaceRows RowOp = "replace"
)

// A Patch is a PatchOp body, parsed and bound to a resource type. It is
// immutable and may be applied many times.
type Patch struct {
	rt  *schema.ResourceType
	ops []operation
	d   schema.Dialect
}

// A verb is the "op" of an operation.
type verb string

const (
	add     verb = "add"
	remove  verb = "remove"
	replace verb = "replace"
)

// An operation is one change to one attribute. A member of "Operations" without
// a path becomes several.
type operation struct {
	n    int // position in "Operations", for errors
	verb verb
	ref  schema.Ref
	// filter chooses elements of ref.Attr, nil for all; seed is the element that
	// its eq terms describe, nil if they describe none.
	filter filter.Expr
	seed   schema.Object
	// value is canonical; nil when there is none. For a multi-valued attribute as
	// a whole it is []any; with filter and without ref.Sub an Object.
	value any
	// must is what a read-only attribute has to hold already.
	must any
	// container is an extension to remove, if ref.Attr is nil.
	container *schema.Schema
	rows      *RowEdit
}
