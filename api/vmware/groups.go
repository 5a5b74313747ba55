package vmware

import (
	"net/http"

	"github.com/muster-id/muster/api/vmware/people"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

func answer(w http.ResponseWriter, body any) error {
	web.JSON(w, http.StatusOK, body)
	return nil
}

// groupsPage answers a page of the groups that a filter finds.
func (d *Door) groupsPage(r *http.Request, c *caller, filter string, p page) ([]groupJSON, int, error) {
	list, total, err := d.people.Groups(r.Context(), c.org.ID, people.Query{Filter: filter, Start: p.start, Count: p.limit})
	if err != nil {
		return nil, 0, err
	}
	out := []groupJSON{}
	for _, g := range list {
		n, err := d.people.Size(r.Context(), c.org.ID, g.ID)
		if err != nil {
			return nil, 0, err
		}
		out = append(out, wireGroup(c.org, g, n))
	}
	return out, total, nil
}

func named(term string) string {
	if term == "" {
		return ""
	}
	return "displayName co " + people.Quote(term)
}

// listGroups is row 7, by query or, of a POST, by body.
func (d *Door) listGroups(w http.ResponseWriter, r *http.Request, c *caller) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	in := struct {
		Term   string `json:"searchTerm"`
		Domain string `json:"domain"`
	}{query.Get("searchTerm"), query.Get("domain")}
	if r.Method == http.MethodPost {
		if err := read(w, r, &in); err != nil {
			return err
		}
	}
	term, err := termOf(in.Term)
	if err != nil {
		return err
	}
	if in.Domain != "" && in.Domain != c.org.Slug && in.Domain != c.org.ID.String() {
		return answer(w, pagedOf[groupJSON](r, p, nil, 0))
	}
	list, total, err := d.groupsPage(r, c, named(term), p)
	if err != nil {
		return err
	}
	return answer(w, pagedOf(r, p, list, total))
}

// searchGroups is row 17.
func (d *Door) searchGroups(w http.ResponseWriter, r *http.Request, c *caller) error {
	term, err := termOf(r.URL.Query().Get("groupSearchTerm"))
	if err != nil {
		return err
	}
	list, _, err := d.groupsPage(r, c, named(term), page{1, maxSearch})
	if err != nil {
		return err
	}
	return answer(w, results[groupJSON]{list})
}

// groupRoles is row 18.
func (d *Door) groupRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	g, err := d.people.Group(r.Context(), c.org.ID, r.PathValue("groupId"))
	if err != nil {
		return err
	}
	out, err := d.rolesOfGroup(r, c, g.ID)
	if err != nil {
		return err
	}
	return answer(w, out)
}

func (d *Door) rolesOfGroup(r *http.Request, c *caller, g identity.ID) (rolesJSON, error) {
	list, err := d.heldBy(r.Context(), c.org.ID, identity.GroupSubject, g)
	if err != nil {
		return rolesJSON{}, err
	}
	return d.wireRoles(r.Context(), c.org.ID, list, detail{})
}

// A groupWithRoles is a group of row 20.
type groupWithRoles struct {
	groupJSON
	rolesJSON
}

// listOrgGroups is row 20.
func (d *Door) listOrgGroups(w http.ResponseWriter, r *http.Request, c *caller) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	list, total, err := d.groupsPage(r, c, "", p)
	if err != nil {
		return err
	}
	var out []groupWithRoles
	for _, g := range list {
		id, _ := identity.ParseID(g.ID) // made here
		roles, err := d.rolesOfGroup(r, c, id)
		if err != nil {
			return err
		}
		out = append(out, groupWithRoles{g, roles})
	}
	return answer(w, pagedOf(r, p, out, total))
}

// group is one group, by the policy of row 20.
func (d *Door) group(w http.ResponseWriter, r *http.Request, c *caller) error {
	g, err := d.people.Group(r.Context(), c.org.ID, r.PathValue("groupId"))
	if err != nil {
		return err
	}
	n, err := d.people.Size(r.Context(), c.org.ID, g.ID)
	if err != nil {
		return err
	}
	roles, err := d.rolesOfGroup(r, c, g.ID)
	if err != nil {
		return err
	}
	return answer(w, groupWithRoles{wireGroup(c.org, g, n), roles})
}

// A failure is why one of several was left as it is.
type failure struct {
	ID      string `json:"id"`
	Message string `json:"message"`
}

// deleteGroups is row 21: each group by itself.
func (d *Door) deleteGroups(w http.ResponseWriter, r *http.Request, c *caller) error {
	var in struct {
		IDs []string `json:"ids"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if len(in.IDs) == 0 || len(in.IDs) > maxUsers {
		return identity.NewError(identity.Invalid, "ids", "ids names 1 to 128 groups.")
	}
	out := struct {
		Succeeded []string  `json:"succeeded"`
		Failed    []string  `json:"failed"`
		Failures  []failure `json:"failures"`
	}{[]string{}, []string{}, []failure{}}
	for _, id := range in.IDs {
		g, err := d.people.Group(r.Context(), c.org.ID, id)
		if err == nil {
			err = d.people.DeleteGroup(r.Context(), c.by, g.ID)
		}
		if err != nil {
			if identity.KindOf(err) == "" {
				return err
			}
			out.Failures = append(out.Failures, failure{id, err.Error()})
		}
		if err := tell(err, id, &out.Succeeded, &out.Failed); err != nil {
			return err
		}
	}
	return answer(w, out)
}

// groupUsers is row 22.
func (d *Door) groupUsers(w http.ResponseWriter, r *http.Request, c *caller) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	g, err := d.people.Group(r.Context(), c.org.ID, r.PathValue("groupId"))
	if err != nil {
		return err
	}
	query := r.URL.Query()
	filter, err := containing(map[string]string{
		"name.givenName": query.Get("firstName"), "name.familyName": query.Get("lastName"), "emails.value": query.Get("email"),
	})
	if err != nil {
		return err
	}
	filter = both(people.InGroup(g.ID, query.Get("onlyDirectUsers") == "true"), filter)
	list, total, err := d.people.Users(r.Context(), c.org.ID, people.Query{Filter: filter, Start: p.start, Count: p.limit})
	if err != nil {
		return err
	}
	var out []basicUser
	for _, u := range list {
		out = append(out, wireBasic(c.org, u, true))
	}
	return answer(w, pagedOf(r, p, out, total))
}
