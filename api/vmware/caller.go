package vmware

import (
	"context"
	"net/http"
	"strings"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

var (
	errDenied         = identity.NewError(identity.Denied, "", "You may not do this.")
	errForeignApp     = identity.NewError(identity.Denied, "", "The app that holds this token may not act for people here.")
	errNoOrganisation = identity.NewError(identity.Denied, "", "organization is not found")
)

// A caller is who asks, in the organisation that they ask about.
type caller struct {
	by   identity.Actor // in org, with what it may do there
	org  identity.Organisation
	home identity.OrgID // where the caller belongs
	kind Kind
	typ  identity.SubjectType
	id   identity.ID
	name string // user name or client id
}

// sees reports whether the caller is told of the roles of others.
func (c *caller) sees() bool { return c.kind == Platform || c.kind == Owner }

// caller finds out who asks about which organisation, and what they are there.
func (d *Door) caller(r *http.Request) (*caller, error) {
	by, b, err := d.o.Entry.Actor(r)
	if err != nil {
		return nil, err
	}
	standing := entry.StandingOf(by, b)
	if standing == entry.NoStanding {
		return nil, errForeignApp
	}
	ctx := r.Context()
	c := &caller{by: by, home: by.Org, typ: identity.UserSubject, id: by.ID, name: by.Name}
	if by.Kind == identity.ByApp {
		c.typ, c.name = identity.AppSubject, b.ClientID
	}
	if c.org, err = d.inOrganisation(r, b.Org, by); err != nil {
		return nil, err
	}
	switch {
	case standing == entry.InFull:
		if c.kind, err = d.kindOf(ctx, c); err != nil {
			return nil, err
		}
		c.by.Perms, err = d.o.Access.Perms(ctx, c.org.ID, c.typ, c.id)
	case c.org.ID == c.home:
		c.kind, c.by.Perms = Member, identity.Perms{identity.SignedIn}
	default:
		c.kind = Stranger
	}
	if c.kind == Stranger && c.org.ID != c.home {
		err = errNoOrganisation
	}
	if err != nil {
		return nil, err
	}
	c.by.Org, c.by.RequestID = c.org.ID, web.RequestID(ctx)
	return c, nil
}

// inOrganisation finds the organisation that a request is about: that of the
// path, of the query, or the caller's own.
func (d *Door) inOrganisation(r *http.Request, own identity.Organisation, by identity.Actor) (identity.Organisation, error) {
	name, query := r.PathValue("orgId"), r.URL.Query()
	if name == "" {
		name = query.Get("orgId")
	}
	if link := query.Get("orgLink"); name == "" && link != "" {
		name = strings.TrimPrefix(link, am+"/orgs/")
	}
	if name == "" {
		return own, nil
	}
	return d.organisationOfName(r.Context(), by, name)
}

// organisationOfName finds an organisation in which somebody may act. To all
// others it is not there.
func (d *Door) organisationOfName(ctx context.Context, by identity.Actor, name string) (identity.Organisation, error) {
	org, err := d.o.Directory.Acting(ctx, by, strings.TrimPrefix(name, "urn:vcloud:org:"))
	if identity.KindOf(err) == identity.NotFound {
		err = errNoOrganisation
	}
	return org, err
}

// kindOf finds out by somebody's roles what they are in an organisation. Of what
// they have elsewhere, only inherited assignments count.
func (d *Door) kindOf(ctx context.Context, c *caller) (Kind, error) {
	list, err := d.o.Access.RolesOf(ctx, c.home, c.typ, c.id)
	if err != nil {
		return Stranger, err
	}
	has := func(role identity.ID) bool {
		for _, h := range list {
			if h.Role.ID == role && (c.org.ID == c.home || h.Assignment.Inherited) {
				return true
			}
		}
		return false
	}
	switch {
	case has(identity.PlatformOperator):
		return Platform, nil
	case has(identity.OrganizationOwner):
		return Owner, nil
	case c.typ == identity.AppSubject && has(identity.ServiceAccount):
		return Service, nil
	case c.typ == identity.UserSubject && c.org.ID == c.home:
		return Member, nil
	}
	return Stranger, nil
}
