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
	Subject  entityJSON     `json:"subject" required:"true"`
	Action   actionName     `json:"action" required:"true"`
	Resource entityJSON     `json:"resource" required:"true"`
	Context  map[string]any `json:"context,omitempty" description:"What conditions read as context."`
}

type entityJSON struct {
	Type       string         `json:"type" required:"true" description:"Of a subject: user, group or app. Of a resource: the slug of its type."`
	ID         string         `json:"id" required:"true" description:"An id; or of a user the user name, of a group the display name, of an app the client id, of a resource the slug."`
	Properties map[string]any `json:"properties,omitempty"`
}

type actionName struct {
	Name       string         `json:"name" required:"true"`
	Properties map[string]any `json:"properties,omitempty"`
}

func (j questionJSON) question() (access.Question, error) {
	for _, part := range [][2]string{
		{"subject.type", j.Subject.Type}, {"subject.id", j.Subject.ID}, {"action.name", j.Action.Name},
		{"resource.type", j.Resource.Type}, {"resource.id", j.Resource.ID},
	} {
		if part[1] == "" {
			return access.Question{}, identity.NewError(identity.Invalid, part[0], strconv.Quote(part[0])+" is missing.")
		}
	}
	return access.Question{
		Subject: access.Entity(j.Subject), Action: j.Action.Name, ActionP: j.Action.Properties,
		Resource: access.Entity(j.Resource), Context: j.Context,
	}, nil
}

// reasonJSON is one path from a subject to a statement, with names.
type reasonJSON struct {
	Assignment *identity.ID    `json:"assignment,omitempty" description:"Left out for a role that everybody has."`
	Groups     []named         `json:"groups,omitempty" description:"Through which the role is had, from the nearest."`
	Role       named           `json:"role"`
	Permission *named          `json:"permission,omitempty" description:"Left out for a statement of the role's own."`
	Statement  int             `json:"statement" description:"Which one of the permission or role, from 0."`
	Effect     string          `json:"effect" enum:"allow,deny"`
	Condition  string          `json:"condition,omitempty"`
	Missing    string          `json:"missing,omitempty" enum:"subject,assignment,expired,action,resource,condition" description:"What kept it from reaching."`
	Inherited  *identity.OrgID `json:"inherited_from,omitempty" description:"The organisation above in which it is assigned."`
}

type named struct {
	ID   identity.ID `json:"id"`
	Name string      `json:"name,omitempty"`
}

// decisionJSON is an answer. All but the decision is told on ?explain.
type decisionJSON struct {
	Decision bool         `json:"decision"`
	Why      string       `json:"why,omitempty" description:"One sentence for people; as all that follows, with explain."`
	Reasons  []reasonJSON `json:"reasons,omitempty" description:"What decided."`
	Nearest  []reasonJSON `json:"nearest,omitempty" description:"Of a refusal: what came closest, and what it lacks."`
}

// answerJSON is an answer to one question, or to a list of them.
type answerJSON struct {
	*decisionJSON
	Decisions []decisionJSON `json:"decisions,omitempty" description:"In the order of the questions, in place of the other members, where a list was asked."`
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
	Subject   *entityJSON    `json:"subject,omitempty"`
	Action    *actionName    `json:"action,omitempty"`
	Resource  *entityJSON    `json:"resource,omitempty"`
	Context   map[string]any `json:"context,omitempty" description:"What conditions read as context."`
	Questions []questionJSON `json:"questions,omitempty" description:"Up to 1,000, in place of the other members."`
}

// question is the one that is not in the list.
func (j decisionsJSON) question() (q questionJSON) {
	if j.Subject != nil {
		q.Subject = *j.Subject
	}
	if j.Action != nil {
		q.Action = *j.Action
	}
	if j.Resource != nil {
		q.Resource = *j.Resource
	}
	q.Context = j.Context
	return q
}

// decide answers one question, or the list "questions"; with reasons on ?explain.
func (d *Door) decide(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	var in decisionsJSON
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	one := in.Questions == nil
	switch {
	case one:
		in.Questions = []questionJSON{in.question()}
	case in.Subject != nil || in.Action != nil || in.Resource != nil || in.Context != nil:
		return identity.NewError(identity.Invalid, "questions", "A request holds one question or a list of them, not both.")
	}
	questions, err := readQuestions(in.Questions)
	if err != nil {
		return err
	}
	var out []decisionJSON
	if on(r, "explain") {
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
		return web.Send(w, http.StatusOK, answerJSON{decisionJSON: &out[0]})
	}
	return web.Send(w, http.StatusOK, answerJSON{Decisions: out})
}

func (d *Door) explained(r *http.Request, org identity.OrgID, questions []access.Question) ([]decisionJSON, error) {
	out := make([]decisionJSON, len(questions))
	for i, q := range questions {
		e, err := d.o.Access.Explain(r.Context(), org, q)
		if err != nil {
			return nil, err
		}
		out[i] = explainedDecision(e.Decision, e.Names)
	}
	return out, nil
}

func explainedDecision(a access.Decision, names map[identity.ID]string) decisionJSON {
	return decisionJSON{a.Allow, a.Why, showReasons(a.Reasons, names), showReasons(a.Nearest, names)}
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
