package signin

import (
	"errors"
	"fmt"
	"net/url"
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
	"github.com/muster-id/muster/store/storetest"
)

// TestAttack tries the attacks of reference/oidc-security.md, by number.
func TestAttack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		for i, c := range attacks {
			t.Run(c.name, func(t *testing.T) { c.attack(t, h.in(t, fmt.Sprint("acme-", i))) })
		}
	})
	for _, c := range []struct {
		name   string
		attack func(*testing.T, *house)
	}{
		{"C42 setup is closed for ever", setupClosed},
		{"C42 fifty set up", fiftySetup},
	} {
		t.Run(c.name, func(t *testing.T) { each(t, c.attack) })
	}
}

var attacks = []struct {
	name   string
	attack func(*testing.T, *house)
}{
	{"A6 links name the configured address", linksArePublic},
	{"A7 a flow in another browser", otherBrowser},
	{"A8 signing in as somebody else over a session", otherPerson},
	{"B13 tokens of one kind as another", otherKind},
	{"B14 fifty use one link", fiftyLinks},
	{"B14 fifty send one code", fiftyCodes},
	{"B14 fifty confirm one address", fiftyConfirm},
	{"C32 steps are not skipped", skipped},
	{"C33 recovery is no way around the second factor", recoverySecond},
	{"C34 guesses by every way are counted together", guesses},
	{"C34 many guesses at once", manyGuesses},
	{"C34 codes of many flows", manyFlows},
	{"C35 codes are shown to nobody", codesSecret},
	{"C36 a code of the app is good once", totpOnce},
	{"C37 enrolling needs what is enrolled", enrolNeeds},
	{"C39 an address that somebody else claims", claimed},
	{"C40 addresses that look the same", lookAlike},
	{"C43 unknown names are answered as known ones", enumeration},
	{"C44 long passwords", longPasswords},
	{"C45 a stranger locks somebody out", stranger},
	{"C46 a token of one person beside the session of another", otherSession},
	{"C47 a link is overtaken", overtaken},
}

func linksArePublic(t *testing.T, h *house) {
	ann := h.person("ann")
	h.ok(h.Recover(h.ctx(), h.acme, Recovery{Identifier: "ann", Address: "192.0.2.1"}))
	h.ok(h.VerifyEmail(h.ctx(), h.acme, ann, "ann@example.com"))
	link, err := h.Link(h.ctx(), cli, h.acme, ann, LinkWelcome)
	h.ok(err)
	first, err := h.FirstLink(h.ctx())
	h.ok(err)
	if !strings.HasPrefix(link.URL, h.page(h.acme, "/recover/")) || !strings.HasPrefix(first.URL, public+"/setup#") {
		t.Errorf("links %q and %q, want them at the public address", link.URL, first.URL)
	}
	for _, l := range h.letters("ann@example.com") {
		for _, u := range linkText.FindAllString(l.Text, -1) {
			if !strings.HasPrefix(u, h.page(h.acme, "/")) {
				t.Errorf("a letter links to %q", u)
			}
		}
	}
}

func otherBrowser(t *testing.T, h *house) {
	h.person("ann")
	v := h.visit(Start{})
	other := h.visit(Start{})
	for _, cookie := range []string{"", "x", other.cookie, v.cookie + "x", strings.Repeat("x", 5000)} {
		if _, err := h.Flow(h.ctx(), h.acme, v.id, cookie); err == nil {
			t.Errorf("Flow with the cookie %.20q works", cookie)
		}
		_, err := h.Answer(h.ctx(), h.acme, v.id, cookie, Input{Step: StepIdentify, Fields: url.Values{"identifier": {"ann"}}})
		if err == nil {
			t.Errorf("Answer with the cookie %.20q works", cookie)
		}
	}
	if _, err := h.Flow(h.ctx(), h.root, v.id, v.cookie); identity.KindOf(err) != identity.NotFound {
		t.Errorf("the flow in another organisation: %v, want NotFound", err)
	}
	for _, back := range []string{"", "https://evil.example", "//evil.example", "/\\evil.example", "/a\nb"} {
		if _, _, err := h.Begin(h.ctx(), h.acme, Start{Return: back}); err == nil {
			t.Errorf("Begin accepts %q as the way back", back)
		}
	}
	h.pass(2 * time.Hour)
	if _, err := h.Flow(h.ctx(), h.acme, v.id, v.cookie); identity.KindOf(err) != identity.NotFound {
		t.Errorf("an old flow: %v, want NotFound", err)
	}
}

func otherPerson(t *testing.T, h *house) {
	ann, bob := h.person("ann"), h.person("bob")
	a := h.visit(Start{}).signIn("ann", good).at(StepDone, "").view.Done
	v := h.visit(Start{Session: &a.Session, Fresh: true, Browser: a.BrowserCookie}).at(StepPassword, "")
	if v.view.Person != "ann" {
		t.Errorf("person = %q, want ann", v.view.Person)
	}
	v.send(StepPassword, FieldBack, "1")
	b := v.signIn("bob", good).at(StepDone, "").view.Done
	if b.Session.ID == a.Session.ID || b.Session.User != bob || b.SessionCookie == a.SessionCookie {
		t.Errorf("bob got %+v, want a session of his own", b.Session)
	}
	if got, err := h.sessions.Current(h.ctx(), h.acme.ID, a.SessionCookie); err != nil || got.User != ann {
		t.Errorf("ann's session = %v, %v, want it alive and hers", got.User, err)
	}
	// The same person, anew: the same session, another cookie.
	again := h.visit(Start{Session: &a.Session, Fresh: true})
	again.send(StepPassword, "password", good)
	if d := again.at(StepDone, "").view.Done; d.Session.ID != a.Session.ID || d.SessionCookie == a.SessionCookie {
		t.Errorf("ann anew got %+v", d)
	}
}

func otherKind(t *testing.T, h *house) {
	ann := h.person("ann")
	link, err := h.Link(h.ctx(), cli, h.acme, ann, LinkWelcome)
	h.ok(err)
	first, err := h.FirstLink(h.ctx())
	h.ok(err)
	h.ok(h.VerifyEmail(h.ctx(), h.acme, ann, "ann@example.com"))
	verify := h.link("ann@example.com", "/verify/")
	for _, token := range []string{"", "r" + link.Token[1:], first.Token, verify, "w" + verify, link.Token + "x", strings.Repeat("w", 5000)} {
		_, err := h.OpenLink(h.ctx(), h.acme, token)
		h.wantKind(fmt.Sprintf("a link %.10q", token), err, identity.NotFound)
	}
	for _, token := range []string{"", link.Token, link.Token[1:], first.Token} {
		_, err := h.ConfirmEmail(h.ctx(), h.acme, token)
		h.wantKind(fmt.Sprintf("a verification %.10q", token), err, identity.NotFound)
	}
	for _, token := range []string{"", link.Token, verify} {
		_, _, err := h.Setup(h.ctx(), token, NewAdministrator{Name: "eve", Password: good})
		h.wantKind(fmt.Sprintf("a setup %.10q", token), err, identity.NotFound)
	}
	_, err = h.OpenLink(h.ctx(), h.root, link.Token)
	h.wantKind("the link in another organisation", err, identity.NotFound)
	if v, err := h.OpenLink(h.ctx(), h.acme, link.Token); err != nil || v.Name != "ann" || v.Kind != LinkWelcome {
		t.Errorf("the link itself: %+v, %v", v, err)
	}
}

// fifty runs do fifty times at once and returns how often it was true.
func fifty(do func(i int) bool) int {
	var wg sync.WaitGroup
	var n atomic.Int64
	start := make(chan struct{})
	for i := range 50 {
		wg.Go(func() {
			<-start
			if do(i) {
				n.Add(1)
			}
		})
	}
	close(start)
	wg.Wait()
	return int(n.Load())
}

func fiftyLinks(t *testing.T, h *house) {
	ann := h.person("ann")
	link, err := h.Link(h.ctx(), cli, h.acme, ann, LinkRecover)
	h.ok(err)
	n := fifty(func(i int) bool {
		v, err := h.UseLink(h.ctx(), h.acme, link.Token, fmt.Sprintf("%s %d", another, i))
		if err != nil && identity.KindOf(err) != identity.NotFound {
			t.Errorf("UseLink: %v", err)
		}
		return err == nil && v.Done
	})
	if n != 1 {
		t.Errorf("%d of 50 set a password, want 1", n)
	}
}

func fiftyCodes(t *testing.T, h *house) {
	h.policyOf(Policy{Methods: []Step{StepEmailCode}})
	ann := h.person("ann")
	v := h.visit(Start{})
	v.send(StepIdentify, "identifier", "ann@example.com")
	code := h.code("ann@example.com")
	cookies := sync.Map{}
	fifty(func(int) bool {
		view, err := v.try(StepEmailCode, "code", code)
		if err != nil {
			t.Errorf("Answer: %v", err)
			return false
		}
		if view.Done != nil {
			cookies.Store(view.Done.SessionCookie, true)
		}
		return view.Done != nil
	})
	n := 0
	cookies.Range(func(any, any) bool { n++; return true })
	if n != 1 || h.alive(ann) != 1 {
		t.Errorf("%d cookies and %d sessions, want 1 of each", n, h.alive(ann))
	}
	// Tries of one code at once are not more than it has.
	v = h.visit(Start{})
	v.send(StepIdentify, "identifier", "ann@example.com")
	code = h.code("ann@example.com")
	fifty(func(i int) bool {
		_, err := v.try(StepEmailCode, "code", wrongCode(code))
		return err == nil
	})
	if view, err := v.try(StepEmailCode, "code", code); err != nil || view.Done != nil {
		t.Errorf("the right code after fifty wrong ones: %+v, %v, want no way in", view, err)
	}
}

func fiftyConfirm(t *testing.T, h *house) {
	ann := h.person("ann")
	h.ok(h.VerifyEmail(h.ctx(), h.acme, ann, "ann@example.com"))
	token := h.link("ann@example.com", "/verify/")
	n := fifty(func(int) bool {
		_, err := h.ConfirmEmail(h.ctx(), h.acme, token)
		return err == nil
	})
	if n != 1 {
		t.Errorf("%d of 50 confirmed, want 1", n)
	}
}

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

func claimed(t *testing.T, h *house) {
	// eve says that ann's address is hers; ann has proved it.
	ann := h.person("ann")
	h.ok(h.VerifyEmail(h.ctx(), h.acme, ann, "ann@example.com"))
	_, err := h.ConfirmEmail(h.ctx(), h.acme, h.link("ann@example.com", "/verify/"))
	h.ok(err)
	eve := h.personIn(h.acme, "eve", schema.Object{
		"emails": []any{schema.Object{"value": "ann@example.com", "primary": true}}, "password": another, "phoneNumbers": nil,
	})
	if got := mustFind(h, "ann@example.com"); got.ID != ann {
		t.Errorf("the address names %v, want ann, who proved it", got.Name)
	}
	h.visit(Start{}).signIn("ann@example.com", another).at(StepPassword, ErrWrong)
	if n := h.alive(eve); n != 0 {
		t.Errorf("eve has %d sessions by ann's address", n)
	}
	// Nobody is meant while nobody has proved it.
	h.personIn(h.acme, "x1", schema.Object{"emails": []any{schema.Object{"value": "shared@example.com"}}, "phoneNumbers": nil})
	h.personIn(h.acme, "x2", schema.Object{"emails": []any{schema.Object{"value": "shared@example.com"}}, "phoneNumbers": nil})
	if got := mustFind(h, "shared@example.com"); !got.ID.IsZero() {
		t.Errorf("an address of two names %q", got.Name)
	}
	// An address that is gone is no longer verified by its letter.
	h.pass(2 * time.Minute)
	h.ok(h.VerifyEmail(h.ctx(), h.acme, ann, "ann@example.com"))
	token := h.link("ann@example.com", "/verify/")
	h.change(ann, schema.Object{"emails": []any{schema.Object{"value": "new@example.com"}}})
	_, err = h.ConfirmEmail(h.ctx(), h.acme, token)
	h.wantKind("the letter to the old address", err, identity.NotFound)
}

func lookAlike(t *testing.T, h *house) {
	h.person("ann")
	for _, typed := range []string{
		"аnn@example.com", "ann+x@example.com", "ann@example.com.", "\"ann\"@example.com", "ann@example.com\n@evil.example",
		"ann@evil.example@example.com", "a.nn@example.com", "ann@example.com,eve@evil.example", "ann@exаmple.com",
	} {
		if err := h.Recover(h.ctx(), h.acme, Recovery{Identifier: typed, Address: "192.0.2.1"}); err != nil {
			t.Errorf("Recover(%q): %v", typed, err)
		}
	}
	h.work()
	all, err := h.mail.Outbox(h.ctx(), h.acme.ID, identity.ID{}, 50)
	h.ok(err)
	for _, l := range all {
		t.Errorf("a letter went to %q", l.To)
	}
	// What folds to the same goes to the address that the directory has.
	h.ok(h.Recover(h.ctx(), h.acme, Recovery{Identifier: "ＡＮＮ@example.com", Address: "192.0.2.1"}))
	if n := len(h.letters("ann@example.com")); n != 1 {
		t.Errorf("%d letters to ann's own address, want 1", n)
	}
}

func setupClosed(t *testing.T, h *house) {
	first, err := h.FirstLink(h.ctx())
	h.ok(err)
	link, err := h.FirstLink(h.ctx())
	h.ok(err)
	_, _, err = h.Setup(h.ctx(), first.Token, NewAdministrator{Name: "root-admin", Password: good})
	h.wantKind("an older link", err, identity.NotFound)
	if _, fault, err := h.Setup(h.ctx(), link.Token, NewAdministrator{Name: "root-admin", Password: "short"}); fault != ErrTooShort || err != nil {
		t.Errorf("a short password: %q, %v", fault, err)
	}
	_, _, err = h.Setup(h.ctx(), link.Token, NewAdministrator{Name: "root-admin", Email: "not an address", Password: good})
	h.wantKind("no address", err, identity.Invalid)
	h.personIn(h.root, "taken", schema.Object{})
	_, _, err = h.Setup(h.ctx(), link.Token, NewAdministrator{Name: "taken", Password: good})
	h.wantKind("a name that is taken", err, identity.Conflict)
	done, fault, err := h.Setup(h.ctx(), link.Token, NewAdministrator{Name: "root-admin", Email: "admin@example.com", Password: good})
	if err != nil || fault != "" || done.SessionCookie == "" {
		t.Fatalf("Setup = %+v, %q, %v", done, fault, err)
	}
	admin := done.Session.User
	if role, err := h.IsAdministrator(h.ctx(), h.root.ID, admin); err != nil || role != Operator {
		t.Errorf("role = %q, %v", role, err)
	}
	by := cli
	by.Org = h.root.ID
	h.wantKind("dismissing the last operator", h.Dismiss(h.ctx(), cli, h.root.ID, admin), identity.Conflict)
	// The operator is deleted; nothing opens again.
	reg, err := h.dir.Registry(h.ctx(), h.root.ID)
	h.ok(err)
	h.write(by, deletion(reg.TypeByName("User"), admin))
	_, _, err = h.Setup(h.ctx(), link.Token, NewAdministrator{Name: "eve", Password: good})
	h.wantKind("the link again", err, identity.NotFound)
	_, err = h.FirstLink(h.ctx())
	h.wantKind("another link", err, identity.Conflict)
	if made, err := h.Bootstrap(h.ctx(), NewAdministrator{Name: "eve", Password: good}); made || err != nil {
		t.Errorf("Bootstrap = %v, %v, want nothing", made, err)
	}
	if can, err := h.CanSetup(h.ctx()); can || err != nil {
		t.Errorf("CanSetup = %v, %v", can, err)
	}
	// The command line makes another.
	eve := h.personIn(h.root, "eve", schema.Object{})
	h.wantKind("an owner makes an operator", h.Appoint(h.ctx(), identity.Actor{Kind: identity.ByUser, Org: h.root.ID, ID: eve}, h.root.ID, eve, Operator), identity.Denied)
	h.wantKind("an operator of acme", h.Appoint(h.ctx(), cli, h.acme.ID, h.person("ann"), Operator), identity.Invalid)
	h.ok(h.Appoint(h.ctx(), cli, h.root.ID, eve, Operator))
}

func fiftySetup(t *testing.T, h *house) {
	link, err := h.FirstLink(h.ctx())
	h.ok(err)
	n := fifty(func(i int) bool {
		name := fmt.Sprint("admin-", i)
		if i%2 == 0 {
			made, err := h.Bootstrap(h.ctx(), NewAdministrator{Name: name, Password: good})
			return err == nil && made
		}
		done, fault, err := h.Setup(h.ctx(), link.Token, NewAdministrator{Name: name, Password: good})
		return err == nil && fault == "" && done != nil
	})
	list, err := h.Administrators(h.ctx(), h.root.ID)
	if n != 1 || err != nil || len(list) != 1 {
		t.Errorf("%d of 50 made an operator; there are %d, %v; want 1", n, len(list), err)
	}
}

func enumeration(t *testing.T, h *house) {
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

func stranger(t *testing.T, h *house) {
	ann := h.person("ann")
	known := h.visit(Start{}).signIn("ann", good).at(StepDone, "").view.Done
	k := h.enrolKey(h.person("bob"))
	for i := range 100 {
		for _, user := range []identity.ID{ann, mustFind(h, "bob").ID} {
			h.ok(h.fail(h.ctx(), h.suspect(h.acme.ID, user, "", fmt.Sprintf("2001:db8:%x::1", i), identity.ID{})))
		}
	}
	h.visit(Start{Address: "203.0.113.5"}).signIn("ann", good).at(StepPassword, ErrTooMany)
	h.visit(Start{Browser: known.BrowserCookie, Address: "203.0.113.5"}).signIn("ann", good).at(StepDone, "")
	// The cookie of one person's browser exempts nobody else.
	h.visit(Start{Browser: known.BrowserCookie, Address: "203.0.113.5"}).signIn("bob", good).at(StepPassword, ErrTooMany)
	// A passkey cannot be guessed and works always.
	v := h.visit(Start{Address: "203.0.113.5"})
	v.send(StepIdentify, "credential", k.get(t, v.view.Passkey))
	v.at(StepDone, "")
	// Guesses from the known browser are counted too.
	for i := range 5 {
		h.visit(Start{Browser: known.BrowserCookie}).signIn("ann", fmt.Sprint("wrong ", i)).at(StepPassword, ErrWrong)
	}
	h.visit(Start{Browser: known.BrowserCookie}).signIn("ann", good).at(StepPassword, ErrTooMany)
	// And an hour later everybody gets in again.
	h.pass(time.Hour)
	h.visit(Start{Address: "203.0.113.5"}).signIn("ann", good).at(StepDone, "")
}

func otherSession(t *testing.T, h *house) {
	ann, bob := h.person("ann"), h.person("bob")
	b := h.visit(Start{}).signIn("bob", good).at(StepDone, "").view.Done
	link, err := h.Link(h.ctx(), cli, h.acme, ann, LinkRecover)
	h.ok(err)
	if _, err := h.UseLink(h.ctx(), h.acme, link.Token, another); err != nil {
		t.Fatal(err)
	}
	if got, err := h.sessions.Current(h.ctx(), h.acme.ID, b.SessionCookie); err != nil || got.User != bob {
		t.Errorf("bob's session after ann's link: %v, %v", got.User, err)
	}
	h.visit(Start{}).signIn("bob", another).at(StepPassword, ErrWrong)
	h.visit(Start{}).signIn("ann", another).at(StepDone, "")
	// A code of one flow is of no use in another, nor one of another person.
	h.policyOf(Policy{Methods: []Step{StepEmailCode}})
	va, vb := h.visit(Start{}), h.visit(Start{})
	va.send(StepIdentify, "identifier", "ann")
	vb.send(StepIdentify, "identifier", "bob")
	vb.send(StepEmailCode, "code", h.code("ann@example.com"))
	vb.at(StepEmailCode, ErrWrong)
}

func overtaken(t *testing.T, h *house) {
	ann := h.person("ann")
	recover := func() string {
		t.Helper()
		h.pass(time.Hour)
		h.ok(h.Recover(h.ctx(), h.acme, Recovery{Identifier: "ann@example.com", Address: "192.0.2.1"}))
		return h.link("ann@example.com", "/recover/")
	}
	gone := func(what, token string) {
		t.Helper()
		_, err := h.OpenLink(h.ctx(), h.acme, token)
		h.wantKind(what, err, identity.NotFound)
		_, err = h.UseLink(h.ctx(), h.acme, token, another)
		h.wantKind(what+", used", err, identity.NotFound)
	}
	old := recover()
	token := recover()
	gone("an older link", old)
	for range 2 {
		if v, err := h.OpenLink(h.ctx(), h.acme, token); err != nil || v.Done {
			t.Fatalf("looking at a link: %+v, %v, want nothing consumed", v, err)
		}
	}
	if v, err := h.UseLink(h.ctx(), h.acme, token, "short"); err != nil || v.Error != ErrTooShort || v.Done {
		t.Errorf("a short password: %+v, %v", v, err)
	}
	s := h.visit(Start{}).signIn("ann", good).at(StepDone, "").view.Done
	if v, err := h.UseLink(h.ctx(), h.acme, token, another); err != nil || !v.Done {
		t.Fatalf("UseLink = %+v, %v", v, err)
	}
	_, err := h.sessions.Current(h.ctx(), h.acme.ID, s.SessionCookie)
	h.wantKind("a session from before", err, identity.Unauthenticated)
	gone("a used link", token)

	token = recover()
	by := cli
	by.Org = h.acme.ID
	h.ok(h.dir.SetPassword(h.ctx(), by, ann, good))
	gone("a link after another password", token)

	token = recover()
	h.change(ann, schema.Object{"emails": []any{schema.Object{"value": "new@example.com"}}})
	gone("a link after another address", token)
	h.change(ann, schema.Object{"emails": []any{schema.Object{"value": "ann@example.com"}}})

	token = recover()
	h.change(ann, schema.Object{"active": false})
	gone("a link of somebody who is shut out", token)
	h.change(ann, schema.Object{"active": true})

	token = recover()
	h.pass(31 * time.Minute)
	gone("an old link", token)

	h.policyOf(Policy{NoRecovery: true})
	h.wantKind("recovery that is off", h.Recover(h.ctx(), h.acme, Recovery{Identifier: "ann"}), identity.Denied)
	h.policyOf(Policy{RecoverVerified: true})
	h.pass(2 * time.Hour)
	before := len(h.letters("new@example.com"))
	h.change(ann, schema.Object{"emails": []any{schema.Object{"value": "new@example.com"}}})
	h.ok(h.Recover(h.ctx(), h.acme, Recovery{Identifier: "ann", Address: "192.0.2.1"}))
	if n := len(h.letters("new@example.com")); n != before {
		t.Errorf("%d letters to an address that nobody proved", n-before)
	}
}
