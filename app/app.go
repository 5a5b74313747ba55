// Package app holds the rules of OAuth apps and service accounts: what their
// settings may be, how they prove who they are, which redirect belongs to them,
// and how they register themselves (RFC 7591, RFC 7592).
package app

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/outbound"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/memo"
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
type Service struct {
	db     *store.DB
	keys   *secret.Keys
	fetch  *outbound.Client
	clock  func() time.Time
	log    *slog.Logger
	public string

	secretKey, assertionKey, registrationKey, initialKey [32]byte

	apps      memo.Map[name, *identity.App]
	strangers memo.Map[name, struct{}]                // names of no app
	homes     memo.Map[string, identity.Organisation] // of client ids
	providers memo.Map[identity.OrgID, Provider]
	ring      keyring
}

// A name is a client id or a UUID in an organisation.
type name struct {
	org  identity.OrgID
	text string
}

// New makes a Service.
func New(o Options) *Service {
	s := &Service{
		db: o.DB, keys: o.Keys, fetch: o.Fetch, clock: o.Now, log: o.Log, public: o.Public,
		secretKey: o.Keys.Derive("app secret"), assertionKey: o.Keys.Derive("client assertion"),
		registrationKey: o.Keys.Derive("registration token"), initialKey: o.Keys.Derive("initial registration token"),
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.fetch == nil {
		s.fetch = outbound.New(outbound.Options{})
	}
	return s
}

// now is the time as the database keeps it.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// A NewApp is what Create asks for.
type NewApp struct {
	ClientID string // "": one is made. It must not look like a UUID: subjects do
	identity.AppSettings
	WithoutPKCE bool      // for a confidential app that cannot do PKCE
	Expires     time.Time // of its first secret; zero: never
}

// Create makes an app. text is that of its first secret, which is shown this
// once, and "" if its AuthMethod needs none. Settings left empty get the
// defaults of Defaults. Only who may do a thing can let an app do it: privileged
// scopes that open more than by has are Denied.
func (s *Service) Create(ctx context.Context, by identity.Actor, org identity.OrgID, n NewApp) (a identity.App, text string, err error) {
	p, err := s.Provider(ctx, org)
	if err != nil {
		return a, "", err
	}
	at := s.now()
	a = identity.App{Org: org, ID: identity.NewID(), ClientID: n.ClientID, Created: at, Modified: at, Version: 1, AppSettings: clone(n.AppSettings)}
	if a.ClientID == "" {
		a.ClientID = newClientID()
	}
	Defaults(&a.AppSettings)
	a.RequirePKCE = a.RequirePKCE && !n.WithoutPKCE
	settle(&a.AppSettings)
	if err := checkClientID(a.ClientID); err != nil {
		return identity.App{}, "", err
	}
	if err := refusal(s.faults(ctx, a.AppSettings, identity.AppSettings{}, p)); err != nil {
		return identity.App{}, "", err
	}
	if err := mayGive(by, a.AppSettings); err != nil {
		return identity.App{}, "", err
	}
	issued, err := s.firstSecret(&a, n.Expires)
	if err != nil {
		return identity.App{}, "", err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error { return s.insert(ctx, tx, by, a) })
	if err != nil {
		return identity.App{}, "", err
	}
	return a, issued.Text, nil
}

// insert stores a new app with the secrets that it has.
func (s *Service) insert(ctx context.Context, tx *store.Tx, by identity.Actor, a identity.App) error {
	if _, err := tx.Organisation(ctx, a.Org); err != nil {
		return err
	}
	if err := references(ctx, tx, by, &a); err != nil {
		return err
	}
	if err := tx.InsertApp(ctx, a); err != nil {
		return err
	}
	for _, secret := range a.Secrets {
		if err := tx.InsertAppSecret(ctx, a.Org, a.ID, secret); err != nil {
			return err
		}
	}
	return tx.Record(ctx, s.change(by, identity.Created, a, identity.App{}))
}

// references makes sure that what the settings name is there, and that by may let
// the app stand for it.
func references(ctx context.Context, tx *store.Tx, by identity.Actor, a *identity.App) error {
	if err := mayConnect(ctx, tx, by, a); err != nil {
		return err
	}
	var ids []identity.ID
	want := map[identity.ID]string{}
	for typ, list := range map[string][]string{"User": a.Owners, "Group": a.Groups} {
		for _, text := range list {
			if id, ok := identity.ParseID(text); ok {
				ids, want[id] = append(ids, id), typ
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	types, err := tx.Locate(ctx, a.Org, ids)
	for id, typ := range want {
		if err == nil && types[id] != typ {
			err = identity.NewError(identity.Invalid, "", "There is no "+strings.ToLower(typ)+" "+id.String()+".")
		}
	}
	return err
}

// maxTries is how often Update begins again when others were faster.
const maxTries = 10

// Update changes the settings of an app; change is called again if another
// writer was faster. An error of change ends it. What Create refuses is refused,
// and an app that may do more than by may cannot be changed by them.
func (s *Service) Update(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID, change func(*identity.AppSettings) error) (a identity.App, err error) {
	p, err := s.Provider(ctx, org)
	if err != nil {
		return a, err
	}
	for range maxTries {
		a, err = s.update(ctx, by, org, id, p, change)
		if identity.KindOf(err) != identity.Stale {
			return a, err
		}
	}
	return a, err
}

func (s *Service) update(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID, p Provider, change func(*identity.AppSettings) error) (identity.App, error) {
	old, err := s.read(ctx, org, id)
	if err != nil {
		return identity.App{}, err
	}
	a := old
	a.AppSettings = clone(old.AppSettings)
	if err := change(&a.AppSettings); err != nil {
		return identity.App{}, err
	}
	settle(&a.AppSettings)
	if err := refusal(s.faults(ctx, a.AppSettings, old.AppSettings, p)); err != nil {
		return identity.App{}, err
	}
	if err := mayGive(by, old.AppSettings, a.AppSettings); err != nil {
		return identity.App{}, err
	}
	return s.replace(ctx, by, a, old)
}

// replace stores an app in place of the version that was read, unless nothing
// differs. added are secrets of a that old does not have.
func (s *Service) replace(ctx context.Context, by identity.Actor, a, old identity.App, added ...identity.AppSecret) (identity.App, error) {
	row := s.change(by, identity.Patched, a, old)
	if len(row.Paths) == 0 {
		return old, nil
	}
	a.Modified = s.now()
	row.Version = a.Version + 1
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if err := references(ctx, tx, by, &a); err != nil {
			return err
		}
		if err := tx.UpdateApp(ctx, a); err != nil {
			return err
		}
		for _, secret := range added {
			if err := tx.InsertAppSecret(ctx, a.Org, a.ID, secret); err != nil {
				return err
			}
		}
		return tx.Record(ctx, row)
	})
	if err != nil {
		return identity.App{}, err
	}
	a.Version++
	return a, nil
}

// Disable shuts an app out at once, or lets it in again.
func (s *Service) Disable(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID, disabled bool) (err error) {
	for range maxTries {
		old, err2 := s.read(ctx, org, id)
		if err2 != nil {
			return err2
		}
		if !disabled {
			if err := mayGive(by, old.AppSettings); err != nil {
				return err
			}
		}
		a := old
		a.Disabled = disabled
		if _, err = s.replace(ctx, by, a, old); identity.KindOf(err) != identity.Stale {
			return err
		}
	}
	return err
}

// Delete removes an app with its secrets, grants and consents.
func (s *Service) Delete(ctx context.Context, by identity.Actor, org identity.OrgID, id identity.ID) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		a, err := tx.App(ctx, org, id)
		if err != nil {
			return err
		}
		if err := tx.DeleteApp(ctx, org, id); err != nil {
			return err
		}
		return tx.Record(ctx, s.change(by, identity.Deleted, identity.App{Org: org, ID: id}, a))
	})
}

// read returns an app as the database has it.
func (s *Service) read(ctx context.Context, org identity.OrgID, id identity.ID) (a identity.App, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		a, err = tx.App(ctx, org, id)
		return err
	})
	return a, err
}

// Get finds an app by client id or UUID, also a disabled one. It is remembered
// while store.DB.Epoch lasts: what it points to must not be changed.
func (s *Service) Get(ctx context.Context, org identity.OrgID, clientIDOrID string) (*identity.App, error) {
	none := identity.NewError(identity.NotFound, "", "There is no such app.")
	if clientIDOrID == "" || len(clientIDOrID) > maxClientID {
		return nil, none
	}
	epoch, err := s.db.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	key := name{org, clientIDOrID}
	if a, ok := s.apps.Get(epoch, key); ok {
		return a, nil
	}
	if _, ok := s.strangers.Get(epoch, key); ok {
		return nil, none
	}
	var a identity.App
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if id, ok := identity.ParseID(clientIDOrID); ok {
			a, err = tx.App(ctx, org, id)
		} else {
			a, err = tx.AppByClientID(ctx, org, clientIDOrID)
		}
		return err
	})
	switch {
	case identity.KindOf(err) == identity.NotFound:
		s.strangers.Put(epoch, key, struct{}{})
		return nil, none
	case err != nil:
		return nil, err
	}
	s.apps.Put(epoch, key, &a)
	return &a, nil
}

// ByID is Get for a known id.
func (s *Service) ByID(ctx context.Context, org identity.OrgID, id identity.ID) (*identity.App, error) {
	return s.Get(ctx, org, id.String())
}

// OrganisationOf returns the organisation that has an app with a client id, for
// doors whose paths name none. If no organisation has one, or more than one has,
// it is the root organisation, which then turns the app away. It is remembered
// as Get is.
func (s *Service) OrganisationOf(ctx context.Context, clientID string) (org identity.Organisation, err error) {
	if len(clientID) > maxClientID {
		clientID = "" // which nobody has
	}
	epoch, err := s.db.Epoch(ctx)
	if err != nil {
		return org, err
	}
	if org, ok := s.homes.Get(epoch, clientID); ok {
		return org, nil
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		id, err := tx.OrganisationOfClient(ctx, clientID)
		switch {
		case identity.KindOf(err) == identity.NotFound:
			org, err = tx.OrganisationBySlug(ctx, identity.RootSlug)
		case err == nil:
			org, err = tx.Organisation(ctx, id)
		}
		return err
	})
	if err == nil {
		s.homes.Put(epoch, clientID, org)
	}
	return org, err
}

// List lists at most limit apps by client id, those after one; "" begins with
// the first.
func (s *Service) List(ctx context.Context, org identity.OrgID, after string, limit int) (list []identity.App, err error) {
	if after != "" && checkClientID(after) != nil {
		return nil, identity.NewError(identity.Invalid, "after", "This is not a client id.")
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = tx.Apps(ctx, org, after, limit)
		return err
	})
	return list, err
}

// All lists every app of an organisation by client id. It is TooCostly once whole
// pages of 500 come to more than most; 0 is no bound.
func (s *Service) All(ctx context.Context, org identity.OrgID, most int) ([]identity.App, error) {
	const page = 500
	var all []identity.App
	for after := ""; ; after = all[len(all)-1].ClientID {
		list, err := s.List(ctx, org, after, page)
		if err != nil {
			return nil, err
		}
		if all = append(all, list...); len(list) < page {
			return all, nil
		}
		if most > 0 && len(all) > most {
			return nil, identity.NewError(identity.TooCostly, "", "The organisation has too many apps to be listed here.")
		}
	}
}

// maxClientID is the length in bytes of a client id.
const maxClientID = 128

// newClientID makes a client id; subjects, which are UUIDs, never look like it.
func newClientID() string { return "app-" + strings.ToLower(rand.Text()) }

// checkClientID reports why s cannot name an app. Subjects are UUIDs, and an app
// must not be taken for a person (RFC 9068 section 5).
func checkClientID(s string) error {
	bad := func(text string) error { return identity.NewError(identity.Invalid, "client_id", text) }
	if s == "" || len(s) > maxClientID || strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._~-", r)
	}) {
		return bad("A client id has 1 to 128 letters, digits, dots, hyphens, underscores or tildes.")
	}
	if s[0] == '.' {
		return bad("A client id does not begin with a dot.")
	}
	if _, ok := identity.ParseOrgID(s); ok {
		return bad("A client id must not look like a UUID.")
	}
	return nil
}
