package access

import (
	"net/http"
	"strconv"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// maxQuestions bounds the questions of one request.
const maxQuestions = 1000

// questionJSON is a question in the shape of AuthZEN.
type questionJSON struct {
	Subject  entityJSON     `json:"subject"`
	Action   actionName     `json:"action"`
	Resource entityJSON     `json:"resource"`
	Context  map[string]any `json:"context,omitempty"`
}

type entityJSON struct {
	Type       string         `json:"type"` // of a subject "user", "group" or "app"
	ID         string         `json:"id"`   // an id, or a user name, group name, client id or slug
	Properties map[string]any `json:"properties,omitempty"`
}

type actionName struct {
	Name       string         `json:"name"`
	Properties map[string]any `json:"properties,omitempty"`
}

func (j questionJSON) question() (access.Question, error) {
	for name, text := range map[string]string{
		"subject.type": j.Subject.Type, "subject.id": j.Subject.ID, "action.name": j.Action.Name, "resource.id": j.Resource.ID,
	} {
		if text == "" {
			return access.Question{}, identity.NewError(identity.Invalid, name, strconv.Quote(name)+" is missing.")
		}
	}
	return access.Question{
		Subject: access.Entity(j.Subject), Action: j.Action.Name, ActionP: j.Action.Properties,
		Resource: access.Entity(j.Resource), Context: j.Context,
	}, nil
}

// reasonJSON is one path from a subject to a statement, with names.
type reasonJSON struct {
	Assignment *identity.ID    `json:"assignment,omitempty"` // none for what everybody has
	Groups     []named         `json:"groups,omitempty"`
	Role       named           `json:"role"`
	Permission *named          `json:"permission,omitempty"` // none for a statement of the role's own
	Statement  int             `json:"statement"`            // index in permission or role
	Effect     string          `json:"effect"`
	Condition  string          `json:"condition,omitempty"`
	Missing    string          `json:"missing,omitempty"` // what kept it from reaching
	Inherited  *identity.OrgID `json:"inherited_from,omitempty"`
}

type named struct {
	ID   identity.ID `json:"id"`
	Name string      `json:"name,omitempty"`
}

// decisionJSON is an answer. Reasons and Nearest are told on ?explain.
type decisionJSON struct {
	Decision bool         `json:"decision"`
	Why      string       `json:"why,omitempty"`
	Reasons  []reasonJSON `json:"reasons,omitempty"`
	Nearest  []reasonJSON `json:"nearest,omitempty"`
}

func showReasons(list []access.Reason, names map[identity.ID]string) []reasonJSON {
	name := func(id identity.ID) named { return named{id, names[id]} }
	out := make([]reasonJSON, len(list))
	for i, r := range list {
		j := reasonJSON{Role: name(r.Role), Statement: r.Statement, Effect: "allow", Condition: r.Condition, Missing: string(r.Missing)}
		if r.Deny {
			j.Effect = "deny"
		}
		if !r.Assignment.IsZero() {
			j.Assignment = &r.Assignment
		}
		if !r.Inherited.IsZero() {
			j.Inherited = &r.Inherited
		}
		if !r.Permission.IsZero() {
			p := name(r.Permission)
			j.Permission = &p
		}
		for _, g := range r.Groups {
			j.Groups = append(j.Groups, name(g))
		}
		out[i] = j
	}
	return out
}

// decisionsJSON is one question, or a list of them.
type decisionsJSON struct {
	questionJSON
	Questions []questionJSON `json:"questions,omitempty"`
}

// decide answers one question, or the list "questions"; with reasons on ?explain.
func (d *Door) decide(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	var in decisionsJSON
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	one := in.Questions == nil
	if one {
		in.Questions = []questionJSON{in.questionJSON}
	} else if in.Subject.Type != "" || in.Action.Name != "" || in.Resource.ID != "" {
		return identity.NewError(identity.Invalid, "questions", "A request holds one question or a list of them, not both.")
	}
	questions, err := readQuestions(in.Questions)
	if err != nil {
		return err
	}
	var out []decisionJSON
	if r.URL.Query().Has("explain") {
		out, err = d.explained(r, by.Org, questions)
	} else {
		var list []access.Decision
		list, err = d.o.Access.DecideAll(r.Context(), by.Org, questions)
		out = plainDecisions(list)
	}
	if err != nil {
		return err
	}
	if one {
		return web.Send(w, http.StatusOK, out[0])
	}
	return web.Send(w, http.StatusOK, map[string]any{"decisions": out})
}

func (d *Door) explained(r *http.Request, org identity.OrgID, questions []access.Question) ([]decisionJSON, error) {
	out := make([]decisionJSON, len(questions))
	for i, q := range questions {
		e, err := d.o.Access.Explain(r.Context(), org, q)
		if err != nil {
			return nil, err
		}
		out[i] = decisionJSON{e.Allow, e.Why, showReasons(e.Reasons, e.Names), showReasons(e.Nearest, e.Names)}
	}
	return out, nil
}

func plainDecisions(list []access.Decision) []decisionJSON {
	out := make([]decisionJSON, len(list))
	for i, a := range list {
		out[i] = decisionJSON{Decision: a.Allow}
	}
	return out
}

func readQuestions(list []questionJSON) ([]access.Question, error) {
	if len(list) == 0 || len(list) > maxQuestions {
		return nil, identity.NewError(identity.Invalid, "questions", "A request holds from 1 to "+strconv.Itoa(maxQuestions)+" questions.")
	}
	out := make([]access.Question, len(list))
	for i, j := range list {
		var err error
		if out[i], err = j.question(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// whatIfJSON is a change that has not been made, and what is asked about it.
type whatIfJSON struct {
	Assign      []assignmentJSON `json:"assign"`
	Unassign    []identity.ID    `json:"unassign"`
	Roles       []roleJSON       `json:"roles"` // new, or with the id of the one they replace
	Permissions []permissionJSON `json:"permissions"`
	Join        []membershipJSON `json:"join"`
	Leave       []membershipJSON `json:"leave"`
	Questions   []questionJSON   `json:"questions"`
}

// whatIfAnswer holds the answers to every question in order.
type whatIfAnswer struct {
	Before []decisionJSON `json:"before"`
	After  []decisionJSON `json:"after"`
}

type membershipJSON struct {
	Group  identity.ID `json:"group"`
	Member identity.ID `json:"member"`
}

// whatIf answers questions as they stand and as they would after a change, which
// is not made.
func (d *Door) whatIf(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	var in whatIfJSON
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	questions, err := readQuestions(in.Questions)
	if err != nil {
		return err
	}
	h, err := in.hypothesis()
	if err != nil {
		return err
	}
	before, after, err := d.o.Access.WhatIf(r.Context(), by, h, questions)
	if err != nil {
		return err
	}
	return web.Send(w, http.StatusOK, whatIfAnswer{plainDecisions(before), plainDecisions(after)})
}

func (in whatIfJSON) hypothesis() (h access.Hypothesis, err error) {
	for _, j := range in.Assign {
		h.Assign = append(h.Assign, j.assignment())
	}
	h.Unassign = in.Unassign
	for _, j := range in.Roles {
		var t access.Role
		if err := roles.put(j, &t); err != nil {
			return h, err
		}
		if j.ID != nil {
			t.ID = *j.ID
		}
		h.Roles = append(h.Roles, t)
	}
	for _, j := range in.Permissions {
		var t access.Permission
		if err := permissions.put(j, &t); err != nil {
			return h, err
		}
		if j.ID != nil {
			t.ID = *j.ID
		}
		h.Permissions = append(h.Permissions, t)
	}
	for _, j := range in.Join {
		h.Members = append(h.Members, access.Membership(j))
	}
	for _, j := range in.Leave {
		h.Leave = append(h.Leave, access.Membership(j))
	}
	return h, nil
}
