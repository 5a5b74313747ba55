package scim

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// keeper gives an organisation a connection that may change the catalogue.
func (w *world) keeper(org identity.Organisation, dialect string) *tenant {
	w.t.Helper()
	c, issued, err := w.dir.CreateConnection(context.Background(), cli, org.ID,
		directory.NewConnection{Name: "keeper-" + identity.NewID().String()[24:], Dialect: dialect, Access: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return &tenant{world: w, org: org, conn: c, token: issued.Text, base: "/scim/v2"}
}

// doc is the JSON of a thing; more are its further members.
func doc(kind, name string, more ...string) string {
	urns := map[string]string{
		"Action": `"` + catalogue.ActionURN + `"`, "Resource-Type": `"` + catalogue.ResourceTypeURN + `"`, "Resource": `"` + catalogue.ResourceURN + `"`,
		"Permission": `"` + catalogue.EntitlementURN + `","` + catalogue.PermissionURN + `"`, "Role": `"` + catalogue.RoleURN + `","` + catalogue.RoleMoreURN + `"`,
	}
	key, ext := "name", ""
	if kind == "Permission" || kind == "Role" {
		key, ext = "value", map[string]string{"Permission": catalogue.PermissionURN, "Role": catalogue.RoleMoreURN}[kind]
	}
	text := `{"schemas":[` + urns[kind] + `],"` + key + `":"` + name + `"`
	if ext != "" && len(more) > 0 {
		return text + `,"` + ext + `":{` + strings.Join(more, ",") + `}}`
	}
	return text + strings.Join(append([]string{""}, more...), ",") + `}`
}

// thing makes one and returns its id.
func (n *tenant) thing(kind, name string, more ...string) string {
	n.t.Helper()
	return n.call("POST", "/"+kind+"s", doc(kind, name, more...)).want(201).id()
}

// shop fills an organisation: actions read and write, the type doc with both,
// the action fly of no type, and the resource doc/plan.
func (n *tenant) shop() (read, write, typ, plan string) {
	n.t.Helper()
	read, write = n.thing("Action", "read"), n.thing("Action", "write")
	n.thing("Action", "fly")
	typ = n.thing("Resource-Type", "Doc", `"actions":[{"value":"read"},{"value":"`+write+`"}]`)
	return read, write, typ, n.thing("Resource", "Plan", `"type":"doc"`)
}

const readDocs = `"statements":[{"actions":["read"],"resource":"doc/*"}]`

func TestThings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for name, run := range map[string]func(*testing.T, *world, *tenant){
			"all verbs":                       verbs,
			"names become ids":                namesBecomeIDs,
			"the organisation above has them": fromAbove,
			"what is refused":                 refusedThings,
			"deleting":                        deletingThings,
			"slugs":                           slugs,
			"entitlements are permissions":    entitlements,
			"Okta's form":                     oktaForm,
			"who may":                         whoMay,
			"in one bulk request":             bulkThings,
		} {
			t.Run(name, func(t *testing.T) {
				in := *w
				in.t = t
				org := in.tenant("o-"+identity.NewID().String(), "rfc").org
				run(t, &in, in.keeper(org, "rfc"))
			})
		}
	})
}

func verbs(t *testing.T, w *world, n *tenant) {
	n.shop()
	n.thing("Permission", "p0")
	for kind, more := range map[string][]string{
		"Action": {`"active":false`}, "Resource-Type": {`"actions":[{"value":"read"}]`}, "Resource": {`"type":"doc"`},
		"Permission": {readDocs}, "Role": {`"permissions":[{"value":"p0"}]`, readDocs, `"claimMapper":[{"name":"team","value":"a"}]`},
	} {
		t.Run(kind, func(t *testing.T) {
			key, description := "name", "description"
			if kind == "Permission" || kind == "Role" {
				key = "value"
				description = map[string]string{"Permission": catalogue.PermissionURN, "Role": catalogue.RoleMoreURN}[kind] + ":description"
			}
			made := n.call("POST", "/"+kind+"s", doc(kind, "First "+kind, more...)).want(201).is(kind, "meta", "resourceType").is("First "+kind, key)
			path := "/" + kind + "s/" + made.id()
			if !strings.HasSuffix(made.header.Get("Location"), path) {
				t.Errorf("Location = %s, want …%s", made.header.Get("Location"), path)
			}
			n.call("POST", "/"+kind+"s", doc(kind, "FIRST "+kind, more...)).want(409, "uniqueness")
			n.call("GET", path, "").want(200).is("First "+kind, key)
			n.call("GET", path, "", "If-None-Match", made.etag()).want(304)
			put := n.call("PUT", path, doc(kind, "Second "+kind, more...), "If-Match", made.etag()).want(200).is("Second "+kind, key)
			n.call("PUT", path, doc(kind, "Third "+kind, more...), "If-Match", made.etag()).want(412)
			n.call("PATCH", path, patchBody(`{"op":"add","path":"`+description+`","value":"What it is for"}`), "If-Match", put.etag()).want(200)
			n.call("GET", "/"+kind+"s?filter="+url.QueryEscape(description+` co "IT IS" and `+key+` sw "second"`), "").want(200).is(1, "totalResults").is(made.id(), "Resources", 0, "id")
			n.call("GET", "/"+kind+"s?sortBy="+key+"&count=1", "").want(200).is(1, "itemsPerPage")
			n.call("DELETE", path, "").want(204)
			n.call("GET", path, "").want(404)
			n.call("PATCH", path, patchBody(`{"op":"add","path":"`+description+`","value":"x"}`)).want(404)
		})
	}
	var kinds []string
	for _, c := range n.changes() {
		if c.Type == "Role" {
			kinds = append(kinds, string(c.Kind))
		}
	}
	if want := []string{"create", "patch", "patch", "delete"}; !slices.Equal(kinds, want) {
		t.Errorf("the log has %q of the role, want %q", kinds, want)
	}
}

func namesBecomeIDs(t *testing.T, w *world, n *tenant) {
	read, write, typ, plan := n.shop()
	n.call("GET", "/Resource-Types/"+typ, "").want(200).is("doc", "slug").is(read, "actions", 0, "value").is(write, "actions", 1, "value")
	n.call("GET", "/Resources/"+plan, "").want(200).is(typ, "type")
	for resource, want := range map[string]string{
		"*": "*", "doc/*": "doc/*", "DOC/pl*n": "doc/pl*n", "doc/plan": plan, "plan": plan, plan: plan, strings.ToUpper(plan): plan,
		"doc/unregistered": "doc/unregistered", typ + "/x*": "doc/x*",
	} {
		t.Run(resource, func(t *testing.T) {
			p := n.call("POST", "/Permissions", doc("Permission", "on "+url.PathEscape(resource)+fmt.Sprint(len(n.changes())),
				`"statements":[{"actions":["READ","write","`+read+`"],"resource":"`+resource+`","effect":"deny","condition":"subject.id eq \"x\" and context.day gt 3"}]`)).want(201)
			ext := []any{catalogue.PermissionURN, "statements", 0}
			at := func(more ...any) []any { return append(slices.Clone(ext), more...) }
			p.is(want, at("resource")...).is("Deny", at("effect")...).is(read, at("actions", 0)...).is(write, at("actions", 1)...).is(nil, at("actions", 2)...).is(true, "supported")
			n.call("GET", "/Permissions?filter="+url.QueryEscape(catalogue.PermissionURN+`:statements.actions eq "`+write+`" and id eq "`+p.id()+`"`), "").want(200).is(1, "totalResults")
		})
	}
	n.thing("Permission", "all")
	role := n.thing("Role", "reader", `"permissions":[{"value":"ALL"}]`)
	more := n.call("GET", "/Roles/"+role, "").want(200)
	if id, _ := more.get(catalogue.RoleMoreURN, "permissions", 0, "value").(string); len(id) != 36 {
		t.Errorf("permissions = %s, want an id", more.text)
	}
}

func fromAbove(t *testing.T, w *world, n *tenant) {
	read, _, typ, plan := n.shop()
	child, err := w.dir.CreateOrganisation(context.Background(), cli, directory.NewOrganisation{Slug: "c-" + identity.NewID().String(), Parent: n.org.ID})
	if err != nil {
		t.Fatal(err)
	}
	c := w.keeper(child, "rfc")
	c.call("GET", "/Actions/"+read, "").want(404)
	c.call("GET", "/Actions", "").want(200).is(0, "totalResults")
	own := c.call("POST", "/Permissions", doc("Permission", "p", `"statements":[{"actions":["read"],"resource":"plan"}]`)).want(201)
	own.is(plan, catalogue.PermissionURN, "statements", 0, "resource")
	c.thing("Resource", "Mine", `"type":"Doc"`)
	// The nearest one is meant.
	near := c.thing("Action", "Read")
	c.call("POST", "/Permissions", doc("Permission", "q", `"statements":[{"actions":["read"],"resource":"*"}]`)).want(201).
		is(near, catalogue.PermissionURN, "statements", 0, "actions", 0)
	// Of the type's actions the other one is.
	c.call("POST", "/Permissions", doc("Permission", "r", `"statements":[{"actions":["read"],"resource":"doc/*"}]`)).want(201).
		is(read, catalogue.PermissionURN, "statements", 0, "actions", 0)
	// What is below keeps what is above.
	n.call("DELETE", "/Actions/"+read, "").want(409)
	n.call("DELETE", "/Resource-Types/"+typ, "").want(409)
	n.call("DELETE", "/Resources/"+plan, "").want(409)
	n.call("PATCH", "/Resource-Types/"+typ, patchBody(`{"op":"replace","path":"slug","value":"paper"}`)).want(200)
	c.call("GET", `/Permissions?filter=value eq "r"`, "").want(200).is("paper/*", "Resources", 0, catalogue.PermissionURN, "statements", 0, "resource")
	up := n.thing("Permission", "up")
	role := c.thing("Role", "r", `"permissions":[{"value":"up"},{"value":"p"}]`)
	n.call("DELETE", "/Permissions/"+up, "").want(204)
	c.call("GET", "/Roles/"+role, "").want(200).is(own.id(), catalogue.RoleMoreURN, "permissions", 0, "value").is(nil, catalogue.RoleMoreURN, "permissions", 1)
}

func refusedThings(t *testing.T, w *world, n *tenant) {
	other := w.keeper(w.tenant("x-"+identity.NewID().String(), "rfc").org, "rfc")
	n.shop()
	foreignRead, _, foreignType, foreignPlan := other.shop()
	foreign := other.thing("Permission", "p")
	statement := func(s string) string { return doc("Permission", "p", `"statements":[`+s+`]`) }
	long := strings.Repeat("x", 257)
	for name, c := range map[string]struct{ path, body, field string }{
		"no name":                       {"/Actions", `{"schemas":["` + catalogue.ActionURN + `"]}`, "name"},
		"a blank name":                  {"/Roles", doc("Role", " "), "value"},
		"spaces around a name":          {"/Roles", doc("Role", " a "), "space"},
		"a name too long":               {"/Actions", doc("Action", long), "name"},
		"a control character":           {"/Actions", doc("Action", `a\tb`), "name"},
		"an unknown action":             {"/Permissions", statement(`{"actions":["jump"],"resource":"*"}`), "jump"},
		"B48 a foreign action":          {"/Permissions", statement(`{"actions":["` + foreignRead + `"],"resource":"*"}`), foreignRead},
		"an action of no such type":     {"/Permissions", statement(`{"actions":["fly"],"resource":"doc/*"}`), "does not apply"},
		"an action not of the resource": {"/Permissions", statement(`{"actions":["fly"],"resource":"plan"}`), "does not apply"},
		"no actions":                    {"/Permissions", statement(`{"resource":"*"}`), "actions"},
		"no resource":                   {"/Permissions", statement(`{"actions":["read"]}`), "resource"},
		"an unknown resource":           {"/Permissions", statement(`{"actions":["read"],"resource":"moon"}`), "moon"},
		"an unknown type in a pattern":  {"/Permissions", statement(`{"actions":["read"],"resource":"moon/*"}`), "moon"},
		"a pattern as a type":           {"/Permissions", statement(`{"actions":["read"],"resource":"*/plan"}`), "*"},
		"a foreign resource":            {"/Permissions", statement(`{"actions":["read"],"resource":"` + foreignPlan + `"}`), foreignPlan},
		"an unknown effect":             {"/Permissions", statement(`{"actions":["read"],"resource":"*","effect":"perhaps"}`), "perhaps"},
		"a condition that ends early":   {"/Permissions", statement(`{"actions":["read"],"resource":"*","condition":"subject.id eq"}`), "condition"},
		"a condition on something else": {"/Permissions", statement(`{"actions":["read"],"resource":"*","condition":"userName eq \"x\""}`), "userName"},
		"a foreign permission":          {"/Roles", doc("Role", "r", `"permissions":[{"value":"`+foreign+`"}]`), foreign},
		"an unknown permission":         {"/Roles", doc("Role", "r", `"permissions":[{"value":"nope"}]`), "nope"},
		"a claim twice":                 {"/Roles", doc("Role", "r", `"claimMapper":[{"name":"a","value":"1"},{"name":"a","value":"2"}]`), "twice"},
		"a claim of the protocol":       {"/Roles", doc("Role", "r", `"claimMapper":[{"name":"Sub","value":"1"}]`), "Sub"},
		"an alias like an id":           {"/Roles", doc("Role", "r", `"alias":"`+foreign+`"`), "UUID"},
		"a foreign type":                {"/Resources", doc("Resource", "r", `"type":"`+foreignType+`"`), foreignType},
		"an unknown type":               {"/Resources", doc("Resource", "r", `"type":"moon"`), "moon"},
		"a type that is an action":      {"/Resources", doc("Resource", "r", `"type":"read"`), "read"},
		"a foreign action of a type":    {"/Resource-Types", doc("Resource-Type", "r", `"actions":[{"value":"`+foreignRead+`"}]`), foreignRead},
		"a slug with a star":            {"/Resources", doc("Resource", "r", `"type":"doc"`, `"slug":"a*"`), "slug"},
		"a slug like an id":             {"/Resources", doc("Resource", "r", `"type":"doc"`, `"slug":"`+foreign+`"`), "slug"},
		"a name without letters":        {"/Resources", doc("Resource", "***", `"type":"doc"`), "slug"},
	} {
		t.Run(name, func(t *testing.T) {
			a := n.call("POST", c.path, c.body).want(400, "invalidValue")
			if detail, _ := a.get("detail").(string); !strings.Contains(detail, c.field) {
				t.Errorf("detail %q, want it to speak of %q", detail, c.field)
			}
		})
	}
	for _, path := range []string{"/Permissions", "/Roles"} {
		n.call("GET", path, "").want(200).is(0, "totalResults")
	}
	t.Run("B48 ids of another organisation", func(t *testing.T) {
		for _, path := range []string{"/Actions/" + foreignRead, "/Resource-Types/" + foreignType, "/Resources/" + foreignPlan, "/Permissions/" + foreign, "/Entitlements/" + foreign} {
			for _, method := range []string{"GET", "DELETE", "PATCH"} {
				body := ""
				if method == "PATCH" {
					body = patchBody(`{"op":"replace","path":"externalId","value":"x"}`)
				}
				if a := n.call(method, path, body).want(404); strings.Contains(a.text, other.org.Slug) {
					t.Errorf("%s tells of the other organisation: %s", path, a.text)
				}
			}
			other.call("GET", path, "").want(200)
		}
	})
}

func deletingThings(t *testing.T, w *world, n *tenant) {
	read, write, typ, plan := n.shop()
	p := n.thing("Permission", "p", `"statements":[{"actions":["read"],"resource":"plan"}]`)
	n.call("DELETE", "/Actions/"+read, "").want(409)
	n.call("DELETE", "/Resources/"+plan, "").want(409)
	n.call("DELETE", "/Resource-Types/"+typ, "").want(409)
	n.call("DELETE", "/Actions/"+write, "").want(204)
	n.call("GET", "/Resource-Types/"+typ, "").want(200).is(read, "actions", 0, "value").is(nil, "actions", 1).is(`W/"2"`, "meta", "version")
	role := n.thing("Role", "r", `"permissions":[{"value":"p"}]`)
	n.call("DELETE", "/Permissions/"+p, "").want(204)
	n.call("GET", "/Roles/"+role, "").want(200).is(nil, catalogue.RoleMoreURN, "permissions").is(`W/"2"`, "meta", "version")
	n.call("DELETE", "/Actions/"+read, "").want(409) // the only one of the type: without it the type would have all
	n.call("DELETE", "/Resources/"+plan, "").want(204)
	n.call("DELETE", "/Resource-Types/"+typ, "").want(204)
	n.call("DELETE", "/Actions/"+read, "").want(204)

	u := n.user("ann")
	id, _ := identity.ParseID(u)
	rid, _ := identity.ParseID(role)
	err := w.db.Update(context.Background(), func(tx *store.Tx) error {
		_, err := w.dir.Assign(context.Background(), tx, cli, identity.Assignment{Org: n.org.ID, Role: rid, Type: identity.UserSubject, Subject: id})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	n.call("DELETE", "/Roles/"+role, "").want(204)
	ended := 0
	for _, c := range n.changes() {
		if c.Type == "Assignment" && c.Kind == identity.Deleted && c.Target == id {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("%d assignments ended with their role, want 1", ended)
	}
}

func slugs(t *testing.T, w *world, n *tenant) {
	n.shop()
	make := func(name, slug string) answer {
		more := []string{`"type":"doc"`}
		if slug != "" {
			more = append(more, `"slug":"`+slug+`"`)
		}
		return n.call("POST", "/Resources", doc("Resource", name, more...))
	}
	make("Work  Space!", "").want(201).is("work-space", "slug")
	make("work space", "").want(201).is("work-space-2", "slug")
	make("Ünïcode", "").want(201).is("ünïcode", "slug")
	make("other", "WORK-SPACE").want(409, "uniqueness")
	n.call("POST", "/Resource-Types", doc("Resource-Type", "a/b", `"slug":"a/b"`)).want(400)
	make("path", "/a/b").want(201).is("/a/b", "slug")
	p := n.call("POST", "/Permissions", doc("Permission", "p", `"statements":[{"actions":["read"],"resource":"doc//a/b"}]`)).want(201)
	if id, _ := p.get(catalogue.PermissionURN, "statements", 0, "resource").(string); len(id) != 36 {
		t.Errorf("resource = %q, want an id", id)
	}
}

func entitlements(t *testing.T, w *world, n *tenant) {
	n.shop()
	e := n.call("POST", "/Entitlements", doc("Permission", "p", readDocs)).want(201).is("Entitlement", "meta", "resourceType")
	if !strings.HasSuffix(e.header.Get("Location"), "/Entitlements/"+e.id()) {
		t.Errorf("Location = %s", e.header.Get("Location"))
	}
	n.call("GET", "/Permissions/"+e.id(), "").want(200).is("p", "value").is("Permission", "meta", "resourceType")
	n.call("PATCH", "/Entitlements/"+e.id(), patchBody(`{"op":"replace","path":"display","value":"Read"}`)).want(200).is("Read", "display")
	n.call("GET", `/Entitlements?filter=display eq "read"&sortBy=value`, "").want(200).is(1, "totalResults").is("Entitlement", "Resources", 0, "meta", "resourceType")
	all := n.call("GET", `/?filter=id eq "`+e.id()+`"`, "").want(200).is(1, "totalResults")
	all.is("Permission", "Resources", 0, "meta", "resourceType")
	types := n.call("GET", "/ResourceTypes", "").want(200).values("Resources", "endpoint")
	if want := []string{"/Users", "/Groups", "/Actions", "/Resource-Types", "/Resources", "/Permissions", "/Entitlements", "/Roles"}; !slices.Equal(types, want) {
		t.Errorf("types %q, want %q", types, want)
	}
	schemas := n.call("GET", "/Schemas", "").want(200).values("Resources", "id")
	for _, urn := range []string{catalogue.ActionURN, catalogue.ResourceTypeURN, catalogue.ResourceURN, catalogue.EntitlementURN, catalogue.PermissionURN, catalogue.RoleURN, catalogue.RoleMoreURN} {
		if !slices.Contains(schemas, urn) {
			t.Errorf("no schema %s", urn)
		}
	}
	n.call("GET", "/ServiceProviderConfig", "").want(200).is(true, "RolesAndEntitlements", "roles", "supported").is(true, "RolesAndEntitlements", "entitlements", "supported")
	w.keeper(n.org, "strict").call("GET", "/ServiceProviderConfig", "").want(200).is(nil, "RolesAndEntitlements")
	n.call("DELETE", "/Entitlements/"+e.id(), "").want(204)
	n.call("GET", "/Permissions/"+e.id(), "").want(404)
}

func oktaForm(t *testing.T, w *world, n *tenant) {
	n.shop()
	long := strings.Repeat("ü", 1100)
	role := n.thing("Role", "reader", `"description":"`+long+`"`)
	p := n.call("POST", "/Permissions", strings.Replace(doc("Permission", "p", readDocs), `"value":"p"`, `"value":"p","display":"Read docs","type":"License"`, 1)).want(201).id()
	o := w.keeper(n.org, "okta")
	r := o.call("GET", "/Roles/"+role, "").want(200).is("reader", "displayName").is("Role", "type").is(catalogue.OktaRoleURN, "schemas", 0).is(nil, "value").is(nil, catalogue.RoleMoreURN)
	if d, _ := r.get("description").(string); len([]rune(d)) != 1000 {
		t.Errorf("%d characters of description, want 1000", len([]rune(d)))
	}
	o.call("GET", "/Roles?count=1&startIndex=1", "").want(200).is(1, "totalResults").is("reader", "Resources", 0, "displayName")
	o.call("GET", "/Entitlements/"+p, "").want(200).is("Read docs", "displayName").is("License", "type").is(catalogue.OktaEntitlementURN, "schemas", 0)
	o.call("GET", `/Entitlements?filter=displayName eq "read DOCS"`, "").want(200).is(1, "totalResults")
	o.call("GET", `/Roles?filter=displayName sw "rea" and not (displayName eq "x")`, "").want(200).is(1, "totalResults")
	o.call("GET", `/Roles?filter=type eq "Role"`, "").want(400, "invalidFilter")
	o.call("GET", `/Roles?sortBy=displayName`, "").want(200).is(1, "totalResults")
	o.call("GET", `/Roles?attributes=displayName`, "").want(200).is("reader", "Resources", 0, "displayName").is(nil, "Resources", 0, "type")
	o.call("POST", "/Roles", `{"schemas":["`+catalogue.OktaRoleURN+`"],"displayName":"x"}`).want(403)
	o.call("DELETE", "/Roles/"+role, "").want(403)
	o.call("PATCH", "/Roles/"+role, patchBody(`{"op":"replace","value":{"displayName":"x"}}`)).want(403)
	o.call("GET", "/ResourceTypes/Role", "").want(200).is(catalogue.OktaRoleURN, "schema").is(nil, "schemaExtensions")
	o.call("GET", "/Schemas/"+catalogue.OktaEntitlementURN, "").want(200).is("Entitlement", "name")
	o.call("GET", "/Schemas/"+catalogue.RoleURN, "").want(404)
	o.call("GET", "/Users", "").want(200)
}

func whoMay(t *testing.T, w *world, n *tenant) {
	role := n.thing("Role", "r")
	reader := w.connect(n.org, "reader", "rfc") // without access
	reader.call("GET", "/Roles/"+role, "").want(200)
	reader.call("GET", "/Roles", "").want(200).is(1, "totalResults")
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/Roles", doc("Role", "x")}, {"POST", "/Actions", doc("Action", "x")}, {"POST", "/Entitlements", doc("Permission", "x")},
		{"PUT", "/Roles/" + role, doc("Role", "x")}, {"PATCH", "/Roles/" + role, patchBody(`{"op":"replace","path":"display","value":"x"}`)},
		{"DELETE", "/Roles/" + role, ""},
	} {
		reader.call(c.method, c.path, c.body).want(403)
	}
	many := reader.call("POST", "/Bulk", bulk(
		`{"method":"POST","path":"/Users","bulkId":"u","data":{"schemas":["`+userURN+`"],"userName":"bulk"}}`,
		`{"method":"POST","path":"/Roles","bulkId":"r","data":`+doc("Role", "x")+`}`)).want(200)
	many.is("201", "Operations", 0, "status").is("403", "Operations", 1, "status")
	n.call("GET", "/Roles", "").want(200).is(1, "totalResults")
}

func bulkThings(t *testing.T, w *world, n *tenant) {
	op := func(kind, id, data string) string {
		return fmt.Sprintf(`{"method":"POST","path":"/%ss","bulkId":%q,"data":%s}`, kind, id, data)
	}
	a := n.call("POST", "/Bulk", bulk(
		op("Role", "r", doc("Role", "r", `"permissions":[{"value":"bulkId:p"}]`)),
		op("Permission", "p", doc("Permission", "p", `"statements":[{"actions":["bulkId:a"],"resource":"bulkId:x"}]`)),
		op("Resource", "x", doc("Resource", "x", `"type":"bulkId:t"`)),
		op("Resource-Type", "t", doc("Resource-Type", "t", `"actions":[{"value":"bulkId:a"}]`)),
		op("Action", "a", doc("Action", "a")),
	)).want(200)
	for i := range 5 {
		a.is("201", "Operations", i, "status")
	}
}

func TestAttackOnThings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		svc := access.New(access.Options{DB: db, Directory: w.dir, Now: w.now})
		if err := svc.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		root, err := w.dir.Root(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for where, n := range map[string]*tenant{"below": w.keeper(w.tenant("acme", "rfc").org, "rfc"), "in the root": w.keeper(root, "rfc")} {
			t.Run("B52 more than one has, "+where, func(t *testing.T) {
				in := *n.world
				in.t = t
				me := *n
				me.world = &in
				escalate(t, &in, &me)
			})
		}
	})
}

// escalate tries every way to give more than a connection has.
func escalate(t *testing.T, w *world, n *tenant) {
	n.shop()
	mine := n.thing("Permission", "mine", readDocs)
	role := n.thing("Role", "mine", readDocs)
	evil := `{"actions":["*"],"resource":"muster/api"}`
	bodies := map[string]string{
		"all of the API":         evil,
		"one operation":          `{"actions":["settings:write"],"resource":"muster/api"}`,
		"by pattern":             `{"actions":["settings:write"],"resource":"MUSTER/a*"}`,
		"by id":                  `{"actions":["` + catalogue.ActionOf(identity.SettingsWrite).String() + `"],"resource":"` + catalogue.MusterAPI.String() + `"}`,
		"by the type's id":       `{"actions":["*"],"resource":"` + catalogue.MusterType.String() + `/*"}`,
		"by the bare slug":       `{"actions":["*"],"resource":"api"}`,
		"everything":             `{"actions":["*"],"resource":"*"}`,
		"one on everything":      `{"actions":["settings:write"],"resource":"*"}`,
		"a denial":               `{"actions":["*"],"resource":"muster/api","effect":"Deny"}`,
		"hidden among harmless":  `{"actions":["read"],"resource":"doc/*"},` + evil,
		"on what is unregisterd": `{"actions":["*"],"resource":"muster/other"}`,
	}
	for name, s := range bodies {
		t.Run(name, func(t *testing.T) {
			list := `"statements":[` + s + `]`
			n.call("POST", "/Permissions", doc("Permission", "evil", list)).want(403)
			n.call("POST", "/Entitlements", doc("Permission", "evil", list)).want(403)
			n.call("POST", "/Roles", doc("Role", "evil", list)).want(403)
			n.call("PUT", "/Roles/"+role, doc("Role", "mine", list)).want(403)
			n.call("PATCH", "/Permissions/"+mine, patchBody(`{"op":"add","path":"`+catalogue.PermissionURN+`:statements","value":[`+s+`]}`)).want(403)
			n.call("PATCH", "/Roles/"+role, patchBody(`{"op":"add","value":{"`+catalogue.RoleMoreURN+`":{`+list+`}}}`)).want(403)
			n.call("POST", "/Bulk", bulk(`{"method":"POST","path":"/Roles","bulkId":"r","data":`+doc("Role", "evil", list)+`}`,
				`{"method":"PATCH","path":"/Roles/`+role+`","data":{"Operations":[{"op":"add","path":"`+catalogue.RoleMoreURN+`:statements","value":[`+s+`]}]}}`)).
				want(200).is("403", "Operations", 0, "status").is("403", "Operations", 1, "status")
		})
	}
	t.Run("by a value filter", func(t *testing.T) {
		path := catalogue.RoleMoreURN + `:statements[resource eq \"doc/*\"]`
		n.call("PATCH", "/Roles/"+role, patchBody(`{"op":"replace","path":"`+path+`.resource","value":"*"}`,
			`{"op":"replace","path":"`+path+`.actions","value":["*"]}`)).want(400) // the first has moved the target of the second
		n.call("PATCH", "/Roles/"+role, patchBody(`{"op":"replace","path":"`+path+`","value":`+evil+`}`)).want(403)
		n.call("PATCH", "/Roles/"+role, patchBody(`{"op":"replace","path":"`+path+`.actions","value":["*"]}`, `{"op":"replace","path":"`+path+`.resource","value":"muster/*"}`)).want(403)
	})
	t.Run("built-in things", func(t *testing.T) {
		for _, path := range []string{
			"/Roles/" + identity.OrganizationOwner.String(), "/Actions/" + catalogue.ActionOf(identity.AccessWrite).String(),
			"/Resource-Types/" + catalogue.MusterType.String(), "/Resources/" + catalogue.MusterAPI.String(),
		} {
			want := 404
			if n.org.Parent.IsZero() {
				want = 403
			}
			n.call("PATCH", path, patchBody(`{"op":"add","path":"externalId","value":"x"}`, `{"op":"add","path":"description","value":"x"}`))
			n.call("DELETE", path, "").want(want)
		}
		n.call("POST", "/Resources", doc("Resource", "mine", `"type":"muster"`)).want(403)
		n.call("POST", "/Resource-Types", doc("Resource-Type", "Muster")).want(409)
		n.call("POST", "/Resource-Types", doc("Resource-Type", "other", `"slug":"MUSTER"`)).want(409)
		n.call("POST", "/Actions", doc("Action", "Settings:Write")).want(409)
		n.call("POST", "/Roles", doc("Role", "Org_Owner")).want(409)
		n.call("POST", "/Roles", doc("Role", "fake", `"builtIn":true`)).want(201).is(nil, catalogue.RoleMoreURN, "builtIn")
	})
	t.Run("by a permission that others made", func(t *testing.T) {
		by := identity.Actor{Kind: identity.ByCLI, Name: "test", Org: n.org.ID, Perms: identity.AllPerms()}
		rt := catalogue.TypeNamed("Permission")
		d := catalogue.Encode(catalogue.Permission{Base: catalogue.Base{Name: "strong"}, Statements: []catalogue.Statement{{Actions: []string{"*"}, Resource: "muster/api"}}})
		strong, err := w.dir.Create(context.Background(), by, rt, d)
		if err != nil {
			t.Fatal(err)
		}
		n.call("POST", "/Roles", doc("Role", "evil", `"permissions":[{"value":"strong"}]`)).want(403)
		n.call("PATCH", "/Roles/"+role, patchBody(`{"op":"add","path":"`+catalogue.RoleMoreURN+`:permissions","value":[{"value":"`+strong.ID.String()+`"}]}`)).want(403)
		// Who may not give it may still rename it, and take from it.
		n.call("PATCH", "/Permissions/"+strong.ID.String(), patchBody(`{"op":"add","path":"display","value":"Strong"}`)).want(200)
	})
	n.call("GET", "/Roles/"+role, "").want(200).is("doc/*", catalogue.RoleMoreURN, "statements", 0, "resource").is(nil, catalogue.RoleMoreURN, "statements", 1)
	n.call("GET", `/Roles?filter=value eq "evil"`, "").want(200).is(0, "totalResults")
	// What it has itself it may give.
	n.call("POST", "/Roles", doc("Role", "fair", `"statements":[{"actions":["resources:read","signed-in"],"resource":"muster/api"}]`)).want(201)
}
