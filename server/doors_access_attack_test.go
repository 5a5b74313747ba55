package server_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	rights "github.com/muster-id/muster/api/access"
	administration "github.com/muster-id/muster/api/admin"
	"github.com/muster-id/muster/api/authzen"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/web"
)

// apiRoutes are those of our own JSON API and of decisions.
func (d *desk) apiRoutes() []web.Route {
	return slices.Concat(administration.New(administration.Options{}).Routes(), rights.New(rights.Options{Access: d.h.Access}).Routes(), authzen.New(authzen.Options{}).Routes())
}

// farland is an organisation beside acme that has something of every kind: secret
// names all begin with "far".
func (d *desk) farland() (org identity.Organisation, ids map[string]string) {
	d.t.Helper()
	ctx := d.t.Context()
	org, err := d.h.Directory.CreateOrganisation(ctx, systemOf(identity.OrgID{}), directory.NewOrganisation{Slug: "farland"})
	if err != nil {
		d.t.Fatal(err)
	}
	user := d.person(org, "far-bob")
	id, _ := identity.ParseID(user)
	far := d.as(d.robotOf(org, "muster:admin"))
	o := "/api/v1/o/farland"
	ids = map[string]string{"users": user}
	ids["actions"] = far.make(o+"/actions", `{"name":"far-read"}`)
	ids["resource-types"] = far.make(o+"/resource-types", `{"name":"far-record","actions":["far-read"]}`)
	ids["resources"] = far.make(o+"/resources", `{"name":"far-first","type":"far-record"}`)
	ids["permissions"] = far.make(o+"/permissions", `{"name":"far-see","statements":[{"actions":["far-read"],"resource":"far-record/*"}]}`)
	ids["roles"] = far.make(o+"/roles", `{"name":"far-reader","permissions":["far-see"]}`)
	ids["assignments"] = far.make(o+"/assignments", `{"role":"far-reader","subject_type":"User","subject":"`+user+`"}`)
	ids["apps"] = far.make(o+"/apps", `{"client_name":"far-app","client_id":"far-app","redirect_uris":["https://far.test/"]}`)
	ids["secrets"] = far.make(o+"/apps/far-app/secrets", `{"overlap":3600}`)
	keys, _ := far.want(200, "POST", o+"/keys/rotate", `{"immediately":true}`)["keys"].([]any)
	key, _ := keys[0].(map[string]any)
	ids["keys"] = far.text(key, "kid")
	err = d.h.DB.Update(ctx, func(tx *store.Tx) error {
		s, _, err := d.h.Sessions.Start(ctx, tx, session.NewSession{Org: org.ID, User: id, Agent: "far-browser"})
		ids["sessions"] = s.ID.String()
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return org, ids
}

// changes counts what stands in the change logs of some organisations.
func (d *desk) changes(orgs ...identity.OrgID) (n int) {
	d.t.Helper()
	err := d.h.DB.View(d.t.Context(), func(tx *store.Tx) error {
		for _, org := range orgs {
			list, err := tx.Changes(d.t.Context(), org, identity.ID{}, 10_000)
			if err != nil {
				return err
			}
			n += len(list)
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

// bodies are what the routes with a body read, with ids of another organisation.
func strangeBodies(ids map[string]string) map[string]string {
	statement := func(action, resource string) string {
		return `{"name":"take","statements":[{"actions":["` + action + `"],"resource":"` + resource + `"}]}`
	}
	ask := `"questions":[{"subject":{"type":"user","id":"` + ids["users"] + `"},"action":{"name":"far-read"},"resource":{"type":"far-record","id":"far-first"}}]`
	return map[string]string{
		"/resource-types": `{"name":"take","actions":["` + ids["actions"] + `"]}`,
		"/resources":      `{"name":"take","type":"` + ids["resource-types"] + `"}`,
		"/permissions":    statement(ids["actions"], "*"),
		"/roles":          `{"name":"take","permissions":["` + ids["permissions"] + `"]}`,
		"/roles 2":        statement("far-read", "far-record/*"),
		"/roles 3":        statement("*", ids["resources"]),
		"/roles 4":        `{"name":"take","permissions":["far-see"]}`,
		"/assignments":    `{"role":"` + ids["roles"] + `","subject_type":"User","subject":"USER"}`,
		"/assignments 2":  `{"role":"far-reader","subject_type":"User","subject":"USER"}`,
		"/assignments 3":  `{"role":"org_member","subject_type":"User","subject":"` + ids["users"] + `"}`,
		"/assignments 4":  `{"role":"org_member","subject_type":"App","subject":"` + ids["apps"] + `"}`,
		"/apps":           `{"client_id":"far-app","client_name":"x"}`,
		"/what-if":        `{"assign":[{"role":"far-reader","subject_type":"User","subject":"USER"}],` + ask + `}`,
		"/what-if 2":      `{"roles":[{"name":"x","permissions":["far-see"]}],` + ask + `}`,
	}
}

// TestAccessAttackForeign is attack 48, made of the timetables: every route with
// every id of another organisation, in path, query, body and header.
func TestAccessAttackForeign(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		org, foreign := d.farland()
		mine := d.catalogue()
		before := d.changes(org.ID)
		own := strings.NewReplacer("{org}", "acme", "{user}", d.ann.String(), "{app}", d.demo.ClientID, "{secret}", "x", "{session}", "x", "{kid}", "x")
		tried := 0
		refused := func(phrase string, w *httptest.ResponseRecorder) {
			t.Helper()
			tried++
			if w.Code != 400 && w.Code != 403 && w.Code != 404 || strings.Contains(w.Body.String(), "far-bob") {
				t.Errorf("%s: %d %s", phrase, w.Code, w.Body)
			}
		}
		for _, rt := range d.apiRoutes() {
			method, path, _ := strings.Cut(rt.Pattern, " ")
			_, after, ok := strings.Cut(path, "/o/{org}")
			if !ok || rt.Perm == identity.Anyone {
				continue
			}
			body := ""
			if method != "GET" && method != "DELETE" {
				body = "{}"
			}
			for _, name := range []string{"farland", org.ID.String()} { // the organisation itself
				w := d.call(method, strings.NewReplacer("{org}", name, "{user}", foreign["users"], "{app}", foreign["apps"], "{id}", foreign["roles"]).Replace(path), body)
				refused("A48 "+rt.Pattern+" of "+name, w)
			}
			if strings.Contains(after, "{") {
				for kind, id := range foreign { // in the path
					p := strings.NewReplacer("{org}", "acme", "{id}", id, "{user}", id, "{app}", id, "{secret}", id, "{session}", id, "{kid}", id).Replace(path)
					for _, way := range []string{"", "?org=farland&id=" + id} {
						w := d.call(method, p+way, body, "X-Org", "farland", "X-Tenant-Id", org.ID.String())
						refused("A48 "+rt.Pattern+" with one of "+kind, w)
					}
				}
				if strings.Contains(after, "{secret}") || strings.Contains(after, "{session}") { // an own thing's foreign part
					p := strings.NewReplacer("{secret}", foreign["secrets"], "{session}", foreign["sessions"]).Replace(path)
					w := d.call(method, own.Replace(p), body)
					refused("A48 "+rt.Pattern+" with a foreign part", w)
				}
			}
		}
		for path, body := range strangeBodies(foreign) { // in the body
			path, _, _ = strings.Cut(path, " ")
			w := d.call("POST", path, strings.Replace(body, "USER", d.ann.String(), 1))
			if path == "/apps" && w.Code == 201 { // its client id is free here
				continue
			}
			refused("A48 POST "+path+" "+body, w)
			if id, ok := mine[strings.TrimPrefix(path, "/")]; ok {
				w := d.call("PATCH", path+"/"+id, body)
				refused("A48 PATCH "+path+" "+body, w)
			}
		}
		for _, body := range []string{`{"unassign":["` + foreign["assignments"] + `"],`, `{"join":[{"group":"` + foreign["users"] + `","member":"` + foreign["users"] + `"}],`, `{`} {
			got := d.want(200, "POST", "/what-if?explain", body+`"questions":[{"subject":{"type":"user","id":"`+foreign["users"]+`"},"action":{"name":"far-read"},"resource":{"type":"far-record","id":"far-first"}}]}`)
			if text := strings.ToLower(sprintJSON(got)); strings.Contains(text, `"decision":true`) || strings.Contains(text, foreign["roles"]) || strings.Contains(text, foreign["assignments"]) {
				t.Errorf("A48 what if %s: %s", body, text)
			}
		}
		if got := d.changes(org.ID); got != before {
			t.Errorf("A48: %d changes in the other organisation, before %d", got, before)
		}
		if tried < 500 {
			t.Errorf("only %d requests were tried", tried)
		}
	})
}

// TestAccessAttackLeaks is attack 51: lists, filters, counts and searches tell
// nothing of others.
func TestAccessAttackLeaks(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		_, foreign := d.farland()
		d.catalogue()
		for _, kind := range []string{"actions", "resource-types", "resources", "permissions", "roles"} {
			for _, query := range []string{"", "?limit=1000", "?inherited", "?filter=name%20sw%20%22far%22", "?filter=id%20eq%20%22" + foreign[kind] + "%22", "?filter=not%20(name%20eq%20%22x%22)"} {
				w := d.call("GET", "/"+kind+query, "")
				if w.Code >= 500 || strings.Contains(w.Body.String(), "far-") {
					t.Errorf("A51 %s%s: %d %s", kind, query, w.Code, w.Body)
				}
				if strings.Contains(query, "far") && w.Code == 200 && !strings.Contains(w.Body.String(), `"total":0`) {
					t.Errorf("A51 %s%s counts: %s", kind, query, w.Body)
				}
			}
		}
		for _, query := range []string{"?role=" + foreign["roles"], "?subject=" + foreign["users"], "?after=" + foreign["assignments"], ""} {
			if w := d.call("GET", "/assignments"+query, ""); strings.Contains(w.Body.String(), foreign["roles"]) {
				t.Errorf("A51 assignments%s: %s", query, w.Body)
			}
		}
		for _, body := range []string{
			`{"subject":{"type":"user"},"action":{"name":"far-read"},"resource":{"type":"far-record","id":"far-first"}}`,
			`{"subject":{"type":"user","id":"far-bob"},"action":{"name":"far-read"},"resource":{"type":"far-record"}}`,
			`{"subject":{"type":"user","id":"` + foreign["users"] + `"},"resource":{"type":"far-record","id":"` + foreign["resources"] + `"}}`,
		} {
			for _, what := range []string{"subject", "resource", "action"} {
				w := d.call("POST", "/access/v1/search/"+what, body)
				if w.Code == 200 && !strings.Contains(w.Body.String(), `"results":[]`) {
					t.Errorf("A51 search/%s %s: %s", what, body, w.Body)
				}
			}
		}
		w := d.call("POST", "/access/v1/evaluation?explain", `{"subject":{"type":"user","id":"`+foreign["users"]+`"},"action":{"name":"far-read"},"resource":{"type":"far-record","id":"far-first"}}`)
		if w.Code != 200 || strings.Contains(w.Body.String(), "far-see") || strings.Contains(w.Body.String(), `"decision":true`) {
			t.Errorf("A51 an explanation: %d %s", w.Code, w.Body)
		}
	})
}

// TestAccessCallers says which kinds of caller may use what.
func TestAccessCallers(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.catalogue()
		owner, member := d.person(d.demo.Org, "owner"), d.person(d.demo.Org, "member")
		d.want(204, "PUT", "/administrators/"+owner, `{"role":"owner"}`)
		question := `{"subject":{"type":"user","id":"member"},"action":{"name":"read"},"resource":{"type":"record","id":"first"}}`
		for phrase, c := range map[string]struct {
			token                string
			read, write, settled int
		}{
			"nobody":                        {"", 401, 401, 401},
			"a forged token":                {"muster_at_nonsense", 401, 401, 401},
			"one who decides":               {d.robot("muster:decide"), 200, 403, 403},
			"one who reads":                 {d.robot("muster:read"), 200, 403, 200},
			"one who writes access":         {d.robot("muster:access"), 200, 201, 403},
			"one who provisions":            {d.robot("scim"), 403, 403, 403},
			"an administrator":              {d.robot("muster:admin"), 200, 201, 200},
			"an owner":                      {d.tokenOf(owner, "openid", "muster:admin"), 200, 201, 200},
			"an owner who was given less":   {d.tokenOf(owner, "openid", "muster:decide"), 200, 403, 403},
			"an owner who signs in only":    {d.tokenOf(owner, "openid"), 403, 403, 403},
			"a member":                      {d.tokenOf(member, "openid", "muster:admin"), 403, 403, 403},
			"an administrator of elsewhere": {d.robotOf(d.elsewhere(), "muster:admin"), 404, 404, 404},
		} {
			by := d.as(c.token)
			for _, route := range [][3]string{{"GET", "/roles", ""}, {"GET", "/assignments", ""}, {"POST", "/decisions", question}, {"POST", "/what-if", `{"questions":[` + question + `]}`}, {"GET", "/users/" + member + "/roles", ""}} {
				if w := by.call(route[0], route[1], route[2]); w.Code != c.read {
					t.Errorf("%s: %s %s: %d, want %d", phrase, route[0], route[1], w.Code, c.read)
				}
			}
			if w := by.call("POST", "/actions", `{"name":"`+phrase+`"}`); w.Code != c.write {
				t.Errorf("%s: POST /actions: %d, want %d", phrase, w.Code, c.write)
			}
			if w := by.call("GET", "/signin", ""); w.Code != c.settled {
				t.Errorf("%s: GET /signin: %d, want %d", phrase, w.Code, c.settled)
			}
			asked := map[int]int{404: 200}[c.read] // who is at home elsewhere asks about elsewhere
			if asked == 0 {
				asked = c.read
			}
			if w := by.call("POST", "/access/v1/evaluation", question); w.Code != asked || strings.Contains(w.Body.String(), "true") {
				t.Errorf("%s: evaluation: %d %s, want %d", phrase, w.Code, w.Body, asked)
			}
			if w := by.call("POST", "/o/acme/access/v1/evaluation", question); w.Code != c.read {
				t.Errorf("%s: evaluation of acme: %d, want %d", phrase, w.Code, c.read)
			}
		}
	})
}

// elsewhere is another organisation.
func (d *desk) elsewhere() identity.Organisation {
	d.t.Helper()
	org, err := d.h.Directory.CreateOrganisation(d.t.Context(), systemOf(identity.OrgID{}), directory.NewOrganisation{Slug: "elsewhere"})
	if err != nil {
		d.t.Fatal(err)
	}
	return org
}

// TestAccessAttackMore is attack 52: nobody gives what they do not have, by any
// door.
func TestAccessAttackMore(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ids := d.catalogue()
		eve := d.person(d.demo.Org, "eve")
		rich := d.make("/roles", `{"name":"rich","statements":[{"actions":["apps:write"],"resource":"muster/api"}]}`)
		writer := d.as(d.robot("muster:access"))
		apps := d.as(d.robot("applications:manage"))
		owner := d.person(d.demo.Org, "owner")
		d.want(204, "PUT", "/administrators/"+owner, `{"role":"owner"}`)
		boss := d.as(d.tokenOf(owner, "openid", "muster:admin"))
		give := func(role string, more string) string {
			return `{"role":"` + role + `","subject_type":"User","subject":"` + eve + `"` + more + `}`
		}
		statement := func(action, resource string) string {
			return `{"name":"up","statements":[{"actions":["` + action + `"],"resource":"` + resource + `"}]}`
		}
		before := d.changes(d.demo.Org.ID)
		for phrase, c := range map[string]struct {
			by                 *desk
			method, path, body string
		}{
			"a role with more":                      {writer, "POST", "/roles", statement("apps:write", "muster/api")},
			"a role with everything on us":          {writer, "POST", "/roles", statement("*", "muster/api")},
			"a role with everything":                {writer, "POST", "/roles", statement("*", "*")},
			"a role by pattern":                     {writer, "POST", "/roles", statement("keys:write", "muster/a*")},
			"a role by slug":                        {writer, "POST", "/roles", statement("keys:write", "api")},
			"a permission with more":                {writer, "POST", "/permissions", statement("apps:write", "muster/api")},
			"PATCH of a role":                       {writer, "PATCH", "/roles/" + ids["roles"], statement("apps:write", "muster/api")},
			"PATCH of a permission":                 {writer, "PATCH", "/permissions/" + ids["permissions"], statement("apps:write", "muster/api")},
			"a role that others made":               {writer, "POST", "/assignments", give("rich", "")},
			"a role that others made, by id":        {writer, "POST", "/assignments", give(rich, "")},
			"owner":                                 {writer, "POST", "/assignments", give("org_owner", "")},
			"operator":                              {writer, "POST", "/assignments", give("platform_operator", "")},
			"operator, by id":                       {writer, "POST", "/assignments", give(identity.PlatformOperator.String(), `,"inherited":true`)},
			"operator, by an owner":                 {boss, "POST", "/assignments", give("platform_operator", "")},
			"operator, by an owner, by another way": {boss, "PUT", "/administrators/" + eve, `{"role":"operator"}`},
			"owner of those below, by an owner":     {boss, "POST", "/assignments", give("org_owner", `,"inherited":true`)},
			"everything, by an owner":               {boss, "POST", "/roles", statement("*", "*")},
			"owner, by another way":                 {writer, "PUT", "/administrators/" + eve, `{"role":"owner"}`},
			"an owner less":                         {writer, "DELETE", "/administrators/" + owner, ""},
			"an app that may do more":               {apps, "POST", "/apps", `{"client_name":"up","application_type":"service","scopes":["muster:access"]}`},
			"an app that may do all":                {boss, "POST", "/apps", `{"client_name":"up","application_type":"service","scopes":["muster:admin"]}`},
			"an app that acts for users":            {apps, "POST", "/apps", `{"client_name":"up","application_type":"service","exchange":["users"]}`},
			"a secret of an app that may do more":   {apps, "POST", "/apps/" + d.demo.ClientID + "/secrets", `{}`},
			"what is built in":                      {d, "PATCH", "/roles/org_member", statement("apps:write", "muster/api")},
			"a built-in name":                       {d, "POST", "/resource-types", `{"name":"x","slug":"muster"}`},
		} {
			w := c.by.call(c.method, c.path, c.body)
			if w.Code != 400 && w.Code != 403 && w.Code != 404 && w.Code != 409 {
				t.Errorf("A52 %s: %d %s", phrase, w.Code, w.Body)
			}
		}
		made := d.make("/apps", `{"client_name":"plain","client_id":"plain","application_type":"service"}`)
		if w := apps.call("PATCH", "/apps/"+made, `{"scopes":["muster:access"]}`); w.Code != 403 {
			t.Errorf("A52 PATCH of an app: %d %s", w.Code, w.Body)
		}
		if got := d.changes(d.demo.Org.ID); got != before+1 {
			t.Errorf("A52: %d changes, want only that of the app", got-before)
		}
		asked := `"questions":[{"subject":{"type":"user","id":"eve"},"action":{"name":"apps:write"},"resource":{"type":"muster","id":"api"}}]`
		after := d.as(d.robot("muster:decide")).want(200, "POST", "/what-if", `{"assign":[`+give("platform_operator", "")+`],`+asked+`}`)
		if text := sprintJSON(after["before"]); text != `[{"decision":false}]` {
			t.Errorf("A52 what if: %v", after)
		}
		if now := d.want(200, "POST", "/decisions", "{"+asked+"}"); sprintJSON(now["decisions"]) != `[{"decision":false}]` {
			t.Errorf("A52 what was asked about has effect: %v", now)
		}
		if w := d.as(d.tokenOf(eve, "openid", "muster:admin")).call("GET", "/roles", ""); w.Code != 403 {
			t.Errorf("A52 after all that eve reads roles: %d", w.Code)
		}
		owners := items(d.want(200, "GET", "/assignments?role="+identity.OrganizationOwner.String(), ""))
		slices.SortFunc(owners, func(a, _ map[string]any) int { // the boss at last
			if a["subject"] == owner {
				return 1
			}
			return -1
		})
		for i, a := range owners {
			want := 204
			if i == len(owners)-1 {
				want = 409
			}
			boss.want(want, "DELETE", "/assignments/"+d.text(a, "id"), "")
		}
	})
}

// TestAccessAttackPaths is attack 53: a path that is spelled another way opens
// nothing; and 54: what one door refuses, the others refuse.
func TestAccessAttackPaths(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		nobody := d.as("")
		for _, path := range []string{
			"/api/v1/o/acme//roles", "/api/v1//o/acme/roles", "/api/v1/o/acme/./roles", "/api/v1/o/acme/%2e/roles", "/api/v1/o/acme/x/../roles", "/api/v1/o/acme/%2e%2e/acme/roles",
			"/API/v1/o/acme/roles", "/api/V1/o/acme/Roles", "/api/v1/o/acme/roles/", "/api/v1/o/acme/roles;x=y", "/api/v1/o/acme%2froles", "/api/v1/o/acme;x=y/roles", "/api/v1/o/ACME/roles",
			"/access//v1/evaluation", "/access/v1/./evaluation", "/access/V1/evaluation", "/access/v1/evaluation/", "/access/v1/evaluation;x=y", "/access/v1/%2e/evaluation", "/access%2fv1/evaluation",
			"/o/acme/access/v1//evaluation", "/o/acme/../acme/access/v1/evaluation", "/o/acme%2faccess/v1/evaluation",
		} {
			for _, method := range []string{"GET", "POST", "get", "HEAD"} {
				if w := nobody.call(method, path, "", "X-Original-URL", "/docs", "X-HTTP-Method-Override", "GET"); w.Code < 300 {
					t.Errorf("A53 %s %s: %d %s", method, path, w.Code, w.Body)
				}
			}
		}
		weak := d.robot("openid")
		scim := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Role"],"value":"x"}`
		for _, c := range [][4]string{
			{"POST", ours + "/roles", `{"name":"x"}`, "application/json"}, {"POST", "/scim/v2/Roles", scim, "application/scim+json"},
			{"POST", "/scim/Roles", scim, "application/scim+json"}, {"POST", "/access/v1/evaluation", "{}", "application/json"},
			{"GET", "/scim/v2/Roles", "", ""}, {"GET", "/scim/Permissions", "", ""},
		} {
			for _, token := range []string{weak, ""} {
				w := d.do(c[0], c[1], c[2], "Authorization", strings.TrimSuffix("Bearer "+token, " "), "Content-Type", c[3])
				if w.Code != 401 && w.Code != 403 {
					t.Errorf("A54 %s %s: %d %s", c[0], c[1], w.Code, w.Body)
				}
			}
		}
		writer := d.robot("muster:access", "scim")
		up := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Role","urn:muster:params:scim:schemas:iam:1.0:Role"],"value":"up",` +
			`"urn:muster:params:scim:schemas:iam:1.0:Role":{"statements":[{"actions":["apps:write"],"resource":"muster/api"}]}}`
		for _, path := range []string{"/scim/v2/Roles", "/scim/Roles"} {
			if w := d.do("POST", path, up, "Authorization", "Bearer "+writer, "Content-Type", "application/scim+json"); w.Code != 403 && w.Code != 401 && w.Code != 400 {
				t.Errorf("A54 more than one has, at %s: %d %s", path, w.Code, w.Body)
			}
		}
	})
}
