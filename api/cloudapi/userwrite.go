package cloudapi

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/muster-id/muster/api/vmware/people"
	"github.com/muster-id/muster/identity"
)

// A userBody is what a client says of a user. What it leaves out stays as it is.
type userBody struct {
	Username   *string      `json:"username"`
	Password   *string      `json:"password"`
	FullName   *string      `json:"fullName"`
	GivenName  *string      `json:"givenName"`
	FamilyName *string      `json:"familyName"`
	Email      *string      `json:"email"`
	Phone      *string      `json:"phone"`
	Roles      *[]reference `json:"roleEntityRefs"`
	Org        *reference   `json:"orgEntityRef"`
	Provider   string       `json:"providerType"`
	Enabled    *bool        `json:"enabled"`
	Locked     *bool        `json:"locked"`
}

// maxPassword is the longest password that the API takes.
const maxPassword = 128

func (b *userBody) check(c *call) error {
	switch b.Provider {
	case "", local, "LDAP", "SAML", "OAUTH":
	default:
		return identity.NewError(identity.Invalid, "providerType", "The provider is LOCAL, LDAP, SAML or OAUTH.")
	}
	switch {
	case b.Provider != "" && b.Provider != local && b.Password != nil && *b.Password != "":
		return identity.NewError(identity.Invalid, "password", "Users of other providers have no password here.")
	case b.Password != nil && utf8.RuneCountInString(*b.Password) > maxPassword:
		return identity.NewError(identity.Invalid, "password", "A password has at most 128 characters.")
	case b.Locked != nil && *b.Locked:
		return identity.NewError(identity.Invalid, "locked", "Users can be unlocked, and not locked; enabled is what shuts them out.")
	case b.Username != nil && *b.Username == "":
		return identity.NewError(identity.Invalid, "username", "A user needs a username.")
	}
	return sameOrg(c, b.Org)
}

// sameOrg refuses what names another organisation than the one it is sent to.
func sameOrg(c *call, ref *reference) error {
	if ref == nil || ref.ID == "" || bare(ref.ID) == c.org.ID.String() {
		return nil
	}
	return identity.NewError(identity.Invalid, "orgEntityRef", "The request acts in another organisation than it names.")
}

// edit is the user as the body has it, from what it was.
func (b *userBody) edit(u people.User) people.Edit {
	e := people.Edit{Name: u.Name, Given: u.Given, Family: u.Family, Display: u.Display, Email: u.Email, Phone: u.Phone, Active: u.Active}
	for _, f := range []struct {
		to   *string
		from *string
	}{{&e.Name, b.Username}, {&e.Given, b.GivenName}, {&e.Family, b.FamilyName}, {&e.Email, b.Email}, {&e.Phone, b.Phone}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	// A full name that was made of its parts is sent back by clients and stays so.
	if b.FullName != nil && (u.Display != "" || *b.FullName != fullName(u)) {
		e.Display = *b.FullName
	}
	if b.Enabled != nil {
		e.Active = *b.Enabled
	}
	return e
}

func (d *Door) createUser(c *call) error {
	var in userBody
	if err := c.readBody(&in); err != nil {
		return err
	}
	if in.Username == nil {
		return identity.NewError(identity.Invalid, "username", "A user needs a username.")
	}
	if err := in.check(c); err != nil {
		return err
	}
	e := in.edit(people.User{Active: true})
	if in.Password != nil {
		e.Password = *in.Password
	}
	roles, err := d.roleIDs(c, in.Roles)
	if err != nil {
		return err
	}
	g, err := d.regrade(c, identity.UserSubject, identity.ID{}, roles)
	if err != nil {
		return err
	}
	id, err := d.people.CreateUser(c.ctx, c.by, e)
	if err != nil {
		return err
	}
	if err := d.carryOutNew(c, g, id, d.people.DeleteUser); err != nil {
		return err
	}
	return d.sendUser(c, id, true)
}

// userToChange finds the user of a path, whom the caller may change.
func (d *Door) userToChange(c *call) (people.User, error) {
	u, err := d.user(c)
	if err == nil {
		err = d.bound(c, identity.UserSubject, u.ID)
	}
	return u, err
}

func (d *Door) changeUser(c *call) error {
	u, err := d.userToChange(c)
	if err != nil {
		return err
	}
	var in userBody
	if err := c.readBody(&in); err != nil {
		return err
	}
	if err := in.check(c); err != nil {
		return err
	}
	var g regrade
	if in.Roles != nil {
		roles, err := d.roleIDs(c, in.Roles)
		if err != nil {
			return err
		}
		if g, err = d.regrade(c, identity.UserSubject, u.ID, roles); err != nil {
			return err
		}
	}
	e := in.edit(u)
	if in.Password != nil {
		e.Password = *in.Password
	}
	if err := d.people.ChangeUser(c.ctx, c.by, u.ID, e); err != nil {
		return err
	}
	if err := d.carryOut(c, g); err != nil {
		return err
	}
	return d.sendUser(c, u.ID, false)
}

func (d *Door) deleteUser(c *call) error {
	u, err := d.userToChange(c)
	if err != nil {
		return err
	}
	if err := d.people.DeleteUser(c.ctx, c.by, u.ID); err != nil {
		return err
	}
	return c.nothing()
}

// roleIDs reads references to roles, by id or, without one, by name. nil is none.
func (d *Door) roleIDs(c *call, refs *[]reference) ([]identity.ID, error) {
	if refs == nil {
		return nil, nil
	}
	if len(*refs) > maxPageSize {
		return nil, identity.NewError(identity.Invalid, "roleEntityRefs", "There are too many roles.")
	}
	ids := []identity.ID{}
	for _, ref := range *refs {
		if ref.ID == "" {
			id, err := d.roleNamed(c, ref.Name)
			if err != nil {
				return nil, err
			}
			ref.ID = id.String()
		}
		id, err := idOf(kindRole, ref.ID)
		if err != nil {
			return nil, identity.NewError(identity.Invalid, "roleEntityRefs", "There is no role "+ref.ID+".")
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 1 && ids[0] == identity.OrganizationMember {
		ids = ids[:0] // everybody has it
	}
	return ids, nil
}

// roleNamed finds a role of the organisation by the name that these clients know.
func (d *Door) roleNamed(c *call, name string) (identity.ID, error) {
	for id, known := range roleNames {
		if known == name {
			return id, nil
		}
	}
	r, err := d.o.Access.Roles.Find(c.ctx, c.by, name)
	if identity.KindOf(err) == identity.NotFound {
		err = identity.NewError(identity.Invalid, "roleEntityRefs", "There is no role "+name+".")
	}
	if err != nil {
		return identity.ID{}, err
	}
	return r.ID, nil
}

// changePassword gives the caller another password. Those of others are set with
// the user.
func (d *Door) changePassword(c *call) error {
	id, err := idOf(kindUser, c.r.PathValue("id"))
	if err != nil || !c.own(id) {
		return errNothing
	}
	var in struct {
		Current string `json:"currentPassword"`
		New     string `json:"newPassword"`
	}
	if err := c.readBody(&in); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(in.New); n < 6 || n > maxPassword {
		return identity.NewError(identity.Invalid, "newPassword", "The new password has 6 to 128 characters.")
	}
	if err := d.o.Entry.ChangePassword(c.ctx, c.r, c.org.ID, id, in.Current, in.New); err != nil {
		return err
	}
	return c.nothing()
}

// references reads a list of references: by itself, or as the values of a page.
func (c *call) references(kind string) ([]identity.ID, error) {
	var raw json.RawMessage
	if err := c.readBody(&raw); err != nil {
		return nil, err
	}
	var list []reference
	if json.Unmarshal(raw, &list) != nil {
		var page struct {
			Values []reference `json:"values"`
		}
		if json.Unmarshal(raw, &page) != nil || page.Values == nil {
			return nil, identity.NewError(identity.Invalid, "values", "The body is a list of references.")
		}
		list = page.Values
	}
	if len(list) > 1000 {
		return nil, identity.NewError(identity.Invalid, "values", "There are at most 1,000 references.")
	}
	ids := make([]identity.ID, 0, len(list))
	for _, ref := range list {
		id, err := idOf(kind, ref.ID)
		if err != nil {
			return nil, identity.NewError(identity.Invalid, "values", "A reference names nothing that there is.")
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (d *Door) setUserGroups(c *call) error {
	u, err := d.userToChange(c)
	if err != nil {
		return err
	}
	groups, err := c.references(kindGroup)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := d.bound(c, identity.GroupSubject, g); err != nil {
			return err
		}
	}
	if err := d.people.SetGroups(c.ctx, c.by, u.ID, groups); err != nil {
		return err
	}
	return d.userGroups(c)
}

// takeOwnership makes the caller the owner of the apps that a user owns, but for
// API tokens, which are the user's own.
func (d *Door) takeOwnership(c *call) error {
	u, err := d.user(c)
	if err != nil {
		return err
	}
	if !c.own(c.by.ID) || !c.may(identity.AppsWrite) {
		return errDenied
	}
	all, err := d.apps(c)
	if err != nil {
		return err
	}
	for _, a := range all {
		if isAPIToken(a) || !slices.Contains(a.Owners, u.ID.String()) {
			continue
		}
		_, err := d.o.Apps.Update(c.ctx, c.by, c.org.ID, a.ID, func(s *identity.AppSettings) error {
			owners := slices.DeleteFunc(slices.Clone(s.Owners), func(o string) bool { return o == u.ID.String() || o == c.by.ID.String() })
			s.Owners = append(owners, c.by.ID.String())
			return nil
		})
		if err != nil {
			return err
		}
	}
	return c.nothing()
}
