package scim

import (
	"fmt"
	"strings"
	"testing"

	protocol "github.com/muster-id/muster/scim"
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

// TestFilterWithManyFinds sends a filter whose terms each find many rows by the
// trigram index: a database takes only so many parameters.
func TestFilterWithManyFinds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newWorld(t, db).tenant("acme", "rfc")
		n.bulkUsers("somebody", 250)
		term := `userName co "somebody"`
		filter := term + strings.Repeat(" or "+term, 399)
		n.call("POST", "/Users/.search", `{"schemas":["`+searchURN+`"],"count":1,"filter":"`+strings.ReplaceAll(filter, `"`, `\"`)+`"}`).
			want(200).is(250, "totalResults")
	})
}

// TestLargeResources lets patches make resources larger than any body, and asks
// for many of them at once.
func TestLargeResources(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newWorld(t, db).tenant("acme", "rfc")
		ids := n.bulkUsers("u", 20)
		grow := func(id string, from int) answer {
			mails := make([]string, 60)
			for i := range mails {
				mails[i] = fmt.Sprintf(`{"value":"m%d@x.test","display":"%s"}`, from+i, strings.Repeat("d", 60_000))
			}
			return n.call("PATCH", "/Users/"+id+"?attributes=id", patchBody(`{"op":"add","path":"emails","value":[`+strings.Join(mails, ",")+`]}`))
		}
		for _, id := range ids {
			grow(id, 0).want(200)
		}
		grow(ids[0], 100).want(400, "invalidValue")
		n.call("GET", "/Users?count=1", "").want(200)
		n.call("GET", "/Users?count=20", "").want(400, "tooMany")
		n.call("GET", "/Users?count=20&sortBy=title", "").want(400, "tooMany")
	})
}

// TestManyRequestsForLater fills the queue of requests that are answered later,
// which all organisations share.
func TestManyRequestsForLater(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		n, other := w.tenant("acme", "rfc"), w.tenant("other", "rfc")
		send := func(n *tenant) answer {
			return n.call("DELETE", "/Users/0199c0de-0000-7000-8000-000000000000", "", "Prefer", "respond-async")
		}
		for range 100 {
			send(n).want(202)
		}
		send(n).want(429)
		send(other).want(202)
	})
}

// TestSearchTakesItsTime gives a search no time at all.
func TestSearchTakesItsTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		n := w.tenant("acme", "rfc")
		id := n.user("ann")
		w.door.server = protocol.New(protocol.Options{Authenticate: w.door.authenticate, Limits: protocol.Limits{ListTime: 1}})
		n.call("GET", "/Users?filter=title pr", "").want(503)
		n.call("GET", "/Users/"+id, "").want(200)
	})
}
