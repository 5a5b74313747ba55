package main

import (
	"cmp"
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

// An assignmentJSON is an assignment as --json shows it.
type assignmentJSON struct {
	ID        string `json:"id"`
	Role      string `json:"role"`
	RoleName  string `json:"roleName"`
	Type      string `json:"subjectType"`
	Subject   string `json:"subject"`
	Name      string `json:"subjectName"`
	Inherited bool   `json:"inherited"`
	Created   stamp  `json:"created"`
	Expires   stamp  `json:"expires"`
}

func assignmentView(x identity.Assignment, role, subject string) assignmentJSON {
	return assignmentJSON{x.ID.String(), x.Role.String(), role, string(x.Type), x.Subject.String(), subject, x.Inherited, stamp(x.Created), stamp(x.Expires)}
}

// inheritance says "yes" of what has effect below too, and nothing of the rest.
func (v assignmentJSON) inheritance() string {
	if v.Inherited {
		return "yes"
	}
	return ""
}

// subjectFlags name whom a role is given to.
type subjectFlags struct{ user, group, client string }

func (f *subjectFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.user, "user", "", "user name or id")
	c.Flags().StringVar(&f.group, "group", "", "name or id of a group")
	c.Flags().StringVar(&f.client, "app", "", "client id or id of an app")
}

// subject finds who is meant; the type is "" if nobody is.
func (f *subjectFlags) subject(ctx context.Context, h *server.House, org identity.Organisation) (typ identity.SubjectType, id identity.ID, err error) {
	named := 0
	for _, text := range []string{f.user, f.group, f.client} {
		if text != "" {
			named++
		}
	}
	switch {
	case named > 1:
		return "", id, usage("name one of --user, --group and --app")
	case f.user != "":
		p, err := h.User(ctx, org, f.user)
		return identity.UserSubject, p.ID, err
	case f.group != "":
		id, err = h.Group(ctx, org, f.group)
		return identity.GroupSubject, id, err
	case f.client != "":
		x, err := h.Apps.Get(ctx, org.ID, f.client)
		if err != nil {
			return "", id, err
		}
		return identity.AppSubject, x.ID, nil
	}
	return "", id, nil
}

func (a *app) assignCommand() *cobra.Command {
	return noun("assign", "Who has which role", a.assignAdd(), a.assignList(), a.assignRemove())
}

func (a *app) assignAdd() *cobra.Command {
	var f subjectFlags
	var inherited bool
	var expires string
	c := &cobra.Command{
		Use: "add ROLE", Short: "Give a role to a user, a group or an app", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				by := actor(org.ID)
				role, err := h.Access.Roles.Find(cmd.Context(), by, args[0])
				if err != nil {
					return err
				}
				x := identity.Assignment{Role: role.ID, Inherited: inherited}
				if x.Type, x.Subject, err = f.subject(cmd.Context(), h, org); err != nil {
					return err
				}
				if x.Type == "" {
					return usage("name one of --user, --group and --app")
				}
				if x.Expires, err = until(expires); err != nil {
					return err
				}
				if x, err = h.Access.Assign(cmd.Context(), by, x); err != nil {
					return err
				}
				names, err := h.Access.SubjectNames(cmd.Context(), org.ID, []identity.Assignment{x})
				if err != nil {
					return err
				}
				v := assignmentView(x, role.Name, names[x.Subject])
				return a.show(v, func(w io.Writer) {
					facts(w, "id", v.ID, "role", role.Name, strings.ToLower(v.Type), cmp.Or(v.Name, v.Subject), "inherited", v.inheritance(), "expires", when(x.Expires))
				})
			})
		},
	}
	f.add(c)
	c.Flags().BoolVar(&inherited, "inherited", false, "in all organisations below too")
	c.Flags().StringVar(&expires, "expires", "", "when it ends: 90d, 12h, or a date")
	return c
}

func (a *app) assignList() *cobra.Command {
	var f subjectFlags
	var role string
	c := &cobra.Command{
		Use: "list", Short: "List who has which role", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) (err error) {
				by := actor(org.ID)
				q := access.AssignmentQuery{Limit: 1000}
				if q.Type, q.Subject, err = f.subject(cmd.Context(), h, org); err != nil {
					return err
				}
				if role != "" {
					r, err := h.Access.Roles.Find(cmd.Context(), by, role)
					if err != nil {
						return err
					}
					q.Role = r.ID
				}
				docs, rows := []assignmentJSON{}, [][]string{}
				for {
					list, err := h.Access.Assignments(cmd.Context(), by, q)
					if err != nil {
						return err
					}
					names, err := h.Access.SubjectNames(cmd.Context(), org.ID, list)
					if err != nil {
						return err
					}
					for _, x := range list {
						name := x.Role.String()
						if r, err := h.Access.Roles.Get(cmd.Context(), by, x.Role); err == nil {
							name = r.Name
						}
						v := assignmentView(x, name, names[x.Subject])
						docs = append(docs, v)
						rows = append(rows, []string{name, strings.ToLower(v.Type), cmp.Or(v.Name, v.Subject), v.inheritance(), when(x.Expires), v.ID})
						q.After = x.ID
					}
					if len(list) < q.Limit {
						break
					}
				}
				return a.show(docs, func(w io.Writer) { table(w, "ROLE TYPE SUBJECT INHERITED EXPIRES ID", rows) })
			})
		},
	}
	f.add(c)
	c.Flags().StringVar(&role, "role", "", "those of one role")
	return c
}

func (a *app) assignRemove() *cobra.Command {
	var f subjectFlags
	c := &cobra.Command{
		Use: "remove ROLE|ID", Short: "Take a role away, by its name with a subject, or by the assignment's id", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				ctx, by := cmd.Context(), actor(org.ID)
				typ, subject, err := f.subject(ctx, h, org)
				if err != nil {
					return err
				}
				id, isID := identity.ParseID(args[0])
				if typ != "" {
					role, err := h.Access.Roles.Find(ctx, by, args[0])
					if err != nil {
						return err
					}
					list, err := h.Access.Assignments(ctx, by, access.AssignmentQuery{Role: role.ID, Type: typ, Subject: subject})
					if err != nil {
						return err
					}
					if len(list) == 0 {
						return identity.NewError(identity.NotFound, "", "The role is not assigned to this subject.")
					}
					id = list[0].ID
				} else if !isID {
					return usage("name one of --user, --group and --app, or the id of an assignment")
				}
				if err := h.Access.Unassign(ctx, by, id); err != nil {
					return err
				}
				return a.show(map[string]string{"id": id.String()}, func(w io.Writer) { facts(w, "removed", id.String()) })
			})
		},
	}
	f.add(c)
	return c
}
