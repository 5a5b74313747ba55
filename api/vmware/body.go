package vmware

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/muster-id/muster/identity"
)

// setBody gives a request another body.
func setBody(r *http.Request, text string) {
	r.Body = io.NopCloser(strings.NewReader(text))
	r.ContentLength = int64(len(text))
	r.Form, r.PostForm = nil, nil
}

// keepForm reads the form of a request and returns its text as well, for the
// provider to read again with its own eyes.
func keepForm(w http.ResponseWriter, r *http.Request) (string, url.Values, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return "", nil, identity.NewError(identity.Invalid, "", "The body is too large or was cut off.")
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return "", nil, identity.NewError(identity.Invalid, "", "The body is not a form.")
	}
	return string(text), form, nil
}

// A captured answer is one of the provider that this door changes before it
// goes out.
type captured struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (c *captured) Header() http.Header         { return c.header }
func (c *captured) WriteHeader(status int)      { c.status = status }
func (c *captured) Write(p []byte) (int, error) { return c.body.Write(p) }

// document asks an endpoint of the provider that answers with a JSON object.
func (d *Door) document(name string, org identity.Organisation, r *http.Request) (map[string]any, error) {
	ask := r.Clone(r.Context())
	ask.Method, ask.Body, ask.ContentLength = http.MethodGet, http.NoBody, 0
	ask.Header = http.Header{}
	c := &captured{header: http.Header{}, status: http.StatusOK}
	d.o.Provider.Endpoint(name, org).ServeHTTP(c, ask)
	var doc map[string]any
	if err := json.Unmarshal(c.body.Bytes(), &doc); err != nil || c.status != http.StatusOK {
		return nil, fmt.Errorf("ask the provider for %s: status %d: %w", name, c.status, err)
	}
	return doc, nil
}
