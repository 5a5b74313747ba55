package schema

import (
	"slices"
	"strings"
)

// Limits on a schema document.
const (
	MaxAttributes    = 500     // with sub-attributes
	MaxSchemaBytes   = 1 << 20 // of the JSON
	maxName          = 100     // characters of an attribute's name
	maxURN           = 255
	maxDescription   = 4 << 10
	maxSuggestions   = 1000 // canonicalValues, referenceTypes
	maxSuggestionLen = 1000
)

// Parse reads one schema document (RFC 7643 section 7) and checks it, so that
// an organisation can bring its own: URN and names, legal types and enums, no
// complex attribute in another, characteristics that fit the type, and the
// limits of this package. What the document does not say has the default of RFC
// 7643 section 2.2. The error is an *Error that names the attribute.
func Parse(data []byte) (*Schema, error) {
	if len(data) > MaxSchemaBytes {
		return nil, Errorf(InvalidValue, "A schema may have at most %d bytes.", MaxSchemaBytes)
	}
	o, err := Decode(data)
	if err != nil {
		return nil, err
	}
	s, err := read(o)
	if err != nil {
		return nil, err
	}
	if err := check(s); err != nil {
		return nil, err
	}
	return s, nil
}

// read takes a schema document apart and checks nothing but JSON types.
func read(o Object) (*Schema, error) {
	f := fields{o: o, of: "The schema"}
	s := &Schema{ID: f.text("id"), Name: f.text("name"), Description: f.text("description")}
	attrs, err := f.attributes("attributes", "")
	if err != nil {
		return nil, err
	}
	s.Attributes = attrs
	if s.Name == "" {
		s.Name = s.ID[strings.LastIndexByte(s.ID, ':')+1:]
	}
	return s, f.err
}

// fields reads the members of one object. It keeps the first mistake.
type fields struct {
	o   Object
	of  string // what the object is, for messages
	err error
}

func (f *fields) fail(name, want string) {
	if f.err == nil {
		f.err = Errorf(InvalidValue, "%s: %s must be %s.", f.of, name, want)
	}
}

// get returns a member by its name in any case.
func (f *fields) get(name string) any {
	if v, ok := f.o[name]; ok {
		return v
	}
	for k, v := range f.o {
		if equalName(k, name) {
			return v
		}
	}
	return nil
}

func (f *fields) text(name string) string {
	x := f.get(name)
	v, ok := x.(string)
	if !ok && x != nil {
		f.fail(name, "a string")
	}
	return v
}

func (f *fields) flag(name string) bool {
	x := f.get(name)
	v, ok := x.(bool)
	if !ok && x != nil {
		f.fail(name, "true or false")
	}
	return v
}

func (f *fields) list(name string) []string {
	v := f.get(name)
	if v == nil {
		return nil
	}
	all, ok := v.([]any)
	if !ok {
		f.fail(name, "an array of strings")
		return nil
	}
	var out []string
	for _, v := range all {
		s, ok := v.(string)
		if !ok {
			f.fail(name, "an array of strings")
			return nil
		}
		out = append(out, s)
	}
	return out
}

// or is text with a default.
func (f *fields) or(name, standard string) string {
	if s := f.text(name); s != "" {
		return s
	}
	return standard
}

func (f *fields) attributes(name, prefix string) ([]*Attribute, error) {
	v := f.get(name)
	if v == nil {
		return nil, f.err
	}
	all, ok := v.([]any)
	if !ok {
		f.fail(name, "an array of attributes")
	}
	var out []*Attribute
	for _, v := range all {
		o, ok := v.(Object)
		if !ok {
			f.fail(name, "an array of attributes")
			break
		}
		a, err := readAttribute(o, prefix)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, f.err
}

func readAttribute(o Object, prefix string) (*Attribute, error) {
	f := fields{o: o, of: "An attribute of the schema"}
	name := f.text("name")
	if name == "" && f.err == nil {
		return nil, Errorf(InvalidValue, "%s%s has no name.", f.of, inside(prefix))
	}
	f.of = "The attribute " + clip(prefix+name)
	a := &Attribute{
		Name:            name,
		Type:            Type(f.or("type", string(String))),
		MultiValued:     f.flag("multiValued"),
		Description:     f.text("description"),
		Required:        f.flag("required"),
		CanonicalValues: f.list("canonicalValues"),
		CaseExact:       f.flag("caseExact"),
		Mutability:      Mutability(f.or("mutability", string(ReadWrite))),
		Uniqueness:      Uniqueness(f.or("uniqueness", string(None))),
		ReferenceTypes:  f.list("referenceTypes"),
		Indexed:         f.flag("indexed"),
	}
	standard := Default
	if a.Mutability == WriteOnly {
		standard = Never
	}
	a.Returned = Returned(f.or("returned", string(standard)))
	if f.get("caseExact") == nil && (a.Type == Reference || a.Type == Binary) {
		a.CaseExact = true // RFC 7643 sections 2.3.6 and 2.3.7
	}
	subs, err := f.attributes("subAttributes", prefix+name+".")
	a.SubAttributes = subs
	return a, err
}

func inside(prefix string) string {
	if prefix == "" {
		return ""
	}
	return " in " + clip(strings.TrimSuffix(prefix, "."))
}

// check holds a schema to the rules for organisations' own.
func check(s *Schema) error {
	if err := checkURN(s.ID); err != nil {
		return err
	}
	switch {
	case len(s.Name) > maxName:
		return Errorf(InvalidValue, "The name of a schema may have at most %d bytes.", maxName)
	case len(s.Description) > maxDescription:
		return Errorf(InvalidValue, "The description of a schema may have at most %d bytes.", maxDescription)
	case len(s.Attributes) == 0:
		return Errorf(InvalidValue, "The schema %s has no attributes.", s.ID)
	}
	count := len(s.Attributes)
	for _, a := range s.Attributes {
		count += len(a.SubAttributes)
	}
	if count > MaxAttributes {
		return Errorf(InvalidValue, "The schema %s has %d attributes; at most %d are allowed.", s.ID, count, MaxAttributes)
	}
	for _, a := range Common {
		for _, b := range s.Attributes {
			if equalName(a.Name, b.Name) {
				return Errorf(InvalidValue, "The attribute name %s is reserved.", b.Name)
			}
		}
	}
	return checkAttributes(s.Attributes, "")
}

// checkURN checks the id of a schema (RFC 8141, and not too much of it).
func checkURN(urn string) error {
	parts := strings.Split(urn, ":")
	legal := len(parts) >= 3 && equalName(parts[0], "urn") && len(parts[1]) >= 2
	for _, p := range parts {
		legal = legal && p != ""
	}
	for i := range len(urn) {
		c := urn[i]
		legal = legal && (isLetter(c) || isDigit(c) || strings.IndexByte(":.-_/", c) >= 0)
	}
	switch {
	case len(urn) > maxURN:
		return Errorf(InvalidValue, "The id of a schema may have at most %d characters.", maxURN)
	case !legal:
		return Errorf(InvalidValue, "The id of a schema must be a URN such as \"urn:example:schemas:Badge\", not %q.", clip(urn))
	case strings.HasPrefix(lowerASCII(urn), "urn:ietf:params:scim:api:"):
		return Errorf(InvalidValue, "The id %s is reserved for messages.", urn)
	}
	return nil
}

func isLetter(c byte) bool { c |= 0x20; return 'a' <= c && c <= 'z' }

// isName checks ATTRNAME of RFC 7643 section 2.1.
func isName(s string) bool {
	if s == "" || len(s) > maxName || !isLetter(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func checkAttributes(attrs []*Attribute, prefix string) error {
	seen := map[string]bool{}
	for _, a := range attrs {
		path := prefix + a.Name
		lower := lowerASCII(a.Name)
		if seen[lower] {
			return Errorf(InvalidValue, "There are two attributes named %s.", clip(path))
		}
		seen[lower] = true
		if !isName(a.Name) && (prefix == "" || a.Name != "$ref") {
			return Errorf(InvalidValue, "%q cannot be the name of an attribute: it must begin with a letter and hold letters, digits, - and _ only.", clip(path))
		}
		if prefix != "" && a.Type == Complex {
			return Errorf(InvalidValue, "The attribute %s is complex inside a complex attribute (RFC 7643 section 2.3.8).", path)
		}
		if detail := problem(a); detail != "" {
			return Errorf(InvalidValue, "The attribute %s %s.", path, detail)
		}
		if err := checkAttributes(a.SubAttributes, path+"."); err != nil {
			return err
		}
	}
	return nil
}

// problem says what is wrong with one attribute, or "".
func problem(a *Attribute) string {
	switch {
	case kindOf[a.Type] == "":
		return "has the type " + quote(a.Type) + ", which is none of RFC 7643 section 2.3"
	case !slices.Contains([]Mutability{ReadOnly, ReadWrite, Immutable, WriteOnly}, a.Mutability):
		return "has the mutability " + quote(a.Mutability) + "; it must be readOnly, readWrite, immutable or writeOnly"
	case !slices.Contains([]Returned{Always, Never, Default, OnRequest}, a.Returned):
		return "has the value " + quote(a.Returned) + " for returned; it must be always, never, default or request"
	case !slices.Contains([]Uniqueness{None, Server, Global}, a.Uniqueness):
		return "has the uniqueness " + quote(a.Uniqueness) + "; it must be none, server or global"
	case len(a.Description) > maxDescription:
		return "has too long a description"
	case a.Mutability == WriteOnly && a.Returned != Never:
		return "is writeOnly and must have the value never for returned"
	case a.Type == Complex && len(a.SubAttributes) == 0:
		return "is complex and has no subAttributes"
	case a.Type != Complex && len(a.SubAttributes) > 0:
		return "has subAttributes but is not complex"
	}
	return misfit(a)
}

// misfit says which characteristic does not go with the type, or "".
func misfit(a *Attribute) string {
	textual := a.Type == String || a.Type == Reference
	switch {
	case unique(a) && !textual && a.Type != Integer:
		return "cannot be unique, because its type is " + string(a.Type)
	case a.Indexed && (a.Type == Complex || a.Type == Binary):
		return "cannot be indexed, because its type is " + string(a.Type)
	case a.Indexed && a.Returned == Never:
		return "cannot be indexed, because it is never returned"
	case len(a.CanonicalValues) > 0 && !textual:
		return "cannot have canonicalValues, because its type is " + string(a.Type)
	case len(a.ReferenceTypes) > 0 && a.Type != Reference:
		return "has referenceTypes but is not a reference"
	case a.Name == "$ref" && a.Type != Reference:
		return "must be a reference"
	case a.Name == "primary" && a.Type != Boolean:
		return "must be a boolean (RFC 7643 section 2.4)"
	case tooMany(a.CanonicalValues):
		return "has too many or too long canonicalValues"
	case tooMany(a.ReferenceTypes):
		return "has too many or too long referenceTypes"
	}
	return ""
}

func tooMany(list []string) bool {
	return len(list) > maxSuggestions ||
		slices.ContainsFunc(list, func(s string) bool { return len(s) > maxSuggestionLen })
}

func quote[S ~string](s S) string { return `"` + clip(string(s)) + `"` }
