package scim

import (
	"net/http"

	"github.com/muster-id/muster/scim/schema"
)

// An Error is an answer other than success (RFC 7644 section 3.12).
type Error struct {
	Status int
	Fault  schema.Fault // scimType, "" for none
	Detail string       // a sentence for the client's developer, without secrets
	Header http.Header  // sent with it; may be nil
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
