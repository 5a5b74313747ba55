package access

import (
	"net/http"
	"strings"
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// assignmentJSON is an assignment on the web.
type assignmentJSON struct {
	ID        *identity.ID         `json:"id,omitempty" description:"Made by the server."`
	Role      idOrName             `json:"role" required:"true" description:"The id of a role, or its name. Answers have the id."`
	Type      identity.SubjectType `json:"subject_type" required:"true" enum:"User,Group,App"`
	Subject   idOrName             `json:"subject" required:"true" description:"An id; or of a user the user name, of a group the display name, of an app the client id. Answers have the id."`
	Inherited bool                 `json:"inherited,omitempty" description:"Whether it has effect in the organisations below too."`
	Expires   *time.Time           `json:"expires,omitempty" description:"When it ends; left out for never."`
	Created   *time.Time           `json:"created,omitempty"`
}

func showAssignment(a identity.Assignment) assignmentJSON {
	return assignmentJSON{&a.ID, a.Role.String(), a.Type, a.Subject.String(), a.Inherited, web.When(a.Expires), web.When(a.Created)}
}

// assignment reads one and finds its role and its subject.
func (j assignmentJSON) assignment(f *finder) (a identity.Assignment, err error) {
	a = identity.Assignment{Type: j.Type, Inherited: j.Inherited}
	if j.Expires != nil {
		a.Expires = *j.Expires
	}
	if a.Subject, err = f.subject(j.Type, "subject", j.Subject); err != nil {
		return a, err
	}
	err = findOne(f, "role", f.all.Roles, &j.Role)
	a.Role, _ = identity.ParseID(j.Role)
	return a, err
}

// assignments is one page; Next is the value of after for the next one.
type assignments struct {
	Items []assignmentJSON `json:"items"`
	Next  *identity.ID     `json:"next,omitempty" description:"The value of after for the next page; left out on the last."`
}

// members is one page of users; Next is the value of after for the next one.
type members struct {
	Users []identity.ID `json:"users"`
	Total int           `json:"total"`
	Next  *identity.ID  `json:"next,omitempty" description:"The value of after for the next page; left out on the last."`
}

// listAssignments answers with those that match ?role, ?subject_type and
// ?subject, after ?after.
func (d *Door) listAssignments(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	limit, err := web.Limit(r)
	if err != nil {
		return err
	}
	q := access.AssignmentQuery{Type: identity.SubjectType(r.URL.Query().Get("subject_type")), Limit: limit}
	switch q.Type {
	case "", identity.UserSubject, identity.GroupSubject, identity.AppSubject:
	default:
		return identity.NewError(identity.Invalid, "subject_type", "The subject_type is User, Group or App.")
	}
	f, role := d.finder(r, by), r.URL.Query().Get("role")
	if err := findOne(f, "role", f.all.Roles, &role); err != nil {
		return err
	}
	q.Role, _ = identity.ParseID(role)
	if subject := r.URL.Query().Get("subject"); subject != "" {
		if q.Subject, err = f.subject(q.Type, "subject", subject); err != nil {
			return err
		}
	}
	if q.After, err = queryID(r, "after"); err != nil {
		return err
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

// queryID reads an id of the query, zero if there is none.
func queryID(r *http.Request, name string) (id identity.ID, err error) {
	if text := r.URL.Query().Get(name); text != "" {
		var ok bool
		if id, ok = identity.ParseID(text); !ok {
			err = identity.NewError(identity.Invalid, name, "The "+name+" is not an id.")
		}
	}
	return id, err
}

// assign gives a role. A role that the subject has already gets the new end.
func (d *Door) assign(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
	var in assignmentJSON
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	a, err := in.assignment(d.finder(r, by))
	if err != nil {
		return err
	}
	if a, err = d.o.Access.Assign(r.Context(), by, a); err != nil {
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
	after, err := queryID(r, "after")
	if err != nil {
		return err
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
	Assignment *assignmentJSON `json:"assignment,omitempty" description:"Left out for a role that everybody has."`
	Groups     []identity.ID   `json:"groups,omitempty" description:"Through which it is had, from the nearest."`
}

type holdings struct {
	Items []holdingJSON `json:"items"`
}

// listRoles answers with the roles of a subject, each way by itself.
func (d *Door) listRoles(typ identity.SubjectType) handler {
	return func(w http.ResponseWriter, r *http.Request, by identity.Actor) error {
		id, err := d.subject(r, by, typ)
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

// subject finds the subject that the path names, by id or name.
func (d *Door) subject(r *http.Request, by identity.Actor, typ identity.SubjectType) (identity.ID, error) {
	if typ == identity.AppSubject {
		a, err := d.o.Apps.Get(r.Context(), by.Org, r.PathValue("id"))
		if err != nil {
			return identity.ID{}, err
		}
		return a.ID, nil
	}
	id, ok := identity.ParseID(r.PathValue("id"))
	if !ok {
		id, err := d.o.Access.Named(r.Context(), by.Org, typ, r.PathValue("id"))
		if err == nil && id.IsZero() {
			err = identity.NewError(identity.NotFound, "", "There is no such "+strings.ToLower(string(typ))+".")
		}
		return id, err
	}
	reg, err := d.o.Directory.Registry(r.Context(), by.Org)
	if err != nil {
		return id, err
	}
	_, err = d.o.Directory.Get(r.Context(), by, reg.TypeByName(string(typ)), id, directory.Rows{})
	return id, err
}
