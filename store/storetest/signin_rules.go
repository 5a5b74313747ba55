package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// settled makes an organisation with one user and what the user signs in with.
func settled(t testing.TB, db *store.DB) *belongings {
	t.Helper()
	o := identity.Organisation{ID: identity.NewOrgID(), Slug: "o" + identity.NewID().String(), Created: epoch, Modified: epoch}
	update(t, db, func(tx *store.Tx) error { return tx.InsertOrganisation(t.Context(), o) })
	ann := create(t, db, o.ID, userType, person("ann"))
	b := newBelongings(o.ID, ann.ID, o.Slug+".example")
	b.store(t, db)
	return b
}

// apps changes an app and its secrets.
func apps(t *testing.T, db *store.DB) {
	b, ctx := settled(t, db), t.Context()
	double := b.app
	double.ID = identity.NewID()
	err := db.Update(ctx, func(tx *store.Tx) error { return tx.InsertApp(ctx, double) })
	wantKind(t, "a client id twice", err, identity.Conflict)
	next := b.app
	next.Name, next.Disabled, next.Modified, next.RegistrationHash = "Other", true, later, nil
	update(t, db, func(tx *store.Tx) error { return tx.UpdateApp(ctx, next) })
	err = db.Update(ctx, func(tx *store.Tx) error { return tx.UpdateApp(ctx, next) })
	wantKind(t, "an update of an old version", err, identity.Stale)
	update(t, db, func(tx *store.Tx) error {
		return tx.RevokeAppSecret(ctx, b.org, b.app.ID, b.app.Secrets[0].ID, later)
	})
	next.Version++
	next.Secrets[0].Revoked = later
	other := identity.App{Org: b.org, ID: identity.NewID(), ClientID: "bank", Created: epoch, Modified: epoch, Version: 1}
	update(t, db, func(tx *store.Tx) error { return tx.InsertApp(ctx, other) })
	view(t, db, func(tx *store.Tx) error {
		list, err := tx.Apps(ctx, b.org, "", 9)
		if diff := cmp.Diff([]identity.App{other, next}, list, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("Apps (-want +got):\n%s", diff)
		}
		if err != nil {
			return err
		}
		list, err = tx.Apps(ctx, b.org, "bank", 1)
		if len(list) != 1 || list[0].ClientID != "shop" {
			t.Errorf("Apps after bank = %+v", list)
		}
		return err
	})
	update(t, db, func(tx *store.Tx) error { return tx.DeleteApp(ctx, b.org, b.app.ID) })
	view(t, db, func(tx *store.Tx) error {
		_, err := tx.App(ctx, b.org, b.app.ID)
		wantKind(t, "a deleted app", err, identity.NotFound)
		grants, err := tx.Grants(ctx, b.org, b.user)
		if len(grants) != 0 || err != nil {
			t.Errorf("the grants of a deleted app: %v, %v", grants, err)
		}
		consents, err := tx.Consents(ctx, b.org, b.user)
		if len(consents) != 0 || err != nil {
			t.Errorf("the consents to a deleted app: %v, %v", consents, err)
		}
		return err
	})
}

// sessions changes and ends sessions.
func sessions(t *testing.T, db *store.DB) {
	b, ctx := settled(t, db), t.Context()
	free := b.grant
	free.ID, free.Session = identity.NewID(), identity.ID{}
	more := []identity.Session{b.session, b.session, b.session}
	update(t, db, func(tx *store.Tx) error {
		for i := range more {
			more[i].ID, more[i].Hash, more[i].Browser = identity.NewID(), fmt.Append(nil, i), identity.ID{}
			if err := tx.InsertSession(ctx, more[i]); err != nil {
				return err
			}
		}
		return tx.InsertGrant(ctx, free)
	})
	next := b.session
	next.Hash, next.Seen, next.Idle, next.Expires = []byte("new"), later, later, later.Add(time.Hour)
	next.AMR, next.ACR, next.AuthTime, next.Agent, next.Address, next.Browser = nil, "1", later, "B", "::1", identity.ID{}
	update(t, db, func(tx *store.Tx) error { return tx.UpdateSession(ctx, next) })
	next.Seen, next.Idle = later.Add(1e9), later.Add(2e9)
	update(t, db, func(tx *store.Tx) error { return tx.TouchSession(ctx, b.org, next.ID, next.Seen, next.Idle) })
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.SessionByHash(ctx, b.org, []byte("new"))
		if diff := cmp.Diff(next, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("SessionByHash (-want +got):\n%s", diff)
		}
		_, old := tx.SessionByHash(ctx, b.org, []byte("cookie"))
		wantKind(t, "the cookie of before", old, identity.NotFound)
		return err
	})
	var ended []identity.ID
	update(t, db, func(tx *store.Tx) (err error) {
		if err := tx.EndSession(ctx, b.org, more[2].ID, later); err != nil {
			return err
		}
		ended, err = tx.EndSessions(ctx, b.org, b.user, more[0].ID, later)
		return err
	})
	sameIDs(t, "EndSessions", ended, more[1].ID, b.session.ID)
	for what, do := range map[string]func(tx *store.Tx) error{
		"ending":   func(tx *store.Tx) error { return tx.EndSession(ctx, b.org, b.session.ID, later) },
		"updating": func(tx *store.Tx) error { return tx.UpdateSession(ctx, next) },
		"touching": func(tx *store.Tx) error { return tx.TouchSession(ctx, b.org, next.ID, later, later) },
	} {
		wantKind(t, what+" an ended session", db.Update(ctx, do), identity.NotFound)
	}
	view(t, db, func(tx *store.Tx) error {
		bound, err := tx.GrantsOfSession(ctx, b.org, b.session.ID)
		if len(bound) != 1 || !bound[0].Ended.Equal(later) {
			t.Errorf("the grants of an ended session: %+v", bound)
		}
		if err != nil {
			return err
		}
		list, err := tx.Grants(ctx, b.org, b.user)
		if len(list) != 1 || list[0].ID != free.ID {
			t.Errorf("the grants that are left: %+v", list)
		}
		return err
	})
}

// grants rotates and ends grants.
func grants(t *testing.T, db *store.DB) {
	b, ctx := settled(t, db), t.Context()
	rotate := func(from int64) error {
		return db.Update(ctx, func(tx *store.Tx) error { return tx.RotateGrant(ctx, b.org, b.grant.ID, from, later, later.Add(1e9)) })
	}
	if err := rotate(1); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "a generation of before", rotate(1), identity.Stale)
	wantKind(t, "a generation to come", rotate(3), identity.Stale)
	want := b.grant
	want.Generation, want.Rotated, want.Idle = 2, later, later.Add(1e9)
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.Grant(ctx, b.org, b.grant.ID)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Grant (-want +got):\n%s", diff)
		}
		return err
	})
	other := b.grant
	other.ID, other.App = identity.NewID(), identity.NewID()
	update(t, db, func(tx *store.Tx) error {
		if err := tx.InsertGrant(ctx, other); err != nil {
			return err
		}
		n, err := tx.EndGrantsOf(ctx, b.org, b.user, b.app.ID, later)
		if n != 1 {
			t.Errorf("EndGrantsOf an app ended %d grants", n)
		}
		return err
	})
	wantKind(t, "rotating an ended grant", rotate(2), identity.Stale)
	update(t, db, func(tx *store.Tx) error {
		n, err := tx.EndGrantsOf(ctx, b.org, b.user, identity.ID{}, later)
		if n != 1 {
			t.Errorf("EndGrantsOf a user ended %d grants", n)
		}
		return err
	})
}

// alive kills one thing after the other.
func alive(t *testing.T, db *store.DB) {
	ctx := t.Context()
	all := store.Life{GrantAlive: true, SessionAlive: true, UserActive: true}
	for phrase, c := range map[string]struct {
		kill func(b *belongings, tx *store.Tx) error
		want store.Life
	}{
		"nothing": {func(*belongings, *store.Tx) error { return nil }, all},
		"a grant": {func(b *belongings, tx *store.Tx) error { return tx.EndGrant(ctx, b.org, b.grant.ID, later) },
			store.Life{SessionAlive: true, UserActive: true}},
		"a session": {func(b *belongings, tx *store.Tx) error { return tx.EndSession(ctx, b.org, b.session.ID, later) },
			store.Life{UserActive: true}},
		"a user": {func(b *belongings, tx *store.Tx) error {
			u, err := tx.Get(ctx, b.org, "User", b.user)
			if err != nil {
				return err
			}
			return tx.Delete(ctx, u, later)
		}, store.Life{GrantAlive: true, SessionAlive: true}},
		"a token": {func(b *belongings, tx *store.Tx) error {
			return tx.PutArtefact(ctx, identity.Artefact{Org: b.org, Kind: store.RevokedKind, Hash: []byte("jti"), Expires: later})
		}, store.Life{GrantAlive: true, SessionAlive: true, UserActive: true, Revoked: true}},
	} {
		b := settled(t, db)
		update(t, db, func(tx *store.Tx) error { return c.kill(b, tx) })
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.Alive(ctx, b.org, store.Bearer{Grant: b.grant.ID, Session: b.session.ID, User: b.user, Revoked: []byte("jti")})
			c.want.GrantExpires, c.want.SessionIdle, c.want.SessionExpires = b.grant.Expires, b.session.Idle, b.session.Expires
			if got != c.want {
				t.Errorf("after the end of %s: %+v, want %+v", phrase, got, c.want)
			}
			if err != nil {
				return err
			}
			if got, err = tx.Alive(ctx, b.org, store.Bearer{}); got != all {
				t.Errorf("a bearer without anything: %+v", got)
			}
			if err != nil {
				return err
			}
			none := identity.NewID()
			if got, err = tx.Alive(ctx, b.org, store.Bearer{Grant: none, Session: none, User: none}); got != (store.Life{}) {
				t.Errorf("a bearer with what is not there: %+v", got)
			}
			return err
		})
	}
	b := settled(t, db)
	for active, want := range map[bool]bool{true: true, false: false} {
		u := create(t, db, b.org, userType, schema.Object{"userName": fmt.Sprint("u", active), "active": active})
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.Alive(ctx, b.org, store.Bearer{User: u.ID})
			if got.UserActive != want {
				t.Errorf("a user with active %v: %+v", active, got)
			}
			return err
		})
	}
}

// artefacts changes and uses up artefacts.
func artefacts(t *testing.T, db *store.DB) {
	b, ctx := settled(t, db), t.Context()
	update(t, db, func(tx *store.Tx) error {
		wantKind(t, "an artefact twice", tx.PutArtefact(ctx, b.artefact), identity.Conflict)
		other := b.artefact
		other.Kind = "link" // after a Conflict the transaction goes on
		return tx.PutArtefact(ctx, other)
	})
	next := b.artefact
	next.Data, next.Subject, next.Expires = []byte("2"), identity.NewID(), later.Add(time.Second)
	update(t, db, func(tx *store.Tx) error { return tx.UpdateArtefact(ctx, next) })
	write := func(fn func(tx *store.Tx) error) error { return db.Update(ctx, fn) }
	wantKind(t, "an old version", write(func(tx *store.Tx) error { return tx.UpdateArtefact(ctx, next) }), identity.Stale)
	next.Version++
	consume := func(kind string, hash []byte, now time.Time) (a identity.Artefact, err error) {
		err = write(func(tx *store.Tx) error {
			a, err = tx.ConsumeArtefact(ctx, b.org, kind, hash, now)
			return err
		})
		return a, err
	}
	_, err := consume("link", []byte("other"), later)
	wantKind(t, "an unknown artefact", err, identity.NotFound)
	got, err := consume("code", b.artefact.Hash, next.Expires)
	wantKind(t, "an expired artefact", err, identity.NotFound)
	if got.Data != nil {
		t.Errorf("an expired artefact is handed out: %+v", got)
	}
	got, err = consume("code", b.artefact.Hash, later)
	next.Consumed = later
	next.Version++
	if diff := cmp.Diff(next, got); diff != "" || err != nil {
		t.Errorf("ConsumeArtefact: %v (-want +got):\n%s", err, diff)
	}
	got, err = consume("code", b.artefact.Hash, later)
	wantKind(t, "a consumed artefact", err, identity.Conflict)
	if diff := cmp.Diff(next, got); diff != "" {
		t.Errorf("a consumed artefact (-want +got):\n%s", diff)
	}
	wantKind(t, "updating a consumed artefact", write(func(tx *store.Tx) error { return tx.UpdateArtefact(ctx, next) }), identity.Stale)
	update(t, db, func(tx *store.Tx) error {
		mine := b.artefact
		for _, kind := range []string{"x", "y", "z"} {
			mine.Kind = kind
			if err := tx.PutArtefact(ctx, mine); err != nil {
				return err
			}
		}
		if err := tx.EndArtefactsOf(ctx, b.org, b.user, []string{"x", "y"}); err != nil {
			return err
		}
		return tx.DeleteArtefact(ctx, b.org, "link", b.artefact.Hash)
	})
	for kind, want := range map[string]int{"x": 0, "y": 0, "z": 1, "link": 0} {
		view(t, db, func(tx *store.Tx) error {
			list, err := tx.ArtefactsOf(ctx, b.org, b.user, kind)
			if len(list) != want {
				t.Errorf("%d artefacts %s are left, want %d", len(list), kind, want)
			}
			return err
		})
	}
}

// onlyOne has many do what one can do.
func onlyOne(t *testing.T, db *store.DB) {
	ctx := t.Context()
	for what, c := range map[string]struct {
		others identity.Kind
		do     func(b *belongings, tx *store.Tx) error
	}{
		"consume an artefact": {identity.Conflict, func(b *belongings, tx *store.Tx) error {
			_, err := tx.ConsumeArtefact(ctx, b.org, "code", b.artefact.Hash, later)
			return err
		}},
		"rotate a grant": {identity.Stale, func(b *belongings, tx *store.Tx) error {
			return tx.RotateGrant(ctx, b.org, b.grant.ID, 1, later, later)
		}},
		"update an authenticator": {identity.Stale, func(b *belongings, tx *store.Tx) error { return tx.UpdateAuthenticator(ctx, b.authenticator) }},
		"put an artefact": {identity.Conflict, func(b *belongings, tx *store.Tx) error {
			return tx.PutArtefact(ctx, identity.Artefact{Org: b.org, Kind: "dpop", Hash: []byte("jti"), Expires: later})
		}},
		"update an app": {identity.Stale, func(b *belongings, tx *store.Tx) error { return tx.UpdateApp(ctx, b.app) }},
		"end a session": {identity.NotFound, func(b *belongings, tx *store.Tx) error { return tx.EndSession(ctx, b.org, b.session.ID, later) }},
		"claim a job": {identity.Busy, func(b *belongings, tx *store.Tx) error {
			list, err := tx.ClaimJobs(ctx, []string{b.job.Kind}, epoch, later, 9)
			if err == nil && len(list) == 0 {
				err = identity.NewError(identity.Busy, "", "There is none left.")
			}
			return err
		}},
	} {
		b := settled(t, db)
		var done atomic.Int64
		together(50, func(int) {
			err := db.Update(ctx, func(tx *store.Tx) error { return c.do(b, tx) })
			switch {
			case err == nil:
				done.Add(1)
			case identity.KindOf(err) != c.others:
				t.Errorf("%s: %v, want %s for all but one", what, err, c.others)
			}
		})
		if done.Load() != 1 {
			t.Errorf("%s: %d of 50 succeeded, want one", what, done.Load())
		}
	}
}

// failures counts failures, also from many sides.
func failures(t *testing.T, db *store.DB) {
	ctx, org := t.Context(), identity.NewOrgID()
	fail := func(ctx context.Context, key string, at time.Time) (a identity.Attempts) {
		err := db.Update(ctx, func(tx *store.Tx) (err error) {
			a, err = tx.AddFailure(ctx, org, key, at, time.Hour)
			return err
		})
		if err != nil {
			t.Errorf("AddFailure: %v", err)
		}
		return a
	}
	fail(ctx, "a", epoch)
	last := epoch.Add(time.Hour - time.Millisecond)
	want := identity.Attempts{Org: org, Key: "a", Failures: 2, First: epoch, Last: last}
	if got := fail(ctx, "a", last); got != want {
		t.Errorf("the second failure: %+v, want %+v", got, want)
	}
	anew := epoch.Add(time.Hour)
	want = identity.Attempts{Org: org, Key: "a", Failures: 1, First: anew, Last: anew}
	if got := fail(ctx, "a", anew); got != want {
		t.Errorf("a failure after the window: %+v, want %+v", got, want)
	}
	together(20, func(int) { fail(ctx, "b", epoch) })
	if got := fail(ctx, "b", epoch); got.Failures != 21 {
		t.Errorf("after 21 failures at once %d are counted", got.Failures)
	}
	update(t, db, func(tx *store.Tx) error { return tx.ClearAttempts(ctx, org, "b", "c") })
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.Attempts(ctx, org, "b")
		if got != (identity.Attempts{Org: org, Key: "b"}) {
			t.Errorf("after ClearAttempts: %+v", got)
		}
		if err != nil {
			return err
		}
		got, err = tx.Attempts(ctx, org, "a")
		if got != want {
			t.Errorf("attempts of another key: %+v, want %+v", got, want)
		}
		return err
	})
}
