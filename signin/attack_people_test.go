package signin

import (
	"fmt"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
)

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
