package access

import (
	"net/http"
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// assignmentJSON is an assignment on the web.
type assignmentJSON struct {
	ID        *identity.ID         `json:"id,omitempty"`
	Role      identity.ID          `json:"role"`
	Type      identity.SubjectType `json:"subject_type"` // "User", "Group" or "App"
	Subject   identity.ID          `json:"subject"`
	Inherited bool                 `json:"inherited,omitempty"` // has effect in the organisations below too
	Expires   *time.Time           `json:"expires,omitempty"`
	Created   *time.Time           `json:"created,omitempty"`
}

func showAssignment(a identity.Assignment) assignmentJSON {
	return assignmentJSON{&a.ID, a.Role, a.Type, a.Subject, a.Inherited, web.When(a.Expires), web.When(a.Created)}
}

func (j assignmentJSON) assignment() identity.Assignment {
	a := identity.Assignment{Role: j.Role, Type: j.Type, Subject: j.Subject, Inherited: j.Inherited}
	if j.Expires != nil {
		a.Expires = *j.Expires
	}
	return a
}

// assignments is one page; Next is the value of after for the next one.
type assignments struct {
	Items []assignmentJSON `json:"items"`
	Next  *identity.ID     `json:"next,omitempty"`
}

// members is one page of users; Next is the value of after for the next one.
type members struct {
	Users []identity.ID `json:"users"`
	Total int           `json:"total"`
	Next  *identity.ID  `json:"next,omitempty"`
}

// listAssignments answers with those that match ?role, ?subject_type and
// ?subject, after ?after.
func (d *Door) listAssignments(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	limit, err := web.Limit(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	q := access.AssignmentQuery{Type: identity.SubjectType(query.Get("subject_type")), Limit: limit}
	for name, to := range map[string]*identity.ID{"role": &q.Role, "subject": &q.Subject, "after": &q.After} {
		if text := query.Get(name); text != "" {
			id, ok := identity.ParseID(text)
			if !ok {
				return identity.NewError(identity.Invalid, name, "The "+name+" is not an id.")
			}
			*to = id
		}
	}
	list, err := d.o.Access.Assignments(r.Context(), by, q)
	if err != nil {
		return err
	}
	out := assignments{Items: make([]assignmentJSON, len(list))}
	for i, a := range list {
		out.Items[i] = showAssignment(a)
	}
	if len(list) == limit {
		out.Next = &list[limit-1].ID
	}
	return web.Send(w, http.StatusOK, out)
}

func (d *Door) assign(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	var in assignmentJSON
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	a, err := d.o.Access.Assign(r.Context(), by, in.assignment())
	if err != nil {
		return err
	}
	return web.Send(w, http.StatusCreated, showAssignment(a))
}

func (d *Door) unassign(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := d.o.Access.Unassign(r.Context(), by, id); err != nil {
		return err
	}
	return web.Nothing(w)
}

// listMembers answers with the users that have a role, direct or through groups.
func (d *Door) listMembers(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	limit, err := web.Limit(r)
	if err != nil {
		return err
	}
	role, err := d.o.Access.Roles.Find(r.Context(), by, r.PathValue("id"))
	if err != nil {
		return err
	}
	var after identity.ID
	if text := r.URL.Query().Get("after"); text != "" {
		var ok bool
		if after, ok = identity.ParseID(text); !ok {
			return identity.NewError(identity.Invalid, "after", "The after is not an id.")
		}
	}
	users, total, err := d.o.Access.Holders(r.Context(), by, role.ID, after, limit)
	if err != nil {
		return err
	}
	out := members{Users: some(users), Total: total}
	if len(users) == limit {
		out.Next = &users[limit-1]
	}
	return web.Send(w, http.StatusOK, out)
}

// holdingJSON is a role that a subject has, and how.
type holdingJSON struct {
	Role       roleJSON        `json:"role"`
	Assignment *assignmentJSON `json:"assignment,omitempty"` // none for what everybody has
	Groups     []identity.ID   `json:"groups,omitempty"`     // through which, from the nearest
}

type holdings struct {
	Items []holdingJSON `json:"items"`
}

// listRoles answers with the roles of a subject, each way by itself.
func (d *Door) listRoles(typ identity.SubjectType) handler {
	return func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		id, err := web.PathID(r, "id")
		if err != nil {
			return err
		}
		list, err := d.o.Access.RolesOf(r.Context(), by.Org, typ, id)
		if err != nil {
			return err
		}
		out := holdings{make([]holdingJSON, len(list))}
		for i, h := range list {
			out.Items[i] = holdingJSON{Role: roles.show(h.Role), Groups: h.Groups}
			if !h.Assignment.ID.IsZero() {
				a := showAssignment(h.Assignment)
				out.Items[i].Assignment = &a
			}
		}
		return web.Send(w, http.StatusOK, out)
	}
}
