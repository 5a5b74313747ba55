package vmware

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/muster-id/muster/api/vmware/people"
	"github.com/muster-id/muster/identity"
)

// containing is the filter for those whose attributes contain texts; "" if there
// are none.
func containing(texts map[string]string) (string, error) {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		term, err := termOf(texts[name])
		if err != nil {
			return "", err
		}
		if term != "" {
			parts = append(parts, name+" co "+people.Quote(term))
		}
	}
	return strings.Join(parts, " and "), nil
}

func both(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " and " + b
}

// anywhere is the filter for those of whom user name, names or e-mail contain a
// term.
func anywhere(text string) (string, error) {
	term, err := termOf(text)
	if err != nil || term == "" {
		return "", err
	}
	q := people.Quote(term)
	return "(userName co " + q + " or name.givenName co " + q + " or name.familyName co " + q + " or emails.value co " + q + ")", nil
}

// A typedUser is a user of an organisation with the roles there.
type typedUser struct {
	User basicUser `json:"user"`
	Org  string    `json:"orgId"`
	rolesJSON
}

// typed adds their roles to users, for callers who may see them.
func (d *Door) typed(r *http.Request, c *caller, list []people.User) ([]typedUser, error) {
	out := []typedUser{}
	for _, u := range list {
		roles := rolesJSON{[]orgRoleJSON{}, []serviceJSON{}}
		if c.sees() {
			all, err := d.heldBy(r.Context(), c.org.ID, identity.UserSubject, u.ID)
			if err != nil {
				return nil, err
			}
			if roles, err = d.wireRoles(r.Context(), c.org.ID, all, detail{ids: flag(r, "includeGroupIdsInRoles")}); err != nil {
				return nil, err
			}
		}
		out = append(out, typedUser{wireBasic(c.org, u, flag(r, "expandProfile")), c.org.ID.String(), roles})
	}
	return out, nil
}

// listUsers is rows 23 and 24.
func (d *Door) listUsers(w http.ResponseWriter, r *http.Request, c *caller) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	list, total, err := d.people.Users(r.Context(), c.org.ID, people.Query{Start: p.start, Count: p.limit})
	if err != nil {
		return err
	}
	out, err := d.typed(r, c, list)
	if err != nil {
		return err
	}
	return answer(w, pagedOf(r, p, out, total))
}

// searchUsers is row 25.
func (d *Door) searchUsers(w http.ResponseWriter, r *http.Request, c *caller) error {
	filter, err := anywhere(r.URL.Query().Get("userSearchTerm"))
	if err != nil {
		return err
	}
	list, _, err := d.people.Users(r.Context(), c.org.ID, people.Query{Filter: filter, Start: 1, Count: maxSearch})
	if err != nil {
		return err
	}
	out, err := d.typed(r, c, list)
	if err != nil {
		return err
	}
	return answer(w, results[typedUser]{out})
}

// findUsers is row 48.
func (d *Door) findUsers(w http.ResponseWriter, r *http.Request, c *caller) error {
	var in struct {
		Term   string `json:"searchTerm"`
		First  string `json:"firstName"`
		Last   string `json:"lastName"`
		Email  string `json:"email"`
		Domain string `json:"domain"`
		IDP    string `json:"idpId"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	filter, err := containing(map[string]string{"name.givenName": in.First, "name.familyName": in.Last, "emails.value": in.Email})
	if err != nil {
		return err
	}
	term, err := anywhere(in.Term)
	if err != nil {
		return err
	}
	out := results[basicUser]{[]basicUser{}}
	for _, name := range []string{in.Domain, in.IDP} {
		if name != "" && name != c.org.Slug && name != c.org.ID.String() {
			return answer(w, out)
		}
	}
	list, _, err := d.people.Users(r.Context(), c.org.ID, people.Query{Filter: both(filter, term), Start: 1, Count: maxSearch})
	if err != nil {
		return err
	}
	for _, u := range list {
		out.Results = append(out.Results, wireBasic(c.org, u, true))
	}
	return answer(w, out)
}

// userByName is rows 45 and 49.
func (d *Door) userByName(w http.ResponseWriter, r *http.Request, c *caller) error {
	name := r.PathValue("acct")
	if name == "" {
		name = r.PathValue("userId")
	}
	u, err := d.people.User(r.Context(), c.org.ID, name)
	if err != nil {
		return err
	}
	return answer(w, wireUser(c.org.ID, u, flag(r, "expandProfile")))
}

// userOf finds the user whom a path names.
func (d *Door) userOf(r *http.Request, c *caller) (people.User, []held, error) {
	u, err := d.people.User(r.Context(), c.org.ID, r.PathValue("userId"))
	if err != nil {
		return u, nil, err
	}
	list, err := d.heldBy(r.Context(), c.org.ID, identity.UserSubject, u.ID)
	return u, list, err
}

// serviceRoles is row 40.
func (d *Door) serviceRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	_, list, err := d.userOf(r, c)
	if err != nil {
		return err
	}
	return d.writeServiceRoles(w, r, c, list)
}

// userRoles is row 42.
func (d *Door) userRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	_, list, err := d.userOf(r, c)
	if err != nil {
		return err
	}
	return answer(w, orgRoles(c, list))
}

// orgRoles are those of the organisation.
func orgRoles(c *caller, list []held) []roleJSON {
	out := []roleJSON{}
	for _, h := range list {
		if h.role.ClientID == "" {
			out = append(out, wireRole(c.org.ID, h.role, h.expires))
		}
	}
	return out
}

// rolesWithGroups is row 44.
func (d *Door) rolesWithGroups(w http.ResponseWriter, r *http.Request, c *caller) error {
	u, list, err := d.userOf(r, c)
	if err != nil {
		return err
	}
	groups := map[identity.ID]groupJSON{}
	for _, h := range list {
		for _, id := range h.groups {
			i := slices.IndexFunc(u.Groups, func(g people.Group) bool { return g.ID == id })
			if _, known := groups[id]; known || i < 0 {
				continue
			}
			n, err := d.people.Size(r.Context(), c.org.ID, id)
			if err != nil {
				return err
			}
			groups[id] = wireGroup(c.org, u.Groups[i], n)
		}
	}
	out, err := d.wireRoles(r.Context(), c.org.ID, list, detail{ids: true, groups: groups})
	if err != nil {
		return err
	}
	return answer(w, out)
}

// allRoles is row 50.
func (d *Door) allRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	_, list, err := d.userOf(r, c)
	if err != nil {
		return err
	}
	out, err := d.wireRoles(r.Context(), c.org.ID, list, detail{})
	if err != nil {
		return err
	}
	return answer(w, out)
}

// userGroups is row 51.
func (d *Door) userGroups(w http.ResponseWriter, r *http.Request, c *caller) error {
	u, err := d.people.User(r.Context(), c.org.ID, r.PathValue("userId"))
	if err != nil {
		return err
	}
	return d.writeGroups(w, r, c, u.Groups)
}

func (d *Door) writeGroups(w http.ResponseWriter, r *http.Request, c *caller, list []people.Group) error {
	out := results[groupJSON]{[]groupJSON{}}
	for _, g := range list {
		n, err := d.people.Size(r.Context(), c.org.ID, g.ID)
		if err != nil {
			return err
		}
		out.Results = append(out.Results, wireGroup(c.org, g, n))
	}
	return answer(w, out)
}

// userInfo is rows 46 and 52.
func (d *Door) userInfo(w http.ResponseWriter, r *http.Request, c *caller) error {
	u, list, err := d.userOf(r, c)
	if err != nil {
		return err
	}
	return d.writeInfo(w, r, c, u, list)
}
