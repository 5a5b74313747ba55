package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/postgres"
	"github.com/muster-id/muster/store/sqlite"
	"github.com/muster-id/muster/store/storetest"
)

// TestAdministratorsBecomeAssignments takes a database with administrators to
// the newest schema.
func TestAdministratorsBecomeAssignments(t *testing.T) {
	for name, open := range map[string]func(testing.TB) (*store.DB, error){
		"SQLite": func(t testing.TB) (*store.DB, error) {
			return sqlite.Open(t.Context(), sqlite.Options{NoSync: true})
		},
		"PostgreSQL": func(t testing.TB) (*store.DB, error) {
			return postgres.Open(t.Context(), postgres.Options{URL: storetest.Postgres(t)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			db, err := open(t)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := store.MigrateTo(ctx, db, 7); err != nil {
				t.Fatal(err)
			}
			org, root, ann := identity.NewOrgID(), identity.NewOrgID(), identity.NewID()
			const old = `INSERT INTO administrator (org_id, user_id, role, created) VALUES ($1, $2, $3, $4)`
			if err := store.Exec(ctx, db, old, org, ann, "owner", 1000); err != nil {
				t.Fatal(err)
			}
			if err := store.Exec(ctx, db, old, root, ann, "operator", 2000); err != nil {
				t.Fatal(err)
			}
			if err := db.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
			id := ann
			id[6] = 0x80 | id[6]&0x0f
			for _, want := range []identity.Assignment{
				{Org: org, ID: id, Role: identity.OrganizationOwner, Type: identity.UserSubject, Subject: ann, Created: time.Unix(1, 0).UTC()},
				{Org: root, ID: id, Role: identity.PlatformOperator, Type: identity.UserSubject, Subject: ann, Created: time.Unix(2, 0).UTC(), Inherited: true},
			} {
				err := db.View(ctx, func(tx *store.Tx) error {
					got, err := tx.Assignments(ctx, want.Org, store.AssignmentQuery{Limit: 9})
					if diff := cmp.Diff([]identity.Assignment{want}, got); diff != "" {
						t.Errorf("what was an administrator (-want +got):\n%s", diff)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
}
