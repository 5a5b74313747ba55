package secret

import (
	"crypto/sha256"
	_ "embed" // the list of common passwords
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// commonList holds the first 32 bits of the SHA-256 of common passwords in lower
// case, sorted, as differences in varints. common.md says where it is from. One
// other password in twenty thousand is taken for a common one.
//
//go:embed common.bin
var commonList []byte

var common = sync.OnceValue(func() []uint32 {
	var out []uint32
	last := uint32(0)
	for rest := commonList; len(rest) > 0; {
		n, size := binary.Uvarint(rest)
		last += uint32(n)
		out, rest = append(out, last), rest[size:]
	}
	return out
})

func listed(word string) bool {
	sum := sha256.Sum256([]byte(word))
	_, ok := slices.BinarySearch(common(), binary.BigEndian.Uint32(sum[:4]))
	return ok
}

// Bounds of what a password may have besides the words of its context.
const (
	minWord  = 3 // letters of a word that counts
	maxWords = 50
	fewOther = 4 // characters: fewer besides the words are too few
	fewSigns = 6 // the same for digits and signs alone: years, birthdays
)

// TooCommon reports whether a password is one of those that are tried first: one
// of the list of common passwords in any case, one character or one run of the
// alphabet, or little more than the words, which are names of the person and of
// the organisation.
func TooCommon(password string, words ...string) bool {
	if len(password) > MaxPassword {
		return false
	}
	p := strings.ToLower(norm.NFKC.String(password))
	if listed(p) || monotonous(p) {
		return true
	}
	rest := p
	for _, w := range contextWords(words) {
		rest = strings.ReplaceAll(rest, w, "")
	}
	if rest == p {
		return false
	}
	n := utf8.RuneCountInString(rest)
	return n < fewOther || n <= fewSigns && !strings.ContainsFunc(rest, unicode.IsLetter) || listed(rest)
}

// contextWords takes names and addresses apart, the longest word first.
func contextWords(texts []string) []string {
	var out []string
	for _, t := range texts {
		t = strings.ToLower(norm.NFKC.String(t))
		parts := strings.FieldsFunc(t, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if len(parts) > 1 {
			parts = append(parts, t, strings.Join(parts, ""))
		}
		for _, w := range parts {
			if utf8.RuneCountInString(w) >= minWord && len(out) < maxWords {
				out = append(out, w)
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
}

// monotonous reports whether every character is the same as the one before, or
// every one its neighbour in the same direction.
func monotonous(p string) bool {
	runes := []rune(p)
	if len(runes) < 2 {
		return true
	}
	step := runes[1] - runes[0]
	if step < -1 || step > 1 {
		return false
	}
	for i := 2; i < len(runes); i++ {
		if runes[i]-runes[i-1] != step {
			return false
		}
	}
	return true
}
