package filter

import (
	"strings"
	"unicode/utf8"

	"github.com/muster-id/muster/scim/schema"
)

// Limits of the parser; what exceeds one is refused before it costs anything.
const (
	MaxLength = 64 << 10 // bytes of a filter or path
	MaxDepth  = 50       // nested parentheses and brackets
	MaxTerms  = 500      // comparisons in one filter
)

// Parse reads a filter. An error is a *schema.Error with the fault
// InvalidFilter whose detail names the offset in bytes.
//
// It reads a little more than the grammar of RFC 7644: a space may follow "not"
// and may be left out before a string, and attr[filter].sub op value, which
// clients send, is read as attr[filter and sub op value].
func Parse(s string) (Expr, error) {
	p, err := start(s, "filter", schema.InvalidFilter)
	if err != nil {
		return nil, err
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != end {
		return nil, p.unexpected("'and', 'or' or the end")
	}
	return e, nil
}

// ParsePath reads the path of a PATCH operation. An error is a *schema.Error
// with the fault InvalidPath whose detail names the offset in bytes.
func ParsePath(s string) (Path, error) {
	p, err := start(s, "path", schema.InvalidPath)
	if err != nil {
		return Path{}, err
	}
	var path Path
	if path.Attr, err = p.attr(); err != nil {
		return Path{}, err
	}
	if p.tok.kind == openBracket {
		if path.Filter, path.Sub, err = p.brackets(path.Attr); err != nil {
			return Path{}, err
		}
	}
	if p.tok.kind != end {
		return Path{}, p.unexpected("the end")
	}
	return path, nil
}

// A parser reads by recursive descent; depth bounds the recursion. tok is the
// token ahead.
type parser struct {
	src    string
	pos    int // after tok
	tok    token
	what   string // "filter" or "path", for errors
	fault  schema.Fault
	depth  int
	terms  int
	inside bool // between brackets
}

func start(s, what string, fault schema.Fault) (*parser, error) {
	p := &parser{src: s, what: what, fault: fault}
	if len(s) > MaxLength {
		return nil, schema.Errorf(fault, "The %s has %d bytes; at most %d are read.", what, len(s), MaxLength)
	}
	if !utf8.ValidString(s) {
		return nil, p.fail(badByte(s), "the text is not UTF-8")
	}
	return p, p.next()
}

// badByte returns the offset of the first byte of s that is not UTF-8.
func badByte(s string) int {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return i
		}
	}
	return len(s)
}

func (p *parser) fail(at int, format string, args ...any) error {
	e := schema.Errorf(p.fault, format, args...)
	e.Detail = schema.Errorf(p.fault, "The %s is not valid at offset %d: %s.", p.what, at, e.Detail).Detail
	return e
}

func (p *parser) unexpected(want string) error {
	if p.tok.kind == end {
		return p.fail(p.tok.at, "it ends where %s should stand", want)
	}
	return p.fail(p.tok.at, "%s stands where %s should", p.tok, want)
}

// enter counts a level of nesting. The caller leaves by p.depth--.
func (p *parser) enter() error {
	if p.depth++; p.depth > MaxDepth {
		return p.fail(p.tok.at, "more than %d levels of nesting", MaxDepth)
	}
	return nil
}

func (p *parser) or() (Expr, error) {
	x, err := p.and()
	for err == nil && p.tok.is("or") {
		var y Expr
		if err = p.next(); err != nil {
			break
		}
		y, err = p.and()
		x = &Or{x, y}
	}
	return x, err
}

func (p *parser) and() (Expr, error) {
	x, err := p.term()
	for err == nil && p.tok.is("and") {
		var y Expr
		if err = p.next(); err != nil {
			break
		}
		y, err = p.term()
		x = &And{x, y}
	}
	return x, err
}

// term reads a group, a negated group, a comparison or a value path.
func (p *parser) term() (Expr, error) {
	switch {
	case p.tok.kind == open:
		return p.group()
	case p.tok.is("not") && p.ahead() == '(':
		if err := p.next(); err != nil {
			return nil, err
		}
		x, err := p.group()
		return &Not{x}, err
	}
	attr, err := p.attr()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != openBracket {
		return p.compare(attr)
	}
	if p.inside {
		return nil, p.fail(p.tok.at, "brackets do not nest")
	}
	f, sub, err := p.brackets(attr)
	if err != nil || sub == "" {
		return &Has{Attr: attr, Filter: f}, err
	}
	if _, ok := f.(*Or); ok && p.depth+1 >= MaxDepth {
		return nil, p.fail(p.tok.at, "more than %d levels of nesting", MaxDepth)
	}
	c, err := p.compare(AttrPath{Name: sub})
	return &Has{Attr: attr, Filter: &And{f, c}}, err
}

func (p *parser) group() (Expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	x, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != closed {
		return nil, p.unexpected("')'")
	}
	p.depth--
	return x, p.next()
}

// brackets reads [filter] and what may follow it without a space: .sub
func (p *parser) brackets(attr AttrPath) (f Expr, sub string, err error) {
	if attr.Sub != "" {
		return nil, "", p.fail(p.tok.at, "a sub-attribute has no elements to choose from")
	}
	if err = p.enter(); err != nil {
		return nil, "", err
	}
	if err = p.next(); err != nil {
		return nil, "", err
	}
	p.inside = true
	if f, err = p.or(); err != nil {
		return nil, "", err
	}
	if p.tok.kind != closeBracket {
		return nil, "", p.unexpected("']'")
	}
	p.inside = false
	p.depth--
	dot := strings.HasPrefix(p.src[p.pos:], ".")
	if dot {
		p.pos++
	}
	if err = p.next(); err != nil || !dot {
		return f, "", err
	}
	if p.tok.kind != word || !isName(p.tok.text) {
		return nil, "", p.unexpected("the name of a sub-attribute")
	}
	sub = p.tok.text
	return f, sub, p.next()
}

// attr reads the name of an attribute.
func (p *parser) attr() (AttrPath, error) {
	if p.tok.kind != word {
		return AttrPath{}, p.unexpected("the name of an attribute")
	}
	a, ok := splitAttr(p.tok.text)
	if !ok {
		return a, p.fail(p.tok.at, "%s is not the name of an attribute", p.tok)
	}
	return a, p.next()
}

var operators = map[string]Op{
	"eq": Eq, "ne": Ne, "co": Co, "sw": Sw, "ew": Ew,
	"gt": Gt, "ge": Ge, "lt": Lt, "le": Le, "pr": Pr,
}

// compare reads the operator and the literal that follow an attribute.
func (p *parser) compare(attr AttrPath) (Expr, error) {
	if p.terms++; p.terms > MaxTerms {
		return nil, p.fail(p.tok.at, "more than %d comparisons", MaxTerms)
	}
	if p.tok.kind != word {
		return nil, p.unexpected("an operator")
	}
	op, ok := operators[strings.ToLower(p.tok.text)]
	if !ok {
		return nil, schema.Errorf(p.fault, "The operator '%s' is not supported.", clip(p.tok.text))
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	c := &Compare{Attr: attr, Op: op}
	if op == Pr {
		return c, nil
	}
	switch {
	case p.tok.kind == literal:
		c.Value = p.tok.value
	case p.tok.is("true"), p.tok.is("false"):
		c.Value = p.tok.is("true")
	case !p.tok.is("null"):
		return nil, p.unexpected("a value in JSON")
	}
	return c, p.next()
}

// splitAttr takes [URI:]Name[.Sub] apart. The URI ends at the last colon, since
// names hold none; what has a colon and no name after it is a bare URI.
func splitAttr(s string) (AttrPath, bool) {
	i := strings.LastIndexByte(s, ':')
	if i == 0 || i == len(s)-1 {
		return AttrPath{}, false
	}
	name, sub, dotted := strings.Cut(s[i+1:], ".")
	if isName(name) && (!dotted || isName(sub)) {
		return AttrPath{URI: s[:max(i, 0)], Name: name, Sub: sub}, true
	}
	if i < 0 || name == "" || strings.HasSuffix(s, ".") {
		return AttrPath{}, false
	}
	return AttrPath{URI: s}, true
}

// isName reports whether s is an ATTRNAME of RFC 7643 section 2.1, or one that
// begins with "$", as "$ref" does against that grammar.
func isName(s string) bool {
	t := strings.TrimPrefix(s, "$")
	if t == "" || !isAlpha(t[0]) {
		return false
	}
	for i := 1; i < len(t); i++ {
		if c := t[i]; !isAlpha(c) && !isDigit(c) && c != '-' && c != '_' && c != '$' {
			return false
		}
	}
	return true
}
