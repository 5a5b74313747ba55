package schema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/scim/schema"
)

// fault returns the Fault of err, "" for nil, and what it is otherwise.
func fault(err error) schema.Fault {
	if err == nil {
		return ""
	}
	var e *schema.Error
	if errors.As(err, &e) {
		return e.Fault
	}
	return schema.Fault(err.Error())
}

// object decodes JSON that must be right.
func object(t testing.TB, text string) schema.Object {
	t.Helper()
	o, err := schema.Decode([]byte(text))
	if err != nil {
		t.Fatalf("Decode(%s): %v", text, err)
	}
	return o
}

func TestDecode(t *testing.T) {
	got := object(t, "\uFEFF { \"a\" : [ 1 , -0.50, 2e+3, true, false, null, {}, [] ] ,\r\n\t\"b\":\"\\u0041\\\"\\\\\\/\\b\\f\\n\\r\\t\\ud83d\\ude00ü\" } ")
	want := schema.Object{
		"a": []any{json.Number("1"), json.Number("-0.50"), json.Number("2e+3"), true, false, nil, schema.Object{}, []any{}},
		"b": "A\"\\/\b\f\n\r\t😀ü",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Decode: -want +got\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	many := `{`
	for i := range 50 {
		many += `"k` + strings.Repeat("x", i) + `":1,`
	}
	for phrase, in := range map[string]string{
		"nothing":                    ``,
		"blank":                      ` `,
		"an array":                   `[]`,
		"a string":                   `"a"`,
		"two objects":                `{}{}`,
		"text after the object":      `{} x`,
		"a NUL after the object":     "{}\x00",
		"no end":                     `{"a":1`,
		"no value":                   `{"a":}`,
		"no colon":                   `{"a" 1}`,
		"a key without quotes":       `{a:1}`,
		"a comma too many":           `{"a":1,}`,
		"a comma too many in array":  `{"a":[1,]}`,
		"an array without end":       `{"a":[1`,
		"a wrong bracket":            `{"a":[1}`,
		"single quotes":              `{'a':1}`,
		"a comment":                  `{/**/"a":1}`,
		"a leading zero":             `{"a":01}`,
		"a plus":                     `{"a":+1}`,
		"a bare minus":               `{"a":-}`,
		"a bare point":               `{"a":1.}`,
		"an empty exponent":          `{"a":1e}`,
		"NaN":                        `{"a":NaN}`,
		"True":                       `{"a":True}`,
		"half a word":                `{"a":tru}`,
		"a key twice":                `{"a":1,"a":2}`,
		"a key twice in two cases":   `{"userName":1,"USERNAME":2}`,
		"a key twice by escapes":     `{"a":1,"\u0061":2}`,
		"a key twice inside":         `{"x":[{"a":1,"A":2}]}`,
		"a key twice among many":     many + `"k":1}`,
		"two cases among many":       many + `"K":1}`,
		"a control character":        "{\"a\":\"\n\"}",
		"one after an escape":        "{\"a\":\"\\n\n\"}",
		"no closing quote":           `{"a":"b`,
		"none after an escape":       `{"a":"\n`,
		"an unknown escape":          `{"a":"\x41"}`,
		"a short escape":             `{"a":"\u41`,
		"a wrong escape":             `{"a":"\u004g"}`,
		"half a pair":                `{"a":"\ud83d"}`,
		"half a pair, then another":  `{"a":"\ud83dA"}`,
		"the other half":             `{"a":"\ude00"}`,
		"two first halves":           `{"a":"\ud83d\ud83d"}`,
		"invalid UTF-8":              "{\"a\":\"\xff\"}",
		"invalid UTF-8 with escapes": "{\"a\":\"\\n\xff\"}",
		"a surrogate in UTF-8":       "{\"a\":\"\xed\xa0\x80\"}",
		"10001 keys":                 `{` + keys(10_001) + `}`,
		"33 levels":                  strings.Repeat(`{"a":`, 33) + `1` + strings.Repeat(`}`, 33),
		"a bomb of brackets":         `{"a":` + strings.Repeat(`[`, 100_000),
	} {
		t.Run(phrase, func(t *testing.T) {
			o, err := schema.Decode([]byte(in))
			if fault(err) != schema.InvalidSyntax {
				t.Errorf("Decode(%.60q) = %v, %v; want invalidSyntax", in, o, err)
			}
		})
	}
}

// keys are n members of an object.
func keys(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"k%d":1`, i)
	}
	return strings.Join(list, ",")
}

func TestDecodeAcceptsTheLimits(t *testing.T) {
	if o, err := schema.Decode([]byte(`{` + keys(10_000) + `}`)); err != nil || len(o) != 10_000 {
		t.Errorf("10000 keys: %d, %v", len(o), err)
	}
	deep := strings.Repeat(`{"a":`, 32) + `1` + strings.Repeat(`}`, 32)
	if _, err := schema.Decode([]byte(deep)); err != nil {
		t.Errorf("32 levels: %v", err)
	}
}

// FuzzDecode holds Decode to the standard library: what we accept it accepts
// with the same meaning, and what we write it reads.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(fullUser))
	f.Add([]byte(`{"a":[1,-0.5e3,true,null,"\ud83d\ude00"]}`))
	f.Add([]byte(`{"a":1,"A":2}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		o, err := schema.Decode(in)
		if err != nil {
			if fault(err) != schema.InvalidSyntax {
				t.Fatalf("Decode(%q): %v, want invalidSyntax", in, err)
			}
			return
		}
		std := json.NewDecoder(strings.NewReader(strings.TrimPrefix(string(in), "\uFEFF")))
		std.UseNumber()
		var want schema.Object
		if err := std.Decode(&want); err != nil {
			t.Fatalf("Decode accepted %q, the standard library says %v", in, err)
		}
		if diff := cmp.Diff(want, o); diff != "" {
			t.Errorf("Decode(%q): -want +got\n%s", in, diff)
		}
		again, err := schema.Decode(schema.AppendValue(nil, o))
		if err != nil || !schema.Equal(o, again) {
			t.Errorf("%q written and read back: %v, %v", in, again, err)
		}
	})
}
