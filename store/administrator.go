package store

import (
	"context"

	"github.com/muster-id/muster/identity"
)

const (
	putAdministrator = `
INSERT INTO administrator (org_id, user_id, role, created) VALUES ($1, $2, $3, $4)
    ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role`
	administratorColumns = `org_id, user_id, role, created`
	getAdministrator     = `SELECT ` + administratorColumns + ` FROM administrator WHERE org_id = $1 AND user_id = $2`
	listAdministrators   = `SELECT ` + administratorColumns + ` FROM administrator WHERE org_id = $1 ORDER BY user_id`
	deleteAdministrator  = `DELETE FROM administrator WHERE org_id = $1 AND user_id = $2`
)

func scanAdministrator(r Rows) identity.Administrator {
	s := scan(r)
	return identity.Administrator{Org: s.org(), User: s.id(), Role: s.text(), Created: s.time()}
}

// PutAdministrator stores an administrator, or the role of one who is.
func (tx *Tx) PutAdministrator(ctx context.Context, a identity.Administrator) error {
	tx.admin = true
	_, err := tx.exec(ctx, putAdministrator, a.Org, a.User, a.Role, millis(a.Created))
	return wrap(err, "store administrator %s", a.User)
}

// Administrator returns one administrator or NotFound.
func (tx *Tx) Administrator(ctx context.Context, org identity.OrgID, user identity.ID) (a identity.Administrator, err error) {
	a, err = rowOf(ctx, tx, "administrator", scanAdministrator, getAdministrator, org, user)
	return a, wrap(err, "read administrator %s", user)
}

// Administrators lists the administrators of an organisation.
func (tx *Tx) Administrators(ctx context.Context, org identity.OrgID) (list []identity.Administrator, err error) {
	list, err = rowsOf(ctx, tx, scanAdministrator, listAdministrators, org)
	return list, wrap(err, "list administrators")
}

// DeleteAdministrator makes an administrator a user like others; NotFound if
// there is none.
func (tx *Tx) DeleteAdministrator(ctx context.Context, org identity.OrgID, user identity.ID) error {
	tx.admin = true
	return wrap(tx.execOne(ctx, "administrator", deleteAdministrator, org, user), "delete administrator %s", user)
}
