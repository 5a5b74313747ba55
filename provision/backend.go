// Package provision is the SCIM backend over the directory: it puts the words
// of the SCIM server into those of the rules and back.
package provision

import (
	"context"

	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/patch"
	"github.com/muster-id/muster/scim/schema"
)

// A Backend keeps the resources of one organisation for one actor. It is cheap
// to make: one for each request.
type Backend struct {
	dir *directory.Directory
	by  identity.Actor
}

// New makes a Backend for an actor.
func New(dir *directory.Directory, by identity.Actor) *Backend { return &Backend{dir: dir, by: by} }

// Get implements scim.Backend.
func (b *Backend) Get(ctx context.Context, rt *schema.ResourceType, id string, want scim.Want) (*scim.Resource, error) {
	read, _ := perms(rt)
	if err := b.by.Need(read); err != nil {
		return nil, translate(err, id)
	}
	kept, err := b.stored(ctx, rt)
	if err != nil {
		return nil, err
	}
	key, ok := identity.ParseID(id)
	if !ok {
		return nil, scim.NotFound(id)
	}
	r, err := b.dir.Get(ctx, b.by, kept, key, rowsOf(rt, want))
	if err != nil {
		return nil, translate(err, id)
	}
	return b.resource(rt, r, want)
}

// Query implements scim.Backend.
func (b *Backend) Query(ctx context.Context, q scim.Query) (*scim.Page, error) {
	q, types, err := b.storedQuery(ctx, q)
	if err != nil {
		return nil, translate(err, "")
	}
	var rows directory.Rows
	for _, rt := range q.Types {
		more := rowsOf(rt, q.Want)
		rows = directory.Rows{Members: rows.Members || more.Members, Groups: rows.Groups || more.Groups}
	}
	page, err := b.dir.Query(ctx, b.by, directory.Query{
		Types: q.Types, Filter: q.Filter, Sort: q.Sort, Desc: q.Desc,
		Count: q.Count, Start: q.Start, After: q.After,
	}, rows)
	if err != nil {
		return nil, translate(err, "")
	}
	out := &scim.Page{Total: page.Total, Next: page.Next, Resources: make([]*scim.Resource, len(page.Resources))}
	for i, r := range page.Resources {
		if out.Resources[i], err = b.resource(types[r.Type], r, q.Want); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Write implements scim.Backend.
func (b *Backend) Write(ctx context.Context, units []scim.Unit, maxErrors int) ([][]scim.Written, error) {
	if err := b.mayWrite(units); err != nil {
		return nil, translate(err, "")
	}
	in := make([]directory.Unit, len(units))
	for i, u := range units {
		in[i] = make(directory.Unit, len(u))
		for j, w := range u {
			kept, err := b.stored(ctx, w.Type)
			if err != nil {
				return nil, err
			}
			in[i][j] = write(w, kept)
		}
	}
	outcomes, err := b.dir.Write(ctx, b.by, in, maxErrors)
	if err != nil {
		return nil, translate(err, "")
	}
	out := make([][]scim.Written, len(outcomes))
	for i, list := range outcomes {
		out[i] = make([]scim.Written, len(list))
		for j, o := range list {
			w := units[i][j]
			out[i][j] = scim.Written{Changed: o.Changed, Err: translate(o.Err, w.ID)}
			if o.Resource != nil {
				if out[i][j].Resource, err = b.resource(w.Type, o.Resource, w.Want); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}

// write puts a Write of the server into the words of the rules. An id that can
// name nothing becomes the zero id, which names nothing either.
func write(w scim.Write, kept *schema.ResourceType) directory.Write {
	id, _ := identity.ParseID(w.ID)
	out := directory.Write{
		Type: kept, ID: id, Doc: w.Doc, Members: memberEdits(w.Rows),
		If: w.If, Want: rowsOf(w.Type, w.Want),
	}
	switch w.Method {
	case scim.Create:
		out.Method = directory.Create
	case scim.Modify:
		out.Method = directory.Modify
		out.Change = func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
			next, rows, err := w.Change(old)
			return next, memberEdits(rows), err
		}
	case scim.Delete:
		out.Method = directory.Delete
	}
	return out
}

var memberOps = map[patch.RowOp]directory.MemberOp{
	patch.AddRows:     directory.AddMembers,
	patch.RemoveRows:  directory.RemoveMembers,
	patch.ReplaceRows: directory.ReplaceMembers,
}

func memberEdits(rows []patch.RowEdit) []directory.MemberEdit {
	if len(rows) == 0 {
		return nil
	}
	edits := make([]directory.MemberEdit, len(rows))
	for i, row := range rows {
		edits[i] = directory.MemberEdit{Op: memberOps[row.Op], Filter: row.Filter, Members: make([]string, len(row.Values))}
		for k, v := range row.Values {
			edits[i].Members[k], _ = v["value"].(string)
		}
	}
	return edits
}

// rowsOf says which rows of resources of a type the server wants: those that
// clients write are the members of a group, those that they only read the
// groups that somebody is in.
func rowsOf(rt *schema.ResourceType, want scim.Want) (rows directory.Rows) {
	if want.Rows == nil {
		return rows
	}
	for _, a := range rt.Schema.Attributes {
		switch {
		case !a.Rows || !want.Rows(a.Name):
		case a.Mutability == schema.ReadOnly:
			rows.Groups = true
		default:
			rows.Members = true
		}
	}
	return rows
}

// resource puts a stored resource into the words of the server.
func (b *Backend) resource(rt *schema.ResourceType, r *directory.Resource, want scim.Want) (*scim.Resource, error) {
	out := &scim.Resource{
		Type: rt, ID: r.ID.String(), ExternalID: r.ExternalID(b.by.Domain), Version: r.Version,
		Created: r.Created, Modified: r.Modified, Doc: r.Doc,
	}
	if kept, compact := catalogue.Stored(rt); compact {
		doc, err := catalogue.TypeNamed(kept).Load(r.Doc)
		if err != nil {
			return nil, err
		}
		out.Doc, out.ExternalID = rt.Encode(catalogue.Compact(rt, doc)), ""
		return out, nil
	}
	if want.Rows == nil {
		return out, nil
	}
	for _, a := range rt.Schema.Attributes {
		if !a.Rows || !want.Rows(a.Name) {
			continue
		}
		if out.Rows == nil {
			out.Rows = map[string][]scim.Row{}
		}
		if a.Mutability == schema.ReadOnly {
			out.Rows[a.Name] = groupRows(r)
		} else {
			out.Rows[a.Name] = memberRows(r)
		}
	}
	return out, nil
}

func memberRows(r *directory.Resource) []scim.Row {
	rows := make([]scim.Row, len(r.Members))
	for i, m := range r.Members {
		rows[i] = scim.Row{Value: m.ID.String(), Display: m.Label, Type: m.Type}
	}
	return rows
}

func groupRows(r *directory.Resource) []scim.Row {
	rows := make([]scim.Row, len(r.Groups))
	for i, g := range r.Groups {
		rows[i] = scim.Row{Value: g.ID.String(), Display: g.Label, Type: "Group", Kind: "indirect"}
		if g.Direct {
			rows[i].Kind = "direct"
		}
	}
	return rows
}
