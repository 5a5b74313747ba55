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
	subjectP, actionP, resourceP, context map[string]any

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
	if n.attr.of == element {
		return e.compare(n, within[n.attr.name])
	}
	if text, ok := e.asked(n.attr); ok {
		switch {
		case n.attr.sub != "":
			return n.op == filter.Ne
		case n.op == filter.Pr:
			return text != ""
		case n.lit.kind != textLiteral:
			return n.op == filter.Ne
		}
		return e.satisfiesText(n, text)
	}
	if all := e.properties(n.attr.of); n.attr.name != "" {
		return e.compare(n, all[n.attr.name])
	}
	return n.op == filter.Ne
}

// compare compares a value, or what it consists of.
func (e *evaluation) compare(n *node, v any) bool {
	some, yes := e.each(n, v, n.attr.sub)
	return yes || !some && n.op == filter.Ne
}

// has is a value path: one object satisfies what stands between the brackets.
func (e *evaluation) has(n *node) bool {
	all := e.properties(n.attr.of)
	if n.attr.name == "" {
		return e.spend(1) && e.node(n.x, all)
	}
	switch v := all[n.attr.name].(type) {
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
	}
	return false
}

// spend counts steps and reports whether there are any left.
func (e *evaluation) spend(n int) bool {
	e.steps -= n
	return e.steps >= 0
}

// asked returns what an attribute names that is not a property. It is no
// interface, which would cost an allocation.
func (e *evaluation) asked(a attribute) (text string, ok bool) {
	switch {
	case a.of == subjectEntity && a.name == "id":
		return e.subject.String(), true
	case a.of == subjectEntity && a.name == "type":
		return e.kind.String(), true
	case a.of == actionEntity && a.name == "name":
		return e.action, true
	case a.of == resourceEntity && a.name == "id":
		return e.resource, true
	case a.of == resourceEntity && a.name == "type":
		return e.resourceType, true
	}
	return "", false
}

// properties returns all properties of an entity.
func (e *evaluation) properties(of entity) map[string]any {
	switch of {
	case subjectEntity:
		return e.subjectP
	case actionEntity:
		return e.actionP
	case resourceEntity:
		return e.resourceP
	}
	return e.context
}

// each reports whether v, or an element of the list v, or its part sub, has some
// value, and whether one satisfies n.
func (e *evaluation) each(n *node, v any, sub string) (some, yes bool) {
	switch list := v.(type) {
	case nil:
		return false, false
	case []any:
		return eachOf(e, n, list, sub)
	case []string:
		return eachOf(e, n, list, sub)
	}
	return e.one(n, v, sub)
}

// eachOf is each for the elements of a list.
func eachOf[T any](e *evaluation, n *node, list []T, sub string) (some, yes bool) {
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

// one is each for a single value.
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
	switch n.lit.kind {
	case textLiteral:
		if s, ok := v.(string); ok {
			return e.satisfiesText(n, s)
		}
	case truthLiteral:
		if b, ok := v.(bool); ok && b == n.lit.truth {
			return n.op == filter.Eq
		}
	case wholeLiteral, numberLiteral:
		if order, ok := compareNumber(v, &n.lit); ok {
			return inOrder(n.op, order)
		}
	}
	return n.op == filter.Ne
}

func (e *evaluation) satisfiesText(n *node, s string) bool {
	e.spend(len(s) / 64)
	switch n.op {
	case filter.Co:
		return strings.Contains(s, n.lit.text)
	case filter.Sw:
		return strings.HasPrefix(s, n.lit.text)
	case filter.Ew:
		return strings.HasSuffix(s, n.lit.text)
	}
	if n.lit.isTime { // a comparison by order: instants, whatever their offsets
		// Of a copy, which an error may keep: the question itself stays on the stack.
		at, err := schema.ParseTime(strings.Clone(s[:min(len(s), 64)]))
		return err == nil && inOrder(n.op, at.Compare(n.lit.at))
	}
	switch { // strings.Compare would move its arguments to the heap
	case s < n.lit.text:
		return inOrder(n.op, -1)
	case s > n.lit.text:
		return inOrder(n.op, 1)
	}
	return inOrder(n.op, 0)
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
