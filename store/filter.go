package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// A cond is a condition on rows of resource (alias r) that is true for every row
// that a filter matches. If it is exact it is true for no other row; otherwise
// what it lets through is looked at again by filter.Match.
type cond struct {
	sql   string // "" for all and none; every ? stands for the next of args
	args  []any
	all   bool // lets every row through
	none  bool // lets no row through
	exact bool
	sharp bool // lets through very few rows, found by a unique index
}

var (
	allRows = cond{all: true, exact: true}
	noRows  = cond{none: true, exact: true}
	// unsure lets every row through to be looked at again.
	unsure = cond{all: true}
)

func constant(yes bool) cond {
	if yes {
		return allRows
	}
	return noRows
}

func and(x, y cond) cond {
	switch {
	case x.none || y.none:
		return noRows
	case x.all:
		y.exact = y.exact && x.exact
		return y
	case y.all:
		x.exact = x.exact && y.exact
		return x
	}
	return join(x, " AND ", y)
}

func or(x, y cond) cond {
	switch {
	case x.all && x.exact, y.all && y.exact:
		return allRows
	case x.all || y.all:
		return unsure
	case x.none:
		return y
	case y.none:
		return x
	}
	return join(x, " OR ", y)
}

func join(x cond, word string, y cond) cond {
	return cond{
		sql:   "(" + x.sql + word + y.sql + ")",
		args:  slices.Concat(x.args, y.args),
		exact: x.exact && y.exact,
		sharp: word == " AND " && (x.sharp || y.sharp),
	}
}

// numbered returns the condition with its parameters numbered from first.
func (x cond) numbered(first int) string {
	var b strings.Builder
	for i, part := range strings.Split(x.sql, "?") {
		if i > 0 {
			writeParam(&b, first+i-1)
		}
		b.WriteString(part)
	}
	return b.String()
}

// not returns the complement. What is not exact has none that could be told.
func not(x cond) cond {
	switch {
	case x.none:
		return allRows
	case !x.exact:
		return unsure
	case x.all:
		return noRows
	}
	return where("("+x.sql+") IS NOT TRUE", x.args...)
}

// marks returns a list of n parameters of a condition.
func marks(n int) string { return strings.Repeat(", ?", n)[2:] }

// where is an exact condition.
func where(sql string, args ...any) cond { return cond{sql: sql, args: args, exact: true} }

// A compiler writes the conditions of one query on one resource type.
type compiler struct {
	db     *DB
	seed   []byte
	rt     *schema.ResourceType
	domain string
	// below returns the groups whose members are members of a group, itself
	// first.
	below func(group identity.ID) ([]identity.ID, error)
	// large reports whether groups have so many members that walking the rows in
	// order finds a page sooner than looking up all of them.
	large func(groups []identity.ID) (bool, error)
	// narrow returns the cheapest way to narrow a search by the trigram index.
	narrow func(condition, search string) (cond, error)
	err    error
}

// expr compiles e, or its complement. Negation is pushed down to the leaves, so
// that an inexact leaf under it lets everything through.
func (c *compiler) expr(e filter.Expr, negated bool) cond {
	switch e := e.(type) {
	case *filter.And:
		if negated {
			return or(c.expr(e.X, true), c.expr(e.Y, true))
		}
		return and(c.expr(e.X, false), c.expr(e.Y, false))
	case *filter.Or:
		if negated {
			return and(c.expr(e.X, true), c.expr(e.Y, true))
		}
		return or(c.expr(e.X, false), c.expr(e.Y, false))
	case *filter.Not:
		return c.expr(e.X, !negated)
	case *filter.Compare:
		return leaf(c.compare(e), negated)
	case *filter.Has:
		return leaf(c.has(e), negated)
	}
	return unsure
}

func leaf(x cond, negated bool) cond {
	if negated {
		return not(x)
	}
	return x
}

func (c *compiler) compare(e *filter.Compare) cond {
	ref := e.Ref
	if ref.Attr == nil { // the type has no such attribute
		return constant(e.Op == filter.Ne)
	}
	if ref.Attr.Rows {
		return c.rows(ref, e)
	}
	switch hotColumn(ref) {
	case nameColumn, displayColumn:
		return c.text("r."+hotColumn(ref), e)
	case emailColumn:
		return c.email(e)
	case activeColumn:
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
func (c *compiler) has(e *filter.Has) cond {
	if e.Ref.Attr == nil {
		return noRows
	}
	inner := c.inside(e.Filter)
	_, alone := e.Filter.(*filter.Compare)
	if !alone || e.Filter.(*filter.Compare).Op == filter.Ne {
		inner.exact = inner.none
	}
	return inner
}

// inside compiles a filter inside brackets to a condition that every resource
// with a matching element fulfils.
func (c *compiler) inside(e filter.Expr) cond {
	switch e := e.(type) {
	case *filter.And:
		return and(c.inside(e.X), c.inside(e.Y))
	case *filter.Or:
		return or(c.inside(e.X), c.inside(e.Y))
	case *filter.Compare:
		switch {
		case e.Ref.Attr == nil:
			return constant(e.Op == filter.Ne)
		case e.Op == filter.Ne: // also true of an element without the value
			return unsure
		}
		return c.compare(e)
	}
	return unsure
}

// order compares a column by the operators that columns know.
func order(column string, op filter.Op, v any) cond {
	sign := map[filter.Op]string{
		filter.Eq: "=", filter.Ne: "<>", filter.Gt: ">", filter.Ge: ">=", filter.Lt: "<", filter.Le: "<=",
	}[op]
	return where(column+" "+sign+" ?", v)
}

// text compares a column of folded text that is NULL when there is no value.
func (c *compiler) text(column string, e *filter.Compare) cond {
	key := e.Key
	some := where(column + " IS NOT NULL")
	if e.Op == filter.Pr {
		return some
	}
	if strings.Contains(key, "\x00") { // no key has this character
		return unsure
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
		return and(c.trigram(key), c.contains(column, key))
	case filter.Sw:
		return starts(column, key)
	case filter.Ew:
		return and(c.trigram(key), ends(column, key))
	}
	x := order(column, e.Op, key)
	x.sharp = e.Op == filter.Eq && column == "r."+nameColumn
	return x
}

// trigram narrows a search for text by the trigram index, if it can.
func (c *compiler) trigram(text string) cond {
	n := 0
	for range text {
		n++
	}
	if n < 3 || n > 200 || c.db.dialect.Trigram == nil {
		return allRows
	}
	x, err := c.narrow(c.db.dialect.Trigram(text))
	if err != nil {
		c.err = err
	}
	return x
}

func (c *compiler) contains(column, text string) cond {
	return where(fmt.Sprintf(c.db.dialect.Contains, column), text)
}

// starts is a range and not LIKE, so that an index answers it.
func starts(column, prefix string) cond {
	x := order(column, filter.Ge, prefix)
	if end := after(prefix); end != "" {
		x = and(x, order(column, filter.Lt, end))
	}
	return x
}

func ends(column, suffix string) cond {
	return where("substr("+column+", length("+column+") - length(?) + 1) = ?", suffix, suffix)
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
