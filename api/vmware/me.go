package vmware

import (
	"net/http"

	"github.com/muster-id/muster/api/vmware/people"
	"github.com/muster-id/muster/identity"
)

// self is the caller as a user. An app that acts for itself has its client id as
// user name.
func (d *Door) self(r *http.Request, c *caller) (people.User, error) {
	if c.typ == identity.AppSubject {
		return people.User{ID: c.id, Name: c.name, Given: c.by.Name, Active: true}, nil
	}
	return d.people.User(r.Context(), c.home, c.id.String())
}

// me is row 30.
func (d *Door) me(w http.ResponseWriter, r *http.Request, c *caller) error {
	u, err := d.self(r, c)
	if err != nil {
		return err
	}
	return answer(w, wireUser(c.home, u, flag(r, "expand")))
}

// myOrganisations is row 29.
func (d *Door) myOrganisations(w http.ResponseWriter, r *http.Request, c *caller) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	own, err := d.own(r, c)
	if err != nil {
		return err
	}
	return answer(w, pagedOf(r, p, part(p, []orgJSON{wireOrg(own)}), 1))
}

// own is the one organisation that the caller belongs to.
func (d *Door) own(r *http.Request, c *caller) (identity.Organisation, error) {
	if c.org.ID == c.home {
		return c.org, nil
	}
	return d.o.Directory.Organisation(r.Context(), c.home.String())
}

// myOrganisationLinks is row 29 as older clients know it.
func (d *Door) myOrganisationLinks(w http.ResponseWriter, r *http.Request, c *caller) error {
	own, err := d.own(r, c)
	if err != nil {
		return err
	}
	return answer(w, orgLinks([]identity.Organisation{own}))
}

// mine lists the caller's roles in the organisation.
func (d *Door) mine(r *http.Request, c *caller) ([]held, error) {
	return d.heldBy(r.Context(), c.org.ID, c.typ, c.id)
}

// myServiceRoles is row 31.
func (d *Door) myServiceRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	list, err := d.mine(r, c)
	if err != nil {
		return err
	}
	return d.writeServiceRoles(w, r, c, list)
}

// myRoles is row 32: a bare list.
func (d *Door) myRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	list, err := d.mine(r, c)
	if err != nil {
		return err
	}
	return answer(w, orgRoles(c, list))
}

// myInfo is row 33.
func (d *Door) myInfo(w http.ResponseWriter, r *http.Request, c *caller) error {
	u, err := d.self(r, c)
	if err != nil {
		return err
	}
	list, err := d.mine(r, c)
	if err != nil {
		return err
	}
	return d.writeInfo(w, r, c, u, list)
}

// A serviceInfo is what somebody has of a service.
type serviceInfo struct {
	Ref     string   `json:"refLink"`
	Display string   `json:"serviceDisplayName"`
	Name    string   `json:"serviceName"`
	Roles   []string `json:"serviceRoles"`
}

// An orgInfo is what somebody is in an organisation.
type orgInfo struct {
	Display  string        `json:"displayName"`
	Name     string        `json:"name"`
	Roles    []roleJSON    `json:"orgRoles"`
	Services []serviceInfo `json:"servicesDef"`
}

// infoOf gathers what somebody is in the organisation.
func (d *Door) infoOf(r *http.Request, c *caller, list []held) (orgInfo, error) {
	out := orgInfo{c.org.Name, c.org.Slug, orgRoles(c, list), []serviceInfo{}}
	at := map[string]int{}
	for _, h := range list {
		if h.role.ClientID == "" {
			continue
		}
		i, ok := at[h.role.ClientID]
		if !ok {
			s := serviceInfo{Ref: definitionsAt + h.role.ClientID, Display: h.role.ClientID, Name: h.role.ClientID}
			a, err := d.o.Apps.Get(r.Context(), c.org.ID, h.role.ClientID)
			if err == nil {
				s.Ref, s.Display = definitionsAt+a.ID.String(), a.Name
			} else if identity.KindOf(err) != identity.NotFound {
				return out, err
			}
			i = len(out.Services)
			at[h.role.ClientID] = i
			out.Services = append(out.Services, s)
		}
		out.Services[i].Roles = append(out.Services[i].Roles, wireName(h.role))
	}
	return out, nil
}

// writeInfo answers UserInfo.
func (d *Door) writeInfo(w http.ResponseWriter, r *http.Request, c *caller, u people.User, list []held) error {
	info, err := d.infoOf(r, c, list)
	if err != nil {
		return err
	}
	return answer(w, struct {
		User userJSON  `json:"user"`
		Orgs []orgInfo `json:"userOrgInfo"`
	}{wireUser(c.org.ID, u, true), []orgInfo{info}})
}

// myGroups is row 34.
func (d *Door) myGroups(w http.ResponseWriter, r *http.Request, c *caller) error {
	u, err := d.self(r, c)
	if err != nil {
		return err
	}
	if c.org.ID != c.home {
		u.Groups = nil // those are another organisation's
	}
	return d.writeGroups(w, r, c, u.Groups)
}

// myDetails is row 35: the user, the organisation, and the roles there.
func (d *Door) myDetails(w http.ResponseWriter, r *http.Request, c *caller) error {
	u, err := d.self(r, c)
	if err != nil {
		return err
	}
	list, err := d.mine(r, c)
	if err != nil {
		return err
	}
	roles, err := d.wireRoles(r.Context(), c.org.ID, list, detail{})
	if err != nil {
		return err
	}
	return answer(w, struct {
		userJSON
		Orgs []orgJSON `json:"organizations"`
		rolesJSON
	}{wireUser(c.home, u, true), []orgJSON{wireOrg(c.org)}, roles})
}
