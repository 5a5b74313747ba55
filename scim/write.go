package scim

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/muster-id/muster/scim/patch"
	"github.com/muster-id/muster/scim/schema"
)

// An order is one write as the client asked for it: a request, or an operation
// of a bulk request.
type order struct {
	method string // "POST", "PUT", "PATCH", "DELETE"
	rt     *schema.ResourceType
	id     string // for POST the new one
	data   schema.Object
	match  string // If-Match
	none   string // If-None-Match
	want   Want
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// write compiles an order: it checks and canonicalises all that can be known
// without the stored resource.
func (c *Client) write(o order) (Write, error) {
	w := Write{Type: o.rt, ID: o.id, If: condition(o.match, o.none), Want: o.want}
	switch o.method {
	case "POST":
		w.Method, w.If = Create, nil
		doc, err := o.rt.Canonical(o.data, c.Dialect, schema.ForCreate)
		if err != nil {
			return w, err
		}
		doc["id"] = o.id
		w.Doc, w.Rows = doc, takeRows(o.rt, doc, patch.AddRows)
	case "PUT":
		w.Method = Modify
		doc, err := o.rt.Canonical(o.data, c.Dialect, schema.ForReplace)
		if err != nil {
			return w, err
		}
		edits := takeRows(o.rt, doc, patch.ReplaceRows)
		w.Change = func(old schema.Object) (schema.Object, []patch.RowEdit, error) {
			merged, err := o.rt.Merge(old, schema.Clone(doc))
			return merged, edits, err
		}
	case "PATCH":
		w.Method = Modify
		p, err := patch.Parse(o.data, o.rt, c.Dialect)
		if err != nil {
			return w, err
		}
		w.Change = p.Apply
	case "DELETE":
		w.Method = Delete
	}
	return w, nil
}

// takeRows removes the row attributes from a document and returns the edits
// that they mean: everything written replaces, nothing written leaves nothing.
func takeRows(rt *schema.ResourceType, doc schema.Object, op patch.RowOp) []patch.RowEdit {
	var edits []patch.RowEdit
	for _, a := range rt.Schema.Attributes {
		if !a.Rows {
			continue
		}
		list, _ := doc[a.Name].([]any)
		delete(doc, a.Name)
		if a.Mutability == schema.ReadOnly || op == patch.AddRows && len(list) == 0 {
			continue
		}
		edit := patch.RowEdit{Attr: a.Name, Op: op}
		for _, v := range list {
			if row, ok := v.(schema.Object); ok {
				edit.Values = append(edit.Values, row)
			}
		}
		edits = append(edits, edit)
	}
	return edits
}

// single carries out one write. The error is for a failure of the backend.
func (c *Client) single(ctx context.Context, o order, w Write) (Written, error) {
	results, err := c.Backend.Write(ctx, []Unit{{w}}, 0)
	if err != nil {
		return Written{}, err
	}
	if len(results) != 1 || len(results[0]) != 1 {
		return Written{}, fmt.Errorf("%s %s: the backend returned no result", o.method, o.rt.Name)
	}
	done := results[0][0]
	if done.Err == nil && done.Resource == nil && o.method != "DELETE" {
		return done, fmt.Errorf("%s %s: the backend returned no resource", o.method, o.rt.Name)
	}
	return done, nil
}

// one carries out a single order.
func (x *call) one(o order) (Written, error) {
	w, err := x.c.write(o)
	if err != nil {
		return Written{}, err
	}
	done, err := x.c.single(x.r.Context(), o, w)
	if err != nil {
		return done, err
	}
	return done, done.Err
}

// create serves POST on a resource type.
func (x *call) create(rt *schema.ResourceType) error {
	sel, err := x.selection(rt)
	if err != nil {
		return err
	}
	raw, data, err := x.message()
	if err != nil {
		return err
	}
	if done, err := x.later(raw, rt.Endpoint, rt, sel); done {
		return err
	}
	done, err := x.one(order{method: "POST", rt: rt, id: newID(), data: data, want: Want{Rows: sel.Wants}})
	if err != nil {
		return err
	}
	return x.sendResource(http.StatusCreated, done.Resource, sel)
}

// modify serves PUT, PATCH and DELETE on a resource.
func (x *call) modify(rt *schema.ResourceType, id string) error {
	sel, err := x.selection(rt)
	if err != nil {
		return err
	}
	o := order{
		method: x.r.Method, rt: rt, id: id,
		match: header(x.r.Header, "If-Match"),
		none:  header(x.r.Header, "If-None-Match"),
	}
	var raw []byte
	if o.method != "DELETE" {
		if raw, o.data, err = x.message(); err != nil {
			return err
		}
	}
	if done, err := x.later(raw, rt.Endpoint+"/"+id, rt, sel); done {
		return err
	}
	silent := x.silent()
	if !silent {
		o.want.Rows = sel.Wants
	}
	done, err := x.one(o)
	switch {
	case err != nil:
		return err
	case silent:
		if done.Resource != nil {
			x.describe(done.Resource)
		}
		x.send(http.StatusNoContent, nil)
		return nil
	}
	return x.sendResource(http.StatusOK, done.Resource, sel)
}

// silent reports whether success is answered without a body: DELETE, and PATCH
// in a dialect that wants it unless attributes are named (RFC 7644 section
// 3.5.2).
func (x *call) silent() bool {
	switch x.r.Method {
	case "DELETE":
		return true
	case "PATCH":
		_, named := x.q.names("attributes")
		return x.c.Dialect.PatchNoContent && !named
	}
	return false
}
