package token

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"maps"
)

// makeID makes the ID token (OpenID Connect Core section 2). Claims of the person
// never replace those of the protocol.
func (s *Service) makeID(ctx context.Context, b *batch) error {
	a := b.Authorization
	// A registration that names no algorithm means RS256 (OpenID Connect
	// Registration section 2).
	alg := chosen(b.App.IDTokenAlg, "RS256")
	all := map[string]any{}
	maps.Copy(all, without(b.claims, reservedID))
	maps.Copy(all, without(a.Extra, reservedAccess))
	maps.Copy(all, without(b.IDClaims, reservedID))
	all["iss"], all["sub"], all["aud"], all["azp"] = b.tenant.issuer, b.subject, b.App.ClientID, b.App.ClientID
	all["iat"], all["exp"] = b.now.Unix(), b.now.Add(idTokenLife).Unix()
	if !a.AuthTime.IsZero() {
		all["auth_time"] = a.AuthTime.Unix()
	}
	if len(a.AMR) > 0 {
		all["amr"] = a.AMR
	}
	if !a.Session.IsZero() {
		all["sid"] = a.Session.String()
	}
	for name, value := range map[string]string{
		"nonce": a.Nonce, "acr": a.ACR,
		"at_hash": halfHash(alg, b.out.AccessToken), "c_hash": halfHash(alg, b.Code), "s_hash": halfHash(alg, b.State),
	} {
		if value != "" {
			all[name] = value
		}
	}
	if a.Actor != nil {
		all["act"] = a.Actor
	}
	s.moveGroups(all)
	var err error
	b.out.IDToken, err = s.Sign(ctx, b.Org.ID, alg, TypeID, all)
	return err
}

// groupsScope is the scope, and the claim, of the groups of a person. Unlike other
// scopes it counts for ID tokens that come with an access token too.
const groupsScope = "groups"

// rolesScope is the scope of the roles of a person, which stand in every kind of
// token.
const rolesScope = "roles"

// maxGroups is how many groups an ID token lists. Those of a person who is in
// more of them would make it too large for headers and cookies.
const maxGroups = 100

// moveGroups takes groups out of the claims of an ID token if they are too many,
// and says which claims are missing ("ovc") and where they are told ("ovl").
func (s *Service) moveGroups(all map[string]any) {
	n := 0
	switch groups := all[groupsScope].(type) {
	case []string:
		n = len(groups)
	case []any:
		n = len(groups)
	}
	if n > maxGroups {
		delete(all, groupsScope)
		all["ovc"], all["ovl"] = []string{groupsScope}, s.public+"/oauth/check_id_token"
	}
}

// halfHash is the left half of the hash that belongs to a signature algorithm
// (OpenID Connect Core section 3.1.3.6); "" of "".
func halfHash(alg, text string) string {
	if text == "" {
		return ""
	}
	if alg == "EdDSA" {
		h := sha512.Sum512([]byte(text))
		return encoding.EncodeToString(h[:32])
	}
	h := sha256.Sum256([]byte(text))
	return encoding.EncodeToString(h[:16])
}
