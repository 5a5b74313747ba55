package scim

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

func TestAsync(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		n, other := w.tenant("acme", "rfc"), w.tenant("other", "rfc")
		neighbour := w.connect(n.org, "second", "rfc")
		id := n.user("ann")
		accepted := n.call("PATCH", "/Users/"+id, patchBody(`{"op":"add","path":"title","value":"Dr"}`), "Prefer", "respond-async").want(202)
		txn := accepted.header.Get("Set-Txn")
		if txn == "" || accepted.text != "" || accepted.header.Get("Preference-Applied") != "respond-async" {
			t.Fatalf("202 with %v %q", accepted.header, accepted.text)
		}
		post := `{"method":"POST","path":"/Users","bulkId":"%s","data":{"schemas":["` + userURN + `"],"userName":"%s"}}`
		list := n.call("POST", "/Bulk", bulk(fmt.Sprintf(post, "a", "b1"), fmt.Sprintf(post, "b", "ANN"), fmt.Sprintf(post, "c", "b3")), "Prefer", "respond-async").want(202)
		n.call("GET", "/Users/"+id, "").want(200).is(nil, "title")
		n.call("GET", "/.events/"+txn, "").want(202)

		// The process ends here without having done anything; another one, over
		// the same database, does it.
		after := newWorld(t, db)
		ctx, stop := context.WithCancel(context.Background())
		worked := make(chan struct{})
		go func() { defer close(worked); after.door.Work(ctx) }()
		defer func() { stop(); <-worked }()
		var event answer
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if event = n.call("GET", "/.events/"+list.header.Get("Set-Txn"), ""); event.status != 202 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the requests were not carried out")
			}
		}
		n.call("GET", "/Users/"+id, "").want(200).is("Dr", "title")
		n.call("GET", "/.events/"+txn, "").want(200).is(txn, "txn").is("/Users/"+id, "sub_id", "uri").
			is("200", "events", "urn:ietf:params:scim:event:misc:asyncresp", "status")
		n.call("GET", "/Users?count=0", "").want(200).is(3, "totalResults")
		other.call("GET", "/.events/"+txn, "").want(404)
		neighbour.call("GET", "/.events/"+txn, "").want(404)
	})
}
