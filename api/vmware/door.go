// Package vmware is the door of the VMware Identity Service API and of its
// successor, the Tenant Manager: the endpoints by which their clients sign in.
// They are thin: each puts a request into the words of OAuth, hands it to the
// provider of the organisation, and puts the answer back.
package vmware

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// A Provider is the OpenID provider, whose endpoints this door serves under
// other paths.
type Provider interface {
	Endpoint(name string, org identity.Organisation) http.Handler
}

// Sessions is the little this door needs of package session.
type Sessions interface {
	List(ctx context.Context, org identity.OrgID, user identity.ID) ([]identity.Session, error)
	End(ctx context.Context, org identity.OrgID, id identity.ID) error
}

// Options are what the door is made of.
type Options struct {
	Directory *directory.Directory
	Apps      *app.Service
	Claims    *claims.Service
	Tokens    *token.Service
	SignIn    *signin.Service
	Sessions  Sessions
	Provider  Provider
	Public    string                     // absolute URL under which the world sees this server
	Address   func(*http.Request) string // of who asks
	Log       *slog.Logger               // nil: slog.Default
}

// A Door serves the sign-in of the legacy API and of the Tenant Manager.
type Door struct {
	o Options
}

// New makes a Door.
func New(o Options) *Door {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Public = strings.TrimSuffix(o.Public, "/")
	return &Door{o: o}
}

// am is where the legacy API has its access management.
const am = "/csp/gateway/am/api"

// Routes is the timetable. The rows of the documentation stand beside the
// routes; all of them are open to anybody, who brings a credential of one kind
// or another.
func (d *Door) Routes() []web.Route {
	route := func(pattern string, do web.Handler) web.Route {
		return web.Route{Pattern: pattern, Perm: identity.Anyone, Do: legacy(pattern, do)}
	}
	return []web.Route{
		route("POST "+am+"/auth/token", d.authToken),                           // row 1
		route("POST "+am+"/auth/logout", d.logout),                             // row 2
		route("POST "+am+"/auth/authorize", d.authorize),                       // row 3
		route("POST "+am+"/auth/api-tokens/authorize", d.apiToken),             // row 4
		route("GET "+am+"/auth/token-public-key", d.publicKey),                 // row 5
		route("GET /oauth/check_id_token", d.checkIDToken),                     // row 6
		route("POST "+am+"/login", d.login),                                    // row 8
		route("POST "+am+"/login/oauth", d.authorize),                          // row 9
		route("GET "+am+"/auth/.well-known/openid-configuration", d.discovery), // row 10
		route("GET "+am+"/.well-known/openid-configuration", d.discovery),      // row 10
		route("GET "+am+"/userinfo", d.userToken),                              // row 47

		route("GET /oidc/oauth2/authorize", d.passOn("authorize")),
		route("POST /oidc/oauth2/authorize", d.passOn("authorize")),
		route("POST /oidc/oauth2/token", d.passOn("token")),
		route("GET /oidc/oauth2/jwks", d.passOn("jwks")),
		route("GET /oidc/userinfo", d.userinfo),
		route("POST /oidc/userinfo", d.userinfo),
		route("GET /oidc/.well-known/openid-configuration", d.passOn("discovery")),

		route("POST /oauth/tenant/{org}/token", d.tenantToken),
		route("POST /oauth/tenant/{org}/register", d.register),
		route("POST /oauth/provider/token", d.tenantToken),
		route("POST /oauth/provider/register", d.register),
		route("POST /cloudapi/1.0.0/sessions", d.openSession),
		route("POST /cloudapi/1.0.0/sessions/provider", d.openSession),
		route("GET /cloudapi/1.0.0/sessions/current", d.currentSession),
		route("DELETE /cloudapi/1.0.0/sessions/current", d.closeSession),
	}
}

// Mount puts the door into mux.
func (d *Door) Mount(mux *http.ServeMux) {
	web.Door{OnError: d.fail}.Mount(mux, d.Routes())
}

// successors are the endpoints that take the place of legacy ones.
var successors = map[string]string{
	"/auth/token": "/oidc/oauth2/token", "/auth/authorize": "/oidc/oauth2/token", "/login/oauth": "/oidc/oauth2/token",
	"/auth/api-tokens/authorize": "/oidc/oauth2/token", "/auth/token-public-key": "/oidc/oauth2/jwks",
	"/auth/logout": "/cloudapi/1.0.0/sessions/current", "/login": "/oauth/tenant/{tenant}/token",
	"/auth/.well-known/openid-configuration": "/oidc/.well-known/openid-configuration",
	"/.well-known/openid-configuration":      "/oidc/.well-known/openid-configuration",
	"/userinfo":                              "/scim/v2/Users",
}

// legacy says of a route of the old API that it is old, and what comes after it.
func legacy(pattern string, do web.Handler) web.Handler {
	_, path, _ := strings.Cut(pattern, am)
	next, ok := successors[path]
	if !ok {
		return do
	}
	return func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		w.Header().Set("Deprecation", "true")
		w.Header().Set("Link", "<"+next+`>; rel="successor-version"`)
		return do(w, r, by)
	}
}

// named finds an organisation by slug or UUID, in the URN form too; "" is the
// root organisation.
func (d *Door) named(ctx context.Context, name string) (identity.Organisation, error) {
	name = strings.TrimPrefix(name, "urn:vcloud:org:")
	if name == "" || strings.EqualFold(name, "system") {
		return d.o.Directory.Root(ctx)
	}
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return identity.Organisation{}, errCredentials
	}
	org, err := d.o.Directory.Organisation(ctx, name)
	if identity.KindOf(err) == identity.NotFound {
		err = errCredentials // whether there is such an organisation is nobody's business
	}
	return org, err
}
