package policy

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// Limits of a condition.
const (
	MaxConditionLength = 4096 // bytes
	MaxConditionTerms  = 100  // comparisons
)

// A Condition is a compiled condition of a statement: a filter about the
// question. It never changes.
type Condition struct {
	text string
	root *node
}

// String returns the condition as it was written.
func (c *Condition) String() string { return c.text }

// A node is a part of a condition: and, or and not with their sides, has with
// the inside of the brackets in x, or a comparison.
type node struct {
	kind nodeKind
	x, y *node
	attr attribute
	op   filter.Op
	lit  literal
}

type nodeKind uint8

const (
	compareNode nodeKind = iota
	andNode
	orNode
	notNode
	hasNode
)

// An attribute is where a value is found: a property of an entity, or of an
// element between brackets, and what is below it.
type attribute struct {
	of        entity
	name, sub string
}

// An entity is what a property belongs to.
type entity uint8

const (
	element entity = iota // between brackets
	subjectEntity
	actionEntity
	resourceEntity
	contextEntity
)

var entities = map[string]entity{
	"subject": subjectEntity, "action": actionEntity, "resource": resourceEntity, "context": contextEntity,
}

// A literal is the right side of a comparison.
type literal struct {
	kind   literalKind
	text   string
	whole  int64
	number float64
	truth  bool
	at     time.Time // of a text that is a dateTime
	isTime bool
}

type literalKind uint8

const (
	noLiteral literalKind = iota
	textLiteral
	wholeLiteral
	numberLiteral
	truthLiteral
)

// ParseCondition reads a condition in the filter grammar of SCIM. Attributes are
// properties of the question: subject.X, action.X, resource.X and context.X,
// where subject.id, subject.type, resource.id, resource.type and action.name are
// what is asked about, whatever the properties say. subject:X.Y is a part of a
// property, and subject:X[...] is true if one element of a list of objects
// satisfies what stands between the brackets. The names of properties are told
// apart by case, and so are texts. Errors are identity.Invalid and name the
// offset.
func ParseCondition(text string) (*Condition, error) {
	if len(text) > MaxConditionLength {
		return nil, refuse("The condition has %d bytes; at most %d are allowed.", len(text), MaxConditionLength)
	}
	e, err := filter.Parse(text)
	if err != nil {
		if bad, ok := errors.AsType[*schema.Error](err); ok {
			return nil, refuse("The condition cannot be read. %s", bad.Detail)
		}
		return nil, fmt.Errorf("parse condition: %w", err)
	}
	p := conditionParser{text: text}
	root, err := p.node(e, false)
	if err != nil {
		return nil, err
	}
	return &Condition{text: text, root: root}, nil
}

func refuse(format string, args ...any) error {
	return identity.NewError(identity.Invalid, "condition", fmt.Sprintf(format, args...))
}

// A conditionParser binds a filter to the attributes of a question.
type conditionParser struct {
	text  string
	terms int
}

// refuse names the place of an attribute.
func (p *conditionParser) refuse(a filter.AttrPath, format string, args ...any) error {
	return refuse("The condition is not valid at offset %d: %s.", offset(p.text, a.String()), fmt.Sprintf(format, args...))
}

// offset returns where a word first stands outside of strings in a text that
// has been parsed.
func offset(text, word string) int {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case !quoted && strings.HasPrefix(text[i:], word):
			return i
		}
	}
	return 0
}

func (p *conditionParser) node(e filter.Expr, inside bool) (*node, error) {
	switch e := e.(type) {
	case *filter.And:
		return p.pair(andNode, e.X, e.Y, inside)
	case *filter.Or:
		return p.pair(orNode, e.X, e.Y, inside)
	case *filter.Not:
		x, err := p.node(e.X, inside)
		return &node{kind: notNode, x: x}, err
	case *filter.Has:
		a, err := p.attribute(e.Attr, false, true)
		if err != nil {
			return nil, err
		}
		x, err := p.node(e.Filter, true)
		return &node{kind: hasNode, attr: a, x: x}, err
	case *filter.Compare:
		return p.compare(e, inside)
	}
	return nil, refuse("The condition has an empty part.")
}

func (p *conditionParser) pair(k nodeKind, x, y filter.Expr, inside bool) (*node, error) {
	left, err := p.node(x, inside)
	if err != nil {
		return nil, err
	}
	right, err := p.node(y, inside)
	return &node{kind: k, x: left, y: right}, err
}

// attribute resolves a name. With brackets, the name of an entity alone stands
// for its properties as a whole.
func (p *conditionParser) attribute(a filter.AttrPath, inside, brackets bool) (attribute, error) {
	if inside {
		if a.URI != "" {
			return attribute{}, p.refuse(a, "'%s' stands between brackets and cannot have an entity before it", a)
		}
		return attribute{of: element, name: a.Name, sub: a.Sub}, nil
	}
	of, name, sub := a.URI, a.Name, a.Sub
	if of == "" {
		of, name, sub = a.Name, a.Sub, ""
	}
	e, ok := entities[strings.ToLower(of)]
	if !ok || name == "" && !brackets {
		return attribute{}, p.refuse(a, "'%s' is not a property of subject, action, resource or context", a)
	}
	return attribute{of: e, name: name, sub: sub}, nil
}

func (p *conditionParser) compare(c *filter.Compare, inside bool) (*node, error) {
	if p.terms++; p.terms > MaxConditionTerms {
		return nil, p.refuse(c.Attr, "a condition has at most %d comparisons", MaxConditionTerms)
	}
	a, err := p.attribute(c.Attr, inside, false)
	if err != nil {
		return nil, err
	}
	n := &node{attr: a, op: c.Op}
	if c.Op == filter.Pr {
		return n, nil
	}
	ordered := c.Op == filter.Gt || c.Op == filter.Ge || c.Op == filter.Lt || c.Op == filter.Le
	part := c.Op == filter.Co || c.Op == filter.Sw || c.Op == filter.Ew
	switch v := c.Value.(type) {
	case nil: // null and absent are one state
		if ordered || part {
			return nil, p.refuse(c.Attr, "%s is not defined for null", c.Op)
		}
		n.op = filter.Pr
		if c.Op == filter.Eq {
			return &node{kind: notNode, x: n}, nil
		}
		return n, nil
	case string:
		n.lit = literal{kind: textLiteral, text: v}
		if at, err := schema.ParseTime(v); err == nil && ordered {
			n.lit.at, n.lit.isTime = at, true
		}
		return n, nil
	case bool:
		n.lit = literal{kind: truthLiteral, truth: v}
		part = part || ordered
	case int64:
		n.lit = literal{kind: wholeLiteral, whole: v, number: float64(v)}
	case float64:
		n.lit = literal{kind: numberLiteral, number: v}
	}
	if part {
		return nil, p.refuse(c.Attr, "%s is not defined for this value", c.Op)
	}
	return n, nil
}
