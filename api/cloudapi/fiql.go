package cloudapi

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/muster-id/muster/identity"
)

// Limits of a filter; what exceeds one is refused before it costs anything.
const (
	maxFilter      = 2000 // bytes
	maxFilterDepth = 20   // nested parentheses
	maxFilterTerms = 100  // comparisons
)

// A filter is a condition in FIQL (draft-nottingham-atompub-fiql), with the
// wildcards that these clients use. The zero filter is met by everything.
type filter struct {
	op    string    // ";" all of parts, "," one of them, "" a comparison
	parts []*filter // of ";" and ","
	name  string    // of a comparison, dotted
	cmp   string    // "==", "!=", "=gt=", "=ge=", "=lt=", "=le="
	value string
}

// comparisons are the operators, the longer ones first.
var comparisons = []string{"=gt=", "=ge=", "=lt=", "=le=", "==", "!="}

// parseFilter reads a filter; "" is nil, which everything meets.
func parseFilter(text string) (*filter, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > maxFilter {
		return nil, badFilter(fmt.Sprintf("has at most %d bytes", maxFilter))
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, badFilter("is text in UTF-8 without NUL")
	}
	p := &filterParser{text: text}
	f, err := p.either()
	if err == nil && p.at < len(text) {
		err = p.expected("an operator")
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func badFilter(why string) error {
	return identity.NewError(identity.Invalid, "filter", "The filter cannot be used: it "+why+".")
}

// A filterParser stands somewhere in a filter.
type filterParser struct {
	text         string
	at           int
	depth, terms int
}

func (p *filterParser) expected(what string) error {
	return badFilter(fmt.Sprintf("needs %s at byte %d", what, p.at))
}

func (p *filterParser) take(c byte) bool {
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// either reads a list with ",", which binds less than ";".
func (p *filterParser) either() (*filter, error) { return p.list(',', p.all) }

func (p *filterParser) all() (*filter, error) { return p.list(';', p.one) }

func (p *filterParser) list(sep byte, next func() (*filter, error)) (*filter, error) {
	first, err := next()
	if err != nil {
		return nil, err
	}
	parts := []*filter{first}
	for p.take(sep) {
		f, err := next()
		if err != nil {
			return nil, err
		}
		parts = append(parts, f)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return &filter{op: string(sep), parts: parts}, nil
}

func (p *filterParser) one() (*filter, error) {
	if !p.take('(') {
		return p.comparison()
	}
	if p.depth++; p.depth > maxFilterDepth {
		return nil, badFilter(fmt.Sprintf("has at most %d parentheses within one another", maxFilterDepth))
	}
	f, err := p.either()
	if err != nil {
		return nil, err
	}
	if !p.take(')') {
		return nil, p.expected(`")"`)
	}
	p.depth--
	return f, nil
}

func (p *filterParser) comparison() (*filter, error) {
	if p.terms++; p.terms > maxFilterTerms {
		return nil, badFilter(fmt.Sprintf("has at most %d comparisons", maxFilterTerms))
	}
	start := p.at
	for p.at < len(p.text) && nameByte(p.text[p.at]) {
		p.at++
	}
	f := &filter{name: p.text[start:p.at]}
	if f.name == "" {
		return nil, p.expected("a name")
	}
	for _, op := range comparisons {
		if strings.HasPrefix(p.text[p.at:], op) {
			f.cmp = op
			p.at += len(op)
			return f, p.readValue(f)
		}
	}
	return nil, p.expected("an operator")
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-'
}

// readValue reads a value: in quotes, or up to what ends a comparison.
// Parentheses within it come in pairs. What is escaped a second time, as some
// clients do, is taken as it was meant.
func (p *filterParser) readValue(f *filter) error {
	start, open := p.at, 0
	if start < len(p.text) && (p.text[start] == '\'' || p.text[start] == '"') {
		if end := strings.IndexByte(p.text[start+1:], p.text[start]); end >= 0 {
			f.value = p.text[start+1 : start+1+end]
			p.at = start + end + 2
			return p.some(f.value)
		}
	}
	for ; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		if c == ';' || c == ',' || c == ')' && open == 0 {
			break
		}
		switch c {
		case '(':
			open++
		case ')':
			open--
		}
	}
	f.value = p.text[start:p.at]
	if plain, err := url.PathUnescape(f.value); err == nil && utf8.ValidString(plain) && !strings.ContainsRune(plain, 0) {
		f.value = plain
	}
	return p.some(f.value)
}

// some refuses an empty value: what is absent is asked for by "!=*".
func (p *filterParser) some(value string) error {
	if value == "" {
		return p.expected("a value")
	}
	return nil
}

// String prints the filter in a form that parses to the same filter.
func (f *filter) String() string {
	if f == nil {
		return ""
	}
	if f.op == "" {
		return f.name + f.cmp + escapeValue(f.value)
	}
	parts := make([]string, len(f.parts))
	for i, one := range f.parts {
		if parts[i] = one.String(); one.op != "" {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, f.op)
}

// escapeValue writes a value so that nothing in it ends it.
func escapeValue(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; strings.IndexByte(`;,()'"%`, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// A pattern is a value with wildcards at its ends.
type pattern struct {
	text         string
	before, then bool // something may stand before or after it
}

// patternOf reads the wildcards of a value. One in the middle is none that the
// indexes know, and is refused.
func patternOf(value string) (pattern, error) {
	p := pattern{text: value}
	if p.text, p.before = strings.CutPrefix(p.text, "*"); p.text != "" {
		p.text, p.then = strings.CutSuffix(p.text, "*")
	}
	if strings.Contains(p.text, "*") {
		return p, badFilter("has wildcards at the ends of values only")
	}
	return p, nil
}

// wild reports whether there is a wildcard.
func (p pattern) wild() bool { return p.before || p.then }

// meets reports whether a text meets the pattern, in any case.
func (p pattern) meets(text string) bool {
	text, want := strings.ToLower(text), strings.ToLower(p.text)
	switch {
	case p.before && (p.then || want == ""):
		return strings.Contains(text, want)
	case p.before:
		return strings.HasSuffix(text, want)
	case p.then:
		return strings.HasPrefix(text, want)
	}
	return text == want
}
