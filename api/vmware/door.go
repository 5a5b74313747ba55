// Package vmware is the door of the VMware Identity Service API, the legacy one
// before the Tenant Manager. Which operation may be used by whom stands in one
// table, from which the routes are made.
package vmware

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
	Sessions  entry.Sessions
	Provider  entry.Provider
}

// A Door serves the legacy API.
type Door struct {
	o      Options
	people people.Desk
}

// New makes a Door.
func New(o Options) *Door { return &Door{o, people.Desk{Directory: o.Directory}} }

// Routes is the timetable. Who may use a route is asked by its policy, in one
// place, once it is clear in which organisation.
func (d *Door) Routes() []web.Route {
	out := []web.Route{
		{Pattern: "GET " + am + "/access-policy", Perm: identity.Anyone, Do: d.accessPolicy},
		{Pattern: "/csp/gateway/", Perm: identity.Anyone, Do: nowhere}, // also by other methods
	}
	for _, op := range table() {
		do := d.serve(op)
		for _, pattern := range append([]string{op.Method + " " + op.Path}, op.Aliases...) {
			out = append(out, web.Route{Pattern: pattern, Perm: identity.Anyone, Do: do})
		}
	}
	for _, v := range variants() {
		out = append(out, web.Route{Pattern: v.pattern, Perm: identity.Anyone, Do: d.serve(v.of())})
	}
	return out
}

// Mount puts the door into mux.
func (d *Door) Mount(mux *http.ServeMux) {
	web.Door{OnError: d.fail}.Mount(mux, d.Routes())
}

// serve answers an operation to those whom its policy lets in. It says that the
// operation is old, and what comes after it.
func (d *Door) serve(op operation) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		w.Header().Set("Deprecation", "true")
		for _, next := range op.Successors {
			for _, part := range []string{"userId", "groupId"} {
				if v := r.PathValue(part); v != "" && identityText(v) {
					next = strings.ReplaceAll(next, "{"+part+"}", v)
				}
			}
			w.Header().Add("Link", "<"+next+`>; rel="successor-version"`)
		}
		if op.open != nil {
			return op.open(d, w, r)
		}
		c, err := d.caller(r)
		if err != nil {
			return err
		}
		if !op.Policy.Allows(c.kind) {
			return errDenied
		}
		return op.do(d, w, r, c)
	}
}

// identityText reports whether a text is a UUID, which may stand in a header.
func identityText(s string) bool {
	_, ok := identity.ParseID(s)
	return ok
}

// nowhere answers where there is no operation.
func nowhere(http.ResponseWriter, *http.Request, identity.Actor) error {
	return identity.NewError(identity.NotFound, "", "There is no such operation.")
}

// accessPolicy serves the table.
func (d *Door) accessPolicy(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	web.JSON(w, http.StatusOK, map[string]any{"operations": Operations()})
	return nil
}
