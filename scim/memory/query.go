package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// A place is where a record stands in the order of a query. It holds values, not
// an index, so that it stays right when records before it come and go.
type place struct {
	value   any // to sort by; nil for none
	created time.Time
	id      string
}

type found struct {
	place
	*record
	as *schema.ResourceType // as the query knows it
}

// Query implements scim.Backend.
func (b *Backend) Query(_ context.Context, q scim.Query) (*scim.Page, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	leaf := sortLeaf(q)
	order := func(x, y place) int {
		n := 0
		if leaf != nil {
			n = filter.Order(x.value, y.value, leaf)
		}
		if q.Desc {
			n = -n
		}
		return cmp.Or(n, x.created.Compare(y.created), strings.Compare(x.id, y.id))
	}
	all := b.matches(q)
	slices.SortFunc(all, func(x, y found) int { return order(x.place, y.place) })
	page := &scim.Page{Total: len(all)}
	from := min(max(0, q.Start-1), len(all))
	if q.After != nil {
		after, err := parsePlace(q.After)
		if err != nil {
			return nil, err
		}
		from, _ = slices.BinarySearchFunc(all, after, func(f found, p place) int {
			return cmp.Or(order(f.place, p), -1) // the place itself is behind us
		})
	}
	to := min(from+q.Count, len(all))
	for _, f := range all[from:to] {
		page.Resources = append(page.Resources, b.resource(f.record, f.as, q.Want))
	}
	if to > from && to < len(all) {
		page.Next = all[to-1].place.append(nil)
	}
	return page, nil
}

// matches returns the records that a query is about.
func (b *Backend) matches(q scim.Query) []found {
	types := make(map[string]*schema.ResourceType, len(q.Types))
	for _, rt := range q.Types {
		types[rt.Name] = rt
	}
	var all []found
	for _, r := range b.records {
		rt := types[r.rt.Name]
		if rt == nil {
			continue
		}
		f := found{place{created: r.created, id: r.id}, r, rt}
		expr, ref := q.Filter[rt], q.Sort[rt]
		if expr != nil || ref.Attr != nil {
			var rows []string
			if expr != nil {
				rows = filter.Rows(expr)
			}
			o := b.object(r, rows)
			if expr != nil && !filter.Match(expr, o) {
				continue
			}
			if ref.Attr != nil {
				f.value = filter.SortValue(o, ref)
			}
		}
		all = append(all, f)
	}
	return all
}

// sortLeaf is the attribute whose values are compared. Of several types the
// first that has it decides.
func sortLeaf(q scim.Query) *schema.Attribute {
	for _, rt := range q.Types {
		if ref, ok := q.Sort[rt]; ok {
			return filter.Leaf(ref)
		}
	}
	return nil
}

// wirePlace is a place as text. Kind tells the type of the value.
type wirePlace struct {
	Kind    string `json:"k,omitempty"`
	Value   string `json:"v,omitempty"`
	Created int64  `json:"c"`
	ID      string `json:"i"`
}

func (p place) append(dst []byte) []byte {
	w := wirePlace{Created: p.created.UnixNano(), ID: p.id}
	switch v := p.value.(type) {
	case string:
		w.Kind, w.Value = "s", v
	case bool:
		w.Kind, w.Value = "b", strconv.FormatBool(v)
	case int64:
		w.Kind, w.Value = "i", strconv.FormatInt(v, 10)
	case float64:
		w.Kind, w.Value = "f", strconv.FormatFloat(v, 'g', -1, 64)
	}
	text, err := json.Marshal(w)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return append(dst, text...)
}

func parsePlace(text []byte) (place, error) {
	var w wirePlace
	if err := json.Unmarshal(text, &w); err != nil {
		return place{}, fmt.Errorf("read position: %w", err)
	}
	p := place{created: time.Unix(0, w.Created).UTC(), id: w.ID}
	var err error
	switch w.Kind {
	case "s":
		p.value = w.Value
	case "b":
		p.value, err = strconv.ParseBool(w.Value)
	case "i":
		p.value, err = strconv.ParseInt(w.Value, 10, 64)
	case "f":
		p.value, err = strconv.ParseFloat(w.Value, 64)
	}
	return p, err
}
