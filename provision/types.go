package provision

import (
	"context"
	"sync"

	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// Views remember what clients see of registries. The zero value is ready for use,
// by many goroutines at once.
type Views struct {
	mu    sync.RWMutex
	known map[viewKey]*schema.Registry
}

type viewKey struct {
	reg     *schema.Registry
	compact bool
}

// maxViews bounds how many are remembered: most organisations have the same one.
const maxViews = 1000

// Of returns what a client sees of a registry in its dialect: permissions stand
// at /Entitlements too, and where the dialect wants it roles and entitlements
// have the form that Okta reads.
func (v *Views) Of(reg *schema.Registry, d schema.Dialect) (*schema.Registry, error) {
	key := viewKey{reg, d.CompactRoles}
	v.mu.RLock()
	have := v.known[key]
	v.mu.RUnlock()
	if have != nil {
		return have, nil
	}
	made, err := viewOf(reg, d)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if have := v.known[key]; have != nil {
		return have, nil
	}
	if v.known == nil || len(v.known) >= maxViews {
		v.known = map[viewKey]*schema.Registry{}
	}
	v.known[key] = made
	return made, nil
}

func viewOf(reg *schema.Registry, d schema.Dialect) (*schema.Registry, error) {
	oktaRoles, oktaEntitlements := catalogue.OktaTypes()
	var types []*schema.ResourceType
	for _, rt := range reg.Types() {
		if rt.Name == catalogue.RoleKind && d.CompactRoles {
			rt = oktaRoles
		}
		types = append(types, rt)
		if rt.Name == catalogue.PermissionKind {
			if d.CompactRoles {
				types = append(types, oktaEntitlements)
			} else {
				types = append(types, catalogue.Entitlements(rt))
			}
		}
	}
	return schema.NewRegistry(types)
}

// stored returns the resource type by which what a client calls rt is kept.
func (b *Backend) stored(ctx context.Context, rt *schema.ResourceType) (*schema.ResourceType, error) {
	kind, compact := catalogue.Stored(rt)
	if kind == rt.Name && !compact {
		return rt, nil
	}
	reg, err := b.dir.Registry(ctx, b.by.Org)
	if err != nil {
		return nil, err
	}
	return reg.TypeByName(kind), nil
}

// perms are what reading and writing resources of a type needs.
func perms(rt *schema.ResourceType) (read, write identity.Perm) {
	if kind, _ := catalogue.Stored(rt); catalogue.Rank(kind) > 0 {
		return identity.AccessRead, identity.AccessWrite
	}
	return identity.ResourcesRead, identity.ResourcesWrite
}

// readable returns those of several types that the actor may read. What stands
// at two endpoints is found once.
func (b *Backend) readable(types []*schema.ResourceType) (list []*schema.ResourceType, err error) {
	for _, rt := range types {
		read, _ := perms(rt)
		if e := b.by.Need(read); e != nil {
			err = e
		} else if len(types) == 1 || rt.Name != catalogue.EntitlementKind {
			list = append(list, rt)
		}
	}
	if len(list) > 0 {
		err = nil
	}
	return list, err
}

// mayWrite refuses writes that no rule further in would. A unit among others is
// refused by itself, where its type is the matter.
func (b *Backend) mayWrite(units []scim.Unit) error {
	for _, u := range units {
		for _, w := range u {
			_, compact := catalogue.Stored(w.Type)
			_, write := perms(w.Type)
			err := b.by.Need(write)
			if err != nil && (write == identity.ResourcesWrite || len(units) == 1) {
				return err
			}
			if compact {
				return identity.NewError(identity.Denied, "", "Roles and entitlements in the form that Okta reads cannot be written.")
			}
		}
	}
	return nil
}

// storedExpr turns a filter that is bound to the form that Okta reads into one
// on what is stored.
func storedExpr(e filter.Expr, rt *schema.ResourceType) (filter.Expr, error) {
	switch e := e.(type) {
	case *filter.And:
		x, y, err := storedExprs(e.X, e.Y, rt)
		return &filter.And{X: x, Y: y}, err
	case *filter.Or:
		x, y, err := storedExprs(e.X, e.Y, rt)
		return &filter.Or{X: x, Y: y}, err
	case *filter.Not:
		x, err := storedExpr(e.X, rt)
		return &filter.Not{X: x}, err
	case *filter.Compare:
		if e.Ref.Attr == nil {
			return e, nil
		}
		switch e.Ref.Attr.Name {
		case "displayName": // the name stands in for what has none for people
			display, value := moved(e, rt, "display"), moved(e, rt, "value")
			none := &filter.Not{X: &filter.Compare{Attr: display.Attr, Op: filter.Pr, Ref: display.Ref}}
			return &filter.Or{X: display, Y: &filter.And{X: none, Y: value}}, nil
		case "description":
			return moved(e, rt, "description"), nil
		case "type":
			return nil, schema.Errorf(schema.InvalidFilter, "Roles and entitlements cannot be found by type in this form.")
		}
	}
	return e, nil
}

func storedExprs(x, y filter.Expr, rt *schema.ResourceType) (filter.Expr, filter.Expr, error) {
	left, err := storedExpr(x, rt)
	if err != nil {
		return nil, nil, err
	}
	right, err := storedExpr(y, rt)
	return left, right, err
}

// moved is a comparison with another attribute.
func moved(c *filter.Compare, rt *schema.ResourceType, name string) *filter.Compare {
	out := *c
	out.Ref = storedRef(rt, name)
	out.Attr = filter.AttrPath{Name: name}
	return &out
}

// storedRef finds an attribute of a stored role or permission.
func storedRef(rt *schema.ResourceType, name string) schema.Ref {
	if ref, ok := rt.Find("", name, ""); ok {
		return ref
	}
	ref, _ := rt.Find(rt.Extensions[0].Schema.ID, name, "")
	return ref
}

// oktaPaths are where the attributes of the form that Okta reads are stored.
var oktaPaths = map[string]string{"displayName": "value", "type": "type", "description": "description"}

// storedQuery turns what a client asks into what is asked of the directory. The
// map leads from the names of stored types to those that the client knows.
func (b *Backend) storedQuery(ctx context.Context, q scim.Query) (scim.Query, map[string]*schema.ResourceType, error) {
	types, err := b.readable(q.Types)
	if err != nil {
		return q, nil, err
	}
	out := q
	out.Types = make([]*schema.ResourceType, len(types))
	asked := make(map[string]*schema.ResourceType, len(types))
	for i, rt := range types {
		kept, err := b.stored(ctx, rt)
		if err != nil {
			return q, nil, err
		}
		out.Types[i], asked[kept.Name] = kept, rt
		if kept == rt {
			continue
		}
		if out, err = translateQuery(out, rt, kept); err != nil {
			return q, nil, err
		}
	}
	return out, asked, nil
}

// translateQuery has the filter and order of one type speak of another.
func translateQuery(q scim.Query, from, to *schema.ResourceType) (scim.Query, error) {
	_, compact := catalogue.Stored(from)
	if e := q.Filter[from]; e != nil {
		var err error
		if compact {
			if e, err = storedExpr(e, to); err != nil {
				return q, err
			}
		}
		filters := map[*schema.ResourceType]filter.Expr{to: e}
		for rt, e := range q.Filter {
			if rt != from {
				filters[rt] = e
			}
		}
		q.Filter = filters
	}
	if ref, ok := q.Sort[from]; ok {
		if path := oktaPaths[ref.Path()]; compact && path != "" {
			ref = storedRef(to, path)
		}
		refs := map[*schema.ResourceType]schema.Ref{to: ref}
		for rt, ref := range q.Sort {
			if rt != from {
				refs[rt] = ref
			}
		}
		q.Sort = refs
	}
	return q, nil
}
