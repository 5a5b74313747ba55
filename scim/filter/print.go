package filter

import (
	"strconv"
	"strings"
	"time"

	"github.com/muster-id/muster/scim/schema"
)

// String returns the name as it stands in a filter.
func (a AttrPath) String() string {
	s := a.Name
	if a.Sub != "" {
		s += "." + a.Sub
	}
	switch {
	case a.URI == "":
		return s
	case s == "":
		return a.URI
	}
	return a.URI + ":" + s
}

// String returns the path in a form that parses to the same path.
func (p Path) String() string {
	s := p.Attr.String()
	if p.Filter != nil {
		s += "[" + p.Filter.String() + "]"
	}
	if p.Sub != "" {
		s += "." + p.Sub
	}
	return s
}

func (e *And) String() string     { return text(e) }
func (e *Or) String() string      { return text(e) }
func (e *Not) String() string     { return text(e) }
func (e *Compare) String() string { return text(e) }
func (e *Has) String() string     { return text(e) }

func (*And) expr()     {}
func (*Or) expr()      {}
func (*Not) expr()     {}
func (*Compare) expr() {}
func (*Has) expr()     {}

func text(e Expr) string {
	var b strings.Builder
	write(&b, e)
	return b.String()
}

// write prints e. Chains of one operator group to the left without parentheses,
// as the parser reads them; any other grouping is written out.
func write(b *strings.Builder, e Expr) {
	switch e := e.(type) {
	case *And:
		_, wrapX := e.X.(*Or)
		_, orY := e.Y.(*Or)
		_, andY := e.Y.(*And)
		writeWrapped(b, e.X, wrapX)
		b.WriteString(" and ")
		writeWrapped(b, e.Y, orY || andY)
	case *Or:
		_, wrapY := e.Y.(*Or)
		write(b, e.X)
		b.WriteString(" or ")
		writeWrapped(b, e.Y, wrapY)
	case *Not:
		b.WriteString("not ")
		writeWrapped(b, e.X, true)
	case *Has:
		b.WriteString(e.Attr.String() + "[")
		write(b, e.Filter)
		b.WriteByte(']')
	case *Compare:
		b.WriteString(e.Attr.String() + " " + string(e.Op))
		if e.Op != Pr {
			b.WriteString(" " + literalText(e.Value))
		}
	}
}

func writeWrapped(b *strings.Builder, e Expr, wrap bool) {
	if !wrap {
		write(b, e)
		return
	}
	b.WriteByte('(')
	write(b, e)
	b.WriteByte(')')
}

// literalText prints a literal; a float64 keeps a mark that it is one.
func literalText(v any) string {
	switch v := v.(type) {
	case string:
		return string(schema.AppendString(nil, v))
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	case time.Time:
		return `"` + v.UTC().Format(time.RFC3339Nano) + `"`
	}
	return "null"
}
