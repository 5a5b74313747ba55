package catalogue

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/muster-id/muster/scim/schema"
)

// EntitlementKind is what the IETF draft and Okta call permissions. It is the
// name of a second resource type for the same resources.
const EntitlementKind = "Entitlement"

// URNs of the forms in which Okta reads roles and permissions.
const (
	OktaRoleURN        = "urn:okta:scim:schemas:core:1.0:Role"
	OktaEntitlementURN = "urn:okta:scim:schemas:core:1.0:Entitlement"
)

// Entitlements returns the resource type at /Entitlements for that of
// permissions, which may have extensions of an organisation's own.
func Entitlements(permissions *schema.ResourceType) *schema.ResourceType {
	return &schema.ResourceType{
		Name: EntitlementKind, Endpoint: "/Entitlements", Description: "The permissions, by another name",
		Schema: permissions.Schema, Extensions: permissions.Extensions,
	}
}

var okta = sync.OnceValue(func() [2]*schema.ResourceType {
	return [2]*schema.ResourceType{
		{Name: RoleKind, Endpoint: "/Roles", Description: "What is given to users, groups and apps", Schema: embedded("okta_role")},
		{Name: EntitlementKind, Endpoint: "/Entitlements", Description: "The permissions, by another name", Schema: embedded("okta_entitlement")},
	}
})

// OktaTypes returns the resource types of roles and permissions in the form that
// Okta reads, the same ones each time.
func OktaTypes() (roles, entitlements *schema.ResourceType) { return okta()[0], okta()[1] }

// Stored returns the kind of thing that a resource type shows: Permission for
// one at /Entitlements, its own name for all others. compact is true for the
// forms that Okta reads.
func Stored(rt *schema.ResourceType) (kind string, compact bool) {
	kind = rt.Name
	if kind == EntitlementKind {
		kind = PermissionKind
	}
	return kind, rt.Schema.ID == OktaRoleURN || rt.Schema.ID == OktaEntitlementURN
}

// Compact returns the document of a role or permission in the form that Okta
// reads.
func Compact(rt *schema.ResourceType, doc schema.Object) schema.Object {
	kind, _ := Stored(rt)
	more, _ := doc[urnOf(kind)].(schema.Object)
	out := schema.Object{"schemas": []any{rt.Schema.ID}, "id": doc["id"], "displayName": doc["display"], "type": doc["type"]}
	if out["displayName"] == nil {
		out["displayName"] = doc["value"]
	}
	if out["type"] == nil {
		out["type"] = rt.Name
	}
	put(out, "description", text(shorten(str(more, "description"))))
	return out
}

// maxOktaDescription is the most characters that Okta takes.
const maxOktaDescription = 1000

func shorten(s string) string {
	if utf8.RuneCountInString(s) <= maxOktaDescription {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:maxOktaDescription]))
}
