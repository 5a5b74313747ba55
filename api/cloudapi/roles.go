package cloudapi

import (
	"context"
	"slices"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
)

// A roleJSON is a role.
type roleJSON struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	BundleKey   string `json:"bundleKey"`
	ReadOnly    bool   `json:"readOnly"`
}

var roleFields = fields{
	"id": {id: true, unsortable: true}, "name": {}, "description": {}, "bundleKey": {}, "readOnly": {}, "_context": {unsortable: true},
}

// noBundle is what these clients are told of a role whose name is not
// translated.
const noBundle = "com.vmware.vcloud.undefined.key"

func wireRole(r access.Role) roleJSON {
	out := roleJSON{ID: urn(kindRole, r.ID.String()), Name: roleName(r), Description: r.Description, BundleKey: noBundle, ReadOnly: r.BuiltIn}
	if identity.BuiltIn(r.ID) {
		out.BundleKey, out.ReadOnly = "muster.role."+r.Name, true
	}
	return out
}

// maxThings bounds how many things of the catalogue are listed; an organisation
// with more asks by another API, which pages in the database.
const maxThings = 10_000

// everything lists all things of a kind: those of the organisation and those of
// the ones above.
func everything[T any](ctx context.Context, b *access.Book[T], by identity.Actor) ([]T, error) {
	const page = 1000
	var all []T
	for {
		list, total, err := b.List(ctx, by, "", len(all)+1, page)
		if err != nil {
			return nil, err
		}
		if total > maxThings {
			return nil, identity.NewError(identity.TooCostly, "", "The organisation has too many of these to be listed here.")
		}
		if all = append(all, list...); len(list) < page {
			break
		}
	}
	inherited, err := b.Inherited(ctx, by)
	return append(all, inherited...), err
}

// roles returns the roles that the caller sees: all, or those that they have.
func (d *Door) roles(c *call) ([]access.Role, error) {
	if c.all {
		list, err := everything(c.ctx, d.o.Access.Roles, c.by)
		if !c.org.Parent.IsZero() { // where nobody can have it
			list = slices.DeleteFunc(list, func(r access.Role) bool { return r.ID == identity.PlatformOperator })
		}
		return list, err
	}
	typ, id := c.subject()
	var out []access.Role
	list, err := d.o.Access.RolesOf(c.ctx, c.org.ID, typ, id)
	for _, h := range list {
		if !slices.ContainsFunc(out, func(r access.Role) bool { return r.ID == h.Role.ID }) {
			out = append(out, h.Role)
		}
	}
	return out, err
}

func (d *Door) listRoles(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	list, err := d.roles(c)
	if err != nil {
		return err
	}
	all := make([]roleJSON, len(list))
	for i, r := range list {
		all[i] = wireRole(r)
	}
	return sendAll(d, c, listing{ask: a, model: "Roles", fields: roleFields, usual: "name", add: c.may(identity.AccessWrite)}, all)
}

// role finds the role of a path, if the caller sees it.
func (d *Door) role(c *call) (access.Role, error) {
	id, err := idOf(kindRole, c.r.PathValue("id"))
	if err != nil {
		return access.Role{}, err
	}
	if c.all {
		r, err := d.o.Access.Roles.Get(c.ctx, c.by, id)
		if identity.KindOf(err) == identity.NotFound {
			err = errNothing
		}
		if err != nil {
			return access.Role{}, err
		}
		return *r, nil
	}
	list, err := d.roles(c)
	for _, r := range list {
		if r.ID == id {
			return r, err
		}
	}
	if err == nil {
		err = errNothing
	}
	return access.Role{}, err
}

func (d *Door) getRole(c *call) error {
	r, err := d.role(c)
	if err != nil {
		return err
	}
	return c.ok(wireRole(r))
}

// A roleBody is what a client says of a role.
type roleBody struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
}

func (c *call) readRole() (in roleBody, err error) {
	if err := c.readBody(&in); err != nil {
		return in, err
	}
	if in.Name == nil || *in.Name == "" {
		return in, identity.NewError(identity.Invalid, "name", "A role needs a name.")
	}
	return in, nil
}

// notTaken refuses a name by which these clients know a built-in role.
func (in roleBody) notTaken() error {
	for _, name := range roleNames {
		if name == *in.Name {
			return identity.NewError(identity.Conflict, "name", "There is a built-in role with this name.")
		}
	}
	return nil
}

func (d *Door) createRole(c *call) error {
	in, err := c.readRole()
	if err == nil {
		err = in.notTaken()
	}
	if err != nil {
		return err
	}
	n := access.Role{Base: access.Base{Name: *in.Name}}
	if in.Description != nil {
		n.Description = *in.Description
	}
	r, err := d.o.Access.Roles.Create(c.ctx, c.by, n)
	if err != nil {
		return err
	}
	return d.created(c, urn(kindRole, r.ID.String()), wireRole(*r))
}

func (d *Door) changeRole(c *call) error {
	id, err := d.writableRole(c)
	if err != nil {
		return err
	}
	in, err := c.readRole()
	if err == nil {
		err = in.notTaken()
	}
	if err != nil {
		return err
	}
	r, err := d.o.Access.Roles.Change(c.ctx, c.by, id, 0, func(r *access.Role) error {
		r.Name = *in.Name
		if in.Description != nil {
			r.Description = *in.Description
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.ok(wireRole(*r))
}

// writableRole finds the role of a path to be changed.
func (d *Door) writableRole(c *call) (identity.ID, error) {
	r, err := d.role(c)
	if err == nil && wireRole(r).ReadOnly {
		err = identity.NewError(identity.Denied, "", "Built-in roles cannot be changed.")
	}
	return r.ID, err
}

func (d *Door) deleteRole(c *call) error {
	id, err := d.writableRole(c)
	if err != nil {
		return err
	}
	err = d.o.Access.Roles.Delete(c.ctx, c.by, id, 0)
	if identity.KindOf(err) == identity.NotFound {
		err = errNothing // of an organisation above
	}
	if err != nil {
		return err
	}
	return c.nothing()
}

// listGlobalRoles lists the roles that every organisation has: the built-in ones.
func (d *Door) listGlobalRoles(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	list, err := d.roles(c)
	if err != nil {
		return err
	}
	type globalRole struct {
		roleJSON
		PublishAll bool `json:"publishAll"`
	}
	all := []globalRole{}
	for _, r := range list {
		if identity.BuiltIn(r.ID) && r.ID != identity.PlatformOperator {
			all = append(all, globalRole{wireRole(r), true})
		}
	}
	return sendAll(d, c, listing{ask: a, model: "GlobalRoles", fields: roleFields, usual: "name"}, all)
}
