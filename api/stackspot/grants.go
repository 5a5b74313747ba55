package stackspot

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
)

func permissionKind(a *access.Service) *kind[access.Permission] {
	return &kind[access.Permission]{
		name: "Permission", collection: "Permissions", urn: permissionURN, book: a.Permissions, form: forms()["Permission"], paged: true,
		searched: searchedIn(permissionURN),
		required: []string{"name", "statements"}, demanded: []string{"name"},
		replaces: []string{"client_id", "description", "name", "statements"},
		doc:      func(t *access.Permission) schema.Object { return withStatements(schema.Object{}, t.Statements) },
		fill: func(_ context.Context, _ *visit, doc schema.Object, t *access.Permission) error {
			t.Statements = statementsOf(doc["statements"])
			return nil
		},
		show: func(ctx context.Context, v *visit, t *access.Permission) (schema.Object, error) {
			out := flatBasics(&t.Base)
			var err error
			out["statements"], err = v.statements(ctx, t.Statements)
			return out, err
		},
	}
}

// withStatements adds statements to a document of a form.
func withStatements(doc schema.Object, list []access.Statement) schema.Object {
	putList(doc, "statements", listOf(list, func(s access.Statement) any {
		o := schema.Object{"resource": s.Resource}
		putList(o, "actions", listOf(s.Actions, func(a string) any { return a }))
		put(o, "condition", s.Condition)
		if s.Deny {
			o["deny"] = true
		}
		return o
	}))
	return doc
}

// statementsOf reads the statements of a document of a form.
func statementsOf(v any) []access.Statement {
	list, _ := v.([]any)
	var out []access.Statement
	for _, x := range list {
		o, _ := x.(schema.Object)
		s := access.Statement{Actions: texts(o["actions"])}
		s.Resource, _ = o["resource"].(string)
		s.Deny, _ = o["deny"].(bool)
		s.Condition, _ = o["condition"].(string)
		out = append(out, s)
	}
	return out
}

// statements shows statements: what they name, each in an envelope. What is said
// beyond the API, a denial or a condition, is shown only where it is said.
func (v *visit) statements(ctx context.Context, list []access.Statement) ([]any, error) {
	out := make([]any, len(list))
	for i, s := range list {
		if err := v.shows(1 + len(s.Actions)); err != nil {
			return nil, err
		}
		actions := make([]any, len(s.Actions))
		for k, text := range s.Actions {
			var err error
			if actions[k], err = v.statedAction(ctx, text); err != nil {
				return nil, err
			}
		}
		resource, err := v.statedResource(ctx, s.Resource)
		if err != nil {
			return nil, err
		}
		o := schema.Object{"actions": actions, "resource": resource}
		if s.Deny {
			o["deny"] = true
		}
		put(o, "condition", s.Condition)
		out[i] = o
	}
	return out, nil
}

// statedAction is the action that a statement names. One that is not registered,
// such as "*" for all, is shown by what the statement says.
func (v *visit) statedAction(ctx context.Context, text string) (any, error) {
	it := item{id: text, kind: "Action", collection: "Actions", schemas: []string{actionURN}, attributes: schema.Object{
		"active": true, "client_id": nil, "created_at": nil, "description": nil, "id": text, "name": text,
	}}
	id, ok := identity.ParseID(text)
	if !ok {
		return v.wire(it), nil
	}
	t, err := v.action(ctx, id)
	if err != nil || t == nil {
		return v.wire(it), err
	}
	it.id, it.created, it.modified, it.version, it.attributes = t.ID.String(), t.Created, t.Modified, t.Version, flatAction(t)
	return v.wire(it), nil
}

// statedResource is the resource that a statement names, or the pattern.
func (v *visit) statedResource(ctx context.Context, text string) (any, error) {
	it := item{id: text, kind: "Resource", collection: "Resources", schemas: []string{resourceURN}, attributes: schema.Object{
		"client_id": nil, "description": nil, "name": text, "slug": text, "type": nil,
	}}
	id, ok := identity.ParseID(text)
	if !ok {
		return v.wire(it), nil
	}
	t, err := v.resource(ctx, id)
	if err != nil || t == nil {
		return v.wire(it), err
	}
	it.id, it.created, it.modified, it.version = t.ID.String(), t.Created, t.Modified, t.Version
	it.attributes, err = showResource(ctx, v, t)
	return v.wire(it), err
}

func roleKind(a *access.Service) *kind[access.Role] {
	return &kind[access.Role]{
		name: "Role", collection: "Roles", urn: roleURN, book: a.Roles, form: forms()["Role"], paged: true,
		searched: searchedIn(roleURN),
		required: []string{"name"}, demanded: []string{"name"},
		replaces: []string{"claim_mapper", "client_id", "description", "name", "permissions"},
		doc:      roleDoc, fill: fillRole, show: showRole, begin: beginRole, called: roleID,
		locate: func(ctx context.Context, v *visit, text string) (identity.ID, error) {
			list, _, err := v.access.Roles.List(ctx, v.reader, roleURN+":alias eq "+string(schema.AppendString(nil, text)), 1, 1)
			switch {
			case identity.KindOf(err) == identity.Invalid, err == nil && len(list) == 0:
				return identity.ID{}, errNothing
			case err != nil:
				return identity.ID{}, err
			}
			return list[0].ID, nil
		},
	}
}

// roleID is the id by which clients know a role: the one that they chose.
func roleID(t *access.Role) string {
	if t.Alias != "" {
		return t.Alias
	}
	return t.ID.String()
}

// beginRole takes the id that a client chose.
func beginRole(_ context.Context, _ *visit, body schema.Object, t *access.Role) error {
	switch id := schema.Field(body, "id").(type) {
	case nil:
	case string:
		uuid, ok := identity.ParseID(id)
		switch {
		case ok && (identity.BuiltIn(uuid) || uuid == identity.ID{}):
			return identity.NewError(identity.Conflict, "id", "The id belongs to a built-in role.")
		case ok:
			t.ID = uuid
		default:
			t.Alias = id
		}
	default:
		return identity.NewError(identity.Invalid, "id", "An id is a string.")
	}
	return nil
}

func roleDoc(t *access.Role) schema.Object {
	doc := withStatements(schema.Object{}, t.Statements)
	putList(doc, "permissions", listOf(t.Permissions, func(id identity.ID) any { return id.String() }))
	putList(doc, "claim_mapper", listOf(slices.Sorted(maps.Keys(t.ClaimMapper)), func(key string) any {
		return schema.Object{"key": key, "value": t.ClaimMapper[key]}
	}))
	return doc
}

// fillRole brings a document into a role. Among the permissions that were read of
// a role may be the implicit one of its own statements, which stays as it is.
func fillRole(ctx context.Context, v *visit, doc schema.Object, t *access.Role) error {
	t.Statements = statementsOf(doc["statements"])
	t.Permissions, t.ClaimMapper = nil, nil
	for _, text := range texts(doc["permissions"]) {
		if t.ID != (identity.ID{}) && strings.EqualFold(text, t.ID.String()) {
			continue
		}
		id, err := refer(ctx, v, v.access.Permissions, "permissions", text)
		if err != nil {
			return err
		}
		t.Permissions = append(t.Permissions, id)
	}
	claims, _ := doc["claim_mapper"].([]any)
	for _, x := range claims {
		o, _ := x.(schema.Object)
		key, _ := o["key"].(string)
		value, _ := o["value"].(string)
		if t.ClaimMapper == nil {
			t.ClaimMapper = map[string]string{}
		}
		t.ClaimMapper[key] = value
	}
	return nil
}

func showRole(ctx context.Context, v *visit, t *access.Role) (schema.Object, error) {
	out := flatBasics(&t.Base)
	out["id"] = roleID(t)
	claims := schema.Object{}
	for key, value := range t.ClaimMapper {
		claims[key] = value
	}
	out["claim_mapper"] = claims
	counts, err := v.access.MemberCounts(ctx, v.by.Org, []identity.ID{t.ID})
	if err != nil {
		return nil, err
	}
	out["member_count"] = counts[t.ID]
	permissions := []any{}
	for _, id := range t.Permissions {
		p, err := v.permission(ctx, id)
		if err != nil {
			return nil, err
		}
		if p == nil {
			continue
		}
		flat := flatBasics(&p.Base)
		if flat["statements"], err = v.statements(ctx, p.Statements); err != nil {
			return nil, err
		}
		permissions = append(permissions, flat)
	}
	if len(t.Statements) > 0 {
		own := flatBasics(&t.Base)
		if own["statements"], err = v.statements(ctx, t.Statements); err != nil {
			return nil, err
		}
		permissions = append(permissions, own)
	}
	out["permissions"] = permissions
	return out, nil
}
