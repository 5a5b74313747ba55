package factor

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// A house is a service with a clock that tests move.
type house struct {
	t     testing.TB
	clock atomic.Int64 // Unix seconds
	org   identity.Organisation
	user  identity.ID
	*Service
}

const public = "https://id.example.com"

func open(t testing.TB, db *store.DB) *house {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{1}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, user: identity.NewID()}
	h.clock.Store(1_800_000_000)
	h.Service, err = New(Options{DB: db, Keys: keys, Public: public, Now: func() time.Time { return time.Unix(h.clock.Load(), 0) }})
	if err != nil {
		t.Fatal(err)
	}
	h.org = h.organisation("acme")
	return h
}

func (h *house) organisation(slug string) identity.Organisation {
	h.t.Helper()
	o := identity.Organisation{ID: identity.NewOrgID(), Slug: slug, Name: strings.ToUpper(slug[:1]) + slug[1:], Created: h.now(), Modified: h.now()}
	if err := h.db.Update(h.t.Context(), func(tx *store.Tx) error { return tx.InsertOrganisation(h.t.Context(), o) }); err != nil {
		h.t.Fatal(err)
	}
	return o
}

func (h *house) list() []Info {
	h.t.Helper()
	list, err := h.List(h.t.Context(), h.org.ID, h.user)
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

// wantWrong fails the test unless err is ErrWrong, or nil if ok.
func wantWrong(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, ErrWrong) {
		t.Errorf("%s: %v, want ErrWrong", what, err)
	}
}

// together calls fn n times at once and counts successes; every other answer
// must be ErrWrong.
func together(t testing.TB, n int, fn func() error) (won int64) {
	t.Helper()
	var count atomic.Int64
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			switch err := fn(); {
			case err == nil:
				count.Add(1)
			case !errors.Is(err, ErrWrong):
				t.Errorf("one of many at once: %v", err)
			}
		})
	}
	wg.Wait()
	return count.Load()
}

func TestListRenameRemove(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h, ctx := open(t, db), t.Context()
		if _, err := h.NewRecovery(ctx, h.org.ID, h.user); err != nil {
			t.Fatal(err)
		}
		h.enrolApp("Phone")
		list := h.list()
		at := time.Unix(h.clock.Load(), 0).UTC()
		want := []Info{{ID: list[0].ID, Kind: Recovery, Created: at, Left: 10}, {ID: list[1].ID, Kind: TOTP, Name: "Phone", Created: at}}
		if d := cmp.Diff(want, list); d != "" {
			t.Fatal(d)
		}
		app := list[1].ID
		if err := h.Rename(ctx, h.org.ID, h.user, app, "  New phone "); err != nil {
			t.Fatal(err)
		}
		if got := h.list()[1].Name; got != "New phone" {
			t.Errorf("renamed to %q", got)
		}
		for what, name := range map[string]string{"nothing": " ", "two lines": "a\nb", "too long": strings.Repeat("é", maxName+1), "no UTF-8": "\xff"} {
			if err := h.Rename(ctx, h.org.ID, h.user, app, name); identity.KindOf(err) != identity.Invalid {
				t.Errorf("Rename to %s: %v", what, err)
			}
		}
		stranger, other := identity.NewID(), h.organisation("other").ID
		for what, err := range map[string]error{
			"C37 rename by another user":    h.Rename(ctx, h.org.ID, stranger, app, "x"),
			"C37 rename by another org":     h.Rename(ctx, other, h.user, app, "x"),
			"C37 remove by another user":    h.Remove(ctx, h.org.ID, stranger, app),
			"C37 remove by another org":     h.Remove(ctx, other, h.user, app),
			"remove what there is not":      h.Remove(ctx, h.org.ID, h.user, identity.NewID()),
			"C37 an admin of another org's": h.RemoveBy(ctx, identity.Actor{Kind: identity.ByUser, Org: other}, h.user, app),
		} {
			if identity.KindOf(err) != identity.NotFound {
				t.Errorf("%s: %v, want NotFound", what, err)
			}
		}
		if err := h.Remove(ctx, h.org.ID, h.user, app); err != nil {
			t.Fatal(err)
		}
		if got := h.list(); len(got) != 1 || got[0].Kind != Recovery {
			t.Errorf("after Remove: %+v", got)
		}
		h.checkChanges("create recovery", "create totp", "delete totp")
	})
}

// checkChanges compares the change log of factors with what is expected.
func (h *house) checkChanges(want ...string) {
	h.t.Helper()
	var got []string
	err := h.db.View(h.t.Context(), func(tx *store.Tx) error {
		list, err := tx.ChangesOf(h.t.Context(), h.org.ID, h.user, 100)
		for _, c := range list {
			got = append([]string{string(c.Kind) + " " + c.Paths[0]}, got...)
		}
		return err
	})
	if d := cmp.Diff(want, got); d != "" || err != nil {
		h.t.Error(d, err)
	}
}

func TestMaxFactors(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	for range MaxFactors {
		h.enrolApp("")
	}
	e, err := h.NewTOTP(h.org, h.user, "ada")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.ConfirmTOTP(t.Context(), h.org.ID, h.user, e.State, h.code(e.Secret, 0), ""); identity.KindOf(err) != identity.Invalid {
		t.Errorf("one factor too many: %v", err)
	}
}

func TestRecovery(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h, ctx := open(t, db), t.Context()
		use := func(code string) (int, error) { return h.UseRecovery(ctx, h.org.ID, h.user, code) }
		_, err := use("00000-00000")
		wantWrong(t, "without any", err)
		old, err := h.NewRecovery(ctx, h.org.ID, h.user)
		if err != nil {
			t.Fatal(err)
		}
		codes, err := h.NewRecovery(ctx, h.org.ID, h.user)
		if err != nil || len(codes) != 10 || len(codes[0]) != 11 {
			t.Fatalf("NewRecovery = %v, %v", codes, err)
		}
		_, err = use(old[0])
		wantWrong(t, "a code that was replaced", err)
		for what, code := range map[string]string{"nothing": "", "a long text": strings.Repeat("A", 1<<20), "nine letters": codes[0][:10], "no letters": "\x00\xff"} {
			_, err := use(code)
			wantWrong(t, what, err)
		}
		sloppy := strings.ToLower(strings.NewReplacer("-", " ", "1", "l", "0", "o").Replace(codes[0]))
		if left, err := use(sloppy); err != nil || left != 9 {
			t.Errorf("UseRecovery(%q) = %d, %v", sloppy, left, err)
		}
		_, err = use(codes[0])
		wantWrong(t, "a spent code", err)
		_, err = h.UseRecovery(ctx, h.org.ID, identity.NewID(), codes[1])
		wantWrong(t, "the code of another", err)
		if won := together(t, 50, func() error { _, err := use(codes[1]); return err }); won != 1 {
			t.Errorf("C34 one code 50 times at once: %d were accepted", won)
		}
		if got := h.list(); len(got) != 1 || got[0].Left != 8 || got[0].Used.IsZero() {
			t.Errorf("List = %+v", got)
		}
	})
}

func TestCode(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	text, c := h.NewCode("flow 1 a@example.com")
	if len(text) != 6 || c.Tries != 5 || h.Resend(c) != time.Minute || bytes.Contains(c.Hash, []byte(text)) {
		t.Fatalf("NewCode = %q, %+v", text, c)
	}
	wrongText := "000000"
	if text == wrongText {
		wrongText = "000001"
	}
	right := func(change func(*Code)) error {
		d := c
		change(&d)
		return h.CheckCode(&d, "flow 1 a@example.com", text[:3]+" "+text[3:])
	}
	if err := right(func(*Code) {}); err != nil {
		t.Errorf("the right code: %v", err)
	}
	wantWrong(t, "without tries", right(func(d *Code) { d.Tries = 0 }))
	wantWrong(t, "too late", right(func(d *Code) { d.Expires = h.now() }))
	d := c
	wantWrong(t, "for another flow", h.CheckCode(&d, "flow 2 a@example.com", text))
	if err := h.CheckCode(&d, "flow 1 a@example.com", text); err != nil || d.Tries != 0 {
		t.Errorf("at the second try: %v, %d left", err, d.Tries)
	}
	wantWrong(t, "once more", h.CheckCode(&d, "flow 1 a@example.com", text))
	d = c
	for range codeTries {
		wantWrong(t, "a wrong code", h.CheckCode(&d, "flow 1 a@example.com", wrongText))
	}
	wantWrong(t, "the right code after five wrong ones", h.CheckCode(&d, "flow 1 a@example.com", text))
	h.clock.Add(60)
	if got := h.Resend(c); got != 0 {
		t.Errorf("Resend after a minute = %v", got)
	}
}

// A row that somebody moved to another person opens nothing.
func TestRowsAreBoundToTheirPerson(t *testing.T) {
	h, ctx := open(t, storetest.SQLite(t)), t.Context()
	key := h.enrolApp("Phone")
	thief := identity.NewID()
	err := h.db.Update(ctx, func(tx *store.Tx) error {
		rows, err := tx.Authenticators(ctx, h.org.ID, h.user)
		if err != nil {
			return err
		}
		a := rows[0]
		a.User, a.ID = thief, identity.NewID()
		a.Key = a.ID[:]
		return tx.InsertAuthenticator(ctx, a)
	})
	if err != nil {
		t.Fatal(err)
	}
	h.clock.Add(60)
	if err := h.VerifyTOTP(ctx, h.org.ID, thief, h.code(key, 0)); !errors.Is(err, secret.ErrSealed) {
		t.Errorf("VerifyTOTP of a moved row = %v, want ErrSealed", err)
	}
}
