package locale_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/muster-id/muster/locale"
)

// words is a room's folder in which German lacks a key.
func words() fstest.MapFS {
	files := fstest.MapFS{}
	for _, tag := range locale.Tags() {
		files["w/"+tag+".toml"] = &fstest.MapFile{Data: []byte("hello = \"" + tag + " {{.name}}\"\n")}
	}
	files["w/en.toml"] = &fstest.MapFile{Data: []byte(`
hello = "Hello {{.name}}"
bye = "Bye"
[left]
one = "{{.count}} try left"
other = "{{.count}} tries left"
`)}
	return files
}

func TestWords(t *testing.T) {
	c, err := locale.New(words(), "w")
	if err != nil {
		t.Fatal(err)
	}
	for phrase, got := range map[string][2]string{
		"the first preference that we have": {c.For("xx", "nl-BE, fr").T("hello", "name", "Ann"), "nl Ann"},
		"quality before order":              {c.For("en;q=0.1, de").T("hello", "name", "Ann"), "de Ann"},
		"a list of tags":                    {c.For("ja pt de").T("hello", "name", "Ann"), "pt-BR Ann"},
		"nobody's language":                 {c.For("ja").T("hello", "name", "Ann"), "Hello Ann"},
		"a key that a language lacks":       {c.For("de").T("bye"), "Bye"},
		"a key that nobody has":             {c.For("de").T("what"), "what"},
		"one":                               {c.For("en").N("left", 1), "1 try left"},
		"many":                              {c.For("en").N("left", 3), "3 tries left"},
		"right to left":                     {c.For("ar-EG").Dir(), "rtl"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %q, want %q", phrase, got[0], got[1])
		}
	}
	if missing := c.Missing(); !slices.Contains(missing, "de: bye") || slices.Contains(missing, "en: bye") {
		t.Errorf("missing words: %q", missing)
	}
}

func TestBadWords(t *testing.T) {
	for phrase, change := range map[string]func(fstest.MapFS){
		"no TOML":        func(f fstest.MapFS) { f["w/ar.toml"] = &fstest.MapFile{Data: []byte("hello")} },
		"English absent": func(f fstest.MapFS) { delete(f, "w/en.toml") },
	} {
		files := words()
		change(files)
		if _, err := locale.New(files, "w"); err == nil {
			t.Errorf("%s: no error", phrase)
		}
	}
}

// FuzzMatch checks that whatever somebody prefers, we speak one of our languages.
func FuzzMatch(f *testing.F) {
	f.Add("de-CH, fr;q=0.8")
	f.Add("a b\x00 c")
	f.Fuzz(func(t *testing.T, prefs string) {
		if got := locale.Match(prefs); !slices.Contains(locale.Tags(), got) {
			t.Errorf("Match(%q) = %q", prefs, got)
		}
	})
}
