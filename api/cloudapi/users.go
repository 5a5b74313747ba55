package cloudapi

import (
	"cmp"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/api/vmware/people"
	"github.com/muster-id/muster/identity"
)

// A userJSON is a user. Passwords are never told.
type userJSON struct {
	ID             string      `json:"id"`
	Username       string      `json:"username"`
	Password       *string     `json:"password"`
	FullName       string      `json:"fullName"`
	GivenName      string      `json:"givenName"`
	FamilyName     string      `json:"familyName"`
	Description    string      `json:"description"`
	Email          string      `json:"email"`
	Phone          string      `json:"phone"`
	Roles          []reference `json:"roleEntityRefs"`
	EffectiveRoles []reference `json:"effectiveRoleEntityRefs"`
	Org            reference   `json:"orgEntityRef"`
	Provider       string      `json:"providerType"`
	NameInSource   string      `json:"nameInSource"`
	Enabled        bool        `json:"enabled"`
	IsGroupRole    bool        `json:"isGroupRole"`
	InheritGroups  bool        `json:"inheritGroupRoles"`
	Locked         bool        `json:"locked"`
	Stranded       bool        `json:"stranded"`
}

// local is the one kind of provider there is: whoever signs in, signs in here.
const local = "LOCAL"

// userFields are what users can be filtered and sorted by.
func userFields(org identity.Organisation) fields {
	return fields{
		"id":       {path: "id", id: true, unsortable: true},
		"username": {path: "userName"}, "nameInSource": {path: "userName"}, "fullName": {path: "displayName"},
		"givenName": {path: "name.givenName"}, "familyName": {path: "name.familyName"}, "email": {path: "emails.value"},
		"phone": {path: "phoneNumbers.value"}, "enabled": {path: "active", flag: true},
		"providerType": {same: local}, "locked": {same: "false"}, "stranded": {same: "false"},
		"orgEntityRef.name": {same: org.Slug}, "orgEntityRef.id": {same: urn(kindOrg, org.ID.String())}, "_context": {same: urn(kindOrg, org.ID.String())},
		"password": {unsortable: true, unsearchable: true}, "roleEntityRefs": {unsortable: true, unsearchable: true},
		"isGroupRole": {unsortable: true, unsearchable: true},
	}
}

// wireUser puts a user into the form of the API, with the roles that they have.
func (d *Door) wireUser(c *call, u people.User) (userJSON, error) {
	out := userJSON{
		ID: urn(kindUser, u.ID.String()), Username: u.Name, FullName: fullName(u), GivenName: u.Given, FamilyName: u.Family,
		Email: u.Email, Phone: u.Phone, Org: orgReference(c.org), Provider: local, NameInSource: u.Name, Enabled: u.Active,
	}
	list, err := d.o.Access.RolesOf(c.ctx, c.org.ID, identity.UserSubject, u.ID)
	out.Roles, out.EffectiveRoles, out.InheritGroups = wireHoldings(list)
	return out, err
}

// wireHoldings are the roles of a subject: those that were given to it by name,
// or that everybody has if there are none, and all that it has.
func wireHoldings(list []access.Holding) (direct, all []reference, throughGroups bool) {
	direct, all = []reference{}, []reference{}
	var general []reference
	for _, h := range list {
		ref := roleReference(h.Role)
		if !hasReference(all, ref.ID) {
			all = append(all, ref)
		}
		switch {
		case len(h.Groups) > 0:
			throughGroups = true
		case h.Assignment.ID.IsZero():
			general = append(general, ref)
		case !hasReference(direct, ref.ID):
			direct = append(direct, ref)
		}
	}
	if len(direct) == 0 {
		direct = append(direct, general...)
	}
	return direct, all, throughGroups
}

func fullName(u people.User) string {
	return cmp.Or(u.Display, strings.TrimSpace(u.Given+" "+u.Family))
}

// listUsers lists the users of the organisation; people who may not read them
// see themselves.
func (d *Door) listUsers(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	only := ""
	if !c.all {
		only = nobody
		if c.own(c.by.ID) {
			only = "id eq " + people.Quote(c.by.ID.String())
		}
	}
	q, err := a.directoryQuery(userFields(c.org), "username", only)
	if err != nil {
		return err
	}
	list, total, err := d.people.Users(c.ctx, c.org.ID, q)
	if err != nil {
		return err
	}
	out := make([]userJSON, 0, len(list))
	for _, u := range list {
		one, err := d.wireUser(c, u)
		if err != nil {
			return err
		}
		out = append(out, one)
	}
	return d.sendPage(c, a, "VcdUsers", out, total, c.may(identity.ResourcesWrite))
}

// user finds the user of a path whom the caller may reach.
func (d *Door) user(c *call) (people.User, error) {
	id, err := idOf(kindUser, c.r.PathValue("id"))
	if err == nil {
		err = c.reach(id)
	}
	if err != nil {
		return people.User{}, err
	}
	u, err := d.people.User(c.ctx, c.org.ID, id.String())
	if identity.KindOf(err) == identity.NotFound {
		err = errNothing
	}
	return u, err
}

func (d *Door) getUser(c *call) error {
	if strings.HasPrefix(c.r.PathValue("id"), urn(kindAccount, "")) {
		return d.accountAsUser(c)
	}
	u, err := d.user(c)
	if err != nil {
		return err
	}
	return d.sendUser(c, u.ID, false)
}

// sendUser answers with a user as it is stored now.
func (d *Door) sendUser(c *call, id identity.ID, fresh bool) error {
	u, err := d.people.User(c.ctx, c.org.ID, id.String())
	if err != nil {
		return err
	}
	out, err := d.wireUser(c, u)
	if err != nil {
		return err
	}
	if fresh {
		return d.created(c, out.ID, out)
	}
	return c.ok(out)
}

// accountAsUser shows a service account as the user that it is to these clients.
func (d *Door) accountAsUser(c *call) error {
	a, err := d.account(c)
	if err != nil {
		return err
	}
	list, err := d.o.Access.RolesOf(c.ctx, c.org.ID, identity.AppSubject, a.ID)
	if err != nil {
		return err
	}
	out := userJSON{
		ID: urn(kindAccount, a.ID.String()), Username: a.ClientID, FullName: a.Name, Org: orgReference(c.org), Provider: local,
		NameInSource: a.ClientID, Enabled: !a.Disabled,
	}
	out.Roles, out.EffectiveRoles, _ = wireHoldings(list)
	return c.ok(out)
}

// userGroups lists the groups that a user is in.
func (d *Door) userGroups(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	u, err := d.user(c)
	if err != nil {
		return err
	}
	all := []reference{}
	for _, g := range u.Groups {
		all = append(all, reference{g.Name, urn(kindGroup, g.ID.String())})
	}
	return sendAll(d, c, listing{ask: a, model: "EntityReferences", fields: referenceFields, usual: "name"}, all)
}

// referenceFields are what references can be filtered and sorted by.
var referenceFields = fields{"id": {id: true, unsortable: true}, "name": {}}
