package access

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

func TestAssign(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		h.documents(h.acme)
		ann := h.user(h.acme, "ann")
		eve := h.user(h.paris, "eve")
		role := h.role(h.acme, "Reader", "document/plan", "read")
		below := h.role(h.paris, "Reader", "*", "*")
		for what, c := range map[string]struct {
			a    identity.Assignment
			want identity.Kind
		}{
			"a role of another organisation":           {identity.Assignment{Role: below, Type: identity.UserSubject, Subject: ann}, identity.Invalid},
			"no such role":                             {identity.Assignment{Role: identity.NewID(), Type: identity.UserSubject, Subject: ann}, identity.Invalid},
			"B14 48 a subject of another organisation": {identity.Assignment{Role: role, Type: identity.UserSubject, Subject: eve}, identity.Invalid},
			"a user who is called a group":             {identity.Assignment{Role: role, Type: identity.GroupSubject, Subject: ann}, identity.Invalid},
			"a type that holds no roles":               {identity.Assignment{Role: role, Type: "Device", Subject: ann}, identity.Invalid},
			"no such app":                              {identity.Assignment{Role: role, Type: identity.AppSubject, Subject: ann}, identity.Invalid},
			"an end in the past":                       {identity.Assignment{Role: role, Type: identity.UserSubject, Subject: ann, Expires: time.Now().Add(-time.Minute)}, identity.Invalid},
			"an operator below the root":               {identity.Assignment{Role: identity.PlatformOperator, Type: identity.UserSubject, Subject: ann}, identity.Invalid},
		} {
			_, err := h.Assign(h.ctx(), h.cli(h.acme), c.a)
			h.kind(what, err, c.want)
		}
		list, err := h.Assignments(h.ctx(), h.cli(h.acme), AssignmentQuery{})
		if err != nil || len(list) != 0 {
			t.Errorf("after refusals there are %d assignments (%v), want none", len(list), err)
		}

		first := h.assign(h.acme, role, identity.UserSubject, ann)
		end := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
		again, err := h.Assign(h.ctx(), h.cli(h.acme), identity.Assignment{Role: role, Type: identity.UserSubject, Subject: ann, Expires: end})
		if err != nil || again.ID != first.ID || !again.Expires.Equal(end) {
			t.Errorf("assigned again = %+v, %v, want the first with an end", again, err)
		}
		h.kind("a role of below, from above", h.Unassign(h.ctx(), h.cli(h.paris), first.ID), identity.NotFound)
		h.kind("all or none", h.AssignAll(h.ctx(), h.cli(h.acme), []identity.Assignment{
			{Role: identity.OrganizationOwner, Type: identity.UserSubject, Subject: ann},
		}, []identity.ID{identity.NewID()}), identity.NotFound)
		list, err = h.Assignments(h.ctx(), h.cli(h.acme), AssignmentQuery{Subject: ann})
		if err != nil || len(list) != 1 {
			t.Errorf("assignments = %v, %v, want the first alone", list, err)
		}
		other := []identity.Assignment{{Role: identity.OrganizationOwner, Type: identity.UserSubject, Subject: ann}}
		before, mark := list, h.db.Mark(h.root)
		h.must(h.CheckAssign(h.ctx(), h.cli(h.acme), other, []identity.ID{first.ID}))
		h.kind("a check of what is not there", h.CheckAssign(h.ctx(), h.cli(h.acme), other, []identity.ID{identity.NewID()}), identity.NotFound)
		list, err = h.Assignments(h.ctx(), h.cli(h.acme), AssignmentQuery{Subject: ann})
		if err != nil || !slices.Equal(list, before) || h.db.Mark(h.root) != mark {
			t.Errorf("after a check: %v, %v, want %v", list, err, before)
		}
		h.expect("checked", h.acme, ask("ann", "read"), true)
		h.must(h.AssignAll(h.ctx(), h.cli(h.acme), other, []identity.ID{first.ID}))
		h.expect("taken", h.acme, ask("ann", "read"), false)
	})
}

func TestAssignLimit(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t), nil)
	ann := h.user(h.acme, "ann")
	roles := make([]identity.ID, maxHeld+1)
	h.must(h.db.Update(h.ctx(), func(tx *store.Tx) error {
		for i := range roles {
			roles[i] = identity.NewID()
			if i == maxHeld {
				break
			}
			a := identity.Assignment{Org: h.acme, ID: identity.NewID(), Role: roles[i], Type: identity.UserSubject, Subject: ann, Created: time.Now()}
			if _, err := tx.PutAssignment(h.ctx(), a); err != nil {
				return err
			}
		}
		return nil
	}))
	_, err := h.Assign(h.ctx(), h.cli(h.acme), identity.Assignment{Role: identity.OrganizationMember, Type: identity.UserSubject, Subject: ann})
	h.kind("one more than the limit", err, identity.Invalid)
	h.kind("too many at once", h.AssignAll(h.ctx(), h.cli(h.acme), nil, make([]identity.ID, maxAssignAll+1)), identity.Invalid)
}

// Nobody gives, or takes, more than they have.
func TestAttack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		h.documents(h.acme)
		boss, second, mia, ann := h.user(h.acme, "boss"), h.user(h.acme, "second"), h.user(h.acme, "mia"), h.user(h.acme, "ann")
		h.assign(h.acme, identity.OrganizationOwner, identity.UserSubject, boss)
		api := func(name string, perms ...string) identity.ID { return h.role(h.acme, name, "muster/api", perms...) }
		manager := api("Manager", "access:read", "access:write", "resources:read")
		writer := api("Writer", "resources:write")
		reader := api("Lookout", "resources:read")
		everything := h.role(h.acme, "Everything", "*", "*")
		service := h.role(h.acme, "Reader", "document/plan", "read")
		h.assign(h.acme, manager, identity.UserSubject, mia)
		by := h.as(h.acme, mia)
		give := func(by identity.Actor, role identity.ID, inherited bool) error {
			_, err := h.Assign(h.ctx(), by, identity.Assignment{Role: role, Type: identity.UserSubject, Subject: ann, Inherited: inherited})
			return err
		}
		h.kind("B14 52 a role that allows more", give(by, writer, false), identity.Denied)
		h.kind("B14 52 a role on everything", give(by, everything, false), identity.Denied)
		h.kind("B14 52 the owner's role", give(by, identity.OrganizationOwner, false), identity.Denied)
		h.kind("a role within one's own", give(by, reader, false), "")
		h.kind("a role of the organisation's service", give(by, service, false), "")
		h.kind("B14 52 within one's own, for those below too", give(by, reader, true), identity.Denied)
		h.kind("a role of the service, for those below too", give(by, service, true), "")
		h.kind("B14 52 without AccessWrite", give(h.as(h.acme, ann), reader, false), identity.Denied)
		check := func(by identity.Actor, role identity.ID, subject identity.ID) error {
			return h.CheckAssign(h.ctx(), by, []identity.Assignment{{Role: role, Type: identity.UserSubject, Subject: subject}}, nil)
		}
		h.kind("B14 52 a check of the owner's role", check(by, identity.OrganizationOwner, ann), identity.Denied)
		h.kind("B14 52 of the owner's role for somebody new", check(by, identity.OrganizationOwner, identity.ID{}), identity.Denied)
		h.kind("of an operator here, for somebody new", check(h.cli(h.acme), identity.PlatformOperator, identity.ID{}), identity.Invalid)
		h.kind("of a role that is not there, for somebody new", check(by, identity.NewID(), identity.ID{}), identity.Invalid)
		h.kind("of a role within one's own, for somebody new", check(by, reader, identity.ID{}), "")
		h.kind("of one for somebody who is not there", check(by, reader, identity.NewID()), identity.Invalid)

		// By the role itself.
		_, err := h.Roles.Change(h.ctx(), by, reader, 0, func(r *catalogue.Role) error {
			r.Statements[0].Actions = append(r.Statements[0].Actions, "keys:write")
			return nil
		})
		h.kind("B14 51 more in a role that one has given", err, identity.Denied)
		_, err = h.Roles.Change(h.ctx(), by, identity.OrganizationMember, 0, func(r *catalogue.Role) error { return nil })
		if err == nil {
			t.Error("B14 51 the built-in role of everyone can be changed")
		}
		_, err = h.Permissions.Create(h.ctx(), by, catalogue.Permission{
			Base: catalogue.Base{Name: "All"}, Statements: []catalogue.Statement{{Actions: []string{"*"}, Resource: "muster/*"}},
		})
		h.kind("B14 51 a permission with more", err, identity.Denied)

		// Owners and operators.
		owner := h.as(h.acme, boss)
		h.kind("an owner gives the owner's role", give(owner, identity.OrganizationOwner, false), "")
		_, err = h.Assign(h.ctx(), by, identity.Assignment{Role: identity.OrganizationOwner, Type: identity.UserSubject, Subject: second})
		h.kind("B14 52 an owner by one who is none", err, identity.Denied)
		held, err := h.Assignments(h.ctx(), owner, AssignmentQuery{Role: identity.OrganizationOwner})
		if err != nil || len(held) != 2 {
			t.Fatalf("owners = %v, %v, want two", held, err)
		}
		h.kind("B14 52 an owner unmade by one who is none", h.Unassign(h.ctx(), by, held[0].ID), identity.Denied)
		h.kind("an owner leaves", h.Unassign(h.ctx(), owner, held[0].ID), "")
		h.kind("B14 52 the last owner leaves", h.Unassign(h.ctx(), h.as(h.acme, ann), held[1].ID), identity.Conflict)
		_, err = h.Assign(h.ctx(), h.as(h.acme, ann), identity.Assignment{
			Role: identity.OrganizationOwner, Type: identity.UserSubject, Subject: ann, Expires: time.Now().Add(time.Hour),
		})
		h.kind("B14 52 the last owner for a while only", err, identity.Conflict)

		op, other := h.user(h.root, "op"), h.user(h.root, "other")
		_, err = h.Assign(h.ctx(), h.cli(h.root), identity.Assignment{Role: identity.PlatformOperator, Type: identity.UserSubject, Subject: op})
		h.kind("an operator by the command line", err, "")
		near := h.role(h.root, "Near", "muster/api", "access:read", "access:write")
		h.assign(h.root, near, identity.UserSubject, other)
		_, err = h.Assign(h.ctx(), h.as(h.root, other), identity.Assignment{Role: identity.PlatformOperator, Type: identity.UserSubject, Subject: other})
		h.kind("B14 52 an operator by one who is none", err, identity.Denied)
		full := h.as(h.root, other)
		full.Perms = identity.AllPerms()
		_, err = h.Assign(h.ctx(), full, identity.Assignment{Role: identity.PlatformOperator, Type: identity.UserSubject, Subject: other})
		h.kind("B14 52 an operator by one with all permissions", err, identity.Denied)
		_, err = h.Assign(h.ctx(), h.as(h.root, op), identity.Assignment{Role: identity.PlatformOperator, Type: identity.UserSubject, Subject: other})
		h.kind("an operator by an operator", err, "")
		if perms, err := h.Perms(h.ctx(), h.paris, identity.UserSubject, op); err != nil || len(perms) != len(identity.AllPerms()) {
			t.Errorf("Perms of an operator two organisations below = %v, %v", perms, err)
		}
	})
}

// A token with a part of what its holder may do gives a part only.
func TestAttackNarrowToken(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t), nil)
	boss, ann := h.user(h.acme, "boss"), h.user(h.acme, "ann")
	h.assign(h.acme, identity.OrganizationOwner, identity.UserSubject, boss)
	by := h.as(h.acme, boss)
	by.Perms = identity.Perms{identity.AccessRead, identity.AccessWrite}
	_, err := h.Assign(h.ctx(), by, identity.Assignment{Role: identity.OrganizationOwner, Type: identity.UserSubject, Subject: ann})
	h.kind("B14 52 the owner's role by a token of roles alone", err, identity.Denied)
}

func TestAssignmentsPage(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t), nil)
	h.documents(h.acme)
	role := h.role(h.acme, "Reader", "document/plan", "read")
	for i := range 5 {
		h.assign(h.acme, role, identity.UserSubject, h.user(h.acme, "user"+strconv.Itoa(i)))
	}
	seen := 0
	for q := (AssignmentQuery{Role: role, Limit: 2}); ; {
		list, err := h.Assignments(h.ctx(), h.cli(h.acme), q)
		h.must(err)
		if len(list) == 0 {
			break
		}
		seen, q.After = seen+len(list), list[len(list)-1].ID
	}
	if seen != 5 {
		t.Errorf("pages of two hold %d assignments, want 5", seen)
	}
	_, err := h.Assignments(h.ctx(), identity.Actor{Kind: identity.ByUser, Org: h.acme}, AssignmentQuery{})
	h.kind("without AccessRead", err, identity.Denied)
}

// Who is in a group has its roles: to change its members is to give them.
func TestAttackByGroup(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		h.documents(h.acme)
		desk, ann := h.user(h.acme, "desk"), h.user(h.acme, "ann")
		inner := h.group(h.acme, "Inner")
		admins := h.group(h.acme, "Admins", inner)
		readers := h.group(h.acme, "Readers")
		h.assign(h.acme, identity.OrganizationOwner, identity.GroupSubject, admins)
		h.assign(h.acme, h.role(h.acme, "Reader", "document/plan", "read"), identity.GroupSubject, readers)
		h.assign(h.acme, h.role(h.acme, "Desk", "muster/api", "resources:read", "resources:write"), identity.UserSubject, desk)
		by := h.as(h.acme, desk)
		add := func(by identity.Actor, group identity.ID, op directory.MemberOp, members ...identity.ID) error {
			return h.modify(by, "Group", group, "", nil, directory.MemberEdit{Op: op, Members: texts(members)})
		}
		h.kind("B14 51 into a group with more", add(by, admins, directory.AddMembers, desk), identity.Denied)
		h.kind("B14 51 into a group inside of it", add(by, inner, directory.AddMembers, desk), identity.Denied)
		h.kind("B14 51 a group of one's own into it", add(by, admins, directory.AddMembers, readers), identity.Denied)
		h.kind("out of a group with more", add(by, admins, directory.ReplaceMembers), identity.Denied)
		h.kind("into a group with a role of the service", add(by, readers, directory.AddMembers, desk), "")
		if perms, err := h.Perms(h.ctx(), h.acme, identity.UserSubject, desk); err != nil || len(perms) != 3 {
			t.Errorf("Perms(desk) = %v, %v, want those of Desk and signed-in", perms, err)
		}
		scim := identity.Actor{Kind: identity.ByConnection, Org: h.acme, ID: identity.NewID(), Perms: identity.Perms{identity.ResourcesRead, identity.ResourcesWrite, identity.AccessRead}}
		h.kind("B14 51 by a connection", add(scim, admins, directory.AddMembers, ann), identity.Denied)
		scim.Perms = append(scim.Perms, identity.AccessWrite)
		h.kind("by a connection that may change roles", add(scim, admins, directory.AddMembers, ann), "")
		h.kind("by an owner", add(h.as(h.acme, ann), inner, directory.AddMembers, desk), "")
		if perms, err := h.Perms(h.ctx(), h.acme, identity.UserSubject, desk); err != nil || len(perms) < 10 {
			t.Errorf("Perms(desk) = %v, %v, want an owner's", perms, err)
		}
		h.delete(h.acme, "User", desk)
		reg, err := h.dir.Registry(h.ctx(), h.acme)
		h.must(err)
		_, err = h.dir.Restore(h.ctx(), by, reg.TypeByName("User"), desk)
		h.kind("B14 51 out of the trash into the group", err, identity.Denied)
	})
}

// Who sets the password of somebody, or the address that recovers it, becomes
// that person.
func TestAttackByPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		desk, ann, bob, cid := h.user(h.acme, "desk"), h.user(h.acme, "ann"), h.user(h.acme, "bob"), h.user(h.acme, "cid")
		admins := h.group(h.acme, "Admins", h.group(h.acme, "Inner", bob))
		h.assign(h.acme, identity.OrganizationOwner, identity.UserSubject, ann)
		h.assign(h.acme, identity.OrganizationOwner, identity.GroupSubject, admins)
		h.assign(h.acme, h.role(h.acme, "Desk", "muster/api", "resources:read", "resources:write"), identity.UserSubject, desk)
		by, owner := h.as(h.acme, desk), h.as(h.acme, ann)
		scim := identity.Actor{Kind: identity.ByConnection, Org: h.acme, ID: identity.NewID(), Perms: identity.Perms{identity.ResourcesRead, identity.ResourcesWrite, identity.AccessRead}}
		set := func(by identity.Actor, user identity.ID, attr string, value any) error {
			return h.modify(by, "User", user, attr, value)
		}
		emails := []any{schema.Object{"value": "mallory@example.com"}}
		h.kind("B14 52 the password of an owner", set(by, ann, "password", "correct horse battery"), identity.Denied)
		h.kind("B14 52 at once", h.dir.SetPassword(h.ctx(), by, ann, "correct horse battery"), identity.Denied)
		h.kind("B14 52 the address of an owner", set(by, ann, "emails", emails), identity.Denied)
		h.kind("B14 52 the name of an owner", set(by, ann, "userName", "nobody"), identity.Denied)
		h.kind("B14 52 of an owner by a group", set(by, bob, "password", "correct horse battery"), identity.Denied)
		h.kind("B14 52 by a connection", set(scim, ann, "emails", emails), identity.Denied)
		h.kind("the title of an owner", set(by, ann, "title", "Boss"), "")
		h.kind("the address of somebody", set(by, cid, "emails", emails), "")
		h.kind("the password of somebody, by a connection", set(scim, cid, "password", "correct horse battery"), "")
		h.kind("the password of an owner by an owner", set(owner, bob, "password", "correct horse battery"), "")
		scim.Perms = append(scim.Perms, identity.AccessWrite)
		h.kind("by a connection that may change roles", set(scim, ann, "emails", emails), "")
	})
}

// What is inherited below is given only by who has it there.
func TestAttackByInheritedGroup(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		ann, bob, cid := h.user(h.acme, "ann"), h.user(h.acme, "bob"), h.user(h.acme, "cid")
		above := h.group(h.acme, "Above", bob)
		h.assign(h.acme, identity.OrganizationOwner, identity.UserSubject, ann)
		_, err := h.Assign(h.ctx(), h.cli(h.acme), identity.Assignment{Role: identity.OrganizationOwner, Type: identity.GroupSubject, Subject: above, Inherited: true})
		h.must(err)
		join := func(user identity.ID) error {
			return h.modify(h.as(h.acme, user), "Group", above, "", nil, directory.MemberEdit{Op: directory.AddMembers, Members: texts([]identity.ID{cid})})
		}
		h.kind("B14 52 an owner here into a group of owners below", join(ann), identity.Denied)
		h.kind("B14 52 the password of an owner below", h.modify(h.as(h.acme, ann), "User", bob, "password", "correct horse battery"), identity.Denied)
		h.kind("by one of them", join(bob), "")
	})
}
