package cidaas

import (
	"encoding/json"
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
	answer(w, http.StatusUnauthorized, deniedError{"Access denied for this resource", reference()})
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
		answer(w, http.StatusBadRequest, oauthError{"invalid_request", e.Text})
		return
	}
	web.Fail(r.Context(), err)
	answer(w, http.StatusInternalServerError, oauthError{"server_error", "Something went wrong here."})
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic("cidaas: an answer that is no JSON: " + err.Error())
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may be gone; nobody else to tell
}
