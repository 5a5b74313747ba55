// Package access is the door of our own JSON API on access: what there is, who
// has which role, and decisions with their reasons. Which routes it has stands in
// Routes.
package access

import (
	"net/http"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// Options are what the door is made of.
type Options struct {
	Access    *access.Service
	Directory *directory.Directory
	// Bearer finds the actor of a request by its access token.
	Bearer func(*http.Request) (identity.Actor, error)
	Errors web.Problems
}

// A Door serves the routes of access below /api/v1/o/{org}.
type Door struct{ o Options }

// New makes a Door.
func New(o Options) *Door { return &Door{o} }

// prefix is what the path of every route begins with.
const prefix = "/api/v1/o/{org}"

// Routes is the timetable of the door.
func (d *Door) Routes() []web.Route {
	s := d.o.Access
	routes := shelf(d, "/actions", s.Actions, actions)
	routes = append(routes, shelf(d, "/resource-types", s.ResourceTypes, resourceTypes)...)
	routes = append(routes, shelf(d, "/resources", s.Resources, resources)...)
	routes = append(routes, shelf(d, "/permissions", s.Permissions, permissions)...)
	routes = append(routes, shelf(d, "/roles", s.Roles, roles)...)
	return append(routes,
		d.route("GET", "/roles/{id}/members", identity.AccessRead, d.listMembers),
		d.route("GET", "/users/{id}/roles", identity.AccessRead, d.listRoles(identity.UserSubject)),
		d.route("GET", "/groups/{id}/roles", identity.AccessRead, d.listRoles(identity.GroupSubject)),
		d.route("GET", "/apps/{id}/roles", identity.AccessRead, d.listRoles(identity.AppSubject)),
		d.route("GET", "/assignments", identity.AccessRead, d.listAssignments),
		d.route("POST", "/assignments", identity.AccessWrite, d.assign),
		d.route("DELETE", "/assignments/{id}", identity.AccessWrite, d.unassign),
		d.route("POST", "/decisions", identity.AccessRead, d.decide),
		d.route("POST", "/what-if", identity.AccessRead, d.whatIf),
	)
}

// Mount puts the door into mux.
func (d *Door) Mount(mux *http.ServeMux) {
	web.Door{Who: d.o.Bearer, OnError: d.o.Errors.Fail}.Mount(mux, d.Routes())
}

// A handler answers one request within the organisation of its path, which is
// that of the actor.
type handler func(w http.ResponseWriter, r *http.Request, by identity.Actor) error

func (d *Door) route(method, path string, perm identity.Perm, do handler) web.Route {
	return web.Route{Pattern: method + " " + prefix + path, Perm: perm, Do: func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		org, err := d.o.Directory.Acting(r.Context(), by, r.PathValue("org"))
		if err != nil {
			return err
		}
		by.Org = org.ID
		return do(w, r, by)
	}}
}
