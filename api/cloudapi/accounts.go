package cloudapi

import (
	"context"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
)

// An accountJSON is a service account: an app that acts for itself. Its secret is
// told once, when it is made.
type accountJSON struct {
	ID              string     `json:"id"`
	Name            string     `json:"name"`
	Org             reference  `json:"org"`
	Role            *reference `json:"role"`
	SoftwareID      string     `json:"softwareId"`
	SoftwareVersion string     `json:"softwareVersion"`
	URI             string     `json:"uri"`
	ClientID        string     `json:"clientId"`
	ClientSecret    string     `json:"clientSecret,omitempty"`
	Status          string     `json:"status"`
}

var accountFields = fields{
	"id": {id: true, unsortable: true}, "name": {}, "softwareId": {}, "softwareVersion": {}, "uri": {}, "clientId": {}, "status": {},
	"org.name": {}, "org.id": {}, "role.name": {}, "role.id": {},
}

func isAPIToken(a identity.App) bool { return a.SoftwareID == entry.APITokens }

func isAccount(a identity.App) bool { return a.Type == identity.ServiceApp }

// apps lists all apps of the organisation.
func (d *Door) apps(c *call) ([]identity.App, error) {
	return d.o.Apps.All(c.ctx, c.org.ID, maxThings)
}

func (d *Door) wireAccount(c *call, a *identity.App) (accountJSON, error) {
	out := accountJSON{
		ID: urn(kindAccount, a.ID.String()), Name: a.Name, Org: orgReference(c.org), SoftwareID: a.SoftwareID,
		SoftwareVersion: a.SoftwareVersion, URI: a.ClientURI, ClientID: a.ClientID, Status: "ACTIVE",
	}
	if a.Disabled {
		out.Status = "CREATED"
	}
	list, err := d.o.Access.RolesOf(c.ctx, c.org.ID, identity.AppSubject, a.ID)
	if direct, _, _ := wireHoldings(list); len(direct) > 0 {
		out.Role = &direct[0]
	}
	return out, err
}

func (d *Door) listAccounts(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	list, err := d.apps(c)
	if err != nil {
		return err
	}
	all := []accountJSON{}
	for _, one := range list {
		if !isAccount(one) {
			continue
		}
		j, err := d.wireAccount(c, &one)
		if err != nil {
			return err
		}
		all = append(all, j)
	}
	return sendAll(d, c, listing{ask: a, model: "ServiceAccounts", fields: accountFields, usual: "name", add: c.may(identity.AppsWrite)}, all)
}

// appOf finds the app of a path that is what is asked for.
func (d *Door) appOf(c *call, kind string, is func(identity.App) bool) (*identity.App, error) {
	id, err := idOf(kind, c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	a, err := d.o.Apps.ByID(c.ctx, c.org.ID, id)
	if identity.KindOf(err) == identity.NotFound || err == nil && !is(*a) {
		err = errNothing
	}
	return a, err
}

// account finds the service account of a path, which the caller may see or is.
func (d *Door) account(c *call) (*identity.App, error) {
	a, err := d.appOf(c, kindAccount, isAccount)
	if err == nil && !c.all && (c.by.Kind != identity.ByApp || c.by.ID != a.ID) {
		err = errNothing
	}
	return a, err
}

// changeable returns the app that find finds, if the caller may change it.
func (d *Door) changeable(c *call, find func(*call) (*identity.App, error)) (*identity.App, error) {
	a, err := find(c)
	if err == nil {
		err = d.bound(c, identity.AppSubject, a.ID)
	}
	return a, err
}

func (d *Door) getAccount(c *call) error {
	a, err := d.account(c)
	if err != nil {
		return err
	}
	return d.sendAccount(c, a)
}

func (d *Door) sendAccount(c *call, a *identity.App) error {
	out, err := d.wireAccount(c, a)
	if err != nil {
		return err
	}
	return c.ok(out)
}

// An accountBody is what a client says of a service account.
type accountBody struct {
	Name            *string    `json:"name"`
	Org             *reference `json:"org"`
	Role            *reference `json:"role"`
	SoftwareID      *string    `json:"softwareId"`
	SoftwareVersion *string    `json:"softwareVersion"`
	URI             *string    `json:"uri"`
}

func (in *accountBody) read(d *Door, c *call) ([]identity.ID, error) {
	if err := c.readBody(in); err != nil {
		return nil, err
	}
	if in.Name != nil && *in.Name == "" {
		return nil, identity.NewError(identity.Invalid, "name", "A service account needs a name.")
	}
	if in.SoftwareID != nil && *in.SoftwareID == entry.APITokens {
		return nil, identity.NewError(identity.Invalid, "softwareId", "This softwareId is for API tokens.")
	}
	if err := sameOrg(c, in.Org); err != nil || in.Role == nil {
		return nil, err
	}
	return d.roleIDs(c, &[]reference{*in.Role})
}

func (in *accountBody) apply(s *identity.AppSettings) {
	for _, f := range []struct{ to, from *string }{
		{&s.Name, in.Name}, {&s.SoftwareID, in.SoftwareID}, {&s.SoftwareVersion, in.SoftwareVersion}, {&s.ClientURI, in.URI},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
}

func (d *Door) createAccount(c *call) error {
	var in accountBody
	roles, err := in.read(d, c)
	if err != nil {
		return err
	}
	if in.Name == nil {
		return identity.NewError(identity.Invalid, "name", "A service account needs a name.")
	}
	s := identity.AppSettings{Type: identity.ServiceApp, GrantTypes: []string{identity.GrantClientCredentials}}
	in.apply(&s)
	g, err := d.regrade(c, identity.AppSubject, identity.ID{}, roles)
	if err != nil {
		return err
	}
	a, secret, err := d.o.Apps.Create(c.ctx, c.by, c.org.ID, app.NewApp{AppSettings: s})
	if err != nil {
		return err
	}
	undo := func(ctx context.Context, by identity.Actor, id identity.ID) error {
		return d.o.Apps.Delete(ctx, by, c.org.ID, id)
	}
	if err := d.carryOutNew(c, g, a.ID, undo); err != nil {
		return err
	}
	out, err := d.wireAccount(c, &a)
	if err != nil {
		return err
	}
	out.ClientSecret = secret
	return d.created(c, out.ID, out)
}

func (d *Door) changeAccount(c *call) error {
	a, err := d.changeable(c, d.account)
	if err != nil {
		return err
	}
	var in accountBody
	roles, err := in.read(d, c)
	if err != nil {
		return err
	}
	var g regrade
	if in.Role != nil {
		if g, err = d.regrade(c, identity.AppSubject, a.ID, roles); err != nil {
			return err
		}
	}
	changed, err := d.o.Apps.Update(c.ctx, c.by, c.org.ID, a.ID, func(s *identity.AppSettings) error {
		in.apply(s)
		return nil
	})
	if err != nil {
		return err
	}
	if err := d.carryOut(c, g); err != nil {
		return err
	}
	return d.sendAccount(c, &changed)
}

func (d *Door) deleteAccount(c *call) error { return d.deleteApp(c, d.account) }

// deleteApp deletes the app that find finds.
func (d *Door) deleteApp(c *call, find func(*call) (*identity.App, error)) error {
	a, err := d.changeable(c, find)
	if err != nil {
		return err
	}
	if err := d.o.Apps.Delete(c.ctx, c.by, c.org.ID, a.ID); err != nil {
		return err
	}
	return c.nothing()
}
