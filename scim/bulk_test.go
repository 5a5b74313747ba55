package scim_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/muster-id/muster/scim"
)

var bulkForward = []step{
	{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
		{"method":"POST","path":"/Groups","bulkId":"g","data":{"schemas":["$G"],"displayName":"T","members":[{"type":"User","value":"bulkId:u"}]}},
		{"method":"POST","path":"/Users","bulkId":"u","data":{"schemas":["$U"],"userName":"alice"}},
		{"method":"PATCH","path":"/Users/bulkId:u","data":{"schemas":["$P"],"Operations":[{"op":"add","path":"title","value":"Dr"}]}}]}`, status: 200,
		has: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],"Operations":[
			{"method":"POST","bulkId":"g","version":"W/\"1\"","status":"201"},
			{"method":"POST","bulkId":"u","version":"W/\"1\"","status":"201"},
			{"method":"PATCH","version":"W/\"2\"","status":"200"}]}`},
	{do: `GET /Users?filter=userName eq "alice" and title eq "Dr" and groups.display eq "T"`, status: 200, has: `{"totalResults":1}`},
	{do: `GET /Groups?attributes=displayName,members.type,members.display`, status: 200, has: `{"Resources":[{"displayName":"T","members":[{"type":"User","display":"alice"}]}]}`},
}

var bulkCircular = []step{
	{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
		{"method":"POST","path":"/Groups","bulkId":"a","data":{"schemas":["$G"],"displayName":"A","members":[{"type":"Group","value":"bulkId:b"}]}},
		{"method":"POST","path":"/Groups","bulkId":"b","data":{"schemas":["$G"],"displayName":"B","members":[{"type":"Group","value":"bulkId:a"}]}},
		{"method":"POST","path":"/Users","bulkId":"m1","data":{"schemas":["$U","$E"],"userName":"m1","$E":{"manager":{"value":"bulkId:m2"}}}},
		{"method":"POST","path":"/Users","bulkId":"m2","data":{"schemas":["$U","$E"],"userName":"m2","$E":{"manager":{"value":"bulkId:m1"}}}}]}`, status: 200,
		has: `{"Operations":[{"status":"201"},{"status":"201"},{"status":"201"},{"status":"201"}]}`},
	{do: `GET /Users?filter=userName eq "m1"`, has: `{"totalResults":1}`},
	{do: `GET /Groups?sortBy=displayName&attributes=members,members.display`, status: 200, has: `{"Resources":[{"members":[{"display":"B","type":"Group"}]},{"members":[{"display":"A","type":"Group"}]}]}`},
}

var bulkFailOnErrors = []step{
	{do: "POST /Bulk", body: `{"schemas":["$B"],"failOnErrors":1,"Operations":[
		{"method":"POST","path":"/Users","bulkId":"x1","data":{"schemas":["$U"]}},
		{"method":"POST","path":"/Users","bulkId":"x2","data":{"schemas":["$U"],"userName":"x2"}}]}`, status: 200,
		has: `{"Operations":[{"method":"POST","bulkId":"x1","status":"400","response":{"schemas":["$ERR"],"status":"400","scimType":"invalidValue"}}]}`},
	{do: "GET /Users", has: `{"totalResults":0}`},
	{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
		{"method":"POST","path":"/Users","bulkId":"d","data":{"schemas":["$U"],"userName":"d1"}},
		{"method":"POST","path":"/Users","bulkId":"d","data":{"schemas":["$U"],"userName":"d2"}},
		{"method":"POST","path":"/Users","data":{"schemas":["$U"],"userName":"d3"}}]}`, status: 200,
		has: `{"Operations":[{"status":"201"},{"status":"400","response":{"scimType":"invalidSyntax"}},{"status":"400","response":{"scimType":"invalidSyntax"}}]}`},
}

// bulkOf is a bulk request that creates n users.
func bulkOf(n int) string {
	var b strings.Builder
	b.WriteString(`{"schemas":["$B"],"Operations":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"method":"POST","path":"/Users","bulkId":"%d","data":{"schemas":["$U"],"userName":"u%d"}}`, i, i)
	}
	b.WriteString(`]}`)
	return b.String()
}

func TestBulkLimits(t *testing.T) {
	for name, c := range map[string]struct {
		limits scim.Limits
		body   string
		status int
		detail string
	}{
		"as many operations as allowed": {scim.Limits{}, bulkOf(1000), 200, ""},
		"one operation too many":        {scim.Limits{}, bulkOf(1001), 413, "The number of operations exceeds the maxOperations (1000)."},
		"a payload too large":           {scim.Limits{BulkBody: 300}, bulkOf(20), 413, "The size of the request exceeds the maxPayloadSize (300)."},
		"a lower limit":                 {scim.Limits{BulkOperations: 2}, bulkOf(3), 413, "The number of operations exceeds the maxOperations (2)."},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, limits(c.limits))
			a := f.run(step{do: "POST /Bulk", body: c.body, status: c.status})
			if got, _ := lookup(a.json, "detail"); c.detail != "" && got != c.detail {
				t.Errorf("detail %q, want %q", got, c.detail)
			}
			total := `{"totalResults":0}`
			if c.status == 200 {
				total = `{"totalResults":1000}`
			}
			f.run(step{do: "GET /Users?count=0", has: total})
		})
	}
}

// TestReadStopsAtLimit sends a body without a length that never ends.
func TestReadStopsAtLimit(t *testing.T) {
	f := start(t, limits(scim.Limits{Body: 1000, BulkBody: 1000}))
	for _, do := range []string{"POST /Users", "POST /Bulk", "POST /.search"} {
		r := f.request(step{do: do, body: " "})
		endless := &endless{}
		r.Body = endless
		r.ContentLength = -1
		if got := f.answerTo(r).StatusCode; got != 413 {
			t.Errorf("%s with an endless body = %d, want 413", do, got)
		}
		if endless.read > 4096 {
			t.Errorf("%s read %d bytes of an endless body", do, endless.read)
		}
	}
}

type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}
func (e *endless) Close() error { return nil }

func TestBulk(t *testing.T) {
	user := step{do: "POST /Users", body: `{"schemas":["$U"],"userName":"u"}`, status: 201, save: "u"}
	for name, steps := range map[string][]step{
		"later operations see earlier ones": {user,
			{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
				{"method":"PUT","path":"/Users/{u}","data":{"schemas":["$U"],"userName":"u","title":"1"}},
				{"method":"PATCH","path":"/Users/{u}","data":{"schemas":["$P"],"Operations":[{"op":"add","path":"nickName","value":"n"}]}},
				{"method":"delete","path":"/Users/{u}"},
				{"method":"PATCH","path":"/Users/{u}","data":{"schemas":["$P"],"Operations":[{"op":"add","path":"nickName","value":"n"}]}},
				{"method":"POST","path":"/Users","bulkId":"again","data":{"schemas":["$U"],"userName":"u"}}]}`, status: 200,
				has: `{"Operations":[{"status":"200","version":"W/\"2\""},{"status":"200","version":"W/\"3\""},{"status":"204","method":"DELETE"},
					{"status":"404","location":"https://h/scim/v2/Users/{u}"},{"status":"201"}]}`}},
		"one failure does not stop the others": {
			{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
				{"method":"POST","path":"/Users","bulkId":"1","data":{"schemas":["$U"],"userName":"a"}},
				{"method":"POST","path":"/Users","bulkId":"2","data":{"schemas":["$U"],"userName":"A"}},
				{"method":"POST","path":"/Users","bulkId":"3","data":{"schemas":["$U"],"userName":"b"}}]}`, status: 200,
				has: `{"Operations":[{"status":"201"},{"bulkId":"2","status":"409","response":{"status":"409","scimType":"uniqueness"}},{"status":"201"}]}`, lacks: "x"}},
		"errors count in order": {
			{do: "POST /Bulk", body: `{"schemas":["$B"],"failOnErrors":2,"Operations":[
				{"method":"POST","path":"/Users","bulkId":"1","data":{"schemas":["$U"],"userName":"a"}},
				{"method":"POST","path":"/Users","bulkId":"2","data":{"schemas":["$U"],"userName":"A"}},
				{"method":"POST","path":"/Users","bulkId":"3","data":{"schemas":["$U"]}},
				{"method":"POST","path":"/Users","bulkId":"4","data":{"schemas":["$U"],"userName":"b"}}]}`, status: 200,
				has: `{"Operations":[{"status":"201"},{"status":"409"},{"status":"400"}]}`},
			{do: "GET /Users", has: `{"totalResults":1}`}},
		"wrong operations": {user,
			{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
				{"method":"GET","path":"/Users/{u}"},
				{"method":"POST","path":"/Nope","bulkId":"1","data":{}},
				{"method":"DELETE","path":"/Nope/1"},
				{"method":"PUT","path":"/Users","data":{}},
				{"method":"POST","path":"/Users/{u}","bulkId":"2","data":{"schemas":["$U"],"userName":"x"}},
				{"method":"POST","path":"/Users","bulkId":"3"},
				{"method":"DELETE","path":"/Users/nope"},
				{"method":"DELETE","path":7},
				5,
				{"method":"PATCH","path":"/Users/{u}","data":{"schemas":["$U"],"Operations":[{"op":"add","path":"title","value":"x"}]}},
				{"method":"DELETE","path":"/Groups/{u}"}]}`, status: 200,
				has: `{"Operations":[{"method":"GET","status":"400"},{"status":"404"},{"status":"404"},{"status":"400"},{"status":"400"},{"status":"400"},
					{"status":"404","location":"https://h/scim/v2/Users/nope"},{"status":"400"},{"status":"400"},{"status":"400"},{"status":"404"}]}`}},
		"PATCH data without schemas, or only the operations": {user,
			{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
				{"method":"PATCH","path":"/Users/{u}","data":{"Operations":[{"op":"add","path":"title","value":"x"}]}},
				{"method":"PATCH","path":"https://h/scim/v2/Users/{u}?attributes=id","data":[{"op":"add","path":"title","value":"y"}]}]}`, status: 200,
				has: `{"Operations":[{"status":"200"},{"status":"200","version":"W/\"3\""}]}`}},
		"references anywhere": {user,
			{do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"g","members":[{"value":"{u}"}]}`, status: 201, save: "g"},
			{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
				{"method":"PATCH","path":"/Groups/{g}","data":{"schemas":["$P"],"Operations":[{"op":"add","path":"members","value":[{"value":"bulkId:n","$ref":"/Users/bulkId:n"}]}]}},
				{"method":"PATCH","path":"/Groups/{g}","data":{"schemas":["$P"],"Operations":[{"op":"remove","path":"members[value eq \"bulkId:n\" or value eq \"{u}\"]"}]}},
				{"method":"PUT","path":"/Users/{u}","data":{"schemas":["$U","$E"],"userName":"u","$E":{"manager":{"value":"bulkId:n"}}}},
				{"method":"POST","path":"/Users","bulkId":"n","data":{"schemas":["$U"],"userName":"n"}}]}`, status: 200,
				has: `{"Operations":[{"status":"200"},{"status":"200"},{"status":"200"},{"status":"201"}]}`},
			{do: "GET /Groups/{g}", status: 200, lacks: "members", has: `{"meta":{"version":"W/\"3\""}}`},
			{do: `GET /Users?filter=userName eq "n"`, save: "list"},
		},
		"what refers to nothing fails alone": {
			{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
				{"method":"POST","path":"/Groups","bulkId":"g","data":{"schemas":["$G"],"displayName":"g","members":[{"value":"bulkId:none"}]}},
				{"method":"PATCH","path":"/Users/bulkId:none","data":{"Operations":[{"op":"add","path":"title","value":"x"}]}},
				{"method":"POST","path":"/Groups","bulkId":"h","data":{"schemas":["$G"],"displayName":"h"}}]}`, status: 200,
				has: `{"Operations":[{"status":"409"},{"status":"409"},{"status":"201"}]}`}},
		"what refers to a failed one fails with it": {
			{do: "POST /Users", body: `{"schemas":["$U"],"userName":"taken"}`, status: 201},
			{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
				{"method":"POST","path":"/Users","bulkId":"bad","data":{"schemas":["$U"],"userName":"taken"}},
				{"method":"POST","path":"/Users","bulkId":"worse","data":{"schemas":["$U"]}},
				{"method":"POST","path":"/Users","bulkId":"m","data":{"schemas":["$U","$E"],"userName":"m","$E":{"manager":{"value":"bulkId:bad"}}}},
				{"method":"PATCH","path":"/Users/bulkId:bad","data":{"Operations":[{"op":"add","path":"title","value":"x"}]}},
				{"method":"DELETE","path":"/Users/bulkId:worse"},
				{"method":"POST","path":"/Users","bulkId":"n","data":{"schemas":["$U","$E"],"userName":"n","$E":{"manager":{"value":"bulkId:m"}}}}]}`, status: 200,
				has: `{"Operations":[{"status":"409","response":{"scimType":"uniqueness"}},{"status":"400"},{"status":"409"},{"status":"409"},{"status":"409"},{"status":"409"}]}`},
			{do: "GET /Users", has: `{"totalResults":1}`}},
		"a circle falls as a whole": {
			{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
				{"method":"POST","path":"/Groups","bulkId":"a","data":{"schemas":["$G"],"displayName":"A","members":[{"value":"bulkId:b"}]}},
				{"method":"POST","path":"/Groups","bulkId":"b","data":{"schemas":["$G"],"displayName":"B","members":[{"value":"bulkId:a"},{"value":"nobody"}]}},
				{"method":"POST","path":"/Groups","bulkId":"c","data":{"schemas":["$G"],"displayName":"C","members":[{"value":"bulkId:c"}]}}]}`, status: 200,
				has: `{"Operations":[{"status":"409"},{"status":"400","response":{"scimType":"invalidValue"}},{"status":"201"}]}`},
			{do: "GET /Groups", has: `{"totalResults":1,"Resources":[{"displayName":"C"}]}`}},
		"requests that are not bulk requests": {
			{do: "POST /Bulk", body: `{"Operations":[]}`, status: 400, has: `{"scimType":"invalidSyntax"}`},
			{do: "POST /Bulk", body: `{"schemas":["$B"]}`, status: 400, has: `{"scimType":"invalidSyntax"}`},
			{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":{}}`, status: 400, has: `{"scimType":"invalidSyntax"}`},
			{do: "POST /Bulk", body: `{"schemas":["$B"],"failOnErrors":"1","Operations":[{}]}`, status: 400, has: `{"scimType":"invalidValue"}`},
			{do: "POST /Bulk", body: `[]`, status: 400, has: `{"scimType":"invalidSyntax"}`}},
	} {
		t.Run(name, func(t *testing.T) { start(t).steps(steps) })
	}
}

// TestBulkBatches runs the same bulk with batches of every small size: the
// outcome must not depend on where they end.
func TestBulkBatches(t *testing.T) {
	body := `{"schemas":["$B"],"Operations":[
		{"method":"POST","path":"/Groups","bulkId":"g","data":{"schemas":["$G"],"displayName":"G","members":[{"value":"bulkId:u1"},{"value":"bulkId:h"}]}},
		{"method":"POST","path":"/Users","bulkId":"u1","data":{"schemas":["$U"],"userName":"1"}},
		{"method":"POST","path":"/Groups","bulkId":"h","data":{"schemas":["$G"],"displayName":"H","members":[{"value":"bulkId:g"}]}},
		{"method":"POST","path":"/Users","bulkId":"u2","data":{"schemas":["$U"],"userName":"1"}},
		{"method":"PATCH","path":"/Groups/bulkId:g","data":{"Operations":[{"op":"add","path":"members","value":[{"value":"bulkId:u3"}]}]}},
		{"method":"PATCH","path":"/Groups/bulkId:g","data":{"Operations":[{"op":"remove","path":"members[value eq \"bulkId:u3\"]"}]}},
		{"method":"DELETE","path":"/Users/bulkId:u1"},
		{"method":"POST","path":"/Users","bulkId":"u3","data":{"schemas":["$U"],"userName":"3"}}]}`
	for size := 1; size < 10; size++ {
		f := start(t, limits(scim.Limits{Batch: size}))
		f.run(step{do: "POST /Bulk", body: body, status: 200,
			has: `{"Operations":[{"status":"201"},{"status":"201"},{"status":"201"},{"status":"409"},{"status":"200"},{"status":"200"},{"status":"204"},{"status":"201"}]}`})
		f.run(step{do: "GET /Groups?sortBy=displayName&attributes=displayName,members.display", has: `{"Resources":[{"displayName":"G","members":[{"display":"H"}]},{"displayName":"H","members":[{"display":"G"}]}]}`})
	}
}

// counting counts the calls of Write.
type counting struct {
	scim.Backend
	calls *int
}

func (b counting) Write(ctx context.Context, units []scim.Unit, maxErrors int) ([][]scim.Written, error) {
	*b.calls++
	return b.Backend.Write(ctx, units, maxErrors)
}

// TestBulkGroupsWrites holds a bulk to few calls of the backend, each of which
// may be one durable commit.
func TestBulkGroupsWrites(t *testing.T) {
	members := []string{`{"method":"POST","path":"/Groups","bulkId":"g","data":{"schemas":["$G"],"displayName":"g"}}`}
	managers := []string{`{"method":"POST","path":"/Users","bulkId":"0","data":{"schemas":["$U"],"userName":"0"}}`}
	for i := range 20 {
		members = append(members,
			fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"%d","data":{"schemas":["$U"],"userName":"%d"}}`, i, i),
			fmt.Sprintf(`{"method":"PATCH","path":"/Groups/bulkId:g","data":{"Operations":[{"op":"add","path":"members","value":[{"value":"bulkId:%d"}]}]}}`, i))
		managers = append(managers, fmt.Sprintf(
			`{"method":"POST","path":"/Users","bulkId":"%d","data":{"schemas":["$U","$E"],"userName":"%d","$E":{"manager":{"value":"bulkId:%d"}}}}`, i+1, i+1, i/10*10))
	}
	for name, c := range map[string]struct {
		ops   string
		calls int
	}{
		"independent":              {bulkOf(1000), 2},
		"members as they come":     {`{"schemas":["$B"],"Operations":[` + strings.Join(members, ",") + `]}`, 1},
		"managers come before all": {`{"schemas":["$B"],"Operations":[` + strings.Join(managers, ",") + `]}`, 3},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			f := start(t, wrapped(func(b scim.Backend) scim.Backend { return counting{b, &calls} }))
			a := f.run(step{do: "POST /Bulk", body: c.ops, status: 200})
			if strings.Contains(string(a.raw), `"response"`) {
				t.Errorf("something failed: %s", a.raw)
			}
			if calls != c.calls {
				t.Errorf("%d calls of Write, want %d", calls, c.calls)
			}
		})
	}
}

// The limits that ServiceProviderConfig names (RFC 7644 section 3.7.4) admit a
// thousand users of 1.5 KB each.
func TestBulkOfAThousandUsers(t *testing.T) {
	f := start(t)
	padding := `,"title":"` + strings.Repeat("x", 1400) + `"}}`
	a := f.run(step{do: "POST /Bulk", body: strings.ReplaceAll(bulkOf(1000), "}}", padding), status: 200})
	if done, _ := lookup(a.json, "Operations"); len(done.([]any)) != 1000 {
		t.Errorf("%d operations were answered, want 1000", len(done.([]any)))
	}
	f.run(step{do: "GET /Users?count=0", has: `{"totalResults":1000}`})
}
