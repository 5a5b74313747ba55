package ui

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/muster-id/muster/locale"
	"github.com/muster-id/muster/web"
)

// A Page is one page to be rendered.
type Page struct {
	Title string // the words' key of the title, or the title itself
	Body  string // name of the room's template
	Data  any
	// Langs are the languages that the person prefers, as tags or lists of them.
	// A choice made on the page comes before, what the browser says after them.
	Langs []string
	// Organisation is whose page it is: the name at its top.
	Organisation string
	Home         string // where that name leads, "" nowhere
	// Wide makes a page of sections below a bar of links, else it is one card.
	Wide   bool
	Nav    []Link
	Person string // who is signed in, in the bar of a wide page
	// Scripts are the assets that the page runs: "passkey.js", "page.js" (copy
	// buttons, shown passwords), "submit.js" (sends the only form at once).
	Scripts []string
	// FormTargets are the origins or schemes, such as "https:", that the page's
	// forms may lead to besides our own, also by way of redirects of others.
	FormTargets []string
	// FormAnywhere says that forms may lead anywhere, for pages whose answer
	// redirects to an app that the page does not know.
	FormAnywhere bool
	Frames       []string // origins or addresses that the page frames
	Images       []string // origins from which the page shows images
	// Popup says that an app may have opened the page in a window of its own and
	// waits for it.
	Popup bool
	// Next is where the browser goes by itself after NextSeconds.
	Next        string
	NextSeconds int
	// Once says that the page answers a request that cannot be repeated: it
	// offers no other language.
	Once bool
}

// A Link is one entry of a bar of links.
type Link struct {
	Label   string // the words' key, or the label itself
	Path    string
	Icon    string
	Current bool
}

// A Fault is one error in a form: the id of its field, and a sentence.
type Fault struct{ Field, Text string }

// A Problem is what the error page tells. Title and Text say by default what the
// status means.
type Problem struct {
	Title, Text string
	Reference   string   // to be told to support; by default the request's id
	Hint        string   // a sentence for developers, in English
	Details     []Detail // for developers
	Back        Link
	Page        Page // of it, the languages, the organisation and the headers count
}

// A Detail tells a developer what was seen where, and what was expected.
type Detail struct{ Name, Seen, Expected string }

// A View is what templates see.
type View struct {
	Page *Page
	Data any
	Lang, Dir,
	Product string
	Languages []Language

	room, own *locale.Words
	ui        *UI
}

// A Language is one entry of the list of languages.
type Language struct {
	Tag, Name, Path string
	Current         bool
}

// T says the room's words under a key, with pairs of name and value.
func (v *View) T(key string, pairs ...any) string { return v.room.T(key, pairs...) }

// N is T for words that depend on a count.
func (v *View) N(key string, count int, pairs ...any) string { return v.room.N(key, count, pairs...) }

// UI says the layout's own words.
func (v *View) UI(key string, pairs ...any) string { return v.own.T(key, pairs...) }

// Refresh is the content of the page's refresh: where to go, and when.
func (v *View) Refresh() string {
	return strconv.Itoa(v.Page.NextSeconds) + ";url=" + v.Page.Next
}

// Asset returns the path of an asset.
func (v *View) Asset(name string) string { return v.ui.assets.path(name) }

func (m *Room) view(r *http.Request, p *Page) *View {
	prefs := m.ui.preferences(r, p.Langs)
	v := &View{Page: p, Data: p.Data, Product: m.ui.o.Name, room: m.words.For(prefs...), own: m.ui.words.For(prefs...), ui: m.ui}
	v.Lang, v.Dir = v.own.Tag(), v.own.Dir()
	if !p.Once {
		v.Languages = languages(r.URL, v.Lang)
	}
	return v
}

// names are the languages in themselves.
var names = map[string]string{
	"en": "English", "de": "Deutsch", "nl": "Nederlands", "fr": "Français",
	"es": "Español", "pt-BR": "Português (Brasil)", "ar": "العربية",
}

// maxPath bounds the address of a page that is repeated for each language: a
// stranger must not make a long address many times as long.
const maxPath = 4096

// languages lists the languages with the page's own path in each.
func languages(at *url.URL, current string) (list []Language) {
	if len(at.RawQuery)+len(at.Path) > maxPath {
		return nil
	}
	for _, tag := range locale.Tags() {
		q := at.Query()
		q.Set("lang", tag)
		u := url.URL{Path: at.Path, RawPath: at.RawPath, RawQuery: q.Encode()}
		list = append(list, Language{Tag: tag, Name: names[tag], Path: u.RequestURI(), Current: tag == current})
	}
	return list
}

// languageCookie remembers the language that somebody chose.
const languageCookie = "language"

// chosen returns the language that r asks for by ?lang=, "" if none of ours.
func chosen(r *http.Request) string {
	tag := r.URL.Query().Get("lang")
	if _, ok := names[tag]; ok {
		return tag
	}
	return ""
}

func (u *UI) preferences(r *http.Request, langs []string) []string {
	cookies := web.Cookies{Secure: u.o.Secure}
	prefs := []string{chosen(r), cookies.Get(r, cookies.Name(languageCookie, ""))}
	prefs = append(prefs, langs...)
	return append(prefs, r.Header.Get("Accept-Language"))
}

// keepLanguage remembers a choice of language for a year.
func (u *UI) keepLanguage(w http.ResponseWriter, r *http.Request) {
	if tag := chosen(r); tag != "" && r.Method == http.MethodGet {
		cookies := web.Cookies{Secure: u.o.Secure}
		cookies.Set(w, cookies.Name(languageCookie, ""), tag, 365*24*time.Hour)
	}
}

// Error answers with the error page, in no organisation's name unless the
// problem says so.
func (u *UI) Error(w http.ResponseWriter, r *http.Request, status int, p Problem) {
	words := u.words.For(u.preferences(r, p.Page.Langs)...)
	kind := "other"
	switch {
	case status == http.StatusNotFound:
		kind = "missing"
	case status == http.StatusForbidden:
		kind = "denied"
	case status == http.StatusTooManyRequests:
		kind = "throttled"
	case status == http.StatusServiceUnavailable:
		kind = "busy"
	case status >= 500:
		kind = "ours"
	}
	p.Title = cmp.Or(p.Title, words.T("problem."+kind+"_title"))
	p.Text = cmp.Or(p.Text, words.T("problem."+kind+"_text"))
	p.Reference = cmp.Or(p.Reference, web.RequestID(r.Context()))
	page := p.Page
	page.Title, page.Body, page.Data, page.Once = p.Title, "problem", p, r.Method != http.MethodGet
	u.own.Render(w, r, status, page)
}

// headers sets what the browser must know of the page.
func (u *UI) headers(h http.Header, p *Page) {
	csp := []string{"default-src 'none'", "style-src 'self'", "img-src 'self' data:" + sources(p.Images),
		"base-uri 'none'", "frame-ancestors 'none'"}
	if len(p.Scripts) > 0 {
		csp = append(csp, "script-src 'self'")
	}
	if !p.FormAnywhere {
		csp = append(csp, "form-action 'self'"+sources(p.FormTargets))
	}
	if len(p.Frames) > 0 {
		csp = append(csp, "frame-src"+sources(p.Frames))
	}
	h.Set("Content-Security-Policy", strings.Join(csp, "; "))
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Permissions-Policy", "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()")
	if !p.Popup {
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
	if u.o.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// sources writes addresses as sources of a policy: an origin, or for a scheme of
// an app's own the scheme. What is neither is left out, for it could end the
// directive.
func sources(addresses []string) string {
	var b strings.Builder
	for _, a := range addresses {
		u, err := url.Parse(a)
		switch {
		case err != nil || slices.Contains([]string{"", "javascript", "data", "blob", "vbscript"}, u.Scheme):
		case a == "https:" || a == "http:":
			b.WriteString(" " + a)
		case u.Scheme == "https" || u.Scheme == "http":
			if u.Host != "" && !strings.ContainsAny(u.Host, " ;,'\"") {
				b.WriteString(" " + u.Scheme + "://" + u.Host)
			}
		default:
			b.WriteString(" " + u.Scheme + ":")
		}
	}
	return b.String()
}
