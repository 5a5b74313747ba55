// Package app holds the rules of OAuth apps and service accounts: what their
// settings may be, how they prove who they are, which redirect belongs to them,
// and how they register themselves (RFC 7591, RFC 7592).
package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/outbound"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// Options are what a Service is made of.
type Options struct {
	DB     *store.DB
	Keys   *secret.Keys
	Fetch  *outbound.Client // for jwks_uri and sector_identifier_uri
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: slog.Default
	Public string           // public URL of the installation, without a slash at its end
}

// A Service is the one place where the rules of apps stand. It is safe for use
// by many goroutines at once.
type Service struct{}

// New makes a Service.
func New(o Options) *Service { panic("not yet") }

// A NewApp is what Create asks for.
type NewApp struct {
	ClientID string // "": one is made. It must not look like a UUID: subjects do
	identity.AppSettings
	Expires time.Time // of its first secret; zero: never
}

// Create makes an app. secret is the text of its first secret, which is shown
// this once, and "" if its AuthMethod needs none. Settings left empty get the
// defaults of Defaults.
func (s *Service) Create(ctx context.Context, by identity.Actor, org identity.OrgID, n NewApp) (a identity.App, secret string, err error) {
	panic("not yet")
}

// Update changes the settings of an app in one transaction; change may run more
// than once. An error of change ends it.
func (s *Service) Update(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID, change func(*identity.AppSettings) error) (identity.App, error) {
	panic("not yet")
}

// Disable shuts an app out at once, or lets it in again.
func (s *Service) Disable(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID, disabled bool) error {
	panic("not yet")
}

// Delete removes an app with its secrets, grants and consents.
func (s *Service) Delete(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID) error {
	panic("not yet")
}

// Get finds an app by client id or UUID, also a disabled one. It is remembered
// while store.DB.Epoch lasts: what it points to must not be changed.
func (s *Service) Get(ctx context.Context, org identity.OrgID, clientIDOrID string) (*identity.App, error) {
	panic("not yet")
}

// ByID is Get for a known id.
func (s *Service) ByID(ctx context.Context, org identity.OrgID, id identity.ID) (*identity.App, error) {
	panic("not yet")
}

// List lists at most limit apps by client id, those after one; "" begins with
// the first.
func (s *Service) List(ctx context.Context, org identity.OrgID, after string, limit int) ([]identity.App, error) {
	panic("not yet")
}

// An IssuedSecret is a secret with its text, which is shown this once.
type IssuedSecret struct {
	identity.AppSecret
	Text string
}

// A Rotation says how AddSecret replaces secrets.
type Rotation struct {
	Expires time.Time // of the new secret; zero: never
	// Overlap is how long the old secrets go on working at most; 0: for as long
	// as they would have anyway, until somebody revokes them.
	Overlap time.Duration
}

// AddSecret gives an app a further secret.
func (s *Service) AddSecret(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID, r Rotation) (IssuedSecret, error) {
	panic("not yet")
}

// RevokeSecret ends one secret at once. Revoking it again changes nothing.
func (s *Service) RevokeSecret(ctx context.Context, by identity.Actor, org identity.OrgID, id, secretID identity.ID) error {
	panic("not yet")
}
