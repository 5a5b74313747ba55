package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// A Proof is a DPoP proof as it came (RFC 9449), with the request that it is to
// prove.
type Proof struct {
	Header      []string // every header DPoP of the request
	Method      string
	URL         string // of the request, by the public address
	AccessToken string // "": at the token endpoint and its like
	Nonce       bool   // a nonce of ours is demanded
	FAPI        bool   // the app is held to FAPI 2.0
}

// DPoPAlgorithms are what proofs may be signed with.
var DPoPAlgorithms = []string{"ES256", "EdDSA", "PS256", "ES384"}

var proofAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, jose.PS256, jose.ES384}

const (
	// maxProof is the length of the longest proof that is looked at.
	maxProof = 8 << 10
	// proofAge is how far the time of a proof may be from ours, either way (FAPI 2.0
	// Security Profile section 5.3.2.1 refuses what is further ahead). A nonce of
	// ours tells the age too, so that with one the clock may be late by more.
	proofAge      = time.Minute
	proofAgeNonce = 5 * time.Minute
	nonceAge      = 5 * time.Minute
	maxJTI        = 256
)

// proofClaims are what a proof says (RFC 9449 section 4.2).
type proofClaims struct {
	JTI    string   `json:"jti"`
	Method string   `json:"htm"`
	URL    string   `json:"htu"`
	Issued *float64 `json:"iat"`
	Before *float64 `json:"nbf"`
	After  *float64 `json:"exp"`
	Hash   string   `json:"ath"`
	Nonce  string   `json:"nonce"`
}

// proofError is the refusal of a proof, with the status that fits the place.
func (p Proof) error(code, text string) *Error {
	e := &Error{Code: code, Description: text, Status: http.StatusBadRequest}
	if p.AccessToken != "" {
		e.Status = http.StatusUnauthorized
	}
	return e
}

// CheckProof checks a proof by the whole list of RFC 9449 section 4.3, once, and
// returns the thumbprint of its key. Errors are *Error with InvalidProof, or with
// UseNonce when the header DPoP-Nonce must say a nonce.
func (s *Service) CheckProof(ctx context.Context, org identity.OrgID, p Proof) (jkt string, err error) {
	if len(p.Header) != 1 {
		return "", p.error(InvalidProof, "There must be exactly one DPoP header.")
	}
	key, payload, text := openProof(p.Header[0], p.algorithms())
	if text != "" {
		return "", p.error(InvalidProof, text)
	}
	var c proofClaims
	if json.Unmarshal(payload, &c) != nil {
		return "", p.error(InvalidProof, "The claims of the DPoP proof are not as they should be.")
	}
	if text := c.fits(p); text != "" {
		return "", p.error(InvalidProof, text)
	}
	window := proofAge
	switch {
	case c.Nonce != "" && s.CheckNonce(org, c.Nonce):
		window = proofAgeNonce
	case c.Nonce != "" || p.Nonce:
		return "", p.error(UseNonce, "The DPoP proof needs a nonce that the server gave.")
	}
	now := s.now()
	if text := c.inTime(now, window); text != "" {
		return "", p.error(InvalidProof, text)
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", p.error(InvalidProof, "The key of the DPoP proof has no thumbprint.")
	}
	jkt = encoding.EncodeToString(thumbprint)
	err = s.once(ctx, org, proofKind, secret.MAC(s.proofKey, []byte(jkt+" "+c.JTI)), now, now.Add(2*window))
	if identity.KindOf(err) == identity.Conflict {
		return "", p.error(InvalidProof, "The DPoP proof was used before.")
	}
	return jkt, err
}

// algorithms are those that the proof may be signed with; FAPI 2.0 Security
// Profile section 5.4.1 leaves out the last.
func (p Proof) algorithms() []jose.SignatureAlgorithm {
	if p.FAPI {
		return proofAlgorithms[:3]
	}
	return proofAlgorithms
}

// openProof checks header and signature of a proof. text says what is wrong.
func openProof(proof string, algs []jose.SignatureAlgorithm) (key *jose.JSONWebKey, payload []byte, text string) {
	if !isCompact(proof, maxProof) {
		return nil, nil, "The DPoP proof is not a JWT."
	}
	jws, err := jose.ParseSignedCompact(proof, algs)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, nil, "The DPoP proof is not a JWT with an algorithm that we know."
	}
	h := jws.Signatures[0].Protected
	if h.ExtraHeaders[jose.HeaderType] != "dpop+jwt" {
		return nil, nil, "The typ of the DPoP proof is not dpop+jwt."
	}
	if h.ExtraHeaders["crit"] != nil || h.ExtraHeaders["b64"] != nil {
		return nil, nil, "The DPoP proof asks for an extension that we do not know."
	}
	key = h.JSONWebKey
	if key == nil || !key.Valid() || !key.IsPublic() || !keyFits(key, h.Algorithm) {
		return nil, nil, "The DPoP proof holds no public key that fits its algorithm."
	}
	payload, err = jws.Verify(key.Key)
	if err != nil {
		return nil, nil, "The signature of the DPoP proof is wrong."
	}
	return key, payload, ""
}

// keyFits reports whether a key may be used with an algorithm.
func keyFits(key *jose.JSONWebKey, alg string) bool {
	if key.Algorithm != "" && key.Algorithm != alg {
		return false
	}
	switch k := key.Key.(type) {
	case *ecdsa.PublicKey:
		size := k.Curve.Params().BitSize
		return alg == "ES256" && size == 256 || alg == "ES384" && size == 384
	case *rsa.PublicKey:
		return alg == "PS256" && k.N.BitLen() >= 2048 && k.N.BitLen() <= 8192 && k.E <= math.MaxInt32
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

// fits compares the claims with the request.
func (c *proofClaims) fits(p Proof) (text string) {
	switch {
	case c.JTI == "" || len(c.JTI) > maxJTI:
		return "The DPoP proof needs a jti of at most 256 bytes."
	case c.Method != p.Method:
		return "The htm of the DPoP proof is not the method of the request."
	case c.URL == "" || !sameURL(c.URL, p.URL):
		return "The htu of the DPoP proof is not the address of the request."
	case c.Issued == nil:
		return "The DPoP proof needs an iat."
	}
	if p.AccessToken == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(p.AccessToken))
	if !secret.Equal([]byte(c.Hash), []byte(encoding.EncodeToString(sum[:]))) {
		return "The ath of the DPoP proof is not the hash of the access token."
	}
	return ""
}

// inTime checks the times of a proof, which may be as old as window. exp and nbf
// need not be there.
func (c *proofClaims) inTime(now time.Time, window time.Duration) (text string) {
	at := float64(now.UnixMilli()) / 1000
	slack := proofAge.Seconds()
	switch {
	case at-*c.Issued > window.Seconds(), *c.Issued-at > slack:
		return "The iat of the DPoP proof is too far from the time of the server."
	case c.After != nil && at >= *c.After+slack:
		return "The DPoP proof has expired."
	case c.Before != nil && at < *c.Before-slack:
		return "The DPoP proof is not valid yet."
	}
	return ""
}

// sameURL compares two addresses without query and fragment, after the
// normalisation of RFC 3986 sections 6.2.2 and 6.2.3.
func sameURL(a, b string) bool {
	x, okX := normalURL(a)
	y, okY := normalURL(b)
	return okX && okY && x == y
}

func normalURL(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" {
		return "", false
	}
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	if scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		port = ""
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + ":" + port + path, true
}

// once stores that something was used; Conflict if it was before.
func (s *Service) once(ctx context.Context, org identity.OrgID, kind string, hash []byte, now, until time.Time) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		return tx.PutArtefact(ctx, identity.Artefact{Org: org, Kind: kind, Hash: hash, Created: now, Expires: until})
	})
}

// UseOnce uses up the jti of an assertion that a door accepts, for as long as the
// assertion lives. It is Conflict if it was used before.
func (s *Service) UseOnce(ctx context.Context, org identity.OrgID, jti string, until time.Time) error {
	return s.once(ctx, org, onceKind, secret.MAC(s.proofKey, []byte("once "+jti)), s.now(), until)
}

// nonceMAC is how much of the keyed hash stands in a nonce.
const nonceMAC = 16

// NewNonce makes a nonce for the header DPoP-Nonce, good for five minutes in one
// organisation. Nothing is stored.
func (s *Service) NewNonce(org identity.OrgID) string {
	at := binary.BigEndian.AppendUint64(nil, uint64(s.now().Unix()))
	return encoding.EncodeToString(append(at, s.nonceHash(org, at)...))
}

func (s *Service) nonceHash(org identity.OrgID, at []byte) []byte {
	return secret.MAC(s.nonceKey, append(org[:], at...))[:nonceMAC]
}

// CheckNonce reports whether a nonce is one of ours and not too old.
func (s *Service) CheckNonce(org identity.OrgID, nonce string) bool {
	raw, ok := decodeFixed(nonce, 8+nonceMAC)
	if !ok || !secret.Equal(raw[8:], s.nonceHash(org, raw[:8])) {
		return false
	}
	age := s.now().Sub(time.Unix(int64(binary.BigEndian.Uint64(raw[:8])), 0))
	return age <= nonceAge && age >= -proofAge
}
