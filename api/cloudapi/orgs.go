package cloudapi

import (
	"unicode/utf8"

	"github.com/muster-id/muster/api/vmware/people"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
)

// An orgJSON is an organisation. There are no machines here to be counted.
type orgJSON struct {
	ID              string     `json:"id"`
	Name            string     `json:"name"`
	DisplayName     string     `json:"displayName"`
	Description     string     `json:"description"`
	Enabled         bool       `json:"isEnabled"`
	CanManageOrgs   bool       `json:"canManageOrgs"`
	CanPublish      bool       `json:"canPublish"`
	ManagedBy       *reference `json:"managedBy"`
	Classic         bool       `json:"isClassicTenant"`
	MaskedUsername  string     `json:"maskedEventTaskUsername"`
	DirectlyManaged int        `json:"directlyManagedOrgCount"`
	VDCs            int        `json:"orgVdcCount"`
	Catalogs        int        `json:"catalogCount"`
	VApps           int        `json:"vappCount"`
	RunningVMs      int        `json:"runningVMCount"`
	Disks           int        `json:"diskCount"`
	Users           int        `json:"userCount"`
}

var orgFields = fields{
	"id": {id: true, unsortable: true}, "name": {}, "displayName": {}, "isEnabled": {same: "true"}, "canManageOrgs": {},
	"managedBy.name": {}, "managedBy.id": {}, "isClassicTenant": {same: "false"}, "_context": {unsortable: true},
}

// provider reports whether the caller runs the platform.
func (c *call) provider() bool {
	return c.bearer.Org.Parent.IsZero() && c.may(identity.OrganisationsWrite)
}

// everyOrg reports whether the caller sees all organisations: a provider who
// acts in none of them.
func (c *call) everyOrg() bool { return c.provider() && c.org.Parent.IsZero() }

// orgs returns the organisations that the caller sees, by slug.
func (d *Door) orgs(c *call) ([]identity.Organisation, error) {
	if !c.everyOrg() {
		return []identity.Organisation{c.org}, nil
	}
	const page = 500
	var all []identity.Organisation
	for after := ""; ; {
		list, err := d.o.Directory.Organisations(c.ctx, after, page)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if len(list) < page {
			return all, nil
		}
		after = list[len(list)-1].Slug
	}
}

// wireOrgs puts organisations into the form of the API, without counting users.
func wireOrgs(all []identity.Organisation) []orgJSON {
	byID, below := map[identity.OrgID]identity.Organisation{}, map[identity.OrgID]int{}
	for _, o := range all {
		byID[o.ID] = o
		below[o.Parent]++
	}
	out := make([]orgJSON, len(all))
	for i, o := range all {
		out[i] = orgJSON{
			ID: urn(kindOrg, o.ID.String()), Name: o.Slug, DisplayName: o.Name, Enabled: true,
			CanManageOrgs: o.Parent.IsZero(), DirectlyManaged: below[o.ID],
		}
		if parent, ok := byID[o.Parent]; ok {
			ref := orgReference(parent)
			out[i].ManagedBy = &ref
		}
	}
	return out
}

func (d *Door) countUsers(c *call, list []orgJSON) error {
	for i := range list {
		org, _ := identity.ParseOrgID(bare(list[i].ID))
		_, n, err := d.people.Users(c.ctx, org, people.Query{})
		if err != nil {
			return err
		}
		list[i].Users = n
	}
	return nil
}

func (d *Door) listOrgs(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	all, err := d.orgs(c)
	if err != nil {
		return err
	}
	page, total, err := cut(a, orgFields, "name", wireOrgs(all))
	if err != nil {
		return err
	}
	if c.may(identity.SettingsRead) {
		if err := d.countUsers(c, page); err != nil {
			return err
		}
	}
	return d.sendPage(c, a, "TmOrgs", page, total, c.everyOrg())
}

// orgOf finds the organisation of a path, if the caller sees it.
func (d *Door) orgOf(c *call) (identity.Organisation, error) {
	id, err := idOf(kindOrg, c.r.PathValue("id"))
	if err != nil {
		return identity.Organisation{}, err
	}
	if identity.OrgID(id) == c.org.ID {
		return c.org, nil
	}
	if !c.everyOrg() {
		return identity.Organisation{}, errNothing
	}
	o, err := d.o.Directory.Organisation(c.ctx, id.String())
	if identity.KindOf(err) == identity.NotFound {
		err = errNothing
	}
	return o, err
}

func (d *Door) getOrg(c *call) error {
	o, err := d.orgOf(c)
	if err != nil {
		return err
	}
	return d.sendOrg(c, o, false)
}

func (d *Door) sendOrg(c *call, o identity.Organisation, fresh bool) error {
	all, err := d.orgs(c)
	if err != nil {
		return err
	}
	out := wireOrgs([]identity.Organisation{o})
	for _, one := range wireOrgs(all) {
		if one.ID == out[0].ID {
			out[0] = one
		}
	}
	if c.may(identity.SettingsRead) {
		if err := d.countUsers(c, out); err != nil {
			return err
		}
	}
	if fresh {
		return d.created(c, out[0].ID, out[0])
	}
	return c.ok(out[0])
}

// An orgBody is what a client says of an organisation.
type orgBody struct {
	Name        *string `json:"name"`
	DisplayName *string `json:"displayName"`
	Enabled     *bool   `json:"isEnabled"`
}

func (c *call) readOrg() (in orgBody, err error) {
	if err := c.readBody(&in); err != nil {
		return in, err
	}
	switch {
	case in.Enabled != nil && !*in.Enabled:
		err = identity.NewError(identity.Invalid, "isEnabled", "Organisations cannot be disabled here; they can be deleted.")
	case in.DisplayName != nil && utf8.RuneCountInString(*in.DisplayName) > 128:
		err = identity.NewError(identity.Invalid, "displayName", "A display name has at most 128 characters.")
	}
	return in, err
}

func (d *Door) createOrg(c *call) error {
	if !c.everyOrg() {
		return errDenied
	}
	in, err := c.readOrg()
	if err != nil {
		return err
	}
	if in.Name == nil {
		return identity.NewError(identity.Invalid, "name", "An organisation needs a name.")
	}
	n := directory.NewOrganisation{Slug: *in.Name}
	if in.DisplayName != nil {
		n.Name = *in.DisplayName
	}
	o, err := d.o.Directory.CreateOrganisation(c.ctx, c.by, n)
	if err != nil {
		return err
	}
	return d.sendOrg(c, o, true)
}

// changeOrg changes the display name; the name, which stands in addresses, is
// changed by providers.
func (d *Door) changeOrg(c *call) error {
	o, err := d.orgOf(c)
	if err != nil {
		return err
	}
	in, err := c.readOrg()
	if err != nil {
		return err
	}
	var slug, name string
	if in.Name != nil && *in.Name != o.Slug {
		if !c.provider() {
			return errDenied
		}
		if slug = *in.Name; slug == "" {
			return identity.NewError(identity.Invalid, "name", "An organisation needs a name.")
		}
	}
	if in.DisplayName != nil {
		name = *in.DisplayName
	}
	if o, err = d.o.Directory.RenameOrganisation(c.ctx, c.by, o.ID, slug, name); err != nil {
		return err
	}
	return d.sendOrg(c, o, false)
}

func (d *Door) deleteOrg(c *call) error {
	o, err := d.orgOf(c)
	if err != nil {
		return err
	}
	if !c.provider() {
		return errDenied
	}
	if err := d.o.Directory.DeleteOrganisation(c.ctx, c.by, o.ID); err != nil {
		return err
	}
	return c.nothing()
}
