package store

import (
	"context"
	"slices"
	"strconv"

	"github.com/muster-id/muster/identity"
)

const (
	putAssignment = `
INSERT INTO assignment (org_id, id, role_id, subject_type, subject_id, inherited, created, expires)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (org_id, role_id, subject_type, subject_id)
    DO UPDATE SET inherited = excluded.inherited, expires = excluded.expires
RETURNING ` + assignmentColumns
	assignmentColumns = `org_id, id, role_id, subject_type, subject_id, inherited, created, expires`
	ofAssignments     = ` FROM assignment WHERE org_id = $1`
	getAssignment     = `SELECT ` + assignmentColumns + ofAssignments + ` AND id = $2`
	// The compiler of access reads all that an organisation has.
	allAssignments       = `SELECT ` + assignmentColumns + ofAssignments + ` ORDER BY id`
	inheritedAssignments = `SELECT ` + assignmentColumns + ofAssignments + ` AND inherited = 1`
	// Organisations below the one of a role may have assigned it.
	assignedOrganisations = `SELECT DISTINCT org_id FROM assignment WHERE role_id = $1`
	deleteAssignment      = `DELETE` + ofAssignments + ` AND id = $2`
	deleteAssignmentsOf   = `DELETE` + ofAssignments + ` AND subject_id = $2 AND subject_type = $3 RETURNING ` + assignmentColumns
	deleteAssigned        = `DELETE` + ofAssignments + ` AND role_id = $2 RETURNING ` + assignmentColumns
)

// An AssignmentQuery chooses assignments of an organisation; zero fields choose
// all.
type AssignmentQuery struct {
	Role    identity.ID
	Type    identity.SubjectType
	Subject identity.ID
	After   identity.ID // of the last page
	Limit   int
}

func scanAssignment(r Rows) identity.Assignment {
	s := scan(r)
	return identity.Assignment{
		Org: s.org(), ID: s.id(), Role: s.id(), Type: identity.SubjectType(s.text()), Subject: s.id(),
		Inherited: s.bool(), Created: s.time(), Expires: s.time(),
	}
}

// PutAssignment stores an assignment and returns it as stored. Where the subject
// has the role already, that assignment gets the expiry and inheritance of a.
func (tx *Tx) PutAssignment(ctx context.Context, a identity.Assignment) (identity.Assignment, error) {
	stored, err := rowOf(ctx, tx, "assignment", scanAssignment, putAssignment, a.Org, a.ID, a.Role, string(a.Type), a.Subject,
		number(a.Inherited), millis(a.Created), millis(a.Expires))
	return stored, wrap(err, "store assignment %s", a.ID)
}

// Assignment returns one assignment or NotFound.
func (tx *Tx) Assignment(ctx context.Context, org identity.OrgID, id identity.ID) (identity.Assignment, error) {
	a, err := rowOf(ctx, tx, "assignment", scanAssignment, getAssignment, org, id)
	return a, wrap(err, "read assignment %s", id)
}

// Assignments lists assignments of an organisation by id, with those that have
// expired and are not yet purged.
func (tx *Tx) Assignments(ctx context.Context, org identity.OrgID, q AssignmentQuery) ([]identity.Assignment, error) {
	sql, args := `SELECT `+assignmentColumns+ofAssignments, []any{org}
	add := func(cond string, v any) {
		args = append(args, v)
		sql += cond + "$" + strconv.Itoa(len(args))
	}
	if !q.Role.IsZero() {
		add(` AND role_id = `, q.Role)
	}
	if q.Type != "" {
		add(` AND subject_type = `, string(q.Type))
	}
	if !q.Subject.IsZero() {
		add(` AND subject_id = `, q.Subject)
	}
	add(` AND id > `, q.After)
	add(` ORDER BY id LIMIT `, q.Limit)
	list, err := rowsOf(ctx, tx, scanAssignment, sql, args...)
	return list, wrap(err, "list assignments")
}

// AllAssignments calls fn for every assignment of an organisation, by id.
func (tx *Tx) AllAssignments(ctx context.Context, org identity.OrgID, fn func(identity.Assignment) error) error {
	err := tx.each(ctx, func(r Rows) error { return fn(scanAssignment(r)) }, allAssignments, org)
	return wrap(err, "read the assignments")
}

// InheritedAssignments lists the assignments of an organisation that have effect
// in those below it too.
func (tx *Tx) InheritedAssignments(ctx context.Context, org identity.OrgID) ([]identity.Assignment, error) {
	list, err := rowsOf(ctx, tx, scanAssignment, inheritedAssignments, org)
	return list, wrap(err, "list inherited assignments")
}

// DeleteAssignment removes an assignment; NotFound if there is none.
func (tx *Tx) DeleteAssignment(ctx context.Context, org identity.OrgID, id identity.ID) error {
	return wrap(tx.execOne(ctx, "assignment", deleteAssignment, org, id), "delete assignment %s", id)
}

// DeleteAssignmentsOf removes the assignments of a subject and returns them.
func (tx *Tx) DeleteAssignmentsOf(ctx context.Context, org identity.OrgID, typ identity.SubjectType, subject identity.ID) ([]identity.Assignment, error) {
	list, err := rowsOf(ctx, tx, scanAssignment, deleteAssignmentsOf, org, subject, string(typ))
	return list, wrap(err, "delete the assignments of %s", subject)
}

// DeleteAssignmentsOfRole removes the assignments of a role of an organisation,
// there and in the organisations below, and returns them.
func (tx *Tx) DeleteAssignmentsOfRole(ctx context.Context, org identity.OrgID, role identity.ID) ([]identity.Assignment, error) {
	orgs, err := rowsOf(ctx, tx, func(r Rows) identity.OrgID { return scan(r).org() }, assignedOrganisations, role)
	var gone []identity.Assignment
	for _, o := range orgs {
		var above []identity.OrgID
		if err == nil {
			above, err = tx.Above(ctx, o)
		}
		if err != nil || o != org && !slices.Contains(above, org) {
			continue
		}
		var list []identity.Assignment
		list, err = rowsOf(ctx, tx, scanAssignment, deleteAssigned, o, role)
		gone = append(gone, list...)
	}
	return gone, wrap(err, "delete the assignments of role %s", role)
}
