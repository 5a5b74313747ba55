package provision

import (
	"errors"
	"fmt"
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/schema"
)

func TestError(t *testing.T) {
	for kind, want := range map[identity.Kind]scim.Error{
		identity.Invalid:         {Status: 400, Fault: schema.InvalidValue},
		identity.Unauthenticated: {Status: 401},
		identity.Denied:          {Status: 403},
		identity.NotFound:        {Status: 404},
		identity.Conflict:        {Status: 409, Fault: schema.Unique},
		identity.Stale:           {Status: 412},
		identity.TooCostly:       {Status: 400, Fault: schema.TooMany},
		identity.Throttled:       {Status: 429},
		identity.Busy:            {Status: 503},
	} {
		t.Run(string(kind), func(t *testing.T) {
			err := Error(fmt.Errorf("wrapped: %w", identity.NewError(kind, "", "A sentence.")))
			got, ok := errors.AsType[*scim.Error](err)
			if !ok || got.Status != want.Status || got.Fault != want.Fault || got.Detail != "A sentence." {
				t.Errorf("Error = %#v, want status %d and %q", err, want.Status, want.Fault)
			}
		})
	}
	ours := errors.New("disk on fire")
	if got := Error(ours); got != ours {
		t.Errorf("Error of one of ours = %v, want it as it is", got)
	}
	fault := &schema.Error{Fault: schema.NoTarget, Detail: "x"}
	if got := Error(fault); got != error(fault) {
		t.Errorf("Error of a schema.Error = %v, want it as it is", got)
	}
	if got := Error(nil); got != nil {
		t.Errorf("Error(nil) = %v", got)
	}
}
