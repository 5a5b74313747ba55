package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// Algorithms are the signature algorithms that an organisation can sign with, in
// the order of the discovery document.
var Algorithms = []string{"ES256", "RS256", "PS256", "EdDSA"}

// DefaultAlgorithm signs what nobody chose an algorithm for.
const DefaultAlgorithm = "ES256"

// The header typ of the tokens that we sign.
const (
	TypeAccess        = "at+jwt"
	TypeID            = "JWT"
	TypeLogout        = "logout+jwt"
	TypeIntrospection = "token-introspection+jwt"
	TypeAuthorization = "oauth-authz-resp+jwt" // JARM
	TypeUserInfo      = "JWT"
)

// rsaBits is the length of our own RSA keys.
const rsaBits = 2048

var encoding = base64.RawURLEncoding.Strict()

// A signerID names a private key across organisations.
type signerID struct {
	org identity.OrgID
	kid string
}

// A signer is a private key that is ready for use.
type signer struct {
	alg, kid string
	key      crypto.Signer
}

// JWKS returns the public keys of an organisation, for the endpoint of that
// name: those that sign, those that will within the hour and those that did
// lately. It may be kept for KeyLead.
func (s *Service) JWKS(ctx context.Context, org identity.OrgID) (jose.JSONWebKeySet, error) {
	keys, err := s.published(ctx, org)
	if err != nil {
		return jose.JSONWebKeySet{}, err
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	now := s.now()
	for _, state := range []KeyState{KeyActive, KeyNext, KeyRetiring} {
		for _, k := range keys {
			if stateOf(k, now) != state {
				continue
			}
			public, err := publicKey(k)
			if err != nil {
				return jose.JSONWebKeySet{}, err
			}
			set.Keys = append(set.Keys, public)
		}
	}
	return set, nil
}

// published returns the keys of an organisation with at least those that every
// one has. One that another process has just made may not be remembered here;
// then the database is asked.
func (s *Service) published(ctx context.Context, org identity.OrgID) (keys []identity.SigningKey, err error) {
	t, err := s.tenant(ctx, org)
	if err != nil {
		return nil, err
	}
	for _, alg := range []string{DefaultAlgorithm, "RS256"} {
		if _, ok := activeKey(t.keys, alg, s.now()); ok {
			continue
		}
		if _, err := s.makeFirst(ctx, org, alg); err != nil {
			return nil, err
		}
		keys = []identity.SigningKey{} // not those of t any more
	}
	if keys == nil {
		return t.keys, nil
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		keys, err = tx.SigningKeys(ctx, org)
		return err
	})
	sortKeys(keys)
	return keys, err
}

// Sign makes a JWS of claims, which are marshalled as JSON unless they are a
// json.RawMessage. The organisation's key
// for the algorithm is made on first use. typ must name what the claims are, so
// that no token passes for one of another kind.
func (s *Service) Sign(ctx context.Context, org identity.OrgID, alg, typ string, claims any) (string, error) {
	with, err := s.active(ctx, org, alg)
	if err != nil {
		return "", err
	}
	return with.sign(typ, claims)
}

// active returns the key that signs for an organisation now, and makes one if
// there is none.
func (s *Service) active(ctx context.Context, org identity.OrgID, alg string) (*signer, error) {
	t, err := s.tenant(ctx, org)
	if err != nil {
		return nil, err
	}
	k, ok := activeKey(t.keys, alg, s.now())
	if !ok {
		if k, err = s.makeFirst(ctx, org, alg); err != nil {
			return nil, err
		}
	}
	return s.signer(k)
}

// signer unseals a private key, once.
func (s *Service) signer(k identity.SigningKey) (*signer, error) {
	id := signerID{k.Org, k.ID}
	if with, ok := s.signers.Get(id); ok {
		return with, nil
	}
	text, err := s.keys.Open(sealPurpose(k.Org, k.ID), k.Sealed)
	if err != nil {
		return nil, fmt.Errorf("open signing key %s: %w", k.ID, err)
	}
	var private jose.JSONWebKey
	if err := json.Unmarshal(text, &private); err != nil {
		return nil, fmt.Errorf("read signing key %s: %w", k.ID, err)
	}
	key, ok := private.Key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("read signing key %s: it cannot sign", k.ID)
	}
	with := &signer{alg: k.Alg, kid: k.ID, key: key}
	s.signers.Add(id, with)
	return with, nil
}

// sign writes a compact JWS (RFC 7515 section 7.1).
func (w *signer) sign(typ string, claims any) (string, error) {
	payload, written := claims.(json.RawMessage)
	if !written {
		var err error
		if payload, err = json.Marshal(claims); err != nil {
			return "", fmt.Errorf("sign: %w", err)
		}
	}
	header := make([]byte, 0, 128)
	header = append(header, `{"alg":"`+w.alg+`","typ":"`+typ+`","kid":"`+w.kid+`"}`...)
	text := make([]byte, 0, encoding.EncodedLen(len(header))+encoding.EncodedLen(len(payload))+encoding.EncodedLen(512))
	text = encoding.AppendEncode(text, header)
	text = append(text, '.')
	text = encoding.AppendEncode(text, payload)
	signature, err := w.raw(text)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	text = append(text, '.')
	return string(encoding.AppendEncode(text, signature)), nil
}

// raw signs as RFC 7518 section 3 has it.
func (w *signer) raw(input []byte) ([]byte, error) {
	if w.alg == "EdDSA" {
		return w.key.Sign(nil, input, crypto.Hash(0))
	}
	digest := sha256.Sum256(input)
	switch key := w.key.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			return nil, err
		}
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out, nil
	case *rsa.PrivateKey:
		if w.alg == "PS256" {
			return rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	}
	return nil, fmt.Errorf("there is no key for %s", w.alg)
}

// generate makes a private key for an algorithm.
func generate(alg string) (crypto.Signer, error) {
	switch alg {
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RS256", "PS256":
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case "EdDSA":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, identity.NewError(identity.Invalid, "alg", "The server does not sign with that algorithm.")
}
