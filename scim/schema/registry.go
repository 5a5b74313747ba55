package schema

// A Registry is an immutable set of schemas and resource types.
type Registry struct {
	types   []*ResourceType
	schemas []*Schema
}

// Standard returns the registry of RFC 7643: User with the enterprise
// extension, and Group, with the errata applied.
func Standard() *Registry { panic("not yet") }

// NewRegistry checks resource types against each other and returns a registry
// of them. The types belong to the registry afterwards and must not change.
func NewRegistry(types []*ResourceType) (*Registry, error) { panic("not yet") }

// Types returns the resource types in the order in which they were added.
func (r *Registry) Types() []*ResourceType { return r.types }

// Schemas returns every schema in use, and those of the discovery resources.
func (r *Registry) Schemas() []*Schema { return r.schemas }

// TypeByEndpoint returns the resource type with an endpoint, "Users" or
// "/users", or nil.
func (r *Registry) TypeByEndpoint(segment string) *ResourceType { panic("not yet") }

// TypeByName returns the resource type with a name, or nil.
func (r *Registry) TypeByName(name string) *ResourceType { panic("not yet") }

// SchemaByID returns the schema with a URN in any case, or nil.
func (r *Registry) SchemaByID(urn string) *Schema { panic("not yet") }

// Extend returns a registry in which a resource type has one more extension.
func (r *Registry) Extend(typeName string, ext *Schema, required bool) (*Registry, error) {
	panic("not yet")
}

// Add returns a registry with one more resource type.
func (r *Registry) Add(rt *ResourceType) (*Registry, error) { panic("not yet") }
