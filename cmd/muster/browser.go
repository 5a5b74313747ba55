package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// A browser fills in the pages of a provider for a person whose password is
// known: it follows redirects, and sends forms back with what it can say.
type browser struct {
	http           *http.Client
	user, password string
}

func newBrowser(transport http.RoundTripper, user, password string) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &browser{http: &http.Client{Transport: transport, Jar: jar, Timeout: 30 * time.Second}, user: user, password: password}, nil
}

// maxPages bounds how many forms one sign-in may have.
const maxPages = 12

// signIn goes on from an address until a page has no form that it can fill in.
func (b *browser) signIn(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	page, err := b.load(req)
	seen := ""
	for range maxPages {
		if err != nil {
			return err
		}
		f, ok := page.form()
		if !ok {
			if page.status >= http.StatusBadRequest {
				return fmt.Errorf("the provider shows: %s", page.heading())
			}
			return nil
		}
		if f.String() == seen {
			return fmt.Errorf("the provider asks again: %s", page.heading())
		}
		seen = f.String()
		if err := f.fill(b.user, b.password); err != nil {
			return err
		}
		if req, err = f.request(ctx); err == nil {
			page, err = b.load(req)
		}
	}
	return errors.New("the provider asks for more than a password; open the address in a browser instead")
}

// A webPage is one page as it came.
type webPage struct {
	status int
	at     *url.URL
	root   *html.Node
}

func (b *browser) load(req *http.Request) (*webPage, error) {
	res, err := b.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	root, err := html.Parse(io.LimitReader(res.Body, 1<<20))
	return &webPage{status: res.StatusCode, at: res.Request.URL, root: root}, err
}

// A webForm is the form of a page with its values.
type webForm struct {
	action *url.URL
	method string
	fields url.Values
	blank  []string // names of fields that wait for somebody to type
	kinds  map[string]string
}

func (f *webForm) String() string {
	return f.method + " " + f.action.String() + " " + strings.Join(slices.Sorted(maps.Keys(f.fields)), ",") + " " + strings.Join(f.blank, ",")
}

// form returns the form of the page that is to be sent: the first that waits for
// something to be typed, else the first.
func (p *webPage) form() (*webForm, bool) {
	var first *webForm
	for n := range p.root.Descendants() {
		if _, hidden := lookup(n, "hidden"); hidden || n.Type != html.ElementNode || n.Data != "form" || !strings.EqualFold(attr(n, "method"), "post") {
			continue
		}
		action, err := p.at.Parse(attr(n, "action"))
		if err != nil {
			continue
		}
		f := &webForm{action: action, method: http.MethodPost, fields: url.Values{}, kinds: map[string]string{}}
		for c := range n.Descendants() {
			f.add(c)
		}
		if len(f.blank) > 0 {
			return f, true
		}
		if first == nil {
			first = f
		}
	}
	return first, first != nil
}

// add takes one control into a form.
func (f *webForm) add(n *html.Node) {
	name, kind := attr(n, "name"), strings.ToLower(attr(n, "type"))
	if n.Type != html.ElementNode || name == "" {
		return
	}
	switch {
	case n.Data == "button" && !f.fields.Has(name), n.Data == "input" && kind == "submit" && !f.fields.Has(name):
		f.fields.Set(name, attr(n, "value")) // the first button of a form is its default
	case n.Data != "input" || kind == "submit":
	case kind == "checkbox" || kind == "radio":
		if _, checked := lookup(n, "checked"); checked {
			f.fields.Add(name, attr(n, "value"))
		}
	case kind == "hidden" || attr(n, "value") != "":
		f.fields.Set(name, attr(n, "value"))
	default:
		f.blank = append(f.blank, name)
		f.kinds[name] = kind
	}
}

// fill types what is known: the password where one is asked for, the name in the
// one other field.
func (f *webForm) fill(user, password string) error {
	for _, name := range f.blank {
		switch {
		case f.kinds[name] == "password":
			f.fields.Set(name, password)
		case slices.Contains([]string{"identifier", "username", "user", "email", "login"}, name):
			f.fields.Set(name, user)
		default:
			return fmt.Errorf("the provider asks for %q, which only the person knows; open the address in a browser instead", name)
		}
	}
	return nil
}

func (f *webForm) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, f.method, f.action.String(), strings.NewReader(f.fields.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", f.action.Scheme+"://"+f.action.Host)
	return req, nil
}

// heading returns what the page says first, for messages.
func (p *webPage) heading() string {
	var said []string
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && (n.Data == "h1" || attr(n, "role") == "alert") {
			said = append(said, strings.Join(strings.Fields(textOf(n)), " "))
		}
	}
	if len(said) == 0 {
		return http.StatusText(p.status)
	}
	return printable(strings.Join(said, ": "))
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data + " ")
		}
	}
	return b.String()
}

func attr(n *html.Node, name string) string {
	v, _ := lookup(n, name)
	return v
}

func lookup(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
