package scim_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/scim"
)

const respondAsync = "Prefer: respond-async"

// work lets the worker carry out what waits.
func (f *fixture) work() {
	f.t.Helper()
	if err := f.async.Work(f.t.Context(), f.server); err != nil {
		f.t.Fatal(err)
	}
}

// later sends a step with respond-async and returns the path of its events.
func (f *fixture) later(s step) (txn, path string) {
	f.t.Helper()
	s.head, s.status, s.empty = respondAsync, 202, true
	s.header = "Preference-Applied: respond-async"
	a := f.run(s)
	txn = a.Header.Get("Set-Txn")
	path, ok := strings.CutPrefix(a.Header.Get("Location"), base)
	if !ok || txn == "" {
		f.t.Fatalf("Set-Txn %q, Location %q", txn, a.Header.Get("Location"))
	}
	f.vars["txn"] = txn
	return txn, path
}

func TestAsync(t *testing.T) {
	f := start(t, async)
	f.run(step{do: "GET /ServiceProviderConfig", has: `{"securityEvents":{"asyncRequest":"request","eventUris":["urn:ietf:params:scim:event:misc:asyncresp"]}}`})
	f.run(step{do: "POST /Users", body: `{"schemas":["$U"],"userName":"u"}`, status: 201, save: "u"})
	_, path := f.later(step{do: "PATCH /Users/{u}", body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"title","value":"T"}]}`})
	f.run(step{do: "GET " + path, status: 202, empty: true})
	f.run(step{do: "GET /Users/{u}", lacks: "title"})
	f.work()
	f.run(step{do: "GET " + path, status: 200, header: "Content-Type: application/json", has: `{"iss":"https://h/scim/v2","txn":"{txn}",
		"sub_id":{"format":"scim","uri":"/Users/{u}"},
		"events":{"urn:ietf:params:scim:event:misc:asyncresp":{"method":"PATCH","version":"W/\"2\"","status":"200","location":"https://h/scim/v2/Users/{u}"}}}`})
	f.run(step{do: "GET " + path, as: "other", status: 404})
	f.run(step{do: "GET " + path, as: "-", status: 401})
	f.run(step{do: "GET /.events/nope", status: 404})
	f.run(step{do: "GET /Users/{u}", has: `{"title":"T"}`})

	_, path = f.later(step{do: "PUT /Users/{u}", body: `{"schemas":["$U"]}`})
	f.work()
	f.run(step{do: "GET " + path, status: 200, has: `{"sub_id":{"uri":"/Users/{u}"},"events":{"urn:ietf:params:scim:event:misc:asyncresp":
		{"method":"PUT","status":"400","response":{"schemas":["$ERR"],"status":"400","scimType":"invalidValue"}}}}`})

	txn, path := f.later(step{do: "POST /Users", body: `{"schemas":["$U"],"userName":"v"}`})
	f.work()
	f.run(step{do: "GET " + path, status: 200, has: `{"sub_id":{"uri":"/Users/` + txn + `"},"events":{"urn:ietf:params:scim:event:misc:asyncresp":{"method":"POST","status":"201"}}}`})
	_, path = f.later(step{do: "DELETE /Users/" + txn})
	f.work()
	f.run(step{do: "GET " + path, has: `{"events":{"urn:ietf:params:scim:event:misc:asyncresp":{"method":"DELETE","status":"204"}}}`})
	f.run(step{do: "GET /Users/" + txn, status: 404})
}

func TestAsyncBulk(t *testing.T) {
	f := start(t, async)
	_, path := f.later(step{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
		{"method":"POST","path":"/Groups","bulkId":"g","data":{"schemas":["$G"],"displayName":"g","members":[{"value":"bulkId:u"}]}},
		{"method":"POST","path":"/Users","bulkId":"u","data":{"schemas":["$U"],"userName":"u"}},
		{"method":"POST","path":"/Users","bulkId":"v","data":{"schemas":["$U"],"userName":"U"}}]}`})
	f.work()
	f.run(step{do: "GET " + path, status: 200, has: `[
		{"txn":"{txn}:0","events":{"urn:ietf:params:scim:event:misc:asyncresp":{"method":"POST","bulkId":"g","status":"201","version":"W/\"1\""}}},
		{"txn":"{txn}:1","events":{"urn:ietf:params:scim:event:misc:asyncresp":{"method":"POST","bulkId":"u","status":"201"}}},
		{"txn":"{txn}:2","sub_id":{"uri":"/Users"},"events":{"urn:ietf:params:scim:event:misc:asyncresp":{"bulkId":"v","status":"409"}}}]`})
	f.run(step{do: "GET /Groups", has: `{"totalResults":1}`})
}

func TestAsyncRefusesAtOnce(t *testing.T) {
	f := start(t, async)
	for _, s := range []step{
		{do: "POST /Users", body: `{`, status: 400},
		{do: "POST /Bulk", body: `{}`, status: 400},
		{do: "POST /Nope", body: `{}`, status: 404},
		{do: "POST /Users", as: "-", body: `{}`, status: 401},
	} {
		s.head = respondAsync
		if a := f.run(s); a.Header.Get("Set-Txn") != "" {
			t.Errorf("%s %s was taken", s.do, s.body)
		}
	}
	f.run(step{do: "GET /Users", head: respondAsync, status: 200})
}

// TestAsyncWait has a worker that is quick enough for a client that waits.
func TestAsyncWait(t *testing.T) {
	f := start(t, async)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				f.async.Work(t.Context(), f.server)
			}
		}
	}()
	wait := "Prefer: respond-async, wait=30"
	f.steps([]step{
		{do: "POST /Users", head: wait, body: `{"schemas":["$U"],"userName":"u"}`, status: 201, has: `{"userName":"u"}`, header: `ETag: W/"1"`, save: "u"},
		{do: "POST /Users", head: wait, body: `{"schemas":["$U"],"userName":"u"}`, status: 409, has: `{"scimType":"uniqueness"}`},
		{do: "PATCH /Users/{u}?attributes=title", head: wait, body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"title","value":"T"}]}`, status: 200, has: `{"title":"T"}`, lacks: "userName"},
		{do: "PATCH /Users/{u}", as: "entra", head: wait, body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"title","value":"V"}]}`, status: 204, empty: true, header: `ETag: W/"3"`},
		{do: "DELETE /Users/{u}", head: wait + "; If-Match: W/\"1\"", status: 412},
		{do: "DELETE /Users/{u}", head: wait, status: 204, empty: true},
		{do: "POST /Bulk", head: wait, body: bulkOf(2), status: 200, has: `{"Operations":[{"status":"201","bulkId":"0"},{"status":"201","bulkId":"1"}]}`},
	})
	close(stop)
	<-done
	f.run(step{do: "POST /Users", head: "Prefer: wait=1, respond-async", body: `{"schemas":["$U"],"userName":"late"}`, status: 202, empty: true})
}

// TestRunTwice repeats what a crash may have cut short: nothing is created
// twice, and the outcome is the same.
func TestRunTwice(t *testing.T) {
	f := start(t)
	c := &scim.Client{ID: "rfc", Base: base, Types: registry(t), Backend: f.backend.For("rfc")}
	for name, req := range map[string]scim.Request{
		"one":  {Txn: "01890a5d-ac96-774b-bcce-b302099a8057", Method: "POST", Path: "/Users", Body: []byte(f.expand(`{"schemas":["$U"],"userName":"one"}`))},
		"bulk": {Txn: "01890a5d-ac96-774b-bcce-b302199a8057", Method: "POST", Path: "/Bulk", Body: []byte(f.expand(bulkOf(3)))},
	} {
		var before string
		for i := range 2 {
			events, err := f.server.Run(t.Context(), c, req)
			if err != nil {
				t.Fatal(err)
			}
			for i := range events {
				events[i].ID, events[i].IssuedAt = "", 0
			}
			text, _ := json.Marshal(events)
			var back []scim.Event
			if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, events) {
				t.Errorf("%s: events come back from JSON as %v, %v, want %v", name, back, err, events)
			}
			if i == 0 {
				before = string(text)
			} else if string(text) != before {
				t.Errorf("%s: the second run says\n%s\nthe first\n%s", name, text, before)
			}
			if !strings.Contains(string(text), `"status":"201"`) {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
	f.run(step{do: "GET /Users", has: `{"totalResults":4}`})
}
