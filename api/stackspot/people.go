package stackspot

import (
	"context"
	"crypto/rand"
	"maps"
	"net/http"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/patch"
	"github.com/muster-id/muster/scim/schema"
)

// stored are the collections whose things stand in the directory: users and
// groups.
type stored struct {
	name, collection string
	rows             directory.Rows
	items            func(ctx context.Context, v *visit, rt *schema.ResourceType, list []*directory.Resource) ([]item, error)
}

// query lists what matches the filter of a request.
func (s stored) list(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx := r.Context()
	start, count, err := span(r)
	if err != nil {
		return err
	}
	rt, err := v.typeOf(ctx, s.name)
	if err != nil {
		return err
	}
	q := directory.Query{Types: []*schema.ResourceType{rt}, Count: count, Start: start}
	if text := r.URL.Query().Get("filter"); text != "" {
		expr, err := filter.Parse(text)
		if err != nil {
			return err
		}
		bound, err := filter.Bind(expr, rt, dialect)
		if err != nil {
			return err
		}
		q.Filter = map[*schema.ResourceType]filter.Expr{rt: bound}
	}
	page, err := v.dir.Query(ctx, v.by, q, s.rows)
	if err != nil {
		return err
	}
	all, err := s.items(ctx, v, rt, page.Resources)
	if err != nil {
		return err
	}
	return v.page(w, all, page.Total, start)
}

// find reads the thing that the path names.
func (s stored) find(r *http.Request, v *visit) (*schema.ResourceType, *directory.Resource, error) {
	rt, err := v.typeOf(r.Context(), s.name)
	if err != nil {
		return nil, nil, err
	}
	id, ok := identity.ParseID(r.PathValue("id"))
	if !ok {
		return nil, nil, errNothing
	}
	res, err := v.dir.Get(r.Context(), v.by, rt, id, s.rows)
	return rt, res, err
}

// item is one thing as clients see it.
func (s stored) item(ctx context.Context, v *visit, rt *schema.ResourceType, res *directory.Resource) (item, error) {
	all, err := s.items(ctx, v, rt, []*directory.Resource{res})
	if err != nil {
		return item{}, err
	}
	return all[0], nil
}

func (s stored) get(w http.ResponseWriter, r *http.Request, v *visit) error {
	rt, res, err := s.find(r, v)
	if err != nil {
		return err
	}
	it, err := s.item(r.Context(), v, rt, res)
	if err != nil {
		return err
	}
	return v.one(w, http.StatusOK, it)
}

func (s stored) remove(w http.ResponseWriter, r *http.Request, v *visit) error {
	rt, res, err := s.find(r, v)
	if err != nil {
		return err
	}
	version, err := ifMatch(r)
	if err != nil {
		return err
	}
	if _, err := s.write(r.Context(), v, directory.Write{Method: directory.Delete, Type: rt, ID: res.ID, If: at(version)}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// write carries out one write and returns the thing as it is then.
func (s stored) write(ctx context.Context, v *visit, write directory.Write) (*directory.Resource, error) {
	write.Want = s.rows
	out, err := v.dir.Write(ctx, v.by, []directory.Unit{{write}}, 0)
	if err != nil {
		return nil, err
	}
	return out[0][0].Resource, out[0][0].Err
}

// at accepts a version, 0 any.
func at(version int64) func(int64) bool {
	if version == 0 {
		return nil
	}
	return func(stored int64) bool { return stored == version }
}

// made stores a new thing. body is in the words of SCIM.
func (s stored) made(ctx context.Context, v *visit, rt *schema.ResourceType, body schema.Object, finish func(schema.Object) schema.Object) (*directory.Resource, error) {
	doc, err := rt.Canonical(body, dialect, schema.ForCreate)
	if err != nil {
		return nil, err
	}
	delete(doc, "members")
	delete(doc, "groups")
	return s.write(ctx, v, directory.Write{Method: directory.Create, Type: rt, ID: identity.NewID(), Doc: finish(doc)})
}

// changed carries out a PATCH in the words of SCIM.
func (s stored) changed(r *http.Request, v *visit, rt *schema.ResourceType, id identity.ID, message schema.Object, finish func(old, next schema.Object) schema.Object) (*directory.Resource, error) {
	version, err := ifMatch(r)
	if err != nil {
		return nil, err
	}
	p, err := patch.Parse(message, rt, dialect)
	if err != nil {
		return nil, err
	}
	write := directory.Write{Method: directory.Modify, Type: rt, ID: id, If: at(version)}
	write.Change = func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
		next, rows, err := p.Apply(current(old))
		if err != nil {
			return nil, nil, err
		}
		return finish(old, maps.Clone(next)), edits(rows), nil
	}
	return s.write(r.Context(), v, write)
}

// edits puts edits of members into the words of the rules.
func edits(rows []patch.RowEdit) []directory.MemberEdit {
	ops := map[patch.RowOp]directory.MemberOp{
		patch.AddRows: directory.AddMembers, patch.RemoveRows: directory.RemoveMembers, patch.ReplaceRows: directory.ReplaceMembers,
	}
	var out []directory.MemberEdit
	for _, row := range rows {
		e := directory.MemberEdit{Op: ops[row.Op], Filter: row.Filter, Members: make([]string, len(row.Values))}
		for i, value := range row.Values {
			e.Members[i], _ = value["value"].(string)
		}
		out = append(out, e)
	}
	return out
}

// operations reports whether a PATCH in the words of SCIM still has any.
func operations(message schema.Object) bool {
	list, ok := message["Operations"].([]any)
	return !ok || len(list) > 0
}

// newPassword is one that nobody knows.
func newPassword() string { return rand.Text() }
