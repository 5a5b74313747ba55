package entry

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

var statuses = map[identity.Kind]int{
	identity.Invalid: 400, identity.Unauthenticated: 401, identity.Denied: 403, identity.NotFound: 404,
	identity.Conflict: 409, identity.Stale: 409, identity.TooCostly: 400, identity.Throttled: 429, identity.Busy: 503,
}

// A Problem is an error for a caller, before a door puts it into its format.
type Problem struct {
	Status int
	Code   string // in the words of RFC 6749
	Text   string
}

// ProblemOf translates an error and sets the headers that go with it. Of errors
// that are ours it tells only that they happened.
func ProblemOf(w http.ResponseWriter, r *http.Request, err error) Problem {
	p := Problem{http.StatusInternalServerError, "server_error", "Something went wrong here."}
	if e, ok := errors.AsType[*identity.Error](err); ok && statuses[e.Kind] != 0 {
		p = Problem{statuses[e.Kind], "invalid_request", e.Text}
		if p.Status == http.StatusUnauthorized {
			p.Code = "invalid_grant"
		}
	} else if e, ok := errors.AsType[*token.Error](err); ok {
		p = Problem{e.Status, e.Code, e.Description}
	} else {
		web.Fail(r.Context(), err)
	}
	if after := signin.RetryAfter(err); after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds())+1))
	}
	return p
}
