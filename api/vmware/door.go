// Package vmware is the door of the VMware Identity Service API, the legacy one
// before the Tenant Manager.
package vmware

import (
	"net/http"
	"strings"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// Options are what the door is made of.
type Options struct {
	Entry     *entry.Desk
	Directory *directory.Directory
	Apps      *app.Service
	Tokens    *token.Service
	Sessions  entry.Sessions
	Provider  entry.Provider
}

// A Door serves the legacy API.
type Door struct {
	o Options
}

// New makes a Door.
func New(o Options) *Door { return &Door{o: o} }

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
