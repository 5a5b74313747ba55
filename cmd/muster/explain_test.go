package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/access"
)

func TestProperties(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want any
	}{
		"a text":                     {"resource.status=archived", "archived"},
		"a whole number":             {"resource.status=17", 17.0},
		"a fraction":                 {"resource.status=-1.5", -1.5},
		"a number in quotes":         {`resource.status="17"`, "17"},
		"true":                       {"resource.status=true", true},
		"false":                      {"resource.status=false", false},
		"what looks like an object":  {"resource.status={}", "{}"},
		"null is a text":             {"resource.status=null", "null"},
		"a date":                     {"resource.status=2026-11-22", "2026-11-22"},
		"a text with an equals sign": {"resource.status=a=b", "a=b"},
		"nothing":                    {"resource.status=", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var q access.Question
			if err := properties(&q, []string{c.text}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]any{"status": c.want}, q.Resource.Properties); diff != "" {
				t.Errorf("properties(%q), -want +got:\n%s", c.text, diff)
			}
		})
	}
	for _, text := range []string{"status=archived", "resource.status", "thing.status=archived", ""} {
		if err := properties(&access.Question{}, []string{text}); err == nil {
			t.Errorf("properties(%q): no error", text)
		}
	}
}
