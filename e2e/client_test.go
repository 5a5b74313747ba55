package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	userURN  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN = "urn:ietf:params:scim:schemas:core:2.0:Group"
	entURN   = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchURN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	errorURN = "urn:ietf:params:scim:api:messages:2.0:Error"
)

type object = map[string]any

// A client is an identity provider at work on one target.
type client struct {
	t      *testing.T
	target target
	http   *http.Client
	header map[string]string
	suffix string // a query that the administrator wrote into the tenant URL
	calls  atomic.Int64
	failed atomic.Bool
}

func newClient(t *testing.T, at target) *client {
	c := &client{t: t, target: at, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}, header: map[string]string{}}
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// workers is how many requests a provider has under way at once.
const workers = 8

// each carries out n pieces of work, some at once, and stops after a failure.
func (c *client) each(n int, do func(i int)) {
	c.t.Helper()
	var wg sync.WaitGroup
	var next atomic.Int64
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && !c.failed.Load(); i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
	if c.failed.Load() {
		c.t.FailNow()
	}
}

// A step is a part of a cycle.
type step struct {
	name string
	do   func()
}

// play goes through a cycle and ends the test at the first step that fails.
func (c *client) play(steps []step) {
	c.t.Helper()
	for _, s := range steps {
		start, calls := time.Now(), c.calls.Load()
		s.do()
		c.t.Logf("%s: %d requests in %s", s.name, c.calls.Load()-calls, time.Since(start).Round(time.Millisecond))
		if c.failed.Load() {
			c.t.FailNow()
		}
	}
}

// fail ends the test when the step is over.
func (c *client) fail(format string, args ...any) {
	c.failed.Store(true)
	c.t.Errorf(format, args...)
}

// do sends a request; any status but the expected ones fails the test. Body is
// JSON text, or a value to encode, or nil. The answer is nil without a body.
func (c *client) do(method, path string, body any, want ...int) object {
	status, doc := c.exchange(method, path, body)
	if !slices.Contains(want, status) {
		c.fail("%s %s %v = %d %v, want %v", method, unescaped(path), body, status, doc, want)
	}
	return doc
}

func unescaped(path string) string {
	if u, err := url.PathUnescape(path); err == nil {
		return u
	}
	return path
}

func (c *client) exchange(method, path string, body any) (int, object) {
	var text []byte
	switch b := body.(type) {
	case nil:
	case string:
		text = []byte(b)
	default:
		var err error
		if text, err = json.Marshal(b); err != nil {
			c.fail("%s %s: %v", method, path, err)
			return 0, nil
		}
	}
	path, query, _ := strings.Cut(path, "?")
	if c.suffix != "" {
		query = strings.TrimSuffix(c.suffix+"&"+query, "&")
	}
	if query != "" {
		path += "?" + query
	}
	req, err := http.NewRequest(method, c.target.URL+path, bytes.NewReader(text))
	if err != nil {
		c.fail("%s %s: %v", method, path, err)
		return 0, nil
	}
	req.Header.Set("Authorization", "Bearer "+c.target.Token)
	req.Header.Set("Accept", "application/scim+json")
	if text != nil {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	c.calls.Add(1)
	res, err := c.http.Do(req)
	if err != nil {
		c.fail("%s %s: %v", method, path, err)
		return 0, nil
	}
	defer res.Body.Close()
	var doc object
	raw, err := io.ReadAll(res.Body)
	if err == nil && len(raw) > 0 {
		err = json.Unmarshal(raw, &doc)
	}
	if err != nil {
		c.fail("%s %s: %d %s: %v", method, path, res.StatusCode, raw, err)
	}
	return res.StatusCode, doc
}

// find lists an endpoint by a filter and returns the resources, which must be
// as many as totalResults says.
func (c *client) find(endpoint, filter string, query ...string) []any {
	doc := c.do("GET", endpoint+"?"+params(append(query, "filter", filter)...), nil, 200)
	list, _ := doc["Resources"].([]any)
	if total, ok := doc["totalResults"].(float64); !ok || int(total) != len(list) {
		c.fail("GET %s?filter=%s: totalResults %v with %d resources", endpoint, filter, doc["totalResults"], len(list))
	}
	return list
}

// params encodes names and values; a name alone stands without a value.
func params(pairs ...string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, pairs[i]+"="+strings.ReplaceAll(url.QueryEscape(pairs[i+1]), "+", "%20"))
	}
	return strings.Join(out, "&")
}

// patch is a PatchOp of operations.
func patch(ops ...any) object { return object{"schemas": []any{patchURN}, "Operations": ops} }

// op is a PATCH operation; the value null is sent, no path is left out.
func op(name, path string, value any) object {
	o := object{"op": name, "value": value}
	if path != "" {
		o["path"] = path
	}
	return o
}

// remove is a PATCH operation without a value.
func remove(name, path string) object { return object{"op": name, "path": path} }

// at finds a value by names between slashes; "[type=work]" chooses an element.
func at(v any, path string) any {
	for path != "" && v != nil {
		var name string
		name, path, _ = strings.Cut(path, "/")
		switch x := v.(type) {
		case object:
			v = x[name]
		case []any:
			key, want, _ := strings.Cut(strings.Trim(name, "[]"), "=")
			i := slices.IndexFunc(x, func(e any) bool { o, _ := e.(object); return o[key] == want })
			if i < 0 {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func text(v any, path string) string {
	s, _ := at(v, path).(string)
	return s
}

// walk reads a list page by page, by startIndex or by cursor, and holds every
// page to the rules for one.
func (c *client) walk(endpoint string, count int, byCursor bool, query ...string) []object {
	var all []object
	cursor := ""
	for !c.failed.Load() {
		q := append([]string{"count", strconv.Itoa(count)}, query...)
		if byCursor {
			q = append(q, "cursor", cursor)
		} else {
			q = append(q, "startIndex", strconv.Itoa(len(all)+1))
		}
		doc := c.do("GET", endpoint+"?"+params(q...), nil, 200)
		list, _ := doc["Resources"].([]any)
		total, _ := doc["totalResults"].(float64)
		if per, _ := doc["itemsPerPage"].(float64); int(per) != len(list) || len(list) > count {
			c.fail("GET %s: %d resources, itemsPerPage %v, count %d", endpoint, len(list), doc["itemsPerPage"], count)
		}
		for _, r := range list {
			o, _ := r.(object)
			all = append(all, o)
		}
		more := len(all) < int(total)
		if byCursor {
			var next bool
			if cursor, next = doc["nextCursor"].(string); next != more {
				c.fail("GET %s: nextCursor %q after %d of %v", endpoint, cursor, len(all), total)
			}
		}
		if !more {
			if len(all) != int(total) {
				c.fail("GET %s: %d resources, totalResults %v", endpoint, len(all), total)
			}
			break
		}
		if len(list) == 0 {
			c.fail("GET %s: an empty page after %d of %v", endpoint, len(all), total)
		}
	}
	return all
}

func idsOf(list []object) []string {
	out := make([]string, len(list))
	for i, o := range list {
		out[i] = fmt.Sprint(o["id"])
	}
	return out
}
