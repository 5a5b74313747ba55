package provision

import (
	"errors"
	"net/http"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/schema"
)

// answers says how SCIM tells each kind of error (RFC 7644 section 3.12).
var answers = map[identity.Kind]struct {
	status int
	fault  schema.Fault
}{
	identity.Invalid:         {http.StatusBadRequest, schema.InvalidValue},
	identity.Unauthenticated: {http.StatusUnauthorized, ""},
	identity.Denied:          {http.StatusForbidden, ""},
	identity.NotFound:        {http.StatusNotFound, ""},
	identity.Conflict:        {http.StatusConflict, schema.Unique},
	identity.Stale:           {http.StatusPreconditionFailed, ""},
	identity.TooCostly:       {http.StatusBadRequest, schema.TooMany},
	identity.Throttled:       {http.StatusTooManyRequests, ""},
	identity.Busy:            {http.StatusServiceUnavailable, ""},
}

// Error puts an error of the rules into the words of SCIM. What is not for the
// caller stays as it is, and becomes an internal error.
func Error(err error) error { return translate(err, "") }

// translate is Error for a request about the resource with an id.
func translate(err error, id string) error {
	e, ok := errors.AsType[*identity.Error](err)
	if !ok {
		return err
	}
	a, ok := answers[e.Kind]
	if !ok {
		return err
	}
	if e.Kind == identity.NotFound && id != "" {
		return scim.NotFound(id)
	}
	return &scim.Error{Status: a.status, Fault: a.fault, Detail: e.Text}
}
