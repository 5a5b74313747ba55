package patch

import "github.com/muster-id/muster/scim/schema"

// Message is the URN of a PATCH body.
const Message = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

// Parse checks a decoded PATCH body (schema.Decode) and binds it to rt. Errors
// are *schema.Error.
func Parse(body schema.Object, rt *schema.ResourceType, d schema.Dialect) (*Patch, error) {
	panic("not yet")
}
