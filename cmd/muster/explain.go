package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

// explainCommand answers the auditor's question.
func (a *app) explainCommand() *cobra.Command {
	var kind string
	var props []string
	c := &cobra.Command{
		Use: "explain USER ACTION RESOURCE", Short: "Say whether somebody may do something, and why",
		Long: "Says whether somebody may do something, and why: which assignment, group, role,\n" +
			"permission and statement allow it, or what came nearest. RESOURCE is type/slug, the\n" +
			"slug of a registered resource, or an id. The exit status is 0 for yes and 5 for no.",
		Example: "  muster explain ann read document/handbook --with context.hour=17",
		Args:    cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			q := access.Question{Subject: access.Entity{Type: kind, ID: args[0]}, Action: args[1], Resource: access.Entity{ID: args[2]}}
			typ, slug, typed := strings.Cut(args[2], "/")
			if typed {
				q.Resource = access.Entity{Type: typ, ID: slug}
			}
			if err := properties(&q, props); err != nil {
				return err
			}
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				if !typed {
					r, err := h.Access.Resources.Find(cmd.Context(), actor(org.ID), args[2])
					if err == nil {
						q.Resource.ID = r.ID.String()
					} else if identity.KindOf(err) != identity.NotFound {
						return err
					}
				}
				e, err := h.Access.Explain(cmd.Context(), org.ID, q)
				if err != nil {
					return err
				}
				if err := a.show(explanationView(e), func(w io.Writer) { printExplanation(w, e) }); err != nil {
					return err
				}
				if !e.Allow {
					return errDenied
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&kind, "as", "user", "what USER is: user, group or app")
	c.Flags().StringArrayVar(&props, "with", nil, "a property of subject, action, resource or context, as resource.status=archived; may be repeated")
	return c
}

// properties reads what conditions look at: JSON, or text.
func properties(q *access.Question, list []string) error {
	for _, text := range list {
		name, value, ok := strings.Cut(text, "=")
		of, key, dotted := strings.Cut(name, ".")
		to := map[string]*map[string]any{
			"subject": &q.Subject.Properties, "action": &q.ActionP, "resource": &q.Resource.Properties, "context": &q.Context,
		}[of]
		if !ok || !dotted || to == nil {
			return usage("%q is not of the form resource.status=archived", text)
		}
		if *to == nil {
			*to = map[string]any{}
		}
		(*to)[key] = property(value)
	}
	return nil
}

// property reads a value as conditions compare it: as JSON where it is a number,
// true, false or a text in quotes, and as text where it is anything else.
func property(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) == nil {
		switch v.(type) {
		case bool, float64, string:
			return v
		}
	}
	return text
}

// A reasonJSON is one path from a subject to a statement, in names.
type reasonJSON struct {
	Groups     []string `json:"groups,omitempty"`
	Role       string   `json:"role"`
	Permission string   `json:"permission,omitempty"`
	Statement  int      `json:"statement"`
	Effect     string   `json:"effect"`
	Condition  string   `json:"condition,omitempty"`
	Missing    string   `json:"missing,omitempty"`
}

type explanationJSON struct {
	Decision bool         `json:"decision"`
	Why      string       `json:"why"`
	Reasons  []reasonJSON `json:"reasons"`
	Nearest  []reasonJSON `json:"nearest"`
}

func explanationView(e *access.Explanation) explanationJSON {
	return explanationJSON{e.Allow, e.Why, reasonViews(e, e.Reasons), reasonViews(e, e.Nearest)}
}

func reasonViews(e *access.Explanation, list []access.Reason) []reasonJSON {
	name := func(id identity.ID) string {
		if n := e.Names[id]; n != "" {
			return n
		}
		return id.String()
	}
	out := []reasonJSON{}
	for _, r := range list {
		j := reasonJSON{Role: name(r.Role), Statement: r.Statement, Effect: "allow", Condition: r.Condition, Missing: string(r.Missing)}
		if r.Deny {
			j.Effect = "deny"
		}
		if !r.Permission.IsZero() {
			j.Permission = name(r.Permission)
		}
		for _, g := range r.Groups {
			j.Groups = append(j.Groups, name(g))
		}
		out = append(out, j)
	}
	return out
}

func printExplanation(w io.Writer, e *access.Explanation) {
	v := explanationView(e)
	answer := "no"
	if v.Decision {
		answer = "yes"
	}
	fmt.Fprintf(w, "%s: %s\n", answer, printable(v.Why))
	for _, r := range v.Reasons {
		fmt.Fprintf(w, "  %s\n", printable(r.String()))
	}
	if len(v.Nearest) > 0 {
		fmt.Fprintln(w, "what came nearest:")
		for _, r := range v.Nearest {
			fmt.Fprintf(w, "  %s\n", printable(r.String()))
		}
	}
}

// String tells a reason in one line.
func (r reasonJSON) String() string {
	var parts []string
	for _, g := range r.Groups {
		parts = append(parts, "group "+g)
	}
	parts = append(parts, "role "+r.Role)
	if r.Permission != "" {
		parts = append(parts, "permission "+r.Permission)
	}
	text := strings.Join(append(parts, fmt.Sprint(r.Effect, " by statement ", r.Statement+1)), ", ")
	if r.Condition != "" {
		text += " if " + r.Condition
	}
	if r.Missing != "" {
		text += "; missing: " + r.Missing
	}
	return text
}
