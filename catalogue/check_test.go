package catalogue_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// A house is a directory with one organisation.
type house struct {
	dir *directory.Directory
	by  identity.Actor
}

func newHouse(t *testing.T, db *store.DB) *house {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{7}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{dir: directory.New(directory.Options{DB: db, Keys: keys}), by: identity.Actor{Kind: identity.ByCLI, Name: "test", Perms: identity.AllPerms()}}
	if err := h.dir.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, err := h.dir.CreateOrganisation(t.Context(), h.by, directory.NewOrganisation{Slug: "o-" + identity.NewID().String()})
	if err != nil {
		t.Fatal(err)
	}
	h.by.Org = o.ID
	return h
}

func add[T catalogue.Thing](h *house, thing T) (identity.ID, error) {
	r, err := h.dir.Create(context.Background(), h.by, catalogue.TypeOf[T](), catalogue.Encode(thing))
	if err != nil {
		return identity.ID{}, err
	}
	return r.ID, nil
}

func must[T catalogue.Thing](t *testing.T, h *house, thing T) identity.ID {
	t.Helper()
	id, err := add(h, thing)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func named(name string) catalogue.Base { return catalogue.Base{Name: name} }

func TestLimits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		read := must(t, h, catalogue.Action{Base: named("read"), Active: true})
		p := must(t, h, catalogue.Permission{Base: named("p")})
		statements := func(n int) []catalogue.Statement {
			list := make([]catalogue.Statement, n)
			for i := range list {
				list[i] = catalogue.Statement{Actions: []string{read.String()}, Resource: "*", Condition: fmt.Sprintf("context.n eq %d", i)}
			}
			return list
		}
		same := func(id identity.ID, n int) (list []identity.ID) {
			for range n {
				list = append(list, id)
			}
			return list
		}
		claims := func(n int) map[string]string {
			m := map[string]string{}
			for i := range n {
				m[fmt.Sprint("c", i)] = "x"
			}
			return m
		}
		text := func(n int) string { return strings.Repeat("x", n) }
		for name, c := range map[string]struct{ fits, over func() error }{
			"statements of a permission": {
				func() error {
					return err(add(h, catalogue.Permission{Base: named("a"), Statements: statements(catalogue.MaxStatements)}))
				},
				func() error {
					return err(add(h, catalogue.Permission{Base: named("b"), Statements: statements(catalogue.MaxStatements + 1)}))
				}},
			"statements of a role": {
				func() error {
					return err(add(h, catalogue.Role{Base: named("a"), Statements: statements(catalogue.MaxStatements)}))
				},
				func() error {
					return err(add(h, catalogue.Role{Base: named("b"), Statements: statements(catalogue.MaxStatements + 1)}))
				}},
			"permissions of a role": {
				func() error {
					return err(add(h, catalogue.Role{Base: named("c"), Permissions: same(p, catalogue.MaxPermissions)}))
				},
				func() error {
					return err(add(h, catalogue.Role{Base: named("d"), Permissions: same(p, catalogue.MaxPermissions+1)}))
				}},
			"actions of a type": {
				func() error {
					return err(add(h, catalogue.ResourceType{Base: named("a"), Actions: same(read, catalogue.MaxActions)}))
				},
				func() error {
					return err(add(h, catalogue.ResourceType{Base: named("b"), Actions: same(read, catalogue.MaxActions+1)}))
				}},
			"claims of a role": {
				func() error {
					return err(add(h, catalogue.Role{Base: named("e"), ClaimMapper: claims(catalogue.MaxClaims)}))
				},
				func() error {
					return err(add(h, catalogue.Role{Base: named("f"), ClaimMapper: claims(catalogue.MaxClaims + 1)}))
				}},
			"the name": {
				func() error { return err(add(h, catalogue.Action{Base: named(text(256))})) },
				func() error { return err(add(h, catalogue.Action{Base: named(text(257))})) }},
			"the description": {
				func() error {
					return err(add(h, catalogue.Action{Base: catalogue.Base{Name: "g", Description: text(4096)}}))
				},
				func() error {
					return err(add(h, catalogue.Action{Base: catalogue.Base{Name: "h", Description: text(4097)}}))
				}},
			"the client id": {
				func() error {
					return err(add(h, catalogue.Action{Base: catalogue.Base{Name: "i", ClientID: text(256)}}))
				},
				func() error {
					return err(add(h, catalogue.Action{Base: catalogue.Base{Name: "j", ClientID: text(257)}}))
				}},
			"the value of a claim": {
				func() error {
					return err(add(h, catalogue.Role{Base: named("g"), ClaimMapper: map[string]string{"a": text(1024)}}))
				},
				func() error {
					return err(add(h, catalogue.Role{Base: named("h"), ClaimMapper: map[string]string{"a": text(1025)}}))
				}},
		} {
			t.Run(name, func(t *testing.T) {
				if err := c.fits(); err != nil {
					t.Errorf("as many as fit: %v", err)
				}
				if err := c.over(); identity.KindOf(err) != identity.Invalid {
					t.Errorf("one more: %v, want Invalid", err)
				}
			})
		}
	})
}

func err(_ identity.ID, err error) error { return err }

func TestThingsOfAnOrganisation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for kind, make := range map[string]func(h *house, name string) error{
			catalogue.ActionKind:       func(h *house, n string) error { return err(add(h, catalogue.Action{Base: named(n)})) },
			catalogue.ResourceTypeKind: func(h *house, n string) error { return err(add(h, catalogue.ResourceType{Base: named(n)})) },
			catalogue.PermissionKind:   func(h *house, n string) error { return err(add(h, catalogue.Permission{Base: named(n)})) },
			catalogue.RoleKind:         func(h *house, n string) error { return err(add(h, catalogue.Role{Base: named(n)})) },
		} {
			t.Run(kind, func(t *testing.T) {
				defer catalogue.SetMost(kind, 2)()
				h := newHouse(t, db)
				for i := range 2 {
					if err := make(h, fmt.Sprint("n", i)); err != nil {
						t.Fatal(err)
					}
				}
				if err := make(h, "n2"); identity.KindOf(err) != identity.Invalid {
					t.Errorf("a third one: %v, want Invalid", err)
				}
			})
		}
	})
}

// Documents that no schema has looked at come from other doors.
func TestHostileDocuments(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		role := func(more schema.Object) schema.Object {
			return schema.Object{"value": "r", catalogue.RoleMoreURN: more}
		}
		for name, c := range map[string]struct {
			kind string
			doc  schema.Object
		}{
			"no name":                    {"Role", schema.Object{}},
			"a name that is a number":    {"Role", schema.Object{"value": int64(3)}},
			"a NUL in a name":            {"Action", schema.Object{"name": "a\x00b"}},
			"a name that is no UTF-8":    {"Action", schema.Object{"name": "a\xff"}},
			"a NUL in a description":     {"Action", schema.Object{"name": "a", "description": "\x00"}},
			"statements of text":         {"Role", role(schema.Object{"statements": []any{"x"}})},
			"actions of numbers":         {"Role", role(schema.Object{"statements": []any{schema.Object{"actions": []any{int64(1)}, "resource": "*"}}})},
			"a resource with a NUL":      {"Role", role(schema.Object{"statements": []any{schema.Object{"actions": []any{"*"}, "resource": "x/\x00"}}})},
			"an action with a NUL":       {"Role", role(schema.Object{"statements": []any{schema.Object{"actions": []any{"\x00"}, "resource": "*"}}})},
			"permissions of text":        {"Role", role(schema.Object{"permissions": []any{"x"}})},
			"a permission with a quote":  {"Role", role(schema.Object{"permissions": []any{schema.Object{"value": `" or value pr or value eq "`}}})},
			"claims of text":             {"Role", role(schema.Object{"claimMapper": []any{"x"}})},
			"an alias with a slash":      {"Role", role(schema.Object{"alias": "a/b"})},
			"a type that is a list":      {"Resource", schema.Object{"name": "x", "type": []any{"y"}}},
			"a slug of control letters":  {"Resource-Type", schema.Object{"name": "x", "slug": "a\nb"}},
			"an action that is no id":    {"Resource-Type", schema.Object{"name": "x", "actions": []any{schema.Object{"value": "\x00"}}}},
			"a condition of brackets":    {"Role", role(schema.Object{"statements": []any{schema.Object{"actions": []any{"*"}, "resource": "*", "condition": strings.Repeat("(", 4000)}}})},
			"a condition that never end": {"Role", role(schema.Object{"statements": []any{schema.Object{"actions": []any{"*"}, "resource": "*", "condition": strings.Repeat("not ", 1000)}}})},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := h.dir.Create(t.Context(), h.by, catalogue.TypeNamed(c.kind), c.doc)
				if identity.KindOf(err) != identity.Invalid {
					t.Errorf("Create = %v, want Invalid", err)
				}
			})
		}
	})
}

func TestAlias(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		must(t, h, catalogue.Role{Base: named("a"), Alias: "role-1"})
		if _, err := add(h, catalogue.Role{Base: named("b"), Alias: "role-1"}); identity.KindOf(err) != identity.Conflict {
			t.Errorf("the same alias: %v, want Conflict", err)
		}
		must(t, h, catalogue.Role{Base: named("c"), Alias: "Role-1"})
	})
}

// A unit may make things together with what names them, if that comes after.
func TestUnitOfThings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		p, r := identity.NewID(), identity.NewID()
		create := func(id identity.ID, rt *schema.ResourceType, doc schema.Object) directory.Write {
			return directory.Write{Method: directory.Create, Type: rt, ID: id, Doc: doc}
		}
		out, err := h.dir.Write(t.Context(), h.by, []directory.Unit{{
			create(p, catalogue.TypeOf[catalogue.Permission](), catalogue.Encode(catalogue.Permission{Base: named("p")})),
			create(r, catalogue.TypeOf[catalogue.Role](), catalogue.Encode(catalogue.Role{Base: named("r"), Permissions: []identity.ID{p}})),
			{Method: directory.Modify, Type: catalogue.TypeOf[catalogue.Role](), ID: r, Change: func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
				role := catalogue.DecodeObject[catalogue.Role](old)
				role.Display = "R"
				return catalogue.Merge(old, role), nil, nil
			}},
		}, {
			{Method: directory.Delete, Type: catalogue.TypeOf[catalogue.Permission](), ID: p},
			create(identity.NewID(), catalogue.TypeOf[catalogue.Role](), catalogue.Encode(catalogue.Role{Base: named("x"), Permissions: []identity.ID{identity.NewID()}})),
		}}, 0)
		if err != nil || out[0][2].Err != nil {
			t.Fatal(err, out)
		}
		if identity.KindOf(out[1][1].Err) != identity.Invalid {
			t.Errorf("a role of an unknown permission: %v, want Invalid", out[1][1].Err)
		}
		got, err := h.dir.Get(t.Context(), h.by, catalogue.TypeOf[catalogue.Role](), r, directory.Rows{})
		if err != nil {
			t.Fatal(err)
		}
		role, err := catalogue.Decode[catalogue.Role](got.Resource)
		if err != nil || role.Display != "R" || len(role.Permissions) != 1 {
			t.Errorf("role = %+v, %v; the unit that failed must have left nothing", role, err)
		}
	})
}

func TestRestore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		p := must(t, h, catalogue.Permission{Base: named("p")})
		r := must(t, h, catalogue.Role{Base: named("r"), Permissions: []identity.ID{p}})
		rt := catalogue.TypeOf[catalogue.Role]()
		if err := h.dir.Delete(t.Context(), h.by, rt, r); err != nil {
			t.Fatal(err)
		}
		weak := h.by
		weak.Kind, weak.Perms = identity.ByConnection, identity.Perms{identity.ResourcesWrite}
		if _, err := h.dir.Restore(t.Context(), weak, rt, r); identity.KindOf(err) != identity.Denied {
			t.Errorf("Restore without access:write = %v, want Denied", err)
		}
		if err := h.dir.Delete(t.Context(), h.by, catalogue.TypeOf[catalogue.Permission](), p); err != nil {
			t.Fatal(err)
		}
		if _, err := h.dir.Restore(t.Context(), h.by, rt, r); identity.KindOf(err) != identity.Invalid {
			t.Errorf("Restore of a role whose permission is gone = %v, want Invalid", err)
		}
	})
}

// A role that is made while its permission is deleted has it, and loses it, or
// is refused.
func TestNothingDangles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		for round := range 10 {
			p := must(t, h, catalogue.Permission{Base: named(fmt.Sprint("p", round))})
			made := make(chan identity.ID)
			go func() {
				id, _ := add(h, catalogue.Role{Base: named(fmt.Sprint("r", round)), Permissions: []identity.ID{p}})
				made <- id
			}()
			gone := h.dir.Delete(t.Context(), h.by, catalogue.TypeOf[catalogue.Permission](), p)
			role := <-made
			if gone != nil {
				t.Fatal(gone)
			}
			if role.IsZero() {
				continue
			}
			got, err := h.dir.Get(t.Context(), h.by, catalogue.TypeOf[catalogue.Role](), role, directory.Rows{})
			if err != nil {
				t.Fatal(err)
			}
			r, err := catalogue.Decode[catalogue.Role](got.Resource)
			if err != nil || len(r.Permissions) > 0 {
				t.Fatalf("round %d: the role has %v, which is gone (%v)", round, r.Permissions, err)
			}
		}
	})
}
