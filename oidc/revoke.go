package oidc

import (
	"net/http"

	"github.com/muster-id/muster/identity"
)

// revoke ends a token of the app (RFC 7009). What is no token of the app is
// ended already, as far as the app may know.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	if r.Method == http.MethodOptions {
		p.preflight(w, r, org, "POST")
		return
	}
	p.allowOrigin(w, r, org, nil)
	c, err := p.caller(w, r, org)
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	p.allowOrigin(w, r, org, c.App)
	text, err := c.need("token")
	if err == nil {
		err = p.tokens.Revoke(r.Context(), c.App, text)
	}
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}
