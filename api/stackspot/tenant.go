package stackspot

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/muster-id/muster/identity"
)

// header names the organisation where the path does not.
const header = "X-Tenant-Id"

var (
	errTenant  = refusal{http.StatusNotFound, "", "There is no such tenant."}
	errTenants = refusal{http.StatusBadRequest, "invalidValue", "The path and the header X-Tenant-Id name different tenants."}
)

// who finds the actor of a request and the organisation in which it acts. People
// and apps of the root organisation act in every one, people within what they
// may do there; for all others there is only their own.
func (d *Door) who(r *http.Request) (identity.Actor, error) {
	by, err := d.o.Bearer(r)
	if err != nil {
		return by, err
	}
	a, _ := parse(r.URL.EscapedPath())
	names := slices.DeleteFunc(append([]string{a.Tenant}, r.Header.Values(header)...), func(s string) bool { return s == "" })
	for i, name := range names {
		org, err := d.organisation(r, strings.TrimSpace(name))
		switch {
		case err != nil:
			return by, err
		case i > 0 && org.ID != by.Org:
			return by, errTenants
		case org.ID == by.Org:
			continue
		}
		if by, err = d.abroad(r, by, org); err != nil {
			return by, err
		}
	}
	return by, nil
}

// organisation finds an organisation by slug or UUID.
func (d *Door) organisation(r *http.Request, name string) (identity.Organisation, error) {
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return identity.Organisation{}, errTenant
	}
	org, err := d.o.Directory.Organisation(r.Context(), name)
	if identity.KindOf(err) == identity.NotFound {
		err = errTenant
	}
	return org, err
}

// abroad is the actor in an organisation other than its own.
func (d *Door) abroad(r *http.Request, by identity.Actor, org identity.Organisation) (identity.Actor, error) {
	own, err := d.o.Directory.Organisation(r.Context(), by.Org.String())
	if err != nil {
		return by, err
	}
	if !own.Parent.IsZero() {
		return by, errTenant
	}
	by.Org = org.ID
	if by.Kind != identity.ByUser {
		return by, nil
	}
	there, err := d.o.Access.Perms(r.Context(), org.ID, identity.UserSubject, by.ID)
	if err != nil {
		return by, err
	}
	by.Perms = slices.DeleteFunc(slices.Clone(by.Perms), func(p identity.Perm) bool { return !slices.Contains(there, p) })
	return by, nil
}

// token is the token endpoint of an organisation. An app that asks for no scope
// gets those that it was given, scim_use among them.
func (d *Door) token(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	a, _ := parse(r.URL.EscapedPath())
	org, err := d.organisation(r, a.Tenant)
	if err != nil {
		return err
	}
	d.o.Provider.Endpoint("token", org).ServeHTTP(w, r)
	return nil
}
