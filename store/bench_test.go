package store_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/sqlite"
	"github.com/muster-id/muster/store/storetest"
)

// users is how many users the benchmarks run among.
var users = flag.Int("users", 5000, "users in the database of the benchmarks")

var userType = schema.Standard().TypeByName("User")

// A crowd is a database with many users of one organisation.
type crowd struct {
	db  *store.DB
	org identity.OrgID
	ids []identity.ID
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(m.Run())
}

// person makes the n-th user.
func (c *crowd) person(tb testing.TB, n int) *store.Resource {
	r := &store.Resource{
		Org: c.org, Type: "User", ID: identity.NewID(), Version: 1, Created: time.Now(), Modified: time.Now(),
	}
	r.SetExternalID("hr", fmt.Sprint(n))
	family := []string{"Yusuf", "Andersson", "García", "Okafor", "Nguyen", "Smith", "Ivanova"}[n%7]
	doc := schema.Object{
		"schemas": []any{schema.UserURN}, "id": r.ID.String(),
		"userName": fmt.Sprintf("user.%06d@example.org", n), "displayName": fmt.Sprintf("%s, Person %d", family, n),
		"name":   schema.Object{"familyName": family, "givenName": fmt.Sprintf("Person%d", n), "formatted": fmt.Sprintf("Person%d %s", n, family)},
		"active": n%10 != 0, "title": "Engineer", "locale": "en-GB", "timezone": "Europe/Berlin", "userType": "employee",
		"emails": []any{
			schema.Object{"value": fmt.Sprintf("user.%06d@example.org", n), "type": "work", "primary": true},
			schema.Object{"value": fmt.Sprintf("home%d@mail.example", n), "type": "home"},
		},
		"phoneNumbers": []any{schema.Object{"value": fmt.Sprintf("+49 30 %07d", n), "type": "work"}},
		"addresses": []any{schema.Object{
			"type": "work", "streetAddress": fmt.Sprintf("%d Long Street", n), "locality": "Berlin", "postalCode": "10115", "country": "DE",
			"formatted": fmt.Sprintf("%d Long Street\n10115 Berlin\nGermany", n),
		}},
		schema.EnterpriseURN: schema.Object{"employeeNumber": fmt.Sprint(n), "department": fmt.Sprintf("Department %d", n%40), "costCenter": "4130"},
	}
	if err := userType.Finish(doc); err != nil {
		tb.Fatal(err)
	}
	r.Doc = userType.Encode(doc)
	if err := c.db.Index(r, userType, doc); err != nil {
		tb.Fatal(err)
	}
	return r
}

func newCrowd(b *testing.B, db *store.DB) *crowd {
	c := &crowd{db: db, org: identity.NewOrgID()}
	begun := time.Now()
	for n := 0; n < *users; {
		err := db.Update(b.Context(), func(tx *store.Tx) error {
			for range min(500, *users-n) {
				r := c.person(b, n)
				n++
				c.ids = append(c.ids, r.ID)
				if err := tx.Insert(b.Context(), r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("%d users in %v", *users, time.Since(begun))
	return c
}

// durable opens an SQLite database that waits for the disk.
func durable(b *testing.B) *store.DB {
	db, err := sqlite.Open(b.Context(), sqlite.Options{Path: b.TempDir() + "/muster.db"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	return db
}

func BenchmarkSQLite(b *testing.B)     { benchmark(b, newCrowd(b, durable(b))) }
func BenchmarkPostgreSQL(b *testing.B) { benchmark(b, newCrowd(b, storetest.PostgreSQL(b))) }

func benchmark(b *testing.B, c *crowd) {
	b.Run("get", func(b *testing.B) { c.parallel(b, c.get) })
	for _, f := range []struct{ name, text string }{
		{"eq userName", `userName eq "user.%06d@example.org"`},
		{"eq email", `emails.value eq "home%d@mail.example"`},
		{"eq externalId", `externalId eq "%d"`},
		{"co rare", `userName co "ser.%06d"`},
		{"co common", `displayName co "usuf"`},
		{"sw common", `userName sw "user.00"`},
		{"eq department", `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Department 7"`},
	} {
		b.Run(f.name, func(b *testing.B) {
			c.parallel(b, func(b *testing.B, n int) {
				text := f.text
				if strings.Contains(text, "%") {
					text = fmt.Sprintf(text, n%*users)
				}
				c.query(b, store.Query{Count: 100}, text)
			})
		})
	}
	b.Run("page", func(b *testing.B) {
		c.parallel(b, func(b *testing.B, n int) { c.query(b, store.Query{Count: 100, Start: n * 100 % *users}, "") })
	})
	b.Run("deep page", func(b *testing.B) {
		c.parallel(b, func(b *testing.B, n int) { c.query(b, store.Query{Count: 100, Start: *users - n%1000 - 100}, "") })
	})
	b.Run("create", func(b *testing.B) { c.writers(b, c.create) })
	b.Run("modify", func(b *testing.B) { c.writers(b, c.modify) })
	b.Run("bulk of 100", c.bulk)
}

// parallel runs fn on all processors with a running number.
func (c *crowd) parallel(b *testing.B, fn func(*testing.B, int)) {
	var n atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			fn(b, int(n.Add(1)*7919)%(1<<30))
		}
	})
}

// writers runs fn in 16 goroutines.
func (c *crowd) writers(b *testing.B, fn func(*testing.B, int)) {
	var n atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for {
				i := n.Add(1)
				if i > int64(b.N) {
					return
				}
				fn(b, int(i))
			}
		})
	}
	all.Wait()
}

func (c *crowd) get(b *testing.B, n int) {
	err := c.db.View(b.Context(), func(tx *store.Tx) error {
		_, err := tx.Get(b.Context(), c.org, "User", c.ids[n%len(c.ids)])
		return err
	})
	if err != nil {
		b.Error(err)
	}
}

func (c *crowd) query(b *testing.B, q store.Query, text string) {
	q.Org, q.Types, q.Grouped, q.Domain = c.org, []*schema.ResourceType{userType}, true, "hr"
	if text != "" {
		e, err := filter.Parse(text)
		if err == nil {
			e, err = filter.Bind(e, userType, schema.RFC)
		}
		if err != nil {
			b.Error(err)
			return
		}
		q.Filter = map[*schema.ResourceType]filter.Expr{userType: e}
	}
	err := c.db.View(b.Context(), func(tx *store.Tx) error {
		p, err := tx.Query(b.Context(), q)
		if err == nil && (len(p.Resources) == 0 || p.Total == 0) {
			b.Errorf("%s found nothing", text)
		}
		return err
	})
	if err != nil {
		b.Error(err)
	}
}

var fresh atomic.Int64

func (c *crowd) create(b *testing.B, _ int) {
	r := c.person(b, 1_000_000+int(fresh.Add(1)))
	err := c.db.Update(b.Context(), func(tx *store.Tx) error {
		if err := tx.Insert(b.Context(), r); err != nil {
			return err
		}
		return tx.Record(b.Context(), change(r))
	})
	if err != nil {
		b.Error(err)
	}
}

func change(r *store.Resource) identity.Change {
	return identity.Change{
		Org: r.Org, ID: identity.NewID(), At: r.Modified, Kind: identity.Created, Actor: identity.ByConnection,
		ActorName: "hr", RequestID: "4d2c1a", Type: r.Type, Target: r.ID, Version: r.Version,
		Paths: []string{"displayName", "title"}, Diff: []byte(`{"displayName":["Old","New"],"title":["A","B"]}`),
	}
}

func (c *crowd) modify(b *testing.B, n int) {
	err := c.db.Update(b.Context(), func(tx *store.Tx) error {
		seen, err := tx.Get(b.Context(), c.org, "User", c.ids[n*7919%len(c.ids)])
		if err != nil {
			return err
		}
		doc, err := userType.Load(seen.Doc)
		if err != nil {
			return err
		}
		doc["title"] = fmt.Sprint("Engineer ", n)
		r := *seen
		r.Version++
		r.Modified = time.Now()
		r.Doc = userType.Encode(doc)
		if err := c.db.Index(&r, userType, doc); err != nil {
			return err
		}
		if err := tx.Replace(b.Context(), seen, &r); err != nil {
			return err
		}
		return tx.Record(b.Context(), change(&r))
	})
	if err != nil {
		b.Error(err)
	}
}

// bulk stores 100 users in one transaction, each in a savepoint.
func (c *crowd) bulk(b *testing.B) {
	for range b.N {
		err := c.db.Update(b.Context(), func(tx *store.Tx) error {
			for range 100 {
				r := c.person(b, 1_000_000+int(fresh.Add(1)))
				err := tx.Savepoint(b.Context(), func() error {
					if err := tx.Insert(b.Context(), r); err != nil {
						return err
					}
					return tx.Record(b.Context(), change(r))
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "users/s")
}
