package directory

import (
	"context"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// A holder is who a token belongs to; without a token, nobody.
type holder struct {
	token      identity.Token
	connection identity.Connection
	org        identity.Organisation
}

// maxHolders bounds the tokens that are remembered, and as many wrong ones.
const maxHolders = 10_000

var errUnauthenticated = identity.NewError(identity.Unauthenticated, "", "The credential is not valid.")

// Authenticate finds who a bearer token belongs to. An unknown, expired or
// revoked token, and that of a disabled connection, are one and the same
// Unauthenticated error.
func (d *Directory) Authenticate(ctx context.Context, token string) (identity.Connection, identity.Organisation, error) {
	if !secret.LooksLikeToken(token) {
		return identity.Connection{}, identity.Organisation{}, errUnauthenticated
	}
	key := [32]byte(d.tokenHash(token))
	epoch, err := d.db.Epoch(ctx)
	if err != nil {
		return identity.Connection{}, identity.Organisation{}, err
	}
	if d.strangers.Has(epoch, key) {
		return identity.Connection{}, identity.Organisation{}, errUnauthenticated
	}
	h, ok := d.holders.Get(epoch, key)
	if !ok {
		if h, err = d.findHolder(ctx, key[:]); identity.KindOf(err) == identity.NotFound {
			d.strangers.Put(epoch, key, struct{}{})
			return identity.Connection{}, identity.Organisation{}, errUnauthenticated
		}
		if err != nil {
			return identity.Connection{}, identity.Organisation{}, err
		}
		d.holders.Put(epoch, key, h)
	}
	if !h.token.Alive(d.now()) || h.connection.Disabled {
		return identity.Connection{}, identity.Organisation{}, errUnauthenticated
	}
	return h.connection, h.org, nil
}

func (d *Directory) findHolder(ctx context.Context, hash []byte) (h holder, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		if h.token, h.connection, err = tx.TokenByHash(ctx, hash); err != nil {
			return err
		}
		h.org, err = tx.Organisation(ctx, h.connection.Org)
		return err
	})
	return h, err
}
