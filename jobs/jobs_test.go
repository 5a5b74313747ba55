package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

var errTest = errors.New("not this time")

// A clock goes as far as it is told.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.at.Load()) }

func (c *clock) add(d time.Duration) { c.at.Add(d.Milliseconds()) }

type desk struct {
	*Service
	db    *store.DB
	clock *clock
	org   identity.OrgID
}

func open(t testing.TB, db *store.DB) *desk {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{1}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{}
	c.at.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixMilli())
	return &desk{New(Options{DB: db, Keys: keys, Now: c.now}), db, c, identity.NewOrgID()}
}

func (d *desk) add(t testing.TB, kind string, body any) identity.Job {
	t.Helper()
	err := d.db.Update(t.Context(), func(tx *store.Tx) error {
		return d.Add(t.Context(), tx, NewJob{Org: d.org, Kind: kind, Note: "a note", Body: body})
	})
	if err != nil {
		t.Fatal(err)
	}
	return d.job(t)
}

// job returns the newest job.
func (d *desk) job(t testing.TB) identity.Job {
	t.Helper()
	var list []identity.Job
	err := d.db.View(t.Context(), func(tx *store.Tx) (err error) {
		list, err = tx.Jobs(t.Context(), d.org, "", identity.ID{}, 1)
		return err
	})
	if err != nil || len(list) != 1 {
		t.Fatalf("the newest job: %v, %v", list, err)
	}
	return list[0]
}

func (d *desk) turn(t testing.TB, h map[string]Handler) int {
	t.Helper()
	var kinds []string
	for k := range h {
		kinds = append(kinds, k)
	}
	n, err := d.round(t.Context(), kinds, h)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestJobIsDone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := open(t, db)
		j := d.add(t, "mail", map[string]string{"to": "ann"})
		if bytes.Contains(j.Sealed, []byte("ann")) {
			t.Error("the body of a job is stored as it is")
		}
		var got string
		n := d.turn(t, map[string]Handler{"mail": func(_ context.Context, j identity.Job, body []byte) error {
			var v map[string]string
			err := json.Unmarshal(body, &v)
			got = v["to"]
			return err
		}})
		if n != 1 || got != "ann" {
			t.Errorf("%d jobs were done, the body says %q", n, got)
		}
		if j = d.job(t); j.Finished.IsZero() || j.Failed || j.Tries != 1 {
			t.Errorf("a job that is done: %+v", j)
		}
	})
}

func TestJobIsTriedAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := open(t, db)
		d.add(t, "mail", nil)
		tries := 0
		h := map[string]Handler{"mail": func(context.Context, identity.Job, []byte) error { tries++; return errTest }}
		wait := 10 * time.Second
		for i := range maxTries {
			if n := d.turn(t, h); n != 1 {
				t.Fatalf("try %d: %d jobs were due", i+1, n)
			}
			j := d.job(t)
			if i == maxTries-1 {
				if !j.Failed || j.Finished.IsZero() || j.Error != errTest.Error() {
					t.Errorf("after %d tries: %+v", tries, j)
				}
				break
			}
			due := j.Due.Sub(d.clock.now())
			if due < wait || due > wait+wait/2 || j.Failed {
				t.Errorf("after try %d it is due in %v, want %v and up to a half more", i+1, due, wait)
			}
			if n := d.turn(t, h); n != 0 {
				t.Errorf("after try %d it is done before it is due", i+1)
			}
			d.clock.add(due)
			wait *= 2
		}
		d.clock.add(24 * time.Hour)
		if n := d.turn(t, h); n != 0 || tries != maxTries {
			t.Errorf("a job was tried %d times, want %d", tries, maxTries)
		}
	})
}

func TestHopelessJob(t *testing.T) {
	for phrase, h := range map[string]Handler{
		"a Give": func(context.Context, identity.Job, []byte) error { return Give{errTest} },
		"a Give inside": func(context.Context, identity.Job, []byte) error {
			return errors.Join(errors.New("so"), Give{errTest})
		},
	} {
		d := open(t, storetest.SQLite(t))
		d.add(t, "mail", nil)
		d.turn(t, map[string]Handler{"mail": h})
		if j := d.job(t); !j.Failed || !strings.Contains(j.Error, errTest.Error()) {
			t.Errorf("%s: %+v, want it given up", phrase, j)
		}
	}
	d := open(t, storetest.SQLite(t))
	j := d.add(t, "mail", nil)
	err := d.db.Update(t.Context(), func(tx *store.Tx) error {
		j.ID, j.Kind = identity.NewID(), "call"
		return tx.InsertJob(t.Context(), j)
	})
	if err != nil {
		t.Fatal(err)
	}
	called := false
	d.turn(t, map[string]Handler{"call": func(context.Context, identity.Job, []byte) error { called = true; return nil }})
	if j := d.job(t); called || !j.Failed {
		t.Errorf("a body sealed for another kind: %+v, the handler was called: %v", j, called)
	}
}

func TestPanicIsAFailure(t *testing.T) {
	d := open(t, storetest.SQLite(t))
	d.add(t, "mail", nil)
	d.turn(t, map[string]Handler{"mail": func(context.Context, identity.Job, []byte) error { panic("oh") }})
	if j := d.job(t); j.Failed || !strings.Contains(j.Error, "panicked") || j.Tries != 1 {
		t.Errorf("after a panic: %+v", j)
	}
}

func TestDeadWorkerLosesItsClaim(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := open(t, db)
		d.add(t, "mail", nil)
		ctx, stop := context.WithCancel(t.Context())
		_, err := d.round(ctx, []string{"mail"}, map[string]Handler{"mail": func(ctx context.Context, _ identity.Job, _ []byte) error {
			stop()
			return ctx.Err()
		}})
		if err != nil {
			t.Fatal(err)
		}
		h := map[string]Handler{"mail": func(context.Context, identity.Job, []byte) error { return nil }}
		if n := d.turn(t, h); n != 0 {
			t.Error("a claimed job is done by somebody else")
		}
		d.clock.add(lease)
		if n := d.turn(t, h); n != 1 {
			t.Error("a job whose claim has run out is not done")
		}
		if j := d.job(t); j.Finished.IsZero() || j.Tries != 2 {
			t.Errorf("after the second worker: %+v", j)
		}
	})
}

// Two processes work at the same time while jobs are added.
func TestWork(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		one, two := open(t, db), open(t, db)
		one.Service.clock, two.Service.clock = time.Now, time.Now
		ctx, stop := context.WithCancel(t.Context())
		var lock sync.Mutex
		done := map[identity.ID]int{}
		const jobs = 40
		all := make(chan struct{})
		h := map[string]Handler{"mail": func(_ context.Context, j identity.Job, _ []byte) error {
			lock.Lock()
			defer lock.Unlock()
			if done[j.ID]++; len(done) == jobs {
				close(all)
			}
			return nil
		}}
		var workers sync.WaitGroup
		for _, d := range []*desk{one, two} {
			workers.Go(func() {
				if err := d.Work(ctx, h); err != nil {
					t.Errorf("Work: %v", err)
				}
			})
		}
		start := time.Now()
		for range jobs {
			one.add(t, "mail", nil)
		}
		select {
		case <-all:
		case <-time.After(20 * time.Second):
			t.Error("the jobs are not done")
		}
		if took := time.Since(start); took > look {
			t.Errorf("it took %v: nobody was woken", took)
		}
		stop()
		workers.Wait()
		for id, n := range done {
			if n != 1 {
				t.Errorf("job %s was done %d times", id, n)
			}
		}
	})
}
