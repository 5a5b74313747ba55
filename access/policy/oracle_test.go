package policy

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	defaultrolemanager "github.com/casbin/casbin/v2/rbac/default-role-manager"
	"github.com/cedar-policy/cedar-go"
	_ "modernc.org/sqlite"

	"github.com/muster-id/muster/identity"
)

// An oracle is an engine that others wrote, told of a World in its own words.
type oracle func(q Question) bool

// A fact is one statement as every oracle can say it.
type fact struct {
	holder  string   // a role or a permission
	actions []string // names, or "*"
	about   string   // "type/slug", where * may end it, or "*"
	deny    bool
}

// facts translates the statements of a World.
func facts(w *World) (all []fact) {
	one := func(holder identity.ID, list []Statement) {
		for _, s := range list {
			f := fact{holder: holder.String(), about: s.Resource, deny: s.Deny}
			for _, r := range w.Resources {
				if s.Resource == r.ID.String() || s.Resource == r.Slug {
					f.about = typeSlug(w, r) + "/" + r.Slug
				}
			}
			for _, name := range s.Actions {
				for _, a := range w.Actions {
					if name == a.ID.String() {
						name = a.Name
					}
				}
				f.actions = append(f.actions, name)
			}
			all = append(all, f)
		}
	}
	for _, p := range w.Permissions {
		one(p.ID, p.Statements)
	}
	for _, r := range w.Roles {
		one(r.ID, r.Statements)
	}
	return all
}

func typeSlug(w *World, r Resource) string {
	for _, t := range w.ResourceTypes {
		if t.ID == r.Type {
			return t.Slug
		}
	}
	return ""
}

// edges lists who has what, as pairs: members and groups, subjects and roles,
// roles and permissions.
func edges(w *World) (all [][2]string) {
	add := func(below, above identity.ID) { all = append(all, [2]string{below.String(), above.String()}) }
	for _, m := range w.Members {
		add(m.Member, m.Group)
	}
	for _, a := range w.Assignments {
		add(a.Subject, a.Role)
	}
	for _, u := range w.Users {
		for _, r := range w.Everyone {
			add(u, r)
		}
	}
	for _, r := range w.Roles {
		for _, p := range r.Permissions {
			add(r.ID, p)
		}
	}
	return all
}

// offered reports whether the type of a question's resource has its action,
// which no oracle has a word for.
func offered(w *World, q Question) bool {
	for _, t := range w.ResourceTypes {
		if t.Slug != q.Resource.Type || len(t.Actions) == 0 {
			continue
		}
		for _, id := range t.Actions {
			for _, a := range w.Actions {
				if a.ID == id && a.Name == q.Action {
					return true
				}
			}
		}
		return false
	}
	return true
}

func object(q Question) string { return q.Resource.Type + "/" + q.Resource.ID }

// cedarOracle asks cedar-go: ids are entities below what they are in, and only
// the policies about a type are given for a question about it, for cedar looks
// at all that it is given.
func cedarOracle(t *testing.T, w *World) oracle {
	parents := map[string][]cedar.EntityUID{}
	for _, e := range edges(w) {
		parents[e[0]] = append(parents[e[0]], cedar.NewEntityUID("Id", cedar.String(e[1])))
	}
	entities := cedar.EntityMap{}
	for id, above := range parents {
		uid := cedar.NewEntityUID("Id", cedar.String(id))
		entities[uid] = cedar.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(above...)}
	}
	slices := map[string]*strings.Builder{}
	for _, x := range w.ResourceTypes {
		slices[x.Slug] = &strings.Builder{}
	}
	for _, f := range facts(w) {
		effect, action := "permit", "action"
		if f.deny {
			effect = "forbid"
		}
		if f.actions[0] != "*" {
			action = `action in [Action::"` + strings.Join(f.actions, `", Action::"`) + `"]`
		}
		text := fmt.Sprintf("%s (principal in Id::%q, %s, resource) when { context.object like %q };\n", effect, f.holder, action, f.about)
		typ, _, _ := strings.Cut(f.about, "/")
		for slug, b := range slices {
			if slug == typ || typ == "*" {
				b.WriteString(text)
			}
		}
	}
	sets := map[string]*cedar.PolicySet{}
	for slug, b := range slices {
		set, err := cedar.NewPolicySetFromBytes(slug, []byte(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		sets[slug] = set
	}
	return func(q Question) bool {
		yes, diagnostic := cedar.Authorize(sets[q.Resource.Type], entities, cedar.Request{
			Principal: cedar.NewEntityUID("Id", cedar.String(q.Subject.ID)),
			Action:    cedar.NewEntityUID("Action", cedar.String(q.Action)),
			Resource:  cedar.NewEntityUID("Thing", cedar.String(object(q))),
			Context:   cedar.NewRecord(cedar.RecordMap{"object": cedar.String(object(q))}),
		})
		if len(diagnostic.Errors) > 0 {
			t.Fatal(diagnostic.Errors)
		}
		return bool(yes)
	}
}

// sqlOracle asks SQLite with a recursive common table expression.
func sqlOracle(t *testing.T, w *World) oracle {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	run := func(text string, args ...any) {
		if _, err := db.Exec(text, args...); err != nil {
			t.Fatal(err)
		}
	}
	run(`CREATE TABLE edge (below TEXT, above TEXT); CREATE INDEX edge_below ON edge (below);
		CREATE TABLE fact (holder TEXT, action TEXT, about TEXT, deny INTEGER); CREATE INDEX fact_holder ON fact (holder); BEGIN`)
	for _, e := range edges(w) {
		run(`INSERT INTO edge VALUES (?, ?)`, e[0], e[1])
	}
	for _, f := range facts(w) {
		for _, a := range f.actions {
			run(`INSERT INTO fact VALUES (?, ?, ?, ?)`, f.holder, a, f.about, f.deny)
		}
	}
	run(`COMMIT`)
	ask, err := db.Prepare(`WITH RECURSIVE up(id) AS (SELECT ?1 UNION SELECT above FROM edge JOIN up ON below = id)
		SELECT count(*), coalesce(max(deny), 0) FROM up JOIN fact ON holder = id WHERE action IN (?2, '*') AND ?3 GLOB about`)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ask.Close() })
	return func(q Question) bool {
		var found, deny int
		if err := ask.QueryRow(q.Subject.ID, q.Action, object(q)).Scan(&found, &deny); err != nil {
			t.Fatal(err)
		}
		return found > 0 && deny == 0
	}
}

const casbinModel = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = (r.act == p.act || p.act == "*") && keyMatch(r.obj, p.obj) && g(r.sub, p.sub)
`

// casbinOracle asks casbin.
func casbinOracle(t *testing.T, w *World) oracle {
	m, err := model.NewModelFromString(casbinModel)
	if err != nil {
		t.Fatal(err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		t.Fatal(err)
	}
	e.SetRoleManager(defaultrolemanager.NewRoleManager(100)) // the depth of nesting; 10 by default
	var rules, groups [][]string
	for _, f := range facts(w) {
		effect := map[bool]string{false: "allow", true: "deny"}[f.deny]
		for _, a := range f.actions {
			rules = append(rules, []string{f.holder, f.about, a, effect})
		}
	}
	for _, x := range edges(w) {
		groups = append(groups, x[:])
	}
	if _, err := e.AddPoliciesEx(rules); err != nil {
		t.Fatal(err)
	}
	if _, err := e.AddGroupingPoliciesEx(groups); err != nil {
		t.Fatal(err)
	}
	return func(q Question) bool {
		yes, err := e.Enforce(q.Subject.ID, object(q), q.Action)
		if err != nil {
			t.Fatal(err)
		}
		return yes
	}
}

// TestOracles asks others the same questions about the same random worlds.
func TestOracles(t *testing.T) {
	medium := plan{
		users: 200, groups: 40, roles: 25, permissions: 40, resources: 120, types: 6, actions: 8, statements: 3,
		memberOf: 2, rolesOf: 1, denies: true, patterns: true,
	}
	little := plan{
		users: 40, groups: 12, roles: 8, permissions: 12, resources: 20, types: 3, actions: 4, statements: 2,
		memberOf: 2, rolesOf: 1, denies: true, patterns: true,
	}
	for _, tt := range []struct {
		name              string
		make              func(*testing.T, *World) oracle
		p                 plan
		worlds, questions int
	}{
		{"cedar", cedarOracle, medium, 10, 1000},
		{"recursive CTE", sqlOracle, medium, 10, 1000},
		{"casbin", casbinOracle, little, 100, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			allowed, different := 0, 0
			for seed := range tt.worlds {
				d := newDie(uint64(1000 + seed))
				w := d.world(tt.p)
				s, other := Compile(w), tt.make(t, &w)
				for range tt.questions {
					q := d.question(&w)
					got, want := s.Decide(q).Allow, offered(&w, q) && other(q)
					if got {
						allowed++
					}
					if got == want {
						continue
					}
					if different++; different < 5 {
						t.Errorf("world %d: Decide(%+v) = %v, want %v: %+v", seed, q, got, want, s.Explain(q))
					}
				}
			}
			asked := tt.worlds * tt.questions
			if t.Logf("%d questions, %d allowed, %d different", asked, allowed, different); allowed < asked/10 || allowed > asked*9/10 {
				t.Errorf("%d of %d questions are allowed: the worlds are too plain to tell", allowed, asked)
			}
		})
	}
}
