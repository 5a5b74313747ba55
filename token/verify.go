package token

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/identity"
)

// maxText is the length of the longest JWT that is looked at.
const maxText = 16 << 10

// Verified is a token of our own whose signature, issuer and type are right.
type Verified struct {
	Alg    string
	Type   string // header typ
	KeyID  string
	Claims map[string]any
	Raw    []byte // the claims as they were signed
}

// ownAlgorithms are what our own tokens may be signed with.
var ownAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA}

// refused is the one answer to every token that is not believed.
func refused() error {
	return identity.NewError(identity.Unauthenticated, "", "The token is not valid.")
}

// VerifyOwn checks that an organisation signed a text, with the header typ one of
// those named and iss its issuer. It does not look at exp, which an
// id_token_hint may be past. Errors are Unauthenticated.
func (s *Service) VerifyOwn(ctx context.Context, org identity.OrgID, text string, typ ...string) (*Verified, error) {
	t, err := s.tenant(ctx, org)
	if identity.KindOf(err) == identity.NotFound {
		return nil, refused()
	}
	if err != nil {
		return nil, err
	}
	v, err := s.verify(t, text, typ)
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(v.Raw, &v.Claims) != nil || v.Claims["iss"] != t.issuer {
		return nil, refused()
	}
	return v, nil
}

// verify checks signature and type alone. Which key and which algorithm is for
// our own list to say; the header only names one of it.
func (s *Service) verify(t *tenant, text string, typ []string) (*Verified, error) {
	if !isCompact(text, maxText) {
		return nil, refused()
	}
	jws, err := jose.ParseSignedCompact(text, ownAlgorithms)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, refused()
	}
	h := jws.Signatures[0].Protected
	kind, _ := h.ExtraHeaders[jose.HeaderType].(string)
	if !slices.Contains(typ, kind) || h.JSONWebKey != nil || len(h.ExtraHeaders) != 1 {
		return nil, refused()
	}
	now := s.now()
	i := slices.IndexFunc(t.keys, func(k identity.SigningKey) bool {
		return k.ID == h.KeyID && k.Alg == h.Algorithm && stateOf(k, now) != KeyGone
	})
	if i < 0 {
		return nil, refused()
	}
	public, err := publicKey(t.keys[i])
	if err != nil {
		return nil, err
	}
	raw, err := jws.Verify(public.Key)
	if err != nil {
		return nil, refused()
	}
	return &Verified{Alg: h.Algorithm, Type: kind, KeyID: h.KeyID, Raw: raw}, nil
}

// isCompact reports whether a text has the form of a compact JWS: three parts of
// base64url. Decoders skip line feeds; a token must have one spelling only.
func isCompact(text string, longest int) bool {
	if len(text) > longest {
		return false
	}
	dots := 0
	for _, c := range []byte(text) {
		switch {
		case c == '.':
			dots++
		case !isBase64URL(c):
			return false
		}
	}
	return dots == 2
}

func isBase64URL(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// decodeFixed reads base64url of exactly size bytes.
func decodeFixed(text string, size int) ([]byte, bool) {
	if len(text) != encoding.EncodedLen(size) {
		return nil, false
	}
	raw, err := encoding.DecodeString(text)
	return raw, err == nil && len(raw) == size
}

// issuerOf reads iss of a JWT that nobody has verified yet, to know whom to ask.
func issuerOf(text string) (string, bool) {
	if !isCompact(text, maxText) {
		return "", false
	}
	_, rest, _ := strings.Cut(text, ".")
	middle, _, _ := strings.Cut(rest, ".")
	raw, err := encoding.DecodeString(middle)
	if err != nil {
		return "", false
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if json.Unmarshal(raw, &claims) != nil || claims.Issuer == "" {
		return "", false
	}
	return claims.Issuer, true
}
