package directory

import (
	"fmt"
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store/storetest"
)

// BenchmarkCreate makes users as a bulk request does, 500 in one call.
func BenchmarkCreate(b *testing.B) {
	d := started(b, storetest.SQLite(b))
	root, err := d.Root(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	by := cli
	by.Org, by.Domain = root.ID, "bench"
	rt := schema.Standard().TypeByName("User")
	const size = 500
	n := 0
	for b.Loop() {
		units := make([]Unit, size)
		for i := range units {
			n++
			units[i] = Unit{{Method: Create, Type: rt, ID: identity.NewID(), Doc: person(n)}}
		}
		out, err := d.Write(b.Context(), by, units, 0)
		if err != nil || out[size-1][0].Err != nil {
			b.Fatal(err, out[size-1][0].Err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "users/s")
}

func person(n int) schema.Object {
	name := fmt.Sprintf("user-%d@example.org", n)
	return schema.Object{
		"schemas": []any{schema.UserURN, schema.EnterpriseURN}, "userName": name, "externalId": fmt.Sprint("ext-", n),
		"displayName": fmt.Sprintf("User Number %d", n), "active": true,
		"name":               schema.Object{"givenName": "User", "familyName": fmt.Sprintf("Number %d", n)},
		"emails":             []any{schema.Object{"value": name, "type": "work", "primary": true}},
		schema.EnterpriseURN: schema.Object{"department": "R&D", "employeeNumber": fmt.Sprint(n)},
	}
}
