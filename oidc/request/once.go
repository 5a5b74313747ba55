package request

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

// kindAssertion marks the ids of assertions that were used.
const kindAssertion = "grant_assertion"

// Once remembers the id of an assertion that an app signed until the assertion
// expires. It returns Conflict if it came before; of several at once, one
// succeeds.
func (d *Desk) Once(ctx context.Context, org identity.OrgID, app identity.ID, jti string, expires time.Time) error {
	return d.put(ctx, kindAssertion, org, app, app.String()+" "+jti, expires, struct{}{})
}
