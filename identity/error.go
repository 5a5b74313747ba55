package identity

import "errors"

// A Kind says what went wrong in words that every door can translate into its
// own wire format. Add a Kind only when some door must answer differently.
type Kind string

// The kinds of error that a caller may see.
const (
	Invalid         Kind = "invalid"         // the request can never succeed as written
	Unauthenticated Kind = "unauthenticated" // nobody we know is asking
	Denied          Kind = "denied"          // the actor lacks a permission
	NotFound        Kind = "not_found"       // absent, or in another organisation
	Conflict        Kind = "conflict"        // a unique value is taken
	Stale           Kind = "stale"           // the version the caller saw is gone
	TooCostly       Kind = "too_costly"      // the answer would take more work than one request may cost
	Throttled       Kind = "throttled"       // slow down
	Busy            Kind = "busy"            // too much is going on; the same request may succeed in a moment
)

// An Error is one the caller may see. Every other error is ours: doors log it
// and answer "internal error".
type Error struct {
	Kind  Kind
	Field string // the offending attribute in dotted form, "emails.value", if any
	Text  string // a sentence for people, without secrets
}

// NewError makes an Error; field may be empty.
func NewError(kind Kind, field, text string) *Error {
	return &Error{Kind: kind, Field: field, Text: text}
}

func (e *Error) Error() string { return e.Text }

// KindOf reports the Kind of the first Error in err's tree, or "" if err is ours.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}
