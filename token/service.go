// Package token makes and reads everything that an app is given to prove what
// it may do: codes, access tokens, refresh tokens and ID tokens; and it keeps
// the keys that sign them. Issue is the only place where tokens are made, and
// Inspect the only one where an access token is believed.
package token

import (
	"context"
	"log/slog"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/memo"
)

// Options are what a Service is made of.
type Options struct {
	DB     *store.DB
	Keys   *secret.Keys
	Apps   *app.Service
	Claims *claims.Service
	// Entrusted returns what a person may do with our own doors in their
	// organisation; nil: nothing. What of it a token may do its scopes say.
	Entrusted func(ctx context.Context, org identity.OrgID, user identity.ID) (identity.Perms, error)
	Public    string           // where the server is reached, "https://id.example.com"
	Now       func() time.Time // nil: time.Now
	Log       *slog.Logger     // nil: slog.Default
}

// A Service makes, renews, revokes and inspects tokens. It is safe for use by
// many goroutines at once.
type Service struct {
	db        *store.DB
	keys      *secret.Keys
	apps      *app.Service
	claims    *claims.Service
	entrusted func(context.Context, identity.OrgID, identity.ID) (identity.Perms, error)
	public    string
	clock     func() time.Time
	log       *slog.Logger

	codeKey, opaqueKey, refreshKey, revokedKey, proofKey, nonceKey [32]byte

	tenants memo.Map[identity.OrgID, *tenant]
	slugs   memo.Map[string, identity.OrgID]
	signers *lru.Cache[signerID, *signer]
	read    *lru.Cache[[32]byte, *accessClaims] // by the hash of a token that was believed
	lived   *lru.Cache[string, seen]            // by the hash of a token of an app that acts for itself
}

// How much is remembered.
const (
	maxTenants = 4096
	maxSigners = 4096
	maxRead    = 16384
	maxLived   = 4096
)

// New makes a Service.
func New(o Options) *Service {
	s := &Service{
		db: o.DB, keys: o.Keys, apps: o.Apps, claims: o.Claims, entrusted: o.Entrusted,
		public: strings.TrimRight(o.Public, "/"), clock: o.Now, log: o.Log,
		codeKey: o.Keys.Derive("mac code"), opaqueKey: o.Keys.Derive("mac access token"),
		refreshKey: o.Keys.Derive("mac refresh token"), revokedKey: o.Keys.Derive("mac revoked token"),
		proofKey: o.Keys.Derive("mac dpop proof"), nonceKey: o.Keys.Derive("mac dpop nonce"),
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.tenants.Max, s.slugs.Max = maxTenants, maxTenants
	s.signers, _ = lru.New[signerID, *signer](maxSigners) // fails only for sizes below one
	s.read, _ = lru.New[[32]byte, *accessClaims](maxRead)
	s.lived, _ = lru.New[string, seen](maxLived)
	return s
}

// now is the time as the database keeps it.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

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
		return identity.RootSlug, true
	}
	slug, ok = strings.CutPrefix(rest, "/o/")
	if !ok || slug == "" || slug == identity.RootSlug || strings.ContainsAny(slug, "/?#%\x00") {
		return "", false
	}
	return slug, true
}

// A tenant is what is remembered of an organisation.
type tenant struct {
	org    identity.Organisation
	issuer string
	keys   []identity.SigningKey // newest first
}

// tenant returns what is known of an organisation, read anew when the epoch of
// the database has moved.
func (s *Service) tenant(ctx context.Context, org identity.OrgID) (*tenant, error) {
	epoch, err := s.db.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	if t, ok := s.tenants.Get(epoch, org); ok {
		return t, nil
	}
	t := &tenant{}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if t.org, err = tx.Organisation(ctx, org); err != nil {
			return err
		}
		t.keys, err = tx.SigningKeys(ctx, org)
		return err
	})
	if err != nil {
		return nil, err
	}
	sortKeys(t.keys)
	t.issuer = s.Issuer(t.org)
	s.tenants.Put(epoch, org, t)
	return t, nil
}

// orgOfSlug finds an organisation by slug; NotFound if there is none.
func (s *Service) orgOfSlug(ctx context.Context, slug string) (identity.OrgID, error) {
	epoch, err := s.db.Epoch(ctx)
	if err != nil {
		return identity.OrgID{}, err
	}
	if id, ok := s.slugs.Get(epoch, slug); ok {
		return id, nil
	}
	var o identity.Organisation
	err = s.db.View(ctx, func(tx *store.Tx) error {
		o, err = tx.OrganisationBySlug(ctx, slug)
		return err
	})
	if err != nil {
		return identity.OrgID{}, err
	}
	s.slugs.Put(epoch, slug, o.ID)
	return o.ID, nil
}
