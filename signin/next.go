package signin

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/store"
)

// means are what a person has to prove who they are beyond a first factor.
type means struct {
	passkey, totp, recovery bool
	email, sms              bool // an address that a code may go to as second factor
	browser                 browser
}

// enrolled reports whether the person has set up a second factor.
func (m means) enrolled() bool { return m.passkey || m.totp }

// means reads what the person of the flow has.
func (t *sitting) means(ctx context.Context) (m means, err error) {
	err = t.s.db.View(ctx, func(tx *store.Tx) error {
		p, err := t.s.person(ctx, tx, t.org.ID, t.User)
		if err != nil {
			return err
		}
		list, err := tx.Authenticators(ctx, t.org.ID, t.User)
		if err != nil {
			return err
		}
		for _, a := range list {
			m.passkey = m.passkey || a.Kind == factor.Passkey && t.s.factors.PasskeysWork()
			m.totp = m.totp || a.Kind == factor.TOTP
			m.recovery = m.recovery || a.Kind == factor.Recovery
		}
		if t.policy.EmailCode || t.policy.SMSCode {
			marks, err := tx.Verified(ctx, t.org.ID, t.User)
			if err != nil {
				return err
			}
			for _, e := range p.Emails {
				_, ok := marks[emailKind+":"+directory.Fold(e)]
				m.email = m.email || ok && t.policy.EmailCode && mail.CheckAddress(e) == nil
			}
			m.sms = t.policy.SMSCode && t.phoneTarget(p, marks) != ""
		}
		if t.Browser != "" {
			m.browser, _, err = t.s.knownBrowser(ctx, tx, t.org.ID, t.Browser, t.User)
		}
		return err
	})
	return m, err
}

// seconds are the second factors that will do, the best first. Codes by letter
// and SMS are not for people who have set up something better, and never twice
// the same way.
func (t *sitting) seconds(m means) []Step {
	var list []Step
	add := func(ok bool, s Step) {
		if ok && !has(t.Proved, s) {
			list = append(list, s)
		}
	}
	add(m.passkey, StepPasskey)
	if t.Want >= 3 && t.Essential && m.passkey {
		return list
	}
	add(m.totp, StepTOTP)
	if !m.enrolled() {
		sms, email := t.sentBefore()
		add(m.sms && !sms, StepSMSCode)
		add(m.email && !email, StepEmailCode)
	}
	add(m.recovery && m.enrolled(), StepRecoveryCode)
	return list
}

// sentBefore reports whether a code by SMS or by letter is what opened the
// session that the flow began with.
func (t *sitting) sentBefore() (sms, email bool) {
	if !t.Raised || slices.Contains(t.AMR, "pwd") || slices.Contains(t.AMR, "pop") {
		return false, false
	}
	sms = slices.Contains(t.AMR, "sms")
	return sms, !sms
}

// next goes to the step that follows when a factor has been proved.
func (t *sitting) next(ctx context.Context) error {
	m, err := t.means(ctx)
	if identity.KindOf(err) == identity.NotFound {
		return t.back(ctx) // the person was shut out meanwhile
	}
	if err != nil {
		return err
	}
	known := t.s.now().Before(m.browser.Trusted)
	demanded := t.policy.Second == Always || t.policy.Second == WhenNew && !known
	due := demanded || m.enrolled() && !known
	have := t.seconds(m)
	switch {
	case t.Level < 2 && (due || t.Want >= 2) && len(have) > 0:
		return t.choose(ctx, have)
	case t.Level < 2 && demanded:
		return t.enrol(ctx, t.Want >= 3 && t.Essential, false)
	case t.Level < 2 && t.Want >= 2 && (t.Essential || !t.Skipped):
		return t.enrol(ctx, t.Want >= 3, !t.Essential)
	case t.Level < 3 && t.Want >= 3 && t.Essential && m.passkey:
		return t.choose(ctx, []Step{StepPasskey})
	case t.Level < 3 && t.Want >= 3 && t.Essential:
		return t.enrol(ctx, true, false)
	case t.Change:
		return t.enter(ctx, StepNewPassword)
	}
	t.forget()
	t.Step = StepDone
	return nil
}

// enrolFresh is how old the proofs of a session may be for a factor to be set up
// on them alone.
const enrolFresh = 15 * time.Minute

// enrol asks for a second factor to be set up. Whoever comes here has proved all
// that they have (attack C37), and lately: a session alone, which somebody may
// have left open, opens no way in for good. Who is only wished to have one can
// go on without.
func (t *sitting) enrol(ctx context.Context, passkey, optional bool) error {
	if t.Raised && len(t.Proved) == 0 && t.s.now().Sub(t.Since) > enrolFresh {
		t.Raised, t.AMR, t.Level = false, nil, 0
		return t.firstFactor(ctx)
	}
	var list []Step
	if t.s.factors.PasskeysWork() {
		list = append(list, StepEnrolPasskey)
	}
	if !passkey {
		list = append([]Step{StepEnrolTOTP}, list...)
	}
	if err := t.enter(ctx, StepEnrol); err != nil {
		return err
	}
	t.Optional = optional
	if t.Offered = list; len(list) == 0 {
		t.wrong(ErrNoMethod)
	}
	return nil
}

// enrolTOTP ends the enrolment of an app with a first code.
func (t *sitting) enrolTOTP(ctx context.Context, code string) error {
	if code == "" {
		t.wrong(ErrEmpty)
		return nil
	}
	_, err := t.s.factors.ConfirmTOTP(ctx, t.org.ID, t.User, t.Enrolment, cut(code, 64), "")
	ok, err := isWrong(err)
	if err != nil {
		return err
	}
	if !ok {
		t.wrong(ErrWrong)
		return nil
	}
	return t.enrolled(ctx)
}

// enrolPasskey ends the enrolment of a passkey.
func (t *sitting) enrolPasskey(ctx context.Context, credential, name string) error {
	if credential == "" {
		t.wrong(ErrEmpty)
		return nil
	}
	if len(credential) > maxCredential {
		return t.noPasskey(ctx)
	}
	_, err := t.s.factors.FinishRegistration(ctx, t.org.ID, t.User, t.Ceremony, []byte(credential), cut(name, 100))
	ok, err := isWrong(err)
	if err != nil {
		return err
	}
	if !ok {
		return t.noPasskey(ctx)
	}
	return t.enrolled(ctx)
}

// enrolled goes on when a factor has been set up: to recovery codes, if the
// person has none.
func (t *sitting) enrolled(ctx context.Context) error {
	kind := string(t.Step)
	t.prove(t.Step)
	t.then(func(ctx context.Context, tx *store.Tx) error {
		p, err := t.s.person(ctx, tx, t.org.ID, t.User)
		if err != nil {
			return err
		}
		return t.s.tell(ctx, tx, t.org, p, mail.FactorAdded, map[string]string{"factor": kind[len("enrol_"):]})
	})
	m, err := t.means(ctx)
	if err != nil {
		return err
	}
	if m.recovery {
		return t.next(ctx)
	}
	codes, err := t.s.factors.NewRecovery(ctx, t.org.ID, t.User)
	if err != nil {
		return err
	}
	t.forget()
	t.Step, t.Codes = StepCodes, codes
	return nil
}

// newPassword takes the password that must be chosen.
func (t *sitting) newPassword(ctx context.Context, password string) error {
	var p person
	err := t.s.db.View(ctx, func(tx *store.Tx) (err error) {
		p, err = t.s.person(ctx, tx, t.org.ID, t.User)
		return err
	})
	if err != nil {
		return err
	}
	fault := t.policy.judge(password, p.words(t.org))
	if fault == "" && equal(t.Used, t.s.keys.MAC("signin used", []byte(t.id+password))) {
		fault = ErrSame
	}
	phc := ""
	if fault == "" {
		if phc, fault, err = t.s.hash(ctx, password); err != nil {
			return err
		}
	}
	if fault != "" {
		t.wrong(fault)
		return nil
	}
	t.Change = false
	t.then(func(ctx context.Context, tx *store.Tx) error {
		return t.s.setPassword(ctx, tx, self(t.org.ID, p), t.org, p, phc, t.Session)
	})
	return t.next(ctx)
}

// finish starts a session, or raises that of the browser if it is of the same
// person.
func (t *sitting) finish(ctx context.Context) error {
	b, err := t.browser(ctx)
	if err != nil {
		return err
	}
	sus := t.s.suspect(t.org.ID, t.User, t.Name, t.address, b.ID)
	err = t.s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := t.s.person(ctx, tx, t.org.ID, t.User); err != nil {
			return err
		}
		if err := t.holds(ctx, tx); err != nil {
			return err
		}
		if err := t.effect(ctx, tx); err != nil {
			return err
		}
		if err := t.seat(ctx, tx); err != nil {
			return err
		}
		t.artefact.Expires = t.s.now().Add(afterlife)
		return t.save(ctx, tx)
	})
	if err != nil {
		return err
	}
	return t.s.clear(ctx, sus)
}

// holds is NotFound if what the flow rests on is no more: the session that it
// began with has ended, or the password that was entered is another by now
// (attack C33).
func (t *sitting) holds(ctx context.Context, tx *store.Tx) error {
	if t.Raised {
		if _, same, err := t.sessionOf(ctx, tx); err != nil || !same {
			return cmp.Or(err, error(errNoFlow))
		}
	}
	if len(t.Mark) == 0 {
		return nil
	}
	mark, err := t.s.passwordMark(ctx, tx, t.org.ID, t.User)
	if err == nil && !equal(mark, t.Mark) {
		err = errNoFlow
	}
	return err
}

// seat gives the person their session. Somebody else's session in this browser
// stays as it is: its cookie is replaced, and that is all (attack A8).
func (t *sitting) seat(ctx context.Context, tx *store.Tx) error {
	now := t.s.now()
	browser, cookie, err := t.know(ctx, tx)
	if err != nil {
		return err
	}
	done := &Done{Return: t.Return, BrowserCookie: cookie, BrowserAge: browserLife}
	have, same, err := t.sessionOf(ctx, tx)
	if err != nil {
		return err
	}
	acr := acrOf(max(t.Level, 1))
	if same {
		if len(t.Proved) == 0 {
			now = have.AuthTime // whoever skips what is asked has proved nothing anew (attack C32)
		}
		done.SessionCookie, err = t.s.sessions.RaiseIn(ctx, tx, t.org.ID, have.ID, t.amr(), acr, now)
		if err != nil {
			return err
		}
		done.Session, err = tx.Session(ctx, t.org.ID, have.ID)
	} else {
		idle, length := t.policy.SessionTimes()
		done.Session, done.SessionCookie, err = t.s.sessions.Start(ctx, tx, session.NewSession{
			Org: t.org.ID, User: t.User, AMR: t.amr(), ACR: acr, AuthTime: now,
			Agent: t.agent, Address: t.address, Browser: browser, Idle: idle, Length: length,
		})
	}
	t.Done = done
	return err
}

// sessionOf returns the session that the browser had, and whether it lives and
// is that of the person who has just proved who they are.
func (t *sitting) sessionOf(ctx context.Context, tx *store.Tx) (identity.Session, bool, error) {
	if t.Session.IsZero() {
		return identity.Session{}, false, nil
	}
	have, err := tx.Session(ctx, t.org.ID, t.Session)
	if identity.KindOf(err) == identity.NotFound {
		return have, false, nil
	}
	return have, err == nil && have.User == t.User && have.Alive(t.s.now()), err
}

// amr returns how the person proved who they are.
func (t *sitting) amr() []string { return slices.Compact(slices.Sorted(slices.Values(t.AMR))) }
