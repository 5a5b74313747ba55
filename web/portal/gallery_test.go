package portal

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/locale"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/web/ui"
)

// now is when the gallery's pages are made.
var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// exhibit makes a portal without services, and the pages of the gallery by name.
func exhibit(t testing.TB) (*Portal, map[string]page) {
	t.Helper()
	u, err := ui.New(ui.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(Options{UI: u, Public: "http://localhost", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	pages := stepPages(p)
	for name, do := range accountPages(p) {
		pages[name] = do
	}
	for name, do := range cardPages(p) {
		pages[name] = do
	}
	return p, pages
}

const (
	getOptions    = `{"publicKey":{"challenge":"AAAA","rpId":"localhost","allowCredentials":[],"userVerification":"required"}}`
	createOptions = `{"publicKey":{"challenge":"AAAA","rp":{"id":"localhost","name":"Muster"},"user":{"id":"AAAA","name":"ada","displayName":"Ada"},"pubKeyCredParams":[{"type":"public-key","alg":-7}]}}`
	// pixel is a picture of one dot.
	pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)

func stepPages(p *Portal) map[string]page {
	acme := identity.Organisation{Name: "Northwind Traders", Slug: "northwind"}
	base := signin.View{
		ID: "f1", Org: acme, App: &signin.App{Name: "Orbit CRM"}, Person: "ada@northwind.example",
		Methods:     []signin.Step{signin.StepPassword, signin.StepPasskey, signin.StepTOTP, signin.StepEmailCode, signin.StepRecoveryCode},
		CanRemember: true, MinLength: 15, CanSkip: true,
	}
	long := base
	long.Person, long.App = strings.Repeat("wolfeschlegelsteinhausen", 3)+"@example.com", &signin.App{Name: strings.Repeat("Donaudampfschifffahrt", 3)}
	codes := []string{"7KQ2MNDX4A", "B3XZP9WTRC", "9HMT2VFLQE", "PLX84KJDNW", "WQ5TZ7RMBA", "HN3CDE9KXV", "2JYPF6TLMW", "XD8RQ4BHZN", "TM7KW2PCVA", "E9LNF5XJQD"}
	make := func(step signin.Step, change func(*signin.View)) page {
		view := base
		view.Step = step
		if change != nil {
			change(&view)
		}
		status := http.StatusOK
		if view.Error != "" {
			status = http.StatusUnprocessableEntity
		}
		return func(v *visit) error { return p.showStep(v, status, &view) }
	}
	wrong := func(v *signin.View) { v.Error = signin.ErrWrong }
	get := func(v *signin.View) { v.Passkey = json.RawMessage(getOptions) }
	enrol := func(v *signin.View) { v.Methods = []signin.Step{signin.StepEnrolPasskey, signin.StepEnrolTOTP} }
	totp := func(v *signin.View) {
		enrol(v)
		v.TOTP = &signin.TOTP{Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", URL: "otpauth://totp/x?secret=JBSWY3DP", QR: pixel}
	}
	return map[string]page{
		"identify": make(signin.StepIdentify, func(v *signin.View) { get(v); v.Person = "" }), "identify-empty": make(signin.StepIdentify, func(v *signin.View) { v.Person, v.Error = "", signin.ErrEmpty }),
		"elsewhere": make(signin.StepElsewhere, func(v *signin.View) {
			v.Elsewhere = &identity.Organisation{Name: "Contoso", Slug: "contoso"}
		}),
		"method":  make(signin.StepMethod, func(v *signin.View) { v.Second = true }),
		"passkey": make(signin.StepPasskey, get), "passkey-wrong": make(signin.StepPasskey, func(v *signin.View) { get(v); v.Error = signin.ErrPasskey }),
		"totp": make(signin.StepTOTP, nil), "totp-wrong": make(signin.StepTOTP, wrong),
		"email-code": make(signin.StepEmailCode, func(v *signin.View) { v.Target, v.Resend = "a•••@northwind.example", 40*time.Second }),
		"sms-code": make(signin.StepSMSCode, func(v *signin.View) {
			v.Target, v.Error, v.Retry = "+49 ••• 12", signin.ErrTooMany, 3*time.Minute
		}),
		"recovery-code": make(signin.StepRecoveryCode, nil),
		"enrol":         make(signin.StepEnrol, enrol), "enrol-totp": make(signin.StepEnrolTOTP, totp),
		"enrol-passkey": make(signin.StepEnrolPasskey, func(v *signin.View) { enrol(v); v.Passkey = json.RawMessage(createOptions) }),
		"codes":         make(signin.StepCodes, func(v *signin.View) { v.Codes = codes }),
		"new-password":  make(signin.StepNewPassword, func(v *signin.View) { v.Error = signin.ErrTooCommon }),
		"identify-long": make(signin.StepIdentify, func(v *signin.View) { v.Person, v.App = "", long.App }),
		"password-long": password(p, long, signin.ErrWrong),
		"password":      password(p, base, ""), "password-wrong": password(p, base, signin.ErrWrong),
		"lost":         func(v *visit) error { return p.lost(v, identity.NewError(identity.NotFound, "", "")) },
		"lost-another": func(v *visit) error { return p.lost(v, identity.NewError(identity.Denied, "", "")) },
	}
}

// password is the step that asks the policy, which the gallery has not.
func password(p *Portal, view signin.View, key string) page {
	view.Step, view.Error = signin.StepPassword, key
	return func(v *visit) error {
		d := step{View: &view, Path: "/signin/f1", Recover: true, Fault: say(p.words(v), key, 0, 0)}
		return p.show(v, http.StatusOK, ui.Page{Title: "title.password", Body: "password", Data: d, Scripts: []string{"page.js"}, FormAnywhere: true})
	}
}

func cardPages(p *Portal) map[string]page {
	plain := func(title, body string, data any) page {
		return func(v *visit) error {
			return p.show(v, http.StatusOK, ui.Page{Title: title, Body: body, Data: data, Scripts: []string{"page.js"}})
		}
	}
	link := func(kind signin.LinkKind, fault string) page {
		return func(v *visit) error {
			return p.showLink(v, http.StatusOK, &signin.LinkView{
				Kind: kind, Org: v.org, Name: "ada@northwind.example", MinLength: 15, Expires: now.Add(30 * time.Minute), Error: fault,
			})
		}
	}
	return map[string]page{
		"recover": plain("recover.title", "recover", recovery{}), "recover-fault": plain("recover.title", "recover", recovery{Fault: "Please fill in this field."}),
		"recover-sent": plain("recover.title", "recover", recovery{Sent: true}),
		"link":         link(signin.LinkRecover, ""), "link-welcome": link(signin.LinkWelcome, signin.ErrTooShort),
		"link-done": plain("link.done_title", "link_done", ""),
		"gone":      func(v *visit) error { return p.gone(v, identity.NewError(identity.NotFound, "", ""), "/recover") },
		"verify":    plain("verify.title", "verify", verification{Email: "ada@northwind.example"}), "verify-done": plain("verify.done_title", "verify_done", verification{Email: "ada@northwind.example"}),
		"front": func(v *visit) error {
			return p.showFront(v, front{Base: "/o/northwind", Signed: true, Issuer: "https://id.northwind.example/o/northwind"})
		},
		"front-open": func(v *visit) error { return p.showFront(v, front{Open: true, Issuer: "http://localhost:8080"}) },
		"setup":      func(v *visit) error { return p.showSetup(v, 200, founding{Open: true}) },
		"setup-faults": func(v *visit) error {
			return p.showSetup(v, 422, founding{Open: true, Faults: []ui.Fault{{Field: "token", Text: p.words(v).T("setup.bad_token")}, {Field: "password", Text: p.words(v).T("setup.need_password")}}})
		},
		"setup-closed": func(v *visit) error { return p.showSetup(v, 404, founding{}) },
		"signout":      plain("signout.title", "signout", leave{"", Person{UserName: "ada"}}), "signed-out": plain("signout.done_title", "signed_out", ""),
		"problem": func(v *visit) error {
			p.o.UI.Error(v.w, v.r, 400, ui.Problem{Reference: "0191f2c4-77", Details: []ui.Detail{{Name: "redirect_uri", Seen: "https://orbit.example/callbak", Expected: "https://orbit.example/callback"}}})
			return nil
		},
	}
}

func accountPages(p *Portal) map[string]page {
	at := func(path, title, body string, data any, scripts ...string) page {
		return func(v *visit) error {
			v.person = &Person{UserName: "ada@northwind.example", Profile: Profile{Display: "Ada Lovelace"}}
			v.r.URL.Path = path
			return p.showAccount(v, http.StatusOK, ui.Page{Title: title, Body: body, Data: data, Scripts: scripts})
		}
	}
	ada := Person{UserName: "ada@northwind.example", Profile: Profile{Display: "Ada Lovelace", Given: "Ada", Family: "Lovelace", Language: "de"}, Groups: []string{"Engineering", "Berlin"}, Editable: true}
	fixed := ada
	fixed.Editable = false
	addresses := []signin.Address{{Kind: "email", Value: "ada@northwind.example", Verified: now}, {Kind: "phone", Value: "+49 30 1234567"}}
	phones := factor.Info{ID: identity.NewID(), Kind: factor.TOTP, Name: "Pixel 9", Created: now.AddDate(0, -3, 0)}
	keys := []factor.Info{
		{ID: identity.NewID(), Kind: factor.Passkey, Name: "Work laptop", Created: now.AddDate(0, -2, 0), Used: now.Add(-3 * time.Hour), Synced: true},
		{ID: identity.NewID(), Kind: factor.Passkey, Name: "YubiKey 5C", Created: now.AddDate(-1, 0, 0), Used: now.AddDate(0, -4, 0)},
	}
	chrome := "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
	devices := []device{
		{identity.Session{Created: now.Add(-time.Hour), Seen: now, Address: "203.0.113.7", Agent: chrome}, "Chrome", "Windows", false, true},
		{identity.Session{Created: now.AddDate(0, 0, -2), Seen: now.Add(-26 * time.Hour), Address: "2001:db8::1f"}, "Safari", "iPhone", true, false},
		{identity.Session{Created: now.AddDate(0, 0, -1), Seen: now.Add(-5 * time.Minute)}, "", "", false, false},
	}
	apps := []access{
		{App{ID: identity.NewID(), Name: "Orbit CRM", Link: "https://orbit.example", Since: now.AddDate(0, -1, 0)}, []string{"name and profile", "e-mail address"}},
		{App{ID: identity.NewID(), Name: "Wiki", Trusted: true, Since: now}, nil},
	}
	codes := []string{"7KQ2MNDX4A", "B3XZP9WTRC", "9HMT2VFLQE", "PLX84KJDNW"}
	totp := &signin.TOTP{Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", URL: "otpauth://totp/x", QR: pixel}
	return map[string]page{
		"account":          at("/account", "profile.title", "profile", profilePage{"", "done.saved", ada, "Ada Lovelace", addresses, locale.Tags(), ""}),
		"account-readonly": at("/account", "profile.title", "profile", profilePage{"", "", fixed, "Ada Lovelace", nil, nil, ""}),
		"phone":            at("/account/phone", "phone.title", "phone", entry{Fault: "x"}),
		"security": at("/account/security", "security.title", "security", securityPage{
			Passkeys: keys, TOTPs: []factor.Info{phones}, Recovery: &factor.Info{Kind: factor.Recovery, Created: now, Left: 2}, PasskeysWork: true,
		}),
		"security-empty":   at("/account/security", "security.title", "security", securityPage{}),
		"account-passkey":  at("/account/security/passkey", "passkey.title", "passkey_new", enrolment{Options: createOptions, Name: "Windows"}, "passkey.js"),
		"account-totp":     at("/account/security/totp", "totp.title", "totp_new", enrolment{TOTP: totp, Fault: "x"}),
		"account-codes":    at("/account/security/codes", "codes.title", "codes_new", codesPage{}),
		"account-codes-2":  at("/account/security/codes", "codes.title", "codes_new", codesPage{"", codes, codesFile(codes)}),
		"factor":           at("/account/security/factor/x", "factor.title", "factor", factorPage{"", "", keys[0]}),
		"account-password": at("/account/security/password", "password.title", "password_new", passwordPage{"", "ada", 15, []ui.Fault{{Field: "old", Text: "That does not match."}}}),
		"sessions":         at("/account/sessions", "sessions.title", "sessions", sessionsPage{"", "", devices}),
		"apps":             at("/account/apps", "apps.title", "apps", appsPage{"", "done.withdrawn", apps}),
		"account-long": func(v *visit) error {
			v.person = &Person{UserName: strings.Repeat("wolfeschlegelsteinhausen", 3), Profile: Profile{Display: strings.Repeat("Wolfeschlegelsteinhausen", 3)}}
			v.r.URL.Path = "/account"
			return p.showAccount(v, http.StatusOK, ui.Page{Title: "profile.title", Body: "profile", Data: profilePage{Person: *v.person, Called: v.person.Profile.Display, Addresses: []signin.Address{{Kind: "email", Value: strings.Repeat("wolfeschlegelsteinhausen", 3) + "@example.com"}}}})
		},
		"apps-long": at("/account/apps", "apps.title", "apps", appsPage{List: []access{{App{Name: strings.Repeat("Donaudampfschifffahrt", 4), Since: now}, []string{strings.Repeat("orders", 12)}}}}),
		"apps-none": at("/account/apps", "apps.title", "apps", appsPage{}),
	}
}

// gallery serves the pages by name.
func gallery(t testing.TB) (http.Handler, []string) {
	p, pages := exhibit(t)
	mux := http.NewServeMux()
	p.o.UI.Mount(mux)
	var names []string
	for name, do := range pages {
		names = append(names, name)
		mux.HandleFunc("GET /show/"+name, func(w http.ResponseWriter, r *http.Request) {
			v := &visit{w: w, r: r, org: identity.Organisation{Name: "Northwind Traders", Slug: "northwind"}}
			if strings.HasSuffix(name, "-long") {
				v.org.Name = strings.Repeat("Bundesverfassungsgericht", 3)
			}
			if err := do(v); err != nil {
				t.Errorf("page %s: %v", name, err)
			}
		})
	}
	return mux, names
}

// TestPages renders every page in every language and looks for what must not be
// in it: keys without words, faults of templates, scripts and styles inside.
func TestPages(t *testing.T) {
	h, names := gallery(t)
	for _, name := range names {
		for _, tag := range locale.Tags() {
			w := get(h, "/show/"+name+"?lang="+tag)
			body := w.Body.String()
			for _, bad := range []string{"ZgotmplZ", "<no value>", " style=", "onclick", "%!", "problem.", "internal error"} {
				if strings.Contains(body, bad) {
					t.Errorf("%s in %s has %q:\n%s", name, tag, bad, body)
				}
			}
			if w.Code >= 500 || !strings.Contains(body, "</html>") || !strings.Contains(body, "<h1>") {
				t.Errorf("%s in %s: %d\n%s", name, tag, w.Code, body)
			}
			if strings.Contains(body, `method="post"`) && !strings.Contains(body, "<button") {
				t.Errorf("%s in %s has a form without a button", name, tag)
			}
		}
	}
}

func BenchmarkPage(b *testing.B) {
	h, _ := gallery(b)
	for b.Loop() {
		get(h, "/show/password-wrong")
	}
}
