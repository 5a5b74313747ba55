package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

// An orgJSON is an organisation as --json shows it.
type orgJSON struct {
	ID       string `json:"id"`
	Parent   string `json:"parent,omitempty"`
	Slug     string `json:"slug"`
	Name     string `json:"name"`
	Created  stamp  `json:"created"`
	Modified stamp  `json:"modified"`
}

func orgView(o identity.Organisation) orgJSON {
	v := orgJSON{ID: o.ID.String(), Slug: o.Slug, Name: o.Name, Created: stamp(o.Created), Modified: stamp(o.Modified)}
	if !o.Parent.IsZero() {
		v.Parent = o.Parent.String()
	}
	return v
}

func (a *app) showOrg(o identity.Organisation) error {
	v := orgView(o)
	return a.show(v, func(w io.Writer) {
		facts(w, "id", v.ID, "slug", v.Slug, "name", v.Name, "parent", v.Parent, "created", when(o.Created))
	})
}

func (a *app) orgCommand() *cobra.Command {
	return noun("org", "Organisations", a.orgCreate(), a.orgList(), a.orgGet(), a.orgDelete(), a.domainCommand())
}

func (a *app) orgCreate() *cobra.Command {
	var n directory.NewOrganisation
	var parent string
	c := &cobra.Command{
		Use: "create SLUG", Short: "Make an organisation", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHouse(cmd.Context(), server.Existing, func(h *server.House) error {
				if parent != "" {
					p, err := h.Directory.Organisation(cmd.Context(), parent)
					if err != nil {
						return err
					}
					n.Parent = p.ID
				}
				n.Slug = args[0]
				o, err := h.Directory.CreateOrganisation(cmd.Context(), actor(n.Parent), n)
				if err != nil {
					return err
				}
				return a.showOrg(o)
			})
		},
	}
	c.Flags().StringVar(&n.Name, "name", "", "name for people (default the slug)")
	c.Flags().StringVar(&parent, "parent", "", "organisation above it, by slug or id (default the root)")
	return c
}

// pageOfOrgs is how many organisations are asked for at once.
const pageOfOrgs = 500

func (a *app) orgList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the organisations", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHouse(cmd.Context(), server.Existing, func(h *server.House) error {
				all := []orgJSON{}
				var rows [][]string
				for after := ""; ; {
					list, err := h.Directory.Organisations(cmd.Context(), after, pageOfOrgs)
					if err != nil {
						return err
					}
					for _, o := range list {
						all = append(all, orgView(o))
						rows = append(rows, []string{o.Slug, o.Name, o.ID.String(), when(o.Created)})
						after = o.Slug
					}
					if len(list) < pageOfOrgs {
						break
					}
				}
				return a.show(all, func(w io.Writer) { table(w, "SLUG NAME ID CREATED", rows) })
			})
		},
	}
}

func (a *app) orgGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ORG", Short: "Show an organisation", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHouse(cmd.Context(), server.Existing, func(h *server.House) error {
				o, err := h.Directory.Organisation(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return a.showOrg(o)
			})
		},
	}
}

func (a *app) orgDelete() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "delete ORG", Short: "Remove an organisation with everything in it, for good", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHouse(cmd.Context(), server.Existing, func(h *server.House) error {
				o, err := h.Directory.Organisation(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if !yes {
					return &server.Hint{Hint: "add --yes if that is what you want",
						Err: usage("this removes %s with every user, group and connection in it, and nothing brings them back", o.Slug)}
				}
				if err := h.Directory.DeleteOrganisation(cmd.Context(), actor(o.ID), o.ID); err != nil {
					return err
				}
				return a.done("deleted", o.ID.String(), "organisation "+o.Slug)
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// done reports a change that has nothing else to show.
func (a *app) done(what, id, name string) error {
	return a.show(map[string]string{"result": what, "id": id}, func(w io.Writer) {
		_, _ = io.WriteString(w, what+" "+printable(name)+"\n")
	})
}
