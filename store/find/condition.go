package find

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// A Cond is a condition on rows of resource (alias r) that is true for every row
// that a filter matches. If it is exact it is true for no other row; otherwise
// what it lets through is looked at again by filter.Match.
type Cond struct {
	SQL   string // "" for all and none; every ? stands for the next of Args
	Args  []any
	All   bool // lets every row through
	None  bool // lets no row through
	Exact bool
	Sharp bool // lets through very few rows, found by a unique index
}

// The conditions that need no SQL. Unsure lets every row through to be looked at
// again.
var (
	AllRows = Cond{All: true, Exact: true}
	NoRows  = Cond{None: true, Exact: true}
	Unsure  = Cond{All: true}
)

func constant(yes bool) Cond {
	if yes {
		return AllRows
	}
	return NoRows
}

// And is true where both conditions are.
func And(x, y Cond) Cond {
	switch {
	case x.None || y.None:
		return NoRows
	case x.All:
		y.Exact = y.Exact && x.Exact
		return y
	case y.All:
		x.Exact = x.Exact && y.Exact
		return x
	}
	return join(x, " AND ", y)
}

func or(x, y Cond) Cond {
	switch {
	case x.All && x.Exact, y.All && y.Exact:
		return AllRows
	case x.All || y.All:
		return Unsure
	case x.None:
		return y
	case y.None:
		return x
	}
	return join(x, " OR ", y)
}

func join(x Cond, word string, y Cond) Cond {
	return Cond{
		SQL:   "(" + x.SQL + word + y.SQL + ")",
		Args:  slices.Concat(x.Args, y.Args),
		Exact: x.Exact && y.Exact,
		Sharp: word == " AND " && (x.Sharp || y.Sharp),
	}
}

// Numbered returns the condition with its parameters numbered from first.
func (x Cond) Numbered(first int) string {
	var b strings.Builder
	for i, part := range strings.Split(x.SQL, "?") {
		if i > 0 {
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(first + i - 1))
		}
		b.WriteString(part)
	}
	return b.String()
}

// not returns the complement. What is not exact has none that could be told.
func not(x Cond) Cond {
	switch {
	case x.None:
		return AllRows
	case !x.Exact:
		return Unsure
	case x.All:
		return NoRows
	}
	return Where("("+x.SQL+") IS NOT TRUE", x.Args...)
}

// Marks returns a list of n parameters of a condition.
func Marks(n int) string { return strings.Repeat(", ?", n)[2:] }

// Where is an exact condition.
func Where(sql string, args ...any) Cond { return Cond{SQL: sql, Args: args, Exact: true} }

// A Compiler writes the conditions of one query on one resource type.
type Compiler struct {
	Seed   []byte // of token hashes
	Type   *schema.ResourceType
	Domain string // of externalId
	// Contains, Few and Trigram are those of store.Dialect.
	Contains, Few string
	Trigram       func(text string) (condition, value string)
	// Below returns the groups whose members are members of a group, itself
	// first.
	Below func(group identity.ID) ([]identity.ID, error)
	// Large reports whether groups have so many members that walking the rows in
	// order finds a page sooner than looking up all of them.
	Large func(groups []identity.ID) (bool, error)
	// Narrow returns the cheapest way to narrow a search by the trigram index.
	Narrow func(condition, search string) (Cond, error)

	err error
}

// MaxArgs is how many parameters a condition may have; the databases take some
// more. Beyond it the rows are looked at one by one.
const MaxArgs = 30_000

// Compile writes the condition of a filter.
func (c *Compiler) Compile(e filter.Expr) (Cond, error) {
	x := c.expr(e, false)
	if len(x.Args) > MaxArgs {
		x = Unsure
	}
	return x, c.err
}

// expr compiles e, or its complement. Negation is pushed down to the leaves, so
// that an inexact leaf under it lets everything through.
func (c *Compiler) expr(e filter.Expr, negated bool) Cond {
	switch e := e.(type) {
	case *filter.And:
		if negated {
			return or(c.expr(e.X, true), c.expr(e.Y, true))
		}
		return And(c.expr(e.X, false), c.expr(e.Y, false))
	case *filter.Or:
		if negated {
			return And(c.expr(e.X, true), c.expr(e.Y, true))
		}
		return or(c.expr(e.X, false), c.expr(e.Y, false))
	case *filter.Not:
		return c.expr(e.X, !negated)
	case *filter.Compare:
		return leaf(c.compare(e), negated)
	case *filter.Has:
		return leaf(c.has(e), negated)
	}
	return Unsure
}

func leaf(x Cond, negated bool) Cond {
	if negated {
		return not(x)
	}
	return x
}

func (c *Compiler) compare(e *filter.Compare) Cond {
	ref := e.Ref
	if ref.Attr == nil { // the type has no such attribute
		return constant(e.Op == filter.Ne)
	}
	if ref.Attr.Rows {
		return c.rows(ref, e)
	}
	switch HotColumn(ref) {
	case NameColumn, DisplayColumn:
		return c.text("r."+HotColumn(ref), e)
	case EmailColumn:
		return c.email(e)
	case ActiveColumn:
		return c.active(e)
	}
	if ref.Ext == nil {
		switch {
		case ref.Attr.Name == "id" && ref.Sub == nil:
			return c.id(e)
		case ref.Attr.Name == "externalId" && ref.Sub == nil:
			return c.external(e)
		case ref.Attr.Name == "schemas" && ref.Sub == nil:
			return c.schemas(e)
		case ref.Attr.Name == "meta" && ref.Sub != nil:
			return c.meta(e)
		}
	}
	return c.token(e)
}

// has is a condition on one element: of a filter inside brackets only a lone
// comparison means the same as outside.
func (c *Compiler) has(e *filter.Has) Cond {
	if e.Ref.Attr == nil {
		return NoRows
	}
	inner := c.inside(e.Filter)
	_, alone := e.Filter.(*filter.Compare)
	if !alone || e.Filter.(*filter.Compare).Op == filter.Ne {
		inner.Exact = inner.None
	}
	return inner
}

// inside compiles a filter inside brackets to a condition that every resource
// with a matching element fulfils.
func (c *Compiler) inside(e filter.Expr) Cond {
	switch e := e.(type) {
	case *filter.And:
		return And(c.inside(e.X), c.inside(e.Y))
	case *filter.Or:
		return or(c.inside(e.X), c.inside(e.Y))
	case *filter.Compare:
		switch {
		case e.Ref.Attr == nil:
			return constant(e.Op == filter.Ne)
		case e.Op == filter.Ne: // also true of an element without the value
			return Unsure
		}
		return c.compare(e)
	}
	return Unsure
}

// order compares a column by the operators that columns know.
func order(column string, op filter.Op, v any) Cond {
	sign := map[filter.Op]string{
		filter.Eq: "=", filter.Ne: "<>", filter.Gt: ">", filter.Ge: ">=", filter.Lt: "<", filter.Le: "<=",
	}[op]
	return Where(column+" "+sign+" ?", v)
}

// text compares a column of folded text that is NULL when there is no value.
func (c *Compiler) text(column string, e *filter.Compare) Cond {
	key := e.Key
	some := Where(column + " IS NOT NULL")
	if e.Op == filter.Pr {
		return some
	}
	if strings.Contains(key, "\x00") { // no key has this character
		return Unsure
	}
	switch e.Op {
	case filter.Ne:
		return not(order(column, filter.Eq, key))
	case filter.Co, filter.Sw, filter.Ew:
		if key == "" {
			return some
		}
	}
	switch e.Op {
	case filter.Co:
		return And(c.trigram(key), c.contains(column, key))
	case filter.Sw:
		return starts(column, key)
	case filter.Ew:
		return And(c.trigram(key), ends(column, key))
	}
	x := order(column, e.Op, key)
	x.Sharp = e.Op == filter.Eq && column == "r."+NameColumn
	return x
}

// trigram narrows a search for text by the trigram index, if it can.
func (c *Compiler) trigram(text string) Cond {
	n := 0
	for range text {
		n++
	}
	if n < 3 || n > 200 || c.Trigram == nil {
		return AllRows
	}
	x, err := c.Narrow(c.Trigram(text))
	if err != nil {
		c.err = err
	}
	return x
}

func (c *Compiler) contains(column, text string) Cond {
	return Where(fmt.Sprintf(c.Contains, column), text)
}

// starts is a range and not LIKE, so that an index answers it.
func starts(column, prefix string) Cond {
	x := order(column, filter.Ge, prefix)
	if end := after(prefix); end != "" {
		x = And(x, order(column, filter.Lt, end))
	}
	return x
}

func ends(column, suffix string) Cond {
	return Where("substr("+column+", length("+column+") - length(?) + 1) = ?", suffix, suffix)
}

// after returns the first text that comes after every text with the prefix, ""
// if there is none.
func after(prefix string) string {
	chars := []rune(prefix)
	for i := len(chars) - 1; i >= 0; i-- {
		switch chars[i]++; {
		case chars[i] == 0xD800: // surrogates are no characters
			chars[i] = 0xE000
			return string(chars[:i+1])
		case chars[i] <= 0x10FFFF:
			return string(chars[:i+1])
		}
	}
	return ""
}
