// Package access is the door of our own JSON API on access: what there is, who
// has which role, and decisions with their reasons. Which routes it has stands in
// Routes.
package access

import (
	"context"
	"net/http"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// Apps is the little this door needs of package app.
type Apps interface {
	Get(ctx context.Context, org identity.OrgID, clientIDOrID string) (*identity.App, error)
}

// Options are what the door is made of.
type Options struct {
	Access    *access.Service
	Directory *directory.Directory
	Apps      Apps
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
	routes := shelf(d, "/actions", "action", s.Actions, actions)
	routes = append(routes, shelf(d, "/resource-types", "resource type", s.ResourceTypes, resourceTypes)...)
	routes = append(routes, shelf(d, "/resources", "resource", s.Resources, resources)...)
	routes = append(routes, shelf(d, "/permissions", "permission", s.Permissions, permissions)...)
	routes = append(routes, shelf(d, "/roles", "role", s.Roles, roles)...)
	read, write := identity.AccessRead, identity.AccessWrite
	return append(routes,
		d.route("GET", "/roles/{id}/members", read, d.listMembers).Says(200, "List the users that have a role, direct or through groups", nil, members{}, limit, after),
		d.route("GET", "/users/{id}/roles", read, d.listRoles(identity.UserSubject)).Says(200, "List the roles of a user, and how they are had", nil, holdings{}),
		d.route("GET", "/groups/{id}/roles", read, d.listRoles(identity.GroupSubject)).Says(200, "List the roles of a group", nil, holdings{}),
		d.route("GET", "/apps/{id}/roles", read, d.listRoles(identity.AppSubject)).Says(200, "List the roles of an app", nil, holdings{}),
		d.route("GET", "/assignments", read, d.listAssignments).Says(200, "List who has which role", nil, assignments{},
			"role: the id or name of a role", "subject_type: User, Group or App", "subject: an id; with subject_type also a name", limit, after),
		d.route("POST", "/assignments", write, d.assign).Says(201, "Give a role to a user, a group or an app", assignmentJSON{}, assignmentJSON{}),
		d.route("DELETE", "/assignments/{id}", write, d.unassign).Says(204, "Take a role away", nil, nil),
		d.route("POST", "/decisions", read, d.decide).Says(200, "Decide who may do what: one question, or a list of them", decisionsJSON{}, answerJSON{}, explain),
		d.route("POST", "/what-if", read, d.whatIf).Says(200, "Decide as if a change had been made", whatIfJSON{}, whatIfAnswer{}, explain),
	)
}

// Parameters that several routes have.
const (
	limit   = "limit: how many, up to 1000"
	after   = "after: the next of the page before"
	explain = "explain: tell the reasons too"
)

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

func (d *Door) finder(r *http.Request, by identity.Actor) *finder {
	return &finder{r.Context(), d.o.Access, by}
}
