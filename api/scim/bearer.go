package scim

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
	protocol "github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// scope is what an access token must hold to open this door.
const scope = "scim"

// connection finds the connection of a request: by a token of its own, or by an
// access token of the app that stands for it.
func (d *Door) connection(r *http.Request) (identity.Connection, identity.Organisation, error) {
	scheme, text, _ := web.Credential(r.Header)
	if scheme != "Bearer" {
		text = "" // the token of a connection is bound to no key
	}
	if strings.HasPrefix(text, connectionToken) && secret.LooksLikeToken(text) || d.bearer == nil {
		return d.dir.Authenticate(r.Context(), text)
	}
	b, err := d.bearer(r)
	if e, refused := errors.AsType[*token.Error](err); refused && e.Status == http.StatusUnauthorized {
		err = errStranger
	}
	if err != nil {
		return identity.Connection{}, identity.Organisation{}, err
	}
	if b.App.Connection == "" && !slices.Contains(b.Scopes, scope) {
		return identity.Connection{}, identity.Organisation{}, errNoConnection
	}
	if !slices.Contains(b.Scopes, scope) || b.App.Connection == "" {
		return identity.Connection{}, identity.Organisation{}, errScope
	}
	c, err := d.dir.Connection(r.Context(), b.Org.ID, b.App.Connection)
	if identity.KindOf(err) == identity.NotFound || err == nil && c.Disabled {
		err = identity.NewError(identity.Unauthenticated, "", "The connection is gone or disabled.")
	}
	return c, b.Org, err
}

// connectionToken begins the tokens of connections.
const connectionToken = "muster_scim_"

var errScope = &protocol.Error{
	Status: http.StatusForbidden,
	Detail: "The access token does not hold the scope \"scim\", or its app has no SCIM connection.",
}

// errNoConnection is errScope for the token of an app that has nothing to do with
// connections: what its holder may do here depends on who that is.
var errNoConnection = &protocol.Error{Status: errScope.Status, Detail: errScope.Detail}

// wellKnown is where the metadata of a protected resource stands; the path of
// the resource follows (RFC 9728 section 3.1).
const wellKnown = "/.well-known/oauth-protected-resource"

// metadata tells a client that has no token where to get one. The organisation
// is that of the resource's path; without one it is the root organisation.
// Without a path it is about the host as a whole.
func (d *Door) metadata(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	a := parse(strings.TrimPrefix(r.URL.Path, wellKnown), "")
	issuer := d.public
	if a.Organisation != "" {
		org, err := d.dir.Organisation(r.Context(), a.Organisation)
		if err != nil {
			return err
		}
		if !org.Parent.IsZero() {
			issuer += "/o/" + org.Slug
		}
	}
	text, err := json.Marshal(map[string]any{
		"resource":                                   d.public + a.Root,
		"resource_name":                              "Muster",
		"authorization_servers":                      []string{issuer},
		"scopes_supported":                           []string{scope},
		"bearer_methods_supported":                   []string{"header"},
		"dpop_signing_alg_values_supported":          token.DPoPAlgorithms,
		"tls_client_certificate_bound_access_tokens": d.certificates,
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, err = w.Write(text)
	return err
}
