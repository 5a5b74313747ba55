package catalogue

import (
	"embed"
	"strings"
	"sync"

	"github.com/muster-id/muster/scim/schema"
)

// URNs of the schemas. Those of roles and permissions are the ones of
// draft-ietf-scim-roles-entitlements; what it does not have stands in an
// extension of ours.
const (
	ActionURN       = "urn:muster:params:scim:schemas:iam:1.0:Action"
	ResourceTypeURN = "urn:muster:params:scim:schemas:iam:1.0:ResourceType"
	ResourceURN     = "urn:muster:params:scim:schemas:iam:1.0:Resource"
	EntitlementURN  = "urn:ietf:params:scim:schemas:core:2.0:Entitlement"
	PermissionURN   = "urn:muster:params:scim:schemas:iam:1.0:Permission"
	RoleURN         = "urn:ietf:params:scim:schemas:core:2.0:Role"
	RoleMoreURN     = "urn:muster:params:scim:schemas:iam:1.0:Role"
)

//go:embed documents/*.json
var documents embed.FS

var types = sync.OnceValue(func() []*schema.ResourceType {
	return []*schema.ResourceType{
		{Name: ActionKind, Endpoint: "/Actions", Description: "Something that can be done", Schema: embedded("action")},
		{Name: ResourceTypeKind, Endpoint: "/Resource-Types", Description: "A kind of resource", Schema: embedded("resource_type")},
		{Name: ResourceKind, Endpoint: "/Resources", Description: "A thing that statements name", Schema: embedded("resource")},
		{Name: PermissionKind, Endpoint: "/Permissions", Description: "A list of statements under a name",
			Schema: embedded("permission"), Extensions: []schema.Extension{{Schema: embedded("permission_more")}}},
		{Name: RoleKind, Endpoint: "/Roles", Description: "What is given to users, groups and apps",
			Schema: embedded("role"), Extensions: []schema.Extension{{Schema: embedded("role_more")}}},
	}
})

// Types returns the resource types of the catalogue, the same ones each time:
// what a later one names is of an earlier one. The caller must not change them.
func Types() []*schema.ResourceType { return types() }

// TypeNamed returns the resource type of the catalogue with a name in any case,
// or nil.
func TypeNamed(name string) *schema.ResourceType {
	for _, rt := range types() {
		if strings.EqualFold(rt.Name, name) {
			return rt
		}
	}
	return nil
}

// Rank says where in Types a name stands, from 1; 0 is none of the catalogue.
func Rank(name string) int {
	switch name {
	case ActionKind:
		return 1
	case ResourceTypeKind:
		return 2
	case ResourceKind:
		return 3
	case PermissionKind:
		return 4
	case RoleKind:
		return 5
	}
	return 0
}

func embedded(name string) *schema.Schema {
	data, err := documents.ReadFile("documents/" + name + ".json")
	if err != nil {
		panic(err)
	}
	s, err := schema.Parse(data)
	if err != nil {
		panic(name + ": " + err.Error())
	}
	return s
}
