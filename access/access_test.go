package access

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// A house is a Service over a real database, with organisations root, acme and,
// below acme, paris.
type house struct {
	*Service
	t                 testing.TB
	db                *store.DB
	dir               *directory.Directory
	root, acme, paris identity.OrgID
}

func services(t testing.TB, db *store.DB, now func() time.Time) (*directory.Directory, *Service) {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{1}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	d := directory.New(directory.Options{DB: db, Keys: keys, Now: now})
	s := New(Options{DB: db, Directory: d, Now: now})
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d, s
}

func newHouse(t testing.TB, db *store.DB, now func() time.Time) *house {
	t.Helper()
	d, s := services(t, db, now)
	h := &house{Service: s, t: t, db: db, dir: d}
	root, err := d.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.root = root.ID
	h.acme = h.organisation("acme", root.ID)
	h.paris = h.organisation("paris", h.acme)
	return h
}

func (h *house) ctx() context.Context { return h.t.Context() }

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) organisation(slug string, parent identity.OrgID) identity.OrgID {
	h.t.Helper()
	o, err := h.dir.CreateOrganisation(h.ctx(), h.cli(parent), directory.NewOrganisation{Slug: slug, Parent: parent})
	h.must(err)
	return o.ID
}

// cli is the command line in an organisation.
func (h *house) cli(org identity.OrgID) identity.Actor {
	return identity.Actor{Kind: identity.ByCLI, Org: org, Name: "test", Perms: identity.AllPerms()}
}

// as is a user who acts in an organisation with what the roles there allow.
func (h *house) as(org identity.OrgID, user identity.ID) identity.Actor {
	h.t.Helper()
	perms, err := h.Perms(h.ctx(), org, identity.UserSubject, user)
	h.must(err)
	return identity.Actor{Kind: identity.ByUser, Org: org, ID: user, Name: "user", Perms: perms}
}

func (h *house) make(org identity.OrgID, typ, attr, name string, members ...identity.ID) identity.ID {
	h.t.Helper()
	reg, err := h.dir.Registry(h.ctx(), org)
	h.must(err)
	rt := reg.TypeByName(typ)
	var edits []directory.MemberEdit
	if len(members) > 0 {
		edits = append(edits, directory.MemberEdit{Op: directory.AddMembers, Members: texts(members)})
	}
	r, err := h.dir.Create(h.ctx(), h.cli(org), rt, schema.Object{"schemas": []any{rt.Schema.ID}, attr: name}, edits...)
	h.must(err)
	return r.ID
}

func texts(ids []identity.ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}

func (h *house) user(org identity.OrgID, name string) identity.ID {
	h.t.Helper()
	return h.make(org, "User", "userName", name)
}

func (h *house) group(org identity.OrgID, name string, members ...identity.ID) identity.ID {
	h.t.Helper()
	return h.make(org, "Group", "displayName", name, members...)
}

// modify changes a user or group.
func (h *house) modify(by identity.Actor, typ string, id identity.ID, attr string, value any, edits ...directory.MemberEdit) error {
	h.t.Helper()
	reg, err := h.dir.Registry(h.ctx(), by.Org)
	h.must(err)
	out, err := h.dir.Write(h.ctx(), by, []directory.Unit{{{
		Method: directory.Modify, Type: reg.TypeByName(typ), ID: id,
		Change: func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
			doc := schema.Object{}
			for k, v := range old {
				doc[k] = v
			}
			if attr != "" {
				doc[attr] = value
			}
			return doc, edits, nil
		},
	}}}, 0)
	h.must(err)
	return out[0][0].Err
}

func (h *house) delete(org identity.OrgID, typ string, id identity.ID) {
	h.t.Helper()
	reg, err := h.dir.Registry(h.ctx(), org)
	h.must(err)
	h.must(h.dir.Delete(h.ctx(), h.cli(org), reg.TypeByName(typ), id))
}

// documents makes the resource type "document" with actions read and write.
func (h *house) documents(org identity.OrgID) identity.ID {
	h.t.Helper()
	by := h.cli(org)
	read, err := h.Actions.Create(h.ctx(), by, catalogue.Action{Base: catalogue.Base{Name: "read"}, Active: true})
	h.must(err)
	write, err := h.Actions.Create(h.ctx(), by, catalogue.Action{Base: catalogue.Base{Name: "write"}, Active: true})
	h.must(err)
	typ, err := h.ResourceTypes.Create(h.ctx(), by, catalogue.ResourceType{Base: catalogue.Base{Name: "Document"}, Actions: []identity.ID{read.ID, write.ID}})
	h.must(err)
	_, err = h.Resources.Create(h.ctx(), by, catalogue.Resource{Base: catalogue.Base{Name: "Plan"}, Type: typ.ID})
	h.must(err)
	return typ.ID
}

func (h *house) role(org identity.OrgID, name, resource string, actions ...string) identity.ID {
	h.t.Helper()
	r, err := h.Roles.Create(h.ctx(), h.cli(org), catalogue.Role{
		Base: catalogue.Base{Name: name}, Statements: []catalogue.Statement{{Actions: actions, Resource: resource}},
	})
	h.must(err)
	return r.ID
}

func (h *house) assign(org identity.OrgID, role identity.ID, typ identity.SubjectType, subject identity.ID) identity.Assignment {
	h.t.Helper()
	a, err := h.Assign(h.ctx(), h.cli(org), identity.Assignment{Role: role, Type: typ, Subject: subject})
	h.must(err)
	return a
}

func ask(subject, action string) policy.Question {
	return policy.Question{Subject: policy.Entity{Type: "user", ID: subject}, Action: action, Resource: policy.Entity{Type: "document", ID: "plan"}}
}

func (h *house) allowed(org identity.OrgID, q policy.Question) bool {
	h.t.Helper()
	d, err := h.Decide(h.ctx(), org, q)
	h.must(err)
	return d.Allow
}

// expect checks a decision.
func (h *house) expect(what string, org identity.OrgID, q policy.Question, want bool) {
	h.t.Helper()
	if got := h.allowed(org, q); got != want {
		h.t.Errorf("%s: Decide = %v, want %v", what, got, want)
	}
}

// kind checks of which kind an error is.
func (h *house) kind(what string, err error, want identity.Kind) {
	h.t.Helper()
	if got := identity.KindOf(err); got != want || (want == "" && err != nil) {
		h.t.Errorf("%s: kind %q (%v), want %q", what, got, err, want)
	}
}

func TestStart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, s := services(t, db, nil)
		var work sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			work.Go(func() { errs[i] = s.Start(t.Context()) })
		}
		work.Wait()
		for _, err := range errs {
			if err != nil {
				t.Errorf("a start beside others: %v", err)
			}
		}
		root, _ := d.Root(t.Context())
		by := identity.Actor{Kind: identity.ByCLI, Org: root.ID, Perms: identity.AllPerms()}
		roles, total, err := s.Roles.List(t.Context(), by, "", 1, 10)
		if err != nil || total != 4 {
			t.Fatalf("Roles.List = %d, %v, want 4", total, err)
		}
		for _, r := range roles {
			if !r.BuiltIn || r.Version != 1 || len(r.Statements) != 1 {
				t.Errorf("role %+v, want it built in and of the first version", r)
			}
		}
		if _, total, err = s.Actions.List(t.Context(), by, `name sw "access:"`, 1, 10); err != nil || total != 2 {
			t.Errorf("actions of access = %d, %v, want 2", total, err)
		}
	})
}

func TestStartOfTwo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		keys, err := secret.FromBytes(bytes.Repeat([]byte{1}, secret.MasterSize))
		if err != nil {
			t.Fatal(err)
		}
		d := directory.New(directory.Options{DB: db, Keys: keys})
		if err := d.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		var work sync.WaitGroup
		errs := make([]error, 3)
		for i := range errs {
			work.Go(func() { errs[i] = New(Options{DB: db, Directory: d}).Start(t.Context()) })
		}
		work.Wait()
		for _, err := range errs {
			if err != nil {
				t.Errorf("the first starts of several: %v", err)
			}
		}
	})
}

func TestThinPath(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		h.documents(h.acme)
		ann, bob := h.user(h.acme, "Ann"), h.user(h.acme, "bob")
		h.expect("before the role", h.acme, ask(ann.String(), "read"), false)
		role := h.role(h.acme, "Reader", "document/plan", "read")
		a := h.assign(h.acme, role, identity.UserSubject, ann)
		h.expect("by id", h.acme, ask(ann.String(), "read"), true)
		h.expect("by name", h.acme, ask("ANN", "read"), true)
		h.expect("another action", h.acme, ask("ann", "write"), false)
		h.expect("another person", h.acme, ask("bob", "read"), false)
		h.expect("nobody", h.acme, ask("eve", "read"), false)
		got, err := h.RolesOf(h.ctx(), h.acme, identity.UserSubject, ann)
		h.must(err)
		var names []string
		for _, x := range got {
			names = append(names, x.Role.Name)
		}
		slices.Sort(names)
		if !slices.Equal(names, []string{"Reader", "org_member"}) {
			t.Errorf("RolesOf(ann) = %v", names)
		}
		perms, err := h.Perms(h.ctx(), h.acme, identity.UserSubject, bob)
		if err != nil || !slices.Equal(perms, identity.Perms{identity.SignedIn}) {
			t.Errorf("Perms(bob) = %v, %v", perms, err)
		}
		h.assign(h.acme, identity.OrganizationOwner, identity.UserSubject, bob)
		perms, err = h.Perms(h.ctx(), h.acme, identity.UserSubject, bob)
		if err != nil || !slices.Contains(perms, identity.AccessWrite) || slices.Contains(perms, identity.OrganisationsWrite) {
			t.Errorf("Perms of an owner = %v, %v", perms, err)
		}
		h.must(h.Unassign(h.ctx(), h.cli(h.acme), a.ID))
		h.expect("without the role", h.acme, ask("ann", "read"), false)
	})
}
