package schema

import (
	"reflect"
	"strings"
)

// A Registry is an immutable set of schemas and resource types.
type Registry struct {
	types     []*ResourceType
	schemas   []*Schema
	endpoints map[string]*ResourceType // by lower-case segment
	names     map[string]*ResourceType // by lower-case name
	urns      map[string]*Schema       // by lower-case URN
}

// NewRegistry checks resource types against each other and returns a registry
// of them and of the discovery schemas. The types belong to the registry
// afterwards and must not change. The error is an *Error with InvalidValue.
func NewRegistry(types []*ResourceType) (*Registry, error) {
	r := &Registry{
		endpoints: map[string]*ResourceType{},
		names:     map[string]*ResourceType{},
		urns:      map[string]*Schema{},
	}
	for _, rt := range types {
		if err := r.add(rt); err != nil {
			return nil, err
		}
	}
	for _, s := range discovery() {
		if err := r.addSchema(s); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// reserved are the endpoints of the protocol itself (RFC 7644 section 3.2).
var reserved = []string{
	"Me", "ServiceProviderConfig", "ResourceTypes", "Schemas", "Bulk", ".search",
}

func (r *Registry) add(rt *ResourceType) error {
	if err := checkType(rt); err != nil {
		return err
	}
	segment := lowerASCII(strings.TrimPrefix(rt.Endpoint, "/"))
	name := lowerASCII(rt.Name)
	switch {
	case r.endpoints[segment] != nil:
		return Errorf(InvalidValue, "The endpoint %s is taken by the resource type %s.", rt.Endpoint, r.endpoints[segment].Name)
	case r.names[name] != nil:
		return Errorf(InvalidValue, "There is already a resource type %s.", r.names[name].Name)
	}
	if err := r.addSchema(rt.Schema); err != nil {
		return err
	}
	for _, e := range rt.Extensions {
		if err := r.addSchema(e.Schema); err != nil {
			return err
		}
	}
	if rt.index == nil {
		rt.index = newIndex(rt)
	}
	r.types = append(r.types, rt)
	r.endpoints[segment] = rt
	r.names[name] = rt
	return nil
}

// checkType checks a resource type by itself.
func checkType(rt *ResourceType) error {
	segment, slash := strings.CutPrefix(rt.Endpoint, "/")
	switch {
	case !isName(rt.Name):
		return Errorf(InvalidValue, "%q cannot be the name of a resource type: it must begin with a letter and hold letters, digits, - and _ only.", clip(rt.Name))
	case !slash, !isName(segment):
		return Errorf(InvalidValue, "%q cannot be the endpoint of the resource type %s: it must be a slash and a name.", clip(rt.Endpoint), rt.Name)
	case rt.Schema == nil:
		return Errorf(InvalidValue, "The resource type %s has no schema.", rt.Name)
	}
	for _, s := range reserved {
		if equalName(s, segment) {
			return Errorf(InvalidValue, "The endpoint %s is reserved.", rt.Endpoint)
		}
	}
	urns := map[string]bool{lowerASCII(rt.Schema.ID): true}
	for _, e := range rt.Extensions {
		if e.Schema == nil {
			return Errorf(InvalidValue, "The resource type %s has an extension without a schema.", rt.Name)
		}
		urn := lowerASCII(e.Schema.ID)
		if urns[urn] {
			return Errorf(InvalidValue, "The resource type %s already has the schema %s.", rt.Name, e.Schema.ID)
		}
		urns[urn] = true
	}
	return nil
}

// addSchema adds a schema once; another one under the same URN must be equal.
func (r *Registry) addSchema(s *Schema) error {
	urn := lowerASCII(s.ID)
	if old := r.urns[urn]; old != nil {
		if old != s && !reflect.DeepEqual(old, s) {
			return Errorf(InvalidValue, "There is already another schema %s.", old.ID)
		}
		return nil
	}
	r.urns[urn] = s
	r.schemas = append(r.schemas, s)
	return nil
}

// Types returns the resource types in the order in which they were added. The
// caller must not change the slice.
func (r *Registry) Types() []*ResourceType { return r.types }

// Schemas returns every schema in use and those of the discovery resources. The
// caller must not change the slice.
func (r *Registry) Schemas() []*Schema { return r.schemas }

// TypeByEndpoint returns the resource type with an endpoint, "Users" or
// "/users", or nil.
func (r *Registry) TypeByEndpoint(segment string) *ResourceType {
	return r.endpoints[lowerASCII(strings.TrimPrefix(segment, "/"))]
}

// TypeByName returns the resource type with a name in any case, or nil.
func (r *Registry) TypeByName(name string) *ResourceType { return r.names[lowerASCII(name)] }

// SchemaByID returns the schema with a URN in any case, or nil.
func (r *Registry) SchemaByID(urn string) *Schema { return r.urns[lowerASCII(urn)] }

// Extend returns a registry in which a resource type has one more extension.
// The error is an *Error with InvalidValue.
func (r *Registry) Extend(typeName string, ext *Schema, required bool) (*Registry, error) {
	old := r.TypeByName(typeName)
	if old == nil {
		return nil, Errorf(InvalidValue, "There is no resource type %q.", clip(typeName))
	}
	types := make([]*ResourceType, len(r.types))
	for i, rt := range r.types {
		types[i] = rt
		if rt == old {
			extended := *rt
			extended.index = nil
			extended.Extensions = append(rt.Extensions[:len(rt.Extensions):len(rt.Extensions)],
				Extension{Schema: ext, Required: required})
			types[i] = &extended
		}
	}
	return NewRegistry(types)
}

// Add returns a registry with one more resource type. The error is an *Error
// with InvalidValue.
func (r *Registry) Add(rt *ResourceType) (*Registry, error) {
	return NewRegistry(append(r.types[:len(r.types):len(r.types)], rt))
}
