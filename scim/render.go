package scim

import (
	"fmt"
	"net/url"
	"time"

	"github.com/muster-id/muster/scim/schema"
)

// location is the URL of a resource.
func location(c *Client, rt *schema.ResourceType, id string) string {
	return c.Base + rt.Endpoint + "/" + url.PathEscape(id)
}

// appendResource appends a resource as the client wants it. Whenever the stored
// document can go out as it is, the answer is put together from bytes; only
// other projections decode.
func appendResource(dst []byte, c *Client, res *Resource, sel schema.Selection) ([]byte, error) {
	switch {
	case c.Dialect.Form != schema.Flat:
		return appendSelected(dst, c, res, sel)
	case sel.Whole():
		return appendDocument(dst, c, res, sel, nil)
	case sel.Document() && wholeParts(res, sel):
		return appendDocument(dst, c, res, sel, sel.Wants)
	}
	return appendSelected(dst, c, res, sel)
}

// appendDocument appends the stored document and what the server adds to it,
// as far as it is wanted; nil wants all.
func appendDocument(dst []byte, c *Client, res *Resource, sel schema.Selection, wants func(attr string) bool) ([]byte, error) {
	n := len(res.Doc)
	if n < 2 || res.Doc[n-1] != '}' {
		return dst, fmt.Errorf("render %s %s: the stored document is not an object", res.Type.Name, res.ID)
	}
	dst = append(dst, res.Doc[:n-1]...)
	if res.ExternalID != "" && (wants == nil || wants("externalId")) {
		dst = append(dst, `,"externalId":`...)
		dst = schema.AppendString(dst, res.ExternalID)
	}
	if len(res.Rows) > 0 {
		for _, a := range res.Type.Schema.Attributes {
			if rows := res.Rows[a.Name]; a.Rows && len(rows) > 0 && (wants == nil || wants(a.Name)) {
				dst = append(dst, ',')
				dst = schema.AppendString(dst, a.Name)
				dst = append(dst, ':')
				dst = appendRows(dst, c, rows, sel.Wants(a.Name+".display"))
			}
		}
	}
	if wants == nil || wants("meta") {
		dst = append(dst, ',')
		dst = appendMeta(dst, c, res)
	}
	return append(dst, '}'), nil
}

// wholeParts reports whether of meta and the row attributes each is wanted
// either whole or not at all.
func wholeParts(res *Resource, sel schema.Selection) bool {
	whole := func(name string, subs ...string) bool {
		if !sel.Wants(name) {
			return true
		}
		for _, sub := range subs {
			if !sel.Wants(name + "." + sub) {
				return false
			}
		}
		return true
	}
	for name := range res.Rows {
		if !whole(name, "value", "$ref", "type", "display") {
			return false
		}
	}
	return whole("meta", "resourceType", "created", "lastModified", "location", "version")
}

func appendMeta(dst []byte, c *Client, res *Resource) []byte {
	dst = append(dst, `"meta":{"resourceType":`...)
	dst = schema.AppendString(dst, res.Type.Name)
	dst = append(dst, `,"created":"`...)
	dst = appendTime(dst, res.Created)
	dst = append(dst, `","lastModified":"`...)
	dst = appendTime(dst, res.Modified)
	dst = append(dst, `","location":`...)
	dst = schema.AppendString(dst, location(c, res.Type, res.ID))
	dst = append(dst, `,"version":"W/\"`...)
	dst = appendInt(dst, res.Version)
	return append(dst, `\""}`...)
}

func appendTime(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// appendRows appends the values of a row attribute: members or groups.
func appendRows(dst []byte, c *Client, rows []Row, display bool) []byte {
	refs := references{c: c}
	dst = append(dst, '[')
	for i, r := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"value":`...)
		dst = schema.AppendString(dst, r.Value)
		if base := refs.base(r.Type); base != "" {
			dst = append(dst, `,"$ref":`...)
			dst = schema.AppendString(dst, base+url.PathEscape(r.Value))
		}
		if t := r.kind(); t != "" {
			dst = append(dst, `,"type":`...)
			dst = schema.AppendString(dst, t)
		}
		if display && r.Display != "" {
			dst = append(dst, `,"display":`...)
			dst = schema.AppendString(dst, r.Display)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// kind is what is sent as "type": the type of a member, but how a user belongs
// to a group (RFC 7643 sections 4.1.2 and 4.2).
func (r Row) kind() string {
	if r.Kind != "" {
		return r.Kind
	}
	return r.Type
}

// references computes the URL before an id and remembers the last one, since
// rows of one type stand together.
type references struct {
	c    *Client
	name string
	url  string
}

func (r *references) base(typeName string) string {
	if typeName != r.name {
		r.name, r.url = typeName, ""
		if rt := r.c.Types.TypeByName(typeName); rt != nil {
			r.url = r.c.Base + rt.Endpoint + "/"
		}
	}
	return r.url
}

// appendSelected appends the wanted part of a resource in the client's form.
func appendSelected(dst []byte, c *Client, res *Resource, sel schema.Selection) ([]byte, error) {
	o, err := wholeObject(c, res)
	if err != nil {
		return dst, err
	}
	o = sel.Apply(o)
	if c.Dialect.Form == schema.Flat {
		return res.Type.Append(dst, o), nil
	}
	return schema.AppendValue(dst, res.Type.ToForm(o, c.Dialect.Form)), nil
}

// wholeObject is a resource as an object, with everything that the server adds.
func wholeObject(c *Client, res *Resource) (schema.Object, error) {
	o, err := res.Type.Load(res.Doc)
	if err != nil {
		return nil, fmt.Errorf("render %s %s: %w", res.Type.Name, res.ID, err)
	}
	if res.ExternalID != "" {
		o["externalId"] = res.ExternalID
	}
	o["meta"] = schema.Object{
		"resourceType": res.Type.Name,
		"created":      schema.FormatTime(res.Created),
		"lastModified": schema.FormatTime(res.Modified),
		"location":     location(c, res.Type, res.ID),
		"version":      etag(res.Version),
	}
	refs := references{c: c}
	for name, rows := range res.Rows {
		if len(rows) == 0 {
			continue
		}
		list := make([]any, len(rows))
		for i, r := range rows {
			list[i] = r.object(&refs)
		}
		o[name] = list
	}
	return o, nil
}

func (r Row) object(refs *references) schema.Object {
	o := schema.Object{"value": r.Value}
	if base := refs.base(r.Type); base != "" {
		o["$ref"] = base + url.PathEscape(r.Value)
	}
	if t := r.kind(); t != "" {
		o["type"] = t
	}
	if r.Display != "" {
		o["display"] = r.Display
	}
	return o
}
