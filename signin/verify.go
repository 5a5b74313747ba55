package signin

import (
	"context"
	"encoding/json"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/store"
)

// The kinds of address.
const (
	emailKind = "email"
	phoneKind = "phone"
)

// An Address is an e-mail address or a phone number of a person.
type Address struct {
	Kind     string // "email" or "phone"
	Value    string
	Verified time.Time // zero: not verified
}

// Addresses returns the addresses of a person, e-mail first, of each kind the
// primary one first. Numbers that are not in international form are left out.
func (s *Service) Addresses(ctx context.Context, org identity.OrgID, user identity.ID) (list []Address, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err := s.person(ctx, tx, org, user)
		if err != nil {
			return err
		}
		marks, err := tx.Verified(ctx, org, user)
		for _, e := range p.Emails {
			list = append(list, Address{emailKind, e, marks[emailKind+":"+directory.Fold(e)]})
		}
		for _, n := range p.Phones {
			list = append(list, Address{phoneKind, n, marks[phoneKind+":"+n]})
		}
		return err
	})
	return list, err
}

const (
	verifyKind = "verify"
	verifyLife = 24 * time.Hour
	sealVerify = "signin verify"
)

// VerifyEmail sends a letter with a link, P/verify/{token}, to an address that
// the person has. An address that is not theirs is NotFound; more than one
// letter in a minute is Throttled.
func (s *Service) VerifyEmail(ctx context.Context, org identity.Organisation, user identity.ID, email string) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		p, err := s.person(ctx, tx, org.ID, user)
		if err != nil {
			return err
		}
		to, ok := p.hasEmail(email)
		if !ok || mail.CheckAddress(to) != nil {
			return identity.NewError(identity.NotFound, "email", "There is no such address.")
		}
		if err := s.ration(ctx, tx, org.ID, "verify:"+user.String(), 1, time.Minute); err != nil {
			return err
		}
		data, err := json.Marshal(to)
		if err != nil {
			return err
		}
		token, now := randomText(), s.now()
		err = tx.PutArtefact(ctx, identity.Artefact{
			Org: org.ID, Kind: verifyKind, Hash: s.linkHash(token), Subject: user, Created: now,
			Expires: now.Add(verifyLife), Data: s.keys.Seal(sealVerify, data),
		})
		if err != nil {
			return err
		}
		return s.mail.Send(ctx, tx, mail.Letter{
			Org: org, User: user, To: to, Name: p.Shown, Lang: p.Lang, Kind: mail.VerifyEmail,
			Link: s.page(org, "/verify/"+token), Until: now.Add(verifyLife),
		})
	})
}

// verification reads a link that still holds: its address is still the person's.
func (s *Service) verification(ctx context.Context, tx *store.Tx, org identity.OrgID, token string) (a identity.Artefact, email string, err error) {
	if len(token) != tokenLen {
		return a, "", errNoLink
	}
	a, err = tx.Artefact(ctx, org, verifyKind, s.linkHash(token))
	if identity.KindOf(err) == identity.NotFound || err == nil && !a.Alive(s.now()) {
		return a, "", errNoLink
	}
	if err != nil {
		return a, "", err
	}
	if err := s.open(sealVerify, a.Data, &email); err != nil {
		return a, "", err
	}
	p, err := s.person(ctx, tx, org, a.Subject)
	if identity.KindOf(err) == identity.NotFound {
		return a, "", errNoLink
	}
	if _, ok := p.hasEmail(email); err == nil && !ok {
		return a, "", errNoLink
	}
	return a, email, err
}

// OpenVerification returns the address that a link verifies, and consumes
// nothing. NotFound as OpenLink.
func (s *Service) OpenVerification(ctx context.Context, org identity.Organisation, token string) (email string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		_, email, err = s.verification(ctx, tx, org.ID, token)
		return err
	})
	return email, err
}

// ConfirmEmail verifies an address by its link, once.
func (s *Service) ConfirmEmail(ctx context.Context, org identity.Organisation, token string) (email string, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		var a identity.Artefact
		if a, email, err = s.verification(ctx, tx, org.ID, token); err != nil {
			return err
		}
		_, err = tx.ConsumeArtefact(ctx, org.ID, verifyKind, a.Hash, s.now())
		if k := identity.KindOf(err); k == identity.Conflict || k == identity.NotFound {
			return errNoLink
		}
		if err != nil {
			return err
		}
		return tx.PutVerified(ctx, org.ID, a.Subject, emailKind, directory.Fold(email), s.now())
	})
	if err != nil {
		return "", err
	}
	return email, nil
}

const (
	phoneCodeKind = "phone_code"
	sealPhone     = "signin phone"
)

// A phoneCode is a number that is being verified.
type phoneCode struct {
	Phone string
	Code  factor.Code
}

func (c phoneCode) binding(user identity.ID) string { return "phone " + user.String() + " " + c.Phone }

func (s *Service) phoneHash(user identity.ID) []byte { return s.keys.MAC("signin phone", user[:]) }

// readPhoneCode returns the code that is under way, nil if there is none.
func (s *Service) readPhoneCode(ctx context.Context, tx *store.Tx, org identity.OrgID, user identity.ID) (*phoneCode, identity.Artefact, error) {
	a, err := tx.Artefact(ctx, org, phoneCodeKind, s.phoneHash(user))
	if identity.KindOf(err) == identity.NotFound || err == nil && !a.Alive(s.now()) {
		return nil, a, nil
	}
	if err != nil {
		return nil, a, err
	}
	c := &phoneCode{}
	return c, a, s.open(sealPhone, a.Data, c)
}

// VerifyPhone sends a code to a number that the person has. Errors as
// VerifyEmail; Denied where the organisation sends no SMS.
func (s *Service) VerifyPhone(ctx context.Context, org identity.Organisation, user identity.ID, phone string) error {
	policy, err := s.policy(ctx, org.ID)
	if err != nil {
		return err
	}
	if policy.SMSWebhook == "" {
		return identity.NewError(identity.Denied, "", "This organisation sends no SMS.")
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		p, err := s.person(ctx, tx, org.ID, user)
		if err != nil {
			return err
		}
		to, ok := p.hasPhone(phone)
		if !ok {
			return identity.NewError(identity.NotFound, "phone", "There is no such number.")
		}
		had, _, err := s.readPhoneCode(ctx, tx, org.ID, user)
		if err != nil {
			return err
		}
		if had != nil {
			if left := s.factors.Resend(had.Code); left > 0 {
				return tooMany(left)
			}
		}
		if err := s.ration(ctx, tx, org.ID, "code:user:"+user.String(), codesAnHour, time.Hour); err != nil {
			return err
		}
		return s.sendPhoneCode(ctx, tx, org, p, to)
	})
}

func (s *Service) sendPhoneCode(ctx context.Context, tx *store.Tx, org identity.Organisation, p person, to string) error {
	c := phoneCode{Phone: to}
	text, code := s.factors.NewCode(c.binding(p.ID))
	c.Code = code
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	hash := s.phoneHash(p.ID)
	if err := tx.DeleteArtefact(ctx, org.ID, phoneCodeKind, hash); err != nil {
		return err
	}
	err = tx.PutArtefact(ctx, identity.Artefact{
		Org: org.ID, Kind: phoneCodeKind, Hash: hash, Subject: p.ID, Created: s.now(), Expires: code.Expires,
		Data: s.keys.Seal(sealPhone, data),
	})
	if err != nil {
		return err
	}
	return s.addSMS(ctx, tx, org, p.ID, to, smsText(p.Lang, org.Name, text), code.Expires)
}

// ConfirmPhone verifies the number that the latest code went to. The result is
// the key of an Error of View, "" if the number is verified.
func (s *Service) ConfirmPhone(ctx context.Context, org identity.Organisation, user identity.ID, code, address string) (string, error) {
	policy, err := s.policy(ctx, org.ID)
	if err != nil {
		return "", err
	}
	sus, fault := s.suspect(org.ID, user, "", address, identity.ID{}), ""
	_, err = s.guarded(ctx, sus, policy, func() (bool, error) {
		err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
			fault, err = s.checkPhone(ctx, tx, org.ID, user, code)
			return err
		})
		if identity.KindOf(err) == identity.Stale {
			fault, err = ErrWrong, nil // another guess came first
		}
		return fault != ErrWrong, err
	})
	return fault, err
}

// checkPhone spends a try and returns the key of what is wrong.
func (s *Service) checkPhone(ctx context.Context, tx *store.Tx, org identity.OrgID, user identity.ID, code string) (string, error) {
	p, err := s.person(ctx, tx, org, user)
	if err != nil {
		return "", err
	}
	c, a, err := s.readPhoneCode(ctx, tx, org, user)
	if err != nil {
		return "", err
	}
	if c == nil || c.Code.Tries <= 0 {
		return ErrExpired, nil
	}
	right, err := isWrong(s.factors.CheckCode(&c.Code, c.binding(user), code))
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	a.Data = s.keys.Seal(sealPhone, data)
	if err := tx.UpdateArtefact(ctx, a); err != nil {
		return "", err
	}
	if _, has := p.hasPhone(c.Phone); !right || !has {
		return ErrWrong, nil
	}
	return "", tx.PutVerified(ctx, org, user, phoneKind, c.Phone, s.now())
}
