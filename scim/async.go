package scim

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/muster-id/muster/scim/schema"
)

// Async keeps requests that are carried out after they are answered (RFC 9967
// section 2.5.1.1). Whoever implements it also runs a worker that takes
// submitted requests, calls Server.Run and stores the events.
type Async interface {
	// Submit makes a request durable. The client is told 202 after it returns.
	Submit(ctx context.Context, c *Client, req Request) error
	// Events returns what Server.Run returned for a request of this client; done
	// is false while it waits or runs. An unknown txn is an Error with status 404.
	Events(ctx context.Context, c *Client, txn string) (events []Event, done bool, err error)
}

// A Request is a write to be carried out later. It travels as JSON. The body may
// hold passwords: store it sealed.
type Request struct {
	Txn     string `json:"txn"` // a UUIDv7 in text form
	Method  string `json:"method"`
	Path    string `json:"path"` // below the SCIM root: "/Users/123", "/Bulk"
	IfMatch string `json:"ifMatch,omitempty"`
	IfNone  string `json:"ifNoneMatch,omitempty"`
	Body    []byte `json:"body,omitempty"`
}

// An Event holds the claims of a security event token that tells the outcome of
// one asynchronous operation (RFC 9967 section 2.5.1.3).
type Event struct {
	Issuer   string             `json:"iss"`
	IssuedAt int64              `json:"iat"`
	ID       string             `json:"jti"`
	Txn      string             `json:"txn"`
	Subject  Subject            `json:"sub_id"`
	Events   map[string]Outcome `json:"events"`
}

// A Subject names a resource by its path below the SCIM root.
type Subject struct {
	Format string `json:"format"` // "scim"
	URI    string `json:"uri"`
}

// An Outcome is the result of one operation, as a bulk response shows it.
type Outcome struct {
	Method   string          `json:"method"`
	BulkID   string          `json:"bulkId,omitempty"`
	Location string          `json:"location,omitempty"`
	Version  string          `json:"version,omitempty"`
	Status   string          `json:"status"`
	Response json.RawMessage `json:"response,omitempty"`
}

const (
	asyncEvent     = "urn:ietf:params:scim:event:misc:asyncresp"
	eventsEndpoint = ".events" // where the outcome of an asynchronous request is read
	maxWait        = 60 * time.Second
	pollEvery      = 20 * time.Millisecond
	pollLooks      = 25 // before it is asked less often
)

// later hands the request over when the client prefers that, and answers it.
// done is false when the request is to be carried out now.
func (x *call) later(raw []byte, path string, rt *schema.ResourceType, sel schema.Selection) (done bool, err error) {
	if !x.prefersAsync() {
		return false, nil
	}
	async := x.s.opts.Async
	_, wait := prefer(x.r.Header)
	req := Request{
		Txn: newID(), Method: x.r.Method, Path: path, Body: raw,
		IfMatch: header(x.r.Header, "If-Match"), IfNone: header(x.r.Header, "If-None-Match"),
	}
	if err := async.Submit(x.r.Context(), x.c, req); err != nil {
		return true, err
	}
	if wait > 0 {
		events, done, err := x.await(req.Txn, wait)
		if err != nil {
			return true, err
		}
		if done {
			return true, x.answer(events, rt, sel)
		}
	}
	h := x.w.Header()
	h.Set("Set-Txn", req.Txn)
	h.Set("Preference-Applied", "respond-async")
	h.Set("Location", x.c.Base+"/"+eventsEndpoint+"/"+req.Txn)
	x.send(http.StatusAccepted, nil)
	return true, nil
}

// prefersAsync reports whether the request is to be answered later. Its Accept
// header does not count then (RFC 9967 section 2.5.1.1).
func (x *call) prefersAsync() bool {
	if x.s.opts.Async == nil || len(x.r.Header["Prefer"]) == 0 || x.r.Method == "GET" || x.r.Method == "HEAD" {
		return false
	}
	async, _ := prefer(x.r.Header)
	return async
}

// prefer reads the Prefer header (RFC 7240).
func prefer(h http.Header) (async bool, wait time.Duration) {
	for _, line := range h["Prefer"] {
		for part := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ',' || r == ';' }) {
			name, value, _ := strings.Cut(part, "=")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "respond-async":
				async = true
			case "wait":
				n, err := strconv.Atoi(strings.Trim(strings.TrimSpace(value), `"`))
				if err == nil && n > 0 {
					wait = min(maxWait, time.Duration(min(n, 3600))*time.Second)
				}
			}
		}
	}
	return async, wait
}

// await looks for the outcome of a request until the client's patience ends.
func (x *call) await(txn string, wait time.Duration) ([]Event, bool, error) {
	ctx := x.r.Context()
	end := time.NewTimer(wait)
	defer end.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for looks := 1; ; looks++ {
		if looks%pollLooks == 0 { // what takes long may be heard of later
			tick.Reset(pollEvery * time.Duration(min(looks/pollLooks*2, 25)))
		}
		events, done, err := x.s.opts.Async.Events(ctx, x.c, txn)
		if err != nil || done {
			return events, done, err
		}
		select {
		case <-tick.C:
		case <-end.C:
			return nil, false, nil
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
}

// answer turns the outcome of a request that was done in time into the answer
// that it would have had at once.
func (x *call) answer(events []Event, rt *schema.ResourceType, sel schema.Selection) error {
	if rt == nil {
		var outcomes []*Outcome
		for _, e := range events {
			o := e.Events[asyncEvent]
			outcomes = append(outcomes, &o)
		}
		x.send(http.StatusOK, appendBulk(nil, outcomes))
		return nil
	}
	if len(events) != 1 {
		return fmt.Errorf("asynchronous request: %d events instead of one", len(events))
	}
	o := events[0].Events[asyncEvent]
	status, err := strconv.Atoi(o.Status)
	if err != nil {
		return fmt.Errorf("asynchronous request: status %q", o.Status)
	}
	if status < 300 && !x.silent() {
		id := events[0].Subject.URI[strings.LastIndexByte(events[0].Subject.URI, '/')+1:]
		res, err := x.c.Backend.Get(x.r.Context(), rt, id, Want{Rows: sel.Wants})
		if err != nil {
			return err
		}
		return x.sendResource(status, res, sel)
	}
	if status < 300 {
		status = http.StatusNoContent
	}
	if o.Version != "" {
		x.w.Header()["Etag"] = []string{o.Version}
	}
	x.send(status, o.Response)
	return nil
}

// events serves the outcome of an asynchronous request: 202 while it waits,
// then its event, for a bulk request the list of its events.
func (x *call) events(txn string) error {
	events, done, err := x.s.opts.Async.Events(x.r.Context(), x.c, txn)
	if err != nil {
		return err
	}
	if !done {
		x.send(http.StatusAccepted, nil)
		return nil
	}
	var v any = events
	if len(events) == 1 && events[0].Txn == txn {
		v = events[0]
	}
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("events of %s: %w", txn, err)
	}
	x.w.Header()["Content-Type"] = jsonType
	x.send(http.StatusOK, body)
	return nil
}

// Run carries out a submitted request and returns one event, or for /Bulk one
// for each operation carried out. It may be called again after a crash: what an
// earlier call created is not created twice. An error is for failures of the
// backend as a whole; the request should be tried again.
func (s *Server) Run(ctx context.Context, c *Client, req Request) (events []Event, err error) {
	defer func() {
		if p := recover(); p != nil { // trying again would panic again
			s.opts.Log.ErrorContext(ctx, "scim: panic", "method", req.Method, "txn", req.Txn,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			out := s.outcome(ctx, c, order{method: req.Method}, Written{}, errInternal)
			events, err = []Event{s.event(c, req.Txn, req.Path, out)}, nil
		}
	}()
	if req.Path == "/Bulk" {
		return s.runBulk(ctx, c, req)
	}
	return s.runOne(ctx, c, req)
}

func (s *Server) runOne(ctx context.Context, c *Client, req Request) ([]Event, error) {
	endpoint, id, _ := strings.Cut(strings.Trim(req.Path, "/"), "/")
	o := order{method: req.Method, rt: c.Types.TypeByEndpoint(endpoint), id: id, match: req.IfMatch, none: req.IfNone}
	var err error
	if o.rt == nil {
		err = &Error{Status: http.StatusNotFound, Detail: "There is no such endpoint."}
	} else if o.method != "DELETE" {
		o.data, err = schema.Decode(req.Body)
	}
	if o.method == "POST" {
		o.id = req.Txn
	}
	var w Write
	if err == nil {
		w, err = c.write(o)
	}
	var done Written
	if err == nil {
		if done, err = c.attempt(ctx, o, w); err == nil {
			err = done.Err
		} else if _, ours := public(err); ours || ctx.Err() != nil {
			return nil, err
		}
	}
	out := s.outcome(ctx, c, o, done, err)
	uri := req.Path
	if o.rt != nil && out.Location != "" {
		uri = o.rt.Endpoint + "/" + o.id
	}
	return []Event{s.event(c, req.Txn, uri, out)}, nil
}

// attempt writes, unless an earlier run has created the resource.
func (c *Client) attempt(ctx context.Context, o order, w Write) (Written, error) {
	if o.method == "POST" {
		if res, err := c.Backend.Get(ctx, o.rt, o.id, Want{}); err == nil {
			return Written{Resource: res}, nil
		}
	}
	return c.single(ctx, o, w)
}

func (s *Server) runBulk(ctx context.Context, c *Client, req Request) ([]Event, error) {
	j, err := s.parseBulk(c, req.Body, func(i int) string { return derivedID(req.Txn, i) })
	if err != nil {
		out := s.outcome(ctx, c, order{method: req.Method}, Written{}, err)
		return []Event{s.event(c, req.Txn, req.Path, out)}, nil
	}
	j.resume = true
	if err := j.run(ctx); err != nil {
		return nil, err
	}
	events := []Event{}
	for _, op := range j.ops {
		if op.outcome == nil {
			continue
		}
		uri := "/Bulk"
		if op.rt != nil {
			if uri = op.rt.Endpoint; op.outcome.Location != "" {
				uri += "/" + op.id
			}
		}
		events = append(events, s.event(c, req.Txn+":"+strconv.Itoa(op.index), uri, op.outcome))
	}
	return events, nil
}

// derivedID is the i-th id that belongs to a request, the same in every run.
func derivedID(txn string, i int) string {
	u, err := uuid.Parse(txn)
	if err != nil {
		return newID()
	}
	tail := u[len(u)-4:]
	binary.BigEndian.PutUint32(tail, binary.BigEndian.Uint32(tail)+uint32(i)+1)
	return u.String()
}

func (s *Server) event(c *Client, txn, uri string, o *Outcome) Event {
	return Event{
		Issuer: c.Base, IssuedAt: s.opts.Now().Unix(), ID: newID(), Txn: txn,
		Subject: Subject{Format: "scim", URI: uri},
		Events:  map[string]Outcome{asyncEvent: *o},
	}
}
