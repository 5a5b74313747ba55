package declare_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/declare"
	"github.com/muster-id/muster/identity"
)

// whole speaks of everything, in an order that is not that of its making.
const whole = `
organisation: acme
name: Acme Limited
assignments:
  - {role: Editor, group: writers}
  - {role: editor, user: ANN, expires: 2999-01-31}
  - {role: service_account, app: nightly}
  - {role: org_owner, user: ann}
  - {role: editor, app: Nightly, inherited: true, expires: "2999-01-31T13:00:00+01:00"}
roles:
  - name: editor
    display_name: Editor
    description: Edits
    alias: ed
    client_id: nightly
    claim_mapper: {team: editorial}
    permissions: [Write, read]
    statements:
      - {actions: [WRITE, read], resource: handbook, effect: Deny, condition: ' resource.status eq "archived" '}
permissions:
  - name: read
    statements:
      - {actions: [read], resource: Document/*}
      - {actions: ["*"], resource: document/draft}
  - {name: write, description: Changes, client_id: nightly, statements: [{actions: [write, read], resource: document/handbook, effect: allow}]}
resources:
  - {slug: handbook, type: DOCUMENT, name: The handbook, description: All of it, client_id: nightly}
resource-types:
  - {slug: document, name: Document, actions: [write, READ], description: Text, client_id: nightly}
  - {slug: thing}
actions:
  - {name: read, description: Look, client_id: nightly}
  - {name: write}
  - {name: burn, inactive: true}
apps:
  - client_id: nightly
    application_type: service
    scopes: [muster:read]
    connection: hr
    groups: [Writers]
    owners: [ann]
    disabled: true
  - client_id: Nightly
    redirect_uris: [https://app.example.com/callback]
    require_pkce: false
    scopes: []
groups:
  - {name: Writers, members: [bob, Ann]}
  - {name: Readers, members: []}
  - {name: Others}
connections:
  - {name: hr, dialect: entra, rate: 5, access: true, user: ann, domain: people, disabled: true}
  - {name: HR}
`

// TestExport applies what is exported to a second database: the laws are that a
// second application does nothing, and that both databases say the same of
// themselves.
func TestExport(t *testing.T) {
	each(t, func(t *testing.T, open func() *house) {
		exports := []string{}
		files := whole
		for range 2 {
			h := open()
			h.apply(false, "organisation: acme")
			h.user("acme", "ann")
			h.user("acme", "bob")
			_, secrets := h.apply(false, files)
			var of []string
			for _, s := range secrets {
				of = append(of, s.Kind+" "+s.Name)
				if s.Text == "" {
					t.Errorf("%s %s has an empty secret", s.Kind, s.Name)
				}
			}
			if diff := cmp.Diff([]string{"connection HR", "connection hr", "app Nightly", "app nightly"}, of); len(of) != 4 {
				t.Errorf("secrets (-want +got):\n%s", diff)
			}
			files = h.export("acme", true)
			exports = append(exports, files)
			for _, prune := range []bool{false, true} {
				for _, members := range []bool{false, true} {
					if _, steps, err := h.plan(prune, h.export("acme", members)); steps != "" || err != nil {
						t.Errorf("its own export would do (prune %v, members %v)\n%s\n%v", prune, members, steps, err)
					}
				}
			}
			for _, s := range secrets {
				if strings.Contains(files, s.Text) {
					t.Errorf("the export tells the secret of %s %s", s.Kind, s.Name)
				}
			}
		}
		if diff := cmp.Diff(exports[0], exports[1]); diff != "" {
			t.Errorf("the exports of both (-first +second):\n%s", diff)
		}
		for _, want := range []string{"role: editor\n  group: Writers", "require_pkce: false", "scopes: []", "condition: resource.status eq \"archived\"", "team: editorial", "alias: ed", "- ann\n"} {
			if !strings.Contains(exports[0], want) {
				t.Errorf("the export lacks %q:\n%s", want, exports[0])
			}
		}
	})
}

// TestChanges changes one thing at a time.
func TestChanges(t *testing.T) {
	const begin = `
organisation: acme
actions: [{name: read}, {name: write}]
resource-types: [{slug: document, actions: [read, write]}, {slug: page}]
resources: [{slug: handbook, type: document}]
permissions: [{name: read, statements: [{actions: [read], resource: document/*}]}]
roles: [{name: editor, display_name: Editor, permissions: [read], claim_mapper: {team: x}}]
groups: [{name: Writers, members: [ann, bob]}]
apps: [{client_id: shop, redirect_uris: [https://a.example/cb], contacts: [a@a.example]}]
connections: [{name: hr}]
assignments: [{role: editor, group: Writers, expires: 2999-01-01}]
`
	cases := map[string]struct {
		prune       bool
		files, want string
	}{
		"nothing is said":                  {true, "", ""},
		"an empty list without pruning":    {false, "roles: []", ""},
		"an organisation's name":           {false, "name: Acme", `change organisation acme (name: "acme" -> "Acme")`},
		"an action is off":                 {false, "actions: [{name: read, inactive: true}]", "change action read (inactive: nothing -> true)"},
		"the case of a name":               {false, "actions: [{name: Read}]", `change action Read (name: "read" -> "Read")`},
		"actions of a type go":             {false, "resource-types: [{slug: document, actions: []}]", `change resource type document (actions: ["read","write"] -> nothing)`},
		"actions of a type are left out":   {false, "resource-types: [{slug: document}]", `change resource type document (actions: ["read","write"] -> nothing)`},
		"actions in another order":         {false, "resource-types: [{slug: document, actions: [write, Read, read]}]", ""},
		"a name of a type":                 {false, "resource-types: [{slug: page, name: Page}]", `change resource type page (name: "page" -> "Page")`},
		"a resource gets another type":     {false, "resources: [{slug: handbook, type: page}]", `change resource handbook (type: "document" -> "page")`},
		"a statement denies":               {false, "permissions: [{name: read, statements: [{actions: [read], resource: document/*, effect: deny}]}]", `change permission read (statements: [{"actions":["read"],"resource":"document/*"}] -> [{"actions":["read"],"effect":"deny","resource":"document/*"}])`},
		"a permission without statements":  {false, "permissions: [{name: read}]", `change permission read (statements: [{"actions":["read"],"resource":"document/*"}] -> nothing)`},
		"a role loses all":                 {false, "roles: [{name: editor}]", `change role editor (claim_mapper: {"team":"x"} -> nothing, display_name: "Editor" -> nothing, permissions: ["read"] -> nothing)`},
		"members stay":                     {false, "groups: [{name: Writers}]", ""},
		"members go":                       {false, "groups: [{name: writers, members: []}]", `change group writers (members: ["ann","bob"] -> nothing, name: "Writers" -> "writers")`},
		"members change":                   {false, "groups: [{name: Writers, members: [ann]}]", `change group Writers (members: ["ann","bob"] -> ["ann"])`},
		"settings stay":                    {false, "apps: [{client_id: shop}]", ""},
		"a setting is emptied":             {false, "apps: [{client_id: shop, contacts: []}]", `change app shop (contacts: ["a@a.example"] -> nothing)`},
		"a setting is nulled":              {false, "apps: [{client_id: shop, contacts: }]", `change app shop (contacts: ["a@a.example"] -> nothing)`},
		"a switch is turned off":           {false, "apps: [{client_id: shop, require_pkce: false}]", `change app shop (require_pkce: true -> false)`},
		"an app is shut out":               {false, "apps: [{client_id: shop, disabled: true}]", `change app shop (disabled: nothing -> true)`},
		"an app is let in":                 {false, "apps: [{client_id: shop, disabled: false}]", ""},
		"a client id in another case":      {false, "apps: [{client_id: Shop, redirect_uris: [https://a.example/cb]}]", "create app Shop"},
		"a connection is shut out":         {false, "connections: [{name: hr, disabled: true}]", "change connection hr (disabled: nothing -> true)"},
		"an assignment gets another end":   {false, "assignments: [{role: editor, group: writers, expires: 2999-02-01}]", `change assignment editor to group Writers (expires: "2999-01-01T00:00:00Z" -> "2999-02-01T00:00:00Z")`},
		"an assignment loses its end":      {false, "assignments: [{role: editor, group: Writers}]", `change assignment editor to group Writers (expires: "2999-01-01T00:00:00Z" -> nothing)`},
		"an assignment is inherited":       {false, "assignments: [{role: editor, group: Writers, expires: 2999-01-01, inherited: true}]", `change assignment editor to group Writers (inherited: nothing -> true)`},
		"an assignment has ended":          {false, "assignments: [{role: editor, group: Writers, expires: 2001-01-01}]", "delete assignment editor to group Writers"},
		"one that nobody has has ended":    {true, "assignments: [{role: editor, user: ann, expires: 2001-01-01}, {role: editor, group: Writers, expires: 2999-01-01}]", ""},
		"a new name is another thing":      {true, "roles: [{name: writer, display_name: Editor, permissions: [read]}]", "create role writer\ndelete role editor"},
		"a permission that a role has":     {true, "permissions: []\nroles: [{name: editor}]", "change role editor (claim_mapper: {\"team\":\"x\"} -> nothing, display_name: \"Editor\" -> nothing, permissions: [\"read\"] -> nothing)\ndelete permission read"},
		"a group with a role":              {true, "groups: []\nassignments: []", "delete assignment editor to group Writers\ndelete group Writers"},
		"an app":                           {true, "apps: []\nconnections: []", "delete app shop\ndelete connection hr"},
		"all that refers to each other":    {true, "actions: []\nresource-types: []\nresources: []\npermissions: []\nroles: []", "delete role editor\ndelete permission read\ndelete resource handbook\ndelete resource type page\ndelete resource type document\ndelete action write\ndelete action read"},
		"a role is swapped, its right not": {true, "roles: [{name: reader, statements: [{actions: [read], resource: handbook}]}]\nassignments: [{role: reader, user: bob}]", "create role reader\ncreate assignment reader to user bob\ndelete assignment editor to group Writers\ndelete role editor"},
	}
	each(t, func(t *testing.T, open func() *house) {
		h := open()
		h.apply(false, "organisation: acme")
		h.user("acme", "ann")
		h.user("acme", "bob")
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				h.t = t
				h.now = time.Now()
				// Back to where it begins, whatever the case before has left.
				p, _, err := h.plan(true, begin+"name: acme\n")
				if err != nil {
					t.Fatal(err)
				}
				if err := h.s.Apply(t.Context(), p, func(declare.Step, *declare.Secret) {}); err != nil {
					t.Fatal(err)
				}
				h.apply(false, "organisation: acme\nconnections: [{name: hr, disabled: false}]\napps: [{client_id: shop, disabled: false, require_pkce: true}]")
				got, _ := h.apply(c.prune, "organisation: acme\n"+c.files)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("the steps (-want +got):\n%s", diff)
				}
			})
		}
	})
}

// TestRefusals has files that are refused before anything is written.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		prune       bool
		files, want string
	}{
		"users that nobody knows":            {false, "groups: [{name: G, members: [ann, eve]}]\nassignments:\n  - {role: org_owner, user: mallory}", "test.yaml:3: there is no user eve in acme; test.yaml:5: there is no user mallory in acme."},
		"a role that nobody knows":           {false, "assignments: [{role: boss, user: ann}]", "test.yaml:3: there is no role boss in acme."},
		"an action that nobody knows":        {false, "permissions:\n  - {name: p, statements: [{actions: [fly], resource: '*'}]}", "test.yaml:4: there is no action fly in acme."},
		"a type that nobody knows":           {false, "permissions:\n  - {name: p, statements: [{actions: ['*'], resource: sky/x}]}", "test.yaml:4: there is no resource type sky in acme."},
		"a slug that nobody knows":           {false, "roles:\n  - {name: p, statements: [{actions: ['*'], resource: sky}]}", "test.yaml:4: there is no resource sky in acme."},
		"a permission that nobody knows":     {false, "roles:\n  - {name: p, permissions: [q]}", "test.yaml:4: there is no permission q in acme."},
		"a group that nobody knows":          {false, "apps:\n  - {client_id: a, groups: [G]}", "test.yaml:4: there is no group G in acme."},
		"an app that nobody knows":           {false, "assignments: [{role: org_owner, app: a}]", "test.yaml:3: there is no app a in acme."},
		"what the same files delete":         {true, "actions: []\nresource-types: [{slug: t, actions: [read]}]", "test.yaml:4: there is no action read in acme."},
		"what only a child has":              {false, "actions: []\n---\norganisation: root\nresource-types: [{slug: t, actions: [read]}]", "test.yaml:6: there is no action read in root."},
		"a group by a name that two have":    {false, "groups: [{name: Twins, members: []}]", "test.yaml:3: several groups of acme are called Twins."},
		"a role for one of two":              {false, "assignments: [{role: org_owner, group: twins}]", "test.yaml:3: several groups of acme are called twins."},
		"a connection that differs":          {false, "connections:\n  - {name: hr, rate: 7}", `test.yaml:4: connection hr cannot be changed (dialect: "entra" -> "rfc"); give it another name, or delete it first; test.yaml:4: connection hr cannot be changed (rate: 5 -> 7); give it another name, or delete it first.`},
		"an organisation that moves":         {false, "parent: globex", "test.yaml:2: acme is below root, and an organisation cannot be moved."},
		"a parent that is not there":         {false, "---\norganisation: sub\nparent: nowhere", "test.yaml:4: there is no organisation nowhere."},
		"a user of a new organisation":       {false, "---\norganisation: sub\ngroups: [{name: G, members: [ann]}]", "test.yaml:5: there is no user ann in sub."},
		"a group of the organisation above":  {false, "---\norganisation: sub\nparent: acme\nassignments: [{role: org_owner, group: G}]", "test.yaml:6: there is no group G in sub."},
		"a user who stands behind something": {false, "connections: [{name: x, user: eve}]", "test.yaml:3: there is no user eve in acme."},
		"an owner and a connection":          {false, "apps: [{client_id: a, owners: [eve], connection: x}]", "test.yaml:3: there is no connection x in acme; test.yaml:3: there is no user eve in acme."},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "sqlite:"+t.TempDir()+"/muster.db")
			h.apply(false, "organisation: globex\n---\norganisation: acme\nactions: [{name: read}]\nconnections: [{name: hr, dialect: entra, rate: 5}]")
			h.user("acme", "ann")
			h.group("acme", map[string]any{"displayName": "Twins"})
			h.group("acme", map[string]any{"displayName": "twins"})
			_, _, err := h.plan(c.prune, "\norganisation: acme\n"+c.files)
			if identity.KindOf(err) != identity.Invalid || err.Error() != c.want {
				t.Errorf("the plan: %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestFamily has organisations below each other, in files of any order.
func TestFamily(t *testing.T) {
	each(t, func(t *testing.T, open func() *house) {
		h := open()
		got, _ := h.apply(false, `
organisation: berlin
parent: acme
roles: [{name: local, permissions: [read], statements: [{actions: [read], resource: document/x}]}]
resources: [{slug: plan, type: document}]
groups: [{name: All}]
assignments: [{role: reader, group: All}]
---
organisation: acme
resource-types: [{slug: document, actions: [read]}]
permissions: [{name: read, statements: [{actions: [read], resource: document/*}]}]
roles: [{name: reader, permissions: [read]}]
---
organisation: root
actions: [{name: read}]
`)
		if !strings.HasPrefix(got, "create action read\ncreate organisation acme\ncreate resource type document") {
			t.Errorf("the steps are\n%s", got)
		}
		ann := h.user("berlin", "ann")
		h.apply(false, "organisation: berlin\ngroups: [{name: All, members: [ann]}]")
		if !h.may("berlin", ann.String(), "read", "document", "plan") {
			t.Error("ann may not read what her group may")
		}
		// A thing of the same name below is another.
		h.apply(false, "organisation: berlin\nroles: [{name: reader}]")
		if got, _ := h.apply(true, "organisation: berlin\nroles: []\nassignments: [{role: reader, group: All}]"); !strings.Contains(got, "delete role local") {
			t.Errorf("the steps are\n%s", got)
		}
		if n := strings.Count(h.export("acme", false), "name: reader"); n != 1 {
			t.Errorf("acme has %d roles reader", n)
		}
	})
}

// TestHalfWay stops an application and begins again.
func TestHalfWay(t *testing.T) {
	each(t, func(t *testing.T, open func() *house) {
		h := open()
		files := "organisation: acme\nactions: [{name: read}]\nresource-types: [{slug: document}]\n" +
			"roles: [{name: r, claim_mapper: {sub: x}}]\napps: [{client_id: a, application_type: service}]"
		p, _, err := h.plan(false, files)
		if err != nil {
			t.Fatal(err)
		}
		done, secrets := 0, 0
		err = h.s.Apply(t.Context(), p, func(_ declare.Step, s *declare.Secret) {
			done++
			if s != nil {
				secrets++
			}
		})
		if identity.KindOf(err) != identity.Invalid || !strings.HasPrefix(err.Error(), "test.yaml:4: create role r in acme: ") || done != 4 || secrets != 1 {
			t.Errorf("%d steps and %d secrets were done: %v", done, secrets, err)
		}
		got, secret := h.apply(false, strings.Replace(files, "sub: x", "team: x", 1))
		if got != "create role r" || secret != nil {
			t.Errorf("then it does\n%s\nand tells %v", got, secret)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if p, _, err = h.plan(false, "organisation: acme\nactions: [{name: write}]"); err != nil {
			t.Fatal(err)
		}
		if err := h.s.Apply(ctx, p, func(declare.Step, *declare.Secret) { t.Error("a step is done") }); !errors.Is(err, context.Canceled) {
			t.Errorf("Apply when interrupted: %v", err)
		}
	})
}

// TestNested has a group in a group, which files leave alone.
func TestNested(t *testing.T) {
	h := newHouse(t, "sqlite:"+t.TempDir()+"/muster.db")
	h.apply(false, "organisation: acme")
	ann := h.user("acme", "ann")
	inner := h.group("acme", map[string]any{"displayName": "Inner"})
	h.group("acme", map[string]any{"displayName": "Outer", "members": []map[string]any{{"value": inner}, {"value": ann.String()}}})
	h.apply(true, "organisation: acme\ngroups: [{name: Outer, members: []}, {name: Inner, members: [ann]}]\n"+
		"actions: [{name: read}]\nroles: [{name: r, statements: [{actions: [read], resource: '*'}]}]\nassignments: [{role: r, group: Outer}]")
	if !h.may("acme", ann.String(), "read", "", "x") && !h.may("acme", ann.String(), "read", "document", "x") {
		t.Error("the inner group has left the outer one")
	}
}

// TestMany has more assignments than files can have, and more users than one
// question asks for.
func TestMany(t *testing.T) {
	if testing.Short() {
		t.Skip("makes many assignments")
	}
	h := newHouse(t, "sqlite:"+t.TempDir()+"/muster.db")
	roles := "organisation: acme\nroles:\n"
	for i := range 100 {
		roles += fmt.Sprintf("  - {name: r%d}\n", i)
	}
	h.apply(false, roles)
	org := h.org("acme")
	by := cli(org.ID)
	list, _, err := h.Access.Roles.List(t.Context(), by, "", 1, 1000)
	if err != nil {
		t.Fatal(err)
	}
	files := "organisation: acme\ngroups:\n  - name: All\n    members:\n"
	for i := range 101 {
		name := fmt.Sprintf("u%d", i)
		id := h.user("acme", name)
		files += "      - " + name + "\n"
		var give []identity.Assignment
		for _, r := range list {
			give = append(give, identity.Assignment{Role: r.ID, Type: identity.UserSubject, Subject: id})
		}
		if err := h.Access.AssignAll(t.Context(), by, give, nil); err != nil {
			t.Fatal(err)
		}
	}
	h.apply(false, files)
	export := h.export("acme", true)
	if !strings.Contains(export, "# The assignments are left out") || strings.Contains(export, "\nassignments:") || !strings.Contains(export, "- u100\n") {
		t.Errorf("the export is\n%.500s", export)
	}
	if _, _, err := h.plan(true, "organisation: acme\nassignments: []"); identity.KindOf(err) != identity.Invalid {
		t.Errorf("the plan: %v", err)
	}
	all, err := h.Access.Assignments(t.Context(), by, access.AssignmentQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var take []identity.ID
	for _, a := range all[:101] {
		take = append(take, a.ID)
	}
	if err := h.Access.AssignAll(t.Context(), by, nil, take); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(h.export("acme", false), "user: u"); n != 9999 {
		t.Errorf("the export has %d assignments, want 9999", n)
	}
}
