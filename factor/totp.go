package factor

import (
	"bytes"
	"context"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// What authenticator apps all know (RFC 6238): six digits of SHA-1, a new code
// every 30 seconds, and a secret of 160 bits.
const (
	period     = 30 * time.Second
	secretBits = 160
	window     = 1 // steps by which a clock may be wrong
	qrSize     = 256
)

var digits = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// A TOTPEnrolment is shown to a person who sets up an authenticator app.
type TOTPEnrolment struct {
	Secret string // base32, for who cannot scan
	URL    string // otpauth://
	PNG    []byte // the URL as QR code
	State  []byte // sealed; give it back to ConfirmTOTP
}

// app is what is kept of an authenticator app.
type app struct {
	Secret string // base32
	Last   int64  // step of the last code that was accepted
}

// NewTOTP begins the enrolment of an authenticator app. Nothing is stored until
// ConfirmTOTP. account is shown in the app, the user's name.
func (s *Service) NewTOTP(org identity.Organisation, user identity.ID, account string) (*TOTPEnrolment, error) {
	issuer := label(org.Name)
	if issuer == "" {
		issuer = s.name
	}
	if account = label(account); account == "" {
		account = user.String()
	}
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: issuer, AccountName: account, Period: uint(period / time.Second),
		SecretSize: secretBits / 8, Digits: digits.Digits, Algorithm: digits.Algorithm,
	})
	if err != nil {
		return nil, err
	}
	st := s.newState(enrolTOTP, org.ID, user)
	st.TOTP = key.URL()
	sealed, err := s.sealState(st)
	if err != nil {
		return nil, err
	}
	return show(key, sealed)
}

// label makes a text fit for a label of an otpauth URL, in which a colon ends the
// issuer.
func label(text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(text, ":", " "))
	runes := []rune(text)
	return string(runes[:min(len(runes), 64)])
}

func show(key *otp.Key, sealed []byte) (*TOTPEnrolment, error) {
	img, err := key.Image(qrSize, qrSize)
	if err != nil {
		return nil, err
	}
	var code bytes.Buffer
	if err := png.Encode(&code, img); err != nil {
		return nil, err
	}
	return &TOTPEnrolment{Secret: key.Secret(), URL: key.URL(), PNG: code.Bytes(), State: sealed}, nil
}

// enrolment opens the state of the enrolment of an app by a user.
func (s *Service) enrolment(org identity.OrgID, user identity.ID, sealed []byte) (*state, *otp.Key, error) {
	st, err := s.openState(enrolTOTP, org, sealed)
	if err != nil {
		return nil, nil, err
	}
	if st.User != user {
		return nil, nil, ErrWrong
	}
	key, err := otp.NewKeyFromURL(st.TOTP)
	return st, key, err
}

// ShowTOTP shows an enrolment again from its state.
func (s *Service) ShowTOTP(org identity.OrgID, user identity.ID, state []byte) (*TOTPEnrolment, error) {
	_, key, err := s.enrolment(org, user, state)
	if err != nil {
		return nil, err
	}
	return show(key, state)
}

// ConfirmTOTP ends the enrolment with a first code from the app, or ErrWrong; then
// the state is as good as before. The code cannot be used again to sign in.
func (s *Service) ConfirmTOTP(ctx context.Context, org identity.OrgID, user identity.ID, state []byte, code, name string) (Info, error) {
	st, key, err := s.enrolment(org, user, state)
	if err != nil {
		return Info{}, err
	}
	if name, err = checkName(name); err != nil {
		return Info{}, err
	}
	made := app{Secret: key.Secret()}
	step, err := s.step(made, code)
	if err != nil {
		return Info{}, err
	}
	if step == 0 {
		return Info{}, ErrWrong
	}
	made.Last = step
	a, err := s.newAuthenticator(org, user, TOTP, name, made)
	if err != nil {
		return Info{}, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error { return s.enrol(ctx, tx, a, st) })
	if err != nil {
		return Info{}, err
	}
	return s.info(a)
}

// VerifyTOTP checks a code against the authenticator apps of a user. Each code is
// good for once (RFC 6238 section 5.2), and none that is older than the last. A
// wrong one is ErrWrong.
func (s *Service) VerifyTOTP(ctx context.Context, org identity.OrgID, user identity.ID, code string) error {
	return s.prove(ctx, org, user, TOTP, func(a identity.Authenticator) (any, error) {
		var have app
		if err := s.unseal(a, &have); err != nil {
			return nil, err
		}
		step, err := s.step(have, code)
		if err != nil || step == 0 {
			return nil, err
		}
		have.Last = step
		return have, nil
	})
}

// step returns the step after the last one that has the code, 0 if none.
func (s *Service) step(a app, code string) (found int64, err error) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	if len(code) != digits.Digits.Length() {
		return 0, nil
	}
	now := s.clock().Unix() / int64(period/time.Second)
	for at := now - window; at <= now+window; at++ {
		want, err := hotp.GenerateCodeCustom(a.Secret, uint64(at), digits)
		if err != nil {
			return 0, err
		}
		if secret.Equal([]byte(want), []byte(code)) && at > a.Last {
			found = at
		}
	}
	return found, nil
}
