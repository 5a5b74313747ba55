// Package factor keeps what people prove who they are with, passwords apart:
// passkeys, codes of an authenticator app, recovery codes and codes sent by
// letter. It knows nothing of flows: whoever asks counts the failures and
// decides which factor is needed.
package factor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// The kinds of authenticator.
const (
	Passkey  = "passkey"
	TOTP     = "totp"
	Recovery = "recovery"
)

// ErrWrong is the answer to every proof that does not hold, whatever the reason.
// Count it as a failure.
var ErrWrong = identity.NewError(identity.Unauthenticated, "", "That did not work. Please try again.")

// MaxFactors is how many factors a user may have.
const MaxFactors = 20

// Options are what a Service is made of.
type Options struct {
	DB     *store.DB
	Keys   *secret.Keys
	Public string           // public URL; passkeys belong to its host
	Name   string           // shown beside passkeys, "" means "Muster"
	Now    func() time.Time // nil: time.Now
}

// A Service enrols factors and checks proofs. It is safe for use by many
// goroutines at once.
type Service struct {
	db    *store.DB
	keys  *secret.Keys
	name  string
	clock func() time.Time
	web   *webauthn.WebAuthn // nil where browsers allow no passkeys
}

// New makes a Service.
func New(o Options) (*Service, error) {
	s := &Service{db: o.DB, keys: o.Keys, name: o.Name, clock: o.Now}
	if s.name == "" {
		s.name = "Muster"
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	var err error
	s.web, err = relyingParty(o.Public, s.name)
	return s, err
}

// now is the time as the database keeps it.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// Info is what a person sees of a factor of theirs.
type Info struct {
	ID      identity.ID
	Kind    string
	Name    string
	Created time.Time
	Used    time.Time // zero: never
	Left    int       // unused codes of Recovery
	Synced  bool      // a passkey that is kept by more than one device
}

// List returns the factors of a user, oldest first.
func (s *Service) List(ctx context.Context, org identity.OrgID, user identity.ID) ([]Info, error) {
	var out []Info
	err := s.db.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Authenticators(ctx, org, user)
		if err != nil {
			return err
		}
		out = make([]Info, len(rows))
		for i, a := range rows {
			if out[i], err = s.info(a); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (s *Service) info(a identity.Authenticator) (Info, error) {
	out := Info{ID: a.ID, Kind: a.Kind, Name: a.Name, Created: a.Created, Used: a.Used}
	switch a.Kind {
	case Recovery:
		var r recovery
		err := s.unseal(a, &r)
		out.Left = len(r.Hashes)
		return out, err
	case Passkey:
		var c webauthn.Credential
		err := s.unseal(a, &c)
		out.Synced = c.Flags.BackupEligible
		return out, err
	}
	return out, nil
}

// Rename gives a factor of a user another name.
func (s *Service) Rename(ctx context.Context, org identity.OrgID, user, id identity.ID, name string) error {
	name, err := checkName(name)
	if err != nil {
		return err
	}
	if name == "" {
		return identity.NewError(identity.Invalid, "name", "Please give it a name.")
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		rows, err := tx.Authenticators(ctx, org, user)
		if err != nil {
			return err
		}
		for _, a := range rows {
			if a.ID == id {
				a.Name = name
				return tx.UpdateAuthenticator(ctx, a)
			}
		}
		return identity.NewError(identity.NotFound, "", "There is no such factor.")
	})
}

// maxName bounds the name of a factor in characters.
const maxName = 100

// checkName returns the name as it is stored; it may be empty.
func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if utf8.RuneCountInString(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", identity.NewError(identity.Invalid, "name", fmt.Sprintf("A name has at most %d characters, and no line breaks.", maxName))
	}
	return name, nil
}

// Remove takes a factor of a user away, by the user's own wish; NotFound if it is
// none of the user's.
func (s *Service) Remove(ctx context.Context, org identity.OrgID, user, id identity.ID) error {
	return s.RemoveBy(ctx, self(org, user), user, id)
}

// RemoveBy is Remove by somebody else, in the organisation of the actor.
func (s *Service) RemoveBy(ctx context.Context, by identity.Actor, user, id identity.ID) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		rows, err := tx.Authenticators(ctx, by.Org, user)
		if err != nil {
			return err
		}
		for _, a := range rows {
			if a.ID != id {
				continue
			}
			if err := tx.DeleteAuthenticator(ctx, by.Org, user, id); err != nil {
				return err
			}
			return s.record(ctx, tx, by, identity.Deleted, a)
		}
		return identity.NewError(identity.NotFound, "", "There is no such factor.")
	})
}

// self is a user who changes their own factors.
func self(org identity.OrgID, user identity.ID) identity.Actor {
	return identity.Actor{Kind: identity.ByUser, Org: org, ID: user}
}

// record tells the change log of a factor, under the user whose it is.
func (s *Service) record(ctx context.Context, tx *store.Tx, by identity.Actor, kind identity.ChangeKind, a identity.Authenticator) error {
	values := []any{nil, a.Name}
	if kind == identity.Deleted {
		values = []any{a.Name, nil}
	}
	diff, err := json.Marshal(map[string][]any{a.Kind: values})
	if err != nil {
		return err
	}
	return tx.Record(ctx, identity.Change{
		Org: a.Org, ID: identity.NewID(), At: s.now(), Kind: kind,
		Actor: by.Kind, ActorID: by.ID, ActorName: by.Name, RequestID: by.RequestID,
		Type: "Authenticator", Target: a.User, Paths: []string{a.Kind}, Diff: diff,
	})
}

// enrol stores a new factor of a user, in an Update. state is used up with it.
func (s *Service) enrol(ctx context.Context, tx *store.Tx, a identity.Authenticator, st *state) error {
	rows, err := tx.Authenticators(ctx, a.Org, a.User)
	if err != nil {
		return err
	}
	if len(rows) >= MaxFactors {
		return identity.NewError(identity.Invalid, "", fmt.Sprintf("You have %d factors already. Please remove one first.", MaxFactors))
	}
	if st != nil {
		if err := s.useUp(ctx, tx, st); err != nil {
			return err
		}
	}
	if err := tx.InsertAuthenticator(ctx, a); err != nil {
		return err
	}
	return s.record(ctx, tx, self(a.Org, a.User), identity.Created, a)
}

// newAuthenticator begins a row; v is what verifies it.
func (s *Service) newAuthenticator(org identity.OrgID, user identity.ID, kind, name string, v any) (identity.Authenticator, error) {
	a := identity.Authenticator{Org: org, ID: identity.NewID(), User: user, Kind: kind, Name: name, Created: s.now(), Version: 1}
	a.Key = a.ID[:]
	return a, s.seal(&a, v)
}

// purpose binds what is sealed to its row, so that nobody who can write to the
// database can give one person another's factor.
func purpose(a identity.Authenticator) string {
	return fmt.Sprintf("factor %s %s %s %s", a.Kind, a.Org, a.User, a.ID)
}

func (s *Service) seal(a *identity.Authenticator, v any) error {
	doc, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("seal a %s: %w", a.Kind, err)
	}
	a.Sealed = s.keys.Seal(purpose(*a), doc)
	return nil
}

func (s *Service) unseal(a identity.Authenticator, v any) error {
	doc, err := s.keys.Open(purpose(a), a.Sealed)
	if err == nil {
		err = json.Unmarshal(doc, v)
	}
	if err != nil {
		return fmt.Errorf("open %s %s: %w", a.Kind, a.ID, err)
	}
	return nil
}

// tries is how often a proof is checked anew because another one of the same
// factor was faster.
const tries = 3

// prove looks for the factor of a kind that accepts a proof and stores what
// accept made of it, by compare-and-set. accept returns the value to seal, nil if
// the proof does not hold. It is ErrWrong if none accepts.
func (s *Service) prove(ctx context.Context, org identity.OrgID, user identity.ID, kind string, accept func(identity.Authenticator) (any, error)) error {
	for range tries {
		var rows []identity.Authenticator
		err := s.db.View(ctx, func(tx *store.Tx) (err error) {
			rows, err = tx.Authenticators(ctx, org, user)
			return err
		})
		if err != nil {
			return err
		}
		err = s.proveOne(ctx, rows, kind, accept)
		if identity.KindOf(err) != identity.Stale {
			return err
		}
	}
	return ErrWrong
}

func (s *Service) proveOne(ctx context.Context, rows []identity.Authenticator, kind string, accept func(identity.Authenticator) (any, error)) error {
	for _, a := range rows {
		if a.Kind != kind {
			continue
		}
		v, err := accept(a)
		if err != nil {
			return err
		}
		if v == nil {
			continue
		}
		if err := s.seal(&a, v); err != nil {
			return err
		}
		a.Used = s.now()
		return s.db.Update(ctx, func(tx *store.Tx) error { return tx.UpdateAuthenticator(ctx, a) })
	}
	return ErrWrong
}

// wrong turns what a proof could not be stored for into ErrWrong, if it is the
// proof's fault.
func wrong(err error) error {
	switch identity.KindOf(err) {
	case identity.Stale, identity.NotFound, identity.Conflict:
		return ErrWrong
	}
	if errors.Is(err, secret.ErrSealed) {
		return ErrWrong
	}
	return err
}
