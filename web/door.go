// Package web is the furniture that every door shares: routes that name their
// permission, the middleware around them (request id, limits, panics, metrics,
// log lines), and the trace that a caller sent along. It knows nothing of what
// stands behind a door.
package web

import (
	"net/http"

	"github.com/muster-id/muster/identity"
)

// A Handler answers one request of an actor. It writes a whole answer and
// returns nil, or writes nothing and returns an error.
type Handler func(w http.ResponseWriter, r *http.Request, by identity.Actor) error

// A Route is one line of a door's timetable: which requests, what permission
// they need, and who answers. A route that anybody may call says
// identity.Anyone.
type Route struct {
	Pattern string // as http.ServeMux reads it, "GET /things/{id}"
	Perm    identity.Perm
	Do      Handler
	About   *About // nil where the wire format is told elsewhere
}

// About tells developers what a route is for.
type About struct {
	Summary string   // one sentence without a full stop
	In      any      // a value of the type of the JSON body that it reads; nil: none
	Out     any      // likewise, that it answers with; nil: none
	Status  int      // of success
	Query   []string // "name: what it says"
}

// Says adds to a route what developers need to know of it.
func (r Route) Says(status int, summary string, in, out any, query ...string) Route {
	r.About = &About{Summary: summary, In: in, Out: out, Status: status, Query: query}
	return r
}

// A Door is one API: it finds out who is asking and puts errors into its own
// wire format. Of routes for anyone it is not asked: the actor is then the zero
// Actor, and where all are such, Who may be nil.
type Door struct {
	Who     func(*http.Request) (identity.Actor, error)
	OnError func(http.ResponseWriter, *http.Request, error)
}

// Mount adds the routes to mux. It panics for a route without a permission or
// without a handler, and for a route that asks for a permission where the door
// cannot tell who asks: a forgotten permission is a failure to start, not a
// hole.
func (d Door) Mount(mux *http.ServeMux, routes []Route) {
	for _, rt := range routes {
		switch {
		case rt.Perm == "":
			panic("web: route without permission: " + rt.Pattern)
		case rt.Do == nil:
			panic("web: route without handler: " + rt.Pattern)
		case rt.Perm != identity.Anyone && d.Who == nil:
			panic("web: route needs " + string(rt.Perm) + " at a door that knows nobody: " + rt.Pattern)
		case d.OnError == nil:
			panic("web: door without OnError: " + rt.Pattern)
		}
		mux.HandleFunc(rt.Pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := d.serve(rt, w, r); err != nil {
				d.OnError(w, r, err)
			}
		})
	}
}

func (d Door) serve(rt Route, w http.ResponseWriter, r *http.Request) error {
	var by identity.Actor
	if rt.Perm != identity.Anyone {
		var err error
		if by, err = d.Who(r); err != nil {
			return err
		}
		if err := by.Need(rt.Perm); err != nil {
			return err
		}
	}
	return rt.Do(w, r, by)
}
