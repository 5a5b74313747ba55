package oidc

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
)

// devicePage lets people say that a device that shows a code may come in (RFC
// 8628 section 3.3). Nobody learns of a code without being signed in.
func (p *Provider) devicePage(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	var err error
	if r.Method == http.MethodPost {
		err = p.devicePost(w, r, org)
	} else {
		err = p.deviceGet(w, r, org)
	}
	if err != nil {
		p.failPage(w, r, err)
	}
}

func (p *Provider) deviceGet(w http.ResponseWriter, r *http.Request, org identity.Organisation) error {
	values, err := request.Values(r.URL.RawQuery)
	if err != nil {
		return err
	}
	code := values.Get("user_code")
	if code == "" {
		p.pages.deviceCode(w, r, org, "", "")
		return nil
	}
	s, err := p.session(r, org)
	if err != nil {
		return err
	}
	if s == nil {
		return p.beginSignIn(w, r, org, signin.Start{Return: devicePath(org, code)})
	}
	dev, a, err := p.device(r, org, s, code)
	if fault := deviceFault(err); fault != "" {
		p.pages.deviceCode(w, r, org, code, fault)
		return nil
	}
	if err != nil {
		return err
	}
	person, err := p.person(r, org, s.User)
	if err != nil {
		return err
	}
	p.pages.deviceConsent(w, r, org, deviceConsent{
		App: a, Device: dev, Person: person, Session: s.ID.String(), Action: base(org) + "/device",
	})
	return nil
}

func devicePath(org identity.Organisation, code string) string {
	if len(code) > 16 {
		code = code[:16]
	}
	return base(org) + "/device?user_code=" + url.QueryEscape(code)
}

// deviceFault returns the words' key of an error that the person can mend.
func deviceFault(err error) string {
	switch identity.KindOf(err) {
	case identity.NotFound:
		return "device.unknown"
	case identity.Throttled:
		return "device.too_many"
	}
	return ""
}

// device finds the device that shows a code, and its app.
func (p *Provider) device(r *http.Request, org identity.Organisation, s *identity.Session, code string) (*request.Device, *identity.App, error) {
	dev, err := p.requests.Guess(r.Context(), org, code, "user:"+s.User.String(), "net:"+identity.Network(p.remote(r)))
	if err != nil {
		return nil, nil, err
	}
	a, err := p.apps.ByID(r.Context(), org.ID, dev.App)
	if err == nil && a.Disabled {
		err = identity.NewError(identity.NotFound, "user_code", "There is no such app.")
	}
	return dev, a, err
}

// devicePost takes a code that was typed, or what the person decided.
func (p *Provider) devicePost(w http.ResponseWriter, r *http.Request, org identity.Organisation) error {
	if err := p.sameSite(r); err != nil {
		return err
	}
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	code := form.Get("user_code")
	s, err := p.session(r, org)
	if err != nil {
		return err
	}
	decision := form.Get("decision")
	known := decision == decisionAllow || decision == decisionDeny
	if !known || s == nil || form.Get("session") != s.ID.String() {
		if code == "" {
			seeOther(w, base(org)+"/device")
			return nil
		}
		seeOther(w, devicePath(org, code))
		return nil
	}
	return p.decideDevice(w, r, org, s, code, decision == decisionAllow)
}

func (p *Provider) decideDevice(w http.ResponseWriter, r *http.Request, org identity.Organisation, s *identity.Session, code string, allow bool) error {
	dev, a, err := p.device(r, org, s, code)
	if fault := deviceFault(err); fault != "" {
		p.pages.deviceCode(w, r, org, code, fault)
		return nil
	}
	if err != nil {
		return err
	}
	may, err := p.requests.MayUse(r.Context(), a, s.User)
	if err != nil {
		return err
	}
	var auth *token.Authorization
	if allow && may {
		auth = letIn(a, dev, s)
	}
	err = p.requests.Decide(r.Context(), org, dev, auth)
	if fault := deviceFault(err); fault != "" {
		p.pages.deviceCode(w, r, org, code, fault)
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case allow && !may:
		return identity.NewError(identity.Denied, "", "You may not use this app.")
	case allow:
		p.pages.done(w, r, org, "device.allowed")
	default:
		p.pages.done(w, r, org, "device.denied")
	}
	return nil
}

func letIn(a *identity.App, dev *request.Device, s *identity.Session) *token.Authorization {
	refresh := a.Allows(identity.GrantRefresh)
	return &token.Authorization{
		App: a.ID, User: s.User, Session: s.ID, Scopes: dev.Scopes, Resources: dev.Resources,
		AuthTime: s.AuthTime, AMR: s.AMR, ACR: s.ACR,
		Refresh: refresh, Offline: refresh && slices.Contains(dev.Scopes, "offline_access"),
	}
}
