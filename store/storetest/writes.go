package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// wantKind fails the test unless err is an identity.Error of a kind.
func wantKind(t testing.TB, what string, err error, want identity.Kind) {
	t.Helper()
	if got := identity.KindOf(err); got != want {
		t.Errorf("%s: error %v of kind %q, want %q", what, err, got, want)
	}
}

// read returns a resource, nil if there is none.
func read(t testing.TB, db *store.DB, org identity.OrgID, typ string, id identity.ID) *store.Resource {
	t.Helper()
	var r *store.Resource
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		r, err = tx.Get(t.Context(), org, typ, id)
		return err
	})
	if err != nil && identity.KindOf(err) != identity.NotFound {
		t.Fatalf("get %s: %v", id, err)
	}
	return r
}

// change replaces the document of a resource in tx, one version further.
func change(t testing.TB, db *store.DB, tx *store.Tx, seen *store.Resource, rt *schema.ResourceType, doc schema.Object) (*store.Resource, error) {
	r := *seen
	r.Version++
	r.Modified = epoch.Add(time.Hour)
	describe(t, db, &r, rt, doc)
	return &r, tx.Replace(t.Context(), seen, &r)
}

// modify reads a resource and replaces its document.
func modify(t testing.TB, db *store.DB, r *store.Resource, rt *schema.ResourceType, doc schema.Object) error {
	t.Helper()
	return db.Update(t.Context(), func(tx *store.Tx) error {
		seen, err := tx.Get(t.Context(), r.Org, r.Type, r.ID)
		if err == nil {
			_, err = change(t, db, tx, seen, rt, doc)
		}
		return err
	})
}

// remove deletes a resource.
func remove(t testing.TB, db *store.DB, r *store.Resource) {
	t.Helper()
	update(t, db, func(tx *store.Tx) error {
		seen, err := tx.Get(t.Context(), r.Org, r.Type, r.ID)
		if err == nil {
			err = tx.Delete(t.Context(), seen, epoch)
		}
		return err
	})
}

func replaced(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	ann := create(t, db, org, userType, person("ann"))
	next := person("anna")
	next["emails"] = []any{schema.Object{"value": "a@example.org"}, schema.Object{"value": "b@example.org"}}
	if err := modify(t, db, ann, userType, next); err != nil {
		t.Fatal(err)
	}
	got := read(t, db, org, "User", ann.ID)
	if got.Version != 2 || !got.Modified.Equal(epoch.Add(time.Hour)) || !got.Created.Equal(epoch) {
		t.Errorf("after Replace: version %d, modified %v, created %v", got.Version, got.Modified, got.Created)
	}
	for text, want := range map[string]int{
		`userName eq "ann"`: 0, `userName eq "anna"`: 1, `userName co "nna"`: 1, `emails eq "ann@example.org"`: 0,
		`emails eq "a@example.org"`: 1, `emails eq "b@example.org"`: 1, `emails co "b@exa"`: 1, `userName co "mx ann"`: 0,
	} {
		if p := find(t, db, store.Query{Org: org, Count: 5}, text); p.Total != want || len(p.Resources) != want {
			t.Errorf("after Replace %s finds %d of %d, want %d", text, len(p.Resources), p.Total, want)
		}
	}
	if err := modify(t, db, ann, userType, person("ann")); err != nil {
		t.Errorf("going back to the first name: %v", err)
	}
}

func externals(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	r := resource(t, db, org, userType, person("ann"))
	r.SetExternalID("hr", "1")
	r.SetExternalID("crm", "2")
	r.SetExternalID("old", "3")
	r.SetExternalID("old", "")
	describe(t, db, r, userType, person("ann"))
	update(t, db, func(tx *store.Tx) error { return tx.Insert(t.Context(), r) })
	for _, c := range []struct {
		domain, text string
		want         int
	}{
		{"hr", `externalId eq "1"`, 1}, {"hr", `externalId eq "2"`, 0}, {"crm", `externalId eq "2"`, 1},
		{"", `externalId eq "1"`, 0}, {"old", `externalId pr`, 0}, {"hr", `externalId sw "1"`, 1}, {"hr", `externalId ne "2"`, 1},
	} {
		p := find(t, db, store.Query{Org: org, Count: 5, Domain: c.domain}, c.text)
		if p.Total != c.want {
			t.Errorf("in domain %q %s finds %d, want %d", c.domain, c.text, p.Total, c.want)
		}
		if c.want == 1 && p.Total == 1 && p.Resources[0].ExternalID("crm") != "2" {
			t.Errorf("the page has the externalId %q for crm, want 2", p.Resources[0].ExternalID("crm"))
		}
	}
}

func many(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	var ids []identity.ID
	update(t, db, func(tx *store.Tx) error {
		ids = ids[:0]
		for i := range 300 {
			rt, doc := userType, person("user"+string(rune('a'+i%26))+strings.Repeat("x", i/26))
			if i%3 == 0 {
				rt, doc = groupType, group("g")
			}
			r := resource(t, db, org, rt, doc)
			ids = append(ids, r.ID)
			if err := tx.Insert(t.Context(), r); err != nil {
				return err
			}
		}
		return nil
	})
	ids = append(ids, identity.NewID())
	view(t, db, func(tx *store.Tx) error {
		all, err := tx.GetMany(t.Context(), org, ids)
		if err != nil {
			return err
		}
		types, err := tx.Locate(t.Context(), org, ids)
		if len(all) != 300 || len(types) != 300 || types[ids[0]] != "Group" || types[ids[1]] != "User" || all[ids[1]].Type != "User" {
			t.Errorf("GetMany found %d, Locate %d with types %q and %q; want 300, 300, Group, User",
				len(all), len(types), types[ids[0]], types[ids[1]])
		}
		return err
	})
}

func nameConflict(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	create(t, db, org, userType, person("Straße"))
	bob := create(t, db, org, userType, person("bob"))
	again := resource(t, db, org, userType, person("STRASSE"))
	err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Insert(t.Context(), again) })
	wantKind(t, "inserting STRASSE while Straße exists", err, identity.Conflict)
	if e := (*identity.Error)(nil); errors.As(err, &e) && e.Field != "userName" {
		t.Errorf("the conflict names the field %q, want userName", e.Field)
	}
	wantKind(t, "renaming bob to STRASSE", modify(t, db, bob, userType, person("STRASSE")), identity.Conflict)
	create(t, db, identity.NewOrgID(), userType, person("straße"))
	if p := find(t, db, store.Query{Org: org, Count: 5}, ""); p.Total != 2 {
		t.Errorf("total after conflicts = %d, want 2", p.Total)
	}
}

// badge is a user with an attribute that is unique.
func badgeType(t testing.TB) *schema.ResourceType {
	t.Helper()
	reg, err := schema.Standard().Extend("User", &schema.Schema{ID: "urn:example:Badge", Name: "Badge", Attributes: []*schema.Attribute{{
		Name: "badge", Type: schema.String, Mutability: schema.ReadWrite, Returned: schema.Default, Uniqueness: schema.Server,
	}}}, false)
	if err != nil {
		t.Fatal(err)
	}
	return reg.TypeByName("User")
}

func badged(name, badge string) schema.Object {
	o := person(name)
	o["urn:example:Badge"] = schema.Object{"badge": badge}
	return o
}

func uniqueConflict(t *testing.T, db *store.DB) {
	org, rt := identity.NewOrgID(), badgeType(t)
	ann := create(t, db, org, rt, badged("ann", "B-1"))
	bob := create(t, db, org, rt, badged("bob", "B-2"))
	err := modify(t, db, bob, rt, badged("bob", "b-1"))
	wantKind(t, "taking another's badge", err, identity.Conflict)
	if e := (*identity.Error)(nil); errors.As(err, &e) && e.Field != "urn:example:Badge:badge" {
		t.Errorf("the conflict names the field %q", e.Field)
	}
	if err := modify(t, db, bob, rt, badged("bobby", "b-2")); err != nil {
		t.Errorf("keeping one's own badge: %v", err)
	}
	remove(t, db, ann)
	if err := modify(t, db, bob, rt, badged("bob", "b-1")); err != nil {
		t.Errorf("taking the badge of a deleted user: %v", err)
	}
	update(t, db, func(tx *store.Tx) error {
		_, err := tx.Restore(t.Context(), org, "User", ann.ID, epoch)
		wantKind(t, "restoring a user whose badge is taken", err, identity.Conflict)
		return nil
	})
}

func longKey(t *testing.T, db *store.DB) {
	for text, doc := range map[string]schema.Object{
		"a long userName":             person(strings.Repeat("x", 1025)),
		"a NUL in a displayName":      {"userName": "x", "displayName": "a\x00b"},
		"a long e-mail":               {"userName": "x", "emails": []any{schema.Object{"value": strings.Repeat("e", 2000)}}},
		"a long userName when folded": person(strings.Repeat("ﷺ", 100)),
	} {
		r := &store.Resource{Org: identity.NewOrgID(), Type: "User", ID: identity.NewID()}
		wantKind(t, text, db.Index(r, userType, doc), identity.Invalid)
	}
	long := schema.Object{"userName": strings.Repeat("n", 1024), "displayName": strings.Repeat("日", 341)}
	create(t, db, identity.NewOrgID(), userType, long)
}

func staleVersion(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	ann := create(t, db, org, userType, person("ann"))
	if err := modify(t, db, ann, userType, person("anna")); err != nil {
		t.Fatal(err)
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := change(t, db, tx, ann, userType, person("annette"))
		return err
	})
	wantKind(t, "Replace with an old version", err, identity.Stale)
	err = db.Update(t.Context(), func(tx *store.Tx) error { return tx.Delete(t.Context(), ann, epoch) })
	wantKind(t, "Delete with an old version", err, identity.Stale)
	remove(t, db, ann)
	err = db.Update(t.Context(), func(tx *store.Tx) error { return tx.Delete(t.Context(), ann, epoch) })
	wantKind(t, "Delete of what is gone", err, identity.Stale)
	if got := read(t, db, org, "User", ann.ID); got != nil {
		t.Errorf("a deleted resource is still there: %+v", got)
	}
}

var errTest = errors.New("on purpose")

func rollback(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	ann := create(t, db, org, userType, person("ann"))
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		seen, err := tx.Get(t.Context(), org, "User", ann.ID)
		if err != nil {
			return err
		}
		if _, err := change(t, db, tx, seen, userType, person("other")); err != nil {
			return err
		}
		if err := tx.Insert(t.Context(), resource(t, db, org, userType, person("bob"))); err != nil {
			return err
		}
		return errTest
	})
	if !errors.Is(err, errTest) {
		t.Errorf("Update returned %v, want the function's error", err)
	}
	if got := read(t, db, org, "User", ann.ID); got.Version != 1 || cmp.Diff(got.Doc, ann.Doc) != "" {
		t.Errorf("after a failed transaction: version %d, %s", got.Version, got.Doc)
	}
	for text, want := range map[string]int{"": 1, `userName co "bob"`: 0, `userName co "other"`: 0, `emails eq "bob@example.org"`: 0} {
		if p := find(t, db, store.Query{Org: org, Count: 5}, text); p.Total != want || len(p.Resources) != want {
			t.Errorf("after a failed transaction %q finds %d of %d, want %d", text, len(p.Resources), p.Total, want)
		}
	}
}

func savepoint(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	create(t, db, org, userType, person("taken"))
	update(t, db, func(tx *store.Tx) error {
		for _, name := range []string{"ann", "taken", "bob", "fails", "cleo"} {
			err := tx.Savepoint(t.Context(), func() error {
				if err := tx.Insert(t.Context(), resource(t, db, org, groupType, group("of "+name))); err != nil {
					return err
				}
				if err := tx.Insert(t.Context(), resource(t, db, org, userType, person(name))); err != nil {
					return err
				}
				if name == "fails" {
					return errTest
				}
				return nil
			})
			switch name {
			case "taken":
				wantKind(t, "the part that takes a name again", err, identity.Conflict)
			case "fails":
				if !errors.Is(err, errTest) {
					t.Errorf("Savepoint returned %v, want the function's error", err)
				}
			default:
				if err != nil {
					t.Errorf("the part of %s: %v", name, err)
				}
			}
		}
		return nil
	})
	for _, name := range []string{"ann", "bob", "cleo"} {
		if p := find(t, db, store.Query{Org: org, Count: 5}, `userName co "`+name+`"`); p.Total != 1 {
			t.Errorf("%s is there %d times", name, p.Total)
		}
	}
	for _, rt := range []*schema.ResourceType{userType, groupType} {
		want := map[string]int{"User": 4, "Group": 3}[rt.Name]
		if p := find(t, db, store.Query{Org: org, Types: []*schema.ResourceType{rt}, Count: 9}, ""); p.Total != want || len(p.Resources) != want {
			t.Errorf("after failed parts there are %d of %d of %s, want %d", len(p.Resources), p.Total, rt.Name, want)
		}
	}
}

func panics(t *testing.T, db *store.DB) {
	org := identity.NewOrgID()
	func() {
		defer func() {
			if p := recover(); p != "on purpose" {
				t.Errorf("recovered %v, want the function's panic", p)
			}
		}()
		_ = db.Update(t.Context(), func(tx *store.Tx) error {
			if err := tx.Insert(t.Context(), resource(t, db, org, userType, person("ann"))); err != nil {
				return err
			}
			_ = tx.Savepoint(t.Context(), func() error { panic("on purpose") })
			return nil
		})
	}()
	if p := find(t, db, store.Query{Org: org, Count: 5}, ""); p.Total != 0 {
		t.Errorf("after a panic there are %d users", p.Total)
	}
	create(t, db, org, userType, person("ann"))
}

func retry(t *testing.T, db *store.DB) {
	org, runs := identity.NewOrgID(), 0
	update(t, db, func(tx *store.Tx) error {
		if runs++; runs == 1 {
			if err := tx.Insert(t.Context(), resource(t, db, org, userType, person("ann"))); err != nil {
				return err
			}
			return store.ErrRetry
		}
		return nil
	})
	if p := find(t, db, store.Query{Org: org, Count: 5}, ""); p.Total != 0 {
		t.Errorf("after a retry there are %d users, want none", p.Total)
	}
	runs = 0
	err := db.Update(t.Context(), func(*store.Tx) error {
		runs++
		return store.ErrRetry
	})
	if !errors.Is(err, store.ErrRetry) || runs < 2 || runs > 20 {
		t.Errorf("a function that always wants to be retried ran %d times and returned %v", runs, err)
	}
}
