package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	mediaType  = "application/scim+json"
	maxAnswer  = 8 << 20 // bytes of one answer that are read
	maxRetries = 3       // after 429
	maxWait    = 10 * time.Second
)

// An object is a JSON object.
type object = map[string]any

// An access is a SCIM root with the token of one client.
type access struct {
	base  *url.URL
	token string
}

// url returns the URL of a path below the SCIM root; the path may carry a query.
func (a access) url(p string) string {
	u := *a.base
	p, query, _ := strings.Cut(p, "?")
	if u.RawQuery != "" && query != "" {
		query = u.RawQuery + "&" + query
	} else if query == "" {
		query = u.RawQuery
	}
	u.Path += p
	u.RawQuery = query
	return u.String()
}

// A run is the state that all checks of one run share.
type run struct {
	target               Target
	first, second, other access
	prefix               string // of every name that the run makes up
	lacking              []capability
	config               object // ServiceProviderConfig, nil if unreadable
	schemas              []any  // Resources of /Schemas
	userSchemas          []string
	named                int

	mu   sync.Mutex
	made map[string]access // "/Users/1" to the client that made it
}

// A session is one check under way. After the first failure its exchanges do
// nothing and its comparisons hold, so that a check reads as a straight list.
type session struct {
	run      *run
	ctx      context.Context
	who      access
	err      error
	skipped  string
	asserted int
}

// as carries out exchanges as another client.
func (s *session) as(who access, do func(*session)) {
	if s.over() {
		return
	}
	was := s.who
	s.who = who
	do(s)
	s.who = was
}

// name makes up a name that nobody else has.
func (s *session) name(label string) string {
	s.run.named++
	return fmt.Sprintf("%s%s-%d", s.run.prefix, label, s.run.named)
}

// with adds a query of name and value pairs to a path.
func with(p string, pairs ...string) string {
	sep := "?"
	if strings.Contains(p, "?") {
		sep = "&"
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		p += sep + pairs[i] + "=" + strings.ReplaceAll(url.QueryEscape(pairs[i+1]), "+", "%20")
		sep = "&"
	}
	return p
}

// send carries out one request. Body is a JSON text as string, or a value to
// encode, or nil; header holds names and values, and an empty value drops one
// of ours.
func (s *session) send(method, p string, body any, header ...string) *reply {
	r := &reply{s: s, what: method + " " + unescape(p)}
	if s.over() {
		r.dead = true
		return r
	}
	var text []byte
	switch b := body.(type) {
	case nil:
	case string:
		text = []byte(b)
	default:
		var err error
		if text, err = json.Marshal(b); err != nil {
			s.failf("%s: encode the body: %v", r.what, err)
			r.dead = true
			return r
		}
	}
	if text != nil {
		r.what += " " + clip(string(text), 240)
	}
	if err := s.exchange(r, method, p, text, header); err != nil {
		s.failf("%s: %v", r.what, err)
		r.dead = true
		return r
	}
	s.run.note(s.who, method, p, r)
	return r
}

// exchange sends a request and reads the answer, and waits where the server
// asks for patience.
func (s *session) exchange(r *reply, method, p string, text []byte, header []string) error {
	for try := 0; ; try++ {
		wait, err := s.once(r, method, p, text, header)
		if err != nil || wait < 0 || try == maxRetries {
			return err
		}
		select {
		case <-time.After(wait):
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
}

// once makes one attempt. It returns how long to wait before another, or a
// negative duration when the answer stands.
func (s *session) once(r *reply, method, p string, text []byte, header []string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.run.target.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.who.url(p), bytes.NewReader(text))
	if err != nil {
		return -1, err
	}
	req.Header.Set("Accept", mediaType)
	req.Header.Set("User-Agent", "scim-probe")
	if text != nil {
		req.Header.Set("Content-Type", mediaType)
	}
	if s.who.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.who.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if req.Header.Set(header[i], header[i+1]); header[i+1] == "" {
			req.Header.Del(header[i])
		}
	}
	res, err := s.run.target.Client.Do(req)
	if err != nil {
		return -1, err
	}
	defer res.Body.Close()
	if r.body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1)); err != nil {
		return -1, fmt.Errorf("read the answer: %w", err)
	}
	if len(r.body) > maxAnswer {
		return -1, fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	r.status, r.header, r.doc = res.StatusCode, res.Header, decode(r.body)
	if r.status == http.StatusTooManyRequests {
		return patience(res.Header.Get("Retry-After")), nil
	}
	return -1, nil
}

// decode reads a JSON object; anything else is nil.
func decode(body []byte) object {
	var doc object
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&doc) != nil {
		return nil
	}
	if _, err := d.Token(); err != io.EOF {
		return nil
	}
	return doc
}

func patience(retryAfter string) time.Duration {
	d, err := time.ParseDuration(strings.TrimSpace(retryAfter) + "s")
	if err != nil || d < 0 {
		d = time.Second
	}
	return min(d, maxWait)
}

func (s *session) get(p string, query ...string) *reply { return s.send("GET", with(p, query...), nil) }

func (s *session) post(p string, body any, header ...string) *reply {
	return s.send("POST", p, body, header...)
}

func (s *session) put(p string, body any, header ...string) *reply {
	return s.send("PUT", p, body, header...)
}

func (s *session) del(p string, header ...string) *reply { return s.send("DELETE", p, nil, header...) }

// patch sends a PatchOp of the operations.
func (s *session) patch(p string, ops ...any) *reply { return s.send("PATCH", p, patchOp(ops...)) }

func patchOp(ops ...any) object {
	return object{"schemas": []any{urnPatch}, "Operations": ops}
}

// op builds a PATCH operation; an empty path and a nil value are left out.
func op(name, path string, value any) object {
	o := object{"op": name}
	if path != "" {
		o["path"] = path
	}
	if value != nil {
		o["value"] = value
	}
	return o
}

// search lists the resources of an endpoint that match a filter.
func (s *session) search(endpoint, filter string, query ...string) *reply {
	return s.get(endpoint, append([]string{"filter", filter}, query...)...)
}
