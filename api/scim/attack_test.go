package scim

import (
	"fmt"
	"strings"
	"testing"

	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// bulkUsers makes n users and returns their ids.
func (n *tenant) bulkUsers(prefix string, count int) []string {
	n.t.Helper()
	ops := make([]string, count)
	for i := range ops {
		ops[i] = fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"%d","data":{"schemas":["%s"],"userName":"%s%d"}}`, i, userURN, prefix, i)
	}
	a := n.call("POST", "/Bulk", `{"schemas":["`+bulkURN+`"],"Operations":[`+strings.Join(ops, ",")+`]}`).want(200)
	ids := make([]string, count)
	for i := range ids {
		at, _ := a.get("Operations", i, "location").(string)
		ids[i] = at[strings.LastIndexByte(at, '/')+1:]
	}
	return ids
}

// TestManyFiltersOverManyMembers sends a patch whose every operation looks at
// all members of a group: while that is done nobody else can write.
func TestManyFiltersOverManyMembers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newWorld(t, db).tenant("acme", "rfc")
		ids := n.bulkUsers("u", 300)
		g := n.group("staff", ids...)
		remove := func(name string) string { return `{"op":"remove","path":"members[display eq \"` + name + `\"]"}` }
		many := make([]string, 10_000)
		for i := range many {
			many[i] = remove("nobody")
		}
		n.call("PATCH", "/Groups/"+g, patchBody(many...)).want(400, "tooMany")
		n.call("GET", "/Groups/"+g, "").want(200).is("W/\"1\"", "meta", "version")
		// A few may.
		n.call("PATCH", "/Groups/"+g, patchBody(remove("u1"), remove("u2"), remove("u3"))).want(200)
		if got := len(n.call("GET", "/Groups/"+g, "").values("members", "value")); got != 297 {
			t.Errorf("%d members, want 297", got)
		}
	})
}
