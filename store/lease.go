package store

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

const takeLease = `
INSERT INTO lease (name, holder, ends) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, ends = excluded.ends
 WHERE lease.ends <= $4 OR lease.holder = excluded.holder`

// TakeLease gives a holder the lease with a name until a time, if nobody else
// holds it at now; its holder may take it again to keep it longer.
func (tx *Tx) TakeLease(ctx context.Context, name string, holder identity.ID, now, until time.Time) (held bool, err error) {
	n, err := tx.exec(ctx, takeLease, name, holder, millis(until), millis(now))
	return n == 1, wrap(err, "take lease %s", name)
}
