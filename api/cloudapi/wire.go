package cloudapi

import (
	"net/http"
	"strings"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/web"
)

// A cloudError is an error of the Tenant Manager. Its OAuth endpoints say the
// members of RFC 6749 as well.
type cloudError struct {
	Error       string  `json:"error,omitempty"`
	Description string  `json:"error_description,omitempty"`
	Minor       string  `json:"minorErrorCode"`
	Message     string  `json:"message"`
	Stack       *string `json:"stackTrace"`
}

var minors = map[int]string{
	400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "ACCESS_TO_RESOURCE_IS_FORBIDDEN", 404: "NOT_FOUND",
	406: "NOT_ACCEPTABLE", 409: "DUPLICATE_NAME", 429: "TOO_MANY_REQUESTS", 503: "BUSY",
}

// fail answers with an error.
func (d *Door) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := entry.ProblemOf(w, r, err)
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json;") {
		w.Header().Set("Content-Type", "application/json")
	}
	e := cloudError{Minor: minors[p.Status], Message: p.Text}
	if e.Minor == "" {
		e.Minor = "INTERNAL_SERVER_ERROR"
	}
	if strings.HasPrefix(r.URL.Path, "/oauth/") {
		e.Error, e.Description = p.Code, p.Text
	}
	web.JSON(w, p.Status, e)
}

// wrongVersion answers a request for a version that there is not.
func wrongVersion(w http.ResponseWriter) {
	web.JSON(w, http.StatusNotAcceptable, cloudError{Minor: minors[http.StatusNotAcceptable],
		Message: "The version that the header Accept asks for is not supported. GET /api/versions lists those that are."})
}
