package scim_test

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/scim"
)

// TestAnswersStayWithTheClient looks for what keeps answers out of caches, and
// browsers from reading them as something else than JSON.
func TestAnswersStayWithTheClient(t *testing.T) {
	f := start(t)
	f.run(step{do: "POST /Users", body: `{"schemas":["$U"],"userName":"ann"}`, status: 201, save: "u"})
	for phrase, s := range map[string]step{
		"a resource":   {do: "GET /Users/{u}", status: 200},
		"nothing new":  {do: "GET /Users/{u}", head: `If-None-Match: {u.etag}`, status: 304},
		"a list":       {do: "GET /Users", status: 200},
		"a stranger":   {do: "GET /Users", as: "-", status: 401},
		"what it is":   {do: "GET /ServiceProviderConfig", as: "-", status: 200},
		"not there":    {do: "GET /Users/<script>", status: 404},
		"a bulk":       {do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[{"method":"DELETE","path":"/Users/x"}]}`, status: 200},
		"without body": {do: "DELETE /Users/{u}", head: `If-Match: "0"`, status: 412},
	} {
		t.Run(phrase, func(t *testing.T) {
			s.header = "Cache-Control: no-store; X-Content-Type-Options: nosniff"
			f.run(s)
		})
	}
}

// TestBulkReferencesInLongPath sends a path of references alone: resolving one
// must not copy the whole path.
func TestBulkReferencesInLongPath(t *testing.T) {
	f := start(t, limits(scim.Limits{BulkBody: 10 << 20}))
	for phrase, ref := range map[string]string{"known": "a", "unknown": "z"} {
		t.Run(phrase, func(t *testing.T) {
			path := strings.Repeat(`\"bulkId:`+ref+`\"`, 400_000)
			begun := time.Now()
			f.run(step{do: "POST /Bulk", status: 200, body: `{"schemas":["$B"],"Operations":[
				{"method":"POST","path":"/Users","bulkId":"a","data":{"schemas":["$U"],"userName":"` + phrase + `"}},
				{"method":"PATCH","path":"/Users/bulkId:a","data":{"Operations":[{"op":"remove","path":"` + path + `"}]}}]}`,
				has: `{"Operations":[{"status":"201"},{}]}`})
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestPromisedBodiesTakeNoRoom opens many requests that announce a large body
// and send nothing of it.
func TestPromisedBodiesTakeNoRoom(t *testing.T) {
	f := start(t)
	var before, during runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	var ends []*io.PipeWriter
	for i := range 100 {
		r, w := io.Pipe()
		ends = append(ends, w)
		req := f.request(step{do: "POST /Users", body: "x"})
		req.Body, req.ContentLength = r, 4<<20
		go func() {
			defer func() { done <- struct{}{} }()
			if res := f.answerTo(req); res.StatusCode != http.StatusBadRequest {
				t.Errorf("request %d: status %d, want 400", i, res.StatusCode)
			}
		}()
		if _, err := w.Write([]byte("{")); err != nil { // it is being read
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&during)
	if got := during.TotalAlloc - before.TotalAlloc; got > 100<<20 {
		t.Errorf("100 promised bodies took %d MiB", got>>20)
	}
	for _, w := range ends {
		_ = w.CloseWithError(io.ErrUnexpectedEOF) // always nil
		<-done
	}
}
