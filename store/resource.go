package store

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
)

// A Resource is one stored resource of any type.
type Resource struct {
	Org      identity.OrgID
	Type     string
	ID       identity.ID
	Version  int64
	Created  time.Time
	Modified time.Time
	Doc      []byte // as schema.ResourceType.Encode writes it
	// External is a JSON object from provisioning domain to externalId, "" if
	// there is none.
	External string
	// Grouped reports whether a group has the resource as a direct member, so
	// that Groups need not be asked for when it is false. Get, GetMany and a
	// Query that asks for it fill it.
	Grouped bool

	// What follows is computed by DB.Index.
	Keys   Keys
	Tokens []int64
	Unique []UniqueValue
}

// Keys are the normalised columns that filters, orders and uniqueness use. An
// empty string is an absent value.
type Keys struct {
	Name    string // folded userName, unique in its type
	Display string // folded displayName
	Email   string // folded value of the primary e-mail, else of the first
	Emails  string // every folded e-mail between line feeds if there are several
	Label   string // what people call it, as displayed
	Active  Flag
}

// A Flag is a boolean that may be absent.
type Flag int8

// The values of a Flag.
const (
	Absent Flag = iota
	False
	True
)

// A UniqueValue is a value that no other resource of the type may have at Path.
type UniqueValue struct {
	Path string // of the attribute
	Key  string // normalised value
}

// ExternalID returns the externalId of r in a provisioning domain, "" if none.
func (r *Resource) ExternalID(domain string) string { panic("later") }

// SetExternalID changes the externalId of r in a provisioning domain; "" removes
// it.
func (r *Resource) SetExternalID(domain, id string) { panic("later") }

// Index computes Keys, Tokens and Unique of r from its document in canonical
// form and from r.External. It must be called before Insert and Replace. It
// returns Invalid for a name too long to be kept.
func (db *DB) Index(r *Resource, rt *schema.ResourceType, doc schema.Object) error { panic("later") }

// Insert stores a new resource as r stands, with its version and times. It
// returns Conflict when a unique value is taken; on PostgreSQL the conflict may
// show only at the next statement or when Update or Savepoint ends.
func (tx *Tx) Insert(ctx context.Context, r *Resource) error { panic("later") }

// Replace stores r in the place of seen, which Get returned in this
// transaction. It returns Stale when the stored version is not seen's any more,
// and Conflict as Insert does. r.Version must be above seen.Version.
func (tx *Tx) Replace(ctx context.Context, seen, r *Resource) error { panic("later") }

// Get returns one resource or NotFound.
func (tx *Tx) Get(ctx context.Context, org identity.OrgID, typ string, id identity.ID) (*Resource, error) {
	panic("later")
}

// GetMany returns those of the resources that exist, of whatever type.
func (tx *Tx) GetMany(ctx context.Context, org identity.OrgID, ids []identity.ID) (map[identity.ID]*Resource, error) {
	panic("later")
}

// Locate returns the types of those of the resources that exist.
func (tx *Tx) Locate(ctx context.Context, org identity.OrgID, ids []identity.ID) (map[identity.ID]string, error) {
	panic("later")
}

// Delete moves a resource and its memberships into the trash. seen is what Get
// returned in this transaction; it returns Stale when that is not the latest.
// Its names are free at once.
func (tx *Tx) Delete(ctx context.Context, seen *Resource, at time.Time) error { panic("later") }

// Trashed is a deleted resource that can be restored.
type Trashed struct {
	Resource
	Deleted time.Time
}

// Trash lists deleted resources of a type, by id, after the given one.
func (tx *Tx) Trash(ctx context.Context, org identity.OrgID, typ string, after identity.ID, limit int) ([]*Trashed, error) {
	panic("later")
}

// Restore brings a deleted resource back under its id, one version further,
// with those of its memberships whose other end still exists. It returns
// NotFound when it is not in the trash and Conflict when a name of it has been
// taken since.
func (tx *Tx) Restore(ctx context.Context, org identity.OrgID, typ string, id identity.ID, at time.Time) (*Resource, error) {
	panic("later")
}

// Purge removes what was deleted before a time from the trash of every
// organisation, for good.
func (db *DB) Purge(ctx context.Context, before time.Time) (n int, err error) { panic("later") }

// FoldTallies merges the rows that keep totals, so that asking for a total stays
// cheap. It may run at any time on any node.
func (db *DB) FoldTallies(ctx context.Context) error { panic("later") }

// Reindex computes keys, tokens and unique values of every resource of a type
// anew. It must run before a schema that marks more attributes as indexed or
// unique comes into force.
func (db *DB) Reindex(ctx context.Context, org identity.OrgID, rt *schema.ResourceType) error {
	panic("later")
}
