package policy

import "strings"

// A pattern is text in which * stands for any characters, also none. Nothing
// else is special, and case counts.
type pattern struct {
	text   string
	head   string   // before the first *
	tail   string   // after the last *
	middle []string // between two *, none of them empty
}

// newPattern compiles a text that holds at least one *.
func newPattern(text string) pattern {
	parts := strings.Split(text, "*")
	p := pattern{text: text, head: parts[0], tail: parts[len(parts)-1]}
	for _, m := range parts[1 : len(parts)-1] {
		if m != "" {
			p.middle = append(p.middle, m)
		}
	}
	return p
}

// match reports whether s has the form of p, in time linear in the length of s:
// the first place where a middle part stands is as good as any later one.
func (p *pattern) match(s string) bool {
	if len(s) < len(p.head)+len(p.tail) || !strings.HasPrefix(s, p.head) || !strings.HasSuffix(s, p.tail) {
		return false
	}
	s = s[len(p.head) : len(s)-len(p.tail)]
	for _, m := range p.middle {
		i := strings.Index(s, m)
		if i < 0 {
			return false
		}
		s = s[i+len(m):]
	}
	return true
}
