package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// A tenant is an organisation with one row of everything.
type tenant struct {
	org        identity.Organisation
	connection identity.Connection
	token      identity.Token
	user       *store.Resource
	group      *store.Resource
	gone       *store.Resource
	change     identity.Change
	async      store.AsyncRequest
	event      store.Event
}

// settle makes a tenant. The names are the same in every organisation.
func settle(t testing.TB, db *store.DB, slug string) *tenant {
	t.Helper()
	org := identity.NewOrgID()
	w := &tenant{
		org: identity.Organisation{ID: org, Slug: slug, Name: "N " + slug, Created: epoch, Modified: epoch},
		connection: identity.Connection{
			Org: org, ID: identity.NewID(), Name: "hr", Dialect: "rfc", Domain: "d", User: identity.NewID(), Rate: 7,
			Created: epoch, Modified: epoch,
		},
		change: identity.Change{
			Org: org, ID: identity.NewID(), At: epoch, Kind: identity.Created, Actor: identity.ByCLI, ActorName: "root", RequestID: "r1",
			Type: "User", Target: identity.NewID(), Version: 1, Paths: []string{"a", "b"}, Diff: []byte(`{"a":[1,2]}`),
		},
		async: store.AsyncRequest{Org: org, ID: identity.NewID(), Txn: "t", Created: epoch, Body: []byte("body " + slug)},
		event: store.Event{Org: org, ID: identity.NewID(), Txn: "t", At: epoch, Doc: []byte(`{"slug":"` + slug + `"}`)},
	}
	w.token = identity.Token{
		Org: org, Connection: w.connection.ID, ID: identity.NewID(), Hash: []byte("hash of " + slug), Prefix: "m_" + slug,
		Created: epoch, Expires: epoch.Add(time.Hour),
	}
	w.user, w.group = resource(t, db, org, userType, person("ann")), resource(t, db, org, groupType, group("all"))
	w.gone = resource(t, db, org, userType, person("gone"))
	ctx := t.Context()
	update(t, db, func(tx *store.Tx) error {
		for _, err := range []error{
			tx.InsertOrganisation(ctx, w.org), tx.InsertConnection(ctx, w.connection), tx.InsertToken(ctx, w.token),
			tx.PutSchema(ctx, org, store.StoredSchema{ID: "urn:x", Doc: []byte(`{"o":"` + slug + `"}`), Type: "User"}),
			tx.Insert(ctx, w.user), tx.Insert(ctx, w.group), tx.Insert(ctx, w.gone),
			tx.Record(ctx, w.change), tx.PutAsync(ctx, w.async), tx.PutEvent(ctx, w.event),
		} {
			if err != nil {
				return err
			}
		}
		_, err := tx.AddMembers(ctx, org, w.group.ID, users(w.user.ID, w.gone.ID))
		return err
	})
	remove(t, db, w.gone)
	return w
}

// tenantWall asks every method in the name of one organisation for what belongs
// to another.
func tenantWall(t *testing.T, db *store.DB) {
	ours, theirs := settle(t, db, "ours"), settle(t, db, "theirs")
	ctx, org := t.Context(), ours.org.ID
	nothing := func(what string, n int, err error) {
		t.Helper()
		if err != nil && identity.KindOf(err) != identity.NotFound {
			t.Errorf("%s: %v", what, err)
		}
		if err == nil && n != 0 {
			t.Errorf("%s reached %d rows of another organisation", what, n)
		}
	}
	count := func(err error) int {
		if err != nil {
			return 0
		}
		return 1
	}
	view(t, db, func(tx *store.Tx) error {
		_, err := tx.Connection(ctx, org, theirs.connection.ID)
		nothing("Connection", count(err), err)
		tokens, err := tx.Tokens(ctx, org, theirs.connection.ID)
		nothing("Tokens", len(tokens), err)
		_, err = tx.Get(ctx, org, "User", theirs.user.ID)
		nothing("Get", count(err), err)
		found, err := tx.GetMany(ctx, org, []identity.ID{theirs.user.ID, theirs.group.ID})
		nothing("GetMany", len(found), err)
		types, err := tx.Locate(ctx, org, []identity.ID{theirs.user.ID})
		nothing("Locate", len(types), err)
		rows, err := tx.Members(ctx, org, theirs.group.ID)
		nothing("Members", len(rows), err)
		has, err := tx.HasMembers(ctx, org, theirs.group.ID, []identity.ID{theirs.user.ID})
		nothing("HasMembers", len(has), err)
		groups, err := tx.Groups(ctx, org, theirs.user.ID)
		nothing("Groups", len(groups), err)
		parents, err := tx.MemberOf(ctx, org, theirs.user.ID)
		nothing("MemberOf", len(parents), err)
		changes, err := tx.ChangesOf(ctx, org, theirs.change.Target, 9)
		nothing("ChangesOf", len(changes), err)
		_, err = tx.Event(ctx, org, theirs.event.ID)
		nothing("Event", count(err), err)
		_, err = tx.Async(ctx, org, theirs.async.ID)
		nothing("Async", count(err), err)
		for text, want := range map[string]int{
			"": 1, `userName eq "ann"`: 1, `displayName co "mx a"`: 1, `emails.value eq "ann@example.org"`: 1, `groups pr`: 1,
			`groups.value eq "` + theirs.group.ID.String() + `"`: 0, `id eq "` + theirs.user.ID.String() + `"`: 0,
			`title pr or userName sw "a"`: 1,
		} {
			p, err := tx.Query(ctx, queryOf(t, org, text))
			if err != nil || p.Total != want || len(p.Resources) != want {
				t.Errorf("Query %s found %+v (%v), want %d", text, p, err, want)
			}
		}
		for what, n := range map[string]int{
			"Connections": lengthOf(tx.Connections(ctx, org)), "Schemas": lengthOf(tx.Schemas(ctx, org)),
			"Trash": lengthOf(tx.Trash(ctx, org, "User", identity.ID{}, 9)), "Changes": lengthOf(tx.Changes(ctx, org, identity.ID{}, 9)),
		} {
			if n != 1 {
				t.Errorf("%s lists %d rows, want our one", what, n)
			}
		}
		return nil
	})
	for what, write := range map[string]func(*store.Tx) (int, error){
		"UpdateConnection": func(tx *store.Tx) (int, error) {
			c := theirs.connection
			c.Org, c.Name = org, "stolen"
			err := tx.UpdateConnection(ctx, c)
			return count(err), err
		},
		"DeleteConnection": func(tx *store.Tx) (int, error) {
			err := tx.DeleteConnection(ctx, org, theirs.connection.ID)
			return count(err), err
		},
		"RevokeToken": func(tx *store.Tx) (int, error) {
			err := tx.RevokeToken(ctx, org, theirs.token.ID, epoch)
			return count(err), err
		},
		"CompleteAsync": func(tx *store.Tx) (int, error) {
			err := tx.CompleteAsync(ctx, org, theirs.async.ID)
			return count(err), err
		},
		"Restore": func(tx *store.Tx) (int, error) {
			_, err := tx.Restore(ctx, org, "User", theirs.gone.ID, epoch)
			return count(err), err
		},
		"RemoveMembers": func(tx *store.Tx) (int, error) {
			gone, err := tx.RemoveMembers(ctx, org, theirs.group.ID, []identity.ID{theirs.user.ID})
			return len(gone), err
		},
		"ClearMembers": func(tx *store.Tx) (int, error) {
			gone, err := tx.ClearMembers(ctx, org, theirs.group.ID)
			return len(gone), err
		},
		"DeleteSchema": func(tx *store.Tx) (int, error) {
			if err := tx.DeleteSchema(ctx, org, "urn:x"); err != nil {
				return 0, err
			}
			list, err := tx.Schemas(ctx, theirs.org.ID)
			return 1 - len(list), err
		},
	} {
		err := db.Update(ctx, func(tx *store.Tx) error {
			n, err := write(tx)
			nothing(what, n, err)
			return errTest
		})
		if err == nil {
			t.Errorf("%s: the transaction was kept", what)
		}
	}
	stolen := *theirs.user
	stolen.Org = org
	err := db.Update(ctx, func(tx *store.Tx) error { return tx.Delete(ctx, &stolen, epoch) })
	wantKind(t, "Delete in another's name", err, identity.Stale)
	err = db.Update(ctx, func(tx *store.Tx) error {
		next := stolen
		next.Version++
		return tx.Replace(ctx, &stolen, &next)
	})
	wantKind(t, "Replace in another's name", err, identity.Stale)
	theirs.unharmed(t, db)
}

func lengthOf[T any](list []T, err error) int {
	if err != nil {
		return -1
	}
	return len(list)
}

func queryOf(t testing.TB, org identity.OrgID, text string) store.Query {
	q := store.Query{Org: org, Types: []*schema.ResourceType{userType}, Count: 9, Domain: domain}
	if text != "" {
		q.Filter = filterOf(t, text)
	}
	return q
}

// unharmed checks that everything of the tenant is as settle left it.
func (w *tenant) unharmed(t testing.TB, db *store.DB) {
	t.Helper()
	ctx, org := t.Context(), w.org.ID
	view(t, db, func(tx *store.Tx) error {
		var wrong []string
		check := func(what string, got, want any, err error) {
			if diff := cmp.Diff(want, got, seen); err != nil || diff != "" {
				wrong = append(wrong, fmt.Sprintf("%s: %v\n%s", what, err, diff))
			}
		}
		o, err := tx.Organisation(ctx, org)
		check("Organisation", o, w.org, err)
		c, err := tx.Connection(ctx, org, w.connection.ID)
		check("Connection", c, w.connection, err)
		token, c, err := tx.TokenByHash(ctx, w.token.Hash)
		check("token", token, w.token, err)
		check("connection of the token", c, w.connection, err)
		list, err := tx.Schemas(ctx, org)
		check("Schemas", len(list), 1, err)
		u, err := tx.Get(ctx, org, "User", w.user.ID)
		want := *w.user
		want.Grouped = true
		check("user", u, &want, err)
		rows, err := tx.Members(ctx, org, w.group.ID)
		check("members", len(rows), 1, err)
		changes, err := tx.Changes(ctx, org, identity.ID{}, 9)
		check("changes", changes, []identity.Change{w.change}, err)
		a, err := tx.Async(ctx, org, w.async.ID)
		check("async", a, w.async, err)
		e, err := tx.Event(ctx, org, w.event.ID)
		check("event", e, w.event, err)
		trash, err := tx.Trash(ctx, org, "User", identity.ID{}, 9)
		check("trash", len(trash), 1, err)
		for _, text := range wrong {
			t.Errorf("of organisation %s: %s", w.org.Slug, text)
		}
		return nil
	})
}

func deleteOrganisation(t *testing.T, db *store.DB) {
	ours, theirs := settle(t, db, "ours"), settle(t, db, "theirs")
	ctx, org := t.Context(), ours.org.ID
	update(t, db, func(tx *store.Tx) error { return tx.DeleteOrganisation(ctx, org) })
	theirs.unharmed(t, db)
	view(t, db, func(tx *store.Tx) error {
		_, err := tx.Organisation(ctx, org)
		wantKind(t, "a deleted organisation", err, identity.NotFound)
		_, _, err = tx.TokenByHash(ctx, ours.token.Hash)
		wantKind(t, "its token", err, identity.NotFound)
		for text := range map[string]bool{"": true, `userName co "ann"`: true, `emails pr`: true} {
			if p, err := tx.Query(ctx, queryOf(t, org, text)); err != nil || p.Total != 0 {
				t.Errorf("Query %q after the end of the organisation: %+v, %v", text, p, err)
			}
		}
		asyncs, err := tx.Asyncs(ctx, 9)
		if len(asyncs) != 1 || asyncs[0].Org != theirs.org.ID {
			t.Errorf("requests after the end of the organisation: %+v", asyncs)
		}
		return err
	})
	err := db.Update(ctx, func(tx *store.Tx) error { return tx.DeleteOrganisation(ctx, org) })
	wantKind(t, "deleting an organisation twice", err, identity.NotFound)
}
