// Package authzen is the door of decisions: the OpenID AuthZEN Authorization API
// 1.0. It reads questions, hands them to package access, and writes the answers.
package authzen

import (
	"errors"
	"net/http"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// Options are what the door is made of.
type Options struct {
	Access    *access.Service
	Directory *directory.Directory
	Public    string // absolute URL under which the world sees this server
	// Bearer finds the actor of a request by its access token.
	Bearer func(*http.Request) (identity.Actor, error)
}

// A Door answers questions about access.
type Door struct{ o Options }

// New makes a Door.
func New(o Options) *Door {
	o.Public = strings.TrimSuffix(o.Public, "/")
	return &Door{o}
}

const (
	wellKnown = "/.well-known/authzen-configuration"
	base      = "/access/v1"
)

// Routes is the timetable: every endpoint stands once for the organisation of
// the access token, and once below the path of an organisation.
func (d *Door) Routes() []web.Route {
	routes := []web.Route{
		web.Route{Pattern: "GET " + wellKnown, Perm: identity.Anyone, Do: d.metadata}.Says(200, "Read where decisions are asked for", nil, metadataForm{}),
		web.Route{Pattern: "GET " + wellKnown + "/o/{org}", Perm: identity.Anyone, Do: d.metadata}.Says(200, "Read where decisions of an organisation are asked for", nil, metadataForm{}),
	}
	for _, prefix := range []string{"", "/o/{org}"} {
		route := func(path string, do handler) web.Route {
			return web.Route{Pattern: "POST " + prefix + base + path, Perm: identity.AccessRead, Do: d.in(do)}
		}
		routes = append(routes,
			route("/evaluation", d.evaluation).Says(200, "Decide", questionForm{}, decision{}, "explain: tell the reasons too"),
			route("/evaluations", d.evaluations).Says(200, "Decide many questions at once", batchForm{}, batchAnswer{}),
			route("/search/subject", d.searchSubject).Says(200, "List who may", searchForm{}, pageAnswer{}),
			route("/search/resource", d.searchResource).Says(200, "List on what somebody may", searchForm{}, pageAnswer{}),
			route("/search/action", d.searchAction).Says(200, "List what somebody may", searchForm{}, pageAnswer{}),
		)
	}
	return routes
}

// Mount puts the door into mux.
func (d *Door) Mount(mux *http.ServeMux) {
	web.Door{Who: d.o.Bearer, OnError: d.fail}.Mount(mux, d.Routes())
}

// A handler answers one question within an organisation.
type handler func(w http.ResponseWriter, r *http.Request, org identity.OrgID) error

// in finds the organisation of a request. Callers of the root organisation ask
// about every one; for all others there is only their own.
func (d *Door) in(do handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		echo(w, r)
		name := r.PathValue("org")
		if name == "" {
			return do(w, r, by.Org)
		}
		org, err := d.o.Directory.Acting(r.Context(), by, name)
		if err != nil {
			return err
		}
		return do(w, r, org.ID)
	}
}

var errNoOrganisation = identity.NewError(identity.NotFound, "", "There is no such organisation.")

// metadata tells where the endpoints are (section 9 of the specification).
func (d *Door) metadata(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	echo(w, r)
	pdp := d.o.Public
	if name := r.PathValue("org"); name != "" {
		if org, err := d.o.Directory.Organisation(r.Context(), name); err != nil || org.Slug != name || org.Slug == identity.RootSlug {
			return errNoOrganisation
		}
		pdp += "/o/" + name
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	web.JSON(w, http.StatusOK, metadataForm{
		PDP: pdp, Evaluation: pdp + base + "/evaluation", Evaluations: pdp + base + "/evaluations",
		Subjects: pdp + base + "/search/subject", Resources: pdp + base + "/search/resource", Actions: pdp + base + "/search/action",
	})
	return nil
}

// echo gives the caller's own name of the request back.
func echo(w http.ResponseWriter, r *http.Request) {
	if id := r.Header["X-Request-Id"]; len(id) > 0 {
		w.Header()["X-Request-Id"] = id[:1]
	}
}

var statuses = map[identity.Kind]int{
	identity.Invalid: 400, identity.Unauthenticated: 401, identity.Denied: 403, identity.NotFound: 404,
	identity.TooCostly: 400, identity.Throttled: 429, identity.Busy: 503,
}

// fail answers with an error as a string (section 10.1.6). Of those that are ours
// it tells only that they happened.
func (d *Door) fail(w http.ResponseWriter, r *http.Request, err error) {
	echo(w, r)
	status, text := http.StatusInternalServerError, "Something went wrong here, request "+web.RequestID(r.Context())
	if e, ok := errors.AsType[*identity.Error](err); ok && statuses[e.Kind] != 0 {
		status, text = statuses[e.Kind], e.Text
	} else {
		web.Fail(r.Context(), err)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="muster", resource_metadata="`+d.o.Public+`/.well-known/oauth-protected-resource"`)
	}
	web.JSON(w, status, text)
}
