package scim

import (
	"net/http"

	"github.com/muster-id/muster/scim/schema"
)

// get answers with one resource, or with 304 when the client has it.
func (x *call) get(rt *schema.ResourceType, id string) error {
	sel, err := x.selection(rt)
	if err != nil {
		return err
	}
	res, err := x.c.Backend.Get(x.r.Context(), rt, id, Want{Rows: sel.Wants})
	if err != nil {
		return err
	}
	if match := header(x.r.Header, "If-Match"); match != "" && !parseTags(match).match(res.Version) {
		return Stale()
	}
	if none := header(x.r.Header, "If-None-Match"); none != "" && parseTags(none).match(res.Version) {
		x.describe(res)
		x.send(http.StatusNotModified, nil)
		return nil
	}
	return x.sendResource(http.StatusOK, res, sel)
}

// selection reads attributes and excludedAttributes.
func (x *call) selection(rt *schema.ResourceType) (schema.Selection, error) {
	if len(x.q) == 0 {
		return schema.NewSelection(rt, nil, nil)
	}
	attributes, a := x.q.names("attributes")
	excluded, b := x.q.names("excludedAttributes")
	if a && b {
		return schema.Selection{}, errBothLists
	}
	return schema.NewSelection(rt, attributes, excluded)
}

var errBothLists = invalid(schema.InvalidValue, "Use attributes or excludedAttributes, not both.")

// describe sets the headers that go with a resource.
func (x *call) describe(res *Resource) {
	h := x.w.Header()
	h["Etag"] = []string{etag(res.Version)}
	h["Location"] = []string{location(x.c, res.Type, res.ID)}
}

// sendResource answers with a resource.
func (x *call) sendResource(status int, res *Resource, sel schema.Selection) error {
	p := getBuffer()
	buf, err := appendResource((*p)[:0], x.c, res, sel)
	if err != nil {
		return err
	}
	x.describe(res)
	x.send(status, buf)
	putBuffer(p, buf)
	return nil
}
