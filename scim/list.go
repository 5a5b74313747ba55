package scim

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// listMessage is the URN of a page of results.
const listMessage = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

// A listing is a query as the client wrote it (RFC 7644 section 3.4.2).
type listing struct {
	types      []*schema.ResourceType
	filter     string
	sortBy     string
	desc       bool
	start      int
	count      int
	paged      bool // by cursor
	cursor     string
	attributes []string
	excluded   []string
}

// listURL answers a query in the URL.
func (x *call) listURL(types []*schema.ResourceType) error {
	q := &listing{types: types, start: 1, count: x.s.page(x.dialect())}
	q.filter, _ = x.q.first("filter")
	q.sortBy, _ = x.q.first("sortBy")
	order, _ := x.q.first("sortOrder")
	if err := q.order(order); err != nil {
		return err
	}
	if v, ok := x.q.first("startIndex"); ok && v != "" {
		n, err := integer("startIndex", v)
		if err != nil {
			return err
		}
		q.start = max(1, n)
	}
	if v, ok := x.q.first("count"); ok && v != "" {
		n, err := integer("count", v)
		if err != nil {
			return err
		}
		q.count = x.s.pageSize(n)
	}
	q.cursor, q.paged = x.q.first("cursor")
	q.attributes, _ = x.q.names("attributes")
	q.excluded, _ = x.q.names("excludedAttributes")
	return x.list(q)
}

// page is the number of resources on a page when the client does not say.
func (s *Server) page(d *schema.Dialect) int {
	if d.PageSize > 0 {
		return min(d.PageSize, s.opts.Limits.MaxPage)
	}
	return s.opts.Limits.Page
}

func (s *Server) pageSize(n int) int { return min(max(0, n), s.opts.Limits.MaxPage) }

func (q *listing) order(s string) error {
	switch strings.ToLower(s) {
	case "", "ascending":
	case "descending":
		q.desc = true
	default:
		return invalid(schema.InvalidValue, "sortOrder must be ascending or descending.")
	}
	return nil
}

// integer reads a number that fits 31 bits; larger ones are cut.
func integer(name, s string) (int, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if ne, ok := err.(*strconv.NumError); ok && ne.Err != strconv.ErrRange {
		return 0, invalid(schema.InvalidValue, name+" must be an integer.")
	}
	return int(max(math.MinInt32, min(math.MaxInt32, n))), nil
}

// list answers a query with one page.
func (x *call) list(q *listing) error {
	if q.attributes != nil && q.excluded != nil {
		return errBothLists
	}
	sels := make(map[*schema.ResourceType]schema.Selection, len(q.types))
	for _, rt := range q.types {
		sel, err := schema.NewSelection(rt, q.attributes, q.excluded)
		if err != nil {
			return err
		}
		sels[rt] = sel
	}
	ask, err := x.compile(q)
	if err != nil {
		return err
	}
	ask.Want.Rows = func(attr string) bool {
		for _, sel := range sels {
			if sel.Wants(attr) {
				return true
			}
		}
		return false
	}
	var box cursorBox
	if q.paged {
		box = x.s.cursors(x.c, q)
		if q.cursor != "" {
			if ask.After, err = box.open(q.cursor, q.count, x.s.opts.Now()); err != nil {
				return err
			}
		}
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), x.s.opts.Limits.ListTime)
	defer cancel()
	page, err := x.c.Backend.Query(ctx, ask)
	if err != nil {
		return err
	}
	next := ""
	if q.paged && page.Next != nil && q.count > 0 {
		next = box.seal(page.Next, q.count, x.s.opts.Now().Add(x.s.opts.Limits.CursorAge))
	}
	return x.sendPage(q, page, next, sels)
}

// compile turns a listing into a Query.
func (x *call) compile(q *listing) (Query, error) {
	ask := Query{Types: q.types, Desc: q.desc, Count: q.count, Start: q.start}
	if q.filter != "" {
		expr, err := filter.Parse(q.filter)
		if err != nil {
			return ask, err
		}
		d := x.c.Dialect
		if len(q.types) > 1 { // unknown to a type means no value there (RFC 7644 section 3.4.2.1)
			d.RefuseUnknownInFilter = false
		}
		ask.Filter = make(map[*schema.ResourceType]filter.Expr, len(q.types))
		for _, rt := range q.types {
			bound, err := filter.Bind(expr, rt, d)
			if err != nil {
				return ask, err
			}
			ask.Filter[rt] = located(bound, rt, location(x.c, rt, ""))
		}
	}
	if q.sortBy == "" {
		return ask, nil
	}
	var err error
	ask.Sort, err = sortRefs(q)
	return ask, err
}

// sortRefs finds what to sort by in each type. A multi-valued complex attribute
// stands for its "value" (RFC 7644 section 3.4.2.3).
func sortRefs(q *listing) (map[*schema.ResourceType]schema.Ref, error) {
	p, err := filter.ParsePath(q.sortBy)
	if err != nil || p.Filter != nil {
		return nil, invalid(schema.InvalidValue, "sortBy must name an attribute.")
	}
	refs := make(map[*schema.ResourceType]schema.Ref, len(q.types))
	for _, rt := range q.types {
		ref, ok := rt.Find(p.Attr.URI, p.Attr.Name, p.Attr.Sub)
		if !ok || ref.Attr == nil {
			continue
		}
		leaf := ref.Attr
		if ref.Sub == nil && leaf.Type == schema.Complex {
			ref.Sub = leaf.Sub("value")
		}
		if ref.Sub != nil {
			leaf = ref.Sub
		}
		if leaf.Type == schema.Complex || leaf.Returned == schema.Never || ref.Attr.Returned == schema.Never || ref.Attr.Rows {
			return nil, invalid(schema.InvalidValue, "Resources cannot be sorted by "+ref.Path()+".")
		}
		refs[rt] = ref
	}
	if len(refs) == 0 {
		return nil, invalid(schema.InvalidValue, "sortBy names an attribute that does not exist.")
	}
	return refs, nil
}

// sendPage answers with a ListResponse.
func (x *call) sendPage(q *listing, page *Page, next string, sels map[*schema.ResourceType]schema.Selection) error {
	p := getBuffer()
	buf := append((*p)[:0], `{"schemas":["`+listMessage+`"],"totalResults":`...)
	buf = strconv.AppendInt(buf, int64(page.Total), 10)
	buf = append(buf, `,"itemsPerPage":`...)
	buf = strconv.AppendInt(buf, int64(len(page.Resources)), 10)
	if !q.paged {
		buf = append(buf, `,"startIndex":`...)
		buf = strconv.AppendInt(buf, int64(q.start), 10)
	}
	if next != "" {
		buf = append(buf, `,"nextCursor":"`+next+`"`...)
	}
	if q.count > 0 {
		buf = append(buf, ',')
		buf = appendListKey(buf, x.c.Dialect.ListKey)
		for i, res := range page.Resources {
			if i > 0 {
				buf = append(buf, ',')
			}
			var err error
			if buf, err = appendResource(buf, x.c, res, sels[res.Type]); err != nil {
				return err
			}
		}
		buf = append(buf, ']')
	}
	buf = append(buf, '}')
	x.send(http.StatusOK, buf)
	putBuffer(p, buf)
	return nil
}

// appendListKey appends the name of the list of resources and opens the list.
func appendListKey(dst []byte, key string) []byte {
	if key == "" {
		return append(dst, `"Resources":[`...)
	}
	return append(schema.AppendString(dst, key), ':', '[')
}

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }
