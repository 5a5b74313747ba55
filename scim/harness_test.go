package scim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/memory"
	"github.com/muster-id/muster/scim/schema"
)

const (
	base = "https://h/scim/v2"

	urnU = schema.UserURN
	urnG = schema.GroupURN
	urnE = schema.EnterpriseURN
	urnP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	urnB = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	urnS = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	urnX = "urn:example:params:scim:schemas:extension:2.0:User"
)

// urns are the abbreviations of test scripts.
var urns = strings.NewReplacer("$ERR", "urn:ietf:params:scim:api:messages:2.0:Error", "$U", urnU, "$G", urnG, "$E", urnE, "$P", urnP, "$B", urnB, "$S", urnS, "$X", urnX)

// A fixture is a server over memory, with a client for each dialect.
type fixture struct {
	t       testing.TB
	server  *scim.Server
	backend *memory.Backend
	async   *memory.Async
	now     time.Time
	me      string // id of the user behind every client
	vars    map[string]string
}

type setting func(*fixture, *scim.Options)

func limits(l scim.Limits) setting {
	return func(_ *fixture, o *scim.Options) { o.Limits = l }
}

func async(f *fixture, o *scim.Options) {
	f.async = memory.NewAsync()
	o.Async = f.async
}

// registry is the standard one, with an extension that has an attribute for
// every characteristic the standard schemas lack.
func registry(t testing.TB) *schema.Registry {
	t.Helper()
	ext, err := schema.Parse([]byte(`{"id":"` + urnX + `","name":"Example","attributes":[
		{"name":"badge","type":"string","multiValued":false,"caseExact":true,"mutability":"immutable","returned":"default","uniqueness":"server"},
		{"name":"hidden","type":"string","multiValued":false,"mutability":"readWrite","returned":"request","uniqueness":"none"},
		{"name":"pin","type":"string","multiValued":false,"mutability":"writeOnly","returned":"never","uniqueness":"none"},
		{"name":"floor","type":"integer","multiValued":false,"mutability":"readWrite","returned":"default","uniqueness":"none"},
		{"name":"tags","type":"string","multiValued":true,"mutability":"readWrite","returned":"default","uniqueness":"none"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	reg, err := schema.Standard().Extend("User", ext, false)
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

func start(t testing.TB, settings ...setting) *fixture {
	t.Helper()
	reg := registry(t)
	f := &fixture{t: t, backend: memory.New(reg), now: time.Now(), vars: map[string]string{}}
	nested := schema.RFC
	nested.Form = schema.Nested
	dialects := map[string]schema.Dialect{
		"rfc": schema.RFC, "strict": schema.Strict, "entra": schema.Entra, "okta": schema.Okta, "other": schema.RFC, "nested": nested,
	}
	o := scim.Options{
		Authenticate: func(r *http.Request) (*scim.Client, error) {
			name, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			d, known := dialects[name]
			if !ok || !known {
				return nil, scim.Unauthorized("The token is not valid.")
			}
			return &scim.Client{ID: name, User: f.me, Dialect: d, Base: base, Types: reg, Backend: f.backend.For(name)}, nil
		},
		Public: func(*http.Request) (*schema.Registry, string) { return reg, base },
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now:    func() time.Time { return f.now },
	}
	for _, s := range settings {
		s(f, &o)
	}
	f.server = scim.New(o)
	return f
}

// A step is one request and what must come back. Texts may use $U, $G, ... for
// URNs and {name} for what an earlier step saved.
type step struct {
	do     string // "POST /Users", with the query as people write it
	as     string // client, "rfc" by default; "-" for none
	head   string // "If-Match: *; Prefer: wait=1"
	body   string
	status int
	has    string // JSON that must be part of the answer
	lacks  string // members that must not be there: "title meta.location"
	header string // header fields that must be there, as in head
	empty  bool   // no body at all
	save   string // remembers {save} = id, {save.etag}, {save.modified}, {save.next}
}

// An answer is what a step got.
type answer struct {
	*http.Response
	raw  []byte
	json any
}

func (f *fixture) expand(s string) string {
	s = urns.Replace(s)
	for k, v := range f.vars {
		s = strings.ReplaceAll(s, "{"+k+"}", v)
	}
	return s
}

func (f *fixture) request(s step) *http.Request {
	method, target, _ := strings.Cut(f.expand(s.do), " ")
	path, query, _ := strings.Cut(target, "?")
	r := httptest.NewRequest(method, "/", strings.NewReader(f.expand(s.body)))
	r.URL.Path = path
	r.URL.RawQuery = encodeQuery(query)
	if s.body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	r.Header.Set("Accept", "application/scim+json")
	switch s.as {
	case "-":
	case "":
		r.Header.Set("Authorization", "Bearer rfc")
	default:
		r.Header.Set("Authorization", "Bearer "+s.as)
	}
	for name, value := range fields(f.expand(s.head)) {
		if value == "-" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, value)
		}
	}
	return r
}

// encodeQuery lets tests write filter=userName eq "x".
func encodeQuery(q string) string {
	if q == "" {
		return ""
	}
	var parts []string
	for p := range strings.SplitSeq(q, "&") {
		k, v, ok := strings.Cut(p, "=")
		if ok {
			p = k + "=" + url.QueryEscape(v)
		}
		parts = append(parts, p)
	}
	return strings.Join(parts, "&")
}

func fields(s string) map[string]string {
	m := map[string]string{}
	for p := range strings.SplitSeq(s, "; ") {
		if k, v, ok := strings.Cut(p, ": "); ok {
			m[k] = v
		}
	}
	return m
}

// send carries out a request without looking at the answer.
func (f *fixture) send(s step) answer {
	w := httptest.NewRecorder()
	f.server.ServeHTTP(w, f.request(s))
	a := answer{Response: w.Result(), raw: w.Body.Bytes()}
	if len(a.raw) > 0 {
		d := json.NewDecoder(strings.NewReader(w.Body.String()))
		d.UseNumber()
		if err := d.Decode(&a.json); err != nil {
			f.t.Fatalf("%s: the answer is not JSON: %v\n%s", s.do, err, a.raw)
		}
	}
	return a
}

// run carries out a step and checks the answer.
func (f *fixture) run(s step) answer {
	f.t.Helper()
	a := f.send(s)
	about := fmt.Sprintf("%s %s", f.expand(s.do), f.expand(s.body))
	if s.status != 0 && a.StatusCode != s.status {
		f.t.Fatalf("%s\n= %d, want %d\n%s", about, a.StatusCode, s.status, a.raw)
	}
	if s.empty && len(a.raw) > 0 {
		f.t.Errorf("%s: body %s, want none", about, a.raw)
	}
	if s.has != "" {
		var want any
		d := json.NewDecoder(strings.NewReader(f.expand(s.has)))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			f.t.Fatalf("%s: has: %v", f.expand(s.has), err)
		}
		if diff := missing(a.json, want, "$"); diff != "" {
			f.t.Errorf("%s\n%s\nin %s", about, diff, a.raw)
		}
	}
	for path := range strings.FieldsSeq(f.expand(s.lacks)) {
		if v, ok := lookup(a.json, path); ok {
			f.t.Errorf("%s: %s = %v, want nothing\n%s", about, path, v, a.raw)
		}
	}
	for name, want := range fields(f.expand(s.header)) {
		if got := a.Header.Get(name); got != want {
			f.t.Errorf("%s: header %s = %q, want %q", about, name, got, want)
		}
	}
	if a.StatusCode >= 400 {
		f.checkError(about, a)
	}
	if s.save != "" {
		f.remember(s.save, a)
	}
	return a
}

// checkError holds every error to RFC 7644 section 3.12.
func (f *fixture) checkError(about string, a answer) {
	f.t.Helper()
	want := map[string]any{
		"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:Error"},
		"status":  fmt.Sprint(a.StatusCode),
	}
	if diff := missing(a.json, want, "$"); diff != "" {
		f.t.Errorf("%s: error body: %s\nin %s", about, diff, a.raw)
	}
	if d, _ := lookup(a.json, "detail"); d == nil || d == "" {
		f.t.Errorf("%s: error without detail: %s", about, a.raw)
	}
}

func (f *fixture) remember(name string, a answer) {
	for suffix, path := range map[string]string{"": "id", ".etag": "meta.version", ".modified": "meta.lastModified", ".next": "nextCursor"} {
		delete(f.vars, name+suffix)
		if v, ok := lookup(a.json, path); ok {
			f.vars[name+suffix] = v.(string)
		}
	}
}

func (f *fixture) steps(steps []step) {
	f.t.Helper()
	for _, s := range steps {
		f.run(s)
	}
}

// missing says what of want is not in got: members of objects may be more,
// arrays must have the same length.
func missing(got, want any, path string) string {
	switch want := want.(type) {
	case map[string]any:
		o, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s = %v, want an object", path, got)
		}
		for k, v := range want {
			e, ok := o[k]
			if !ok {
				return fmt.Sprintf("%s.%s is missing, want %v", path, k, v)
			}
			if diff := missing(e, v, path+"."+k); diff != "" {
				return diff
			}
		}
		return ""
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return fmt.Sprintf("%s = %v, want %d elements", path, got, len(want))
		}
		for i := range want {
			if diff := missing(list[i], want[i], fmt.Sprintf("%s[%d]", path, i)); diff != "" {
				return diff
			}
		}
		return ""
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("%s = %#v, want %#v", path, got, want)
	}
	return ""
}

// lookup finds "meta.version"; a member with dots in its name is tried first.
func lookup(v any, path string) (any, bool) {
	o, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	if e, ok := o[path]; ok {
		return e, true
	}
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '.' {
			if e, ok := o[path[:i]]; ok {
				return lookup(e, path[i+1:])
			}
		}
	}
	return nil, false
}

// answerTo sends a request as it is.
func (f *fixture) answerTo(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	f.server.ServeHTTP(w, r)
	return w.Result()
}
