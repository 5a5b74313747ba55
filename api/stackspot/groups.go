package stackspot

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/scim/schema"
)

// A groupDoor serves groups.
type groupDoor struct{ stored }

var groups = groupDoor{stored{
	name: "Group", collection: "Groups", rows: directory.Rows{Members: true},
	items: func(_ context.Context, v *visit, rt *schema.ResourceType, list []*directory.Resource) ([]item, error) {
		out := make([]item, len(list))
		for i, res := range list {
			doc, err := rt.Load(res.Doc)
			if err != nil {
				return nil, err
			}
			members := make([]any, len(res.Members))
			for k, m := range res.Members {
				members[k] = schema.Object{
					"$ref": v.base + "/" + m.Type + "s/" + url.PathEscape(m.ID.String()), "display": m.Label, "type": m.Type, "value": m.ID.String(),
				}
			}
			out[i] = item{
				id: res.ID.String(), external: res.ExternalID(v.by.Domain), kind: "Group", collection: "Groups", schemas: []string{schema.GroupURN},
				created: res.Created, modified: res.Modified, version: res.Version,
				attributes: schema.Object{"displayName": doc["displayName"], "members": members},
			}
		}
		return out, nil
	},
}}

// same is the spelling of what the API writes as SCIM does.
var same = spellings{value: func(_ target, v any) (any, bool, error) { return v, true, nil }}

func (g groupDoor) create(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx := r.Context()
	body, err := read(w, r)
	if err != nil {
		return err
	}
	if err := need(body, "displayName"); err != nil {
		return err
	}
	rt, err := v.typeOf(ctx, g.name)
	if err != nil {
		return err
	}
	res, err := g.made(ctx, v, rt, some(body, "displayName", "externalId"), func(doc schema.Object) schema.Object { return doc })
	if err != nil {
		return err
	}
	it, err := g.item(ctx, v, rt, res)
	if err != nil {
		return err
	}
	return v.one(w, http.StatusCreated, it)
}

// replace is a PUT, which changes the name and leaves the members alone.
func (g groupDoor) replace(w http.ResponseWriter, r *http.Request, v *visit) error {
	body, err := read(w, r)
	if err != nil {
		return err
	}
	it, err := g.change(r, v, replacing(some(body, "displayName", "externalId")))
	if err != nil {
		return err
	}
	return v.replaced(w, true, it)
}

func (g groupDoor) patch(w http.ResponseWriter, r *http.Request, v *visit) error {
	body, err := read(w, r)
	if err != nil {
		return err
	}
	if err := needMembers(body); err != nil {
		return err
	}
	it, err := g.change(r, v, body)
	if err != nil {
		return err
	}
	return v.one(w, http.StatusOK, it)
}

// needMembers refuses an operation that adds or replaces nothing: the value of a
// PATCH of groups names members, or another attribute.
func needMembers(body schema.Object) error {
	list, _ := schema.Field(body, "Operations").([]any)
	for _, x := range list {
		o, _ := x.(schema.Object)
		if verb, _ := schema.Field(o, "op").(string); strings.EqualFold(verb, "remove") {
			continue
		}
		if v, ok := schema.Field(o, "value").(schema.Object); ok && len(v) == 0 {
			return schema.Errorf(schema.InvalidValue, "The attribute members is required.")
		}
	}
	return nil
}

func (g groupDoor) change(r *http.Request, v *visit, body schema.Object) (it item, err error) {
	rt, res, err := g.find(r, v)
	if err != nil {
		return it, err
	}
	message, err := plainMessage(body, same)
	if err != nil {
		return it, err
	}
	res, err = g.changed(r, v, rt, res.ID, message, func(_, next schema.Object) schema.Object { return next })
	if err != nil {
		return it, err
	}
	return g.item(r.Context(), v, rt, res)
}
