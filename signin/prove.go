package signin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

func has(list []Step, s Step) bool { return slices.Contains(list, s) }

// enter goes to a step and makes what it shows.
func (t *sitting) enter(ctx context.Context, step Step) error {
	offered := t.Offered
	t.forget()
	from := t.Step
	t.Step = step
	switch step {
	case StepIdentify:
		if t.policy.offers(StepPasskey) && t.s.factors.PasskeysWork() {
			return t.ceremony(ctx)
		}
		return nil
	case StepPassword, StepPasskey, StepTOTP, StepEmailCode, StepSMSCode, StepRecoveryCode,
		StepEnrolTOTP, StepEnrolPasskey:
		// The methods stay those of the choice, less this one, with the one left.
		if len(offered) > 0 {
			if from != step && from != StepMethod && from != StepEnrol && !has(offered, from) {
				offered = append(offered, from)
			}
			t.Offered = slices.DeleteFunc(offered, func(m Step) bool { return m == step })
		}
	}
	switch step {
	case StepPasskey, StepEnrolPasskey:
		return t.ceremony(ctx)
	case StepEmailCode, StepSMSCode:
		return t.send(ctx)
	case StepEnrolTOTP:
		e, err := t.s.factors.NewTOTP(t.org, t.User, t.Name)
		if err != nil {
			return err
		}
		t.Enrolment = e.State
	}
	return nil
}

// choose enters the first of some methods and offers the others. Where the first
// would send something, the person chooses: a stranger who types a name should
// not have letters sent.
func (t *sitting) choose(ctx context.Context, methods []Step) error {
	t.forget()
	t.Step, t.Offered = StepMethod, methods
	if len(methods) > 1 && (methods[0] == StepEmailCode || methods[0] == StepSMSCode) {
		return nil
	}
	return t.enter(ctx, methods[0])
}

// identify takes a name, or a passkey without one.
func (t *sitting) identify(ctx context.Context, in Input) error {
	if cred := in.Fields.Get("credential"); cred != "" && len(t.Ceremony) > 0 {
		return t.passkey(ctx, cred)
	}
	name := strings.TrimSpace(in.Fields.Get("identifier"))
	if name == "" {
		t.wrong(ErrEmpty)
		return nil
	}
	if len(name) > maxIdentifier || !utf8.ValidString(name) {
		t.wrong(ErrWrong)
		return nil
	}
	t.Name = name
	return t.named(ctx)
}

// named looks for whom the name means. Whether there is such a person changes
// nothing that is shown (attack C43).
func (t *sitting) named(ctx context.Context) error {
	var p person
	err := t.s.db.View(ctx, func(tx *store.Tx) (err error) {
		if !t.Stay {
			if t.Other, err = otherHome(ctx, tx, t.org.ID, t.Name); err != nil || !t.Other.IsZero() {
				return err
			}
		}
		p, err = t.s.find(ctx, tx, t.org.ID, t.Name)
		return err
	})
	if err != nil {
		return err
	}
	if !t.Stay && !t.Other.IsZero() {
		return t.enter(ctx, StepElsewhere)
	}
	t.User = p.ID
	return t.firstFactor(ctx)
}

// otherHome returns the organisation that the domain of a name belongs to, zero
// if it is this one or nobody's.
func otherHome(ctx context.Context, tx *store.Tx, org identity.OrgID, name string) (identity.OrgID, error) {
	at := strings.LastIndexByte(name, '@')
	domain := asciiDomain(name[at+1:])
	if at < 1 || domain == "" {
		return identity.OrgID{}, nil
	}
	d, err := tx.DomainByName(ctx, domain)
	if identity.KindOf(err) == identity.NotFound {
		return identity.OrgID{}, nil
	}
	if err != nil || d.Verified.IsZero() || d.Org == org {
		return identity.OrgID{}, err
	}
	return d.Org, nil
}

// firstFactor asks for a first factor: those of the policy, whoever it is.
func (t *sitting) firstFactor(ctx context.Context) error {
	methods := slices.DeleteFunc(slices.Clone(t.policy.Methods), func(m Step) bool {
		return m == StepPasskey && !t.s.factors.PasskeysWork()
	})
	if len(methods) == 0 {
		methods = []Step{StepPassword}
	}
	return t.choose(ctx, methods)
}

// guard lets check find out whether a proof of this flow holds, counting
// failures. A proof of nobody never holds.
func (t *sitting) guard(ctx context.Context, check func() (bool, error)) (bool, error) {
	b, err := t.browser(ctx)
	if err != nil {
		return false, err
	}
	sus := t.s.suspect(t.org.ID, t.User, t.Name, t.address, b.ID)
	return t.s.guarded(ctx, sus, t.policy, check)
}

// password checks a password.
func (t *sitting) password(ctx context.Context, password string) error {
	if password == "" {
		t.wrong(ErrEmpty)
		return nil
	}
	ok, err := t.guard(ctx, func() (bool, error) {
		ok, err := t.s.dir.CheckPassword(ctx, t.org.ID, t.User, password)
		return ok && !t.User.IsZero(), busy(err)
	})
	if err != nil {
		return err
	}
	if !ok {
		t.wrong(ErrWrong)
		return nil
	}
	t.prove(StepPassword)
	if err := t.due(ctx, password); err != nil {
		return err
	}
	return t.next(ctx)
}

// due remembers which password was proved, and finds out whether a new one must
// be chosen.
func (t *sitting) due(ctx context.Context, password string) error {
	err := t.s.db.View(ctx, func(tx *store.Tx) (err error) {
		if t.Mark, err = t.s.passwordMark(ctx, tx, t.org.ID, t.User); err != nil {
			return err
		}
		t.Change, err = t.s.demanded(ctx, tx, t.org.ID, t.User)
		return err
	})
	if err != nil {
		return err
	}
	t.Change = t.Change || !t.policy.AllowCommon && secret.TooCommon(password)
	if t.Change {
		t.Used = t.s.keys.MAC("signin used", []byte(t.id+password))
	}
	return nil
}

// isWrong tells the answer of a factor from a failure of ours.
func isWrong(err error) (bool, error) {
	if err == nil {
		return true, nil
	}
	if errors.Is(err, factor.ErrWrong) {
		return false, nil
	}
	return false, err
}

// generated checks a code of an app or a recovery code.
func (t *sitting) generated(ctx context.Context, code string) error {
	if code == "" {
		t.wrong(ErrEmpty)
		return nil
	}
	ok, err := t.guard(ctx, func() (bool, error) {
		if len(code) > 64 {
			return false, nil
		}
		if t.Step == StepTOTP {
			return isWrong(t.s.factors.VerifyTOTP(ctx, t.org.ID, t.User, code))
		}
		_, err := t.s.factors.UseRecovery(ctx, t.org.ID, t.User, code)
		return isWrong(err)
	})
	if err != nil {
		return err
	}
	if !ok {
		t.wrong(ErrWrong)
		return nil
	}
	t.prove(t.Step)
	return t.next(ctx)
}

// ceremony makes the options of a passkey. A first factor asks for whatever
// passkey the browser has: the list of somebody's passkeys would tell that there
// is such a person (attack C43).
func (t *sitting) ceremony(ctx context.Context) error {
	var c *factor.Ceremony
	var err error
	switch {
	case t.Step == StepEnrolPasskey:
		var p person
		err = t.s.db.View(ctx, func(tx *store.Tx) (err error) {
			p, err = t.s.person(ctx, tx, t.org.ID, t.User)
			return err
		})
		if err != nil {
			return err
		}
		c, err = t.s.factors.BeginRegistration(ctx, t.org.ID, t.User, p.Name, p.Shown)
	case t.second():
		c, err = t.s.factors.BeginLogin(ctx, t.org.ID, t.User)
	default:
		c, err = t.s.factors.BeginLogin(ctx, t.org.ID, identity.ID{})
	}
	if err != nil {
		return err
	}
	t.Ceremony, t.Options, t.Began = c.State, c.Options, t.s.now()
	return nil
}

// maxCredential bounds what a browser sends of a passkey.
const maxCredential = 64 << 10

// passkey checks what a passkey signed. Passkeys cannot be guessed: they work
// also for somebody whose other ways in are closed for a while.
func (t *sitting) passkey(ctx context.Context, credential string) error {
	if credential == "" {
		t.wrong(ErrEmpty)
		return nil
	}
	if len(credential) > maxCredential {
		return t.noPasskey(ctx)
	}
	user, _, err := t.s.factors.FinishLogin(ctx, t.org.ID, t.Ceremony, []byte(credential))
	ok, err := isWrong(err)
	if err != nil {
		return err
	}
	if ok && t.Step == StepIdentify {
		t.User = user
	}
	if !ok || user.IsZero() || user != t.User {
		return t.noPasskey(ctx)
	}
	var p person
	err = t.s.db.View(ctx, func(tx *store.Tx) (err error) {
		p, err = t.s.person(ctx, tx, t.org.ID, user)
		return err
	})
	if identity.KindOf(err) == identity.NotFound {
		t.User = identity.ID{}
		return t.noPasskey(ctx)
	}
	if err != nil {
		return err
	}
	if t.Step == StepIdentify {
		t.Name = p.Name
	}
	t.prove(StepPasskey)
	return t.next(ctx)
}

// noPasskey shows that a passkey was not accepted, with new options.
func (t *sitting) noPasskey(ctx context.Context) error {
	t.wrong(ErrPasskey)
	return t.ceremony(ctx)
}
