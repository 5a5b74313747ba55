package cloudapi

import (
	"context"
	"slices"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
)

// A regrade is what gives a subject exactly the roles that a request names. It is
// checked before anything is written, and carried out after the document, whose
// own refusals then leave the roles as they were.
type regrade struct {
	give []identity.Assignment
	take []identity.ID
}

// regrade plans which roles a subject gets and loses, and refuses what the caller
// may not give and take. A zero subject is one that is yet to be made. Whoever
// changes nothing needs no permission to.
func (d *Door) regrade(c *call, typ identity.SubjectType, subject identity.ID, want []identity.ID) (g regrade, err error) {
	var have []identity.Assignment
	if !subject.IsZero() {
		reader := c.by
		reader.Perms = identity.Perms{identity.AccessRead}
		have, err = d.o.Access.Assignments(c.ctx, reader, access.AssignmentQuery{Type: typ, Subject: subject, Limit: 1000})
		if err != nil {
			return g, err
		}
	}
	var kept []identity.ID
	for _, a := range have {
		if slices.Contains(want, a.Role) {
			kept = append(kept, a.Role)
		} else {
			g.take = append(g.take, a.ID)
		}
	}
	for _, role := range want {
		if !slices.Contains(kept, role) {
			g.give = append(g.give, identity.Assignment{Role: role, Type: typ, Subject: subject})
		}
	}
	if g.empty() {
		return g, nil
	}
	return g, d.o.Access.CheckAssign(c.ctx, c.by, g.give, g.take)
}

func (g regrade) empty() bool { return len(g.give)+len(g.take) == 0 }

// carryOut gives and takes what has been planned, all or none.
func (d *Door) carryOut(c *call, g regrade) error {
	if g.empty() {
		return nil
	}
	return d.o.Access.AssignAll(c.ctx, c.by, g.give, g.take)
}

// carryOutNew gives the roles to what has just been made. Where they are refused
// now, because somebody changed them since the check, undo removes it again.
func (d *Door) carryOutNew(c *call, g regrade, subject identity.ID, undo func(context.Context, identity.Actor, identity.ID) error) error {
	for i := range g.give {
		g.give[i].Subject = subject
	}
	err := d.carryOut(c, g)
	if err == nil {
		return nil
	}
	if failed := undo(c.ctx, c.by, subject); failed != nil {
		return failed
	}
	return err
}
