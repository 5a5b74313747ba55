package secret

import (
	"slices"
	"strings"
	"testing"
)

func TestCommonList(t *testing.T) {
	list := common()
	if len(list) < 100_000 || !slices.IsSorted(list) {
		t.Errorf("the list has %d entries, want at least 100,000 in order", len(list))
	}
}

func TestTooCommon(t *testing.T) {
	words := []string{"Ada Lovelace", "ada.lovelace@analytical.example", "Acme Inc."}
	for password, want := range map[string]bool{
		"password":                         true,
		"PassWord":                         true,
		"123456":                           true,
		"qwertyuiop":                       true,
		"iloveyou":                         true,
		"password123":                      true,
		"aaaaaaaaaaaaaaaa":                 true,
		"abcdefghijklmnop":                 true,
		"987654321":                        true,
		"Lovelace1815!":                    true,
		"ADALOVELACE":                      true,
		"acme2026":                         true,
		"analytical":                       true,
		"acmepassword":                     true,
		"adalovelace-acme":                 true,
		"lovelace likes engines":           false,
		"correct horse battery staple":     false,
		"vLq8#tN2-kw0":                     false,
		"Grüße aus dem Maschinenraum":      false,
		strings.Repeat("a", MaxPassword+1): false,
	} {
		if got := TooCommon(password, words...); got != want {
			t.Errorf("TooCommon(%.40q) = %v, want %v", password, got, want)
		}
	}
	if TooCommon("Lovelace1815!") {
		t.Error("a name that is not in the context is too common")
	}
}

func FuzzTooCommon(f *testing.F) {
	f.Add("acme2026", "Acme Inc.")
	f.Fuzz(func(t *testing.T, password, word string) {
		if TooCommon(password) && !TooCommon(password, word) {
			t.Errorf("%q is less common with the word %q", password, word)
		}
	})
}

func BenchmarkTooCommon(b *testing.B) {
	for b.Loop() {
		TooCommon("correct horse battery staple", "Ada Lovelace", "Acme")
	}
}
