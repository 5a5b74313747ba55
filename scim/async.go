package scim

import (
	"context"
	"encoding/json"
)

// Async keeps requests that are carried out after they are answered (RFC 9967
// section 2.5.1.1). Whoever implements it also runs a worker that takes
// submitted requests, calls Server.Run and stores the events.
type Async interface {
	// Submit makes a request durable. The client is told 202 after it returns.
	Submit(ctx context.Context, c *Client, req Request) error
	// Events returns what Server.Run returned for a request of this client; done
	// is false while it waits or runs. An unknown txn is an Error with status 404.
	Events(ctx context.Context, c *Client, txn string) (events []Event, done bool, err error)
}

// A Request is a write to be carried out later. It travels as JSON. The body may
// hold passwords: store it sealed.
type Request struct {
	Txn     string `json:"txn"` // a UUIDv7 in text form
	Method  string `json:"method"`
	Path    string `json:"path"` // below the SCIM root: "/Users/123", "/Bulk"
	Query   string `json:"query,omitempty"`
	IfMatch string `json:"ifMatch,omitempty"`
	IfNone  string `json:"ifNoneMatch,omitempty"`
	Body    []byte `json:"body,omitempty"`
}

// An Event holds the claims of a security event token that tells the outcome of
// one asynchronous operation (RFC 9967 section 2.5.1.3).
type Event struct {
	Issuer   string             `json:"iss"`
	IssuedAt int64              `json:"iat"`
	ID       string             `json:"jti"`
	Txn      string             `json:"txn"`
	Subject  Subject            `json:"sub_id"`
	Events   map[string]Outcome `json:"events"`
}

// A Subject names a resource by its path below the SCIM root.
type Subject struct {
	Format string `json:"format"` // "scim"
	URI    string `json:"uri"`
}

// An Outcome is the result of one operation, as a bulk response shows it.
type Outcome struct {
	Location string          `json:"location,omitempty"`
	Method   string          `json:"method"`
	BulkID   string          `json:"bulkId,omitempty"`
	Version  string          `json:"version,omitempty"`
	Status   string          `json:"status"`
	Response json.RawMessage `json:"response,omitempty"`
}

// Run carries out a submitted request and returns one event, or for /Bulk one
// for each operation carried out. It may be called again after a crash: what an
// earlier call created is not created twice. An error is for failures of the
// backend as a whole; the request should be tried again.
func (s *Server) Run(ctx context.Context, c *Client, req Request) ([]Event, error) {
	panic("not yet")
}
