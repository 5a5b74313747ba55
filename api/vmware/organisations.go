package vmware

import (
	"net/http"
	"strings"

	"github.com/muster-id/muster/identity"
)

// organisation is row 11.
func (d *Door) organisation(w http.ResponseWriter, r *http.Request, c *caller) error {
	return answer(w, wireOrg(c.org))
}

// organisationsNamed finds organisations by name: the caller's own, and for an
// operator any.
func (d *Door) organisationsNamed(w http.ResponseWriter, r *http.Request, c *caller) error {
	name := strings.TrimSpace(r.URL.Query().Get("org-name"))
	var list []identity.Organisation
	switch {
	case name == "" || strings.EqualFold(name, c.org.Slug) || strings.EqualFold(name, c.org.Name):
		list = append(list, c.org)
	case c.kind == Platform:
		o, err := d.organisationOfName(r.Context(), identity.Actor{Org: c.home}, name)
		if err == nil {
			list = append(list, o)
		} else if identity.KindOf(err) != identity.Denied {
			return err
		}
	}
	return answer(w, orgLinks(list))
}

// orgLinksJSON is the list of organisations that older clients know.
type orgLinksJSON struct {
	Refs  []string  `json:"refLinks"`
	Items []orgJSON `json:"items"`
}

func orgLinks(list []identity.Organisation) orgLinksJSON {
	out := orgLinksJSON{[]string{}, []orgJSON{}}
	for _, o := range list {
		out.Refs = append(out.Refs, orgRef(o.ID))
		out.Items = append(out.Items, wireOrg(o))
	}
	return out
}

// renameOrganisation is row 12. Of the organisation that clients send, only the
// display name counts.
func (d *Door) renameOrganisation(w http.ResponseWriter, r *http.Request, c *caller) error {
	var in struct {
		Display string `json:"displayName"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if strings.TrimSpace(in.Display) == "" {
		return identity.NewError(identity.Invalid, "displayName", "The request needs a displayName.")
	}
	o, err := d.o.Directory.RenameOrganisation(r.Context(), c.by, c.org.ID, "", in.Display)
	if err != nil {
		return err
	}
	return answer(w, map[string]string{"refLink": orgRef(o.ID)})
}

// subOrganisations is row 15.
func (d *Door) subOrganisations(w http.ResponseWriter, r *http.Request, c *caller) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	const size = 500
	var below []orgJSON
	for after := ""; ; {
		list, err := d.o.Directory.Organisations(r.Context(), after, size)
		if err != nil {
			return err
		}
		for _, o := range list {
			if o.Parent == c.org.ID {
				below = append(below, wireOrg(o))
			}
		}
		if len(list) < size {
			break
		}
		after = list[len(list)-1].Slug
	}
	return answer(w, pagedOf(r, p, part(p, below), len(below)))
}
