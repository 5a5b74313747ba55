package scim

import (
	"strings"
	"testing"

	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// TestTenancy puts an id of another organisation at every place where an id can
// stand: it must be as if the id did not exist.
func TestTenancy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ours, theirs := w.tenant("ours", "rfc"), w.tenant("theirs", "rfc")
		ann, bob := ours.user("ann"), theirs.user("bob")
		group, foreign := ours.group("ours", ann), theirs.group("theirs", bob)
		before := theirs.call("GET", "/Users/"+bob, "").want(200)
		groupBefore := theirs.call("GET", "/Groups/"+foreign, "").want(200)

		missing := "00000000-0000-7000-8000-000000000000"
		rename := patchBody(`{"op":"replace","path":"displayName","value":"x"}`)
		put := `{"schemas":["` + userURN + `"],"userName":"stolen"}`
		for name, c := range map[string]struct{ method, path, body, match string }{
			"reading a user":               {"GET", "/Users/{id}", "", ""},
			"reading with If-None-Match":   {"GET", "/Users/{id}?attributes=userName", "", ""},
			"replacing a user":             {"PUT", "/Users/{id}", put, ""},
			"replacing with If-Match":      {"PUT", "/Users/{id}", put, before.etag()},
			"replacing with If-Match *":    {"PUT", "/Users/{id}", put, "*"},
			"patching a user":              {"PATCH", "/Users/{id}", rename, ""},
			"patching with If-Match":       {"PATCH", "/Users/{id}", rename, before.etag()},
			"deleting a user":              {"DELETE", "/Users/{id}", "", ""},
			"deleting with a wrong match":  {"DELETE", "/Users/{id}", "", `W/"99"`},
			"filtering by id":              {"GET", `/Users?filter=id eq "{id}"`, "", ""},
			"filtering groups by member":   {"GET", `/Groups?filter=members.value eq "{id}"`, "", ""},
			"searching by id":              {"POST", "/Users/.search", `{"schemas":["` + searchURN + `"],"filter":"id eq \"{id}\""}`, ""},
			"searching everything by id":   {"POST", "/.search", `{"schemas":["` + searchURN + `"],"filter":"id eq \"{id}\""}`, ""},
			"adding a member":              {"PATCH", "/Groups/" + group, patchBody(`{"op":"add","path":"members","value":[{"value":"{id}"}]}`), ""},
			"replacing members":            {"PATCH", "/Groups/" + group, patchBody(`{"op":"replace","path":"members","value":[{"value":"{id}"}]}`), ""},
			"removing a member":            {"PATCH", "/Groups/" + group, patchBody(`{"op":"remove","path":"members[value eq \"{id}\"]"}`), ""},
			"a new group with a member":    {"POST", "/Groups", `{"schemas":["` + groupURN + `"],"displayName":"n","members":[{"value":"{id}"}]}`, ""},
			"replacing a group's members":  {"PUT", "/Groups/" + group, `{"schemas":["` + groupURN + `"],"displayName":"ours","members":[{"value":"{id}"}]}`, ""},
			"bulk delete":                  {"POST", "/Bulk", bulk(`{"method":"DELETE","path":"/Users/{id}"}`), ""},
			"bulk patch":                   {"POST", "/Bulk", bulk(`{"method":"PATCH","path":"/Users/{id}","data":` + rename + `}`), ""},
			"bulk patch with a version":    {"POST", "/Bulk", bulk(`{"method":"PATCH","path":"/Users/{id}","version":"W/\"1\"","data":` + rename + `}`), ""},
			"bulk post with a member":      {"POST", "/Bulk", bulk(`{"method":"POST","path":"/Groups","bulkId":"b","data":{"schemas":["` + groupURN + `"],"displayName":"b","members":[{"value":"{id}"}]}}`), ""},
			"the outcome of a request":     {"GET", "/.events/{id}", "", ""},
			"a user where a group belongs": {"GET", "/Groups/{id}", "", ""},
		} {
			t.Run(name, func(t *testing.T) {
				ask := func(id string) answer {
					put := strings.NewReplacer("{id}", id).Replace
					return ours.call(c.method, put(c.path), put(c.body), "If-Match", c.match)
				}
				got, want := ask(bob), ask(missing)
				if got.status != want.status || strings.ReplaceAll(got.text, bob, missing) != want.text {
					t.Errorf("with the id of another organisation: %d %s\nwith an id that does not exist: %d %s", got.status, got.text, want.status, want.text)
				}
			})
		}
		for _, path := range []string{"/Groups/" + foreign, `/Groups?filter=id eq "` + foreign + `"`} {
			if got := ours.call("GET", path, ""); strings.Contains(got.text, "theirs") {
				t.Errorf("GET %s = %s", path, got.text)
			}
		}
		if got := theirs.call("GET", "/Users/"+bob, "").want(200); got.text != before.text {
			t.Errorf("their user has changed:\n%s\n%s", before.text, got.text)
		}
		if got := theirs.call("GET", "/Groups/"+foreign, "").want(200); got.text != groupBefore.text {
			t.Errorf("their group has changed:\n%s\n%s", groupBefore.text, got.text)
		}
		if got := ours.call("GET", "/Users?count=0", "").want(200); got.get("totalResults") != 1.0 {
			t.Errorf("our users: %s", got.text)
		}
	})
}

func bulk(ops ...string) string {
	return `{"schemas":["` + bulkURN + `"],"Operations":[` + strings.Join(ops, ",") + `]}`
}
