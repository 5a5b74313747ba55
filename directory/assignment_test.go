package directory

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// A court is a root organisation and one below it, with people.
type court struct {
	*Directory
	t          *testing.T
	root, acme identity.Actor // the command line in both
}

func newCourt(t *testing.T, db *store.DB) *court {
	c := &court{Directory: started(t, db), t: t}
	root, err := c.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.root, c.acme = cli, in(t, c.Directory, "acme")
	c.root.Org = root.ID
	return c
}

// person makes a user and returns them as an actor.
func (c *court) person(by identity.Actor, name string) identity.Actor {
	c.t.Helper()
	u, err := c.Create(c.t.Context(), by, userOf(), schema.Object{"schemas": []any{schema.UserURN}, "userName": name})
	if err != nil {
		c.t.Fatal(err)
	}
	return identity.Actor{Kind: identity.ByUser, Org: by.Org, ID: u.ID, Name: name}
}

func (c *court) assign(by identity.Actor, role identity.ID, who identity.Actor, change ...func(*identity.Assignment)) (a identity.Assignment, err error) {
	err = c.db.Update(c.t.Context(), func(tx *store.Tx) error {
		ask := identity.Assignment{Org: who.Org, Role: role, Type: identity.UserSubject, Subject: who.ID}
		for _, f := range change {
			f(&ask)
		}
		a, err = c.Assign(c.t.Context(), tx, by, ask)
		return err
	})
	return a, err
}

func (c *court) must(by identity.Actor, role identity.ID, who identity.Actor) identity.Assignment {
	c.t.Helper()
	a, err := c.assign(by, role, who)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func (c *court) unassign(by identity.Actor, a identity.Assignment) error {
	return c.db.Update(c.t.Context(), func(tx *store.Tx) error { return c.Unassign(c.t.Context(), tx, by, a.Org, a.ID) })
}

func (c *court) want(what string, err error, kind identity.Kind) {
	c.t.Helper()
	if identity.KindOf(err) != kind || kind == "" && err != nil {
		c.t.Errorf("%s: %v, want %q", what, err, kind)
	}
}

func until(at time.Time) func(*identity.Assignment) {
	return func(a *identity.Assignment) { a.Expires = at }
}

func ofType(typ identity.SubjectType) func(*identity.Assignment) {
	return func(a *identity.Assignment) { a.Type = typ }
}

// TestOperators: who is one makes and unmakes others, and one stays.
func TestOperators(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCourt(t, db)
		op, second, owner := c.person(c.root, "op"), c.person(c.root, "second"), c.person(c.acme, "owner")
		last := c.must(c.root, identity.PlatformOperator, op)
		if !last.Inherited {
			t.Error("an operator is one in the root organisation only")
		}
		c.must(op, identity.OrganizationOwner, owner)
		_, err := c.assign(owner, identity.PlatformOperator, second)
		c.want("an owner makes an operator", err, identity.Denied)
		_, err = c.assign(second, identity.PlatformOperator, second)
		c.want("somebody makes an operator of themselves", err, identity.Denied)
		_, err = c.assign(c.root, identity.PlatformOperator, owner)
		c.want("an operator of another organisation", err, identity.Invalid)
		_, err = c.assign(c.root, identity.OrganizationOwner, second)
		c.want("an owner of the root organisation", err, identity.Invalid)
		_, err = c.assign(c.root, identity.PlatformOperator, second, ofType(identity.GroupSubject))
		c.want("a group of operators", err, identity.Invalid)
		c.want("the last operator", c.unassign(c.root, last), identity.Conflict)
		_, err = c.assign(c.root, identity.PlatformOperator, op, until(time.Now().Add(time.Hour)))
		c.want("an end for the last operator", err, identity.Conflict)

		short, err := c.assign(op, identity.PlatformOperator, second, until(time.Now().Add(time.Hour)))
		c.want("an operator for an hour", err, "")
		c.want("the last operator for good", c.unassign(c.root, last), identity.Conflict)
		c.want("an operator unmade by an owner", c.unassign(owner, short), identity.Denied)
		c.must(op, identity.PlatformOperator, second)
		c.want("one of two operators", c.unassign(second, last), "")
		c.want("who was an operator", c.unassign(op, short), identity.Denied)

		by := op
		by.Kind = identity.ByApp
		c.want("the last operator is deleted", c.Delete(t.Context(), by, userOf(), second.ID), identity.Conflict)
		c.want("the last operator is deactivated", c.deactivate(by, second.ID), identity.Conflict)
		c.want("the command line deletes the last operator", c.Delete(t.Context(), c.root, userOf(), second.ID), "")
	})
}

func (c *court) deactivate(by identity.Actor, id identity.ID) error {
	_, err := c.one(c.t.Context(), by, Write{Method: Modify, Type: userOf(), ID: id,
		Change: func(old schema.Object) (schema.Object, []MemberEdit, error) {
			doc := schema.Clone(old)
			doc["active"] = false
			return doc, nil, nil
		}})
	return err
}

// TestLastOwner: an organisation that has an owner keeps one.
func TestLastOwner(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCourt(t, db)
		op, ann, bob := c.person(c.root, "op"), c.person(c.acme, "ann"), c.person(c.acme, "bob")
		c.must(c.root, identity.PlatformOperator, op)
		app := identity.Actor{Kind: identity.ByApp, Org: c.acme.Org, Perms: identity.Perms{identity.AccessWrite, identity.ResourcesWrite}}
		first := c.must(app, identity.OrganizationOwner, ann)
		c.want("the last owner", c.unassign(ann, first), identity.Conflict)
		_, err := c.assign(ann, identity.OrganizationOwner, ann, until(time.Now()))
		c.want("an end for the last owner", err, identity.Conflict)
		c.want("the last owner is deleted", c.Delete(t.Context(), app, userOf(), ann.ID), identity.Conflict)
		c.want("the last owner is deactivated", c.deactivate(app, ann.ID), identity.Conflict)

		second := c.must(ann, identity.OrganizationOwner, bob)
		c.want("another owner is deactivated", c.deactivate(app, bob.ID), "")
		c.want("the last active owner", c.unassign(ann, first), identity.Conflict)
		c.want("the owner who is not active", c.unassign(ann, second), "")
		// An operator acts in the name of the organisation.
		op.Org = c.acme.Org
		c.want("an operator takes the last owner away", c.unassign(op, first), "")
		// Who has an operator's id elsewhere is none.
		first = c.must(app, identity.OrganizationOwner, ann)
		eve := Write{Method: Create, Type: userRT, ID: op.ID, Doc: schema.Object{"schemas": []any{schema.UserURN}, "userName": "eve"}}
		if _, err := c.one(t.Context(), c.acme, eve); err != nil {
			t.Fatal(err)
		}
		c.want("B49 an operator's id in another organisation", c.unassign(op, first), identity.Conflict)
	})
}

// TestAssign: what is named has to be there, and everything is logged.
func TestAssign(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := newCourt(t, db)
		ann, away := c.person(c.acme, "ann"), c.person(c.root, "away")
		away.Org = c.acme.Org
		_, err := c.assign(c.acme, identity.NewID(), ann)
		c.want("a role that nobody made", err, identity.Invalid)
		_, err = c.assign(c.acme, identity.ServiceAccount, away)
		c.want("B48 a user of another organisation", err, identity.Invalid)
		_, err = c.assign(c.acme, identity.ServiceAccount, ann, ofType(identity.AppSubject))
		c.want("a user as an app", err, identity.Invalid)
		_, err = c.assign(c.acme, identity.ServiceAccount, ann, ofType("Robot"))
		c.want("a subject of no type", err, identity.Invalid)

		made := c.must(c.acme, identity.ServiceAccount, ann)
		if again := c.must(c.acme, identity.ServiceAccount, ann); again != made {
			t.Errorf("the same again = %+v, want %+v", again, made)
		}
		end := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
		if _, err := c.assign(c.acme, identity.ServiceAccount, ann, until(end)); err != nil {
			t.Fatal(err)
		}
		if err := c.Delete(t.Context(), c.acme, userOf(), ann.ID); err != nil {
			t.Fatal(err)
		}
		var kinds []identity.ChangeKind
		err = db.View(t.Context(), func(tx *store.Tx) error {
			if left, err := tx.Assignments(t.Context(), c.acme.Org, store.AssignmentQuery{Limit: 9}); len(left) > 0 || err != nil {
				t.Errorf("a deleted user has %v, %v", left, err)
			}
			list, err := tx.Changes(t.Context(), c.acme.Org, identity.ID{}, 99)
			for _, change := range list {
				if change.Type == "Assignment" && change.Target == ann.ID {
					kinds = append(kinds, change.Kind)
				}
			}
			return err
		})
		if diff := cmp.Diff([]identity.ChangeKind{identity.Created, identity.Patched, identity.Deleted}, kinds); diff != "" || err != nil {
			t.Errorf("the log (-want +got):\n%s%v", diff, err)
		}
	})
}
