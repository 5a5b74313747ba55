package plan_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A browser goes through the pages of the house for ann, as far as an app.
type browser struct {
	h     *house
	t     testing.TB
	http  *http.Client
	deny  bool   // says no when asked for consent
	typed int    // passwords that it typed
	asked int    // questions for consent that it answered
	seen  []view // all pages on the way
	stop  bool   // ends at the first page
	name  string // who signs in
	pass  string
}

// A view is where a browser ends: on a page, or at an address of an app.
type view struct {
	t      testing.TB
	status int
	header http.Header
	text   string
	at     *url.URL   // of the page
	to     string     // address of the app, "" on a page
	posted url.Values // what was posted there, nil for a redirect
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	h.ok(err)
	b := &browser{h: h, t: h.t, name: h.demo.User, pass: h.demo.Password}
	b.http = &http.Client{Transport: h.http.Transport, Jar: jar, Timeout: h.http.Timeout, CheckRedirect: h.http.CheckRedirect}
	return b
}

// load makes one request.
func (b *browser) load(method, address string, form url.Values, header ...string) view {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := b.h.request(method, address, body, header)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if r.Header.Get("Origin") == "" {
			r.Header.Set("Origin", b.h.public)
		}
	}
	res, err := b.http.Do(r)
	b.h.ok(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	b.h.ok(err)
	v := view{t: b.t, status: res.StatusCode, header: res.Header, text: string(text), at: r.URL}
	if v.status >= 500 {
		b.t.Fatalf("%s %s = %d", method, address, v.status)
	}
	if to := res.Header.Get("Location"); to != "" {
		u, err := r.URL.Parse(to)
		b.h.ok(err)
		v.to = u.String()
		if v.status != http.StatusSeeOther && v.status != http.StatusFound {
			b.t.Errorf("%s %s redirects with %d", method, address, v.status)
		}
	} else {
		b.seen = append(b.seen, v)
	}
	return v
}

// visit makes a request and goes on: it follows redirects within the house,
// signs in, and answers what it is asked.
func (b *browser) visit(method, address string, form url.Values, header ...string) view {
	b.t.Helper()
	v := b.load(method, address, form, header...)
	for range 25 {
		if v.to != "" {
			if !strings.HasPrefix(v.to, b.h.public+"/") {
				return v
			}
			v = b.load(http.MethodGet, v.to, nil)
			continue
		}
		f, ok := formOf(v)
		if !ok || b.stop {
			return v
		}
		switch f.id {
		case "signin-form":
			v = b.answer(f)
		case "consent":
			b.asked++
			f.fields.Set("decision", map[bool]string{true: "deny", false: "allow"}[b.deny])
			v = b.load(http.MethodPost, f.action, f.fields)
		case "answer":
			v.to, v.posted = f.action, f.fields
			return v
		default:
			return v
		}
	}
	b.t.Fatalf("%s %s goes round in circles", method, address)
	return v
}

// answer fills in one step of a sign-in.
func (b *browser) answer(f webForm) view {
	b.t.Helper()
	switch {
	case f.has("password"):
		b.typed++
		f.fields.Set("password", b.pass)
	case f.has("identifier"):
		f.fields.Set("identifier", b.name)
	case f.has("skip"):
		f.fields.Set("skip", "1")
	default:
		b.t.Fatalf("sign-in asks for %v", f.names)
	}
	return b.load(http.MethodPost, f.action, f.fields)
}

// A webForm is a form of a page.
type webForm struct {
	id, action string
	fields     url.Values // hidden ones, and what is filled in already
	names      []string   // of all controls
}

func (f webForm) has(name string) bool {
	for _, n := range f.names {
		if n == name {
			return true
		}
	}
	return false
}

// formOf returns the first form of a page that is not hidden.
func formOf(v view) (f webForm, ok bool) {
	root, err := html.Parse(strings.NewReader(v.text))
	if err != nil {
		v.t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || attr(n, "hidden") != nil || !strings.EqualFold(text(n, "method"), "post") {
			continue
		}
		if id := text(n, "id"); id != "signin-form" && id != "consent" && id != "answer" && id != "sign-out" {
			continue
		}
		action, err := v.at.Parse(text(n, "action"))
		if err != nil {
			v.t.Fatal(err)
		}
		f = webForm{id: text(n, "id"), action: action.String(), fields: url.Values{}}
		for c := range n.Descendants() {
			if name := text(c, "name"); c.Type == html.ElementNode && name != "" {
				f.names = append(f.names, name)
				if kind := text(c, "type"); c.Data == "input" && (kind == "hidden" || attr(c, "value") != nil && kind != "checkbox") {
					f.fields.Set(name, text(c, "value"))
				}
			}
		}
		return f, true
	}
	return f, false
}

func attr(n *html.Node, name string) *string {
	for _, a := range n.Attr {
		if a.Key == name {
			return &a.Val
		}
	}
	return nil
}

func text(n *html.Node, name string) string {
	if v := attr(n, name); v != nil {
		return *v
	}
	return ""
}

// returned reads what the app at the address got.
func (v view) returned(redirect string) url.Values {
	v.t.Helper()
	if v.to == "" {
		v.t.Fatalf("the browser stays at %s with %d: %s", v.at, v.status, v.heading())
	}
	if v.posted != nil {
		if v.to != redirect {
			v.t.Fatalf("the browser posts to %s, want %s", v.to, redirect)
		}
		return v.posted
	}
	rest, ok := strings.CutPrefix(v.to, redirect)
	if !ok || rest != "" && !strings.ContainsAny(rest[:1], "?&#") {
		v.t.Fatalf("the browser goes to %s, want %s", v.to, redirect)
	}
	values, err := url.ParseQuery(strings.TrimLeft(rest, "?&#"))
	if err != nil {
		v.t.Fatal(err)
	}
	describes(v.t, v.to, values.Get("error"), values.Get("error_description"))
	return values
}

// onPage checks that the browser shows an error and goes nowhere.
func (v view) onPage() {
	v.t.Helper()
	if v.to != "" || v.status < 400 || v.status > 499 || v.heading() == "" {
		v.t.Fatalf("the browser is at %s with %d, sent to %q; want a page with an error", v.at, v.status, v.to)
	}
	if csp := v.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
		v.t.Errorf("the policy of the page is %q", csp)
	}
}

// heading is the title of a page.
func (v view) heading() string {
	_, rest, ok := strings.Cut(v.text, "<h1")
	if !ok {
		return ""
	}
	_, rest, _ = strings.Cut(rest, ">")
	rest, _, _ = strings.Cut(rest, "</h1>")
	return html.UnescapeString(rest)
}
