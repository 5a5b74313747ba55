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

// replacedRows stores in the place of what there is.
func replacedRows(t *testing.T, db *store.DB) {
	b, ctx := settled(t, db), t.Context()
	c, a, k, d := b.consent, b.authenticator, b.key, b.domain
	c.Scopes, c.Created, c.Modified = []string{"openid"}, later, later
	a.Name, a.Used, a.Sealed = "Other", later, []byte("2")
	k.Active, k.Retiring, k.Gone = later, later, later
	d.Verified = later
	update(t, db, func(tx *store.Tx) error {
		double := b.authenticator
		double.ID, double.User = identity.NewID(), identity.NewID()
		wantKind(t, "a key twice", tx.InsertAuthenticator(ctx, double), identity.Conflict)
		for _, err := range []error{
			tx.PutConsent(ctx, c), tx.UpdateAuthenticator(ctx, a), tx.UpdateSigningKey(ctx, k), tx.PutDomain(ctx, d),
			tx.PutOrgSetting(ctx, b.org, "policy", nil),
			tx.PutVerified(ctx, b.org, b.user, "email", "a@example.org", later),
			tx.PutVerified(ctx, b.org, b.user, "phone", "+1555", later),
			tx.DeleteVerified(ctx, b.org, b.user, "phone", "+1"),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	c.Created = b.consent.Created
	a.Version++
	own, named := b.lookUp(t, db, b.org), b.named(t, db, b.org)
	for what, x := range map[string][2]any{
		"Consent":        {c, own["Consent"]},
		"Authenticators": {[]identity.Authenticator{a}, own["Authenticators"]},
		"Verified":       {map[string]time.Time{"email:a@example.org": later, "phone:+1555": later}, own["Verified"]},
		"SigningKeys":    {[]identity.SigningKey{k}, named["SigningKeys"]},
		"Domains":        {[]identity.Domain{d}, named["Domains"]},
		"OrgSetting":     {[]byte{}, named["OrgSetting"]},
	} {
		if diff := cmp.Diff(x[0], x[1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	update(t, db, func(tx *store.Tx) error { return tx.DeleteSignIn(ctx, b.org, b.user) })
	own = b.lookUp(t, db, b.org)
	for _, what := range []string{"Consent", "Authenticators", "Verified"} {
		if own[what] != nil {
			t.Errorf("DeleteSignIn has left %v", own[what])
		}
	}
	update(t, db, func(tx *store.Tx) error { return tx.DeleteDomain(ctx, b.org, d.Name) })
	d.Org = identity.NewOrgID()
	update(t, db, func(tx *store.Tx) error { return tx.PutDomain(ctx, d) }) // free again
}

// signInEpoch tells what caches have to notice.
func signInEpoch(t *testing.T, db *store.DB) {
	b, ctx := settled(t, db), t.Context()
	at := func() uint64 {
		n, err := db.Epoch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for what, c := range map[string]struct {
		moves bool
		do    func(*store.Tx) error
	}{
		"UpdateApp": {true, func(tx *store.Tx) error { return tx.UpdateApp(ctx, b.app) }},
		"InsertAppSecret": {true, func(tx *store.Tx) error {
			return tx.InsertAppSecret(ctx, b.org, b.app.ID, identity.AppSecret{ID: identity.NewID(), Hash: []byte{1}})
		}},
		"RevokeAppSecret": {true, func(tx *store.Tx) error { return tx.RevokeAppSecret(ctx, b.org, b.app.ID, b.app.Secrets[0].ID, later) }},
		"PutOrgSetting":   {true, func(tx *store.Tx) error { return tx.PutOrgSetting(ctx, b.org, "x", nil) }},
		"UpdateKey":       {true, func(tx *store.Tx) error { return tx.UpdateSigningKey(ctx, b.key) }},
		"PutDomain":       {true, func(tx *store.Tx) error { return tx.PutDomain(ctx, b.domain) }},
		"EndSession":      {false, func(tx *store.Tx) error { return tx.EndSession(ctx, b.org, b.session.ID, later) }},
		"EndGrant":        {false, func(tx *store.Tx) error { return tx.EndGrant(ctx, b.org, b.grant.ID, later) }},
		"PutArtefact": {false, func(tx *store.Tx) error {
			return tx.PutArtefact(ctx, identity.Artefact{Org: b.org, Kind: "x", Hash: []byte{1}})
		}},
		"AddFailure": {false, func(tx *store.Tx) error {
			_, err := tx.AddFailure(ctx, b.org, "x", later, time.Hour)
			return err
		}},
		"InsertJob": {false, func(tx *store.Tx) error {
			return tx.InsertJob(ctx, identity.Job{Org: b.org, ID: identity.NewID(), Kind: "x"})
		}},
		"PutConsent":          {false, func(tx *store.Tx) error { return tx.PutConsent(ctx, b.consent) }},
		"UpdateAuthenticator": {false, func(tx *store.Tx) error { return tx.UpdateAuthenticator(ctx, b.authenticator) }},
	} {
		before := at()
		update(t, db, c.do)
		if moved := at() != before; moved != c.moves {
			t.Errorf("%s has moved the epoch: %v, want %v", what, moved, c.moves)
		}
	}
}

// usersFound looks for people by what they may type.
func usersFound(t *testing.T, db *store.DB) {
	ctx, org := t.Context(), identity.NewOrgID()
	mails := func(list ...string) (out []any) {
		for i, m := range list {
			out = append(out, schema.Object{"value": m, "primary": i == 0})
		}
		return out
	}
	phones := func(p string) []any { return []any{schema.Object{"value": p}} }
	ann := create(t, db, org, userType, schema.Object{
		"userName": "Ann", "emails": mails("Ann@Example.org", "second@example.org"), "phoneNumbers": phones("+15550001"),
	})
	bob := create(t, db, org, userType, schema.Object{
		"userName": "bob@example.org", "emails": mails("shared@example.org"), "phoneNumbers": phones("tel:+15550002"), "active": false,
	})
	cid := create(t, db, org, userType, schema.Object{"userName": "cid", "emails": mails("SHARED@example.org")})
	create(t, db, org, groupType, group("ann"))
	create(t, db, identity.NewOrgID(), userType, schema.Object{"userName": "ann", "emails": mails("second@example.org")})
	for range 7 {
		create(t, db, org, userType, schema.Object{"userName": identity.NewID().String(), "emails": mails("many@example.org")})
	}
	for text, want := range map[string][]identity.ID{
		"ANN": {ann.ID}, "ann@example.ORG": {ann.ID}, "Second@example.org": {ann.ID}, "+15550001": {ann.ID}, "+15550002": {bob.ID},
		"bob@example.org": {bob.ID}, "shared@example.org": {bob.ID, cid.ID}, "nobody": nil, "": nil, "a\x00": nil, "\xff": nil, "15550001": nil,
	} {
		view(t, db, func(tx *store.Tx) error {
			list, err := tx.UsersBySignIn(ctx, org, text)
			var got []identity.ID
			for _, u := range list {
				got = append(got, u.ID)
				if inactive := u.Keys.Active == store.False; inactive != (u.ID == bob.ID) || u.Doc == nil {
					t.Errorf("%q finds %s with active %v", text, u.Doc, u.Keys.Active)
				}
			}
			sameIDs(t, "the users "+text, got, want...)
			return err
		})
	}
	view(t, db, func(tx *store.Tx) error {
		list, err := tx.UsersBySignIn(ctx, org, "many@example.org")
		if len(list) != 5 {
			t.Errorf("an address of seven finds %d users, want five", len(list))
		}
		return err
	})
}

// jobs claims and finishes jobs.
func jobs(t *testing.T, db *store.DB) {
	ctx, orgs := t.Context(), []identity.OrgID{identity.NewOrgID(), identity.NewOrgID()}
	kinds := []string{"mail", "call"}
	var list []identity.Job
	for i := range 5 {
		list = append(list, identity.Job{
			Org: orgs[i%2], ID: identity.NewID(), Kind: kinds[i%2], Due: epoch.Add(time.Duration(i) * time.Second), Created: epoch,
			Sealed: fmt.Append(nil, i),
		})
		update(t, db, func(tx *store.Tx) error { return tx.InsertJob(ctx, list[i]) })
	}
	next := func(kinds ...string) (due time.Time, ok bool) {
		view(t, db, func(tx *store.Tx) (err error) {
			due, ok, err = tx.NextJob(ctx, kinds)
			return err
		})
		return due, ok
	}
	claim := func(now time.Time, limit int, kinds ...string) (got []identity.Job) {
		update(t, db, func(tx *store.Tx) (err error) {
			got, err = tx.ClaimJobs(ctx, kinds, now, now.Add(time.Minute), limit)
			return err
		})
		return got
	}
	if due, ok := next("call"); !ok || !due.Equal(list[1].Due) {
		t.Errorf("NextJob = %v, %v", due, ok)
	}
	if _, ok := next("other"); ok {
		t.Error("NextJob finds a kind that nobody added")
	}
	at := epoch.Add(3 * time.Second)
	want := []identity.Job{list[0], list[1]}
	for i := range want {
		want[i].Due, want[i].Tries = at.Add(time.Minute), 1
	}
	if diff := cmp.Diff(want, claim(at, 2, kinds...)); diff != "" {
		t.Errorf("ClaimJobs (-want +got):\n%s", diff)
	}
	if got := claim(at, 9, kinds...); len(got) != 2 || got[0].ID != list[2].ID || got[1].ID != list[3].ID {
		t.Errorf("the second claim = %+v, want what is due and left", got)
	}
	update(t, db, func(tx *store.Tx) error {
		for _, err := range []error{
			tx.FinishJob(ctx, list[0].Org, list[0].ID, at), tx.FailJob(ctx, list[1].Org, list[1].ID, at, "no hope"),
			tx.RetryJob(ctx, list[2].Org, list[2].ID, at.Add(time.Hour), "later"),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	// The claim of list[3] has run out; list[4] is new.
	if got := claim(at.Add(2*time.Minute), 9, kinds...); len(got) != 2 || got[0].ID != list[4].ID || got[1].Tries != 2 {
		t.Errorf("after a minute: %+v", got)
	}
	view(t, db, func(tx *store.Tx) error {
		failed, err := tx.Job(ctx, list[1].Org, list[1].ID)
		if !failed.Failed || failed.Error != "no hope" || !failed.Finished.Equal(at) {
			t.Errorf("a job given up: %+v", failed)
		}
		if err != nil {
			return err
		}
		all, err := tx.Jobs(ctx, orgs[0], "mail", identity.ID{}, 2)
		if len(all) != 2 || all[0].ID != list[4].ID || all[1].ID != list[2].ID || all[1].Error != "later" {
			t.Errorf("Jobs = %+v, want the newest first", all)
		}
		if err != nil {
			return err
		}
		all, err = tx.Jobs(ctx, orgs[0], "", list[2].ID, 9)
		if len(all) != 1 || all[0].ID != list[0].ID {
			t.Errorf("Jobs after the second = %+v", all)
		}
		return err
	})
	err := db.Update(ctx, func(tx *store.Tx) error { return tx.FinishJob(ctx, list[1].Org, list[1].ID, at) })
	wantKind(t, "finishing what was given up", err, identity.NotFound)
}

// purgeSignIn removes what is over and nothing else.
func purgeSignIn(t *testing.T, db *store.DB) {
	ctx := t.Context()
	kept, b := settled(t, db), settled(t, db)
	before := epoch.Add(48 * time.Hour)
	// What is kept is used after that time.
	update(t, db, func(tx *store.Tx) error {
		s, g, a := kept.session, kept.grant, kept.artefact
		s.ID, s.Hash, s.Idle, s.Expires = identity.NewID(), []byte("2"), before, before
		g.ID, g.Idle, g.Expires = identity.NewID(), before, time.Time{}
		a.Hash, a.Expires = []byte("2"), before
		_, err := tx.AddFailure(ctx, kept.org, "fresh", before, time.Hour)
		for _, err := range []error{err, tx.InsertSession(ctx, s), tx.InsertGrant(ctx, g), tx.PutArtefact(ctx, a),
			tx.FinishJob(ctx, b.org, b.job.ID, later), tx.DeleteApp(ctx, b.org, b.app.ID)} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	const many = 4500 // more than are looked at together
	update(t, db, func(tx *store.Tx) error {
		for i := range many {
			a := identity.Artefact{Org: b.org, Kind: "dpop", Hash: fmt.Append(nil, i), Expires: before.Add(-time.Millisecond)}
			if err := tx.PutArtefact(ctx, a); err != nil {
				return err
			}
		}
		return nil
	})
	n, err := db.PurgeSignin(ctx, before, before)
	// Of both organisations the session, the grant, the artefact and the failure,
	// of one also the job and the consent.
	if n != many+10 || err != nil {
		t.Errorf("PurgeSignin removed %d rows, %v, want %d", n, err, many+10)
	}
	if n, err = db.PurgeSignin(ctx, before, before); n != 0 || err != nil {
		t.Errorf("a second PurgeSignin removed %d rows, %v", n, err)
	}
	own := kept.lookUp(t, db, kept.org)
	for what, want := range map[string]bool{
		"App": true, "Consent": true, "Job": true, "Sessions": true, "Grants": true, "ArtefactsOf": true, "Session": false, "Grant": false,
	} {
		if there := own[what] != nil; there != want {
			t.Errorf("after PurgeSignin %s is there: %v, want %v", what, there, want)
		}
	}
	view(t, db, func(tx *store.Tx) error {
		fresh, err := tx.Attempts(ctx, kept.org, "fresh")
		if fresh.Failures != 1 {
			t.Errorf("fresh failures are forgotten")
		}
		return err
	})
}

// afterwards calls functions after transactions that were kept.
func afterwards(t *testing.T, db *store.DB) {
	calls := 0
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		tx.Then(func() { calls++ })
		return errTest
	})
	if err == nil || calls != 0 {
		t.Errorf("after a failed transaction %d functions were called, %v", calls, err)
	}
	update(t, db, func(tx *store.Tx) error {
		tx.Then(func() { calls++ })
		tx.Then(func() { calls++ })
		if calls != 0 {
			t.Error("a function was called before the end")
		}
		return nil
	})
	if calls != 2 {
		t.Errorf("%d functions were called, want 2", calls)
	}
}
