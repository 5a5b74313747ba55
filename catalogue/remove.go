package catalogue

import (
	"maps"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// remove checks a deletion: what others need stays, and what only lists it lets
// go of it.
func (k *checker) remove() error {
	switch k.c.Type.Name {
	case ActionKind:
		return k.removeAction()
	case ResourceTypeKind:
		return k.removeType()
	case ResourceKind:
		return k.unnamed(equals("resource", k.c.ID.String()))
	case PermissionKind:
		return k.removePermission()
	}
	return nil // the assignments of a role end with it
}

// unnamed makes sure that no statement, here or below, matches a filter on the
// attributes of statements.
func (k *checker) unnamed(condition string) error {
	orgs, err := k.below()
	if err != nil {
		return err
	}
	for _, org := range orgs {
		for _, kind := range []string{PermissionKind, RoleKind} {
			r, err := k.any(org, kind, urnOf(kind)+":statements["+condition+"]")
			if err != nil {
				return err
			}
			if r != nil {
				return k.inUse("A statement of the " + k.nameIn(org, kind, r) + " names it.")
			}
		}
	}
	return nil
}

// nameIn tells of a thing by name, if it is of the actor's own organisation.
func (k *checker) nameIn(org identity.OrgID, kind string, r *store.Resource) string {
	if doc, err := TypeNamed(kind).Load(r.Doc); err == nil && org == k.by.Org {
		return kind + " " + quote(str(doc, nameOf(kind)))
	}
	return kind + " of an organisation below"
}

func (k *checker) inUse(why string) error {
	return identity.NewError(identity.Conflict, "", "The "+k.c.Type.Name+" is in use: "+why)
}

func urnOf(kind string) string {
	if kind == RoleKind {
		return RoleMoreURN
	}
	return PermissionURN
}

// removeAction lets go of an action that no statement names: it leaves the
// types that list it, but for those that list no other, because a type without
// a list has all actions.
func (k *checker) removeAction() error {
	if err := k.unnamed(equals("actions", k.c.ID.String())); err != nil {
		return err
	}
	orgs, err := k.below()
	if err != nil {
		return err
	}
	for _, org := range orgs {
		err := k.each(org, ResourceTypeKind, equals("actions.value", k.c.ID.String()), func(r *store.Resource) error {
			t, err := Decode[ResourceType](r)
			if err != nil {
				return err
			}
			if len(t.Actions) == 1 {
				return k.inUse("it is the only action of the " + k.nameIn(org, ResourceTypeKind, r) + ".")
			}
			k.leaves(org, ResourceTypeKind, r.ID, "", "actions")
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *checker) removeType() error {
	orgs, err := k.below()
	if err != nil {
		return err
	}
	for _, org := range orgs {
		r, err := k.any(org, ResourceKind, equals("type", k.c.ID.String()))
		if err != nil {
			return err
		}
		if r != nil {
			return k.inUse("the " + k.nameIn(org, ResourceKind, r) + " is of it.")
		}
	}
	slug := str(k.c.Old, "slug")
	return k.unnamed("resource sw " + string(schema.AppendString(nil, slug+"/")))
}

func (k *checker) removePermission() error {
	orgs, err := k.below()
	if err != nil {
		return err
	}
	for _, org := range orgs {
		err := k.each(org, RoleKind, equals(RoleMoreURN+":permissions.value", k.c.ID.String()), func(r *store.Resource) error {
			k.leaves(org, RoleKind, r.ID, RoleMoreURN, "permissions")
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// leaves notes that what is deleted goes out of a list of references.
func (k *checker) leaves(org identity.OrgID, kind string, id identity.ID, urn, name string) {
	gone := k.c.ID
	k.effects = append(k.effects, Effect{Org: org, Kind: kind, ID: id, Change: func(old schema.Object) schema.Object {
		doc := maps.Clone(old)
		in := doc
		if urn != "" {
			in = inside(doc, urn)
		}
		put(in, name, references(slices.DeleteFunc(idsFrom(in, name), func(x identity.ID) bool { return x == gone })))
		if urn != "" {
			put(doc, urn, object(in))
		}
		fixSchemas(TypeNamed(kind), doc)
		return doc
	}})
}

// renamePatterns has the statements that name resources of a type by a pattern
// follow a new slug, here and below.
func (k *checker) renamePatterns(from, to string) error {
	orgs, err := k.below()
	if err != nil {
		return err
	}
	prefix := from + "/"
	for _, org := range orgs {
		for _, kind := range []string{PermissionKind, RoleKind} {
			urn := urnOf(kind)
			condition := urn + ":statements[resource sw " + string(schema.AppendString(nil, prefix)) + "]"
			err := k.each(org, kind, condition, func(r *store.Resource) error {
				k.effects = append(k.effects, Effect{Org: org, Kind: kind, ID: r.ID, Change: func(old schema.Object) schema.Object {
					return renamed(old, urn, prefix, to+"/")
				}})
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func renamed(old schema.Object, urn, from, to string) schema.Object {
	doc := maps.Clone(old)
	more := inside(doc, urn)
	list := statementsFrom(more)
	for i := range list {
		if rest, ok := strings.CutPrefix(list[i].Resource, from); ok {
			list[i].Resource = to + rest
		}
	}
	put(more, "statements", statements(list))
	doc[urn] = more
	return doc
}
