package signin

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/store"
)

// The roles of administrators.
const (
	Owner    = "owner"    // in their organisation
	Operator = "operator" // everywhere; only of the root organisation
)

const (
	setupKind = "setup"
	setupLife = 30 * time.Minute
	// claimKind is the kind of the one artefact that says that there is or was an
	// operator. It ends soon while one is being made, and never when one is.
	claimKind = "operator"
	claimLife = time.Minute
)

var errClosed = identity.NewError(identity.Conflict, "", "There is an operator, or there was one; the command line on the server makes others.")

// never is the end of what has none.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func (s *Service) claimHash() []byte { return s.keys.MAC("signin operator", nil) }

// canSetup reports whether the first operator is still to come.
func (s *Service) canSetup(ctx context.Context, tx *store.Tx, root identity.OrgID) (bool, error) {
	a, err := tx.Artefact(ctx, root, claimKind, s.claimHash())
	if err == nil && a.Alive(s.now()) {
		return false, nil
	}
	if err != nil && identity.KindOf(err) != identity.NotFound {
		return false, err
	}
	n, err := operators(ctx, tx, root)
	return n == 0, err
}

// operators counts the operators.
func operators(ctx context.Context, tx *store.Tx, root identity.OrgID) (n int, err error) {
	list, err := tx.Administrators(ctx, root)
	for _, a := range list {
		if a.Role == Operator {
			n++
		}
	}
	return n, err
}

// CanSetup reports whether the first administrator is still to come.
func (s *Service) CanSetup(ctx context.Context) (can bool, err error) {
	root, err := s.dir.Root(ctx)
	if err != nil {
		return false, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		can, err = s.canSetup(ctx, tx, root.ID)
		return err
	})
	return can, err
}

// FirstLink makes the link by which the first administrator comes to be, valid
// once and for 30 minutes: public + "/setup#" + token. A newer link ends the
// older. It is a Conflict once there is or was an operator, for ever.
func (s *Service) FirstLink(ctx context.Context) (Link, error) {
	root, err := s.dir.Root(ctx)
	if err != nil {
		return Link{}, err
	}
	token, now := randomText(), s.now()
	link := Link{Token: token, URL: s.public + "/setup#" + token, Expires: now.Add(setupLife)}
	subject := identity.ID(root.ID) // so that older links are found
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		can, err := s.canSetup(ctx, tx, root.ID)
		if err != nil {
			return err
		}
		if !can {
			return errClosed
		}
		if err := tx.EndArtefactsOf(ctx, root.ID, subject, []string{setupKind}); err != nil {
			return err
		}
		return tx.PutArtefact(ctx, identity.Artefact{
			Org: root.ID, Kind: setupKind, Hash: s.linkHash(token), Subject: subject, Created: now, Expires: link.Expires,
		})
	})
	return link, err
}

// A NewAdministrator is a person made together with their role.
type NewAdministrator struct {
	Name     string // user name
	Email    string
	Display  string // "": none
	Password string
	Agent    string
	Address  string
}

// check returns a fault that has nothing to do with the password.
func (n NewAdministrator) check() error {
	if name := strings.TrimSpace(n.Name); name == "" || name != n.Name || len(name) > maxIdentifier {
		return identity.NewError(identity.Invalid, "name", "An administrator needs a user name.")
	}
	if n.Email != "" && mail.CheckAddress(n.Email) != nil {
		return identity.NewError(identity.Invalid, "email", "This is not an e-mail address.")
	}
	return nil
}

// judge returns the key of the fault of the password.
func (n NewAdministrator) judge(policy Policy, org identity.Organisation) string {
	p := person{Name: n.Name, Shown: n.Display}
	if n.Email != "" {
		p.Emails = []string{n.Email}
	}
	return policy.judge(n.Password, p.words(org))
}

// Setup makes the first administrator by the token of FirstLink and signs them
// in. The string is the key of an Error of View: then nothing has been made and
// the link still holds, as after an Invalid or Conflict error, which name the
// field. An unknown or used token is NotFound, and so is every token once there
// is or was an operator.
func (s *Service) Setup(ctx context.Context, token string, n NewAdministrator) (*Done, string, error) {
	root, err := s.dir.Root(ctx)
	if err != nil {
		return nil, "", err
	}
	policy, err := s.policy(ctx, root.ID)
	if err != nil {
		return nil, "", err
	}
	hash := s.linkHash(token)
	err = s.db.View(ctx, func(tx *store.Tx) error { return s.setupLink(ctx, tx, root.ID, hash) })
	if err != nil {
		return nil, "", err
	}
	if err := n.check(); err != nil {
		return nil, "", err
	}
	if fault := n.judge(policy, root); fault != "" {
		return nil, fault, nil
	}
	var link, claim identity.Artefact
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := s.setupLink(ctx, tx, root.ID, hash); err != nil {
			return err
		}
		if link, err = tx.ConsumeArtefact(ctx, root.ID, setupKind, hash, s.now()); err != nil {
			return errNoLink
		}
		claim, err = s.claim(ctx, tx, root.ID)
		return err
	})
	if errors.Is(err, errClosed) {
		err = errNoLink
	}
	if err != nil {
		return nil, "", err
	}
	done, err := s.makeOperator(ctx, root, n, policy, claim)
	if err != nil {
		return nil, "", s.unclaim(ctx, claim, &link, err)
	}
	return done, "", nil
}

// setupLink is NotFound unless the first administrator can be made by a token.
func (s *Service) setupLink(ctx context.Context, tx *store.Tx, root identity.OrgID, hash []byte) error {
	a, err := tx.Artefact(ctx, root, setupKind, hash)
	if identity.KindOf(err) == identity.NotFound || err == nil && !a.Alive(s.now()) {
		return errNoLink
	}
	if err != nil {
		return err
	}
	can, err := s.canSetup(ctx, tx, root)
	if err == nil && !can {
		return errNoLink
	}
	return err
}

// claim takes the making of the first operator; one caller alone can. The claim
// of one who died on the way is taken over.
func (s *Service) claim(ctx context.Context, tx *store.Tx, root identity.OrgID) (identity.Artefact, error) {
	now := s.now()
	n, err := operators(ctx, tx, root)
	if err != nil {
		return identity.Artefact{}, err
	}
	c, err := tx.Artefact(ctx, root, claimKind, s.claimHash())
	switch {
	case n > 0 || err == nil && c.Alive(now):
		return c, errClosed
	case err == nil:
		c.Expires = now.Add(claimLife)
		err = tx.UpdateArtefact(ctx, c)
		c.Version++
	case identity.KindOf(err) == identity.NotFound:
		c = identity.Artefact{Org: root, Kind: claimKind, Hash: s.claimHash(), Created: now, Expires: now.Add(claimLife)}
		err = tx.PutArtefact(ctx, c)
	}
	if k := identity.KindOf(err); k == identity.Conflict || k == identity.Stale {
		return c, errClosed
	}
	return c, err
}

// unclaim gives a claim back, and the link if there was one, after a failure.
func (s *Service) unclaim(ctx context.Context, claim identity.Artefact, link *identity.Artefact, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		claim.Expires = s.now()
		if err := tx.UpdateArtefact(ctx, claim); err != nil || link == nil {
			return err
		}
		if err := tx.DeleteArtefact(ctx, link.Org, setupKind, link.Hash); err != nil {
			return err
		}
		again := *link
		again.Version, again.Consumed = 0, time.Time{}
		return tx.PutArtefact(ctx, again)
	})
	if err != nil {
		s.log.ErrorContext(ctx, "the first administrator can be made only after a minute", "error", err)
	}
	return cause
}

// makeOperator makes the person, their role and their session.
func (s *Service) makeOperator(ctx context.Context, root identity.Organisation, n NewAdministrator, policy Policy, claim identity.Artefact) (*Done, error) {
	by := identity.Actor{Kind: identity.BySystem, Org: root.ID, Name: "setup"}
	id, err := s.dir.CreatePerson(ctx, by, directory.NewPerson{
		Name: n.Name, Email: n.Email, Display: n.Display, Password: n.Password,
	})
	if err != nil {
		return nil, err
	}
	done := &Done{Return: "/"}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		closed := claim
		closed.Expires = never
		if err := tx.UpdateArtefact(ctx, closed); err != nil {
			return err // it took too long, and another took over
		}
		if err := s.putAdministrator(ctx, tx, by, identity.Administrator{Org: root.ID, User: id, Role: Operator}); err != nil {
			return err
		}
		idle, length := policy.SessionTimes()
		done.Session, done.SessionCookie, err = s.sessions.Start(ctx, tx, session.NewSession{
			Org: root.ID, User: id, AMR: []string{"pwd"}, ACR: ACR1, AuthTime: s.now(),
			Agent: n.Agent, Address: n.Address, Idle: idle, Length: length,
		})
		return err
	})
	return done, err
}

// putAdministrator stores a role.
func (s *Service) putAdministrator(ctx context.Context, tx *store.Tx, by identity.Actor, a identity.Administrator) error {
	a.Created = s.now()
	if err := tx.PutAdministrator(ctx, a); err != nil {
		return err
	}
	return s.record(ctx, tx, by, a.Org, userType, a.User, map[string][2]any{"administrator": {nil, a.Role}})
}

// closeSetup closes setup for ever when an operator is appointed.
func (s *Service) closeSetup(ctx context.Context, tx *store.Tx, root identity.OrgID) error {
	c, err := tx.Artefact(ctx, root, claimKind, s.claimHash())
	switch {
	case identity.KindOf(err) == identity.NotFound:
		return tx.PutArtefact(ctx, identity.Artefact{
			Org: root, Kind: claimKind, Hash: s.claimHash(), Created: s.now(), Expires: never,
		})
	case err != nil || c.Expires.Equal(never):
		return err
	}
	c.Expires = never
	return tx.UpdateArtefact(ctx, c)
}

// Bootstrap makes the first administrator of what the environment says. It does
// nothing, and returns false, once there is or was an operator. The password is
// held to the policy: an Invalid error says so.
func (s *Service) Bootstrap(ctx context.Context, n NewAdministrator) (bool, error) {
	root, err := s.dir.Root(ctx)
	if err != nil {
		return false, err
	}
	if can, err := s.CanSetup(ctx); err != nil || !can {
		return false, err
	}
	policy, err := s.policy(ctx, root.ID)
	if err != nil {
		return false, err
	}
	if err := n.check(); err != nil {
		return false, err
	}
	if fault := n.judge(policy, root); fault != "" {
		return false, identity.NewError(identity.Invalid, "password", "The first administrator's password will not do: "+fault+".")
	}
	var claim identity.Artefact
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		claim, err = s.claim(ctx, tx, root.ID)
		return err
	})
	if identity.KindOf(err) == identity.Conflict {
		return false, nil // another process is doing it
	}
	if err != nil {
		return false, err
	}
	done, err := s.makeOperator(ctx, root, n, policy, claim)
	if err != nil {
		return false, s.unclaim(ctx, claim, nil, err)
	}
	return true, s.sessions.End(ctx, root.ID, done.Session.ID) // nobody has its cookie
}

// Administrators lists those of an organisation.
func (s *Service) Administrators(ctx context.Context, org identity.OrgID) (list []identity.Administrator, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = tx.Administrators(ctx, org)
		return err
	})
	return list, err
}

// IsAdministrator returns the role of a person, "" for none.
func (s *Service) IsAdministrator(ctx context.Context, org identity.OrgID, user identity.ID) (role string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		a, err := tx.Administrator(ctx, org, user)
		role = a.Role
		if identity.KindOf(err) == identity.NotFound {
			return nil
		}
		return err
	})
	return role, err
}

// What is allowed in the root organisation is allowed everywhere.
var errRootOwner = identity.NewError(identity.Invalid, "role", "Administrators of the root organisation are operators.")

// Appoint makes a person an administrator: of the root organisation an operator,
// of any other an owner. Only operators and the command line appoint operators.
func (s *Service) Appoint(ctx context.Context, by identity.Actor, org identity.OrgID, user identity.ID, role string) error {
	if role != Owner && role != Operator {
		return identity.NewError(identity.Invalid, "role", "An administrator is an owner or an operator.")
	}
	root, err := s.dir.Root(ctx)
	if err != nil {
		return err
	}
	if role == Operator && org != root.ID {
		return identity.NewError(identity.Invalid, "role", "Only people of the root organisation are operators.")
	}
	if role == Owner && org == root.ID {
		return errRootOwner
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mayChange(ctx, tx, by, root.ID, org, user, role); err != nil {
			return err
		}
		if _, err := s.person(ctx, tx, org, user); err != nil {
			return err
		}
		if role == Operator {
			if err := s.closeSetup(ctx, tx, root.ID); err != nil {
				return err
			}
		}
		return s.putAdministrator(ctx, tx, by, identity.Administrator{Org: org, User: user, Role: role})
	})
}

// mayChange is Denied where an operator is made or unmade by somebody who is
// none.
func mayChange(ctx context.Context, tx *store.Tx, by identity.Actor, root, org identity.OrgID, user identity.ID, role string) error {
	was, err := tx.Administrator(ctx, org, user)
	if err != nil && identity.KindOf(err) != identity.NotFound {
		return err
	}
	if role != Operator && was.Role != Operator || by.Kind == identity.ByCLI || by.Kind == identity.BySystem {
		return nil
	}
	if by.Kind == identity.ByUser && by.Org == root {
		a, err := tx.Administrator(ctx, root, by.ID)
		if err == nil && a.Role == Operator {
			return nil
		}
		if err != nil && identity.KindOf(err) != identity.NotFound {
			return err
		}
	}
	return identity.NewError(identity.Denied, "", "Only operators make and unmake operators.")
}

// keepOperator is a Conflict where a person is the last operator.
func (s *Service) keepOperator(ctx context.Context, tx *store.Tx, root, org identity.OrgID, user identity.ID) error {
	if org != root {
		return nil
	}
	a, err := tx.Administrator(ctx, org, user)
	if identity.KindOf(err) == identity.NotFound || err == nil && a.Role != Operator {
		return nil
	}
	if err != nil {
		return err
	}
	// The claim is read before the others are counted: whoever counts somebody who
	// is just leaving has an old version of it.
	c, err := tx.Artefact(ctx, root, claimKind, s.claimHash())
	if err != nil {
		return err
	}
	n, err := operators(ctx, tx, root)
	if err != nil {
		return err
	}
	if n < 2 {
		return identity.NewError(identity.Conflict, "", "The last operator stays one. Appoint another first.")
	}
	return tx.UpdateArtefact(ctx, c) // of two who part at once, one is Stale
}

// Dismiss takes the role away. The last operator stays, with a Conflict.
func (s *Service) Dismiss(ctx context.Context, by identity.Actor, org identity.OrgID, user identity.ID) error {
	root, err := s.dir.Root(ctx)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := mayChange(ctx, tx, by, root.ID, org, user, ""); err != nil {
			return err
		}
		if err := s.keepOperator(ctx, tx, root.ID, org, user); err != nil {
			return err
		}
		if err := tx.DeleteAdministrator(ctx, org, user); err != nil {
			return err
		}
		return s.record(ctx, tx, by, org, userType, user, map[string][2]any{"administrator": {"yes", nil}})
	})
}
