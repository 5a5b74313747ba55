package vmware

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
)

// A change is what patches come to: assignments to give, and roles to take.
type change struct {
	give []identity.Assignment
	take []identity.ID // roles
}

// resolve adds a patch of roles of the organisation (client "") or of a service.
func (d *Door) resolve(ctx context.Context, c *caller, out *change, p rolesPatch, client string) error {
	add, remove := p.add(), p.remove()
	if len(add)+len(remove)+len(out.give)+len(out.take) > maxRoles {
		return identity.NewError(identity.TooCostly, "", "A patch changes at most 100 roles.")
	}
	for _, f := range add {
		role, err := d.findRole(ctx, c.org.ID, f, client)
		if err != nil {
			return err
		}
		if !f.Expires.IsZero() && f.Expires.Before(time.Now()) {
			return identity.NewError(identity.Invalid, "expiresAt", "expiresAt lies in the past.")
		}
		if everyones(role.ID) {
			continue // everybody has it already
		}
		out.give = append(out.give, identity.Assignment{
			Org: c.org.ID, Role: role.ID, Expires: f.Expires,
			Inherited: role.ID == identity.PlatformOperator && c.org.Parent.IsZero(),
		})
	}
	for _, f := range remove {
		role, err := d.findRole(ctx, c.org.ID, f, client)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(out.give, func(a identity.Assignment) bool { return a.Role == role.ID }) {
			return identity.NewError(identity.Invalid, "", "The patch adds and removes the role "+wireName(*role)+".")
		}
		out.take = append(out.take, role.ID)
	}
	return nil
}

// everyones reports whether a role is one that everybody has.
func everyones(role identity.ID) bool {
	return slices.ContainsFunc(identity.BuiltInRoles(), func(b identity.BuiltInRole) bool { return b.ID == role && b.Everyone })
}

// resolveServices adds patches of roles of services.
func (d *Door) resolveServices(ctx context.Context, c *caller, out *change, list []servicePatch) error {
	for _, p := range list {
		a, err := d.service(ctx, c.org.ID, firstOf(p.Definition, p.Link, p.Service))
		if err != nil {
			return err
		}
		if err := d.resolve(ctx, c, out, p.rolesPatch, a.ClientID); err != nil {
			return err
		}
	}
	return nil
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// apply makes a change for one subject, all of it or nothing. A role that the
// subject does not have need not be taken.
func (d *Door) apply(ctx context.Context, c *caller, typ identity.SubjectType, subject identity.ID, ch change) error {
	give := slices.Clone(ch.give)
	for i := range give {
		give[i].Type, give[i].Subject = typ, subject
	}
	var take []identity.ID
	if len(ch.take) > 0 {
		list, err := d.o.Access.Assignments(ctx, c.by, access.AssignmentQuery{Type: typ, Subject: subject, Limit: 1000})
		if err != nil {
			return err
		}
		for _, a := range list {
			if slices.Contains(ch.take, a.Role) {
				take = append(take, a.ID)
			}
		}
	}
	if len(give)+len(take) == 0 {
		return nil
	}
	return d.o.Access.AssignAll(ctx, c.by, give, take)
}

// A userRolesPatch is the body of row 14.
type userRolesPatch struct {
	Users []struct {
		Name  string     `json:"userName"`
		Roles rolesPatch `json:"orgRolesUpdateRequest"`
	} `json:"userList"`
	Services struct {
		List []servicePatch `json:"serviceRolesPatchRequest"`
	} `json:"servicesRolesPatchRequest"`
}

// maxUsers bounds the users of row 14 and the groups of row 21.
const maxUsers = 128

// patchUsersRoles is row 14: each user by itself, and for each the roles of the
// organisation and those of services.
func (d *Door) patchUsersRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	var in userRolesPatch
	if err := read(w, r, &in); err != nil {
		return err
	}
	if len(in.Users) == 0 || len(in.Users) > maxUsers {
		return identity.NewError(identity.Invalid, "userList", "userList names 1 to 128 users.")
	}
	ctx := r.Context()
	out := struct {
		OrgDone       []string `json:"successOrgRolesUsernames"`
		OrgFailed     []string `json:"failedOrgRolesUsernames"`
		ServiceDone   []string `json:"successServiceRolesUsernames"`
		ServiceFailed []string `json:"failedServiceRolesUsernames"`
	}{[]string{}, []string{}, []string{}, []string{}}
	var services change // the same for each user
	unfit := d.resolveServices(ctx, c, &services, in.Services.List)
	if unfit != nil && identity.KindOf(unfit) == "" {
		return unfit
	}
	for _, u := range in.Users {
		user, err := d.people.User(ctx, c.org.ID, u.Name)
		if err == nil {
			var ch change
			if err = d.resolve(ctx, c, &ch, u.Roles, ""); err == nil {
				err = d.apply(ctx, c, identity.UserSubject, user.ID, ch)
			}
		}
		if err := tell(err, u.Name, &out.OrgDone, &out.OrgFailed); err != nil {
			return err
		}
		if len(in.Services.List) == 0 {
			continue
		}
		if !user.ID.IsZero() {
			if err = unfit; err == nil {
				err = d.apply(ctx, c, identity.UserSubject, user.ID, services)
			}
		}
		if err := tell(err, u.Name, &out.ServiceDone, &out.ServiceFailed); err != nil {
			return err
		}
	}
	return answer(w, out)
}

// tell puts a name to those that worked or to those that did not. Errors of ours
// come back.
func tell(err error, name string, done, failed *[]string) error {
	if err == nil {
		*done = append(*done, name)
		return nil
	}
	if identity.KindOf(err) == "" {
		return err
	}
	*failed = append(*failed, name)
	return nil
}

// patchRoles is row 43.
func (d *Door) patchRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	var in rolesPatch
	if err := read(w, r, &in); err != nil {
		return err
	}
	user, err := d.people.User(r.Context(), c.org.ID, r.PathValue("userId"))
	if err != nil {
		return err
	}
	var ch change
	if err := d.resolve(r.Context(), c, &ch, in, ""); err != nil {
		return err
	}
	return d.done(w, r, c, identity.UserSubject, user.ID, ch)
}

// patchServiceRoles is row 41.
func (d *Door) patchServiceRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	var in servicePatch
	if err := read(w, r, &in); err != nil {
		return err
	}
	user, err := d.people.User(r.Context(), c.org.ID, r.PathValue("userId"))
	if err != nil {
		return err
	}
	var ch change
	if err := d.resolveServices(r.Context(), c, &ch, []servicePatch{in}); err != nil {
		return err
	}
	return d.done(w, r, c, identity.UserSubject, user.ID, ch)
}

// patchUserRoles is row 53.
func (d *Door) patchUserRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	user, err := d.people.User(r.Context(), c.org.ID, r.PathValue("userId"))
	if err != nil {
		return err
	}
	return d.patchMember(w, r, c, identity.UserSubject, user.ID)
}

// patchGroupRoles is row 19.
func (d *Door) patchGroupRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	g, err := d.people.Group(r.Context(), c.org.ID, r.PathValue("groupId"))
	if err != nil {
		return err
	}
	return d.patchMember(w, r, c, identity.GroupSubject, g.ID)
}

func (d *Door) patchMember(w http.ResponseWriter, r *http.Request, c *caller, typ identity.SubjectType, subject identity.ID) error {
	var in updateMemberRoles
	if err := read(w, r, &in); err != nil {
		return err
	}
	var ch change
	if err := d.resolve(r.Context(), c, &ch, in.Organisation, ""); err != nil {
		return err
	}
	if err := d.resolveServices(r.Context(), c, &ch, in.Services); err != nil {
		return err
	}
	return d.done(w, r, c, typ, subject, ch)
}

// done applies a change and answers with nothing.
func (d *Door) done(w http.ResponseWriter, r *http.Request, c *caller, typ identity.SubjectType, subject identity.ID, ch change) error {
	if err := d.apply(r.Context(), c, typ, subject, ch); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
