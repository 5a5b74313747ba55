package oidc

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/token"
)

// deviceAnswer is the answer of RFC 8628 section 3.2.
type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	Expires    int64  `json:"expires_in"`
	Interval   int64  `json:"interval"`
}

// deviceAuthorization begins the sign-in of a device that has no browser.
func (p *Provider) deviceAuthorization(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	c, err := p.caller(w, r, org)
	var out deviceAnswer
	if err == nil {
		out, err = p.newDevice(r, c)
	}
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, out)
}

func (p *Provider) newDevice(r *http.Request, c *caller) (deviceAnswer, error) {
	var none deviceAnswer
	if !c.App.Allows(identity.GrantDevice) {
		return none, token.NewError(token.Unauthorized, "The app may not use this grant type.")
	}
	scopes := c.scopes()
	if err := mayAsk(c.App, scopes); err != nil {
		return none, err
	}
	targets, err := p.resources(c)
	if err != nil {
		return none, err
	}
	settings, err := p.apps.Provider(r.Context(), c.org.ID)
	if err != nil {
		return none, err
	}
	life := time.Duration(settings.DeviceSeconds) * time.Second
	code, shown, err := p.requests.NewDevice(r.Context(), c.org, request.Device{
		App: c.App.ID, Scopes: scopes, Resources: targets, Agent: agentOf(r), Address: p.remote(r),
	}, life)
	if err != nil {
		return none, err
	}
	page := p.issuer(c.org) + "/device"
	return deviceAnswer{
		DeviceCode: code, UserCode: shown, URI: page, Complete: page + "?user_code=" + url.QueryEscape(shown),
		Expires: int64(life.Seconds()), Interval: int64(request.DeviceInterval.Seconds()),
	}, nil
}

// maxAgent is how much of a User-Agent is kept.
const maxAgent = 256

func agentOf(r *http.Request) string {
	a := strings.ToValidUTF8(r.UserAgent(), "")
	if len(a) > maxAgent {
		a = strings.ToValidUTF8(a[:maxAgent], "")
	}
	return a
}
