package schema

import "fmt"

// A Fault is the scimType of an error (RFC 7644 section 3.12, RFC 9865
// section 2.1).
type Fault string

// The scimTypes that parsers and validators may report. All are sent with
// status 400 except Unique, which is 409.
const (
	InvalidFilter Fault = "invalidFilter"
	TooMany       Fault = "tooMany"
	Unique        Fault = "uniqueness"
	Unwritable    Fault = "mutability"
	InvalidSyntax Fault = "invalidSyntax"
	InvalidPath   Fault = "invalidPath"
	NoTarget      Fault = "noTarget"
	InvalidValue  Fault = "invalidValue"
	InvalidVers   Fault = "invalidVers"
	Sensitive     Fault = "sensitive"
	InvalidCursor Fault = "invalidCursor"
	ExpiredCursor Fault = "expiredCursor"
	InvalidCount  Fault = "invalidCount"
)

// An Error is a mistake in what the client sent. Detail is a sentence for the
// client's developer; it names the attribute or the offset and holds no secret.
type Error struct {
	Fault  Fault
	Detail string
}

func (e *Error) Error() string { return string(e.Fault) + ": " + e.Detail }

// Errorf makes an Error. The detail is formatted like fmt.Sprintf.
func Errorf(f Fault, format string, args ...any) *Error {
	return &Error{Fault: f, Detail: fmt.Sprintf(format, args...)}
}
