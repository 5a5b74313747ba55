package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// together runs fn in several goroutines.
func together(n int, fn func(worker int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { fn(i) })
	}
	all.Wait()
}

// exactlyOnce has many writers count up one title.
func exactlyOnce(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	ann := create(t, db, org, userType, schema.Object{"userName": "ann", "title": "0"})
	const workers, rounds = 8, 20
	together(workers, func(int) {
		for range rounds {
			err := db.Update(t.Context(), func(tx *store.Tx) error {
				seen, err := tx.Get(t.Context(), org, "User", ann.ID)
				if err != nil {
					return err
				}
				doc, err := userType.Load(seen.Doc)
				if err != nil {
					return err
				}
				var n int
				if _, err := fmt.Sscan(doc["title"].(string), &n); err != nil {
					return err
				}
				doc["title"] = fmt.Sprint(n + 1)
				_, err = change(t, db, tx, seen, userType, doc)
				return err
			})
			if err != nil {
				t.Errorf("counting: %v", err)
				return
			}
		}
	})
	got := read(t, db, org, "User", ann.ID)
	if doc, err := userType.Load(got.Doc); err != nil || doc["title"] != fmt.Sprint(workers*rounds) || got.Version != workers*rounds+1 {
		t.Errorf("after %d increments: %v, version %d, %v", workers*rounds, doc["title"], got.Version, err)
	}
}

// totals creates and deletes from many sides, takes the same name from many
// sides, fails on purpose, and folds meanwhile.
func totals(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	const workers, rounds = 8, 15
	together(workers, func(w int) {
		for i := range rounds {
			mine := create(t, db, org, userType, person(fmt.Sprintf("user-%d-%d", w, i)))
			if i%3 == 0 {
				remove(t, db, mine)
			}
			_ = db.Update(t.Context(), func(tx *store.Tx) error {
				return tx.Insert(t.Context(), resource(t, db, org, userType, person(fmt.Sprint("contested-", i))))
			})
			_ = db.Update(t.Context(), func(tx *store.Tx) error {
				if err := tx.Insert(t.Context(), resource(t, db, org, userType, person(fmt.Sprintf("failed-%d-%d", w, i)))); err != nil {
					return err
				}
				return errTest
			})
			if i%5 == 0 {
				if err := db.FoldTallies(t.Context()); err != nil {
					t.Errorf("fold: %v", err)
				}
			}
		}
	})
	want := workers*rounds - workers*5 + rounds
	for range 2 {
		q := queryOf(t, org, "")
		q.Count = 500
		if p := findPage(t, db, q); p.Total != want || len(p.Resources) != want {
			t.Errorf("there are %d users and the total is %d, want %d", len(p.Resources), p.Total, want)
		}
		q.Count = 1
		if p := findPage(t, db, q); p.Total != want {
			t.Errorf("the kept total is %d, want %d", p.Total, want)
		}
		if err := db.FoldTallies(t.Context()); err != nil {
			t.Fatalf("fold: %v", err)
		}
	}
	if p := find(t, db, store.Query{Org: org, Count: 500}, `userName co "failed"`); p.Total != 0 {
		t.Errorf("%d users of failed transactions are there", p.Total)
	}
}

// acknowledged reads on every connection right after each write.
func acknowledged(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	together(16, func(w int) {
		for i := range 10 {
			r := create(t, db, org, userType, person(fmt.Sprintf("user-%d-%d", w, i)))
			if read(t, db, org, "User", r.ID) == nil {
				t.Errorf("user %d of writer %d is acknowledged and not there", i, w)
			}
			p := findPage(t, db, queryOf(t, org, fmt.Sprintf(`userName co "ser-%d-%d"`, w, i)))
			if p.Total == 0 {
				t.Errorf("user %d of writer %d is acknowledged and not found", i, w)
			}
		}
	})
}

func cancelled(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := db.Update(ctx, func(tx *store.Tx) error {
		return tx.Insert(ctx, resource(t, db, org, userType, person("ann")))
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update of a caller who is gone returned %v", err)
	}
	if db.Driver() == "sqlite" {
		leaveQueue(t, db)
	}
	if p := findPage(t, db, queryOf(t, org, "")); p.Total != 0 {
		t.Errorf("a caller who was gone has written %d users", p.Total)
	}
	create(t, db, org, userType, person("ann"))
}

// leaveQueue gives up while another writer is at work.
func leaveQueue(t *testing.T, db *store.DB) {
	at, leave := make(chan struct{}), make(chan struct{})
	var other sync.WaitGroup
	other.Go(func() {
		err := db.Update(t.Context(), func(*store.Tx) error {
			close(at)
			<-leave
			return nil
		})
		if err != nil {
			t.Errorf("the slow writer: %v", err)
		}
	})
	<-at
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := db.Update(ctx, func(*store.Tx) error {
		t.Error("the function of a caller who gave up has run")
		return nil
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting behind a slow writer ended with %v", err)
	}
	close(leave)
	other.Wait()
}
