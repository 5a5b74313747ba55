package oidc

import (
	"net/http"

	"github.com/muster-id/muster/identity"
)

// par takes an authorization request from the app itself (RFC 9126). A DPoP
// proof binds the code to its key (RFC 9449 section 10.1).
func (p *Provider) par(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	c, err := p.caller(w, r, org)
	if err == nil && c.App.Public() {
		err = p.mayPush(r)
	}
	if err == nil {
		err = p.proofAtPush(w, r, c)
	}
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	uri, lifetime, err := p.requests.Push(r.Context(), org, c.App, c.form, c.cnf.JKT)
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusCreated, struct {
		URI     string `json:"request_uri"`
		Expires int64  `json:"expires_in"`
	}{uri, int64(lifetime.Seconds())})
}

// mayPush keeps strangers, who can name a public app as it does itself, from
// having requests stored without end.
func (p *Provider) mayPush(r *http.Request) error {
	wait := p.pushes.Wait(p.remote(r))
	if wait == 0 {
		return nil
	}
	return &oauthError{Code: "slow_down", Description: "Too many requests from this network.",
		Status: http.StatusTooManyRequests, Retry: int(wait.Seconds()) + 1}
}

// proofAtPush checks a proof if there is one; here none is demanded.
func (p *Provider) proofAtPush(w http.ResponseWriter, r *http.Request, c *caller) error {
	if len(r.Header["Dpop"]) == 0 {
		return nil
	}
	return p.prove(w, r, c)
}
