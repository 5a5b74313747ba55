package schema

import "time"

// URNs of the standard schemas (RFC 7643 section 10.3).
const (
	UserURN           = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupURN          = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseURN     = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	ProviderConfigURN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	ResourceTypeURN   = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	SchemaURN         = "urn:ietf:params:scim:schemas:core:2.0:Schema"
)

// Common are the attributes that every resource has: schemas, id, externalId
// and meta (RFC 7643 section 3.1).
var Common []*Attribute

// The dialects that a connection may choose.
var (
	RFC    = Dialect{Name: "rfc"}
	Strict = Dialect{Name: "strict"}
	Entra  = Dialect{Name: "entra"}
	Okta   = Dialect{Name: "okta"}
)

// DialectByName returns the dialect with a name, "rfc".
func DialectByName(name string) (Dialect, bool) { panic("not yet") }

// Errorf makes an Error.
func Errorf(f Fault, format string, args ...any) *Error { panic("not yet") }

// A Use says what an incoming document is for.
type Use int

// The uses of an incoming document.
const (
	ForCreate  Use = iota // POST
	ForReplace            // PUT
)

// Parse reads and checks one schema document (RFC 7643 section 7).
func Parse(data []byte) (*Schema, error) { panic("not yet") }

// JSON returns the schema as /Schemas sends it; location is its absolute URL.
func (s *Schema) JSON(location string) []byte { panic("not yet") }

// MarshalJSON returns the schema document without "schemas" and "meta".
func (s *Schema) MarshalJSON() ([]byte, error) { panic("not yet") }

// JSON returns the resource type as /ResourceTypes sends it.
func (rt *ResourceType) JSON(location string) []byte { panic("not yet") }

// Find finds an attribute by its path: [uri:]name[.sub], in any case.
func (rt *ResourceType) Find(uri, name, sub string) (Ref, bool) { panic("not yet") }

// Sub returns the sub-attribute with a name in any case, or nil.
func (a *Attribute) Sub(name string) *Attribute { panic("not yet") }

// Path returns the path of the attribute, "emails.value" or
// "urn:...:User:department".
func (r Ref) Path() string { panic("not yet") }

// Get returns the value of the attribute in o, whole for a multi-valued one,
// nil if it has none. With a Sub, a multi-valued Attr yields the []any of the
// sub-attribute's values.
func (r Ref) Get(o Object) any { panic("not yet") }

// Set sets the value of the attribute in o, making the containers that it
// needs; nil removes it. It changes the object in place and ignores Sub below a
// multi-valued attribute.
func (r Ref) Set(o Object, v any) { panic("not yet") }

// Clone returns a deep copy of a value of an Object or of an Object itself.
func Clone[T any](v T) T { panic("not yet") }

// Decode reads one JSON object strictly. Numbers come as json.Number, objects
// as Object, arrays as []any.
func Decode(data []byte) (Object, error) { panic("not yet") }

// Canonical brings a decoded document of a client into canonical form and
// checks it. Row attributes stay in the result under their name.
func (rt *ResourceType) Canonical(o Object, d Dialect, use Use) (Object, error) { panic("not yet") }

// Value brings one decoded JSON value for one attribute into canonical form;
// nil when the value is null or empty. For a multi-valued attribute v is an
// array or a single element, and the result is []any.
func (rt *ResourceType) Value(ref Ref, v any, d Dialect) (any, error) { panic("not yet") }

// Element brings one value of a multi-valued attribute into canonical form.
func (rt *ResourceType) Element(ref Ref, v any, d Dialect) (any, error) { panic("not yet") }

// Finish restores the rules of a whole document after a change to it, in place.
func (rt *ResourceType) Finish(o Object) error { panic("not yet") }

// Merge returns the document that a PUT of new leaves behind where old was.
func (rt *ResourceType) Merge(old, new Object) (Object, error) { panic("not yet") }

// Equal reports whether two canonical objects hold the same values.
func Equal(a, b Object) bool { panic("not yet") }

// EqualValues is Equal for any two canonical values.
func EqualValues(a, b any) bool { panic("not yet") }

// Diff returns the paths of the attributes that differ, sorted.
func Diff(rt *ResourceType, old, new Object) []string { panic("not yet") }

// Encode returns the document as it is stored and sent: without meta, row
// attributes and what is never returned.
func (rt *ResourceType) Encode(o Object) []byte { panic("not yet") }

// Append appends the JSON of the whole object, in schema order, to dst.
func (rt *ResourceType) Append(dst []byte, o Object) []byte { panic("not yet") }

// AppendValue appends the JSON of a canonical or decoded value to dst.
func AppendValue(dst []byte, v any) []byte { panic("not yet") }

// AppendString appends s as a JSON string to dst.
func AppendString(dst []byte, s string) []byte { panic("not yet") }

// Load decodes a document that Encode wrote.
func (rt *ResourceType) Load(doc []byte) (Object, error) { panic("not yet") }

// ToForm returns o in a form for the wire; o keeps its shape.
func (rt *ResourceType) ToForm(o Object, f Form) Object { panic("not yet") }

// A Selection is what a client wants of a resource: the parameters attributes
// and excludedAttributes (RFC 7644 section 3.4.2.5).
type Selection struct{}

// NewSelection reads the two parameters for one resource type.
func NewSelection(rt *ResourceType, attributes, excluded []string) (Selection, error) {
	panic("not yet")
}

// Whole reports whether the default set of attributes is selected.
func (s Selection) Whole() bool { panic("not yet") }

// Wants reports whether an attribute, such as a row attribute, is selected at
// least in part.
func (s Selection) Wants(name string) bool { panic("not yet") }

// Apply returns the selected part of o, which keeps its shape.
func (s Selection) Apply(o Object) Object { panic("not yet") }

// Fold returns the form in which strings with caseExact false are compared.
func Fold(s string) string { panic("not yet") }

// Key returns the form in which values of the attribute are compared.
func Key(a *Attribute, s string) string { panic("not yet") }

// ParseTime reads an xsd:dateTime.
func ParseTime(s string) (time.Time, error) { panic("not yet") }

// FormatTime writes an instant as the engine stores it: UTC, milliseconds, "Z".
func FormatTime(t time.Time) string { panic("not yet") }
