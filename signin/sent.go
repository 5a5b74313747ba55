package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/store"
)

// codesAnHour is how many codes are sent to one person, networkCodes to all the
// people whom one network names.
const (
	codesAnHour  = 10
	networkCodes = 300
)

// who names the person of a flow, or the name that means nobody, in keys of
// rations. A browser that the person knows has a ration of its own, so that
// strangers cannot use it up (attack C45).
func (t *sitting) who(ctx context.Context) (string, error) {
	b, err := t.browser(ctx)
	sus := t.s.suspect(t.org.ID, t.User, t.Name, "", b.ID)
	return cmp.Or(sus.far, sus.near), err
}

// binding says what a code is good for.
func (t *sitting) binding() string { return "signin " + t.id + " " + string(t.Step) + " " + t.To }

// send makes a code and has it sent when the state is stored. For nobody all
// looks the same, and nothing is sent.
func (t *sitting) send(ctx context.Context) error {
	var p person
	var marks map[string]time.Time
	err := t.s.db.View(ctx, func(tx *store.Tx) (err error) {
		if t.User.IsZero() {
			return nil
		}
		if p, err = t.s.person(ctx, tx, t.org.ID, t.User); err != nil {
			return err
		}
		marks, err = tx.Verified(ctx, t.org.ID, t.User)
		return err
	})
	if err != nil {
		return err
	}
	if t.Step == StepEmailCode {
		t.To = t.emailTarget(p, marks)
	} else {
		t.To = t.phoneTarget(p, marks)
	}
	t.target()
	who, err := t.who(ctx)
	if err != nil {
		return err
	}
	err = t.s.db.Update(ctx, func(tx *store.Tx) error {
		if err := t.s.ration(ctx, tx, t.org.ID, "code-net:"+identity.Network(t.address), networkCodes, time.Hour); err != nil {
			return err
		}
		return t.s.ration(ctx, tx, t.org.ID, "code:"+who, codesAnHour, time.Hour)
	})
	if err != nil {
		return err
	}
	text, c := t.s.factors.NewCode(t.binding())
	t.Code = &c
	body := codeJob{User: t.User, To: t.To, Code: text, Until: c.Expires, SMS: t.Step == StepSMSCode, Lang: t.lang(p), Name: p.Shown}
	t.then(func(ctx context.Context, tx *store.Tx) error { return t.s.addCode(ctx, tx, t.org.ID, body) })
	return nil
}

// lang returns the language for a person: theirs, else the first that the app
// asked for.
func (t *sitting) lang(p person) string {
	first, _, _ := strings.Cut(t.UILocales, " ")
	return cmp.Or(p.Lang, first)
}

// emailTarget returns the address for a code: of those that the person typed or
// the first that will do. A second factor goes to verified addresses alone.
func (t *sitting) emailTarget(p person, marks map[string]time.Time) string {
	list := p.Emails
	if have, ok := p.hasEmail(t.Name); ok && !t.second() {
		list = []string{have}
	}
	for _, e := range list {
		_, ok := marks[emailKind+":"+directory.Fold(e)]
		if mail.CheckAddress(e) == nil && (ok || !t.second() && !t.policy.RecoverVerified) {
			return e
		}
	}
	return ""
}

// phoneTarget is emailTarget for numbers, which are always verified.
func (t *sitting) phoneTarget(p person, marks map[string]time.Time) string {
	list := p.Phones
	if have, ok := p.hasPhone(t.Name); ok && !t.second() {
		list = []string{have}
	}
	for _, n := range list {
		if _, ok := marks[phoneKind+":"+n]; ok {
			return n
		}
	}
	return ""
}

// target says where the code went. Of somebody who has proved nothing it shows
// what was typed alone.
func (t *sitting) target() {
	switch {
	case !t.second():
		t.Target = ""
		if strings.Contains(t.Name, "@") && t.Step == StepEmailCode || foldPhone(t.Name) != "" && t.Step == StepSMSCode {
			t.Target = t.Name
		}
	case t.Step == StepEmailCode:
		t.Target = maskEmail(t.To)
	default:
		t.Target = maskPhone(t.To)
	}
}

// resend sends another code.
func (t *sitting) resend(ctx context.Context) error {
	if t.Code != nil && t.s.factors.Resend(*t.Code) > 0 {
		t.wrong(ErrResend)
		return nil
	}
	t.wrong("")
	return t.send(ctx)
}

// sent checks a code that was sent. The try is spent when the state is stored,
// and nothing is believed before (attack B14).
func (t *sitting) sent(ctx context.Context, code string) error {
	switch {
	case code == "":
		t.wrong(ErrEmpty)
		return nil
	case t.Code == nil || t.Code.Tries <= 0 || !t.s.now().Before(t.Code.Expires):
		t.wrong(ErrExpired)
		return nil
	}
	ok, err := t.guard(ctx, func() (bool, error) {
		right, err := isWrong(t.s.factors.CheckCode(t.Code, t.binding(), strings.TrimSpace(code)))
		return right && !t.User.IsZero() && t.To != "", err
	})
	if err != nil {
		return err
	}
	if !ok {
		t.wrong(ErrWrong)
		return nil
	}
	address, step := t.To, t.Step
	t.then(func(ctx context.Context, tx *store.Tx) error {
		if step == StepEmailCode {
			return tx.PutVerified(ctx, t.org.ID, t.User, emailKind, directory.Fold(address), t.s.now())
		}
		return tx.PutVerified(ctx, t.org.ID, t.User, phoneKind, address, t.s.now())
	})
	t.prove(step)
	return t.next(ctx)
}

// The kinds of job that this package handles.
const (
	KindRecover = "recover" // a letter with a link, if there is somebody to get it
	KindCode    = "code"    // a code by letter or SMS, if there is somebody to get it
	KindSMS     = "sms"     // a text, to the webhook of the organisation
)

// A codeJob is a code to send. To is empty where there is nobody: the job is
// there all the same, so that nobody can tell by the time.
type codeJob struct {
	User  identity.ID
	To    string
	Code  string
	Until time.Time
	SMS   bool
	Lang  string
	Name  string
}

// addCode has a code sent.
func (s *Service) addCode(ctx context.Context, tx *store.Tx, org identity.OrgID, c codeJob) error {
	return s.jobs.Add(ctx, tx, jobs.NewJob{Org: org, Kind: KindCode, Subject: c.User, Note: "Code to sign in", Body: c})
}

// sendCode is the handler of KindCode.
func (s *Service) sendCode(ctx context.Context, j identity.Job, body []byte) error {
	var c codeJob
	if err := json.Unmarshal(body, &c); err != nil {
		return jobs.Give{Err: err}
	}
	if c.To == "" || !s.now().Before(c.Until) {
		return nil
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		org, err := tx.Organisation(ctx, j.Org)
		if err != nil {
			return err
		}
		if c.SMS {
			return s.addSMS(ctx, tx, org, c.User, c.To, smsText(c.Lang, org.Name, c.Code), c.Until)
		}
		return s.mail.Send(ctx, tx, mail.Letter{
			Org: org, User: c.User, To: c.To, Name: c.Name, Lang: c.Lang, Kind: mail.Code, Code: c.Code, Until: c.Until,
		})
	})
}

// Handlers returns the handlers of the jobs of this package.
func (s *Service) Handlers(post Post) map[string]jobs.Handler {
	return map[string]jobs.Handler{
		KindRecover: s.sendRecovery,
		KindCode:    s.sendCode,
		KindSMS:     func(ctx context.Context, j identity.Job, body []byte) error { return s.sendSMS(ctx, j, body, post) },
	}
}
