package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/identity"
	"golang.org/x/sync/singleflight"
)

// Limits of key sets.
const (
	maxKeySet = 64 << 10 // bytes
	maxKeys   = 20
	minRSA    = 2048 // bits
	maxRSA    = 8192
)

// How long the keys at a jwks_uri are remembered.
const (
	keysAge   = 5 * time.Minute
	keysStale = time.Hour        // when the server that has them is away
	keysAgain = time.Minute      // between two requests because of an unknown key
	keysRest  = 30 * time.Second // after a failure
	maxKnown  = 4096
)

// parseKeys reads the public keys of a JWK set. strict refuses a set that has
// anything else; otherwise what cannot be used is left out.
func parseKeys(doc []byte, strict bool) (jose.JSONWebKeySet, error) {
	var set jose.JSONWebKeySet
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if len(doc) > maxKeySet || json.Unmarshal(doc, &raw) != nil || raw.Keys == nil {
		return set, errors.New("it is not a set of keys in JSON")
	}
	if len(raw.Keys) > maxKeys {
		return set, errors.New("it has more than 20 keys")
	}
	for _, r := range raw.Keys {
		k, err := parseKey(r)
		if err == nil {
			set.Keys = append(set.Keys, k)
		} else if strict {
			return set, err
		}
	}
	return set, nil
}

func parseKey(raw json.RawMessage) (k jose.JSONWebKey, err error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return k, errors.New("a key is not an object")
	}
	for _, secret := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		if _, has := members[secret]; has {
			return k, errors.New("it has a private or a shared key")
		}
	}
	if err := json.Unmarshal(raw, &k); err != nil || !k.Valid() {
		return k, errors.New("it has a key that we cannot use")
	}
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < minRSA || n > maxRSA {
			return k, errors.New("an RSA key has 2048 to 8192 bits")
		}
	case *ecdsa.PublicKey, ed25519.PublicKey:
	default:
		return k, errors.New("it has a key that is neither RSA nor EC nor Ed25519")
	}
	return k, nil
}

// A keyring remembers the keys that apps keep at their own addresses.
type keyring struct {
	mu    sync.Mutex
	known map[string]*held
	once  singleflight.Group
}

// held are the keys at one address.
type held struct {
	set    jose.JSONWebKeySet
	read   time.Time // zero: never
	failed time.Time // zero: the last request succeeded
	err    error
}

// KeysOf returns the public keys of an app: those in its settings, or those at
// its jwks_uri, remembered for five minutes.
func (s *Service) KeysOf(ctx context.Context, a *identity.App) (jose.JSONWebKeySet, error) {
	return s.keysOf(ctx, a, keysAge)
}

// freshKeysOf is KeysOf after a key that is not among them was used: the
// jwks_uri is asked again, at most once a minute.
func (s *Service) freshKeysOf(ctx context.Context, a *identity.App) (jose.JSONWebKeySet, error) {
	return s.keysOf(ctx, a, keysAgain)
}

func (s *Service) keysOf(ctx context.Context, a *identity.App, age time.Duration) (jose.JSONWebKeySet, error) {
	if len(a.JWKS) > 0 {
		return parseKeys(a.JWKS, false)
	}
	if a.JWKSURI == "" {
		return jose.JSONWebKeySet{}, identity.NewError(identity.Invalid, "jwks", "The app has no keys.")
	}
	name := a.Org.String() + a.ID.String() + a.JWKSURI
	now := s.now()
	if h := s.ring.get(name); h != nil {
		if now.Sub(h.read) < age || now.Sub(h.failed) < keysRest {
			return h.usable(now)
		}
	}
	_, _, _ = s.ring.once.Do(name, func() (any, error) {
		s.fetchKeys(context.WithoutCancel(ctx), name, a.JWKSURI)
		return nil, nil
	})
	return s.ring.get(name).usable(now)
}

// fetchKeys asks for keys and remembers what came of it.
func (s *Service) fetchKeys(ctx context.Context, name, uri string) {
	var set jose.JSONWebKeySet
	doc, _, err := s.fetch.Get(ctx, uri, maxKeySet, "application/json", "application/jwk-set+json")
	if err == nil {
		set, err = parseKeys(doc, false)
	}
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	h := held{}
	if old := s.ring.known[name]; old != nil {
		h = *old
	}
	if h.err = err; err != nil {
		h.failed = s.now()
		s.log.WarnContext(ctx, "the keys of an app could not be fetched", "uri", uri, "error", err)
	} else {
		h.set, h.read, h.failed = set, s.now(), time.Time{}
	}
	if s.ring.known == nil || len(s.ring.known) >= maxKnown {
		s.ring.known = map[string]*held{}
	}
	s.ring.known[name] = &h
}

func (r *keyring) get(name string) *held {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[name]
}

// usable returns the keys if they are not too old to be trusted.
func (h *held) usable(now time.Time) (jose.JSONWebKeySet, error) {
	switch {
	case h == nil:
		return jose.JSONWebKeySet{}, identity.NewError(identity.Busy, "", "The keys of the app could not be fetched.")
	case !h.read.IsZero() && now.Sub(h.read) < keysStale:
		return h.set, nil
	}
	return jose.JSONWebKeySet{}, identity.NewError(identity.Invalid, "jwks_uri", "The keys of the app could not be fetched.")
}

// certified reports whether a certificate is one of an app's (RFC 8705 section
// 2.2).
func certified(set jose.JSONWebKeySet, c *x509.Certificate) bool {
	return slices.ContainsFunc(set.Keys, func(k jose.JSONWebKey) bool {
		return len(k.Certificates) > 0 && k.Certificates[0].Equal(c)
	})
}
