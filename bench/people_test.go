package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestPeople(t *testing.T) {
	p := people{seed: 1}
	names := map[string]bool{}
	total := 0
	for i := range 2000 {
		doc := p.appendUser(nil, i)
		if again := p.appendUser(nil, i); !bytes.Equal(doc, again) {
			t.Fatalf("user %d is not the same twice:\n%s\n%s", i, doc, again)
		}
		var user struct {
			UserName string
			Emails   []struct{ Value string }
		}
		if err := json.Unmarshal(doc, &user); err != nil {
			t.Fatalf("user %d: %v in %s", i, err, doc)
		}
		if user.UserName != p.userName(i) || user.Emails[0].Value != user.UserName || names[user.UserName] {
			t.Fatalf("user %d has the name %q and the address %q", i, user.UserName, user.Emails[0].Value)
		}
		if fragment := p.fragment(i); len(fragment) < 3 || !strings.Contains(user.UserName, fragment) {
			t.Fatalf("user %d has the name %q without the fragment %q", i, user.UserName, fragment)
		}
		names[user.UserName] = true
		total += len(doc)
	}
	if mean := total / 2000; mean < 1350 || mean > 1650 {
		t.Errorf("a user has %d bytes on average, want about 1500", mean)
	}
	if bytes.Equal(p.appendUser(nil, 7), people{seed: 2}.appendUser(nil, 7)) {
		t.Error("two seeds make the same user")
	}
}
