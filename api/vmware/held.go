package vmware

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
)

var noTime time.Time

// A held is a role that somebody has, with all the ways in which they have it.
type held struct {
	role    access.Role
	expires time.Time     // of the way that lasts longest; zero: never
	how     string        // membershipType
	groups  []identity.ID // to which the role is assigned
}

// The membership types: by oneself, as a member of a group, as one of a group in
// a group.
const (
	direct = "DIRECT"
	group  = "GROUP"
	nested = "NESTED"
)

// heldBy lists the roles that a subject has in an organisation, by name.
func (d *Door) heldBy(ctx context.Context, org identity.OrgID, typ identity.SubjectType, subject identity.ID) ([]held, error) {
	list, err := d.o.Access.RolesOf(ctx, org, typ, subject)
	if err != nil {
		return nil, err
	}
	byRole := map[identity.ID]*held{}
	var order []identity.ID
	for _, h := range list {
		way := wayOf(h)
		known := byRole[h.Role.ID]
		if known == nil {
			byRole[h.Role.ID] = &way
			order = append(order, h.Role.ID)
			continue
		}
		known.merge(way)
	}
	out := make([]held, 0, len(order))
	for _, id := range order {
		out = append(out, *byRole[id])
	}
	slices.SortFunc(out, func(a, b held) int {
		return cmp.Or(cmp.Compare(wireName(a.role), wireName(b.role)), cmp.Compare(a.role.ID.String(), b.role.ID.String()))
	})
	return out, nil
}

func wayOf(h access.Holding) held {
	out := held{role: h.Role, expires: h.Assignment.Expires, how: direct}
	if n := len(h.Groups); n > 0 {
		out.groups = []identity.ID{h.Groups[n-1]}
		out.how = nested
		if n == 1 {
			out.how = group
		}
	}
	return out
}

// merge adds another way to have the same role.
func (h *held) merge(way held) {
	rank := []string{nested, group, direct}
	if slices.Index(rank, way.how) > slices.Index(rank, h.how) {
		h.how = way.how
	}
	if way.expires.IsZero() || !h.expires.IsZero() && way.expires.After(h.expires) {
		h.expires = way.expires
	}
	for _, g := range way.groups {
		if !slices.Contains(h.groups, g) {
			h.groups = append(h.groups, g)
		}
	}
}

// An orgRoleJSON is a role of the organisation that somebody has.
type orgRoleJSON struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	How      string       `json:"membershipType"`
	Expires  string       `json:"expiresAt,omitempty"`
	Display  string       `json:"displayName"`
	Org      string       `json:"orgId"`
	Groups   *[]groupJSON `json:"groups,omitempty"`
	GroupIDs *[]string    `json:"groupIds,omitempty"`
}

// A serviceRoleJSON is a role of a service that somebody has.
type serviceRoleJSON struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	How      string       `json:"membershipType"`
	Expires  string       `json:"expiresAt,omitempty"`
	Resource string       `json:"resource"`
	Groups   *[]groupJSON `json:"groups,omitempty"`
	GroupIDs *[]string    `json:"groupIds,omitempty"`
}

// A serviceJSON is what somebody has of one service.
type serviceJSON struct {
	Definition string            `json:"serviceDefinitionId"`
	Names      []string          `json:"serviceRoleNames"`
	Roles      []serviceRoleJSON `json:"serviceRoles"`
}

// A rolesJSON is all roles that somebody has.
type rolesJSON struct {
	Organisation []orgRoleJSON `json:"organizationRoles"`
	Services     []serviceJSON `json:"serviceRoles"`
}

// A detail says what is told of the groups through which roles are had.
type detail struct {
	ids    bool
	groups map[identity.ID]groupJSON // nil: nothing
}

func (t detail) of(h held) (list *[]groupJSON, ids *[]string) {
	if t.groups != nil {
		list = &[]groupJSON{}
		for _, id := range h.groups {
			if g, ok := t.groups[id]; ok {
				*list = append(*list, g)
			}
		}
	}
	if t.ids {
		ids = &[]string{}
		for _, id := range h.groups {
			*ids = append(*ids, id.String())
		}
	}
	return list, ids
}

func until(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// wireRoles puts roles into the form of the API.
func (d *Door) wireRoles(ctx context.Context, org identity.OrgID, list []held, t detail) (rolesJSON, error) {
	out := rolesJSON{Organisation: []orgRoleJSON{}, Services: []serviceJSON{}}
	at := map[string]int{}
	for _, h := range list {
		groups, ids := t.of(h)
		if h.role.ClientID == "" {
			out.Organisation = append(out.Organisation, orgRoleJSON{
				h.role.ID.String(), wireName(h.role), h.how, until(h.expires), display(h.role), org.String(), groups, ids,
			})
			continue
		}
		i, ok := at[h.role.ClientID]
		if !ok {
			id, err := d.definitionID(ctx, org, h.role.ClientID)
			if err != nil {
				return out, err
			}
			i = len(out.Services)
			at[h.role.ClientID] = i
			out.Services = append(out.Services, serviceJSON{Definition: id})
		}
		s := &out.Services[i]
		s.Names = append(s.Names, wireName(h.role))
		s.Roles = append(s.Roles, serviceRoleJSON{h.role.ID.String(), wireName(h.role), h.how, until(h.expires), "", groups, ids})
	}
	return out, nil
}
