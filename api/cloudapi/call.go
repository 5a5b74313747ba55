package cloudapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

var (
	errDenied     = identity.NewError(identity.Denied, "", "You may not do this.")
	errForeignApp = identity.NewError(identity.Denied, "", "The app that holds this token may not act for people here.")
	errContext    = identity.NewError(identity.Denied, "", "You may not act in the organisation of the tenant context.")
)

// A call is one request with who makes it and where.
type call struct {
	w      http.ResponseWriter
	r      *http.Request
	ctx    context.Context
	by     identity.Actor // in org, with what it may do there
	org    identity.Organisation
	bearer *token.Bearer
	// all says that the caller may do this with everything in the organisation,
	// and not only with what is their own.
	all bool
}

// A handler answers a call that the table has let in.
type handler func(d *Door, c *call) error

// may reports whether the caller has a permission.
func (c *call) may(p identity.Perm) bool { return slices.Contains(c.by.Perms, p) }

// own reports whether a user of the organisation is the caller.
func (c *call) own(user identity.ID) bool {
	return c.by.Kind == identity.ByUser && c.org.ID == c.bearer.Org.ID && c.by.ID == user
}

// reach is NotFound unless the caller may do this with what is a user's: whether
// there is such a user is nobody else's business.
func (c *call) reach(user identity.ID) error {
	if c.all || c.own(user) {
		return nil
	}
	return errNothing
}

// subject is who calls, as roles are given to.
func (c *call) subject() (identity.SubjectType, identity.ID) {
	if c.by.Kind == identity.ByApp {
		return identity.AppSubject, c.by.ID
	}
	return identity.UserSubject, c.by.ID
}

// call finds out who makes a request, in which organisation, and what they may
// do there.
func (d *Door) call(w http.ResponseWriter, r *http.Request) (*call, error) {
	by, b, err := d.o.Entry.Actor(r)
	if err != nil {
		return nil, err
	}
	standing := entry.StandingOf(by, b)
	if standing == entry.NoStanding {
		return nil, errForeignApp
	}
	c := &call{w: w, r: r, ctx: r.Context(), by: by, org: b.Org, bearer: b}
	if c.org, err = d.context(r, by, b.Org); err != nil {
		return nil, err
	}
	typ, id := c.subject()
	perms := identity.Perms{identity.SignedIn}
	if standing == entry.InFull {
		if perms, err = d.o.Access.Perms(c.ctx, c.org.ID, typ, id); err != nil {
			return nil, err
		}
	}
	if typ == identity.AppSubject { // what an app was given as scopes is its own
		perms = append(slices.Clone(perms), by.Perms...)
	}
	c.by.Perms, c.by.Org, c.by.RequestID = perms, c.org.ID, web.RequestID(c.ctx)
	if c.org.ID != b.Org.ID && !c.may(identity.ResourcesRead) {
		return nil, errContext
	}
	return c, nil
}

// Person finds who makes a request with the token of a session, in which
// organisation, and what their roles let them do there, for another door that
// they use too. What an app may do by its scopes does not count: that door has a
// scope of its own. Only who may do what owners may can write there.
func (d *Door) Person(r *http.Request) (identity.Actor, identity.Organisation, error) {
	c, err := d.call(nil, r)
	if err != nil {
		return identity.Actor{}, identity.Organisation{}, err
	}
	if typ, id := c.subject(); typ == identity.AppSubject {
		c.by.Perms, err = d.o.Access.Perms(c.ctx, c.org.ID, typ, id)
	}
	if !c.ownsAll() {
		c.by.Perms = slices.DeleteFunc(slices.Clone(c.by.Perms), func(p identity.Perm) bool {
			return p == identity.ResourcesWrite || p == identity.AccessWrite
		})
	}
	return c.by, c.org, err
}

// ownsAll reports whether the caller may do what an owner may. Whoever may do
// less could, by a password or a membership, become somebody who may do more.
func (c *call) ownsAll() bool {
	for _, r := range identity.BuiltInRoles() {
		if r.ID == identity.OrganizationOwner {
			return c.covers(r.Perms)
		}
	}
	return false
}

// covers reports whether the caller may do all of something.
func (c *call) covers(perms identity.Perms) bool {
	return !slices.ContainsFunc(perms, func(p identity.Perm) bool { return c.by.Need(p) != nil })
}

var errMore = identity.NewError(identity.Denied, "", "You may not change what may do more than you may.")

// bound refuses a change of somebody who may do more than the caller, or of what
// makes somebody so.
func (d *Door) bound(c *call, typ identity.SubjectType, id identity.ID) error {
	perms, err := d.o.Access.Perms(c.ctx, c.org.ID, typ, id)
	if err == nil && !c.covers(perms) {
		err = errMore
	}
	return err
}

// The headers by which a provider says in which organisation they act: its id,
// and its name.
const (
	tenantContext = "X-Vmware-Vcloud-Tenant-Context"
	authContext   = "X-Vmware-Vcloud-Auth-Context"
)

// context finds the organisation in which a request acts: that of the tenant
// context, or the caller's own.
func (d *Door) context(r *http.Request, by identity.Actor, own identity.Organisation) (identity.Organisation, error) {
	org := own
	for _, header := range []string{tenantContext, authContext} {
		values := r.Header[header]
		if len(values) == 0 || len(values) == 1 && values[0] == "" {
			continue
		}
		named, err := d.o.Entry.Named(r.Context(), values[0])
		if k := identity.KindOf(err); len(values) > 1 || k == identity.Unauthenticated || k == identity.NotFound {
			return org, errContext
		}
		if err != nil {
			return org, err
		}
		if header == authContext && org.ID != own.ID && named.ID != org.ID {
			return org, errContext // the two headers name different ones
		}
		org = named
	}
	if org.ID == own.ID {
		return own, nil
	}
	acting, err := d.o.Directory.Acting(r.Context(), by, org.ID.String())
	if identity.KindOf(err) == identity.NotFound {
		err = errContext
	}
	return acting, err
}
