package memory

import (
	"slices"
	"strconv"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/patch"
	"github.com/muster-id/muster/scim/schema"
)

func etag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

// rowsOf returns the values of a row attribute: those stored, or for one that
// is read-only the groups that hold the resource.
func (b *Backend) rowsOf(r *record, a *schema.Attribute) []scim.Row {
	if a.Mutability == schema.ReadOnly {
		return b.groupsOf(r.id)
	}
	ids := r.rows[a.Name]
	rows := make([]scim.Row, 0, len(ids))
	for _, id := range ids {
		rows = append(rows, b.row(id, ""))
	}
	return rows
}

// row describes the resource with an id as another one refers to it.
func (b *Backend) row(id, kind string) scim.Row {
	row := scim.Row{Value: id, Kind: kind}
	if r := b.records[id]; r != nil {
		row.Type = r.rt.Name
		for _, name := range [...]string{"displayName", "userName"} {
			if s, ok := r.doc[name].(string); ok {
				row.Display = s
				break
			}
		}
	}
	return row
}

// groupsOf walks up from a member. A group that is met twice, because groups
// hold each other in a circle or by two ways, counts once.
func (b *Backend) groupsOf(id string) []scim.Row {
	var rows []scim.Row
	seen := map[string]bool{id: true}
	level := []string{id}
	for kind := "direct"; len(level) > 0; kind = "indirect" {
		var next []string
		for _, member := range level {
			for group := range b.parents[member] {
				if !seen[group] {
					seen[group] = true
					next = append(next, group)
				}
			}
		}
		slices.Sort(next)
		for _, group := range next {
			rows = append(rows, b.row(group, kind))
		}
		level = next
	}
	return rows
}

// element is a row as a filter sees it.
func element(row scim.Row) schema.Object {
	o := schema.Object{"value": row.Value}
	if row.Display != "" {
		o["display"] = row.Display
	}
	if row.Kind != "" {
		o["type"] = row.Kind
	} else if row.Type != "" {
		o["type"] = row.Type
	}
	return o
}

// edit applies row edits to the stored ids and returns the new ids and those
// that were not there before.
func (b *Backend) edit(ids []string, edits []patch.RowEdit) (out, added []string) {
	out = slices.Clone(ids)
	for _, e := range edits {
		switch e.Op {
		case patch.ReplaceRows:
			out = merge(nil, e.Values)
		case patch.AddRows:
			out = merge(out, e.Values)
		case patch.RemoveRows:
			out = slices.DeleteFunc(out, func(id string) bool {
				if e.Filter != nil {
					return filter.MatchElement(e.Filter, element(b.row(id, "")))
				}
				return slices.ContainsFunc(e.Values, func(v schema.Object) bool { return v["value"] == id })
			})
		}
	}
	was := make(map[string]bool, len(ids))
	for _, id := range ids {
		was[id] = true
	}
	for _, id := range out {
		if !was[id] {
			added = append(added, id)
		}
	}
	return out, added
}

// merge appends the values that are not in ids.
func merge(ids []string, values []schema.Object) []string {
	has := make(map[string]bool, len(ids))
	for _, id := range ids {
		has[id] = true
	}
	for _, v := range values {
		if id, _ := v["value"].(string); !has[id] {
			has[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}
