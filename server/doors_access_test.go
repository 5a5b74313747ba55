package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// A desk is a doors whose caller is at our own API of access.
type desk struct {
	*doors
	token string
}

const ours = "/api/v1/o/acme"

func eachDesk(t *testing.T, test func(t *testing.T, d *desk)) {
	eachDoors(t, false, func(t *testing.T, d *doors) {
		test(t, &desk{d, d.robot("muster:admin")})
	})
}

// as is the desk for another caller.
func (d *desk) as(token string) *desk { return &desk{d.doors, token} }

// call sends a request to a path below that of acme, or to an absolute one.
func (d *desk) call(method, path, body string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	if !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/o/") && !strings.HasPrefix(path, "/access/") {
		path = ours + path
	}
	if d.token != "" {
		header = append(header, "Authorization", "Bearer "+d.token)
	}
	if body != "" {
		header = append(header, "Content-Type", "application/json")
	}
	return d.do(method, path, body, header...)
}

// want is call for a request that has a status, and what it says.
func (d *desk) want(status int, method, path, body string, header ...string) map[string]any {
	d.t.Helper()
	w := d.call(method, path, body, header...)
	if w.Code != status {
		d.t.Fatalf("%s %s %s: %d, want %d: %s", method, path, body, w.Code, status, w.Body)
	}
	out := map[string]any{}
	if w.Body.Len() > 0 && json.Unmarshal(w.Body.Bytes(), &out) != nil {
		d.t.Fatalf("%s %s: %s", method, path, w.Body)
	}
	return out
}

// make makes a thing and returns its id.
func (d *desk) make(path, body string) string {
	d.t.Helper()
	return d.text(d.want(201, "POST", path, body), "id")
}

// person makes a user of an organisation.
func (d *desk) person(org identity.Organisation, name string) string {
	d.t.Helper()
	id, err := d.h.Directory.CreatePerson(d.t.Context(), systemOf(org.ID), directory.NewPerson{Name: name})
	if err != nil {
		d.t.Fatal(err)
	}
	return id.String()
}

// tokenOf is a token that a user has through the demonstration's app.
func (d *desk) tokenOf(user string, scopes ...string) string {
	d.t.Helper()
	id, _ := identity.ParseID(user)
	a, err := d.h.Apps.Get(d.t.Context(), d.demo.Org.ID, "people")
	if err != nil {
		d.app("people", func(s *identity.AppSettings) {
			s.GrantTypes = []string{identity.GrantCode, identity.GrantRefresh}
			s.Scopes = append(s.Scopes, "muster:admin", "muster:access", "muster:decide")
		})
		if a, err = d.h.Apps.Get(d.t.Context(), d.demo.Org.ID, "people"); err != nil {
			d.t.Fatal(err)
		}
	}
	res, err := d.h.Tokens.Issue(d.t.Context(), token.Request{Org: d.demo.Org, App: a, Authorization: token.Authorization{App: a.ID, User: id, Scopes: scopes}})
	if err != nil {
		d.t.Fatal(err)
	}
	return res.AccessToken
}

// catalogue makes something of every kind and returns the ids, by kind.
func (d *desk) catalogue() map[string]string {
	d.t.Helper()
	ids := map[string]string{}
	for _, c := range [][3]string{
		{"actions", "", `{"name":"read"}`},
		{"resource-types", "", `{"name":"Record","actions":["read"]}`},
		{"resources", "", `{"name":"First","slug":"first","type":"record"}`},
		{"permissions", "", `{"name":"See records","statements":[{"actions":["read"],"resource":"record/*"}]}`},
		{"roles", "", `{"name":"reader","display_name":"Reader","permissions":["see records"]}`},
	} {
		ids[c[0]] = d.make("/"+c[0], c[2])
	}
	return ids
}

func items(o map[string]any) (list []map[string]any) {
	all, _ := o["items"].([]any)
	for _, one := range all {
		m, _ := one.(map[string]any)
		list = append(list, m)
	}
	return list
}

// TestAccessThings: the five kinds are made, read, listed, changed and deleted.
func TestAccessThings(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ids := d.catalogue()
		for kind, id := range ids {
			path := "/" + kind + "/" + id
			w := d.call("GET", path, "")
			tag := w.Header().Get("ETag")
			got := d.object(w, 200)
			if got["id"] != id || tag != `W/"1"` || got["version"] != 1.0 || got["created"] == nil {
				t.Errorf("GET %s: %v, ETag %s", path, got, tag)
			}
			name := d.text(got, "name")
			if byName := d.want(200, "GET", "/"+kind+"/"+strings.ReplaceAll(name, " ", "%20"), ""); byName["id"] != id {
				t.Errorf("GET %s by name: %v", kind, byName)
			}
			back, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if same := d.want(200, "PATCH", path, string(back)); same["name"] != name {
				t.Errorf("PATCH %s with what was read: %v", path, same)
			}
			changed := d.want(200, "PATCH", path, `{"description":"new","id":"00000000-0000-4000-8000-000000000000"}`)
			if changed["description"] != "new" || changed["id"] != id || changed["name"] != name {
				t.Errorf("PATCH %s: %v", path, changed)
			}
			d.want(412, "PATCH", path, `{"description":"newer"}`, "If-Match", `W/"999"`)
			d.want(412, "DELETE", path, "", "If-Match", `W/"999"`)
			d.want(400, "PATCH", path, `{"description":null}`)
			d.want(400, "PATCH", path, `{"nmae":"x"}`)
			if cleared := d.want(200, "PATCH", path, `{"description":""}`); cleared["description"] != nil {
				t.Errorf("PATCH %s with nothing: %v", path, cleared)
			}
			for filter, want := range map[string]float64{
				"": 1, `name eq "` + name + `"`: 1, `name eq "description"`: 0, `created gt "2020-01-01T00:00:00Z"`: 1, `description pr`: 0,
			} {
				list := d.want(200, "GET", "/"+kind+"?filter="+strings.NewReplacer(" ", "%20", `"`, "%22").Replace(filter), "")
				if list["total"] != want || len(items(list)) != int(want) {
					t.Errorf("%s by %s: %v, want %v", kind, filter, list, want)
				}
			}
			d.want(400, "GET", "/"+kind+"?filter=nonsense", "")
			d.want(400, "GET", "/"+kind+"?limit=0", "")
			d.want(409, "POST", "/"+kind, string(back))
		}
		if w := d.call("POST", "/actions", `{"name":"write"}`); w.Code != 201 || w.Header().Get("Location") != ours+"/actions/"+d.text(d.object(w, 201), "id") {
			t.Errorf("Location %q", w.Header().Get("Location"))
		}
		for _, kind := range []string{"roles", "permissions", "resources", "resource-types", "actions"} {
			d.want(204, "DELETE", "/"+kind+"/"+ids[kind], "")
			d.want(404, "GET", "/"+kind+"/"+ids[kind], "")
			d.want(404, "DELETE", "/"+kind+"/"+ids[kind], "")
		}
	})
}

// TestAccessReferences: things are named by id or by name, and what a PATCH
// replaces does not show through.
func TestAccessReferences(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ids := d.catalogue()
		role := d.want(200, "GET", "/roles/reader", "")
		if list, _ := role["permissions"].([]any); len(list) != 1 || list[0] != ids["permissions"] {
			t.Errorf("a permission by name: %v", role)
		}
		if r := d.want(200, "GET", "/resources/record%2Ffirst", ""); r["type"] != ids["resource-types"] {
			t.Errorf("a type by slug: %v", r)
		}
		path := "/roles/" + ids["roles"]
		d.want(200, "PATCH", path, `{"statements":[{"actions":["read"],"resource":"record/*","effect":"deny","condition":"context.hour lt 8"}],"claim_mapper":{"a":"1"}}`)
		got := d.want(200, "PATCH", path, `{"statements":[{"actions":["read"],"resource":"record/first"}],"claim_mapper":{"b":"2"}}`)
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"deny", "hour", `"a"`} {
			if strings.Contains(string(text), bad) {
				t.Errorf("after it was replaced there is still %s: %s", bad, text)
			}
		}
		for phrase, c := range map[string][3]string{
			"a permission of no name":      {"PATCH", path, `{"permissions":["nothing"]}`},
			"a permission of no id":        {"PATCH", path, `{"permissions":["00000000-0000-4000-8000-000000000000"]}`},
			"an empty name":                {"PATCH", path, `{"permissions":[""]}`},
			"an effect that is none":       {"PATCH", path, `{"statements":[{"actions":["read"],"resource":"*","effect":"maybe"}]}`},
			"an action of no name":         {"POST", "/resource-types", `{"name":"x","actions":["fly"]}`},
			"a type of no name":            {"POST", "/resources", `{"name":"x","type":"nothing"}`},
			"no type":                      {"POST", "/resources", `{"name":"x"}`},
			"no name":                      {"POST", "/roles", `{}`},
			"a condition that is none":     {"POST", "/permissions", `{"name":"x","statements":[{"actions":["read"],"resource":"record/*","condition":"("}]}`},
			"an assignment to nobody":      {"POST", "/assignments", `{"role":"reader","subject_type":"User","subject":"00000000-0000-4000-8000-000000000000"}`},
			"an assignment of no role":     {"POST", "/assignments", `{"role":"nothing","subject_type":"User","subject":"` + d.ann.String() + `"}`},
			"an assignment of no type":     {"POST", "/assignments", `{"role":"reader","subject_type":"Ghost","subject":"` + d.ann.String() + `"}`},
			"an assignment to no name":     {"POST", "/assignments", `{"role":"reader","subject_type":"User","subject":"nobody"}`},
			"an assignment to no client":   {"POST", "/assignments", `{"role":"reader","subject_type":"App","subject":"nobody"}`},
			"assignments to a bare name":   {"GET", "/assignments?subject=bob", ""},
			"assignments to nobody":        {"GET", "/assignments?subject_type=User&subject=nobody", ""},
			"assignments of no role":       {"GET", "/assignments?role=nothing", ""},
			"assignments of no type":       {"GET", "/assignments?subject_type=Ghost", ""},
			"assignments after no id":      {"GET", "/assignments?after=x", ""},
			"holders after no id":          {"GET", path + "/members?after=x", ""},
			"what is inherited, by filter": {"GET", "/roles?inherited&filter=name%20pr", ""},
		} {
			w := d.call(c[0], c[1], c[2])
			var p struct{ Detail string }
			if w.Code != 400 || json.Unmarshal(w.Body.Bytes(), &p) != nil || p.Detail == "" {
				t.Errorf("%s: %d %s, want 400", phrase, w.Code, w.Body)
			}
		}
		inherited := d.want(200, "GET", "/roles?inherited&start=2&limit=2", "")
		if inherited["total"] != 4.0 || len(items(inherited)) != 2 || items(inherited)[0]["built_in"] != true {
			t.Errorf("the roles of the organisations above: %v", inherited)
		}
		if owner := d.want(200, "GET", "/roles/org_owner", ""); owner["id"] != identity.OrganizationOwner.String() {
			t.Errorf("a role of the organisations above: %v", owner)
		}
		for _, method := range []string{"PATCH", "DELETE"} {
			if w := d.call(method, "/roles/org_owner", `{"description":"mine"}`); w.Code != 404 && w.Code != 403 {
				t.Errorf("%s of a role of the organisation above: %d %s", method, w.Code, w.Body)
			}
		}
	})
}

// TestAccessAssignments: roles are given, listed and taken; holders and roles of
// each are told.
func TestAccessAssignments(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.catalogue()
		bob := d.person(d.demo.Org, "bob")
		given := d.want(201, "POST", "/assignments", `{"role":"reader","subject_type":"User","subject":"`+bob+`","expires":"2999-01-01T00:00:00Z"}`)
		if given["expires"] != "2999-01-01T00:00:00Z" || given["subject"] != bob {
			t.Errorf("given: %v", given)
		}
		id, role := d.text(given, "id"), d.text(given, "role")
		if again := d.want(201, "POST", "/assignments", `{"role":"reader","subject_type":"User","subject":"`+bob+`"}`); again["id"] != id || again["expires"] != nil {
			t.Errorf("given again: %v", again)
		}
		if named := d.want(201, "POST", "/assignments", `{"role":"reader","subject_type":"User","subject":"bob"}`); named["id"] != id || named["subject"] != bob {
			t.Errorf("given by name: %v", named)
		}
		if got, want := d.want(200, "GET", "/users/bob/roles", ""), d.want(200, "GET", "/users/"+bob+"/roles", ""); !cmp.Equal(got, want) {
			t.Errorf("roles by name: %v, want %v", got, want)
		}
		if w := d.call("GET", "/users/nobody/roles", ""); w.Code != 404 {
			t.Errorf("roles of nobody: %d %s", w.Code, w.Body)
		}
		for path, want := range map[string]int{
			"?role=" + role: 1, "?subject=" + bob: 1, "?subject=" + d.ann.String() + "&role=" + role: 0, "?subject_type=Group": 0, "?role=" + role + "&subject_type=User": 1,
			"?role=reader&subject_type=User&subject=BOB": 1, "?subject_type=User&subject=" + d.ann.String(): 0,
		} {
			if got := items(d.want(200, "GET", "/assignments"+path, "")); len(got) != want {
				t.Errorf("assignments%s: %v, want %d", path, got, want)
			}
		}
		if all := d.want(200, "GET", "/assignments?limit=1", ""); all["next"] == nil {
			t.Errorf("a page of one: %v", all)
		}
		holders := d.want(200, "GET", "/roles/reader/members", "")
		if users, _ := holders["users"].([]any); holders["total"] != 1.0 || len(users) != 1 || users[0] != bob {
			t.Errorf("the holders: %v", holders)
		}
		held := items(d.want(200, "GET", "/users/"+bob+"/roles", ""))
		var names []string
		for _, h := range held {
			r, _ := h["role"].(map[string]any)
			names = append(names, d.text(r, "name"))
		}
		if got := strings.Join(names, " "); !strings.Contains(got, "reader") || !strings.Contains(got, "org_member") {
			t.Errorf("the roles of bob: %v", names)
		}
		robot := d.text(d.want(201, "POST", "/apps", `{"client_name":"Robot","client_id":"robot","application_type":"service"}`), "id")
		d.want(201, "POST", "/assignments", `{"role":"reader","subject_type":"App","subject":"`+robot+`"}`)
		if got := items(d.want(200, "GET", "/apps/robot/roles", "")); len(got) != 1 {
			t.Errorf("the roles of the app: %v", got)
		}
		group := d.group("Readers", bob)
		d.want(201, "POST", "/assignments", `{"role":"reader","subject_type":"Group","subject":"`+group+`"}`)
		if got := items(d.want(200, "GET", "/groups/"+group+"/roles", "")); len(got) != 1 {
			t.Errorf("the roles of the group: %v", got)
		}
		d.want(204, "DELETE", "/assignments/"+id, "")
		d.want(404, "DELETE", "/assignments/"+id, "")
		for _, h := range items(d.want(200, "GET", "/users/"+bob+"/roles", "")) {
			r, _ := h["role"].(map[string]any)
			if groups, _ := h["groups"].([]any); r["name"] == "reader" && (len(groups) != 1 || groups[0] != group) {
				t.Errorf("a role through a group: %v", h)
			}
		}
	})
}

// group makes a group with a member.
func (d *desk) group(name, member string) string {
	d.t.Helper()
	w := d.do(http.MethodPost, "/scim/v2/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"`+name+`","members":[{"value":"`+member+`"}]}`,
		"Authorization", "Bearer "+d.demo.Token, "Content-Type", "application/scim+json")
	return d.text(d.object(w, http.StatusCreated), "id")
}

// TestAccessDecisions: decisions with their reasons, in lists, and of changes
// that are not made.
func TestAccessDecisions(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.catalogue()
		bob := d.person(d.demo.Org, "bob")
		group := d.group("Readers", bob)
		given := d.text(d.want(201, "POST", "/assignments", `{"role":"reader","subject_type":"Group","subject":"`+group+`"}`), "id")
		question := func(who string) string {
			return `{"subject":{"type":"user","id":"` + who + `"},"action":{"name":"read"},"resource":{"type":"record","id":"first"}}`
		}
		if got := d.want(200, "POST", "/decisions", question("bob")); len(got) != 1 || got["decision"] != true {
			t.Errorf("one question: %v", got)
		}
		list := d.want(200, "POST", "/decisions?explain=0", `{"questions":[`+question("bob")+`,`+question("nobody")+`]}`)["decisions"].([]any)
		if text, _ := json.Marshal(list); string(text) != `[{"decision":true},{"decision":false}]` {
			t.Errorf("two questions: %s", text)
		}
		text, _ := json.Marshal(d.want(200, "POST", "/decisions?explain=1", question(bob)))
		for _, want := range []string{`"name":"reader"`, `"name":"Readers"`, `"name":"See records"`, `"assignment":"` + given + `"`, `"statement":0`, `"effect":"allow"`, `"why":"`} {
			if !strings.Contains(string(text), want) {
				t.Errorf("explained without %s: %s", want, text)
			}
		}
		ann := d.ann.String()
		text, _ = json.Marshal(d.want(200, "POST", "/decisions?explain", question(ann)))
		if !strings.Contains(string(text), `"missing":"assignment"`) || !strings.Contains(string(text), `"decision":false`) {
			t.Errorf("a refusal: %s", text)
		}
		ask := `"questions":[` + question(bob) + `,` + question(ann) + `]`
		for phrase, c := range map[string]struct{ change, want string }{
			"nothing":         {``, `[{"decision":true},{"decision":false}]`},
			"an assignment":   {`"assign":[{"role":"reader","subject_type":"User","subject":"` + ann + `"}],`, `[{"decision":true},{"decision":true}]`},
			"one less":        {`"unassign":["` + given + `"],`, `[{"decision":false},{"decision":false}]`},
			"who joins":       {`"join":[{"group":"` + group + `","member":"` + ann + `"}],`, `[{"decision":true},{"decision":true}]`},
			"who leaves":      {`"leave":[{"group":"` + group + `","member":"` + bob + `"}],`, `[{"decision":false},{"decision":false}]`},
			"another role":    {`"roles":[{"id":"` + d.text(d.want(200, "GET", "/roles/reader", ""), "id") + `","name":"reader","permissions":[],"statements":[]}],`, `[{"decision":false},{"decision":false}]`},
			"what one allows": {`"permissions":[{"id":"` + d.text(d.want(200, "GET", "/permissions/see%20records", ""), "id") + `","name":"See records","statements":[]}],`, `[{"decision":false},{"decision":false}]`},
		} {
			got := d.want(200, "POST", "/what-if", "{"+c.change+ask+"}")
			before, _ := json.Marshal(got["before"])
			after, _ := json.Marshal(got["after"])
			if string(before) != `[{"decision":true},{"decision":false}]` || string(after) != c.want {
				t.Errorf("what if %s: before %s, after %s, want %s", phrase, before, after, c.want)
			}
		}
		text, _ = json.Marshal(d.want(200, "POST", "/what-if?explain", `{"assign":[{"role":"reader","subject_type":"User","subject":"`+ann+`"}],`+ask+`}`)["after"])
		if !strings.Contains(string(text), `"name":"reader"`) || !strings.Contains(string(text), `"name":"See records"`) {
			t.Errorf("what if, explained, without names: %s", text)
		}
		if got := d.want(200, "POST", "/decisions", question(ann)); got["decision"] != false {
			t.Errorf("what was asked about was saved: %v", got)
		}
		for phrase, body := range map[string]string{
			"nothing": `{}`, "no action": `{"subject":{"type":"user","id":"a"},"resource":{"type":"b","id":"c"}}`, "both": `{"context":{},"questions":[` + question(bob) + `]}`,
			"no questions": `{"questions":[]}`, "too many": `{"questions":[` + strings.Repeat(`{},`, 1000) + `{}]}`,
		} {
			if w := d.call("POST", "/decisions", body); w.Code != 400 {
				t.Errorf("%s: %d %s", phrase, w.Code, w.Body)
			}
		}
	})
}

func sprintJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
