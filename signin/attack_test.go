package signin

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
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
	{"C32 what is skipped proves nothing", skippedProof},
	{"C32 a session that ends before the flow", endedSession},
	{"C32 a code by letter is one factor, however often", sentTwice},
	{"C33 an old password that was entered in time", overtakenProof},
	{"C33 recovery is no way around the second factor", recoverySecond},
	{"C34 guesses by every way are counted together", guesses},
	{"C34 many guesses at once", manyGuesses},
	{"C34 codes of many flows", manyFlows},
	{"C35 codes are shown to nobody", codesSecret},
	{"C36 a code of the app is good once", totpOnce},
	{"C37 enrolling needs what is enrolled", enrolNeeds},
	{"C37 enrolling needs more than a session", oldSession},
	{"C37 a first password needs more than a session", firstPassword},
	{"C39 an address that somebody else claims", claimed},
	{"C40 addresses that look the same", lookAlike},
	{"C43 unknown names are answered as known ones", enumeration},
	{"C44 long passwords", longPasswords},
	{"C45 a stranger locks somebody out", stranger},
	{"C45 a stranger uses up the codes", usedUp},
	{"C45 one network asks for codes to everybody", pumped},
	{"C46 a token of one person beside the session of another", otherSession},
	{"C47 a link is overtaken", overtaken},
	{"C47 apps of before", lasting},
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
