package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/muster-id/muster/scim/schema"
)

// The URNs of bulk messages (RFC 7644 section 3.7).
const (
	bulkMessage   = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	bulkResponse  = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
	bulkIDPrefix  = "bulkId:"
	patchMessage  = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	failedMessage = "The operation refers to bulkId %q, which failed or does not exist."
)

// bulk serves POST /Bulk.
func (x *call) bulk() error {
	raw, err := x.body(x.s.opts.Limits.BulkBody, "maxPayloadSize")
	if err != nil {
		return err
	}
	j, err := x.s.parseBulk(x.c, raw, func(int) string { return newID() })
	if err != nil {
		return err
	}
	if done, err := x.later(raw, "/Bulk", nil, schema.Selection{}); done {
		return err
	}
	if err := j.run(x.r.Context()); err != nil {
		return err
	}
	p := getBuffer()
	buf := appendBulk((*p)[:0], j.outcomes())
	x.send(http.StatusOK, buf)
	putBuffer(p, buf)
	return nil
}

// A bulkJob is a bulk request on its way. Operations are carried out in the
// order of their dependencies, otherwise in the order in which they stand.
type bulkJob struct {
	s         *Server
	c         *Client
	ops       []*operation
	byBulkID  map[string]*operation
	maxErrors int  // failOnErrors, 0 for none
	resume    bool // a run that may have been cut short: see Server.Run

	errors  int
	written bool // something may have been changed
	stopped bool
	batch   []*group
}

// A group is one operation, or those that refer to each other in a circle and
// stand or fall together.
type group struct {
	ops  []*operation
	unit Unit
}

// parseBulk reads a bulk request. The error is for the request as a whole;
// errors of single operations stay with them.
func (s *Server) parseBulk(c *Client, raw []byte, id func(i int) string) (*bulkJob, error) {
	o, err := schema.Decode(raw)
	if err != nil {
		return nil, err
	}
	if !hasSchema(o, bulkMessage) {
		return nil, invalid(schema.InvalidSyntax, "The body must have "+bulkMessage+" in schemas.")
	}
	list, ok := schema.Field(o, "Operations").([]any)
	if !ok || len(list) == 0 {
		return nil, invalid(schema.InvalidSyntax, "Operations must be an array of operations.")
	}
	if limit := s.opts.Limits.BulkOperations; len(list) > limit {
		return nil, &Error{
			Status: http.StatusRequestEntityTooLarge,
			Detail: fmt.Sprintf("The number of operations exceeds the maxOperations (%d).", limit),
		}
	}
	j := &bulkJob{s: s, c: c, ops: make([]*operation, len(list)), byBulkID: make(map[string]*operation)}
	if n, ok, err := number(o, "failOnErrors"); err != nil {
		return nil, err
	} else if ok {
		j.maxErrors = max(0, n)
	}
	for i, v := range list {
		j.ops[i] = j.parse(i, v, id)
	}
	j.link(raw)
	return j, nil
}

// run carries out all groups. The error is for a failure of the backend before
// anything was changed.
func (j *bulkJob) run(ctx context.Context) error {
	if j.resume {
		j.recall(ctx)
	}
	for _, ops := range j.groups() {
		if err := j.add(ctx, ops); err != nil {
			return err
		}
		if j.stopped {
			return nil
		}
	}
	return j.flush(ctx)
}

// add compiles a group and puts it into the batch.
func (j *bulkJob) add(ctx context.Context, ops []*operation) error {
	if j.waits(ops) {
		if err := j.flush(ctx); err != nil || j.stopped {
			return err
		}
	}
	g := &group{ops: ops}
	var failed error
	for _, op := range ops {
		if op.outcome != nil { // done in an earlier run
			return nil
		}
		if op.err == nil {
			op.err = op.blocked()
		}
		if op.err == nil {
			var w Write
			w, op.err = j.c.write(op.order)
			g.unit = append(g.unit, w)
		}
		failed = errors.Join(failed, op.err)
	}
	if failed == nil {
		for _, op := range ops {
			op.pending = true
		}
		j.batch = append(j.batch, g)
		if len(j.batch) >= j.s.opts.Limits.Batch {
			return j.flush(ctx)
		}
		return nil
	}
	if j.maxErrors > 0 { // errors count in the order of the operations
		if err := j.flush(ctx); err != nil || j.stopped {
			return err
		}
	}
	j.fail(ctx, g)
	return nil
}

// waits reports whether a value of the group comes from an operation whose
// fate is not known yet.
func (j *bulkJob) waits(ops []*operation) bool {
	for _, op := range ops {
		for _, d := range op.needs {
			if d.pending {
				return true
			}
		}
	}
	return false
}

// flush writes the batch.
func (j *bulkJob) flush(ctx context.Context) error {
	batch := j.batch
	j.batch = nil
	if len(batch) == 0 {
		return nil
	}
	units := make([]Unit, len(batch))
	for i, g := range batch {
		units[i] = g.unit
		for _, op := range g.ops {
			op.pending = false
		}
	}
	limit := 0
	if j.maxErrors > 0 {
		limit = max(1, j.maxErrors-j.errors)
	}
	results, err := j.c.Backend.Write(ctx, units, limit)
	if err != nil {
		if !j.written || j.resume {
			return err
		}
		told := j.s.explain(ctx, err) // what is done already must be answered
		for _, g := range batch {
			for _, op := range g.ops {
				op.err = told
			}
			j.fail(ctx, g)
		}
		j.stopped = true
		return nil
	}
	j.written = true
	for i, written := range results {
		j.settle(ctx, batch[i], written)
	}
	if len(results) < len(batch) {
		j.stopped = true
	}
	return nil
}

// settle notes what became of a group.
func (j *bulkJob) settle(ctx context.Context, g *group, written []Written) {
	var failed error
	for i, op := range g.ops {
		if i >= len(written) {
			op.err = fmt.Errorf("%s %s: the backend returned no result", op.method, op.rt.Name)
		} else if op.err = written[i].Err; op.err != nil {
			if err := op.blocked(); err != nil { // the cause says more than its effect
				op.err = err
			}
		}
		failed = errors.Join(failed, op.err)
	}
	if failed != nil {
		j.fail(ctx, g)
		return
	}
	for i, op := range g.ops {
		op.outcome = j.s.outcome(ctx, j.c, op.order, written[i], nil)
		op.outcome.BulkID = op.bulkID
	}
}

// fail notes that a group has failed. An operation without an error of its own
// fell with the others.
func (j *bulkJob) fail(ctx context.Context, g *group) {
	for _, op := range g.ops {
		if op.err == nil {
			op.err = &Error{Status: http.StatusConflict, Detail: "An operation that this one refers to in a circle failed."}
		}
		op.outcome = j.s.outcome(ctx, j.c, op.order, Written{}, op.err)
		op.outcome.BulkID = op.bulkID
		if op.rt == nil || op.id == "" {
			op.outcome.Location = ""
		}
		j.errors++
	}
	if j.maxErrors > 0 && j.errors >= j.maxErrors {
		j.stopped = true
	}
}

// recall finds out what an earlier run has created.
func (j *bulkJob) recall(ctx context.Context) {
	for _, op := range j.ops {
		if op.err != nil || op.method != "POST" {
			continue
		}
		if res, err := j.c.Backend.Get(ctx, op.rt, op.id, Want{}); err == nil {
			op.outcome = j.s.outcome(ctx, j.c, op.order, Written{Resource: res}, nil)
			op.outcome.BulkID = op.bulkID
			j.written = true
		}
	}
}

// outcomes returns the results in the order of the request.
func (j *bulkJob) outcomes() []*Outcome {
	var out []*Outcome
	for _, op := range j.ops {
		if op.outcome != nil {
			out = append(out, op.outcome)
		}
	}
	return out
}

// outcome says what became of an order.
func (s *Server) outcome(ctx context.Context, c *Client, o order, done Written, err error) *Outcome {
	out := &Outcome{Method: o.method}
	if o.rt != nil && !(o.method == "POST" && err != nil) {
		out.Location = location(c, o.rt, o.id)
	}
	switch {
	case err != nil:
		e := s.explain(ctx, err)
		out.Status, out.Response = strconv.Itoa(e.Status), e.body(&c.Dialect)
		return out
	case o.method == "POST":
		out.Status = "201"
	case o.method == "DELETE":
		out.Status = "204"
	default:
		out.Status = "200"
	}
	if done.Resource != nil {
		out.Version = etag(done.Resource.Version)
	}
	return out
}

// appendBulk appends a BulkResponse.
func appendBulk(dst []byte, outcomes []*Outcome) []byte {
	dst = append(dst, `{"schemas":["`+bulkResponse+`"],"Operations":[`...)
	for i, o := range outcomes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = o.append(dst)
	}
	return append(dst, `]}`...)
}

func (o *Outcome) append(dst []byte) []byte {
	dst = append(dst, '{')
	for _, f := range [...]struct{ name, value string }{
		{`"method":`, o.Method}, {`,"bulkId":`, o.BulkID}, {`,"location":`, o.Location},
		{`,"version":`, o.Version}, {`,"status":`, o.Status},
	} {
		if f.value != "" || f.name == `"method":` {
			dst = append(dst, f.name...)
			dst = schema.AppendString(dst, f.value)
		}
	}
	if len(o.Response) > 0 {
		dst = append(dst, `,"response":`...)
		dst = append(dst, o.Response...)
	}
	return append(dst, '}')
}

// MarshalJSON puts the members in the order in which bulk responses show them.
func (o Outcome) MarshalJSON() ([]byte, error) { return o.append(nil), nil }

var _ json.Marshaler = Outcome{}
