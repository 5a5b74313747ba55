// Package scim is the door of SCIM 2.0: it finds the organisation and the
// connection of a request and hands it to the SCIM server.
package scim

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/provision"
	protocol "github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// Options are what the door is made of.
type Options struct {
	Directory *directory.Directory
	Keys      *secret.Keys
	// Public is the absolute URL under which the world sees this server,
	// "https://id.example.com", without a slash at the end. Nothing that a
	// request says can change it.
	Public string
	// Bearer reads an access token of a request. nil: only the tokens of
	// connections open this door.
	Bearer func(*http.Request) (*token.Bearer, error)
	// Person finds who signed in and holds the token of a request, in which
	// organisation they act, and what they may do there. nil: people who bring no
	// connection stay outside.
	Person func(*http.Request) (identity.Actor, identity.Organisation, error)
	// Certificates says that certificates of clients arrive here, so that tokens
	// can be bound to them.
	Certificates bool
	Limits       protocol.Limits  // zero fields mean the defaults
	Log          *slog.Logger     // nil: slog.Default
	Now          func() time.Time // nil: time.Now
}

// A Door serves everything below /scim.
type Door struct {
	dir      *directory.Directory
	public   string
	server   *protocol.Server
	async    *provision.Async
	throttle *throttle
	views    *provision.Views
	bearer   func(*http.Request) (*token.Bearer, error)
	person   func(*http.Request) (identity.Actor, identity.Organisation, error)

	certificates bool
}

// New makes a Door.
func New(o Options) *Door {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Door{
		dir: o.Directory, bearer: o.Bearer, person: o.Person, certificates: o.Certificates, public: strings.TrimSuffix(o.Public, "/"), throttle: newThrottle(o.Now),
		async: provision.NewAsync(o.Directory, o.Log), views: &provision.Views{},
	}
	d.server = protocol.New(protocol.Options{
		Authenticate: d.authenticate,
		Public:       d.discovery,
		Async:        d.async,
		CursorKey:    o.Keys.Derive("scim cursor"),
		Limits:       o.Limits,
		Log:          o.Log,
		Now:          o.Now,
	})
	return d
}

// Mount puts the door into mux. The one route is for anyone, because discovery
// is; the SCIM server asks for a credential before everything else, and the
// backend for the permission to read or to write.
func (d *Door) Mount(mux *http.ServeMux) {
	door := web.Door{OnError: d.server.Fail}
	door.Mount(mux, []web.Route{
		{Pattern: "/scim/", Perm: identity.Anyone, Do: d.serve},
		{Pattern: "GET " + wellKnown, Perm: identity.Anyone, Do: d.metadata},
		{Pattern: "GET " + wellKnown + "/scim/", Perm: identity.Anyone, Do: d.metadata},
	})
}

func (d *Door) serve(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	d.ServeHTTP(w, r)
	return nil
}

// Work carries out requests that were accepted to be answered later, until ctx
// ends. One process must run it, any number may.
func (d *Door) Work(ctx context.Context) {
	d.async.Work(ctx, provision.Runner{Client: d.clientOf, Run: d.server.Run})
}

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := parse(r.URL.Path, r.URL.RawQuery)
	web.SetRoute(r.Context(), a.route())
	switch a.Version {
	case "v2":
	case "":
		d.server.Fail(w, r, &protocol.Error{Status: http.StatusNotFound, Detail: "SCIM is at /scim/v2 and /scim/{organisation}/v2."})
		return
	default:
		d.server.Fail(w, r, protocol.BadVersion())
		return
	}
	if a.Query != r.URL.RawQuery {
		r = withQuery(r, a.Query)
	}
	d.server.Serve(w, r, a.Rest)
}

// withQuery returns r with another query.
func withQuery(r *http.Request, query string) *http.Request {
	u := *r.URL
	u.RawQuery = query
	next := *r
	next.URL = &u
	return &next
}

// errStranger is the answer to everybody who may not come in. It is the same
// for an unknown token, an expired one, and one of another organisation, and
// for an organisation that does not exist.
var errStranger = protocol.Unauthorized("The request needs a valid bearer token.")

// authenticate finds the client of a request.
func (d *Door) authenticate(r *http.Request) (*protocol.Client, error) {
	c, org, err := d.connection(r)
	if identity.KindOf(err) == identity.Unauthenticated {
		return nil, errStranger
	}
	if errors.Is(err, errNoConnection) && d.person != nil {
		return d.personal(r)
	}
	if err != nil {
		return nil, err
	}
	a := parse(r.URL.Path, "")
	if !a.names(org) {
		return nil, errStranger
	}
	if wait := d.throttle.wait(c); wait > 0 {
		return nil, tooFast(wait)
	}
	return d.client(r.Context(), c, org, d.public+a.Root)
}

// names reports whether an address is one of the organisation.
func (a address) names(org identity.Organisation) bool {
	if a.Organisation == "" || strings.EqualFold(a.Organisation, org.Slug) {
		return true
	}
	id, ok := identity.ParseOrgID(a.Organisation)
	return ok && id == org.ID
}

// permsOf is what a connection may do.
func permsOf(c identity.Connection) identity.Perms {
	perms := identity.Perms{identity.ResourcesRead, identity.ResourcesWrite, identity.AccessRead}
	if c.Access {
		perms = append(perms, identity.AccessWrite)
	}
	return perms
}

// client is what the server knows of a connection.
func (d *Door) client(ctx context.Context, c identity.Connection, org identity.Organisation, base string) (*protocol.Client, error) {
	types, err := d.dir.Registry(ctx, org.ID)
	if err != nil {
		return nil, err
	}
	dialect, ok := schema.DialectByName(c.Dialect)
	if !ok {
		dialect = schema.RFC
	}
	if types, err = d.views.Of(types, dialect); err != nil {
		return nil, err
	}
	by := identity.Actor{Kind: identity.ByConnection, Org: org.ID, ID: c.ID, Name: c.Name,
		Domain: c.Domain, RequestID: web.RequestID(ctx), Perms: permsOf(c)}
	out := &protocol.Client{ID: c.ID.String(), Dialect: dialect, Base: base, Types: types, Backend: provision.New(d.dir, by)}
	if !c.User.IsZero() {
		out.User = c.User.String()
	}
	return out, nil
}

// clientOf is the client that sent a request some time ago, as it is today.
func (d *Door) clientOf(ctx context.Context, org identity.OrgID, connection identity.ID, base string) (*protocol.Client, error) {
	o, err := d.dir.Organisation(ctx, org.String())
	if err != nil {
		return nil, err
	}
	c, err := d.dir.Connection(ctx, org, connection.String())
	if err != nil {
		return nil, err
	}
	if c.Disabled {
		return nil, identity.NewError(identity.Unauthenticated, "", "The connection is disabled.")
	}
	return d.client(ctx, c, o, base)
}

// discovery is what a request without a credential sees: the standard, whatever
// organisation it names.
func (d *Door) discovery(r *http.Request) (*schema.Registry, string) {
	types, err := d.views.Of(directory.Standard(), schema.RFC)
	if err != nil {
		return nil, ""
	}
	return types, d.public + parse(r.URL.Path, "").Root
}
