package oidc

import "testing"

func TestDescriptive(t *testing.T) {
	for in, want := range map[string]string{
		"":                               "",
		"The code is not valid.":         "The code is not valid.",
		`Use "code", not C:\x.`:          "Use 'code', not C:/x.",
		"two\r\nlines, Zoë and \x00\x7f": "two??lines, Zo? and ??",
	} {
		if got := descriptive(in); got != want {
			t.Errorf("descriptive(%q) = %q, want %q", in, got, want)
		}
	}
}
