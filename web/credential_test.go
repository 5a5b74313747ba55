package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestCredential(t *testing.T) {
	type want struct {
		scheme, text string
		ok           bool
	}
	for name, c := range map[string]struct {
		headers []string
		want    want
	}{
		"no header":        {nil, want{}},
		"two headers":      {[]string{"Bearer x", "Bearer x"}, want{}},
		"a bearer token":   {[]string{"bearer  x "}, want{"Bearer", "x", true}},
		"a bound token":    {[]string{"dpop x"}, want{"DPoP", "x", true}},
		"another scheme":   {[]string{"Basic eDp5"}, want{}},
		"a scheme alone":   {[]string{"Bearer"}, want{scheme: "Bearer"}},
		"a scheme, spaces": {[]string{"Bearer  "}, want{scheme: "Bearer"}},
		"two tokens":       {[]string{"Bearer x, Bearer y"}, want{"Bearer", "x, Bearer y", false}},
	} {
		t.Run(name, func(t *testing.T) {
			scheme, text, ok := Credential(http.Header{"Authorization": c.headers})
			if got := (want{scheme, text, ok}); got != c.want {
				t.Errorf("Credential(%q) = %v, want %v", c.headers, got, c.want)
			}
		})
	}
}

func FuzzCredential(f *testing.F) {
	for _, s := range []string{"", "Bearer x", "bearer  x", "DPoP y", "Basic z", "Bearer", "Bearer a b", "Bearer a,b", "Bearer \"x\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		scheme, text, ok := Credential(http.Header{"Authorization": {header}})
		if !ok {
			return
		}
		if scheme != "Bearer" && scheme != "DPoP" || text == "" || strings.ContainsAny(text, " ,\t\"") || !strings.Contains(header, text) {
			t.Fatalf("Credential(%q) = %q, %q", header, scheme, text)
		}
	})
}
