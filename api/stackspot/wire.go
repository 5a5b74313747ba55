package stackspot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/web"
)

// URNs of messages.
const (
	errorMessage = "urn:ietf:params:scim:api:messages:2.0:Error"
	listMessage  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
)

// flatType is the media type of answers in flat SCIM.
const flatType = "application/scim+json"

// An item is one thing as both forms of the API show it.
type item struct {
	id         string
	external   string
	kind       string // meta.resourceType
	collection string
	schemas    []string
	created    time.Time
	modified   time.Time
	version    int64
	attributes schema.Object
}

// wire is an item in the form of the request: the envelope of the API, or flat
// SCIM.
func (v *visit) wire(it item) schema.Object {
	meta := schema.Object{
		"resourceType": it.kind, "location": v.base + "/" + it.collection + "/" + url.PathEscape(it.id),
		"created": stamp(it.created), "lastModified": stamp(it.modified), "version": etag(it.version),
	}
	if v.flat {
		out := maps.Clone(it.attributes)
		out["id"], out["meta"], out["schemas"] = it.id, meta, it.schemas
		if it.external != "" {
			out["externalId"] = it.external
		}
		return out
	}
	external := schema.Object{}
	if it.external != "" {
		external["value"] = it.external
	}
	return schema.Object{"attributes": it.attributes, "externalID": external, "id": it.id, "meta": meta, "schemas": it.schemas}
}

// stamp writes a time as the vendor does.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func etag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

// orNull is a text, null for none.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// one answers with one item.
func (v *visit) one(w http.ResponseWriter, status int, it item) error {
	w.Header().Set("ETag", etag(it.version))
	v.send(w, status, v.wire(it))
	return nil
}

// replaced answers a PUT: some collections answer with a page of one, in the form
// of the envelope.
func (v *visit) replaced(w http.ResponseWriter, paged bool, it item) error {
	if paged && !v.flat {
		return v.page(w, []item{it}, 1, 1)
	}
	return v.one(w, http.StatusOK, it)
}

// page answers with a list of items, of total altogether.
func (v *visit) page(w http.ResponseWriter, list []item, total, start int) error {
	all := make([]any, len(list))
	for i, it := range list {
		all[i] = v.wire(it)
	}
	if v.flat {
		v.send(w, http.StatusOK, schema.Object{
			"schemas": []string{listMessage}, "totalResults": total, "itemsPerPage": len(all), "startIndex": start, "Resources": all,
		})
		return nil
	}
	v.send(w, http.StatusOK, schema.Object{"resources": all, "totalResults": total})
	return nil
}

func (v *visit) send(w http.ResponseWriter, status int, body any) {
	if v.flat {
		w.Header().Set("Content-Type", flatType)
	}
	web.JSON(w, status, body)
}

// wantsFlat reports whether a client asks for flat SCIM.
func wantsFlat(r *http.Request) bool {
	for _, line := range r.Header["Accept"] {
		for part := range strings.SplitSeq(line, ",") {
			if t, p, err := mime.ParseMediaType(part); err == nil && t == flatType && p["q"] != "0" {
				return true
			}
		}
	}
	return false
}

// A refusal is an error with a status of its own.
type refusal struct {
	status int
	fault  string // scimType
	text   string
}

func (r refusal) Error() string { return r.text }

// statuses says how the kinds of error are told.
var statuses = map[identity.Kind]int{
	identity.Invalid: 400, identity.Unauthenticated: 401, identity.Denied: 403, identity.NotFound: 404,
	identity.Conflict: 409, identity.Stale: 412, identity.TooCostly: 400, identity.Throttled: 429, identity.Busy: 503,
}

// fail answers with an error in the form of RFC 7644 section 3.12. Of errors that
// are ours it tells only that they happened.
func (d *Door) fail(w http.ResponseWriter, r *http.Request, err error) {
	no := explain(err, r.PathValue("id"))
	if no.status == http.StatusInternalServerError {
		web.Fail(r.Context(), err)
	}
	if no.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="scim"`)
	}
	if wantsFlat(r) {
		w.Header().Set("Content-Type", flatType)
	}
	body := schema.Object{"schemas": []string{errorMessage}, "status": strconv.Itoa(no.status), "detail": no.text}
	if no.fault != "" {
		body["scimType"] = no.fault
	}
	web.JSON(w, no.status, body)
}

// explain is the refusal that an error means for a request about the thing with
// an id.
func explain(err error, id string) refusal {
	if no, ok := errors.AsType[refusal](err); ok {
		return no
	}
	if e, ok := errors.AsType[*schema.Error](err); ok {
		if e.Fault == schema.Unique {
			return refusal{http.StatusConflict, string(e.Fault), e.Detail}
		}
		return refusal{http.StatusBadRequest, string(e.Fault), e.Detail}
	}
	e, ok := errors.AsType[*identity.Error](err)
	if !ok || statuses[e.Kind] == 0 {
		return refusal{http.StatusInternalServerError, "", "Internal error."}
	}
	no := refusal{status: statuses[e.Kind], text: e.Text}
	switch {
	case e.Kind == identity.NotFound && id != "":
		no.text = fmt.Sprintf("Resource %.200s not found.", id)
	case e.Kind == identity.Invalid && e.Field == "filter":
		no.fault = string(schema.InvalidFilter)
	case e.Kind == identity.Invalid:
		no.fault = string(schema.InvalidValue)
	case e.Kind == identity.Conflict && e.Field != "":
		no.fault = string(schema.Unique)
	case e.Kind == identity.TooCostly:
		no.fault = string(schema.TooMany)
	}
	return no
}

// maxBody bounds the body of a request.
const maxBody = 4 << 20

// read reads the JSON object in the body of a request.
func read(w http.ResponseWriter, r *http.Request) (schema.Object, error) {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		t, p, err := mime.ParseMediaType(kind)
		if charset := p["charset"]; err != nil || t != "application/json" && t != flatType || charset != "" && !strings.EqualFold(charset, "utf-8") {
			return nil, refusal{http.StatusUnsupportedMediaType, "", "Send application/json in UTF-8."}
		}
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, refusal{http.StatusRequestEntityTooLarge, "", fmt.Sprintf("A body has at most %d bytes.", maxBody)}
	}
	if err != nil {
		return nil, schema.Errorf(schema.InvalidSyntax, "The request body ended early.")
	}
	if len(text) == 0 {
		return nil, schema.Errorf(schema.InvalidSyntax, "The request needs a body, a JSON object.")
	}
	return schema.Decode(text)
}

// need reports the first of several members that a body lacks.
func need(body schema.Object, names ...string) error {
	for _, name := range names {
		switch v := schema.Field(body, name).(type) {
		case nil:
			return schema.Errorf(schema.InvalidValue, "The attribute %s is required.", name)
		case string:
			if strings.TrimSpace(v) == "" {
				return schema.Errorf(schema.InvalidValue, "The attribute %s is required.", name)
			}
		}
	}
	return nil
}

// some are those members of a body that have one of several names, under these.
func some(body schema.Object, names ...string) schema.Object {
	out := schema.Object{}
	for key, v := range body {
		for _, name := range names {
			if strings.EqualFold(key, name) {
				out[name] = v
			}
		}
	}
	return out
}

// The sizes of pages.
const (
	pageSize = 100
	maxPage  = 1000
)

// span reads startIndex and count.
func span(r *http.Request) (start, count int, err error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, 0, refusal{http.StatusBadRequest, "invalidSyntax", "The query string is not properly encoded."}
	}
	number := func(name string, other int) int {
		text := q.Get(name)
		if text == "" {
			return other
		}
		n, bad := strconv.Atoi(text)
		if bad != nil && err == nil {
			err = refusal{http.StatusBadRequest, "", "Bad Request. Invalid parameter provided in request: " + name + "."}
		}
		return n
	}
	start = max(1, number("startIndex", 1))
	count = min(max(0, number("count", pageSize)), maxPage)
	return start, count, err
}

// ifMatch reads the version that a client wants to change, 0 for any.
func ifMatch(r *http.Request) (int64, error) {
	text := r.Header.Get("If-Match")
	if text == "" || text == "*" {
		return 0, nil
	}
	digits, found := strings.CutPrefix(strings.TrimSuffix(text, `"`), `W/"`)
	n, err := strconv.ParseInt(digits, 10, 64)
	if !found || err != nil || n <= 0 {
		return 0, errChanged
	}
	return n, nil
}

var errChanged = refusal{http.StatusPreconditionFailed, "", "The resource has changed since you read it."}

// still is errChanged if a client wants to change another version than there is.
func still(r *http.Request, version int64) error {
	want, err := ifMatch(r)
	if err == nil && want != 0 && want != version {
		err = errChanged
	}
	return err
}

// rawObject is a JSON object that is stored as text, {} for what is none.
func rawObject(text string) any {
	if len(text) < 2 || text[0] != '{' || !json.Valid([]byte(text)) {
		return schema.Object{}
	}
	return json.RawMessage(text)
}
