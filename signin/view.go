package signin

import (
	"encoding/json"
	"net/url"
	"time"

	"github.com/muster-id/muster/identity"
)

// A Step is what a flow waits for. Each is one form; the fields of the form
// stand in the list below. Every form also carries its own name as "step".
type Step string

// The steps, with the fields that their forms send.
const (
	// StepIdentify asks who is there: "identifier". Where passkeys are on, its
	// View has Passkey, and "credential" alone signs in without a name.
	StepIdentify Step = "identify"
	// StepElsewhere says that the name belongs to another organisation, that of
	// View.Elsewhere. "stay" goes on here.
	StepElsewhere Step = "elsewhere"
	// StepMethod lets the person choose by FieldUse, where the first method would
	// send a code.
	StepMethod Step = "method"
	// StepPassword asks for "password".
	StepPassword Step = "password"
	// StepPasskey asks for "credential", the JSON that navigator.credentials.get
	// gave for View.Passkey.
	StepPasskey Step = "passkey"
	// StepTOTP asks for the "code" of an app.
	StepTOTP Step = "totp"
	// StepEmailCode and StepSMSCode ask for the "code" sent to View.Target;
	// "resend" sends another, not before View.Resend has passed.
	StepEmailCode Step = "email_code"
	StepSMSCode   Step = "sms_code"
	// StepRecoveryCode asks for one of the recovery codes as "code".
	StepRecoveryCode Step = "recovery_code"
	// StepEnrol lets the person choose a second factor to enrol by "use":
	// "enrol_totp" or "enrol_passkey". "skip" goes on without where View.CanSkip.
	StepEnrol Step = "enrol"
	// StepEnrolTOTP shows View.TOTP and asks for a "code" of the app.
	StepEnrolTOTP Step = "enrol_totp"
	// StepEnrolPasskey asks for "credential", what navigator.credentials.create
	// gave for View.Passkey, and a "name".
	StepEnrolPasskey Step = "enrol_passkey"
	// StepCodes shows View.Codes, the recovery codes, once; "stored" goes on.
	StepCodes Step = "codes"
	// StepNewPassword asks for a new "password", because the old one is known to
	// be stolen or an administrator asked for it. View.MinLength binds.
	StepNewPassword Step = "new_password"
	// StepDone is the end: View.Done says what the browser gets.
	StepDone Step = "done"
)

// Fields that every form may send besides its own.
const (
	FieldStep     = "step"     // the step that the form was made for
	FieldUse      = "use"      // another method, one of View.Methods
	FieldBack     = "back"     // begin again as another person
	FieldRemember = "remember" // "on": ask for no second factor in this browser for a while
)

// The keys of View.Error; the portal has words for each.
const (
	ErrWrong     = "wrong"      // what was entered is not right; on purpose no more than that
	ErrEmpty     = "empty"      // a field is missing
	ErrTooMany   = "too_many"   // wait for View.Retry
	ErrBusy      = "busy"       // the server has too much to do; wait for View.Retry
	ErrExpired   = "expired"    // the code is too old or was tried too often: send another
	ErrResend    = "resend"     // wait for View.Resend before another code
	ErrPasskey   = "passkey"    // the passkey was not accepted
	ErrTooShort  = "too_short"  // of a new password, see View.MinLength
	ErrTooLong   = "too_long"   // of a new password
	ErrTooCommon = "too_common" // a new password that is known to be stolen or easily guessed
	ErrSame      = "same"       // a new password that is the old one
	ErrBadChars  = "bad_chars"  // a new password with characters that a password cannot have
	ErrNoMethod  = "no_method"  // nothing that the person has is enough here; an administrator must help
)

// A View says what to show.
type View struct {
	ID        string // of the flow
	Step      Step
	Org       identity.Organisation
	App       *App   // that asks for the sign-in, nil for none
	UILocales string // languages that the app asked for
	// Person is what the person called themselves, "" before that. It is shown
	// as typed and tells nothing of whether there is such a person.
	Person string
	// Second says that a first factor has been proved and this is another.
	Second  bool
	Methods []Step        // other methods that FieldUse may name
	Error   string        // key of what went wrong, "" for nothing
	Retry   time.Duration // with ErrTooMany and ErrBusy
	Fields  []string      // names that the form may send, FieldStep and FieldUse apart
	// Passkey holds the options for navigator.credentials, as JSON.
	Passkey   json.RawMessage
	Target    string        // where a code went, masked as far as it must be
	Resend    time.Duration // until another code can be sent
	TOTP      *TOTP
	Codes     []string // recovery codes, shown this once
	MinLength int      // of a new password
	CanSkip   bool
	// CanRemember says that the form may offer FieldRemember.
	CanRemember bool
	Elsewhere   *identity.Organisation
	Done        *Done
}

// An App is what people see of the app that asks.
type App struct {
	Name      string
	LogoURI   string
	ClientURI string
	PolicyURI string
	TOSURI    string
	Cancel    string // path that gives the sign-in up and tells the app so; "": none
}

// A TOTP is what an app for one-time codes needs to know.
type TOTP struct {
	Secret string // base32, to type
	URL    string // otpauth://
	QR     string // data:image/png;base64, of the URL
}

// Done is what a finished flow gives.
type Done struct {
	Session       identity.Session
	SessionCookie string        // new value of the session cookie
	BrowserCookie string        // new value of the browser cookie
	BrowserAge    time.Duration // how long the browser keeps it
	Return        string        // path to go on to
}

// Start is what Begin asks for.
type Start struct {
	// Return is the path that the browser goes to in the end. The caller makes
	// it; it never comes from a request as it is.
	Return    string
	App       *App
	LoginHint string
	UILocales string
	// ACR are the values that the app asked for, any of which will do. Essential
	// says that it will not take less: people then enrol what they lack.
	ACR       []string
	Essential bool
	// Fresh asks for a proof now although there is a session: prompt=login, or a
	// session older than max_age.
	Fresh   bool
	Session *identity.Session // of the browser, nil for none
	Browser string            // value of the browser cookie, "" for none
	Agent   string
	Address string
}

// Input is one form.
type Input struct {
	Step    Step // the value of FieldStep
	Fields  url.Values
	Agent   string
	Address string
}

func (in Input) has(name string) bool { return in.Fields.Get(name) != "" }
