package directory

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

var cli = identity.Actor{Kind: identity.ByCLI, Name: "test"}

func open(t testing.TB, db *store.DB, fill byte) (*Directory, error) {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{fill}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	d := New(Options{DB: db, Keys: keys})
	return d, d.Start(context.Background())
}

func started(t testing.TB, db *store.DB) *Directory {
	t.Helper()
	d, err := open(t, db, 1)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestStart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		root, err := started(t, db).Root(t.Context())
		if err != nil || root.Slug != "root" || !root.Parent.IsZero() {
			t.Errorf("Root = %+v, %v", root, err)
		}
		again, err := started(t, db).Root(t.Context())
		if err != nil || again != root {
			t.Errorf("Root after a second start = %+v, %v, want %+v", again, err, root)
		}
		if _, err := open(t, db, 2); err == nil || !strings.Contains(err.Error(), "master key") {
			t.Errorf("Start with another master key: %v, want an error that says so", err)
		}
	})
}

func TestOrganisationTree(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, ctx := started(t, db), t.Context()
		create := func(slug string, parent identity.OrgID) (identity.Organisation, error) {
			return d.CreateOrganisation(ctx, cli, NewOrganisation{Slug: slug, Parent: parent})
		}
		kind := func(what string, err error, want identity.Kind) {
			t.Helper()
			if got := identity.KindOf(err); got != want || (want == "" && err != nil) {
				t.Errorf("%s: kind %q (%v), want %q", what, got, err, want)
			}
		}
		root, err := d.Root(ctx)
		kind("root", err, "")
		acme, err := create("acme", identity.OrgID{})
		kind("create", err, "")
		if acme.Parent != root.ID || acme.Name != "acme" {
			t.Errorf("acme = %+v, want it below the root and named by its slug", acme)
		}
		sub, err := create("acme-paris", acme.ID)
		kind("create below", err, "")
		_, err = create("acme", root.ID)
		kind("a slug that is taken", err, identity.Conflict)
		_, err = create("lost", identity.NewOrgID())
		kind("an unknown parent", err, identity.NotFound)

		for _, ref := range []string{"acme", "ACME", acme.ID.String()} {
			if got, err := d.Organisation(ctx, ref); err != nil || got != acme {
				t.Errorf("Organisation(%q) = %+v, %v", ref, got, err)
			}
		}
		_, err = d.Organisation(ctx, "nowhere")
		kind("an unknown slug", err, identity.NotFound)

		kind("delete with others below", d.DeleteOrganisation(ctx, cli, acme.ID), identity.Conflict)
		kind("delete the root", d.DeleteOrganisation(ctx, cli, root.ID), identity.Conflict)
		_, err = d.RenameOrganisation(ctx, cli, root.ID, "stem", "")
		kind("another slug for the root", err, identity.Conflict)
		renamed, err := d.RenameOrganisation(ctx, cli, acme.ID, "acme-inc", "Acme Inc.")
		kind("rename", err, "")
		if got, err := d.Organisation(ctx, "acme-inc"); err != nil || got != renamed || got.Name != "Acme Inc." {
			t.Errorf("renamed = %+v, %v", got, err)
		}
		_, err = d.RenameOrganisation(ctx, cli, acme.ID, "acme-paris", "")
		kind("rename to a slug that is taken", err, identity.Conflict)

		_, issued, err := d.CreateConnection(ctx, cli, sub.ID, NewConnection{Name: "hr"})
		kind("connect", err, "")
		kind("delete the lower one", d.DeleteOrganisation(ctx, cli, sub.ID), "")
		_, _, err = d.Authenticate(ctx, issued.Text)
		kind("a token of a deleted organisation", err, identity.Unauthenticated)
		kind("delete the upper one", d.DeleteOrganisation(ctx, cli, acme.ID), "")
		list, err := d.Organisations(ctx, "", 10)
		if err != nil || len(list) != 1 || list[0].ID != root.ID {
			t.Errorf("Organisations = %+v, %v, want the root alone", list, err)
		}
	})
}

func TestCheckSlug(t *testing.T) {
	for slug, ok := range map[string]bool{
		"acme": true, "a": true, "1": true, "acme-2": true, "v": true, "v2x": true, "vv2": true,
		strings.Repeat("a", 63): true,
		"":                      false, strings.Repeat("a", 64): false, "Acme": false, "a b": false, "a/b": false,
		"-a": false, "a-": false, "ä": false, "v2": false, "v10": false, "..": false,
		"0199c0de-0000-7000-8000-000000000000": false,
	} {
		if err := checkSlug(slug); (err == nil) != ok {
			t.Errorf("checkSlug(%q) = %v, want ok %v", slug, err, ok)
		}
	}
}

func TestConnections(t *testing.T) {
	d := started(t, storetest.SQLite(t))
	ctx := t.Context()
	org, err := d.CreateOrganisation(ctx, cli, NewOrganisation{Slug: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	c, issued, err := d.CreateConnection(ctx, cli, org.ID, NewConnection{Name: "Entra", Dialect: "entra", Rate: 25})
	if err != nil {
		t.Fatal(err)
	}
	if c.Domain != c.ID.String() || !strings.HasPrefix(issued.Text, "muster_scim_") || !strings.HasPrefix(issued.Text, issued.Prefix) {
		t.Errorf("connection %+v, token %+v", c, issued.Token)
	}
	if bytes.Contains(issued.Hash, []byte(issued.Text)) || len(issued.Prefix) > 20 {
		t.Errorf("the stored token tells its text: %+v", issued.Token)
	}
	for _, ref := range []string{"Entra", c.ID.String()} {
		if got, err := d.Connection(ctx, org.ID, ref); err != nil || got != c {
			t.Errorf("Connection(%q) = %+v, %v", ref, got, err)
		}
	}
	root, err := d.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Connection(ctx, root.ID, c.ID.String()); identity.KindOf(err) != identity.NotFound {
		t.Errorf("a connection of another organisation: %v, want not found", err)
	}
	for name, n := range map[string]NewConnection{
		"no name":               {},
		"a name like a UUID":    {Name: c.ID.String()},
		"a name with a newline": {Name: "a\nb"},
		"an unknown dialect":    {Name: "x", Dialect: "klingon"},
		"a negative rate":       {Name: "x", Rate: -1},
		"an unknown user":       {Name: "x", User: identity.NewID()},
		"a token of the past":   {Name: "x", Expires: c.Created},
	} {
		if _, _, err := d.CreateConnection(ctx, cli, org.ID, n); identity.KindOf(err) != identity.Invalid {
			t.Errorf("CreateConnection with %s: %v, want invalid", name, err)
		}
	}
	if _, _, err := d.CreateConnection(ctx, cli, org.ID, NewConnection{Name: "Entra"}); identity.KindOf(err) != identity.Conflict {
		t.Errorf("a name that is taken: %v, want a conflict", err)
	}
	list, err := d.Connections(ctx, org.ID)
	if diff := cmp.Diff([]identity.Connection{c}, list); err != nil || diff != "" {
		t.Errorf("Connections (-want +got): %v\n%s", err, diff)
	}
}
