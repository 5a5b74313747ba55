package vmware

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"slices"
	"time"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// idToken checks an ID token of whatever organisation issued it.
func (d *Door) idToken(ctx context.Context, text string) (identity.Organisation, map[string]any, error) {
	id, err := d.o.Tokens.OrganisationOf(ctx, text)
	if err != nil {
		return identity.Organisation{}, nil, err
	}
	org, err := d.o.Directory.Organisation(ctx, id.String())
	if err != nil {
		return org, nil, err
	}
	v, err := d.o.Tokens.VerifyOwn(ctx, org.ID, text, token.TypeID)
	if err != nil {
		return org, nil, err
	}
	return org, v.Claims, nil
}

func textOf(said map[string]any, name string) string {
	s, _ := said[name].(string)
	return s
}

// expired reports whether an ID token is past its time.
func expired(said map[string]any) bool {
	exp, _ := said["exp"].(float64)
	return time.Now().Unix() >= int64(exp)
}

// checkIDToken is row 6: the claims of an ID token with everything that was too
// large to stand in it. The organisation's own apps learn who the person is as
// well, as far as they may ask for it.
func (d *Door) checkIDToken(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	org, said, err := d.idToken(ctx, entry.TokenOf(r))
	if err != nil {
		return err
	}
	if expired(said) {
		return entry.ErrCredentials
	}
	user, ok := identity.ParseID(textOf(said, "sub"))
	if !ok {
		return entry.ErrCredentials // a pairwise subject: the app that it belongs to may ask UserInfo
	}
	if err := d.stillIn(ctx, org, user, said); err != nil {
		return err
	}
	scopes, err := d.scopesOf(ctx, org, said)
	if err != nil {
		return err
	}
	more, err := d.o.Entry.Expanded(ctx, org, user, scopes)
	if err != nil {
		return err
	}
	for k, v := range more {
		said[k] = v
	}
	if slices.Contains(scopes, "groups") {
		said["groups"] = more["group_names"]
	}
	delete(said, "ovl")
	delete(said, "ovc")
	web.JSON(w, http.StatusOK, said)
	return nil
}

// stillIn refuses an ID token whose session has ended.
func (d *Door) stillIn(ctx context.Context, org identity.Organisation, user identity.ID, said map[string]any) error {
	sid := textOf(said, "sid")
	if sid == "" {
		return nil // without a session, as by a password grant
	}
	list, err := d.o.Sessions.List(ctx, org.ID, user)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(s identity.Session) bool { return s.ID.String() == sid }) {
		return entry.ErrCredentials
	}
	return nil
}

// scopesOf returns the scopes for which an ID token is expanded: groups if it
// says something of groups, and for a trusted app what it may ask for.
func (d *Door) scopesOf(ctx context.Context, org identity.Organisation, said map[string]any) (out []string, err error) {
	a, err := d.o.Apps.Get(ctx, org.ID, textOf(said, "azp"))
	if identity.KindOf(err) == identity.NotFound || err == nil && a.Disabled {
		return nil, entry.ErrCredentials
	}
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"profile", "email"} {
		if a.Trusted && slices.Contains(a.Scopes, name) {
			out = append(out, name)
		}
	}
	_, listed := said["groups"]
	missing, _ := said["ovc"].([]any)
	if listed || slices.Contains(missing, any("groups")) {
		out = append(out, "groups")
	}
	return out, nil
}

// userToken is row 47: what a token says of the person who holds it.
func (d *Door) userToken(w http.ResponseWriter, r *http.Request) error {
	b, err := d.o.Entry.Bearer(r)
	if err != nil {
		return err
	}
	if b.User.IsZero() {
		return identity.NewError(identity.Denied, "", "The token belongs to no person.")
	}
	out, err := d.o.Entry.Expanded(r.Context(), b.Org, b.User, b.Scopes)
	if err != nil {
		return err
	}
	out["sub"] = b.Subject
	web.JSON(w, http.StatusOK, out)
	return nil
}

// publicKey is row 5: the key set of the provider, and its RS256 key in the form
// that the old API had before there were key sets.
func (d *Door) publicKey(w http.ResponseWriter, r *http.Request) error {
	org, err := d.o.Entry.Named(r.Context(), r.URL.Query().Get("orgId"))
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
	web.JSON(w, http.StatusOK, doc)
	return nil
}
