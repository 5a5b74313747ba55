package oidc

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/oidc/request"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// An oauthError is an error as RFC 6749 section 5.2 puts it on the wire. Status
// 0 is 400.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
	Status      int    `json:"-"`
	Challenge   string `json:"-"` // WWW-Authenticate
	Retry       int    `json:"-"` // seconds, for Retry-After
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Description }

// asOAuth translates every error that a caller may see. Of all others it tells
// nothing but that they happened.
func asOAuth(err error) *oauthError {
	if e, ok := errors.AsType[*oauthError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*request.Error](err); ok {
		return &oauthError{Code: e.Code, Description: e.Text, Status: http.StatusBadRequest}
	}
	if e, ok := errors.AsType[*token.Error](err); ok {
		return &oauthError{Code: e.Code, Description: e.Description, Status: e.Status}
	}
	if e, ok := errors.AsType[*app.AuthError](err); ok {
		return authError(e)
	}
	if e, ok := errors.AsType[*identity.Error](err); ok {
		switch e.Kind {
		case identity.Invalid, identity.Conflict, identity.Stale, identity.TooCostly:
			return &oauthError{Code: "invalid_request", Description: e.Text}
		case identity.Unauthenticated:
			return &oauthError{Code: "invalid_token", Description: e.Text, Status: http.StatusUnauthorized, Challenge: "Bearer"}
		case identity.Denied:
			return &oauthError{Code: "access_denied", Description: e.Text, Status: http.StatusForbidden}
		case identity.NotFound:
			return &oauthError{Code: "invalid_request", Description: e.Text, Status: http.StatusNotFound}
		case identity.Throttled:
			return &oauthError{Code: "slow_down", Description: e.Text, Status: http.StatusTooManyRequests, Retry: 5}
		case identity.Busy:
			return &oauthError{Code: "temporarily_unavailable", Description: e.Text, Status: http.StatusServiceUnavailable, Retry: 2}
		}
	}
	return &oauthError{Code: "server_error", Description: "Something went wrong here.", Status: http.StatusInternalServerError}
}

// authError translates what app.Authenticate refused.
func authError(e *app.AuthError) *oauthError {
	return &oauthError{Code: e.Code, Description: e.Description, Status: e.Status, Challenge: e.Challenge}
}

// writeError answers a call of an app with an error.
func (p *Provider) writeError(w http.ResponseWriter, r *http.Request, err error) {
	e := new(*asOAuth(err))
	e.Description = descriptive(e.Description)
	if e.Status == 0 {
		e.Status = http.StatusBadRequest
	}
	if e.Status >= http.StatusInternalServerError {
		web.Fail(r.Context(), err)
	}
	if e.Challenge != "" {
		w.Header().Set("WWW-Authenticate", e.Challenge)
	}
	if e.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.Retry))
	}
	writeJSON(w, e.Status, e)
}

// descriptive is a text as RFC 6749 allows it in error_description (sections 4.1.2.1
// and 5.2): ASCII without quotation marks and backslashes.
func descriptive(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\':
			return '/'
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, text)
}

// writeJSON answers with a JSON object that nobody may keep, old caches of HTTP
// 1.0 included (RFC 6749 section 5.1).
func writeJSON(w http.ResponseWriter, status int, body any) {
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Pragma", "no-cache")
	}
	web.JSON(w, status, body)
}
