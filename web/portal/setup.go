package portal

import (
	"net/http"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/web/ui"
)

// minimum is the length of the first administrator's password, where no policy
// can have been set yet.
const minimum = 15

// A founding is what the page of the first administrator shows.
type founding struct {
	Open                        bool // an administrator is still to come
	Token, Name, Email, Display string
	MinLength                   int
	Faults                      []ui.Fault
}

// Fault returns the fault of a field.
func (f founding) Fault(field string) string {
	for _, x := range f.Faults {
		if x.Field == field {
			return x.Text
		}
	}
	return ""
}

// setup shows the form for the first administrator. The token of the link stands
// behind a "#", which no server sees: page.js puts it into the form, and without
// JavaScript people do.
func (p *Portal) setup(v *visit) error {
	open, err := p.o.SignIn.CanSetup(v.ctx())
	if err != nil {
		return err
	}
	status := http.StatusOK
	if !open {
		status = http.StatusNotFound
	}
	return p.showSetup(v, status, founding{Open: open})
}

func (p *Portal) showSetup(v *visit, status int, f founding) error {
	f.MinLength = minimum
	title := "setup.title"
	if !f.Open {
		title = "setup.closed_title"
	}
	return p.show(v, status, ui.Page{Title: title, Body: "setup", Data: f, Scripts: []string{"page.js"}})
}

// doSetup makes the first administrator and signs them in.
func (p *Portal) doSetup(v *visit) error {
	form := v.r.PostForm
	f := founding{
		Open: true, Token: strings.TrimSpace(form.Get("token")), Name: strings.TrimSpace(form.Get("name")),
		Email: strings.TrimSpace(form.Get("email")), Display: strings.TrimSpace(form.Get("display")),
	}
	words := p.words(v)
	for _, field := range []string{"token", "name", "email", "password"} {
		if strings.TrimSpace(form.Get(field)) == "" {
			f.Faults = append(f.Faults, ui.Fault{Field: field, Text: words.T("setup.need_" + field)})
		}
	}
	if f.Faults != nil {
		return p.showSetup(v, http.StatusUnprocessableEntity, f)
	}
	token := f.Token[strings.LastIndexByte(f.Token, '#')+1:] // of the whole link, if that was pasted
	done, fault, err := p.o.SignIn.Setup(v.ctx(), token, signin.NewAdministrator{
		Name: f.Name, Email: f.Email, Display: f.Display, Password: form.Get("password"),
		Agent: v.r.UserAgent(), Address: p.o.Address(v.r),
	})
	switch kind := identity.KindOf(err); {
	case kind == identity.NotFound:
		f.Faults = []ui.Fault{{Field: "token", Text: words.T("setup.bad_token")}}
	case kind == identity.Invalid || kind == identity.Conflict:
		f.Faults = []ui.Fault{{Field: "name", Text: words.T("setup.bad_name")}}
	case err != nil:
		return err
	case fault != "":
		f.Faults = []ui.Fault{{Field: "password", Text: say(words, fault, 0, minimum)}}
	}
	if f.Faults != nil {
		return p.showSetup(v, http.StatusUnprocessableEntity, f)
	}
	p.keep(v, done)
	// What an administrator does next is to add a second way in.
	return v.see(v.base + "/account/security")
}

// leaving asks whether to sign out, or says that somebody has.
func (p *Portal) leaving(v *visit) error {
	if v.session == nil {
		return p.show(v, http.StatusOK, ui.Page{Title: "signout.done_title", Body: "signed_out", Data: v.base})
	}
	who, err := p.o.People.Person(v.ctx(), v.org.ID, v.session.User)
	if err != nil {
		return err
	}
	v.person = &who
	return p.show(v, http.StatusOK, ui.Page{Title: "signout.title", Body: "signout", Data: leave{v.base, who}, Langs: []string{who.Language}})
}

// leave is what the page that signs out shows.
type leave struct {
	Base   string
	Person Person
}

// leave signs the browser out.
func (p *Portal) leave(v *visit) error {
	if v.session != nil {
		if err := p.o.Sessions.End(v.ctx(), v.org.ID, v.session.ID); err != nil {
			return err
		}
	}
	p.cookies.Clear(v.w, p.cookies.Session(v.org.ID))
	return v.see(v.base + "/signout")
}

// Called returns how the person is addressed.
func (l leave) Called() string { return l.Person.called() }
