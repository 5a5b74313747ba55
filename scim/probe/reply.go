package probe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A reply is the answer to one request. Its methods compare it with what should
// have come and return it, so that comparisons chain; they do nothing once the
// check has failed.
type reply struct {
	s      *session
	what   string // the request, for people
	status int
	header http.Header
	body   []byte
	doc    object // nil if the body is not one JSON object
	dead   bool   // there was no exchange
}

// clip shortens a text to about n bytes.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}

func unescape(p string) string {
	if u, err := url.PathUnescape(p); err == nil {
		return clip(u, 300)
	}
	return clip(p, 300)
}

// off reports whether comparing is of no use any more, and counts comparisons.
func (r *reply) off() bool {
	if r.dead || r.s.over() {
		return true
	}
	r.s.asserted++
	return false
}

// wrong records a failure with the whole exchange.
func (r *reply) wrong(format string, args ...any) {
	came := strconv.Itoa(r.status)
	if b := strings.TrimSpace(strings.ToValidUTF8(string(r.body), "?")); b != "" {
		came += " " + clip(b, 400)
	}
	r.s.failf("%s: came %s; expected %s", r.what, came, fmt.Sprintf(format, args...))
}

// want compares the status; the answer of a success must be a JSON object of
// the right media type, or nothing with 204, 202 and 304.
func (r *reply) want(statuses ...int) *reply {
	if r.off() {
		return r
	}
	if !slices.Contains(statuses, r.status) {
		r.wrong("status %s", join(statuses))
		return r
	}
	switch r.status {
	case http.StatusNoContent, http.StatusAccepted, http.StatusNotModified:
		if len(r.body) > 0 {
			r.wrong("no body with %d", r.status)
		}
	case http.StatusOK, http.StatusCreated:
		if r.doc == nil {
			r.wrong("a JSON object")
		} else if ct := r.header.Get("Content-Type"); !strings.HasPrefix(ct, mediaType) {
			r.wrong("Content-Type %s, not %q", mediaType, ct)
		}
	}
	return r
}

// done accepts what a successful PATCH may answer.
func (r *reply) done() *reply { return r.want(http.StatusOK, http.StatusNoContent) }

// refused compares an error: its status, its body (RFC 7644 section 3.12) and,
// if any are given, its scimType.
func (r *reply) refused(status int, faults ...string) *reply {
	if r.off() {
		return r
	}
	fault, _ := r.doc["scimType"].(string)
	expected := strconv.Itoa(status)
	if len(faults) > 0 {
		expected += " " + strings.Join(faults, " or ")
	}
	switch {
	case r.status != status:
		r.wrong("%s", expected)
	case r.doc == nil:
		r.wrong("%s with an Error body", expected)
	case !slices.Contains(r.list("schemas"), any(urnError)):
		r.wrong("%s with schemas [%q]", expected, urnError)
	case r.doc["status"] != strconv.Itoa(status):
		r.wrong(`"status":"%d" as a string`, status)
	case len(faults) > 0 && !slices.Contains(faults, fault):
		r.wrong("scimType %s", strings.Join(faults, " or "))
	case strings.HasPrefix(r.header.Get("Content-Type"), mediaType):
	default:
		r.wrong("Content-Type %s", mediaType)
	}
	return r
}

// total compares the number of matches of a ListResponse, and holds the answer
// to the rules for one (RFC 7644 section 3.4.2).
func (r *reply) total(n int) *reply {
	if r.want(http.StatusOK); r.off() {
		return r
	}
	if !slices.Contains(r.list("schemas"), any(urnList)) {
		r.wrong("schemas [%q]", urnList)
	}
	if got, ok := r.integer("totalResults"); !ok || got != n {
		r.wrong("totalResults %d", n)
	}
	return r
}

// is compares the value at a path.
func (r *reply) is(path string, want any) *reply {
	if r.off() {
		return r
	}
	if got := lookup(r.doc, path); !same(got, want) {
		r.wrong("%s = %s, not %s", path, show(want), show(got))
	}
	return r
}

// lacks expects nothing at the paths.
func (r *reply) lacks(paths ...string) *reply {
	if r.off() {
		return r
	}
	for _, p := range paths {
		if got := lookup(r.doc, p); got != nil {
			r.wrong("no %s, not %s", p, show(got))
		}
	}
	return r
}

// has expects something at the paths.
func (r *reply) has(paths ...string) *reply {
	if r.off() {
		return r
	}
	for _, p := range paths {
		if lookup(r.doc, p) == nil {
			r.wrong("a value of %s", p)
		}
	}
	return r
}

// holds expects a condition, which text names.
func (r *reply) holds(ok bool, text string, args ...any) *reply {
	if !r.off() && !ok {
		r.wrong(text, args...)
	}
	return r
}

// keys expects exactly these names at the top of the answer.
func (r *reply) keys(names ...string) *reply {
	if r.off() {
		return r
	}
	for k := range r.doc {
		if !slices.Contains(names, k) {
			r.wrong("only %s, not also %q", strings.Join(names, ", "), k)
		}
	}
	return r.has(names...)
}

// values returns the sub-attribute of each element of a list, sorted.
func (r *reply) values(path, sub string) []string {
	var out []string
	for _, e := range r.list(path) {
		v, _ := lookup(e, sub).(string)
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

// set expects exactly these values, in any order, of a sub-attribute of a list.
func (r *reply) set(path, sub string, want ...string) *reply {
	if r.off() {
		return r
	}
	got := r.values(path, sub)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.wrong("%s with %s %q, not %q", path, sub, want, got)
	}
	return r
}

func (r *reply) list(path string) []any {
	l, _ := lookup(r.doc, path).([]any)
	return l
}

func (r *reply) text(path string) string {
	t, _ := lookup(r.doc, path).(string)
	return t
}

// integer returns a JSON integer; a string of digits is none.
func (r *reply) integer(path string) (int, bool) {
	n, ok := lookup(r.doc, path).(json.Number)
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(n.String())
	return i, err == nil
}

// etag returns the version of the answer.
func (r *reply) etag() string {
	if r.header == nil {
		return ""
	}
	return r.header.Get("ETag")
}

// lookup finds a value by names between slashes. In a list a name like
// "[type=work]" chooses the first element that has the value, and a number
// chooses by place.
func lookup(v any, path string) any {
	for path != "" && v != nil {
		var name string
		if strings.HasPrefix(path, "[") {
			end := strings.Index(path, "]")
			if end < 0 {
				return nil
			}
			name, path = path[:end+1], strings.TrimPrefix(path[end+1:], "/")
		} else {
			name, path, _ = strings.Cut(path, "/")
		}
		switch x := v.(type) {
		case object:
			v = x[name]
		case []any:
			v = element(x, name)
		default:
			return nil
		}
	}
	return v
}

func element(list []any, name string) any {
	if i, err := strconv.Atoi(name); err == nil {
		if i < 0 || i >= len(list) {
			return nil
		}
		return list[i]
	}
	key, want, _ := strings.Cut(strings.Trim(name, "[]"), "=")
	for _, e := range list {
		if o, ok := e.(object); ok && fmt.Sprint(o[key]) == want {
			return e
		}
	}
	return nil
}

// same compares JSON values; an integer compares by its digits, and a string of
// digits is none.
func same(got, want any) bool {
	if n, ok := got.(json.Number); ok {
		i, integer := want.(int)
		return integer && n.String() == strconv.Itoa(i)
	}
	return reflect.DeepEqual(got, want)
}

func show(v any) string {
	if v == nil {
		return "nothing"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return clip(string(b), 120)
}

func join(ns []int) string {
	out := make([]string, len(ns))
	for i, n := range ns {
		out[i] = strconv.Itoa(n)
	}
	return strings.Join(out, " or ")
}
