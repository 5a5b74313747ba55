package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/identity"
)

// Limits of a JWS, in bytes.
const (
	maxJWS    = 64 << 10
	maxHeader = 8 << 10
)

// A Verified is what a signed JWT said.
type Verified struct {
	Alg     string
	Type    string // header typ
	KeyID   string
	Payload []byte // an object in JSON, no key of which stands twice
}

// Verify checks the signature of a compact JWS by an app's public keys. Only the
// asymmetric algorithms named are accepted; keys in the header never are. A kid
// that is not known makes us ask the jwks_uri again, at most once a minute. A
// token that does not verify is an identity.Error of kind Unauthenticated.
func (s *Service) Verify(ctx context.Context, a *identity.App, text string, algs ...string) (Verified, error) {
	algs = slices.DeleteFunc(slices.Clone(algs), func(alg string) bool { return !slices.Contains(asymmetric, alg) })
	jws, v, err := parseJWS(text, algs)
	if err != nil {
		return Verified{}, err
	}
	set, err := s.KeysOf(ctx, a)
	if err != nil {
		return Verified{}, err
	}
	if payload, ok := verifyBy(set, jws, v); ok {
		v.Payload = payload
		return v, checkPayload(payload)
	}
	ok := false
	var payload []byte
	if len(a.JWKS) == 0 {
		if set, err = s.freshKeysOf(ctx, a); err != nil {
			return Verified{}, err
		}
		payload, ok = verifyBy(set, jws, v)
	}
	if !ok {
		return Verified{}, unproved("No key of the app verifies the signature.")
	}
	v.Payload = payload
	return v, checkPayload(payload)
}

func unproved(text string) error { return identity.NewError(identity.Unauthenticated, "", text) }

// verifyBy tries the keys of a set that may have made a signature.
func verifyBy(set jose.JSONWebKeySet, jws *jose.JSONWebSignature, v Verified) ([]byte, bool) {
	for _, k := range set.Keys {
		if k.Use == "enc" || k.Algorithm != "" && k.Algorithm != v.Alg || v.KeyID != "" && k.KeyID != "" && k.KeyID != v.KeyID {
			continue
		}
		if payload, err := jws.Verify(k.Key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// parseJWS reads a compact JWS signed by one of algs. It looks at the header
// before go-jose does, so that a hostile one costs little.
func parseJWS(text string, algs []string) (*jose.JSONWebSignature, Verified, error) {
	var v Verified
	if len(text) > maxJWS {
		return nil, v, unproved("The token is too long.")
	}
	head, rest, ok := strings.Cut(text, ".")
	if !ok || strings.Count(rest, ".") != 1 || len(head) > maxHeader {
		return nil, v, unproved("The token is not a compact JWS.")
	}
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return nil, v, unproved("The token is not a compact JWS.")
	}
	header, err := object(raw)
	if err != nil {
		return nil, v, unproved("The header of the token is not an object in JSON.")
	}
	for _, name := range []string{"jwk", "jku", "x5u", "crit", "b64", "zip"} {
		if _, has := header[name]; has {
			return nil, v, unproved("The header of the token has a member that we do not accept: " + name + ".")
		}
	}
	for name, to := range map[string]*string{"alg": &v.Alg, "typ": &v.Type, "kid": &v.KeyID} {
		if value, has := header[name]; has && json.Unmarshal(value, to) != nil {
			return nil, v, unproved("The header of the token has a member of the wrong type: " + name + ".")
		}
	}
	if !slices.Contains(algs, v.Alg) {
		return nil, v, unproved("The token is not signed by an algorithm that is accepted.")
	}
	jws, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(v.Alg)})
	if err != nil {
		return nil, v, unproved("The token is not a compact JWS.")
	}
	return jws, v, nil
}

// checkPayload refuses what two parsers might read differently.
func checkPayload(payload []byte) error {
	if _, err := object(payload); err != nil {
		return unproved("The payload of the token is not an object in JSON.")
	}
	return nil
}

var errObject = errors.New("not an object in JSON")

// object reads an object of JSON whose keys all differ. encoding/json bounds how
// deep it may be nested.
func object(doc []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errObject
	}
	out := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return nil, errObject
		}
		var value json.RawMessage
		if _, twice := out[key]; twice || d.Decode(&value) != nil {
			return nil, errObject
		}
		out[key] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errObject
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errObject
	}
	return out, nil
}
