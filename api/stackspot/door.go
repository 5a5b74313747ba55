// Package stackspot is the door of the StackSpot IAM SCIM Provider API 1.0:
// users, groups, actions, resource types, resources, permissions and roles, in
// the envelopes of that API or as flat SCIM, and the endpoint by which its
// clients get their tokens. The rules stand in packages directory and access.
package stackspot

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// A Provider is the OpenID provider, whose token endpoint this door serves under
// another path.
type Provider interface {
	Endpoint(name string, org identity.Organisation) http.Handler
}

// Options are what the door is made of.
type Options struct {
	Directory *directory.Directory
	Access    *access.Service
	Provider  Provider
	Public    string // absolute URL under which the world sees this server
	// Bearer finds the actor of a request and checks what its token is bound to.
	Bearer func(*http.Request) (identity.Actor, error)
}

// A Door serves the API. Its paths lie across those of other doors, so it is not
// mounted: who has a request for it asks Answers first.
type Door struct {
	o   Options
	mux *http.ServeMux // by the paths that address.place makes
}

// New makes a Door.
func New(o Options) *Door {
	o.Public = strings.TrimSuffix(o.Public, "/")
	d := &Door{o: o, mux: http.NewServeMux()}
	web.Door{Who: d.who, OnError: d.fail}.Mount(d.mux, d.Routes())
	web.Door{OnError: d.fail}.Mount(d.mux, []web.Route{{Pattern: "POST /token", Perm: identity.Anyone, Do: d.token}})
	return d
}

// A collection is one of the kinds of thing that the API has.
type collection interface {
	list(w http.ResponseWriter, r *http.Request, v *visit) error
	create(w http.ResponseWriter, r *http.Request, v *visit) error
	get(w http.ResponseWriter, r *http.Request, v *visit) error
	replace(w http.ResponseWriter, r *http.Request, v *visit) error
	patch(w http.ResponseWriter, r *http.Request, v *visit) error
}

// Routes is the timetable, but for the token endpoint. Its patterns begin with
// the collection, in whatever way the path of a request names it; see address.
func (d *Door) Routes() []web.Route {
	var all []web.Route
	add := func(pattern string, perm identity.Perm, do func(http.ResponseWriter, *http.Request, *visit) error) {
		all = append(all, web.Route{Pattern: pattern, Perm: perm, Do: func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
			return do(w, r, d.visit(r, by))
		}})
	}
	five := func(name string, c collection, remove func(http.ResponseWriter, *http.Request, *visit) error, read, write identity.Perm) {
		add("GET /"+name, read, c.list)
		add("POST /"+name, write, c.create)
		add("GET /"+name+"/{id}", read, c.get)
		add("PUT /"+name+"/{id}", write, c.replace)
		add("PATCH /"+name+"/{id}", write, c.patch)
		add("DELETE /"+name+"/{id}", write, remove)
	}
	a := d.o.Access
	actions, types, resources, permissions, roles := actionKind(a), typeKind(a), resourceKind(a), permissionKind(a), roleKind(a)
	five("Actions", actions, actions.remove, identity.AccessRead, identity.AccessWrite)
	five("Resource-Types", types, types.remove, identity.AccessRead, identity.AccessWrite)
	five("Resources", resources, resources.remove, identity.AccessRead, identity.AccessWrite)
	five("Permissions", permissions, permissions.remove, identity.AccessRead, identity.AccessWrite)
	five("Roles", roles, roles.remove, identity.AccessRead, identity.AccessWrite)
	five("Groups", groups, groups.remove, identity.ResourcesRead, identity.ResourcesWrite)
	five("Users", users, users.remove, identity.ResourcesRead, identity.ResourcesWrite)
	add("GET /Users/{id}/Roles", identity.AccessRead, rolesOf)
	add("GET /Roles/{id}/Members", identity.ResourcesRead, membersOf)
	return all
}

// Answers reports whether a request is for this door.
func (d *Door) Answers(r *http.Request) bool {
	_, ok := parse(r.URL.EscapedPath())
	return ok
}

// methods are those of the timetable.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// ServeHTTP answers a request that Answers is true for.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, _ := parse(r.URL.EscapedPath())
	place := a.place()
	web.SetRoute(r.Context(), "/scim"+strings.Replace(place, anyID, "{id}", 1))
	h, pattern := d.handler(r.Method, place)
	if pattern == "" {
		d.lost(w, r, place)
		return
	}
	r.SetPathValue("id", a.ID)
	h.ServeHTTP(w, r)
}

func (d *Door) handler(method, place string) (http.Handler, string) {
	return d.mux.Handler(&http.Request{Method: method, URL: &url.URL{Path: place}})
}

// lost answers where there is no route: the method is another one, or nothing is
// there.
func (d *Door) lost(w http.ResponseWriter, r *http.Request, place string) {
	var allow []string
	for _, m := range methods {
		if _, pattern := d.handler(m, place); pattern != "" {
			allow = append(allow, m)
		}
	}
	if len(allow) == 0 {
		d.fail(w, r, refusal{http.StatusNotFound, "", "There is no such endpoint."})
		return
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	d.fail(w, r, refusal{http.StatusMethodNotAllowed, "", "The endpoint does not take this method."})
}
