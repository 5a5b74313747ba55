package directory

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

func TestReserved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, ctx := started(t, db), t.Context()
		acme, err := d.CreateOrganisation(ctx, cli, NewOrganisation{Slug: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"actions", "groups", "permissions", "resource-types", "resources-types", "resources", "roles", "users",
			"api", "scim", "idp", "configuration", "oauth", "connect"} {
			if _, err := d.CreateOrganisation(ctx, cli, NewOrganisation{Slug: word}); identity.KindOf(err) != identity.Invalid {
				t.Errorf("an organisation with the slug %s: %v, want invalid", word, err)
			}
			if _, err := d.RenameOrganisation(ctx, cli, acme.ID, word, ""); identity.KindOf(err) != identity.Invalid {
				t.Errorf("acme renamed to %s: %v, want invalid", word, err)
			}
		}
		if Reserved("acme") || !Reserved("Resource-Types") {
			t.Error("Reserved is wrong about acme or Resource-Types")
		}
	})
}

func TestVerifiedEmails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, ctx := started(t, db), t.Context()
		var orgs [2]identity.OrgID
		for i, slug := range []string{"acme", "globex"} {
			o, err := d.CreateOrganisation(ctx, cli, NewOrganisation{Slug: slug})
			if err != nil {
				t.Fatal(err)
			}
			orgs[i] = o.ID
		}
		by := cli
		by.Org = orgs[0]
		ann, err := d.CreatePerson(ctx, by, NewPerson{Name: "ann", Email: "Ann@x.io"})
		if err != nil {
			t.Fatal(err)
		}
		check := func(phrase string, org identity.OrgID, want map[string]bool) {
			t.Helper()
			got, err := d.VerifiedEmails(ctx, org, []identity.ID{ann})
			if diff := cmp.Diff(map[identity.ID]map[string]bool{ann: want}, got); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", phrase, err, diff)
			}
		}
		set := func(org identity.OrgID, address string, yes bool, want identity.Kind) {
			t.Helper()
			by := by
			by.Org = org
			if err := d.SetVerifiedEmail(ctx, by, ann, address, yes); identity.KindOf(err) != want || want == "" && err != nil {
				t.Errorf("SetVerifiedEmail(%s, %t): %v, want %q", address, yes, err, want)
			}
		}
		changes := func() int {
			t.Helper()
			n := 0
			err := db.View(ctx, func(tx *store.Tx) error {
				list, err := tx.ChangesOf(ctx, orgs[0], ann, 100)
				n = len(list)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		none := changes()
		check("at first", orgs[0], map[string]bool{})
		set(orgs[0], "Ann@x.io", true, "")
		set(orgs[0], "ann@X.io", true, "")
		check("vouched for", orgs[0], map[string]bool{"ann@x.io": true})
		check("seen from elsewhere", orgs[1], map[string]bool{})
		set(orgs[1], "ann@x.io", false, identity.NotFound)
		set(orgs[0], "ANN@x.io", false, "")
		check("taken back", orgs[0], map[string]bool{})
		if got := changes() - none; got != 2 {
			t.Errorf("%d entries in the change log, want 2", got)
		}
	})
}
