package signin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/store"
)

// A state is what is remembered of a flow, sealed, in an artefact.
type state struct {
	Cookie []byte // keyed hash of the cookie

	Return    string
	App       *App        `json:",omitempty"`
	UILocales string      `json:",omitempty"`
	Want      int         `json:",omitempty"` // level that was asked for
	Essential bool        `json:",omitempty"`
	Session   identity.ID // that the browser had; zero for none
	Fresh     bool        `json:",omitempty"`
	Browser   string      `json:",omitempty"` // value of the browser cookie

	Step Step
	Name string      // as typed
	User identity.ID // zero: nobody whom we know
	Stay bool        `json:",omitempty"` // the name's domain is not followed

	Proved []Step   // factors that were proved, in order
	AMR    []string // of them
	// Raised is set when the flow began with what the session proved, at Since.
	Raised   bool `json:",omitempty"`
	Since    time.Time
	Level    int    `json:",omitempty"`
	Remember bool   `json:",omitempty"`
	Change   bool   `json:",omitempty"` // a new password is due
	Optional bool   `json:",omitempty"` // the enrolment that is asked for
	Skipped  bool   `json:",omitempty"` // it was asked for
	Used     []byte `json:",omitempty"` // keyed hash of the password that was entered
	Mark     []byte `json:",omitempty"` // of what was stored of it: the proof is void when it changes
	Offered  []Step `json:",omitempty"` // other methods

	Code      *factor.Code    `json:",omitempty"`
	Target    string          `json:",omitempty"` // that is shown
	To        string          `json:",omitempty"` // where the code went; "" if nowhere
	Ceremony  []byte          `json:",omitempty"`
	Options   json.RawMessage `json:",omitempty"`
	Began     time.Time       // of the ceremony
	Enrolment []byte          `json:",omitempty"`
	Codes     []string        `json:",omitempty"`

	Error string    `json:",omitempty"`
	Until time.Time // of a wait
	Done  *Done     `json:",omitempty"`
	Other identity.OrgID
}

// The life of flows, and of what the browser may still ask for after the end: a
// form that was sent twice gets the same answer twice.
const (
	flowLife  = time.Hour
	afterlife = time.Minute
)

const (
	flowKind = "signin"
	sealFlow = "signin flow"
)

// A sitting is one look at a flow.
type sitting struct {
	s        *Service
	org      identity.Organisation
	policy   Policy
	id       string
	artefact identity.Artefact
	state
	agent, address string
	effects        []func(context.Context, *store.Tx) error
}

func (s *Service) flowHash(id string) []byte { return s.keys.MAC("signin flow", []byte(id)) }

var (
	errNoFlow    = identity.NewError(identity.NotFound, "", "This sign-in has ended. Please begin again.")
	errOtherFlow = identity.NewError(identity.Denied, "", "This sign-in was begun in another browser. Please begin again here.")
)

// sit reads a flow.
func (s *Service) sit(ctx context.Context, org identity.Organisation, id, cookie string) (*sitting, error) {
	t := &sitting{s: s, org: org, id: id}
	if len(id) > 128 || len(cookie) > 128 {
		return nil, errNoFlow
	}
	var err error
	if t.policy, err = s.policy(ctx, org.ID); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		t.artefact, err = tx.Artefact(ctx, org.ID, flowKind, s.flowHash(id))
		return err
	})
	if identity.KindOf(err) == identity.NotFound || err == nil && !t.artefact.Alive(s.now()) {
		return nil, errNoFlow
	}
	if err != nil {
		return nil, err
	}
	if err := s.open(sealFlow, t.artefact.Data, &t.state); err != nil {
		return nil, err
	}
	if !equal(t.Cookie, s.keys.MAC("signin cookie", []byte(id+"."+cookie))) {
		return nil, errOtherFlow
	}
	return t, nil
}

// pack writes the state into the artefact.
func (t *sitting) pack() error {
	data, err := json.Marshal(t.state)
	if err != nil {
		return err
	}
	t.artefact.Data, t.artefact.Subject = t.s.keys.Seal(sealFlow, data), t.User
	return nil
}

// save stores the state if nobody else has moved the flow; otherwise it is
// Stale.
func (t *sitting) save(ctx context.Context, tx *store.Tx) error {
	if err := t.pack(); err != nil {
		return err
	}
	return tx.UpdateArtefact(ctx, t.artefact)
}

// store is save in a transaction of its own.
func (t *sitting) store(ctx context.Context) error {
	return t.s.db.Update(ctx, func(tx *store.Tx) error {
		if err := t.save(ctx, tx); err != nil {
			return err
		}
		return t.effect(ctx, tx)
	})
}

// then has something done in the transaction that stores the state: it happens
// if this request is the one that moves the flow.
func (t *sitting) then(do func(context.Context, *store.Tx) error) { t.effects = append(t.effects, do) }

func (t *sitting) effect(ctx context.Context, tx *store.Tx) error {
	for _, do := range t.effects {
		if err := do(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// open reads what was sealed as JSON.
func (s *Service) open(purpose string, sealed []byte, to any) error {
	plain, err := s.keys.Open(purpose, sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, to)
}

// fields are those that the form of a step may send.
var fields = map[Step][]string{
	StepIdentify:     {"identifier", "credential"},
	StepElsewhere:    {"stay"},
	StepPassword:     {"password"},
	StepPasskey:      {"credential"},
	StepTOTP:         {"code"},
	StepEmailCode:    {"code", "resend"},
	StepSMSCode:      {"code", "resend"},
	StepRecoveryCode: {"code"},
	StepEnrol:        {"skip"},
	StepEnrolTOTP:    {"code"},
	StepEnrolPasskey: {"credential", "name"},
	StepCodes:        {"stored"},
	StepNewPassword:  {"password"},
}

// view shows the state.
func (t *sitting) view(ctx context.Context) (*View, error) {
	v := &View{
		ID: t.id, Step: t.Step, Org: t.org, App: t.App, UILocales: t.UILocales, Person: t.Name,
		Second: t.second(), Methods: slices.Clone(t.Offered), Error: t.Error,
		Fields: slices.Clone(fields[t.Step]), Done: t.Done,
		CanSkip: t.Optional && t.Step == StepEnrol,
	}
	if left := t.Until.Sub(t.s.now()); left > 0 {
		v.Retry = left
	} else if t.Error == ErrTooMany || t.Error == ErrBusy {
		v.Error = ""
	}
	if t.canRemember() {
		v.CanRemember, v.Fields = true, append(v.Fields, FieldRemember)
	}
	switch t.Step {
	case StepIdentify, StepPasskey, StepEnrolPasskey:
		v.Passkey = t.Options
	case StepEmailCode, StepSMSCode:
		v.Target = t.Target
		if t.Code != nil {
			v.Resend = t.s.factors.Resend(*t.Code)
		}
	case StepCodes:
		v.Codes = t.Codes
	case StepNewPassword:
		v.MinLength = t.policy.MinLength
	case StepEnrolTOTP:
		e, err := t.s.factors.ShowTOTP(t.org.ID, t.User, t.Enrolment)
		if err != nil {
			return nil, err
		}
		v.TOTP = &TOTP{Secret: e.Secret, URL: e.URL, QR: "data:image/png;base64," + base64.StdEncoding.EncodeToString(e.PNG)}
	case StepElsewhere:
		err := t.s.db.View(ctx, func(tx *store.Tx) error {
			o, err := tx.Organisation(ctx, t.Other)
			v.Elsewhere = &o
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return v, nil
}

// second reports whether a first factor has been proved.
func (t *sitting) second() bool { return len(t.Proved) > 0 || t.Raised }

// canRemember reports whether the form offers to remember the browser.
func (t *sitting) canRemember() bool {
	if t.policy.RememberDays < 0 || !t.second() {
		return false
	}
	return slices.Contains([]Step{StepTOTP, StepEmailCode, StepSMSCode, StepRecoveryCode, StepPasskey}, t.Step)
}

// wrong shows a fault of the form and keeps the step.
func (t *sitting) wrong(key string) { t.Error, t.Until = key, time.Time{} }

// prove notes a factor that holds.
func (t *sitting) prove(m Step) {
	t.Proved = append(t.Proved, m)
	add := map[Step][]string{
		StepPassword: {"pwd"}, StepPasskey: {"pop", "user"}, StepEnrolPasskey: {"pop", "user"},
		StepTOTP: {"otp"}, StepEnrolTOTP: {"otp"}, StepEmailCode: {"otp"}, StepSMSCode: {"otp", "sms"}, StepRecoveryCode: {"otp"},
	}[m]
	switch {
	case m == StepPasskey || m == StepEnrolPasskey:
		t.Level = 3
	default:
		t.Level = max(t.Level, min(t.Level+1, 2))
	}
	if t.Level >= 2 {
		add = append(add, "mfa")
	}
	for _, name := range add {
		if !slices.Contains(t.AMR, name) {
			t.AMR = append(t.AMR, name)
		}
	}
}

// forget drops what belongs to the step that is left.
func (t *sitting) forget() {
	t.Code, t.Target, t.To, t.Ceremony, t.Options, t.Enrolment = nil, "", "", nil, nil, nil
	t.Error, t.Until, t.Offered, t.Codes = "", time.Time{}, nil, nil
}

// maskEmail shows enough of an address to recognise it by.
func maskEmail(address string) string { return mail.Masked(address) }
