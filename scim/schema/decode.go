package schema

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep the objects and arrays of a document may nest,
// maxKeys how many keys one object may have, maxParts how many objects and arrays
// there may be in a document: each takes a hundred times the room of "{}".
const (
	maxDepth = 32
	maxKeys  = 10_000
	maxParts = 250_000
)

// Decode reads one JSON object strictly (RFC 8259): nothing may follow it, no
// key may come twice in one object, not even in another case, strings must be
// valid Unicode, nesting ends at 32 levels, and an object at 10,000 keys. Objects become Object, arrays
// []any, numbers json.Number. Strings share the memory of one copy of data. The
// error is an *Error with InvalidSyntax.
func Decode(data []byte) (Object, error) {
	p := parser{text: string(data), distinct: true}
	return p.document()
}

// A parser reads JSON from text. Strings without escapes share its memory.
type parser struct {
	text     string
	pos      int
	depth    int
	parts    int
	distinct bool // look for keys that come twice
	numbers  bool // a number was read
	err      *Error
}

func (p *parser) document() (Object, error) {
	const bom = "\uFEFF" // RFC 8259 section 8.1 lets a parser ignore it
	if len(p.text) >= len(bom) && p.text[:len(bom)] == bom {
		p.pos = len(bom)
	}
	var o Object
	if p.space() != '{' {
		p.fail("The body must be a JSON object.")
	} else {
		o = p.object()
	}
	if p.err == nil && p.space() != 0 {
		p.fail("Unexpected text after the JSON object at offset %d.", p.pos)
	}
	if p.err == nil && p.pos < len(p.text) { // a NUL byte
		p.fail("Unexpected character at offset %d.", p.pos)
	}
	if p.err != nil {
		return nil, p.err
	}
	return o, nil
}

// fail keeps the first mistake and moves to the end, which stops all loops.
func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = Errorf(InvalidSyntax, format, args...)
	}
	p.pos = len(p.text)
}

func (p *parser) unexpected(want string) {
	if p.pos >= len(p.text) {
		p.fail("The JSON ends early: %s is missing.", want)
		return
	}
	p.fail("The JSON is malformed at offset %d: %s is missing.", p.pos, want)
}

// space skips white space and returns the byte after it, 0 at the end.
func (p *parser) space() byte {
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; c {
		case ' ', '\t', '\r', '\n':
			p.pos++
		default:
			return c
		}
	}
	return 0
}

func (p *parser) enter() bool {
	p.pos++
	if p.parts++; p.parts > maxParts && p.distinct {
		p.fail("The JSON has more than %d objects and arrays.", maxParts)
		return false
	}
	if p.depth++; p.depth > maxDepth {
		p.fail("The JSON nests deeper than %d levels.", maxDepth)
		return false
	}
	return true
}

func (p *parser) object() Object {
	o := Object{}
	if !p.enter() {
		return nil
	}
	if p.space() == '}' {
		p.pos++
		p.depth--
		return o
	}
	var few [fewKeys]string
	keys := few[:0]
	for {
		if p.space() != '"' {
			p.unexpected("a key in double quotes")
			return nil
		}
		key := p.str()
		if p.space() != ':' {
			p.unexpected("a colon")
			return nil
		}
		p.pos++
		if p.distinct {
			keys = p.note(keys, o, key)
		}
		v := p.value()
		if p.err != nil {
			return nil
		}
		o[key] = v
		switch p.space() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			p.depth--
			if p.distinct && len(o) > fewKeys {
				p.checkKeys(o)
			}
			return o
		default:
			p.unexpected("a comma or a closing brace")
			return nil
		}
	}
}

// fewKeys is the number up to which comparing all keys with each other is the
// cheapest way to find two that differ in case.
const fewKeys = 32

// note adds key to the keys of o so far, unless it is one of them.
func (p *parser) note(keys []string, o Object, key string) []string {
	if len(o) == maxKeys {
		p.fail("An object has more than %d keys.", maxKeys)
	}
	if len(keys) == fewKeys { // checkKeys finds other cases at the end
		if _, ok := o[key]; ok {
			p.fail("The key %q comes twice in one object.", clip(key))
		}
		return keys
	}
	for _, k := range keys {
		if equalName(k, key) {
			p.fail("The key %q comes twice in one object.", clip(key))
		}
	}
	return append(keys, key)
}

func (p *parser) checkKeys(o Object) {
	seen := make(map[string]struct{}, len(o))
	for k := range o {
		lower := lowerASCII(k)
		if _, ok := seen[lower]; ok {
			p.fail("The key %q comes twice in one object, in different cases.", clip(k))
			return
		}
		seen[lower] = struct{}{}
	}
}

func (p *parser) array() []any {
	all := []any{}
	if !p.enter() {
		return nil
	}
	if p.space() == ']' {
		p.pos++
		p.depth--
		return all
	}
	for {
		v := p.value()
		if p.err != nil {
			return nil
		}
		all = append(all, v)
		switch p.space() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			p.depth--
			return all
		default:
			p.unexpected("a comma or a closing bracket")
			return nil
		}
	}
}

func (p *parser) value() any {
	switch c := p.space(); c {
	case '{':
		return p.object()
	case '[':
		return p.array()
	case '"':
		return p.str()
	case 't':
		return p.literal("true", true)
	case 'f':
		return p.literal("false", false)
	case 'n':
		return p.literal("null", nil)
	default:
		if c == '-' || isDigit(c) {
			return p.number()
		}
		p.unexpected("a value")
		return nil
	}
}

func (p *parser) literal(word string, v any) any {
	if end := p.pos + len(word); end <= len(p.text) && p.text[p.pos:end] == word {
		p.pos = end
		return v
	}
	p.unexpected("a value")
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// peek returns the byte at pos, 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) digits() {
	if !isDigit(p.peek()) {
		p.unexpected("a digit")
	}
	for isDigit(p.peek()) {
		p.pos++
	}
}

func (p *parser) number() any {
	p.numbers = true
	start := p.pos
	if p.peek() == '-' {
		p.pos++
	}
	if p.peek() == '0' {
		p.pos++
		if isDigit(p.peek()) {
			p.fail("The number at offset %d begins with a zero.", start)
		}
	} else {
		p.digits()
	}
	if p.peek() == '.' {
		p.pos++
		p.digits()
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		p.digits()
	}
	if p.err != nil {
		return nil
	}
	return json.Number(p.text[start:p.pos])
}

// str reads a string; pos stands at its opening quote.
func (p *parser) str() string {
	p.pos++
	start, ascii := p.pos, true
	for ; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; {
		case c == '"':
			s := p.text[start:p.pos]
			p.pos++
			if !ascii && !utf8.ValidString(s) {
				p.fail("The string at offset %d is not valid UTF-8.", start)
			}
			return s
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			p.fail("The string at offset %d holds a control character.", start)
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	p.unexpected("a closing quote")
	return ""
}

// escaped reads the rest of a string that began at start; pos stands at its
// first backslash.
func (p *parser) escaped(start int) string {
	b := append(make([]byte, 0, p.pos-start+32), p.text[start:p.pos]...)
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == '"':
			p.pos++
			if !utf8.Valid(b) {
				p.fail("The string at offset %d is not valid UTF-8.", start)
			}
			return string(b)
		case c == '\\':
			p.pos++
			b = p.escape(b)
		case c < ' ':
			p.fail("The string at offset %d holds a control character.", start)
		default:
			b = append(b, c)
			p.pos++
		}
	}
	p.unexpected("a closing quote")
	return ""
}

// escape appends the character of one escape; pos stands after the backslash.
func (p *parser) escape(b []byte) []byte {
	c := p.peek()
	p.pos++
	switch c {
	case '"', '\\', '/':
		return append(b, c)
	case 'b':
		return append(b, '\b')
	case 'f':
		return append(b, '\f')
	case 'n':
		return append(b, '\n')
	case 'r':
		return append(b, '\r')
	case 't':
		return append(b, '\t')
	case 'u':
		r := p.hex4()
		if utf16.IsSurrogate(r) {
			low := rune(-1)
			if p.pos+2 <= len(p.text) && p.text[p.pos:p.pos+2] == `\u` {
				p.pos += 2
				low = p.hex4()
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError && p.err == nil {
				p.fail("The escape before offset %d is half of a surrogate pair.", p.pos)
			}
		}
		return utf8.AppendRune(b, r)
	}
	p.fail("The escape before offset %d is unknown.", p.pos)
	return b
}

func (p *parser) hex4() rune {
	if p.pos+4 > len(p.text) {
		p.unexpected("a hexadecimal digit")
		return 0
	}
	n, err := strconv.ParseUint(p.text[p.pos:p.pos+4], 16, 32)
	if err != nil {
		p.fail("The escape at offset %d is not hexadecimal.", p.pos)
		return 0
	}
	p.pos += 4
	return rune(n)
}

// clip shortens text of a client for an error message.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}

// Field returns a member of a decoded message, its name in any case, or nil.
// Decode lets no two names pass that differ only in case.
func Field(o Object, name string) any {
	if v, ok := o[name]; ok {
		return v
	}
	for k, v := range o {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return nil
}
