package schema

// A Dialect says how forgiving the engine is with a client and in which shape it
// answers. It is a value: the engine asks its fields and never its name.
type Dialect struct {
	Name string // "rfc", "strict", "entra", "okta"

	// Reading.
	StringBooleans        bool // "True", "false" where a boolean stands, also in filters (Q2, Q3, Q25)
	StringReferences      bool // a bare string where a complex value with "value" stands: manager (Q6)
	EmptyClears           bool // replace with "" or [] or {"value":""} removes (Q7, Q14)
	CreateOnFilter        bool // add and replace through a value filter that matches nothing create the element (Q8, Q9)
	RemoveByValue         bool // remove with a value array removes those elements only (Q4, Q5)
	DottedKeys            bool // path-less values may hold dotted, URN and filtered keys (Q10-Q12)
	NestedJSON            bool // a JSON object inside a "value" string is taken apart (Q13)
	IgnoreReadOnly        bool // readOnly attributes in a PATCH are ignored instead of refused (Q15, O5)
	FirstPrimary          bool // of several primary values the first stays, instead of an error
	AssumeSchemas         bool // a document without "schemas" is taken for one of the right type
	RefuseUnknown         bool // an unknown attribute or schema is an error; otherwise it is ignored
	RefuseUnknownInFilter bool // a filter on an undefined attribute is invalidFilter; otherwise it has no value
	RefusePathless        bool // a PATCH operation without a path is invalidSyntax
	RefuseWholeFilterPath bool // a value-filter path must end in a sub-attribute
	ReplaceWhole          bool // replace leaves nothing of a complex value; otherwise what it does not name stays

	// Writing.
	CompactRoles   bool // roles and entitlements are shown as Okta reads them; for the backend to see to
	PatchNoContent bool // PATCH answers 204 unless attributes are asked for (Q23)
	Form           Form
	// ListKey is the name under which a page holds its resources, "Resources" if
	// it is "".
	ListKey string
	// MediaType is an additional type of messages, which the client may send and
	// gets unless it asks for another; "" for none.
	MediaType string
	// ErrorCodes are the integers that errors carry as "errorCode", by scimType,
	// "" for those without one. With nil errors have none.
	ErrorCodes map[Fault]int
	// PageSize is the number of resources on a page when the client does not
	// say; 0 for that of the server.
	PageSize int
}

// A Form is the shape in which a resource stands on the wire.
type Form string

// The forms that the engine can read and write.
const (
	// Flat is the form of RFC 7643.
	Flat Form = ""
	// Nested puts the core attributes into an object under the URN of the core
	// schema, as extensions stand. Flat input is read as well.
	Nested Form = "nested"
)

// The dialects that a connection may choose.
var (
	// RFC is the standard, generous where that cannot harm: what the server does
	// not know is ignored, as RFC 7644 section 3.3 allows.
	RFC = Dialect{
		Name:       "rfc",
		DottedKeys: true,
	}
	// Strict is the interoperability profile (draft-zollner-scim-interop-profile):
	// whatever the schema does not define is an error.
	Strict = Dialect{
		Name:                  "strict",
		RefuseUnknown:         true,
		RefuseUnknownInFilter: true,
		RefusePathless:        true,
		RefuseWholeFilterPath: true,
		ReplaceWhole:          true,
	}
	// Entra reads what Microsoft Entra ID sends.
	Entra = Dialect{
		Name:             "entra",
		StringBooleans:   true,
		StringReferences: true,
		EmptyClears:      true,
		CreateOnFilter:   true,
		RemoveByValue:    true,
		DottedKeys:       true,
		NestedJSON:       true,
		IgnoreReadOnly:   true,
		FirstPrimary:     true,
		AssumeSchemas:    true,
		PatchNoContent:   true,
	}
	// Okta reads what Okta sends.
	Okta = Dialect{
		Name:           "okta",
		EmptyClears:    true,
		RemoveByValue:  true,
		DottedKeys:     true,
		IgnoreReadOnly: true,
		FirstPrimary:   true,
		AssumeSchemas:  true,
		CompactRoles:   true,
	}
)

// DialectByName returns the dialect with a name, "rfc" for the empty one.
func DialectByName(name string) (Dialect, bool) {
	if name == "" {
		return RFC, true
	}
	for _, d := range []Dialect{RFC, Strict, Entra, Okta} {
		if d.Name == name {
			return d, true
		}
	}
	return Dialect{}, false
}
