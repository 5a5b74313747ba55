package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestPagesForBrowsers asks for what is there and what is not, as a browser and as
// a program.
func TestPagesForBrowsers(t *testing.T) {
	s := run(t, settings(t, "", nil))
	for name, test := range map[string]struct {
		method, path, accept string
		status               int
		kind, has            string
	}{
		"the front for a browser":   {"GET", "/", "text/html,*/*", 200, "text/html", "muster admin link"},
		"the front for a program":   {"GET", "/", "*/*", 200, "text/plain", "OpenID issuer  " + s.url},
		"nothing for a browser":     {"GET", "/nothing", "text/html", 404, "text/html", "There is nothing here"},
		"nothing for a program":     {"GET", "/nothing", "*/*", 404, "text/plain", "not found"},
		"nothing to post to":        {"POST", "/nothing", "text/html", 404, "text/plain", "not found"},
		"a page that takes no form": {"POST", "/account/sessions/x", "text/html", 404, "text/plain", "not found"},
		"only for forms":            {"GET", "/oauth2/token", "text/html", 405, "", ""},
		"no such organisation":      {"GET", "/o/nobody", "text/html", 404, "text/html", "There is nothing here"},
	} {
		req, err := http.NewRequest(test.method, s.url+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", test.accept)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != test.status || !strings.HasPrefix(res.Header.Get("Content-Type"), test.kind) || !strings.Contains(string(body), test.has) {
			t.Errorf("%s: %d %s, want %d %s with %q in\n%s", name, res.StatusCode, res.Header.Get("Content-Type"), test.status, test.kind, test.has, body)
		}
	}
}
