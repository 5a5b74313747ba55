package store

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

// InsertOrganisation stores a new organisation; Conflict when the slug is taken.
func (tx *Tx) InsertOrganisation(ctx context.Context, o identity.Organisation) error { panic("later") }

// Organisation returns one organisation or NotFound.
func (tx *Tx) Organisation(ctx context.Context, id identity.OrgID) (identity.Organisation, error) {
	panic("later")
}

// OrganisationBySlug returns one organisation or NotFound.
func (tx *Tx) OrganisationBySlug(ctx context.Context, slug string) (identity.Organisation, error) {
	panic("later")
}

// Organisations lists organisations by slug, after the given one.
func (tx *Tx) Organisations(ctx context.Context, after string, limit int) ([]identity.Organisation, error) {
	panic("later")
}

// UpdateOrganisation stores the slug, name, parent and modification time of o.
func (tx *Tx) UpdateOrganisation(ctx context.Context, o identity.Organisation) error { panic("later") }

// DeleteOrganisation removes an organisation with all of its rows.
func (tx *Tx) DeleteOrganisation(ctx context.Context, id identity.OrgID) error { panic("later") }

// InsertConnection stores a new connection; Conflict when its name is taken.
func (tx *Tx) InsertConnection(ctx context.Context, c identity.Connection) error { panic("later") }

// Connection returns one connection or NotFound.
func (tx *Tx) Connection(ctx context.Context, org identity.OrgID, id identity.ID) (identity.Connection, error) {
	panic("later")
}

// ConnectionByName returns one connection or NotFound.
func (tx *Tx) ConnectionByName(ctx context.Context, org identity.OrgID, name string) (identity.Connection, error) {
	panic("later")
}

// Connections lists an organisation's connections by name.
func (tx *Tx) Connections(ctx context.Context, org identity.OrgID) ([]identity.Connection, error) {
	panic("later")
}

// UpdateConnection stores every field of c but its ids and creation time.
func (tx *Tx) UpdateConnection(ctx context.Context, c identity.Connection) error { panic("later") }

// DeleteConnection removes a connection with its tokens.
func (tx *Tx) DeleteConnection(ctx context.Context, org identity.OrgID, id identity.ID) error {
	panic("later")
}

// InsertToken stores a new token.
func (tx *Tx) InsertToken(ctx context.Context, t identity.Token) error { panic("later") }

// TokenByHash returns the token with a hash, in whatever organisation, and its
// connection; NotFound if there is none. It returns revoked and expired tokens
// too: the caller decides.
func (tx *Tx) TokenByHash(ctx context.Context, hash []byte) (identity.Token, identity.Connection, error) {
	panic("later")
}

// Tokens lists a connection's tokens by id.
func (tx *Tx) Tokens(ctx context.Context, org identity.OrgID, connection identity.ID) ([]identity.Token, error) {
	panic("later")
}

// RevokeToken marks a token as revoked; NotFound if there is none.
func (tx *Tx) RevokeToken(ctx context.Context, org identity.OrgID, id identity.ID, at time.Time) error {
	panic("later")
}

// A StoredSchema is a schema that an organisation added.
type StoredSchema struct {
	ID       string // URN
	Doc      []byte // JSON document
	Type     string // name of the resource type that it extends; "" for a type of its own
	Required bool
}

// PutSchema stores a schema, in place of one with the same ID.
func (tx *Tx) PutSchema(ctx context.Context, org identity.OrgID, s StoredSchema) error {
	panic("later")
}

// Schemas lists an organisation's schemas by ID.
func (tx *Tx) Schemas(ctx context.Context, org identity.OrgID) ([]StoredSchema, error) {
	panic("later")
}

// DeleteSchema removes a schema; NotFound if there is none.
func (tx *Tx) DeleteSchema(ctx context.Context, org identity.OrgID, id string) error {
	panic("later")
}

// Record appends a change to the log.
func (tx *Tx) Record(ctx context.Context, c identity.Change) error { panic("later") }

// Changes lists an organisation's changes by id, after the given one.
func (tx *Tx) Changes(ctx context.Context, org identity.OrgID, after identity.ID, limit int) ([]identity.Change, error) {
	panic("later")
}

// ChangesOf lists the changes of one thing, the newest first.
func (tx *Tx) ChangesOf(ctx context.Context, org identity.OrgID, target identity.ID, limit int) ([]identity.Change, error) {
	panic("later")
}

// An AsyncRequest is a request that has been accepted and is not done yet.
type AsyncRequest struct {
	Org        identity.OrgID
	ID         identity.ID
	Connection identity.ID // who sent it
	Txn        string      // names it to the client
	Created    time.Time
	Body       []byte // what is needed to carry it out
}

// An Event is what an accepted request came to, as it is shown to the client
// (RFC 9967).
type Event struct {
	Org        identity.OrgID
	ID         identity.ID
	Connection identity.ID // who may read it
	Txn        string
	At         time.Time
	Doc        []byte
}

// PutAsync stores an accepted request.
func (tx *Tx) PutAsync(ctx context.Context, a AsyncRequest) error { panic("later") }

// Async returns one accepted request that is not done, or NotFound.
func (tx *Tx) Async(ctx context.Context, org identity.OrgID, id identity.ID) (AsyncRequest, error) {
	panic("later")
}

// Asyncs lists accepted requests of every organisation that are not done, the
// oldest first.
func (tx *Tx) Asyncs(ctx context.Context, limit int) ([]AsyncRequest, error) { panic("later") }

// CompleteAsync removes an accepted request because it is done; NotFound if
// somebody else has done so.
func (tx *Tx) CompleteAsync(ctx context.Context, org identity.OrgID, id identity.ID) error {
	panic("later")
}

// PutEvent stores an event.
func (tx *Tx) PutEvent(ctx context.Context, e Event) error { panic("later") }

// Event returns one event or NotFound.
func (tx *Tx) Event(ctx context.Context, org identity.OrgID, id identity.ID) (Event, error) {
	panic("later")
}

// Setting returns a setting of the installation, nil if it is not set.
func (tx *Tx) Setting(ctx context.Context, key string) ([]byte, error) { panic("later") }

// PutSetting stores a setting of the installation.
func (tx *Tx) PutSetting(ctx context.Context, key string, value []byte) error { panic("later") }
