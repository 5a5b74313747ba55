// Package cloudapi is the door of the Tenant Manager. Which operation takes which
// permission stands in one table, from which the routes are made.
package cloudapi

import (
	"net/http"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/api/vmware/people"
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
	Access    *access.Service
	Apps      *app.Service
	Tokens    *token.Service
	Provider  entry.Provider
	Public    string // absolute URL under which the world sees this server
}

// A Door serves the Tenant Manager's API.
type Door struct {
	o      Options
	people people.Desk
}

// New makes a Door.
func New(o Options) *Door {
	o.Public = strings.TrimSuffix(o.Public, "/")
	return &Door{o, people.Desk{Directory: o.Directory}}
}

// Routes is the timetable. Those of the sign-in are open to anybody, who brings
// a credential of one kind or another; who may use the others is asked by the
// table, once it is clear in which organisation.
func (d *Door) Routes() []web.Route {
	route := func(pattern string, do web.Handler) web.Route {
		return web.Route{Pattern: pattern, Perm: identity.Anyone, Do: do}
	}
	out := []web.Route{
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

		route("GET /api/versions", d.serveVersions),
		route("POST "+v1+"/sessions", d.versioned(d.openSession)),
		route("POST "+v1+"/sessions/provider", d.versioned(d.openSession)),
		route("/cloudapi/", d.versioned(func(http.ResponseWriter, *http.Request, identity.Actor) error { return errNothing })),
	}
	for _, op := range table() {
		out = append(out, route(op.Method+" "+op.Path, d.versioned(d.serve(op))))
	}
	return out
}

// Mount puts the door into mux.
func (d *Door) Mount(mux *http.ServeMux) {
	web.Door{OnError: d.fail}.Mount(mux, d.Routes())
}

// versioned holds a request to the versions that there are, and gives its answer
// the headers that all have.
func (d *Door) versioned(do web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		version, ok := versionOf(r)
		w = d.common(w, r, version)
		if !ok {
			wrongVersion(w)
			return nil
		}
		if err := do(w, r, by); err != nil {
			d.fail(w, r, err)
		}
		return nil
	}
}

// serve answers an operation to those whom the table lets in.
func (d *Door) serve(op operation) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		c, err := d.call(w, r)
		if err != nil {
			return err
		}
		if c.all = op.Perm != identity.SignedIn && c.may(op.Perm); !c.all && !op.Own {
			return errDenied
		}
		return op.do(d, c)
	}
}
