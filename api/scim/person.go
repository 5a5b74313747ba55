package scim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/provision"
	protocol "github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/schema"
)

// personal is the client of somebody who signed in, and who reads the
// organisation by their roles: clients of the Tenant Manager come so. Their
// requests are answered at once, for there is no connection to wait for.
func (d *Door) personal(r *http.Request) (*protocol.Client, error) {
	by, org, err := d.person(r)
	if k := identity.KindOf(err); k == identity.Denied || err == nil && !slices.Contains(by.Perms, identity.ResourcesRead) {
		return nil, errScope
	} else if k == identity.Unauthenticated {
		return nil, errStranger
	}
	if err != nil {
		return nil, err
	}
	a := parse(r.URL.Path, "")
	if !a.names(org) {
		return nil, errStranger
	}
	types, err := d.dir.Registry(r.Context(), org.ID)
	if err != nil {
		return nil, err
	}
	if types, err = d.views.Of(types, schema.RFC); err != nil {
		return nil, err
	}
	r.Header.Del("Prefer")
	out := &protocol.Client{ID: by.ID.String(), Dialect: schema.RFC, Base: d.public + a.Root, Types: types, Backend: provision.New(d.dir, by)}
	if by.Kind == identity.ByUser {
		out.User = by.ID.String()
	}
	return out, nil
}

// withoutURN turns an id that the Tenant Manager writes as a URN into a bare one:
// "/Users/urn:vcloud:user:0190…" is "/Users/0190…".
func withoutURN(rest string) string {
	for place, urn := range map[string]string{"/Users/": "urn:vcloud:user:", "/Groups/": "urn:vcloud:group:"} {
		if len(rest) > len(place) && strings.EqualFold(rest[:len(place)], place) {
			return rest[:len(place)] + strings.TrimPrefix(rest[len(place):], urn)
		}
	}
	return rest
}
