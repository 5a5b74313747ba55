package patch

import (
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// rows adds the operation on an attribute whose values are rows. What it does
// follows from the operation alone: the rows are not here.
func (p *parser) rows(op operation, value any) error {
	edit := &RowEdit{Attr: op.ref.Attr.Name}
	var err error
	switch {
	case op.ref.Sub != nil:
		return p.rowSub(op.ref)
	case op.filter != nil && op.verb == remove:
		edit.Op = RemoveRows
		if edit.Values = named(op.filter); edit.Values == nil {
			edit.Filter = op.filter
		}
	case op.filter != nil:
		return p.filteredRow(op, value)
	case op.verb == remove && value != nil:
		if err := p.removed(&op, value); err != nil {
			return err
		}
		edit.Op = RemoveRows
		edit.Values, err = rowValues(op.ref, op.value)
	case op.verb == remove:
		edit.Op = ReplaceRows
	default:
		edit.Op = ReplaceRows
		if op.verb == add {
			edit.Op = AddRows
		}
		edit.Values, err = p.rowList(op.ref, value)
	}
	if err != nil {
		return err
	}
	if edit.Op != ReplaceRows && edit.Filter == nil && len(edit.Values) == 0 {
		return nil
	}
	op.rows = edit
	p.ops = append(p.ops, op)
	return nil
}

// rowSub handles a path to a sub-attribute of rows, members[...].display. Those
// sub-attributes cannot change: they say which resource a row stands for, or
// follow from it.
func (p *parser) rowSub(ref schema.Ref) error {
	if p.d.IgnoreReadOnly && ref.Sub.Name != "value" {
		return nil
	}
	return unwritable(ref, "cannot be changed; add and remove whole values")
}

// filteredRow handles add and replace with a filter. A row has nothing that
// could be replaced, so the one meaning is to make sure that it is there.
func (p *parser) filteredRow(op operation, value any) error {
	o := seed(op.filter)
	if !p.d.CreateOnFilter || o["value"] == nil {
		return unwritable(op.ref, "has no values to change by a filter; add and remove whole values")
	}
	parts, err := p.element(add, op.ref, value)
	if err != nil {
		return err
	}
	if parts, ok := parts.(schema.Object); ok {
		overlay(o, parts, add)
	}
	values, err := rowValues(op.ref, []any{o})
	op.rows = &RowEdit{Attr: op.ref.Attr.Name, Op: AddRows, Values: values}
	p.ops = append(p.ops, op)
	return err
}

func (p *parser) rowList(ref schema.Ref, value any) ([]schema.Object, error) {
	list, err := p.rt.Value(ref, value, p.d)
	if err != nil {
		return nil, err
	}
	return rowValues(ref, list)
}

// rowValues checks that each row says what it stands for.
func rowValues(ref schema.Ref, v any) ([]schema.Object, error) {
	list, _ := v.([]any)
	rows := make([]schema.Object, 0, len(list))
	for _, x := range list {
		o, _ := x.(schema.Object)
		if s, ok := o["value"].(string); !ok || s == "" {
			return nil, schema.Errorf(schema.InvalidValue, "Each value of '%s' needs a non-empty 'value'.", ref.Path())
		}
		rows = append(rows, o)
	}
	return rows, nil
}

// named returns the rows that a filter names by their "value", if it does
// nothing else: value eq "A" or value eq "B". A store finds those by key.
func named(e filter.Expr) []schema.Object {
	switch e := e.(type) {
	case *filter.Or:
		x, y := named(e.X), named(e.Y)
		if x == nil || y == nil {
			return nil
		}
		return append(x, y...)
	case *filter.Compare:
		s, ok := e.Value.(string)
		if ok && e.Op == filter.Eq && e.Ref.Sub != nil && e.Ref.Sub.Name == "value" && s != "" {
			return []schema.Object{{"value": s}}
		}
	}
	return nil
}
