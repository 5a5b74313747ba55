package oidc

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/muster-id/muster/oidc/request"
)

func FuzzForm(f *testing.F) {
	for _, s := range []string{"", "a=b", "a=b&a=c", "resource=a&resource=b&resource=", "a=%ff", "a=%00", "=x", "a;b", "%zz=1",
		"grant_type=client_credentials&scope=a+b", strings.Repeat("&", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := request.Values(raw)
		if err != nil {
			if e := asOAuth(err); e.Code != "invalid_request" || e.Status != http.StatusBadRequest {
				t.Fatalf("Values(%q): %v", raw, err)
			}
			return
		}
		for name, list := range v {
			if len(list) == 0 || len(list) > 1 && name != "resource" && name != "audience" {
				t.Fatalf("Values(%q): %s = %q", raw, name, list)
			}
			for _, s := range list {
				if s == "" || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
					t.Fatalf("Values(%q): %s = %q", raw, name, s)
				}
			}
		}
		again, err := request.Values(v.Encode())
		if err != nil || again.Encode() != v.Encode() {
			t.Fatalf("Values(%q) = %q, read again %q, %v", raw, v.Encode(), again.Encode(), err)
		}
	})
}

func FuzzTarget(f *testing.F) {
	f.Add("https://api.test")
	f.Add("urn:x:y")
	f.Add("//x#")
	f.Fuzz(func(t *testing.T, text string) {
		if checkTarget(text) != nil {
			return
		}
		if u, err := url.Parse(text); err != nil || u.Scheme == "" || u.Fragment != "" {
			t.Fatalf("checkTarget(%q) lets it pass", text)
		}
	})
}
