package catalogue

import (
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// query returns at most count things of an organisation that match a filter.
func (k *checker) query(org identity.OrgID, kind, text string, count int, after []byte) (*store.Page, error) {
	rt := TypeNamed(kind)
	e, err := filter.Parse(text)
	if err == nil {
		e, err = filter.Bind(e, rt, schema.RFC)
	}
	if err != nil {
		return nil, err
	}
	return k.tx.Query(k.ctx, store.Query{Org: org, Types: []*schema.ResourceType{rt}, Count: count, Start: 1, After: after,
		Filter: map[*schema.ResourceType]filter.Expr{rt: e}})
}

// each calls fn for all things of an organisation that match a filter.
func (k *checker) each(org identity.OrgID, kind, text string, fn func(*store.Resource) error) error {
	const page = 200
	var after []byte
	for {
		p, err := k.query(org, kind, text, page, after)
		if err != nil {
			return err
		}
		for _, r := range p.Resources {
			if err := fn(r); err != nil {
				return err
			}
		}
		if after = p.Next; after == nil {
			return nil
		}
	}
}

// any reports whether an organisation has a thing that matches a filter.
func (k *checker) any(org identity.OrgID, kind, text string) (*store.Resource, error) {
	p, err := k.query(org, kind, text, 1, nil)
	if err != nil || len(p.Resources) == 0 {
		return nil, err
	}
	return p.Resources[0], nil
}

// equals is the filter for one value.
func equals(path, value string) string {
	return path + " eq " + string(schema.AppendString(nil, value))
}

// nameOf is the attribute that a kind has its name in.
func nameOf(kind string) string {
	if kind == PermissionKind || kind == RoleKind {
		return "value"
	}
	return "name"
}

func hasSlug(kind string) bool { return kind == ResourceTypeKind || kind == ResourceKind }

// find returns the thing that a reference names by id, slug or name, in the
// organisation or the nearest one above that has it; nil if there is none. It
// cannot be deleted before the transaction ends.
func (k *checker) find(kind, ref string) (*store.Resource, error) {
	all, err := k.candidates(kind, ref)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// candidates returns the things that a reference may mean, the nearest first.
func (k *checker) candidates(kind, ref string) (list []*store.Resource, err error) {
	id, isID := refID(ref)
	for _, org := range k.orgs {
		var r *store.Resource
		if isID {
			r, err = k.byID(org, kind, id)
		} else {
			r, err = k.byName(org, kind, ref)
		}
		if err != nil {
			return nil, err
		}
		if r == nil {
			continue
		}
		if list = append(list, r); isID {
			break
		}
	}
	return list, nil
}

func (k *checker) byID(org identity.OrgID, kind string, id identity.ID) (*store.Resource, error) {
	held, err := k.tx.Locate(k.ctx, org, []identity.ID{id})
	if err != nil || held[id] != kind {
		return nil, err
	}
	found, err := k.tx.GetMany(k.ctx, org, []identity.ID{id})
	return found[id], err
}

func (k *checker) byName(org identity.OrgID, kind, name string) (*store.Resource, error) {
	name = strings.TrimSpace(name)
	if name == "" || strings.ContainsRune(name, 0) {
		return nil, nil
	}
	var r *store.Resource
	var err error
	if hasSlug(kind) {
		r, err = k.any(org, kind, equals("slug", name))
	}
	if err == nil && r == nil {
		r, err = k.any(org, kind, equals(nameOf(kind), name))
	}
	if err != nil || r == nil {
		return nil, err
	}
	return k.byID(org, kind, r.ID) // holds it
}

// settle reads a list of references, [{"value": id or name}], and returns the
// ids, each once.
func (k *checker) settle(o schema.Object, name, kind string, most int) ([]identity.ID, error) {
	list, _ := o[name].([]any)
	if len(list) > most {
		return nil, tooMany(name, len(list), most)
	}
	had := map[string]bool{}
	var old schema.Object = k.c.Old
	if kind == PermissionKind {
		old = k.old(RoleMoreURN)
	}
	for _, id := range idsFrom(old, name) {
		had[id.String()] = true
	}
	ids, fresh := make([]identity.ID, 0, len(list)), []identity.ID(nil)
	for _, v := range list {
		v, _ := v.(schema.Object)
		ref := str(v, "value")
		id, ok := refID(ref)
		if !ok {
			r, err := k.find(kind, ref)
			if err != nil {
				return nil, err
			}
			if r == nil {
				return nil, unknown(name, kind, ref)
			}
			id = r.ID
		} else if !had[id.String()] {
			fresh = append(fresh, id)
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, k.exist(name, kind, fresh)
}

// exist makes sure that all ids are of a kind, here or above.
func (k *checker) exist(field, kind string, ids []identity.ID) error {
	for _, org := range k.orgs {
		if len(ids) == 0 {
			return nil
		}
		held, err := k.tx.Locate(k.ctx, org, ids)
		if err != nil {
			return err
		}
		var left []identity.ID
		for _, id := range ids {
			if held[id] != kind {
				left = append(left, id)
			}
		}
		ids = left
	}
	if len(ids) > 0 {
		return unknown(field, kind, ids[0].String())
	}
	return nil
}

// below returns the organisation of the actor and all below it.
func (k *checker) below() ([]identity.OrgID, error) {
	const page = 500
	children := map[identity.OrgID][]identity.OrgID{}
	for after := ""; ; {
		list, err := k.tx.Organisations(k.ctx, after, page)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			if !o.Parent.IsZero() {
				children[o.Parent] = append(children[o.Parent], o.ID)
			}
			after = o.Slug
		}
		if len(list) < page {
			break
		}
	}
	orgs := []identity.OrgID{k.by.Org}
	for i := 0; i < len(orgs); i++ {
		orgs = append(orgs, children[orgs[i]]...)
	}
	return orgs, nil
}

// refID reads an id as people write them, in any case.
func refID(ref string) (identity.ID, bool) {
	return identity.ParseID(strings.ToLower(strings.TrimSpace(ref)))
}
