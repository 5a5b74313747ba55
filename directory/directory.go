// Package directory holds the rules of organisations and of what stands in
// them: connections and their tokens, schemas, users, groups and every other
// resource. It knows nothing of HTTP or of wire formats.
package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/memo"
)

// Options are what a Directory is made of.
type Options struct {
	DB   *store.DB
	Keys *secret.Keys
	Now  func() time.Time // nil: time.Now
	Log  *slog.Logger     // nil: slog.Default
	// Session ends the sessions of who is deleted or no longer active; nil: one
	// made of DB, Keys and Now.
	Session *session.Service
	// MaxSchemas bounds the schemas of its own that an organisation may have;
	// 0 means 50.
	MaxSchemas int
}

// A Directory is the one place where the rules stand. It is safe for use by
// many goroutines at once.
type Directory struct {
	db         *store.DB
	keys       *secret.Keys
	clock      func() time.Time
	log        *slog.Logger
	sessions   *session.Service
	maxSchemas int
	standard   *schema.Registry
	tokenKey   [32]byte

	mayChangeMembers func(context.Context, *store.Tx, identity.Actor, identity.ID) error
	mayChangePerson  func(context.Context, *store.Tx, identity.Actor, identity.ID) error

	holders    memo.Map[[32]byte, holder]
	strangers  memo.Map[[32]byte, struct{}]
	registries memo.Map[identity.OrgID, *schema.Registry]

	// indexing is held for reading by writers and for writing by who changes
	// coming, the registries that are about to come into force.
	indexing sync.RWMutex
	coming   map[identity.OrgID]*schema.Registry
}

// New makes a Directory. Call Start before anything else.
func New(o Options) *Directory {
	d := &Directory{
		db: o.DB, keys: o.Keys, clock: o.Now, log: o.Log, sessions: o.Session, maxSchemas: o.MaxSchemas,
		standard: standard(), tokenKey: o.Keys.Derive("connection token"),
		coming: map[identity.OrgID]*schema.Registry{},
	}
	if d.clock == nil {
		d.clock = time.Now
	}
	if d.log == nil {
		d.log = slog.Default()
	}
	if d.sessions == nil {
		d.sessions = session.New(session.Options{DB: o.DB, Keys: o.Keys, Now: o.Now})
	}
	if d.maxSchemas == 0 {
		d.maxSchemas = 50
	}
	d.holders.Max, d.strangers.Max, d.registries.Max = maxHolders, maxHolders, maxHolders
	return d
}

// GuardMembers has may asked, in the transaction, whether an actor may change the
// members of a group: a group can have roles. It is set once, before anything is
// written.
func (d *Directory) GuardMembers(may func(ctx context.Context, tx *store.Tx, by identity.Actor, group identity.ID) error) {
	d.mayChangeMembers = may
}

// guard is what GuardMembers asks.
func (d *Directory) guard(ctx context.Context, tx *store.Tx, by identity.Actor, group identity.ID) error {
	if d.mayChangeMembers == nil {
		return nil
	}
	return d.mayChangeMembers(ctx, tx, by, group)
}

// GuardPeople has may asked, in the transaction, whether an actor may change what
// a user signs in with: who sets a password or an address can become that user.
// It is set once, before anything is written.
func (d *Directory) GuardPeople(may func(ctx context.Context, tx *store.Tx, by identity.Actor, user identity.ID) error) {
	d.mayChangePerson = may
}

// MayHandOver is Denied where an actor may not change what a user signs in with,
// by what GuardPeople asks.
func (d *Directory) MayHandOver(ctx context.Context, tx *store.Tx, by identity.Actor, user identity.ID) error {
	if d.mayChangePerson == nil {
		return nil
	}
	return d.mayChangePerson(ctx, tx, by, user)
}

// signsInBy are the attributes of a user by which somebody signs in, or comes in
// again without the password.
var signsInBy = []string{"userName", "emails", "phoneNumbers", "password"}

// guardPerson is MayHandOver for a change of some attributes of a user.
func (d *Directory) guardPerson(ctx context.Context, tx *store.Tx, by identity.Actor, user identity.ID, paths []string) error {
	if !slices.ContainsFunc(paths, func(p string) bool { return slices.Contains(signsInBy, p) }) {
		return nil
	}
	return d.MayHandOver(ctx, tx, by, user)
}

// now is the time as the database keeps it.
func (d *Directory) now() time.Time { return d.clock().UTC().Truncate(time.Millisecond) }

// keySetting is the setting that remembers the master key's fingerprint.
const keySetting = "master_key"

// Start makes the database ready on every start of a process: it refuses a
// master key other than the one that the database was begun with, and makes the
// root organisation on the first start.
func (d *Directory) Start(ctx context.Context) error {
	err := d.db.Update(ctx, func(tx *store.Tx) error {
		if err := d.checkKey(ctx, tx); err != nil {
			return err
		}
		_, err := tx.OrganisationBySlug(ctx, identity.RootSlug)
		if identity.KindOf(err) != identity.NotFound {
			return err
		}
		at := d.now()
		o := identity.Organisation{ID: identity.NewOrgID(), Slug: identity.RootSlug, Name: "Muster", Created: at, Modified: at}
		if err := tx.InsertOrganisation(ctx, o); err != nil {
			return err
		}
		by := identity.Actor{Kind: identity.BySystem, Org: o.ID, Name: "start"}
		return tx.Record(ctx, d.organisationChange(by, o.ID, identity.Created, o,
			pair{"name", nil, o.Name}, pair{"slug", nil, o.Slug}))
	})
	if identity.KindOf(err) == identity.Conflict {
		return nil // another process made the root at this moment
	}
	if err != nil {
		return fmt.Errorf("start directory: %w", err)
	}
	return nil
}

func (d *Directory) checkKey(ctx context.Context, tx *store.Tx) error {
	have, err := tx.Setting(ctx, keySetting)
	if err != nil {
		return err
	}
	ours := []byte(d.keys.Fingerprint())
	switch {
	case have == nil:
		return tx.PutSetting(ctx, keySetting, ours)
	case !secret.Equal(have, ours):
		return errors.New("the master key is not the one that this database was made with")
	}
	return nil
}
