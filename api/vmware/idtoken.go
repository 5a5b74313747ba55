package vmware

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"time"

	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// idToken checks an ID token of whatever organisation issued it.
func (d *Door) idToken(ctx context.Context, text string) (identity.Organisation, map[string]any, error) {
	slug, ok := d.o.Tokens.OrgOfIssuer(unverifiedIssuer(text))
	if !ok {
		return identity.Organisation{}, nil, errCredentials
	}
	org, err := d.named(ctx, slug)
	if err != nil {
		return org, nil, err
	}
	v, err := d.o.Tokens.VerifyOwn(ctx, org.ID, text, token.TypeID)
	if err != nil {
		return org, nil, err
	}
	return org, v.Claims, nil
}

// unverifiedIssuer reads the issuer of a JWT, to know whose keys to ask. Nothing
// is believed of it before the signature has been checked with them.
func unverifiedIssuer(text string) string {
	part := strings.Split(text, ".")
	if len(part) != 3 || len(text) > maxBody {
		return ""
	}
	body, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil {
		return ""
	}
	var c struct {
		Issuer string `json:"iss"`
	}
	if json.Unmarshal(body, &c) != nil {
		return ""
	}
	return c.Issuer
}

func textOf(said map[string]any, name string) string {
	s, _ := said[name].(string)
	return s
}

// checkIDToken is row 6: the claims of an ID token with everything that was too
// large to stand in it.
func (d *Door) checkIDToken(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	ctx := r.Context()
	org, said, err := d.idToken(ctx, tokenOf(r))
	if err != nil {
		return err
	}
	if exp, _ := said["exp"].(float64); time.Now().Unix() >= int64(exp) {
		return errCredentials
	}
	user, ok := identity.ParseID(textOf(said, "sub"))
	if !ok {
		return errCredentials // a pairwise subject: the app that it belongs to may ask UserInfo
	}
	more, err := d.expanded(ctx, org, user)
	if err != nil {
		return err
	}
	for k, v := range more {
		said[k] = v
	}
	delete(said, "ovl")
	delete(said, "ovc")
	answer(w, http.StatusOK, said)
	return nil
}

// expanded returns what these clients want to know of a person.
func (d *Door) expanded(ctx context.Context, org identity.Organisation, user identity.ID) (map[string]any, error) {
	said, err := d.o.Claims.Of(ctx, org, user, claims.Want{Scopes: []string{"profile", "email", "groups", "vcd_idp"}})
	if err != nil {
		return nil, err
	}
	ids, err := d.o.Directory.GroupsOf(ctx, org.ID, user)
	if err != nil {
		return nil, err
	}
	out := map[string]any{
		"username": said["preferred_username"], "domain": org.Slug, "context": org.ID.String(), "context_name": org.Name,
		"acct": said["preferred_username"], "given_name": said["given_name"], "family_name": said["family_name"], "email": said["email"],
		"group_names": []string{}, "group_ids": []string{},
	}
	if names, ok := said["groups"]; ok {
		out["group_names"] = names
	}
	if len(ids) > 0 {
		out["group_ids"] = ids
	}
	for k, v := range out {
		if v == nil {
			delete(out, k)
		}
	}
	return out, nil
}

// userToken is row 47: what a token says of the person who holds it.
func (d *Door) userToken(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	b, err := d.bearer(r)
	if err != nil {
		return err
	}
	if b.User.IsZero() {
		return identity.NewError(identity.Denied, "", "The token belongs to no person.")
	}
	out, err := d.expanded(r.Context(), b.Org, b.User)
	if err != nil {
		return err
	}
	out["sub"] = b.User.String()
	answer(w, http.StatusOK, out)
	return nil
}

// publicKey is row 5: the key set of the provider, and its RS256 key in the form
// that the old API had before there were key sets.
func (d *Door) publicKey(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	org, err := d.named(r.Context(), r.URL.Query().Get("orgId"))
	if err != nil {
		return err
	}
	doc, err := d.document("jwks", org, r)
	if err != nil {
		return err
	}
	set, err := d.o.Tokens.JWKS(r.Context(), org.ID)
	if err != nil {
		return err
	}
	for _, k := range set.Keys {
		if k.Algorithm != "RS256" {
			continue
		}
		der, err := x509.MarshalPKIXPublicKey(k.Key)
		if err != nil {
			return err
		}
		doc["alg"], doc["issuer"] = "SHA256withRSA", d.o.Tokens.Issuer(org)
		doc["value"] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	answer(w, http.StatusOK, doc)
	return nil
}
