package oidc

import (
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/token"
)

// A caller is an app that speaks at the back channel, with what it says.
type caller struct {
	*app.Client
	org  identity.Organisation
	form url.Values
	cnf  token.Confirmation // of the keys that it proved to hold; see confirm
}

// caller reads the form of a request and finds out which app sent it.
func (p *Provider) caller(w http.ResponseWriter, r *http.Request, org identity.Organisation) (*caller, error) {
	form, err := readForm(w, r)
	if err != nil {
		return nil, err
	}
	return p.authenticate(r, org, form)
}

func (p *Provider) authenticate(r *http.Request, org identity.Organisation, form url.Values) (*caller, error) {
	cert := p.certificate(r)
	iss := p.issuer(org)
	client, err := p.apps.Authenticate(r.Context(), org, app.Credentials{
		Authorization: r.Header["Authorization"], Form: form,
		Certificate: cert, Verified: verified(r, cert),
		Issuer: iss, TokenEndpoint: iss + "/oauth2/token",
	})
	if err != nil {
		return nil, err
	}
	return &caller{Client: client, org: org, form: form}, nil
}

// verified reports whether the server that took the request found the
// certificate to come from an authority that it believes; tls_client_auth needs
// it (RFC 8705 section 2.1).
func verified(r *http.Request, cert *x509.Certificate) bool {
	return cert != nil && r.TLS != nil && len(r.TLS.VerifiedChains) > 0 && r.TLS.VerifiedChains[0][0].Equal(cert)
}

// confirm checks the DPoP proof of a request, if there is one, and what else
// the app's tokens are to be bound to. The answer carries a nonce for the next
// proof whenever a proof came.
func (p *Provider) confirm(w http.ResponseWriter, r *http.Request, c *caller) error {
	if len(r.Header["Dpop"]) > 0 {
		if err := p.prove(w, r, c); err != nil {
			return err
		}
	}
	if c.App.CertificateBound {
		c.cnf.X5T = c.Thumbprint
	}
	switch {
	case c.App.DPoPBound && c.cnf.JKT == "":
		return token.NewError(token.InvalidProof, "The app's tokens are bound to a key: the request needs a DPoP proof.")
	case c.App.CertificateBound && c.cnf.X5T == "":
		return token.NewError(token.InvalidRequest, "The app's tokens are bound to a certificate: the request needs one.")
	case c.App.FAPI && c.cnf.JKT == "" && c.cnf.X5T == "":
		return token.NewError(token.InvalidRequest, "The request needs a DPoP proof or a client certificate.")
	}
	return nil
}

// prove checks the DPoP proof of a request and gives the nonce of the next.
func (p *Provider) prove(w http.ResponseWriter, r *http.Request, c *caller) (err error) {
	w.Header().Set("DPoP-Nonce", p.tokens.NewNonce(c.org.ID))
	c.cnf.JKT, err = p.tokens.CheckProof(r.Context(), c.org.ID, token.Proof{
		Header: r.Header["Dpop"], Method: r.Method, URL: p.address(r), Nonce: true, FAPI: c.App.FAPI,
	})
	return err
}

// address is the URL of a request as the world sees it. The headers of the
// request have no say in it, but for which of our two hosts it came to.
func (p *Provider) address(r *http.Request) string {
	if host, ok := strings.CutPrefix(p.mtls, "https://"); ok && strings.EqualFold(host, r.Host) {
		return p.mtls + r.URL.EscapedPath()
	}
	return p.public + r.URL.EscapedPath()
}

// scopes returns the scopes that the app asks for, each once, nil if it names
// none.
func (c *caller) scopes() []string {
	var out []string
	for name := range strings.FieldsSeq(c.form.Get("scope")) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// mayAsk returns InvalidScope unless the app was given every one of the scopes.
func mayAsk(a *identity.App, scopes []string) error {
	for _, s := range scopes {
		if !request.MayAsk(a, s) {
			return token.NewError(token.InvalidScope, "The app may not ask for one of these scopes.")
		}
	}
	return nil
}

// resources returns the audiences that the app asks for (RFC 8707). It may ask
// for those of its own and for the issuer.
func (p *Provider) resources(c *caller) ([]string, error) {
	list := c.form["resource"]
	for _, text := range list {
		if err := checkTarget(text); err != nil {
			return nil, err
		}
		if text != p.issuer(c.org) && !slices.Contains(c.App.Resources, text) {
			return nil, token.NewError(token.InvalidTarget, "The app may not ask for tokens for this resource.")
		}
	}
	return list, nil
}

// checkTarget refuses what cannot name a resource: it is an absolute URI without
// a fragment (RFC 8707 section 2).
func checkTarget(text string) error {
	u, err := url.Parse(text)
	if err != nil || !u.IsAbs() || strings.Contains(text, "#") {
		return token.NewError(token.InvalidTarget, "A resource is an absolute URI without a fragment.")
	}
	return nil
}

// need returns a parameter that must be there.
func (c *caller) need(name string) (string, error) {
	v := c.form.Get(name)
	if v == "" {
		return "", token.NewError(token.InvalidRequest, "The parameter "+name+" is missing.")
	}
	return v, nil
}
