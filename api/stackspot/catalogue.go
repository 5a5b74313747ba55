package stackspot

import (
	"context"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
)

func actionKind(a *access.Service) *kind[access.Action] {
	return &kind[access.Action]{
		name: "Action", collection: "Actions", urn: actionURN, book: a.Actions, form: forms()["Action"], paged: true,
		searched: searched,
		required: []string{"name"}, demanded: []string{"name"}, replaces: []string{"client_id", "description", "name"},
		begin: func(_ context.Context, _ *visit, _ schema.Object, t *access.Action) error {
			t.Active = true
			return nil
		},
		doc: func(t *access.Action) schema.Object { return schema.Object{"active": t.Active} },
		fill: func(_ context.Context, _ *visit, doc schema.Object, t *access.Action) error {
			if active, ok := doc["active"].(bool); ok {
				t.Active = active
			}
			return nil
		},
		show: func(_ context.Context, _ *visit, t *access.Action) (schema.Object, error) { return flatAction(t), nil },
	}
}

func flatAction(t *access.Action) schema.Object {
	out := flatBasics(&t.Base)
	out["active"] = t.Active
	return out
}

// flatActions are the actions that ids name; one that is gone is left out.
func (v *visit) flatActions(ctx context.Context, ids []identity.ID) ([]any, error) {
	out := make([]any, 0, len(ids))
	for _, id := range ids {
		t, err := v.action(ctx, id)
		if err != nil {
			return nil, err
		}
		if t == nil {
			continue
		}
		if err := v.shows(1); err != nil {
			return nil, err
		}
		out = append(out, flatAction(t))
	}
	return out, nil
}

func typeKind(a *access.Service) *kind[access.ResourceType] {
	return &kind[access.ResourceType]{
		name: "Resource-Type", collection: "Resource-Types", urn: typeURN, book: a.ResourceTypes, form: forms()["Resource-Type"],
		searched: searched,
		required: []string{"actions", "name"}, demanded: []string{"name", "slug"},
		replaces: []string{"client_id", "description", "name", "slug"},
		doc: func(t *access.ResourceType) schema.Object {
			doc := schema.Object{}
			put(doc, "slug", t.Slug)
			putList(doc, "actions", listOf(t.Actions, func(id identity.ID) any { return id.String() }))
			return doc
		},
		fill: func(ctx context.Context, v *visit, doc schema.Object, t *access.ResourceType) error {
			t.Slug, _ = doc["slug"].(string)
			t.Actions = nil
			for _, text := range texts(doc["actions"]) {
				id, err := refer(ctx, v, v.access.Actions, "actions", text)
				if err != nil {
					return err
				}
				t.Actions = append(t.Actions, id)
			}
			return nil
		},
		show: showType,
	}
}

func showType(ctx context.Context, v *visit, t *access.ResourceType) (schema.Object, error) {
	out := basics(&t.Base)
	actions, err := v.flatActions(ctx, t.Actions)
	if err != nil {
		return nil, err
	}
	out["slug"], out["actions"] = t.Slug, actions
	resources := []any{}
	filter := `type eq "` + t.ID.String() + `"`
	for start, total := 1, 1; start <= total; start += maxPage {
		var list []access.Resource
		if list, total, err = v.access.Resources.List(ctx, v.reader, filter, start, maxPage); err != nil {
			return nil, err
		}
		if err := v.shows(len(list)); err != nil {
			return nil, err
		}
		for i := range list {
			resources = append(resources, flatResource(&list[i]))
		}
	}
	out["resources"] = resources
	return out, nil
}

func flatResource(t *access.Resource) schema.Object {
	out := flatBasics(&t.Base)
	out["slug"] = t.Slug
	return out
}

// flatType is a resource type as resources show theirs, nil for one that is gone.
func (v *visit) flatType(ctx context.Context, id identity.ID) (any, error) {
	t, err := v.resourceType(ctx, id)
	if err != nil || t == nil {
		return nil, err
	}
	out := flatBasics(&t.Base)
	out["slug"] = t.Slug
	out["actions"], err = v.flatActions(ctx, t.Actions)
	return out, err
}

func resourceKind(a *access.Service) *kind[access.Resource] {
	return &kind[access.Resource]{
		name: "Resource", collection: "Resources", urn: resourceURN, book: a.Resources, form: forms()["Resource"],
		searched: searched,
		required: []string{"name", "type"}, demanded: []string{"name", "slug", "type"},
		replaces: []string{"client_id", "description", "name", "slug", "type"},
		doc: func(t *access.Resource) schema.Object {
			doc := schema.Object{"type": t.Type.String()}
			put(doc, "slug", t.Slug)
			return doc
		},
		fill: func(ctx context.Context, v *visit, doc schema.Object, t *access.Resource) (err error) {
			t.Slug, _ = doc["slug"].(string)
			text, _ := doc["type"].(string)
			t.Type, err = refer(ctx, v, v.access.ResourceTypes, "type", text)
			return err
		},
		show: showResource,
	}
}

func showResource(ctx context.Context, v *visit, t *access.Resource) (schema.Object, error) {
	out := basics(&t.Base)
	out["slug"] = t.Slug
	var err error
	out["type"], err = v.flatType(ctx, t.Type)
	return out, err
}
