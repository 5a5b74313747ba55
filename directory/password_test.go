package directory

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// storedHash returns the hash that is kept of a user's password.
func storedHash(t *testing.T, d *Directory, org identity.OrgID, user identity.ID) string {
	t.Helper()
	var phc []byte
	err := d.db.View(t.Context(), func(tx *store.Tx) error {
		sealed, err := tx.Credential(t.Context(), org, user, passwordKind)
		if err != nil {
			return err
		}
		phc, err = d.keys.Open(sealCredential, sealed)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(phc)
}

func TestPasswords(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, ctx := started(t, db), t.Context()
		org, err := d.CreateOrganisation(ctx, cli, NewOrganisation{Slug: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		by := cli
		by.Org = org.ID
		rt := schema.Standard().TypeByName("User")
		made, err := d.Create(ctx, by, rt, schema.Object{"schemas": []any{schema.UserURN}, "userName": "ada"})
		if err != nil {
			t.Fatal(err)
		}
		check := func(password string) bool {
			t.Helper()
			ok, err := d.CheckPassword(ctx, org.ID, made.ID, password)
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		if check("correct horse") || check("") || check(strings.Repeat("a", secret.MaxPassword+1)) {
			t.Error("a user without a password has one")
		}
		if err := d.SetPassword(ctx, by, made.ID, "correct horse"); err != nil {
			t.Fatal(err)
		}
		if !check("correct horse") || check("Correct horse") || check("") {
			t.Error("SetPassword did not set this password alone")
		}
		first := storedHash(t, d, org.ID, made.ID)
		if check("correct horse"); storedHash(t, d, org.ID, made.ID) != first {
			t.Error("a hash of ours was replaced")
		}

		imported := "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"
		if err := d.ImportPassword(ctx, by, made.ID, imported); err != nil {
			t.Fatal(err)
		}
		if check("correct horse") || storedHash(t, d, org.ID, made.ID) != imported {
			t.Error("a wrong password replaced the imported hash")
		}
		if !check("Hello world!") {
			t.Fatal("the imported hash does not know its password")
		}
		if got := storedHash(t, d, org.ID, made.ID); secret.NeedsRehash(got) || !check("Hello world!") {
			t.Errorf("after the sign-in the hash is %.20s", got)
		}
		d.rehash(ctx, org.ID, made.ID, []byte("another"), "stale")
		if check("stale") {
			t.Error("rehash replaced a password that had changed meanwhile")
		}

		for what, c := range map[string]struct {
			err  error
			want identity.Kind
		}{
			"no password":           {d.SetPassword(ctx, by, made.ID, ""), identity.Invalid},
			"a control character":   {d.SetPassword(ctx, by, made.ID, "a\x00b"), identity.Invalid},
			"nobody":                {d.SetPassword(ctx, by, identity.NewID(), "correct horse"), identity.NotFound},
			"another organisation":  {d.SetPassword(ctx, cli, made.ID, "correct horse"), identity.NotFound},
			"E62 bcrypt of cost 31": {d.ImportPassword(ctx, by, made.ID, "$2a$31$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe"), identity.Invalid},
			"a hash that is none":   {d.ImportPassword(ctx, by, made.ID, "secret"), identity.Invalid},
			"a hash for nobody":     {d.ImportPassword(ctx, by, identity.NewID(), imported), identity.NotFound},
		} {
			if got := identity.KindOf(c.err); got != c.want {
				t.Errorf("%s: %v, want %s", what, c.err, c.want)
			}
		}
		checkPasswordChanges(t, d, org.ID, made.ID)
	})
}

// checkPasswordChanges finds the two changes of the password and no secret.
func checkPasswordChanges(t *testing.T, d *Directory, org identity.OrgID, user identity.ID) {
	t.Helper()
	err := d.db.View(t.Context(), func(tx *store.Tx) error {
		list, err := tx.ChangesOf(t.Context(), org, user, 10)
		if err != nil {
			return err
		}
		n := 0
		for _, c := range list {
			if cmp.Equal(c.Paths, []string{"password"}) {
				n++
			}
			if strings.Contains(string(c.Diff), "$") {
				t.Errorf("a change tells a hash: %s", c.Diff)
			}
		}
		if n != 2 {
			t.Errorf("%d changes of the password, want 2: %+v", n, list)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestBusy(t *testing.T) {
	if err := busy(secret.ErrBusy); identity.KindOf(err) != identity.Busy {
		t.Errorf("busy(ErrBusy) = %v", err)
	}
	if err := busy(context.Canceled); err != context.Canceled {
		t.Errorf("busy(Canceled) = %v", err)
	}
	if err := busy(nil); err != nil {
		t.Errorf("busy(nil) = %v", err)
	}
}
