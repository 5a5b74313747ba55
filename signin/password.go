package signin

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// busy turns the refusal of a hash into an error for the caller.
func busy(err error) error {
	if errors.Is(err, secret.ErrBusy) || identity.KindOf(err) == identity.Busy {
		return &Wait{errBusy, 2 * time.Second}
	}
	return err
}

// judge returns the key of the fault of a new password, "" if it will do.
func (p Policy) judge(password string, words []string) string {
	n := utf8.RuneCountInString(password)
	switch {
	case password == "":
		return ErrEmpty
	case len(password) > secret.MaxPassword || n > 256:
		return ErrTooLong
	case n < p.MinLength:
		return ErrTooShort
	case !p.AllowCommon && secret.TooCommon(password, words...):
		return ErrTooCommon
	}
	return ""
}

// hash makes the hash of a new password. The string is the key of its fault.
func (s *Service) hash(ctx context.Context, password string) (phc, fault string, err error) {
	phc, err = secret.HashPassword(ctx, password)
	if errors.Is(err, secret.ErrPassword) {
		return "", ErrBadChars, nil
	}
	return phc, "", busy(err)
}

// demandKind is the kind of the credential that says that the password must be
// changed; it holds nothing when that is done.
const demandKind = "new_password"

// setPassword stores a new password and ends what an old one may have opened:
// links, remembered browsers, and all sessions but one.
func (s *Service) setPassword(ctx context.Context, tx *store.Tx, by identity.Actor, org identity.Organisation, p person, phc string, keep identity.ID) error {
	if err := s.dir.PutPassword(ctx, tx, by, p.ID, phc); err != nil {
		return err
	}
	if err := tx.PutCredential(ctx, org.ID, p.ID, demandKind, []byte{}); err != nil {
		return err
	}
	kinds := []string{string(LinkRecover), string(LinkWelcome), browserKind}
	if err := tx.EndArtefactsOf(ctx, org.ID, p.ID, kinds); err != nil {
		return err
	}
	if err := s.sessions.EndUser(ctx, tx, org.ID, p.ID, keep); err != nil {
		return err
	}
	return s.tell(ctx, tx, org, p, mail.PasswordChanged, nil)
}

// tell sends a letter about something that has happened to a person, if there is
// an address.
func (s *Service) tell(ctx context.Context, tx *store.Tx, org identity.Organisation, p person, kind mail.Kind, values map[string]string) error {
	for _, to := range p.Emails {
		if mail.CheckAddress(to) != nil {
			continue
		}
		return s.mail.Send(ctx, tx, mail.Letter{
			Org: org, User: p.ID, To: to, Name: p.Shown, Lang: p.Lang, Kind: kind, Values: values,
		})
	}
	return nil
}

// ChangePassword gives the person of a session another password, if they know
// the old one or have none yet. Their other sessions end. The result is the key
// of an Error of View, "" if the password is changed; errors as CheckPassword.
func (s *Service) ChangePassword(ctx context.Context, session identity.Session, old, password, address string) (string, error) {
	policy, err := s.policy(ctx, session.Org)
	if err != nil {
		return "", err
	}
	org, p, has, err := s.holder(ctx, session.Org, session.User)
	if err != nil {
		return "", err
	}
	if !has && old != "" {
		return ErrWrong, nil // who has none proves in another way who they are
	}
	if has {
		sus := s.suspect(session.Org, p.ID, "", address, session.Browser)
		ok, err := s.guarded(ctx, sus, policy, func() (bool, error) {
			ok, err := s.dir.CheckPassword(ctx, session.Org, p.ID, old)
			return ok, busy(err)
		})
		if err != nil {
			return "", err
		}
		if !ok {
			return ErrWrong, nil
		}
		if old == password {
			return ErrSame, nil
		}
	}
	if fault := policy.judge(password, p.words(org)); fault != "" {
		return fault, nil
	}
	phc, fault, err := s.hash(ctx, password)
	if err != nil || fault != "" {
		return fault, err
	}
	return "", s.db.Update(ctx, func(tx *store.Tx) error {
		return s.setPassword(ctx, tx, self(org.ID, p), org, p, phc, session.ID)
	})
}

// holder reads a person, their organisation, and whether they have a password.
func (s *Service) holder(ctx context.Context, orgID identity.OrgID, user identity.ID) (org identity.Organisation, p person, has bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if org, err = tx.Organisation(ctx, orgID); err != nil {
			return err
		}
		if p, err = s.person(ctx, tx, orgID, user); err != nil {
			return err
		}
		_, err = tx.Credential(ctx, orgID, user, "password")
		has = err == nil
		if identity.KindOf(err) == identity.NotFound {
			return nil
		}
		return err
	})
	return org, p, has, err
}

// DemandPassword makes a person choose a new password at the next sign-in.
func (s *Service) DemandPassword(ctx context.Context, by identity.Actor, org identity.OrgID, user identity.ID) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Get(ctx, org, userType, user); err != nil {
			return err
		}
		if err := tx.PutCredential(ctx, org, user, demandKind, []byte{1}); err != nil {
			return err
		}
		return s.record(ctx, tx, by, org, userType, user, map[string][2]any{"newPasswordDemanded": {nil, true}})
	})
}

// demanded reports whether a person must choose a new password.
func (s *Service) demanded(ctx context.Context, tx *store.Tx, org identity.OrgID, user identity.ID) (bool, error) {
	mark, err := tx.Credential(ctx, org, user, demandKind)
	if identity.KindOf(err) == identity.NotFound {
		return false, nil
	}
	return len(mark) > 0, err
}

var (
	errNotSignedIn = identity.NewError(identity.Unauthenticated, "", "The name or the password is wrong.")
	errSecond      = identity.NewError(identity.Denied, "", "A password alone is not enough here; sign in with a browser.")
)

// CheckPassword is for doors that get a name and a password in one request. It
// counts failures with those of every other way in. An unknown name, a wrong
// password and a person who may not sign in are one Unauthenticated error;
// a right password that is not enough, because a second factor is demanded or
// the person has one, is Denied; too many failures are Throttled and a busy
// server Busy, both with RetryAfter.
func (s *Service) CheckPassword(ctx context.Context, org identity.OrgID, name, password, address string) (identity.ID, error) {
	policy, err := s.policy(ctx, org)
	if err != nil {
		return identity.ID{}, err
	}
	var p person
	if len(name) <= maxIdentifier && name != "" {
		err = s.db.View(ctx, func(tx *store.Tx) error {
			p, err = s.find(ctx, tx, org, name)
			return err
		})
		if err != nil {
			return identity.ID{}, err
		}
	}
	sus := s.suspect(org, p.ID, name, address, identity.ID{})
	ok, err := s.guarded(ctx, sus, policy, func() (bool, error) {
		ok, err := s.dir.CheckPassword(ctx, org, p.ID, password)
		return ok && !p.ID.IsZero(), busy(err)
	})
	if err != nil {
		return identity.ID{}, err
	}
	if !ok {
		return identity.ID{}, errNotSignedIn
	}
	if err := s.passwordAlone(ctx, org, p, policy); err != nil {
		return identity.ID{}, err
	}
	return p.ID, s.clear(ctx, sus)
}

// passwordAlone is Denied unless a password is enough for a person.
func (s *Service) passwordAlone(ctx context.Context, org identity.OrgID, p person, policy Policy) error {
	if policy.Second != Never || !policy.offers(StepPassword) {
		return errSecond
	}
	return s.db.View(ctx, func(tx *store.Tx) error {
		must, err := s.demanded(ctx, tx, org, p.ID)
		if err != nil {
			return err
		}
		if must {
			return errSecond
		}
		list, err := tx.Authenticators(ctx, org, p.ID)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return errSecond
		}
		return nil
	})
}

// clear forgets the failures of a suspect who has proved who they are. Those
// that are counted for the person alone stay until their hour is over: whoever
// guesses is not helped by the owner's coming and going.
func (s *Service) clear(ctx context.Context, sus suspect) error {
	var a identity.Attempts
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		a, err = tx.Attempts(ctx, sus.org, sus.near)
		return err
	})
	if err != nil || a.Failures == 0 {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error { return tx.ClearAttempts(ctx, sus.org, sus.near) })
}
