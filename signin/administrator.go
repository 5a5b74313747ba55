package signin

import (
	"bytes"
	"context"
	"errors"
	"slices"
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
	claimLife = time.Minute
)

var errClosed = identity.NewError(identity.Conflict, "", "There is an operator, or there was one; the command line on the server makes others.")

// never is the end of what has none.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// canSetup reports whether the first operator is still to come.
func (s *Service) canSetup(ctx context.Context, tx *store.Tx, root identity.OrgID) (bool, error) {
	a, err := tx.Artefact(ctx, root, directory.OperatorClaim, s.dir.OperatorClaimHash())
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
func operators(ctx context.Context, tx *store.Tx, root identity.OrgID) (int, error) {
	list, err := tx.Assignments(ctx, root, store.AssignmentQuery{Role: identity.PlatformOperator, Limit: maxAdministrators})
	return len(list), err
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
	c, err := tx.Artefact(ctx, root, directory.OperatorClaim, s.dir.OperatorClaimHash())
	switch {
	case n > 0 || err == nil && c.Alive(now):
		return c, errClosed
	case err == nil:
		c.Expires = now.Add(claimLife)
		err = tx.UpdateArtefact(ctx, c)
		c.Version++
	case identity.KindOf(err) == identity.NotFound:
		c = identity.Artefact{Org: root, Kind: directory.OperatorClaim, Hash: s.dir.OperatorClaimHash(), Created: now, Expires: now.Add(claimLife)}
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
		if _, err := s.dir.Assign(ctx, tx, by, assignmentOf(root.ID, id, Operator)); err != nil {
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

// An Administrator is a person who administers: an owner their organisation, an
// operator everything, from the root organisation.
type Administrator struct {
	User    identity.ID
	Role    string
	Created time.Time
}

// maxAdministrators bounds how many are listed of each role.
const maxAdministrators = 10_000

// roles are the roles that make an administrator, by what we call them.
var roles = []struct {
	name string
	id   identity.ID
}{{Owner, identity.OrganizationOwner}, {Operator, identity.PlatformOperator}}

// assignmentOf makes a person an administrator.
func assignmentOf(org identity.OrgID, user identity.ID, role string) identity.Assignment {
	a := identity.Assignment{Org: org, Type: identity.UserSubject, Subject: user, Role: identity.OrganizationOwner}
	if role == Operator {
		a.Role, a.Inherited = identity.PlatformOperator, true
	}
	return a
}

// Administrators lists the people who are owners or operators by name, not
// through a group, by id.
func (s *Service) Administrators(ctx context.Context, org identity.OrgID) (list []Administrator, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = administrators(ctx, tx, org, identity.ID{}, s.now())
		return err
	})
	slices.SortFunc(list, func(a, b Administrator) int { return bytes.Compare(a.User[:], b.User[:]) })
	return list, err
}

// administrators lists the administrators of an organisation, or what one user
// is.
func administrators(ctx context.Context, tx *store.Tx, org identity.OrgID, user identity.ID, at time.Time) (out []Administrator, err error) {
	for _, r := range roles {
		list, err := tx.Assignments(ctx, org, store.AssignmentQuery{Role: r.id, Type: identity.UserSubject, Subject: user, Limit: maxAdministrators})
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			if a.Alive(at) {
				out = append(out, Administrator{User: a.Subject, Role: r.name, Created: a.Created})
			}
		}
	}
	return out, nil
}

// IsAdministrator returns the role of a person, "" for none.
func (s *Service) IsAdministrator(ctx context.Context, org identity.OrgID, user identity.ID) (role string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err := administrators(ctx, tx, org, user, s.now())
		if len(list) > 0 {
			role = list[0].Role
		}
		return err
	})
	return role, err
}

// mayHandle is Denied for who may not do all that a built-in role allows: what a
// token may not do its holder cannot give by it.
func mayHandle(by identity.Actor, role identity.ID) error {
	if by.Kind == identity.ByCLI || by.Kind == identity.BySystem {
		return nil
	}
	for _, r := range identity.BuiltInRoles() {
		if r.ID != role {
			continue
		}
		for _, p := range r.Perms {
			if by.Need(p) != nil {
				return identity.NewError(identity.Denied, "role", "The role allows "+string(p)+", which you may not do yourself.")
			}
		}
	}
	return nil
}

// Appoint makes a person an administrator: of the root organisation an operator,
// of any other an owner. Only operators and the command line appoint operators,
// and nobody appoints who may do more than they.
func (s *Service) Appoint(ctx context.Context, by identity.Actor, org identity.OrgID, user identity.ID, role string) error {
	if role != Owner && role != Operator {
		return identity.NewError(identity.Invalid, "role", "An administrator is an owner or an operator.")
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.person(ctx, tx, org, user); err != nil {
			return err
		}
		a := assignmentOf(org, user, role)
		if err := mayHandle(by, a.Role); err != nil {
			return err
		}
		_, err := s.dir.Assign(ctx, tx, by, a)
		return err
	})
}

// Dismiss takes the role away; NotFound if the person has none. The last operator
// and the last owner stay, as directory.Unassign says, with a Conflict.
func (s *Service) Dismiss(ctx context.Context, by identity.Actor, org identity.OrgID, user identity.ID) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		found := false
		for _, r := range roles {
			list, err := tx.Assignments(ctx, org, store.AssignmentQuery{Role: r.id, Type: identity.UserSubject, Subject: user, Limit: 1})
			if err != nil {
				return err
			}
			for _, a := range list {
				found = true
				if err := mayHandle(by, r.id); err != nil {
					return err
				}
				if err := s.dir.Unassign(ctx, tx, by, org, a.ID); err != nil {
					return err
				}
			}
		}
		if !found {
			return identity.NewError(identity.NotFound, "", "This person is no administrator.")
		}
		return nil
	})
}
