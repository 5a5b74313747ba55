package schema

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on single values.
const (
	// MaxString is the most bytes that a string, or a reference that is not a
	// data URI, may have.
	MaxString = 64 << 10
	// MaxBinary is the most bytes that a binary value may have in base64, and a
	// data URI.
	MaxBinary = 1 << 20
	// MaxUnique is the most characters that a value may have that must be
	// unique, such as userName.
	MaxUnique = 256
	// MaxValues is the most values that a multi-valued attribute may have whose
	// values stand in the document. Rows, such as members, have no such limit.
	MaxValues = 10_000
)

// Value brings one decoded JSON value for one attribute into canonical form, as
// PATCH needs it. It returns nil when v is null or empty, which clears the
// attribute. For a multi-valued attribute v is an array or a single element and
// the result is a []any; with a Sub it is one value of the sub-attribute.
// Read-only sub-attributes are dropped and required ones not missed: a part may
// be added to a complex value. Mutability of the attribute itself is the
// caller's to check.
func (rt *ResourceType) Value(ref Ref, v any, d Dialect) (any, error) {
	c := reader{d}
	a := ref.Leaf()
	if a.MultiValued {
		if v == nil || d.EmptyClears && v == "" {
			return nil, nil
		}
		all, ok := v.([]any)
		if !ok {
			all = []any{v}
		}
		return c.many(ref, a, all)
	}
	return c.one(ref, a, v)
}

// Element is Value for one value of a multi-valued attribute, nil if it is
// empty. With a single-valued attribute it is the same as Value.
func (rt *ResourceType) Element(ref Ref, v any, d Dialect) (any, error) {
	c := reader{d}
	return c.one(ref, ref.Leaf(), v)
}

// A reader turns decoded values into canonical ones in one dialect.
type reader struct{ d Dialect }

// attr reads the whole value of an attribute in a document.
func (c reader) attr(ref Ref, v any) (any, error) {
	a := ref.Attr
	if v == nil {
		return nil, nil
	}
	if !a.MultiValued {
		return c.one(ref, a, v)
	}
	all, ok := v.([]any)
	if !ok {
		if c.d.EmptyClears && v == "" {
			return nil, nil
		}
		return nil, Errorf(InvalidValue, "%s is multi-valued: it must be an array.", ref.Path())
	}
	return c.many(ref, a, all)
}

// many reads the elements of a multi-valued attribute and drops empty ones.
func (c reader) many(ref Ref, a *Attribute, all []any) (any, error) {
	if err := fewValues(ref, a, all); err != nil {
		return nil, err
	}
	out := make([]any, 0, len(all))
	for _, v := range all {
		x, err := c.one(ref, a, v)
		if err != nil {
			return nil, err
		}
		if x != nil {
			out = append(out, x)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	if a.Type == Complex && ref.Sub == nil {
		out = distinct(a, out)
		if err := onePrimary(ref, a, out, c.d.FirstPrimary); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func fewValues(ref Ref, a *Attribute, all []any) error {
	if len(all) > MaxValues && !a.Rows {
		return Errorf(InvalidValue, "%s has %d values; at most %d are allowed.", ref.Path(), len(all), MaxValues)
	}
	return nil
}

// one reads one value, nil if it is empty.
func (c reader) one(ref Ref, a *Attribute, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	if v == "" && (c.d.EmptyClears || a.Type == String) {
		return nil, nil
	}
	switch a.Type {
	case Complex:
		return c.complex(ref, a, v)
	case Boolean:
		return c.boolean(ref, v)
	case Integer:
		return integer(ref, v)
	case Decimal:
		return decimal(ref, v)
	}
	s, ok := v.(string)
	if !ok {
		if all, ok := v.([]any); ok && len(all) == 0 && c.d.EmptyClears {
			return nil, nil
		}
		return nil, wrongType(ref, a, v)
	}
	switch a.Type {
	case DateTime:
		t, err := ParseTime(s)
		if err != nil {
			return nil, Errorf(InvalidValue, "%s: %s", ref.Path(), err.(*Error).Detail)
		}
		return formatExact(t), nil
	case Binary:
		return binary(ref, s)
	case Reference:
		return reference(ref, s)
	}
	return text(ref, a, s)
}

func wrongType(ref Ref, a *Attribute, v any) error {
	return Errorf(InvalidValue, "%s must be %s, not %s.", ref.Path(), kindOf[a.Type], jsonKind(v))
}

var kindOf = map[Type]string{
	String:    "a string",
	Boolean:   "a boolean",
	Decimal:   "a number",
	Integer:   "an integer",
	DateTime:  "a string with a dateTime",
	Binary:    "a string in base64",
	Reference: "a string with a URI",
	Complex:   "an object",
}

func jsonKind(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case []any:
		return "an array"
	case Object:
		return "an object"
	}
	return "a number"
}

func (c reader) boolean(ref Ref, v any) (any, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		if c.d.StringBooleans && equalName(v, "true") {
			return true, nil
		}
		if c.d.StringBooleans && equalName(v, "false") {
			return false, nil
		}
	}
	return nil, wrongType(ref, ref.Leaf(), v)
}

// integer takes whole numbers without fraction or exponent (RFC 7643 section
// 2.3.4).
func integer(ref Ref, v any) (any, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case json.Number:
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err == nil {
			return n, nil
		}
		return nil, Errorf(InvalidValue, "%s: %s is not an integer of 64 bits.", ref.Path(), clip(string(v)))
	}
	return nil, wrongType(ref, ref.Leaf(), v)
}

func decimal(ref Ref, v any) (any, error) {
	switch v := v.(type) {
	case float64:
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			return v, nil
		}
	case int64:
		return float64(v), nil
	case json.Number:
		f, err := strconv.ParseFloat(string(v), 64)
		if err == nil {
			return f + 0, nil // no negative zero
		}
		return nil, Errorf(InvalidValue, "%s: %s is too large.", ref.Path(), clip(string(v)))
	}
	return nil, wrongType(ref, ref.Leaf(), v)
}

func text(ref Ref, a *Attribute, s string) (any, error) {
	if err := plain(ref, s, MaxString); err != nil {
		return nil, err
	}
	if a.Required && strings.TrimSpace(s) == "" {
		return nil, Errorf(InvalidValue, "%s must not be blank.", ref.Path())
	}
	if unique(a) {
		return s, identifier(ref, s)
	}
	return s, nil
}

// identifier checks a value that must be unique: two of them must not look the
// same and be different. Like the IdentifierClass of PRECIS (RFC 8264 section
// 4.2) it allows no control and format characters but the two joiners.
func identifier(ref Ref, s string) error {
	if len(s) > MaxUnique && utf8.RuneCountInString(s) > MaxUnique {
		return Errorf(InvalidValue, "%s must be unique and may have at most %d characters.", ref.Path(), MaxUnique)
	}
	for _, r := range s {
		const nonJoiner, joiner = '\u200C', '\u200D'
		if unicode.In(r, unicode.Cc, unicode.Cf) && r != nonJoiner && r != joiner {
			return Errorf(InvalidValue, "%s must not hold the invisible character %U.", ref.Path(), r)
		}
	}
	return nil
}

func unique(a *Attribute) bool { return a.Uniqueness == Server || a.Uniqueness == Global }

// plain checks what all strings have in common.
func plain(ref Ref, s string, most int) error {
	switch {
	case len(s) > most:
		return Errorf(InvalidValue, "%s has %d bytes; at most %d are allowed.", ref.Path(), len(s), most)
	case strings.IndexByte(s, 0) >= 0:
		return Errorf(InvalidValue, "%s must not hold a NUL character.", ref.Path())
	case !utf8.ValidString(s):
		return Errorf(InvalidValue, "%s must be valid UTF-8.", ref.Path())
	}
	return nil
}

// binary checks base64 (RFC 4648 section 4) with or without padding and line
// breaks, and returns it with padding and without breaks.
func binary(ref Ref, s string) (any, error) {
	if len(s) > MaxBinary {
		return nil, Errorf(InvalidValue, "%s has %d bytes in base64; at most %d are allowed.", ref.Path(), len(s), MaxBinary)
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "=\r\n"))
	if err != nil {
		return nil, Errorf(InvalidValue, "%s is not base64.", ref.Path())
	}
	if len(b) == 0 {
		return nil, nil
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

func reference(ref Ref, s string) (any, error) {
	if s == "" {
		return nil, nil
	}
	most := MaxString
	data := len(s) > 5 && equalName(s[:5], "data:")
	if data {
		most = MaxBinary
	}
	if err := plain(ref, s, most); err != nil {
		return nil, err
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7F {
			return nil, Errorf(InvalidValue, "%s is not a URI: it holds a space or a control character.", ref.Path())
		}
	}
	if !data {
		if _, err := url.Parse(s); err != nil {
			return nil, Errorf(InvalidValue, "%s is not a URI.", ref.Path())
		}
	}
	return s, nil
}
