package directory

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// OperatorClaim is the kind of the one artefact that says that there is or was an
// operator. It ends soon while the first one is being made, and never when there
// is one.
const OperatorClaim = "operator"

// never is the end of what has none.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// OperatorClaimHash is the key of the artefact of OperatorClaim.
func (d *Directory) OperatorClaimHash() []byte { return d.keys.MAC("signin operator", nil) }

// closeSetup sees to it that the first operator is made only once, for ever, when
// an operator is appointed.
func (d *Directory) closeSetup(ctx context.Context, tx *store.Tx, root identity.OrgID) error {
	c, err := tx.Artefact(ctx, root, OperatorClaim, d.OperatorClaimHash())
	switch {
	case identity.KindOf(err) == identity.NotFound:
		return tx.PutArtefact(ctx, identity.Artefact{
			Org: root, Kind: OperatorClaim, Hash: d.OperatorClaimHash(), Created: d.now(), Expires: never,
		})
	case err != nil || c.Expires.Equal(never):
		return err
	}
	c.Expires = never
	return tx.UpdateArtefact(ctx, c)
}
