// Package memory is a SCIM backend that keeps everything in memory. It is
// complete and small: a reference for those who write another one, and a server
// for tests. It keeps passwords as they come; do not give it real ones.
package memory

import (
	"context"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/schema"
)

// A Backend keeps resources in memory. It is safe for concurrent use.
type Backend struct {
	reg *schema.Registry
}

// New makes an empty Backend for the types of reg.
func New(reg *schema.Registry) *Backend { return &Backend{reg: reg} }

// Get implements scim.Backend.
func (b *Backend) Get(ctx context.Context, rt *schema.ResourceType, id string, want scim.Want) (*scim.Resource, error) {
	panic("not yet")
}

// Query implements scim.Backend.
func (b *Backend) Query(ctx context.Context, q scim.Query) (*scim.Page, error) { panic("not yet") }

// Write implements scim.Backend.
func (b *Backend) Write(ctx context.Context, units []scim.Unit, maxErrors int) ([][]scim.Written, error) {
	panic("not yet")
}
