package signin

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

func TestPasswordSignsIn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ann := h.person("ann")
		for _, name := range []string{"ann", "ANN", " ann@example.com ", "Ann@Example.COM", "+31205550117"} {
			v := h.visit(Start{Return: "/o/acme/oauth2/authorize/1", App: &App{Name: "Wiki"}}).at(StepIdentify, "")
			if v.view.App.Name != "Wiki" || len(v.view.Passkey) == 0 {
				t.Errorf("the first view = %+v, want the app's name and passkey options", v.view)
			}
			if name[0] == '+' {
				name = "+31 20 555 01" + phoneEnd("ann")
			}
			v.signIn(name, good).at(StepDone, "")
			d := v.view.Done
			if d.Session.User != ann || d.SessionCookie == "" || d.BrowserCookie == "" || d.Return != "/o/acme/oauth2/authorize/1" {
				t.Errorf("signing in as %q gives %+v", name, d)
			}
			if d.Session.ACR != ACR1 || !slices.Equal(d.Session.AMR, []string{"pwd"}) {
				t.Errorf("acr %q, amr %v, want one factor, pwd", d.Session.ACR, d.Session.AMR)
			}
			got, err := h.sessions.Current(h.ctx(), h.acme.ID, d.SessionCookie)
			if err != nil || got.ID != d.Session.ID {
				t.Errorf("the cookie opens %v, %v", got.ID, err)
			}
		}
	})
}

func TestWrongAnswersAreShown(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.person("ann")
		v := h.visit(Start{})
		v.send(StepIdentify)
		v.at(StepIdentify, ErrEmpty)
		v.send(StepIdentify, "identifier", strings.Repeat("x", 400))
		v.at(StepIdentify, ErrWrong)
		v.send(StepIdentify, "identifier", "ann")
		if v.at(StepPassword, "").view.Person != "ann" {
			t.Errorf("person = %q", v.view.Person)
		}
		v.send(StepPassword)
		v.at(StepPassword, ErrEmpty)
		v.send(StepPassword, "password", "not it")
		v.at(StepPassword, ErrWrong)
		again, err := h.Flow(h.ctx(), h.acme, v.id, v.cookie)
		if err != nil || again.Error != ErrWrong {
			t.Errorf("after a reload: %+v, %v, want the same error", again, err)
		}
		v.send(StepPassword, FieldBack, "1")
		v.at(StepIdentify, "")
		v.signIn("ann", good).at(StepDone, "")
	})
}

func TestPasskey(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ann := h.person("ann")
		k := h.enrolKey(ann)
		v := h.visit(Start{})
		v.send(StepIdentify, "credential", k.get(t, v.view.Passkey))
		s := v.at(StepDone, "").view.Done.Session
		if s.User != ann || s.ACR != ACR3 || !slices.Contains(s.AMR, "mfa") {
			t.Errorf("session = %+v, want ann's, phishing-resistant", s)
		}

		v = h.visit(Start{})
		v.send(StepIdentify, "identifier", "ann")
		v.send(StepPassword, FieldUse, string(StepPasskey))
		v.at(StepPasskey, "")
		if strings.Contains(string(v.view.Passkey), "allowCredentials\":[{") {
			t.Errorf("options of a first factor tell credentials: %s", v.view.Passkey)
		}
		old := v.view.Passkey
		v.send(StepPasskey, "credential", "{}")
		v.at(StepPasskey, ErrPasskey)
		v.send(StepPasskey, "credential", k.get(t, old))
		v.at(StepPasskey, ErrPasskey)
		v.send(StepPasskey, "credential", k.get(t, v.view.Passkey))
		v.at(StepDone, "")

		bob := h.person("bob")
		v = h.visit(Start{})
		v.send(StepIdentify, "identifier", "bob")
		v.send(StepPassword, FieldUse, string(StepPasskey))
		v.send(StepPasskey, "credential", k.get(t, v.view.Passkey))
		v.at(StepPasskey, ErrPasskey)
		if n := h.alive(bob); n != 0 {
			t.Errorf("bob has %d sessions after ann's passkey", n)
		}
	})
}

func TestSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ann := h.person("ann")
		app := h.enrolApp(ann)
		v := h.visit(Start{}).signIn("ann", good).at(StepTOTP, "")
		if !v.view.Second || !v.view.CanRemember {
			t.Errorf("view = %+v, want a second factor that can be remembered", v.view)
		}
		v.send(StepTOTP, "code", "000000")
		v.at(StepTOTP, ErrWrong)
		v.send(StepTOTP, "code", h.totp(app), FieldRemember, "on")
		d := v.at(StepDone, "").view.Done
		if d.Session.ACR != ACR2 || !slices.Equal(d.Session.AMR, []string{"mfa", "otp", "pwd"}) {
			t.Errorf("acr %q, amr %v", d.Session.ACR, d.Session.AMR)
		}
		// The remembered browser is not asked again, another is, and so is it when
		// the app wants two factors, and after the time is over.
		h.visit(Start{Browser: d.BrowserCookie}).signIn("ann", good).at(StepDone, "")
		h.visit(Start{Browser: "made up"}).signIn("ann", good).at(StepTOTP, "")
		h.visit(Start{Browser: d.BrowserCookie, ACR: []string{"2"}}).signIn("ann", good).at(StepTOTP, "")
		h.pass(31 * 24 * time.Hour)
		h.visit(Start{Browser: d.BrowserCookie}).signIn("ann", good).at(StepTOTP, "")
	})
}

func TestPolicyDemandsSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.policyOf(Policy{Second: Always})
		h.person("ann")
		v := h.visit(Start{}).signIn("ann", good).at(StepEnrol, "")
		if v.view.CanSkip {
			t.Error("enrolment can be skipped although the policy demands it")
		}
		v.send(StepEnrol, "skip", "1")
		v.at(StepEnrol, "")
		v.send(StepEnrol, FieldUse, string(StepEnrolTOTP))
		if v.at(StepEnrolTOTP, "").view.TOTP.Secret == "" || !strings.HasPrefix(v.view.TOTP.QR, "data:image/png;base64,") {
			t.Errorf("TOTP = %+v", v.view.TOTP)
		}
		app := v.view.TOTP.Secret
		v.send(StepEnrolTOTP, "code", "12345")
		v.at(StepEnrolTOTP, ErrWrong)
		v.send(StepEnrolTOTP, "code", h.totp(app))
		if n := len(v.at(StepCodes, "").view.Codes); n != 10 {
			t.Errorf("%d recovery codes, want 10", n)
		}
		codes := v.view.Codes
		v.send(StepCodes, "stored", "1")
		if s := v.at(StepDone, "").view.Done.Session; s.ACR != ACR2 {
			t.Errorf("acr = %q", s.ACR)
		}
		if n := len(h.letters("ann@example.com")); n != 1 {
			t.Errorf("%d letters about the new factor, want 1", n)
		}
		v = h.visit(Start{}).signIn("ann", good).at(StepTOTP, "")
		v.send(StepTOTP, FieldUse, string(StepRecoveryCode))
		v.send(StepRecoveryCode, "code", codes[3])
		v.at(StepDone, "")
		v = h.visit(Start{}).signIn("ann", good)
		v.send(StepTOTP, FieldUse, string(StepRecoveryCode))
		v.send(StepRecoveryCode, "code", codes[3])
		v.at(StepRecoveryCode, ErrWrong)

		h.person("bob")
		v = h.visit(Start{}).signIn("bob", good)
		v.send(StepEnrol, FieldUse, string(StepEnrolPasskey))
		k := newKey()
		v.send(StepEnrolPasskey, "credential", k.create(t, v.view.Passkey), "name", "bob's key")
		v.send(StepCodes, "stored", "1")
		v.at(StepDone, "")
		v = h.visit(Start{}).signIn("bob", good).at(StepPasskey, "")
		v.send(StepPasskey, "credential", k.get(t, v.view.Passkey))
		v.at(StepDone, "")
	})
}

func TestCodesByLetterAndSMS(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.policyOf(Policy{
			Methods: []Step{StepEmailCode, StepPassword}, EmailCode: true, SMSCode: true, Second: Always,
			SMSWebhook: "https://sms.example.com/send", SMSSecret: "s3cret",
		})
		ann := h.person("ann")
		v := h.visit(Start{})
		v.send(StepIdentify, "identifier", "ann@example.com")
		v.at(StepMethod, "")
		if n := len(h.letters("ann@example.com")); n != 0 {
			t.Errorf("%d letters before the person has chosen", n)
		}
		v.send(StepMethod, FieldUse, string(StepTOTP))
		v.at(StepMethod, "")
		v.send(StepMethod, FieldUse, string(StepEmailCode))
		if v.at(StepEmailCode, "").view.Target != "ann@example.com" || v.view.Resend <= 0 {
			t.Errorf("view = %+v", v.view)
		}
		v.send(StepEmailCode, "resend", "1")
		v.at(StepEmailCode, ErrResend)
		first := h.code("ann@example.com")
		h.pass(2 * time.Minute)
		v.send(StepEmailCode, "resend", "1")
		second := h.code("ann@example.com")
		if first != second {
			v.send(StepEmailCode, "code", first)
			v.at(StepEmailCode, ErrWrong)
		}
		v.send(StepEmailCode, "code", second)
		v.at(StepEnrol, "") // no code by letter as second factor after one as first

		// The address is proved now, and with a number that is as well there are two
		// ways beside the password.
		h.ok(h.VerifyPhone(h.ctx(), h.acme, ann, "+312055501"+phoneEnd("ann")))
		h.wantKind("another SMS at once", h.VerifyPhone(h.ctx(), h.acme, ann, "+312055501"+phoneEnd("ann")), identity.Throttled)
		h.work()
		if len(h.posted) != 1 || !strings.Contains(h.posted[0], `"to":"+31205550`) || !strings.Contains(h.posted[0], `"org":"acme"`) {
			t.Fatalf("the webhook got %q", h.posted)
		}
		if got := h.headers[0].Get(SignatureHeader); !strings.HasPrefix(got, "t=") || !strings.Contains(got, ",v1=") {
			t.Errorf("signature %q", got)
		}
		sms := codeText.FindString(h.posted[0])
		fault, err := h.ConfirmPhone(h.ctx(), h.acme, ann, wrongCode(sms), "192.0.2.1")
		if err != nil || fault != ErrWrong {
			t.Errorf("a wrong code: %q, %v", fault, err)
		}
		fault, err = h.ConfirmPhone(h.ctx(), h.acme, ann, sms, "192.0.2.1")
		if err != nil || fault != "" {
			t.Errorf("the right code: %q, %v", fault, err)
		}
		if fault, err = h.ConfirmPhone(h.ctx(), h.acme, ann, sms, "192.0.2.1"); err != nil || fault == "" {
			t.Errorf("the right code again: %q, %v, want a fault", fault, err)
		}
		list, err := h.Addresses(h.ctx(), h.acme.ID, ann)
		if err != nil || len(list) != 2 || list[0].Verified.IsZero() || list[1].Verified.IsZero() {
			t.Errorf("addresses = %+v, %v, want both verified", list, err)
		}
		v = h.visit(Start{})
		v.send(StepIdentify, "identifier", "ann")
		v.send(StepMethod, FieldUse, string(StepPassword))
		v.send(StepPassword, "password", good)
		v.at(StepMethod, "")
		v.send(StepMethod, FieldUse, string(StepSMSCode))
		if want := "+31 ••• "; !strings.HasPrefix(v.at(StepSMSCode, "").view.Target, want) {
			t.Errorf("target = %q, want it masked", v.view.Target)
		}
		h.work()
		v.send(StepSMSCode, "code", codeText.FindString(h.posted[len(h.posted)-1]))
		if s := v.at(StepDone, "").view.Done.Session; !slices.Contains(s.AMR, "sms") || s.ACR != ACR2 {
			t.Errorf("session = %+v", s)
		}
	})
}

// wrongCode returns a code of six digits that is another.
func wrongCode(code string) string {
	if code[0] == '9' {
		return "1" + code[1:]
	}
	return "9" + code[1:]
}

func TestElsewhere(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.ok(h.db.Update(h.ctx(), func(tx *store.Tx) error {
			for _, d := range []identity.Domain{
				{Org: h.root.ID, Name: "umbrella.example", Verified: h.now(), Created: h.now()},
				{Org: h.root.ID, Name: "unproved.example", Created: h.now()},
				{Org: h.acme.ID, Name: "acme.example", Verified: h.now(), Created: h.now()},
			} {
				if err := tx.PutDomain(h.ctx(), d); err != nil {
					return err
				}
			}
			return nil
		}))
		for name, want := range map[string]Step{
			"eve@umbrella.example": StepElsewhere, "eve@UMBRELLA.example": StepElsewhere,
			"eve@unproved.example": StepPassword, "eve@acme.example": StepPassword, "eve": StepPassword, "eve@": StepPassword,
		} {
			v := h.visit(Start{})
			v.send(StepIdentify, "identifier", name)
			v.at(want, "")
			if want == StepElsewhere {
				if v.view.Elsewhere == nil || v.view.Elsewhere.ID != h.root.ID {
					t.Errorf("elsewhere = %+v, want the root", v.view.Elsewhere)
				}
				v.send(StepElsewhere, "stay", "1")
				v.at(StepPassword, "")
			}
		}
	})
}

func TestStepUp(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ann := h.person("ann")
		v := h.visit(Start{}).signIn("ann", good).at(StepDone, "")
		had := v.view.Done
		app := h.enrolApp(ann)
		up := h.visit(Start{Session: &had.Session, ACR: []string{ACR2}}).at(StepTOTP, "")
		up.send(StepTOTP, "code", h.totp(app))
		d := up.at(StepDone, "").view.Done
		if d.Session.ID != had.Session.ID || d.Session.ACR != ACR2 || !slices.Equal(d.Session.AMR, []string{"mfa", "otp", "pwd"}) {
			t.Errorf("raised session = %+v, want the same one with two factors", d.Session)
		}
		if _, err := h.sessions.Current(h.ctx(), h.acme.ID, had.SessionCookie); identity.KindOf(err) != identity.Unauthenticated {
			t.Errorf("the old cookie after a step-up: %v", err)
		}
		if !Meets(d.Session, []string{"2"}) || Meets(d.Session, []string{"phr"}) || ACRClaim(d.Session, []string{"phr", "2"}) != "2" {
			t.Errorf("Meets and ACRClaim do not tell %q as it is", d.Session.ACR)
		}
		// What cannot be had is enrolled if it is essential, and left otherwise.
		bob := h.visit(Start{ACR: []string{ACR3}})
		h.person("bob")
		if !bob.signIn("bob", good).at(StepEnrol, "").view.CanSkip {
			t.Error("what an app only wishes for cannot be skipped")
		}
		bob.send(StepEnrol, "skip", "1")
		bob.at(StepDone, "")
		h.visit(Start{ACR: []string{"phr"}, Essential: true}).signIn("bob", good).at(StepEnrol, "")
		ess := h.visit(Start{Session: &d.Session, ACR: []string{ACR3}, Essential: true}).at(StepEnrol, "")
		h.visit(Start{Session: &d.Session, ACR: []string{ACR3}}).at(StepPassword, "")
		if diff := cmp.Diff([]Step{StepEnrolPasskey}, ess.view.Methods); diff != "" {
			t.Errorf("methods: %s", diff)
		}
	})
}

func TestNewPasswordIsDemanded(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ann := h.person("ann")
		h.ok(h.DemandPassword(h.ctx(), cli, h.acme.ID, ann))
		v := h.visit(Start{}).signIn("ann", good)
		if v.at(StepNewPassword, "").view.MinLength != 15 {
			t.Errorf("at least %d characters, want 15", v.view.MinLength)
		}
		for password, want := range map[string]string{
			"": ErrEmpty, "short": ErrTooShort, good: ErrSame, strings.Repeat("é", 600): ErrTooLong,
			"ann@example.com1": ErrTooCommon, "with a \x00 in the middle": ErrBadChars,
		} {
			v.send(StepNewPassword, "password", password)
			v.at(StepNewPassword, want)
		}
		v.send(StepNewPassword, "password", another)
		v.at(StepDone, "")
		h.visit(Start{}).signIn("ann", another).at(StepDone, "")
		h.personIn(h.acme, "old", schema.Object{"password": "password1"})
		h.visit(Start{}).signIn("old", "password1").at(StepNewPassword, "")
	})
}

func TestPolicyIsChecked(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for name, p := range map[string]Policy{
			"an unknown method":       {Methods: []Step{"magic"}},
			"a method twice":          {Methods: []Step{StepPassword, StepPassword}},
			"an unknown time":         {Second: "sometimes"},
			"SMS without a service":   {SMSCode: true},
			"a service without TLS":   {SMSWebhook: "http://sms.example.com"},
			"a very short password":   {MinLength: 4},
			"an endless session":      {SessionSeconds: 1 << 40},
			"a lock after one try":    {Tries: 1},
			"no lock worth its name":  {HourlyTries: 1 << 30},
			"a service with a secret": {SMSWebhook: "https://a:b@sms.example.com"},
		} {
			h.wantKind(name, h.SetPolicy(h.ctx(), cli, h.acme.ID, p), identity.Invalid)
		}
		h.policyOf(Policy{SMSWebhook: "https://sms.example.com", SMSSecret: "s3cret", Second: WhenNew})
		h.policyOf(Policy{SMSWebhook: "https://sms.example.com", Second: Always})
		p, err := h.Policy(h.ctx(), h.acme.ID)
		if err != nil || p.SMSSecret != "" || p.Second != Always || p.MinLength != 8 {
			t.Errorf("policy = %+v, %v", p, err)
		}
		inner, err := h.policy(h.ctx(), h.acme.ID)
		h.ok(err)
		if key, err := h.smsSecret(inner); err != nil || string(key) != "s3cret" {
			t.Errorf("the secret = %q, %v, want the one that was set before", key, err)
		}
	})
}

func TestACR(t *testing.T) {
	for name, want := range map[string]int{ACR1: 1, ACR2: 2, ACR3: 3, "0": 0, "1": 1, "2": 2, "3": 3, "phr": 3, "": -1, "urn:x": -1} {
		if got := level(name); got != want {
			t.Errorf("level(%q) = %d, want %d", name, got, want)
		}
	}
	if got := wanted([]string{"urn:x", "3", "2"}); got != 2 {
		t.Errorf("wanted = %d, want the least, 2", got)
	}
	if Meets(identity.Session{ACR: ACR3}, []string{"urn:x"}) || !Meets(identity.Session{}, nil) {
		t.Error("Meets: an unknown name is met, or none is not")
	}
}

func FuzzFold(f *testing.F) {
	f.Add("tel:+31-20-555-0123;ext=1")
	f.Add("+١٢٣٤٥٦٧٨")
	f.Fuzz(func(t *testing.T, text string) {
		if got := foldPhone(text); got != "" && (foldPhone(got) != got || len(got) > 16 || got[0] != '+') {
			t.Errorf("foldPhone(%q) = %q", text, got)
		}
		if d := asciiDomain(text); d != "" && asciiDomain(d) != d {
			t.Errorf("asciiDomain(%q) = %q, which is not stable", text, d)
		}
	})
}
