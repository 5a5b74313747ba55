package scim_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/muster-id/muster/scim"
)

var cursorPaging = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"1"}`, status: 201},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"2"}`, status: 201},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"3"}`, status: 201},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"4"}`, status: 201},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"5"}`, status: 201},
	{do: "GET /Users?cursor&count=2", status: 200, has: `{"totalResults":5,"itemsPerPage":2,"Resources":[{"userName":"1"},{"userName":"2"}]}`, lacks: "previousCursor startIndex", save: "p"},
	{do: "GET /Users?cursor={p.next}&count=2&filter=userName pr", status: 400, has: `{"scimType":"invalidCursor"}`},
	{do: "GET /Users?cursor={p.next}&count=2&sortBy=userName", status: 400, has: `{"scimType":"invalidCursor"}`},
	{do: "GET /Groups?cursor={p.next}&count=2", status: 400, has: `{"scimType":"invalidCursor"}`},
	{do: "GET /Users?cursor={p.next}&count=2", as: "other", status: 400, has: `{"scimType":"invalidCursor"}`},
	{do: "GET /Users?cursor={p.next}&count=3", status: 400, has: `{"scimType":"invalidCount"}`},
	{do: "GET /Users?cursor=forged&count=2", status: 400, has: `{"scimType":"invalidCursor"}`},
	{do: "GET /Users?cursor={p.next}A&count=2", status: 400, has: `{"scimType":"invalidCursor"}`},
	{do: "GET /Users?cursor={p.next}&count=2", status: 200, has: `{"totalResults":5,"itemsPerPage":2,"Resources":[{"userName":"3"},{"userName":"4"}]}`, save: "p"},
	{do: "GET /Users?cursor={p.next}&count=2", status: 200, has: `{"totalResults":5,"itemsPerPage":1,"Resources":[{"userName":"5"}]}`, lacks: "nextCursor"},
	{do: "POST /Users/.search", body: `{"schemas":["$S"],"cursor":"","count":3,"sortBy":"userName","sortOrder":"descending"}`, status: 200, has: `{"Resources":[{"userName":"5"},{"userName":"4"},{"userName":"3"}]}`, save: "p"},
	{do: "POST /Users/.search", body: `{"schemas":["$S"],"cursor":"{p.next}","count":3,"sortBy":"userName","sortOrder":"descending"}`, status: 200, has: `{"Resources":[{"userName":"2"},{"userName":"1"}]}`, lacks: "nextCursor"},
	{do: "GET /Users?cursor=&count=5", status: 200, has: `{"itemsPerPage":5}`, lacks: "nextCursor"},
	{do: "GET /Users?cursor&count=0", status: 200, has: `{"totalResults":5,"itemsPerPage":0}`, lacks: "nextCursor Resources"},
	{do: "GET /Users?count=2", status: 200, lacks: "nextCursor"},
}

func TestCursorExpires(t *testing.T) {
	f := start(t, limits(scim.Limits{CursorAge: time.Minute}))
	f.run(step{do: "POST /Bulk", body: bulkOf(3)})
	f.run(step{do: "GET /Users?cursor&count=1", status: 200, save: "p"})
	if !regexp.MustCompile(`^[A-Za-z0-9._~-]+$`).MatchString(f.vars["p.next"]) {
		t.Errorf("cursor %q has characters other than unreserved ones", f.vars["p.next"])
	}
	f.now = f.now.Add(59 * time.Second)
	f.run(step{do: "GET /Users?cursor={p.next}&count=1", status: 200, has: `{"itemsPerPage":1}`})
	f.now = f.now.Add(time.Second)
	f.run(step{do: "GET /Users?cursor={p.next}&count=1", status: 400, has: `{"scimType":"expiredCursor"}`})
	f.run(step{do: "GET /Users?cursor={p.next}&count=1", as: "other", status: 400, has: `{"scimType":"invalidCursor"}`})
}

// TestCursorSurvivesDeletes deletes behind and before the cursor: everybody who
// stays is seen exactly once.
func TestCursorSurvivesDeletes(t *testing.T) {
	for _, sort := range []string{"", "&sortBy=userName", "&sortBy=userName&sortOrder=descending", "&sortBy=title", "&sortBy=meta.created"} {
		f := start(t)
		f.run(step{do: "POST /Bulk", body: bulkOf(200)})
		seen := map[string]int{}
		gone := map[string]bool{}
		next := ""
		for page := 0; ; page++ {
			a := f.run(step{do: "GET /Users?cursor=" + next + "&count=10" + sort, status: 200, save: "p"})
			list, _ := lookup(a.json, "Resources")
			var ids []string
			for _, r := range list.([]any) {
				id, _ := lookup(r, "id")
				seen[id.(string)]++
				ids = append(ids, id.(string))
			}
			if next = f.vars["p.next"]; next == "" {
				break
			}
			for _, id := range ids[len(ids)-3:] { // the last one is where the cursor stands
				f.run(step{do: "DELETE /Users/" + id, status: 204})
				gone[id] = true
			}
			// somebody further on as well
			a = f.run(step{do: fmt.Sprintf("GET /Users?startIndex=%d&count=1", 100)})
			if list, _ := lookup(a.json, "Resources"); len(list.([]any)) == 1 {
				id, _ := lookup(list.([]any)[0], "id")
				f.run(step{do: "DELETE /Users/" + id.(string), status: 204})
				gone[id.(string)] = true
			}
		}
		a := f.run(step{do: "GET /Users?count=1000"})
		list, _ := lookup(a.json, "Resources")
		for _, r := range list.([]any) {
			id, _ := lookup(r, "id")
			if n := seen[id.(string)]; n != 1 {
				t.Errorf("sort %q: a user who stayed was seen %d times", sort, n)
			}
		}
		for id, n := range seen {
			if n > 1 {
				t.Errorf("sort %q: user %s was seen %d times", sort, id, n)
			}
		}
		if len(gone) < 30 {
			t.Errorf("sort %q: only %d users were deleted on the way", sort, len(gone))
		}
	}
}
