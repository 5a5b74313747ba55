// Package patch applies SCIM PATCH requests (RFC 7644 section 3.5.2) to objects
// in canonical form, in the dialect of the client.
package patch

import (
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// A RowEdit is a change to an attribute whose values are rows beside the
// document (schema.Attribute.Rows). Edits apply in order.
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

type operation struct{}
