package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

// userType and groupType are the standard types.
var (
	userType  = schema.Standard().TypeByName("User")
	groupType = schema.Standard().TypeByName("Group")
)

// update runs fn in a transaction and fails the test if that fails.
func update(t testing.TB, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

func view(t testing.TB, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.View(t.Context(), fn); err != nil {
		t.Fatalf("view: %v", err)
	}
}

// resource makes a resource of a canonical document.
func resource(t testing.TB, db *store.DB, org identity.OrgID, rt *schema.ResourceType, doc schema.Object) *store.Resource {
	t.Helper()
	r := &store.Resource{
		Org: org, Type: rt.Name, ID: identity.NewID(), Version: 1, Created: epoch, Modified: epoch,
	}
	describe(t, db, r, rt, doc)
	return r
}

// describe makes doc the document of r.
func describe(t testing.TB, db *store.DB, r *store.Resource, rt *schema.ResourceType, doc schema.Object) {
	t.Helper()
	o := schema.Object{"schemas": []any{rt.Schema.ID}, "id": r.ID.String()}
	for k, v := range doc {
		o[k] = v
	}
	if err := rt.Finish(o); err != nil {
		t.Fatalf("finish %v: %v", o, err)
	}
	r.Doc = rt.Encode(o)
	if err := db.Index(r, rt, o); err != nil {
		t.Fatalf("index %s: %v", r.Doc, err)
	}
}

// create stores a new resource.
func create(t testing.TB, db *store.DB, org identity.OrgID, rt *schema.ResourceType, doc schema.Object) *store.Resource {
	t.Helper()
	r := resource(t, db, org, rt, doc)
	update(t, db, func(tx *store.Tx) error { return tx.Insert(t.Context(), r) })
	return r
}

func person(name string) schema.Object {
	return schema.Object{
		"userName": name, "displayName": "Mx " + name, "active": true,
		"emails": []any{schema.Object{"value": name + "@example.org", "type": "work", "primary": true}},
	}
}

func group(name string) schema.Object { return schema.Object{"displayName": name} }

// bound parses and binds a filter.
func bound(t testing.TB, rt *schema.ResourceType, text string) filter.Expr {
	t.Helper()
	e, err := filter.Parse(text)
	if err == nil {
		e, err = filter.Bind(e, rt, schema.RFC)
	}
	if err != nil {
		t.Fatalf("filter %s: %v", text, err)
	}
	return e
}

// find returns the page of a query for users.
func find(t testing.TB, db *store.DB, q store.Query, text string) *store.Page {
	t.Helper()
	if q.Types == nil {
		q.Types = []*schema.ResourceType{userType}
	}
	if text != "" {
		q.Filter = map[*schema.ResourceType]filter.Expr{}
		for _, rt := range q.Types {
			q.Filter[rt] = bound(t, rt, text)
		}
	}
	var p *store.Page
	view(t, db, func(tx *store.Tx) (err error) {
		p, err = tx.Query(t.Context(), q)
		return err
	})
	return p
}

// seen leaves out what only Index and the store itself know.
var seen = cmp.Options{
	cmpopts.IgnoreUnexported(store.Resource{}),
	cmpopts.IgnoreFields(store.Resource{}, "Keys", "Tokens", "Unique"),
}

func roundTrip(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	ann := resource(t, db, org, userType, person("Ann"))
	ann.SetExternalID("hr", "4711")
	describe(t, db, ann, userType, person("Ann"))
	update(t, db, func(tx *store.Tx) error { return tx.Insert(t.Context(), ann) })
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.Get(t.Context(), org, "User", ann.ID)
		if err != nil {
			return err
		}
		if diff := cmp.Diff(ann, got, seen); diff != "" {
			t.Errorf("Get after Insert (-want +got):\n%s", diff)
		}
		if id := got.ExternalID("hr"); id != "4711" {
			t.Errorf("ExternalID(hr) = %q, want 4711", id)
		}
		return nil
	})
	for _, text := range []string{
		`userName eq "ANN"`, `userName sw "an"`, `userName co "NN"`, `userName ew "n"`, `emails.value eq "ann@EXAMPLE.org"`,
		`displayName co "x an"`, `active eq true`, `not (userName eq "bob")`, `meta.created lt "2026-02-01T00:00:00Z"`,
		`emails[type eq "work" and value co "ann"]`, `id eq "` + ann.ID.String() + `"`,
	} {
		p := find(t, db, store.Query{Org: org, Count: 10}, text)
		if p.Total != 1 || len(p.Resources) != 1 {
			t.Errorf("%s found %d of %d, want 1 of 1", text, len(p.Resources), p.Total)
		}
	}
}
