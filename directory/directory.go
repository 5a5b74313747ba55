// Package directory holds the rules of organisations and of what stands in
// them: connections and their tokens, schemas, users, groups and every other
// resource. It knows nothing of HTTP or of wire formats.
package directory

import (
	"context"
	"log/slog"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// Options are what a Directory is made of.
type Options struct {
	DB   *store.DB
	Keys *secret.Keys
	Now  func() time.Time // nil: time.Now
	Log  *slog.Logger     // nil: slog.Default
	// MaxSchemas bounds the schemas of its own that an organisation may have;
	// 0 means 50.
	MaxSchemas int
}

// A Directory is the one place where the rules stand. It is safe for use by
// many goroutines at once.
type Directory struct {
	db   *store.DB
	keys *secret.Keys
	now  func() time.Time
	log  *slog.Logger
}

// New makes a Directory. Call Start before anything else.
func New(o Options) *Directory { panic("not yet") }

// Start makes the database ready on every start of a process: it refuses a
// master key other than the one that the database was begun with, and makes the
// root organisation on the first start.
func (d *Directory) Start(ctx context.Context) error { panic("not yet") }

// NewOrganisation is what CreateOrganisation asks for.
type NewOrganisation struct {
	Parent identity.OrgID // zero: the root organisation
	Slug   string
	Name   string // "": the slug
}

// RootSlug is the slug of the root organisation.
const RootSlug = "root"

// Root returns the root organisation.
func (d *Directory) Root(ctx context.Context) (identity.Organisation, error) { panic("not yet") }

// Organisation finds an organisation by slug or UUID.
func (d *Directory) Organisation(ctx context.Context, slugOrID string) (identity.Organisation, error) {
	panic("not yet")
}

// Organisations lists organisations by slug, beginning after one.
func (d *Directory) Organisations(ctx context.Context, after string, limit int) ([]identity.Organisation, error) {
	panic("not yet")
}

// CreateOrganisation makes an organisation below another.
func (d *Directory) CreateOrganisation(ctx context.Context, by identity.Actor, o NewOrganisation) (identity.Organisation, error) {
	panic("not yet")
}

// RenameOrganisation changes slug and name; "" leaves one as it is.
func (d *Directory) RenameOrganisation(ctx context.Context, by identity.Actor, id identity.OrgID, slug, name string) (identity.Organisation, error) {
	panic("not yet")
}

// DeleteOrganisation removes an organisation with everything in it, for good.
// One that has organisations below it stays, with a Conflict; so does the root.
func (d *Directory) DeleteOrganisation(ctx context.Context, by identity.Actor, id identity.OrgID) error {
	panic("not yet")
}

// NewConnection is what CreateConnection asks for.
type NewConnection struct {
	Name    string
	Dialect string // "": "rfc"
	Domain  string // provisioning domain of externalId; "": the connection's own
	User    identity.ID
	Rate    int       // requests a second, 0 without limit
	Expires time.Time // of its first token; zero: never
}

// An IssuedToken is a token with its text, which is shown this once.
type IssuedToken struct {
	identity.Token
	Text string
}

// CreateConnection makes a connection and its first token.
func (d *Directory) CreateConnection(ctx context.Context, by identity.Actor, org identity.OrgID, c NewConnection) (identity.Connection, IssuedToken, error) {
	panic("not yet")
}

// Connection finds a connection by name or UUID.
func (d *Directory) Connection(ctx context.Context, org identity.OrgID, nameOrID string) (identity.Connection, error) {
	panic("not yet")
}

// Connections lists the connections of an organisation by name.
func (d *Directory) Connections(ctx context.Context, org identity.OrgID) ([]identity.Connection, error) {
	panic("not yet")
}

// DisableConnection shuts a connection out, or lets it in again.
func (d *Directory) DisableConnection(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID, disabled bool) error {
	panic("not yet")
}

// DeleteConnection removes a connection with its tokens. What it provisioned
// stays.
func (d *Directory) DeleteConnection(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID) error {
	panic("not yet")
}

// Tokens lists the tokens of a connection, the newest first.
func (d *Directory) Tokens(ctx context.Context, org identity.OrgID, connection identity.ID) ([]identity.Token, error) {
	panic("not yet")
}

// A Rotation says how RotateToken replaces tokens.
type Rotation struct {
	Expires time.Time // of the new token; zero: never
	// Overlap is how long the old tokens go on working; 0: for as long as they
	// would have, until they are revoked.
	Overlap time.Duration
}

// RotateToken gives a connection a further token.
func (d *Directory) RotateToken(ctx context.Context, by identity.Actor, org identity.OrgID, connection identity.ID, r Rotation) (IssuedToken, error) {
	panic("not yet")
}

// RevokeToken ends one token at once.
func (d *Directory) RevokeToken(ctx context.Context, by identity.Actor, org identity.OrgID, token identity.ID) error {
	panic("not yet")
}

// RevokeTokens ends all tokens of a connection at once and says how many lived.
func (d *Directory) RevokeTokens(ctx context.Context, by identity.Actor, org identity.OrgID, connection identity.ID) (int, error) {
	panic("not yet")
}

// Authenticate finds who a bearer token belongs to. An unknown, expired or
// revoked token, and that of a disabled connection, are one and the same
// Unauthenticated error.
func (d *Directory) Authenticate(ctx context.Context, token string) (identity.Connection, identity.Organisation, error) {
	panic("not yet")
}

// NewSchema is what AddSchema asks for.
type NewSchema struct {
	Doc      []byte // a SCIM schema document (RFC 7643 section 7)
	Type     string // the resource type that it extends, "User"
	Required bool
}

// An OwnSchema is a schema that an organisation added.
type OwnSchema struct {
	Schema   *schema.Schema
	Type     string
	Required bool
}

// AddSchema adds an extension of an organisation's own, from the next request
// on and without a restart.
func (d *Directory) AddSchema(ctx context.Context, by identity.Actor, org identity.OrgID, s NewSchema) (OwnSchema, error) {
	panic("not yet")
}

// OwnSchemas lists the schemas that an organisation added.
func (d *Directory) OwnSchemas(ctx context.Context, org identity.OrgID) ([]OwnSchema, error) {
	panic("not yet")
}

// DeleteSchema removes a schema that the organisation added. Values under it
// are kept with the resources and no longer shown.
func (d *Directory) DeleteSchema(ctx context.Context, by identity.Actor, org identity.OrgID, id string) error {
	panic("not yet")
}

// Registry returns the schemas and resource types that an organisation sees.
func (d *Directory) Registry(ctx context.Context, org identity.OrgID) (*schema.Registry, error) {
	panic("not yet")
}
