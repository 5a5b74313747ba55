package directory

import (
	"context"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// sealCredential is the purpose under which credentials are sealed.
const sealCredential = "credential"

// passwordKind is the kind of the credential that holds a password.
const passwordKind = "password"

// unhashed asks for the hash of a password, which must not be computed inside
// of a transaction.
type unhashed struct{ password string }

func (unhashed) Error() string { return "a password is not hashed yet" }

// hash makes the sealed hash of a password known to the batch.
func (b *batch) hash(ctx context.Context, password string) error {
	b.mu.Lock()
	_, ok := b.hashes[password]
	b.mu.Unlock()
	if ok {
		return nil
	}
	phc, err := secret.HashPassword(ctx, password)
	var sealed []byte // nil: not a password
	if err == nil {
		sealed = b.d.keys.Seal(sealCredential, []byte(phc))
	} else if err != secret.ErrPassword {
		return err
	}
	b.mu.Lock()
	b.hashes[password] = sealed
	b.mu.Unlock()
	return nil
}

// savePassword stores the password of a plan.
func (b *batch) savePassword(ctx context.Context, tx *store.Tx, user identity.ID, p plan) error {
	if p.password == "" {
		return nil
	}
	b.mu.Lock()
	sealed, ok := b.hashes[p.password]
	b.mu.Unlock()
	switch {
	case !ok:
		return unhashed{p.password}
	case sealed == nil:
		return identity.NewError(identity.Invalid, "password", "The password is too long or has characters that a password cannot have.")
	}
	return tx.PutCredential(ctx, b.by.Org, user, passwordKind, sealed)
}

// CheckPassword reports whether a password is that of a user. It is false for a
// user without one, and then takes as long.
func (d *Directory) CheckPassword(ctx context.Context, org identity.OrgID, user identity.ID, password string) (bool, error) {
	var sealed []byte
	err := d.db.View(ctx, func(tx *store.Tx) (err error) {
		sealed, err = tx.Credential(ctx, org, user, passwordKind)
		return err
	})
	if identity.KindOf(err) == identity.NotFound {
		_, err := secret.HashPassword(ctx, "a password like any other")
		return false, err
	}
	if err != nil {
		return false, err
	}
	phc, err := d.keys.Open(sealCredential, sealed)
	if err != nil {
		return false, err
	}
	return secret.CheckPassword(ctx, string(phc), password)
}

// SetPassword gives a user of the actor's organisation a password. It does not
// judge how good it is. It is Invalid for a text that cannot be a password and
// NotFound without such a user.
func (d *Directory) SetPassword(ctx context.Context, by identity.Actor, user identity.ID, password string) error {
	phc, err := secret.HashPassword(ctx, password)
	if err == secret.ErrPassword {
		return errPassword
	}
	if err != nil {
		return err
	}
	return d.putPassword(ctx, by, user, phc)
}

// ImportPassword gives a user the hash that another system kept of a password;
// see secret.CheckImport for the kinds. The next sign-in replaces it by one of
// ours.
func (d *Directory) ImportPassword(ctx context.Context, by identity.Actor, user identity.ID, encoded string) error {
	if err := secret.CheckImport(encoded); err != nil {
		return identity.NewError(identity.Invalid, "password", err.Error())
	}
	return d.putPassword(ctx, by, user, encoded)
}

var errPassword = identity.NewError(identity.Invalid, "password", "The password is too long or has characters that a password cannot have.")

// putPassword stores a hash and tells of it in the change log.
func (d *Directory) putPassword(ctx context.Context, by identity.Actor, user identity.ID, phc string) error {
	sealed := d.keys.Seal(sealCredential, []byte(phc))
	return d.db.Update(ctx, func(tx *store.Tx) error {
		r, err := tx.Get(ctx, by.Org, userType, user)
		if err != nil {
			return err
		}
		if err := tx.PutCredential(ctx, by.Org, user, passwordKind, sealed); err != nil {
			return err
		}
		c := d.change(by, by.Org, identity.Patched, userType, user, r.Version)
		c.Paths, c.Diff = []string{passwordKind}, []byte("{}")
		return tx.Record(ctx, c)
	})
}
