package signin

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// A Policy is how the people of an organisation sign in, stored as its setting
// "signin". The zero value of a field means the default that its comment names.
type Policy struct {
	// Methods are the first factors that are offered: "password", "passkey",
	// "email_code", "sms_code". Empty: password and passkey.
	Methods []Step `json:"methods,omitempty"`
	// Second says when a second factor is demanded. Whoever has enrolled one is
	// asked for it in any case, except in a browser that they had remembered.
	Second When `json:"second_factor,omitempty"`
	// EmailCode and SMSCode let codes sent to verified addresses be the second
	// factor of people who have enrolled no better one.
	EmailCode bool `json:"email_code,omitempty"`
	SMSCode   bool `json:"sms_code,omitempty"`
	// RememberDays is for how long a remembered browser is not asked for a second
	// factor; 0: 30 days, negative: browsers are not remembered.
	RememberDays int `json:"remember_days,omitempty"`

	// MinLength is the length of a new password in characters; 0: 15 where the
	// password is the only factor, else 8 (NIST SP 800-63B-4).
	MinLength int `json:"password_min_length,omitempty"`
	// AllowCommon lets people choose passwords that are known to be stolen.
	AllowCommon bool `json:"password_allow_common,omitempty"`
	// RecoverVerified sends links for a new password to verified addresses only.
	// Otherwise an address will do that the directory holds.
	RecoverVerified bool `json:"recover_verified,omitempty"`
	// NoRecovery takes "forgot password" away.
	NoRecovery bool `json:"no_recovery,omitempty"`

	IdleSeconds    int64 `json:"session_idle_seconds,omitempty"`   // 0: 8 hours
	SessionSeconds int64 `json:"session_length_seconds,omitempty"` // 0: 24 hours

	// Tries is how many failures of one person in one network cost nothing; 0: 5.
	// After that each doubles the wait, which begins with a second.
	Tries int64 `json:"lockout_tries,omitempty"`
	// HourlyTries is how many failures of one person in an hour close sign-in by
	// guessable means for the rest of it, known browsers apart; 0: 100.
	HourlyTries int64 `json:"lockout_hourly,omitempty"`

	// SMSWebhook receives the texts to send by POST; "" is no SMS.
	SMSWebhook string `json:"sms_webhook,omitempty"`
	// SMSSecret signs them. It is sealed when it is stored; Policy returns "".
	SMSSecret string `json:"sms_secret,omitempty"`
}

// When says when a second factor is demanded.
type When string

// The times at which a second factor is demanded.
const (
	Never   When = "never"    // the default
	WhenNew When = "when-new" // in browsers that the person has not had remembered
	Always  When = "always"
)

// policySetting is the setting of an organisation that holds its policy.
const policySetting = "signin"

// sealSMS is the purpose under which the secret of the webhook is sealed.
const sealSMS = "sms webhook"

// Policy returns the policy of an organisation with the defaults filled in.
func (s *Service) Policy(ctx context.Context, org identity.OrgID) (Policy, error) {
	p, err := s.policy(ctx, org)
	p.SMSSecret = ""
	return p, err
}

// policy returns the policy with the sealed secret. It is remembered until an
// administrator changes something.
func (s *Service) policy(ctx context.Context, org identity.OrgID) (Policy, error) {
	epoch, err := s.db.Epoch(ctx)
	if err != nil {
		return Policy{}, err
	}
	if p, ok := s.policies.get(epoch, org); ok {
		return p, nil
	}
	var stored []byte
	err = s.db.View(ctx, func(tx *store.Tx) error {
		stored, err = tx.OrgSetting(ctx, org, policySetting)
		return err
	})
	if err != nil {
		return Policy{}, err
	}
	var p Policy
	if stored != nil {
		if err := json.Unmarshal(stored, &p); err != nil {
			return Policy{}, fmt.Errorf("read the sign-in policy: %w", err)
		}
	}
	p = p.filled()
	s.policies.put(epoch, org, p)
	return p, nil
}

// filled returns p with its defaults.
func (p Policy) filled() Policy {
	if len(p.Methods) == 0 {
		p.Methods = []Step{StepPassword, StepPasskey}
	}
	p.Methods = slices.Clone(p.Methods)
	p.Second = cmp.Or(p.Second, Never)
	p.RememberDays = cmp.Or(p.RememberDays, 30)
	if p.MinLength == 0 {
		p.MinLength = 8
		if p.Second == Never {
			p.MinLength = 15
		}
	}
	p.IdleSeconds = cmp.Or(p.IdleSeconds, 8*3600)
	p.SessionSeconds = cmp.Or(p.SessionSeconds, 24*3600)
	p.Tries = cmp.Or(p.Tries, 5)
	p.HourlyTries = cmp.Or(p.HourlyTries, 100)
	return p
}

// SetPolicy stores a policy. Faults are Invalid errors that name the field. An
// empty SMSSecret keeps the one that is stored.
func (s *Service) SetPolicy(ctx context.Context, by identity.Actor, org identity.OrgID, p Policy) error {
	if err := p.check(); err != nil {
		return err
	}
	old, err := s.policy(ctx, org)
	if err != nil {
		return err
	}
	if p.SMSSecret != "" {
		p.SMSSecret = base64.StdEncoding.EncodeToString(s.keys.Seal(sealSMS, []byte(p.SMSSecret)))
	} else if p.SMSWebhook != "" {
		p.SMSSecret = old.SMSSecret
	}
	value, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PutOrgSetting(ctx, org, policySetting, value); err != nil {
			return err
		}
		return s.record(ctx, tx, by, org, "SignInPolicy", identity.ID(org), policyDiff(old, p.filled()))
	})
}

// policyDiff returns the fields that differ, without secrets.
func policyDiff(old, new Policy) map[string][2]any {
	secret := old.SMSSecret != new.SMSSecret
	old.SMSSecret, new.SMSSecret = "", ""
	var a, b map[string]any
	for _, m := range []struct {
		from Policy
		to   *map[string]any
	}{{old, &a}, {new, &b}} {
		text, _ := json.Marshal(m.from) // strings, numbers and booleans
		_ = json.Unmarshal(text, m.to)  // what was just written
	}
	out := map[string][2]any{}
	for _, m := range []map[string]any{a, b} {
		for k := range m {
			if !reflect.DeepEqual(a[k], b[k]) {
				out[k] = [2]any{a[k], b[k]}
			}
		}
	}
	if secret {
		out["sms_secret"] = [2]any{nil, nil}
	}
	return out
}

// check returns the first fault of p.
func (p Policy) check() error {
	bad := func(field, text string) error { return identity.NewError(identity.Invalid, field, text) }
	first := []Step{StepPassword, StepPasskey, StepEmailCode, StepSMSCode}
	for i, m := range p.Methods {
		if !slices.Contains(first, m) || slices.Contains(p.Methods[:i], m) {
			return bad("methods", "The methods are password, passkey, email_code and sms_code, each at most once.")
		}
	}
	if (p.SMSCode || slices.Contains(p.Methods, StepSMSCode)) && p.SMSWebhook == "" {
		return bad("sms_webhook", "Codes by SMS need the address of a service that sends them.")
	}
	if !slices.Contains([]When{"", Never, WhenNew, Always}, p.Second) {
		return bad("second_factor", "A second factor is demanded never, when-new or always.")
	}
	if p.SMSWebhook != "" {
		u, err := url.Parse(p.SMSWebhook)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || len(p.SMSWebhook) > 2000 {
			return bad("sms_webhook", "The address of the SMS service is an https URL without user and fragment.")
		}
	}
	if len(p.SMSSecret) > 200 {
		return bad("sms_secret", "The secret of the SMS service has at most 200 characters.")
	}
	for _, n := range []struct {
		field    string
		value    int64
		min, max int64
	}{
		{"remember_days", int64(p.RememberDays), -1, 365},
		{"password_min_length", int64(p.MinLength), 8, 64},
		{"session_idle_seconds", p.IdleSeconds, 60, 90 * 86400},
		{"session_length_seconds", p.SessionSeconds, 60, 365 * 86400},
		{"lockout_tries", p.Tries, 3, 20},
		{"lockout_hourly", p.HourlyTries, 20, 1000},
	} {
		if n.value != 0 && (n.value < n.min || n.value > n.max) {
			return bad(n.field, fmt.Sprintf("This is a number from %d to %d, or 0 for the default.", n.min, n.max))
		}
	}
	return nil
}

// offers reports whether a first factor is on.
func (p Policy) offers(m Step) bool { return slices.Contains(p.Methods, m) }

// SessionTimes returns for how long sessions of an organisation last.
func (p Policy) SessionTimes() (idle, length time.Duration) {
	return time.Duration(p.IdleSeconds) * time.Second, time.Duration(p.SessionSeconds) * time.Second
}
