package access

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/postgres"
	"github.com/muster-id/muster/store/sqlite"
	"github.com/muster-id/muster/store/storetest"
)

// A clock is a time that a test sets.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// What has been written is what the next decision is made from.
func TestExact(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := &clock{}
		h := newHouse(t, db, c.now)
		h.documents(h.acme)
		by := h.cli(h.acme)
		ann, bob := h.user(h.acme, "ann"), h.user(h.acme, "bob")
		inner := h.group(h.acme, "Inner", ann)
		outer := h.group(h.acme, "Outer", inner)
		role := h.role(h.acme, "Editor", "document/*", "read")
		q, r := ask(ann.String(), "read"), ask(bob.String(), "read")
		h.expect("a group without a role", h.acme, q, false)

		a := h.assign(h.acme, role, identity.GroupSubject, outer)
		h.expect("by a group in a group", h.acme, q, true)
		h.expect("not in the group", h.acme, r, false)

		h.must(h.modify(by, "Group", inner, "", nil, directory.MemberEdit{Op: directory.RemoveMembers, Members: texts([]identity.ID{ann})}))
		h.expect("left the group", h.acme, q, false)
		h.must(h.modify(by, "Group", inner, "", nil, directory.MemberEdit{Op: directory.AddMembers, Members: texts([]identity.ID{ann, bob})}))
		h.expect("joined again", h.acme, q, true)
		h.expect("joined too", h.acme, r, true)

		h.must(h.modify(by, "User", ann, "active", false))
		h.expect("deactivated", h.acme, q, false)
		h.must(h.modify(by, "User", ann, "active", true))
		h.expect("activated", h.acme, q, true)

		_, err := h.Roles.Change(h.ctx(), by, role, 0, func(r *catalogue.Role) error {
			r.Statements[0].Actions = []string{"write"}
			return nil
		})
		h.must(err)
		h.expect("the role lost an action", h.acme, q, false)
		h.expect("the role got an action", h.acme, ask(ann.String(), "write"), true)
		p, err := h.Permissions.Create(h.ctx(), by, catalogue.Permission{
			Base: catalogue.Base{Name: "Reading"}, Statements: []catalogue.Statement{{Actions: []string{"read"}, Resource: "document/plan"}},
		})
		h.must(err)
		_, err = h.Roles.Change(h.ctx(), by, role, 0, func(r *catalogue.Role) error {
			r.Permissions = []identity.ID{p.ID}
			return nil
		})
		h.must(err)
		h.expect("the role got a permission", h.acme, q, true)
		h.must(h.Permissions.Delete(h.ctx(), by, p.ID, 0))
		h.expect("the permission is gone", h.acme, q, false)

		h.must(h.Unassign(h.ctx(), by, a.ID))
		h.expect("unassigned", h.acme, ask(ann.String(), "write"), false)

		_, err = h.Assign(h.ctx(), by, identity.Assignment{Role: role, Type: identity.UserSubject, Subject: bob, Expires: c.now().Add(time.Hour)})
		h.must(err)
		h.expect("before its end", h.acme, ask("bob", "write"), true)
		c.ahead.Store(int64(2 * time.Hour))
		h.expect("after its end", h.acme, ask("bob", "write"), false)
		c.ahead.Store(0)

		h.must(h.modify(by, "User", bob, "userName", "robert"))
		h.expect("a new name", h.acme, ask("robert", "write"), true)
		h.expect("the old name", h.acme, ask("bob", "write"), false)
		h.delete(h.acme, "User", bob)
		h.expect("deleted", h.acme, ask("robert", "write"), false)
		h.expect("deleted, by id", h.acme, ask(bob.String(), "write"), false)

		h.assign(h.acme, role, identity.GroupSubject, outer)
		h.expect("by the groups again", h.acme, ask("ann", "write"), true)
		h.delete(h.acme, "Group", inner)
		h.expect("the group between is gone", h.acme, ask("ann", "write"), false)
		reg, err := h.dir.Registry(h.ctx(), h.acme)
		h.must(err)
		_, err = h.dir.Restore(h.ctx(), by, reg.TypeByName("Group"), inner)
		h.must(err)
		h.expect("the group is back", h.acme, ask("ann", "write"), true)
		h.must(h.Roles.Delete(h.ctx(), by, role, 0))
		h.expect("the role is gone", h.acme, ask("ann", "write"), false)
	})
}

// Another Service over the same rows, with marks of its own, follows within a
// second.
func TestExactElsewhere(t *testing.T) {
	check := func(t *testing.T, here, there *store.DB) {
		h := newHouse(t, here, nil)
		h.documents(h.acme)
		ann := h.user(h.acme, "ann")
		role := h.role(h.acme, "Reader", "document/*", "read")
		_, other := services(t, there, nil)
		q := ask("ann", "read")
		soon := func(what string, want bool) {
			t.Helper()
			h.expect(what, h.acme, q, want)
			begun := time.Now()
			for {
				d, err := other.Decide(t.Context(), h.acme, q)
				h.must(err)
				if d.Allow == want {
					return
				}
				if took := time.Since(begun); took > time.Second {
					t.Errorf("%s: not seen elsewhere after %v", what, took)
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
		soon("at first", false)
		a := h.assign(h.acme, role, identity.UserSubject, ann)
		soon("assigned", true)
		h.must(h.modify(h.cli(h.acme), "User", ann, "active", false))
		soon("deactivated", false)
		h.must(h.modify(h.cli(h.acme), "User", ann, "active", true))
		soon("activated", true)
		h.must(h.Unassign(h.ctx(), h.cli(h.acme), a.ID))
		soon("unassigned", false)
	}
	t.Run("sqlite", func(t *testing.T) {
		path := t.TempDir() + "/muster.db"
		var dbs [2]*store.DB
		for i := range dbs {
			db, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, NoSync: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			dbs[i] = db
		}
		check(t, dbs[0], dbs[1])
	})
	t.Run("postgres", func(t *testing.T) {
		url := storetest.Postgres(t)
		var dbs [2]*store.DB
		for i := range dbs {
			db, err := postgres.Open(t.Context(), postgres.Options{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			dbs[i] = db
		}
		check(t, dbs[0], dbs[1])
	})
}

// Many ask while one writes: none gets an answer from before a write that was
// over when it asked.
func TestExactUnderLoad(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		h.documents(h.acme)
		ann := h.user(h.acme, "ann")
		role := h.role(h.acme, "Reader", "document/*", "read")
		q := ask(ann.String(), "read")
		var mu sync.RWMutex // askers hold it for reading, so that the truth stands still
		truth, asked := false, 0
		stop := make(chan struct{})
		var work sync.WaitGroup
		for range 4 {
			work.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					mu.RLock()
					d, err := h.Decide(t.Context(), h.acme, q)
					if err != nil || d.Allow != truth {
						t.Errorf("Decide = %v, %v, want %v", d.Allow, err, truth)
					}
					mu.RUnlock()
				}
			})
		}
		for range 25 {
			mu.Lock()
			a := h.assign(h.acme, role, identity.UserSubject, ann)
			truth = true
			mu.Unlock()
			mu.Lock()
			h.must(h.Unassign(h.ctx(), h.cli(h.acme), a.ID))
			truth = false
			asked++
			mu.Unlock()
		}
		close(stop)
		work.Wait()
	})
}

func TestAppsAndTypes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		h.documents(h.acme)
		app := identity.App{Org: h.acme, ID: identity.NewID(), ClientID: "robot", Version: 1, Created: time.Now(), Modified: time.Now()}
		note := func(tx *store.Tx, kind identity.ChangeKind) error {
			return tx.Record(t.Context(), identity.Change{Org: h.acme, ID: identity.NewID(), At: time.Now(), Kind: kind, Type: "App", Target: app.ID})
		}
		h.must(db.Update(t.Context(), func(tx *store.Tx) error {
			if err := tx.InsertApp(t.Context(), app); err != nil {
				return err
			}
			return note(tx, identity.Created)
		}))
		role := h.role(h.acme, "Reader", "document/plan", "read")
		h.assign(h.acme, role, identity.AppSubject, app.ID)
		q := ask("robot", "read")
		h.expect("a user of that name", h.acme, q, false)
		q.Subject.Type = "App"
		h.expect("an app by client id", h.acme, q, true)
		set := func(disabled bool) {
			h.must(db.Update(t.Context(), func(tx *store.Tx) error {
				a, err := tx.App(t.Context(), h.acme, app.ID)
				if err != nil {
					return err
				}
				a.Disabled = disabled
				if err := tx.UpdateApp(t.Context(), a); err != nil {
					return err
				}
				return note(tx, identity.Patched)
			}))
		}
		set(true)
		h.expect("disabled", h.acme, q, false)
		set(false)
		h.expect("enabled again", h.acme, q, true)
		group := h.group(h.acme, "Readers")
		h.assign(h.acme, role, identity.GroupSubject, group)
		q.Subject = policy.Entity{Type: "group", ID: "readers"}
		h.expect("a group by name", h.acme, q, true)
		h.group(h.acme, "READERS")
		h.expect("a name of two groups", h.acme, q, false)
	})
}

// A change whose id is older than the last one that was seen is seen too:
// transactions end in another order than that in which their ids are made.
func TestLateChange(t *testing.T) {
	h := newHouse(t, storetest.PostgreSQL(t), nil)
	h.documents(h.acme)
	ann, bob := h.user(h.acme, "ann"), h.user(h.acme, "bob")
	role := h.role(h.acme, "Reader", "document/plan", "read")
	late := func(user identity.ID, by time.Duration) {
		h.must(h.db.Update(h.ctx(), func(tx *store.Tx) error {
			a, err := tx.PutAssignment(h.ctx(), identity.Assignment{
				Org: h.acme, ID: identity.NewID(), Role: role, Type: identity.UserSubject, Subject: user, Created: time.Now(),
			})
			if err != nil {
				return err
			}
			id := since(time.Now().Add(-by))
			copy(id[6:], a.ID[6:])
			return tx.Record(h.ctx(), identity.Change{
				Org: h.acme, ID: id, At: time.Now(), Kind: identity.Created, Type: "Assignment", Target: user, Paths: []string{"role"},
				Diff: []byte(`{"assignment":[null,{"id":"` + a.ID.String() + `"}]}`),
			})
		}))
	}
	h.expect("before", h.acme, ask("ann", "read"), false)
	h.user(h.acme, "eve")
	h.expect("before, with the newest change", h.acme, ask("bob", "read"), false)
	late(ann, time.Second)
	h.expect("a second late", h.acme, ask("ann", "read"), true)
	late(bob, 6*time.Second)
	time.Sleep(lookAge)
	h.expect("six seconds late, half a second later", h.acme, ask("bob", "read"), true)
}
