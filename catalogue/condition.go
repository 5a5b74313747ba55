package catalogue

import (
	"errors"
	"strconv"
	"strings"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// Limits of a condition.
const (
	maxCondition      = 4 << 10 // bytes
	maxConditionTerms = 100     // comparisons
)

// checkCondition reports why a text cannot be a condition: a filter about
// properties of subject, action, resource and context. What decides reads it in
// the same way.
func checkCondition(field, text string) error {
	if text == "" {
		return nil
	}
	if err := checkText(field, text, maxCondition); err != nil {
		return err
	}
	e, err := filter.Parse(text)
	if bad, ok := errors.AsType[*schema.Error](err); ok {
		return invalid(field, "The condition cannot be read. "+bad.Detail)
	}
	if err != nil {
		return err
	}
	c := conditionChecker{field: field}
	return c.check(e, false)
}

type conditionChecker struct {
	field string
	terms int
}

func (c *conditionChecker) check(e filter.Expr, inside bool) error {
	switch e := e.(type) {
	case *filter.And:
		return c.both(e.X, e.Y, inside)
	case *filter.Or:
		return c.both(e.X, e.Y, inside)
	case *filter.Not:
		return c.check(e.X, inside)
	case *filter.Has:
		if err := c.attribute(e.Attr, false, true); err != nil {
			return err
		}
		return c.check(e.Filter, true)
	case *filter.Compare:
		if c.terms++; c.terms > maxConditionTerms {
			return invalid(c.field, "A condition has at most "+strconv.Itoa(maxConditionTerms)+" comparisons.")
		}
		if err := c.attribute(e.Attr, inside, false); err != nil {
			return err
		}
		return c.comparison(e)
	}
	return invalid(c.field, "The condition has an empty part.")
}

func (c *conditionChecker) both(x, y filter.Expr, inside bool) error {
	if err := c.check(x, inside); err != nil {
		return err
	}
	return c.check(y, inside)
}

// attribute checks a name. Between brackets stand properties of an element;
// before them the name of an entity may stand alone.
func (c *conditionChecker) attribute(a filter.AttrPath, inside, brackets bool) error {
	if inside {
		if a.URI != "" {
			return invalid(c.field, "The condition has "+quote(a.String())+" between brackets, where no entity can stand.")
		}
		return nil
	}
	of, name := a.URI, a.Name
	if of == "" {
		of, name = a.Name, a.Sub
	}
	switch strings.ToLower(of) {
	case "subject", "action", "resource", "context":
		if name != "" || brackets {
			return nil
		}
	}
	return invalid(c.field, "The condition has "+quote(a.String())+", which is no property of subject, action, resource or context.")
}

// comparison checks that the operator goes with the value.
func (c *conditionChecker) comparison(e *filter.Compare) error {
	ordered := e.Op == filter.Gt || e.Op == filter.Ge || e.Op == filter.Lt || e.Op == filter.Le
	part := e.Op == filter.Co || e.Op == filter.Sw || e.Op == filter.Ew
	bad := false
	switch e.Value.(type) {
	case nil:
		bad = ordered || part
	case bool:
		bad = ordered || part
	case int64, float64:
		bad = part
	}
	if bad {
		return invalid(c.field, "The condition compares "+quote(e.Attr.String())+" by "+string(e.Op)+" with a value for which that is not defined.")
	}
	return nil
}
