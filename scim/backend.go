// Package scim is a SCIM 2.0 server over any [Backend]: RFC 7643 and RFC 7644
// whole, cursors (RFC 9865), asynchronous requests (RFC 9967).
//
// The server parses, checks and canonicalises what clients send, by the schemas
// and the dialect of the [Client], and renders what they get. The backend keeps
// resources and knows what only the data can tell. Package memory holds the
// smallest complete one.
package scim

import (
	"context"
	"time"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/patch"
	"github.com/muster-id/muster/scim/schema"
)

// A Client is who sent a request, as Options.Authenticate found out.
type Client struct {
	ID      string // binds cursors; never shown
	User    string // id of the User resource behind the client, for /Me; "" if none
	Dialect schema.Dialect
	Base    string           // absolute URL of the SCIM root, "https://h/scim/v2", no slash at the end
	Types   *schema.Registry // the schemas and resource types that this client sees
	Backend Backend
}

// A Backend keeps resources for one client. The server has checked and
// canonicalised everything that it passes; the backend keeps what cannot be
// known without the data: uniqueness, references, versions. An *Error is
// answered as it is, a *schema.Error as its fault, any other as 500.
type Backend interface {
	// Get returns one resource, or an Error with status 404.
	Get(ctx context.Context, rt *schema.ResourceType, id string, want Want) (*Resource, error)
	// Query returns one page.
	Query(ctx context.Context, q Query) (*Page, error)
	// Write carries out units in order. The writes of one unit succeed or fail
	// together and may refer to each other's new ids in any direction; units are
	// independent. It stops after maxErrors failed units, if that is over 0, and
	// then returns fewer results. When it returns, everything that a result calls
	// done is durable. The error is for failures of the backend as a whole.
	Write(ctx context.Context, units []Unit, maxErrors int) ([][]Written, error)
}

// Want says which parts of a resource beyond its document the answer needs, so
// that a backend does not read members that nobody asked for.
type Want struct {
	Rows func(attr string) bool // per attribute with schema.Attribute.Rows; nil: none
}

// A Resource is one stored resource. Doc is its JSON object without "meta",
// "externalId" and row attributes; the server adds those without decoding Doc.
type Resource struct {
	Type       *schema.ResourceType
	ID         string
	ExternalID string // in the provisioning domain of the client
	Version    int64  // counts up; ETag W/"n"
	Created    time.Time
	Modified   time.Time
	Doc        []byte
	Rows       map[string][]Row // "members", "groups"; only what Want asked for
}

// A Row is one value of a row attribute. The server computes "$ref" from Type
// and Value.
type Row struct {
	Value   string
	Display string
	Type    string // name of the resource type it refers to: "User", "Group"
	Kind    string // for "groups": "direct" or "indirect", sent as "type"
}

// A Query asks for one page of resources of one or more types.
type Query struct {
	Types  []*schema.ResourceType
	Filter map[*schema.ResourceType]filter.Expr // bound per type; nil: no filter
	Sort   map[*schema.ResourceType]schema.Ref  // nil: by creation
	Desc   bool
	Count  int // at most; 0 asks for the total only
	// Start is the 1-based index of the first result; After is the position
	// that an earlier page ended at and wins over Start.
	Start int
	After []byte
	Want  Want
}

// A Page is one page of results. Total counts all matches. Next is the position
// after the last resource, nil on the last page.
type Page struct {
	Total     int
	Resources []*Resource
	Next      []byte
}

// A Unit is a list of writes that stand or fall together; all but those of
// circular bulk references have one.
type Unit []Write

// A Method says what a Write does.
type Method string

// The methods of a Write.
const (
	Create Method = "create"
	Modify Method = "modify" // PUT and PATCH
	Delete Method = "delete"
)

// A Write is one change to one resource.
type Write struct {
	Method Method
	Type   *schema.ResourceType
	ID     string // for Create the new id, made by the server (UUIDv7)
	// Doc is the whole document of a Create in canonical form, with externalId
	// and without row attributes, which stand in Rows.
	Doc  schema.Object
	Rows []patch.RowEdit
	// Change computes the new document of a Modify from the stored one (with
	// externalId, without meta and row attributes). It may be called again and
	// must not keep old. Equal documents and edits without effect leave no trace.
	Change func(old schema.Object) (schema.Object, []patch.RowEdit, error)
	// If accepts the stored version, or is nil. When it returns false the write
	// fails with status 412.
	If func(version int64) bool
	// Want is for the resource in Written.
	Want Want
}

// Written is the outcome of a Write.
type Written struct {
	Resource *Resource // nil after Delete and after an error
	Changed  bool      // false for a write that had no effect
	Err      error     // in a failed unit, at the write that caused the failure
}
