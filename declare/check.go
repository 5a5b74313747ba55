package declare

import (
	"fmt"
	"strings"
)

// check finds what is wrong with a document by itself.
func (o *Organisation) check() error {
	if o.Slug == "" {
		return fmt.Errorf("a document lacks its organisation")
	}
	for _, t := range o.ResourceTypes {
		if strings.ContainsAny(t.Slug, "/*") {
			return fmt.Errorf("the slug %q of a resource type holds / or *", t.Slug)
		}
	}
	for _, r := range o.Resources {
		if r.Type == "" {
			return fmt.Errorf("resource %q lacks its type", r.Slug)
		}
	}
	for _, p := range o.Permissions {
		if err := checkStatements("permission "+p.Name, p.Statements); err != nil {
			return err
		}
	}
	for _, r := range o.Roles {
		if err := checkStatements("role "+r.Name, r.Statements); err != nil {
			return err
		}
	}
	for _, a := range o.Assignments {
		if a.Role == "" {
			return fmt.Errorf("an assignment lacks its role")
		}
		if n := count(a.User, a.Group, a.App); n != 1 {
			return fmt.Errorf("an assignment of %s names %d of user, group and app, not one", a.Role, n)
		}
	}
	return nil
}

func checkStatements(of string, list []Statement) error {
	for _, s := range list {
		if len(s.Actions) == 0 || s.Resource == "" {
			return fmt.Errorf("a statement of %s lacks actions or a resource", of)
		}
		if s.Effect != "" && s.Effect != "allow" && s.Effect != "deny" {
			return fmt.Errorf("a statement of %s has the effect %q, which is neither allow nor deny", of, s.Effect)
		}
	}
	return nil
}

func count(texts ...string) (n int) {
	for _, t := range texts {
		if t != "" {
			n++
		}
	}
	return n
}

// unique finds what is named twice, and what has no name.
func (o *Organisation) unique() error {
	for kind, names := range map[string][]string{
		"connection":    namesOf(o.Connections, func(v Connection) string { return v.Name }),
		"app":           namesOf(o.Apps, func(v App) string { return v.ClientID }),
		"action":        namesOf(o.Actions, func(v Action) string { return v.Name }),
		"resource type": namesOf(o.ResourceTypes, func(v ResourceType) string { return v.Slug }),
		"resource":      namesOf(o.Resources, func(v Resource) string { return v.Slug }),
		"permission":    namesOf(o.Permissions, func(v Permission) string { return v.Name }),
		"role":          namesOf(o.Roles, func(v Role) string { return v.Name }),
		"group":         namesOf(o.Groups, func(v Group) string { return v.Name }),
		"assignment":    namesOf(o.Assignments, Assignment.key),
	} {
		seen := map[string]bool{}
		for _, name := range names {
			if name == "" {
				return fmt.Errorf("organisation %s: a %s lacks its name", o.Slug, kind)
			}
			if folded := strings.ToLower(name); seen[folded] {
				return fmt.Errorf("organisation %s: the %s %s stands there twice", o.Slug, kind, name)
			} else {
				seen[folded] = true
			}
		}
	}
	return nil
}

func namesOf[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = name(v)
	}
	return out
}

// key names an assignment: what it gives, and to whom.
func (a Assignment) key() string {
	switch {
	case a.User != "":
		return a.Role + " to user " + a.User
	case a.Group != "":
		return a.Role + " to group " + a.Group
	}
	return a.Role + " to app " + a.App
}
