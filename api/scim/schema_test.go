package scim

import (
	"context"
	"strings"
	"testing"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

const badgeURN = "urn:example:params:scim:schemas:extension:badge:2.0:User"

// badge is a schema of an organisation's own; flags go into the attribute
// number.
func badge(flags string) []byte {
	return []byte(`{"id":"` + badgeURN + `","name":"Badge","description":"Badges","attributes":[
	 {"name":"number","type":"string","multiValued":false,"description":"Number","required":false,"caseExact":true,"mutability":"readWrite","returned":"default"` + flags + `},
	 {"name":"colour","type":"string","multiValued":false,"description":"Colour","required":false,"caseExact":false,"mutability":"readWrite","returned":"default","uniqueness":"none"}]}`)
}

func badgeUser(name, number string) string {
	return `{"schemas":["` + userURN + `","` + badgeURN + `"],"userName":"` + name + `","` + badgeURN + `":{"number":"` + number + `","colour":"red"}}`
}

func TestOwnSchema(t *testing.T) {
	t.Parallel() // it waits for what other nodes would do
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		n, other := w.tenant("acme", "rfc"), w.tenant("other", "rfc")
		ctx := context.Background()
		add := func(flags string) error {
			_, err := w.dir.AddSchema(ctx, cli, n.org.ID, directory.NewSchema{Doc: badge(flags), Type: "User"})
			return err
		}
		n.call("GET", "/Schemas/"+badgeURN, "").want(404)
		if err := add(`,"uniqueness":"none"`); err != nil {
			t.Fatal(err)
		}
		n.call("GET", "/Schemas/"+badgeURN, "").want(200).is("Badge", "name")
		other.call("GET", "/Schemas/"+badgeURN, "").want(404)
		one := n.call("POST", "/Users", badgeUser("one", "B-1")).want(201).is("B-1", badgeURN, "number").id()
		two := n.call("POST", "/Users", badgeUser("two", "B-1")).want(201).id()
		find := `/Users?filter=` + badgeURN + `:number eq "B-1"`
		n.call("GET", find, "").want(200).is(2, "totalResults")

		err := add(`,"uniqueness":"server","indexed":true`)
		if identity.KindOf(err) != identity.Conflict {
			t.Fatalf("AddSchema with uniqueness over equal values: %v, want a conflict", err)
		}
		n.call("GET", find, "").want(200).is(2, "totalResults")
		n.call("PATCH", "/Users/"+two, patchBody(`{"op":"replace","path":"`+badgeURN+`:number","value":"B-2"}`)).want(200)
		if err := add(`,"uniqueness":"server","indexed":true`); err != nil {
			t.Fatal(err)
		}
		n.call("GET", find, "").want(200).is(1, "totalResults").is(one, "Resources", 0, "id")
		n.call("POST", "/Users", badgeUser("three", "B-2")).want(409, "uniqueness")
		n.call("PATCH", "/Users/"+two, patchBody(`{"op":"replace","path":"`+badgeURN+`:number","value":"B-1"}`)).want(409, "uniqueness")
		n.call("POST", "/Users", badgeUser("three", "b-2")).want(201) // caseExact
		other.call("POST", "/Users", badgeUser("one", "B-1")).want(201).is(nil, badgeURN)

		if err := w.dir.DeleteSchema(ctx, cli, n.org.ID, strings.ToUpper(badgeURN)); err != nil {
			t.Fatal(err)
		}
		n.call("GET", "/Schemas/"+badgeURN, "").want(404)
		got := n.call("GET", "/Users/"+one, "").want(200)
		if strings.Contains(got.text, "badge") || strings.Contains(got.text, "B-1") {
			t.Errorf("values of a deleted schema are shown: %s", got.text)
		}
		n.call("GET", find, "").want(200).is(0, "totalResults")
	})
}

func TestOwnSchemaRefused(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	n := w.tenant("acme", "rfc")
	replace := func(pairs ...string) []byte { return []byte(strings.NewReplacer(pairs...).Replace(string(badge("")))) }
	if _, err := w.dir.AddSchema(t.Context(), cli, n.org.ID, directory.NewSchema{Doc: badge(""), Type: "User"}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		doc  []byte
		typ  string
		want identity.Kind
	}{
		"not JSON":                         {[]byte("{"), "User", identity.Invalid},
		"an unknown resource type":         {replace(badgeURN, "urn:x:y"), "Robot", identity.Invalid},
		"the URN of the standard User":     {replace(badgeURN, userURN), "User", identity.Conflict},
		"the URN of EnterpriseUser, upper": {replace(badgeURN, strings.ToUpper(enterpriseURN)), "User", identity.Conflict},
		"a URN of messages":                {replace(badgeURN, "urn:ietf:params:scim:api:messages:2.0:X"), "User", identity.Invalid},
		"no URN":                           {replace(badgeURN, "badge"), "User", identity.Invalid},
		"a secret":                         {replace(`"returned":"default"`, `"returned":"never"`, badgeURN, "urn:x:y"), "User", identity.Invalid},
		"a type that changes":              {replace(`"name":"colour","type":"string"`, `"name":"colour","type":"integer"`), "User", identity.Conflict},
		"an attribute that goes":           {replace(`"name":"colour"`, `"name":"hue"`), "User", identity.Conflict},
		"one URN on a second type":         {badge(""), "Group", identity.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.dir.AddSchema(t.Context(), cli, n.org.ID, directory.NewSchema{Doc: c.doc, Type: c.typ})
			if got := identity.KindOf(err); got != c.want {
				t.Errorf("AddSchema: kind %q (%v), want %q", got, err, c.want)
			}
		})
	}
	if got, err := w.dir.OwnSchemas(t.Context(), n.org.ID); err != nil || len(got) != 1 {
		t.Errorf("OwnSchemas = %v, %v, want the one", got, err)
	}
}
