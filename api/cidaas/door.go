// Package cidaas is the door of the cidaas API: so far, the endpoints by which
// its clients sign in. They are thin: each puts a request into the words of
// OAuth, hands it to the provider of the organisation, and puts the answer back.
package cidaas

import (
	"net/http"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// A Provider is the OpenID provider, whose endpoints this door serves under
// other paths.
type Provider interface {
	Endpoint(name string, org identity.Organisation) http.Handler
}

// Options are what the door is made of.
type Options struct {
	Directory *directory.Directory
	Apps      *app.Service
	Tokens    *token.Service
	Provider  Provider
}

// A Door serves the sign-in of the cidaas API.
type Door struct {
	o Options
}

// New makes a Door.
func New(o Options) *Door { return &Door{o: o} }

// Routes is the timetable. All of it is open to anybody, who brings a credential
// of one kind or another. The metadata of discovery is the provider's own.
func (d *Door) Routes() []web.Route {
	route := func(pattern string, do web.Handler) web.Route {
		return web.Route{Pattern: pattern, Perm: identity.Anyone, Do: do}
	}
	return []web.Route{
		route("POST /token-srv/token", d.token),
		route("POST /token-srv/introspect", d.backChannel("introspect")),
		route("POST /token-srv/revoke", d.backChannel("revoke")),
		route("POST /authz-srv/device/authz", d.backChannel("device_authorization")),
		route("GET /authz-srv/authz", d.authorize),
		route("POST /authz-srv/authz", d.authorize),
		route("GET /users-srv/userinfo", d.userinfo),
		route("POST /users-srv/userinfo", d.userinfo),
		route("GET /session/end_session", d.endSession),
		route("POST /session/end_session", d.endSession),
		route("GET /.well-known/jwks.json", d.keys),

		route("OPTIONS /token-srv/token", preflight("POST")),
		route("OPTIONS /token-srv/revoke", preflight("POST")),
		route("OPTIONS /users-srv/userinfo", preflight("GET, POST")),
	}
}

// Mount puts the door into mux.
func (d *Door) Mount(mux *http.ServeMux) {
	web.Door{OnError: d.fail}.Mount(mux, d.Routes())
}
