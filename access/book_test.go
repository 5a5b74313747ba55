package access

import (
	"slices"
	"strconv"
	"testing"

	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

func TestBook(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		typ := h.documents(h.acme)
		by, ctx := h.cli(h.acme), h.ctx()
		for i := range 5 {
			_, err := h.Resources.Create(ctx, by, catalogue.Resource{Base: catalogue.Base{Name: "File " + strconv.Itoa(i)}, Type: typ})
			h.must(err)
		}
		var names []string
		for start := 1; ; start += 2 {
			list, total, err := h.Resources.List(ctx, by, `name sw "file"`, start, 2)
			h.must(err)
			if total != 5 {
				t.Fatalf("List says %d, want 5", total)
			}
			if len(list) == 0 {
				break
			}
			for _, r := range list {
				names = append(names, r.Name)
			}
		}
		if want := []string{"File 0", "File 1", "File 2", "File 3", "File 4"}; !slices.Equal(names, want) {
			t.Errorf("pages of two = %v, want %v", names, want)
		}
		_, _, err := h.Resources.List(ctx, by, `nonsense eq "x"`, 1, 2)
		h.kind("a filter on what is not there", err, identity.Invalid)
		_, _, err = h.Resources.List(ctx, by, `name zz`, 1, 2)
		h.kind("no filter", err, identity.Invalid)

		r, err := h.Resources.Find(ctx, by, "FILE 3")
		h.must(err)
		for _, name := range []string{r.ID.String(), r.Slug, "document/" + r.Slug, "DOCUMENT/" + r.Slug} {
			if got, err := h.Resources.Find(ctx, by, name); err != nil || got.ID != r.ID {
				t.Errorf("Find(%q) = %v, %v, want File 3", name, got, err)
			}
		}
		_, err = h.Resources.Find(ctx, by, "muster/"+r.Slug)
		h.kind("a slug under another type", err, identity.NotFound)
		_, err = h.Resources.Find(ctx, by, "nothing")
		h.kind("a name of nothing", err, identity.NotFound)
		_, err = h.Resources.Create(ctx, by, catalogue.Resource{Base: catalogue.Base{Name: "file 3"}, Type: typ})
		h.kind("a name that is taken", err, identity.Conflict)
		_, err = h.Resources.Create(ctx, by, catalogue.Resource{Base: catalogue.Base{Name: "Other"}, Slug: r.Slug, Type: typ})
		h.kind("a slug that is taken", err, identity.Conflict)
		_, err = h.Resources.Create(ctx, by, catalogue.Resource{Base: catalogue.Base{Name: "Lost"}, Type: identity.NewID()})
		h.kind("a type that is not there", err, identity.Invalid)

		got, err := h.Resources.Change(ctx, by, r.ID, r.Version, func(r *catalogue.Resource) error {
			r.Description = "the fourth"
			return nil
		})
		if err != nil || got.Description != "the fourth" || got.Version != r.Version+1 || got.Slug != r.Slug {
			t.Errorf("Change = %+v, %v", got, err)
		}
		_, err = h.Resources.Change(ctx, by, r.ID, r.Version, func(*catalogue.Resource) error { return nil })
		h.kind("a version that is gone", err, identity.Stale)
		_, err = h.Resources.Change(ctx, by, identity.NewID(), 0, func(*catalogue.Resource) error { return nil })
		h.kind("change nothing", err, identity.NotFound)
		h.kind("a type with resources", h.ResourceTypes.Delete(ctx, by, typ, 0), identity.Conflict)
		h.kind("a version that is gone", h.Resources.Delete(ctx, by, r.ID, r.Version), identity.Stale)
		h.must(h.Resources.Delete(ctx, by, r.ID, r.Version+1))
		_, err = h.Resources.Get(ctx, by, r.ID)
		h.kind("deleted", err, identity.NotFound)

		nobody := identity.Actor{Kind: identity.ByUser, Org: h.acme}
		_, _, err = h.Roles.List(ctx, nobody, "", 1, 10)
		h.kind("List without AccessRead", err, identity.Denied)
		_, err = h.Roles.Find(ctx, nobody, "org_owner")
		h.kind("Find without AccessRead", err, identity.Denied)
		_, err = h.Roles.Create(ctx, identity.Actor{Kind: identity.ByUser, Org: h.acme, Perms: identity.Perms{identity.AccessRead}}, catalogue.Role{Base: catalogue.Base{Name: "x"}})
		h.kind("Create without AccessWrite", err, identity.Denied)
	})
}

// What is wrong is refused as a whole, and what has become wrong grants nothing.
func TestBadInput(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		h.documents(h.acme)
		by, ctx := h.cli(h.acme), h.ctx()
		roles := func() int {
			_, n, err := h.Roles.List(ctx, by, "", 1, 0)
			h.must(err)
			return n
		}
		before := roles()
		for what, s := range map[string]catalogue.Statement{
			"an action that is not known":     {Actions: []string{"fly"}, Resource: "document/plan"},
			"a type that is not known":        {Actions: []string{"read"}, Resource: "rocket/one"},
			"a condition that does not parse": {Actions: []string{"read"}, Resource: "document/plan", Condition: "subject.level gt"},
			"no action":                       {Resource: "document/plan"},
		} {
			_, err := h.Roles.Create(ctx, by, catalogue.Role{Base: catalogue.Base{Name: "Bad"}, Statements: []catalogue.Statement{
				{Actions: []string{"read"}, Resource: "document/plan"}, s,
			}})
			h.kind(what, err, identity.Invalid)
		}
		if got := roles(); got != before {
			t.Errorf("after refusals there are %d roles, want %d", got, before)
		}

		// Groups in a circle.
		ann := h.user(h.acme, "ann")
		a := h.group(h.acme, "A", ann)
		b := h.group(h.acme, "B", a)
		c := h.group(h.acme, "C", b)
		h.expect("before the circle", h.acme, ask("ann", "read"), false)
		h.must(h.modify(by, "Group", a, "", nil, directory.MemberEdit{Op: directory.AddMembers, Members: texts([]identity.ID{c})}))
		role := h.role(h.acme, "Reader", "document/plan", "read")
		x := h.assign(h.acme, role, identity.GroupSubject, b)
		h.expect("in a circle", h.acme, ask("ann", "read"), true)
		h.must(h.Unassign(ctx, by, x.ID))
		h.expect("out of a circle", h.acme, ask("ann", "read"), false)

		// A role that vanishes takes its assignments along.
		h.assign(h.acme, role, identity.GroupSubject, c)
		h.must(h.Roles.Delete(ctx, by, role, 0))
		list, err := h.Assignments(ctx, by, AssignmentQuery{})
		if err != nil || len(list) != 0 {
			t.Errorf("assignments of a role that is gone: %v, %v", list, err)
		}
		h.expect("by a role that is gone", h.acme, ask("ann", "read"), false)

		q := ask("ann", "read")
		for what, change := range map[string]func(*Question){
			"no subject":            func(q *Question) { q.Subject = Entity{} },
			"a subject of no type":  func(q *Question) { q.Subject.Type = "robot" },
			"an id of nobody":       func(q *Question) { q.Subject.ID = "00000000-0000-7000-8000-zzzzzzzzzzzz" },
			"a name without end":    func(q *Question) { q.Subject.ID = string(make([]byte, 5000)) },
			"an action without end": func(q *Question) { q.Action = string(make([]byte, 5000)) },
			"no resource":           func(q *Question) { q.Resource = Entity{} },
		} {
			x := q
			change(&x)
			h.expect(what, h.acme, x, false)
			_, err := h.Explain(ctx, h.acme, x)
			h.kind("explain "+what, err, "")
		}
		_, err = h.Decide(ctx, identity.NewOrgID(), q)
		h.kind("an organisation that is not there", err, identity.NotFound)
	})
}

// An organisation that goes takes its decisions along, and few stay in memory.
func TestShelf(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t), nil)
	h.max = 2
	h.documents(h.root)
	ann := h.user(h.paris, "ann")
	h.assign(h.paris, h.role(h.root, "Reader", "document/plan", "read"), identity.UserSubject, ann)
	for range 3 {
		for _, org := range []identity.OrgID{h.root, h.acme, h.paris} {
			h.expect("whatever was forgotten", org, ask("ann", "read"), org == h.paris)
		}
	}
	if n := len(*h.shelf.realms.Load()); n != 2 {
		t.Errorf("%d organisations are in memory, want 2", n)
	}
	h.must(h.dir.DeleteOrganisation(h.ctx(), h.cli(h.acme), h.paris))
	_, err := h.Decide(h.ctx(), h.paris, ask("ann", "read"))
	h.kind("an organisation that is gone", err, identity.NotFound)
}
