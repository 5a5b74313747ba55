package web

import (
	"net/http"
	"strings"
)

// Credential reads the access token of a request from the header Authorization
// (RFC 6750 section 2.1, RFC 9449 section 7.1); one in the URL or in a body is
// none. The scheme is "Bearer" or "DPoP". ok is false if there is no token, or
// several.
func Credential(h http.Header) (scheme, text string, ok bool) {
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
