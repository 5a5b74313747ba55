package cloudapi

import (
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
)

// urnPrefix begins the ids of the Tenant Manager; the kind of thing and the UUID
// follow.
const urnPrefix = "urn:vcloud:"

// The kinds of thing in URNs.
const (
	kindUser         = "user"
	kindGroup        = "group"
	kindOrg          = "org"
	kindRole         = "role"
	kindRight        = "right"
	kindCategory     = "rightsCategory"
	kindSession      = "session"
	kindToken        = "token"
	kindSite         = "site"
	kindAccount      = "serviceAccount"
	kindRelyingParty = "oidcRelyingParty"
	kindKey          = "openIdProviderKey"
)

// A reference names something of the Tenant Manager.
type reference struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

func urn(kind, id string) string { return urnPrefix + kind + ":" + id }

// bare returns the UUID of a URN, whatever its kind, and other texts as they are.
func bare(text string) string {
	rest, ok := strings.CutPrefix(text, urnPrefix)
	if !ok {
		return text
	}
	if _, id, ok := strings.Cut(rest, ":"); ok {
		return id
	}
	return text
}

var errNothing = identity.NewError(identity.NotFound, "", "There is no such entity.")

// idOf reads an id that is a URN of a kind, or a bare UUID. Anything else names
// nothing.
func idOf(kind, text string) (identity.ID, error) {
	id, ok := identity.ParseID(strings.TrimPrefix(text, urnPrefix+kind+":"))
	if !ok {
		return id, errNothing
	}
	return id, nil
}

func orgReference(org identity.Organisation) reference {
	return reference{org.Slug, urn(kindOrg, org.ID.String())}
}

func userReference(id identity.ID, name string) reference {
	return reference{name, urn(kindUser, id.String())}
}

// roleNames are the built-in roles as these clients know them.
var roleNames = map[identity.ID]string{
	identity.PlatformOperator:   "System Administrator",
	identity.OrganizationOwner:  "Organization Administrator",
	identity.OrganizationMember: "Organization User",
	identity.ServiceAccount:     "Service Account",
}

func roleName(r access.Role) string {
	if name := roleNames[r.ID]; name != "" {
		return name
	}
	return r.Name
}

func roleReference(r access.Role) reference {
	return reference{roleName(r), urn(kindRole, r.ID.String())}
}
