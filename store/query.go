package store

import (
	"context"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// A Query asks for one page of resources of one or more types.
type Query struct {
	Org    identity.OrgID
	Types  []*schema.ResourceType
	Filter map[*schema.ResourceType]filter.Expr // bound per type; nil: no filter
	Sort   map[*schema.ResourceType]schema.Ref  // nil: by creation
	Desc   bool
	Count  int // at most; 0 asks for the total only
	// Start is the 1-based index of the first result; After is the position
	// that an earlier page ended at and wins over Start.
	Start   int
	After   []byte
	Domain  string // provisioning domain of externalId in filters and orders
	Grouped bool   // fill Resource.Grouped
}

// A Page is one page of results. Total counts all matches. Next is the position
// after the last resource, nil on the last page.
type Page struct {
	Total     int
	Resources []*Resource
	Next      []byte
}

// Query returns one page. It returns TooCostly when the answer would need more
// rows to be examined than one request may, and Invalid for an After that no
// page of this query can have ended at.
func (tx *Tx) Query(ctx context.Context, q Query) (*Page, error) { panic("later") }
