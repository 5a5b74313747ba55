package storetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
	"pgregory.net/rapid"
)

// agree holds the database to filter.Match on random schemas, resources,
// filters and orders.
func agree(t *testing.T, db *store.DB) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt, t, db)
		for range 12 {
			w.agree(rt, t, db)
		}
	})
}

// A plan is one random query with what it has to answer.
type plan struct {
	query store.Query
	text  string
	want  []identity.ID // in order
}

func (w *world) agree(rt *rapid.T, t *testing.T, db *store.DB) {
	p := w.drawPlan(rt)
	p.query.Count = rapid.IntRange(1, 20).Draw(rt, "count")
	if got := walk(rt, t, db, p.query, len(p.want)); !slices.Equal(got, p.want) {
		rt.Fatalf("by cursor, filter %s, %s (-want +got):\n%s", p.text, describeOrder(p.query), cmp.Diff(names(p.want), names(got)))
	}
	p.query.Start = rapid.IntRange(1, len(p.want)+2).Draw(rt, "start")
	page := query(rt, t, db, p.query)
	want := p.want[min(p.query.Start-1, len(p.want)):]
	want = want[:min(p.query.Count, len(want))]
	if got := ids(page); !slices.Equal(got, want) || page.Total != len(p.want) {
		rt.Fatalf("from %d, %d at most, filter %s, %s: total %d, want %d (-want +got):\n%s", p.query.Start, p.query.Count,
			p.text, describeOrder(p.query), page.Total, len(p.want), cmp.Diff(names(want), names(got)))
	}
	p.query.Count = 0
	if page := query(rt, t, db, p.query); page.Total != len(p.want) {
		rt.Fatalf("total of %s is %d, want %d", p.text, page.Total, len(p.want))
	}
}

func describeOrder(q store.Query) string {
	for _, ref := range q.Sort {
		if ref.Attr != nil {
			if q.Desc {
				return "by " + ref.Path() + " downwards"
			}
			return "by " + ref.Path()
		}
	}
	return "by creation"
}

func names(list []identity.ID) []string {
	var out []string
	for _, id := range list {
		out = append(out, id.String())
	}
	return out
}

// drawPlan draws a query and asks the evaluator for its answer.
func (w *world) drawPlan(t *rapid.T) plan {
	p := plan{query: store.Query{Org: w.org, Domain: domain}}
	p.query.Types = rapid.SampledFrom([][]*schema.ResourceType{w.types, w.types[:1], w.types[:1], w.types[1:]}).Draw(t, "types")
	if rapid.IntRange(0, 9).Draw(t, "unfiltered") > 0 {
		p.text = w.drawFilter(t, rapid.IntRange(0, 3).Draw(t, "depth"))
		p.query.Filter = map[*schema.ResourceType]filter.Expr{}
		for _, rt := range p.query.Types {
			e, err := filter.Parse(p.text)
			if err == nil {
				e, err = filter.Bind(e, rt, schema.RFC)
			}
			if err != nil {
				t.Skipf("%s: %v", p.text, err)
			}
			p.query.Filter[rt] = e
		}
	}
	if rapid.Bool().Draw(t, "sorted") {
		p.query.Desc = rapid.Bool().Draw(t, "down")
		p.query.Sort = map[*schema.ResourceType]schema.Ref{}
		name := w.drawSort(t)
		for _, rt := range p.query.Types {
			p.query.Sort[rt] = schema.Ref{}
			e, err := filter.Bind(&filter.Compare{Attr: pathOf(t, name), Op: filter.Pr}, rt, schema.RFC)
			if c, ok := e.(*filter.Compare); err == nil && ok {
				p.query.Sort[rt] = c.Ref
			}
		}
	}
	p.want = w.answer(p.query)
	return p
}

func pathOf(t *rapid.T, name string) filter.AttrPath {
	e, err := filter.Parse(name + " pr")
	if err != nil {
		t.Fatal(err)
	}
	return e.(*filter.Compare).Attr
}

// drawSort draws an attribute to sort by.
func (w *world) drawSort(t *rapid.T) string {
	for {
		ref, name := w.drawRef(t)
		rows := strings.HasPrefix(name, "members") || strings.HasPrefix(name, "groups")
		if leaf := filter.Leaf(ref); !rows && (ref.Attr == nil || leaf != nil && name != "schemas") {
			return name
		}
	}
}

// answer asks the evaluator.
func (w *world) answer(q store.Query) []identity.ID {
	var match []object
	for _, o := range w.objects {
		if !slices.Contains(q.Types, o.rt) {
			continue
		}
		if e := q.Filter[o.rt]; e == nil || filter.Match(e, o.obj) {
			match = append(match, o)
		}
	}
	slices.SortFunc(match, func(a, b object) int {
		n := 0
		if q.Sort != nil {
			n = compare(a, b, q)
		}
		if n == 0 {
			n = slices.Compare(a.id[:], b.id[:])
		}
		if q.Desc && q.Sort != nil {
			n = -n
		}
		return n
	})
	var list []identity.ID
	for _, o := range match {
		list = append(list, o.id)
	}
	return list
}

// compare orders two objects by the value that they are sorted by.
func compare(a, b object, q store.Query) int {
	x, y := q.Sort[a.rt], q.Sort[b.rt]
	leaf := filter.Leaf(x)
	if leaf == nil {
		leaf = filter.Leaf(y)
	}
	if leaf == nil {
		return 0
	}
	var u, v any
	if filter.Leaf(x) != nil {
		u = filter.SortValue(a.obj, x)
	}
	if filter.Leaf(y) != nil {
		v = filter.SortValue(b.obj, y)
	}
	return filter.Order(u, v, leaf)
}

func query(rt *rapid.T, t *testing.T, db *store.DB, q store.Query) *store.Page {
	var p *store.Page
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		p, err = tx.Query(t.Context(), q)
		return err
	})
	if err != nil {
		rt.Fatalf("query: %v", err)
	}
	return p
}

func ids(p *store.Page) []identity.ID {
	var list []identity.ID
	for _, r := range p.Resources {
		list = append(list, r.ID)
	}
	return list
}

// walk reads all pages by cursor.
func walk(rt *rapid.T, t *testing.T, db *store.DB, q store.Query, total int) []identity.ID {
	var list []identity.ID
	for {
		p := query(rt, t, db, q)
		if p.Total != total {
			rt.Fatalf("total is %d, want %d; %v", p.Total, total, q.Filter)
		}
		list = append(list, ids(p)...)
		if p.Next == nil {
			return list
		}
		q.After = p.Next
	}
}
