package filter

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/muster-id/muster/scim/schema"
)

type kind int

const (
	end kind = iota
	word
	literal // a JSON string or number, its value in token.value
	open
	closed
	openBracket
	closeBracket
)

type token struct {
	kind  kind
	text  string
	value any
	at    int // offset in bytes
}

// is reports whether the token is a keyword, in any case.
func (t token) is(keyword string) bool {
	return t.kind == word && strings.EqualFold(t.text, keyword)
}

// String returns the token as an error shows it.
func (t token) String() string { return "'" + clip(t.text) + "'" }

// clip shortens what a client sent for an error.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// isWord reports whether c may stand in a keyword or in the name of an
// attribute with its URI.
func isWord(c byte) bool {
	return isAlpha(c) || isDigit(c) || strings.IndexByte("-_.:$/%+@~#", c) >= 0
}

// next reads the next token into p.tok.
func (p *parser) next() error {
	for p.pos < len(p.src) && isSpace(p.src[p.pos]) {
		p.pos++
	}
	p.tok = token{at: p.pos}
	if p.pos == len(p.src) {
		return nil
	}
	switch c := p.src[p.pos]; {
	case c == '(':
		p.take(open, 1)
	case c == ')':
		p.take(closed, 1)
	case c == '[':
		p.take(openBracket, 1)
	case c == ']':
		p.take(closeBracket, 1)
	case c == '"':
		return p.str()
	case c == '-' || isDigit(c):
		return p.number()
	case isAlpha(c) || c == '$':
		n := 1
		for p.pos+n < len(p.src) && isWord(p.src[p.pos+n]) {
			n++
		}
		p.take(word, n)
	default:
		for _, r := range p.src[p.pos:] {
			return p.fail(p.pos, "the character %q has no meaning here", r)
		}
	}
	return nil
}

func (p *parser) take(k kind, n int) {
	p.tok.kind, p.tok.text = k, p.src[p.pos:p.pos+n]
	p.pos += n
}

// ahead returns the byte that follows p.tok and white space, 0 at the end.
func (p *parser) ahead() byte {
	for i := p.pos; i < len(p.src); i++ {
		if !isSpace(p.src[i]) {
			return p.src[i]
		}
	}
	return 0
}

// str reads a JSON string.
func (p *parser) str() error {
	i, plain := p.pos+1, true
	for ; i < len(p.src) && p.src[i] != '"'; i++ {
		if c := p.src[i]; c == '\\' {
			i, plain = i+1, false
		} else if c < ' ' {
			return p.fail(i, "a control character stands in a string")
		}
	}
	if i >= len(p.src) {
		return p.fail(p.pos, "the string does not end")
	}
	p.take(literal, i+1-p.pos)
	s := p.tok.text[1 : len(p.tok.text)-1]
	if !plain {
		o, err := schema.Decode([]byte(`{"v":` + p.tok.text + `}`)) // refuses half a surrogate pair, too
		if err != nil {
			return p.fail(p.tok.at, "the string is not valid JSON")
		}
		s, _ = o["v"].(string)
	}
	if strings.IndexByte(s, 0) >= 0 { // no value has one, and not every store can compare it
		return p.fail(p.tok.at, "a NUL character stands in a string")
	}
	p.tok.value = s
	return nil
}

// number reads a JSON number: int64 if it is written as one and fits, otherwise
// float64.
func (p *parser) number() error {
	n := 1
	for p.pos+n < len(p.src) && (isDigit(p.src[p.pos+n]) || strings.IndexByte("+-.eE", p.src[p.pos+n]) >= 0) {
		n++
	}
	p.take(literal, n)
	if p.pos < len(p.src) && isWord(p.src[p.pos]) || !json.Valid([]byte(p.tok.text)) {
		return p.fail(p.tok.at, "the number is not valid JSON")
	}
	if i, err := strconv.ParseInt(p.tok.text, 10, 64); err == nil {
		p.tok.value = i
		return nil
	}
	f, err := strconv.ParseFloat(p.tok.text, 64)
	if err != nil || math.IsInf(f, 0) {
		return p.fail(p.tok.at, "the number is too large")
	}
	p.tok.value = f
	return nil
}
