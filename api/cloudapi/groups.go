package cloudapi

import (
	"github.com/muster-id/muster/api/vmware/people"
	"github.com/muster-id/muster/identity"
)

// A userGroup is a group with the roles that it gives its members.
type userGroup struct {
	ID           string      `json:"id"`
	Name         string      `json:"name"`
	Description  string      `json:"description"`
	Org          reference   `json:"orgEntityRef"`
	Role         *reference  `json:"roleEntityRef"`
	Roles        []reference `json:"roleEntityRefs"`
	NameInSource string      `json:"nameInSource"`
	Provider     string      `json:"providerType"`
}

func groupFields(org identity.Organisation) fields {
	return fields{
		"id": {path: "id", id: true, unsortable: true}, "name": {path: "displayName"}, "nameInSource": {path: "displayName"},
		"providerType": {same: local}, "orgEntityRef.name": {same: org.Slug}, "orgEntityRef.id": {same: urn(kindOrg, org.ID.String())},
		"_context": {same: urn(kindOrg, org.ID.String())}, "roleEntityRef": {unsortable: true, unsearchable: true},
		"roleEntityRefs": {unsortable: true, unsearchable: true},
	}
}

func (d *Door) wireGroup(c *call, g people.Group) (userGroup, error) {
	out := userGroup{ID: urn(kindGroup, g.ID.String()), Name: g.Name, Org: orgReference(c.org), NameInSource: g.Name, Provider: local}
	list, err := d.o.Access.RolesOf(c.ctx, c.org.ID, identity.GroupSubject, g.ID)
	out.Roles, _, _ = wireHoldings(list)
	if len(out.Roles) > 0 {
		out.Role = &out.Roles[0]
	}
	return out, err
}

func (d *Door) listGroups(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	q, err := a.directoryQuery(groupFields(c.org), "name", "")
	if err != nil {
		return err
	}
	list, total, err := d.people.Groups(c.ctx, c.org.ID, q)
	if err != nil {
		return err
	}
	out := make([]userGroup, 0, len(list))
	for _, g := range list {
		one, err := d.wireGroup(c, g)
		if err != nil {
			return err
		}
		out = append(out, one)
	}
	return d.sendPage(c, a, "UserGroups", out, total, c.may(identity.ResourcesWrite))
}

// group finds the group of a path.
func (d *Door) group(c *call) (people.Group, error) {
	id, err := idOf(kindGroup, c.r.PathValue("id"))
	if err != nil {
		return people.Group{}, err
	}
	g, err := d.people.Group(c.ctx, c.org.ID, id.String())
	if identity.KindOf(err) == identity.NotFound {
		err = errNothing
	}
	return g, err
}

// groupToChange finds the group of a path, which the caller may change.
func (d *Door) groupToChange(c *call) (people.Group, error) {
	g, err := d.group(c)
	if err == nil {
		err = d.bound(c, identity.GroupSubject, g.ID)
	}
	return g, err
}

func (d *Door) getGroup(c *call) error {
	g, err := d.group(c)
	if err != nil {
		return err
	}
	return d.sendGroup(c, g.ID, false)
}

func (d *Door) sendGroup(c *call, id identity.ID, fresh bool) error {
	g, err := d.people.Group(c.ctx, c.org.ID, id.String())
	if err != nil {
		return err
	}
	out, err := d.wireGroup(c, g)
	if err != nil {
		return err
	}
	if fresh {
		return d.created(c, out.ID, out)
	}
	return c.ok(out)
}

// A groupBody is what a client says of a group: one role, or several.
type groupBody struct {
	Name     *string      `json:"name"`
	Org      *reference   `json:"orgEntityRef"`
	Role     *reference   `json:"roleEntityRef"`
	Roles    *[]reference `json:"roleEntityRefs"`
	Provider string       `json:"providerType"`
}

// read decodes a body and returns the roles that it names, nil if it names none.
func (b *groupBody) read(d *Door, c *call) (roles []identity.ID, err error) {
	if err := c.readBody(b); err != nil {
		return nil, err
	}
	if b.Name != nil && *b.Name == "" {
		return nil, identity.NewError(identity.Invalid, "name", "A group needs a name.")
	}
	if err := sameOrg(c, b.Org); err != nil {
		return nil, err
	}
	refs := b.Roles
	if refs == nil && b.Role != nil {
		refs = &[]reference{*b.Role}
	}
	return d.roleIDs(c, refs)
}

func (d *Door) createGroup(c *call) error {
	var in groupBody
	roles, err := in.read(d, c)
	if err != nil {
		return err
	}
	if in.Name == nil {
		return identity.NewError(identity.Invalid, "name", "A group needs a name.")
	}
	g, err := d.regrade(c, identity.GroupSubject, identity.ID{}, roles)
	if err != nil {
		return err
	}
	id, err := d.people.CreateGroup(c.ctx, c.by, *in.Name)
	if err != nil {
		return err
	}
	if err := d.carryOutNew(c, g, id, d.people.DeleteGroup); err != nil {
		return err
	}
	return d.sendGroup(c, id, true)
}

func (d *Door) changeGroup(c *call) error {
	g, err := d.groupToChange(c)
	if err != nil {
		return err
	}
	var in groupBody
	roles, err := in.read(d, c)
	if err != nil {
		return err
	}
	var next regrade
	if in.Role != nil || in.Roles != nil {
		if next, err = d.regrade(c, identity.GroupSubject, g.ID, roles); err != nil {
			return err
		}
	}
	if in.Name != nil && *in.Name != g.Name {
		if err := d.people.RenameGroup(c.ctx, c.by, g.ID, *in.Name); err != nil {
			return err
		}
	}
	if err := d.carryOut(c, next); err != nil {
		return err
	}
	return d.sendGroup(c, g.ID, false)
}

func (d *Door) deleteGroup(c *call) error {
	g, err := d.groupToChange(c)
	if err != nil {
		return err
	}
	if err := d.people.DeleteGroup(c.ctx, c.by, g.ID); err != nil {
		return err
	}
	return c.nothing()
}

// groupUsers lists the users in a group, direct and through other groups.
func (d *Door) groupUsers(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	g, err := d.group(c)
	if err != nil {
		return err
	}
	names := fields{"id": {path: "id", id: true, unsortable: true}, "name": {path: "userName"}}
	q, err := a.directoryQuery(names, "name", people.InGroup(g.ID, false))
	if err != nil {
		return err
	}
	list, total, err := d.people.Users(c.ctx, c.org.ID, q)
	if err != nil {
		return err
	}
	out := make([]reference, 0, len(list))
	for _, u := range list {
		out = append(out, userReference(u.ID, u.Name))
	}
	return d.sendPage(c, a, "EntityReferences", out, total, false)
}
