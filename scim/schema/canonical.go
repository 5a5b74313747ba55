package schema

// A Use says what an incoming document is for.
type Use int

// The uses of an incoming document.
const (
	ForCreate Use = iota // POST
	// ForReplace is PUT: a required attribute that is immutable may be missing,
	// because Merge carries it over.
	ForReplace
)

// Canonical brings a document that a client sent, as Decode returns it, into
// canonical form. Attributes that the client cannot write are dropped (RFC 7644
// sections 3.3 and 3.5.1), so is what is null or empty, and what the resource
// type does not define unless the dialect refuses it. A "$ref" to a resource of
// the same type is added where only "value" is there. "schemas" becomes exactly
// the core schema and the extensions with data. Values of row attributes stay
// in the result under their name for the caller to take out. o is not changed.
//
// The error is an *Error: InvalidSyntax for what the schema does not define and
// a wrong "schemas", InvalidValue for a bad value and a missing one.
func (rt *ResourceType) Canonical(o Object, d Dialect, use Use) (Object, error) {
	r := document{rt: rt, idx: rt.idx(), reader: reader{d}, out: make(Object, len(o)+1)}
	if err := r.schemas(o); err != nil {
		return nil, err
	}
	if err := r.container(o, true); err != nil {
		return nil, err
	}
	for i := range r.idx.exts {
		e := &r.idx.exts[i]
		if v, ok := o[e.ID]; ok {
			if err := r.extension(e, v); err != nil {
				return nil, err
			}
		}
	}
	rt.point(r.out)
	rt.fixSchemas(r.out)
	if err := rt.missing(r.out, use == ForReplace); err != nil {
		return nil, err
	}
	return r.out, nil
}

// A document is a Canonical under way.
type document struct {
	rt  *ResourceType
	idx *index
	reader
	out Object
}

// schemas checks the attribute of this name (RFC 7643 section 3).
func (r *document) schemas(o Object) error {
	v, ok := o["schemas"]
	if !ok {
		for key := range o {
			if equalName(key, "schemas") {
				v, ok = o[key], true
			}
		}
	}
	if !ok || v == nil {
		if r.d.AssumeSchemas {
			return nil
		}
		return Errorf(InvalidSyntax, "schemas is required: it must list %s.", r.rt.Schema.ID)
	}
	all, ok := v.([]any)
	if !ok {
		return Errorf(InvalidSyntax, "schemas must be an array of URNs.")
	}
	core := false
	for i, v := range all {
		urn, ok := v.(string)
		if !ok {
			return Errorf(InvalidSyntax, "schemas must be an array of URNs.")
		}
		if equalName(urn, r.rt.Schema.ID) {
			core = true
		} else if r.d.RefuseUnknown && r.rt.Extension(urn) == nil {
			return Errorf(InvalidSyntax, "schemas: %q is not a schema of the resource type %s.", clip(urn), r.rt.Name)
		}
		if r.d.RefuseUnknown && i < 100 && listed(all[:i], urn) {
			return Errorf(InvalidSyntax, "schemas lists %q twice.", clip(urn))
		}
	}
	if !core {
		return Errorf(InvalidSyntax, "schemas must list %s.", r.rt.Schema.ID)
	}
	return nil
}

func listed(all []any, urn string) bool {
	for _, v := range all {
		if s, _ := v.(string); equalName(s, urn) {
			return true
		}
	}
	return false
}

// container reads the common and core attributes in o: the document itself, or
// the object under the URN of the core schema in the nested form.
func (r *document) container(o Object, top bool) error {
	seen := 0
	for _, a := range r.idx.sends {
		if v, ok := o[a.Name]; ok {
			seen++
			if err := r.member(Ref{Attr: a}, v); err != nil {
				return err
			}
		}
	}
	if top {
		seen += r.elsewhere(o)
	}
	if seen == len(o) {
		return nil
	}
	for _, key := range sortedKeys(o) {
		if err := r.odd(o, key, top); err != nil {
			return err
		}
	}
	return nil
}

// elsewhere counts the keys that container need not look at: Canonical reads
// the extensions, and meta is read-only.
func (r *document) elsewhere(o Object) int {
	n := 0
	for i := range r.idx.exts {
		if _, ok := o[r.idx.exts[i].ID]; ok {
			n++
		}
	}
	if _, ok := o["meta"]; ok {
		n++
	}
	return n
}

// odd reads a key that is no attribute in the schema's own spelling.
func (r *document) odd(o Object, key string, top bool) error {
	if a := r.idx.names[lowerASCII(key)]; a != nil {
		switch _, twice := o[a.Name]; {
		case a.Name == key:
			return nil // container or nobody has read it: meta
		case twice:
			return Errorf(InvalidSyntax, "%s comes twice.", a.Name)
		}
		return r.member(Ref{Attr: a}, o[key])
	}
	if top {
		for i := range r.idx.exts {
			e := &r.idx.exts[i]
			switch {
			case e.ID == key:
				return nil // Canonical reads it
			case equalName(e.ID, key):
				if _, twice := o[e.ID]; twice {
					return Errorf(InvalidSyntax, "%s comes twice.", e.ID)
				}
				return r.extension(e, o[key])
			}
		}
		if r.d.Form == Nested && equalName(key, r.rt.Schema.ID) {
			inner, ok := o[key].(Object)
			if !ok {
				return Errorf(InvalidSyntax, "%s must be an object.", r.rt.Schema.ID)
			}
			return r.container(inner, false)
		}
	}
	if r.d.RefuseUnknown {
		return Errorf(InvalidSyntax, "The resource type %s has no attribute %q.", r.rt.Name, clip(key))
	}
	return nil
}

// member reads one attribute into out.
func (r *document) member(ref Ref, v any) error {
	if ref.Attr.Mutability == ReadOnly || v == nil || ref.Ext == nil && ref.Attr.Name == "schemas" {
		return nil
	}
	x, err := r.attr(ref, v)
	if err != nil || x == nil {
		return err
	}
	if ref.Get(r.out) != nil {
		return Errorf(InvalidSyntax, "%s comes twice.", ref.Path())
	}
	ref.Set(r.out, x)
	return nil
}

// extension reads the object under the URN of an extension.
func (r *document) extension(e *extIndex, v any) error {
	if v == nil {
		return nil
	}
	o, ok := v.(Object)
	if !ok {
		return Errorf(InvalidSyntax, "%s must be an object.", e.ID)
	}
	seen := 0
	for _, a := range e.Attributes {
		if v, ok := o[a.Name]; ok {
			seen++
			if err := r.member(Ref{Ext: e.Schema, Attr: a}, v); err != nil {
				return err
			}
		}
	}
	if seen == len(o) {
		return nil
	}
	for _, key := range sortedKeys(o) {
		a := e.names[lowerASCII(key)]
		switch {
		case a == nil && r.d.RefuseUnknown:
			return Errorf(InvalidSyntax, "%s has no attribute %q.", e.ID, clip(key))
		case a == nil || a.Name == key:
		default:
			if err := r.member(Ref{Ext: e.Schema, Attr: a}, o[key]); err != nil {
				return err
			}
		}
	}
	return nil
}
