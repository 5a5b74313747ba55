package signin

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
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

// Policy returns the policy of an organisation with the defaults filled in.
func (s *Service) Policy(ctx context.Context, org identity.OrgID) (Policy, error) {
	panic("signin: policy")
}

// SetPolicy stores a policy. Faults are Invalid errors that name the field. An
// empty SMSSecret keeps the one that is stored.
func (s *Service) SetPolicy(ctx context.Context, by identity.Actor, org identity.OrgID, p Policy) error {
	panic("signin: set policy")
}

// SessionTimes returns for how long sessions of an organisation last.
func (p Policy) SessionTimes() (idle, length time.Duration) {
	return time.Duration(p.IdleSeconds) * time.Second, time.Duration(p.SessionSeconds) * time.Second
}
