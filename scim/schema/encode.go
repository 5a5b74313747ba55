package schema

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Encode returns a canonical document as it is stored and sent: without meta,
// row attributes and what is never returned. "schemas" and "id" come first,
// then the order is that of the schema, then the extensions. Append also writes
// what Encode leaves out.
func (rt *ResourceType) Encode(o Object) []byte {
	w := writer{buf: make([]byte, 0, 1024), stored: true}
	return w.document(rt, o)
}

// Append appends the JSON of the whole object to dst, in either form, in the
// order of Encode and with meta at the end.
func (rt *ResourceType) Append(dst []byte, o Object) []byte {
	w := writer{buf: dst}
	return w.document(rt, o)
}

// AppendValue appends the JSON of a canonical or decoded value to dst. The keys
// of objects are sorted.
func AppendValue(dst []byte, v any) []byte {
	w := writer{buf: dst}
	w.value(nil, v)
	return w.buf
}

// A writer appends JSON to buf.
type writer struct {
	buf     []byte
	stored  bool // write only what Encode writes
	indexed bool // write what a schema asks of the store
}

func (w *writer) skips(a *Attribute) bool {
	return w.stored && (a.Rows || a.Returned == Never)
}

func (w *writer) document(rt *ResourceType, o Object) []byte {
	w.buf = append(w.buf, '{')
	seen := 0
	x := rt.idx()
	for _, a := range x.sends {
		if v, ok := o[a.Name]; ok {
			seen++
			w.member(a, v)
		}
	}
	seen += w.container(rt.Schema, o)
	for i := range x.exts {
		seen += w.container(x.exts[i].Schema, o)
	}
	meta, ok := o["meta"]
	if ok {
		seen++
	}
	if seen < len(o) { // attributes that the schema no longer has
		for _, key := range sortedKeys(o) {
			if rt.known(key) {
				continue
			}
			w.key(key)
			w.value(nil, o[key])
		}
	}
	if ok && !w.stored {
		w.key("meta")
		w.value(x.names["meta"], meta)
	}
	w.buf = append(w.buf, '}')
	return w.buf
}

// known reports whether document writes the key in its place.
func (rt *ResourceType) known(key string) bool {
	a := rt.idx().names[lowerASCII(key)]
	if a != nil && a.Name == key || key == rt.Schema.ID {
		return true
	}
	s := rt.Extension(key)
	return s != nil && s.ID == key
}

// container writes the object under the URN of a schema, if there is one.
func (w *writer) container(s *Schema, o Object) int {
	v, ok := o[s.ID]
	if !ok {
		return 0
	}
	inner, ok := v.(Object)
	start := len(w.buf)
	w.key(s.ID)
	if !ok {
		w.value(nil, v)
		return 1
	}
	w.buf = append(w.buf, '{')
	open := len(w.buf)
	w.members(s.Attributes, inner)
	if w.stored && len(w.buf) == open { // nothing but secrets in it
		w.buf = w.buf[:start]
		return 1
	}
	w.buf = append(w.buf, '}')
	return 1
}

// members writes the inside of an object in the order of attrs, and then what
// else is in it.
func (w *writer) members(attrs []*Attribute, o Object) {
	seen := 0
	for _, a := range attrs {
		if v, ok := o[a.Name]; ok {
			seen++
			w.member(a, v)
		}
	}
	if seen == len(o) {
		return
	}
	for _, key := range sortedKeys(o) {
		if !slices.ContainsFunc(attrs, func(a *Attribute) bool { return a.Name == key }) {
			w.key(key)
			w.value(nil, o[key])
		}
	}
}

func (w *writer) member(a *Attribute, v any) {
	if w.skips(a) {
		return
	}
	start := len(w.buf)
	w.key(a.Name)
	w.value(a, v)
	if w.stored && string(w.buf[len(w.buf)-2:]) == "{}" { // it held nothing but secrets
		w.buf = w.buf[:start]
	}
}

func (w *writer) key(name string) {
	if c := w.buf[len(w.buf)-1]; c != '{' {
		w.buf = append(w.buf, ',')
	}
	w.buf = append(AppendString(w.buf, name), ':')
}

// value writes a value; a says in which order sub-attributes come, or is nil.
func (w *writer) value(a *Attribute, v any) {
	switch v := v.(type) {
	case nil:
		w.buf = append(w.buf, "null"...)
	case string:
		w.buf = AppendString(w.buf, v)
	case bool:
		w.buf = strconv.AppendBool(w.buf, v)
	case int:
		w.buf = strconv.AppendInt(w.buf, int64(v), 10)
	case int64:
		w.buf = strconv.AppendInt(w.buf, v, 10)
	case float64:
		w.buf = appendFloat(w.buf, v)
	case json.Number:
		w.buf = append(w.buf, v...)
	case Object:
		w.buf = append(w.buf, '{')
		if a != nil {
			w.members(a.SubAttributes, v)
		} else {
			w.members(nil, v)
		}
		w.buf = append(w.buf, '}')
	case []any:
		w.buf = append(w.buf, '[')
		for i, x := range v {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			w.value(a, x)
		}
		w.buf = append(w.buf, ']')
	case []string:
		w.buf = append(w.buf, '[')
		for i, s := range v {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			w.buf = AppendString(w.buf, s)
		}
		w.buf = append(w.buf, ']')
	default:
		panic("schema: not a canonical value")
	}
}

// appendFloat writes f so that it reads back as the same number.
func appendFloat(dst []byte, f float64) []byte {
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, 64)
}

// AppendString appends s as a JSON string to dst. Bytes that are not UTF-8
// become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}
