package session

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// A house has one organisation with one user.
type house struct {
	*Service
	at   time.Time
	jobs *jobs.Service
	org  identity.OrgID
	user identity.ID
}

func open(t testing.TB, db *store.DB) *house {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{1}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), org: identity.NewOrgID()}
	now := func() time.Time { return h.at }
	h.jobs = jobs.New(jobs.Options{DB: db, Keys: keys, Now: now})
	h.Service = New(Options{DB: db, Keys: keys, Jobs: h.jobs, Now: now})
	o := identity.Organisation{ID: h.org, Slug: "o", Created: h.at, Modified: h.at}
	h.update(t, func(tx *store.Tx) error { return tx.InsertOrganisation(t.Context(), o) })
	h.user = h.person(t, "ann", true)
	return h
}

func (h *house) update(t testing.TB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := h.db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (h *house) person(t testing.TB, name string, active bool) identity.ID {
	t.Helper()
	rt := schema.Standard().TypeByName("User")
	r := &store.Resource{Org: h.org, Type: "User", ID: identity.NewID(), Version: 1, Created: h.at, Modified: h.at}
	doc := schema.Object{"schemas": []any{rt.Schema.ID}, "id": r.ID.String(), "userName": name, "active": active}
	r.Doc = rt.Encode(doc)
	if err := h.db.Index(r, rt, doc); err != nil {
		t.Fatal(err)
	}
	h.update(t, func(tx *store.Tx) error { return tx.Insert(t.Context(), r) })
	return r.ID
}

func (h *house) start(t testing.TB, user identity.ID) (w identity.Session, cookie string) {
	t.Helper()
	h.update(t, func(tx *store.Tx) (err error) {
		w, cookie, err = h.Start(t.Context(), tx, NewSession{Org: h.org, User: user, AMR: []string{"pwd"}, ACR: "1", Agent: strings.Repeat("é", 200)})
		return err
	})
	return w, cookie
}

func (h *house) wantCurrent(t testing.TB, phrase, cookie string, want bool) {
	t.Helper()
	_, err := h.Current(t.Context(), h.org, cookie)
	if want && err != nil || !want && identity.KindOf(err) != identity.Unauthenticated {
		t.Errorf("%s: Current says %v, want somebody: %v", phrase, err, want)
	}
}

// told returns the sessions of which apps are to be told.
func (h *house) told(t testing.TB) (ended []identity.ID) {
	t.Helper()
	err := h.db.View(t.Context(), func(tx *store.Tx) error {
		list, err := tx.Jobs(t.Context(), h.org, SignedOutKind, identity.ID{}, 99)
		for _, j := range list {
			body, err := h.jobs.Open(j)
			var out SignedOut
			if err == nil {
				err = json.Unmarshal(body, &out)
			}
			if err != nil || out.Org != h.org || out.User != j.Subject {
				t.Errorf("a job says %+v, %v", out, err)
			}
			ended = append(ended, out.Sessions...)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return ended
}

func TestCurrent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		w, cookie := h.start(t, h.user)
		got, err := h.Current(t.Context(), h.org, cookie)
		if diff := cmp.Diff(w, got); diff != "" || err != nil {
			t.Errorf("Current: %v (-want +got):\n%s", err, diff)
		}
		if len(w.Agent) > 256 || bytes.Contains(w.Hash, []byte(cookie)) {
			t.Errorf("the row holds %q and %q", w.Agent, w.Hash)
		}
		for _, bad := range []string{"", "x", strings.Repeat("a", 43), cookie + "a", cookie[1:], strings.Repeat("\x00", 43), strings.Repeat("x", 1<<16)} {
			h.wantCurrent(t, "the cookie "+bad[:min(len(bad), 9)], bad, false)
		}
		if _, err := h.Current(t.Context(), identity.NewOrgID(), cookie); identity.KindOf(err) != identity.Unauthenticated {
			t.Errorf("in another organisation: %v", err)
		}
		_, of := h.start(t, h.person(t, "bob", false))
		h.wantCurrent(t, "a user who is not active", of, false)
		_, of = h.start(t, identity.NewID())
		h.wantCurrent(t, "a user who is not there", of, false)
	})
}

func TestIdle(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		_, used := h.start(t, h.user)
		_, idle := h.start(t, h.user)
		h.at = h.at.Add(touchEvery - time.Second)
		before, err := h.Current(t.Context(), h.org, used)
		if err != nil || !before.Seen.Equal(before.Created) {
			t.Errorf("within a minute: %+v, %v, want no write", before, err)
		}
		for range 3 {
			h.at = h.at.Add(defaultIdle - time.Minute)
			h.wantCurrent(t, "a session that is used", used, h.at.Before(before.Expires))
		}
		h.wantCurrent(t, "a session that is not used", idle, false)
		h.at = before.Expires.Add(-time.Millisecond)
		h.wantCurrent(t, "a session just before its end", used, true)
		h.at = before.Expires
		h.wantCurrent(t, "a session at its end", used, false)
	})
}

func TestRaise(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		w, cookie := h.start(t, h.user)
		h.at = h.at.Add(time.Hour)
		fresh, err := h.Raise(t.Context(), h.org, w.ID, []string{"pwd", "otp"}, "2", h.at)
		if err != nil {
			t.Fatal(err)
		}
		h.wantCurrent(t, "the cookie of before", cookie, false)
		got, err := h.Current(t.Context(), h.org, fresh)
		if err != nil || got.ID != w.ID || got.ACR != "2" || len(got.AMR) != 2 || !got.AuthTime.Equal(h.at) || !got.Idle.Equal(h.at.Add(defaultIdle)) {
			t.Errorf("after Raise: %+v, %v", got, err)
		}
		if err := h.End(t.Context(), h.org, w.ID); err != nil {
			t.Fatal(err)
		}
		for _, id := range []identity.ID{w.ID, identity.NewID()} {
			if _, err := h.Raise(t.Context(), h.org, id, nil, "3", h.at); identity.KindOf(err) != identity.Unauthenticated {
				t.Errorf("raising what has ended: %v", err)
			}
		}
	})
}

func TestEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		w, cookie := h.start(t, h.user)
		for range 2 {
			if err := h.End(t.Context(), h.org, w.ID); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.End(t.Context(), h.org, identity.NewID()); err != nil {
			t.Errorf("ending what is not there: %v", err)
		}
		h.wantCurrent(t, "an ended session", cookie, false)
		if diff := cmp.Diff([]identity.ID{w.ID}, h.told(t)); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

func TestEndUser(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		a, ca := h.start(t, h.user)
		b, cb := h.start(t, h.user)
		_, other := h.start(t, h.person(t, "bob", true))
		h.update(t, func(tx *store.Tx) error { return h.EndUser(t.Context(), tx, h.org, h.user, b.ID) })
		h.wantCurrent(t, "a session of the user", ca, false)
		h.wantCurrent(t, "the session that stays", cb, true)
		h.wantCurrent(t, "the session of another", other, true)
		list, err := h.List(t.Context(), h.org, h.user)
		if err != nil || len(list) != 1 || list[0].ID != b.ID {
			t.Errorf("List = %+v, %v", list, err)
		}
		h.update(t, func(tx *store.Tx) error { return h.EndUser(t.Context(), tx, h.org, h.user, identity.ID{}) })
		h.update(t, func(tx *store.Tx) error { return h.EndUser(t.Context(), tx, h.org, h.user, identity.ID{}) })
		if diff := cmp.Diff([]identity.ID{b.ID, a.ID}, h.told(t)); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}
