// Package schema holds SCIM schemas as data (RFC 7643 section 7) and the rules
// that follow from them: what an attribute may hold, who may write it, who may
// read it back, and how two values compare.
//
// A resource is held in memory as an [Object]. Everything that enters the
// engine is brought into the canonical form described there; everything above
// may rely on it.
package schema

// A Type is the data type of an attribute (RFC 7643 section 2.3).
type Type string

// The data types of RFC 7643 section 2.3.
const (
	String    Type = "string"
	Boolean   Type = "boolean"
	Decimal   Type = "decimal"
	Integer   Type = "integer"
	DateTime  Type = "dateTime"
	Binary    Type = "binary"
	Reference Type = "reference"
	Complex   Type = "complex"
)

// A Mutability says who may write an attribute (RFC 7643 section 2.2).
type Mutability string

// The mutabilities of RFC 7643 section 2.2.
const (
	ReadOnly  Mutability = "readOnly"
	ReadWrite Mutability = "readWrite"
	Immutable Mutability = "immutable"
	WriteOnly Mutability = "writeOnly"
)

// Returned says when an attribute is sent back (RFC 7643 section 2.2).
type Returned string

// The values of "returned" of RFC 7643 section 2.2.
const (
	Always    Returned = "always"
	Never     Returned = "never"
	Default   Returned = "default"
	OnRequest Returned = "request"
)

// A Uniqueness says how far a value must be unique (RFC 7643 section 2.2).
type Uniqueness string

// The values of "uniqueness" of RFC 7643 section 2.2.
const (
	None   Uniqueness = "none"
	Server Uniqueness = "server"
	Global Uniqueness = "global"
)

// An Attribute describes one attribute or sub-attribute. Attributes are shared
// and never changed once their Schema is loaded.
type Attribute struct {
	Name            string
	Type            Type
	MultiValued     bool
	Description     string
	Required        bool
	CanonicalValues []string
	CaseExact       bool
	Mutability      Mutability
	Returned        Returned
	Uniqueness      Uniqueness
	ReferenceTypes  []string
	SubAttributes   []*Attribute

	// Indexed asks the store to answer "eq" on this attribute from an index. A
	// schema document asks for it with "indexed"; it is not sent to clients, some
	// of which refuse what RFC 7643 section 7 does not name.
	Indexed bool
	// Rows marks a multi-valued complex attribute whose values are rows beside
	// the document and never part of it: "members" of a group and the computed
	// "groups" of a user. It is set by the engine and has no JSON form.
	Rows bool
}

// A Schema is one schema document: a core schema or an extension.
type Schema struct {
	ID          string // URN
	Name        string
	Description string
	Attributes  []*Attribute
}

// An Extension names a schema that a resource type adds to its own.
type Extension struct {
	Schema   *Schema
	Required bool
}

// A ResourceType is a kind of resource with its endpoint (RFC 7643 section 6).
// Its ID equals its Name.
type ResourceType struct {
	Name        string // "User"
	Endpoint    string // "/Users"
	Description string
	Schema      *Schema
	Extensions  []Extension

	index *index // set when the type enters a Registry
}

// An Object is a JSON object in canonical form: attribute names spelled as the
// schema spells them, extension attributes in a container under the URN of the
// extension as the schema spells it, and values held as
//
//	string, dateTime, binary, reference  string
//	boolean                              bool
//	integer                              int64
//	decimal                              float64
//	complex                              Object
//	multi-valued                         []any, never empty
//
// Absent, null and empty are one state (RFC 7643 section 2.5) and are held as
// absence. "schemas" ([]any of string), "id", "externalId" (string) and "meta"
// (Object) stand at the top.
type Object = map[string]any

// A Ref is an attribute found in a resource type: where it is kept and what it
// may hold.
type Ref struct {
	// Ext is the extension that holds the attribute, nil for a core or common
	// attribute.
	Ext  *Schema
	Attr *Attribute
	Sub  *Attribute // nil when the path ends at Attr
}
