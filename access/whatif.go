package access

import (
	"context"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/identity"
)

// A Hypothesis is a change that has not been made.
type Hypothesis struct {
	Assign      []identity.Assignment
	Unassign    []identity.ID
	Roles       []catalogue.Role // new, or instead of those with the same id
	Permissions []catalogue.Permission
	Members     []policy.Membership // that join
	Leave       []policy.Membership // that leave
}

// maxHypothesis bounds the parts of a Hypothesis, and its questions.
const maxHypothesis = 1000

// WhatIf answers questions as if a change had been made, each before and after.
// Nothing is stored, and nobody else sees it. A role or permission without an id
// gets one, which nothing else can name.
func (s *Service) WhatIf(ctx context.Context, by identity.Actor, h Hypothesis, qs []policy.Question) (before, after []policy.Decision, err error) {
	if err := by.Need(identity.AccessRead); err != nil {
		return nil, nil, err
	}
	n := len(h.Assign) + len(h.Unassign) + len(h.Roles) + len(h.Permissions) + len(h.Members) + len(h.Leave)
	if n > maxHypothesis || len(qs) > maxHypothesis {
		return nil, nil, identity.NewError(identity.Invalid, "", "At most 1,000 changes and 1,000 questions are tried at once.")
	}
	d, err := h.delta(by.Org)
	if err != nil {
		return nil, nil, err
	}
	r, st, err := s.state(ctx, by.Org)
	if err != nil {
		return nil, nil, err
	}
	if qs, err = s.readyAll(ctx, r, st, qs); err != nil {
		return nil, nil, err
	}
	snap := st.snap.Apply(d)
	for _, q := range qs {
		if err := ctx.Err(); err != nil { // who asked has gone
			return nil, nil, err
		}
		before = append(before, st.snap.Explain(q))
		after = append(after, snap.Explain(q))
	}
	return before, after, nil
}

// delta is the hypothesis as a snapshot takes it.
func (h Hypothesis) delta(org identity.OrgID) (d policy.Delta, err error) {
	d.Gone, d.Left, d.Put.Members = h.Unassign, h.Leave, h.Members
	for _, a := range h.Assign {
		if subjectType(string(a.Type)) == "" {
			return d, identity.NewError(identity.Invalid, "type", "A role is given to a User, a Group or an App.")
		}
		a.Type, a.Org = subjectType(string(a.Type)), org
		if a.ID.IsZero() {
			a.ID = identity.NewID()
		}
		d.Put.Assignments = append(d.Put.Assignments, a)
	}
	var all []catalogue.Statement
	for _, t := range h.Roles {
		if t.ID.IsZero() {
			t.ID = identity.NewID()
		}
		d.Put.Roles = append(d.Put.Roles, role(t))
		all = append(all, t.Statements...)
	}
	for _, t := range h.Permissions {
		if t.ID.IsZero() {
			t.ID = identity.NewID()
		}
		d.Put.Permissions = append(d.Put.Permissions, permission(t))
		all = append(all, t.Statements...)
	}
	for _, st := range all {
		if st.Condition == "" {
			continue
		}
		if _, err := policy.ParseCondition(st.Condition); err != nil {
			return d, err
		}
	}
	return d, nil
}
