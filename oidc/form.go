package oidc

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// What a form of the back channel may be.
const (
	maxForm       = 64 << 10
	maxParameters = 100
)

// repeatable are the parameters that a request may name several times: the
// targets of RFC 8707 and of RFC 8693.
var repeatable = map[string]bool{"resource": true, "audience": true}

// readForm reads the parameters of a back-channel request from its body. What
// the query says counts for nothing, for URLs end up in logs.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" ||
		params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
		return nil, badForm(http.StatusBadRequest, "The body must be of type application/x-www-form-urlencoded.")
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, badForm(http.StatusUnsupportedMediaType, "The body must not be compressed.")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if _, big := errors.AsType[*http.MaxBytesError](err); big {
		return nil, badForm(http.StatusRequestEntityTooLarge, "The body is larger than 64 KiB.")
	}
	if err != nil {
		return nil, badForm(http.StatusBadRequest, "The body could not be read.")
	}
	return parseForm(string(raw))
}

// parseForm reads parameters. One that is named twice is refused, and one
// without a value is as one that is not there (RFC 6749 section 3.2).
func parseForm(raw string) (url.Values, error) {
	if strings.Count(raw, "&") >= maxParameters {
		return nil, badForm(http.StatusBadRequest, "The request has too many parameters.")
	}
	form, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badForm(http.StatusBadRequest, "The parameters are not well encoded.")
	}
	for name, values := range form {
		if len(values) > 1 && !repeatable[name] {
			return nil, badForm(http.StatusBadRequest, "A parameter is there more than once.")
		}
		kept := values[:0]
		for _, v := range values {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return nil, badForm(http.StatusBadRequest, "A parameter is not UTF-8 text.")
			}
			if v != "" {
				kept = append(kept, v)
			}
		}
		if len(kept) == 0 {
			delete(form, name)
		} else {
			form[name] = kept
		}
	}
	return form, nil
}

func badForm(status int, text string) error {
	return &oauthError{Code: "invalid_request", Description: text, Status: status}
}

// credential reads the access token of a request from the header Authorization.
// The scheme is "Bearer" or "DPoP". ok is false if there is none or several.
func credential(h http.Header) (scheme, text string, ok bool) {
	list := h["Authorization"]
	if len(list) != 1 {
		return "", "", false
	}
	scheme, text, _ = strings.Cut(list[0], " ")
	text = strings.Trim(text, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		scheme = "Bearer"
	case strings.EqualFold(scheme, "DPoP"):
		scheme = "DPoP"
	default:
		return "", "", false
	}
	return scheme, text, text != "" && !strings.ContainsAny(text, " \t,\"")
}
