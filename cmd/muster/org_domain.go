package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

func (a *app) domainCommand() *cobra.Command {
	add := &cobra.Command{
		Use: "add DOMAIN", Short: "Give an e-mail domain to an organisation",
		Long: "People with an address in the domain who sign in at the root organisation's page are sent\n" +
			"to the page of this organisation. See to it that the domain is theirs.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				d, err := h.Directory.AddDomain(cmd.Context(), actor(org.ID), org.ID, args[0])
				if err != nil {
					return err
				}
				return a.done("added", d.Name, d.Name)
			})
		},
	}
	list := &cobra.Command{
		Use: "list", Short: "List the e-mail domains of an organisation", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				list, err := h.Directory.Domains(cmd.Context(), org.ID)
				if err != nil {
					return err
				}
				all, rows := []map[string]any{}, [][]string{}
				for _, d := range list {
					all = append(all, map[string]any{"domain": d.Name, "created": stamp(d.Created)})
					rows = append(rows, []string{d.Name, when(d.Created)})
				}
				return a.show(all, func(w io.Writer) { table(w, "DOMAIN SINCE", rows) })
			})
		},
	}
	remove := &cobra.Command{
		Use: "remove DOMAIN", Short: "Take an e-mail domain away from an organisation", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				if err := h.Directory.DeleteDomain(cmd.Context(), actor(org.ID), org.ID, args[0]); err != nil {
					return err
				}
				return a.done("removed", args[0], args[0])
			})
		},
	}
	return noun("domain", "E-mail domains, by which people find their organisation", add, list, remove)
}
