package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/declare"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

// withFiles reads a folder, one file or the standard input, and plans what it
// asks for.
func (a *app) withFiles(ctx context.Context, path string, prune bool, do func(*declare.Service, *declare.Plan) error) error {
	files, err := a.files(path)
	if err != nil {
		return asUsage(err)
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

func (a *app) files(path string) ([]declare.Organisation, error) {
	switch path {
	case "":
		return nil, errors.New("say with -f which file or folder it is")
	case "-":
		text, err := io.ReadAll(io.LimitReader(a.in, declare.MaxFile+1))
		if err != nil {
			return nil, err
		}
		return declare.Parse("standard input", text)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		files, err := declare.Read(os.DirFS(path), ".")
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
		return files, err
	}
	dir, name := filepath.Split(path)
	return declare.Read(os.DirFS(cmp.Or(dir, ".")), name)
}

func declaration(h *server.House) *declare.Service {
	return declare.New(declare.Options{Directory: h.Directory, Apps: h.Apps, Access: h.Access, SCIM: h.SCIM, By: actor})
}

func (a *app) applyCommand() *cobra.Command {
	var path string
	var dry, prune bool
	c := &cobra.Command{
		Use: "apply -f DIR", Short: "Make organisations what files say", Args: cobra.NoArgs,
		Long: "Makes organisations what YAML files say: connections, groups, apps, actions, resource\n" +
			"types, resources, permissions, roles and who has them. Lists that the files do not have\n" +
			"stay as they are, and nothing is deleted without --prune. Applied again, nothing changes.",
		Example: "  muster export acme > acme.yaml\n  muster diff -f acme.yaml\n  muster apply -f acme.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withFiles(cmd.Context(), path, prune, func(s *declare.Service, plan *declare.Plan) error {
				if dry {
					return a.showPlan(plan)
				}
				return a.apply(cmd.Context(), s, plan)
			})
		},
	}
	fileFlag(c, &path)
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would be done, and do nothing")
	c.Flags().BoolVar(&prune, "prune", false, "delete what is there and not in the files, of the lists that they have")
	return c
}

func fileFlag(c *cobra.Command, path *string) {
	c.Flags().StringVarP(path, "file", "f", "", "YAML file, folder of them, or - for standard input")
}

func (a *app) diffCommand() *cobra.Command {
	var path string
	var prune bool
	c := &cobra.Command{
		Use: "diff -f DIR", Short: "Say what apply would do", Args: cobra.NoArgs,
		Long: "Says what apply would do, and does nothing. The exit status is 1 if there is anything.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withFiles(cmd.Context(), path, prune, func(_ *declare.Service, plan *declare.Plan) error {
				if err := a.showPlan(plan); err != nil || len(plan.Steps) == 0 {
					return err
				}
				return errQuiet
			})
		},
	}
	fileFlag(c, &path)
	c.Flags().BoolVar(&prune, "prune", false, "with what apply --prune would delete")
	return c
}

// A planJSON is what apply and diff show with --json.
type planJSON struct {
	Steps   []declare.Step   `json:"steps"`
	Secrets []declare.Secret `json:"secrets"`
	DryRun  bool             `json:"dryRun"`
}

// apply does what a plan says, and tells of each step once it is done: a secret
// that was made is shown even if a later step fails.
func (a *app) apply(ctx context.Context, s *declare.Service, plan *declare.Plan) error {
	view := planJSON{Steps: []declare.Step{}, Secrets: []declare.Secret{}}
	err := s.Apply(ctx, plan, func(step declare.Step, secret *declare.Secret) {
		view.Steps = append(view.Steps, step)
		if secret != nil {
			view.Secrets = append(view.Secrets, *secret)
		}
		if a.json {
			return
		}
		printStep(a.out, step)
		if secret != nil {
			fmt.Fprintf(a.out, "    secret, shown this once: %s\n", secret.Text)
		}
	})
	shown := a.show(view, func(w io.Writer) { printNothing(w, plan) })
	return cmp.Or(err, shown)
}

// showPlan prints what would be done.
func (a *app) showPlan(plan *declare.Plan) error {
	view := planJSON{append([]declare.Step{}, plan.Steps...), []declare.Secret{}, true}
	return a.show(view, func(w io.Writer) {
		for _, s := range plan.Steps {
			printStep(w, s)
		}
		printNothing(w, plan)
	})
}

func printNothing(w io.Writer, plan *declare.Plan) {
	if len(plan.Steps) == 0 {
		fmt.Fprintln(w, "nothing to change")
	}
}

func printStep(w io.Writer, s declare.Step) {
	fmt.Fprintf(w, "%s %s %s in %s\n", s.Verb, s.Kind, printable(s.Name), s.Organisation)
	for _, change := range s.Changes {
		fmt.Fprintf(w, "    %s\n", printable(change))
	}
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
				doc, left, err := declaration(h).Export(cmd.Context(), org.Slug, members)
				if err != nil {
					return err
				}
				for _, sentence := range left {
					fmt.Fprintln(a.err, "muster:", sentence)
				}
				if a.json {
					return a.show(doc.Map(), nil)
				}
				return doc.Write(a.out)
			})
		},
	}
	c.Flags().BoolVar(&members, "members", false, "with the members of groups")
	return c
}
