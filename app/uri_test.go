package app

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/muster-id/muster/identity"
)

// registered are the redirects of the tests below.
var registered = []string{
	"https://good.example.com/cb", "https://good.example.com/q?a=b", "http://127.0.0.1/cb", "http://[::1]:1234/cb",
	"com.example.app:/cb", "http://localhost:8080/dev",
}

func TestRedirectMatches(t *testing.T) {
	for phrase, c := range map[string]struct {
		got  string
		want bool
	}{
		"as registered":                   {"https://good.example.com/cb", true},
		"as registered with a query":      {"https://good.example.com/q?a=b", true},
		"a scheme of its own":             {"com.example.app:/cb", true},
		"the loopback address":            {"http://127.0.0.1/cb", true},
		"the loopback address, any port":  {"http://127.0.0.1:49152/cb", true},
		"the IPv6 loopback, another port": {"http://[::1]:49152/cb", true},
		"the IPv6 loopback, no port":      {"http://[::1]/cb", true},
		"localhost as registered":         {"http://localhost:8080/dev", true},

		"A1 a user before the host":              {"https://good.example.com@evil.com/cb", false},
		"A1 an escaped slash before the at":      {"https://good.example.com%2f@evil.com/cb", false},
		"A1 a backslash before the at":           {`https://good.example.com\@evil.com/cb`, false},
		"A1 an empty user":                       {"https://@good.example.com/cb", false},
		"A1 no scheme":                           {"//evil.com/cb", false},
		"A1 a longer path":                       {"https://good.example.com/cb/more", false},
		"A1 a path that leads up":                {"https://good.example.com/cb/../evil", false},
		"A1 a path that leads up by a semicolon": {"https://good.example.com/cb/..;/evil", false},
		"A1 an escaped path that leads up":       {"https://good.example.com/cb/%2e%2e/evil", false},
		"A1 a slash at the end":                  {"https://good.example.com/cb/", false},
		"A1 a host with a dot at the end":        {"https://good.example.com./cb", false},
		"A1 capital letters in the host":         {"https://GOOD.example.com/cb", false},
		"A1 capital letters in the scheme":       {"HTTPS://good.example.com/cb", false},
		"A1 capital letters in the path":         {"https://good.example.com/CB", false},
		"A1 a host in punycode":                  {"https://xn--good-.example.com/cb", false},
		"A1 a host in Cyrillic":                  {"https://gооd.example.com/cb", false},
		"A1 another query":                       {"https://good.example.com/cb?x=y", false},
		"A1 more of a query":                     {"https://good.example.com/q?a=b&c=d", false},
		"A1 an empty query":                      {"https://good.example.com/cb?", false},
		"A1 a fragment":                          {"https://good.example.com/cb#x", false},
		"A1 an empty fragment":                   {"https://good.example.com/cb#", false},
		"A1 the usual port":                      {"https://good.example.com:443/cb", false},
		"A1 another port":                        {"https://good.example.com:8443/cb", false},
		"A1 a port of a colon alone":             {"https://good.example.com:/cb", false},
		"A1 plain HTTP":                          {"http://good.example.com/cb", false},
		"A1 a domain in front":                   {"https://evil.good.example.com/cb", false},
		"A1 a domain behind":                     {"https://good.example.com.evil.com/cb", false},
		"A1 a space in front":                    {" https://good.example.com/cb", false},
		"A1 a space behind":                      {"https://good.example.com/cb ", false},
		"A1 a line break":                        {"https://good.example.com/cb\r\nLocation: x", false},
		"A1 a tab":                               {"https://good.example.com/\tcb", false},
		"A1 a zero byte":                         {"https://good.example.com/cb\x00", false},
		"A1 an escaped zero byte":                {"https://good.example.com/cb%00", false},
		"A1 broken UTF-8":                        {"https://good.example.com/cb\xff", false},
		"A1 a pattern":                           {"https://*.example.com/cb", false},
		"A1 a regular expression":                {"https://goodXexample.com/cb", false},
		"A1 javascript":                          {"javascript:alert(1)//https://good.example.com/cb", false},
		"A1 data":                                {"data:text/html,hello", false},
		"A1 nothing":                             {"", false},
		"A1 a very long one":                     {"https://good.example.com/" + strings.Repeat("a", 4096), false},
		"A1 a scheme of its own with a host":     {"com.example.app://evil.com/cb", false},
		"A1 another loopback address":            {"http://127.0.0.2:80/cb", false},
		"A1 a loopback user":                     {"http://127.0.0.1:80@evil.com/cb", false},
		"A1 a loopback domain":                   {"http://127.0.0.1.evil.com/cb", false},
		"A1 the loopback by HTTPS":               {"https://127.0.0.1:80/cb", false},
		"A1 the loopback with another path":      {"http://127.0.0.1:80/other", false},
		"A1 the loopback with a query":           {"http://127.0.0.1:80/cb?x", false},
		"A1 the loopback with port 0":            {"http://127.0.0.1:0/cb", false},
		"A1 the loopback with a port too high":   {"http://127.0.0.1:65536/cb", false},
		"A1 the loopback with a port of letters": {"http://127.0.0.1:8a/cb", false},
		"A1 the loopback with a port of zeros":   {"http://127.0.0.1:080/cb", false},
		"A1 the loopback in decimal":             {"http://2130706433/cb", false},
		"A1 the loopback mapped into IPv6":       {"http://[::ffff:127.0.0.1]/cb", false},
		"A1 localhost with another port":         {"http://localhost:8081/dev", false},
		"A1 localhost for the loopback":          {"http://localhost/cb", false},
	} {
		t.Run(phrase, func(t *testing.T) {
			if got := RedirectMatches(registered, c.got); got != c.want {
				t.Errorf("RedirectMatches(%q) = %v, want %v", c.got, got, c.want)
			}
		})
	}
	if RedirectMatches(nil, "https://good.example.com/cb") || RedirectMatches([]string{""}, "") {
		t.Error("nothing registered matches something")
	}
	if RedirectMatches([]string{"https://a@b/cb"}, "https://a@b/cb") {
		t.Error("a URI that could not be registered matches itself")
	}
}

func TestRedirectTypes(t *testing.T) {
	for phrase, c := range map[string]struct {
		uri  string
		good []identity.AppType
	}{
		"https":                        {"https://app.example.com/cb", []identity.AppType{identity.WebApp, identity.SPA, identity.NativeApp}},
		"the loopback address":         {"http://127.0.0.1/cb", []identity.AppType{identity.NativeApp}},
		"the loopback address of IPv6": {"http://[::1]:80/cb", []identity.AppType{identity.NativeApp}},
		"localhost":                    {"http://localhost:3000/cb", []identity.AppType{identity.WebApp, identity.SPA}},
		"plain HTTP":                   {"http://app.example.com/cb", nil},
		"a domain below localhost":     {"http://localhost.evil.com/cb", nil},
		"a scheme of its own":          {"com.example.app:/cb", []identity.AppType{identity.NativeApp}},
		"a scheme without a dot":       {"myapp:/cb", nil},
		"a scheme without a path":      {"com.example.app:cb", nil},
		"A2 javascript":                {"javascript:alert(1)", nil},
		"A2 javascript with slashes":   {"javascript://good.example.com/%0aalert(1)", nil},
		"A2 data":                      {"data:text/html,x", nil},
		"A2 vbscript":                  {"vbscript:x", nil},
		"A2 a file":                    {"file:///etc/passwd", nil},
		"A2 a blob":                    {"blob:https://good.example.com/x", nil},
		"A2 about":                     {"about:blank", nil},
		"no host":                      {"https:///cb", nil},
	} {
		t.Run(phrase, func(t *testing.T) {
			for _, typ := range []identity.AppType{identity.WebApp, identity.SPA, identity.NativeApp} {
				want := false
				for _, g := range c.good {
					want = want || g == typ
				}
				if bad := checkURI(c.uri, redirectPlace, typ); (bad == "") != want {
					t.Errorf("checkURI(%q) of a %s app = %q", c.uri, typ, bad)
				}
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	for s, want := range map[string]bool{
		"https://app.example.com": true, "https://app.example.com:8443": true, "http://localhost:3000": true,
		"https://app.example.com/": false, "https://App.example.com": false, "https://app.example.com:443": false,
		"http://app.example.com": false, "null": false, "*": false, "https://*.example.com": false, "": false,
		"https://app.example.com?x": false, "https://a@app.example.com": false,
	} {
		if got := checkOrigin(s) == ""; got != want {
			t.Errorf("checkOrigin(%q) = %v, want %v", s, got, want)
		}
	}
}

// FuzzRedirectMatches holds that what matches is registered, or differs in the
// port of a loopback address alone.
func FuzzRedirectMatches(f *testing.F) {
	for _, r := range registered {
		f.Add(r)
		f.Add(r + "#")
		f.Add(strings.Replace(r, "://", "://a@", 1))
	}
	f.Add("http://127.0.0.1:99999/cb")
	f.Add("http://[::1]:/cb")
	f.Fuzz(func(t *testing.T, got string) {
		if !RedirectMatches(registered, got) {
			return
		}
		for _, r := range registered {
			if r == got {
				return
			}
		}
		rest, ok := strings.CutPrefix(got, "http://127.0.0.1:")
		if !ok {
			rest, ok = strings.CutPrefix(got, "http://[::1]")
			rest = strings.TrimPrefix(rest, ":")
		}
		if !ok || strings.TrimLeft(rest, "0123456789") != "/cb" {
			t.Errorf("RedirectMatches(%q)", got)
		}
	})
}

// FuzzCheck holds that no settings crash Check, and that what it accepts can be
// used as it is.
func FuzzCheck(f *testing.F) {
	f.Add("App", "https://a.example.com/cb", "code", "web", `{"keys":[]}`, "CN=a,O=b")
	f.Add("", "com.example.app:/cb", "id_token token", "native", `{"keys":[{"kty":"EC"}]}`, `CN=\2C\,`)
	f.Add("\u202e", "javascript:x", "code code", "spa", `null`, "=")
	f.Fuzz(func(t *testing.T, text, uri, response, typ, keys, dn string) {
		a := identity.AppSettings{
			Name: text, RedirectURIs: []string{uri}, PostLogoutRedirectURIs: []string{uri}, LogoURI: uri, FrontchannelLogoutURI: uri,
			ResponseTypes: []string{response}, Type: identity.AppType(typ), JWKS: []byte(keys), TLSSubjectDN: dn,
			Scopes: []string{text}, Resources: []string{uri}, Origins: []string{uri}, SubjectType: "pairwise",
		}
		Defaults(&a)
		settle(&a)
		if len(Check(a, Provider{Legacy: Legacy{Implicit: true, Hybrid: true}})) > 0 {
			return
		}
		if !RedirectMatches(a.RedirectURIs, uri) || a.Sector == "" || !utf8.ValidString(a.Name) {
			t.Errorf("Check accepts %+v", a)
		}
	})
}
