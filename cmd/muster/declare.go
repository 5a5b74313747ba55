package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/declare"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

// withFiles reads a folder and plans what it asks for.
func (a *app) withFiles(ctx context.Context, dir string, prune bool, do func(*declare.Service, *declare.Plan) error) error {
	if dir == "" {
		return usage("say with -f which folder holds the files")
	}
	files, err := declare.Read(os.DirFS(dir))
	if err != nil {
		return asUsage(fmt.Errorf("%s: %w", dir, err))
	}
	return a.withHouse(ctx, server.Existing, func(h *server.House) error {
		s := declaration(h)
		plan, err := s.Plan(ctx, files, prune)
		if err != nil {
			return err
		}
		return do(s, plan)
	})
}

func declaration(h *server.House) *declare.Service {
	return declare.New(declare.Options{Directory: h.Directory, Apps: h.Apps, Access: h.Access, SCIM: h.SCIM, By: actor})
}

func (a *app) applyCommand() *cobra.Command {
	var dir string
	var dry, prune bool
	c := &cobra.Command{
		Use: "apply -f DIR", Short: "Make organisations what files say", Args: cobra.NoArgs,
		Long: "Make organisations, apps, connections, roles, permissions and groups what the YAML files of a folder say.\nWhat the files do not speak of stays. Applied again, nothing changes.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withFiles(cmd.Context(), dir, prune, func(s *declare.Service, plan *declare.Plan) error {
				done := 0
				var err error
				if !dry {
					done, err = s.Apply(cmd.Context(), plan)
				}
				if shown := a.showPlan(plan, done, dry); err == nil {
					err = shown
				}
				return err
			})
		},
	}
	c.Flags().StringVarP(&dir, "file", "f", "", "folder of YAML files")
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would be done, and do nothing")
	c.Flags().BoolVar(&prune, "prune", false, "delete what is there and not in the files, of the kinds that they speak of")
	return c
}

func (a *app) diffCommand() *cobra.Command {
	var dir string
	var prune bool
	c := &cobra.Command{
		Use: "diff -f DIR", Short: "Say what apply would do; the exit status is 1 if anything", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withFiles(cmd.Context(), dir, prune, func(_ *declare.Service, plan *declare.Plan) error {
				if err := a.showPlan(plan, 0, true); err != nil || len(plan.Steps) == 0 {
					return err
				}
				return errQuiet
			})
		},
	}
	c.Flags().StringVarP(&dir, "file", "f", "", "folder of YAML files")
	c.Flags().BoolVar(&prune, "prune", false, "with what apply --prune would delete")
	return c
}

// showPlan prints what was done, or would be, and the secrets that were made.
func (a *app) showPlan(plan *declare.Plan, done int, dry bool) error {
	steps := plan.Steps
	if !dry {
		steps = steps[:done]
	}
	type planJSON struct {
		Steps   []declare.Step   `json:"steps"`
		Secrets []declare.Secret `json:"secrets"`
		DryRun  bool             `json:"dryRun"`
	}
	view := planJSON{append([]declare.Step{}, steps...), append([]declare.Secret{}, plan.Secrets...), dry}
	return a.show(view, func(w io.Writer) {
		for _, s := range steps {
			fmt.Fprintf(w, "%s %s %s in %s\n", s.Verb, s.Kind, printable(s.Name), s.Organisation)
			for _, change := range s.Changes {
				fmt.Fprintf(w, "    %s\n", printable(change))
			}
		}
		for _, s := range plan.Secrets {
			fmt.Fprintf(w, "secret of %s %s in %s, shown this once: %s\n", s.Kind, printable(s.Name), s.Organisation, s.Text)
		}
		if len(plan.Steps) == 0 {
			fmt.Fprintln(w, "nothing to change")
		}
	})
}

func (a *app) exportCommand() *cobra.Command {
	var members bool
	c := &cobra.Command{
		Use: "export [ORG]", Short: "Write an organisation as a file for apply", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				a.org = args[0]
			}
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				return declaration(h).Export(cmd.Context(), org.Slug, members, a.out)
			})
		},
	}
	c.Flags().BoolVar(&members, "members", false, "with the members of groups")
	return c
}
