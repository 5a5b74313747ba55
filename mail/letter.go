package mail

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/locale"
)

// A Kind says what a letter is about. Its words stand under its name.
type Kind string

// The kinds of letter. Those from PasswordChanged on tell of something that has
// happened and hold neither link nor code.
const (
	Welcome         Kind = "welcome"  // set your password: the account is there
	Recover         Kind = "recover"  // a link to set a new password
	VerifyEmail     Kind = "verify"   // a link that proves an address
	Code            Kind = "code"     // a code to sign in with
	PasswordChanged Kind = "password" // somebody set a new password
	FactorAdded     Kind = "added"    // a passkey or an app for codes was added; value "factor"
	NewBrowser      Kind = "browser"  // a sign-in from a browser not seen before; values "agent", "address"
)

// Kinds lists all kinds of letter.
func Kinds() []Kind {
	return []Kind{Welcome, Recover, VerifyEmail, Code, PasswordChanged, FactorAdded, NewBrowser}
}

// A Letter is one message to one person.
type Letter struct {
	Org  identity.Organisation
	User identity.ID // whom it is about, zero if nobody
	To   string      // address
	Name string      // of the person, may be empty
	Lang string      // as locale.Match reads it
	Kind Kind
	Link string // absolute; empty for none
	Code string // empty for none
	// Until is when link or code stop working; a letter that could not be sent
	// until then is not sent any more. Zero: a day from now.
	Until  time.Time
	Values map[string]string // that the words of this kind ask for
}

// A Message is a letter in words.
type Message struct {
	To, Name, Subject string
	Text, HTML        string
	Lang              string
	Until             time.Time
}

//go:embed letter.html
var letterHTML string

var page = template.Must(template.New("letter").Parse(letterHTML))

// compose puts a letter into words. What came from people stands in it as text,
// on one line.
func compose(words *locale.Words, l Letter, now time.Time) (Message, error) {
	pairs := []any{"org", oneLine(l.Org.Name), "name", oneLine(l.Name), "span", span(words, l.Until.Sub(now))}
	for k, v := range l.Values {
		pairs = append(pairs, k, oneLine(v))
	}
	say := func(key string) string { return words.T(string(l.Kind)+"_"+key, pairs...) }
	m := Message{To: l.To, Name: oneLine(l.Name), Subject: oneLine(say("subject")), Lang: words.Tag(), Until: l.Until}
	view := struct {
		Lang, Dir, Subject, Greeting, Text, Action, Link, Code, After, Sender string
	}{
		Lang: words.Tag(), Dir: words.Dir(), Subject: m.Subject, Greeting: words.T("greeting", pairs...),
		Text: say("text"), Link: l.Link, Code: l.Code, After: say("after"), Sender: words.T("sender", pairs...),
	}
	if l.Name == "" {
		view.Greeting = words.T("greeting_nobody", pairs...)
	}
	if l.Link != "" {
		view.Action = say("action")
	}
	var plain strings.Builder
	for _, part := range []string{view.Greeting, view.Text, l.Code, l.Link, view.After, view.Sender} {
		if part != "" {
			fmt.Fprintf(&plain, "%s\n\n", part)
		}
	}
	m.Text = strings.TrimSpace(plain.String()) + "\n"
	var html bytes.Buffer
	if err := page.Execute(&html, view); err != nil {
		return m, fmt.Errorf("compose a letter: %w", err)
	}
	m.HTML = html.String()
	return m, nil
}

// span says how long something lasts, in days or in minutes. A letter that
// waited a little says the same as one that did not.
func span(words *locale.Words, d time.Duration) string {
	const day = 24 * time.Hour
	if days := int((d + time.Hour) / day); days > 0 {
		return words.N("span.days", days)
	}
	return words.N("span.minutes", int(d.Round(time.Minute)/time.Minute))
}

// oneLine makes control characters harmless: a line feed in a name must not
// begin a header or a paragraph. Marks of direction that never close are cut
// too.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return strings.TrimSpace(s)
}

// Masked shows enough of an address to recognise it by: "a•••@example.com".
func Masked(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok {
		if r := []rune(address); len(r) > 4 {
			return "•••" + string(r[len(r)-3:])
		}
		return "•••"
	}
	if r := []rune(local); len(r) > 0 {
		local = string(r[:1])
	}
	return local + "•••@" + domain
}
