package authzen

import (
	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
)

// A reason is one path from a subject to a statement, in the members of our own
// API.
type reason struct {
	Assignment *identity.ID    `json:"assignment,omitempty"`
	Groups     []named         `json:"groups,omitempty"` // from the nearest
	Role       named           `json:"role"`
	Permission *named          `json:"permission,omitempty"` // none for a statement of the role's own
	Statement  int             `json:"statement"`            // from 0
	Effect     string          `json:"effect"`
	Condition  string          `json:"condition,omitempty"`
	Missing    string          `json:"missing,omitempty"` // what kept it from reaching
	Inherited  *identity.OrgID `json:"inherited_from,omitempty"`
}

type named struct {
	ID   identity.ID `json:"id"`
	Name string      `json:"name,omitempty"`
}

// explained puts the reasons of a decision into its context (section 6.2.1: what
// stands there is up to the decision point).
func explained(e *access.Explanation) decision {
	more := map[string]any{"reason": e.Why}
	if len(e.Reasons) > 0 {
		more["reasons"] = reasons(e.Reasons, e.Names)
	}
	if len(e.Nearest) > 0 {
		more["nearest"] = reasons(e.Nearest, e.Names)
	}
	return decision{e.Allow, more}
}

func reasons(list []access.Reason, names map[identity.ID]string) []reason {
	out := make([]reason, len(list))
	for i, r := range list {
		w := reason{Role: named{r.Role, names[r.Role]}, Statement: r.Statement, Effect: "allow", Condition: r.Condition, Missing: string(r.Missing)}
		if r.Deny {
			w.Effect = "deny"
		}
		if !r.Assignment.IsZero() {
			w.Assignment = &r.Assignment
		}
		if !r.Inherited.IsZero() {
			w.Inherited = &r.Inherited
		}
		if !r.Permission.IsZero() {
			w.Permission = &named{r.Permission, names[r.Permission]}
		}
		for _, g := range r.Groups {
			w.Groups = append(w.Groups, named{g, names[g]})
		}
		out[i] = w
	}
	return out
}
