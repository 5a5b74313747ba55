package vmware

import (
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/api/vmware/people"
	"github.com/muster-id/muster/identity"
)

// An orgJSON is an organisation.
type orgJSON struct {
	Name     string         `json:"name"`
	Display  string         `json:"displayName"`
	Metadata map[string]any `json:"metadata"`
	ID       string         `json:"id"`
	Ref      string         `json:"refLink"`
	Parent   *string        `json:"parentRefLink"`
}

func orgRef(id identity.OrgID) string { return am + "/orgs/" + id.String() }

func wireOrg(o identity.Organisation) orgJSON {
	out := orgJSON{Name: o.Slug, Display: o.Name, ID: o.ID.String(), Ref: orgRef(o.ID)}
	if !o.Parent.IsZero() {
		parent := orgRef(o.Parent)
		out.Parent = &parent
	}
	return out
}

// A roleJSON is a role of an organisation.
type roleJSON struct {
	Ref      string `json:"refLink"`
	Name     string `json:"name"`
	Display  string `json:"displayName"`
	OrgRef   string `json:"organizationLink"`
	Visible  bool   `json:"visible"`
	Org      string `json:"orgId"`
	Expires  int64  `json:"expiresAt"` // milliseconds since 1970, 0: never
	Resource string `json:"resource"`
	ID       string `json:"id"`
}

func roleRefLink(org identity.OrgID, role identity.ID) string {
	return orgRef(org) + "/roles/" + role.String()
}

func wireRole(org identity.OrgID, r access.Role, expires time.Time) roleJSON {
	out := roleJSON{
		Ref: roleRefLink(org, r.ID), Name: wireName(r), Display: display(r), OrgRef: orgRef(org), Visible: r.ID != identity.PlatformOperator,
		Org: org.String(), ID: r.ID.String(),
	}
	if !expires.IsZero() {
		out.Expires = expires.UnixMilli()
	}
	return out
}

// A groupJSON is a group.
type groupJSON struct {
	ID     string `json:"id"`
	Name   string `json:"displayName"`
	Domain string `json:"domain"`
	Users  int    `json:"usersCount"` // direct and through other groups
	Type   string `json:"groupType"`
}

func wireGroup(org identity.Organisation, g people.Group, users int) groupJSON {
	return groupJSON{g.ID.String(), g.Name, org.Slug, users, "USER_GROUP"}
}

// A profileJSON is what a user has chosen.
type profileJSON struct {
	DefaultOrg string `json:"defaultOrgId,omitempty"`
	Federated  bool   `json:"isFederated"`
	Linked     string `json:"linkedUserIdAccount"`
	Customer   string `json:"customerNumber"`
	Locale     string `json:"locale"`
	Language   string `json:"language"`
}

// A userJSON is a user. Passwords are never told.
type userJSON struct {
	ID       string       `json:"id"`
	First    string       `json:"firstName"`
	Last     string       `json:"lastName"`
	Username string       `json:"username"`
	Acct     string       `json:"acct"`
	Email    string       `json:"email"`
	Ref      string       `json:"refLink"`
	Groups   []string     `json:"groups"`
	Profile  *profileJSON `json:"userProfile,omitempty"`
	Manager  string       `json:"managerId"`
}

func wireUser(org identity.OrgID, u people.User, profile bool) userJSON {
	out := userJSON{
		ID: u.ID.String(), First: u.Given, Last: u.Family, Username: u.Name, Acct: u.Name, Email: u.Email,
		Ref: am + "/v2/users/" + u.ID.String(), Groups: []string{}, Manager: u.Manager,
	}
	for _, g := range u.Groups {
		out.Groups = append(out.Groups, g.ID.String())
	}
	if profile {
		out.Profile = &profileJSON{DefaultOrg: org.String(), Locale: u.Locale, Language: u.Language}
	}
	return out
}

// A basicUser is a user in a list.
type basicUser struct {
	Username   string        `json:"username"`
	First      string        `json:"firstName"`
	Last       string        `json:"lastName"`
	Domain     string        `json:"domain"`
	IDP        string        `json:"idpId"`
	Accessible bool          `json:"accessible"`
	Acct       string        `json:"acct"`
	Email      string        `json:"email"`
	UserID     string        `json:"userId"`
	Profile    *basicProfile `json:"userProfile,omitempty"`
}

type basicProfile struct {
	Locale   string `json:"locale"`
	Language string `json:"language"`
}

func wireBasic(org identity.Organisation, u people.User, profile bool) basicUser {
	out := basicUser{
		Username: u.Name, First: u.Given, Last: u.Family, Domain: org.Slug, IDP: org.ID.String(), Accessible: u.Active,
		Acct: u.Name, Email: u.Email, UserID: u.ID.String(),
	}
	if profile {
		out.Profile = &basicProfile{u.Locale, u.Language}
	}
	return out
}
