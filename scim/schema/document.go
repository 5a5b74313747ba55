package schema

// JSON returns the schema as /Schemas sends it (RFC 7643 section 7); location
// is its absolute URL.
func (s *Schema) JSON(location string) []byte {
	w := &writer{buf: []byte{'{'}}
	w.key("schemas")
	w.value(nil, []string{SchemaURN})
	s.write(w)
	w.meta("Schema", location)
	return append(w.buf, '}')
}

// MarshalJSON returns the schema document without "schemas" and "meta" but with
// "indexed", for keeping. Parse reads it.
func (s *Schema) MarshalJSON() ([]byte, error) {
	w := &writer{buf: []byte{'{'}, indexed: true}
	s.write(w)
	return append(w.buf, '}'), nil
}

func (s *Schema) write(w *writer) {
	w.text("id", s.ID)
	w.text("name", s.Name)
	w.text("description", s.Description)
	w.key("attributes")
	w.attributes(s.Attributes)
}

// JSON returns the resource type as /ResourceTypes sends it (RFC 7643 section
// 6); location is its absolute URL.
func (rt *ResourceType) JSON(location string) []byte {
	w := &writer{buf: []byte{'{'}}
	w.key("schemas")
	w.value(nil, []string{ResourceTypeURN})
	w.text("id", rt.Name)
	w.text("name", rt.Name)
	w.text("description", rt.Description)
	w.text("endpoint", rt.Endpoint)
	w.text("schema", rt.Schema.ID)
	if len(rt.Extensions) > 0 {
		w.key("schemaExtensions")
		w.buf = append(w.buf, '[')
		for i, e := range rt.Extensions {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			w.buf = append(w.buf, '{')
			w.text("schema", e.Schema.ID)
			w.flag("required", e.Required)
			w.buf = append(w.buf, '}')
		}
		w.buf = append(w.buf, ']')
	}
	w.meta("ResourceType", location)
	return append(w.buf, '}')
}

// text writes a member unless it is empty.
func (w *writer) text(name, value string) {
	if value != "" {
		w.key(name)
		w.buf = AppendString(w.buf, value)
	}
}

func (w *writer) flag(name string, value bool) {
	w.key(name)
	w.value(nil, value)
}

func (w *writer) list(name string, values []string) {
	if len(values) > 0 {
		w.key(name)
		w.value(nil, values)
	}
}

func (w *writer) meta(resourceType, location string) {
	w.key("meta")
	w.buf = append(w.buf, '{')
	w.text("resourceType", resourceType)
	w.text("location", location)
	w.buf = append(w.buf, '}')
}

func (w *writer) attributes(attrs []*Attribute) {
	w.buf = append(w.buf, '[')
	for i, a := range attrs {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.attribute(a)
	}
	w.buf = append(w.buf, ']')
}

// attribute writes a characteristic only where it means something for the type
// (RFC 7643 section 2.3).
func (w *writer) attribute(a *Attribute) {
	w.buf = append(w.buf, '{')
	w.text("name", a.Name)
	w.text("type", string(a.Type))
	w.flag("multiValued", a.MultiValued)
	w.text("description", a.Description)
	w.flag("required", a.Required)
	w.list("canonicalValues", a.CanonicalValues)
	switch a.Type {
	case String, Reference, Binary:
		w.flag("caseExact", a.CaseExact)
	}
	w.text("mutability", string(a.Mutability))
	w.text("returned", string(a.Returned))
	switch a.Type {
	case String, Reference, Integer, Decimal:
		w.text("uniqueness", string(a.Uniqueness))
	}
	w.list("referenceTypes", a.ReferenceTypes)
	if a.Indexed && w.indexed {
		w.flag("indexed", true)
	}
	if len(a.SubAttributes) > 0 {
		w.key("subAttributes")
		w.attributes(a.SubAttributes)
	}
	w.buf = append(w.buf, '}')
}
