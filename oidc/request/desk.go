package request

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/outbound"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/memo"
)

// Options are what a Desk is made of.
type Options struct {
	DB     *store.DB
	Keys   *secret.Keys
	Apps   *app.Service
	Fetch  *outbound.Client                   // for request objects by reference
	Issuer func(identity.Organisation) string // token.Service.Issuer
	Now    func() time.Time                   // nil: time.Now
}

// A Desk takes requests in and keeps those that wait. It is safe for use by many
// goroutines at once.
type Desk struct {
	db     *store.DB
	keys   *secret.Keys
	apps   *app.Service
	fetch  *outbound.Client
	issuer func(identity.Organisation) string
	clock  func() time.Time
	orgs   memo.Map[string, identity.Organisation] // by slug
}

// New makes a Desk.
func New(o Options) *Desk {
	d := &Desk{db: o.DB, keys: o.Keys, apps: o.Apps, fetch: o.Fetch, issuer: o.Issuer, clock: o.Now}
	if d.clock == nil {
		d.clock = time.Now
	}
	return d
}

// now is the time as the database keeps it.
func (d *Desk) now() time.Time { return d.clock().UTC().Truncate(time.Millisecond) }

// Epoch returns a number that changes when settings, apps or keys may have
// changed (store.DB.Epoch).
func (d *Desk) Epoch(ctx context.Context) (uint64, error) { return d.db.Epoch(ctx) }

var errNoOrganisation = identity.NewError(identity.NotFound, "", "There is no such organisation.")

// Organisation finds an organisation by the slug in a path; "" is the root
// organisation, which has no other name there.
func (d *Desk) Organisation(ctx context.Context, slug string) (identity.Organisation, error) {
	switch slug {
	case identity.RootSlug:
		return identity.Organisation{}, errNoOrganisation
	case "":
		slug = identity.RootSlug
	}
	epoch, err := d.db.Epoch(ctx)
	if err != nil {
		return identity.Organisation{}, err
	}
	if org, ok := d.orgs.Get(epoch, slug); ok {
		return org, nil
	}
	var org identity.Organisation
	err = d.db.View(ctx, func(tx *store.Tx) error {
		org, err = tx.OrganisationBySlug(ctx, slug)
		return err
	})
	if identity.KindOf(err) == identity.Invalid {
		err = errNoOrganisation // a slug that no database can keep
	}
	if err != nil {
		return identity.Organisation{}, err
	}
	d.orgs.Put(epoch, slug, org)
	return org, nil
}

// Read makes a Case of the parameters of an authorization request and holds it
// against the rules. Errors for the app are *Error. When one is to be told by
// redirect, the Case is there to say where to.
func (d *Desk) Read(ctx context.Context, org identity.Organisation, v url.Values) (*Case, error) {
	c, err := d.caseOf(ctx, org, v)
	if err != nil {
		return nil, err
	}
	switch uri := v.Get("request_uri"); {
	case strings.HasPrefix(uri, pushedPrefix):
		if err := d.takePushed(ctx, c, uri); err != nil {
			return nil, err
		}
	case v.Has("request") || uri != "":
		if err := d.resolve(ctx, c, v); err != nil {
			return c, d.outside(c, err)
		}
	}
	return c, c.Check()
}

// caseOf finds the app of a request.
func (d *Desk) caseOf(ctx context.Context, org identity.Organisation, v url.Values) (*Case, error) {
	id := v.Get("client_id")
	if id == "" {
		return nil, page("invalid_request", "client_id", "The request needs a client_id.")
	}
	if len(id) > maxLength["client_id"] {
		return nil, page("invalid_request", "client_id", "client_id is too long.")
	}
	a, err := d.apps.Get(ctx, org.ID, id)
	if identity.KindOf(err) == identity.NotFound || err == nil && a.ClientID != id {
		return nil, page("invalid_client", "client_id", "There is no app of this client_id here.")
	}
	if err != nil {
		return nil, err
	}
	return d.about(ctx, org, a, Parse(v))
}

func (d *Desk) about(ctx context.Context, org identity.Organisation, a *identity.App, r *AuthorizationRequest) (*Case, error) {
	p, err := d.apps.Provider(ctx, org.ID)
	return &Case{Org: org, Issuer: d.issuer(org), App: a, Provider: p, Request: r}, err
}

// resolve replaces the request by that of its request object; nothing outside of
// it counts (RFC 9101 section 6.3).
func (d *Desk) resolve(ctx context.Context, c *Case, v url.Values) error {
	text, from := v.Get("request"), ByValue
	if uri := v.Get("request_uri"); uri != "" {
		if text != "" {
			return &Error{Code: "invalid_request", Text: "request and request_uri exclude each other.", Place: ByRedirect,
				Ref: "RFC 9101 section 5", Parameter: "request_uri"}
		}
		from = ByReference
		var err error
		if text, err = d.fetchObject(ctx, c, uri); err != nil {
			return err
		}
	}
	o, err := d.readObject(ctx, c, text, from, v.Get("client_id"))
	if err != nil {
		c.Request.wishes(text)
		return err
	}
	o.values.Set("client_id", v.Get("client_id"))
	c.Request = Parse(o.values)
	c.Request.Source, c.Request.Signed = from, o.signed
	return nil
}

// fetchObject gets a request object from an address that the app registered.
func (d *Desk) fetchObject(ctx context.Context, c *Case, uri string) (string, error) {
	bad := func(code, text string) error {
		return &Error{Code: code, Text: text, Place: ByRedirect, Ref: "OpenID Connect Core section 6.2", Parameter: "request_uri"}
	}
	if len(c.App.RequestURIs) == 0 {
		return "", bad("request_uri_not_supported", "The app has no request_uris registered.")
	}
	bare := func(s string) string { s, _, _ = strings.Cut(s, "#"); return s }
	known := slices.ContainsFunc(c.App.RequestURIs, func(s string) bool { return bare(s) == bare(uri) })
	if !known || !strings.HasPrefix(uri, "https://") || d.fetch == nil {
		return "", bad("invalid_request_uri", "request_uri is not registered for this app.")
	}
	text, _, err := d.fetch.Get(ctx, bare(uri), maxObject)
	if err != nil {
		return "", bad("invalid_request_uri", "There is no request object to be had at request_uri.")
	}
	return strings.TrimSpace(string(text)), nil
}

// outside decides where an error about a request object is told: by redirect if
// what stands outside of it names an address of the app, else on a page.
func (d *Desk) outside(c *Case, err error) error {
	e, ok := err.(*Error)
	if !ok {
		return err
	}
	for _, rule := range rules {
		if rule.Place == OnPage && rule.Broken(c) != "" {
			e.Place = OnPage
		}
	}
	return e
}
