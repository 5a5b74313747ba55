package ui_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/muster-id/muster/locale"
	"github.com/muster-id/muster/web/ui"
)

// room makes a room with one page.
func room(t *testing.T, o ui.Options, body string) (*ui.UI, *ui.Room) {
	t.Helper()
	u, err := ui.New(o)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"t/body.html": {Data: []byte(body)}}
	for _, tag := range locale.Tags() {
		files["w/"+tag+".toml"] = &fstest.MapFile{Data: []byte("hello = \"hello in " + tag + "\"\n")}
	}
	m, err := u.Room(files, "t", locale.Must(files, "w"))
	if err != nil {
		t.Fatal(err)
	}
	return u, m
}

func render(m *ui.Room, r *http.Request, p ui.Page) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	m.Render(w, r, http.StatusOK, p)
	return w
}

func TestHeaders(t *testing.T) {
	_, m := room(t, ui.Options{Secure: true}, `<p>{{.T "hello"}}</p>`)
	for phrase, c := range map[string]struct {
		page      ui.Page
		has, lack string
	}{
		"a plain page":       {ui.Page{}, "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'", "script-src"},
		"a script":           {ui.Page{Scripts: []string{"passkey.js"}}, "; script-src 'self'", "unsafe"},
		"a target":           {ui.Page{FormTargets: []string{"https://app.example.com/cb?x=1"}}, "form-action 'self' https://app.example.com", "cb"},
		"all of https":       {ui.Page{FormTargets: []string{"http://localhost:1/cb", "http:", "https:"}}, "form-action 'self' http://localhost:1 http: https:", "cb"},
		"an app's scheme":    {ui.Page{FormTargets: []string{"com.example.app:/cb"}}, "form-action 'self' com.example.app:", "cb"},
		"anywhere":           {ui.Page{FormAnywhere: true}, "default-src 'none'", "form-action"},
		"frames":             {ui.Page{Frames: []string{"https://rp.example.com/logout"}}, "; frame-src https://rp.example.com", "logout"},
		"an injected source": {ui.Page{FormTargets: []string{"https://a.example; script-src *"}}, "form-action 'self'", "script-src"},
	} {
		p := c.page
		p.Title, p.Body = "hello", "body"
		w := render(m, httptest.NewRequest("GET", "/x", nil), p)
		csp := w.Header().Get("Content-Security-Policy")
		if w.Code != 200 || !strings.Contains(csp, c.has) || strings.Contains(csp, c.lack) {
			t.Errorf("%s: %d, policy %q, want %q in it and not %q", phrase, w.Code, csp, c.has, c.lack)
		}
		for name, want := range map[string]string{
			"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s = %q, want %q", phrase, name, got, want)
			}
		}
	}
}

func TestLanguage(t *testing.T) {
	_, m := room(t, ui.Options{}, `<p>{{.T "hello"}}</p>`)
	for phrase, c := range map[string]struct {
		path, accept string
		langs        []string
		want         string
	}{
		"nothing said":              {"/x", "", nil, "en"},
		"the browser's":             {"/x", "de-AT,en;q=0.5", nil, "de"},
		"the person's before it":    {"/x", "de", []string{"nl"}, "nl"},
		"the choice before all":     {"/x?lang=ar&y=1", "de", []string{"nl"}, "ar"},
		"a choice that we lack":     {"/x?lang=tlh", "fr", nil, "fr"},
		"ui_locales that we lack":   {"/x", "pt", []string{"ja ko"}, "pt-BR"},
		"a choice that is markup":   {"/x?lang=%22%3E%3Cscript%3E", "", nil, "en"},
		"a list in the preferences": {"/x", "", []string{"ja es"}, "es"},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		r.Header.Set("Accept-Language", c.accept)
		w := render(m, r, ui.Page{Title: "hello", Body: "body", Langs: c.langs})
		if !strings.Contains(w.Body.String(), "<p>hello in "+c.want+"</p>") || !strings.Contains(w.Body.String(), `<html lang="`+c.want+`"`) {
			t.Errorf("%s: want %s in\n%s", phrase, c.want, w.Body)
		}
		if strings.Contains(w.Body.String(), "<script>") {
			t.Errorf("%s: markup from the address is on the page", phrase)
		}
		if kept := len(w.Result().Cookies()) == 1; kept != strings.HasPrefix(phrase, "the choice") {
			t.Errorf("%s: language kept: %v", phrase, kept)
		}
	}
}

// TestAttackLongAddress asks for a page by an address of a megabyte.
func TestAttackLongAddress(t *testing.T) {
	_, m := room(t, ui.Options{}, `<p>{{.T "hello"}}</p>`)
	size := func(path string) int {
		return render(m, httptest.NewRequest("GET", path, nil), ui.Page{Title: "hello", Body: "body"}).Body.Len()
	}
	short := size("/x?y=1")
	for _, path := range []string{"/x?y=" + strings.Repeat("a", 1<<20), "/" + strings.Repeat("a", 1<<20)} {
		if n := size(path); n > short {
			t.Errorf("C44 the page has %d bytes, of a short address %d", n, short)
		}
	}
}

func TestRefresh(t *testing.T) {
	_, m := room(t, ui.Options{}, `x`)
	w := render(m, httptest.NewRequest("GET", "/x", nil), ui.Page{Title: "t", Body: "body", Next: "https://rp.example.com/out?a=1&b=2", NextSeconds: 2})
	if want := `content="2;url=https://rp.example.com/out?a=1&amp;b=2"`; !strings.Contains(w.Body.String(), want) {
		t.Errorf("no %s in\n%s", want, w.Body)
	}
}

// TestProblem is attack A3 on the error page: what a request brought along is
// text there, in any place.
func TestProblem(t *testing.T) {
	u, _ := room(t, ui.Options{}, `x`)
	const evil = `"><script>alert(1)</script>`
	w := httptest.NewRecorder()
	u.Error(w, httptest.NewRequest("GET", "/x", nil), 400, ui.Problem{
		Title: "A title", Text: evil, Reference: evil, Details: []ui.Detail{{"redirect_uri", evil, evil}},
		Back: ui.Link{Label: evil, Path: "javascript:alert(1)"}, Page: ui.Page{Organisation: evil},
	})
	body := w.Body.String()
	if w.Code != 400 || strings.Contains(body, "<script") || strings.Contains(body, "javascript:") || !strings.Contains(body, "redirect_uri") {
		t.Errorf("%d\n%s", w.Code, body)
	}
	w = httptest.NewRecorder()
	u.Error(w, httptest.NewRequest("GET", "/x", nil), 404, ui.Problem{})
	if w.Code != 404 || !strings.Contains(w.Body.String(), "There is nothing here") {
		t.Errorf("404: %d\n%s", w.Code, w.Body)
	}
}

func TestBrokenPage(t *testing.T) {
	_, m := room(t, ui.Options{}, `<p>half{{.Data.Nothing.More}}</p>`)
	w := httptest.NewRecorder()
	m.Render(w, httptest.NewRequest("GET", "/x", nil), 200, ui.Page{Title: "t", Body: "body", Data: 1})
	if w.Code != 500 || strings.Contains(w.Body.String(), "half") || !strings.Contains(w.Body.String(), "wrong on our side") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
}

func TestAssets(t *testing.T) {
	u, m := room(t, ui.Options{}, `x`)
	mux := http.NewServeMux()
	u.Mount(mux)
	page := render(m, httptest.NewRequest("GET", "/x", nil), ui.Page{Title: "t", Body: "body", Scripts: []string{"passkey.js"}}).Body.String()
	found := regexp.MustCompile(`"(/assets/[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(found) != 3 {
		t.Fatalf("%d assets on the page, want icon, style and script:\n%s", len(found), page)
	}
	for _, f := range found {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", f[1], nil))
		if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Body.Len() == 0 {
			t.Errorf("%s: %d %v", f[1], w.Code, w.Header())
		}
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/assets/style.css", nil))
	if w.Code != 404 {
		t.Errorf("an asset without its hash: %d, want 404", w.Code)
	}
}

func TestOwnWords(t *testing.T) {
	if missing := ui.Missing(); len(missing) > 0 {
		t.Errorf("words that a language lacks: %q", missing)
	}
}

// FuzzSources checks that no address, whatever an app registered, ends its
// directive or adds a source of another kind.
func FuzzSources(f *testing.F) {
	f.Add("https://a.example/cb?x=1")
	f.Add("com.example.app:/cb")
	f.Add("https://a.example;script-src *")
	f.Add("https://[::1]:8443/'unsafe-inline'")
	f.Add("javascript:alert(1)")
	source := regexp.MustCompile(`^( (https?://[^ ;,'"]+|[a-z][a-z0-9+.-]*:))?$`)
	f.Fuzz(func(t *testing.T, address string) {
		if got := ui.Sources(address); !source.MatchString(got) || strings.HasPrefix(got, " javascript:") {
			t.Errorf("%q gives %q", address, got)
		}
	})
}
