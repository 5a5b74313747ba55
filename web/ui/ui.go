// Package ui is the design system of the pages that people see: one layout, a
// few partials, one style sheet, and the headers that keep a page from being
// framed, sniffed or scripted. Pages are plain HTML forms that work without
// JavaScript; what scripts there are come from files of ours.
//
// A room that has pages (web/portal, oidc) hands in its own templates and words:
//
//	room, err := u.Room(templates, "templates", words)
//	room.Render(w, r, http.StatusOK, ui.Page{Title: "consent.title", Body: "consent", Data: data})
//
// Each file templates/NAME.html is the body of the page NAME. The file
// partials.html, if there is one, holds {{define}}d partials that all bodies of
// the room share.
// In a body, dot is a *View: .Data is the room's, .T and .N say words (as $.T
// inside range and with), .Date and .Ago write times, .Page is the Page.
//
// # Partials
//
// All take named arguments: {{template "field" args "name" "email" "label" ($.T "signin.email")}}.
//
//	field     name label [type value autocomplete hint error required autofocus inputmode
//	          maxlength pattern placeholder id readonly dir capital("no capitals, no spelling")
//	          invalid("at fault, which the notice with the id faults explains")]
//	code      as field, for one-time codes: wide digits, autocomplete one-time-code
//	check     name label [value checked hint id]
//	button    label [name value kind("primary" "secondary" "danger" "quiet") icon id wide formnovalidate]
//	notice    kind("info" "ok" "warn" "danger") text [title id focus]
//	faults    title list([]ui.Fault): the summary of errors, which gets the focus
//	identity  name [text action actionlabel]: who is concerned, "not you?"
//	heading   title [text]: the h1 of a card and the sentence below it
//	app       name [text]: the app that asks, with its monogram
//	empty     icon title [text]
//	developer summary list([]ui.Detail): the fold for developers
//	secret    text id: something to copy, monospaced
//
// # Classes
//
//	form.stack           fields and buttons below each other; also div.stack
//	.actions             a row of buttons, which wraps
//	.list > li.row       hairline rows; in a row: .row-icon, .row-main (.row-title, .row-text), .row-end
//	a.row-link           a whole row that is a link; button.row-link likewise
//	.section, .section-head   parts of a wide page
//	dl.facts             pairs of name and value
//	.badge .badge-ok .badge-warn .badge-danger .badge-info
//	.scopes              the list of what an app asks for, with or without icons
//	.logo                the picture of an app, 64 pixels; where there is none, .monogram.large
//	.user-code           the code of a device, large
//	.muted .small .mono .center .sr (for screen readers alone) .or (a line with a word)
//	.links               quiet links below a form
package ui

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/locale"
	"github.com/muster-id/muster/web"
)

// Options are what the pages need to know of the server.
type Options struct {
	Secure bool   // browsers reach it by https
	Name   string // of the product, "Muster" by default
	Log    *slog.Logger
	Now    func() time.Time
}

// A UI renders pages. It is safe for use by many goroutines at once.
type UI struct {
	o      Options
	assets *assets
	base   *template.Template
	words  *locale.Catalogue
	own    *Room
}

// New makes a UI.
func New(o Options) (*UI, error) {
	if o.Name == "" {
		o.Name = "Muster"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	u := &UI{o: o}
	var err error
	if u.assets, err = newAssets(); err != nil {
		return nil, err
	}
	if u.words, err = locale.New(files, "words"); err != nil {
		return nil, err
	}
	if u.base, err = template.New("page").Funcs(funcs).ParseFS(files, "layout/*.html"); err != nil {
		return nil, fmt.Errorf("parse layout: %w", err)
	}
	u.own, err = u.Room(files, "templates", u.words)
	return u, err
}

// Mount serves the assets below /assets/.
func (u *UI) Mount(mux *http.ServeMux) { mux.Handle("GET /assets/{file}", u.assets) }

// A Room is a package with pages of its own.
type Room struct {
	ui    *UI
	pages map[string]*template.Template
	words *locale.Catalogue
}

// Room reads the templates dir/*.html of a room, which speaks with words.
func (u *UI) Room(templates fs.FS, dir string, words *locale.Catalogue) (*Room, error) {
	room := &Room{ui: u, pages: map[string]*template.Template{}, words: words}
	names, err := fs.Glob(templates, path.Join(dir, "*.html"))
	if err != nil {
		return nil, err
	}
	base := template.Must(u.base.Clone())
	shared := path.Join(dir, "partials.html")
	if slices.Contains(names, shared) {
		if base, err = base.ParseFS(templates, shared); err != nil {
			return nil, fmt.Errorf("parse %s: %w", shared, err)
		}
	}
	for _, name := range names {
		page := strings.TrimSuffix(path.Base(name), ".html")
		if name == shared {
			continue
		}
		text, err := fs.ReadFile(templates, name)
		if err != nil {
			return nil, err
		}
		t := template.Must(base.Clone())
		if _, err := t.New("body").Parse(string(text)); err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
		room.pages[page] = t
	}
	return room, nil
}

// Words returns the room's words in the language in which a page for r would
// be: see Page.Langs.
func (m *Room) Words(r *http.Request, langs ...string) *locale.Words {
	return m.words.For(m.ui.preferences(r, langs)...)
}

// Render answers with a page: all of it, or if its template is at fault, with
// the error page.
func (m *Room) Render(w http.ResponseWriter, r *http.Request, status int, p Page) {
	v := m.view(r, &p)
	var out bytes.Buffer
	t := m.pages[p.Body]
	err := fmt.Errorf("no page %q", p.Body)
	if t != nil {
		err = t.ExecuteTemplate(&out, "page", v)
	}
	if err != nil {
		web.Fail(r.Context(), fmt.Errorf("render page %s: %w", p.Body, err))
		m.ui.o.Log.ErrorContext(r.Context(), "page", "name", p.Body, "error", err)
		if m == m.ui.own {
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		m.ui.Error(w, r, http.StatusInternalServerError, Problem{})
		return
	}
	m.ui.keepLanguage(w, r)
	m.ui.headers(w.Header(), &p)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(out.Bytes()) //nolint:errcheck // the client is gone
	}
}
