package signin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

func TestChangePassword(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ann := h.person("ann")
		here := h.visit(Start{}).signIn("ann", good).at(StepDone, "").view.Done
		there := h.visit(Start{}).signIn("ann", good).at(StepDone, "").view.Done
		link, err := h.Link(h.ctx(), cli, h.acme, ann, LinkRecover)
		h.ok(err)
		for _, c := range []struct{ old, password, want string }{
			{"not it", another, ErrWrong}, {good, good, ErrSame}, {good, "short", ErrTooShort},
			{good, "", ErrEmpty}, {good, another, ""},
		} {
			fault, err := h.ChangePassword(h.ctx(), here.Session, c.old, c.password, "192.0.2.1")
			if err != nil || fault != c.want {
				t.Errorf("ChangePassword(%q, %q) = %q, %v, want %q", c.old, c.password, fault, err, c.want)
			}
		}
		if _, err := h.sessions.Current(h.ctx(), h.acme.ID, here.SessionCookie); err != nil {
			t.Errorf("the session that changed it: %v", err)
		}
		_, err = h.sessions.Current(h.ctx(), h.acme.ID, there.SessionCookie)
		h.wantKind("another session", err, identity.Unauthenticated)
		_, err = h.OpenLink(h.ctx(), h.acme, link.Token)
		h.wantKind("a link from before", err, identity.NotFound)
		h.visit(Start{}).signIn("ann", another).at(StepDone, "")
		if n := len(h.letters("ann@example.com")); n != 2 {
			t.Errorf("%d letters, want one about the password and one about the new browser", n)
		}

		bob := h.personIn(h.acme, "bob", schema.Object{"password": nil})
		h.visit(Start{}).signIn("bob", good).at(StepPassword, ErrWrong)
		fault, err := h.ChangePassword(h.ctx(), identity.Session{Org: h.acme.ID, User: bob}, "", good, "192.0.2.1")
		if err != nil || fault != "" {
			t.Errorf("a first password: %q, %v", fault, err)
		}
		h.visit(Start{}).signIn("bob", good).at(StepDone, "")
	})
}

func TestInvite(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ann := h.personIn(h.acme, "ann", schema.Object{"password": nil, "preferredLanguage": "de"})
		h.ok(h.Invite(h.ctx(), cli, h.acme, ann))
		token := h.link("ann@example.com", "/recover/")
		if l := h.letters("ann@example.com")[0]; l.Lang != "de" {
			t.Errorf("the letter is in %q, want de", l.Lang)
		}
		v, err := h.UseLink(h.ctx(), h.acme, token, good)
		if err != nil || !v.Done || v.Kind != LinkWelcome {
			t.Fatalf("UseLink = %+v, %v", v, err)
		}
		list, err := h.Addresses(h.ctx(), h.acme.ID, ann)
		if err != nil || list[0].Verified.IsZero() {
			t.Errorf("addresses = %+v, %v, want the letter to have proved the first", list, err)
		}
		h.visit(Start{}).signIn("ann", good).at(StepDone, "")
		bob := h.personIn(h.acme, "bob", schema.Object{"emails": nil})
		h.wantKind("a letter to nobody", h.Invite(h.ctx(), cli, h.acme, bob), identity.Invalid)
		_, err = h.Link(h.ctx(), cli, h.acme, identity.NewID(), LinkWelcome)
		h.wantKind("a link for nobody", err, identity.NotFound)
		_, err = h.Link(h.ctx(), cli, h.acme, bob, "verify")
		h.wantKind("a link of another kind", err, identity.Invalid)
	})
}

func TestEmailAsSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.policyOf(Policy{Second: WhenNew, EmailCode: true})
		ann := h.person("ann")
		h.visit(Start{}).signIn("ann", good).at(StepEnrol, "") // nothing is proved yet
		h.ok(h.VerifyEmail(h.ctx(), h.acme, ann, "ANN@example.com"))
		h.wantKind("another letter at once", h.VerifyEmail(h.ctx(), h.acme, ann, "ann@example.com"), identity.Throttled)
		h.wantKind("somebody else's address", h.VerifyEmail(h.ctx(), h.acme, ann, "bob@example.com"), identity.NotFound)
		token := h.link("ann@example.com", "/verify/")
		if email, err := h.OpenVerification(h.ctx(), h.acme, token); err != nil || email != "ann@example.com" {
			t.Errorf("OpenVerification = %q, %v", email, err)
		}
		_, err := h.ConfirmEmail(h.ctx(), h.acme, token)
		h.ok(err)
		v := h.visit(Start{UILocales: "nl en"}).signIn("ann", good).at(StepEmailCode, "")
		if v.view.Target != "a•••@example.com" {
			t.Errorf("target = %q, want it masked", v.view.Target)
		}
		v.send(StepEmailCode, "code", " "+h.code("ann@example.com")+" ", FieldRemember, "on")
		browser := v.at(StepDone, "").view.Done.BrowserCookie
		if l := h.letters("ann@example.com")[0]; l.Lang != "nl" {
			t.Errorf("the letter is in %q, want the language of the app", l.Lang)
		}
		h.visit(Start{Browser: browser}).signIn("ann", good).at(StepDone, "")
		h.ok(h.ForgetBrowsers(h.ctx(), h.acme.ID, ann))
		h.visit(Start{Browser: browser}).signIn("ann", good).at(StepEmailCode, "")
		// Whoever has an app is not asked by letter.
		h.enrolApp(ann)
		v = h.visit(Start{}).signIn("ann", good).at(StepTOTP, "")
		if slices.Contains(v.view.Methods, StepEmailCode) {
			t.Errorf("methods = %v, want no letter", v.view.Methods)
		}
		v.send(StepTOTP, FieldUse, string(StepEmailCode))
		v.at(StepTOTP, "")
	})
}

func TestCodeExpires(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.policyOf(Policy{Methods: []Step{StepEmailCode}})
		h.person("ann")
		v := h.visit(Start{})
		v.send(StepIdentify, "identifier", "ann@example.com")
		code := h.code("ann@example.com")
		h.pass(11 * time.Minute)
		v.send(StepEmailCode, "code", code)
		v.at(StepEmailCode, ErrExpired)
		v.send(StepEmailCode, "resend", "1")
		v.send(StepEmailCode, "code", h.code("ann@example.com"))
		v.at(StepDone, "")
	})
}

func TestSMSWebhook(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		body := func(until time.Time) []byte {
			text, err := json.Marshal(sms{To: "+31205550117", Text: "123456", Until: until})
			h.ok(err)
			return text
		}
		job := identity.Job{Org: h.acme.ID, Kind: KindSMS}
		answer, calls := 202, 0
		send := func(b []byte) error {
			return h.Handlers(func(_ context.Context, url string, header http.Header, got []byte) (int, error) {
				calls++
				if url != "https://sms.example.com" || header.Get(SignatureHeader) != sign([]byte("s3cret"), h.signed(header), got) {
					t.Errorf("posted to %q with %q", url, header.Get(SignatureHeader))
				}
				return answer, nil
			})[KindSMS](h.ctx(), job, b)
		}
		isGive := func(err error) bool { _, ok := errors.AsType[jobs.Give](err); return ok }
		soon := h.now().Add(time.Minute)
		if err := send(body(soon)); !isGive(err) {
			t.Errorf("without a service: %v, want it given up", err)
		}
		h.policyOf(Policy{SMSWebhook: "https://sms.example.com", SMSSecret: "s3cret"})
		h.ok(send(body(soon)))
		answer = 500
		if err := send(body(soon)); err == nil || isGive(err) || strings.Contains(err.Error(), "123456") {
			t.Errorf("an answer of 500: %v, want another try", err)
		}
		if err := send(body(h.now())); !isGive(err) || calls != 2 {
			t.Errorf("a code that is too old: %v after %d calls, want it given up", err, calls)
		}
		if err := send([]byte("{")); !isGive(err) {
			t.Errorf("a body that is no JSON: %v, want it given up", err)
		}
		h.wantKind("a number of nobody", h.VerifyPhone(h.ctx(), h.acme, h.person("ann"), "+4930123456"), identity.NotFound)
		h.policyOf(Policy{})
		h.wantKind("SMS where there is none", h.VerifyPhone(h.ctx(), h.acme, mustFind(h, "ann").ID, "+4930123456"), identity.Denied)
	})
}

// signed returns the time that a signature was made at.
func (h *house) signed(header http.Header) time.Time {
	text, _, _ := strings.Cut(strings.TrimPrefix(header.Get(SignatureHeader), "t="), ",")
	var unix int64
	h.ok(json.Unmarshal([]byte(text), &unix))
	return time.Unix(unix, 0)
}

func TestSMSText(t *testing.T) {
	for lang, want := range map[string]string{
		"": "123456 is your code for Acme.", "de_AT": "123456 ist Ihr Code für Acme.", "PT-br": "123456 é o seu código", "xx": "123456 is your",
	} {
		if got := smsText(lang, "Acme", "123456"); !strings.HasPrefix(got, want) {
			t.Errorf("smsText(%q) = %q, want %q…", lang, got, want)
		}
	}
}

func TestShutOutOnTheWay(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ann := h.person("ann")
		app := h.enrolApp(ann)
		v := h.visit(Start{}).signIn("ann", good).at(StepTOTP, "")
		h.change(ann, schema.Object{"active": false})
		v.send(StepTOTP, "code", h.totp(app))
		v.at(StepIdentify, "")
		if n := h.alive(ann); n != 0 {
			t.Errorf("%d sessions of somebody who is shut out", n)
		}
	})
}

func TestNewBrowserIsTold(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.person("ann")
		first := h.visit(Start{}).signIn("ann", good).at(StepDone, "").view.Done
		h.visit(Start{Browser: first.BrowserCookie}).signIn("ann", good).at(StepDone, "")
		if n := len(h.letters("ann@example.com")); n != 0 {
			t.Errorf("%d letters after the first browser, want none", n)
		}
		h.visit(Start{}).signIn("ann", good).at(StepDone, "")
		if n := len(h.letters("ann@example.com")); n != 1 {
			t.Errorf("%d letters after a second browser, want 1", n)
		}
	})
}

func TestPasskeyOptionsAreRenewed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		k := h.enrolKey(h.person("ann"))
		v := h.visit(Start{})
		old := string(v.view.Passkey)
		h.pass(ceremonyAge + time.Minute)
		view, err := h.Flow(h.ctx(), h.acme, v.id, v.cookie)
		h.ok(err)
		if string(view.Passkey) == old {
			t.Error("the options are as old as the page")
		}
		v.send(StepIdentify, "credential", k.get(t, view.Passkey))
		v.at(StepDone, "")
	})
}

func TestOwnersAreAppointed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ann := h.person("ann")
		op := h.personIn(h.root, "op", schema.Object{})
		h.ok(h.Appoint(h.ctx(), cli, h.root.ID, op, Operator))
		by := identity.Actor{Kind: identity.ByUser, Org: h.root.ID, ID: op, Perms: identity.Perms{identity.AccessWrite}}
		h.wantKind("D52 an owner by a narrow token", h.Appoint(h.ctx(), by, h.acme.ID, ann, Owner), identity.Denied)
		h.wantKind("D52 an operator by a narrow token", h.Appoint(h.ctx(), by, h.root.ID, op, Operator), identity.Denied)
		by.Perms = identity.AllPerms()
		h.wantKind("D52 an owner of the root organisation", h.Appoint(h.ctx(), cli, h.root.ID, op, Owner), identity.Invalid)
		h.wantKind("an unknown role", h.Appoint(h.ctx(), cli, h.acme.ID, ann, "king"), identity.Invalid)
		h.wantKind("nobody", h.Appoint(h.ctx(), cli, h.acme.ID, identity.NewID(), Owner), identity.NotFound)
		h.ok(h.Appoint(h.ctx(), by, h.acme.ID, ann, Owner))
		if role, err := h.IsAdministrator(h.ctx(), h.acme.ID, ann); err != nil || role != Owner {
			t.Errorf("role = %q, %v", role, err)
		}
		second := h.personIn(h.root, "second", schema.Object{})
		h.ok(h.Appoint(h.ctx(), by, h.root.ID, second, Operator))
		h.wantKind("dismissal of an operator by an owner", h.Dismiss(h.ctx(), identity.Actor{Kind: identity.ByUser, Org: h.acme.ID, ID: ann}, h.root.ID, op), identity.Denied)
		ops := []identity.ID{op, second}
		n := fifty(func(i int) bool { return h.Dismiss(h.ctx(), cli, h.root.ID, ops[i%2]) == nil })
		if n != 1 {
			t.Errorf("%d of two operators were dismissed at once, want 1", n)
		}
		h.ok(h.Dismiss(h.ctx(), cli, h.acme.ID, ann))
		if role, err := h.IsAdministrator(h.ctx(), h.acme.ID, ann); err != nil || role != "" {
			t.Errorf("role after dismissal = %q, %v", role, err)
		}
		err := h.db.View(h.ctx(), func(tx *store.Tx) error {
			list, err := tx.Assignments(h.ctx(), h.root.ID, store.AssignmentQuery{Role: identity.PlatformOperator, Limit: 10})
			if len(list) != 1 || !slices.Contains(ops, list[0].Subject) {
				t.Errorf("administrators = %+v", list)
			}
			return err
		})
		h.ok(err)
	})
}
