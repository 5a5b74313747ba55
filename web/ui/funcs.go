package ui

import (
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// funcs are what templates can call.
var funcs = template.FuncMap{
	"args":     args,
	"icon":     icon,
	"monogram": monogram,
}

// args makes the arguments of a partial from pairs of name and value.
func args(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("args: a name without a value")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("args: %v is no name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// monogram returns one or two letters that stand for a name, or for an e-mail
// address without its domain.
func monogram(name string) string {
	var out []rune
	name, _, _ = strings.Cut(name, "@")
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		r, _ := utf8.DecodeRuneInString(word)
		if out = append(out, unicode.ToUpper(r)); len(out) == 2 {
			break
		}
	}
	if len(out) == 0 {
		return "•"
	}
	return string(out)
}

// Date writes a time for people, in UTC.
func (v *View) Date(t time.Time) template.HTML {
	t = t.UTC()
	text := v.UI("time.date", "day", t.Day(), "month", v.UI(fmt.Sprintf("month.m%d", int(t.Month()))), "year", t.Year(), "clock", t.Format("15:04"))
	return timeTag(t, text, "")
}

// Ago writes how long ago a time was; a month ago and before, its date.
func (v *View) Ago(t time.Time) template.HTML {
	d := v.ui.o.Now().Sub(t)
	say := func(key string, unit time.Duration) template.HTML {
		return timeTag(t, v.own.N(key, int(d/unit)), t.UTC().Format("2006-01-02 15:04 UTC"))
	}
	switch {
	case d < time.Minute:
		return timeTag(t, v.UI("time.now"), t.UTC().Format("2006-01-02 15:04 UTC"))
	case d < time.Hour:
		return say("time.minutes", time.Minute)
	case d < 24*time.Hour:
		return say("time.hours", time.Hour)
	case d < 30*24*time.Hour:
		return say("time.days", 24*time.Hour)
	}
	return v.Date(t)
}

func timeTag(t time.Time, text, title string) template.HTML {
	attr := ""
	if title != "" {
		attr = ` title="` + title + `"`
	}
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `"` + attr + `>` + template.HTMLEscapeString(text) + `</time>`)
}
