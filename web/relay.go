package web

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// An Answer is what a handler said, kept by a door that serves it in other words.
type Answer struct {
	Status int
	Body   bytes.Buffer
	header http.Header
}

// Ask has a handler answer a request.
func Ask(h http.Handler, r *http.Request) *Answer {
	a := &Answer{Status: http.StatusOK, header: http.Header{}}
	h.ServeHTTP(a, r)
	return a
}

// Header returns the headers of the answer.
func (a *Answer) Header() http.Header { return a.header }

// WriteHeader keeps the status.
func (a *Answer) WriteHeader(status int) { a.Status = status }

// Write keeps a piece of the body.
func (a *Answer) Write(p []byte) (int, error) { return a.Body.Write(p) }

// CopyHeader gives the headers of the answer to w, but for the length of a body
// that may become another.
func (a *Answer) CopyHeader(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.Header().Del("Content-Length")
}

// Send gives the answer to w as it is.
func (a *Answer) Send(w http.ResponseWriter) {
	a.CopyHeader(w)
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body.Bytes()) // the client may be gone; nobody else to tell
}

// WithForm returns a request that is r but for its body, which is a form, and for
// its query, which is empty.
func WithForm(r *http.Request, form url.Values) *http.Request {
	text := form.Encode()
	next := r.Clone(r.Context())
	next.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	next.URL.RawQuery = ""
	next.Body, next.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	next.Form, next.PostForm = nil, nil
	return next
}

// PeekForm reads the form in the body of a request and leaves the body there for
// the handler that the request is passed on to. A body that is no form has no
// fields: it is for that handler to refuse.
func PeekForm(w http.ResponseWriter, r *http.Request, limit int64) (url.Values, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return nil, errLarge
	}
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(string(text))), int64(len(text))
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return url.Values{}, nil
	}
	return form, nil
}
