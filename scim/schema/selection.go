package schema

import (
	"slices"
	"strings"
)

// A Selection is what a client wants of resources of one type: the parameters
// attributes and excludedAttributes (RFC 7644 sections 3.4.2.5 and 3.9), joined
// with what the schema says in "returned". It is immutable.
type Selection struct {
	rt    *ResourceType
	mode  mode
	picks map[*Attribute]pick
}

type mode int

const (
	unselected mode = iota // neither parameter
	only                   // attributes
	except                 // excludedAttributes
)

// A pick is an attribute that was named: whole, or some of its sub-attributes.
type pick struct {
	whole bool
	subs  []*Attribute
}

// NewSelection reads the two parameters for one resource type. Names may be in
// any case and qualified by a URN; the URN of a schema alone means all of its
// attributes. A name that the type does not have selects nothing. Both
// parameters together are an *Error with InvalidValue.
func NewSelection(rt *ResourceType, attributes, excluded []string) (Selection, error) {
	s := Selection{rt: rt}
	attributes, excluded = names(attributes), names(excluded)
	switch {
	case len(attributes) > 0 && len(excluded) > 0:
		return s, Errorf(InvalidValue, "attributes and excludedAttributes cannot be used together.")
	case len(attributes) > 0:
		s.mode = only
	case len(excluded) > 0:
		s.mode = except
	default:
		return s, nil
	}
	s.picks = map[*Attribute]pick{}
	for _, name := range append(attributes, excluded...) {
		s.add(name)
	}
	if s.mode == except && len(s.picks) == 0 {
		s.mode = unselected
	}
	return s, nil
}

// names splits at commas and drops blanks.
func names(list []string) []string {
	var all []string
	for _, s := range list {
		for name := range strings.SplitSeq(s, ",") {
			if name = strings.TrimSpace(name); name != "" {
				all = append(all, name)
			}
		}
	}
	return all
}

func (s *Selection) add(name string) {
	if attrs := s.rt.attributesOf(name); attrs != nil {
		for _, a := range attrs {
			if a.Returned != OnRequest {
				s.picks[a] = pick{whole: true}
			}
		}
		return
	}
	ref, ok := s.rt.FindPath(name)
	if !ok {
		return
	}
	p := s.picks[ref.Attr]
	if ref.Sub == nil {
		p.whole = true
	} else if !slices.Contains(p.subs, ref.Sub) {
		p.subs = append(p.subs, ref.Sub)
	}
	s.picks[ref.Attr] = p
}

// attributesOf returns the attributes of the schema of the type with a URN, or
// nil.
func (rt *ResourceType) attributesOf(urn string) []*Attribute {
	if equalName(urn, rt.Schema.ID) {
		return rt.Schema.Attributes
	}
	if e := rt.Extension(urn); e != nil {
		return e.Attributes
	}
	return nil
}

// Whole reports whether the client gets exactly what it gets when it does not
// select, and nothing of that has to be taken out of a stored document.
func (s Selection) Whole() bool {
	return s.mode == unselected && !s.rt.idx().onRequest
}

// Document reports whether a document that Encode wrote can be sent as it is,
// even if the selection leaves out meta, externalId or row attributes, for
// which the caller asks Wants.
func (s Selection) Document() bool {
	if s.mode == only || s.rt.idx().onRequest {
		return false
	}
	for a := range s.picks {
		if !a.Rows && a.Name != "meta" && a.Name != "externalId" && a.Returned != Always {
			return false
		}
	}
	return true
}

// Wants reports whether an attribute is selected, at least in part. It takes a
// path such as "members", "meta" or "members.display", as attributes does.
func (s Selection) Wants(path string) bool {
	ref, ok := s.rt.FindPath(path)
	if !ok || !s.wants(ref.Attr) {
		return false
	}
	return ref.Sub == nil || s.wantsSub(ref.Attr, ref.Sub)
}

func (s Selection) wants(a *Attribute) bool {
	p, named := s.picks[a]
	switch {
	case a.Returned == Never:
		return false
	case a.Returned == Always:
		return true
	case s.mode == only:
		return named
	}
	return a.Returned != OnRequest && !p.whole
}

// wantsSub is asked for attributes that are wanted themselves.
func (s Selection) wantsSub(a, sub *Attribute) bool {
	p := s.picks[a]
	named := slices.Contains(p.subs, sub)
	switch {
	case sub.Returned == Never:
		return false
	case sub.Returned == Always:
		return true
	case s.mode == only && named:
		return true
	case s.mode == only && len(p.subs) > 0 && !p.whole:
		return false
	case sub.Returned == OnRequest:
		return false
	}
	return s.mode != except || !named
}

// Apply returns the selected part of a canonical object, which may hold meta
// and row attributes. o stays as it is and shares values with the result.
func (s Selection) Apply(o Object) Object {
	out := make(Object, len(o))
	x := s.rt.idx()
	for name, v := range o {
		if a := find(x.sends, x.names, name); a != nil {
			s.put(out, a, v)
			continue
		}
		e := s.rt.Extension(name)
		inner, ok := v.(Object)
		if e == nil || !ok {
			if s.mode != only {
				out[name] = v
			}
			continue
		}
		part := make(Object, len(inner))
		for _, a := range e.Attributes {
			if v, ok := inner[a.Name]; ok {
				s.put(part, a, v)
			}
		}
		if len(part) > 0 {
			out[name] = part
		}
	}
	return out
}

func (s Selection) put(out Object, a *Attribute, v any) {
	if !s.wants(a) {
		return
	}
	if a.Type == Complex {
		if v = s.part(a, v); v == nil {
			return
		}
	}
	out[a.Name] = v
}

// part returns the wanted sub-attributes of a complex value, nil if none is
// there.
func (s Selection) part(a *Attribute, v any) any {
	all := true
	for _, sub := range a.SubAttributes {
		all = all && s.wantsSub(a, sub)
	}
	if all {
		return v
	}
	switch v := v.(type) {
	case Object:
		out := make(Object, len(v))
		for _, sub := range a.SubAttributes {
			if x, ok := v[sub.Name]; ok && s.wantsSub(a, sub) {
				out[sub.Name] = x
			}
		}
		if len(out) > 0 {
			return out
		}
	case []any:
		var out []any
		for _, e := range v {
			if x := s.part(a, e); x != nil {
				out = append(out, x)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}
