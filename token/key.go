package token

import (
	"cmp"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// KeyLead is how long a key is published before it signs, and so how long a
// JWKS may be kept by those who read it.
const KeyLead = time.Hour

const (
	// keyAge is how long a key signs before it is replaced.
	keyAge = 30 * 24 * time.Hour
	// keyAfter is how long a key is believed when it signs no more: longer than
	// any token lives, and long enough for ID tokens as hints.
	keyAfter = 31 * 24 * time.Hour
)

// A KeyState says what a signing key is for at a time.
type KeyState string

// The states of a signing key.
const (
	KeyNext     KeyState = "next"     // published, signs nothing yet
	KeyActive   KeyState = "active"   // signs
	KeyRetiring KeyState = "retiring" // published, signs nothing any more
	KeyGone     KeyState = "gone"     // believed no more
)

// A Key is a signing key as administrators see it.
type Key struct {
	ID       string
	Alg      string
	State    KeyState
	Created  time.Time
	Active   time.Time
	Retiring time.Time // zero: not planned
	Gone     time.Time // zero: not planned
}

func stateOf(k identity.SigningKey, now time.Time) KeyState {
	gone := k.Gone
	if gone.IsZero() {
		gone = k.Retiring
	}
	switch {
	case !gone.IsZero() && !now.Before(gone):
		return KeyGone
	case !k.Retiring.IsZero() && !now.Before(k.Retiring):
		return KeyRetiring
	case now.Before(k.Active):
		return KeyNext
	}
	return KeyActive
}

// sortKeys puts the newest first, by when they begin to sign.
func sortKeys(keys []identity.SigningKey) {
	slices.SortFunc(keys, func(a, b identity.SigningKey) int {
		return cmp.Or(b.Active.Compare(a.Active), strings.Compare(a.ID, b.ID))
	})
}

// activeKey picks the key that signs, out of sorted ones.
func activeKey(keys []identity.SigningKey, alg string, now time.Time) (identity.SigningKey, bool) {
	i := slices.IndexFunc(keys, func(k identity.SigningKey) bool {
		return k.Alg == alg && stateOf(k, now) == KeyActive
	})
	if i < 0 {
		return identity.SigningKey{}, false
	}
	return keys[i], true
}

func publicKey(k identity.SigningKey) (jose.JSONWebKey, error) {
	var public jose.JSONWebKey
	if err := json.Unmarshal(k.Public, &public); err != nil {
		return public, fmt.Errorf("read public key %s: %w", k.ID, err)
	}
	return public, nil
}

func sealPurpose(org identity.OrgID, kid string) string {
	return "signing key " + org.String() + " " + kid
}

// newKey makes a signing key that is active from a time on.
func (s *Service) newKey(org identity.OrgID, alg string) (identity.SigningKey, error) {
	key, err := generate(alg)
	if err != nil {
		return identity.SigningKey{}, err
	}
	private := jose.JSONWebKey{Key: key, Algorithm: alg, Use: "sig"}
	thumbprint, err := private.Thumbprint(crypto.SHA256)
	if err != nil {
		return identity.SigningKey{}, fmt.Errorf("make signing key: %w", err)
	}
	private.KeyID = encoding.EncodeToString(thumbprint)
	text, err := json.Marshal(private)
	if err != nil {
		return identity.SigningKey{}, fmt.Errorf("make signing key: %w", err)
	}
	public, err := json.Marshal(private.Public())
	if err != nil {
		return identity.SigningKey{}, fmt.Errorf("make signing key: %w", err)
	}
	return identity.SigningKey{
		Org: org, ID: private.KeyID, Alg: alg, Public: public,
		Sealed: s.keys.Seal(sealPurpose(org, private.KeyID), text),
	}, nil
}

// withKeys runs fn on the keys of an organisation while nobody else changes any.
func (s *Service) withKeys(ctx context.Context, org identity.OrgID, fn func(tx *store.Tx, keys []identity.SigningKey, now time.Time) error) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		now := s.now()
		// A lease that ends at once is only the lock of its row until the commit.
		if _, err := tx.TakeLease(ctx, "signing keys", identity.NewID(), now, now); err != nil {
			return err
		}
		keys, err := tx.SigningKeys(ctx, org)
		if err != nil {
			return err
		}
		sortKeys(keys)
		return fn(tx, keys, now)
	})
}

// makeFirst makes the key of an algorithm that has none, active at once: nobody
// has a set of keys to be surprised by.
func (s *Service) makeFirst(ctx context.Context, org identity.OrgID, alg string) (k identity.SigningKey, err error) {
	fresh, err := s.newKey(org, alg)
	if err != nil {
		return k, err
	}
	err = s.withKeys(ctx, org, func(tx *store.Tx, keys []identity.SigningKey, now time.Time) error {
		var ok bool
		if k, ok = activeKey(keys, alg, now); ok {
			return nil // somebody was faster
		}
		k = fresh
		k.Created, k.Active = now, now
		return tx.InsertSigningKey(ctx, k)
	})
	return k, err
}

// ListKeys lists the signing keys of an organisation, newest first.
func (s *Service) ListKeys(ctx context.Context, by identity.Actor, org identity.OrgID) ([]Key, error) {
	if err := by.Need(identity.SettingsRead); err != nil {
		return nil, err
	}
	t, err := s.tenant(ctx, org)
	if err != nil {
		return nil, err
	}
	now := s.now()
	list := make([]Key, len(t.keys))
	for i, k := range t.keys {
		list[i] = Key{k.ID, k.Alg, stateOf(k, now), k.Created, k.Active, k.Retiring, k.Gone}
	}
	return list, nil
}

// Rotate replaces the signing keys of an organisation, or that of one algorithm.
// The new key is published an hour before it signs; immediately has it sign at
// once, for when the old one is lost. A rotation under way stays as it is unless
// it is to be immediate.
func (s *Service) Rotate(ctx context.Context, by identity.Actor, org identity.OrgID, alg string, immediately bool) error {
	if err := by.Need(identity.KeysWrite); err != nil {
		return err
	}
	if alg != "" && !slices.Contains(Algorithms, alg) {
		return identity.NewError(identity.Invalid, "alg", "The server does not sign with that algorithm.")
	}
	t, err := s.tenant(ctx, org)
	if err != nil {
		return err
	}
	algs := []string{alg}
	if alg == "" {
		algs = []string{DefaultAlgorithm, "RS256"}
		for _, k := range t.keys {
			if !slices.Contains(algs, k.Alg) && stateOf(k, s.now()) != KeyGone {
				algs = append(algs, k.Alg)
			}
		}
	}
	lead := KeyLead
	if immediately {
		lead = 0
	}
	for _, a := range algs {
		if err := s.replace(ctx, by, org, a, lead, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// replace gives an algorithm a new key that signs after lead. With a time given,
// it does so only if the newest key was made before it.
func (s *Service) replace(ctx context.Context, by identity.Actor, org identity.OrgID, alg string, lead time.Duration, before time.Time) error {
	fresh, err := s.newKey(org, alg)
	if err != nil {
		return err
	}
	return s.withKeys(ctx, org, func(tx *store.Tx, keys []identity.SigningKey, now time.Time) error {
		for _, k := range keys {
			if k.Alg != alg {
				continue
			}
			state := stateOf(k, now)
			switch {
			case !before.IsZero() && (state == KeyNext || state == KeyActive) && k.Created.After(before):
				return nil // somebody was faster
			case state == KeyNext && lead > 0:
				return nil // a rotation is under way
			}
		}
		k := fresh
		k.Created, k.Active = now, now.Add(lead)
		if err := retireBefore(ctx, tx, keys, k); err != nil {
			return err
		}
		if err := tx.InsertSigningKey(ctx, k); err != nil {
			return err
		}
		return tx.Record(ctx, keyChange(by, k, identity.Created, now))
	})
}

// retireBefore has the keys of an algorithm stop to sign when a new one begins.
func retireBefore(ctx context.Context, tx *store.Tx, keys []identity.SigningKey, fresh identity.SigningKey) error {
	for _, k := range keys {
		state := stateOf(k, fresh.Created)
		if k.Alg != fresh.Alg || state != KeyActive && state != KeyNext {
			continue
		}
		k.Retiring = fresh.Active
		k.Gone = fresh.Active.Add(keyAfter)
		if err := tx.UpdateSigningKey(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// Retire makes a signing key gone at once: what it signed is believed no more. An
// active key is replaced at the same time.
func (s *Service) Retire(ctx context.Context, by identity.Actor, org identity.OrgID, kid string) error {
	if err := by.Need(identity.KeysWrite); err != nil {
		return err
	}
	t, err := s.tenant(ctx, org)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(t.keys, func(k identity.SigningKey) bool { return k.ID == kid })
	if i < 0 {
		return identity.NewError(identity.NotFound, "", "There is no such signing key.")
	}
	fresh, err := s.newKey(org, t.keys[i].Alg)
	if err != nil {
		return err
	}
	return s.withKeys(ctx, org, func(tx *store.Tx, keys []identity.SigningKey, now time.Time) error {
		i := slices.IndexFunc(keys, func(k identity.SigningKey) bool { return k.ID == kid })
		if i < 0 || stateOf(keys[i], now) == KeyGone {
			return nil
		}
		old := keys[i]
		signed := stateOf(old, now) == KeyActive
		old.Retiring, old.Gone = now, now
		if err := tx.UpdateSigningKey(ctx, old); err != nil {
			return err
		}
		if err := tx.Record(ctx, keyChange(by, old, identity.Deleted, now)); err != nil || !signed {
			return err
		}
		k := fresh
		k.Created, k.Active = now, now
		if err := retireBefore(ctx, tx, slices.Delete(keys, i, i+1), k); err != nil {
			return err
		}
		if err := tx.InsertSigningKey(ctx, k); err != nil {
			return err
		}
		return tx.Record(ctx, keyChange(by, k, identity.Created, now))
	})
}

// keyChange is the row of the change log for a key that came or went.
func keyChange(by identity.Actor, k identity.SigningKey, kind identity.ChangeKind, at time.Time) identity.Change {
	diff := map[string][2]any{"kid": {nil, k.ID}, "alg": {nil, k.Alg}}
	if kind == identity.Deleted {
		diff = map[string][2]any{"kid": {k.ID, nil}, "alg": {k.Alg, nil}}
	}
	text, _ := json.Marshal(diff) // strings only
	return identity.Change{
		Org: k.Org, ID: identity.NewID(), At: at, Kind: kind,
		Actor: by.Kind, ActorID: by.ID, ActorName: by.Name, RequestID: by.RequestID,
		Type: "SigningKey", Paths: []string{"alg", "kid"}, Diff: text,
	}
}

// RotateDue begins the rotation of every key that is older than a month, in all
// organisations. It is to be called every hour or so, by any number of
// processes.
func (s *Service) RotateDue(ctx context.Context) error {
	const page = 100
	after := ""
	var failed []error
	for {
		var list []identity.Organisation
		err := s.db.View(ctx, func(tx *store.Tx) (err error) {
			list, err = tx.Organisations(ctx, after, page)
			return err
		})
		if err != nil {
			return fmt.Errorf("rotate signing keys: %w", err)
		}
		for _, o := range list {
			if err := s.rotateDue(ctx, o.ID); err != nil {
				failed = append(failed, fmt.Errorf("rotate the signing keys of %s: %w", o.Slug, err))
			}
		}
		if len(list) < page || ctx.Err() != nil {
			return errors.Join(failed...)
		}
		after = list[len(list)-1].Slug
	}
}

func (s *Service) rotateDue(ctx context.Context, org identity.OrgID) error {
	t, err := s.tenant(ctx, org)
	if err != nil {
		return err
	}
	by := identity.Actor{Kind: identity.BySystem, Org: org, Name: "rotation"}
	due := s.now().Add(KeyLead - keyAge)
	for _, alg := range Algorithms {
		i := slices.IndexFunc(t.keys, func(k identity.SigningKey) bool { return k.Alg == alg })
		if i < 0 || t.keys[i].Created.After(due) {
			continue
		}
		if err := s.replace(ctx, by, org, alg, KeyLead, due); err != nil {
			return err
		}
	}
	return nil
}
