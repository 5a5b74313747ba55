package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// An arbiter is a doors with the fixture of the certification scenario, asked by
// an app that may ask for decisions.
type arbiter struct {
	*doors
	token string
}

func eachArbiter(t *testing.T, test func(t *testing.T, a *arbiter)) {
	eachDoors(t, false, func(t *testing.T, d *doors) {
		a := &arbiter{doors: d, token: d.robot("muster:decide")}
		a.fixture()
		test(t, a)
	})
}

// robot makes a service account of acme with scopes and returns its token.
func (d *doors) robot(scopes ...string) string { return d.robotOf(d.demo.Org, scopes...) }

// robotOf is robot for any organisation.
func (d *doors) robotOf(org identity.Organisation, scopes ...string) string {
	d.t.Helper()
	ctx, by := d.t.Context(), systemOf(org.ID)
	made, _, err := d.h.Apps.Create(ctx, by, org.ID, app.NewApp{AppSettings: identity.AppSettings{
		Name: "Robot", Type: identity.ServiceApp, Scopes: scopes, OpaqueAccessToken: true,
	}})
	if err != nil {
		d.t.Fatal(err)
	}
	a, err := d.h.Apps.ByID(ctx, org.ID, made.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	res, err := d.h.Tokens.Issue(ctx, token.Request{Org: org, App: a, Authorization: token.Authorization{App: a.ID, Scopes: scopes}})
	if err != nil {
		d.t.Fatal(err)
	}
	return res.AccessToken
}

func systemOf(org identity.OrgID) identity.Actor {
	return identity.Actor{Kind: identity.BySystem, Org: org, Perms: identity.AllPerms()}
}

// fixture makes alice, bob, two records and what they may do.
func (a *arbiter) fixture() {
	a.t.Helper()
	ctx, by, s := a.t.Context(), systemOf(a.demo.Org.ID), a.h.Access
	must := func(err error) {
		a.t.Helper()
		if err != nil {
			a.t.Fatal(err)
		}
	}
	var actions []identity.ID
	for _, name := range []string{"read", "write", "delete"} {
		made, err := s.Actions.Create(ctx, by, access.Action{Base: access.Base{Name: name}, Active: true})
		must(err)
		actions = append(actions, made.ID)
	}
	kind, err := s.ResourceTypes.Create(ctx, by, access.ResourceType{Base: access.Base{Name: "Record"}, Slug: "record", Actions: actions})
	must(err)
	for _, slug := range []string{"record-1", "record-2"} {
		_, err := s.Resources.Create(ctx, by, access.Resource{Base: access.Base{Name: slug}, Slug: slug, Type: kind.ID})
		must(err)
	}
	for name, statements := range map[string][]access.Statement{
		"alice": {
			{Actions: []string{"read"}, Resource: "record/*"},
			{Actions: []string{"write"}, Resource: "record/*", Condition: `not (resource.status eq "archived")`},
			{Actions: []string{"delete"}, Resource: "record/*", Condition: `action.soft eq true`},
		},
		"bob": {
			{Actions: []string{"read"}, Resource: "record/*"},
			{Actions: []string{"write"}, Resource: "record/record-2"},
		},
	} {
		role, err := s.Roles.Create(ctx, by, access.Role{Base: access.Base{Name: name + "s"}, Statements: statements})
		must(err)
		user, err := a.h.Directory.CreatePerson(ctx, by, directory.NewPerson{Name: name})
		must(err)
		_, err = s.Assign(ctx, by, identity.Assignment{Role: role.ID, Type: identity.UserSubject, Subject: user})
		must(err)
	}
}

// ask sends a body to an endpoint.
func (a *arbiter) ask(endpoint, body string, header ...string) (int, string, http.Header) {
	a.t.Helper()
	w := a.do("POST", "/access/v1/"+endpoint, body, append([]string{"Authorization", "Bearer " + a.token, "Content-Type", "application/json"}, header...)...)
	return w.Code, strings.TrimSpace(w.Body.String()), w.Header()
}

const (
	alice   = `"subject":{"type":"user","id":"alice"}`
	bob     = `"subject":{"type":"user","id":"bob"}`
	admin   = `"subject":{"type":"user","id":"bob","properties":{"role":"admin"}}`
	someone = `"subject":{"type":"user"}`
	toRead  = `"action":{"name":"read"}`
	toWrite = `"action":{"name":"write"}`
	record1 = `"resource":{"type":"record","id":"record-1"}`
	record2 = `"resource":{"type":"record","id":"record-2"}`
	stored  = `"resource":{"type":"record","id":"record-2","properties":{"status":"archived"}}`
	records = `"resource":{"type":"record"}`
)

func object(members ...string) string { return "{" + strings.Join(members, ",") + "}" }

// TestAuthZENEvaluation is the basic level of the certification scenario.
func TestAuthZENEvaluation(t *testing.T) {
	yes, no := `{"decision":true}`, `{"decision":false}`
	eachArbiter(t, func(t *testing.T, a *arbiter) {
		for number, c := range map[string][2]string{
			"Z-01 c-2-2-1 permit":             {object(alice, toRead, record1), yes},
			"Z-02 c-1-4 rule 2":               {object(alice, toWrite, record1), yes},
			"Z-03 c-1-4 rule 3":               {object(bob, toRead, record1), yes},
			"Z-04 c-2-2-2 deny":               {object(bob, toWrite, record1), no},
			"Z-05 c-2-2-3 context":            {object(alice, toRead, record1, `"context":{"time":"2025-06-27T18:03-07:00","ip":"192.168.1.1"}`), yes},
			"Z-06 c-2-2-4 archived":           {object(alice, toWrite, stored), no},
			"Z-07 c-2-2-5 admin":              {object(admin, toWrite, stored), yes},
			"Z-08 c-2-2-6 soft":               {object(alice, `"action":{"name":"delete","properties":{"soft":true}}`, record1), yes},
			"Z-09 c-2-2-7 hard":               {object(alice, `"action":{"name":"delete","properties":{"soft":false}}`, record1), no},
			"Z-10 c-2-2-8 further properties": {object(`"subject":{"type":"user","id":"alice","properties":{"department":"Sales","role":"manager"}}`, `"action":{"name":"read","properties":{"method":"GET"}}`, `"resource":{"type":"record","id":"record-1","properties":{"status":"active","owner":"bob"}}`), yes},
			"Z-11 c-2-2-9 unknown fields":     {object(alice, toRead, record1, `"foo":"bar"`, `"futureField":{"nested":true}`), yes},
			"Z-12 nobody":                     {object(`"subject":{"type":"user","id":"nobody"}`, toRead, record1), no},
			"Z-13 no such type":               {object(`"subject":{"type":"spaceship","id":"alice"}`, toRead, record1), no},
		} {
			for range 2 { // c-2-6: the same each time
				if status, body, h := a.ask("evaluation", c[0]); status != 200 || body != c[1] || h.Get("Content-Type") != "application/json" {
					t.Errorf("%s: %d %s %q, want %s", number, status, body, h.Get("Content-Type"), c[1])
				}
			}
		}
	})
}

// TestAuthZENBadRequests: errors, headers and methods of all endpoints.
func TestAuthZENBadRequests(t *testing.T) {
	eachArbiter(t, func(t *testing.T, a *arbiter) {
		for name, c := range map[string][2]string{
			"Z-14 c-2-4-1 no subject":           {"evaluation", object(toRead, record1)},
			"Z-15 c-2-4-1 no action":            {"evaluation", object(alice, record1)},
			"Z-16 c-2-4-1 no resource":          {"evaluation", object(alice, toRead)},
			"Z-17 c-2-4-2 no subject.type":      {"evaluation", object(`"subject":{"id":"alice"}`, toRead, record1)},
			"Z-18 c-2-4-2 no subject.id":        {"evaluation", object(someone, toRead, record1)},
			"Z-19 c-2-4-2 no action.name":       {"evaluation", object(alice, `"action":{}`, record1)},
			"Z-20 c-2-4-2 no resource.type":     {"evaluation", object(alice, toRead, `"resource":{"id":"record-1"}`)},
			"Z-21 c-2-4-2 no resource.id":       {"evaluation", object(alice, toRead, records)},
			"Z-22 c-2-4-4 malformed":            {"evaluation", object(alice, toRead, record1) + "}"},
			"Z-23 c-2-4-4 cut off":              {"evaluation", `{"subject":`},
			"Z-24 c-2-4-5 empty":                {"evaluation", ""},
			"Z-25 c-2-4-6 subject is a string":  {"evaluation", object(`"subject":"alice"`, toRead, record1)},
			"Z-26 c-2-4-6 name is a number":     {"evaluation", object(alice, `"action":{"name":123}`, record1)},
			"Z-27 properties is a list":         {"evaluation", object(`"subject":{"type":"user","id":"alice","properties":[]}`, toRead, record1)},
			"Z-28 an array":                     {"evaluation", "[" + object(alice, toRead, record1) + "]"},
			"Z-29 unknown semantic":             {"evaluations", object(alice, toRead, `"evaluations":[{}]`, `"options":{"evaluations_semantic":"guess"}`)},
			"Z-30 evaluations is an object":     {"evaluations", object(alice, toRead, record1, `"evaluations":{}`)},
			"Z-31 more than a thousand":         {"evaluations", object(alice, toRead, `"evaluations":[`+strings.Repeat("{},", 1000)+"{}]")},
			"Z-32 c-4-7-1 subjects, no action":  {"search/subject", object(someone, record1)},
			"Z-33 c-4-7-1 resources, no one":    {"search/resource", object(toRead, records)},
			"Z-34 c-4-7-1 actions, no resource": {"search/action", object(alice)},
			"Z-35 c-4-7-2 no resource.id":       {"search/subject", object(someone, toRead, records)},
			"Z-36 c-4-7-2 no subject.id":        {"search/resource", object(someone, toRead, records)},
			"Z-37 a negative limit":             {"search/subject", object(someone, toRead, record1, `"page":{"limit":-1}`)},
			"Z-38 a forged token":               {"search/subject", object(someone, toRead, record1, `"page":{"token":"AAAA"}`)},
		} {
			status, body, h := a.ask(c[0], c[1], "X-Request-ID", "mine")
			var text string
			if status != 400 || json.Unmarshal([]byte(body), &text) != nil || text == "" {
				t.Errorf("%s: %d %s, want 400 and a string", name, status, body)
			}
			if h.Get("X-Request-ID") != "mine" {
				t.Errorf("%s: X-Request-ID %q", name, h.Get("X-Request-ID"))
			}
		}
		good := object(alice, toRead, record1)
		for kind, want := range map[string]int{"text/plain": 400, "": 400, "application/json; charset=utf-8": 200, "application/x-www-form-urlencoded": 400} { // c-2-4-3
			if w := a.do("POST", "/access/v1/evaluation", good, "Authorization", "Bearer "+a.token, "Content-Type", kind); w.Code != want {
				t.Errorf("%s, %q: %d, want %d", "Z-67 c-2-4-3 content types", kind, w.Code, want)
			}
		}
		if status, _, h := a.ask("evaluation", good, "X-Request-ID", "bfe9eb29"); status != 200 || h.Get("X-Request-ID") != "bfe9eb29" { // c-2-5-1
			t.Errorf("%s: %d %q", "Z-68 c-2-5-1 X-Request-ID comes back", status, h.Get("X-Request-ID"))
		}
		for _, method := range []string{"GET", "PUT"} {
			if w := a.do(method, "/access/v1/evaluation", good, "Authorization", "Bearer "+a.token); w.Code != 405 && w.Code != 404 {
				t.Errorf("%s, %s: %d", "Z-69 other methods", method, w.Code)
			}
		}
		for name, credential := range map[string]string{"none": "", "forged": "Bearer nonsense", "basic": "Basic YTpi"} {
			w := a.do("POST", "/access/v1/evaluation", good, "Authorization", credential, "Content-Type", "application/json")
			if w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s, %s: %d", "Z-70 missing and bad credentials", name, w.Code)
			}
		}
		a.token = a.robot("scim")
		if status, _, _ := a.ask("evaluation", good); status != 403 {
			t.Errorf("a token without the right to ask: %d", status)
		}
	})
}

// TestAuthZENEvaluations is the batch level of the certification scenario.
func TestAuthZENEvaluations(t *testing.T) {
	batch := func(items ...string) string { return `"evaluations":[` + strings.Join(items, ",") + "]" }
	eachArbiter(t, func(t *testing.T, a *arbiter) {
		for number, c := range map[string]struct {
			body string
			want []bool
		}{
			"Z-39 c-3-2-1 an array":          {object(alice, toRead, batch(object(record1), object(record2))), []bool{true, true}},
			"Z-40 c-3-2-2 in order":          {object(bob, record1, batch(object(toRead), object(toWrite))), []bool{true, false}},
			"Z-41 c-3-2-3 properties":        {object(alice, toWrite, batch(object(`"resource":{"type":"record","id":"record-1","properties":{"status":"active"}}`), object(stored))), []bool{true, false}},
			"Z-42 c-3-2-4 of subjects":       {object(toWrite, stored, batch(object(alice), object(admin))), []bool{false, true}},
			"Z-43 c-3-2-5 no defaults":       {object(batch(object(alice, toRead, record1), object(bob, toWrite, record1))), []bool{true, false}},
			"Z-44 c-3-2-6 context":           {object(alice, toRead, `"context":{"time":"2025-06-27T18:03-07:00"}`, batch(object(record1), object(record2, `"context":{"source":"batch-override"}`))), []bool{true, true}},
			"Z-45 c-3-2-7 merged":            {object(alice, toWrite, records, batch(object(`"resource":{"id":"record-1","properties":{"status":"active"}}`), object(stored))), []bool{true, false}},
			"Z-46 c-3-4-1 an item lacks one": {object(alice, toRead, batch(object(record1), "{}")), []bool{true, false}},
			"Z-47 an item of a wrong type":   {object(alice, toRead, batch(object(record1), "7", object(record2))), []bool{true, false, true}},
			"Z-48 deny on first deny":        {object(bob, record1, batch(object(toRead), object(toWrite), object(toRead)), `"options":{"evaluations_semantic":"deny_on_first_deny"}`), []bool{true, false}},
			"Z-49 permit on first permit":    {object(bob, record1, batch(object(toWrite), object(toRead), object(toRead)), `"options":{"evaluations_semantic":"permit_on_first_permit"}`), []bool{false, true}},
			"Z-50 execute all":               {object(bob, record1, batch(object(toWrite), object(toRead)), `"options":{"evaluations_semantic":"execute_all"}`), []bool{false, true}},
		} {
			status, body, _ := a.ask("evaluations", c.body)
			var out struct {
				Decision    *bool
				Evaluations []struct{ Decision bool }
			}
			if err := json.Unmarshal([]byte(body), &out); status != 200 || err != nil || out.Decision != nil {
				t.Errorf("%s: %d %s", number, status, body)
			}
			var got []bool
			for _, e := range out.Evaluations {
				got = append(got, e.Decision)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: %s", number, diff)
			}
		}
		for number, body := range map[string]string{
			"Z-51 c-3-4-2 no array": object(alice, toRead, record1), "Z-52 c-3-4-3 an empty one": object(alice, toRead, record1, batch()),
		} {
			if status, body, _ := a.ask("evaluations", body); status != 200 || body != `{"decision":true}` {
				t.Errorf("%s: %d %s", number, status, body)
			}
		}
	})
}

// TestAuthZENSearch is the search level of the certification scenario.
func TestAuthZENSearch(t *testing.T) {
	eachArbiter(t, func(t *testing.T, a *arbiter) {
		for number, c := range map[string]struct {
			of, body string
			want     []string // all that is found
		}{
			"Z-53 c-4-2-1 subjects":               {"subject", object(someone, toRead, record1), []string{"alice", "bob"}},
			"Z-54 c-4-2-2 context":                {"subject", object(someone, toRead, record1, `"context":{}`), []string{"alice", "bob"}},
			"Z-55 c-4-2-3 an id is ignored":       {"subject", object(alice, toRead, record1), []string{"alice", "bob"}},
			"Z-56 c-4-2-4 subjects, archived":     {"subject", object(someone, toWrite, stored), []string{"bob"}},
			"Z-57 c-4-3-1 resources":              {"resource", object(alice, toRead, records), []string{"record-1", "record-2"}},
			"Z-58 c-4-3-2 an id is ignored":       {"resource", object(alice, toRead, record1), []string{"record-1", "record-2"}},
			"Z-59 c-4-3-3 resources of an admin":  {"resource", object(admin, toWrite, records), []string{"record-2"}},
			"Z-60 c-4-4-1 actions":                {"action", object(alice, record1), []string{"read", "write"}},
			"Z-61 c-4-4-2 context":                {"action", object(alice, record1, `"context":{}`), []string{"read", "write"}},
			"Z-62 c-4-4-3 actions of an admin":    {"action", object(admin, stored), []string{"read", "write"}},
			"Z-63 c-4-6-1 nobody":                 {"action", object(`"subject":{"type":"user","id":"nonexistent-user"}`, record1), nil},
			"Z-64 c-4-6-2 no such type":           {"subject", object(`"subject":{"type":"spaceship"}`, toRead, record1), nil},
			"Z-65 c-4-6-2 no such resource type":  {"resource", object(alice, toRead, `"resource":{"type":"spaceship"}`), nil},
			"Z-66 c-4-6-2 no such type of anyone": {"action", object(`"subject":{"type":"spaceship","id":"x"}`, record1), nil},
		} {
			status, names, next := a.search(c.of, c.body)
			slices.Sort(names)
			if diff := cmp.Diff(c.want, names); status != 200 || diff != "" || next != "" {
				t.Errorf("%s: %d %s next %q", number, status, diff, next)
			}
		}
		var all []string
		for token, pages := "", 0; ; pages++ { // c-4-5
			status, names, next := a.search("subject", object(someone, toRead, record1, `"page":{"limit":1,"token":"`+token+`"}`))
			if status != 200 || len(names) != 1 || pages > 2 {
				t.Fatalf("%s, %d: %d %v", "Z-71 c-4-5 pages", pages, status, names)
			}
			all = append(all, names...)
			if token = next; token == "" {
				break
			}
			if status, _, _ := a.search("subject", object(someone, toWrite, record1, `"page":{"token":"`+token+`"}`)); status != 400 {
				t.Errorf("the token of another question: %d", status)
			}
		}
		slices.Sort(all)
		if diff := cmp.Diff([]string{"alice", "bob"}, all); diff != "" {
			t.Errorf("page by page: %s", diff)
		}
	})
}

// search returns what a search finds.
func (a *arbiter) search(of, body string) (status int, names []string, next string) {
	a.t.Helper()
	status, text, _ := a.ask("search/"+of, body)
	if status != 200 {
		return status, nil, ""
	}
	var out struct {
		Results []struct{ Type, ID, Name string }
		Page    struct {
			Next *string `json:"next_token"`
		}
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil || out.Page.Next == nil || !strings.Contains(text, `"results":[`) {
		a.t.Fatalf("search/%s: %s", of, text)
	}
	for _, r := range out.Results {
		if (of == "action") == (r.Type != "") {
			a.t.Errorf("search/%s: %s", of, text)
		}
		names = append(names, r.ID+r.Name)
	}
	return status, names, *out.Page.Next
}

// TestAuthZENDiscovery is the discovery level, and that other organisations are
// out of reach.
func TestAuthZENDiscovery(t *testing.T) {
	eachArbiter(t, func(t *testing.T, a *arbiter) {
		for path, base := range map[string]string{"": doorsURL, "/o/" + a.demo.Org.Slug: doorsURL + "/o/" + a.demo.Org.Slug} {
			w := a.do("GET", "/.well-known/authzen-configuration"+path, "")
			var got map[string]string
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
				t.Fatalf("%s, %s: %d %s", "Z-72 c-6 metadata", path, w.Code, w.Body)
			}
			want := map[string]string{
				"policy_decision_point":       base,
				"access_evaluation_endpoint":  base + "/access/v1/evaluation",
				"access_evaluations_endpoint": base + "/access/v1/evaluations",
				"search_subject_endpoint":     base + "/access/v1/search/subject",
				"search_resource_endpoint":    base + "/access/v1/search/resource",
				"search_action_endpoint":      base + "/access/v1/search/action",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
		for path, want := range map[string]int{"/o/" + a.demo.Org.Slug: 200, "/o/root": 404, "/o/nobody": 404} {
			w := a.do("POST", path+"/access/v1/evaluation", object(alice, toRead, record1), "Authorization", "Bearer "+a.token, "Content-Type", "application/json")
			if w.Code != want {
				t.Errorf("%s: %d, want %d", path, w.Code, want)
			}
		}
		if w := a.do("POST", "/access/v1/evaluation?explain", object(bob, toWrite, record1), "Authorization", "Bearer "+a.token, "Content-Type", "application/json"); !strings.Contains(w.Body.String(), `"reason":"`) {
			t.Errorf("explained: %s", w.Body)
		}
	})
}
