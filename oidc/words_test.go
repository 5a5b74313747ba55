package oidc

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/muster-id/muster/locale"
)

// TestCatalogue checks that all languages have all sentences, and that the code
// and the templates ask for each of them and for no other.
func TestCatalogue(t *testing.T) {
	words, err := locale.New(files, "words")
	if err != nil {
		t.Fatal(err)
	}
	if missing := words.Missing(); len(missing) > 0 {
		t.Errorf("missing words: %v", missing)
	}
	asked := map[string]bool{"device.unknown": true, "device.too_many": true}
	for _, done := range []string{"device.allowed", "device.denied"} {
		asked[done+"_title"], asked[done+"_text"] = true, true
	}
	for _, s := range described {
		asked["scope."+strings.ReplaceAll(s, ":", "_")] = true
	}
	for _, k := range []string{"scope.claim", "scope.unknown", "problem.title", "problem.text", "problem.no_app", "problem.app_off",
		"problem.expired_title", "problem.expired_text", "problem.gone_title", "problem.gone_text", "problem.denied_title", "problem.denied_text"} {
		asked[k] = true
	}
	said := regexp.MustCompile(`\.T "([a-z_.]+)"`)
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllStringSubmatch(string(text), -1) {
			asked[m[1]] = true
		}
		page := strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html")
		if page != "partials" && page != "done" {
			asked[page+".title"] = true
		}
	}
	for _, k := range words.Keys() {
		if !asked[k] {
			t.Errorf("nobody says %s", k)
		}
	}
	for k := range asked {
		if !slices.Contains(words.Keys(), k) {
			t.Errorf("there are no words for %s", k)
		}
	}
}
