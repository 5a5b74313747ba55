package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store/find"
)

// A Query asks for one page of resources of one or more types.
type Query struct {
	Org    identity.OrgID
	Types  []*schema.ResourceType
	Filter map[*schema.ResourceType]filter.Expr // bound per type; nil: no filter
	Sort   map[*schema.ResourceType]schema.Ref  // nil: by creation
	Desc   bool
	Count  int // at most; 0 asks for the total only
	// Start is the 1-based index of the first result; After is the position
	// that an earlier page ended at and wins over Start.
	Start   int
	After   []byte
	Domain  string // provisioning domain of externalId in filters and orders
	Grouped bool   // fill Resource.Grouped
	Examine int    // how many documents may be looked into; 0: 200,000
}

// A Page is one page of results. Total counts all matches. Next is the position
// after the last resource, nil on the last page.
type Page struct {
	Total     int
	Resources []*Resource
	Next      []byte
}

// totalAge is how long a number of matches is remembered. It also bounds how
// long another node's writes can go unseen in the total of a filter on
// PostgreSQL.
const totalAge = 2 * time.Second

// Query returns one page. It returns TooCostly when the answer would need more
// rows to be examined than one request may, and Invalid for an After that no
// page of this query can have ended at.
func (tx *Tx) Query(ctx context.Context, q Query) (*Page, error) {
	r := &run{tx: tx, q: &q}
	if err := r.compile(ctx); err != nil {
		return nil, wrap(err, "compile a query")
	}
	p, err := r.page(ctx)
	return p, wrap(err, "query")
}

// A run is a query on its way.
type run struct {
	tx       *Tx
	q        *Query
	streams  []*stream
	orders   []find.Order
	custom   bool // some order has to be made here
	examined int
	name     string // of the query, for what is remembered
	steps    *ladder
}

func (r *run) compile(ctx context.Context) error {
	seed := r.tx.db.seed.Load()
	if seed == nil {
		return errors.New("the database has not been migrated")
	}
	for _, rt := range r.q.Types {
		d := &r.tx.db.dialect
		c := &find.Compiler{
			Seed: *seed, Type: rt, Domain: r.q.Domain, Contains: d.Contains, Few: d.Few, Trigram: d.Trigram,
			Below: func(group identity.ID) ([]identity.ID, error) {
				list, err := r.tx.ids(ctx, groupsBelow, r.q.Org, group)
				return append([]identity.ID{group}, list...), err
			},
			Large:  func(groups []identity.ID) (bool, error) { return r.large(ctx, rt, groups) },
			Narrow: func(condition, search string) (find.Cond, error) { return r.narrow(ctx, rt, condition, search) },
		}
		match, e := find.AllRows, r.q.Filter[rt]
		if e != nil {
			var err error
			if match, err = c.Compile(e); err != nil {
				return err
			}
		}
		ref, sorted := r.q.Sort[rt]
		o := find.OrderOf(sorted || r.q.Sort != nil, ref, r.q.Desc)
		r.custom = r.custom || o.Custom
		r.orders = append(r.orders, o)
		s := &stream{
			tx: r.tx, q: r.q, rt: rt, expr: e, match: match, order: o,
			examined: &r.examined, chunk: r.q.Count + 1,
		}
		if !s.exact() {
			s.needle = find.Needle(e)
		}
		r.streams = append(r.streams, s)
	}
	return nil
}

// enough weighs what a page costs: looking up every row that an index names, or
// walking the rows in order until enough match. With n rows of which m match the
// one takes m steps and the other count*n/m. From enough matches on the walk is
// cheaper.
func (r *run) enough(ctx context.Context, rt *schema.ResourceType) (int, error) {
	n, err := r.tx.number(ctx, Statement{SQL: sumTally, Args: []any{r.q.Org, rt.Name}})
	return int(math.Sqrt(float64(max(r.q.Count, 10)) * float64(n))), err
}

func (r *run) large(ctx context.Context, rt *schema.ResourceType, groups []identity.ID) (bool, error) {
	limit, err := r.enough(ctx, rt)
	if err != nil {
		return false, err
	}
	list, args := listParams(2, groups)
	n, err := r.tx.number(ctx, Statement{
		SQL:  "SELECT COUNT(*) FROM (SELECT 1 FROM member WHERE org_id = $1 AND group_id IN (" + list + ") LIMIT " + params(len(args)+2, 1) + ") k",
		Args: slices.Concat([]any{r.q.Org}, args, []any{limit}),
	})
	return int(n) >= max(limit, 1), err
}

func (r *run) narrow(ctx context.Context, rt *schema.ResourceType, condition, search string) (find.Cond, error) {
	d := &r.tx.db.dialect.Search
	if d.Find == "" { // the database weighs for itself
		return find.Where(condition, search), nil
	}
	limit, err := r.enough(ctx, rt)
	if err != nil {
		return find.Unsure, err
	}
	var rows []int64
	err = r.tx.each(ctx, func(row Rows) error {
		rows = append(rows, row.Int(0))
		return nil
	}, d.Find, search, max(limit, maxList)+1)
	switch {
	case err != nil:
		return find.Unsure, err
	case len(rows) == 0:
		return find.NoRows, nil
	case len(rows) <= maxList:
		_, args := listParams(1, rows)
		return find.Where(fmt.Sprintf(d.Among, find.Marks(len(args))), args...), nil
	case len(rows) > limit:
		return find.AllRows, nil
	}
	return find.Where(condition, search), nil
}

func (r *run) page(ctx context.Context) (*Page, error) {
	var after *find.Position
	if len(r.q.After) > 0 {
		pos, ok := find.DecodePosition(r.q.After, r.orders)
		if !ok {
			return nil, identity.NewError(identity.Invalid, "cursor", "The cursor does not belong to this query.")
		}
		after = &pos
	}
	if r.q.Count <= 0 {
		n, err := r.total(ctx)
		return &Page{Total: n}, err
	}
	if r.custom {
		return r.sorted(ctx, after)
	}
	known := after == nil // the index of the first row is known
	skipped := 0
	if known {
		var err error
		if skipped, err = r.start(ctx); err != nil {
			return nil, err
		}
	} else {
		r.seek(after)
	}
	rows, more, err := r.take(ctx)
	if err != nil {
		return nil, err
	}
	p := &Page{}
	for _, f := range rows {
		p.Resources = append(p.Resources, f.res)
	}
	if more {
		last := rows[len(rows)-1].pos
		p.Next = last.Encode()
		if known {
			if err := r.remember(ctx, skipped+len(rows), last); err != nil {
				return nil, err
			}
		}
	}
	if known && !more && (len(rows) > 0 || skipped < max(r.q.Start, 1)-1 || skipped == 0) {
		p.Total = skipped + len(rows)
		return p, nil
	}
	p.Total, err = r.total(ctx)
	return p, err
}

func (r *run) seek(pos *find.Position) {
	for _, s := range r.streams {
		s.seek(pos)
	}
}

// next takes the first of the rows at which the streams stand, nil at the end.
func (r *run) next(ctx context.Context) (*found, error) {
	var first *stream
	var head *found
	for _, s := range r.streams {
		f, err := s.peek(ctx)
		if err != nil {
			return nil, err
		}
		if f == nil {
			continue
		}
		if head != nil {
			n := f.pos.Compare(head.pos)
			if s.order.Desc {
				n = -n
			}
			if n > 0 {
				continue
			}
		}
		first, head = s, f
	}
	if head != nil {
		first.take()
	}
	return head, nil
}

// take reads one page and reports whether there is more.
func (r *run) take(ctx context.Context) (rows []*found, more bool, err error) {
	for len(rows) < r.q.Count {
		f, err := r.next(ctx)
		if err != nil || f == nil {
			return rows, false, err
		}
		rows = append(rows, f)
	}
	for _, s := range r.streams {
		f, err := s.peek(ctx)
		if err != nil || f != nil {
			return rows, f != nil, err
		}
	}
	return rows, false, nil
}

// key names the query for what is remembered about it. It changes when anything
// may have been written.
func (r *run) key(ctx context.Context) (string, error) {
	if r.name != "" {
		return r.name, nil
	}
	mark, err := r.tx.db.driver.Mark(ctx)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s %q", mark, r.q.Org, r.q.Domain)
	for _, s := range r.streams {
		fmt.Fprintf(&b, " %p", s.rt)
		if s.expr != nil {
			b.WriteString(s.expr.String())
		}
	}
	sum := sha256.Sum256([]byte(b.String())) // a filter may be long, and many are remembered
	r.name = string(sum[:])
	return r.name, nil
}

// total counts all matches. Counting a filter is remembered for a moment, as
// every page of a list asks for it.
func (r *run) total(ctx context.Context) (int, error) {
	counted := slices.ContainsFunc(r.streams, func(s *stream) bool { return s.match.SQL != "" || !s.exact() })
	var key string
	if counted && !r.tx.write {
		var err error
		if key, err = r.key(ctx); err != nil {
			return 0, err
		}
		if n, ok := r.tx.db.totals.get(key); ok {
			return n, nil
		}
	}
	sum := 0
	for _, s := range r.streams {
		n, err := s.total(ctx)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	if key != "" {
		r.tx.db.totals.put(key, sum, totalAge)
	}
	return sum, nil
}

// sorted makes one page of an order that no index has: it reads all matches.
func (r *run) sorted(ctx context.Context, after *find.Position) (*Page, error) {
	var all []find.Position
	for _, s := range r.streams {
		s.order, s.objects = find.Order{Ref: s.order.Ref, Custom: true}, true
		s.seek(nil)
		for {
			f, err := s.peek(ctx)
			if err != nil {
				return nil, err
			}
			if f == nil {
				break
			}
			s.take()
			pos := find.Position{ID: f.res.ID, Absent: true}
			if leaf := filter.Leaf(s.order.Ref); leaf != nil {
				key, ok := find.ValueKey(leaf, filter.SortValue(f.obj, s.order.Ref))
				pos.Key, pos.Absent = key, !ok
			}
			all = append(all, pos)
		}
	}
	direction := 1
	if r.q.Desc {
		direction = -1
	}
	slices.SortFunc(all, func(a, b find.Position) int { return direction * a.Compare(b) })
	from := min(max(r.q.Start, 1)-1, len(all))
	if after != nil {
		from, _ = slices.BinarySearchFunc(all, *after, func(a, b find.Position) int {
			if n := direction * a.Compare(b); n != 0 {
				return n
			}
			return -1 // the first one after it
		})
	}
	to := min(from+r.q.Count, len(all))
	p := &Page{Total: len(all)}
	if to < len(all) {
		p.Next = all[to-1].Encode()
	}
	var err error
	p.Resources, err = r.fetch(ctx, all[from:to])
	return p, err
}

// fetch reads the resources at positions.
func (r *run) fetch(ctx context.Context, places []find.Position) ([]*Resource, error) {
	ids := make([]identity.ID, len(places))
	for i, p := range places {
		ids[i] = p.ID
	}
	byID, err := r.tx.GetMany(ctx, r.q.Org, ids)
	list := make([]*Resource, 0, len(ids))
	for _, id := range ids {
		if res := byID[id]; res != nil { // it may have been deleted meanwhile
			list = append(list, res)
		}
	}
	return list, err
}
