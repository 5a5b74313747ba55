package find

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/muster-id/muster/scim/schema"
)

// FuzzAfter checks the range that stands for a prefix: it holds exactly the
// texts with the prefix.
func FuzzAfter(f *testing.F) {
	f.Add("ann", "anna")
	f.Add("\U0010FFFF", "\U0010FFFF!")
	f.Add("퟿", "\uE000")
	f.Fuzz(func(t *testing.T, prefix, s string) {
		if prefix == "" || !utf8.ValidString(prefix) || !utf8.ValidString(s) {
			t.Skip()
		}
		end := after(prefix)
		inside := s >= prefix && (end == "" || s < end)
		if want := strings.HasPrefix(s, prefix); inside != want {
			t.Errorf("%q in [%q, %q) is %t, has the prefix is %t", s, prefix, end, inside, want)
		}
	})
}

// FuzzNeedle checks that no document is passed over that holds the needle.
func FuzzNeedle(f *testing.F) {
	f.Add("Anna", "ann")
	f.Add("ＡＮＮ", "ann")
	f.Add(`a"b`, `a"`)
	f.Fuzz(func(t *testing.T, value, part string) {
		if part == "" || !isASCII(part) || !utf8.ValidString(value) {
			t.Skip()
		}
		a := &schema.Attribute{Name: "x", Type: schema.String}
		key := schema.Key(a, part)
		doc := schema.AppendString(nil, value)
		var low []byte
		if strings.Contains(schema.Key(a, value), key) && !MayHold(doc, []byte(key), &low) {
			t.Errorf("%s is passed over in search of %q", doc, key)
		}
	})
}
