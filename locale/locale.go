// Package locale holds what the product says to people, in their languages. Each
// room keeps its own words in files, one a language, and asks for a sentence by
// key. Whatever a language lacks is said in English.
package locale

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// tags are the languages, the first for everybody else.
var tags = []language.Tag{
	language.English, language.German, language.Dutch, language.French,
	language.Spanish, language.BrazilianPortuguese, language.Arabic,
}

// Tags returns the languages as BCP 47 tags, English first.
func Tags() []string {
	var out []string
	for _, t := range tags {
		out = append(out, t.String())
	}
	return out
}

var matcher = language.NewMatcher(tags)

// Match returns the language of ours that serves preferences best. A preference
// is a tag, or a list of tags as in ui_locales or in Accept-Language; what is
// none is passed over. The first preference that we have wins.
func Match(prefs ...string) string {
	for _, p := range prefs {
		fields := []string{p}
		if !strings.Contains(p, ",") {
			fields = strings.Fields(p)
		}
		for _, field := range fields {
			list, _, err := language.ParseAcceptLanguage(field)
			if err != nil || len(list) == 0 {
				continue
			}
			if _, i, c := matcher.Match(list...); c > language.No {
				return tags[i].String()
			}
		}
	}
	return tags[0].String()
}

// A Catalogue is the words of one room in all languages. It is safe for use by
// many goroutines at once.
type Catalogue struct {
	bundle *i18n.Bundle
	words  map[string]*Words
	keys   map[string]map[string]bool // by tag
}

// New reads the files dir/<tag>.toml. Each is a table of key = "text" with
// {{.name}} in it, or of key = {one = "…", other = "…"} for counts. A language
// without a file says everything in English.
func New(files fs.FS, dir string) (*Catalogue, error) {
	c := &Catalogue{bundle: i18n.NewBundle(tags[0]), words: map[string]*Words{}, keys: map[string]map[string]bool{}}
	c.bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	for _, t := range tags {
		name := path.Join(dir, t.String()+".toml")
		text, err := fs.ReadFile(files, name)
		if errors.Is(err, fs.ErrNotExist) && t != tags[0] {
			text, err = nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read words: %w", err)
		}
		f, err := c.bundle.ParseMessageFileBytes(text, path.Base(name))
		if err != nil {
			return nil, fmt.Errorf("read words of %s: %w", name, err)
		}
		keys := map[string]bool{}
		for _, m := range f.Messages {
			keys[m.ID] = true
		}
		c.keys[t.String()] = keys
		dir := "ltr"
		if base, _ := t.Base(); base.String() == "ar" {
			dir = "rtl"
		}
		c.words[t.String()] = &Words{tag: t.String(), dir: dir, say: i18n.NewLocalizer(c.bundle, t.String(), tags[0].String())}
	}
	return c, nil
}

// Must is New for words that are part of the program.
func Must(files fs.FS, dir string) *Catalogue {
	c, err := New(files, dir)
	if err != nil {
		panic(err)
	}
	return c
}

// For returns the words for somebody's preferences; see Match.
func (c *Catalogue) For(prefs ...string) *Words { return c.words[Match(prefs...)] }

// Keys returns the keys of the English words, sorted.
func (c *Catalogue) Keys() []string {
	return slices.Sorted(maps.Keys(c.keys[tags[0].String()]))
}

// Missing lists "tag: key" for every key that one language has and another
// lacks.
func (c *Catalogue) Missing() []string {
	all := map[string]bool{}
	for _, keys := range c.keys {
		maps.Copy(all, keys)
	}
	var out []string
	for _, t := range tags {
		for k := range all {
			if !c.keys[t.String()][k] {
				out = append(out, t.String()+": "+k)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Words speak one language.
type Words struct {
	tag, dir string
	say      *i18n.Localizer
}

// Tag returns the language as a BCP 47 tag.
func (w *Words) Tag() string { return w.tag }

// Dir returns "rtl" for a language that is written from right to left, else
// "ltr".
func (w *Words) Dir() string { return w.dir }

// T returns the sentence under a key. What stands in it as {{.name}} is given in
// pairs of name and value. An unknown key is returned as it is.
func (w *Words) T(key string, pairs ...any) string {
	return w.localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data(pairs)})
}

// N is T for a sentence whose form depends on a count, which stands in it as
// {{.count}}.
func (w *Words) N(key string, count int, pairs ...any) string {
	return w.localize(&i18n.LocalizeConfig{MessageID: key, PluralCount: count, TemplateData: data(append(pairs, "count", count))})
}

func (w *Words) localize(c *i18n.LocalizeConfig) string {
	text, err := w.say.Localize(c)
	if err != nil && text == "" {
		return c.MessageID
	}
	return text
}

func data(pairs []any) map[string]any {
	out := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		out[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return out
}
