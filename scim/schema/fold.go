package schema

import (
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Fold returns the form in which strings with caseExact false are compared and
// kept unique: two strings are the same when their folds are equal bytes. It
// ignores case in every script ("ß" is "ss", the final sigma is a sigma), the
// width of characters, compatibility forms such as ligatures, and how accents
// are composed. It is at least as wide as the UsernameCaseMapped profile of
// PRECIS (RFC 8265), but it refuses nothing. Folding twice changes nothing.
func Fold(s string) string {
	upper := false
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return foldUnicode(s)
		}
		upper = upper || 'A' <= c && c <= 'Z'
	}
	if !upper {
		return s
	}
	return lowerASCII(s)
}

// foldRounds bounds the search for the fixed point. Each of the three mappings
// may make work for the others; all known text settles in three rounds.
const foldRounds = 8

func foldUnicode(s string) string {
	fold := cases.Fold()
	for range foldRounds {
		t := norm.NFKC.String(fold.String(norm.NFKC.String(width.Fold.String(s))))
		if t == s {
			break
		}
		s = t
	}
	return s
}

// Key returns the form in which values of the attribute are compared: the value
// itself if case matters, else its fold.
func Key(a *Attribute, s string) string {
	if a.CaseExact {
		return s
	}
	return Fold(s)
}

// lowerASCII is strings.ToLower for attribute names and URNs, which are ASCII.
func lowerASCII(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// equalName compares attribute names and URNs without regard to case.
func equalName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x |= 0x20; x != y|0x20 || x < 'a' || x > 'z' {
			return false
		}
	}
	return true
}
