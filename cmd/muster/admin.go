package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/signin"
)

func (a *app) adminCommand() *cobra.Command {
	return noun("admin", "Administrators, and the way back in for one who is locked out",
		a.adminLink(), a.adminRecover(), a.adminList(), a.adminAppoint(), a.adminDismiss())
}

// showLink prints a one-time link.
func (a *app) showLink(l signin.Link, what string) error {
	v := map[string]any{"url": l.URL, "expires": stamp(l.Expires)}
	return a.show(v, func(w io.Writer) {
		fmt.Fprintf(w, "%s\n\n  %s\n\nThe link works once, until %s.\n", what, l.URL, when(l.Expires))
	})
}

func (a *app) adminLink() *cobra.Command {
	return &cobra.Command{
		Use: "link", Short: "Show the one-time link by which the first administrator comes in", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHouse(cmd.Context(), server.Existing, func(h *server.House) error {
				l, err := h.SignIn.FirstLink(cmd.Context())
				if identity.KindOf(err) == identity.Conflict {
					return &server.Hint{Err: err, Hint: "muster admin recover NAME lets an administrator in again who is locked out"}
				}
				if err != nil {
					return err
				}
				return a.showLink(l, "Open this in a browser to become the first administrator:")
			})
		},
	}
}

func (a *app) adminRecover() *cobra.Command {
	var lost bool
	c := &cobra.Command{
		Use: "recover NAME", Short: "Show a one-time link by which an administrator sets a new password",
		Long: "Shows a link by which an administrator sets a new password. NAME is a user name or id in\n" +
			"the organisation of --org, by default the root organisation.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withAdmins(ctx, func(h *server.House, org identity.Organisation) error {
				u, err := h.User(ctx, org, args[0])
				if err != nil {
					return err
				}
				l, err := h.RecoverAdministrator(ctx, actor(org.ID), org, u.ID, lost)
				if err != nil {
					return err
				}
				return a.showLink(l, "Open this in a browser to set a new password:")
			})
		},
	}
	c.Flags().BoolVar(&lost, "lost-factors", false, "take away passkeys, authenticator apps and recovery codes, which the person has lost")
	return c
}

// withAdmins runs a command about an organisation, by default the root one.
func (a *app) withAdmins(ctx context.Context, do func(*server.House, identity.Organisation) error) error {
	return a.withHouse(ctx, server.Existing, func(h *server.House) error {
		org, err := h.Directory.Root(ctx)
		if a.org != "" {
			org, err = h.Organisation(ctx, a.org)
		}
		if err != nil {
			return err
		}
		return do(h, org)
	})
}

func (a *app) adminList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the administrators", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.withAdmins(ctx, func(h *server.House, org identity.Organisation) error {
				list, err := h.SignIn.Administrators(ctx, org.ID)
				if err != nil {
					return err
				}
				all, rows := []map[string]any{}, [][]string{}
				for _, m := range list {
					name := m.User.String()
					if u, err := h.User(ctx, org, name); err == nil {
						name = u.Name
					}
					all = append(all, map[string]any{"user": m.User.String(), "name": name, "role": m.Role, "created": stamp(m.Created)})
					rows = append(rows, []string{name, m.Role, m.User.String(), when(m.Created)})
				}
				return a.show(all, func(w io.Writer) { table(w, "NAME ROLE ID SINCE", rows) })
			})
		},
	}
}

func (a *app) adminAppoint() *cobra.Command {
	var role string
	c := &cobra.Command{
		Use: "appoint NAME", Short: "Make a person an administrator", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withAdmins(ctx, func(h *server.House, org identity.Organisation) error {
				u, err := h.User(ctx, org, args[0])
				if err == nil {
					err = h.SignIn.Appoint(ctx, actor(org.ID), org.ID, u.ID, role)
				}
				if err != nil {
					return err
				}
				return a.show(map[string]string{"result": "appointed", "user": u.ID.String(), "role": role}, func(w io.Writer) {
					fmt.Fprintf(w, "%s is now %s of %s\n", printable(u.Name), role, org.Slug)
				})
			})
		},
	}
	c.Flags().StringVar(&role, "role", signin.Owner, "owner of the organisation, or operator of everything (root organisation)")
	return c
}

func (a *app) adminDismiss() *cobra.Command {
	return &cobra.Command{
		Use: "dismiss NAME", Short: "Take the role of an administrator away", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withAdmins(ctx, func(h *server.House, org identity.Organisation) error {
				u, err := h.User(ctx, org, args[0])
				if err == nil {
					err = h.SignIn.Dismiss(ctx, actor(org.ID), org.ID, u.ID)
				}
				if err != nil {
					return err
				}
				return a.show(map[string]string{"result": "dismissed", "user": u.ID.String()}, func(w io.Writer) {
					fmt.Fprintf(w, "%s is no longer an administrator of %s\n", printable(u.Name), org.Slug)
				})
			})
		},
	}
}
