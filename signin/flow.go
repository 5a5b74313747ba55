package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// Begin makes a flow. The id stands in the path of its pages; the cookie goes to
// the browser, and only with it is the flow of use: a link to a flow that
// somebody else began leads nowhere (attack A7). Both are random.
func (s *Service) Begin(ctx context.Context, org identity.Organisation, st Start) (id, cookie string, err error) {
	if !strings.HasPrefix(st.Return, "/") || strings.HasPrefix(st.Return, "//") || strings.ContainsAny(st.Return, "\\\r\n\t") {
		return "", "", errors.New("begin sign-in: the way back is not a path of ours")
	}
	id, cookie = rand.Text(), rand.Text()
	t := &sitting{s: s, org: org, id: id, agent: st.Agent, address: st.Address}
	if t.policy, err = s.policy(ctx, org.ID); err != nil {
		return "", "", err
	}
	t.state = state{
		Cookie: s.keys.MAC("signin cookie", []byte(id+"."+cookie)),
		Return: st.Return, App: st.App, UILocales: cut(st.UILocales, 200),
		Want: wanted(st.ACR), Essential: st.Essential, Fresh: st.Fresh, Browser: cut(st.Browser, 128),
		Name: cut(st.LoginHint, maxIdentifier),
	}
	if err := t.waited(t.first(ctx, st.Session)); err != nil {
		return "", "", err
	}
	now := s.now()
	t.artefact = identity.Artefact{Org: org.ID, Kind: flowKind, Hash: s.flowHash(id), Created: now, Expires: now.Add(flowLife)}
	if err := t.pack(); err != nil {
		return "", "", err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PutArtefact(ctx, t.artefact); err != nil {
			return err
		}
		return t.effect(ctx, tx)
	})
	return id, cookie, err
}

func cut(s string, most int) string { return strings.ToValidUTF8(s[:min(len(s), most)], "") }

// first finds the step that a flow begins with.
func (t *sitting) first(ctx context.Context, session *identity.Session) error {
	if session == nil || session.Org != t.org.ID || !session.Alive(t.s.now()) {
		return t.enter(ctx, StepIdentify)
	}
	var p person
	err := t.s.db.View(ctx, func(tx *store.Tx) (err error) {
		p, err = t.s.person(ctx, tx, t.org.ID, session.User)
		return err
	})
	if identity.KindOf(err) == identity.NotFound {
		return t.enter(ctx, StepIdentify)
	}
	if err != nil {
		return err
	}
	t.Session = session.ID
	if t.Fresh || level(session.ACR) >= t.Want {
		if t.Name != "" && t.Name != p.Name {
			return t.enter(ctx, StepIdentify) // the app thinks of somebody else
		}
		t.Name = p.Name
		t.User = p.ID
		return t.firstFactor(ctx)
	}
	// The session will do but for its level: what it proved need not be proved
	// again.
	t.Name, t.User, t.Raised, t.Since = p.Name, p.ID, true, session.AuthTime
	t.AMR, t.Level = append([]string{}, session.AMR...), max(level(session.ACR), 1)
	if err := t.next(ctx); err != nil || t.Step != StepDone {
		return err
	}
	return t.firstFactor(ctx) // nothing but a better first factor can raise it
}

// Flow says what a flow waits for. It is NotFound when there is no such flow or
// it has ended, and Denied in another browser.
func (s *Service) Flow(ctx context.Context, org identity.Organisation, id, cookie string) (*View, error) {
	t, err := s.sit(ctx, org, id, cookie)
	if err != nil {
		return nil, err
	}
	if len(t.Ceremony) > 0 && s.now().Sub(t.Began) > ceremonyAge {
		if err := t.ceremony(ctx); err != nil {
			return nil, err
		}
		if err := t.store(ctx); err != nil {
			return s.again(ctx, t, err)
		}
	}
	return t.view(ctx)
}

// again shows the flow as it stands when another request has moved it.
func (s *Service) again(ctx context.Context, t *sitting, err error) (*View, error) {
	if identity.KindOf(err) != identity.Stale {
		return nil, err
	}
	now := &sitting{s: s, org: t.org, id: t.id, policy: t.policy}
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		now.artefact, err = tx.Artefact(ctx, t.org.ID, flowKind, t.artefact.Hash)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.open(sealFlow, now.artefact.Data, &now.state); err != nil {
		return nil, err
	}
	return now.view(ctx)
}

// Answer takes a form. A form for another step than the pending one changes
// nothing and gives the pending step; so does a double post. What people do
// wrong is a View with Error, not an error; errors are as those of Flow.
func (s *Service) Answer(ctx context.Context, org identity.Organisation, id, cookie string, in Input) (*View, error) {
	t, err := s.sit(ctx, org, id, cookie)
	if err != nil {
		return nil, err
	}
	if in.Step != t.Step || t.Step == StepDone {
		return t.view(ctx)
	}
	t.agent, t.address = in.Agent, in.Address
	if in.has(FieldRemember) && t.canRemember() {
		t.Remember = true
	}
	err = t.waited(t.answer(ctx, in))
	if err == nil && t.Step == StepDone {
		err = t.finish(ctx)
	} else if err == nil {
		err = t.store(ctx)
	}
	if err != nil {
		return s.again(ctx, t, err)
	}
	return t.view(ctx)
}

// waited turns a wait into something that the person is shown.
func (t *sitting) waited(err error) error {
	w, ok := errors.AsType[*Wait](err)
	if !ok {
		return err
	}
	t.Error, t.Until = ErrTooMany, t.s.now().Add(w.After)
	if w.Err.Kind == identity.Busy {
		t.Error = ErrBusy
	}
	return nil
}

// answer moves the state on.
func (t *sitting) answer(ctx context.Context, in Input) error {
	if in.has(FieldBack) {
		return t.back(ctx)
	}
	if use := Step(in.Fields.Get(FieldUse)); use != "" {
		if !has(t.Offered, use) {
			return nil
		}
		return t.enter(ctx, use)
	}
	switch t.Step {
	case StepIdentify:
		return t.identify(ctx, in)
	case StepElsewhere:
		if in.has("stay") {
			t.Stay = true
			return t.named(ctx)
		}
		return nil
	case StepPassword:
		return t.password(ctx, in.Fields.Get("password"))
	case StepPasskey:
		return t.passkey(ctx, in.Fields.Get("credential"))
	case StepTOTP, StepRecoveryCode:
		return t.generated(ctx, in.Fields.Get("code"))
	case StepEmailCode, StepSMSCode:
		if in.has("resend") {
			return t.resend(ctx)
		}
		return t.sent(ctx, in.Fields.Get("code"))
	case StepEnrol:
		if in.has("skip") && t.Optional {
			t.Skipped = true
			return t.next(ctx)
		}
		return nil // only FieldUse leads on
	case StepEnrolTOTP:
		return t.enrolTOTP(ctx, in.Fields.Get("code"))
	case StepEnrolPasskey:
		return t.enrolPasskey(ctx, in.Fields.Get("credential"), in.Fields.Get("name"))
	case StepCodes:
		if in.has("stored") {
			return t.next(ctx)
		}
		return nil
	case StepNewPassword:
		return t.newPassword(ctx, in.Fields.Get("password"))
	}
	return nil
}

// back begins again as nobody.
func (t *sitting) back(ctx context.Context) error {
	t.Name, t.User, t.Stay, t.Proved, t.AMR, t.Level = "", identity.ID{}, false, nil, nil, 0
	t.Raised, t.Remember, t.Change, t.Used, t.Mark, t.Skipped = false, false, false, nil, nil, false
	return t.enter(ctx, StepIdentify)
}

// ceremonyAge is when the options of a passkey are made anew.
const ceremonyAge = 4 * time.Minute
