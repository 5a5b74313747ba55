package mail

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/locale"
)

func TestWords(t *testing.T) {
	for _, m := range words.Missing() {
		t.Errorf("a letter lacks words: %s", m)
	}
	known := []string{"greeting", "greeting_nobody", "sender", "span.days", "span.minutes"}
	for _, k := range Kinds() {
		for _, part := range []string{"subject", "text", "after", "action"} {
			known = append(known, string(k)+"_"+part)
		}
	}
	for _, k := range words.Keys() {
		if !slices.Contains(known, k) {
			t.Errorf("nobody says %s", k)
		}
	}
}

// TestLetters writes every kind of letter in every language.
func TestLetters(t *testing.T) {
	now := time.Now()
	for _, lang := range locale.Tags() {
		for _, kind := range Kinds() {
			l := Letter{Org: identity.Organisation{Name: "Acme"}, To: "a@b.com", Name: "Ann", Kind: kind, Until: now.Add(30 * time.Minute),
				Values: map[string]string{"factor": "Phone", "agent": "Chrome", "address": "192.0.2.1"}}
			switch kind {
			case Welcome, Recover, VerifyEmail:
				l.Link = "https://id.example.com/x"
			case Code:
				l.Code = "123456"
			}
			m, err := compose(words.For(lang), l, now)
			if err != nil {
				t.Fatal(err)
			}
			for part, text := range map[string]string{"subject": m.Subject, "text": m.Text, "HTML": m.HTML} {
				if text == "" || strings.Contains(text, "{{") || strings.Contains(text, "<no value>") || strings.Contains(text, string(kind)+"_") {
					t.Errorf("%s %s: the %s is %q", lang, kind, part, text)
				}
			}
			if lang == "ar" && !strings.Contains(m.HTML, `dir="rtl"`) {
				t.Errorf("%s: Arabic from left to right", kind)
			}
		}
	}
}

func TestMasked(t *testing.T) {
	for in, want := range map[string]string{"ann@example.com": "a•••@example.com", "+31612345678": "•••678", "abc": "•••", "": "•••"} {
		if got := Masked(in); got != want {
			t.Errorf("Masked(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		10 * time.Minute: "10 minutes", time.Minute: "1 minute", 30*time.Minute - 5*time.Second: "30 minutes",
		24*time.Hour - 2*time.Minute: "1 day", 7 * 24 * time.Hour: "7 days", 7*24*time.Hour - 5*time.Minute: "7 days",
	} {
		if got := span(words.For("en"), d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
}
