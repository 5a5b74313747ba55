package main

import (
	"encoding/json"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

// A schemaJSON is an organisation's own schema as --json shows it.
type schemaJSON struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Type     string          `json:"type"`
	Required bool            `json:"required"`
	Schema   json.RawMessage `json:"schema"`
}

func schemaView(s directory.OwnSchema) schemaJSON {
	return schemaJSON{s.Schema.ID, s.Schema.Name, s.Type, s.Required, s.Schema.JSON("")}
}

func (a *app) schemaCommand() *cobra.Command {
	return noun("schema", "Schemas that an organisation adds to users and groups",
		a.schemaAdd(), a.schemaList(), a.schemaDelete())
}

func (a *app) schemaAdd() *cobra.Command {
	var n directory.NewSchema
	c := &cobra.Command{
		Use: "add FILE", Short: `Add a SCIM schema document; FILE may be "-"`, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if n.Doc, err = a.read(args[0]); err != nil {
				return err
			}
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				s, err := h.Directory.AddSchema(cmd.Context(), actor(org.ID), org.ID, n)
				if err != nil {
					return err
				}
				v := schemaView(s)
				return a.show(v, func(w io.Writer) {
					facts(w, "added", v.ID, "to", v.Type, "attributes", strconv.Itoa(len(s.Schema.Attributes)), "required", yesNo(v.Required))
				})
			})
		},
	}
	c.Flags().StringVar(&n.Type, "type", "User", "resource type that it extends")
	c.Flags().BoolVar(&n.Required, "required", false, "every resource of the type must have it")
	return c
}

func (a *app) schemaList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the schemas that an organisation added", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				list, err := h.Directory.OwnSchemas(cmd.Context(), org.ID)
				if err != nil {
					return err
				}
				all, rows := []schemaJSON{}, [][]string{}
				for _, s := range list {
					v := schemaView(s)
					all = append(all, v)
					rows = append(rows, []string{v.ID, v.Name, v.Type, strconv.Itoa(len(s.Schema.Attributes)), yesNo(v.Required)})
				}
				return a.show(all, func(w io.Writer) { table(w, "ID NAME TYPE ATTRIBUTES REQUIRED", rows) })
			})
		},
	}
}

func (a *app) schemaDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete URN", Short: "Remove a schema that the organisation added", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				if err := h.Directory.DeleteSchema(cmd.Context(), actor(org.ID), org.ID, args[0]); err != nil {
					return err
				}
				return a.done("deleted", args[0], args[0])
			})
		},
	}
}
