package scim

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// TestTwentyBehaviours goes through the behaviours that clients stumble over,
// with the real store below. The details are tested in package scim.
func TestTwentyBehaviours(t *testing.T) {
	behaviours := map[string]func(*testing.T, *world, *tenant){
		"01 one element, not any element":          oneElement,
		"02 typed filter errors":                   typedFilterErrors,
		"03 atomic PATCH":                          atomicPatch,
		"04 primary moves":                         primaryMoves,
		"07 path-less with dotted and URN keys":    pathless,
		"08 membership in every dialect":           membership,
		"09 bulk forward reference":                bulkForward,
		"10 bulk circular reference":               bulkCircular,
		"11 failOnErrors and limits":               failOnErrors,
		"12 versions":                              versions,
		"13 sort as written":                       sorting,
		"14 cursor paging":                         cursors,
		"15 paging edges":                          pagingEdges,
		"16 projection everywhere":                 projection,
		"17 PUT semantics":                         putSemantics,
		"18 case, uniqueness, reuse":               caseAndReuse,
		"20 root search and /Me":                   rootSearch,
		"effective membership in filters":          membershipFilters,
		"externalId belongs to the connection":     externalIDs,
		"what Entra sends, with Entra's dialect":   entra,
		"what Entra sends, refused in strict mode": strict,
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		i := 0
		for name, run := range behaviours {
			i++
			n := w.tenant(fmt.Sprintf("org-%d", i), "rfc")
			t.Run(name, func(t *testing.T) {
				mine := *w
				n.world, mine.t = &mine, t
				run(t, &mine, n)
			})
		}
	})
}

func total(n *tenant, filter string, want int) {
	n.t.Helper()
	n.call("GET", "/Users?filter="+filter, "").want(200).is(want, "totalResults")
}

func oneElement(t *testing.T, w *world, n *tenant) {
	n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"u1","emails":[{"type":"work","value":"a@x.io"},{"type":"home","value":"b@y.io"}]}`).want(201)
	total(n, `userName eq "u1" and emails[type eq "work" and value co "@y.io"]`, 0)
	total(n, `userName eq "u1" and emails[type eq "home" and value co "@y.io"]`, 1)
	total(n, `userName eq "u1" and (emails.type eq "work" and emails.value co "@y.io")`, 1)
	total(n, `userName eq "u1" and not (name.familyName eq "Nope")`, 1)
	total(n, `emails[type eq "work" and value eq "A@X.io"]`, 1)
}

func typedFilterErrors(t *testing.T, w *world, n *tenant) {
	for _, f := range []string{`active gt true`, `userName regex "x"`, `userName eq "a`, `password pr`} {
		n.call("GET", "/Users?filter="+f, "").want(400, "invalidFilter")
	}
	total(n, `nosuch eq "a"`, 0)
	w.connect(n.org, "s", "strict").call("GET", `/Users?filter=nosuch eq "a"`, "").want(400, "invalidFilter")
}

func atomicPatch(t *testing.T, w *world, n *tenant) {
	u := "/Users/" + n.user("ann")
	before := n.call("GET", u, "")
	n.call("PATCH", u, patchBody(`{"op":"replace","path":"displayName","value":"New"}`,
		`{"op":"replace","path":"addresses[type eq \"work\"].locality","value":"X"}`)).want(400, "noTarget")
	if got := n.call("GET", u, ""); got.text != before.text {
		t.Errorf("half a PATCH was done: %s", got.text)
	}
}

func primaryMoves(t *testing.T, w *world, n *tenant) {
	u := "/Users/" + n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"a","emails":[{"value":"a@x.io","type":"work","primary":true},{"value":"b@x.io","type":"home"}]}`).want(201).id()
	n.call("PATCH", u, patchBody(`{"op":"add","path":"emails","value":[{"value":"c@x.io","type":"other","primary":true}]}`)).want(200)
	total(n, `emails[value eq "c@x.io" and primary eq true]`, 1)
	total(n, `emails[value eq "a@x.io" and primary eq true]`, 0)
	n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"b","emails":[{"value":"1@x","primary":true},{"value":"2@x","primary":true}]}`).want(400, "invalidValue")
}

func pathless(t *testing.T, w *world, n *tenant) {
	u := "/Users/" + n.user("ann")
	body := patchBody(`{"op":"replace","value":{"name.givenName":"Os","` + enterpriseURN + `:department":"R&D"}}`)
	entra := w.connect(n.org, "e", "entra")
	entra.call("PATCH", u, body)
	n.call("GET", u, "").is("Os", "name", "givenName").is("R&D", enterpriseURN, "department").is(enterpriseURN, "schemas", 1)
	w.connect(n.org, "s", "strict").call("PATCH", u, body).want(400, "invalidSyntax")
}

func membership(t *testing.T, w *world, n *tenant) {
	a, b, c := n.user("a"), n.user("b"), n.user("c")
	id := n.group("g", a, b)
	g := "/Groups/" + id
	members := func(want ...string) {
		t.Helper()
		got := n.call("GET", g, "").want(200).values("members", "value")
		if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
			t.Fatalf("members (-want +got):\n%s", diff)
		}
	}
	entra, okta := w.connect(n.org, "e", "entra"), w.connect(n.org, "o", "okta")
	entra.call("PATCH", g, patchBody(`{"op":"Remove","path":"members","value":[{"$ref":null,"value":"`+a+`"}]}`)).want(204)
	members(b)
	n.call("PATCH", g, patchBody(`{"op":"remove","path":"members[value eq \"`+b+`\"]"}`)).want(200)
	members()
	n.call("PATCH", g, patchBody(`{"op":"add","path":"members","value":[{"value":"`+c+`"},{"value":"`+c+`"}]}`)).want(200)
	members(c)
	okta.call("PATCH", g, patchBody(`{"op":"replace","path":"members","value":[]}`))
	members()
	n.call("PATCH", g, patchBody(`{"op":"replace","path":"members","value":`+refs(a, b)+`}`)).want(200)
	members(a, b)
	okta.call("PATCH", g, patchBody(`{"op":"replace","value":{"id":"`+id+`","displayName":"N"}}`))
	members(a, b)
	bad := n.call("PATCH", g, patchBody(`{"op":"replace","path":"members","value":`+refs(c, "no-such-id")+`}`)).want(400, "invalidValue")
	if !strings.Contains(bad.text, "no-such-id") {
		t.Errorf("the error does not name the id: %s", bad.text)
	}
	members(a, b)
	n.call("PATCH", g, patchBody(`{"op":"remove","path":"members[type eq \"User\"]"}`)).want(200)
	members()
	n.call("PATCH", g, patchBody(`{"op":"remove","path":"members"}`)).want(200)
}

func bulkForward(t *testing.T, w *world, n *tenant) {
	a := n.call("POST", "/Bulk", bulk(
		`{"method":"POST","path":"/Groups","bulkId":"g","data":{"schemas":["`+groupURN+`"],"displayName":"T","members":[{"type":"User","value":"bulkId:u"}]}}`,
		`{"method":"POST","path":"/Users","bulkId":"u","data":{"schemas":["`+userURN+`"],"userName":"alice"}}`,
		`{"method":"PATCH","path":"/Users/bulkId:u","data":`+patchBody(`{"op":"add","path":"title","value":"Dr"}`)+`}`,
	)).want(200)
	a.is("201", "Operations", 0, "status").is("201", "Operations", 1, "status").is("200", "Operations", 2, "status").is(`W/"2"`, "Operations", 2, "version")
	total(n, `title eq "Dr" and groups.display eq "T"`, 1)
}

func bulkCircular(t *testing.T, w *world, n *tenant) {
	group := func(id, other string) string {
		return `{"method":"POST","path":"/Groups","bulkId":"` + id + `","data":{"schemas":["` + groupURN + `"],"displayName":"` + id + `","members":[{"value":"bulkId:` + other + `"}]}}`
	}
	a := n.call("POST", "/Bulk", bulk(group("a", "b"), group("b", "a"))).want(200)
	a.is("201", "Operations", 0, "status").is("201", "Operations", 1, "status")
	list := n.call("GET", `/Groups?filter=displayName eq "a"`, "").want(200)
	inner, _ := list.get("Resources", 0, "members", 0, "value").(string)
	n.call("GET", "/Groups/"+inner, "").want(200).is("b", "displayName").is(list.get("Resources", 0, "id"), "members", 0, "value")

	n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"taken"}`).want(201)
	circle := n.call("POST", "/Bulk", bulk(
		`{"method":"POST","path":"/Groups","bulkId":"g","data":{"schemas":["`+groupURN+`"],"displayName":"g","members":[{"value":"bulkId:u"}]}}`,
		`{"method":"POST","path":"/Users","bulkId":"u","data":{"schemas":["`+userURN+`"],"userName":"Taken","`+enterpriseURN+`":{"manager":{"value":"bulkId:g"}}}}`,
	)).want(200)
	circle.is("409", "Operations", 0, "status").is(nil, "Operations", 0, "response", "scimType")
	circle.is("409", "Operations", 1, "status").is("uniqueness", "Operations", 1, "response", "scimType")
	n.call("GET", `/Groups?filter=displayName eq "g"`, "").want(200).is(0, "totalResults")
}

func failOnErrors(t *testing.T, w *world, n *tenant) {
	post := func(id, name string) string {
		return `{"method":"POST","path":"/Users","bulkId":"` + id + `","data":{"schemas":["` + userURN + `"],"userName":"` + name + `"}}`
	}
	body := strings.Replace(bulk(post("1", "a"), post("2", "A"), post("3", "c")), `"Operations"`, `"failOnErrors":1,"Operations"`, 1)
	a := n.call("POST", "/Bulk", body).want(200)
	a.is("201", "Operations", 0, "status").is("409", "Operations", 1, "status").is("uniqueness", "Operations", 1, "response", "scimType").is(nil, "Operations", 2)
	a = n.call("POST", "/Bulk", bulk(post("1", "b"), post("2", "A"), post("3", "c"))).want(200)
	a.is("201", "Operations", 0, "status").is("409", "Operations", 1, "status").is("201", "Operations", 2, "status")
	n.call("GET", "/Users?count=0", "").is(3, "totalResults")
}

func versions(t *testing.T, w *world, n *tenant) {
	created := n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"a"}`).want(201).is(`W/"1"`, "meta", "version")
	u := "/Users/" + created.id()
	if created.etag() != `W/"1"` || created.header.Get("Location") != "https://id.test/scim/v2"+u {
		t.Errorf("headers of a creation: %v", created.header)
	}
	n.call("GET", u, "", "If-None-Match", `W/"1"`).want(304)
	n.call("PATCH", u, patchBody(`{"op":"add","path":"title","value":"x"}`), "If-Match", `W/"bogus"`).want(412)
	n.call("PATCH", u, patchBody(`{"op":"add","path":"title","value":"x"}`), "If-Match", "*").want(200)
	n.call("DELETE", u, "", "If-Match", `W/"1"`).want(412)
	n.call("GET", "/Users", "").is(`W/"2"`, "Resources", 0, "meta", "version")
	n.call("DELETE", u, "", "If-Match", `W/"2"`).want(204)
}

func sorting(t *testing.T, w *world, n *tenant) {
	for name, nick := range map[string]string{"1": "b", "2": "C", "3": "a", "4": ""} {
		n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"`+name+`","nickName":"`+nick+`"}`).want(201)
	}
	for order, want := range map[string]string{"ascending": "3 1 2 4", "descending": "4 2 1 3"} {
		got := n.call("GET", "/Users?sortBy=nickName&sortOrder="+order, "").want(200).values("Resources", "userName")
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", order, got, want)
		}
	}
}

func cursors(t *testing.T, w *world, n *tenant) {
	for i := range 7 {
		n.user(fmt.Sprint("u", i))
	}
	seen := map[string]bool{}
	next, pages := "", 0
	for {
		a := n.call("GET", "/Users?cursor="+next+"&count=3", "").want(200)
		for _, name := range a.values("Resources", "userName") {
			seen[name] = true
		}
		pages++
		cursor, ok := a.body["nextCursor"].(string)
		if !ok {
			break
		}
		next = cursor
	}
	if len(seen) != 7 || pages != 3 {
		t.Errorf("%d users on %d pages, want 7 on 3", len(seen), pages)
	}
	n.call("GET", "/Users?cursor=forged&count=3", "").want(400, "invalidCursor")
	w.connect(n.org, "other", "rfc").call("GET", "/Users?cursor="+next+"&count=3", "").want(400, "invalidCursor")
}

func pagingEdges(t *testing.T, w *world, n *tenant) {
	n.user("a")
	n.user("b")
	n.call("GET", "/Users?startIndex=0&count=1", "").want(200).is(1, "startIndex").is(1, "itemsPerPage").is(2, "totalResults")
	n.call("GET", "/Users?count=-5", "").want(200).is(2, "totalResults").is(nil, "Resources", 0)
	n.call("GET", "/Users?startIndex=1000000", "").want(200).is(2, "totalResults").is(0, "itemsPerPage")
	n.call("GET", "/Users?startIndex=2&count=5000", "").want(200).is(1, "itemsPerPage").is("b", "Resources", 0, "userName")
}

func projection(t *testing.T, w *world, n *tenant) {
	u := "/Users/" + n.call("POST", "/Users?attributes=userName", `{"schemas":["`+userURN+`"],"userName":"a","title":"T","name":{"familyName":"Z"}}`).want(201).is(nil, "title").is("a", "userName").id()
	n.call("GET", u+"?attributes=PASSWORD,name.familyName", "").want(200).is("Z", "name", "familyName").is(nil, "userName")
	n.call("PATCH", u+"?attributes=title", patchBody(`{"op":"replace","path":"active","value":false}`)).want(200).is("T", "title").is(nil, "active")
	ann := n.user("ann")
	n.group("g", ann)
	n.call("GET", "/Groups?excludedAttributes=members", "").want(200).is("g", "Resources", 0, "displayName").is(nil, "Resources", 0, "members")
}

func putSemantics(t *testing.T, w *world, n *tenant) {
	id := n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"a","title":"T","nickName":"N"}`).want(201).id()
	n.call("PUT", "/Users/"+id, `{"schemas":["`+userURN+`"],"id":"other","userName":"a","meta":{"resourceType":"Nope"},"groups":[{"value":"x"}],"title":"U"}`).
		want(200).is(id, "id").is("User", "meta", "resourceType").is("U", "title").is(nil, "nickName").is(nil, "groups")
	n.call("PUT", "/Users/unknown", `{"schemas":["`+userURN+`"],"userName":"a"}`).want(404)
	n.call("PUT", "/Users/"+id, `{"schemas":["`+userURN+`"]}`).want(400, "invalidValue")
	g := n.group("g", id)
	n.call("PUT", "/Groups/"+g, `{"schemas":["`+groupURN+`"],"displayName":"g"}`).want(200).is(nil, "members")
}

func caseAndReuse(t *testing.T, w *world, n *tenant) {
	id := n.user("Case-1")
	create := func(name string) answer {
		return n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"`+name+`"}`)
	}
	create("CASE-1").want(409, "uniqueness")
	create("Ｃase-1").want(409, "uniqueness") // full width
	total(n, `USERNAME EQ "case-1"`, 1)
	other := n.user("other")
	n.call("PATCH", "/Users/"+other, patchBody(`{"op":"replace","path":"userName","value":"cAsE-1"}`)).want(409, "uniqueness")
	n.call("PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"userName","value":"case-1"}`)).want(200).is("case-1", "userName")
	n.call("DELETE", "/Users/"+id, "").want(204)
	if again := create("Case-1").want(201).id(); again == id {
		t.Error("a new user has the id of a deleted one")
	}
	n.call("GET", "/Users/"+id, "").want(404)
}

func rootSearch(t *testing.T, w *world, n *tenant) {
	n.group("g", n.user("a"))
	n.call("POST", "/.search", `{"schemas":["`+searchURN+`"],"filter":"meta.resourceType eq \"Group\" or userName pr","sortBy":"meta.created","count":50}`).want(200).is(2, "totalResults")
	n.call("GET", "/Me", "").want(404)
	me, _ := identity.ParseID(n.user("me"))
	_, issued, err := w.dir.CreateConnection(t.Context(), cli, n.org.ID, directory.NewConnection{Name: "mine", User: me})
	if err != nil {
		t.Fatal(err)
	}
	mine := &tenant{world: w, org: n.org, token: issued.Text, base: n.base}
	if got := mine.call("GET", "/Me", "").want(200).is("me", "userName"); got.header.Get("Location") != "https://id.test/scim/v2/Users/"+me.String() {
		t.Errorf("Location of /Me = %q", got.header.Get("Location"))
	}
	n.call("DELETE", "/Users/"+me.String(), "").want(204)
	mine.call("GET", "/Me", "").want(404)
}

func membershipFilters(t *testing.T, w *world, n *tenant) {
	ann, bob := n.user("ann"), n.user("bob")
	g := n.group("g", ann)
	for filter, want := range map[string]int{
		`id eq "` + g + `" and members eq "` + ann + `"`:        1,
		`id eq "` + g + `" and members eq "` + bob + `"`:        0,
		`members[value eq "` + ann + `"]`:                       1,
		`members.value eq "` + ann + `" and displayName eq "g"`: 1,
		`members pr`: 1,
	} {
		n.call("GET", "/Groups?filter="+filter, "").want(200).is(want, "totalResults")
	}
	total(n, `groups.value eq "`+g+`"`, 1)
	total(n, `not (groups.value eq "`+g+`")`, 1)
}

func externalIDs(t *testing.T, w *world, n *tenant) {
	second := w.connect(n.org, "second", "rfc")
	id := n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"a","externalId":"Ext-A"}`).want(201).is("Ext-A", "externalId").id()
	total(n, `externalId eq "Ext-A"`, 1)
	total(n, `externalId eq "ext-a"`, 0)
	total(second, `externalId eq "Ext-A"`, 0)
	second.call("GET", "/Users/"+id, "").want(200).is(nil, "externalId")
	second.call("PATCH", "/Users/"+id, patchBody(`{"op":"add","path":"externalId","value":"Other"}`)).want(200).is("Other", "externalId")
	n.call("GET", "/Users/"+id, "").want(200).is("Ext-A", "externalId")
	total(n, `externalId eq "Other"`, 0)
	total(second, `externalId eq "Other"`, 1)
}

func entra(t *testing.T, w *world, n *tenant) {
	e := w.connect(n.org, "e", "entra")
	u := "/Users/" + e.user("ann")
	e.call("PATCH", u, patchBody(`{"op":"Add","path":"`+enterpriseURN+`:manager","value":"26118915"}`,
		`{"op":"Replace","path":"active","value":"False"}`, `{"op":"Add","path":"emails[type eq \"work\"].value","value":"w@x.io"}`)).want(204)
	e.call("GET", u, "").want(200).is(false, "active").is("w@x.io", "emails", 0, "value").is("26118915", enterpriseURN, "manager", "value")
	e.call("PATCH", u, patchBody(`{"op":"Replace","path":"`+enterpriseURN+`:manager","value":""}`)).want(204)
	e.call("GET", u, "").want(200).is(nil, enterpriseURN).is(nil, "schemas", 1)
	e.call("GET", `/Users?filter=userName eq "AzureAD_Test-1"`, "").want(200).is(0, "totalResults")
	total(e, `active eq "False"`, 1)
}

func strict(t *testing.T, w *world, n *tenant) {
	s := w.connect(n.org, "s", "strict")
	u := "/Users/" + s.user("ann")
	s.call("PATCH", u, patchBody(`{"op":"replace","path":"active","value":"False"}`)).want(400)
	s.call("PATCH", u, patchBody(`{"op":"replace","value":{"active":false}}`)).want(400, "invalidSyntax")
	s.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"b","shoeSize":43}`).want(400)
	n.call("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"b","shoeSize":43}`).want(201).is(nil, "shoeSize")
}
