package store

import (
	"context"
	"fmt"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// A checker decodes rows and asks filter.Match about them.
type checker struct {
	*stream
	rows    []*found
	members map[identity.ID][]MemberRow
	groups  map[identity.ID][]GroupRow
}

func (c *checker) run(ctx context.Context) ([]*found, error) {
	if err := c.load(ctx); err != nil {
		return nil, err
	}
	kept := c.rows[:0]
	for i, f := range c.rows {
		if i%64 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		obj, err := c.object(f.res)
		if err != nil {
			return nil, err
		}
		if !c.exact() && !filter.Match(c.expr, obj) {
			continue
		}
		if c.objects {
			f.obj = obj
		}
		kept = append(kept, f)
	}
	return kept, nil
}

// load reads the row attributes that the filter speaks of.
func (c *checker) load(ctx context.Context) error {
	if c.exact() || len(c.rows) == 0 {
		return nil
	}
	ids := make([]identity.ID, len(c.rows))
	for i, f := range c.rows {
		ids[i] = f.res.ID
	}
	var err error
	for _, name := range filter.Rows(c.expr) {
		if name == "members" {
			c.members, err = c.tx.MembersOf(ctx, c.q.Org, ids)
		} else {
			c.groups, err = c.tx.GroupsOf(ctx, c.q.Org, ids)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// object returns a resource as filters see it.
func (c *checker) object(r *Resource) (schema.Object, error) {
	obj, err := c.rt.Load(r.Doc)
	if err != nil {
		return nil, fmt.Errorf("the document of %s %s: %w", r.Type, r.ID, err)
	}
	if id := r.ExternalID(c.q.Domain); id != "" {
		obj["externalId"] = id
	}
	obj["meta"] = schema.Object{
		"resourceType": r.Type,
		"created":      schema.FormatTime(r.Created),
		"lastModified": schema.FormatTime(r.Modified),
		"version":      fmt.Sprintf(`W/"%d"`, r.Version),
	}
	if list := c.members[r.ID]; len(list) > 0 {
		var rows []any
		for _, m := range list {
			rows = append(rows, row(m.ID, m.Label, m.Type))
		}
		obj["members"] = rows
	}
	if list := c.groups[r.ID]; len(list) > 0 {
		var rows []any
		for _, g := range list {
			kind := "indirect"
			if g.Direct {
				kind = "direct"
			}
			rows = append(rows, row(g.ID, g.Label, kind))
		}
		obj["groups"] = rows
	}
	return obj, nil
}

func row(id identity.ID, display, typ string) schema.Object {
	o := schema.Object{"value": id.String(), "type": typ}
	if display != "" {
		o["display"] = display
	}
	return o
}
