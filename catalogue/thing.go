package catalogue

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// A Thing is one of the five.
type Thing interface {
	Action | ResourceType | Resource | Permission | Role
}

// TypeOf returns the resource type of a kind of thing.
func TypeOf[T Thing]() *schema.ResourceType {
	var t T
	switch any(t).(type) {
	case Action:
		return types()[0]
	case ResourceType:
		return types()[1]
	case Resource:
		return types()[2]
	case Permission:
		return types()[3]
	}
	return types()[4]
}

// Encode returns the document of a thing in canonical form, without id and meta.
func Encode[T Thing](t T) schema.Object { return Merge(nil, t) }

// Merge returns the document old with what t says instead of what old says of
// the same; what the structs do not know, such as attributes of an
// organisation's own, stays. old is not changed and may be nil.
func Merge[T Thing](old schema.Object, t T) schema.Object {
	doc := maps.Clone(old)
	if doc == nil {
		doc = schema.Object{}
	}
	switch t := any(t).(type) {
	case Action:
		base(doc, doc, "name", t.Base)
		put(doc, "active", t.Active)
	case ResourceType:
		base(doc, doc, "name", t.Base)
		put(doc, "slug", text(t.Slug))
		put(doc, "actions", references(t.Actions))
	case Resource:
		base(doc, doc, "name", t.Base)
		put(doc, "slug", text(t.Slug))
		put(doc, "type", idText(t.Type))
	case Permission:
		more := inside(doc, PermissionURN)
		base(doc, more, "value", t.Base)
		put(more, "statements", statements(t.Statements))
		put(doc, PermissionURN, object(more))
	case Role:
		more := inside(doc, RoleMoreURN)
		base(doc, more, "value", t.Base)
		put(doc, "display", text(t.Display))
		put(more, "alias", text(t.Alias))
		put(more, "permissions", references(t.Permissions))
		put(more, "statements", statements(t.Statements))
		put(more, "claimMapper", mapper(t.ClaimMapper))
		put(more, "builtIn", truth(t.BuiltIn))
		put(doc, RoleMoreURN, object(more))
	}
	fixSchemas(TypeOf[T](), doc)
	return doc
}

// Decode reads a stored thing.
func Decode[T Thing](r *store.Resource) (t T, err error) {
	rt := TypeOf[T]()
	if r.Type != rt.Name {
		return t, fmt.Errorf("decode %s %s: not a %s", r.Type, r.ID, rt.Name)
	}
	doc, err := rt.Load(r.Doc)
	if err != nil {
		return t, err
	}
	t = DecodeObject[T](doc)
	b := baseOf(&t)
	b.ID, b.Created, b.Modified, b.Version = r.ID, r.Created, r.Modified, r.Version
	return t, nil
}

// DecodeObject reads a document in canonical form. What is not as the schema has
// it counts as absent; the id is that of the document, if it has one.
func DecodeObject[T Thing](doc schema.Object) (t T) {
	switch t := any(&t).(type) {
	case *Action:
		t.Base = baseFrom(doc, doc, "name")
		t.Active = active(doc)
	case *ResourceType:
		t.Base = baseFrom(doc, doc, "name")
		t.Slug, t.Actions = str(doc, "slug"), idsFrom(doc, "actions")
	case *Resource:
		t.Base = baseFrom(doc, doc, "name")
		t.Slug = str(doc, "slug")
		t.Type, _ = identity.ParseID(str(doc, "type"))
	case *Permission:
		more, _ := doc[PermissionURN].(schema.Object)
		t.Base = baseFrom(doc, more, "value")
		t.Statements = statementsFrom(more)
	case *Role:
		more, _ := doc[RoleMoreURN].(schema.Object)
		t.Base = baseFrom(doc, more, "value")
		t.Display, t.Alias = str(doc, "display"), str(more, "alias")
		t.Permissions, t.Statements = idsFrom(more, "permissions"), statementsFrom(more)
		t.ClaimMapper = mapperFrom(more)
		t.BuiltIn, _ = more["builtIn"].(bool)
	}
	return t
}

func baseOf[T Thing](t *T) *Base {
	switch t := any(t).(type) {
	case *Action:
		return &t.Base
	case *ResourceType:
		return &t.Base
	case *Resource:
		return &t.Base
	case *Permission:
		return &t.Base
	case *Role:
		return &t.Base
	}
	return nil
}

// put sets a member; nil removes it.
func put(o schema.Object, name string, v any) {
	if v == nil {
		delete(o, name)
	} else {
		o[name] = v
	}
}

func base(doc, more schema.Object, name string, b Base) {
	put(doc, name, text(b.Name))
	put(more, "description", text(b.Description))
	put(more, "clientId", text(b.ClientID))
}

func baseFrom(doc, more schema.Object, name string) Base {
	b := Base{Name: str(doc, name), Description: str(more, "description"), ClientID: str(more, "clientId")}
	b.ID, _ = identity.ParseID(str(doc, "id"))
	return b
}

// inside returns a copy of the object under a URN.
func inside(doc schema.Object, urn string) schema.Object {
	more, _ := doc[urn].(schema.Object)
	if more = maps.Clone(more); more == nil {
		more = schema.Object{}
	}
	return more
}

func object(o schema.Object) any {
	if len(o) == 0 {
		return nil
	}
	return o
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func truth(b bool) any {
	if !b {
		return nil
	}
	return true
}

func idText(id identity.ID) any {
	if id.IsZero() {
		return nil
	}
	return id.String()
}

func str(o schema.Object, name string) string {
	s, _ := o[name].(string)
	return s
}

// active is whether an action is: unless it says otherwise.
func active(doc schema.Object) bool {
	b, ok := doc["active"].(bool)
	return b || !ok
}

// references makes [{"value": id}].
func references(ids []identity.ID) any {
	if len(ids) == 0 {
		return nil
	}
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = schema.Object{"value": id.String()}
	}
	return list
}

func idsFrom(o schema.Object, name string) (ids []identity.ID) {
	list, _ := o[name].([]any)
	for _, v := range list {
		v, _ := v.(schema.Object)
		if id, ok := identity.ParseID(str(v, "value")); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// The effects of a statement.
const (
	allow = "Allow"
	deny  = "Deny"
)

func statements(list []Statement) any {
	if len(list) == 0 {
		return nil
	}
	out := make([]any, len(list))
	for i, s := range list {
		o := schema.Object{"effect": allow}
		if s.Deny {
			o["effect"] = deny
		}
		if len(s.Actions) > 0 {
			actions := make([]any, len(s.Actions))
			for j, a := range s.Actions {
				actions[j] = a
			}
			o["actions"] = actions
		}
		put(o, "resource", text(s.Resource))
		put(o, "condition", text(s.Condition))
		out[i] = o
	}
	return out
}

func statementsFrom(more schema.Object) (list []Statement) {
	all, _ := more["statements"].([]any)
	for _, v := range all {
		if o, ok := v.(schema.Object); ok {
			list = append(list, statementFrom(o))
		}
	}
	return list
}

func statementFrom(o schema.Object) Statement {
	s := Statement{Resource: str(o, "resource"), Condition: str(o, "condition"), Deny: isDeny(str(o, "effect"))}
	actions, _ := o["actions"].([]any)
	for _, a := range actions {
		if a, ok := a.(string); ok {
			s.Actions = append(s.Actions, a)
		}
	}
	return s
}

func mapper(m map[string]string) any {
	if len(m) == 0 {
		return nil
	}
	list := make([]any, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		o := schema.Object{"name": name}
		put(o, "value", text(m[name]))
		list = append(list, o)
	}
	return list
}

func mapperFrom(more schema.Object) map[string]string {
	list, _ := more["claimMapper"].([]any)
	if len(list) == 0 {
		return nil
	}
	m := make(map[string]string, len(list))
	for _, v := range list {
		if o, ok := v.(schema.Object); ok {
			m[str(o, "name")] = str(o, "value")
		}
	}
	return m
}

// fixSchemas sets "schemas" to the main schema and the extensions with data.
func fixSchemas(rt *schema.ResourceType, doc schema.Object) {
	urns := []any{rt.Schema.ID}
	known := map[string]bool{rt.Schema.ID: true}
	for _, e := range rt.Extensions {
		known[e.Schema.ID] = true
		if _, ok := doc[e.Schema.ID]; ok {
			urns = append(urns, e.Schema.ID)
		}
	}
	old, _ := doc["schemas"].([]any)
	for _, urn := range old {
		if s, ok := urn.(string); ok && !known[s] {
			urns = append(urns, urn)
		}
	}
	doc["schemas"] = urns
}

func isDeny(effect string) bool { return strings.EqualFold(effect, deny) }
