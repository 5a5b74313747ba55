package vmware

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// wireName is the name of a role: that of a service has the client id of its app
// before it, "shop:editor".
func wireName(r access.Role) string {
	if r.ClientID == "" || strings.HasPrefix(r.Name, r.ClientID+":") {
		return r.Name
	}
	return r.ClientID + ":" + r.Name
}

func display(r access.Role) string {
	if r.Display != "" {
		return r.Display
	}
	return r.Name
}

// reader is who reads the catalogue for somebody whom the policy has let in.
func reader(org identity.OrgID) identity.Actor {
	return identity.Actor{Kind: identity.BySystem, Org: org, Perms: identity.Perms{identity.AccessRead, identity.ResourcesRead}}
}

// rolesIn lists the roles that have effect in an organisation: its own, and those
// of the organisations above.
func (d *Door) rolesIn(ctx context.Context, org identity.OrgID) ([]access.Role, error) {
	const size = 200
	var all []access.Role
	for start := 1; ; start += size {
		list, total, err := d.o.Access.Roles.List(ctx, reader(org), "", start, size)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if len(list) == 0 || len(all) >= total {
			break
		}
	}
	above, err := d.o.Access.Roles.Inherited(ctx, reader(org))
	return append(all, above...), err
}

func isNoRole(name string) error {
	return identity.NewError(identity.Invalid, "", "There is no role "+name+" here.")
}

// findRole finds the role that a patch names: one of the organisation, or of the
// service with a client id.
func (d *Door) findRole(ctx context.Context, org identity.OrgID, f roleRef, client string) (*access.Role, error) {
	tries := []string{f.ID}
	if f.ID == "" {
		tries = []string{f.Name, strings.TrimPrefix(f.Name, client+":"), client + ":" + f.Name}
	}
	for _, name := range tries {
		if name == "" {
			continue
		}
		role, err := d.findOne(ctx, org, name)
		if err == nil && role.ClientID == client {
			return role, nil
		}
		if k := identity.KindOf(err); err != nil && k != identity.NotFound && k != identity.Invalid {
			return nil, err
		}
	}
	return nil, isNoRole(f.ID + f.Name)
}

func (d *Door) findOne(ctx context.Context, org identity.OrgID, name string) (*access.Role, error) {
	if id, ok := identity.ParseID(strings.TrimPrefix(name, "urn:vcloud:role:")); ok {
		return d.o.Access.Roles.Get(ctx, reader(org), id)
	}
	return d.o.Access.Roles.Find(ctx, reader(org), name)
}

// listRoles is row 13.
func (d *Door) listRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	all, err := d.rolesIn(r.Context(), c.org.ID)
	if err != nil {
		return err
	}
	var names []string
	if text := r.URL.Query().Get("name"); text != "" {
		names = strings.Split(text, ",")
	}
	out := struct {
		Refs []string   `json:"refLinks"`
		Data []roleJSON `json:"orgRolesData,omitempty"`
	}{Refs: []string{}}
	for _, role := range all {
		if role.ClientID != "" || names != nil && !slices.Contains(names, role.Name) {
			continue
		}
		out.Refs = append(out.Refs, roleRefLink(c.org.ID, role.ID))
		if flag(r, "expand") {
			out.Data = append(out.Data, wireRole(c.org.ID, role, noTime))
		}
	}
	web.JSON(w, http.StatusOK, out)
	return nil
}

// role is row 16.
func (d *Door) role(w http.ResponseWriter, r *http.Request, c *caller) error {
	role, err := d.findOne(r.Context(), c.org.ID, r.PathValue("roleId"))
	if err != nil {
		return err
	}
	web.JSON(w, http.StatusOK, wireRole(c.org.ID, *role, noTime))
	return nil
}
