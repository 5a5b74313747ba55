package scim_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzServe sends anything to the whole server: it answers with something
// below 500, and with JSON.
func FuzzServe(f *testing.F) {
	for _, s := range []step{
		{do: "GET /Users", body: ""},
		{do: `GET /Users?filter=userName eq "a"&sortBy=name.familyName&count=1&cursor=`},
		{do: "POST /Users", body: `{"schemas":["$U"],"userName":"b","emails":[{"value":"x","primary":true}]}`},
		{do: "PUT /Users/{u}", body: `{"schemas":["$U"],"userName":"b"}`},
		{do: "PATCH /Users/{u}", body: `{"schemas":["$P"],"Operations":[{"op":"replace","path":"emails[type eq \"work\"].value","value":"x"}]}`},
		{do: "PATCH /Groups/{g}", body: `{"schemas":["$P"],"Operations":[{"op":"remove","path":"members[value eq \"{u}\"]"}]}`},
		{do: "POST /.search", body: `{"schemas":["$S"],"filter":"meta.resourceType eq \"User\"","count":2,"attributes":["userName"]}`},
		{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[{"method":"POST","path":"/Groups","bulkId":"a","data":{"schemas":["$G"],"displayName":"A","members":[{"value":"bulkId:a"}]}},{"method":"PATCH","path":"/Groups/bulkId:a","data":{"Operations":[{"op":"add","path":"members[value eq \"bulkId:a\"].x","value":"bulkId:b"}]}}]}`},
		{do: "DELETE /Groups/{g}"},
	} {
		method, target, _ := strings.Cut(s.do, " ")
		path, query, _ := strings.Cut(target, "?")
		for _, as := range []string{"rfc", "entra", "strict", "nested"} {
			f.Add(as, method, path, query, `W/"1", *`, s.body)
		}
	}
	f.Fuzz(func(t *testing.T, as, method, path, query, tag, body string) {
		x := start(t)
		x.steps([]step{ann, {do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"g","members":[{"value":"{u}"}]}`, status: 201, save: "g"}})
		r := httptest.NewRequest("GET", "/", strings.NewReader(x.expand(body)))
		r.Method, r.URL.Path, r.URL.RawQuery = method, x.expand(path), encodeQuery(query)
		r.Header.Set("Authorization", "Bearer "+as)
		r.Header.Set("If-Match", tag)
		r.Header.Set("Prefer", tag)
		w := httptest.NewRecorder()
		x.server.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code < 200 {
			t.Fatalf("%s %s?%s as %s = %d\n%s", method, path, query, as, w.Code, w.Body)
		}
		if w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%s %s?%s as %s is not JSON: %s", method, path, query, as, w.Body)
		}
		// Whatever was written can be read.
		for _, s := range []step{{do: "GET /?count=100"}, {do: "GET /Users?count=100&excludedAttributes=title", as: "nested"}, {do: "GET /Groups?count=100&attributes=members"}} {
			if a := x.send(s); a.StatusCode != 200 {
				t.Fatalf("after %s %s: %s = %d %s", method, path, s.do, a.StatusCode, a.raw)
			}
		}
	})
}
