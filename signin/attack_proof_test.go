package signin

import (
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// skippedProof has an app wish for more than a session proved, and skips what is
// offered: nothing was proved, so the session must not look as if.
func skippedProof(t *testing.T, h *house) {
	h.person("ann")
	had := h.visit(Start{}).signIn("ann", good).at(StepDone, "").view.Done
	h.pass(5 * time.Minute)
	up := h.visit(Start{Session: &had.Session, ACR: []string{ACR2}}).at(StepEnrol, "")
	up.send(StepEnrol, "skip", "1")
	d := up.at(StepDone, "").view.Done
	if d.Session.ID != had.Session.ID || !d.Session.AuthTime.Equal(had.Session.AuthTime) {
		t.Errorf("auth_time is %v after nothing was proved, want %v", d.Session.AuthTime, had.Session.AuthTime)
	}
}

// endedSession begins with a session that ends before the flow does.
func endedSession(t *testing.T, h *house) {
	ann := h.person("ann")
	had := h.visit(Start{}).signIn("ann", good).at(StepDone, "").view.Done
	up := h.visit(Start{Session: &had.Session, ACR: []string{ACR2}}).at(StepEnrol, "")
	h.ok(h.sessions.End(h.ctx(), h.acme.ID, had.Session.ID))
	_, err := up.try(StepEnrol, "skip", "1")
	h.wantKind("a flow on a session that has ended", err, identity.NotFound)
	if n := h.alive(ann); n != 0 {
		t.Errorf("%d sessions live after they were ended", n)
	}
}

// overtakenProof enters a password, waits until another is set, and goes on.
func overtakenProof(t *testing.T, h *house) {
	ann := h.person("ann")
	app := h.enrolApp(ann)
	thief := h.visit(Start{}).signIn("ann", good).at(StepTOTP, "")
	wish := h.visit(Start{ACR: []string{ACR3}}).signIn("ann", good).at(StepTOTP, "")
	link, err := h.Link(h.ctx(), cli, h.acme, ann, LinkRecover)
	h.ok(err)
	_, err = h.UseLink(h.ctx(), h.acme, link.Token, another)
	h.ok(err)
	for _, v := range []*visit{thief, wish} {
		_, err = v.try(StepTOTP, "code", h.totp(app))
		h.wantKind("a flow with the old password", err, identity.NotFound)
		h.pass(time.Minute)
	}
	if n := h.alive(ann); n != 0 {
		t.Errorf("%d sessions of the old password", n)
	}
	v := h.visit(Start{}).signIn("ann", another).at(StepTOTP, "")
	v.send(StepTOTP, "code", h.totp(app))
	v.at(StepDone, "")
}

// pumped has one network ask for codes to everybody.
func pumped(t *testing.T, h *house) {
	h.policyOf(Policy{Methods: []Step{StepEmailCode, StepPassword}})
	h.person("ann")
	h.ok(h.db.Update(h.ctx(), func(tx *store.Tx) error {
		for range networkCodes {
			if err := h.ration(h.ctx(), tx, h.acme.ID, "code-net:198.51.100.7", networkCodes, time.Hour); err != nil {
				return err
			}
		}
		return nil
	}))
	for address, want := range map[string]string{"198.51.100.7": ErrTooMany, "198.51.100.8": ""} {
		v := h.visit(Start{Address: address})
		v.send(StepIdentify, "identifier", "ann@example.com")
		v.send(StepMethod, "use", string(StepEmailCode))
		v.at(StepEmailCode, want)
	}
	if n := len(h.letters("ann@example.com")); n != 1 {
		t.Errorf("%d letters, want one", n)
	}
}

// lasting has an app hold a grant that outlives sessions when the person gets back
// into their account.
func lasting(t *testing.T, h *house) {
	ann := h.person("ann")
	g := identity.Grant{
		Org: h.acme.ID, ID: identity.NewID(), App: h.app(), User: ann, Created: h.now(), Idle: h.now().Add(time.Hour),
		Expires: h.now().Add(time.Hour), Generation: 1, Rotated: h.now(), Secret: []byte{1}, Data: []byte("{}"),
	}
	h.ok(h.db.Update(h.ctx(), func(tx *store.Tx) error { return tx.InsertGrant(h.ctx(), g) }))
	link, err := h.Link(h.ctx(), cli, h.acme, ann, LinkRecover)
	h.ok(err)
	_, err = h.UseLink(h.ctx(), h.acme, link.Token, another)
	h.ok(err)
	h.ok(h.db.View(h.ctx(), func(tx *store.Tx) error {
		got, err := tx.Grant(h.ctx(), h.acme.ID, g.ID)
		if got.Ended.IsZero() {
			t.Error("the grant of an app lives on")
		}
		return err
	}))
}

// app stores an app and returns its id.
func (h *house) app() identity.ID {
	h.t.Helper()
	a := identity.App{Org: h.acme.ID, ID: identity.NewID(), ClientID: "app-" + h.acme.Slug, Created: h.now(), Modified: h.now(), Version: 1}
	h.ok(h.db.Update(h.ctx(), func(tx *store.Tx) error { return tx.InsertApp(h.ctx(), a) }))
	return a.ID
}

// oldSession tries to set up a factor on a session that somebody left open.
func oldSession(t *testing.T, h *house) {
	ann := h.person("ann")
	had := h.visit(Start{}).signIn("ann", good).at(StepDone, "").view.Done
	h.pass(time.Hour)
	for _, essential := range []bool{true, false} {
		v := h.visit(Start{Session: &had.Session, ACR: []string{ACR2}, Essential: essential}).at(StepPassword, "")
		v.send(StepPassword, "use", string(StepEnrolTOTP))
		v.at(StepPassword, "")
		v.send(StepPassword, "skip", "1")
		v.at(StepPassword, ErrEmpty)
		v.send(StepPassword, "password", good)
		v.at(StepEnrol, "")
	}
	// Nor does an old second factor do for a new one.
	app := h.enrolApp(ann)
	up := h.visit(Start{Session: &had.Session, ACR: []string{ACR2}}).at(StepTOTP, "")
	up.send(StepTOTP, "code", h.totp(app))
	two := up.at(StepDone, "").view.Done
	h.pass(time.Hour)
	h.visit(Start{Session: &two.Session, ACR: []string{ACR3}, Essential: true}).at(StepPassword, "")
}

// sentTwice asks for a second factor of somebody whose only one is codes by
// letter.
func sentTwice(t *testing.T, h *house) {
	h.policyOf(Policy{Methods: []Step{StepEmailCode, StepPassword}, EmailCode: true})
	h.person("ann")
	v := h.visit(Start{})
	v.send(StepIdentify, "identifier", "ann@example.com")
	v.send(StepMethod, "use", string(StepEmailCode))
	v.send(StepEmailCode, "code", h.code("ann@example.com"))
	had := v.at(StepDone, "").view.Done
	h.visit(Start{Session: &had.Session, ACR: []string{ACR2}}).at(StepEnrol, "")
}

// firstPassword tries to give somebody who signs in by passkey a password, in a
// session that they left open.
func firstPassword(t *testing.T, h *house) {
	bob := h.personIn(h.acme, "bob", schema.Object{"password": nil})
	here := identity.Session{Org: h.acme.ID, User: bob}
	if fault, err := h.ChangePassword(h.ctx(), here, "anything", good, "192.0.2.1"); err != nil || fault != ErrWrong {
		t.Errorf("an old password where there is none: %q, %v", fault, err)
	}
	h.visit(Start{}).signIn("bob", good).at(StepPassword, ErrWrong)
}

// usedUp has a stranger ask for so many codes that there are no more.
func usedUp(t *testing.T, h *house) {
	h.policyOf(Policy{Methods: []Step{StepEmailCode, StepPassword}})
	h.person("ann")
	code := func(st Start) *visit {
		v := h.visit(st)
		v.send(StepIdentify, "identifier", "ann@example.com")
		v.send(StepMethod, "use", string(StepEmailCode))
		return v
	}
	mine := code(Start{})
	mine.send(StepEmailCode, "code", h.code("ann@example.com"))
	browser := mine.at(StepDone, "").view.Done.BrowserCookie
	for range codesAnHour {
		code(Start{Address: "198.51.100.7"})
	}
	code(Start{Address: "198.51.100.7"}).at(StepEmailCode, ErrTooMany)
	code(Start{Browser: browser}).at(StepEmailCode, "")
}
