package portal

import (
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/web/ui"
)

// maxName is the length of the name of a factor, in bytes.
const maxName = 64

// A securityPage is what the page of security shows.
type securityPage struct {
	Base, Done      string
	Passkeys, TOTPs []factor.Info
	Recovery        *factor.Info
	PasskeysWork    bool
}

// security shows how the person proves who they are.
func (p *Portal) security(v *visit) error {
	list, err := p.o.Factors.List(v.ctx(), v.org.ID, v.session.User)
	if err != nil {
		return err
	}
	d := securityPage{Base: v.base, Done: v.done(), PasskeysWork: p.o.Factors.PasskeysWork()}
	for _, f := range list {
		switch f.Kind {
		case factor.Passkey:
			d.Passkeys = append(d.Passkeys, f)
		case factor.TOTP:
			d.TOTPs = append(d.TOTPs, f)
		case factor.Recovery:
			d.Recovery = &f
		}
	}
	return p.showAccount(v, http.StatusOK, ui.Page{Title: "security.title", Body: "security", Data: d})
}

// An enrolment is what a page that enrols a factor shows. State goes to the
// browser and back sealed.
type enrolment struct {
	Base, Fault, State, Name string
	Options                  string // of the passkey, as JSON
	TOTP                     *signin.TOTP
}

// newPasskey begins the enrolment of a passkey.
func (p *Portal) newPasskey(v *visit) error {
	return p.showPasskey(v, http.StatusOK, enrolment{Base: v.base})
}

func (p *Portal) showPasskey(v *visit, status int, e enrolment) error {
	c, err := p.o.Factors.BeginRegistration(v.ctx(), v.org.ID, v.session.User, v.person.UserName, v.person.called())
	if err != nil {
		return err
	}
	e.Options, e.State = string(c.Options), base64.RawURLEncoding.EncodeToString(c.State)
	if e.Name == "" {
		e.Name = readAgent(v.r.UserAgent()).System
	}
	return p.showAccount(v, status, ui.Page{Title: "passkey.title", Body: "passkey_new", Data: e, Scripts: []string{"passkey.js"}})
}

// addPasskey ends it.
func (p *Portal) addPasskey(v *visit) error {
	form := v.r.PostForm
	e := enrolment{Base: v.base, Name: nameOf(form)}
	_, err := p.o.Factors.FinishRegistration(v.ctx(), v.org.ID, v.session.User, stateOf(form), []byte(form.Get("credential")), e.Name)
	switch identity.KindOf(err) {
	case identity.Unauthenticated, identity.Invalid, identity.Conflict:
		e.Fault = say(p.words(v), signin.ErrPasskey, 0, 0)
		return p.showPasskey(v, http.StatusUnprocessableEntity, e)
	}
	if err != nil {
		return err
	}
	return v.see(v.base + "/account/security?done=passkey")
}

func nameOf(form url.Values) string {
	name := strings.TrimSpace(form.Get("name"))
	return strings.ToValidUTF8(name[:min(len(name), maxName)], "")
}

func stateOf(form url.Values) []byte {
	state, err := base64.RawURLEncoding.DecodeString(form.Get("state"))
	if err != nil {
		return nil // which is no state either
	}
	return state
}

// newTOTP begins the enrolment of an authenticator app.
func (p *Portal) newTOTP(v *visit) error {
	t, err := p.o.Factors.NewTOTP(v.org, v.session.User, v.person.UserName)
	if err != nil {
		return err
	}
	return p.showTOTP(v, http.StatusOK, t, enrolment{Base: v.base})
}

func (p *Portal) showTOTP(v *visit, status int, t *factor.TOTPEnrolment, e enrolment) error {
	e.State = base64.RawURLEncoding.EncodeToString(t.State)
	e.TOTP = &signin.TOTP{Secret: t.Secret, URL: t.URL, QR: "data:image/png;base64," + base64.StdEncoding.EncodeToString(t.PNG)}
	return p.showAccount(v, status, ui.Page{Title: "totp.title", Body: "totp_new", Data: e})
}

// addTOTP ends it with a first code.
func (p *Portal) addTOTP(v *visit) error {
	form := v.r.PostForm
	state, name := stateOf(form), nameOf(form)
	_, err := p.o.Factors.ConfirmTOTP(v.ctx(), v.org.ID, v.session.User, state, form.Get("code"), name)
	if identity.KindOf(err) == identity.Unauthenticated {
		t, again := p.o.Factors.ShowTOTP(v.org.ID, v.session.User, state)
		if again != nil { // the page is too old: it begins anew
			return v.see(v.base + "/account/security/totp")
		}
		e := enrolment{Base: v.base, Fault: say(p.words(v), signin.ErrWrong, 0, 0), Name: name}
		return p.showTOTP(v, http.StatusUnprocessableEntity, t, e)
	}
	if err != nil {
		return err
	}
	return v.see(v.base + "/account/security?done=totp")
}

// A codesPage is what the page of new recovery codes shows.
type codesPage struct {
	Base  string
	Codes []string
	File  template.URL
}

// codes asks whether to make new recovery codes.
func (p *Portal) codes(v *visit) error {
	return p.showAccount(v, http.StatusOK, ui.Page{Title: "codes.title", Body: "codes_new", Data: codesPage{Base: v.base}})
}

// newCodes makes them and shows them, this once.
func (p *Portal) newCodes(v *visit) error {
	list, err := p.o.Factors.NewRecovery(v.ctx(), v.org.ID, v.session.User)
	if err != nil {
		return err
	}
	d := codesPage{v.base, list, codesFile(list)}
	return p.showAccount(v, http.StatusOK, ui.Page{Title: "codes.title", Body: "codes_new", Data: d, Once: true})
}

// codesFile is a text file of codes, as an address.
func codesFile(codes []string) template.URL {
	return template.URL("data:text/plain;charset=utf-8," + url.PathEscape(strings.Join(codes, "\r\n")+"\r\n"))
}

// A factorPage is what the page of one factor shows.
type factorPage struct {
	Base  string
	Fault string
	factor.Info
}

// find returns the factor of the path, if it is the person's.
func (p *Portal) find(v *visit) (factor.Info, error) {
	list, err := p.o.Factors.List(v.ctx(), v.org.ID, v.session.User)
	if err != nil {
		return factor.Info{}, err
	}
	for _, f := range list {
		if f.ID.String() == v.r.PathValue("id") {
			return f, nil
		}
	}
	return factor.Info{}, identity.NewError(identity.NotFound, "", "There is no such factor.")
}

// factor shows one factor.
func (p *Portal) factor(v *visit) error {
	f, err := p.find(v)
	if err != nil {
		return err
	}
	return p.showAccount(v, http.StatusOK, ui.Page{Title: "factor.title", Body: "factor", Data: factorPage{v.base, "", f}})
}

// changeFactor renames a factor or takes it away.
func (p *Portal) changeFactor(v *visit) error {
	f, err := p.find(v)
	if err != nil {
		return err
	}
	if v.r.PostForm.Has("remove") {
		if err := p.o.Factors.Remove(v.ctx(), v.org.ID, v.session.User, f.ID); err != nil {
			return err
		}
		return v.see(v.base + "/account/security?done=removed")
	}
	name := nameOf(v.r.PostForm)
	if name == "" {
		d := factorPage{v.base, p.words(v).T("error.empty"), f}
		return p.showAccount(v, http.StatusUnprocessableEntity, ui.Page{Title: "factor.title", Body: "factor", Data: d})
	}
	if err := p.o.Factors.Rename(v.ctx(), v.org.ID, v.session.User, f.ID, name); err != nil {
		return err
	}
	return v.see(v.base + "/account/security?done=renamed")
}

// A passwordPage is what the page of the password shows.
type passwordPage struct {
	Base, UserName string
	MinLength      int
	Faults         []ui.Fault
}

// Fault returns the fault of a field.
func (d passwordPage) Fault(field string) string { return founding{Faults: d.Faults}.Fault(field) }

// password asks for another password.
func (p *Portal) password(v *visit) error { return p.showPassword(v, http.StatusOK, nil) }

func (p *Portal) showPassword(v *visit, status int, faults []ui.Fault) error {
	policy, err := p.o.SignIn.Policy(v.ctx(), v.org.ID)
	if err != nil {
		return err
	}
	d := passwordPage{v.base, v.person.UserName, policy.MinLength, faults}
	return p.showAccount(v, status, ui.Page{Title: "password.title", Body: "password_new", Data: d})
}

// changePassword changes it for who knows the old one. Who has none proves anew
// who they are.
func (p *Portal) changePassword(v *visit) error {
	if v.r.PostForm.Get("old") == "" {
		return p.fresh(p.setPassword)(v)
	}
	return p.setPassword(v)
}

func (p *Portal) setPassword(v *visit) error {
	form := v.r.PostForm
	key, err := p.o.SignIn.ChangePassword(v.ctx(), *v.session, form.Get("old"), form.Get("password"), p.o.Address(v.r))
	words := p.words(v)
	switch identity.KindOf(err) {
	case identity.Unauthenticated:
		key = signin.ErrWrong
	case identity.Throttled:
		retryAfter(v.w, signin.RetryAfter(err))
		return p.showPassword(v, http.StatusTooManyRequests, []ui.Fault{{Field: "old", Text: say(words, signin.ErrTooMany, signin.RetryAfter(err), 0)}})
	default:
		if err != nil {
			return err
		}
	}
	if key == "" {
		return v.see(v.base + "/account/security?done=password")
	}
	policy, err := p.o.SignIn.Policy(v.ctx(), v.org.ID)
	if err != nil {
		return err
	}
	field := "password"
	if key == signin.ErrWrong || key == signin.ErrEmpty && form.Get("old") == "" {
		field = "old"
	}
	return p.showPassword(v, http.StatusUnprocessableEntity, []ui.Fault{{Field: field, Text: say(words, key, 0, policy.MinLength)}})
}
