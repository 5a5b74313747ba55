package access

import (
	"net/http"
	"slices"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// whatIfJSON is a change that has not been made, and what is asked about it.
type whatIfJSON struct {
	Assign      []assignmentJSON `json:"assign,omitempty"`
	Unassign    []identity.ID    `json:"unassign,omitempty" description:"Ids of assignments."`
	Roles       []roleJSON       `json:"roles,omitempty" description:"New ones, or whole ones with the id of the one they replace."`
	Permissions []permissionJSON `json:"permissions,omitempty" description:"Likewise."`
	Join        []membershipJSON `json:"join,omitempty"`
	Leave       []membershipJSON `json:"leave,omitempty"`
	Questions   []questionJSON   `json:"questions" required:"true" description:"Up to 1,000."`
}

// whatIfAnswer holds the answers to every question in order.
type whatIfAnswer struct {
	Before []decisionJSON `json:"before"`
	After  []decisionJSON `json:"after"`
}

type membershipJSON struct {
	Group  identity.ID `json:"group" required:"true"`
	Member identity.ID `json:"member" required:"true" description:"A user or a group."`
}

// whatIf answers questions as they stand and as they would after a change, which
// is not made. With ?explain it tells reasons.
func (d *Door) whatIf(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	var in whatIfJSON
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	questions, err := readQuestions(in.Questions)
	if err != nil {
		return err
	}
	h, err := in.hypothesis(d.finder(r, by))
	if err != nil {
		return err
	}
	before, after, err := d.o.Access.WhatIf(r.Context(), by, h, questions)
	if err != nil {
		return err
	}
	if !on(r, "explain") {
		return web.Send(w, http.StatusOK, whatIfAnswer{plainDecisions(before), plainDecisions(after)})
	}
	names, err := d.o.Access.Names(r.Context(), by.Org, slices.Concat(before, after)...)
	if err != nil {
		return err
	}
	for _, role := range h.Roles {
		names[role.ID] = role.Name
	}
	for _, p := range h.Permissions {
		names[p.ID] = p.Name
	}
	return web.Send(w, http.StatusOK, whatIfAnswer{explainedDecisions(before, names), explainedDecisions(after, names)})
}

func explainedDecisions(list []access.Decision, names map[identity.ID]string) []decisionJSON {
	out := make([]decisionJSON, len(list))
	for i, a := range list {
		out[i] = explainedDecision(a, names)
	}
	return out
}

func (in whatIfJSON) hypothesis(f *finder) (h access.Hypothesis, err error) {
	for _, j := range in.Assign {
		a, err := j.assignment(f)
		if err != nil {
			return h, err
		}
		h.Assign = append(h.Assign, a)
	}
	h.Unassign = in.Unassign
	if h.Roles, err = suppose(f, f.all.Roles, roles, in.Roles); err != nil {
		return h, err
	}
	if h.Permissions, err = suppose(f, f.all.Permissions, permissions, in.Permissions); err != nil {
		return h, err
	}
	for _, j := range in.Join {
		h.Members = append(h.Members, access.Membership(j))
	}
	for _, j := range in.Leave {
		h.Leave = append(h.Leave, access.Membership(j))
	}
	return h, nil
}

// suppose reads things that are not stored; an id names the one that is replaced.
func suppose[T any, W interface{ known() *identity.ID }](f *finder, in *access.Book[T], as form[T, W], list []W) ([]T, error) {
	out := make([]T, len(list))
	for i, w := range list {
		if as.find != nil {
			if err := as.find(f, &w); err != nil {
				return nil, err
			}
		}
		if err := as.put(w, &out[i]); err != nil {
			return nil, err
		}
		if id := w.known(); id != nil {
			in.Base(&out[i]).ID = *id
		}
	}
	return out, nil
}
