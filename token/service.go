// Package token makes and reads everything that an app is given to prove what
// it may do: codes, access tokens, refresh tokens and ID tokens; and it keeps
// the keys that sign them. Issue is the only place where tokens are made, and
// Inspect the only one where an access token is believed.
package token

import (
	"log/slog"
	"strings"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// Options are what a Service is made of.
type Options struct {
	DB     *store.DB
	Keys   *secret.Keys
	Apps   *app.Service
	Claims *claims.Service
	Public string           // where the server is reached, "https://id.example.com"
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: slog.Default
}

// A Service makes, renews, revokes and inspects tokens. It is safe for use by
// many goroutines at once.
type Service struct {
	db     *store.DB
	keys   *secret.Keys
	apps   *app.Service
	claims *claims.Service
	public string
	clock  func() time.Time
	log    *slog.Logger
}

// New makes a Service.
func New(o Options) *Service {
	s := &Service{db: o.DB, keys: o.Keys, apps: o.Apps, claims: o.Claims, public: strings.TrimRight(o.Public, "/"), clock: o.Now, log: o.Log}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	return s
}

// now is the time as the database keeps it.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// rootSlug is the slug of the root organisation, whose issuer has no path.
const rootSlug = "root"

// Issuer returns the issuer of an organisation: the public address for the root
// organisation, "/o/slug" below it for the others.
func (s *Service) Issuer(o identity.Organisation) string {
	if o.Parent.IsZero() {
		return s.public
	}
	return s.public + "/o/" + o.Slug
}

// OrgOfIssuer returns the slug of the organisation whose issuer iss is. Whether
// there is such an organisation is not looked up.
func (s *Service) OrgOfIssuer(iss string) (slug string, ok bool) {
	rest, ok := strings.CutPrefix(iss, s.public)
	if !ok {
		return "", false
	}
	if rest == "" {
		return rootSlug, true
	}
	slug, ok = strings.CutPrefix(rest, "/o/")
	if !ok || slug == "" || slug == rootSlug || strings.ContainsAny(slug, "/?#%") {
		return "", false
	}
	return slug, true
}
