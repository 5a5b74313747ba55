package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/muster-id/muster/identity"
)

// maxJSON bounds the body of a request.
const maxJSON = 256 << 10

// A Problem is an error on the wire (RFC 9457).
type Problem struct {
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Field     string `json:"field,omitempty"`
	RequestID string `json:"requestId"`
}

var statuses = map[identity.Kind]int{
	identity.Invalid: 400, identity.Unauthenticated: 401, identity.Denied: 403, identity.NotFound: 404,
	identity.Conflict: 409, identity.Stale: 412, identity.TooCostly: 422, identity.Throttled: 429, identity.Busy: 503,
}

// Problems answers with errors as problem documents.
type Problems struct {
	Challenges []string                  // of WWW-Authenticate, with a 401
	RetryAfter func(error) time.Duration // how long to wait after an error, 0 for nobody knows; nil: never
}

// Fail answers with an error. Of those that are ours it tells only that they
// happened.
func (e Problems) Fail(w http.ResponseWriter, r *http.Request, err error) {
	p := Problem{Status: http.StatusInternalServerError, Detail: "Something went wrong here.", RequestID: RequestID(r.Context())}
	if e, ok := errors.AsType[*identity.Error](err); ok && statuses[e.Kind] != 0 {
		p.Status, p.Detail, p.Field = statuses[e.Kind], e.Text, e.Field
	} else {
		Fail(r.Context(), err)
	}
	h := w.Header()
	if p.Status == http.StatusUnauthorized {
		for _, c := range e.Challenges {
			h.Add("WWW-Authenticate", c)
		}
	}
	if e.RetryAfter != nil {
		if after := e.RetryAfter(err); after > 0 {
			h.Set("Retry-After", strconv.Itoa(int(after.Seconds())+1))
		}
	}
	p.Title = http.StatusText(p.Status)
	h.Set("Content-Type", "application/problem+json")
	JSON(w, p.Status, p)
}

// Send writes a JSON answer that nobody may keep.
func Send(w http.ResponseWriter, status int, body any) error {
	JSON(w, status, body)
	return nil
}

// Nothing answers that there is nothing to say.
func Nothing(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// ReadJSON decodes the body into v. A member that v does not have is an error: it is
// a slip of the pen that would otherwise pass in silence.
func ReadJSON(w http.ResponseWriter, r *http.Request, v any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" && kind != "application/merge-patch+json" {
		return identity.NewError(identity.Invalid, "", "The body must be application/json.")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxJSON))
	if err != nil {
		return identity.NewError(identity.Invalid, "", "The body is larger than 256 KiB or was cut off.")
	}
	return DecodeJSON(text, v)
}

// DecodeJSON reads exactly one JSON value.
func DecodeJSON(text []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return identity.NewError(identity.Invalid, "", "The body is not what this route reads: "+inWords(err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return identity.NewError(identity.Invalid, "", "The body holds more than one JSON value.")
	}
	return nil
}

// inWords says what is wrong with JSON without the names of Go.
func inWords(err error) string {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return strconv.Quote(e.Field) + " cannot be a " + e.Value + "."
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return "it is not JSON at byte " + strconv.FormatInt(e.Offset, 10) + "."
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "it is not JSON, or was cut off."
	}
	text := err.Error()
	if _, field, ok := bytes.Cut([]byte(text), []byte("unknown field ")); ok {
		return "there is no member " + string(field) + "."
	}
	return "a value, such as an id or a time, is not of its form."
}

// When writes a time, null for none.
func When(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Limit reads ?limit, 100 by default.
func Limit(r *http.Request) (int, error) { return Number(r, "limit", 100, 1000) }

// Number reads a number of the query from 1 to most.
func Number(r *http.Request, name string, usual, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, identity.NewError(identity.Invalid, name, "The "+name+" is a number from 1 to "+strconv.Itoa(most)+".")
	}
	return n, nil
}

// PathID reads an id of the path.
func PathID(r *http.Request, name string) (identity.ID, error) {
	id, ok := identity.ParseID(r.PathValue(name))
	if !ok {
		return id, identity.NewError(identity.NotFound, "", "There is no such "+name+".")
	}
	return id, nil
}
