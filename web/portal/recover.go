package portal

import (
	"net/http"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/web/ui"
)

// recovery is what the pages of a forgotten password show.
type recovery struct {
	Base       string
	Identifier string
	Fault      string
	Sent       bool
}

// recover asks who has forgotten a password.
func (p *Portal) recover(v *visit) error {
	d := recovery{Base: v.base, Sent: v.r.URL.Query().Has("sent")}
	return p.show(v, http.StatusOK, ui.Page{Title: "recover.title", Body: "recover", Data: d})
}

// sendRecovery asks for the letter. It says the same whether there is somebody
// or not (attack C43).
func (p *Portal) sendRecovery(v *visit) error {
	d := recovery{Base: v.base, Identifier: strings.TrimSpace(v.r.PostForm.Get("identifier"))}
	err := p.o.SignIn.Recover(v.ctx(), v.org, signin.Recovery{Identifier: d.Identifier, Address: p.o.Address(v.r)})
	status := http.StatusUnprocessableEntity
	words := p.words(v)
	switch identity.KindOf(err) {
	case identity.Invalid:
		d.Fault = words.T("error.empty")
	case identity.Throttled:
		status, d.Fault = http.StatusTooManyRequests, say(words, signin.ErrTooMany, signin.RetryAfter(err), 0)
		retryAfter(v.w, signin.RetryAfter(err))
	default:
		if err != nil {
			return err
		}
		return v.see(v.base + "/recover?sent")
	}
	return p.show(v, status, ui.Page{Title: "recover.title", Body: "recover", Data: d})
}

// A link is what the page of a link to a new password shows.
type link struct {
	*signin.LinkView
	Base, Path, Fault string
}

// link shows the form of a link and consumes nothing: letters are opened by
// machines too.
func (p *Portal) link(v *visit) error {
	view, err := p.o.SignIn.OpenLink(v.ctx(), v.org, v.r.PathValue("token"))
	if err != nil {
		return p.gone(v, err, "/recover")
	}
	return p.showLink(v, http.StatusOK, view)
}

// useLink sets the password.
func (p *Portal) useLink(v *visit) error {
	view, err := p.o.SignIn.UseLink(v.ctx(), v.org, v.r.PathValue("token"), v.r.PostForm.Get("password"))
	if err != nil {
		return p.gone(v, err, "/recover")
	}
	if view.Error != "" {
		retryAfter(v.w, view.Retry)
		return p.showLink(v, http.StatusUnprocessableEntity, view)
	}
	p.cookies.Clear(v.w, p.cookies.Session(v.org.ID))
	return p.show(v, http.StatusOK, ui.Page{Title: "link.done_title", Body: "link_done", Data: v.base, Once: true})
}

func (p *Portal) showLink(v *visit, status int, view *signin.LinkView) error {
	d := link{view, v.base, v.r.URL.EscapedPath(), say(p.words(v), view.Error, view.Retry, view.MinLength)}
	title := "link.title"
	if view.Kind == signin.LinkWelcome {
		title = "link.welcome_title"
	}
	return p.show(v, status, ui.Page{Title: title, Body: "link", Data: d, Scripts: []string{"page.js"}})
}

// gone answers for a link that does not hold.
func (p *Portal) gone(v *visit, err error, again string) error {
	if identity.KindOf(err) != identity.NotFound {
		return err
	}
	return p.show(v, http.StatusNotFound, ui.Page{Title: "gone.title", Body: "gone", Data: gone{v.base, again}, Once: true})
}

// gone is what the page of a link that does not hold shows.
type gone struct {
	Base  string
	Again string // where to ask for another
}

// A verification is what the page of a link to an address shows.
type verification struct{ Base, Path, Email string }

// verification shows whose address a link verifies and consumes nothing.
func (p *Portal) verification(v *visit) error {
	email, err := p.o.SignIn.OpenVerification(v.ctx(), v.org, v.r.PathValue("token"))
	if err != nil {
		return p.gone(v, err, "/account")
	}
	return p.show(v, http.StatusOK, ui.Page{Title: "verify.title", Body: "verify", Data: verification{v.base, v.r.URL.EscapedPath(), email}})
}

// verify takes the word of whoever has the link.
func (p *Portal) verify(v *visit) error {
	email, err := p.o.SignIn.ConfirmEmail(v.ctx(), v.org, v.r.PathValue("token"))
	if err != nil {
		return p.gone(v, err, "/account")
	}
	return p.show(v, http.StatusOK, ui.Page{Title: "verify.done_title", Body: "verify_done", Data: verification{v.base, "", email}, Once: true})
}
