package access

import (
	"slices"
	"testing"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// Things of an organisation have effect in those below, three levels deep.
func TestInheritance(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		h.documents(h.root)
		eve := h.user(h.paris, "eve")
		boss := h.user(h.root, "boss")
		ann := h.user(h.acme, "ann")
		role := h.role(h.root, "Reader", "document/plan", "read")
		writer := h.role(h.acme, "Writer", "document/*", "write")
		h.expect("before", h.paris, ask("eve", "read"), false)
		h.assign(h.paris, role, identity.UserSubject, eve)
		h.assign(h.paris, writer, identity.UserSubject, eve)
		h.expect("a role of two above", h.paris, ask("eve", "read"), true)
		h.expect("a role of one above", h.paris, ask("eve", "write"), true)

		// Assignments stay where they are, unless they are inherited.
		h.assign(h.root, role, identity.UserSubject, boss)
		h.expect("an assignment of the root, there", h.root, ask("boss", "read"), true)
		h.expect("an assignment of the root, below", h.paris, ask(boss.String(), "read"), false)
		a, err := h.Assign(h.ctx(), h.cli(h.root), identity.Assignment{Role: role, Type: identity.UserSubject, Subject: boss, Inherited: true})
		h.must(err)
		h.expect("an inherited one, one below", h.acme, ask(boss.String(), "read"), true)
		h.expect("an inherited one, two below", h.paris, ask(boss.String(), "read"), true)
		h.must(h.modify(h.cli(h.root), "User", boss, "active", false))
		h.expect("a guest deactivated", h.paris, ask(boss.String(), "read"), false)
		h.must(h.modify(h.cli(h.root), "User", boss, "active", true))
		h.expect("a guest activated", h.paris, ask(boss.String(), "read"), true)
		got, err := h.RolesOf(h.ctx(), h.paris, identity.UserSubject, boss)
		if err != nil || len(got) != 1 || got[0].Role.ID != role || got[0].Assignment.Org != h.root {
			t.Errorf("RolesOf a guest = %+v, %v, want the one that is inherited and none of everyone's", got, err)
		}

		// Guests are nobody's members and in nobody's list.
		counts, err := h.MemberCounts(h.ctx(), h.paris, []identity.ID{role, writer})
		if err != nil || counts[role] != 1 || counts[writer] != 1 {
			t.Errorf("MemberCounts = %v, %v, want one each", counts, err)
		}
		users, total, err := h.Holders(h.ctx(), h.cli(h.paris), role, identity.ID{}, 10)
		if err != nil || total != 1 || !slices.Equal(users, []identity.ID{eve}) {
			t.Errorf("Holders = %v of %d, %v, want eve alone", users, total, err)
		}
		q := ask("", "read")
		found, next, err := h.SearchSubjects(h.ctx(), h.paris, q, Page{Limit: 1})
		if err != nil || !slices.Equal(found, []string{eve.String()}) {
			t.Errorf("SearchSubjects = %v, %q, %v, want eve alone", found, next, err)
		}
		for next != "" {
			found, next, err = h.SearchSubjects(h.ctx(), h.paris, q, Page{Limit: 1, Token: next})
			if err != nil || len(found) != 0 {
				t.Errorf("SearchSubjects goes on with %v, %v, want nobody", found, err)
			}
		}

		// Groups of above.
		inner := h.group(h.acme, "Inner", ann)
		outer := h.group(h.acme, "Outer", inner)
		_, err = h.Assign(h.ctx(), h.cli(h.acme), identity.Assignment{Role: writer, Type: identity.GroupSubject, Subject: outer, Inherited: true})
		h.must(err)
		h.expect("by groups of above", h.paris, ask(ann.String(), "write"), true)
		h.must(h.modify(h.cli(h.acme), "Group", inner, "", nil, directory.MemberEdit{Op: directory.ReplaceMembers}))
		h.expect("the group of above is empty", h.paris, ask(ann.String(), "write"), false)

		_, err = h.Roles.Change(h.ctx(), h.cli(h.root), role, 0, func(r *catalogue.Role) error {
			r.Statements = nil
			return nil
		})
		h.must(err)
		h.expect("the role of above lost its statement", h.paris, ask("eve", "read"), false)
		h.must(h.Unassign(h.ctx(), h.cli(h.root), a.ID))
		got, err = h.RolesOf(h.ctx(), h.paris, identity.UserSubject, boss)
		if err != nil || len(got) != 0 {
			t.Errorf("RolesOf who was a guest = %v, %v", got, err)
		}

		inherited, err := h.Roles.Inherited(h.ctx(), h.cli(h.paris))
		if err != nil || len(inherited) != 6 || inherited[0].Name != "org_member" {
			t.Errorf("Inherited = %d, %v, want the four built in, Reader and Writer", len(inherited), err)
		}
		if _, err := h.Roles.Find(h.ctx(), h.cli(h.paris), "WRITER"); err != nil {
			t.Errorf("Find a role of above: %v", err)
		}
		_, err = h.Roles.Change(h.ctx(), h.cli(h.paris), writer, 0, func(*catalogue.Role) error { return nil })
		h.kind("B14 48 change a role of above", err, identity.NotFound)
		_, err = h.Roles.Get(h.ctx(), h.cli(h.acme), h.role(h.paris, "Local", "*", "read"))
		h.kind("B14 48 read a role of below", err, identity.NotFound)
	})
}

func TestWhatIf(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t), nil)
	h.documents(h.acme)
	ann := h.user(h.acme, "ann")
	group := h.group(h.acme, "Readers")
	role := h.role(h.acme, "Reader", "document/plan", "read")
	a := h.assign(h.acme, role, identity.GroupSubject, group)
	qs := []policy.Question{ask("ann", "read"), ask(ann.String(), "write")}
	try := func(what string, x Hypothesis, before, after [2]bool) {
		t.Helper()
		b, f, err := h.WhatIf(h.ctx(), h.cli(h.acme), x, qs)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for i := range qs {
			if b[i].Allow != before[i] || f[i].Allow != after[i] {
				t.Errorf("%s: question %d is %v, then %v, want %v, then %v", what, i, b[i].Allow, f[i].Allow, before[i], after[i])
			}
		}
	}
	no := [2]bool{}
	join := []policy.Membership{{Group: group, Member: ann}}
	try("nothing", Hypothesis{}, no, no)
	try("she joins", Hypothesis{Members: join}, no, [2]bool{true, false})
	try("she joins and the role is taken", Hypothesis{Members: join, Unassign: []identity.ID{a.ID}}, no, no)
	try("an assignment", Hypothesis{Assign: []identity.Assignment{{Role: role, Type: identity.UserSubject, Subject: ann}}}, no, [2]bool{true, false})
	more := catalogue.Role{Base: catalogue.Base{ID: role, Name: "Reader"}, Statements: []catalogue.Statement{{Actions: []string{"*"}, Resource: "*"}}}
	try("a wider role", Hypothesis{Members: join, Roles: []catalogue.Role{more}}, no, [2]bool{true, true})
	h.expect("and nothing has changed", h.acme, qs[0], false)
	more.Statements[0].Condition = "subject.level gt"
	_, _, err := h.WhatIf(h.ctx(), h.cli(h.acme), Hypothesis{Roles: []catalogue.Role{more}}, qs)
	h.kind("a condition that does not parse", err, identity.Invalid)
	_, _, err = h.WhatIf(h.ctx(), h.cli(h.acme), Hypothesis{Unassign: make([]identity.ID, maxHypothesis+1)}, qs)
	h.kind("too much", err, identity.Invalid)
}

func TestExplain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		h.documents(h.acme)
		ann := h.user(h.acme, "ann")
		inner := h.group(h.acme, "Inner", ann)
		outer := h.group(h.acme, "Outer", inner)
		role := h.role(h.acme, "Reader", "document/plan", "read")
		a := h.assign(h.acme, role, identity.GroupSubject, outer)
		x, err := h.Explain(h.ctx(), h.acme, ask("ann", "read"))
		h.must(err)
		if !x.Allow || len(x.Reasons) == 0 {
			t.Fatalf("Explain = %+v", x)
		}
		r := x.Reasons[0]
		if r.Assignment != a.ID || r.Role != role || !slices.Equal(r.Groups, []identity.ID{inner, outer}) {
			t.Errorf("reason = %+v", r)
		}
		if x.Names[role] != "Reader" || x.Names[inner] != "Inner" || x.Names[outer] != "Outer" {
			t.Errorf("Names = %v", x.Names)
		}
		x, err = h.Explain(h.ctx(), h.acme, ask("ann", "write"))
		h.must(err)
		if x.Allow || len(x.Nearest) == 0 || x.Nearest[0].Missing != policy.MissingAction {
			t.Errorf("Explain a refusal = %+v, want the role that lacks the action", x)
		}
	})
}

func TestSearchTokens(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t), nil)
	h.documents(h.acme)
	role := h.role(h.acme, "Reader", "document/plan", "read", "write")
	var all []string
	for _, name := range []string{"a", "b", "c"} {
		id := h.user(h.acme, name)
		h.assign(h.acme, role, identity.UserSubject, id)
		all = append(all, id.String())
	}
	q := ask("", "read")
	var got []string
	token, steps := "", 0
	for {
		part, next, err := h.SearchSubjects(h.ctx(), h.acme, q, Page{Token: token, Limit: 2})
		h.must(err)
		got = append(got, part...)
		if steps++; next == "" || steps > 5 {
			break
		}
		token = next
	}
	slices.Sort(all)
	if !slices.Equal(got, all) || token == "" {
		t.Errorf("pages hold %v, want %v", got, all)
	}
	other := ask("", "write")
	_, _, err := h.SearchSubjects(h.ctx(), h.acme, other, Page{Token: token})
	h.kind("a token of another question", err, identity.Invalid)
	_, _, err = h.SearchSubjects(h.ctx(), h.paris, q, Page{Token: token})
	h.kind("a token of another organisation", err, identity.Invalid)
	_, _, err = h.SearchActions(h.ctx(), h.acme, q, Page{Token: token})
	h.kind("a token of another search", err, identity.Invalid)
	_, _, err = h.SearchSubjects(h.ctx(), h.acme, q, Page{Token: "%%%"})
	h.kind("no token at all", err, identity.Invalid)

	names, _, err := h.SearchActions(h.ctx(), h.acme, ask("a", ""), Page{})
	if err != nil || !slices.Equal(names, []string{"read", "write"}) {
		t.Errorf("SearchActions = %v, %v", names, err)
	}
	found, _, err := h.SearchResources(h.ctx(), h.acme, ask("b", "read"), Page{})
	if err != nil || !slices.Equal(found, []string{"plan"}) {
		t.Errorf("SearchResources = %v, %v", found, err)
	}
}
