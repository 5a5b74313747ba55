package cidaas

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// An oauthError is an error of the endpoints of OAuth.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

// A deniedError is what this API says of a token that is missing, not valid, or
// not enough.
type deniedError struct {
	Text      string `json:"error"`
	Reference string `json:"refnumber"`
}

// denied answers with 401, whatever the reason.
func denied(w http.ResponseWriter) {
	if w.Header().Get("WWW-Authenticate") == "" {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	web.JSON(w, http.StatusUnauthorized, deniedError{"Access denied for this resource", reference()})
}

// reference makes the number under which an error is reported: the time in
// milliseconds, and a random UUID.
func reference() string {
	return strconv.FormatInt(time.Now().UnixMilli(), 10) + "-" + uuid.NewString()
}

// fail answers with an error. Of errors that are ours it tells only that they
// happened.
func (d *Door) fail(w http.ResponseWriter, r *http.Request, err error) {
	if identity.KindOf(err) == identity.Unauthenticated {
		denied(w)
		return
	}
	if e, ok := errors.AsType[*identity.Error](err); ok && e.Kind == identity.Invalid {
		web.JSON(w, http.StatusBadRequest, oauthError{"invalid_request", e.Text})
		return
	}
	web.Fail(r.Context(), err)
	web.JSON(w, http.StatusInternalServerError, oauthError{"server_error", "Something went wrong here."})
}
