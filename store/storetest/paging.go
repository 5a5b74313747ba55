package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

func filterOf(t testing.TB, text string) map[*schema.ResourceType]filter.Expr {
	t.Helper()
	return map[*schema.ResourceType]filter.Expr{userType: bound(t, userType, text)}
}

// populate stores n users, many in a transaction.
func populate(t testing.TB, db *store.DB, org identity.OrgID, n int) []*store.Resource {
	t.Helper()
	var all []*store.Resource
	for i := range n {
		r := resource(t, db, org, userType, schema.Object{
			"userName": fmt.Sprintf("user%05d", i), "displayName": fmt.Sprintf("Mx %d", i%7), "title": fmt.Sprint("t", i%3),
		})
		all = append(all, r)
	}
	for part := range slices.Chunk(all, 500) {
		update(t, db, func(tx *store.Tx) error {
			for _, r := range part {
				if err := tx.Insert(t.Context(), r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all
}

// cursorWalk deletes and inserts while several walks are under way.
func cursorWalk(t *testing.T, db *store.DB) {
	n, churn := 20_000, 1000
	if testing.Short() {
		n, churn = 3000, 150
	}
	org := identity.NewOrgID()
	all := populate(t, db, org, n)
	var walks, writer sync.WaitGroup
	begun := make(chan struct{})
	writer.Go(func() {
		<-begun
		for i := range churn {
			remove(t, db, all[i*(n/churn)])
			create(t, db, org, userType, person(fmt.Sprint("new", i)))
		}
	})
	byName, _ := userType.Find("", "displayName", "")
	var once sync.Once
	for _, c := range []struct {
		text string
		sort map[*schema.ResourceType]schema.Ref
	}{
		{"", nil},
		{"", map[*schema.ResourceType]schema.Ref{userType: byName}},
		{`userName sw "user"`, nil},
	} {
		walks.Go(func() {
			q := queryOf(t, org, c.text)
			q.Sort, q.Count = c.sort, 200
			times := map[identity.ID]int{}
			for page := 0; ; page++ {
				p := findPage(t, db, q)
				for _, r := range p.Resources {
					times[r.ID]++
				}
				if page == 2 {
					once.Do(func() { close(begun) })
				}
				if q.After = p.Next; p.Next == nil {
					break
				}
			}
			for i, r := range all {
				survived := i%(n/churn) != 0 || i/(n/churn) >= churn
				if k := times[r.ID]; k > 1 || survived && k != 1 {
					t.Errorf("a walk of %q saw user %d %d times", c.text, i, k)
					return
				}
			}
		})
	}
	walks.Wait()
	writer.Wait()
}

func findPage(t testing.TB, db *store.DB, q store.Query) *store.Page {
	t.Helper()
	var p *store.Page
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		p, err = tx.Query(t.Context(), q)
		return err
	})
	if err != nil {
		t.Fatalf("query: %v", err)
	}
	return p
}

func startIndexes(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	all := populate(t, db, org, 1000)
	expect := func(q store.Query, want []*store.Resource) {
		t.Helper()
		from := min(max(q.Start, 1)-1, len(want))
		to := min(from+q.Count, len(want))
		p := findPage(t, db, q)
		if p.Total != len(want) || len(p.Resources) != to-from {
			t.Fatalf("from %d: %d of %d, want %d of %d", q.Start, len(p.Resources), p.Total, to-from, len(want))
		}
		for i, r := range p.Resources {
			if r.ID != want[from+i].ID {
				t.Fatalf("from %d: row %d is another", q.Start, i)
			}
		}
	}
	q := queryOf(t, org, "")
	q.Count = 100
	for start := 1; start <= 1101; start += 100 { // as clients walk: pages are remembered
		q.Start = start
		expect(q, all)
	}
	for _, q.Start = range []int{0, -5, 7, 512, 999, 1000, 1001, 5000} {
		expect(q, all)
	}
	// What is remembered must not outlive a write.
	remove(t, db, all[0])
	all = all[1:]
	for _, q.Start = range []int{101, 201, 900} {
		expect(q, all)
	}
	var third []*store.Resource
	for i, r := range all {
		if (i+1)%3 == 0 {
			third = append(third, r)
		}
	}
	q.Filter = filterOf(t, `title eq "t0"`)
	for _, q.Start = range []int{1, 101, 201, 301, 150, 333, 334} {
		expect(q, third)
	}
}

func foreignCursor(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	populate(t, db, org, 20)
	modified, _ := userType.Find("", "meta", "lastModified")
	for what, q := range map[string]store.Query{
		"nothing":             {After: []byte{0}},
		"too little":          {After: make([]byte, 16)},
		"a flag out of range": {After: append([]byte{7}, make([]byte, 16)...)},
		"a key where none is": {After: make([]byte, 30)},
		"no instant":          {After: make([]byte, 17), Sort: map[*schema.ResourceType]schema.Ref{userType: modified}},
	} {
		q.Org, q.Types, q.Count = org, []*schema.ResourceType{userType}, 5
		err := db.View(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Query(t.Context(), q)
			return err
		})
		wantKind(t, "a cursor with "+what, err, identity.Invalid)
	}
}

func costLimit(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	populate(t, db, org, 300)
	title, _ := userType.Find("", "title", "")
	for what, c := range map[string]struct {
		q    store.Query
		want identity.Kind
	}{
		"a scan above the limit":           {store.Query{Examine: 299, Filter: filterOf(t, `title eq "none"`)}, identity.TooCostly},
		"a scan within the limit":          {store.Query{Examine: 300, Filter: filterOf(t, `title eq "none"`)}, ""},
		"a scan narrowed by an index":      {store.Query{Examine: 10, Filter: filterOf(t, `title eq "t0" and userName eq "user00003"`)}, ""},
		"an order made from the documents": {store.Query{Examine: 299, Sort: map[*schema.ResourceType]schema.Ref{userType: title}}, identity.TooCostly},
		"no scan at all":                   {store.Query{Examine: 1, Filter: filterOf(t, `userName sw "user"`)}, ""},
	} {
		c.q.Org, c.q.Types, c.q.Count = org, []*schema.ResourceType{userType}, 50
		err := db.View(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Query(t.Context(), c.q)
			return err
		})
		wantKind(t, what, err, c.want)
	}
}

func cancelledScan(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	populate(t, db, org, 200)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := db.View(ctx, func(tx *store.Tx) error {
		_, err := tx.Query(ctx, queryOf(t, org, `title eq "none"`))
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a query of a caller who is gone returned %v", err)
	}
	if p := findPage(t, db, queryOf(t, org, "")); p.Total != 200 {
		t.Errorf("afterwards the total is %d, want 200", p.Total)
	}
}
