package scim_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/schema"
)

// broken is a backend that fails, or panics without an error.
type broken struct {
	scim.Backend
	err error
}

func (b broken) fail() error {
	if b.err == nil {
		panic("broken backend")
	}
	return b.err
}

func (b broken) Query(context.Context, scim.Query) (*scim.Page, error) { return nil, b.fail() }

func (b broken) Get(context.Context, *schema.ResourceType, string, scim.Want) (*scim.Resource, error) {
	return nil, b.fail()
}

func (b broken) Write(context.Context, []scim.Unit, int) ([][]scim.Written, error) {
	return nil, b.fail()
}

// wrapped puts something between the server and the backend.
func wrapped(wrap func(scim.Backend) scim.Backend) setting {
	return func(_ *fixture, o *scim.Options) {
		inner := o.Authenticate
		o.Authenticate = func(r *http.Request) (*scim.Client, error) {
			c, err := inner(r)
			if c != nil {
				c.Backend = wrap(c.Backend)
			}
			return c, err
		}
	}
}

func TestBackendFails(t *testing.T) {
	steps := []step{
		{do: "GET /Users/1"}, {do: "GET /Users"},
		{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a"}`},
		{do: "DELETE /Users/1"},
		{do: "POST /Bulk", body: bulkOf(2)},
	}
	for name, c := range map[string]struct {
		err    error
		status int
		logged string
	}{
		"an error of ours":           {errors.New("disk on fire"), 500, "disk on fire"},
		"a panic":                    {nil, 500, "broken backend"},
		"an Error with its header":   {&scim.Error{Status: 429, Detail: "Slow down.", Header: http.Header{"Retry-After": {"7"}}}, 429, ""},
		"a client that has gone":     {context.Canceled, 503, ""},
		"an Error without a status":  {&scim.Error{Detail: "?"}, 500, ""},
		"a wrapped mistake of users": {errors.Join(schema.Errorf(schema.Unique, "Taken.")), 409, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			f := start(t, wrapped(func(b scim.Backend) scim.Backend { return broken{b, c.err} }),
				func(_ *fixture, o *scim.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			for _, s := range steps {
				s.status = c.status
				a := f.run(s)
				if c.status == 500 && bytes.Contains(a.raw, []byte("fire")) {
					t.Errorf("%s tells the client %s", s.do, a.raw)
				}
				if c.status == 429 && a.Header.Get("Retry-After") != "7" {
					t.Errorf("%s has no Retry-After", s.do)
				}
			}
			if !strings.Contains(log.String(), c.logged) {
				t.Errorf("the log does not say %q:\n%s", c.logged, log.String())
			}
		})
	}
}

func TestAuthenticateFails(t *testing.T) {
	for name, c := range map[string]struct {
		client *scim.Client
		err    error
		status int
	}{
		"no client":          {nil, nil, 401},
		"a refusal":          {nil, &scim.Error{Status: 403, Detail: "Not you."}, 403},
		"a failure of ours":  {nil, errors.New("no database"), 500},
		"a throttled client": {nil, &scim.Error{Status: 429, Detail: "Slow down."}, 429},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, func(_ *fixture, o *scim.Options) {
				o.Public = nil
				o.Authenticate = func(*http.Request) (*scim.Client, error) { return c.client, c.err }
			})
			f.run(step{do: "GET /Users", status: c.status})
			f.run(step{do: "GET /ServiceProviderConfig", status: c.status})
		})
	}
}

// TestRace lets two writers who saw the same version write at once.
func TestRace(t *testing.T) {
	f := start(t)
	f.run(ann)
	for range 20 {
		a := f.run(step{do: "GET /Users/{u}", status: 200})
		count := map[int]int{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, title := range []string{"x", "y"} {
			wg.Go(func() {
				s := step{do: "PATCH /Users/{u}", head: "If-Match: " + a.Header.Get("ETag"),
					body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"nickName","value":"` + strings.Trim(a.Header.Get("ETag"), `W/"`) + title + `"}]}`}
				got := f.answerTo(f.request(s)).StatusCode
				mu.Lock()
				defer mu.Unlock()
				count[got]++
			})
		}
		wg.Wait()
		if count[200] != 1 || count[412] != 1 {
			t.Fatalf("two writers with one ETag got %v, want one 200 and one 412", count)
		}
	}
}

// flaky lets so many calls of Write pass and fails the others.
type flaky struct {
	scim.Backend
	passes *int
}

func (b flaky) Write(ctx context.Context, units []scim.Unit, maxErrors int) ([][]scim.Written, error) {
	if *b.passes--; *b.passes < 0 {
		return nil, errors.New("disk full")
	}
	return b.Backend.Write(ctx, units, maxErrors)
}

// TestBulkFailsHalfway has a backend that fails after the first batch: what is
// done is told, what was tried is an error, the rest is not tried.
func TestBulkFailsHalfway(t *testing.T) {
	passes := 1
	f := start(t, limits(scim.Limits{Batch: 2}), wrapped(func(b scim.Backend) scim.Backend { return flaky{b, &passes} }))
	f.run(step{do: "POST /Bulk", body: bulkOf(6), status: 200,
		has: `{"Operations":[{"status":"201"},{"status":"201"},{"status":"500","response":{"status":"500"}},{"status":"500"}]}`})
	f.run(step{do: "POST /Bulk", body: bulkOf(6), status: 500})
}

// TestRunFails has a backend that fails under a worker: the request stays to be
// tried again, and a second run completes it. A panic would come again, so it
// becomes the outcome.
func TestRunFails(t *testing.T) {
	passes := 1
	var broke bool
	f := start(t, async, limits(scim.Limits{Batch: 2}), wrapped(func(b scim.Backend) scim.Backend {
		if broke {
			return broken{Backend: b}
		}
		return flaky{b, &passes}
	}))
	_, path := f.later(step{do: "POST /Bulk", body: bulkOf(5)})
	if err := f.async.Work(t.Context(), f.server); err == nil {
		t.Fatal("a failing backend left no error")
	}
	f.run(step{do: "GET " + path, status: 202})
	f.run(step{do: "GET /Users", has: `{"totalResults":2}`})
	passes = 100
	f.work()
	a := f.run(step{do: "GET " + path, status: 200})
	for i, e := range a.json.([]any) {
		if status, _ := lookup(e, "events.urn:ietf:params:scim:event:misc:asyncresp.status"); status != "201" {
			t.Errorf("operation %d: status %v after the second run, want 201", i, status)
		}
	}
	f.run(step{do: "GET /Users", has: `{"totalResults":5}`})

	passes = 0
	_, path = f.later(step{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a"}`})
	if err := f.async.Work(t.Context(), f.server); err == nil {
		t.Fatal("a failing backend left no error")
	}
	passes = 1
	f.work()
	f.run(step{do: "GET " + path, status: 200, has: `{"events":{"urn:ietf:params:scim:event:misc:asyncresp":{"status":"201"}}}`})

	broke = true
	for _, s := range []step{{do: "POST /Users", body: `{"schemas":["$U"],"userName":"b"}`}, {do: "POST /Bulk", body: bulkOf(1)}} {
		_, path = f.later(s)
		f.work()
		broke = false
		f.run(step{do: "GET " + path, status: 200, has: `{"events":{"urn:ietf:params:scim:event:misc:asyncresp":{"status":"500","response":{"detail":"Internal error."}}}}`})
		broke = true
	}
}
