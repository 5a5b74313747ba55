package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

func (a *app) actionCommand() *cobra.Command {
	w := ware[access.Action]{
		name: "action", short: "Actions: what can be done",
		book: func(h *server.House) *access.Book[access.Action] { return h.Access.Actions },
		view: func(t access.Action) any {
			return struct {
				wareJSON
				Active bool `json:"active"`
			}{baseView(t.Base), t.Active}
		},
		head: "NAME ACTIVE", row: func(t access.Action) []string { return []string{t.Name, yesNo(t.Active)} },
	}
	create := wareCreate(a, w, func(_ context.Context, _ *server.House, _ identity.Actor, base access.Base) (access.Action, error) {
		return access.Action{Base: base, Active: true}, nil
	})
	return verbs(a, w, create)
}

func (a *app) resourceTypeCommand() *cobra.Command {
	w := ware[access.ResourceType]{
		name: "resource-type", short: "Types of resource, with the actions that apply to them",
		book: func(h *server.House) *access.Book[access.ResourceType] { return h.Access.ResourceTypes },
		view: func(t access.ResourceType) any {
			return struct {
				wareJSON
				Slug    string   `json:"slug"`
				Actions []string `json:"actions"`
			}{baseView(t.Base), t.Slug, texts(t.Actions)}
		},
		instead: "ACTIONS", parts: func(n *namer, t access.ResourceType) ([]string, error) {
			names, err := n.actions(texts(t.Actions))
			return []string{"actions", cmp.Or(names, "all")}, err
		},
		head: "SLUG NAME ACTIONS", row: func(t access.ResourceType) []string {
			return []string{t.Slug, t.Name, strconv.Itoa(len(t.Actions))}
		},
	}
	var slug string
	var actions []string
	create := wareCreate(a, w, func(ctx context.Context, h *server.House, by identity.Actor, base access.Base) (access.ResourceType, error) {
		list, err := ids(ctx, h.Access.Actions, by, actions)
		return access.ResourceType{Base: base, Slug: slug, Actions: list}, err
	})
	create.Flags().StringVar(&slug, "slug", "", "name for machines (default made of the name)")
	create.Flags().StringSliceVar(&actions, "action", nil, "action that applies; may be repeated")
	return verbs(a, w, create)
}

func (a *app) resourceCommand() *cobra.Command {
	w := ware[access.Resource]{
		name: "resource", short: "Resources: things that permissions name",
		book: func(h *server.House) *access.Book[access.Resource] { return h.Access.Resources },
		view: func(t access.Resource) any {
			return struct {
				wareJSON
				Slug string `json:"slug"`
				Type string `json:"type"`
			}{baseView(t.Base), t.Slug, t.Type.String()}
		},
		instead: "TYPE", parts: func(n *namer, t access.Resource) ([]string, error) {
			slug, err := nameOf(n, n.all.ResourceTypes, t.Type.String(), func(t *access.ResourceType) string { return t.Slug })
			return []string{"type", slug}, err
		},
		head: "SLUG NAME TYPE", row: func(t access.Resource) []string { return []string{t.Slug, t.Name, t.Type.String()} },
	}
	var slug, typ string
	create := wareCreate(a, w, func(ctx context.Context, h *server.House, by identity.Actor, base access.Base) (access.Resource, error) {
		if typ == "" {
			return access.Resource{}, usage("say with --type what kind of resource it is")
		}
		t, err := h.Access.ResourceTypes.Find(ctx, by, typ)
		if err != nil {
			return access.Resource{}, fmt.Errorf("%s: %w", typ, err)
		}
		return access.Resource{Base: base, Slug: slug, Type: t.ID}, nil
	})
	create.Flags().StringVar(&slug, "slug", "", "name for machines (default made of the name)")
	create.Flags().StringVar(&typ, "type", "", "slug, name or id of its type")
	return verbs(a, w, create)
}

// A statementJSON is a statement as --json shows it.
type statementJSON struct {
	Actions   []string `json:"actions"`
	Resource  string   `json:"resource"`
	Effect    string   `json:"effect"`
	Condition string   `json:"condition,omitempty"`
}

func statementViews(list []access.Statement) []statementJSON {
	out := []statementJSON{}
	for _, s := range list {
		effect := "allow"
		if s.Deny {
			effect = "deny"
		}
		out = append(out, statementJSON{s.Actions, s.Resource, effect, s.Condition})
	}
	return out
}

// statementFlags are the flags by which permissions and roles get statements.
type statementFlags struct {
	allow, deny []string
	condition   string
}

func (f *statementFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.allow, "allow", nil, `what is allowed, as "read,write on document/*"; may be repeated`)
	c.Flags().StringArrayVar(&f.deny, "deny", nil, `what is denied, in the same form; it wins`)
	c.Flags().StringVar(&f.condition, "if", "", `condition of all of them, as 'resource.status ne "archived"'`)
}

func (f *statementFlags) statements() (out []access.Statement, err error) {
	if f.condition != "" && len(f.allow)+len(f.deny) == 0 {
		return nil, usage("--if is a condition of --allow and --deny, and there is neither")
	}
	for i, text := range append(append([]string{}, f.allow...), f.deny...) {
		actions, resource, ok := strings.Cut(text, " on ")
		if !ok {
			return nil, usage("%q is not of the form \"read,write on document/*\"", text)
		}
		s := access.Statement{Resource: strings.TrimSpace(resource), Deny: i >= len(f.allow), Condition: f.condition}
		for _, action := range strings.Split(actions, ",") {
			s.Actions = append(s.Actions, strings.TrimSpace(action))
		}
		out = append(out, s)
	}
	return out, nil
}

func (a *app) permissionCommand() *cobra.Command {
	w := ware[access.Permission]{
		name: "permission", short: "Permissions: actions on resources, allowed or denied",
		book: func(h *server.House) *access.Book[access.Permission] { return h.Access.Permissions },
		view: func(t access.Permission) any {
			return struct {
				wareJSON
				Statements []statementJSON `json:"statements"`
			}{baseView(t.Base), statementViews(t.Statements)}
		},
		instead: "STATEMENTS", parts: func(n *namer, t access.Permission) ([]string, error) { return n.statements(t.Statements) },
		head: "NAME STATEMENTS", row: func(t access.Permission) []string { return []string{t.Name, strconv.Itoa(len(t.Statements))} },
	}
	var f statementFlags
	create := wareCreate(a, w, func(_ context.Context, _ *server.House, _ identity.Actor, base access.Base) (access.Permission, error) {
		list, err := f.statements()
		return access.Permission{Base: base, Statements: list}, err
	})
	f.add(create)
	return verbs(a, w, create)
}

func (a *app) roleCommand() *cobra.Command {
	w := ware[access.Role]{
		name: "role", short: "Roles: what is given to people, groups and apps",
		book: func(h *server.House) *access.Book[access.Role] { return h.Access.Roles },
		view: func(t access.Role) any {
			return struct {
				wareJSON
				Display     string            `json:"displayName,omitempty"`
				ClientID    string            `json:"clientId,omitempty"`
				ClaimMapper map[string]string `json:"claimMapper,omitempty"`
				Permissions []string          `json:"permissions"`
				Statements  []statementJSON   `json:"statements"`
				BuiltIn     bool              `json:"builtIn"`
			}{baseView(t.Base), t.Display, t.ClientID, t.ClaimMapper, texts(t.Permissions), statementViews(t.Statements), t.BuiltIn}
		},
		instead: "PERMISSIONS", parts: func(n *namer, t access.Role) ([]string, error) { return n.role(t) },
		head: "NAME DISPLAYNAME PERMISSIONS", row: func(t access.Role) []string {
			return []string{t.Name, t.Display, strconv.Itoa(len(t.Permissions))}
		},
	}
	var display, client string
	var names []string
	var claims map[string]string
	var f statementFlags
	create := wareCreate(a, w, func(ctx context.Context, h *server.House, by identity.Actor, base access.Base) (t access.Role, err error) {
		t.Base, t.Display, t.ClaimMapper = base, display, claims
		t.ClientID = client
		if t.Statements, err = f.statements(); err != nil {
			return t, err
		}
		t.Permissions, err = ids(ctx, h.Access.Permissions, by, names)
		return t, err
	})
	create.Flags().StringVar(&display, "display", "", "name for people")
	create.Flags().StringVar(&client, "client", "", "client id of the app whose role it is")
	create.Flags().StringSliceVar(&names, "permission", nil, "permission that it has; may be repeated")
	create.Flags().StringToStringVar(&claims, "claim", nil, "claim that tokens of holders get, as dept=eng")
	f.add(create)
	return verbs(a, w, create)
}
