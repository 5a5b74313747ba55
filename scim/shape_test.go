package scim_test

import (
	"net/http"
	"testing"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/schema"
)

// speaking gives every client a dialect.
func speaking(d schema.Dialect) setting {
	return func(_ *fixture, o *scim.Options) {
		authenticate := o.Authenticate
		o.Dialect = d
		o.Authenticate = func(r *http.Request) (*scim.Client, error) {
			c, err := authenticate(r)
			if err == nil {
				c.Dialect = d
			}
			return c, err
		}
	}
}

// The shapes of answers that a dialect may ask for are data: each has its test,
// and together they are what vendors' own SCIM looks like.
func TestListKey(t *testing.T) {
	start(t, speaking(schema.Dialect{ListKey: "resources"})).steps([]step{
		{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a"}`, status: 201},
		{do: "GET /Users", status: 200, has: `{"totalResults":1,"itemsPerPage":1,"startIndex":1,"resources":[{"userName":"a"}]}`, lacks: "Resources"},
		{do: "POST /.search", body: `{"schemas":["$S"]}`, status: 200, has: `{"resources":[{"userName":"a"}]}`, lacks: "Resources"},
		{do: "GET /Users?count=0", status: 200, has: `{"totalResults":1}`, lacks: "resources Resources"},
		{do: "GET /ResourceTypes", status: 200, has: `{"resources":[{"id":"User"},{"id":"Group"}]}`, lacks: "Resources"},
		{do: "GET /ResourceTypes", as: "-", status: 200, has: `{"totalResults":2}`, lacks: "Resources"},
	})
	start(t).run(step{do: "GET /Users", status: 200, has: `{"Resources":[]}`, lacks: "resources"}) // RFC 7644 section 3.4.2
}

func TestErrorCodes(t *testing.T) {
	d := schema.Dialect{ErrorCodes: map[schema.Fault]int{"": 100, schema.InvalidValue: 1000}}
	start(t, speaking(d)).steps([]step{
		{do: "POST /Users", body: `{"schemas":["$U"]}`, status: 400, has: `{"status":"400","scimType":"invalidValue","errorCode":1000}`},
		{do: "POST /Users", body: `{`, status: 400, has: `{"scimType":"invalidSyntax","errorCode":0}`},
		{do: "GET /Users/none", status: 404, has: `{"errorCode":100}`},
		{do: "GET /Users", as: "-", status: 401, has: `{"errorCode":100}`},
		{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[{"method":"DELETE","path":"/Users/none"}]}`, status: 200,
			has: `{"Operations":[{"status":"404","response":{"status":"404","errorCode":100}}]}`},
	})
	f := start(t, speaking(d), func(_ *fixture, o *scim.Options) {
		o.Authenticate = func(*http.Request) (*scim.Client, error) {
			return nil, &scim.Error{Status: 400, Fault: schema.InvalidValue, Detail: "'roleId' specified does not exist.", Code: 1292}
		}
	})
	f.run(step{do: "GET /Users", status: 400, has: `{"scimType":"invalidValue","errorCode":1292}`})
	start(t).run(step{do: "GET /Users/none", status: 404, lacks: "errorCode"}) // RFC 7644 section 3.12
}

func TestMediaType(t *testing.T) {
	const own = "application/json+scim"
	f := start(t, speaking(schema.Dialect{MediaType: own}))
	for accept, want := range map[string]string{
		"-":                     own,
		"*/*":                   own,
		own:                     own,
		own + ", text/html":     own,
		"application/scim+json": "application/scim+json",
		"application/json":      "application/json",
	} {
		f.run(step{do: "GET /Users", head: "Accept: " + accept, status: 200, header: "Content-Type: " + want})
		f.run(step{do: "GET /Schemas", head: "Accept: " + accept, as: "-", status: 200, header: "Content-Type: " + want})
	}
	f.run(step{do: "GET /Users", head: "Accept: text/html", status: 406})
	f.run(step{do: "GET /Users/none", head: "Accept: " + own, status: 404, header: "Content-Type: " + own})
	f.run(step{do: "POST /Users", head: "Accept: -; Content-Type: " + own, body: `{"schemas":["$U"],"userName":"a"}`, status: 201, header: "Content-Type: " + own})
	// RFC 7644 section 3.8 knows no other type.
	start(t).run(step{do: "POST /Users", head: "Content-Type: " + own, body: `{"schemas":["$U"],"userName":"a"}`, status: 415})
	start(t).run(step{do: "GET /Users", head: "Accept: " + own, status: 406})
}

func TestPageSize(t *testing.T) {
	f := start(t, speaking(schema.Dialect{PageSize: 10}), limits(scim.Limits{MaxPage: 12}))
	f.run(step{do: "POST /Bulk", body: bulkOf(15), status: 200})
	f.steps([]step{
		{do: "GET /Users", has: `{"totalResults":15,"itemsPerPage":10}`},
		{do: "POST /Users/.search", body: `{"schemas":["$S"]}`, has: `{"totalResults":15,"itemsPerPage":10}`},
		{do: "GET /Users?count=11", has: `{"itemsPerPage":11}`},
		{do: "GET /Users?count=15", has: `{"itemsPerPage":12}`},
		{do: "GET /ServiceProviderConfig", has: `{"pagination":{"defaultPageSize":10,"maxPageSize":12}}`},
		{do: "GET /Users?cursor=", has: `{"itemsPerPage":10}`, save: "p"},
		{do: "GET /Users?cursor={p.next}", has: `{"itemsPerPage":5}`, lacks: "nextCursor"},
	})
	f = start(t, speaking(schema.Dialect{PageSize: 10}), limits(scim.Limits{MaxPage: 3}))
	f.run(step{do: "POST /Bulk", body: bulkOf(5), status: 200})
	f.run(step{do: "GET /Users", has: `{"totalResults":5,"itemsPerPage":3}`})
}

// TestVendorShape has all of them at once, in the nested form.
func TestVendorShape(t *testing.T) {
	d := schema.RFC
	d.Form, d.ListKey, d.MediaType, d.PageSize = schema.Nested, "resources", "application/json+scim", 1
	d.ErrorCodes = map[schema.Fault]int{}
	start(t, speaking(d)).steps([]step{
		{do: "POST /Users", head: "Accept: -", body: `{"schemas":["$U","$E"],"$U":{"userName":"a"},"$E":{"department":"R"}}`, status: 201, save: "a",
			has: `{"$U":{"userName":"a"},"$E":{"department":"R"}}`, lacks: "userName $U.department", header: "Content-Type: application/json+scim"},
		{do: "POST /Users", body: `{"schemas":["$U"],"$U":{"userName":"A"}}`, status: 409, has: `{"scimType":"uniqueness","errorCode":0}`},
		{do: "POST /Users", body: `{"schemas":["$U"],"userName":"b"}`, status: 201},
		{do: "GET /Users", has: `{"totalResults":2,"itemsPerPage":1,"resources":[{"id":"{a}","$U":{"userName":"a"}}]}`},
		{do: "PATCH /Users/{a}", body: `{"schemas":["$P"],"Operations":[{"op":"replace","value":{"$U":{"title":"T"}}}]}`, status: 200, has: `{"$U":{"userName":"a","title":"T"}}`},
		{do: `GET /Users?filter=$U:title eq "t"&attributes=$U:title`, has: `{"resources":[{"$U":{"title":"T"}}]}`},
	})
}
