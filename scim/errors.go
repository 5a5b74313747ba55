package scim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/muster-id/muster/scim/schema"
)

// An Error is an answer other than success (RFC 7644 section 3.12).
type Error struct {
	Status int
	Fault  schema.Fault // scimType, "" for none
	Detail string       // a sentence for the client's developer, without secrets
	Header http.Header  // sent with it; may be nil
	// Code is sent as "errorCode" in dialects with ErrorCodes; 0: theirs for the
	// Fault.
	Code int
}

func (e *Error) Error() string { return e.Detail }

// NotFound is the error for a resource that is not there.
func NotFound(id string) *Error {
	return &Error{Status: http.StatusNotFound, Detail: "Resource " + id + " not found."}
}

// Unauthorized is the error for a request without a valid credential. The
// server adds the challenge.
func Unauthorized(detail string) *Error {
	return &Error{Status: http.StatusUnauthorized, Detail: detail}
}

// Conflict is the error for a value that must be unique and is taken.
func Conflict(attr string) *Error {
	return &Error{Status: http.StatusConflict, Fault: schema.Unique, Detail: "The value of " + attr + " is taken by another resource."}
}

// Stale is the error for a write whose precondition does not hold.
func Stale() *Error {
	return &Error{Status: http.StatusPreconditionFailed, Detail: "The resource has changed since you read it."}
}

// BadVersion is the error for a request to a protocol version other than 2
// (RFC 7644 section 3.13).
func BadVersion() *Error {
	return &Error{Status: http.StatusBadRequest, Fault: schema.InvalidVers, Detail: "The SCIM protocol version is not supported; use v2."}
}

// errInternal is all that a client learns of an error of ours.
var errInternal = &Error{Status: http.StatusInternalServerError, Detail: "Internal error."}

func invalid(f schema.Fault, detail string) *Error {
	return &Error{Status: http.StatusBadRequest, Fault: f, Detail: detail}
}

// public turns any error into the one that the client sees and reports whether
// it was ours.
func public(err error) (e *Error, ours bool) {
	if e, ok := errors.AsType[*Error](err); ok && e.Status >= 300 && e.Status < 600 {
		return e, false
	}
	if e, ok := errors.AsType[*schema.Error](err); ok {
		if e.Fault == schema.Unique {
			return &Error{Status: http.StatusConflict, Fault: e.Fault, Detail: e.Detail}, false
		}
		return invalid(e.Fault, e.Detail), false
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Status: http.StatusServiceUnavailable, Detail: "The request took too long."}, false
	}
	return errInternal, true
}

// explain is public for an error that does not end the request: it logs ours.
func (s *Server) explain(ctx context.Context, err error) *Error {
	e, ours := public(err)
	if ours {
		s.opts.Log.ErrorContext(ctx, "scim: operation failed", "err", err)
	}
	return e
}

// fail answers with an error.
func (x *call) fail(err error) {
	e, ours := public(err)
	h := x.w.Header()
	if ours {
		x.s.opts.Log.ErrorContext(x.r.Context(), "scim: request failed", "method", x.r.Method,
			"request_id", h.Get("X-Request-Id"), "err", err)
	}
	if e.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="scim"`)
	}
	for k, v := range e.Header {
		h[k] = v
	}
	x.send(e.Status, e.append(nil, x.dialect()))
}

// append appends the Error message.
func (e *Error) append(dst []byte, d *schema.Dialect) []byte {
	dst = append(dst, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"`...)
	dst = strconv.AppendInt(dst, int64(e.Status), 10)
	dst = append(dst, '"')
	if e.Fault != "" {
		dst = append(dst, `,"scimType":`...)
		dst = schema.AppendString(dst, string(e.Fault))
	}
	if e.Detail != "" {
		dst = append(dst, `,"detail":`...)
		dst = schema.AppendString(dst, e.Detail)
	}
	if d.ErrorCodes != nil {
		code := e.Code
		if code == 0 {
			code = d.ErrorCodes[e.Fault]
		}
		dst = append(dst, `,"errorCode":`...)
		dst = strconv.AppendInt(dst, int64(code), 10)
	}
	return append(dst, '}')
}

// body is the Error message as a value to embed.
func (e *Error) body(d *schema.Dialect) json.RawMessage { return e.append(nil, d) }
