package schema

import (
	"maps"
	"net/url"
)

// pointers returns the complex attributes of a type that name a resource of the
// same type by "value" and "$ref": the manager of a user.
func pointers(rt *ResourceType) []Ref {
	var all []Ref
	add := func(ext *Schema, attrs []*Attribute) {
		for _, a := range attrs {
			to := a.Sub("$ref")
			if a.MultiValued || a.Sub("value") == nil || to == nil {
				continue
			}
			if len(to.ReferenceTypes) == 1 && to.ReferenceTypes[0] == rt.Name {
				all = append(all, Ref{Ext: ext, Attr: a})
			}
		}
	}
	add(nil, rt.Schema.Attributes)
	for _, e := range rt.Extensions {
		add(e.Schema, e.Schema.Attributes)
	}
	return all
}

// point gives such attributes the "$ref" that they lack (RFC 7643 section 4.3
// recommends it), relative to the collection that the resource stands in. It
// changes o itself and nothing below.
func (rt *ResourceType) point(o Object) {
	for _, ref := range rt.idx().pointers {
		was, _ := ref.Get(o).(Object)
		id, _ := was["value"].(string)
		if id == "" || was["$ref"] != nil {
			continue
		}
		now := maps.Clone(was)
		now["$ref"] = ".." + rt.Endpoint + "/" + url.PathEscape(id)
		if ref.Ext != nil {
			inner, _ := o[ref.Ext.ID].(Object)
			o[ref.Ext.ID] = maps.Clone(inner)
		}
		ref.Set(o, now)
	}
}
