package portal

import (
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/web"
	"github.com/muster-id/muster/web/ui"
)

// flowAge is how long a browser keeps the cookie of a flow; the flow itself may
// end before.
const flowAge = time.Hour

// start begins a sign-in that no app asked for.
func (p *Portal) start(v *visit) error {
	if v.session != nil {
		return v.see(v.base + "/account")
	}
	return p.begin(v, v.base+"/account", false)
}

// begin makes a flow that leads to a page of ours in the end.
func (p *Portal) begin(v *visit, back string, fresh bool) error {
	id, cookie, err := p.o.SignIn.Begin(v.ctx(), v.org, signin.Start{
		Return:    back,
		LoginHint: v.r.URL.Query().Get("login_hint"),
		Fresh:     fresh,
		Session:   v.session,
		Browser:   p.cookies.Get(v.r, p.cookies.Browser(v.org.ID)),
		Agent:     v.r.UserAgent(),
		Address:   p.o.Address(v.r),
	})
	if err != nil {
		return err
	}
	p.cookies.Begin(v.w, v.r, web.FlowKind, id, cookie, flowAge)
	return v.see(v.base + "/signin/" + id)
}

// flow shows what a flow waits for.
func (p *Portal) flow(v *visit) error {
	id := v.r.PathValue("flow")
	view, err := p.o.SignIn.Flow(v.ctx(), v.org, id, p.cookies.Get(v.r, p.cookies.Flow(id)))
	if err != nil {
		return p.lost(v, err)
	}
	if view.Done != nil {
		return p.finish(v, view)
	}
	return p.showStep(v, http.StatusOK, view)
}

// answer takes the form of a step.
func (p *Portal) answer(v *visit) error {
	id := v.r.PathValue("flow")
	view, err := p.o.SignIn.Answer(v.ctx(), v.org, id, p.cookies.Get(v.r, p.cookies.Flow(id)), signin.Input{
		Step:    signin.Step(v.r.PostForm.Get(signin.FieldStep)),
		Fields:  v.r.PostForm,
		Agent:   v.r.UserAgent(),
		Address: p.o.Address(v.r),
	})
	switch {
	case err != nil:
		return p.lost(v, err)
	case view.Done != nil:
		return p.finish(v, view)
	case view.Error == "":
		return v.see(v.base + "/signin/" + id)
	}
	status := http.StatusUnprocessableEntity
	switch view.Error {
	case signin.ErrTooMany:
		status = http.StatusTooManyRequests
	case signin.ErrBusy:
		status = http.StatusServiceUnavailable
	}
	retryAfter(v.w, view.Retry)
	return p.showStep(v, status, view)
}

// finish gives the browser its session and sends it on.
func (p *Portal) finish(v *visit, view *signin.View) error {
	d := view.Done
	p.cookies.Clear(v.w, p.cookies.Flow(view.ID))
	p.keep(v, d)
	return v.see(d.Return)
}

// keep gives the browser the cookies of a finished flow.
func (p *Portal) keep(v *visit, d *signin.Done) {
	if d.SessionCookie != "" {
		p.cookies.Set(v.w, p.cookies.Session(v.org.ID), d.SessionCookie, 0)
	}
	if d.BrowserCookie != "" {
		p.cookies.Set(v.w, p.cookies.Browser(v.org.ID), d.BrowserCookie, d.BrowserAge)
	}
}

// lost answers for a flow that is not to be had: it has ended, or it is another
// browser's (attack A7). Who is signed in is told that it has ended: the way
// back of their browser leads to the flow by which they came in.
func (p *Portal) lost(v *visit, err error) error {
	d, status := lost{Base: v.base}, http.StatusNotFound
	switch identity.KindOf(err) {
	case identity.NotFound:
	case identity.Denied:
		if v.session == nil {
			d.Another, status = true, http.StatusForbidden
		}
	default:
		return err
	}
	return p.show(v, status, ui.Page{Title: "lost.title", Body: "lost", Data: d, Popup: true})
}

// lost is what the page of a lost flow shows.
type lost struct {
	Base    string
	Another bool // it began in another browser
}

// bodies are the templates of the steps, where they are not named like them.
var bodies = map[signin.Step]string{
	signin.StepTOTP: "code", signin.StepEmailCode: "code", signin.StepSMSCode: "code", signin.StepRecoveryCode: "code",
}

// A step is what the template of a step shows.
type step struct {
	*signin.View
	Base    string
	Path    string       // of the flow
	Fault   string       // what went wrong
	Options string       // of the passkey, as JSON
	Wait    string       // until another code can be sent
	File    template.URL // the recovery codes
	Recover bool         // offer a new password
	Icon    string
}

func (p *Portal) showStep(v *visit, status int, view *signin.View) error {
	words := p.words(v, view.UILocales)
	s := step{
		View: view, Base: v.base, Path: v.base + "/signin/" + view.ID, Options: string(view.Passkey),
		Fault: say(words, view.Error, view.Retry, view.MinLength), Icon: icons[view.Step],
		File: codesFile(view.Codes),
	}
	if view.Resend > 0 {
		s.Wait = span(words, view.Resend)
	}
	if view.Step == signin.StepPassword {
		policy, err := p.o.SignIn.Policy(v.ctx(), v.org.ID)
		if err != nil {
			return err
		}
		s.Recover = !policy.NoRecovery
	}
	body := string(view.Step)
	if b, ok := bodies[view.Step]; ok {
		body = b
	}
	scripts := []string{"page.js"}
	if slices.Contains(withPasskey, view.Step) && len(view.Passkey) > 0 {
		scripts = append(scripts, "passkey.js")
	}
	return p.show(v, status, ui.Page{
		Title: "title." + string(view.Step), Body: body, Data: s, Langs: []string{view.UILocales},
		Scripts: scripts, FormAnywhere: true, Popup: true, Images: logos(view),
	})
}

// logos are the places from which a step shows the logo of the app that asks.
func logos(view *signin.View) []string {
	if view.App == nil || view.App.LogoURI == "" {
		return nil
	}
	return []string{view.App.LogoURI}
}

// withPasskey are the steps that a passkey answers.
var withPasskey = []signin.Step{signin.StepIdentify, signin.StepPasskey, signin.StepEnrolPasskey}

// icons stand beside the names of methods.
var icons = map[signin.Step]string{
	signin.StepPassword: "lock", signin.StepPasskey: "passkey", signin.StepEnrolPasskey: "passkey",
	signin.StepTOTP: "phone", signin.StepEnrolTOTP: "phone", signin.StepSMSCode: "phone",
	signin.StepEmailCode: "mail", signin.StepRecoveryCode: "recovery", signin.StepCodes: "recovery",
}

// A method is one entry of a list of methods.
type method struct{ Use, Icon string }

// Others lists the other methods that the person can choose.
func (s step) Others() (list []method) {
	for _, m := range s.Methods {
		if m != s.Step {
			list = append(list, method{string(m), icons[m]})
		}
	}
	return list
}

// QR returns the picture of an app's enrolment.
func (s step) QR() template.URL { return picture(s.TOTP) }

// QR returns the picture of an app's enrolment.
func (e enrolment) QR() template.URL { return picture(e.TOTP) }

// Link returns the address that opens the authenticator app of this device.
func (s step) Link() template.URL { return appLink(s.TOTP) }

// Link returns the address that opens the authenticator app of this device.
func (e enrolment) Link() template.URL { return appLink(e.TOTP) }

func picture(t *signin.TOTP) template.URL {
	if t == nil || !strings.HasPrefix(t.QR, "data:image/png;base64,") {
		return ""
	}
	return template.URL(t.QR)
}

func appLink(t *signin.TOTP) template.URL {
	if t == nil || !strings.HasPrefix(t.URL, "otpauth://") {
		return ""
	}
	return template.URL(t.URL)
}
