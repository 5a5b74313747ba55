package scim

import (
	"fmt"
	"strings"
	"testing"

	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// BenchmarkBulk sends bulk requests that create 1,000 users each.
func BenchmarkBulk(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.PostgreSQL} {
		b.Run(name, func(b *testing.B) {
			n := newWorld(b, open(b)).tenant("acme", "rfc")
			const size = 1000
			made := 0
			for b.Loop() {
				ops := make([]string, size)
				for i := range ops {
					made++
					ops[i] = fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"%d","data":{"schemas":["%s","%s"],"userName":"user-%[1]d@example.org","externalId":"ext-%[1]d","displayName":"User Number %[1]d","active":true,"name":{"givenName":"User","familyName":"Number %[1]d"},"emails":[{"value":"user-%[1]d@example.org","type":"work","primary":true}],"%[3]s":{"department":"R&D","employeeNumber":"%[1]d"}}}`, made, userURN, enterpriseURN)
				}
				a := n.call("POST", "/Bulk", bulk(ops...)).want(200)
				if strings.Count(a.text, `"status":"201"`) != size {
					b.Fatal(a.text[:500])
				}
			}
			b.ReportMetric(float64(made)/b.Elapsed().Seconds(), "users/s")
		})
	}
}

// BenchmarkPatch changes one attribute of one user, one request after another.
func BenchmarkPatch(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.PostgreSQL} {
		b.Run(name, func(b *testing.B) {
			n := newWorld(b, open(b)).tenant("acme", "entra")
			id := n.user("ann")
			i := 0
			for b.Loop() {
				i++
				n.call("PATCH", "/Users/"+id, patchBody(fmt.Sprintf(`{"op":"replace","path":"title","value":"T%d"}`, i))).want(204)
			}
		})
	}
}
