package portal

import (
	"net/http"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/locale"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/web/ui"
)

// showAccount renders one of the account's pages.
func (p *Portal) showAccount(v *visit, status int, pg ui.Page) error {
	at := v.base + "/account"
	for _, l := range []ui.Link{
		{Label: "nav.profile", Path: at, Icon: "user"},
		{Label: "nav.security", Path: at + "/security", Icon: "shield"},
		{Label: "nav.sessions", Path: at + "/sessions", Icon: "sessions"},
		{Label: "nav.apps", Path: at + "/apps", Icon: "app"},
		{Label: "nav.signout", Path: v.base + "/signout", Icon: "signout"},
	} {
		here := v.r.URL.Path
		l.Current = here == l.Path || l.Path != at && strings.HasPrefix(here, l.Path+"/") || l.Path == at && here == at+"/phone"
		pg.Nav = append(pg.Nav, l)
	}
	pg.Wide, pg.Home, pg.Person = true, at, v.person.called()
	pg.Langs = append(pg.Langs, v.person.Language)
	pg.Scripts = append(pg.Scripts, "page.js")
	return p.show(v, status, pg)
}

// called returns how a person is addressed.
func (p *Person) called() string {
	switch {
	case p.Display != "":
		return p.Display
	case p.Given != "" || p.Family != "":
		return strings.TrimSpace(p.Given + " " + p.Family)
	}
	return p.UserName
}

// notices are what a page may say after a form was taken: the keys that may
// stand in ?done=.
var notices = []string{
	"saved", "letter", "phone", "passkey", "totp", "renamed", "removed", "password", "ended", "ended_all", "forgotten", "withdrawn",
}

// done returns the key of the notice to show, "" for none.
func (v *visit) done() string {
	if key := v.r.URL.Query().Get("done"); slices.Contains(notices, key) {
		return "done." + key
	}
	return ""
}

// A profilePage is what the page of the profile shows.
type profilePage struct {
	Base      string
	Done      string
	Person    Person
	Called    string
	Addresses []signin.Address
	Languages []string
	Fault     string
}

// profile shows a person to themselves.
func (p *Portal) profile(v *visit) error {
	return p.showProfile(v, http.StatusOK, *v.person, "")
}

func (p *Portal) showProfile(v *visit, status int, who Person, fault string) error {
	addresses, err := p.o.SignIn.Addresses(v.ctx(), v.org.ID, v.session.User)
	if err != nil {
		return err
	}
	d := profilePage{v.base, v.done(), who, v.person.called(), addresses, locale.Tags(), fault}
	return p.showAccount(v, status, ui.Page{Title: "profile.title", Body: "profile", Data: d})
}

// saveProfile changes what people may change of themselves.
func (p *Portal) saveProfile(v *visit) error {
	if !v.person.Editable {
		return identity.NewError(identity.Denied, "", "The profile comes from a directory and is changed there.")
	}
	form := v.r.PostForm
	who := *v.person
	who.Profile = Profile{
		Display: strings.TrimSpace(form.Get("display")), Given: strings.TrimSpace(form.Get("given")),
		Family: strings.TrimSpace(form.Get("family")), Language: form.Get("language"),
	}
	err := p.o.People.SaveProfile(v.ctx(), v.org.ID, v.session.User, who.Profile)
	if identity.KindOf(err) == identity.Invalid {
		return p.showProfile(v, http.StatusUnprocessableEntity, who, p.words(v).T("profile.invalid"))
	}
	if err != nil {
		return err
	}
	return v.see(v.base + "/account?done=saved")
}

// sendVerification sends a letter or a code to an address of the person.
func (p *Portal) sendVerification(v *visit) error {
	value := v.r.PostForm.Get("value")
	var err error
	to := "/account?done=letter"
	if v.r.PostForm.Get("kind") == "phone" {
		to = "/account/phone"
		err = p.o.SignIn.VerifyPhone(v.ctx(), v.org, v.session.User, value)
	} else {
		err = p.o.SignIn.VerifyEmail(v.ctx(), v.org, v.session.User, value)
	}
	if identity.KindOf(err) == identity.Throttled {
		fault := say(p.words(v), signin.ErrTooMany, signin.RetryAfter(err), 0)
		return p.showProfile(v, http.StatusTooManyRequests, *v.person, fault)
	}
	if err != nil {
		return err
	}
	return v.see(v.base + to)
}

// An entry is what a page with one form of the account shows.
type entry struct {
	Base, Fault string
}

// phone asks for the code that was sent to a number.
func (p *Portal) phone(v *visit) error {
	return p.showAccount(v, http.StatusOK, ui.Page{Title: "phone.title", Body: "phone", Data: entry{Base: v.base}})
}

// confirmPhone checks the code.
func (p *Portal) confirmPhone(v *visit) error {
	key, err := p.o.SignIn.ConfirmPhone(v.ctx(), v.org, v.session.User, v.r.PostForm.Get("code"), p.o.Address(v.r))
	if err != nil {
		return err
	}
	if key != "" {
		d := entry{v.base, say(p.words(v), key, 0, 0)}
		return p.showAccount(v, http.StatusUnprocessableEntity, ui.Page{Title: "phone.title", Body: "phone", Data: d})
	}
	return v.see(v.base + "/account?done=phone")
}

// A sessionsPage is what the page of sessions shows.
type sessionsPage struct {
	Base, Done string
	List       []device
}

// A device is a session as people see it.
type device struct {
	identity.Session
	Browser, System string // "" if unknown
	Mobile, Current bool
}

// sessions shows where the person is signed in.
func (p *Portal) sessions(v *visit) error {
	list, err := p.o.Sessions.List(v.ctx(), v.org.ID, v.session.User)
	if err != nil {
		return err
	}
	d := sessionsPage{Base: v.base, Done: v.done()}
	for _, s := range list {
		a := readAgent(s.Agent)
		d.List = append(d.List, device{s, a.Browser, a.System, a.Mobile, s.ID == v.session.ID})
	}
	slices.SortStableFunc(d.List, func(a, b device) int {
		switch {
		case a.Current == b.Current:
			return b.Seen.Compare(a.Seen)
		case a.Current:
			return -1
		}
		return 1
	})
	return p.showAccount(v, http.StatusOK, ui.Page{Title: "sessions.title", Body: "sessions", Data: d})
}

// endSessions ends one session of the person, or all but this one, or forgets
// the browsers that need no second factor.
func (p *Portal) endSessions(v *visit) error {
	form := v.r.PostForm
	if form.Has("forget") {
		if err := p.o.SignIn.ForgetBrowsers(v.ctx(), v.org.ID, v.session.User); err != nil {
			return err
		}
		return v.see(v.base + "/account/sessions?done=forgotten")
	}
	list, err := p.o.Sessions.List(v.ctx(), v.org.ID, v.session.User)
	if err != nil {
		return err
	}
	id, done := form.Get("session"), "ended"
	if form.Has("others") {
		id, done = "", "ended_all"
	}
	for _, s := range list {
		if s.ID != v.session.ID && (id == "" && done == "ended_all" || s.ID.String() == id) {
			if err := p.o.Sessions.End(v.ctx(), v.org.ID, s.ID); err != nil {
				return err
			}
		}
	}
	return v.see(v.base + "/account/sessions?done=" + done)
}

// An appsPage is what the page of apps shows.
type appsPage struct {
	Base, Done string
	List       []access
}

// An access is an app with what it may know, in words.
type access struct {
	App
	May []string
}

// scopes are those that the portal has words for; others speak for themselves.
var scopes = []string{"openid", "profile", "email", "phone", "address", "groups", "roles", "offline_access"}

// apps shows which apps may use the account.
func (p *Portal) apps(v *visit) error {
	list, err := p.o.People.Apps(v.ctx(), v.org.ID, v.session.User)
	if err != nil {
		return err
	}
	d := appsPage{Base: v.base, Done: v.done()}
	words := p.words(v)
	for _, a := range list {
		x := access{App: a}
		for _, s := range a.Scopes {
			if slices.Contains(scopes, s) {
				s = words.T("scope." + s)
			}
			x.May = append(x.May, s)
		}
		d.List = append(d.List, x)
	}
	return p.showAccount(v, http.StatusOK, ui.Page{Title: "apps.title", Body: "apps", Data: d})
}

// withdraw takes an app's permission back.
func (p *Portal) withdraw(v *visit) error {
	id, ok := identity.ParseID(v.r.PostForm.Get("app"))
	if !ok {
		return identity.NewError(identity.NotFound, "", "There is no such app.")
	}
	if err := p.o.People.Withdraw(v.ctx(), v.org.ID, v.session.User, id); err != nil {
		return err
	}
	return v.see(v.base + "/account/apps?done=withdrawn")
}
