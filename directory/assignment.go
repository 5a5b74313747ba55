package directory

import (
	"context"
	"encoding/json"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// assignmentType is what the change log calls an assignment.
const assignmentType = "Assignment"

// roleType is the resource type of roles.
const roleType = "Role"

// assignmentJSON is an assignment in the change log.
type assignmentJSON struct {
	ID        string     `json:"id"`
	Role      string     `json:"role"`
	Type      string     `json:"type"`
	Subject   string     `json:"subject"`
	Inherited bool       `json:"inherited,omitempty"`
	Expires   *time.Time `json:"expires,omitempty"`
}

func assignmentValue(a *identity.Assignment) any {
	if a == nil {
		return nil
	}
	j := assignmentJSON{ID: a.ID.String(), Role: a.Role.String(), Type: string(a.Type), Subject: a.Subject.String(), Inherited: a.Inherited}
	if !a.Expires.IsZero() {
		j.Expires = &a.Expires
	}
	return j
}

// recordAssignment writes what became of an assignment; nil is none.
func (d *Directory) recordAssignment(ctx context.Context, tx *store.Tx, by identity.Actor, old, new *identity.Assignment) error {
	kind, a := identity.Patched, new
	switch {
	case old == nil:
		kind = identity.Created
	case new == nil:
		kind, a = identity.Deleted, old
	}
	c := d.change(by, a.Org, kind, assignmentType, a.Subject, 0)
	c.Paths = []string{"role"}
	c.Diff, _ = json.Marshal(map[string][2]any{"assignment": {assignmentValue(old), assignmentValue(new)}})
	return tx.Record(ctx, c)
}

// Assign gives a role to a subject in a transaction: all assignments are made
// here. What the actor may give, of what they have, is for the caller to judge;
// here stands what holds for everybody:
//
//   - role and subject exist, the role in the organisation or one above it;
//   - operators are made by operators and the command line alone, of users of the
//     root organisation, for all organisations below;
//   - the root organisation has operators and no owners, for what is allowed there
//     is allowed everywhere;
//   - the last owner and the last operator get no end.
//
// Where the subject has the role already, expiry and inheritance are changed.
func (d *Directory) Assign(ctx context.Context, tx *store.Tx, by identity.Actor, a identity.Assignment) (identity.Assignment, error) {
	if err := d.MayAssign(ctx, tx, by, a); err != nil {
		return a, err
	}
	if err := hasSubject(ctx, tx, a); err != nil {
		return a, err
	}
	if a.Role == identity.PlatformOperator {
		a.Inherited = true
		if err := d.closeSetup(ctx, tx, a.Org); err != nil {
			return a, err
		}
	}
	old, err := held(ctx, tx, a)
	if err != nil {
		return a, err
	}
	if old != nil && !a.Expires.IsZero() {
		if err := d.keepLast(ctx, tx, by, *old); err != nil {
			return a, err
		}
	}
	a.ID, a.Created = identity.NewID(), d.now()
	stored, err := tx.PutAssignment(ctx, a)
	if err != nil || old != nil && stored == *old {
		return stored, err
	}
	return stored, d.recordAssignment(ctx, tx, by, old, &stored)
}

// MayAssign refuses what Assign would refuse of any subject: it needs none.
func (d *Directory) MayAssign(ctx context.Context, tx *store.Tx, by identity.Actor, a identity.Assignment) error {
	above, err := tx.Above(ctx, a.Org)
	if err != nil {
		return err
	}
	if err := checkAssignment(a, len(above) == 0); err != nil {
		return err
	}
	if err := hasRole(ctx, tx, append(above, a.Org), a.Role); err != nil {
		return err
	}
	if a.Role == identity.PlatformOperator {
		return d.mayHandleOperators(ctx, tx, by)
	}
	return nil
}

func checkAssignment(a identity.Assignment, root bool) error {
	bad := func(field, text string) error { return identity.NewError(identity.Invalid, field, text) }
	switch a.Type {
	case identity.UserSubject, identity.GroupSubject, identity.AppSubject:
	default:
		return bad("type", "A role is given to a User, a Group or an App.")
	}
	switch {
	case a.Role == identity.PlatformOperator && !root:
		return bad("role", "Only people of the root organisation are operators.")
	case a.Role == identity.PlatformOperator && a.Type != identity.UserSubject:
		return bad("type", "Only people are operators, each by name.")
	case a.Role == identity.OrganizationOwner && root:
		return bad("role", "Administrators of the root organisation are operators.")
	}
	return nil
}

// hasRole makes sure that one of several organisations has a role.
func hasRole(ctx context.Context, tx *store.Tx, orgs []identity.OrgID, role identity.ID) error {
	if identity.BuiltIn(role) {
		for _, r := range identity.BuiltInRoles() {
			if r.ID == role {
				return nil
			}
		}
	}
	for _, org := range orgs {
		if _, err := tx.Get(ctx, org, roleType, role); identity.KindOf(err) != identity.NotFound {
			return err
		}
	}
	return identity.NewError(identity.Invalid, "role", "There is no role "+role.String()+".")
}

func hasSubject(ctx context.Context, tx *store.Tx, a identity.Assignment) (err error) {
	if a.Type == identity.AppSubject {
		_, err = tx.App(ctx, a.Org, a.Subject)
	} else {
		_, err = tx.Get(ctx, a.Org, string(a.Type), a.Subject)
	}
	if identity.KindOf(err) == identity.NotFound {
		return identity.NewError(identity.Invalid, "subject", "There is no "+string(a.Type)+" "+a.Subject.String()+".")
	}
	return err
}

// held returns the assignment of the same role to the same subject, nil if there
// is none.
func held(ctx context.Context, tx *store.Tx, a identity.Assignment) (*identity.Assignment, error) {
	list, err := tx.Assignments(ctx, a.Org, store.AssignmentQuery{Role: a.Role, Type: a.Type, Subject: a.Subject, Limit: 1})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// Unassign takes an assignment away in a transaction; NotFound if there is none.
// Operators are unmade by operators and the command line alone. The last operator
// stays, with a Conflict, and so does the last owner of an organisation, unless
// an operator, an app that may change organisations, or the command line takes
// them away.
func (d *Directory) Unassign(ctx context.Context, tx *store.Tx, by identity.Actor, org identity.OrgID, id identity.ID) error {
	a, err := tx.Assignment(ctx, org, id)
	if err != nil {
		return err
	}
	if a.Role == identity.PlatformOperator {
		if err := d.mayHandleOperators(ctx, tx, by); err != nil {
			return err
		}
	}
	if err := d.keepLast(ctx, tx, by, a); err != nil {
		return err
	}
	if err := tx.DeleteAssignment(ctx, org, id); err != nil {
		return err
	}
	return d.recordAssignment(ctx, tx, by, &a, nil)
}

// mayHandleOperators is Denied for who is neither an operator nor the command
// line.
func (d *Directory) mayHandleOperators(ctx context.Context, tx *store.Tx, by identity.Actor) error {
	can, err := d.operates(ctx, tx, by)
	if err == nil && !can {
		err = identity.NewError(identity.Denied, "", "Only operators make and unmake operators.")
	}
	return err
}

// operates reports whether an actor is an operator, the command line or the
// system.
func (d *Directory) operates(ctx context.Context, tx *store.Tx, by identity.Actor) (bool, error) {
	if by.Kind != identity.ByUser {
		return by.Kind == identity.ByCLI || by.Kind == identity.BySystem, nil
	}
	root, err := tx.OrganisationBySlug(ctx, identity.RootSlug)
	if err != nil {
		return false, err
	}
	if by.Org != root.ID { // who acts elsewhere is none of the people there
		_, err := tx.Get(ctx, by.Org, userType, by.ID)
		if identity.KindOf(err) != identity.NotFound {
			return false, err
		}
	}
	a, err := held(ctx, tx, identity.Assignment{Org: root.ID, Role: identity.PlatformOperator, Type: identity.UserSubject, Subject: by.ID})
	return a != nil && a.Alive(d.now()), err
}

// keepLast is a Conflict where an assignment makes its subject the last operator,
// or the last owner of an organisation and an operator does not want it so.
func (d *Directory) keepLast(ctx context.Context, tx *store.Tx, by identity.Actor, a identity.Assignment) error {
	if a.Type != identity.UserSubject || !a.Expires.IsZero() || a.Role != identity.PlatformOperator && a.Role != identity.OrganizationOwner {
		return nil
	}
	if a.Role == identity.OrganizationOwner {
		free, err := d.operates(ctx, tx, by)
		if free || err != nil || by.Kind == identity.ByApp && by.Need(identity.OrganisationsWrite) == nil {
			return err
		}
	}
	// Of two who part at once, the second counts when the first has gone.
	if err := tx.Hold(ctx, a.Org); err != nil {
		return err
	}
	last, err := isLast(ctx, tx, a)
	switch {
	case err != nil || !last:
		return err
	case a.Role == identity.PlatformOperator:
		return identity.NewError(identity.Conflict, "", "The last operator stays one. Appoint another first.")
	}
	return identity.NewError(identity.Conflict, "", "The last owner stays one. Appoint another first.")
}

// isLast reports whether nobody else has the role of an assignment who is active
// and has it for good.
func isLast(ctx context.Context, tx *store.Tx, a identity.Assignment) (bool, error) {
	const page = 100
	q := store.AssignmentQuery{Role: a.Role, Type: a.Type, Limit: page}
	for {
		list, err := tx.Assignments(ctx, a.Org, q)
		if err != nil {
			return false, err
		}
		for _, other := range list {
			q.After = other.ID
			if other.Subject == a.Subject || !other.Expires.IsZero() {
				continue
			}
			u, err := tx.Get(ctx, a.Org, userType, other.Subject)
			if err == nil && u.Keys.Active != store.False {
				return false, nil
			}
			if err != nil && identity.KindOf(err) != identity.NotFound {
				return false, err
			}
		}
		if len(list) < page {
			return true, nil
		}
	}
}

// mayLose is a Conflict where a user who is about to be deleted or deactivated is
// the last operator or owner; for the command line and the system nobody is.
func (d *Directory) mayLose(ctx context.Context, tx *store.Tx, by identity.Actor, org identity.OrgID, user identity.ID) error {
	if by.Kind == identity.ByCLI || by.Kind == identity.BySystem {
		return nil
	}
	list, err := tx.Assignments(ctx, org, store.AssignmentQuery{Type: identity.UserSubject, Subject: user, Limit: maxHeld})
	for _, a := range list {
		if err == nil {
			err = d.keepLast(ctx, tx, by, a)
		}
	}
	return err
}

// maxHeld bounds how many assignments of one user are looked at.
const maxHeld = 1000

// endAssignments ends what goes with a resource: the assignments of a user or
// group, and those of a role.
func (d *Directory) endAssignments(ctx context.Context, tx *store.Tx, by identity.Actor, org identity.OrgID, typ string, id identity.ID) (err error) {
	var gone []identity.Assignment
	switch typ {
	case userType, groupType:
		gone, err = tx.DeleteAssignmentsOf(ctx, org, identity.SubjectType(typ), id)
	case roleType:
		gone, err = tx.DeleteAssignmentsOfRole(ctx, org, id)
	}
	for i := range gone {
		if err == nil {
			err = d.recordAssignment(ctx, tx, by, &gone[i], nil)
		}
	}
	return err
}
