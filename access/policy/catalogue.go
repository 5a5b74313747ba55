package policy

import (
	"slices"

	"github.com/muster-id/muster/identity"
)

// A catalogue is what statements are about, and the roles that hold them.
type catalogue struct {
	actions     []Action
	types       []ResourceType
	resources   []Resource
	permissions []Permission
	roles       []Role
}

// affects reports whether d changes the catalogue.
func (c *catalogue) affects(r *rules, d *Delta) bool {
	p := &d.Put
	if len(p.Actions)+len(p.ResourceTypes)+len(p.Resources)+len(p.Permissions)+len(p.Roles) > 0 {
		return true
	}
	return slices.ContainsFunc(d.Gone, func(id identity.ID) bool {
		_, resource := r.resourceBy[id]
		_, permission := r.permissionBy[id]
		_, role := r.roleBy[id]
		return resource || permission || role ||
			slices.ContainsFunc(c.actions, func(a Action) bool { return a.ID == id }) ||
			slices.ContainsFunc(c.types, func(t ResourceType) bool { return t.ID == id })
	})
}

// change returns the catalogue with a delta.
func (c catalogue) change(d *Delta) catalogue {
	gone := set(d.Gone)
	return catalogue{
		actions:     replace(c.actions, d.Put.Actions, gone, func(x *Action) identity.ID { return x.ID }),
		types:       replace(c.types, d.Put.ResourceTypes, gone, func(x *ResourceType) identity.ID { return x.ID }),
		resources:   replace(c.resources, d.Put.Resources, gone, func(x *Resource) identity.ID { return x.ID }),
		permissions: replace(c.permissions, d.Put.Permissions, gone, func(x *Permission) identity.ID { return x.ID }),
		roles:       replace(c.roles, d.Put.Roles, gone, func(x *Role) identity.ID { return x.ID }),
	}
}

// replace returns a list without what is gone, and with what is put in the place
// of what had the same id, or at the end.
func replace[T any](list, put []T, gone map[identity.ID]bool, id func(*T) identity.ID) []T {
	if len(put)+len(gone) == 0 {
		return list
	}
	fresh := make(map[identity.ID]*T, len(put))
	for i := range put {
		fresh[id(&put[i])] = &put[i]
	}
	out := make([]T, 0, len(list)+len(put))
	for i := range list {
		switch x := fresh[id(&list[i])]; {
		case x != nil:
			out = append(out, *x)
			delete(fresh, id(x))
		case !gone[id(&list[i])]:
			out = append(out, list[i])
		}
	}
	for i := range put {
		if fresh[id(&put[i])] == &put[i] {
			out = append(out, put[i])
		}
	}
	return slices.Clip(out)
}
