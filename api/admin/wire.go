package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// maxBody bounds the body of a request to this door.
const maxBody = 256 << 10

// A problem is an error on the wire (RFC 9457).
type problem struct {
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

// fail answers with an error. Of those that are ours it tells only that they
// happened.
func (d *Door) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problem{Status: http.StatusInternalServerError, Detail: "Something went wrong here.", RequestID: web.RequestID(r.Context())}
	if e, ok := errors.AsType[*identity.Error](err); ok && statuses[e.Kind] != 0 {
		p.Status, p.Detail, p.Field = statuses[e.Kind], e.Text, e.Field
	} else {
		web.Fail(r.Context(), err)
	}
	h := w.Header()
	if p.Status == http.StatusUnauthorized {
		h.Add("WWW-Authenticate", `DPoP algs="`+strings.Join(token.DPoPAlgorithms, " ")+`"`)
		h.Add("WWW-Authenticate", `Bearer realm="muster", resource_metadata="`+d.public+`/.well-known/oauth-protected-resource"`)
	}
	if after := signin.RetryAfter(err); after > 0 {
		h.Set("Retry-After", strconv.Itoa(int(after.Seconds())+1))
	}
	p.Title = http.StatusText(p.Status)
	h.Set("Content-Type", "application/problem+json")
	web.JSON(w, p.Status, p)
}

// answer writes a JSON answer that nobody may keep.
func answer(w http.ResponseWriter, status int, body any) error {
	web.JSON(w, status, body)
	return nil
}

func nothing(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// read decodes the body into v. A member that v does not have is an error: it
// is a slip of the pen that would otherwise pass in silence.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" && kind != "application/merge-patch+json" {
		return identity.NewError(identity.Invalid, "", "The body must be application/json.")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return identity.NewError(identity.Invalid, "", "The body is larger than 256 KiB or was cut off.")
	}
	return decode(text, v)
}

// decode reads exactly one JSON value.
func decode(text []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return identity.NewError(identity.Invalid, "", "The body is not what this route reads: "+plain(err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return identity.NewError(identity.Invalid, "", "The body holds more than one JSON value.")
	}
	return nil
}

// plain says what is wrong with JSON without the names of Go.
func plain(err error) string {
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
	return "it is not whole."
}

// when writes a time, null for none.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// limitOf reads ?limit, 100 by default.
func limitOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return 100, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1000 {
		return 0, identity.NewError(identity.Invalid, "limit", "The limit is a number from 1 to 1000.")
	}
	return n, nil
}

// idOf reads an id of the path.
func idOf(r *http.Request, name string) (identity.ID, error) {
	id, ok := identity.ParseID(r.PathValue(name))
	if !ok {
		return id, identity.NewError(identity.NotFound, "", "There is no such "+name+".")
	}
	return id, nil
}

// secretJSON is a client secret without its text.
type secretJSON struct {
	ID      string     `json:"id"`
	Prefix  string     `json:"prefix"`
	Created *time.Time `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	Revoked *time.Time `json:"revoked,omitempty"`
}

// appJSON is an app on the wire: its settings under the names of RFC 7591, and
// what we keep about it.
type appJSON struct {
	ID           string `json:"id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret,omitempty"` // in the answer that makes it, and never again
	Disabled     bool   `json:"disabled"`
	identity.AppSettings
	Secrets  []secretJSON `json:"secrets"`
	Created  *time.Time   `json:"created"`
	Modified *time.Time   `json:"modified"`
}

func wireApp(a *identity.App, secret string) appJSON {
	out := appJSON{
		ID: a.ID.String(), ClientID: a.ClientID, ClientSecret: secret, Disabled: a.Disabled, AppSettings: a.AppSettings,
		Secrets: []secretJSON{}, Created: when(a.Created), Modified: when(a.Modified),
	}
	for _, s := range a.Secrets {
		out.Secrets = append(out.Secrets, secretJSON{s.ID.String(), s.Prefix, when(s.Created), when(s.Expires), when(s.Revoked)})
	}
	return out
}

// rotationJSON says how a secret is replaced; times in seconds.
type rotationJSON struct {
	ExpiresIn int64 `json:"expires_in"`
	Overlap   int64 `json:"overlap"`
}

func (j rotationJSON) rotation(now time.Time) (app.Rotation, error) {
	const most = 10 * 365 * 24 * 3600
	if j.ExpiresIn < 0 || j.ExpiresIn > most || j.Overlap < 0 || j.Overlap > most {
		return app.Rotation{}, identity.NewError(identity.Invalid, "expires_in", "Times are seconds, up to ten years.")
	}
	out := app.Rotation{Overlap: time.Duration(j.Overlap) * time.Second}
	if j.ExpiresIn > 0 {
		out.Expires = now.Add(time.Duration(j.ExpiresIn) * time.Second)
	}
	return out, nil
}
