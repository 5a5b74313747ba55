package oidc

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/muster-id/muster/oidc/request"
)

// maxForm is how large a form may be.
const maxForm = 64 << 10

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
	return request.Values(string(raw))
}

func badForm(status int, text string) error {
	return &oauthError{Code: "invalid_request", Description: text, Status: status}
}
