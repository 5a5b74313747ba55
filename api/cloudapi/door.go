// Package cloudapi is the door of the Tenant Manager.
package cloudapi

import (
	"net/http"
	"strings"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// Options are what the door is made of.
type Options struct {
	Entry    *entry.Desk
	Apps     *app.Service
	Tokens   *token.Service
	Provider entry.Provider
	Public   string // absolute URL under which the world sees this server
}

// A Door serves the Tenant Manager's API.
type Door struct {
	o Options
}

// New makes a Door.
func New(o Options) *Door {
	o.Public = strings.TrimSuffix(o.Public, "/")
	return &Door{o: o}
}

// Routes is the timetable. Those of the sign-in are open to anybody, who brings
// a credential of one kind or another.
func (d *Door) Routes() []web.Route {
	route := func(pattern string, do web.Handler) web.Route {
		return web.Route{Pattern: pattern, Perm: identity.Anyone, Do: do}
	}
	return []web.Route{
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
