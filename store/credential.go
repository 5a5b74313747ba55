package store

import (
	"context"

	"github.com/muster-id/muster/identity"
)

// PutCredential stores what proves that somebody is a user, in place of one of
// the same kind. Credentials stand apart from resources, so that no list and no
// document ever holds one.
func (tx *Tx) PutCredential(ctx context.Context, org identity.OrgID, user identity.ID, kind string, secret []byte) error {
	panic("later")
}

// Credential returns a credential of a user or NotFound.
func (tx *Tx) Credential(ctx context.Context, org identity.OrgID, user identity.ID, kind string) ([]byte, error) {
	panic("later")
}

// DeleteCredentials removes all credentials of a user; it is no error if there
// are none.
func (tx *Tx) DeleteCredentials(ctx context.Context, org identity.OrgID, user identity.ID) error {
	panic("later")
}
