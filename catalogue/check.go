package catalogue

import (
	"context"
	"strconv"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// A Change is one write of a thing, inside of its transaction.
type Change struct {
	Type *schema.ResourceType
	ID   identity.ID
	Old  schema.Object // nil for a new one
	New  schema.Object // nil for a deletion
	// Restored says that a new one comes out of the trash: others may have taken its
	// id meanwhile.
	Restored bool
}

// An Effect is a write that must follow another one, in the same transaction.
type Effect struct {
	Org  identity.OrgID
	Kind string
	ID   identity.ID
	// Change returns the new document and leaves old alone.
	Change func(old schema.Object) schema.Object
}

// Limits.
const (
	MaxStatements  = 100   // of a permission, and of a role's own
	MaxPermissions = 1_000 // of a role
	MaxActions     = 1_000 // of a resource type, and of a statement
	MaxClaims      = 50    // that a role maps
	maxNameBytes   = 256
	maxDescription = 4 << 10
	maxClaimValue  = 1 << 10
)

// most bounds how many things of a kind stand in an organisation.
var most = map[string]int{
	ActionKind: 10_000, ResourceTypeKind: 1_000, ResourceKind: 100_000, PermissionKind: 10_000, RoleKind: 10_000,
}

// Check holds a change to the rules of the catalogue, in the organisation of the
// actor: what it names exists there or above, what it needs it has, and it gives
// nobody more than the actor may do. It brings c.New into the form that is
// stored, without writing to its parts. Errors are of identity's kinds.
func Check(ctx context.Context, tx *store.Tx, by identity.Actor, c Change) ([]Effect, error) {
	if by.Kind != identity.BySystem {
		if err := by.Need(identity.AccessWrite); err != nil {
			return nil, err
		}
		if identity.BuiltIn(c.ID) {
			return nil, identity.NewError(identity.Denied, "id", "What is built in cannot be changed.")
		}
	}
	above, err := tx.Above(ctx, by.Org)
	if err != nil {
		return nil, err
	}
	k := &checker{ctx: ctx, tx: tx, by: by, c: c, orgs: append([]identity.OrgID{by.Org}, above...)}
	if c.New == nil {
		err = k.remove()
		return k.effects, err
	}
	if c.Old == nil {
		if err := k.room(); err != nil {
			return nil, err
		}
		if err := k.unclaimed(); err != nil {
			return nil, err
		}
	}
	err = k.document()
	return k.effects, err
}

// A checker checks one change.
type checker struct {
	ctx     context.Context
	tx      *store.Tx
	by      identity.Actor
	c       Change
	orgs    []identity.OrgID // that of the actor, and those above it from the nearest
	effects []Effect
}

func (k *checker) system() bool { return k.by.Kind == identity.BySystem }

// room makes sure that the organisation has room for one more.
func (k *checker) room() error {
	p, err := k.tx.Query(k.ctx, store.Query{Org: k.by.Org, Types: []*schema.ResourceType{TypeNamed(k.c.Type.Name)}})
	if err != nil {
		return err
	}
	if limit := most[k.c.Type.Name]; p.Total >= limit {
		return invalid("", "An organisation has at most "+strconv.Itoa(limit)+" resources of the type "+k.c.Type.Name+".")
	}
	return nil
}

// unclaimed refuses an id that something above has, or something below one that is
// restored: it would be taken for that, by statements, roles and assignments that
// name it.
func (k *checker) unclaimed() error {
	orgs := k.orgs[1:]
	if k.c.Restored {
		below, err := k.below()
		if err != nil {
			return err
		}
		orgs = append(below[1:], orgs...)
	}
	for _, org := range orgs {
		found, err := k.tx.GetMany(k.ctx, org, []identity.ID{k.c.ID})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return identity.NewError(identity.Conflict, "id", "The id "+k.c.ID.String()+" is taken.")
		}
	}
	return nil
}

// document checks and settles the new document by its kind.
func (k *checker) document() (err error) {
	doc := k.c.New
	switch k.c.Type.Name {
	case ActionKind:
		if _, ok := doc["active"].(bool); !ok {
			doc["active"] = true
		}
		err = k.names(doc, doc, "name", nil)
	case ResourceTypeKind:
		if err = k.names(doc, doc, "name", doc); err == nil {
			err = k.actionsOfType(doc)
		}
	case ResourceKind:
		if err = k.names(doc, doc, "name", doc); err == nil {
			err = k.typeOfResource(doc)
		}
	case PermissionKind:
		more := inside(doc, PermissionURN)
		doc["supported"] = true
		if err = k.names(doc, more, "value", nil); err == nil {
			err = k.statements(more, k.old(PermissionURN))
		}
		put(doc, PermissionURN, object(more))
	case RoleKind:
		err = k.role(doc)
	}
	if err == nil {
		fixSchemas(k.c.Type, doc)
	}
	return err
}

// old returns the object under a URN as it is stored.
func (k *checker) old(urn string) schema.Object {
	o, _ := k.c.Old[urn].(schema.Object)
	return o
}

func (k *checker) role(doc schema.Object) error {
	more := inside(doc, RoleMoreURN)
	doc["supported"] = true
	put(more, "builtIn", truth(identity.BuiltIn(k.c.ID)))
	if err := k.names(doc, more, "value", nil); err != nil {
		return err
	}
	if err := checkAlias(str(more, "alias")); err != nil {
		return err
	}
	if err := checkClaims(more); err != nil {
		return err
	}
	if err := k.permissions(more); err != nil {
		return err
	}
	if err := k.statements(more, k.old(RoleMoreURN)); err != nil {
		return err
	}
	put(doc, RoleMoreURN, object(more))
	return nil
}

// typeOfResource settles the type of a resource.
func (k *checker) typeOfResource(doc schema.Object) error {
	ref := str(doc, "type")
	if ref == "" {
		return invalid("type", "A resource has a type.")
	}
	t, err := k.find(ResourceTypeKind, ref)
	if err != nil {
		return err
	}
	if t == nil {
		return unknown("type", ResourceTypeKind, ref)
	}
	if t.ID == MusterType && !k.system() {
		return identity.NewError(identity.Denied, "type", "Nobody can add resources to the built-in type.")
	}
	doc["type"] = t.ID.String()
	return nil
}

// actionsOfType settles the actions of a resource type, and has statements
// follow when its slug changes.
func (k *checker) actionsOfType(doc schema.Object) error {
	ids, err := k.settle(doc, "actions", ActionKind, MaxActions)
	if err != nil {
		return err
	}
	put(doc, "actions", references(ids))
	if old, slug := str(k.c.Old, "slug"), str(doc, "slug"); old != "" && old != slug {
		return k.renamePatterns(old, slug)
	}
	return nil
}

// permissions settles the permissions of a role. Who adds one gives what it
// allows.
func (k *checker) permissions(more schema.Object) error {
	ids, err := k.settle(more, "permissions", PermissionKind, MaxPermissions)
	if err != nil {
		return err
	}
	put(more, "permissions", references(ids))
	if k.system() {
		return nil
	}
	had := map[identity.ID]bool{}
	for _, id := range idsFrom(k.old(RoleMoreURN), "permissions") {
		had[id] = true
	}
	var added []identity.ID
	for _, id := range ids {
		if !had[id] {
			added = append(added, id)
		}
	}
	return k.eachPermission(added, func(p Permission) error {
		for _, s := range p.Statements {
			if err := k.mayGive("permissions", s); err != nil {
				return err
			}
		}
		return nil
	})
}

func (k *checker) eachPermission(ids []identity.ID, fn func(Permission) error) error {
	for _, org := range k.orgs {
		if len(ids) == 0 {
			return nil
		}
		found, err := k.tx.GetMany(k.ctx, org, ids)
		if err != nil {
			return err
		}
		for _, r := range found {
			p, err := Decode[Permission](r)
			if err == nil {
				err = fn(p)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func invalid(field, text string) error { return identity.NewError(identity.Invalid, field, text) }

func unknown(field, kind, ref string) error {
	return invalid(field, "There is no "+kind+" "+quote(ref)+" in the organisation or above it.")
}

// quote shortens what a caller wrote, for messages.
func quote(s string) string {
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return strconv.Quote(s)
}
