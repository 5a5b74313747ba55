package access

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// users is how many users the benchmarks run among; the figures of docs/access.md
// are of 100,000. There is a group to every 20.
var users = flag.Int("users", 5000, "users in the database of the benchmarks")

const (
	manyRoles     = 1_000
	manyResources = 10_000
	manyTypes     = 50
	manyActions   = 20
)

// A city is an organisation with much in it.
type city struct {
	*house
	users, groups, roles []identity.ID
	slugs                []string // "type/slug" of resources
}

// built makes a city in a database; what is written by the hundred thousand goes
// past the rules.
func built(b *testing.B, db *store.DB) *city {
	c := &city{house: newHouse(b, db, nil)}
	manyUsers, manyGroups := *users, *users/20
	rnd := rand.New(rand.NewPCG(1, 2))
	at := time.Now().UTC().Truncate(time.Millisecond)
	insert := func(n int, rt *schema.ResourceType, doc func(i int) schema.Object) []identity.ID {
		ids := make([]identity.ID, n)
		for lo := 0; lo < n; lo += 2000 {
			c.must(db.Update(b.Context(), func(tx *store.Tx) error {
				for i := lo; i < min(lo+2000, n); i++ {
					id := identity.NewID()
					o := doc(i)
					o["id"] = id.String()
					r := &store.Resource{Org: c.acme, Type: rt.Name, ID: id, Version: 1, Created: at, Modified: at, Doc: rt.Encode(o)}
					if err := db.Index(r, rt, o); err != nil {
						return err
					}
					if err := tx.Insert(b.Context(), r); err != nil {
						return err
					}
					ids[i] = id
				}
				return nil
			}))
		}
		return ids
	}
	standard := schema.Standard()
	user, group := standard.TypeByName("User"), standard.TypeByName("Group")
	c.users = insert(manyUsers, user, func(i int) schema.Object {
		return schema.Object{"schemas": []any{user.Schema.ID}, "userName": fmt.Sprintf("user%d@example.com", i), "active": i%50 != 0}
	})
	c.groups = insert(manyGroups, group, func(i int) schema.Object {
		return schema.Object{"schemas": []any{group.Schema.ID}, "displayName": fmt.Sprintf("Group %d", i)}
	})
	actions := insert(manyActions, catalogue.TypeOf[catalogue.Action](), func(i int) schema.Object {
		return catalogue.Encode(catalogue.Action{Base: catalogue.Base{Name: fmt.Sprintf("do%d", i)}, Active: true})
	})
	types := insert(manyTypes, catalogue.TypeOf[catalogue.ResourceType](), func(i int) schema.Object {
		return catalogue.Encode(catalogue.ResourceType{Base: catalogue.Base{Name: fmt.Sprintf("Type %d", i)}, Slug: fmt.Sprintf("type%d", i), Actions: actions})
	})
	resources := insert(manyResources, catalogue.TypeOf[catalogue.Resource](), func(i int) schema.Object {
		c.slugs = append(c.slugs, fmt.Sprintf("type%d/thing%d", i%manyTypes, i))
		return catalogue.Encode(catalogue.Resource{Base: catalogue.Base{Name: fmt.Sprintf("Thing %d", i)}, Slug: fmt.Sprintf("thing%d", i), Type: types[i%manyTypes]})
	})
	pick := func(list []identity.ID) identity.ID { return list[rnd.IntN(len(list))] }
	permissions := insert(3*manyRoles, catalogue.TypeOf[catalogue.Permission](), func(i int) schema.Object {
		p := catalogue.Permission{Base: catalogue.Base{Name: fmt.Sprintf("Permission %d", i)}}
		for range 3 {
			s := catalogue.Statement{Actions: []string{pick(actions).String(), pick(actions).String()}, Resource: pick(resources).String()}
			switch rnd.IntN(10) {
			case 0, 1, 2:
				s.Resource = fmt.Sprintf("type%d/*", rnd.IntN(manyTypes))
			case 3:
				s.Deny = true
			}
			p.Statements = append(p.Statements, s)
		}
		return catalogue.Encode(p)
	})
	c.roles = insert(manyRoles, catalogue.TypeOf[catalogue.Role](), func(i int) schema.Object {
		return catalogue.Encode(catalogue.Role{Base: catalogue.Base{Name: fmt.Sprintf("Role %d", i)}, Permissions: permissions[3*i : 3*i+3]})
	})
	// Groups: five of six stand in another; each user is in three.
	members := map[identity.ID][]store.Member{}
	for i, g := range c.groups[manyGroups/6:] {
		in := c.groups[i/5]
		members[in] = append(members[in], store.Member{ID: g, Type: "Group"})
	}
	for _, u := range c.users {
		for range 3 {
			g := pick(c.groups)
			members[g] = append(members[g], store.Member{ID: u, Type: "User"})
		}
	}
	c.must(db.Update(b.Context(), func(tx *store.Tx) error {
		for g, list := range members {
			if _, err := tx.AddMembers(b.Context(), c.acme, g, list); err != nil {
				return err
			}
		}
		put := func(a identity.Assignment) error {
			a.Org, a.ID, a.Role, a.Created = c.acme, identity.NewID(), pick(c.roles), at
			_, err := tx.PutAssignment(b.Context(), a)
			return err
		}
		for i, g := range c.groups {
			if i%2 == 0 {
				if err := put(identity.Assignment{Type: identity.GroupSubject, Subject: g}); err != nil {
					return err
				}
			}
		}
		for _, u := range c.users[:manyUsers/5] {
			if err := put(identity.Assignment{Type: identity.UserSubject, Subject: u}); err != nil {
				return err
			}
		}
		return nil
	}))
	return c
}

// questions are asked by name, of random people about random things.
func (c *city) questions(n int, byName bool) []policy.Question {
	rnd := rand.New(rand.NewPCG(3, 4))
	qs := make([]policy.Question, n)
	for i := range qs {
		u, r := rnd.IntN(len(c.users)), rnd.IntN(manyResources)
		qs[i] = policy.Question{
			Subject: policy.Entity{Type: "user", ID: c.users[u].String()}, Action: fmt.Sprintf("do%d", rnd.IntN(manyActions)),
			Resource: policy.Entity{Type: fmt.Sprintf("type%d", r%manyTypes), ID: fmt.Sprintf("thing%d", r)},
		}
		if byName {
			qs[i].Subject.ID = fmt.Sprintf("user%d@example.com", u)
		}
	}
	return qs
}

// spent is the processor time of this process.
func spent(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkDecide(b *testing.B) {
	c := built(b, storetest.SQLite(b))
	for _, named := range []bool{false, true} {
		what := map[bool]string{false: "id", true: "userName"}[named]
		b.Run(what, func(b *testing.B) {
			qs := c.questions(4096, named)
			ctx, yes := context.Background(), 0
			for _, q := range qs {
				if c.allowed(c.acme, q) {
					yes++
				}
			}
			i, begun := 0, spent(b)
			for b.Loop() {
				if _, err := c.Decide(ctx, c.acme, qs[i&4095]); err != nil {
					b.Fatal(err)
				}
				i++
			}
			b.ReportMetric(float64(spent(b)-begun)/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
			b.ReportMetric(float64(yes)/float64(len(qs)), "allowed")
		})
	}
	b.Run("all of 100", func(b *testing.B) {
		qs := c.questions(100, false)
		for b.Loop() {
			if _, err := c.DecideAll(context.Background(), c.acme, qs); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
	})
	b.Run("search subjects", func(b *testing.B) {
		qs := c.questions(256, false)
		i := 0
		for b.Loop() {
			q := qs[i&255]
			q.Subject.ID = ""
			if _, _, err := c.SearchSubjects(context.Background(), c.acme, q, Page{}); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
}

// BenchmarkVisible measures how long the first decision after a changed
// assignment takes: that is what it costs to see it.
func BenchmarkVisible(b *testing.B) {
	for _, driver := range []string{"sqlite", "postgres"} {
		b.Run(driver, func(b *testing.B) {
			c := built(b, opened(b, driver))
			q := c.questions(1, false)[0]
			_ = c.allowed(c.acme, q)
			group := c.groups[1]
			measure := func(what string, write func(i int)) {
				b.Run(what, func(b *testing.B) {
					for i := 0; b.Loop(); i++ {
						b.StopTimer()
						write(i)
						b.StartTimer()
						_ = c.allowed(c.acme, q)
					}
				})
			}
			measure("user", func(i int) { c.assign(c.acme, c.roles[i%manyRoles], identity.UserSubject, c.users[i%len(c.users)]) })
			measure("group", func(i int) { c.assign(c.acme, c.roles[i%manyRoles], identity.GroupSubject, c.groups[i%len(c.groups)]) })
			measure("member", func(i int) {
				e := directory.MemberEdit{Op: directory.AddMembers, Members: texts(c.users[i/2%len(c.users):][:1])}
				if i%2 == 1 {
					e.Op = directory.RemoveMembers
				}
				c.must(c.modify(c.cli(c.acme), "Group", group, "", nil, e))
			})
			measure("role", func(i int) {
				_, err := c.Roles.Change(c.ctx(), c.cli(c.acme), c.roles[i%manyRoles], 0, func(r *catalogue.Role) error {
					r.Statements = []catalogue.Statement{{Actions: []string{"do1"}, Resource: c.slugs[i%manyResources]}}
					return nil
				})
				c.must(err)
			})
		})
	}
}

func opened(b *testing.B, driver string) *store.DB {
	if driver == "sqlite" {
		return storetest.SQLite(b)
	}
	return storetest.PostgreSQL(b)
}

// BenchmarkLoad reads and compiles everything.
func BenchmarkLoad(b *testing.B) {
	for _, driver := range []string{"sqlite", "postgres"} {
		b.Run(driver, func(b *testing.B) {
			c := built(b, opened(b, driver))
			chain, err := c.chain(b.Context(), c.acme)
			c.must(err)
			begun := spent(b)
			for b.Loop() {
				if _, err := c.load(b.Context(), 0, chain, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(spent(b)-begun)/float64(b.N), "cpu-ns/op")
		})
	}
}
