package token

import (
	"encoding/hex"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
)

// The kinds of artefact of this package, and how their texts begin.
const (
	codeKind   = "code"
	accessKind = "access"
	proofKind  = "dpop"
	onceKind   = "once"

	codePrefix    = secret.TokenPrefix + "ac"
	opaquePrefix  = secret.TokenPrefix + "at_"
	refreshPrefix = secret.TokenPrefix + "rt_"
)

// newOpaque makes the text of an opaque access token, which names its
// organisation so that a resource that serves many knows whom to ask.
func newOpaque(org identity.OrgID) string {
	return secret.NewToken(opaquePrefix + hex.EncodeToString(org[:]))
}

// orgOfOpaque reads the organisation of an opaque access token.
func orgOfOpaque(text string) (org identity.OrgID, ok bool) {
	rest, ok := strings.CutPrefix(text, opaquePrefix)
	if !ok || !secret.LooksLikeToken(text) {
		return org, false
	}
	name, _, _ := strings.Cut(rest, "_")
	raw, err := hex.DecodeString(name)
	if err != nil || len(raw) != len(org) || name != strings.ToLower(name) {
		return org, false
	}
	return identity.OrgID(raw), true
}

func (s *Service) opaqueHash(text string) []byte { return secret.MAC(s.opaqueKey, []byte(text)) }
