package schema

import "strings"

// An index answers the questions that are asked for each document.
type index struct {
	names map[string]*Attribute // by name in lower case: common and core
	exts  []extIndex            // as ResourceType.Extensions
	sends []*Attribute          // common (without meta) and core, in the order of sending
	// onRequest says that some attribute is returned only on request, so that a
	// stored document cannot be sent as it is.
	onRequest bool
	pointers  []Ref // see point
}

type extIndex struct {
	*Schema
	required bool
	names    map[string]*Attribute
}

// index returns the index of the type, which is made once when the type enters
// a Registry. It is nil in a type that is in none.
func (rt *ResourceType) idx() *index {
	if rt.index != nil {
		return rt.index
	}
	return newIndex(rt)
}

func newIndex(rt *ResourceType) *index {
	x := &index{names: map[string]*Attribute{}, pointers: pointers(rt)}
	for _, a := range Common {
		x.names[lowerASCII(a.Name)] = a
		if a.Name != "meta" {
			x.sends = append(x.sends, a)
		}
	}
	for _, a := range rt.Schema.Attributes {
		x.names[lowerASCII(a.Name)] = a
		x.sends = append(x.sends, a)
		x.onRequest = x.onRequest || onRequest(a)
	}
	for _, e := range rt.Extensions {
		names := map[string]*Attribute{}
		for _, a := range e.Schema.Attributes {
			names[lowerASCII(a.Name)] = a
			x.onRequest = x.onRequest || onRequest(a)
		}
		x.exts = append(x.exts, extIndex{e.Schema, e.Required, names})
	}
	return x
}

// onRequest leaves out parts of row attributes: those are no part of a document.
func onRequest(a *Attribute) bool {
	if a.Returned == OnRequest {
		return true
	}
	if a.Rows {
		return false
	}
	for _, s := range a.SubAttributes {
		if s.Returned == OnRequest {
			return true
		}
	}
	return false
}

// find is names[lowerASCII(name)] without an allocation for the usual spelling.
func find(attrs []*Attribute, names map[string]*Attribute, name string) *Attribute {
	for _, a := range attrs {
		if a.Name == name {
			return a
		}
	}
	return names[lowerASCII(name)]
}

// Find finds an attribute by the parts of its path, [uri:]name[.sub], in any
// case. Without a uri the attribute is a common or core one; with the URN of
// the core schema as well. A resource type has meta.* and, where its schema
// says so, "$ref".
func (rt *ResourceType) Find(uri, name, sub string) (Ref, bool) {
	x := rt.idx()
	var r Ref
	switch {
	case uri == "", equalName(uri, rt.Schema.ID):
		r.Attr = find(x.sends, x.names, name)
	default:
		for i := range x.exts {
			if e := &x.exts[i]; equalName(uri, e.ID) {
				r.Ext = e.Schema
				r.Attr = find(e.Attributes, e.names, name)
			}
		}
	}
	if r.Attr == nil {
		return Ref{}, false
	}
	if sub != "" {
		if r.Sub = r.Attr.Sub(sub); r.Sub == nil {
			return Ref{}, false
		}
	}
	return r, true
}

// FindPath is Find for a whole path: "name.familyName",
// "urn:...:enterprise:2.0:User:manager.value".
func (rt *ResourceType) FindPath(path string) (Ref, bool) {
	uri, rest := "", path
	if len(path) > 4 && equalName(path[:4], "urn:") {
		i := rt.cutURN(path)
		if i < 0 || i >= len(path)-1 {
			return Ref{}, false
		}
		uri, rest = path[:i], path[i+1:]
	}
	name, sub, dotted := strings.Cut(rest, ".")
	if dotted && sub == "" {
		return Ref{}, false
	}
	return rt.Find(uri, name, sub)
}

// cutURN returns the length of the longest URN of a schema of the type that
// path begins with, up to a colon or the end, or -1.
func (rt *ResourceType) cutURN(path string) int {
	best := -1
	try := func(urn string) {
		n := len(urn)
		if n > best && len(path) >= n && equalName(path[:n], urn) && (len(path) == n || path[n] == ':') {
			best = n
		}
	}
	try(rt.Schema.ID)
	for _, e := range rt.Extensions {
		try(e.Schema.ID)
	}
	return best
}

// Extension returns the extension of the type with a URN in any case, or nil.
func (rt *ResourceType) Extension(urn string) *Schema {
	for _, e := range rt.Extensions {
		if equalName(e.Schema.ID, urn) {
			return e.Schema
		}
	}
	return nil
}

// Sub returns the sub-attribute with a name in any case, or nil.
func (a *Attribute) Sub(name string) *Attribute {
	for _, s := range a.SubAttributes {
		if s.Name == name {
			return s
		}
	}
	for _, s := range a.SubAttributes {
		if equalName(s.Name, name) {
			return s
		}
	}
	return nil
}

// Path returns the path of the attribute as the schema spells it,
// "emails.value" or "urn:...:User:manager.value".
func (r Ref) Path() string {
	path := r.Attr.Name
	if r.Ext != nil {
		path = r.Ext.ID + ":" + path
	}
	if r.Sub != nil {
		path += "." + r.Sub.Name
	}
	return path
}

// Leaf returns what the path ends at: Sub, or Attr if there is no Sub.
func (r Ref) Leaf() *Attribute {
	if r.Sub != nil {
		return r.Sub
	}
	return r.Attr
}

// Get returns the value of the attribute in o, nil if it has none. With a Sub
// below a multi-valued attribute it is the []any of the sub-attribute's values
// in all elements that have it, nil if none has.
func (r Ref) Get(o Object) any {
	if r.Ext != nil {
		o, _ = o[r.Ext.ID].(Object)
	}
	v := o[r.Attr.Name]
	if r.Sub == nil {
		return v
	}
	switch v := v.(type) {
	case Object:
		return v[r.Sub.Name]
	case []any:
		var all []any
		for _, e := range v {
			e, _ := e.(Object)
			if x, ok := e[r.Sub.Name]; ok {
				all = append(all, x)
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	return nil
}

// Set sets the value of the attribute in o, in place, and makes the containers
// that it needs; nil removes the value and the containers that it leaves empty.
// A Sub below a multi-valued attribute cannot be set, because it does not say
// in which element: Set then panics.
func (r Ref) Set(o Object, v any) {
	if r.Sub != nil && r.Attr.MultiValued {
		panic("schema: Set of " + r.Path() + ", which is in many elements")
	}
	var in []string
	if r.Ext != nil {
		in = append(in, r.Ext.ID)
	}
	if r.Sub != nil {
		in = append(in, r.Attr.Name)
	}
	set(o, in, r.Leaf().Name, v)
}

func set(o Object, in []string, name string, v any) {
	if len(in) == 0 {
		if v == nil {
			delete(o, name)
		} else {
			o[name] = v
		}
		return
	}
	inner, ok := o[in[0]].(Object)
	if !ok {
		if v == nil {
			return
		}
		inner = Object{}
		o[in[0]] = inner
	}
	set(inner, in[1:], name, v)
	if len(inner) == 0 {
		delete(o, in[0])
	}
}
