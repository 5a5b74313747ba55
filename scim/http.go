package scim

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/muster-id/muster/scim/schema"
)

// mediaType is the type of SCIM messages (RFC 7644 section 8.1).
const mediaType = "application/scim+json"

// suffix at the end of a path asks for that type too (RFC 7644 section 3.8).
const suffix = ".scim"

var (
	scimType = []string{mediaType} // shared header values are never changed
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
	noSniff  = []string{"nosniff"}
)

// buffers holds answers while they are written.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxPooled keeps a huge group from staying in the pool.
const maxPooled = 1 << 20

func getBuffer() *[]byte { return buffers.Get().(*[]byte) }

func putBuffer(p *[]byte, used []byte) {
	if cap(used) <= maxPooled {
		*p = used[:0]
		buffers.Put(p)
	}
}

// send writes a whole answer in one piece. An empty body has no type. No answer
// may be kept by a cache or be taken for a page: it holds data of people.
func (x *call) send(status int, body []byte) {
	x.answered = true
	h := x.w.Header()
	h["Cache-Control"], h["X-Content-Type-Options"] = noStore, noSniff
	if len(body) > 0 {
		if h["Content-Type"] == nil {
			h["Content-Type"] = x.answerType()
		}
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	x.w.WriteHeader(status)
	if len(body) > 0 {
		x.w.Write(body) // an error means that the client has gone
	}
}

// answerType is application/scim+json or what the dialect has instead, unless
// the client takes only another one of our types.
func (x *call) answerType() []string {
	accept := x.r.Header["Accept"]
	if own := x.dialect().MediaType; own != "" {
		takes := func(v string) bool { return strings.Contains(v, own) || strings.Contains(v, "*") }
		if len(accept) == 0 || slices.ContainsFunc(accept, takes) {
			return []string{own}
		}
	}
	for _, v := range accept {
		if strings.Contains(v, mediaType) || strings.Contains(v, "*") {
			return scimType
		}
		if strings.Contains(v, jsonType[0]) {
			return jsonType
		}
	}
	return scimType
}

// acceptable refuses a request only when its Accept header rules out every JSON
// that we have (RFC 7644 section 3.8).
func (x *call) acceptable() error {
	accept := x.r.Header["Accept"]
	if len(accept) == 0 || accept[0] == mediaType {
		return nil
	}
	for _, line := range accept {
		for part := range strings.SplitSeq(line, ",") {
			t, p, err := mime.ParseMediaType(part)
			if err != nil {
				return nil // what cannot be read rules out nothing
			}
			switch t {
			case "*/*", "application/*", mediaType, jsonType[0], x.dialect().MediaType:
				if q, err := strconv.ParseFloat(p["q"], 64); p["q"] == "" || err != nil || q > 0 {
					return nil
				}
			}
		}
	}
	return &Error{Status: http.StatusNotAcceptable, Detail: "The server answers in application/scim+json or application/json."}
}

// maxPromise is how much room a body gets for its Content-Length alone; for more
// it must come.
const maxPromise = 256 << 10

// body reads a JSON message, at most limit bytes of it; name is how the limit
// is called in the error.
func (x *call) body(limit int64, name string) ([]byte, error) {
	if ct := x.r.Header.Get("Content-Type"); ct != "" && ct != mediaType {
		t, p, err := mime.ParseMediaType(ct)
		if cs := p["charset"]; err != nil || t != mediaType && t != jsonType[0] && t != x.dialect().MediaType || cs != "" && !strings.EqualFold(cs, "utf-8") {
			return nil, &Error{Status: http.StatusUnsupportedMediaType, Detail: "Send application/scim+json or application/json in UTF-8."}
		}
	}
	if ce := x.r.Header.Get("Content-Encoding"); ce != "" && !strings.EqualFold(ce, "identity") {
		return nil, &Error{Status: http.StatusUnsupportedMediaType, Detail: "Send the body without a Content-Encoding."}
	}
	tooLarge := &Error{
		Status: http.StatusRequestEntityTooLarge,
		Detail: fmt.Sprintf("The size of the request exceeds the %s (%d).", name, limit),
	}
	if x.r.ContentLength > limit {
		return nil, tooLarge
	}
	var buf []byte
	if n := x.r.ContentLength; n > 0 {
		buf = make([]byte, 0, min(n, maxPromise)+1) // one more, so that the end is seen without growing
	}
	buf, err := readAll(http.MaxBytesReader(x.w, x.r.Body, limit), buf)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge
	}
	if err != nil {
		return nil, invalid(schema.InvalidSyntax, "The request body ended early.")
	}
	return buf, nil
}

func readAll(r io.Reader, buf []byte) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// message reads a body that is a JSON object.
func (x *call) message() ([]byte, schema.Object, error) {
	raw, err := x.body(x.s.opts.Limits.Body, "maxBodySize")
	if err != nil {
		return nil, nil, err
	}
	o, err := schema.Decode(raw)
	return raw, o, err
}

// params are the query parameters. Names are taken in any case, unknown ones
// are ignored, and of several with one name the first counts.
type params url.Values

func parseParams(raw string) (params, error) {
	if raw == "" {
		return nil, nil
	}
	v, err := url.ParseQuery(raw)
	if err != nil { // a dropped filter would answer with everything
		return nil, invalid(schema.InvalidSyntax, "The query string is not properly encoded.")
	}
	return params(v), nil
}

func (p params) all(name string) (values []string, ok bool) {
	if v, ok := p[name]; ok {
		return v, true
	}
	for k, v := range p {
		if strings.EqualFold(k, name) {
			return v, true
		}
	}
	return nil, false
}

func (p params) first(name string) (string, bool) {
	v, ok := p.all(name)
	if !ok || len(v) == 0 {
		return "", ok
	}
	return v[0], true
}

// names returns a comma-separated list; ok is false when the parameter is
// absent or empty.
func (p params) names(name string) (list []string, ok bool) {
	lines, _ := p.all(name)
	for _, line := range lines {
		for n := range strings.SplitSeq(line, ",") {
			if n = strings.TrimSpace(n); n != "" {
				list = append(list, n)
			}
		}
	}
	return list, len(list) > 0
}

// hasSchema reports whether a message carries its URN.
func hasSchema(o schema.Object, urn string) bool {
	list, _ := schema.Field(o, "schemas").([]any)
	for _, v := range list {
		if s, ok := v.(string); ok && strings.EqualFold(s, urn) {
			return true
		}
	}
	return false
}
