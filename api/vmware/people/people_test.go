package people

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// A house is a directory with people in groups: "all" has "team" in it, "team"
// has u1, "all" has u2.
type house struct {
	Desk
	t         *testing.T
	by        identity.Actor
	users     []identity.ID
	team, all identity.ID
}

func open(t *testing.T, db *store.DB) *house {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{7}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, Desk: Desk{Directory: directory.New(directory.Options{DB: db, Keys: keys})}}
	if err := h.Directory.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	cli := identity.Actor{Kind: identity.ByCLI, Name: "test", Perms: identity.AllPerms()}
	org, err := h.Directory.CreateOrganisation(t.Context(), cli, directory.NewOrganisation{Slug: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	h.by = cli
	h.by.Org = org.ID
	for i := range 3 {
		h.users = append(h.users, h.make("User", schema.Object{
			"schemas": []any{schema.UserURN}, "userName": fmt.Sprintf("u%d", i), "active": true, "locale": "de-AT",
			"emails": []any{schema.Object{"value": fmt.Sprintf("other%d@x.test", i)}, schema.Object{"value": fmt.Sprintf("u%d@x.test", i), "primary": true}},
		}))
	}
	h.team = h.make("Group", schema.Object{"schemas": []any{schema.GroupURN}, "displayName": "team"}, h.users[1])
	h.all = h.make("Group", schema.Object{"schemas": []any{schema.GroupURN}, "displayName": "all"}, h.team, h.users[2])
	return h
}

func (h *house) make(kind string, doc schema.Object, members ...identity.ID) identity.ID {
	h.t.Helper()
	var edits []directory.MemberEdit
	for _, m := range members {
		edits = append(edits, directory.MemberEdit{Op: directory.AddMembers, Members: []string{m.String()}})
	}
	r, err := h.Directory.Create(h.t.Context(), h.by, schema.Standard().TypeByName(kind), doc, edits...)
	if err != nil {
		h.t.Fatal(err)
	}
	return r.ID
}

func TestPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h, ctx := open(t, db), t.Context()
		names := func(filter string) []string {
			t.Helper()
			list, _, err := h.Users(ctx, h.by.Org, Query{Filter: filter, Count: 10})
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, u := range list {
				out = append(out, u.Name)
			}
			return out
		}
		for filter, want := range map[string][]string{
			"": {"u0", "u1", "u2"}, InGroup(h.all, false): {"u1", "u2"}, InGroup(h.all, true): {"u2"},
			`emails.value co ` + Quote(`R1@`): {"u1"}, `userName eq ` + Quote(`" or active eq true`): nil,
		} {
			if diff := cmp.Diff(want, names(filter)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", filter, diff)
			}
		}
		if n, err := h.Size(ctx, h.by.Org, h.all); n != 2 || err != nil {
			t.Errorf("Size = %d, %v", n, err)
		}
		list, total, err := h.Groups(ctx, h.by.Org, Query{Start: 2, Count: 1})
		if err != nil || total != 2 || len(list) != 1 || list[0].Name != "team" {
			t.Errorf("Groups = %v of %d, %v", list, total, err)
		}
		for _, name := range []string{"U1", h.users[1].String(), "urn:vcloud:user:" + h.users[1].String()} {
			u, err := h.User(ctx, h.by.Org, name)
			if err != nil || u.ID != h.users[1] || u.Email != "u1@x.test" || u.Locale != "de-AT" || len(u.Groups) != 2 {
				t.Errorf("User(%s) = %+v, %v", name, u, err)
			}
		}
		for _, name := range []string{"nobody", identity.NewID().String(), h.team.String(), "a\x00b", ""} {
			if _, err := h.User(ctx, h.by.Org, name); err == nil || identity.KindOf(err) == "" {
				t.Errorf("User(%q): %v", name, err)
			}
		}
		for _, q := range []Query{{Filter: "userName ??"}, {Filter: `password eq "x"`}, {Sort: "shoe"}} {
			if _, _, err := h.Users(ctx, h.by.Org, q); identity.KindOf(err) != identity.Invalid {
				t.Errorf("%v: %v", q, err)
			}
		}
	})
}

func TestPreferences(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h, ctx := open(t, db), t.Context()
		app := identity.NewID()
		for _, c := range []struct {
			typ   identity.SubjectType
			owner identity.ID
			want  map[string]string
		}{
			{identity.UserSubject, h.users[0], map[string]string{Language: "de", "internal:theme": "Dark"}},
			{identity.AppSubject, app, map[string]string{Language: "de", "internal:theme": "Dark"}},
		} {
			err := h.SetPreferences(ctx, h.by, c.typ, c.owner, map[string]string{Language: "de", Locale: "", "internal:theme": "Dark"})
			if err != nil {
				t.Fatal(err)
			}
			got, err := h.Preferences(ctx, h.by.Org, c.typ, c.owner)
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", c.typ, err, diff)
			}
		}
		u, err := h.User(ctx, h.by.Org, "u0")
		if err != nil || u.Language != "de" || u.Locale != "" {
			t.Errorf("the user has %q and %q, %v", u.Language, u.Locale, err)
		}
		if _, err := h.Preferences(ctx, h.by.Org, identity.UserSubject, identity.NewID()); identity.KindOf(err) != identity.NotFound {
			t.Errorf("of nobody: %v", err)
		}
	})
}
