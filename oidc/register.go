package oidc

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// register makes an app of what it says of itself (RFC 7591).
func (p *Provider) register(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	m, err := readMetadata(w, r)
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	token, err := registrationToken(r)
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	done, err := p.apps.Register(r.Context(), org, m, token)
	if err != nil {
		p.writeError(w, r, registrationError(err))
		return
	}
	writeJSON(w, http.StatusCreated, done.Document(p.registrationURI(org, done.App.ClientID)))
}

// registration lets an app read, replace and remove its registration (RFC 7592).
func (p *Provider) registration(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	id := r.PathValue("client_id")
	token, err := registrationToken(r)
	if err == nil && token == "" {
		err = &oauthError{Code: "invalid_token", Description: "The request needs the registration access token.",
			Status: http.StatusUnauthorized, Challenge: "Bearer"}
	}
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	var done app.Registered
	switch r.Method {
	case http.MethodDelete:
		if err = p.apps.DeleteRegistration(r.Context(), org, id, token); err == nil {
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusNoContent)
			return
		}
	case http.MethodPut:
		var m app.Metadata
		if m, err = readMetadata(w, r); err == nil {
			done, err = p.apps.UpdateRegistration(r.Context(), org, id, token, m)
		}
	default:
		done, err = p.apps.ReadRegistration(r.Context(), org, id, token)
	}
	if err != nil {
		p.writeError(w, r, registrationError(err))
		return
	}
	writeJSON(w, http.StatusOK, done.Document(p.registrationURI(org, done.App.ClientID)))
}

func (p *Provider) registrationURI(org identity.Organisation, clientID string) string {
	return p.issuer(org) + "/oauth2/register/" + url.PathEscape(clientID)
}

// registrationToken returns the bearer token of a request, "" if it has no
// Authorization header at all.
func registrationToken(r *http.Request) (string, error) {
	if len(r.Header["Authorization"]) == 0 {
		return "", nil
	}
	scheme, text, ok := web.Credential(r.Header)
	if !ok || scheme != "Bearer" {
		return "", &oauthError{Code: "invalid_token", Description: "The token is not a bearer token.",
			Status: http.StatusUnauthorized, Challenge: `Bearer error="invalid_token"`}
	}
	return text, nil
}

func registrationError(err error) error {
	e, ok := errors.AsType[*app.RegistrationError](err)
	if !ok {
		return err
	}
	out := &oauthError{Code: e.Code, Description: e.Description, Status: e.Status}
	if e.Status == http.StatusUnauthorized {
		out.Challenge = `Bearer error="invalid_token"`
	}
	return out
}

// readMetadata reads an object of JSON, each member once.
func readMetadata(w http.ResponseWriter, r *http.Request) (app.Metadata, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, badMetadata(http.StatusBadRequest, "The body must be of type application/json.")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if _, big := errors.AsType[*http.MaxBytesError](err); big {
		return nil, badMetadata(http.StatusRequestEntityTooLarge, "The body is larger than 64 KiB.")
	}
	if err != nil {
		return nil, badMetadata(http.StatusBadRequest, "The body could not be read.")
	}
	m, err := app.ParseMetadata(raw)
	if err != nil {
		return nil, registrationError(err)
	}
	return m, nil
}

func badMetadata(status int, text string) error {
	return &oauthError{Code: app.InvalidClientMetadata, Description: text, Status: status}
}
