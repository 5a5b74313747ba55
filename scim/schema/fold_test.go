package schema_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/muster-id/muster/scim/schema"
	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for phrase, c := range map[string]struct {
		a, b string
		same bool
	}{
		"ASCII case":                     {"BJensen@Example.COM", "bjensen@example.com", true},
		"another letter":                 {"bjensen", "bjenson", false},
		"sharp s and double s":           {"STRASSE", "straße", true},
		"final sigma":                    {"ΟΔΥΣΣΕΥΣ", "οδυσσευς", true},
		"composed and decomposed":        {"Andr\u00e9", "andre\u0301", true},
		"accent and none":                {"andré", "andre", false},
		"full width":                     {"ａｎｎ＠ｅｘａｍｐｌｅ．ｏｒｇ", "ANN@example.org", true},
		"half-width katakana":            {"ｶﾞ", "ガ", true},
		"ligature":                       {"ﬁnn", "FINN", true},
		"Kelvin sign":                    {"\u212aim", "kim", true},
		"Cyrillic case":                  {"ИВАН", "иван", true},
		"Cyrillic a is not Latin a":      {"аnn", "ann", false},
		"dotted capital I":               {"\u0130", "i\u0307", true},
		"digits with the width of CJK":   {"１２", "12", true},
		"accents in another order":       {"a\u0323\u0302", "a\u0302\u0323", true},
		"blank is a character like else": {"ann b", "annb", false},
	} {
		t.Run(phrase, func(t *testing.T) {
			if got := schema.Fold(c.a) == schema.Fold(c.b); got != c.same {
				t.Errorf("Fold(%q) = %q, Fold(%q) = %q: same %v, want %v",
					c.a, schema.Fold(c.a), c.b, schema.Fold(c.b), got, c.same)
			}
		})
	}
}

func TestFoldOfEveryCharacterIsStable(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		checkFold(t, string(r))
	}
}

func checkFold(t interface {
	Helper()
	Errorf(string, ...any)
}, s string) {
	t.Helper()
	once := schema.Fold(s)
	if twice := schema.Fold(once); twice != once {
		t.Errorf("Fold(%q) = %q, again %q", s, once, twice)
	}
	if !utf8.ValidString(once) {
		t.Errorf("Fold(%q) = %q is not UTF-8", s, once)
	}
}

func TestFoldOfAnyTextIsStable(t *testing.T) {
	// Text in which the three mappings disturb each other: marks, jamo, wide
	// and compatibility forms.
	tricky := rapid.SampledFrom([]rune("ßẞﬁΐΣςᾳᾼ\u0345\u0301\u0308\u0323\u0307İıŉǰẖ각ㄱﾡｶﾞﾟ㎏①Ⅷµſ\u212a\u00a0\u200dA"))
	text := rapid.StringOf(rapid.OneOf(tricky, rapid.Rune()))
	rapid.Check(t, func(t *rapid.T) {
		checkFold(t, text.Draw(t, "text"))
	})
}

func FuzzFold(f *testing.F) {
	f.Add("ＳＴＲＡßＥ")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, s string) {
		if utf8.ValidString(s) {
			checkFold(t, s)
		} else {
			schema.Fold(s)
		}
	})
}

func TestKey(t *testing.T) {
	exact, folded := &schema.Attribute{CaseExact: true}, &schema.Attribute{}
	if got := schema.Key(exact, "Ext-A"); got != "Ext-A" {
		t.Errorf("Key of an exact attribute = %q, want Ext-A", got)
	}
	if got := schema.Key(folded, "Ext-A"); got != "ext-a" {
		t.Errorf("Key of a folded attribute = %q, want ext-a", got)
	}
}
