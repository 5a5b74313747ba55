package signin

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

func skipped(t *testing.T, h *house) {
	ann := h.person("ann")
	app := h.enrolApp(ann)
	all := []Step{"", StepIdentify, StepElsewhere, StepMethod, StepPassword, StepPasskey, StepTOTP, StepEmailCode,
		StepSMSCode, StepRecoveryCode, StepEnrol, StepEnrolTOTP, StepEnrolPasskey, StepCodes, StepNewPassword, StepDone, "magic"}
	try := func(v *visit, at Step) {
		t.Helper()
		for _, step := range all {
			forms := [][]string{{}, {"use", "done"}, {"use", "enrol_totp"}, {"use", "enrol_passkey"}, {"use", "codes"}, {"use", "new_password"},
				{"stored", "1", "skip", "1", "stay", "1"}}
			if step != at {
				forms = append(forms, []string{"identifier", "ann", "password", good, "code", h.totp(app), "back", "1"})
			}
			for _, form := range forms {
				if v.send(step, form...).Step != at {
					t.Fatalf("a form %v of %q at %q leads to %q", form, step, at, v.view.Step)
				}
			}
		}
	}
	v := h.visit(Start{})
	try(v, StepIdentify)
	v.send(StepIdentify, "identifier", "ann")
	try(v, StepPassword)
	v.send(StepPassword, "password", good)
	try(v, StepTOTP)
	if n := h.alive(ann); n != 0 {
		t.Errorf("%d sessions before the second factor", n)
	}
	// The way back leaves nothing of what was proved.
	v.send(StepTOTP, FieldBack, "1")
	v.send(StepIdentify, "identifier", "ann")
	v.at(StepPassword, "")
	v.send(StepPassword, "password", good)
	v.send(StepTOTP, "code", h.totp(app))
	v.at(StepDone, "")
	if v.send(StepTOTP, "code", "1"); v.view.Step != StepDone {
		t.Errorf("an old form after the end leads to %q", v.view.Step)
	}
	h.pass(2 * time.Minute)
	_, err := v.try(StepDone)
	h.wantKind("the flow a while after its end", err, identity.NotFound)
}

func recoverySecond(t *testing.T, h *house) {
	ann := h.person("ann")
	app := h.enrolApp(ann)
	// A remembered browser is asked again after a new password.
	v := h.visit(Start{}).signIn("ann", good)
	v.send(StepTOTP, "code", h.totp(app), FieldRemember, "on")
	browser := v.at(StepDone, "").view.Done.BrowserCookie
	h.visit(Start{Browser: browser}).signIn("ann", good).at(StepDone, "")
	h.ok(h.Recover(h.ctx(), h.acme, Recovery{Identifier: "ann", Address: "192.0.2.1"}))
	view, err := h.UseLink(h.ctx(), h.acme, h.link("ann@example.com", "/recover/"), another)
	if err != nil || !view.Done {
		t.Fatalf("UseLink = %+v, %v", view, err)
	}
	if n := h.alive(ann); n != 0 {
		t.Errorf("%d sessions after a new password, want 0", n)
	}
	h.visit(Start{Browser: browser}).signIn("ann", another).at(StepTOTP, "")
	_, err = h.CheckPassword(h.ctx(), h.acme.ID, "ann", another, "192.0.2.1")
	h.wantKind("the password alone, by a door", err, identity.Denied)
}

func guesses(t *testing.T, h *house) {
	ann := h.person("ann")
	h.enrolApp(ann)
	v := h.visit(Start{}).signIn("ann", good).at(StepTOTP, "")
	v.send(StepTOTP, "code", "000000")
	v.send(StepTOTP, FieldUse, "recovery_code")
	h.visit(Start{}).signIn("ann", "wrong one").at(StepPassword, ErrWrong)
	h.visit(Start{}).signIn("ann@example.com", "wrong two").at(StepPassword, ErrWrong)
	_, err := h.CheckPassword(h.ctx(), h.acme.ID, "ANN", "wrong three", "192.0.2.1")
	h.wantKind("a wrong password by a door", err, identity.Unauthenticated)
	if _, err := h.ChangePassword(h.ctx(), identity.Session{Org: h.acme.ID, User: ann}, "wrong four", another, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	// Five have failed, by five ways: now every way waits, also with what is right.
	v = h.visit(Start{}).signIn("ann", good).at(StepPassword, ErrTooMany)
	if v.view.Retry <= 0 || v.view.Retry > time.Second {
		t.Errorf("wait %v, want up to a second", v.view.Retry)
	}
	_, err = h.CheckPassword(h.ctx(), h.acme.ID, "ann", good, "192.0.2.1")
	if identity.KindOf(err) != identity.Throttled || RetryAfter(err) <= 0 {
		t.Errorf("CheckPassword = %v after %v, want Throttled with a time", err, RetryAfter(err))
	}
	// A right password does not clear what a second factor has failed.
	h.pass(2 * time.Second)
	v = h.visit(Start{}).signIn("ann", good).at(StepTOTP, "")
	v.send(StepTOTP, "code", "000000")
	v.at(StepTOTP, ErrWrong)
	v.send(StepTOTP, "code", "000001")
	v.at(StepTOTP, ErrTooMany)
	if v.view.Retry < time.Second {
		t.Errorf("wait %v, want it to have doubled", v.view.Retry)
	}
}

func manyGuesses(t *testing.T, h *house) {
	h.person("ann")
	tried := fifty(func(i int) bool {
		_, err := h.CheckPassword(h.ctx(), h.acme.ID, "ann", fmt.Sprint("guess ", i), "192.0.2.1")
		if k := identity.KindOf(err); k != identity.Unauthenticated && k != identity.Throttled && k != identity.Busy {
			t.Errorf("CheckPassword: %v", err)
		}
		return identity.KindOf(err) == identity.Unauthenticated
	})
	if most := 5 + maxTurns - 1; tried > most {
		t.Errorf("%d of 50 guesses at once were looked at, want at most %d", tried, most)
	}
	// From many networks they end at the hour's number.
	h.policyOf(Policy{HourlyTries: 20})
	for i := range 20 {
		h.ok(h.fail(h.ctx(), h.suspect(h.acme.ID, mustFind(h, "ann").ID, "", fmt.Sprintf("198.51.100.%d", i), identity.ID{})))
	}
	_, err := h.CheckPassword(h.ctx(), h.acme.ID, "ann", good, "203.0.113.9")
	if identity.KindOf(err) != identity.Throttled || RetryAfter(err) > time.Hour {
		t.Errorf("a new network after many failures: %v, %v", err, RetryAfter(err))
	}
	h.pass(time.Hour + time.Second)
	if _, err := h.CheckPassword(h.ctx(), h.acme.ID, "ann", good, "203.0.113.9"); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

func mustFind(h *house, name string) (p person) {
	h.t.Helper()
	h.ok(h.db.View(h.ctx(), func(tx *store.Tx) (err error) {
		p, err = h.find(h.ctx(), tx, h.acme.ID, name)
		return err
	}))
	return p
}

func manyFlows(t *testing.T, h *house) {
	h.policyOf(Policy{Methods: []Step{StepEmailCode}})
	h.person("ann")
	sent := 0
	for range codesAnHour + 3 {
		v := h.visit(Start{})
		v.send(StepIdentify, "identifier", "ann")
		if v.view.Error == "" {
			sent++
			v.send(StepEmailCode, "code", "000000")
		} else {
			v.at(StepEmailCode, ErrTooMany)
		}
	}
	if sent != codesAnHour || len(h.letters("ann@example.com")) != codesAnHour {
		t.Errorf("%d codes sent, %d letters, want %d", sent, len(h.letters("ann@example.com")), codesAnHour)
	}
}

func codesSecret(t *testing.T, h *house) {
	h.policyOf(Policy{Methods: []Step{StepEmailCode}})
	h.person("ann")
	v := h.visit(Start{})
	v.send(StepIdentify, "identifier", "ann@example.com")
	code := h.code("ann@example.com")
	if text := fmt.Sprintf("%+v", *v.view); strings.Contains(text, code) {
		t.Errorf("the view tells the code: %s", text)
	}
	h.ok(h.db.View(h.ctx(), func(tx *store.Tx) error {
		a, err := tx.Artefact(h.ctx(), h.acme.ID, flowKind, h.flowHash(v.id))
		if strings.Contains(string(a.Data), code) || strings.Contains(string(a.Data), "ann") {
			t.Error("the stored flow is readable")
		}
		jobs, err2 := tx.Jobs(h.ctx(), h.acme.ID, KindCode, identity.ID{}, 10)
		for _, j := range jobs {
			if strings.Contains(j.Note+string(j.Sealed), code) {
				t.Errorf("a job tells the code: %q", j.Note)
			}
		}
		return errors.Join(err, err2)
	}))
}

func totpOnce(t *testing.T, h *house) {
	ann := h.person("ann")
	app := h.enrolApp(ann)
	code := h.totp(app)
	v := h.visit(Start{}).signIn("ann", good)
	w := h.visit(Start{}).signIn("ann", good)
	v.send(StepTOTP, "code", code)
	v.at(StepDone, "")
	w.send(StepTOTP, "code", code)
	w.at(StepTOTP, ErrWrong)
	// And of fifty flows at once, one gets through.
	h.pass(time.Minute)
	code = h.totp(app)
	h.policyOf(Policy{Tries: 20, HourlyTries: 1000})
	var visits []*visit
	for range 8 {
		visits = append(visits, h.visit(Start{}).signIn("ann", good).at(StepTOTP, ""))
	}
	var done atomic.Int64
	var wg sync.WaitGroup
	for _, v := range visits {
		wg.Go(func() {
			if view, err := v.try(StepTOTP, "code", code); err == nil && view.Done != nil {
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if done.Load() != 1 {
		t.Errorf("%d flows got through with one code, want 1", done.Load())
	}
}

func enrolNeeds(t *testing.T, h *house) {
	ann := h.person("ann")
	h.enrolApp(ann)
	h.policyOf(Policy{Second: Always})
	v := h.visit(Start{ACR: []string{"3"}, Essential: true}).signIn("ann", good).at(StepTOTP, "")
	v.send(StepTOTP, FieldUse, string(StepEnrolPasskey))
	v.at(StepTOTP, "")
}

func enumeration(t *testing.T, h *house) {
	hashFully(t)
	h.policyOf(Policy{Methods: []Step{StepPassword, StepPasskey, StepEmailCode}})
	ann := h.person("ann@example.com")
	h.enrolApp(ann)
	h.enrolKey(ann)
	h.personIn(h.acme, "shut@example.com", schema.Object{"active": false, "phoneNumbers": nil})
	plain := func(v View, name string) View {
		v.ID, v.Passkey, v.Retry, v.Resend = "", nil, v.Retry.Round(time.Minute), v.Resend.Round(time.Minute)
		v.Person, v.Target = strings.ReplaceAll(v.Person, name, "X"), strings.ReplaceAll(v.Target, name, "X")
		return v
	}
	walk := func(name string) (views []View, options []int) {
		v := h.visit(Start{Address: "192.0.2.77"})
		note := func() {
			views = append(views, plain(*v.view, name))
			options = append(options, len(v.view.Passkey))
		}
		v.send(StepIdentify, "identifier", name)
		note()
		for i := range 7 {
			v.send(StepPassword, "password", fmt.Sprint("guess ", i))
			note()
		}
		v.send(StepPassword, "password", strings.Repeat("x", 2000))
		note()
		v.send(StepPassword, FieldUse, string(StepPasskey))
		note()
		v.send(StepPasskey, "credential", "{}")
		note()
		v.send(StepPasskey, FieldUse, string(StepEmailCode))
		note()
		v.send(StepEmailCode, "code", "000000")
		note()
		h.ok(h.Recover(h.ctx(), h.acme, Recovery{Identifier: name, Address: "192.0.2.77"}))
		return views, options
	}
	known, knownOptions := walk("ann@example.com")
	for _, name := range []string{"nobody@example.com", "shut@example.com"} {
		unknown, options := walk(name)
		if diff := cmp.Diff(known, unknown); diff != "" {
			t.Errorf("views of ann and of %s differ: %s", name, diff)
		}
		if diff := cmp.Diff(knownOptions, options); diff != "" {
			t.Errorf("sizes of the options of ann and of %s differ: %s", name, diff)
		}
	}
	_, err1 := h.CheckPassword(h.ctx(), h.acme.ID, "nobody", good, "192.0.2.5")
	_, err2 := h.CheckPassword(h.ctx(), h.acme.ID, "shut@example.com", good, "192.0.2.5")
	if err1 != error(errNotSignedIn) || err2 != error(errNotSignedIn) {
		t.Errorf("CheckPassword = %v and %v, want the same", err1, err2)
	}
	work := func(name string) time.Duration {
		at := spent(t)
		for i := range 4 {
			_, err := h.CheckPassword(h.ctx(), h.acme.ID, name, fmt.Sprint("guess ", i), "192.0.2.6")
			h.wantKind("a guess", err, identity.Unauthenticated)
		}
		return spent(t) - at
	}
	a, b := work("ann@example.com"), work("no one at all")
	if a > 2*b || b > 2*a {
		t.Errorf("guesses for a known name take %v, for an unknown one %v", a, b)
	}
}

func longPasswords(t *testing.T, h *house) {
	h.person("ann")
	long := strings.Repeat("x", 1<<20)
	begun := time.Now()
	fifty(func(i int) bool {
		_, err := h.CheckPassword(h.ctx(), h.acme.ID, fmt.Sprint("name-", i), long, fmt.Sprintf("192.0.2.%d", i))
		k := identity.KindOf(err)
		if k != identity.Unauthenticated && k != identity.Busy {
			t.Errorf("CheckPassword: %v", err)
		}
		return true
	})
	if d := time.Since(begun); d > 20*time.Second {
		t.Errorf("fifty long passwords took %v", d)
	}
	link, err := h.Link(h.ctx(), cli, h.acme, mustFind(h, "ann").ID, LinkRecover)
	h.ok(err)
	if v, err := h.UseLink(h.ctx(), h.acme, link.Token, long); err != nil || v.Error != ErrTooLong {
		t.Errorf("UseLink = %+v, %v", v, err)
	}
	if secret.MaxPassword > 4096 {
		t.Errorf("passwords have up to %d bytes", secret.MaxPassword)
	}
}
