package vmware

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/identity"
)

// definitionsAt is where the definitions of services have their addresses. Each
// app that the organisation registered is a service.
const definitionsAt = slc + "/definitions/external/"

var errNoService = identity.NewError(identity.NotFound, "", "There is no such service definition.")

// service finds a service by the id or the client id of its app, or by a link.
func (d *Door) service(ctx context.Context, org identity.OrgID, name string) (*identity.App, error) {
	for _, prefix := range []string{definitionsAt, slc + "/definitions/internal/"} {
		name = strings.TrimPrefix(name, prefix)
	}
	if name == "" {
		return nil, identity.NewError(identity.Invalid, "serviceDefinitionLink", "The request names no service definition.")
	}
	a, err := d.o.Apps.Get(ctx, org, name)
	if identity.KindOf(err) == identity.NotFound || err == nil && !listed(a) {
		return nil, errNoService
	}
	return a, err
}

// listed reports whether an app is a service: those that stand for logins and API
// tokens are none.
func listed(a *identity.App) bool {
	return a.SoftwareID != entry.APITokens && a.ClientID != entry.LoginClient && !a.Disabled
}

// definitionID is the id of the service that a role belongs to.
func (d *Door) definitionID(ctx context.Context, org identity.OrgID, client string) (string, error) {
	a, err := d.o.Apps.Get(ctx, org, client)
	if identity.KindOf(err) == identity.NotFound {
		return client, nil // an app of an organisation above, or one that is gone
	}
	if err != nil {
		return "", err
	}
	return a.ID.String(), nil
}

// A definitionJSON is a service definition.
type definitionJSON struct {
	Name        string      `json:"name"`
	Display     string      `json:"displayName"`
	Description string      `json:"descriptionLong"`
	Gated       bool        `json:"isGated"`
	Visible     bool        `json:"visible"`
	URLs        serviceURLs `json:"serviceUrls"`
	Roles       []roleName  `json:"serviceRoles"`
	OrgRef      string      `json:"organizationLink"`
	Self        string      `json:"documentSelfLink"`
	Health      string      `json:"healthCheckURL"`
	Icon        string      `json:"serviceIcon"`
	NavIcon     string      `json:"serviceNavBarIcon"`
	Primary     bool        `json:"isPrimary"`
	Beta        bool        `json:"isBeta"`
}

type serviceURLs struct {
	Offer  string `json:"offerConfiguration"`
	Home   string `json:"serviceHome"`
	Access string `json:"requestAccess"`
}

// A roleName is a role that a service has.
type roleName struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Display     string `json:"displayName"`
	Description string `json:"description"`
}

func wireDefinition(org identity.OrgID, a *identity.App, roles []access.Role) definitionJSON {
	out := definitionJSON{
		Name: a.ClientID, Display: a.Name, Description: a.Name, Visible: true, URLs: serviceURLs{Home: a.ClientURI}, Roles: []roleName{},
		OrgRef: orgRef(org), Self: definitionsAt + a.ID.String(), Icon: a.LogoURI, NavIcon: a.LogoURI,
	}
	for _, r := range roles {
		if r.ClientID == a.ClientID {
			out.Roles = append(out.Roles, roleName{r.ID.String(), wireName(r), display(r), r.Description})
		}
	}
	return out
}

// apps lists the services of an organisation by client id.
func (d *Door) apps(ctx context.Context, org identity.OrgID) ([]identity.App, error) {
	all, err := d.o.Apps.All(ctx, org, 0)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(a identity.App) bool { return !listed(&a) }), nil
}

// definitions is row 37.
func (d *Door) definitions(w http.ResponseWriter, r *http.Request, c *caller) error {
	out := struct {
		Links   []string         `json:"serviceDefinitionLinks"`
		Results []definitionJSON `json:"results,omitempty"`
	}{Links: []string{}}
	list, err := d.apps(r.Context(), c.org.ID)
	if err != nil {
		return err
	}
	var roles []access.Role
	if flag(r, "expand") {
		if roles, err = d.rolesIn(r.Context(), c.org.ID); err != nil {
			return err
		}
	}
	for _, a := range list {
		out.Links = append(out.Links, definitionsAt+a.ID.String())
		if flag(r, "expand") {
			out.Results = append(out.Results, wireDefinition(c.org.ID, &a, roles))
		}
	}
	return answer(w, out)
}

// definition is one service definition.
func (d *Door) definition(w http.ResponseWriter, r *http.Request, c *caller) error {
	out, err := d.oneDefinition(r, c)
	if err != nil {
		return err
	}
	return answer(w, out)
}

// definitionRoles are the roles of one service.
func (d *Door) definitionRoles(w http.ResponseWriter, r *http.Request, c *caller) error {
	out, err := d.oneDefinition(r, c)
	if err != nil {
		return err
	}
	return answer(w, map[string]any{"serviceRoles": out.Roles})
}

func (d *Door) oneDefinition(r *http.Request, c *caller) (definitionJSON, error) {
	a, err := d.service(r.Context(), c.org.ID, r.PathValue("serviceDefinitionId"))
	if err != nil {
		return definitionJSON{}, err
	}
	roles, err := d.rolesIn(r.Context(), c.org.ID)
	return wireDefinition(c.org.ID, a, roles), err
}

// services is row 38.
func (d *Door) services(w http.ResponseWriter, r *http.Request, c *caller) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	list, err := d.apps(r.Context(), c.org.ID)
	if err != nil {
		return err
	}
	roles, err := d.rolesIn(r.Context(), c.org.ID)
	if err != nil {
		return err
	}
	var out []definitionJSON
	for _, a := range part(p, list) {
		out = append(out, wireDefinition(c.org.ID, &a, roles))
	}
	return answer(w, pagedOf(r, p, out, len(list)))
}

// definitionOrgs is row 39: a service belongs to the organisation that registered
// it.
func (d *Door) definitionOrgs(w http.ResponseWriter, r *http.Request, c *caller) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	if _, err := d.service(r.Context(), c.org.ID, r.PathValue("serviceDefinitionId")); err != nil {
		return err
	}
	type item struct {
		Display  string         `json:"displayName"`
		Metadata map[string]any `json:"metadata"`
		Name     string         `json:"name"`
		Parent   string         `json:"parentOrgId"`
		Org      string         `json:"orgId"`
	}
	one := item{Display: c.org.Name, Name: c.org.Slug, Org: c.org.ID.String()}
	if !c.org.Parent.IsZero() {
		one.Parent = c.org.Parent.String()
	}
	return answer(w, pagedOf(r, p, part(p, []item{one}), 1))
}

// writeServiceRoles answers UserServiceRoles, of one service if the request names
// one.
func (d *Door) writeServiceRoles(w http.ResponseWriter, r *http.Request, c *caller, list []held) error {
	type item struct {
		Link  string   `json:"serviceDefinitionLink"`
		Names []string `json:"serviceRoleNames"`
	}
	roles, err := d.wireRoles(r.Context(), c.org.ID, list, detail{})
	if err != nil {
		return err
	}
	only := ""
	if name := r.URL.Query().Get("serviceDefinitionLink"); name != "" {
		a, err := d.service(r.Context(), c.org.ID, name)
		if err != nil {
			return err
		}
		only = a.ID.String()
	}
	out := struct {
		Roles []item `json:"serviceRoles"`
	}{[]item{}}
	for _, s := range roles.Services {
		if only == "" || s.Definition == only {
			out.Roles = append(out.Roles, item{definitionsAt + s.Definition, s.Names})
		}
	}
	return answer(w, out)
}
