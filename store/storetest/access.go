package storetest

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// A roster gives roles in one organisation.
type roster struct {
	t   *testing.T
	db  *store.DB
	org identity.OrgID
}

func (r roster) give(role identity.ID, typ identity.SubjectType, subject identity.ID) identity.Assignment {
	r.t.Helper()
	return r.put(identity.Assignment{Org: r.org, ID: identity.NewID(), Role: role, Type: typ, Subject: subject, Created: epoch})
}

func (r roster) put(a identity.Assignment) (stored identity.Assignment) {
	r.t.Helper()
	update(r.t, r.db, func(tx *store.Tx) (err error) {
		stored, err = tx.PutAssignment(r.t.Context(), a)
		return err
	})
	return stored
}

func (r roster) want(what string, want ...identity.Assignment) {
	r.t.Helper()
	var got []identity.Assignment
	view(r.t, r.db, func(tx *store.Tx) error {
		return tx.AllAssignments(r.t.Context(), r.org, func(a identity.Assignment) error {
			got = append(got, a)
			return nil
		})
	})
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		r.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// assignments gives roles, changes them and takes them away.
func assignments(t *testing.T, db *store.DB) {
	ctx := t.Context()
	r := roster{t, db, identity.NewOrgID()}
	clerk, boss, ann, all := identity.NewID(), identity.NewID(), identity.NewID(), identity.NewID()
	a := r.give(clerk, identity.UserSubject, ann)
	b := r.give(boss, identity.UserSubject, ann)
	c := r.give(clerk, identity.GroupSubject, all)
	again := a
	again.ID, again.Created, again.Expires, again.Inherited = identity.NewID(), later, later, true
	stored := r.put(again)
	a.Expires, a.Inherited = later, true
	if diff := cmp.Diff(a, stored); diff != "" {
		t.Errorf("the same role again (-want +got):\n%s", diff)
	}
	r.want("all of them", a, b, c)
	for what, q := range map[string]struct {
		ask  store.AssignmentQuery
		want []identity.Assignment
	}{
		"of a role":           {store.AssignmentQuery{Role: clerk, Limit: 9}, []identity.Assignment{a, c}},
		"of a subject":        {store.AssignmentQuery{Subject: ann, Type: identity.UserSubject, Limit: 9}, []identity.Assignment{a, b}},
		"of a type":           {store.AssignmentQuery{Type: identity.GroupSubject, Limit: 9}, []identity.Assignment{c}},
		"of another type":     {store.AssignmentQuery{Subject: ann, Type: identity.AppSubject, Limit: 9}, nil},
		"one after the first": {store.AssignmentQuery{After: a.ID, Limit: 1}, []identity.Assignment{b}},
	} {
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.Assignments(ctx, r.org, q.ask)
			if diff := cmp.Diff(q.want, got); diff != "" {
				t.Errorf("assignments %s (-want +got):\n%s", what, diff)
			}
			return err
		})
	}
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.InheritedAssignments(ctx, r.org)
		if diff := cmp.Diff([]identity.Assignment{a}, got); diff != "" {
			t.Errorf("InheritedAssignments (-want +got):\n%s", diff)
		}
		return err
	})
	update(t, db, func(tx *store.Tx) error { return tx.DeleteAssignment(ctx, r.org, c.ID) })
	r.want("without the group's", a, b)
	o := identity.Organisation{ID: r.org, Slug: "x", Created: epoch, Modified: epoch}
	update(t, db, func(tx *store.Tx) error { return tx.InsertOrganisation(ctx, o) })
	if _, err := db.PurgeSignin(ctx, later, later); err != nil {
		t.Fatal(err)
	}
	r.want("nothing had expired before", a, b)
	if n, err := db.PurgeSignin(ctx, later, later.Add(time.Second)); n != 1 || err != nil {
		t.Errorf("PurgeSignin removed %d rows, %v, want one", n, err)
	}
	r.want("what had expired is purged", b)
}

// assignmentsEnd ends them with what they hang on.
func assignmentsEnd(t *testing.T, db *store.DB) {
	ctx := t.Context()
	top := identity.Organisation{ID: identity.NewOrgID(), Slug: "top", Created: epoch, Modified: epoch}
	mid := identity.Organisation{ID: identity.NewOrgID(), Parent: top.ID, Slug: "mid", Created: epoch, Modified: epoch}
	low := identity.Organisation{ID: identity.NewOrgID(), Parent: mid.ID, Slug: "low", Created: epoch, Modified: epoch}
	update(t, db, func(tx *store.Tx) error {
		for _, o := range []identity.Organisation{top, mid, low} {
			if err := tx.InsertOrganisation(ctx, o); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, db, func(tx *store.Tx) error {
		above, err := tx.Above(ctx, low.ID)
		if diff := cmp.Diff([]identity.OrgID{mid.ID, top.ID}, above); diff != "" {
			t.Errorf("Above (-want +got):\n%s", diff)
		}
		return err
	})
	atTop, atMid, atLow := roster{t, db, top.ID}, roster{t, db, mid.ID}, roster{t, db, low.ID}
	role, other, ann := identity.NewID(), identity.NewID(), identity.NewID()
	app := identity.App{Org: low.ID, ID: identity.NewID(), ClientID: "shop", Created: epoch, Modified: epoch, Version: 1}
	update(t, db, func(tx *store.Tx) error { return tx.InsertApp(ctx, app) })
	above := atTop.give(role, identity.UserSubject, ann)
	same, below := atMid.give(role, identity.UserSubject, ann), atLow.give(role, identity.UserSubject, ann)
	kept, apps := atLow.give(other, identity.UserSubject, ann), atLow.give(other, identity.AppSubject, app.ID)
	var gone []identity.Assignment
	update(t, db, func(tx *store.Tx) (err error) {
		gone, err = tx.DeleteAssignmentsOfRole(ctx, mid.ID, role)
		return err
	})
	slices.SortFunc(gone, func(a, b identity.Assignment) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	if diff := cmp.Diff([]identity.Assignment{same, below}, gone); diff != "" {
		t.Errorf("DeleteAssignmentsOfRole (-want +got):\n%s", diff)
	}
	atTop.want("a role of the same id above", above)
	atMid.want("the role's organisation")
	atLow.want("below", kept, apps)
	update(t, db, func(tx *store.Tx) error { return tx.DeleteApp(ctx, low.ID, app.ID) })
	atLow.want("without the app", kept)
	update(t, db, func(tx *store.Tx) (err error) {
		gone, err = tx.DeleteAssignmentsOf(ctx, low.ID, identity.UserSubject, ann)
		return err
	})
	if diff := cmp.Diff([]identity.Assignment{kept}, gone); diff != "" {
		t.Errorf("DeleteAssignmentsOf (-want +got):\n%s", diff)
	}
	atLow.want("of a user who is gone")
	atLow.give(role, identity.UserSubject, ann)
	update(t, db, func(tx *store.Tx) error { return tx.DeleteOrganisation(ctx, low.ID) })
	atLow.want("of a deleted organisation")
}

// compiled reads what access is compiled of.
func compiled(t *testing.T, db *store.DB) {
	ctx, org := t.Context(), identity.NewOrgID()
	ann := create(t, db, org, userType, schema.Object{"userName": "ann"})
	bob := create(t, db, org, userType, schema.Object{"userName": "bob", "active": false})
	cid := create(t, db, org, userType, schema.Object{"userName": "cid", "active": true})
	all := create(t, db, org, groupType, group("all"))
	create(t, db, identity.NewOrgID(), userType, schema.Object{"userName": "eve", "active": false})
	on := identity.App{Org: org, ID: identity.NewID(), ClientID: "on", Created: epoch, Modified: epoch, Version: 1}
	off := identity.App{Org: org, ID: identity.NewID(), ClientID: "off", Disabled: true, Created: epoch, Modified: epoch, Version: 1}
	update(t, db, func(tx *store.Tx) error {
		if err := tx.InsertApp(ctx, on); err != nil {
			return err
		}
		if err := tx.InsertApp(ctx, off); err != nil {
			return err
		}
		_, err := tx.AddMembers(ctx, org, all.ID, []store.Member{{ID: ann.ID, Type: userType.Name}, {ID: cid.ID, Type: userType.Name}})
		return err
	})
	view(t, db, func(tx *store.Tx) error {
		users, err := tx.IDs(ctx, org, userType.Name)
		sameIDs(t, "users", users, ann.ID, bob.ID, cid.ID)
		if err != nil {
			return err
		}
		groups, err := tx.IDs(ctx, org, groupType.Name)
		sameIDs(t, "groups", groups, all.ID)
		if err != nil {
			return err
		}
		inactive, err := tx.InactiveUsers(ctx, org)
		sameIDs(t, "inactive users", inactive, bob.ID)
		if err != nil {
			return err
		}
		apps, err := tx.EnabledApps(ctx, org)
		sameIDs(t, "enabled apps", apps, on.ID)
		if err != nil {
			return err
		}
		var in []identity.ID
		err = tx.AllMembers(ctx, org, func(group, member identity.ID) error {
			if group != all.ID {
				t.Errorf("a member of %s", group)
			}
			in = append(in, member)
			return nil
		})
		sameIDs(t, "members", in, ann.ID, cid.ID)
		return err
	})
}

// marked watches the mark of an organisation.
func marked(t *testing.T, db *store.DB) {
	ctx, org, other := t.Context(), identity.NewOrgID(), identity.NewOrgID()
	note := func(tx *store.Tx) error {
		return tx.Record(ctx, identity.Change{Org: org, ID: identity.NewID(), At: epoch, Kind: identity.Patched, Actor: identity.ByCLI, Type: "x"})
	}
	o := identity.Organisation{ID: org, Slug: "marked", Created: epoch, Modified: epoch}
	still, seen := db.Mark(other), db.Mark(org)
	for _, c := range []struct {
		what string
		do   func(*store.Tx) error
	}{
		{"a change", note},
		{"a change after one that was undone", func(tx *store.Tx) error {
			_ = tx.Savepoint(ctx, func() error { return errTest })
			return note(tx)
		}},
		{"a new organisation", func(tx *store.Tx) error { return tx.InsertOrganisation(ctx, o) }},
		{"an organisation that moves", func(tx *store.Tx) error { return tx.UpdateOrganisation(ctx, o) }},
	} {
		update(t, db, c.do)
		if db.Mark(org) == seen {
			t.Errorf("the mark does not tell of %s", c.what)
		}
		seen = db.Mark(org)
	}
	update(t, db, func(tx *store.Tx) error { return tx.PutSetting(ctx, "x", nil) })
	if db.Mark(org) != seen {
		t.Error("the mark moves without a change")
	}
	// The change of whoever was told nothing may have been kept.
	if err := db.Update(ctx, func(tx *store.Tx) error { return errorAfter(note(tx)) }); err == nil || db.Mark(org) == seen {
		t.Errorf("the mark does not tell of a change of an unknown outcome, %v", err)
	}
	if db.Mark(other) != still {
		t.Error("the mark of another organisation moves")
	}
}

// errorAfter fails after what went well.
func errorAfter(err error) error {
	if err != nil {
		return err
	}
	return errTest
}
