package vmware

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

var errCredentials = identity.NewError(identity.Unauthenticated, "", "The credentials are not valid.")

// A cspError is an error of the legacy API.
type cspError struct {
	CSPCode    string `json:"cspErrorCode"`
	Code       string `json:"errorCode"`
	Message    string `json:"message"`
	ModuleCode int    `json:"moduleCode"`
	RequestID  string `json:"requestId"`
	StatusCode int    `json:"statusCode"`
}

// A cloudError is an error of the Tenant Manager. Its OAuth endpoints say the
// members of RFC 6749 as well.
type cloudError struct {
	Error       string  `json:"error,omitempty"`
	Description string  `json:"error_description,omitempty"`
	Minor       string  `json:"minorErrorCode"`
	Message     string  `json:"message"`
	Stack       *string `json:"stackTrace"`
}

var statuses = map[identity.Kind]int{
	identity.Invalid: 400, identity.Unauthenticated: 401, identity.Denied: 403, identity.NotFound: 404,
	identity.Conflict: 409, identity.Stale: 409, identity.TooCostly: 400, identity.Throttled: 429, identity.Busy: 503,
}

var minors = map[int]string{
	400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "ACCESS_TO_RESOURCE_IS_FORBIDDEN", 404: "NOT_FOUND",
	409: "DUPLICATE_NAME", 429: "TOO_MANY_REQUESTS", 503: "BUSY",
}

// fail answers with an error in the format of the API that was asked. Of errors
// that are ours it tells only that they happened.
func (d *Door) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, text, code := http.StatusInternalServerError, "Something went wrong here.", "server_error"
	if e, ok := errors.AsType[*identity.Error](err); ok && statuses[e.Kind] != 0 {
		status, text, code = statuses[e.Kind], e.Text, "invalid_request"
		if status == http.StatusUnauthorized {
			code = "invalid_grant"
		}
	} else if e, ok := errors.AsType[*token.Error](err); ok {
		status, text, code = e.Status, e.Description, e.Code
	} else {
		web.Fail(r.Context(), err)
	}
	if after := signin.RetryAfter(err); after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds())+1))
	}
	d.refuse(w, r, status, code, text)
}

// refuse writes an error in the format of the API that was asked.
func (d *Door) refuse(w http.ResponseWriter, r *http.Request, status int, code, text string) {
	w.Header().Set("Content-Type", "application/json")
	if strings.HasPrefix(r.URL.Path, "/csp/") || r.URL.Path == "/oauth/check_id_token" {
		web.JSON(w, status, cspError{CSPCode: strconv.Itoa(status), Code: code, Message: text, RequestID: web.RequestID(r.Context()), StatusCode: status})
		return
	}
	minor := minors[status]
	if minor == "" {
		minor = "INTERNAL_SERVER_ERROR"
	}
	e := cloudError{Minor: minor, Message: text}
	if strings.HasPrefix(r.URL.Path, "/oauth/") {
		e.Error, e.Description = code, text
	}
	web.JSON(w, status, e)
}

// tokenOf returns the token of a request: in the header of the legacy API, of
// the Tenant Manager, or as RFC 6750 has it.
func tokenOf(r *http.Request) string {
	if t := r.Header.Get("Csp-Auth-Token"); t != "" {
		return t
	}
	if scheme, t, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(t)
	}
	return r.Header.Get("X-Vmware-Vcloud-Access-Token")
}
