package patch

import (
	"github.com/muster-id/muster/scim/schema"
)

// Apply carries out all operations in order on a copy of old and returns the
// new object and the edits of row attributes. On an error nothing is returned;
// old is never changed. A patch without effect on the document returns old.
func (p *Patch) Apply(old schema.Object) (schema.Object, []RowEdit, error) {
	w := &work{d: p.d, effort: maxEffort}
	var edits []RowEdit
	for i := range p.ops {
		op := &p.ops[i]
		if op.rows != nil {
			edits = append(edits, *op.rows)
			continue
		}
		if w.o == nil {
			w.o = copied(old)
		}
		if err := w.apply(op); err != nil {
			return nil, nil, located(op.n, err)
		}
	}
	if !w.changed {
		return old, edits, nil
	}
	if err := p.rt.Finish(w.o); err != nil {
		return nil, nil, err
	}
	return w.o, edits, nil
}

// maxEffort bounds the element comparisons of one Apply, so that many
// operations on a long list cannot hold up the server.
const maxEffort = 1_000_000

// copied returns a deep copy of old. It is made only for patches that touch the
// document; most patches of large groups touch rows alone.
func copied(old schema.Object) schema.Object {
	if old == nil {
		return schema.Object{}
	}
	return schema.Clone(old)
}

// work is an Apply under way on the copy o.
type work struct {
	o       schema.Object
	d       schema.Dialect
	changed bool
	effort  int
}

func (w *work) spend(n int) error {
	if w.effort -= n; w.effort < 0 {
		return schema.Errorf(schema.TooMany, "The operations compare too many values; send fewer at a time.")
	}
	return nil
}

func (w *work) apply(op *operation) error {
	switch {
	case op.container != nil:
		return w.removeContainer(op.container)
	case op.must != nil:
		if !schema.EqualValues(op.ref.Get(w.o), op.must) {
			return unwritable(op.ref, "is read-only")
		}
		return nil
	case op.ref.Attr.MultiValued:
		return w.multi(op)
	}
	return w.single(op)
}

// set replaces the whole value of op's attribute if it differs, where the
// attribute allows it.
func (w *work) set(ref schema.Ref, old, new any) error {
	ref.Sub = nil
	if schema.EqualValues(old, new) {
		return nil
	}
	if err := guard(ref, old, new); err != nil {
		return err
	}
	w.changed = true
	ref.Set(w.o, new)
	return nil
}

// guard refuses a change from old to new that the attribute at the end of ref
// does not allow: an immutable one may only be set once (RFC 7644 section 3.5.2)
// and a required one may not become unassigned (section 3.5.2.2).
func guard(ref schema.Ref, old, new any) error {
	a := ref.Leaf()
	switch {
	case schema.EqualValues(old, new):
		return nil
	case new == nil && a.Required:
		return unwritable(ref, "is required and cannot be removed")
	case old != nil && a.Mutability == schema.Immutable:
		return unwritable(ref, "is immutable and has a value")
	}
	return nil
}

// single changes a single-valued attribute or a sub-attribute of one.
func (w *work) single(op *operation) error {
	ref := op.ref
	whole := ref
	whole.Sub = nil
	old := whole.Get(w.o)
	if op.value == nil && op.verb != add && ref.Leaf().Mutability == schema.WriteOnly {
		// A password is kept apart from the object. Taking it away would change
		// nothing here and must not look as if it had.
		return unwritable(ref, "can be replaced but not removed")
	}
	if ref.Sub == nil && ref.Attr.Type != schema.Complex {
		if op.verb == add && op.value == nil {
			return nil
		}
		return w.set(ref, old, op.value)
	}
	was, _ := old.(schema.Object)
	if ref.Sub != nil {
		now, err := w.withSub(op, was)
		if err != nil {
			return err
		}
		follow(was, now)
		return w.set(ref, old, orNil(now))
	}
	switch {
	case op.value == nil && op.verb == add:
		return nil
	case op.value == nil:
		return w.set(ref, old, nil)
	}
	now := schema.Clone(was)
	if now == nil || op.verb == replace && w.d.ReplaceWhole {
		now = unwritten(ref.Attr, was)
	}
	overlay(now, op.value.(schema.Object), op.verb)
	if err := guardSubs(ref, was, now); err != nil {
		return err
	}
	follow(was, now)
	return w.set(ref, old, orNil(now))
}

// follow drops a "$ref" that stayed behind when "value" came to name another
// resource: manager.$ref after manager.value has changed.
func follow(was, now schema.Object) {
	if was["$ref"] != nil && now["$ref"] == was["$ref"] && now["value"] != was["value"] {
		delete(now, "$ref")
	}
}

// orNil returns o, or nil if nothing is in it.
func orNil(o schema.Object) any {
	if len(o) == 0 {
		return nil
	}
	return o
}

// overlay puts the sub-attributes of parts into o. For replace those that parts
// holds with nil are cleared; an add of nothing does nothing.
func overlay(o, parts schema.Object, v verb) {
	for name, x := range parts {
		switch {
		case x != nil:
			o[name] = schema.Clone(x)
		case v == replace:
			delete(o, name)
		}
	}
}

// guardSubs is guard for all sub-attributes of a complex value.
func guardSubs(ref schema.Ref, old, new schema.Object) error {
	if old == nil {
		return nil
	}
	for _, ref.Sub = range ref.Attr.SubAttributes {
		if err := guard(ref, old[ref.Sub.Name], new[ref.Sub.Name]); err != nil {
			return err
		}
	}
	return nil
}

// withSub returns a copy of a complex value in which op has been carried out on
// the sub-attribute.
func (w *work) withSub(op *operation, was schema.Object) (schema.Object, error) {
	name := op.ref.Sub.Name
	now := schema.Clone(was)
	if now == nil {
		now = schema.Object{}
	}
	v := op.value
	if op.verb == add && v == nil {
		return now, nil
	}
	if have, ok := now[name].([]any); ok && op.verb == add {
		list, err := w.appended(op.ref, have, v.([]any))
		if err != nil {
			return nil, err
		}
		v = list
	}
	if v == nil {
		delete(now, name)
	} else {
		now[name] = schema.Clone(v)
	}
	if was == nil {
		return now, nil
	}
	return now, guard(op.ref, was[name], now[name])
}

// removeContainer removes all attributes of an extension but the read-only ones.
func (w *work) removeContainer(s *schema.Schema) error {
	for _, a := range s.Attributes {
		ref := schema.Ref{Ext: s, Attr: a}
		old := ref.Get(w.o)
		if old == nil || a.Mutability == schema.ReadOnly {
			continue
		}
		if a.Mutability == schema.Immutable {
			return unwritable(ref, "is immutable and has a value")
		}
		free := *a // a required attribute may go with its whole extension
		free.Required = false
		if err := w.set(schema.Ref{Ext: s, Attr: &free}, old, nil); err != nil {
			return err
		}
	}
	return nil
}
