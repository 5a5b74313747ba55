package schema

// A Registry is an immutable set of schemas and resource types.
type Registry struct {
	types   []*ResourceType
	schemas []*Schema
}
