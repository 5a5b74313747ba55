package probe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-id/muster/scim/probe"
)

// examine runs the probe and returns the results by id.
func examine(t *testing.T, target probe.Target) (map[string]probe.Result, probe.Summary) {
	t.Helper()
	results := map[string]probe.Result{}
	sum, err := probe.Run(t.Context(), target, func(r probe.Result) {
		if _, twice := results[r.ID]; twice {
			t.Errorf("two results for %s", r.ID)
		}
		results[r.ID] = r
	})
	if err != nil {
		t.Fatalf("Run(%s) = %v", target.URL, err)
	}
	return results, sum
}

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

const scimJSON = "application/scim+json"

// TestNonsense examines servers that answer everything with one thing. No check
// may pass that could fail, and none may break.
func TestNonsense(t *testing.T) {
	everything := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"itemsPerPage":1,` +
		`"startIndex":1,"id":"1","userName":"x","active":"yes","members":{"value":1},"emails":[1,"x",null],"meta":[],"status":400,` +
		`"Resources":[{"id":7},null,"x"],"Operations":{"a":1},"nextCursor":5,"patch":true,"filter":[],"attributes":9}`
	for name, h := range map[string]http.Handler{
		"an empty object":              answer(200, scimJSON, `{}`),
		"an object of everything":      answer(200, scimJSON, everything),
		"the same as an error":         answer(400, scimJSON, everything),
		"the same, created":            answer(201, scimJSON, everything),
		"an array":                     answer(200, scimJSON, `[1,2,3]`),
		"null":                         answer(200, scimJSON, `null`),
		"half an object":               answer(200, scimJSON, `{"Resources":[`),
		"deep nesting":                 answer(200, scimJSON, strings.Repeat(`{"a":[`, 20000)),
		"a web page":                   answer(200, "text/html", `<html>hello</html>`),
		"bytes":                        answer(200, scimJSON, "\xff\xfe\x00"),
		"a server error":               answer(500, "text/plain", "boom"),
		"no content":                   answer(204, "", ""),
		"a redirect to itself":         http.RedirectHandler("/", http.StatusFound),
		"an error of the right form":   answer(404, scimJSON, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"No."}`),
		"a status that does not match": answer(400, scimJSON, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":400,"scimType":"invalidFilter"}`),
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(h)
			defer srv.Close()
			results, sum := examine(t, probe.Target{URL: srv.URL + "/scim/v2", Token: "t", SecondToken: "u", OtherToken: "v"})
			for id, r := range results {
				if strings.Contains(r.Detail, "broke") {
					t.Errorf("%s: %s", id, r.Detail)
				}
				if r.Status == probe.Fail && r.Detail == "" {
					t.Errorf("%s fails and does not say why", id)
				}
				if r.Status == probe.Pass && !mayPass(name, id) {
					t.Errorf("%s passes: %s", id, r.Title)
				}
			}
			if sum.Failed == 0 {
				t.Errorf("nothing failed; %s", sum)
			}
		})
	}
}

// mayPass names what a server that always says the same thing does rightly.
func mayPass(server, id string) bool {
	switch server {
	case "an empty object", "an object of everything":
		return id == "O10" // quick
	case "an error of the right form":
		return id == "P29" || id == "P64" || id == "P65" || id == "B20.2" // 404 is right
	case "a status that does not match", "the same as an error":
		return false
	}
	return false
}

// TestSlowServer examines servers that do not end.
func TestSlowServer(t *testing.T) {
	release := make(chan struct{})
	once := sync.OnceFunc(func() { close(release) })
	for name, h := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-release
		},
		"an endless answer": func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", scimJSON)
			chunk := bytes.Repeat([]byte(" "), 1<<16)
			for {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(h)
			defer srv.Close()
			results, sum := examine(t, probe.Target{URL: srv.URL, Only: []string{"P14", "P26"}, Timeout: 200 * time.Millisecond})
			if sum.Failed != 2 {
				t.Errorf("%v, want two failures", results)
			}
			once()
		})
	}
}

func TestUnreachable(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	_, sum := examine(t, probe.Target{URL: srv.URL, Token: "t"})
	if sum.Passed > 0 || sum.Failed == 0 || sum.OK() {
		t.Errorf("a server that is not there: %s", sum)
	}
}

// TestPatience asks a server that says 429 twice before each answer.
func TestPatience(t *testing.T) {
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%3 != 0 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		answer(200, scimJSON, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"filter":{"supported":true}}`)(w, r)
	}))
	defer srv.Close()
	results, _ := examine(t, probe.Target{URL: srv.URL, Only: []string{"Q17"}})
	if r := results["Q17"]; r.Status != probe.Pass {
		t.Errorf("Q17 = %s %s, want pass after waiting", r.Status, r.Detail)
	}
}

// TestCancelledRunDeletes ends a run while a user is being made, so that the
// probe does not learn its id from the answer.
func TestCancelledRunDeletes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	users, made := map[string]string{}, 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Content-Type", scimJSON)
		switch {
		case r.Method == "POST":
			var u struct{ UserName string }
			json.NewDecoder(r.Body).Decode(&u)
			made++
			id := fmt.Sprint(made)
			users[id] = u.UserName
			if made == 2 {
				cancel()
				time.Sleep(50 * time.Millisecond)
			}
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"id":%q}`, id)
		case r.Method == "DELETE":
			delete(users, strings.TrimPrefix(r.URL.Path, "/Users/"))
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Path == "/Users":
			list := []any{}
			for id, name := range users {
				list = append(list, map[string]string{"id": id, "userName": name})
			}
			json.NewEncoder(w).Encode(map[string]any{"Resources": list})
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer srv.Close()
	users["other"] = "somebody else"
	sum, err := probe.Run(ctx, probe.Target{URL: srv.URL, Only: []string{"P04"}}, nil)
	if err == nil {
		t.Error("Run after cancel = nil, want an error")
	}
	if made != 2 || len(users) != 1 || users["other"] == "" || len(sum.Left) > 0 {
		t.Errorf("made %d, there are still %v, left %v", made, users, sum.Left)
	}
}

func TestTarget(t *testing.T) {
	for name, target := range map[string]probe.Target{
		"no URL":             {},
		"no scheme":          {URL: "host/scim/v2"},
		"another scheme":     {URL: "ftp://host/scim"},
		"an unknown dialect": {URL: "http://host", Dialect: "vendor"},
		"an unknown check":   {URL: "http://host", Only: []string{"Z99"}},
		"a broken pattern":   {URL: "http://host", Only: []string{"B[0"}},
		"a bad second URL":   {URL: "http://host", OtherURL: ":", OtherToken: "x"},
	} {
		if _, err := probe.Run(t.Context(), target, nil); err == nil {
			t.Errorf("%s: Run = nil, want an error", name)
		}
	}
}

// TestEverythingHasACheck holds the table to the list of what must be examined.
func TestEverythingHasACheck(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	results, _ := examine(t, probe.Target{URL: srv.URL})
	for prefix, n := range map[string]int{"B": 20, "P": 68, "Q": 25, "O": 12} {
		for i := 1; i <= n; i++ {
			r, ok := results[fmt.Sprintf("%s%02d", prefix, i)]
			if !ok || r.Title == "" || r.Ref == "" {
				t.Errorf("no check with title and reference for %s%02d", prefix, i)
			}
		}
	}
}

func TestOnly(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	results, _ := examine(t, probe.Target{URL: srv.URL, Only: []string{"b14", "O1*"}, SecondToken: "x"})
	for _, id := range []string{"B14", "B14.2", "B14.3", "O10", "O11", "O12"} {
		if _, ok := results[id]; !ok {
			t.Errorf("%s was not chosen", id)
		}
	}
	if _, ok := results["B01"]; ok {
		t.Error("B01 was chosen")
	}
}

func TestPrinters(t *testing.T) {
	results := []probe.Result{
		{ID: "B01", Title: "One", Ref: "RFC 7644 3.4", Status: probe.Pass, Duration: 1500 * time.Microsecond},
		{ID: "B02", Title: "Two", Ref: "RFC 7644 3.5", Status: probe.Fail, Detail: "GET /Users: came 500; expected 200"},
		{ID: "B03", Title: "Three", Ref: "RFC 7644 3.6", Status: probe.Skip, Detail: "not offered: Bulk"},
	}
	var text bytes.Buffer
	for _, r := range results {
		probe.Text(&text)(r)
	}
	want := "pass  B01    One (RFC 7644 3.4)\nfail  B02    Two (RFC 7644 3.5)\n      GET /Users: came 500; expected 200\n" +
		"skip  B03    Three (RFC 7644 3.6): not offered: Bulk\n"
	if text.String() != want {
		t.Errorf("Text wrote\n%s\nwant\n%s", text.String(), want)
	}
	sum := probe.Summary{Passed: 1, Failed: 1, Skipped: 1, Left: []string{"/Users/1"}}
	if got := sum.String(); got != "1 passed, 1 failed, 1 skipped; could not delete /Users/1" {
		t.Errorf("Summary.String() = %q", got)
	}
	var buf bytes.Buffer
	if err := probe.WriteJSON(&buf, results, sum); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Results []map[string]any `json:"results"`
		Summary map[string]any   `json:"summary"`
	}
	if err := json.Unmarshal(buf.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Results) != 3 || back.Results[0]["ms"] != 1.5 || back.Results[1]["status"] != "fail" || back.Summary["failed"] != 1.0 {
		t.Errorf("WriteJSON wrote %s", buf.String())
	}
}
