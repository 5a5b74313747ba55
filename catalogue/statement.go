package catalogue

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// everything is what stands for all actions, and for all resources.
const everything = "*"

// statements settles the statements of a permission or role. Those that stand
// there already are left alone: what they name may have changed since.
func (k *checker) statements(more, old schema.Object) error {
	list, _ := more["statements"].([]any)
	if len(list) > MaxStatements {
		return tooMany("statements", len(list), MaxStatements)
	}
	had, _ := old["statements"].([]any)
	out := make([]any, 0, len(list))
	for i, v := range list {
		o, ok := v.(schema.Object)
		if !ok {
			return invalid("statements", "A statement is an object with actions and a resource.")
		}
		if !slices.ContainsFunc(had, func(h any) bool { return reflect.DeepEqual(h, v) }) {
			s, err := k.statement("statements["+strconv.Itoa(i)+"]", o)
			if err != nil {
				return err
			}
			v = statements([]Statement{s}).([]any)[0]
		}
		out = append(out, v)
	}
	put(more, "statements", nil)
	if len(out) > 0 {
		more["statements"] = out
	}
	return nil
}

// statement settles one statement: registered things by id.
func (k *checker) statement(field string, o schema.Object) (Statement, error) {
	if e := str(o, "effect"); e != "" && !isDeny(e) && !strings.EqualFold(e, allow) {
		return Statement{}, invalid(field+".effect", "The effect of a statement is Allow or Deny, not "+quote(e)+".")
	}
	s := statementFrom(o)
	resource, typ, err := k.resource(field+".resource", strings.TrimSpace(s.Resource))
	if err != nil {
		return s, err
	}
	s.Resource = resource
	if s.Actions, err = k.actions(field+".actions", s.Actions, typ); err != nil {
		return s, err
	}
	s.Condition = strings.TrimSpace(s.Condition)
	if err := checkCondition(field+".condition", s.Condition); err != nil {
		return s, err
	}
	return s, k.mayGive(field, s)
}

// resource settles what a statement is about and returns its type, nil for
// everything.
func (k *checker) resource(field, ref string) (string, *ResourceType, error) {
	if ref == everything {
		return ref, nil, nil
	}
	if ref == "" {
		return "", nil, invalid(field, "A statement names a resource, or * for everything.")
	}
	if err := checkText(field, ref, 2*maxNameBytes+1); err != nil {
		return "", nil, err
	}
	typeRef, slug, isPath := strings.Cut(ref, "/")
	if !isPath || typeRef == "" {
		return k.registered(field, ref)
	}
	r, err := k.find(ResourceTypeKind, typeRef)
	if err != nil {
		return "", nil, err
	}
	if r == nil {
		return "", nil, unknown(field, ResourceTypeKind, typeRef)
	}
	t, err := Decode[ResourceType](r)
	if err != nil {
		return "", nil, err
	}
	if slug == "" {
		return "", nil, invalid(field, "After the slash of "+quote(ref)+" stands the slug of a resource; * means all of the type.")
	}
	if !strings.Contains(slug, "*") {
		found, err := k.candidates(ResourceKind, slug)
		if err != nil {
			return "", nil, err
		}
		for _, r := range found {
			if x, err := Decode[Resource](r); err == nil && x.Type == t.ID {
				return x.ID.String(), &t, nil
			}
		}
	}
	return t.Slug + "/" + slug, &t, nil
}

// registered finds a resource by id or bare slug, and its type.
func (k *checker) registered(field, ref string) (string, *ResourceType, error) {
	r, err := k.find(ResourceKind, ref)
	if err != nil {
		return "", nil, err
	}
	if r == nil {
		return "", nil, invalid(field, "There is no Resource "+quote(ref)+" in the organisation or above it; name others by type/slug.")
	}
	x, err := Decode[Resource](r)
	if err != nil {
		return "", nil, err
	}
	tr, err := k.find(ResourceTypeKind, x.Type.String())
	if err != nil || tr == nil {
		return x.ID.String(), nil, err
	}
	t, err := Decode[ResourceType](tr)
	return x.ID.String(), &t, err
}

// actions settles the actions of a statement: those that the type has.
func (k *checker) actions(field string, refs []string, t *ResourceType) ([]string, error) {
	if len(refs) == 0 {
		return nil, invalid(field, "A statement names at least one action, or * for all.")
	}
	if len(refs) > MaxActions {
		return nil, tooMany(field, len(refs), MaxActions)
	}
	var out []string
	for _, ref := range refs {
		if ref != everything {
			id, err := k.action(field, ref, t)
			if err != nil {
				return nil, err
			}
			ref = id.String()
		}
		if !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	return out, nil
}

func (k *checker) action(field, ref string, t *ResourceType) (identity.ID, error) {
	found, err := k.candidates(ActionKind, ref)
	if err != nil {
		return identity.ID{}, err
	}
	if len(found) == 0 {
		return identity.ID{}, unknown(field, ActionKind, ref)
	}
	applies := func(r *store.Resource) bool {
		return t == nil || len(t.Actions) == 0 || slices.Contains(t.Actions, r.ID)
	}
	if i := slices.IndexFunc(found, applies); i >= 0 {
		return found[i].ID, nil
	}
	return identity.ID{}, invalid(field, "The action "+quote(ref)+" does not apply to the resource type "+quote(t.Name)+".")
}

// mayGive makes sure that the actor has what a settled statement allows, or
// denies, on the operations of the server.
func (k *checker) mayGive(field string, s Statement) error {
	if k.system() || s.Resource != everything && !ofMuster(s.Resource) {
		return nil
	}
	for _, a := range s.Actions {
		for _, p := range permsOf(a) {
			if p != identity.SignedIn && k.by.Need(p) != nil {
				return identity.NewError(identity.Denied, field, "The statement is about the operation "+string(p)+", which you may not use yourself.")
			}
		}
	}
	return nil
}

// ofMuster reports whether a settled resource is of the built-in type.
func ofMuster(resource string) bool {
	typ, _, ok := strings.Cut(resource, "/")
	return resource == MusterAPI.String() || ok && strings.EqualFold(typ, MusterSlug)
}

// permsOf returns the operations that an action of a statement stands for.
func permsOf(action string) identity.Perms {
	if action == everything {
		return numbered
	}
	id, _ := identity.ParseID(action)
	if p, ok := PermOf(id); ok {
		return identity.Perms{p}
	}
	return nil
}
