package policy

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// maxSteps bounds what one evaluation costs: values looked at, and one more for
// every 64 bytes of text. A condition that needs more has no value: it does not
// grant, and does not hold back a denial.
const maxSteps = 100_000

// An evaluation is the evaluation of conditions for one question.
type evaluation struct {
	q            *Question
	subject      identity.ID
	kind         kind
	action       string
	resourceType string
	resource     string
	steps        int
}

// holds reports whether a condition is true, and whether it has a value.
func (e *evaluation) holds(c *Condition) (yes, known bool) {
	e.steps = maxSteps
	yes = e.node(c.root, nil)
	return yes, e.steps >= 0
}

func (e *evaluation) node(n *node, within map[string]any) bool {
	switch n.kind {
	case andNode:
		return e.node(n.x, within) && e.node(n.y, within)
	case orNode:
		return e.node(n.x, within) || e.node(n.y, within)
	case notNode:
		return !e.node(n.x, within)
	case hasNode:
		return e.has(n)
	}
	v := any(nil)
	if n.attr.of == element {
		v = within[n.attr.name]
	} else {
		v = e.value(n.attr)
	}
	some, yes := e.each(n, v, n.attr.sub)
	return yes || !some && n.op == filter.Ne
}

// has is a value path: one object satisfies what stands between the brackets.
func (e *evaluation) has(n *node) bool {
	switch v := e.value(n.attr).(type) {
	case map[string]any:
		return e.spend(1) && e.node(n.x, v)
	case []any:
		for _, x := range v {
			if !e.spend(1) {
				return false
			}
			if m, ok := x.(map[string]any); ok && e.node(n.x, m) {
				return true
			}
		}
	case []map[string]any:
		for _, m := range v {
			if !e.spend(1) {
				return false
			}
			if e.node(n.x, m) {
				return true
			}
		}
	}
	return false
}

// spend counts steps and reports whether there are any left.
func (e *evaluation) spend(n int) bool {
	e.steps -= n
	return e.steps >= 0
}

// value returns the property that a names, or all of the entity's.
func (e *evaluation) value(a attribute) any {
	var of map[string]any
	switch a.of {
	case subjectEntity:
		switch a.name {
		case "id":
			return e.subject.String()
		case "type":
			return e.kind.String()
		}
		of = e.q.Subject.Properties
	case actionEntity:
		if a.name == "name" {
			return e.action
		}
		of = e.q.ActionP
	case resourceEntity:
		switch a.name {
		case "id":
			return e.resource
		case "type":
			return e.resourceType
		}
		of = e.q.Resource.Properties
	case contextEntity:
		of = e.q.Context
	}
	if a.name == "" {
		return of
	}
	return of[a.name]
}

// each reports whether v, or an element of the list v, or its part sub, has some
// value and whether one satisfies n.
func (e *evaluation) each(n *node, v any, sub string) (some, yes bool) {
	switch list := v.(type) {
	case nil:
		return false, false
	case []any:
		for _, x := range list {
			if !e.spend(1) {
				return true, false
			}
			s, y := e.one(n, x, sub)
			if some = some || s; y {
				return true, true
			}
		}
		return some, false
	case []string:
		for _, x := range list {
			if !e.spend(1) {
				return true, false
			}
			s, y := e.one(n, x, sub)
			if some = some || s; y {
				return true, true
			}
		}
		return some, false
	}
	return e.one(n, v, sub)
}

func (e *evaluation) one(n *node, v any, sub string) (some, yes bool) {
	if !e.spend(1) || v == nil {
		return e.steps < 0, false
	}
	if sub != "" {
		m, _ := v.(map[string]any)
		return e.each(n, m[sub], "")
	}
	if n.op == filter.Pr {
		p := e.present(v)
		return p, p
	}
	return true, e.satisfies(n, v)
}

// present is the operator pr: empty texts, lists and objects are not present.
func (e *evaluation) present(v any) bool {
	if !e.spend(1) {
		return false
	}
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		for _, x := range v {
			if e.present(x) {
				return true
			}
		}
		return false
	case map[string]any:
		for _, x := range v {
			if e.present(x) {
				return true
			}
		}
		return false
	}
	return true
}

// satisfies compares one value with the literal of n. A value of another type
// differs from it, and has no order.
func (e *evaluation) satisfies(n *node, v any) bool {
	order, ordered := 0, false
	switch n.lit.kind {
	case textLiteral:
		s, ok := v.(string)
		if !ok {
			return n.op == filter.Ne
		}
		e.spend(len(s) / 64)
		switch n.op {
		case filter.Co:
			return strings.Contains(s, n.lit.text)
		case filter.Sw:
			return strings.HasPrefix(s, n.lit.text)
		case filter.Ew:
			return strings.HasSuffix(s, n.lit.text)
		}
		order, ordered = strings.Compare(s, n.lit.text), true
		if n.lit.isTime { // a comparison by order: instants, whatever their offsets
			at, err := schema.ParseTime(s)
			order, ordered = at.Compare(n.lit.at), err == nil
		}
	case truthLiteral:
		b, ok := v.(bool)
		if ok && b == n.lit.truth {
			return n.op == filter.Eq
		}
		return n.op == filter.Ne
	case wholeLiteral, numberLiteral:
		order, ordered = compareNumber(v, &n.lit)
	}
	if !ordered {
		return n.op == filter.Ne
	}
	return inOrder(n.op, order)
}

// inOrder reports whether an operator holds between values that compare as n.
func inOrder(op filter.Op, n int) bool {
	switch op {
	case filter.Eq:
		return n == 0
	case filter.Ne:
		return n != 0
	case filter.Gt:
		return n > 0
	case filter.Ge:
		return n >= 0
	case filter.Lt:
		return n < 0
	case filter.Le:
		return n <= 0
	}
	return false
}

// compareNumber orders a number and a literal: exactly if both are whole.
func compareNumber(v any, lit *literal) (order int, ok bool) {
	whole, number, isWhole := int64(0), 0.0, false
	switch v := v.(type) {
	case float64:
		number = v
	case float32:
		number = float64(v)
	case int:
		whole, isWhole = int64(v), true
	case int32:
		whole, isWhole = int64(v), true
	case int64:
		whole, isWhole = v, true
	case json.Number:
		if i, err := v.Int64(); err == nil {
			whole, isWhole = i, true
			break
		}
		f, err := v.Float64()
		if err != nil {
			return 0, false
		}
		number = f
	default:
		return 0, false
	}
	if isWhole && lit.kind == wholeLiteral {
		return cmp.Compare(whole, lit.whole), true
	}
	if isWhole {
		number = float64(whole)
	}
	if number != number { // NaN has no order
		return 0, false
	}
	return cmp.Compare(number, lit.number), true
}
