package scim

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

func TestIfMatchHasOneWinner(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newWorld(t, db).tenant("acme", "rfc")
		created := n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"ann"}`).want(201)
		const racers = 50
		status := make([]int, racers)
		var wg sync.WaitGroup
		for i := range racers {
			wg.Go(func() {
				status[i] = n.call("PATCH", "/Users/"+created.id(), patchBody(fmt.Sprintf(`{"op":"replace","path":"title","value":"T%d"}`, i)),
					"If-Match", created.etag()).status
			})
		}
		wg.Wait()
		count := map[int]int{}
		for _, s := range status {
			count[s]++
		}
		if diff := cmp.Diff(map[int]int{200: 1, 412: racers - 1}, count); diff != "" {
			t.Errorf("statuses (-want +got):\n%s", diff)
		}
		n.call("GET", "/Users/"+created.id(), "").is(`W/"2"`, "meta", "version")
	})
}

func TestConcurrentWritesWithoutConditionAllCount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newWorld(t, db).tenant("acme", "rfc")
		group := n.group("everyone")
		const writers = 24
		ids := make([]string, writers)
		for i := range ids {
			ids[i] = n.user(fmt.Sprintf("u%d", i))
		}
		var wg sync.WaitGroup
		for _, id := range ids {
			wg.Go(func() {
				n.call("PATCH", "/Groups/"+group, patchBody(`{"op":"add","path":"members","value":[{"value":"`+id+`"}]}`)).want(200)
			})
		}
		wg.Wait()
		got := n.call("GET", "/Groups/"+group, "").want(200)
		if len(got.values("members", "value")) != writers {
			t.Errorf("%d members, want %d", len(got.values("members", "value")), writers)
		}
		got.is(fmt.Sprintf(`W/"%d"`, writers+1), "meta", "version")
	})
}

func TestNoOpLeavesNoTrace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newWorld(t, db).tenant("acme", "rfc")
		user := n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"ann","displayName":"Same","externalId":"e1","emails":[{"value":"a@x.io","type":"work"}]}`).want(201)
		bob := n.user("bob")
		group := n.group("g", user.id())
		rows := len(n.changes())
		u, g := "/Users/"+user.id(), "/Groups/"+group
		before, groupBefore := n.call("GET", u, ""), n.call("GET", g, "")
		for name, c := range map[string]struct{ method, path, body string }{
			"add of the same value":         {"PATCH", u, patchBody(`{"op":"add","path":"displayName","value":"Same"}`)},
			"replace by the same value":     {"PATCH", u, patchBody(`{"op":"replace","value":{"displayName":"Same","externalId":"e1"}}`)},
			"add of an element that is in":  {"PATCH", u, patchBody(`{"op":"add","path":"emails","value":[{"value":"a@x.io","type":"work"}]}`)},
			"remove of what is not there":   {"PATCH", u, patchBody(`{"op":"remove","path":"title"}`)},
			"there and back":                {"PATCH", u, patchBody(`{"op":"replace","path":"title","value":"x"}`, `{"op":"remove","path":"title"}`)},
			"PUT of the same":               {"PUT", u, `{"schemas":["` + userURN + `"],"userName":"ann","displayName":"Same","externalId":"e1","emails":[{"value":"a@x.io","type":"work"}]}`},
			"add of a member that is in":    {"PATCH", g, patchBody(`{"op":"add","path":"members","value":` + refs(user.id()) + `}`)},
			"remove of a member that isn't": {"PATCH", g, patchBody(`{"op":"remove","path":"members[value eq \"` + bob + `\"]"}`)},
			"replace by the same members":   {"PATCH", g, patchBody(`{"op":"replace","path":"members","value":` + refs(user.id()) + `}`)},
			"a member in and out":           {"PATCH", g, patchBody(`{"op":"add","path":"members","value":`+refs(bob)+`}`, `{"op":"remove","path":"members[value eq \"`+bob+`\"]"}`)},
			"PUT of the same group":         {"PUT", g, `{"schemas":["` + groupURN + `"],"displayName":"g","members":` + refs(user.id()) + `}`},
		} {
			t.Run(name, func(t *testing.T) {
				n.call(c.method, c.path, c.body).want(200)
				want := before
				if c.path == g {
					want = groupBefore
				}
				if got := n.call("GET", c.path, ""); got.text != want.text || got.etag() != want.etag() {
					t.Errorf("changed:\n%s %s\n%s %s", want.etag(), want.text, got.etag(), got.text)
				}
				if list := n.changes(); len(list) != rows {
					t.Errorf("%d change rows came: %+v", len(list)-rows, list[rows:])
				}
			})
		}
	})
}

func TestChangesTellWhoAndWhat(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newWorld(t, db).tenant("acme", "rfc")
		first := len(n.changes())
		ann := n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"ann","password":"s3cret-Pass","title":"Dr"}`).want(201).id()
		group := n.group("g")
		n.call("PATCH", "/Users/"+ann, patchBody(`{"op":"replace","value":{"title":"Prof","password":"0ther-Pass"}}`)).want(200)
		n.call("PATCH", "/Groups/"+group, patchBody(`{"op":"add","path":"members","value":`+refs(ann)+`}`)).want(200)
		n.call("DELETE", "/Users/"+ann, "").want(204)
		type line struct {
			Kind    identity.ChangeKind
			Type    string
			Version int64
			Paths   string
			Diff    string
		}
		var got []line
		for _, c := range n.changes()[first:] {
			if c.Actor != identity.ByConnection || c.ActorID != n.conn.ID || c.ActorName != n.conn.Name {
				t.Errorf("actor of %+v", c)
			}
			if bytes.Contains(c.Diff, []byte("Pass")) {
				t.Errorf("a diff holds a password: %s", c.Diff)
			}
			got = append(got, line{c.Kind, c.Type, c.Version, strings.Join(c.Paths, " "), strings.ReplaceAll(string(c.Diff), ann, "ANN")})
		}
		want := []line{
			{identity.Created, "User", 1, "title userName password", `{"title":[null,"Dr"],"userName":[null,"ann"]}`},
			{identity.Created, "Group", 1, "displayName", `{"displayName":[null,"g"]}`},
			{identity.Patched, "User", 2, "title password", `{"title":["Dr","Prof"]}`},
			{identity.Patched, "Group", 2, "members", `{"members":{"added":["ANN"],"removed":[]}}`},
			{identity.Deleted, "User", 2, "title userName", `{"title":["Prof",null],"userName":["ann",null]}`},
			{identity.Patched, "Group", 3, "members", `{"members":{"added":[],"removed":["ANN"]}}`},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	})
}

func TestDeletedUserLeavesAndComesBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newWorld(t, db).tenant("acme", "rfc")
		by := cli
		by.Org = n.org.ID
		user := func(id string) identity.ID { key, _ := identity.ParseID(id); return key }
		rt := schema.Standard().TypeByName("User")
		ann, bob := n.user("ann"), n.user("bob")
		group := n.group("g", ann, bob)
		n.call("DELETE", "/Users/"+ann, "").want(204)
		for _, method := range []string{"GET", "PATCH", "PUT", "DELETE"} {
			body := map[string]string{"PATCH": patchBody(`{"op":"add","path":"title","value":"x"}`), "PUT": `{"schemas":["` + userURN + `"],"userName":"ann"}`}[method]
			n.call(method, "/Users/"+ann, body).want(404)
		}
		g := n.call("GET", "/Groups/"+group, "").want(200).is(`W/"2"`, "meta", "version")
		if diff := cmp.Diff([]string{bob}, g.values("members", "value")); diff != "" {
			t.Errorf("members after the deletion (-want +got):\n%s", diff)
		}
		again := n.user("ann")
		if again == ann {
			t.Error("the id of a deleted user came back")
		}
		if _, err := n.dir.Restore(context.Background(), by, rt, user(ann)); identity.KindOf(err) != identity.Conflict {
			t.Errorf("Restore while the name is taken: %v, want a conflict", err)
		}
		n.call("DELETE", "/Users/"+again, "").want(204)
		if _, err := n.dir.Restore(context.Background(), by, rt, user(ann)); err != nil {
			t.Fatalf("Restore: %v", err)
		}
		n.call("GET", "/Users/"+ann, "").want(200).is("ann", "userName").is(group, "groups", 0, "value")
		g = n.call("GET", "/Groups/"+group, "").want(200).is(`W/"3"`, "meta", "version")
		if len(g.values("members", "value")) != 2 {
			t.Errorf("members after Restore: %s", g.text)
		}
		n.call("GET", `/Users?filter=userName eq "ANN"`, "").want(200).is(1, "totalResults")
		if _, err := n.dir.Restore(context.Background(), by, rt, user(ann)); identity.KindOf(err) != identity.NotFound {
			t.Errorf("Restore of a user that is there: %v, want not found", err)
		}
		list, err := n.dir.Trash(context.Background(), by, rt, identity.ID{}, 10)
		if err != nil || len(list) != 1 || list[0].ID.String() != again {
			t.Errorf("Trash = %v, %v, want the second ann", list, err)
		}
	})
}

func TestNestedGroups(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newWorld(t, db).tenant("acme", "rfc")
		ann := n.user("ann")
		inner := n.group("inner", ann)
		middle := n.group("middle", inner)
		outer := n.group("outer", middle)
		kinds := func() map[string]string {
			out := map[string]string{}
			a := n.call("GET", "/Users/"+ann, "").want(200)
			types := a.values("groups", "type")
			for i, v := range a.values("groups", "value") {
				out[v] = types[i]
			}
			return out
		}
		want := map[string]string{inner: "direct", middle: "indirect", outer: "indirect"}
		if diff := cmp.Diff(want, kinds()); diff != "" {
			t.Errorf("groups (-want +got):\n%s", diff)
		}
		n.call("GET", "/Groups/"+middle, "").want(200).is("Group", "members", 0, "type").is("https://id.test/scim/v2/Groups/"+inner, "members", 0, "$ref")

		// A circle ends, and everybody in it is in all of it.
		n.call("PATCH", "/Groups/"+inner, patchBody(`{"op":"add","path":"members","value":`+refs(outer)+`}`)).want(200)
		if diff := cmp.Diff(want, kinds()); diff != "" {
			t.Errorf("groups in a circle (-want +got):\n%s", diff)
		}
		n.call("DELETE", "/Groups/"+middle, "").want(204)
		if diff := cmp.Diff(map[string]string{inner: "direct"}, kinds()); diff != "" {
			t.Errorf("groups after the middle one went (-want +got):\n%s", diff)
		}
		n.call("GET", "/Groups/"+outer, "").want(200).is(nil, "members").is(`W/"2"`, "meta", "version")
	})
}

func TestPasswordIsKeptApart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newWorld(t, db).tenant("acme", "okta")
		const secret1, secret2 = "correct-Horse-1", "battery-Staple-2"
		id := n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"ann","password":"`+secret1+`"}`).want(201).id()
		check := func(password string, want bool) {
			t.Helper()
			key, _ := identity.ParseID(id)
			if got, err := n.dir.CheckPassword(context.Background(), n.org.ID, key, password); err != nil || got != want {
				t.Errorf("CheckPassword(%q) = %v, %v, want %v", password, got, err, want)
			}
		}
		check(secret1, true)
		check(secret2, false)
		n.call("PATCH", "/Users/"+id, patchBody(`{"op":"replace","value":{"password":"`+secret2+`"}}`))
		check(secret1, false)
		check(secret2, true)
		n.call("PUT", "/Users/"+id, `{"schemas":["`+userURN+`"],"userName":"ann"}`).want(200)
		check(secret2, true)
		a := n.call("GET", "/Users/"+id+"?attributes=password,userName", "").want(200)
		if strings.Contains(a.text, "password") {
			t.Errorf("the password is returned: %s", a.text)
		}
		n.call("GET", `/Users?filter=password eq "`+secret2+`"`, "").want(400, "invalidFilter")
		n.call("PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"password","value":"`+strings.Repeat("x", 2000)+`"}`)).want(400, "invalidValue")
		if strings.Contains(n.logged.String(), secret2) {
			t.Error("the log holds a password")
		}
		if got := n.send("POST", "/scim/v2/Bulk", bulk(
			`{"method":"POST","path":"/Users","bulkId":"a","data":{"schemas":["`+userURN+`"],"userName":"cy"}}`,
			`{"method":"PATCH","path":"/Users/bulkId:a","data":`+patchBody(`{"op":"add","path":"password","value":"made-In-Bulk-3"}`)+`}`,
		), "Authorization", "Bearer "+n.token).want(200); strings.Contains(got.text, `"status":"4`) {
			t.Errorf("bulk: %s", got.text)
		}
		n.call("DELETE", "/Users/"+id, "").want(204)
		check(secret2, false)
	})
}
