package directory

import (
	"bytes"
	"context"
	"errors"

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
		return busy(err)
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
		return errPassword
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
		_, err := secret.CheckPassword(ctx, secret.Nobody(), password)
		return false, busy(err)
	}
	if err != nil {
		return false, err
	}
	phc, err := d.keys.Open(sealCredential, sealed)
	if err != nil {
		return false, err
	}
	ok, err := secret.CheckPassword(ctx, string(phc), password)
	if ok && secret.NeedsRehash(string(phc)) {
		d.rehash(ctx, org, user, sealed, password)
	}
	return ok, busy(err)
}

// rehash stores a password anew whose hash is of another system or of an older
// cost. If that does not work out, the next sign-in tries again.
func (d *Directory) rehash(ctx context.Context, org identity.OrgID, user identity.ID, old []byte, password string) {
	phc, err := secret.HashPassword(ctx, password)
	if err != nil {
		return
	}
	sealed := d.keys.Seal(sealCredential, []byte(phc))
	err = d.db.Update(ctx, func(tx *store.Tx) error {
		now, err := tx.Credential(ctx, org, user, passwordKind)
		if err != nil || !bytes.Equal(now, old) {
			return err // changed meanwhile
		}
		return tx.PutCredential(ctx, org, user, passwordKind, sealed)
	})
	if err != nil {
		d.log.WarnContext(ctx, "a password keeps its old hash", "user", user.String(), "error", err)
	}
}

// busy tells the caller of too much work at once.
func busy(err error) error {
	if errors.Is(err, secret.ErrBusy) {
		return identity.NewError(identity.Busy, "", "Too much is going on at the moment. Please try again.")
	}
	return err
}

// SetPassword gives a user of the actor's organisation a password, and signs the
// user out. It does not judge how good it is. It is Invalid for a text that cannot be a password and
// NotFound without such a user.
func (d *Directory) SetPassword(ctx context.Context, by identity.Actor, user identity.ID, password string) error {
	phc, err := secret.HashPassword(ctx, password)
	if err == secret.ErrPassword {
		return errPassword
	}
	if err != nil {
		return busy(err)
	}
	return d.putPassword(ctx, by, user, phc)
}

// ImportPassword gives a user the hash that another system kept of a password;
// see secret.CheckImport for the kinds. The next sign-in replaces it by one of
// ours.
func (d *Directory) ImportPassword(ctx context.Context, by identity.Actor, user identity.ID, encoded string) error {
	switch err := secret.CheckImport(encoded); {
	case errors.Is(err, secret.ErrHashCost):
		return identity.NewError(identity.Invalid, "password", "Checking a password against the hash would take too long or too much memory.")
	case err != nil:
		return identity.NewError(identity.Invalid, "password", "The hash is of a kind that we do not know, or damaged.")
	}
	return d.putPassword(ctx, by, user, encoded)
}

var errPassword = identity.NewError(identity.Invalid, "password", "The password is too long or has characters that a password cannot have.")

// putPassword stores a hash and tells of it in the change log.
func (d *Directory) putPassword(ctx context.Context, by identity.Actor, user identity.ID, phc string) error {
	return d.db.Update(ctx, func(tx *store.Tx) error {
		if err := d.MayHandOver(ctx, tx, by, user); err != nil {
			return err
		}
		if err := d.PutPassword(ctx, tx, by, user, phc); err != nil {
			return err
		}
		return d.signOut(ctx, tx, by.Org, user)
	})
}

// PutPassword is SetPassword as part of a transaction, and leaves sessions to the
// caller: phc is what
// secret.HashPassword made of the password, before the transaction.
func (d *Directory) PutPassword(ctx context.Context, tx *store.Tx, by identity.Actor, user identity.ID, phc string) error {
	r, err := tx.Get(ctx, by.Org, userType, user)
	if err != nil {
		return err
	}
	sealed := d.keys.Seal(sealCredential, []byte(phc))
	if err := tx.PutCredential(ctx, by.Org, user, passwordKind, sealed); err != nil {
		return err
	}
	c := d.change(by, by.Org, identity.Patched, userType, user, r.Version)
	c.Paths, c.Diff = []string{passwordKind}, []byte("{}")
	return tx.Record(ctx, c)
}
