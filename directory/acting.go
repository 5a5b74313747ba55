package directory

import (
	"context"

	"github.com/muster-id/muster/identity"
)

var errNoOrganisation = identity.NewError(identity.NotFound, "", "There is no such organisation.")

// Acting finds the organisation, by slug or UUID, in which somebody acts. Who
// belongs to the root organisation may act in every one, as far as the
// permissions go; for all others there is only their own, and NotFound.
func (d *Directory) Acting(ctx context.Context, by identity.Actor, name string) (identity.Organisation, error) {
	org, err := d.Organisation(ctx, name)
	if identity.KindOf(err) == identity.NotFound {
		return org, errNoOrganisation
	}
	if err != nil || org.ID == by.Org {
		return org, err
	}
	root, err := d.Root(ctx)
	if err == nil && by.Org != root.ID {
		err = errNoOrganisation
	}
	return org, err
}
