package schema

import (
	"embed"
	"sync"
)

// URNs of the standard schemas (RFC 7643 section 10.3).
const (
	UserURN           = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupURN          = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseURN     = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	ProviderConfigURN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	ResourceTypeURN   = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	SchemaURN         = "urn:ietf:params:scim:schemas:core:2.0:Schema"
)

// documents holds RFC 7643 section 8.7 with its errata applied (EIDs
// 5368, 6004, 5606, 8415, 5607, 7522, 8471, 8472, 8475, 6001 and 6011).
// Beyond that it publishes canonical values for every
// "type", "primary" for addresses, as the RFC's own examples have it, the
// additions of RFC 9865 and RFC 9967 to ServiceProviderConfig, and "indexed",
// which is ours and is not published.
//
//go:embed documents/*.json
var documents embed.FS

// Common are the attributes that every resource has: schemas, id, externalId
// and meta (RFC 7643 sections 3 and 3.1).
var Common = []*Attribute{
	{
		Name: "schemas", Type: String, MultiValued: true, Required: true,
		Mutability: ReadWrite, Returned: Always, Uniqueness: None,
		Description: "The URIs of the schemas of which the resource has attributes.",
	},
	{
		Name: "id", Type: String, Required: true, CaseExact: true,
		Mutability: ReadOnly, Returned: Always, Uniqueness: Server,
		Description: "The identifier that the service provider gave the resource.",
	},
	{
		Name: "externalId", Type: String, CaseExact: true,
		Mutability: ReadWrite, Returned: Default, Uniqueness: None,
		Description: "The identifier that the provisioning client knows the resource by.",
	},
	{
		Name: "meta", Type: Complex,
		Mutability: ReadOnly, Returned: Default, Uniqueness: None,
		Description: "What the service provider knows about the resource itself.",
		SubAttributes: []*Attribute{
			metaSub("resourceType", String, "The name of the resource type."),
			metaSub("created", DateTime, "When the resource was made."),
			metaSub("lastModified", DateTime, "When the resource was last changed."),
			metaSub("location", Reference, "The URI of the resource."),
			metaSub("version", String, "The version of the resource, as in the ETag header."),
		},
	},
}

func metaSub(name string, t Type, description string) *Attribute {
	return &Attribute{
		Name: name, Type: t, CaseExact: true, Description: description,
		Mutability: ReadOnly, Returned: Default, Uniqueness: None,
	}
}

// Standard returns the registry of RFC 7643: User with the enterprise
// extension, and Group. It is the same one each time.
func Standard() *Registry { return standard() }

var standard = sync.OnceValue(func() *Registry {
	user, group := embedded("user"), embedded("group")
	asRows(user, "groups")
	asRows(group, "members")
	r, err := NewRegistry([]*ResourceType{
		{
			Name: "User", Endpoint: "/Users", Description: "User Account",
			Schema: user, Extensions: []Extension{{Schema: embedded("enterprise_user")}},
		},
		{Name: "Group", Endpoint: "/Groups", Description: "Group", Schema: group},
	})
	if err != nil {
		panic(err)
	}
	return r
})

// discovery returns the schemas of the resources of RFC 7644 section 4, which
// are in every registry.
var discovery = sync.OnceValue(func() []*Schema {
	return []*Schema{
		embedded("service_provider_config"), embedded("resource_type"), embedded("schema"),
	}
})

// embedded reads a document that is part of the program, without the checks of
// Parse: the discovery schemas have an attribute "id", and that of schemas nests
// complex attributes.
func embedded(name string) *Schema {
	data, err := documents.ReadFile("documents/" + name + ".json")
	if err != nil {
		panic(err)
	}
	o, err := Decode(data)
	if err != nil {
		panic(name + ": " + err.Error())
	}
	s, err := read(o)
	if err != nil {
		panic(name + ": " + err.Error())
	}
	return s
}

func asRows(s *Schema, name string) {
	for _, a := range s.Attributes {
		if a.Name == name {
			a.Rows = true
		}
	}
}
