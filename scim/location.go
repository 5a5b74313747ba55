package scim

import (
	"strings"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// located rewrites what a bound filter says about meta.location as something
// about the id, because a backend does not know under which URL a client sees
// its resources. Locations of the type are root and the id.
func located(e filter.Expr, rt *schema.ResourceType, root string) filter.Expr {
	switch e := e.(type) {
	case *filter.And:
		return &filter.And{X: located(e.X, rt, root), Y: located(e.Y, rt, root)}
	case *filter.Or:
		return &filter.Or{X: located(e.X, rt, root), Y: located(e.Y, rt, root)}
	case *filter.Not:
		return &filter.Not{X: located(e.X, rt, root)}
	case *filter.Compare:
		if e.Ref.Attr != nil && e.Ref.Attr.Name == "meta" && e.Ref.Sub != nil && e.Ref.Sub.Name == "location" {
			return byID(e, rt, root)
		}
	}
	return e
}

// byID is a comparison of the location written for the id.
func byID(e *filter.Compare, rt *schema.ResourceType, root string) filter.Expr {
	id, _ := rt.Find("", "id", "")
	all := &filter.Compare{Attr: filter.AttrPath{Name: "id"}, Op: filter.Pr, Ref: id}
	only := func(ok bool) filter.Expr {
		if ok {
			return all
		}
		return &filter.Not{X: all}
	}
	compare := func(op filter.Op, text string) filter.Expr {
		return &filter.Compare{Attr: all.Attr, Op: op, Value: text, Key: text, Ref: id}
	}
	want, _ := e.Value.(string)
	rest, below := strings.CutPrefix(want, root)
	slash := strings.LastIndexByte(want, '/') + 1 // an id has none
	switch e.Op {
	case filter.Pr:
		return all
	case filter.Sw:
		if strings.HasPrefix(root, want) {
			return all
		}
	case filter.Ew, filter.Co:
		switch {
		case e.Op == filter.Co && strings.Contains(root, want):
			return all
		case slash == 0:
			return compare(e.Op, want)
		case !strings.HasSuffix(root, want[:slash]):
			return only(false)
		case e.Op == filter.Co:
			return compare(filter.Sw, want[slash:])
		}
		return compare(filter.Eq, want[slash:])
	}
	if below {
		return compare(e.Op, rest)
	}
	switch e.Op {
	case filter.Ne:
		return all
	case filter.Gt, filter.Ge:
		return only(root > want)
	case filter.Lt, filter.Le:
		return only(root < want)
	}
	return only(false)
}
