package identity

import (
	"strings"
	"testing"
	"time"
)

func TestParseID(t *testing.T) {
	id := NewID()
	for text, want := range map[string]bool{
		id.String():                              true,
		strings.ToUpper(id.String()):             false,
		"0199C0DE-0000-7000-8000-00000000000A":   false,
		"":                                       false,
		"ann":                                    false,
		"{" + id.String()[1:35] + "}":            false,
		strings.ReplaceAll(id.String(), "-", ""): false,
		id.String() + " ":                        false,
	} {
		got, ok := ParseID(text)
		if ok != want || ok && got != id {
			t.Errorf("ParseID(%q) = %s, %v, want ok %v", text, got, ok, want)
		}
	}
	org := NewOrgID()
	if got, ok := ParseOrgID(strings.ToUpper(org.String())); !ok || got != org {
		t.Errorf("ParseOrgID in capitals = %s, %v", got, ok)
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(NewID().String())
	f.Add("urn:uuid:0199c0de-0000-7000-8000-000000000000")
	f.Fuzz(func(t *testing.T, s string) {
		if id, ok := ParseID(s); ok && id.String() != s {
			t.Errorf("ParseID(%q) prints %q", s, id)
		}
	})
}

func TestTokenAlive(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	before, after := now.Add(-time.Second), now.Add(time.Second)
	for name, c := range map[string]struct {
		token Token
		want  bool
	}{
		"without end":             {Token{}, true},
		"before it expires":       {Token{Expires: after}, true},
		"at the moment it ends":   {Token{Expires: now}, false},
		"after it expired":        {Token{Expires: before}, false},
		"before it is revoked":    {Token{Revoked: after, Expires: after}, true},
		"after it was revoked":    {Token{Revoked: before, Expires: after}, false},
		"revoked at this moment":  {Token{Revoked: now}, false},
		"expired, revoked later":  {Token{Expires: before, Revoked: after}, false},
		"revoked, without expiry": {Token{Revoked: before}, false},
	} {
		if got := c.token.Alive(now); got != c.want {
			t.Errorf("Alive %s = %v, want %v", name, got, c.want)
		}
	}
}

func TestNeed(t *testing.T) {
	a := Actor{Perms: Perms{ResourcesRead}}
	for perm, want := range map[Perm]Kind{Anyone: "", ResourcesRead: "", ResourcesWrite: Denied, "": Denied} {
		if got := KindOf(a.Need(perm)); got != want {
			t.Errorf("Need(%q): kind %q, want %q", perm, got, want)
		}
	}
	if got, want := a.Need(ResourcesWrite).Error(), "You may not do this: it needs the permission resources:write."; got != want {
		t.Errorf("Need says %q, want %q", got, want)
	}
}
