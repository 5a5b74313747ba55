package oidc

import (
	"embed"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/web/ui"
)

//go:embed templates words
var files embed.FS

// pages are what people see of this door.
type pages struct {
	ui   *ui.UI
	room *ui.Room
}

func newPages(u *ui.UI) (*pages, error) {
	room, err := u.Open(files)
	return &pages{ui: u, room: room}, err
}

// page begins a page of an organisation.
func page(org identity.Organisation, body string, data any, langs ...string) ui.Page {
	return ui.Page{Title: body + ".title", Body: body, Data: data, Langs: langs, Organisation: org.Name}
}

// shown is an app as the pages show it.
type shown struct {
	Name, Logo, Home, Policy, Terms string
}

func show(a *identity.App) shown {
	return shown{appName(a), webAddress(a.LogoURI), webAddress(a.ClientURI), webAddress(a.PolicyURI), webAddress(a.TOSURI)}
}

// webAddress returns an address of the web, and "" for every other.
func webAddress(s string) string {
	if !strings.HasPrefix(s, "https://") {
		return ""
	}
	return s
}

// images are the places from which the page shows the app's logo.
func (s shown) images() []string {
	if s.Logo == "" {
		return nil
	}
	return []string{s.Logo}
}

// consentPage is what the page that asks for consent shows.
type consentPage struct {
	App                     shown
	Person, Session, Action string
	Lines                   []string // what the app may do then
}

func (g *pages) consent(w http.ResponseWriter, r *http.Request, v *visit, person string) {
	app, langs := show(v.App), v.Request.UILocales
	data := consentPage{
		App: app, Person: person, Session: v.session.ID.String(),
		Action: base(v.Org) + "/oauth2/authorize/" + v.waiting.ID,
		Lines:  g.lines(r, langs, consentScopes(v)),
	}
	p := page(v.Org, "consent", data, langs)
	p.Images, p.FormTargets, p.Popup = app.images(), targets(v.Request.RedirectURI), true
	g.room.Render(w, r, http.StatusOK, p)
}

// targets are where a form leads that sends the browser to an app: its address, and
// wherever the app sends it on to, for browsers hold the redirects of others
// against our policy.
func targets(address string) []string {
	out := []string{address}
	if strings.HasPrefix(address, "http:") {
		out = append(out, "http:")
	}
	return append(out, "https:")
}

// described are the scopes for which there is a sentence.
var described = []string{
	"openid", "profile", "email", "address", "phone", "offline_access", "groups", "roles", "scim", "muster:admin", "muster:read",
}

// silent are scopes that let an app do nothing that a person need know.
var silent = []string{"online_access"}

// lines says in sentences what scopes mean.
func (g *pages) lines(r *http.Request, langs string, scopes []string) (out []string) {
	words := g.room.Words(r, langs)
	for _, s := range scopes {
		name, asked := strings.CutPrefix(s, claimPrefix)
		switch {
		case asked:
			out = append(out, words.T("scope.claim", "name", name))
		case slices.Contains(silent, s):
		case slices.Contains(described, s):
			out = append(out, words.T("scope."+strings.ReplaceAll(s, ":", "_")))
		default:
			out = append(out, words.T("scope.unknown", "name", s))
		}
	}
	return out
}

// deviceConsent is what the page that asks about a device shows.
type deviceConsent struct {
	App                     *identity.App
	Device                  *request.Device
	Person, Session, Action string
	Shown                   shown
	Lines                   []string
}

func (g *pages) deviceConsent(w http.ResponseWriter, r *http.Request, org identity.Organisation, d deviceConsent) {
	d.Shown, d.Lines = show(d.App), g.lines(r, "", d.Device.Scopes)
	p := page(org, "device", d)
	p.Images = d.Shown.images()
	g.room.Render(w, r, http.StatusOK, p)
}

// deviceCode asks for the code that a device shows; fault is the words' key of
// what was wrong with the last one.
func (g *pages) deviceCode(w http.ResponseWriter, r *http.Request, org identity.Organisation, code, fault string) {
	status := http.StatusOK
	if fault != "" {
		status = http.StatusBadRequest
	}
	if fault == "device.too_many" {
		status = http.StatusTooManyRequests
	}
	if len(code) > 16 {
		code = ""
	}
	g.room.Render(w, r, status, page(org, "device_code", struct{ Action, Code, Fault string }{base(org) + "/device", code, fault}))
}

// done tells that something is over; key is that of its words.
func (g *pages) done(w http.ResponseWriter, r *http.Request, org identity.Organisation, key string) {
	p := page(org, "done", struct{ Key string }{key})
	p.Title, p.Once = key+"_title", true
	g.room.Render(w, r, http.StatusOK, p)
}

// A field is a hidden field of a form.
type field struct{ Name, Value string }

func fields(v url.Values) (out []field) {
	for name := range v {
		out = append(out, field{name, v.Get(name)})
	}
	slices.SortFunc(out, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// formPost sends the answer to the app by a form (OAuth 2.0 Form Post Response
// Mode). The one script that it needs is ours; its button does without.
func (g *pages) formPost(w http.ResponseWriter, r *http.Request, c *request.Case, out url.Values) {
	p := page(c.Org, "form_post", struct {
		Action, App string
		Fields      []field
	}{c.Request.RedirectURI, appName(c.App), fields(out)}, c.Request.UILocales)
	p.Scripts, p.FormTargets, p.Once, p.Popup = []string{"submit.js"}, targets(c.Request.RedirectURI), true, true
	g.room.Render(w, r, http.StatusOK, p)
}

// askSignOut asks whether to sign out.
func (g *pages) askSignOut(w http.ResponseWriter, r *http.Request, f *farewell, person string, keep url.Values, action string) {
	data := struct {
		App, Person, Session, Action string
		Fields                       []field
	}{"", person, f.session.ID.String(), action, fields(keep)}
	if f.app != nil {
		data.App = appName(f.app)
	}
	p := page(f.org, "sign_out", data, f.values.Get("ui_locales"))
	p.Once, p.Popup = r.Method != http.MethodGet, true
	if f.to != "" {
		p.FormTargets = targets(f.to)
	}
	g.room.Render(w, r, http.StatusOK, p)
}

// framesSeconds is how long apps have to load their pages before the browser
// goes on.
const framesSeconds = 2

// signedOut says goodbye, and has apps told in frames. to is where the browser
// goes then, "" nowhere.
func (g *pages) signedOut(w http.ResponseWriter, r *http.Request, f *farewell, to string, frames []string) {
	data := struct {
		App, Next, Again string
		Frames           []string
	}{"", to, base(f.org) + "/signin", frames}
	if f.app != nil {
		data.App = appName(f.app)
	}
	p := page(f.org, "signed_out", data, f.values.Get("ui_locales"))
	p.Frames, p.Once, p.Popup = frames, true, true
	if to != "" {
		p.Next, p.NextSeconds = to, framesSeconds
	}
	g.room.Render(w, r, http.StatusOK, p)
}

// badRequest tells a person that an app asked for something that cannot be, and
// the app's makers what it was. Nothing of the request goes into the sentences.
func (g *pages) badRequest(w http.ResponseWriter, r *http.Request, c *request.Case, e *request.Error) {
	words := g.room.Words(r)
	out := ui.Problem{Title: words.T("problem.title"), Text: words.T("problem.text")}
	if c != nil {
		out.Page.Organisation = c.Org.Name
	}
	switch e.Code {
	case "invalid_request_uri":
		out.Title, out.Text = words.T("problem.expired_title"), words.T("problem.expired_text")
	case "invalid_client":
		out.Text = words.T("problem.no_app")
	case "unauthorized_client":
		out.Text = words.T("problem.app_off")
	}
	out.Hint = e.Text
	out.Details = []ui.Detail{{Name: "error", Seen: e.Code}}
	if e.Parameter != "" {
		out.Details = append(out.Details, ui.Detail{Name: e.Parameter, Seen: sent(r, e.Parameter)})
	}
	if e.Ref != "" {
		out.Details = append(out.Details, ui.Detail{Name: "reference", Seen: e.Ref})
	}
	g.ui.Error(w, r, http.StatusBadRequest, out)
}

// shownParameters are the parameters whose value the page of a bad request
// repeats: they are no secrets, and seeing them is what helps.
var shownParameters = []string{"client_id", "redirect_uri", "response_type", "response_mode"}

// plainValue is a value that is worth repeating: a URL or a word, and nothing that
// could be taken for a sentence of ours or for a tag.
var plainValue = regexp.MustCompile(`^[A-Za-z0-9._~:/?#@&()*+,;=%-]{1,200}$`)

// sent is what a request said in a parameter, for its makers to see.
func sent(r *http.Request, parameter string) string {
	values := r.URL.Query()[parameter]
	switch {
	case !slices.Contains(shownParameters, parameter):
		return "…"
	case len(values) == 0:
		return "–"
	}
	if text := strings.Join(values, " "); plainValue.MatchString(text) {
		return text
	}
	return "…"
}

// problem tells a person that something is not possible, by its status.
func (g *pages) problem(w http.ResponseWriter, r *http.Request, status int) {
	out := ui.Problem{}
	words := g.room.Words(r)
	switch status {
	case http.StatusNotFound:
		out.Title, out.Text = words.T("problem.gone_title"), words.T("problem.gone_text")
	case http.StatusForbidden:
		out.Title, out.Text = words.T("problem.denied_title"), words.T("problem.denied_text")
	}
	g.ui.Error(w, r, status, out)
}
